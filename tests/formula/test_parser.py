"""Formulas that are accepted, with their terms; those that are refused, with the place and what to write."""

from __future__ import annotations

import pytest

from hierbayes.errors import ArgumentTypeError, FormulaError, HierbayesError
from hierbayes.formula import (
    Call,
    Formula,
    GroupTerm,
    Name,
    Number,
    Operation,
    Response,
    Term,
    parse_formula,
)

# formula | its canonical text | population terms | group terms
ACCEPTED = """
y ~ 1 | y ~ 1 | 1 |
y ~ x | y ~ 1 + x | 1, x |
(y) ~ ((x)) | y ~ 1 + x | 1, x |
y ~ 0 + x | y ~ 0 + x | x |
y ~ x - 1 | y ~ 0 + x | x |
y ~ -1 + x | y ~ 0 + x | x |
y ~ +0 + x | y ~ 0 + x | x |
y ~ -1 + x + 1 | y ~ 1 + x | 1, x |
y ~ x - 0 | y ~ 1 + x | 1, x |
y ~ + a:b + a | y ~ 1 + a + a:b | 1, a, a:b |
y ~ a*b | y ~ 1 + a + b + a:b | 1, a, b, a:b |
y ~ a*b*c | y ~ 1 + a + b + c + a:b + a:c + b:c + a:b:c | 1, a, b, c, a:b, a:c, b:c, a:b:c |
y ~ (a:b)*(c:a:b) | y ~ 1 + a:b + c:a:b | 1, a:b, c:a:b |
y ~ a:b + c | y ~ 1 + c + a:b | 1, c, a:b |
y ~ b + a + a:b | y ~ 1 + b + a + b:a | 1, b, a, b:a |
y ~ a:b + b:a | y ~ 1 + a:b | 1, a:b |
y ~ a:a + a + a | y ~ 1 + a | 1, a |
y ~ (a + b):c | y ~ 1 + a:c + b:c | 1, a:c, b:c |
y ~ a*b - a | y ~ 1 + b + b:a | 1, b, b:a |
y ~ a + b - (a + 1) | y ~ 0 + b | b |
y ~ I(age^2) + I(age**2) | y ~ 1 + I(age^2) | 1, I(age^2) |
y ~ factor(x):I(z/2) | y ~ 1 + factor(x):I(z/2) | 1, factor(x):I(z/2) |
y ~ I + factor | y ~ 1 + I + factor | 1, I, factor |
I(y/2) ~ `a b`:`3rd` | I(y/2) ~ 1 + `a b`:`3rd` | 1, `a b`:`3rd` |
y ~ x.__class__ + __import__ | y ~ 1 + x.__class__ + __import__ | 1, x.__class__, __import__ |
y ~ (1 ¦ g) | y ~ 1 + (1 ¦ g) | 1 | (1 ¦ g)
y ~ (x ¦ g) | y ~ 1 + (1 + x ¦ g) | 1 | (1 + x ¦ g)
y ~ (x - 1 ¦ g) | y ~ 1 + (0 + x ¦ g) | 1 | (0 + x ¦ g)
y ~ 0 + (0 + x ¦ g) | y ~ 0 + (0 + x ¦ g) | | (0 + x ¦ g)
y ~ (1 + a*b ¦ g:h:g) | y ~ 1 + (1 + a + b + a:b ¦ g:h) | 1 | (1 + a + b + a:b ¦ g:h)
y ~ (1 ¦ (g:h)) + x + (0 + z ¦ g) | y ~ 1 + x + (1 ¦ g:h) + (0 + z ¦ g) | 1, x | (1 ¦ g:h); (0 + z ¦ g)
y ~ (factor(t) ¦ g) | y ~ 1 + (1 + factor(t) ¦ g) | 1 | (1 + factor(t) ¦ g)
y ~ ((1 ¦ g) + x) | y ~ 1 + x + (1 ¦ g) | 1, x | (1 ¦ g)
y ~ 0 + x + (z ¦ g) | y ~ 0 + x + (1 + z ¦ g) | x | (1 + z ¦ g)
"""


