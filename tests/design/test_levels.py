"""Level order, labels, and which levels and groups there are."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from hierbayes.design import build_design
from hierbayes.design.groups import factor_name, unique_names
from hierbayes.errors import FormulaError
from hierbayes.formulas import parse_formula

Y = [1.0, 2.0, 4.0, 3.0, 5.0, 2.5]


def group_levels(g, formula="y ~ 1 + (1 | g)"):
    return build_design(parse_formula(formula), {"y": Y, "g": g}).groups[0].levels


@pytest.mark.parametrize(
    ("g", "levels"),
    [
        (["10", "9", "1", "10", "9", "1"], ("1", "10", "9")),
        ([10, 9, 1, 10, 9, 1], ("1", "9", "10")),
        ([10.0, 9.0, 1.5, 10.0, 9.0, 1.5], ("1.5", "9", "10")),
        ([True, False, True, False, True, True], ("False", "True")),
        (pd.Categorical(list("bacbac"), categories=list("cbad")), ("c", "b", "a")),
        (pd.Categorical(list("bacbac"), categories=list("cba"), ordered=True), ("c", "b", "a")),
        (pd.Categorical([3, 1, 2, 3, 1, 2], categories=[3, 1, 2]), ("3", "1", "2")),
        (pd.Categorical([1.0, 2.0, 1.0, 2.0, 1.0, 2.0], categories=[2.0, 1.0]), ("2", "1")),
        (pd.Series([2, "x", 2, 1.5, "x", 1.5], dtype=object), ("1.5", "2", "x")),
        ([2**60 + 1, 2**60, 2**60 + 1, 2**60, 2**60, 2**60], (str(2**60), str(2**60 + 1))),
    ],
)
def test_order_and_labels(g, levels):
    assert group_levels(g) == levels


def test_long_whole_numbers_stay_apart_next_to_missing_ones():
    g = pl.Series([2**60 + 1, 2**60, None, 2**60, 2**60 + 1, 2**60])
    design = build_design(parse_formula("y ~ 1 + (1 | g)"), pl.DataFrame({"y": Y, "g": g}))
    assert design.groups[0].levels == (str(2**60), str(2**60 + 1))


def test_levels_of_dropped_rows_are_not_there():
    data = {"y": Y, "x": [1.0, 2.0, np.nan, 1.0, 3.0, 1.0], "g": ["a", "b", "c", "a", "b", "a"]}
    design = build_design(parse_formula("y ~ x + (1 | g)"), data)
    assert design.groups[0].levels == ("a", "b")


def test_declared_levels_without_rows_are_left_out_and_said():
    f = pd.Categorical(list("bacbac"), categories=["z", "c", "b", "a"])
    design = build_design(parse_formula("y ~ f"), {"y": Y, "f": f})
    assert design.terms == ("Intercept", "f[b]", "f[a]")
    assert design.messages == ("f: no row used has 'z'; left out of the model",)


def test_an_arrow_dictionary_in_pandas_is_a_category_in_its_order():
    dictionary = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    frame = pd.DataFrame({"y": [1.0, 2, 4, 3, 5, 7], "g": pd.Series(list("babcca"), dtype=dictionary)})
    arrow = pa.table({"y": frame["y"].to_numpy(), "g": pa.array(list("babcca")).dictionary_encode()})
    (one,), (other,) = (build_design(parse_formula("y ~ (1 | g)"), data).groups for data in (frame, arrow))
    assert one.levels == other.levels == ("b", "a", "c")
    np.testing.assert_array_equal(one.codes, [0, 1, 0, 2, 2, 1])
    np.testing.assert_array_equal(one.codes, other.codes)


def test_polars_enum_keeps_its_order_and_categorical_is_sorted_and_said():
    f = ["m", "g", "b", "m", "g", "b"]
    enum = pl.DataFrame({"y": Y, "f": f}, schema_overrides={"f": pl.Enum(["m", "b", "g"])})
    assert build_design(parse_formula("y ~ f"), enum).terms == ("Intercept", "f[b]", "f[g]")
    plain = pl.DataFrame({"y": Y, "f": f}, schema_overrides={"f": pl.Categorical})
    design = build_design(parse_formula("y ~ f"), plain)
    assert design.terms == ("Intercept", "f[g]", "f[m]")
    assert design.messages == (
        "f: a polars Categorical has no order, so its levels are sorted (reference 'b'); "
        "cast it to polars.Enum to state one",
    )


def test_groups_of_an_interaction_are_in_the_order_of_first_then_second():
    data = {"y": Y, "a": ["q", "p", "q", "p", "q", "q"], "b": [2, 10, 10, 10, 2, 2]}
    design = build_design(parse_formula("y ~ 1 + (1 | a:b) + (1 | b)"), data)
    assert design.groups[0].levels == ("p:10", "q:2", "q:10")
    assert design.groups[0].codes.tolist() == [1, 0, 2, 0, 1, 1]
    assert design.groups[1].levels == ("2", "10")


def test_booleans_are_factors_as_in_r():
    data = {"y": Y, "x": [True, False, True, True, False, False]}
    design = build_design(parse_formula("y ~ x + I(x * 2)"), data)
    assert design.terms == ("Intercept", "x[True]", "I(x * 2)")
    np.testing.assert_array_equal(design.X[:, 1] * 2, design.X[:, 2])
    assert design.messages == (
        "I(x * 2) is a linear combination of x[True]: "
        "the data cannot tell their effects apart, only the priors do",
    )


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("y ~ (1 | s) + (0 + x | s)", ("s", "s.1")),
        ("y ~ (1 | s) + (0 + x | s) + (0 + z | s)", ("s", "s.1", "s.2")),
        ("y ~ (1 | s) + (1 | `s.1`) + (0 + x | s)", ("s", "s.1", "s.2")),
        ("y ~ (1 | a:b) + (1 | a) + (0 + x | a:b)", ("a:b", "a", "a:b.1")),
    ],
)
def test_names_of_group_terms(formula, names):
    assert unique_names([factor_name(group) for group in parse_formula(formula).groups]) == names


def test_a_second_term_on_the_same_factor():
    data = {"y": Y, "x": [1.0, 2.0, 0.0, 1.0, 3.0, 1.0], "s": ["a", "b", "c", "a", "b", "a"]}
    design = build_design(parse_formula("y ~ x + (1 | s) + (0 + x | s)"), data)
    first, second = design.groups
    assert (second.name, second.factor, second.terms) == ("s.1", "s", ("x",))
    np.testing.assert_array_equal(first.codes, second.codes)
    assert design.group("s.1") is second


def test_columns_that_depend_on_others_are_named():
    rng = np.random.default_rng(1)
    x, z = rng.normal(size=(2, 50))
    data = {
        "y": rng.normal(size=50),
        "x": x,
        "z": z,
        "w": 3 * x - 2e5 * z + 1,
        "v": 1e8 * rng.normal(size=50),
    }
    design = build_design(parse_formula("y ~ x + z + v + w"), data)
    assert design.messages == (
        "w is a linear combination of Intercept, x, z: "
        "the data cannot tell their effects apart, only the priors do",
    )
    assert build_design(parse_formula("y ~ x + z + v + I(x^2)"), data).messages == ()


def test_an_empty_cell_is_named():
    data = {"y": Y, "a": list("ppqqqq"), "b": list("uuuvvv")}
    design = build_design(parse_formula("y ~ a*b"), data)
    assert "a[q]:b[v] is a linear combination of b[v]" in design.messages[0]
    cells = build_design(parse_formula("y ~ 0 + a:b"), data)
    assert cells.messages == (
        "a[p]:b[v] is zero in every row: the data say nothing about its effect, only the priors do",
    )


def test_a_level_and_a_group_for_every_row_are_said():
    data = {"y": Y, "f": list("uvwxyz"), "g": range(6)}
    assert build_design(parse_formula("y ~ f"), data).messages == (
        "f: every one of the 6 rows has a level of its own; (1 | f) would let the levels share information",
    )
    assert build_design(parse_formula("y ~ 1 + (1 | g)"), data).messages == (
        "g: every one of the 6 rows is a group of its own; "
        "its effects can be told from residual variation by the priors only",
    )


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_numbers_and_booleans_in_one_column_are_levels_of_their_own(order):
    values = np.array([1, True, 0, False, 1, 0.0, True, False, "a", 2.5], dtype=object)[order]
    design = build_design(parse_formula("y ~ x + (1 | x)"), {"y": np.arange(10.0) % 4, "x": values})
    assert design.groups[0].levels == ("0", "1", "2.5", "False", "True", "a")
    found = [design.groups[0].levels[code] for code in design.groups[0].codes]
    expected = ["1", "True", "0", "False", "1", "0", "True", "False", "a", "2.5"][order]
    assert found == expected


def test_sparse_columns_are_read():
    sparse = pd.DataFrame(
        {"y": np.arange(8.0), "x": pd.arrays.SparseArray([0.0, 1.0] * 4), "g": list("aabb") * 2}
    )
    dense = sparse.assign(x=[0.0, 1.0] * 4)
    np.testing.assert_array_equal(
        build_design(parse_formula("y ~ x + (1 | g)"), sparse).X,
        build_design(parse_formula("y ~ x + (1 | g)"), dense).X,
    )
    assert isinstance(sparse["x"].dtype, pd.SparseDtype)


@pytest.mark.parametrize("name", ["", "a`b"])
def test_a_name_that_no_formula_can_write_is_not_taken_from_the_rest(name):
    frame = {"y": np.arange(8.0), name: np.arange(8.0) % 3, "x": np.arange(8.0) ** 2, "g": list("aabb") * 2}
    with pytest.raises(FormulaError, match="which no formula can write"):
        build_design(parse_formula("y ~ . + (1 | g)"), frame)
