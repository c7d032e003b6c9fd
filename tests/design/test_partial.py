"""``cens()``, ``trunc()`` and ``se()``: how they are read, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import hierbayes as hb
from hierbayes.design import Recipe, build_design
from hierbayes.design.partial import bounds_words, censored_words
from hierbayes.design.selection import take_rows
from hierbayes.errors import DataError, FormulaError
from hierbayes.formulas import parse_formula

INF = np.inf
SIDES = ["none", "left", "right", "interval"]


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "y": [1.0, 2.0, 4.0, 3.0],
            "x": [1.0, 2.0, 3.0, 5.0],
            "side": SIDES,
            "code": [0, -1, 1, 2],
            "late": [False, False, True, False],
            "end": [np.nan, np.nan, np.nan, 5.0],
            "s": [0.5, 1.0, 1.5, 2.0],
        }
    )


def build(formula, data):
    return build_design(parse_formula(formula), data)


@pytest.mark.parametrize("column", ["side", "code", "category", "I(code + 0)"])
def test_sides_are_read_from_words_numbers_and_categories(frame, column):
    frame["category"] = pd.Categorical(frame["side"], categories=SIDES[::-1])
    design = build(f"y | cens({column}, end) ~ x", frame)
    assert design.n == 4
    np.testing.assert_array_equal(design.part["low"], [1, -INF, 4, 3])
    np.testing.assert_array_equal(design.part["high"], [1, 2, INF, 5])
    assert censored_words(design.part) == "1 left, 1 right, 1 interval, of 4 rows"
    assert not design.part["low"].flags.writeable
    assert set(design.row_data) == {"low", "high"}


@pytest.mark.parametrize("wrap", [pd.DataFrame, lambda data: pl.from_pandas(pd.DataFrame(data))])
@pytest.mark.parametrize("side", ["late", "I(x == 3)"])
def test_true_is_right_censored(frame, wrap, side):
    design = build(f"y | cens({side}) ~ x", wrap(frame))
    np.testing.assert_array_equal(design.part["high"], [1, 2, INF, 3])


def test_bounds_are_numbers_or_columns(frame):
    design = build("y | trunc(lb = -1, ub = I(x + 2)) ~ x", frame)
    np.testing.assert_array_equal(design.part["lb"], [-1] * 4)
    np.testing.assert_array_equal(design.part["ub"], frame["x"] + 2)
    assert bounds_words(design.part) == "from -1 to bounds between 3 and 7"
    assert bounds_words(build("y | trunc(ub = 9) ~ x", frame).part) == "to 9"
    np.testing.assert_array_equal(build("y | trunc(ub = 9) ~ x", frame).part["lb"], [-INF] * 4)


def test_new_data_are_read_as_the_models_own(frame):
    design = build("y | cens(side, end) + trunc(lb = 0) + se(s) ~ x", frame)
    applied = Recipe.from_json(design.recipe.to_json()).apply(frame.iloc[[1, 2]], response=True)
    for name, values in design.part.items():
        np.testing.assert_array_equal(applied.part[name], values[1:3])
        np.testing.assert_array_equal(take_rows(design, slice(1, 3)).part[name], values[1:3])
    assert design.recipe.apply(frame[["x"]]).part == {}


def test_rows_without_what_they_need_are_dropped_and_only_these(frame):
    frame.loc[0, "s"] = np.nan
    design = build("y | cens(side, end) + se(s) ~ x", frame)
    assert design.n == 3
    assert design.messages[0] == "1 of 4 rows dropped: missing values in s (1)"


@pytest.mark.parametrize(
    ("formula", "change", "message"),
    [
        (
            "y | cens(side, end) ~ x",
            {"side": ["none", "rigth", "right", "none"]},
            "The side of censoring side is 'rigth' in row 2 (the first is row 1). Allowed: 'none', 'left', "
            "'right' and 'interval', the numbers 0, -1, 1 and 2 in this order, or booleans, True for "
            "right-censored. Did you mean 'right'? Recode the column.",
        ),
        (
            "y | cens(x) ~ s",
            {},
            "The side of censoring x is 3 in rows 3, 4 (the first is row 1). Allowed: 'none', 'left', "
            "'right' and 'interval', the numbers 0, -1, 1 and 2 in this order, or booleans, True for "
            "right-censored. Recode the column.",
        ),
        (
            "y | cens(side) ~ x",
            {"side": ["right", "left", "right", "left"]},
            "All rows are censored (2 left, 2 right): no value of 'y' was observed. Allowed: some rows of "
            "side 'none' or 'interval'. Check the column that cens() names, and how the rows were selected.",
        ),
        (
            "y | cens(side, end) ~ x",
            {"end": [9.0, 9.0, 9.0, 2.5]},
            "The interval of 'y' in row 4 (the first is row 1) goes from 3 to 2.5. Allowed: an upper end "
            "above the lower one. Correct end, or the side for responses that were observed.",
        ),
        (
            "y | cens(side, end) ~ x",
            {"end": [9.0, 9.0, 9.0, np.nan]},
            "The interval of 'y' in row 4 (the first is row 1) goes from 3 to nan. Allowed: an upper end "
            "above the lower one. Correct end, or the side for responses that were observed.",
        ),
        (
            "y | trunc(lb = 3, ub = 2) ~ x",
            {},
            "trunc() has the lower bound 3 and the upper bound 2. Allowed: a lower bound below the upper "
            "one. Exchange or correct them.",
        ),
        (
            "y | trunc(lb = s, ub = x) ~ x",
            {"s": [0.5, 3.0, 1.5, 2.0]},
            "trunc() has the lower bound 3 and the upper bound 2 in row 2 (the first is row 1). Allowed: a "
            "lower bound below the upper one. Exchange or correct them.",
        ),
        (
            "y | trunc(lb = 1.5) ~ x",
            {},
            "The response 'y' is 1 in row 1 (the first is row 1), where trunc() says that only responses "
            "from 1.5 to inf could be observed. Allowed: responses within the bounds. Correct the bounds, or "
            "use cens() for values that are known to lie beyond a limit.",
        ),
        (
            "y | cens(side, end) + trunc(ub = 4) ~ x",
            {},
            "The response 'y' is censored at 4 in row 3 (the first is row 1), where trunc() says that only "
            "responses from -inf to 4 could be observed. Allowed: responses within the bounds. Correct the "
            "bounds, or use cens() for values that are known to lie beyond a limit.",
        ),
        (
            "y | se(s) ~ x",
            {"s": [0.5, 0.0, 1.5, -2.0]},
            "The standard error s is 0 in rows 2, 4 (the first is row 1). Allowed: numbers above 0. Correct "
            "these values, or drop their rows.",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(frame, formula, change, message):
    with pytest.raises(DataError) as caught:
        build(formula, frame.assign(**change))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("formula", "family", "problem", "caret", "hint"),
    [
        (
            "y | cens(side) ~ x",
            "gaussian",
            "1 rows are interval-censored, but cens() does not say where the intervals end.",
            "cens(side)",
            "Write cens(side, y2) with a column y2 of upper ends; y has the lower.",
        ),
        (
            "y | se(s) + weights(x) ~ x",
            "gaussian",
            "se() and weights() both say how much single rows scatter.",
            "weights(x)",
            "Keep one: se(s) for known standard errors, weights(w) for residual variances sigma^2 / w.",
        ),
        (
            "y | cens(side, end) ~ x",
            "poisson",
            "cens() cannot be used with responses of family 'poisson'.",
            "cens(side, end)",
            "Allowed: family='gaussian' or family='student' or family='lognormal'. Choose one of them, or "
            "leave cens() out and drop the censored rows, which leaves a selection.",
        ),
        (
            "y | trunc(lb = 0) ~ x",
            "poisson",
            "trunc() cannot be used with responses of family 'poisson'.",
            "trunc(lb = 0)",
            "Allowed: family='gaussian' or family='student' or family='lognormal'. Choose one of them, or "
            "leave trunc() out, whereby the model ignores the bounds.",
        ),
        (
            "y | se(s) ~ x",
            "student",
            "se() cannot be used with responses of family 'student'.",
            "se(s)",
            "Allowed: family='gaussian'. Choose one of them, or leave se() out.",
        ),
    ],
)
def test_what_the_formula_cannot_say_has_a_caret(frame, formula, family, problem, caret, hint):
    with pytest.raises(FormulaError) as caught:
        hb.Model(formula, frame, family=family)
    error = caught.value
    assert error.problem == problem
    assert formula[slice(*error.span)] == caret
    assert error.hint == hint


def test_a_censored_response_is_not_exchanged_and_bounds_hold_in_refits(frame):
    model = hb.Model("y | cens(side, end) ~ x", frame)
    with pytest.raises(DataError) as caught:
        model.refit(np.arange(4.0))
    assert str(caught.value) == (
        "The response 'y' cannot be replaced: cens() says of each of its values whether it was observed. "
        "Allowed: a new response of a model without cens(). Give a frame with both columns to "
        "model.with_data()."
    )
    with pytest.raises(DataError, match=r"The response 'y' is -1 in used row 1, where trunc\(\) says"):
        hb.Model("y | trunc(lb = 0) ~ x", frame).refit(np.array([-1.0, 2, 3, 4]))
