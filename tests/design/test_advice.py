"""Messages that must help a student: what to do instead, the nearest name, how many rows and which."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hierbayes.design import build_design, checks
from hierbayes.errors import DataError, FormulaError, HierbayesError, nearest_match, slips
from hierbayes.formulas import parse_formula

N = 12
DATA = {
    "y": [1.0, 2.5, 4.0, 3.0, 5.0, 2.0, 3.5, 1.5, 2.2, 4.1, 0.7, 3.3],
    "use": ["N", "Y"] * 6,
    "age": [20.0, 31.0, 25.0, 40.0, 22.0, 37.0, 29.0, 33.0, 41.0, 28.0, 36.0, 24.0],
    "sex": list("fmmfmfmfmmff"),
    "kind": list("abcdabcdabcd"),
    "one": ["x"] * N,
    "school": list("aaabbbcccddd"),
    "funds": [0.1] * 3 + [0.7] * 3 + [0.3] * 3 + [1 / 3] * 3,
    "dose": [0.1, 0.2, 0.3] * 4,
    "debt": [1, -2, 3, -4, 5, -6, 7, -8, -9, -10, -11, -12],
    "row": [f"r{k}" for k in range(N)],
}


def message(formula, kind="numeric", data=DATA):
    with pytest.raises(HierbayesError) as caught:
        build_design(parse_formula(formula), data, response_kind=kind)
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "allowed", "nearest"),
    [
        ("sxe", ["use", "age", "sex"], "sex"),
        ("ab", ["xy", "ba"], "ba"),
        ("aeg", ["gae", "age", "ae_g_x"], "age"),
        ("schol", ["schools", "school"], "school"),
        ("amr", ["ram_", "arm", "army"], "arm"),
        ("abcd", ["dcba"], None),
        ("zzz", ["age", "sex"], None),
        ("", ["age"], None),
        ("AGE", ["age"], "age"),
    ],
)
def test_the_nearest_name(given, allowed, nearest):
    assert nearest_match(given, allowed) == nearest


@pytest.mark.parametrize(
    ("given", "meant", "n"),
    [
        ("sxe", "sex", 1),
        ("kitten", "sitting", 3),
        ("", "abc", 3),
        ("abc", "", 3),
        ("ca", "abc", 3),
        ("a", "a", 0),
    ],
)
def test_slips_of_the_pen(given, meant, n):
    """Published examples: kitten/sitting is Levenshtein's 3, ca/abc the 3 of optimal string alignment."""
    assert slips(given, meant) == slips(meant, given) == n


def test_swapped_letters_find_their_column():
    assert "\nDid you mean 'sex'? Columns" in message("y ~ age:sxe")


def test_carets_have_a_limit():
    formula = f"y ~ {'x' * 300}"
    shown, caret = str(FormulaError("No.", formula, (4, 304))).splitlines()[1:]
    assert caret == " " * 8 + "^" * 60
    assert shown == f"    y ~ {'x' * 100}..."


LABELS = "Arithmetic needs numbers, but {!r} holds text ({}).\n    {}\n    {}\n{}"
NO_FUNCTION = (
    "Two outcomes need no function: name `{}` alone, with family='bernoulli'; or turn it into numbers first."
)


@pytest.mark.parametrize(
    ("formula", "column", "labels", "caret", "advice"),
    [
        ("I(use) ~ age", "use", "'N', 'Y'", "  ^^^", NO_FUNCTION.format("use")),
        ("log(sex) ~ age", "sex", "'f', 'm'", "    ^^^", NO_FUNCTION.format("sex")),
        ("log(kind) ~ age", "kind", "'a', 'b', 'c', 'd'", "    ^^^^", "Turn `kind` into numbers first."),
        (
            "y ~ offset(sex)",
            "sex",
            "'f', 'm'",
            "           ^^^",
            "An offset is a number that is added to the linear predictor: turn `sex` into numbers first, or "
            "name it as a term of its own.",
        ),
        (
            "y ~ (I(sex + 1) | school)",
            "sex",
            "'f', 'm'",
            "       ^^^",
            "Name `sex` as a term of its own, or turn it into numbers first.",
        ),
    ],
)
def test_labels_where_numbers_are_needed(formula, column, labels, caret, advice):
    for kind in ("numeric",) if formula.startswith("y") else ("numeric", "binary"):
        assert message(formula, kind) == LABELS.format(column, labels, formula, caret, advice)