def rows():
    for line in ACCEPTED.strip().splitlines():
        cells = [cell.strip().replace("¦", "|") for cell in line.split("|")]
        yield pytest.param(*cells, id=cells[0])


@pytest.mark.parametrize(("text", "canonical", "population", "groups"), list(rows()))
def test_accepted(text, canonical, population, groups):
    formula = parse_formula(text)
    assert str(formula) == canonical
    assert ", ".join(map(str, formula.population)) == population
    assert "; ".join(map(str, formula.groups)) == groups
    assert formula.text == text
    assert parse_formula(canonical) == formula


def test_models_of_the_teaching_material():
    m_05 = parse_formula("use ~ age*ch + I(age^2) + urban + (1 | urban:district)")
    assert list(map(str, m_05.population)) == ["1", "age", "ch", "I(age^2)", "urban", "age:ch"]
    assert m_05.groups[0].factor_name == "urban:district"
    m4 = parse_formula("normexam ~ standLRT + schgend + (1 + standLRT | school)")
    assert [list(map(str, group.terms)) for group in m4.groups] == [["1", "standLRT"]]


def test_records():
    square = Operation("^", (Name("x"), Number(2)))
    assert parse_formula("use[Y] ~ 0 + I(x^2):z + (1 | a:b)") == Formula(
        Response(Name("use"), "Y"),
        (Term((Call("I", (square,)), Name("z"))),),
        (GroupTerm((Term(()),), (Name("a"), Name("b"))),),
    )


@pytest.mark.parametrize(
    ("left", "level", "printed"),
    [
        ("use[Y]", "Y", "use[Y]"),
        ("use[ 1 ]", "1", "use[1]"),
        ('use["Y"]', "Y", "use[Y]"),
        ("use['not using']", "not using", 'use["not using"]'),
        ("use[not using]", "not using", 'use["not using"]'),
        ("use[3+]", "3+", "use[3+]"),
        ("use[été]", "été", "use[été]"),
        ('use[""]', "", 'use[""]'),
        ("`the use`[Y]", "Y", "`the use`[Y]"),
        ("(use)[Y]", "Y", "use[Y]"),
    ],
)
def test_response_level(left, level, printed):
    response = parse_formula(f"{left} ~ x").response
    assert (response.level, str(response)) == (level, printed)
    assert response.span == (0, len(left))


def test_spans_point_at_the_users_text():
    text = "y ~ (a + b):I(c ^ 2) + (1 + z | g : h)"
    formula = parse_formula(text)

    def at(span):
        return text[slice(*span)]

    _, first, second = formula.population
    (group,) = formula.groups
    assert at(first.span) == "a + b):I(c ^ 2)"
    assert at(second.factors[0].span) == "b"
    assert at(second.factors[1].span) == "I(c ^ 2)"
    assert at(second.factors[1].arguments[0].span) == "c ^ 2"
    assert at(group.span) == "(1 + z | g : h)"
    assert at(group.factor_span) == "g : h"
    assert [at(f.span) for f in group.factor] == ["g", "h"]
    assert [at(term.span) for term in group.terms] == ["1", "z"]


