"""What holds for every frame."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from hierbayes.design import Recipe, build_design
from hierbayes.errors import DataError
from hierbayes.formulas import parse_formula

FORMULA = parse_formula("y ~ x*f + (1 + x | g:h) + (0 + f | g)")
# NumPy's arrays of text lose a NUL at the end of a label.
LABELS = st.text(st.characters(codec="utf-8", exclude_characters=":\0"), min_size=1, max_size=3)


@st.composite
def frames(draw):
    n = draw(st.integers(8, 25))

    def column(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    names = draw(st.lists(LABELS, min_size=2, max_size=4, unique=True))
    frame = pd.DataFrame(
        {
            "y": np.arange(n) % 5 + 0.5,
            "x": column(st.floats(-100, 100, allow_nan=False) | st.none()),
            "f": column(st.sampled_from(["p", "q", None])),
            "g": column(st.integers(-3, 3)),
        }
    )
    values = column(st.sampled_from(names))
    frame["h"] = draw(
        st.sampled_from([pd.Categorical(values, categories=names), np.array(values, dtype=object)])
    )
    return frame


def build(frame):
    try:
        return build_design(FORMULA, frame)
    except DataError:  # too few levels or rows: tested word for word elsewhere
        return None


@settings(max_examples=40, deadline=None)
@given(frames())
def test_codes_reconstruct_the_labels(frame):
    design = build(frame)
    if design is None:
        return
    used = frame.iloc[design.rows]
    cells, single = design.groups
    assert np.array(cells.levels, dtype=object)[cells.codes].tolist() == [
        f"{g}:{h}" for g, h in zip(used["g"], used["h"], strict=True)
    ]
    assert np.array(single.levels)[single.codes].tolist() == used["g"].astype(str).tolist()
    for group in design.groups:
        assert set(group.codes) == set(range(group.n_groups))
    assert list(map(int, single.levels)) == sorted(set(used["g"]))
    complete = frame[["x", "f"]].notna().all(axis=1)
    np.testing.assert_array_equal(design.rows, np.flatnonzero(complete))


@settings(max_examples=40, deadline=None)
@given(frames(), st.randoms(use_true_random=False))
def test_permuted_rows_give_the_permuted_design(frame, random):
    design = build(frame)
    if design is None:
        return
    order = list(range(len(frame)))
    random.shuffle(order)
    other = build(frame.iloc[order])
    place = {row: k for k, row in enumerate(design.rows.tolist())}
    moved = [place[order[row]] for row in other.rows]
    np.testing.assert_array_equal(other.X, design.X[moved])
    np.testing.assert_array_equal(other.y, design.y[moved])
    assert other.recipe == design.recipe
    for a, b in zip(other.groups, design.groups, strict=True):
        np.testing.assert_array_equal(a.codes, b.codes[moved])
        np.testing.assert_array_equal(a.Z, b.Z[moved])
        assert a.levels == b.levels


@settings(max_examples=40, deadline=None)
@given(frames())
def test_the_recipe_through_json_rebuilds_the_design(frame):
    design = build(frame)
    if design is None:
        return
    recipe = Recipe.from_json(design.recipe.to_json())
    assert recipe == design.recipe
    again = recipe.apply(frame, response=True)
    np.testing.assert_array_equal(again.X, design.X)
    np.testing.assert_array_equal(again.y, design.y)
    assert again.terms == design.terms
    for a, b in zip(again.groups, design.groups, strict=True):
        np.testing.assert_array_equal(a.codes, b.codes)
        np.testing.assert_array_equal(a.Z, b.Z)
        assert (a.name, a.levels, a.terms) == (b.name, b.levels, b.terms)
        assert again.labels[a.name].tolist() == [a.levels[k] for k in a.codes]


def test_enough_frames_of_the_strategy_can_be_built():
    built = []

    @settings(max_examples=50, deadline=None, database=None, derandomize=True)
    @given(frames())
    def count(frame):
        built.append(build(frame) is not None)

    count()
    assert np.mean(built) > 0.3
