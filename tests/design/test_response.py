"""How the response is read: numbers, 0/1, booleans, two labels, and which one is modelled."""

import numpy as np
import pandas as pd
import pytest

from hierbayes.design import Recipe, ResponseInfo, build_design
from hierbayes.errors import DataError, FormulaError
from hierbayes.formulas import parse_formula

X = [0.5, 1.0, 2.0, 0.0]


def read(left, y):
    return build_design(parse_formula(f"{left} ~ x"), {"y": y, "x": X}, response_kind="binary")


@pytest.mark.parametrize(
    ("left", "y", "expected", "labels"),
    [
        ("y", [0, 1, 1, 0], [0, 1, 1, 0], None),
        ("y", [0.0, 1.0, 1.0, 0.0], [0, 1, 1, 0], None),
        ("y[1]", [0, 1, 1, 0], [0, 1, 1, 0], None),
        ("y[0]", [0, 1, 1, 0], [1, 0, 0, 1], ("1", "0")),
        ("y", [False, True, True, False], [0, 1, 1, 0], ("False", "True")),
        ("y[False]", [False, True, True, False], [1, 0, 0, 1], ("True", "False")),
        ("y[2]", [1, 2, 2, 1], [0, 1, 1, 0], ("1", "2")),
        ("y[1]", [1, 2, 2, 1], [1, 0, 0, 1], ("2", "1")),
        ("y[N]", ["N", "Y", "Y", "N"], [1, 0, 0, 1], ("Y", "N")),
        ("y[Y]", ["N", "Y", "Y", "N"], [0, 1, 1, 0], ("N", "Y")),
    ],
)
def test_binary(left, y, expected, labels):
    design = read(left, y)
    np.testing.assert_array_equal(design.y, expected)
    assert design.y.dtype == np.float64
    assert design.response == ResponseInfo("y", labels)
    assert design.messages == ()


@pytest.mark.parametrize(
    ("y", "reference", "modelled"),
    [
        (["N", "Y", "Y", "N"], "N", "Y"),
        (pd.Categorical(["N", "Y", "Y", "N"], categories=["Y", "N"]), "Y", "N"),
        (pd.Categorical(["N", "Y", "Y", "N"], categories=["?", "N", "Y"]), "N", "Y"),
    ],
)
def test_two_labels_say_which_is_modelled(y, reference, modelled):
    design = read("y", y)
    np.testing.assert_array_equal(design.y, np.asarray(y) == modelled)
    assert design.response.labels == (reference, modelled)
    assert design.messages == (
        f"y: modelling the probability of '{modelled}' (reference '{reference}'); "
        f"write y[{reference}] to turn it round",
    )


def test_numeric_responses_may_be_computed():
    design = build_design(parse_formula("I(y^2) ~ x"), {"y": [1, 2, 3, 4], "x": X})
    assert design.y.tolist() == [1.0, 4.0, 9.0, 16.0]
    assert design.response == ResponseInfo("I(y^2)")


HERDS = {"s": [1, 0, 3, 2], "n": [4, 2, 3, 5], "w": [1.0, 2.0, 0.5, 1.0], "x": X, "z": ["a", "b", "a", "b"]}


def herds(formula, **changes):
    return build_design(parse_formula(formula), {**HERDS, **changes}, response_kind="trials")


@pytest.mark.parametrize(
    ("left", "name", "trials"),
    [
        ("cbind(s, n - s)", "cbind(s, n - s)", [4, 2, 3, 5]),
        ("cbind(s, n)", "cbind(s, n)", [5, 2, 6, 7]),
        ("s | trials(n)", "s", [4, 2, 3, 5]),
        ("s | trials(5)", "s", [5, 5, 5, 5]),
        ("s | trials(n + 1) + weights(w)", "s", [5, 3, 4, 6]),
    ],
)
def test_successes_out_of_trials(left, name, trials):
    design = herds(f"{left} ~ x")
    np.testing.assert_array_equal(design.y, HERDS["s"])
    np.testing.assert_array_equal(design.trials, trials)
    assert design.trials.dtype == np.float64
    assert not design.y.flags.writeable
    assert not design.trials.flags.writeable
    assert design.response == ResponseInfo(name)
    again = Recipe.from_json(design.recipe.to_json()).apply(HERDS, response=True)
    np.testing.assert_array_equal(again.y, design.y)
    np.testing.assert_array_equal(again.trials, design.trials)


