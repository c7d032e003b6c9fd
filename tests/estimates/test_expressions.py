"""Arithmetic on names as text: against Python's own, and every mistake gets a caret."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tolerances import IDENTITY

from hierbayes.errors import FormulaError
from hierbayes.estimates.hypotheses.expressions import evaluate, parse_hypothesis

KNOWN = (
    *("Intercept", "age", "age:ch[Y]", "ch[Y]", "I(age^2)", "log(age)", "kind[a-b]", "kind[very good]"),
    *("sd(school: Intercept)", "cor(school: Intercept, standLRT)", "cutpoints[low|medium]", "walk: age", "2"),
    *("sigma", "sigma_x", "x.1", "1st"),
)
VALUES = {name: np.array(0.3 + k) for k, name in enumerate(KNOWN)}


def value(text):
    return float(evaluate(parse_hypothesis(text, KNOWN).steps, VALUES))


@pytest.mark.parametrize("name", [name for name in KNOWN if name not in ("2", "1st")])
def test_each_name_is_read_as_it_stands(name):
    assert value(name) == VALUES[name]
    assert value(f"(2*{name})/ 2") == pytest.approx(float(VALUES[name]), rel=IDENTITY)


@pytest.mark.parametrize("name", KNOWN)
def test_names_in_backquotes(name):
    assert parse_hypothesis(f"`{name}` > 0", KNOWN).names == (name,)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I( age ^ 2 )", "I(age^2)"),
        ("age : ch[Y]", "age:ch[Y]"),
        ("cor(school:Intercept,standLRT)", "cor(school: Intercept, standLRT)"),
        ("kind[very  good]", "kind[very good]"),
    ],
)
def test_white_space_in_names_does_not_matter(text, name):
    assert parse_hypothesis(text, KNOWN).names == (name,)


A, S = 1.3, float(VALUES["sigma"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-age^2", -(A**2)),
        ("2^-age", 2**-A),
        ("2^age^2", 2 ** (A**2)),
        ("sigma - age - 1", S - A - 1),
        ("sigma / age / 2", S / A / 2),
        ("sigma - (age - 1)", S - (A - 1)),
        ("1 + 2*age^2/sigma", 1 + 2 * A**2 / S),
        ("exp(age) + sqrt(sigma) - abs(-age)", math.exp(A) + math.sqrt(S) - A),
        ("plogis(age)", 1 / (1 + math.exp(-A))),
        ("log( age*sigma )", math.log(A * S)),
        (".5*age + 1e2 - 1.E-1", 0.5 * A + 100 - 0.1),
        ("--age", A),
        ("age > sigma", A - S),
        ("exp(age) = 2", math.exp(A) - 2),
    ],
)
def test_values_are_those_of_python(text, expected):
    assert value(text) == pytest.approx(expected, rel=IDENTITY)


def test_a_known_name_goes_before_a_function():
    assert parse_hypothesis("log(age)", KNOWN).names == ("log(age)",)
    assert parse_hypothesis("log((age))", KNOWN).names == ("age",)


def test_relations():
    read = {text: parse_hypothesis(text, KNOWN) for text in ("age < 1", "age > 1", "age = 1", " age ")}
    assert [one.relation for one in read.values()] == ["<", ">", "=", ">"]
    assert read[" age "].text == "age > 0"


REST = "Write names as the summary has them, numbers, + - * / ^ ( ), exp, log, sqrt, abs, plogis."
SHORT = ("age", "age:ch[Y]", "sd_g[Intercept]")
LISTED = "Known: age, age:ch[Y], sd_g[Intercept]."


@pytest.mark.parametrize(
    ("text", "problem", "under", "hint"),
    [
        (
            "age:ch[X] > 0",
            "'age:ch[X]' is not a parameter that can be named here.",
            "^^^^^^^^^",
            f"Did you mean 'age:ch[Y]'? {LISTED}",
        ),
        ("2 + agee", "'agee' is not a parameter that can be named here.", "    ^^^^", "Did you mean 'age'? "),
        ("`no` > 0", "'no' is not a parameter that can be named here.", "^^^^", LISTED),
        ("`no", "A backquote is not closed.", "^", "Write ` after the name."),
        ("age > > 0", "'>' is not expected here.", "      ^", REST),
        ("age $", "'$' is not expected here.", "    ^", REST),
        ("age *", "The expression ends where a value is expected.", "     ^", REST),
        ("age >= 0", "'>=' is not a relation of a hypothesis.", "    ^^", "Write <, > or =."),
        ("age < 0 < 1", "A hypothesis has one relation.", "        ^", "Write two hypotheses."),
        ("2age", "A number goes on in letters.", "^^", "Write 2 * age for a product"),
        ("1e999 age", "1e999 is too large a number.", "^^^^^", "Write numbers below 1e308."),
        ("(age", "A parenthesis is not closed.", "^", "Write ')' after it."),
        ("tan(age)", "'tan' is no function of hypotheses.", "^^^", "There are exp, log, sqrt, abs, plogis."),
        ("1 > 0", "The hypothesis names no parameter.", "^^^^^", "Name at least one: age, age:ch[Y]"),
        (
            "(" * 51 + "age",
            "More than 50 parentheses, signs or powers are within one another.",
            " " * 50 + "^",
            "Write a simpler expression.",
        ),
    ],
)
def test_mistakes(text, problem, under, hint):
    with pytest.raises(FormulaError) as caught:
        parse_hypothesis(text, SHORT)
    lines = str(caught.value).splitlines()
    assert lines[:3] == [problem, f"    {text}", f"    {under}"]
    assert lines[3].startswith(hint)


TOKENS = st.sampled_from([*KNOWN, *"+-*/^()<>=`.:[]", "exp(", "log", " ", "2", "1e5", ".", "é", "&", "\n"])


@given(st.one_of(st.lists(TOKENS, max_size=30).map("".join), st.text(max_size=40)))
def test_no_text_does_worse_than_a_formula_error(text):
    try:
        found = parse_hypothesis(text, KNOWN)
    except FormulaError as error:
        start, end = error.span
        assert 0 <= start <= end <= len(text) + 1
        return
    assert evaluate(found.steps, VALUES).shape == ()


def test_a_long_sum_is_no_deep_recursion():
    assert value(" + ".join(["age"] * 20_000)) == pytest.approx(20_000 * A, rel=1e-9)


NUMBERS = st.floats(0.1, 3.0, allow_nan=False).map(lambda x: round(x, 3))


@given(st.recursive(st.one_of(NUMBERS.map(str), st.just("age")), lambda part: st.one_of(
    st.tuples(part, st.sampled_from("+-*/"), part).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
    part.map(lambda p: f"-{p}"),
    st.tuples(part, part).map(lambda p: f"{p[0]} + 2*{p[1]}"),
), max_leaves=8))  # fmt: skip
def test_expressions_are_those_of_numpy(text):
    names = {"age": np.float64(A), "number": np.float64, "__builtins__": {}}
    with np.errstate(all="ignore"):
        # The text consists of numbers, age and signs alone; numpy's numbers may be divided by zero.
        expected = np.float64(eval(re.sub(r"[\d.]+", r"number(\g<0>)", text), names))
        found = value(f"{text} + 0*age")
    np.testing.assert_allclose(found, expected + 0.0, rtol=1e-9, atol=1e-12)
