"""Formulas may come from anywhere: nothing in them runs, and none takes long."""

from __future__ import annotations

import ast
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hierbayes.formulas
from hierbayes.errors import FormulaError
from hierbayes.formulas import Name, parse_formula
from hierbayes.formulas.source import MAX_DEPTH, MAX_LENGTH, MAX_PARENTHESES, MAX_TERMS

SECONDS = 2.0  # a hundred times what these need on one slow core
DIGITS = [f"x{i}" for i in range(1200)]

ATTACKS = {
    "import": "y ~ __import__('os').system('true')",
    "import alone": "y ~ __import__('os')",
    "import inside I": "y ~ I(__import__('os'))",
    "eval": "y ~ eval('1')",
    "exec inside I": "y ~ I(exec('1'))",
    "attribute of an empty tuple": "y ~ ().__class__.__bases__[0].__subclasses__()",
    "attribute of a text": "y ~ ''.__class__",
    "method of a column": "y ~ x.__class__()",
    "subscript": "y ~ x.__class__.__mro__[1]",
    "lambda": "y ~ I(lambda: 1)",
    "lambda with argument": "y ~ (lambda x: x)(1)",
    "comprehension": "y ~ [x for x in z]",
    "generator": "y ~ I(x for x in z)",
    "f-string": "y ~ f'{x}'",
    "f-string inside I": "y ~ I(f'{x}')",
    "template": "y ~ {{ 7*7 }}",
    "walrus": "y ~ I((x := 2))",
    "keyword": "y ~ I(y=2)",
    "import inside a function": "y ~ poly(__import__('os'), 2)",
    "eval as a contrast": "y ~ C(f, eval('1'))",
    "attribute as a contrast": "y ~ C(f, sum.__globals__)",
    "import as a level": "y ~ factor(f, ref = __import__('os'))",
    "import as a bound": "y ~ cut(x, c(0, __import__('os')))",
    "eval as a level": "y ~ ordered(f, levels = c(eval('1')))",
    "call in a list": "y ~ bs(x, knots = c(1, c(2, 3)))",
    "list of everything": "y ~ cut(x, c(" + ",".join(map(str, range(1500))) + "))",
    "lists in lists": "y ~ cut(x, " + "c(" * 2_000 + ")" * 2_000 + ")",
    "negations": "y ~ I(" + "!" * 9_000 + "x)",
    "attribute as by": "y ~ (1 | gr(g, by = s.__class__()))",
    "lambda behind the bar": "y | weights(lambda: 1) ~ x",
    "eval behind the bar": "y | eval(w) ~ x",
    "attribute of the rest": "y ~ ..__class__()",
    "degree": "y ~ poly(x, 9999999999)",
    "columns of a spline": "y ~ bs(x, df = 1e300)",
    "exponent": "y ~ (a + b)^99999999",
    "power of many": "y ~ (" + "+".join(DIGITS[:40]) + ")^10",
    "powers of powers": "y ~ (" + "+".join(DIGITS[:12]) + ")^9^9",
    "powers in powers": "y ~ " + "(" * 20 + "a + b + c + d" + ")^10" * 20 + "^(10)",
    "nesting in nesting": "y ~ " + "/".join(DIGITS[:1200]),
    "nested groups": "y ~ (1 | " + "/".join(DIGITS[:200]) + ")",
    "nested groups in brackets": "y ~ (" + "+".join(DIGITS[:100]) + " | " + "/".join(DIGITS[:40]) + ")",
    "functions in functions": "y ~ " + "log(" * 60 + "x" + ")" * 60,
    "star argument": "y ~ I(*x)",
    "statement": "y ~ x; import os",
    "comment": "y ~ x # z",
    "continuation": "y ~ x \\\n + z",
    "R's system": "y ~ system('true')",
    "R's namespace": "y ~ base::system('true')",
    "reference": "@x ~ z",
    "null byte": "y ~ x\0",
    "escape sequence": "y ~ x \x1b[2J",
    "right-to-left override": "y ~ x \u202e z",
    "lone surrogate": "y ~ x \ud800",
    "parentheses": "y ~ " + "(" * 100_000,
    "closed parentheses": "y ~ " + "(" * 100_000 + "x" + ")" * 100_000,
    "parentheses within the length": "y ~ " + "(" * 4_900 + "x" + ")" * 4_900,
    "calls within the length": "y ~ " + "I(" * 3_000 + "x" + ")" * 3_000,
    "groups in groups": "y ~ " + "(" * 2_000 + "1" + "|g)" * 2_000,
    "megabyte": "y ~ " + "x + " * 250_000 + "x",
    "megabyte of spaces": "y ~ x" + " " * 1_000_000,
    "signs": "y ~ I(" + "-" * 9_000 + "x)",
    "powers": "y ~ I(" + "x^" * 4_000 + "x)",
    "power of powers": "y ~ I(9^9^9^9)",
    "sum inside I": "y ~ I(" + "x+" * 4_000 + "x)",
    "crossing": "y ~ " + "*".join(DIGITS[:100]),
    "crossing in a group": "y ~ (" + "*".join(DIGITS[:30]) + " | g)",
    "many crossings": "y ~ " + " + ".join("({} | g{})".format("*".join("abcdefghi"), i) for i in range(300)),
    "products of products": "y ~ " + ":".join(["(a*b*c*d*e*f*g*h*i)"] * 400),
    "terms": "y ~ " + "+".join(DIGITS),
    "long number": "y ~ I(x + " + "9" * 5_000 + ")",
    "backslashes": "y[" + "\\" * 9_000,
    "quotes": "y ~ " + "`" * 9_001,
    "brackets": "y" + "[" * 9_000,
    "spaces in a bracket": "y[" + " a" * 4_900,
    "bars": "y ~ (1" + "|g" * 4_000 + ")",
    "percents": "y ~ " + "%" * 9_001,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused_quickly(name):
    start = time.perf_counter()
    with pytest.raises(FormulaError) as caught:
        parse_formula(ATTACKS[name])
    assert time.perf_counter() - start < SECONDS
    message = str(caught.value)
    assert len(message) < 1_000
    assert not any(character in message for character in "\x00\x1b\u202e\ud800")


def test_dunder_names_are_names_of_columns():
    formula = parse_formula("y ~ __import__ + x.__class__.__mro__")
    assert [term.factors for term in formula.population[1:]] == [
        (Name("__import__"),),
        (Name("x.__class__.__mro__"),),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "y ~ " + "(" * MAX_PARENTHESES + "x" + ")" * MAX_PARENTHESES,
        "y ~ I(" + "x + " * MAX_DEPTH + "x)",
        "y ~ " + " + ".join(DIGITS[: MAX_TERMS - 1]),
        "y ~ " + "x + " * 2_490 + "x",
        "y ~ " + ":".join(DIGITS),
        "y ~ a*b*c*d*e*f*g*h*i",
        "y ~ x" + " " * (MAX_LENGTH - 5),
    ],
)
def test_large_formulas_within_the_limits(text):
    start = time.perf_counter()
    formula = parse_formula(text)
    printed = str(formula)
    assert len(printed) <= MAX_LENGTH
    again = parse_formula(printed)
    assert (again, hash(again)) == (formula, hash(formula))
    assert time.perf_counter() - start < SECONDS


def test_deep_formulas_need_little_of_the_stack():
    """A formula at the limits is read, printed, compared and hashed from deep within a caller's stack."""
    text = "y ~ I(" + "-(" * 45 + "x" + " + x)" * 45 + ")"

    def descend(levels):
        if levels:
            return descend(levels - 1)
        formula = parse_formula(text)
        return hash(formula), parse_formula(str(formula)) == formula

    assert descend(sys.getrecursionlimit() // 3)[1]


@given(st.text(alphabet="yxg ~+-*:/^|()[]'`\"0123I.,%=!<>é\n", max_size=60))
def test_any_text_is_a_formula_or_a_formula_error(text):
    try:
        formula = parse_formula(f"y ~ {text}")
    except FormulaError as error:
        assert error.hint, error
        assert 0 <= error.span[0] <= error.span[1] <= len(error.formula)
    else:
        assert parse_formula(str(formula)) == formula


def test_the_package_calls_nothing_that_runs_text():
    running = {"eval", "exec", "compile", "getattr", "__import__", "globals", "locals", "vars"}
    for path in Path(hierbayes.formulas.__file__).parent.glob("*.py"):
        names = {
            n.id for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Name)
        }
        assert not names & running, path.name