def test_responses_of_labels():
    assert message("use ~ age") == (
        "The response 'use' holds labels ('N', 'Y'), but numbers are needed here. A response with two "
        "outcomes is modelled by family='bernoulli'; or turn it into numbers first."
    )
    assert message("kind ~ age") == (
        "The response 'kind' holds 4 labels ('a', 'b', 'c', 'd'), but numbers are needed here. Ordered "
        "categories are modelled by family='cumulative', unordered ones by family='categorical'; or turn "
        "them into numbers, or make a column with two outcomes and use family='bernoulli'."
    )
    assert message("one ~ age") == message("one ~ age", "binary")
    assert message("one ~ age") == (
        "The response 'one' is 'x' in all 12 rows that are used: there is nothing to explain. Choose another "
        "response, or check how the data were filtered."
    )


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (
            "y ~ wb(age, one)",
            "wb(age, one) needs two groups or more; 'one' has one level ('x') in the rows that are used: "
            "there is nothing to split. Write `age` alone.",
        ),
        (
            "y ~ wb(funds, school)",
            "wb(funds, school): funds does not vary within the groups of school, so that there is nothing to "
            "split. Write `funds` alone.",
        ),
        (
            "y ~ wb(dose, school)",
            "wb(dose, school): dose has the same mean in every group of school, so that there is nothing to "
            "split. Write `dose` alone.",
        ),
    ],
)
def test_nothing_to_split(formula, text):
    assert message(formula) == text


def test_small_differences_are_split():
    rng = np.random.default_rng(1)
    data = DATA | {"x": 1e6 + 1e-3 * rng.normal(size=N)}
    assert build_design(parse_formula("y ~ wb(x, school)"), data).terms[1:] == (
        "wb(x, school)[within]",
        "wb(x, school)[between]",
    )


LARGE = " Numbers up to 1e50 can be used: divide the column by a larger unit first, or take its logarithm."


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (
            "y ~ exp(age^3)",
            "exp(age^3) is too large in rows 1, 2, 3, 4, 5, ... (12 in all; the first is row 1), where "
            "age = 20 in row 1." + LARGE,
        ),
        (
            "y ~ exp(age * (age > 40) * 100)",
            "exp(age * (age > 40) * 100) is too large in row 9 (the first is row 1), where age = 41." + LARGE,
        ),
        (
            "y ~ offset(exp(age^3))",
            "offset(exp(age^3)) is too large in rows 1, 2, 3, 4, 5, ... (12 in all; the first is row 1), "
            "where age = 20 in row 1." + LARGE,
        ),
        (
            "y ~ log(exp(age^3))",
            "log(exp(age^3)) is too large in rows 1, 2, 3, 4, 5, ... (12 in all; the first is row 1), "
            "where age = 20 in row 1." + LARGE,
        ),
        (
            "y ~ log(debt)",
            "log(debt) is not a finite number in rows 2, 4, 6, 8, 9, ... (8 in all; the first is row 1), "
            "where debt = -2 in row 2. log() takes numbers above 0. Change the expression, or mark the "
            "values as missing to drop the rows.",
        ),
        (
            "y ~ I(1/(age - 20) + 1/(age - 33))",
            "I(1/(age - 20) + 1/(age - 33)) is not a finite number in rows 1, 8 (the first is row 1), where "
            "age = 20 in row 1. Change the expression, or mark the values as missing to drop the rows.",
        ),
    ],
)
def test_numbers_that_are_not_finite(formula, text):
    assert message(formula) == text


