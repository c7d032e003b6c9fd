"""Missing values: drop, report or refuse them, for all columns or column by column."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import hierbayes as hb
from hierbayes.design import build_design
from hierbayes.errors import ArgumentTypeError, ColumnNotFoundError, DataError, UnknownNameError
from hierbayes.formulas import parse_formula

FORMULA = parse_formula("y ~ age + (1 | school)")
DATA = {
    "y": [1.0, 2.0, 4.0, 3.0, 5.0, 2.5],
    "age": [20.0, None, 25.0, None, 22.0, 37.0],
    "school": ["a", "a", "b", "b", None, "a"],
    "other": [None] * 6,
}


def messages(missing, data=None):
    """Those about rows; not those about the small groups of these few rows."""
    said = build_design(FORMULA, DATA if data is None else data, missing=missing).messages
    return tuple(text for text in said if "rows dropped" in text)


def refused(kind, missing, data=None):
    with pytest.raises(kind) as caught:
        build_design(FORMULA, DATA if data is None else data, missing=missing)
    assert type(caught.value) is kind
    return str(caught.value)


def test_drop_counts_and_is_the_default():
    said = ("3 of 6 rows dropped: missing values in age (2), school (1)",)
    assert messages("drop") == build_design(FORMULA, DATA).messages[:1] == messages({}) == said
    assert build_design(FORMULA, DATA).rows.tolist() == [0, 2, 5]


@pytest.mark.parametrize("frame", [dict, pd.DataFrame, pl.DataFrame], ids=["dict", "pandas", "polars"])
def test_report_numbers_the_rows(frame):
    assert messages("report", frame(DATA)) == (
        "3 of 6 rows dropped: missing values in age (2: rows 2, 4), school (1: row 5) "
        "(the first row is row 1)",
    )
    assert messages({"school": "report"}, frame(DATA)) == (
        "3 of 6 rows dropped: missing values in age (2), school (1: row 5) (the first row is row 1)",
    )


def test_a_report_numbers_ten_rows_of_a_column():
    n = 2000
    data = {"y": np.arange(n) % 7.0, "age": np.arange(float(n)), "school": np.arange(n) % 5}
    data["age"][985:1100] = np.nan
    assert messages("report", data) == (
        "115 of 2,000 rows dropped: missing values in age (115: rows 986, 987, 988, 989, 990, 991, 992, 993, "
        "994, 995, ...) (the first row is row 1)",
    )


def test_errors_name_columns_counts_and_rows():
    advice = (
        " (the first row is row 1), where missing='error' allows none. Fill in the values, leave those "
        "columns out of the formula, or say missing='drop' to leave the rows out."
    )
    both = "Values are missing in age (2: rows 2, 4), school (1: row 5)"
    assert refused(DataError, "error") == both + advice
    assert refused(DataError, {"school": "error"}) == "Values are missing in school (1: row 5)" + advice
    assert refused(DataError, {"school": "error", "age": "error"}) == both + advice


def test_an_error_for_a_column_that_is_complete_lets_the_others_drop():
    said = ("3 of 6 rows dropped: missing values in age (2), school (1)",)
    assert messages({"y": "error"}) == said
    assert messages({"other": "error"}) == said, "a column that the formula does not use"
    whole = {name: column for name, column in DATA.items() if name == "y"} | {
        "age": [1.0, 2.0, 3.0, 5.0, 4.0, 6.0],
        "school": list("aabbaa"),
    }
    assert messages("error", whole) == messages("report", whole) == ()


def test_no_policy():
    known = "Known: drop, error, report."
    name = "is not a known policy for missing values."
    assert refused(UnknownNameError, "eror") == f"'eror' {name} Did you mean 'error'? {known}"
    assert refused(UnknownNameError, {"age": "ignore"}) == f"'ignore' {name} {known}"
    assert refused(UnknownNameError, {"age": None}) == f"None {name} {known}"
    assert refused(ArgumentTypeError, ["drop"]) == (
        'missing cannot be an object of type list. Give "drop", "error" or "report", or a dict of column to '
        'one of them: {"age": "error"}.'
    )


def test_no_column():
    assert refused(ColumnNotFoundError, {"agee": "error"}) == (
        "The data have no column 'agee', named in missing.\n"
        "Did you mean 'age'? Columns of the data: 'y', 'age', 'school', 'other'."
    )


def test_new_data_have_a_policy_of_their_own():
    recipe = build_design(FORMULA, DATA, missing="report").recipe
    new = {"age": [30.0, None, 20.0], "school": ["a", "b", "b"]}
    assert recipe.apply(new).messages == ("1 of 3 rows dropped: missing values in age (1)",)
    assert recipe.apply(new, missing={"age": "report"}).messages == (
        "1 of 3 rows dropped: missing values in age (1: row 2) (the first row is row 1)",
    )
    with pytest.raises(DataError, match=r"^Values are missing in age \(1: row 2\)"):
        recipe.apply(new, missing="error")
    with pytest.raises(ColumnNotFoundError, match=r"^The data have no column 'y', named in missing\."):
        recipe.apply(new, missing={"y": "error"})


def test_rows_that_are_left_are_those_of_any_library():
    """Columns of every type in the rows that stay, in their order."""
    frame = pd.DataFrame(DATA).assign(kind=pd.Categorical(list("qqpqpq"), ["q", "p"]), flag=[True, False] * 3)
    formula = parse_formula("y ~ age + flag + (1 | kind)")
    for data in (frame, frame.convert_dtypes(), frame.convert_dtypes(dtype_backend="pyarrow")):
        design = build_design(formula, data)
        assert design.rows.tolist() == [0, 2, 4, 5]
        assert design.X[:, 1].tolist() == [20.0, 25.0, 22.0, 37.0]
        assert design.X[:, 2].tolist() == [1.0, 1.0, 1.0, 0.0]
        assert design.groups[0].codes.tolist() == [0, 1, 1, 0]


def test_models_and_fits_take_the_policy():
    model = hb.Model("y ~ age + (1 | school)", DATA, missing="report")
    assert "age (2: rows 2, 4)" in model.messages[0]
    with pytest.raises(DataError, match="missing='error' allows none"):
        hb.fit("y ~ age + (1 | school)", DATA, missing="error")
