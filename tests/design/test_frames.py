"""One design whatever library the frame came from; rows with missing values; the caller's frame."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hierbayes.datasets import load_data
from hierbayes.design import build_design
from hierbayes.formulas import parse_formula

FORMULA = parse_formula("use ~ age*ch + I(age^2) + livch + (1 + age | urban:district)")


def assert_same(left, right):
    np.testing.assert_array_equal(left.y, right.y)
    np.testing.assert_array_equal(left.X, right.X)
    np.testing.assert_array_equal(left.rows, right.rows)
    assert (left.terms, left.messages, left.response) == (right.terms, right.messages, right.response)
    assert left.recipe == right.recipe
    for a, b in zip(left.groups, right.groups, strict=True):
        np.testing.assert_array_equal(a.codes, b.codes)
        np.testing.assert_array_equal(a.Z, b.Z)
        assert (a.name, a.levels, a.terms) == (b.name, b.levels, b.terms)
    assert list(left.columns) == list(right.columns)
    for name in left.columns:
        np.testing.assert_array_equal(left.columns[name], right.columns[name])


def to_polars(frame):
    enums = {
        c: pl.Enum(frame[c].cat.categories.tolist())
        for c in frame
        if isinstance(frame[c].dtype, pd.CategoricalDtype)
    }
    columns = {c: [None if pd.isna(value) else value for value in frame[c]] for c in frame}
    return pl.DataFrame(columns, schema_overrides=enums)


def with_missing(frame):
    holes = frame.copy()
    holes.loc[[3, 10], "age"] = np.nan
    holes.loc[[10, 12], "urban"] = None
    return holes


@pytest.mark.parametrize("change", [lambda frame: frame, with_missing], ids=["complete", "missing"])
def test_pandas_polars_pyarrow_and_dict_agree_bit_for_bit(change):
    frame = change(load_data("contraception"))
    expected = build_design(FORMULA, frame, response_kind="binary")
    polars = to_polars(frame)
    assert_same(expected, build_design(FORMULA, polars, response_kind="binary"))
    assert_same(expected, build_design(FORMULA, polars.lazy(), response_kind="binary"))
    assert_same(expected, build_design(FORMULA, {c: frame[c] for c in frame}, response_kind="binary"))
    pa = pytest.importorskip("pyarrow")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    assert_same(expected, build_design(FORMULA, table, response_kind="binary"))


def every_type():
    rng = np.random.default_rng(0)
    n = 60
    pick = rng.integers(0, 3, n)
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(size=n).round(3),
            "small": rng.integers(0, 3, n).astype("int8"),
            "single": rng.normal(size=n).astype("float32"),
            "flag": rng.random(n) < 0.5,
            "txt": np.array(["b", "a", "c"])[rng.integers(0, 3, n)],
            "cat": pd.Categorical(
                np.array(["lo", "hi", "mid"])[pick], ["lo", "mid", "hi", "never"], ordered=True
            ),
            "g": np.arange(n) // 6,
        }
    )


def holed(frame):
    holes = frame.copy()
    holes.loc[[3, 7], "x"] = np.nan
    holes.loc[5, "txt"] = None
    holes.loc[9, "cat"] = None
    return holes


OTHER_TYPES = {
    "object": lambda f: f.astype({c: object for c in f if c != "cat"}),
    "nullable": lambda f: f.convert_dtypes(dtype_backend="numpy_nullable"),
    "arrow": lambda f: f.convert_dtypes(dtype_backend="pyarrow"),
    "arrays": lambda f: {c: f[c].array if c == "cat" else f[c].to_numpy() for c in f},
    "lists": lambda f: {c: f[c] if c == "cat" else f[c].tolist() for c in f},
    "polars": to_polars,
    "index": lambda f: f.set_axis(np.arange(len(f)) % 7),
}


@pytest.mark.parametrize("change", [lambda frame: frame, holed], ids=["complete", "missing"])
@pytest.mark.parametrize("convert", OTHER_TYPES.values(), ids=OTHER_TYPES)
def test_every_type_of_column_agrees_bit_for_bit(convert, change):
    formula = parse_formula(
        "y ~ x*cat + factor(small) + single + flag + poly(x, 2) + (1 + x | g:txt) + (0 + flag || g)"
    )
    frame = change(every_type())
    expected, given = build_design(formula, frame), convert(frame)
    design = build_design(formula, given)
    assert_same(expected, design)
    np.testing.assert_array_equal(design.recipe.apply(given).X, expected.X)


def test_rows_with_missing_values_are_dropped_and_said():
    frame = with_missing(load_data("contraception"))
    design = build_design(FORMULA, frame, response_kind="binary")
    assert design.messages[0] == "3 of 1,934 rows dropped: missing values in age (2), urban (2)"
    np.testing.assert_array_equal(design.rows, np.setdiff1d(np.arange(1934), [3, 10, 12]))
    complete = build_design(FORMULA, frame.drop(index=[3, 10, 12]), response_kind="binary")
    np.testing.assert_array_equal(design.X, complete.X)
    np.testing.assert_array_equal(design.groups[0].codes, complete.groups[0].codes)


def test_missing_values_in_other_columns_do_not_matter():
    frame = with_missing(load_data("contraception"))
    design = build_design(parse_formula("use ~ ch + (1 | district)"), frame, response_kind="binary")
    assert design.n == 1934


@pytest.mark.parametrize(
    "x",
    [
        pd.array([1, 2, None, 4, 7], dtype="Int64"),
        pd.array([1.0, 2.0, None, 4.0, 7.0], dtype="Float64"),
        np.array([1, 2, np.nan, 4, 7]),
        pd.Series([1, 2, None, 4.0, 7], dtype=object),
        pd.Series([1, 2, pd.NA, 4.0, 7], dtype=object),
        pl.Series([1, 2, None, 4, 7]),
        pl.Series([1.0, 2.0, float("nan"), 4.0, 7.0]),
    ],
    ids=["Int64", "Float64", "nan", "None", "NA", "polars null", "polars nan"],
)
def test_every_kind_of_missing(x):
    y = [1.0, 2.0, 3.0, 4.0, 5.0]
    data = pl.DataFrame({"x": x, "y": y}) if isinstance(x, pl.Series) else pd.DataFrame({"x": x, "y": y})
    design = build_design(parse_formula("y ~ x"), data)
    assert design.X[:, 1].tolist() == [1.0, 2.0, 4.0, 7.0]
    assert design.messages == ("1 of 5 rows dropped: missing values in x (1)",)


@pytest.mark.parametrize("convert", [lambda f: f, to_polars], ids=["pandas", "polars"])
def test_the_callers_frame_is_never_changed(convert):
    frame = convert(with_missing(load_data("contraception")))
    before = frame.copy() if isinstance(frame, pd.DataFrame) else frame.clone()
    design = build_design(FORMULA, frame, response_kind="binary")
    design.recipe.apply(frame)
    if isinstance(frame, pd.DataFrame):
        pd.testing.assert_frame_equal(frame, before)
        assert frame.attrs == before.attrs
    else:
        assert frame.equals(before)


def test_the_index_of_a_pandas_frame_does_not_matter():
    frame = load_data("exam").iloc[:200]
    formula = parse_formula("normexam ~ standLRT + (1 | school)")
    shuffled = frame.set_axis(np.arange(200)[::-1] // 2, axis=0)
    assert_same(build_design(formula, frame), build_design(formula, shuffled))


def test_column_names_need_not_be_text():
    frame = pd.DataFrame({0: [1.0, 2.0, 4.0], "y": [1.0, 3.0, 2.0]})
    design = build_design(parse_formula("y ~ `0`"), frame)
    assert design.terms == ("Intercept", "0")
    assert design.X[:, 1].tolist() == [1.0, 2.0, 4.0]


def test_names_with_spaces_and_powers_of_them():
    frame = pd.DataFrame({"my x": [1.0, 2.0, 4.0], "my y": [1.0, 3.0, 2.0], "the g": ["u", "v", "u"]})
    design = build_design(parse_formula("`my y` ~ `my x` + I(`my x`^2) + (1 | `the g`)"), frame)
    assert design.terms == ("Intercept", "my x", "I(`my x`^2)")
    assert (design.groups[0].name, design.response.name) == ("the g", "my y")
    assert design.X[:, 2].tolist() == [1.0, 4.0, 16.0]