@pytest.mark.parametrize(
    "call", ['C(sex, ref = "x")', 'C(sex, treatment(ref = "x"))', 'factor(sex, ref = "x")']
)
def test_a_reference_level_names_the_column(call):
    formula = f"y ~ {call}"
    place = formula.index('"x"')
    assert message(formula) == (
        f"The factor 'sex' has no level 'x'.\n    {formula}\n    {' ' * place}^^^\nIts levels are 'f', 'm'."
    )
    right = formula.replace('"x"', '"m"')
    assert build_design(parse_formula(right), DATA).terms[1].endswith(")[f]")


DAYS = [dt.date(2020, 1, 1 + k) for k in range(N)]
TEMPORAL = (
    "Column 'when' holds {}, which a formula cannot use as they are. Turn them into a number first (days "
    "since the start, say), or into text labels for a factor."
)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pd.Series(pd.to_datetime(DAYS)), "dates and times"),
        (pd.Series(pd.to_datetime(DAYS, utc=True)), "dates and times"),
        (pd.Series(DAYS, dtype=object), "dates"),
        (pd.Series([dt.time(k) for k in range(N)], dtype=object), "times of day"),
        (pd.Series(pd.to_timedelta(np.arange(N), unit="h")), "lengths of time"),
        (pl.Series(DAYS), "dates"),
        (pl.Series(DAYS).cast(pl.Datetime), "dates and times"),
        (pl.Series([dt.timedelta(k) for k in range(N)]), "lengths of time"),
        (pl.Series([dt.time(k) for k in range(N)]), "times of day"),
    ],
)
@pytest.mark.parametrize("formula", ["y ~ when", "y ~ (1 | when)", "when ~ age"])
def test_dates_have_no_dtype(values, words, formula):
    frame = pl.DataFrame if isinstance(values, pl.Series) else pd.DataFrame
    with pytest.raises(DataError) as caught:
        build_design(parse_formula(formula), frame(DATA | {"when": values}))
    assert str(caught.value) == TEMPORAL.format(words)


def test_a_level_for_every_row_needs_no_message_for_every_column():
    assert build_design(parse_formula("y ~ row:sex"), DATA).messages == (
        "row: every one of the 12 rows has a level of its own; (1 | row) would let the levels share "
        "information",
        "the 25 columns of the population terms fit the 12 rows exactly, and 13 of them are linear "
        "combinations of the others (row[r1]:sex[f], row[r2]:sex[f], row[r4]:sex[f], row[r6]:sex[f], "
        "row[r8]:sex[f], row[r9]:sex[f], row[r0]:sex[m], row[r10]:sex[m] and 5 more): the data cannot tell "
        "their effects apart, only the priors do",
    )


def test_empty_cells_share_a_message():
    data = {"y": DATA["y"] * 2, "a": list("pq") * 12, "b": list("uvuvuvuvuvuw") * 2}
    assert build_design(parse_formula("y ~ 0 + a:b"), data).messages == (
        "a[q]:b[u], a[p]:b[v], a[p]:b[w] are zero in every row: the data say nothing about their effects, "
        "only the priors do",
    )


def test_dependent_columns_over_many_blocks_of_rows(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_050, 4))
    X[:, 3] = X[:, 0] - 2 * X[:, 1]
    whole = checks.dependent_columns(X, ("a", "b", "c", "d"))
    monkeypatch.setattr(checks, "BLOCK", 100)
    assert checks.dependent_columns(X, ("a", "b", "c", "d")) == whole == [("d", ("a", "b"))]


def test_columns_that_are_the_same_are_held_once():
    data = pd.DataFrame({"y": [1.0, 2, 3, 5], "x": [0.5, 1, 2, 4], "g": [1, 1, 2, 2]})
    design = build_design(parse_formula("y ~ x + (1 + x | g)"), data)
    assert design.groups[0].Z is design.X
    assert design.columns["y"] is design.y
    data.loc[:, "y"] = 0.0
    assert list(design.y) == [1, 2, 3, 5]
