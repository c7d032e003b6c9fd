"""The recipe: the same columns for other data, and through JSON."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hierbayes.datasets import load_data
from hierbayes.design import Recipe, build_design
from hierbayes.errors import ColumnNotFoundError, DataError, StorageError, UnknownNameError
from hierbayes.formulas import parse_formula

FORMULA = parse_formula("use ~ age*ch + I(age^2) + livch + (1 + age | urban:district)")


@pytest.fixture(scope="module")
def frame():
    return load_data("contraception")


@pytest.fixture(scope="module")
def design(frame):
    return build_design(FORMULA, frame, response_kind="binary")


@pytest.fixture(scope="module")
def recipe(design):
    return Recipe.from_json(design.recipe.to_json())


def test_json_and_back(design, recipe):
    assert recipe == design.recipe
    assert recipe.formula.text == FORMULA.text
    assert recipe.to_json() == design.recipe.to_json()


def test_the_same_data_give_the_same_design(frame, design, recipe):
    again = recipe.apply(frame, response=True)
    np.testing.assert_array_equal(again.X, design.X)
    np.testing.assert_array_equal(again.y, design.y)
    np.testing.assert_array_equal(again.rows, design.rows)
    np.testing.assert_array_equal(again.groups[0].codes, design.groups[0].codes)
    np.testing.assert_array_equal(again.groups[0].Z, design.groups[0].Z)
    assert again.groups[0].levels == design.groups[0].levels
    assert (again.terms, again.n) == (design.terms, design.n)
    assert not again.X.flags.writeable


def test_a_few_rows_give_those_rows(frame, design, recipe):
    rows = [5, 1900, 7]
    new = recipe.apply(frame.iloc[rows].drop(columns="use"))
    np.testing.assert_array_equal(new.X, design.X[rows])
    np.testing.assert_array_equal(new.groups[0].codes, design.groups[0].codes[rows])
    assert new.y is None
    assert new.labels["urban:district"].tolist() == ["Y:1", "Y:61", "Y:1"]


def test_labels_may_come_as_numbers_or_text(design, recipe):
    new = pl.DataFrame(
        {"age": [1, 2], "ch": ["Y", "N"], "livch": ["1", "0"], "urban": ["N", "Y"], "district": [2, 1]}
    )
    applied = recipe.apply(new)
    assert [design.groups[0].levels[k] for k in applied.groups[0].codes] == ["N:2", "Y:1"]
    assert applied.X[:, 1].tolist() == [1.0, 2.0]


def test_groups_may_be_left_out(recipe):
    new = {"age": [1.0], "ch": ["Y"], "livch": ["1"]}
    assert recipe.apply(new, groups=False).groups == ()
    with pytest.raises(ColumnNotFoundError, match="no column 'urban', named as a grouping factor"):
        recipe.apply(new)


def test_unknown_groups(recipe):
    new = {"age": [1.0, 2.0, 3.0], "ch": ["Y", "N", "N"], "livch": ["1", "0", "0"], "urban": ["N", "Y", "Y"]}
    new["district"] = ["1", "77", "2"]
    with pytest.raises(DataError) as caught:
        recipe.apply(new)
    assert str(caught.value) == (
        "The grouping factor 'urban:district' has the group 'Y:2' and 1 more, which the model has not seen. "
        "Known: 'N:1', 'N:2', 'N:4', 'N:5', 'N:6', 'N:7', 'N:8', 'N:9', ... (102 in all). "
        "Correct the value, or say new_levels='allow' to treat it as a new group."
    )
    applied = recipe.apply(new, new_levels="allow")
    group = applied.groups[0]
    assert group.codes.tolist() == [0, -1, -1]
    assert applied.labels["urban:district"].tolist() == ["N:1", "Y:77", "Y:2"]
    assert group.sizes.sum() == 1


def test_unknown_levels_are_refused_always(recipe):
    new = {
        "age": [1.0, 2.0],
        "ch": ["Y", "N"],
        "livch": ["1", "4"],
        "urban": ["N", "N"],
        "district": ["1", "1"],
    }
    with pytest.raises(DataError) as caught:
        recipe.apply(new, new_levels="allow")
    assert str(caught.value) == (
        "'livch' is '4' in row 2 (the first is row 1), a level that the model has not seen. "
        "Known: '0', '1', '2', '3+'. Correct the value, or fit a model to data that have it."
    )


def test_text_where_there_were_numbers(recipe):
    new = {"age": ["old"], "ch": ["Y"], "livch": ["1"], "urban": ["N"], "district": ["1"]}
    with pytest.raises(DataError) as caught:
        recipe.apply(new)
    assert str(caught.value) == (
        "Column 'age' held numbers when the model was built, but holds labels now ('old'). Give numbers."
    )


def test_missing_values_of_new_data_are_dropped_and_said(frame, recipe):
    holes = frame.iloc[:4].assign(age=[1.0, np.nan, 2.0, 3.0], use=[None] * 4)
    applied = recipe.apply(holes)
    assert applied.rows.tolist() == [0, 2, 3]
    assert applied.messages == ("1 of 4 rows dropped: missing values in age (1)",)


def test_the_response_of_new_data(frame, recipe):
    turned = build_design(parse_formula("use[N] ~ age"), frame, response_kind="binary").recipe
    assert turned.apply({"use": ["Y", "N"], "age": [1.0, 1.0]}, response=True).y.tolist() == [0.0, 1.0]
    assert turned.apply({"use": ["Y"], "age": [1.0]}, response=True).y.tolist() == [0.0]
    with pytest.raises(DataError) as caught:
        turned.apply({"use": ["y"], "age": [1.0]}, response=True)
    assert (
        str(caught.value)
        == "The response 'use' has the value 'y', which the model has not seen. Known: 'Y', 'N'."
    )
    numeric = build_design(parse_formula("age ~ ch"), frame).recipe
    assert numeric.apply({"age": [2], "ch": ["N"]}, response=True).y.tolist() == [2.0]


def test_bad_arguments(frame, recipe):
    with pytest.raises(
        UnknownNameError, match=r"'alow' is not a known value of new_levels. Did you mean 'allow'\?"
    ):
        recipe.apply(frame, new_levels="alow")
    for text in ("", "[]", "{}", recipe.to_json()[:-1], '{"format": 1, "formula": "y ~"}'):
        with pytest.raises(StorageError, match=r"^The text is not a recipe of a design"):
            Recipe.from_json(text)


def test_a_factor_of_numbers_and_booleans_through_json():
    data = pd.DataFrame({"y": [1.0, 2.0, 4.0, 3.0], "k": [10, 2, 10, 2], "flag": [True, True, False, False]})
    design = build_design(parse_formula("y ~ factor(k) + flag"), data)
    assert design.recipe.factors == {"factor(k)": ("2", "10"), "flag": ("False", "True")}
    applied = Recipe.from_json(design.recipe.to_json()).apply({"k": [10.0], "flag": [True]})
    assert applied.X.tolist() == [[1.0, 1.0, 1.0]]
