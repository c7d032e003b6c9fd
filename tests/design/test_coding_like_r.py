"""Columns of population terms against R's model.matrix (tests/reference/design_columns.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hierbayes.design import build_design
from hierbayes.design.coding import full_codings
from hierbayes.formulas import parse_formula

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "design_columns.json").read_text())
QUIRK = "y ~ 0 + x + x:a"  # R repeats the column of x here; ours spans the same space without the repetition
MODELS = {model["formula"]: model for model in REFERENCE["models"]}


@pytest.fixture(scope="module")
def frame():
    data = pd.DataFrame(REFERENCE["data"])
    for column, levels in REFERENCE["levels"].items():
        data[column] = pd.Categorical(data[column], categories=levels)
    return data


def r_parts(name):
    """The factors of R's column name as ours: `aB:x` is {a[B], x}."""
    words = {"(Intercept)": "Intercept", "flagTRUE": "flag[True]", "flagFALSE": "flag[False]"}
    factors = ["factor(k)", *REFERENCE["levels"]]
    levels = {f"{f}{v}": f"{f}[{v}]" for f in factors for v in REFERENCE["levels"].get(f, ("1", "2", "10"))}
    return frozenset({**words, **levels}.get(part, part) for part in name.split(":"))


@pytest.mark.parametrize("formula", [f for f in MODELS if f != QUIRK])
def test_columns_and_names_are_those_of_r(formula, frame):
    design = build_design(parse_formula(formula), frame)
    expected = MODELS[formula]
    # R wrote 15 significant digits
    np.testing.assert_allclose(design.X, np.array(expected["X"]), rtol=1e-14, atol=0)
    given = [expected["names"]] if isinstance(expected["names"], str) else expected["names"]
    assert [frozenset(name.split(":")) for name in design.terms] == [r_parts(name) for name in given]


def test_where_r_repeats_a_column_the_space_is_the_same(frame):
    design = build_design(parse_formula(QUIRK), frame)
    X = np.array(MODELS[QUIRK]["X"])
    assert (design.X.shape[1], X.shape[1]) == (3, 4)
    assert design.terms == ("x", "x:a[B]", "x:a[C]")
    hats = [M @ np.linalg.pinv(M) for M in (design.X, X)]
    np.testing.assert_allclose(hats[0], hats[1], rtol=0, atol=1e-12)
    assert np.linalg.matrix_rank(X) == 3


def test_first_factor_of_an_interaction_varies_fastest(frame):
    design = build_design(parse_formula("y ~ 0 + a:b"), frame)
    assert design.terms == (
        "a[A]:b[yes]", "a[B]:b[yes]", "a[C]:b[yes]", "a[A]:b[no]", "a[B]:b[no]", "a[C]:b[no]",
    )  # fmt: skip
    assert (design.X.sum(axis=1) == 1).all()


def test_group_terms_are_coded_by_the_same_rule(frame):
    design = build_design(parse_formula("y ~ x + (a | k) + (0 + a | b)"), frame)
    with_intercept, without = design.groups
    assert with_intercept.terms == ("Intercept", "a[B]", "a[C]")
    assert without.terms == ("a[A]", "a[B]", "a[C]")
    population = build_design(parse_formula("y ~ a"), frame)
    np.testing.assert_array_equal(with_intercept.Z, population.X)


@pytest.mark.parametrize(
    ("formula", "codings"),
    [
        ("y ~ a", [(), (False,)]),
        ("y ~ 0 + a + b", [(True,), (False,)]),
        ("y ~ 0 + x + a", [(False,), (True,)]),
        ("y ~ a:b", [(), (True, True)]),
        ("y ~ a + a:b", [(), (False,), (True, False)]),
        ("y ~ 0 + x + x:a", [(False,), (False, False)]),
    ],
)
def test_codings(formula, codings):
    assert full_codings(parse_formula(formula).population, {"a", "b"}) == codings