# ‹ › mark the span; then the problem; then a piece of the hint.
REFUSED = [
    ("‹y›", "The formula has no `~`.", "A formula reads `response ~ predictors + (1 | group)`"),
    ("y ‹=› x", "The formula has `=` instead of `~`.", "Write `~`"),
    ("y ‹==› x", "The formula has `==` instead of `~`.", "Write `~`"),
    ("y ‹~›", "The right side of the formula is empty.", "`1` alone is the intercept"),
    ("‹~› x", "The formula has no response: nothing stands left of `~`.", "A formula reads"),
    ("y ~ x ‹~› z", "The formula has a second `~`.", "join predictors with `+`"),
    ("(y ‹~› x)", "`~` stands inside parentheses.", "Close or remove"),
    ("y ~ ‹(›x + z", "This parenthesis is never closed.", "Add the `)`"),
    ("y ~ ‹(›(x) + (1 | g)", "This parenthesis is never closed.", "Add the `)`"),
    ("y ~ x‹)›", "This parenthesis closes nothing.", "Remove it"),
    ("y ~ ‹()›", "The parentheses are empty.", "Put terms between them"),
    ("y ~ x ‹+ +› z", "Nothing stands between `+` and `+`.", "Remove one of the two"),
    ("y ~ x ‹- -›1", "Nothing stands between `-` and `-`.", "Remove one of the two"),
    ("y ~ x ‹+ *› z", "Nothing stands between `+` and `*`.", "Remove one of the two"),
    ("y ~ x ‹+›", "`+` has nothing on its right.", "Name what follows it"),
    ("y ~ (x ‹:›)", "`:` has nothing on its right.", "Name what follows it"),
    ("y ~ ‹*› x", "`*` has nothing on its left.", "Name what comes before it"),
    ("y ‹+› ~ x", "`+` has nothing on its right.", "Name what follows it"),
    ("y ~ x ‹z›", "An operator is missing between `x` and `z`.", "`x z`"),
    ("y ~ a + b*mother ‹age›", "An operator is missing between `mother` and `age`.", "`mother age`"),
    ("y ~ 3‹rd›", "An operator is missing between `3` and `rd`.", "begins with a digit stands in backquotes"),
    ("y ~ (1|g)‹(›1|h)", "An operator is missing between `(1|g)` and `(`.", "Write `+` between them."),
    ("y ~ ‹x (1 | g)›", "An operator is missing between `x` and the group term.", "Write `x + (1 | g)`."),
    ("y ~ a‹,› b", "`,` cannot stand here.", "join terms with `+`"),
    ("y ~ a ‹=› b", "`=` cannot stand here.", "they assign nothing"),
    ("y ~ ‹[a]›", "`[a]` cannot stand here.", "a label in brackets follows the response"),
    # group terms
    ("y ~ ( ‹|› g)", "The group term has nothing on the left of `|`.", "Write `(1 | g)`"),
    ("y ~ (1 ‹|› )", "The group term has no grouping factor.", "Write `(1 | g)`"),
    ("y ~ 1 ‹|› g", "A group term needs parentheses.", "Write `(1 | g)`."),
    ("y ~ x + 1 ‹|› g", "A group term needs parentheses.", "Write `(1 + x | g)`, and join it"),
    ("y ~ x ‹||› g", "A group term needs parentheses.", "uncorrelated terms `||` are not supported yet"),
    ("y ~ x:‹(1|g)›", "A group term cannot be part of an interaction.", "(1 + x | g)"),
    ("y ~ ‹(1|g)›*x", "A group term cannot be part of an interaction.", "(1 + x | g)"),
    ("y ~ x:(z - ‹(1|g)›)", "A group term cannot be part of an interaction.", "(1 + x | g)"),
    ("y ~ x - ‹(1|g)›", "A group term cannot be subtracted.", "Leave it out"),
    ("y ~ (‹(1|g)› | h)", "A group term cannot stand inside another.", "`(1 | a) + (1 | b)`"),
    ("y ~ (1 | g ‹|› h)", "A group term has one `|`.", "correlations between several group terms"),
    ("y ~ (‹0› | g)", "Nothing varies over the groups.", "Write `(1 | g)`"),
    (
        "y ~ (1 | g) + ‹(x | g)›",
        "The intercept varies over `g` in two group terms.",
        "`(1 | g) + (0 + x | g)`",
    ),
    (
        "y ~ (0 + a:b | g:h) + ‹(0 + b:a | h:g)›",
        "The slope of `b:a` varies over `h:g` in two group terms.",
        "`(1 | g) + (0 + x | g)`",
    ),
    ("y ~ (x ‹||› g)", "Uncorrelated terms `||` are not supported yet.", "Write `(1 | g) + (0 + x | g)`."),
    (
        "y ~ (0 + x + z ‹||› a:b)",
        "Uncorrelated terms `||` are not supported yet.",
        "`(0 + x | a:b) + (0 + z | a:b)`",
    ),
    ("y ~ (x | a‹/›b)", "`/` between grouping factors is not supported yet.", "Write `(x | a) + (x | a:b)`."),
    ("y ~ (1 | a ‹+› b)", "`+` between grouping factors is not supported yet.", "Write `(1 | a) + (1 | b)`."),
    (
        "y ~ (1 | a‹*›b)",
        "`*` between grouping factors is not supported yet.",
        "`(1 | a) + (1 | b) + (1 | a:b)`",
    ),
    ("y ~ (1 | a:b‹/›c)", "`/` between grouping factors is not supported yet.", "`(1 | urban:district)`"),
    ("y ~ (1 | ‹1›)", "`1` is not a grouping factor.", "`(1 | school)`"),
    ("y ~ (1 | g‹:-›h)", "Nothing stands between `:` and `-`.", "Remove one"),
    ("y ~ (1 | ‹factor(g)›)", "`factor(g)` is not a grouping factor.", "always read as categorical"),
    ("y ~ (1 | ‹mm(a, b)›)", "`mm(a, b)` is not a grouping factor.", "`(1 | school)`"),
    # what the complete grammar will have
    ("y ~ a‹/›b", "Nesting with `/` is not supported yet.", "Write `a + a:b`."),
    ("y ~ (a + b)‹/›c", "Nesting with `/` is not supported yet.", "Write `a + a:b` for `a/b`."),
    ("y ~ x‹^›2", "`^` outside `I()` is not supported yet.", "The power of a column is `I(x^2)`."),
    ("y ~ (a+b)‹**›2", "`**` outside `I()` is not supported yet.", "`a*b` for `(a + b)^2`"),
    ("y ~ a ‹%in%› b", "`%in%` is not supported yet.", "Write `a:b`."),
    ("y ~ a*b ‹%o%› c", "`%o%` is not an operator of formulas.", "The operators are"),
    ("y ~ x ‹>› 2", "`>` is not an operator of formulas.", "Compute the column first"),
    ("y ~ ‹!›x", "`!` is not an operator of formulas.", "Compute the column first"),
    ("y ~ ‹log(x)›", "The function `log()` is not supported yet.", 'data["log_x"] = np.log(data["x"])'),
    ("y ~ ‹poly(x, 2)›", "The function `poly()` is not supported yet.", "Write `x + I(x^2)`"),
    ("y ~ ‹scale(x)›", "The function `scale()` is not supported yet.", 'data["x"].std()'),
    ("y ~ ‹offset(log(n))›", "The function `offset()` is not supported yet.", "I(events/exposure)"),
    ("y ~ ‹as.factor(x)›", "The function `as.factor()` is not supported yet.", "Write `factor(x)`."),
    ("‹cbind(a, b)› ~ x", "The function `cbind()` is not supported yet.", "one row for each trial"),
    ("‹log(y)› ~ x", "The function `log()` is not supported yet.", 'np.log(data["y"])'),
    ("y ‹|› weights(w) ~ x", "Additional information on the response, `y | weights(w)`", "is one column"),
    # functions and arithmetic
    ("y ~ ‹Factor›(x)", "There is no function `Factor()`.", "Did you mean `factor()`?"),
    ("y ~ ‹lgo›(x)", "There is no function `lgo()`.", "`log()` is not supported yet either."),
    ("y ~ ‹foo›(x)", "There is no function `foo()`.", "The functions are `I(arithmetic)`"),
    ("y ~ ‹I()›", "`I()` takes one argument; 0 are given.", "as in `I(age^2)`"),
    ("y ~ ‹I(a, b)›", "`I()` takes one argument; 2 are given.", "as in `I(age^2)`"),
    ("y ~ I(a‹,›)", "Nothing follows this comma.", "Remove it."),
    ("y ~ I(‹,› a)", "`,` cannot stand here.", "is expected"),
    ("y ~ I(‹2›)", "`I()` names no column here.", "as in `I(age^2)`"),
    ("y ~ I(x ‹>› 2)", "`>` is not arithmetic.", "Compute the column first"),
    ("y ~ I(a‹:›b)", "`:` is not arithmetic.", "Inside `I()` stand"),
    ("y ~ I(‹log(x)›)", "The function `log()` cannot stand inside `I()`.", "np.log"),
    ("y ~ I(‹f(x)›)", "The function `f()` cannot stand inside `I()`.", "Compute the column first"),
    ("y ~ I(x + ‹'a'›)", "'a' is a text, not a column.", "without quotes"),
    ("y ~ I(x‹[1]›)", "Brackets stand only after the response.", "with all its levels"),
    ("y ~ factor(‹a:b›)", "`factor()` takes the name of a column.", "factor(year)"),
    ("y ~ factor(x, ‹levels = z›)", "`factor()` takes no argument `levels`.", "categorical dtype"),
    # terms
    ("y ~ ‹2›*x", "The number 2 is not a term.", "`I(2*x)`"),
    ("y ~ ‹1›:x", "`1` cannot be part of an interaction.", "products of columns"),
    ("y ~ (‹1› + a):b", "`1` cannot be part of an interaction.", "products of columns"),
    ("y ~ x‹[1]›", "Brackets stand only after the response.", "with all its levels"),
    ("y ~ ‹'a b'›", "'a b' is a text, not a column.", "`a b`"),
    ("y ~ ‹0›", "The right side leaves no term.", "Write `y ~ 1`"),
    ("y ~ x + ‹y›:z", "The response `y` is also on the right side.", "Remove it there"),
    ("y ~ x + (1 | ‹y›)", "The response `y` is also on the right side.", "Remove it there"),
    # the response
    ("‹y1 + y2› ~ x", "The response is not one column.", "`I(y1 + y2)`"),
    ("‹1› ~ x", "The response is not a column.", "is one column"),
    ("‹-y› ~ x", "The response is not a column.", "is one column"),
    ("‹factor(use)› ~ x", "The response cannot be `factor()`.", "Labels need no `factor()`."),
    ("‹I(y)[1]› ~ x", "The response is not a column.", "`use[Y]`"),
    ("use[Y]‹[N]› ~ x", "`[N]` cannot stand here.", "one label"),
    ("use‹[›Y ~ x", "This bracket does not enclose one label.", "`use[Y]`"),
]


