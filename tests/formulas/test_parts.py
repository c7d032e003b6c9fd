"""Formulas of a family's parameters beside that of the response."""

from __future__ import annotations

import pickle

import pytest

from hierbayes.errors import ArgumentTypeError, FormulaError
from hierbayes.formulas.parts import Formulas, formula, parse_parameter, place_in_parameter


def test_formulas_are_data_that_print():
    both = formula("y ~ x + (1 | g)", sigma="~ z", nu=" ~ 1")
    assert both == Formulas("y ~ x + (1 | g)", (("sigma", "~ z"), ("nu", " ~ 1")))
    assert str(both) == "y ~ x + (1 | g), sigma ~ z, nu ~ 1"
    assert pickle.loads(pickle.dumps(both)) == both


def test_a_parameters_formula_is_read_as_any_other():
    read = parse_parameter("sigma", "  ~ 0 + z + offset(w) + (1 + z || g)")
    assert str(read) == "sigma ~ 0 + z + offset(w) + (1 + z || g)"


@pytest.mark.parametrize(
    ("text", "problem", "line", "caret"),
    [
        ("s ~ z", "The formula of sigma has a left side, `s`.", "s ~ z", "^"),
        ("z + (1 | g)", "The formula of sigma has no `~`.", "z + (1 | g)", "^^^^^^^^^^^"),
        ("~ z +", "`+` has nothing on its right.", "sigma ~ z +", "          ^"),
        ("~ .", "`.` stands in the formula of sigma.", "sigma ~ .", "        ^"),
        ("~ z + (1 | )", "The group term has no grouping factor.", "sigma ~ z + (1 | )", "               ^"),
    ],
)
def test_mistakes_are_shown_in_their_own_text(text, problem, line, caret):
    with pytest.raises(FormulaError) as caught:
        parse_parameter("sigma", text)
    first, shown, under, *_ = str(caught.value).split("\n")
    assert first == problem
    assert shown == f"    {line}"
    assert under == f"    {caret}"


def test_places_move_back_to_the_text_as_given():
    text = " ~ z + zz("
    with pytest.raises(FormulaError) as caught:
        parse_parameter("sigma", text)
    start, end = place_in_parameter("sigma", text, caught.value)
    assert text[start:end] == "("


def test_formulas_are_strings():
    with pytest.raises(ArgumentTypeError, match="The formula of sigma is a string; int is given"):
        formula("y ~ x", sigma=1)
    with pytest.raises(ArgumentTypeError, match="The formula is a string; NoneType is given"):
        formula(None)
