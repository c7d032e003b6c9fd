"""Every error message of the design stage, word for word."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hierbayes.design import build_design
from hierbayes.errors import ArgumentTypeError, ColumnNotFoundError, DataError, FormulaError, UnknownNameError
from hierbayes.formulas import parse_formula

DATA = {
    "y": [1.0, 2.0, 4.0, 3.0],
    "use": ["N", "Y", "Y", "N"],
    "age": [0.0, 1.0, -1.0, 2.0],
    "district": ["a", "a", "b", "b"],
}


def error(kind, formula, data, **options):
    with pytest.raises(kind) as caught:
        build_design(parse_formula(formula), data, **options)
    assert type(caught.value) is kind
    return str(caught.value)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (
            "use ~ age + (1 | distrct)",
            "The data have no column 'distrct', named as a grouping factor.\n"
            "    use ~ age + (1 | distrct)\n"
            "                     ^^^^^^^\n"
            "Did you mean 'district'? Columns of the data: y, use, age, district. "
            "Correct the formula, or add the column to the data.",
        ),
        (
            "usse ~ age",
            "The data have no column 'usse', named as the response.\n"
            "    usse ~ age\n"
            "    ^^^^\n"
            "Did you mean 'use'? Columns of the data: y, use, age, district. "
            "Correct the formula, or add the column to the data.",
        ),
        (
            "use ~ I(Age^2)",
            "The data have no column 'Age', named as a population term.\n"
            "    use ~ I(Age^2)\n"
            "            ^^^\n"
            "Did you mean 'age'? Columns of the data: y, use, age, district. "
            "Correct the formula, or add the column to the data.",
        ),
        (
            "use ~ age + (qqqqq | district)",
            "The data have no column 'qqqqq', named as a group-level effect.\n"
            "    use ~ age + (qqqqq | district)\n"
            "                 ^^^^^\n"
            "Columns of the data: y, use, age, district. Correct the formula, or add the column to the data.",
        ),
    ],
)
def test_unknown_columns(formula, message):
    assert error(ColumnNotFoundError, formula, DATA, response_kind="binary") == message


def test_an_unknown_column_is_also_a_key_error_and_long_lists_are_cut():
    data = {f"c{k}": [1.0, 2.0] for k in range(40)}
    with pytest.raises(KeyError) as caught:
        build_design(parse_formula("response ~ c1"), data)
    assert "c29, ... (40 in all). Correct" in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "change", "message"),
    [
        (
            "y ~ age",
            {"age": [0.0, np.inf, -1.0, -np.inf]},
            "Column 'age' is infinite (inf) in rows 2, 4 (the first is row 1). "
            "Every number must be finite: correct the values, or mark them as missing to drop the rows.",
        ),
        (
            "y ~ age",
            {"y": [1.0, 2.0, -np.inf, 1.0]},
            "Column 'y' is infinite (-inf) in row 3 (the first is row 1). "
            "Every number must be finite: correct the value, or mark it as missing to drop the row.",
        ),
        (
            "y ~ age",
            {"age": [np.nan] * 4, "y": [1.0, np.nan, 2.0, 3.0]},
            "No rows are left: each of the 4 rows has a missing value in a column of the model: "
            "y (1), age (4). Fill in the values, or leave those columns out of the formula.",
        ),
        (
            "y ~ age",
            {"y": [2.0] * 4},
            "The response 'y' is 2 in all 4 rows that are used: there is nothing to explain. "
            "Choose another response, or check how the data were filtered.",
        ),
        (
            "use ~ age",
            {},
            "The response 'use' holds labels ('N', 'Y'), but numbers are needed here. "
            "A response with two outcomes is modelled by family='bernoulli'; or turn it into numbers first.",
        ),
        (
            "y ~ age",
            {"age": [3.5] * 4},
            "The column 'age' is 3.5 in all 4 rows that are used: "
            "a constant column cannot be told from the intercept. Leave it out of the formula.",
        ),
        (
            "y ~ (age | district)",
            {"age": [0.0] * 4},
            "The column 'age' of the group term 'district' is 0 in all 4 rows that are used: "
            "a constant column cannot be told from the intercept. Leave it out of the formula.",
        ),
        (
            "y ~ district",
            {"district": ["a"] * 4},
            "The factor 'district' has one level ('a') in the rows that are used; "
            "at least two are needed to compare. Leave it out of the formula.",
        ),
        (
            "y ~ (1 | district)",
            {"district": ["a"] * 4},
            "The grouping factor 'district' has one level ('a') in the rows that are used; "
            "at least two are needed to see how much groups differ. "
            "Leave the group term out, or use data with more groups.",
        ),
        (
            "y ~ (1 | district:use)",
            {"district": ["a"] * 4, "use": ["N"] * 4},
            "The grouping factor 'district:use' has one level ('a:N') in the rows that are used; "
            "at least two are needed to see how much groups differ. "
            "Leave the group term out, or use data with more groups.",
        ),
        (
            "y ~ (1 | district:use)",
            {"district": ["a", "a:b", "a", "a"], "use": ["b:c", "c", "c", "c"]},
            "Two groups of 'district:use' would both be called 'a:b:c', since their labels contain ':'. "
            "Rename the levels.",
        ),
        (
            "y ~ I(1/age)",
            {},
            "I(1/age) is not a finite number in row 1 (the first is row 1), where age = 0. "
            "Change the expression, or mark the value as missing to drop the row.",
        ),
        (
            "y ~ I(age^0.5)",
            {},
            "I(age^0.5) is not a finite number in row 3 (the first is row 1), where age = -1. "
            "Change the expression, or mark the value as missing to drop the row.",
        ),
        (
            "y ~ age",
            {"age": pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-05"])},
            "Column 'age' holds dates and times, which a formula cannot use as they are. Turn them into a "
            "number first (days since the start, say), or into text labels for a factor.",
        ),
        (
            "y ~ age",
            {"age": pd.Series([dt.date(2020, 1, k) for k in (1, 2, 3, 4)], dtype=object)},
            "Column 'age' holds dates, which a formula cannot use as they are. Turn them into a "
            "number first (days since the start, say), or into text labels for a factor.",
        ),
        (
            "y ~ age",
            {"age": [1j, 2j, 3j, 4j]},
            "Column 'age' holds values of type complex128, which a formula cannot use. "
            "Allowed are numbers, booleans, text and categories: convert the column first.",
        ),
        (
            "y ~ Intercept",
            {"Intercept": [0.0, 1.0, 2.0, 4.0]},
            "Two columns of the model would be called 'Intercept'. "
            "Rename the column or the level of the data from which one of them comes.",
        ),
        (
            "y ~ age",
            {"age": [1.0, 2.0]},
            "The columns of data differ in length: y (4), use (4), age (2), district (4). "
            "Give one value for each row.",
        ),
    ],
)
def test_data_errors(formula, change, message):
    assert error(DataError, formula, DATA | change) == message


def test_frames_that_cannot_be_used():
    empty = pd.DataFrame({"y": [], "age": []})
    message = "The data have no rows (columns: y, age). Give at least two rows."
    assert error(DataError, "y ~ age", empty) == message
    assert error(DataError, "y ~ age", pl.from_pandas(empty)) == message
    twice = pd.DataFrame([[1, 2, 3]], columns=["y", "age", "age"])
    message = "The data have more than one column named 'age'. Rename or drop all but one of them."
    assert error(DataError, "y ~ age", twice) == message
    message = (
        "data cannot be an object of type list. Give a pandas, polars or pyarrow frame, or a dict of columns."
    )
    assert error(ArgumentTypeError, "y ~ age", [1, 2]) == message


def test_duplicates_in_pyarrow():
    pa = pytest.importorskip("pyarrow")
    twice = pa.Table.from_arrays([pa.array([1, 2])] * 3, names=["y", "age", "age"])
    message = "The data have more than one column named 'age'. Rename or drop all but one of them."
    assert error(DataError, "y ~ age", twice) == message


def test_arithmetic_with_text_and_powers_out_of_bounds():
    assert error(FormulaError, "y ~ I(age + district)", DATA) == (
        "Arithmetic needs numbers, but 'district' holds text ('a', 'b').\n"
        "    y ~ I(age + district)\n"
        "                ^^^^^^^^\n"
        "Name `district` as a term of its own, or turn it into numbers first."
    )
    assert error(FormulaError, "y ~ I(age^1000)", DATA) == (
        "The power 1000 is out of bounds.\n"
        "    y ~ I(age^1000)\n"
        "          ^^^^^^^^\n"
        "Powers from -100 to 100 are allowed."
    )


def test_a_factor_too_wide_for_memory():
    n = 30_000
    data = {"y": np.arange(n) % 7, "f": np.arange(n)}
    assert error(DataError, "y ~ factor(f)", data) == (
        "The term factor(f) becomes 29,999 columns of 30,000 rows, 7 GiB with the others (at most 4). "
        "Use a factor with that many levels as a grouping factor, or merge its levels."
    )


@pytest.mark.parametrize(
    ("formula", "change", "message"),
    [
        (
            "district ~ age",
            {"district": ["a", "b", "c", "a"]},
            "The response 'district' has 3 different values ('a', 'b', 'c'); a binary response has 0 and 1, "
            "booleans or two labels. Ordered categories are modelled by family='cumulative', unordered ones "
            "by family='categorical'; or make a column with two outcomes first, one of the labels against "
            "the rest, say.",
        ),
        (
            "y ~ age",
            {},
            "The response 'y' has 4 different values ('1', '2', '3', '4'); a binary response has 0 and 1, "
            "booleans or two labels. For a numeric response use family='gaussian'; otherwise make a column "
            "with two outcomes first.",
        ),
        (
            "y ~ age",
            {"y": [1, 2, 2, 1]},
            "The response 'y' has the numbers 1 and 2; a binary response has 0 and 1, booleans or two "
            "labels. Write y[2] to model the probability of 2.",
        ),
        (
            "use ~ age",
            {"use": ["Y"] * 4},
            "The response 'use' is 'Y' in all 4 rows that are used: there is nothing to explain. "
            "Choose another response, or check how the data were filtered.",
        ),
        (
            "y ~ age",
            {"y": [0] * 4},
            "The response 'y' is '0' in all 4 rows that are used: there is nothing to explain. "
            "Choose another response, or check how the data were filtered.",
        ),
    ],
)
def test_binary_responses(formula, change, message):
    assert error(DataError, formula, DATA | change, response_kind="binary") == message


def test_levels_of_the_response():
    assert error(FormulaError, "use[y] ~ age", DATA, response_kind="binary") == (
        "The response 'use' has no level 'y'.\n"
        "    use[y] ~ age\n"
        "    ^^^^^^\n"
        "Did you mean use[Y]? Its levels are 'N', 'Y'."
    )
    assert error(FormulaError, "y[2] ~ age", DATA) == (
        "The response y[2] chooses an outcome, but this family models numbers.\n"
        "    y[2] ~ age\n"
        "    ^^^^\n"
        "Write y alone, or use family='bernoulli'."
    )


def test_unknown_kind_of_response():
    assert error(UnknownNameError, "y ~ age", DATA, response_kind="binry") == (
        "'binry' is not a known kind of response. Did you mean 'binary'? "
        "Known: numeric, count, binary, trials, categories, ordered."
    )