def test_single_trials_need_no_number_of_them():
    design = herds("z ~ x")
    np.testing.assert_array_equal(design.y, [0, 1, 0, 1])
    assert design.trials is None
    assert design.response.labels == ("a", "b")


def test_weights_are_read_for_every_kind_of_response():
    design = build_design(parse_formula("x | weights(2 * w) ~ s"), HERDS)
    np.testing.assert_array_equal(design.weights, [2, 4, 1, 2])
    assert design.row_data.keys() == {"weights"}
    np.testing.assert_array_equal(design.recipe.apply(HERDS, response=True).weights, design.weights)
    assert design.recipe.apply({"s": [1]}).weights is None


def test_rows_without_trials_or_weights_are_dropped():
    design = herds("s | trials(n) + weights(w) ~ x", n=[4, None, 3, 5], w=[1.0, 2.0, np.nan, 1.0])
    np.testing.assert_array_equal(design.rows, [0, 3])
    assert design.messages[0] == "2 of 4 rows dropped: missing values in n (1), w (1)"


@pytest.mark.parametrize(
    ("formula", "changes", "text"),
    [
        (
            "s ~ x",
            {},
            "The response 's' has 4 different values ('0', '1', '2', '3'), but the formula does not say of "
            "how many trials. Allowed: `s | trials(n)`, `cbind(successes, failures)`, or single trials as 0 "
            "and 1, booleans or two labels. Add the trials, or use family='poisson' for counts that nothing "
            "bounds.",
        ),
        (
            "cbind(s, n - 2 * s) ~ x",
            {},
            "The failures in cbind(s, n - 2 * s) are negative in row 3 (the first is row 1): -3, where there "
            "are 3 successes. Allowed: numbers from 0 on. If the second column counts all trials, write s | "
            "trials(n - 2 * s).",
        ),
        (
            "s | trials(n) + weights(w) ~ x",
            {"w": [1.0, 0.0, -2.0, 1.0]},
            "The weight w is 0 in rows 2, 3 (the first is row 1). Allowed: numbers above 0. Drop rows that "
            "are to count for nothing.",
        ),
    ],
)
def test_numbers_that_cannot_be_are_refused(formula, changes, text):
    with pytest.raises(DataError) as caught:
        herds(formula, **changes)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("formula", "kind", "problem", "caret"),
    [
        (
            "cbind(s, n) ~ x",
            "binary",
            "cbind() is for successes out of trials, but this family models single outcomes.",
            "cbind(s, n)",
        ),
        (
            "s | trials(n) ~ x",
            "count",
            "trials() is for successes out of trials, but this family models counts.",
            "trials(n)",
        ),
        (
            "cbind(s, n) | trials(n) ~ x",
            "trials",
            "cbind() and trials() both say how many trials there were.",
            "trials(n)",
        ),
        (
            "z[b] | trials(n) ~ x",
            "trials",
            "[b] chooses the outcome of a single trial, but trials() counts several.",
            "z[b] | trials(n)",
        ),
        ("z | trials(n) ~ x", "trials", "Arithmetic needs numbers, but 'z' holds text ('a', 'b').", "z"),
        ("s | trials(z) ~ x", "trials", "Arithmetic needs numbers, but 'z' holds text ('a', 'b').", "z"),
    ],
)
def test_forms_that_cannot_be_are_refused(formula, kind, problem, caret):
    with pytest.raises(FormulaError) as caught:
        build_design(parse_formula(formula), HERDS, response_kind=kind)
    assert caught.value.problem == problem
    start, end = caught.value.span
    assert formula[start:end] == caret