@pytest.mark.parametrize(("marked", "problem", "hint"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(marked, problem, hint):
    start = marked.index("‹")
    text = marked.replace("‹", "").replace("›", "")
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    error = caught.value
    assert error.problem.startswith(problem)
    assert (error.span, error.formula) == ((start, marked.index("›") - 1), text)
    assert hint in error.hint
    lines = str(error).splitlines()
    assert lines[1].strip() == text.strip()
    assert lines[2] == " " * (4 + start) + "^" * (error.span[1] - start)


@pytest.mark.parametrize("text", ["", "  ", "\n\t"])
def test_empty(text):
    with pytest.raises(FormulaError, match=r"^The formula is empty\.\nA formula reads"):
        parse_formula(text)


def test_formula_of_several_lines():
    assert str(parse_formula("y ~\n  + a:b\n  + a\n  + (1 | g)")) == "y ~ 1 + a + a:b + (1 | g)"
    with pytest.raises(FormulaError) as caught:
        parse_formula("y ~ a\n  b")
    assert caught.value.span == (8, 9)


@pytest.mark.parametrize("given", [None, 3, ["y ~ x"], b"y ~ x"])
def test_not_a_string(given):
    with pytest.raises(ArgumentTypeError, match="A formula is a string"):
        parse_formula(given)


def test_one_tree_of_errors():
    with pytest.raises(HierbayesError):
        parse_formula("y")
    with pytest.raises(ValueError, match="no `~`"):
        parse_formula("y")
