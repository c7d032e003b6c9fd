"""The same formulas in R: its ``terms()``, ``deparse()`` and values (made as ``r_terms.json`` says)."""

from __future__ import annotations

import json
import math
import operator
from pathlib import Path

import pytest

from hierbayes.errors import FormulaError
from hierbayes.formulas import Name, Number, parse_formula

REFERENCE = json.loads((Path(__file__).parent / "r_terms.json").read_text(encoding="utf-8"))
COLUMNS = {"a": 1.7, "b": -0.6, "c": 2.3, "x": 1.3, "my x": 3.1}
OPERATIONS = {
    ("+", 2): operator.add,
    ("-", 2): operator.sub,
    ("*", 2): operator.mul,
    ("/", 2): operator.truediv,
    ("-", 1): operator.neg,
    ("^", 2): operator.pow,
}
KEEPS_PARENTHESES = {
    "(a)",
    "((a + b))/2",
    "(a + b) - c",
    "(-a)/b",
    "a^(-b)",
}  # R prints those that mean nothing
OTHER_DIGITS = {"1e6*a"}  # R prints 1e+06


def value(expression):
    if isinstance(expression, Name):
        return COLUMNS[expression.name]
    if isinstance(expression, Number):
        return expression.value
    return OPERATIONS[expression.operator, len(expression.operands)](*map(value, expression.operands))


@pytest.mark.parametrize("row", REFERENCE["terms"], ids=[row["formula"] for row in REFERENCE["terms"]])
def test_terms_and_their_order_are_those_of_r(row):
    if not row["labels"] and not row["intercept"]:
        with pytest.raises(FormulaError, match="leaves no term"):
            parse_formula(row["formula"])
        return
    population = parse_formula(row["formula"]).population
    assert population[0].is_intercept == row["intercept"]
    found = [frozenset(map(str, term.factors)) for term in population if not term.is_intercept]
    assert found == [frozenset(label.split(":")) for label in row["labels"]]


@pytest.mark.parametrize("row", REFERENCE["arithmetic"], ids=[row["text"] for row in REFERENCE["arithmetic"]])
def test_arithmetic_has_the_value_and_the_text_of_r(row):
    (call,) = parse_formula(f"y ~ 0 + I({row['text']})").population[0].factors
    found = value(call.arguments[0])
    if row["value"] is None:
        assert isinstance(found, complex)  # a power of a negative number: NaN in R
    else:
        assert math.isclose(found, row["value"], rel_tol=1e-13)
    if row["text"] not in KEEPS_PARENTHESES | OTHER_DIGITS:
        assert str(call) == f"I({row['printed']})"
