"""Formulas that are accepted, with their terms; those that are refused, with the place and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from hierbayes.errors import ArgumentTypeError, FormulaError, HierbayesError
from hierbayes.formulas import (
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

MESSAGES = Path(__file__).with_name("refused.txt")

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
y ~ a/b | y ~ 1 + a + a:b | 1, a, a:b |
y ~ a/b/c | y ~ 1 + a + a:b + a:b:c | 1, a, a:b, a:b:c |
y ~ (a + b)/c | y ~ 1 + a + b + a:b:c | 1, a, b, a:b:c |
y ~ a %in% b | y ~ 1 + a:b | 1, a:b |
y ~ (a + b + c)^2 | y ~ 1 + a + b + c + a:b + a:c + b:c | 1, a, b, c, a:b, a:c, b:c |
y ~ (a + b)**3 - a | y ~ 1 + b + b:a | 1, b, b:a |
y ~ . | y ~ 1 + . | 1, . |
y ~ a + . - x - `e f` - 1 | y ~ 0 + a + . - x - `e f` | a, . - x - `e f` |
y ~ x + (. - x) + . | y ~ 1 + x + . | 1, x, . |
y ~ a - . | y ~ 1 + a | 1, a |
y ~ poly(x, 2, raw=T):z | y ~ 1 + poly(x, 2, raw = TRUE):z | 1, poly(x, 2, raw = TRUE):z |
y ~ log(I(x + 1))/f | y ~ 1 + log(I(x + 1)) + log(I(x + 1)):f | 1, log(I(x + 1)), log(I(x + 1)):f |
y ~ I(scale(x)^2 > 1) | y ~ 1 + I(scale(x)^2 > 1) | 1, I(scale(x)^2 > 1) |
y ~ I((a >= 2) * (f != 'k')) | y ~ 1 + I((a >= 2) * (f != "k")) | 1, I((a >= 2) * (f != "k")) |
y ~ C(f, contr.sum) | y ~ 1 + C(f, sum) | 1, C(f, sum) |
y ~ C(g, treatment("b")) | y ~ 1 + C(g, treatment(ref = "b")) | 1, C(g, treatment(ref = "b")) |
y ~ factor(f, ref=2) | y ~ 1 + factor(f, ref = "2") | 1, factor(f, ref = "2") |
y ~ cut(x, c(-1, +2, Inf)) | y ~ 1 + cut(x, c(-1, 2, Inf)) | 1, cut(x, c(-1, 2, Inf)) |
y ~ cut(x, 3, right=F):z | y ~ 1 + cut(x, 3, right = FALSE):z | 1, cut(x, 3, right = FALSE):z |
y ~ ordered(f,c('l','h')) | y ~ 1 + ordered(f, c("l", "h")) | 1, ordered(f, c("l", "h")) |
y ~ factor(f, levels='a') | y ~ 1 + factor(f, levels = "a") | 1, factor(f, levels = "a") |
y ~ C(g, contr.poly) | y ~ 1 + C(g, poly) | 1, C(g, poly) |
y ~ bs(x, knots=c(1,-2)) | y ~ 1 + bs(x, knots = c(1, -2)) | 1, bs(x, knots = c(1, -2)) |
y ~ ns(x, knots=-.5) | y ~ 1 + ns(x, knots = -0.5) | 1, ns(x, knots = -0.5) |
y ~ I(!(a > 1 & (b == 'Y'))) | y ~ 1 + I(!(a > 1 & b == "Y")) | 1, I(!(a > 1 & b == "Y")) |
y ~ I(!a == 2 & (b & c)) | y ~ 1 + I(!(a == 2) & (b & c)) | 1, I(!(a == 2) & (b & c)) |
y ~ c + Inf + gr + cut | y ~ 1 + c + Inf + gr + cut | 1, c, Inf, gr, cut |
y ~ (x ¦ gr(g, by=s)) | y ~ 1 + (1 + x ¦ gr(g, by = s)) | 1 | (1 + x ¦ gr(g, by = s))
y ~ (1 ¦ gr(h)) | y ~ 1 + (1 ¦ h) | 1 | (1 ¦ h)
y ~ (1 ¦ g) + (x ¦ g) | y ~ 1 + (1 + x ¦ g) | 1 | (1 + x ¦ g)
y ~ (x ¦ g) + (0 + x ¦¦ g) + (1 ¦ h) | y ~ 1 + (1 + x ¦ g) + (1 ¦ h) | 1 | (1 + x ¦ g); (1 ¦ h)
y ~ (0 + a:b ¦ g:h) + (0 + b:a ¦ h:g) | y ~ 1 + (0 + b:a ¦ h:g) | 1 | (0 + b:a ¦ h:g)
y ~ (1 ¦ g/h) + (x ¦¦ g) | y ~ 1 + (1 ¦ g:h) + (1 + x ¦¦ g) | 1 | (1 ¦ g:h); (1 + x ¦¦ g)
y ~ (1 ¦ cut(x, 3)) | y ~ 1 + (1 ¦ cut(x, 3)) | 1 | (1 ¦ cut(x, 3))
y ~ wb(log(x), g) | y ~ 1 + wb(log(x), g) | 1, wb(log(x), g) |
y ~ offset(log(n)) + x | y ~ 1 + x + offset(log(n)) | 1, x |
y ~ 0 + offset(z) | y ~ 0 + offset(z) | |
y ~ (x ¦¦ g) | y ~ 1 + (1 + x ¦¦ g) | 1 | (1 + x ¦¦ g)
y ~ (x ¦¦ a/b) | y ~ 1 + (1 + x ¦¦ a) + (1 + x ¦¦ a:b) | 1 | (1 + x ¦¦ a); (1 + x ¦¦ a:b)
y ~ (1 ¦ a/b/c) | y ~ 1 + (1 ¦ a) + (1 ¦ a:b) + (1 ¦ a:b:c) | 1 | (1 ¦ a); (1 ¦ a:b); (1 ¦ a:b:c)
y ~ (1 ¦ a:b/c) | y ~ 1 + (1 ¦ a:b) + (1 ¦ a:b:c) | 1 | (1 ¦ a:b); (1 ¦ a:b:c)
y ~ (poly(d, 2) ¦ factor(g)) | y ~ 1 + (1 + poly(d, 2) ¦ factor(g)) | 1 | (1 + poly(d, 2) ¦ factor(g))
log(y) ~ x | log(y) ~ 1 + x | 1, x |
cbind(s, n - s) ~ x | cbind(s, n - s) ~ 1 + x | 1, x |
s ¦ trials(10) + weights(w) ~ x | s ¦ trials(10) + weights(w) ~ 1 + x | 1, x |
use[Y] ¦ cens(c) ~ 1 | use[Y] ¦ cens(c) ~ 1 | 1 |
y ¦ trunc(lb = -1, ub = u) ~ 1 | y ¦ trunc(lb = -1, ub = u) ~ 1 | 1 |
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
    ("y ~ ( ‹|› g)", "The group term has nothing on the left of `|`.", "Write `(1 | g)`"),
    ("y ~ (1 ‹|› )", "The group term has no grouping factor.", "Write `(1 | g)`"),
    ("y ~ 1 ‹|› g", "A group term needs parentheses.", "Write `(1 | g)`."),
    ("y ~ x + 1 ‹|› g", "A group term needs parentheses.", "Write `(1 + x | g)`, and join it"),
    ("y ~ x:‹(1|g)›", "A group term cannot be part of an interaction.", "(1 + x | g)"),
    ("y ~ ‹(1|g)›*x", "A group term cannot be part of an interaction.", "(1 + x | g)"),
    ("y ~ x:(z - ‹(1|g)›)", "A group term cannot be part of an interaction.", "(1 + x | g)"),
    ("y ~ x - ‹(1|g)›", "A group term cannot be subtracted.", "Leave it out"),
    ("y ~ (‹(1|g)› | h)", "A group term cannot stand inside another.", "`(1 | a) + (1 | b)`"),
    ("y ~ (1 | g | h ‹|› k)", "A group term has at most two `|`.", "Between two bars stands an ID"),
    ("y ~ (1 | ‹g:h› | k)", "`g:h` is not an ID.", "a word or a number"),
    ("y ~ (1 | c ‹||› g)", "`||` stands beside an ID.", "`(1 |c| g)`"),
    ("y ~ (1 |c| ‹g/h›)", "The ID c stands before nested factors.", "`(1 |c| g)`"),
    ("y ~ (1 |c| ‹gr(g, by = s)›)", "The ID c stands before `gr()`.", "`(1 |c| g)`"),
    ("y ~ (1 |c| g) + ‹(0 + x |c| g)›", "The ID c comes twice in one formula.", "`(1 + x | g)`"),
    ("y ~ (‹0› | g)", "Nothing varies over the groups.", "Write `(1 | g)`"),
    ("y ~ (1 | ‹1›)", "`1` is not a grouping factor.", "`(1 | school)`"),
    ("y ~ (1 | g‹:-›h)", "Nothing stands between `:` and `-`.", "Remove one"),
    ("y ~ (1 | ‹mm(a, b)›)", "`mm(a, b)` is not a grouping factor.", "`(1 | school)`"),
    ("y ~ a*b ‹%o%› c", "`%o%` is not an operator of formulas.", "The operators are"),
    ("y ~ x ‹>› 2", "`>` is not an operator of formulas.", "Compute the column first"),
    ("y ~ ‹!›x", "`!` is not an operator of formulas.", "`I(!(x > 2))`"),
    ("y ~ ‹as.factor(x)›", "Formulas have no function `as.factor()`.", "Write `factor(x)`."),
    ("y ~ ‹Factor›(x)", "There is no function `Factor()`.", "Did you mean `factor()`?"),
    ("y ~ ‹foo›(x)", "There is no function `foo()`.", "The functions in a term are `I(arithmetic)`"),
    ("y ~ I(a‹,›)", "Nothing follows this comma.", "Remove it."),
    ("y ~ I(‹,› a)", "`,` cannot stand here.", "is expected"),
    ("y ~ I(a‹:›b)", "`:` is not arithmetic.", "Inside `I()` stand"),
    ("y ~ I(x + ‹'a'›)", "'a' is a text, not a column.", "without quotes"),
    ("y ~ I(x‹[1]›)", "Brackets stand only after the response.", "with all its levels"),
    ("y ~ ‹2›*x", "The number 2 is not a term.", "`I(2*x)`"),
    ("y ~ ‹1›:x", "`1` cannot be part of an interaction.", "products of columns"),
    ("y ~ (‹1› + a):b", "`1` cannot be part of an interaction.", "products of columns"),
    ("y ~ x‹[1]›", "Brackets stand only after the response.", "with all its levels"),
    ("y ~ ‹'a b'›", "'a b' is a text, not a column.", "`a b`"),
    ("y ~ ‹0›", "The right side leaves no term.", "Write `y ~ 1`"),
    ("y ~ x + ‹y›:z", "The response `y` is also on the right side.", "Remove it there"),
    ("y ~ x + (1 | ‹y›)", "The response `y` is also on the right side.", "Remove it there"),
    ("‹y1 + y2› ~ x", "The response is not one column.", "`I(y1 + y2)`"),
    ("‹1› ~ x", "The response is not a column.", "is one column"),
    ("‹-y› ~ x", "The response is not one column.", "Arithmetic stands in `I()`: `I(-y)`."),
    ("‹factor(use)› ~ x", "The response cannot be `factor()`.", "Labels need no `factor()`"),
    ("‹I(y)[1]› ~ x", "The response is not a column.", "`use[Y]`"),
    ("use[Y]‹[N]› ~ x", "`[N]` cannot stand here.", "one label"),
    ("use‹[›Y ~ x", "This bracket does not enclose one label.", "`use[Y]`"),
    ("y ~ x ‹||› g", "A group term needs parentheses.", "Write `(x || g)`."),
    (
        "y ~ (x | g) + ‹(1 + z | g)›",
        "The intercept varies over `g` in two group terms.",
        "write `(x || g)`",
    ),
    (
        "y ~ (x | g) + ‹(1 | gr(g, by = s))›",
        "The intercept varies over `g` in two group terms.",
        "write `(x || g)`",
    ),
    (
        "y ~ (0 + x + z | g) + ‹(x + z || g)›",
        "The slope of `x` varies over `g` in two group terms.",
        "write `(x || g)`",
    ),
    (
        "y ~ (a:b | g:h) + ‹(0 + b:a + c | h:g)›",
        "The slope of `b:a` varies over `h:g` in two group terms.",
        "write `(x || g)`",
    ),
    (
        "y ~ (x | g) + ‹(0 + x + z || g)›",
        "The slope of `x` varies over `g` in two group terms.",
        "write `(x || g)`",
    ),
    ("y ~ (1 | a ‹+› b)", "`+` between grouping factors is not supported.", "Write `(1 | a) + (1 | b)`."),
    ("y ~ (1 | a‹*›b)", "`*` between grouping factors is not supported.", "`(1 | a) + (1 | b) + (1 | a:b)`"),
    ("y ~ (1 | b ‹%in%› a)", "`%in%` between grouping factors is not supported.", "Write `(1 | b:a)`."),
    ("y ~ (1 | ‹as.factor(g)›)", "`as.factor(g)` is not a grouping factor.", "always read as categorical"),
    ("y ~ (1 | ‹log(g)›)", "`log(g)` is not a grouping factor.", "`(1 | school/class)`"),
    ("y ~ x^‹2›", "A power of one term is that term itself.", "The power of a column is `I(x^2)`"),
    ("y ~ (a+b)**‹0›", "`0` is not a whole number from 1 to 10.", "all interactions of two"),
    ("y ~ (a+b)^‹c›", "`c` is not a whole number from 1 to 10.", "all interactions of two"),
    ("y ~ (a+b)^‹11›", "`11` is not a whole number from 1 to 10.", "all interactions of two"),
    ("y ~ (a + ‹1›)^2", "`1` cannot be part of an interaction.", "products of columns"),
    ("y ~ x/‹2›", "The number 2 is not a term.", "`I(2*x)`"),
    ("y ~ ‹.›:x", "`.` cannot be part of something else.", "`y ~ . + (1 | g)`"),
    ("y ~ (‹.› | g)", "`.` cannot be part of something else.", "`y ~ . + (1 | g)`"),
    ("y ~ ‹cut(x)›", "`cut()` needs `breaks`.", "Write `cut(x, c(0, 10, 20))`."),
    ("y ~ cut(x, ‹1›)", "`1` is neither `c(...)` nor a whole number from 2 to 50.", "`cut(x, 3)`"),
    ("y ~ cut(x, ‹c(1)›)", "One bound makes no interval.", "`c(-Inf, 0, Inf)`"),
    ("y ~ cut(x, c(1, 2, ‹1›))", "The number 1 comes twice.", "Keep one"),
    ("y ~ cut(x, c(1, ‹z›))", "`z` is not a number.", "`c(0, 2.5, 10)`"),
    ("y ~ cut(x, ‹c(a = 1)›)", "`c()` takes constants, without keywords.", "Write `c(1, 2)`"),
    ("y ~ cut(x, ‹c()›)", "`c()` takes constants, without keywords.", "Write `c(1, 2)`"),
    ("y ~ cut(x, 2, labels = c('a', ‹'a'›))", 'The label "a" comes twice.', "Keep one"),
    ("y ~ cut(x, 2, labels = ‹FALSE›)", "`FALSE` is not a label.", "A level stands in quotes"),
    ("y ~ ‹c(x, z)›", "`c()` cannot stand in a term.", "terms are joined by `+`"),
    ("y ~ ordered(f, levels = c('a', ‹b›))", "`b` is not a label.", "A level stands in quotes"),
    ("y ~ ‹bs(x)›", "`bs()` needs `df` or `knots`.", "Write `bs(x, df = 5)`."),
    ("y ~ ‹ns(x, df = 3, knots = 1)›", "`ns()` takes one of `df` and `knots`.", "Write `ns(x, df = 3)`."),
    ("y ~ ns(x, knots = c(1, ‹Inf›))", "This number must be finite.", "within the data's range"),
    ("y ~ ‹gr(g)›", "The function `gr()` cannot stand in a term.", "`y ~ (1 | gr(g, by = sector))`"),
    ("y ~ (1 | ‹gr(g, by = s)›:h)", "`gr()` cannot be part of a crossing.", "It stands alone"),
    ("y ~ (1 | gr(g, ‹bi = s›))", "`gr()` takes no argument `bi`.", "`g`, `by`"),
    ("y ~ (1 | gr(‹a:b›, by = s))", "`a:b` is not the name of a column.", "factor(year)"),
    ("y ~ ‹cbind(a, b)›", "The function `cbind()` cannot stand in a term.", "`cbind(success, failure) ~ x`"),
    ("y ~ ‹trials(n)›", "The function `trials()` cannot stand in a term.", "`y | trials(n) ~ x`"),
    ("y ~ x:‹offset(z)›", "The function `offset()` cannot stand in a term.", "`y ~ x + offset(log(n))`"),
    ("y ~ x - ‹offset(z)›", "The function `offset()` cannot stand in a term.", "`y ~ x + offset(log(n))`"),
    ("y ~ (‹offset(z)› | g)", "The function `offset()` cannot stand in a term.", "`y ~ x + offset(log(n))`"),
    ("y ~ ‹lgo›(x)", "There is no function `lgo()`.", "Did you mean `log()`?"),
    ("y ~ ‹as.facto›(x)", "There is no function `as.facto()`.", "Formulas have no `as.factor()` either."),
    ("y ~ ‹I()›", "`I()` needs `x`.", "Write `I(arithmetic)`."),
    ("y ~ ‹I(a, b)›", "`I()` takes one argument; 2 are given.", "Write `I(arithmetic)`"),
    ("y ~ ‹log(x, 2)›", "`log()` takes one argument; 2 are given.", "Write `log(x)`"),
    ("y ~ I(‹2›)", "No column is named here.", "as in `I(age^2)`"),
    ("y ~ poly(‹2›, 2)", "No column is named here.", "as in `I(age^2)`"),
    ("y ~ ‹poly(x)›", "`poly()` needs `degree`.", "Write `poly(x, 2)`."),
    ("y ~ poly(x, ‹2.5›)", "`2.5` is not a whole number from 1 to 50.", "`poly(x, 2)`"),
    ("y ~ poly(x, ‹51›)", "`51` is not a whole number from 1 to 50.", "`poly(x, 2)`"),
    ("y ~ poly(x, ‹k›)", "`k` is not a whole number from 1 to 50.", "`poly(x, 2)`"),
    ("y ~ poly(x, 2, raw = ‹1›)", "`1` is not `TRUE` or `FALSE`.", "Write `TRUE`."),
    ("y ~ poly(x, 2, ‹rw = TRUE›)", "`poly()` takes no argument `rw`.", "Did you mean `raw`?"),
    ("y ~ poly(x, 2, ‹x = z›)", "This argument of `poly()` comes twice", "Write `poly(x, 2)`."),
    (
        "y ~ poly(x = z, ‹2›)",
        "This argument of `poly()` comes twice, or after one with a keyword.",
        "Write `poly(x, 2)`.",
    ),
    ("y ~ I(x ‹&&› z)", "`&&` is not arithmetic.", "comparisons such as `x > 2` with `&`, `|` and `!`"),
    ("y ~ I(x ‹||› z)", "`||` is not arithmetic.", "comparisons such as `x > 2` with `&`, `|` and `!`"),
    ("y ~ I(1 < x ‹<› 2)", "One comparison follows another.", "`I(1 < x & x < 3)`"),
    (
        "y ~ I(‹poly(x, 2)›)",
        "The function `poly()` cannot stand inside arithmetic.",
        "as in `y ~ poly(x, 2)`",
    ),
    (
        "y ~ I(‹f›(x))",
        "There is no function `f()`.",
        "The functions inside arithmetic are `I(arithmetic)`, `log(x)`",
    ),
    ("y ~ factor(‹a:b›)", "`a:b` is not the name of a column.", "factor(year)"),
    ("y ~ factor(x, levels = ‹z›)", "`z` is not a label.", '`factor(f, ref = "b")`'),
    ("y ~ factor(x, ‹lvels = z›)", "`factor()` takes no argument `lvels`.", "Did you mean `levels`?"),
    ("y ~ factor(x, ref = ‹b›)", "`b` is not a label.", '`factor(f, ref = "b")`'),
    ("y ~ C(f, ‹sun›)", "`sun` is not a contrast.", "Did you mean `sum`?"),
    ("y ~ C(f, ‹sum(2)›)", "`sum(2)` is not a contrast.", "`treatment`, `sum`, `helmert`"),
    ("y ~ C(f, ‹treatment(base = 2)›)", "`treatment()` takes the reference level.", '`treatment(ref = "b")`'),
    ("y ~ ‹wb(x)›", "`wb()` needs `g`.", "Write `wb(x, g)`."),
    ("y ~ wb(x, ‹a:b›)", "`a:b` is not the name of a column.", "name of a column"),
    ("y | ‹f›(w) ~ x", "There is no function `f()`.", "`trials(n)`, `weights(w)`"),
    ("y | ‹log(w)› ~ x", "The function `log()` cannot stand behind the bar of the response.", "`y ~ log(x)`"),
    ("y | ‹w› ~ x", "`w` is not a function.", "Behind the bar stand `trials(n)`"),
    ("y | weights(w) ‹|› cens(c) ~ x", "A response has one `|`.", "joined by `+`"),
    ("y | weights(w) ‹-› cens(c) ~ x", "`-` cannot stand here.", "joined by `+`"),
    ("y | weights(w) + ‹weights(v)› ~ x", "`weights()` comes twice.", "Keep one"),
    ("y | ‹trunc()› ~ x", "`trunc()` needs an argument.", "Write `trunc(lb = 0)`."),
    ("‹poly(y, 2)› ~ x", "The function `poly()` cannot stand as the response.", "as in `y ~ poly(x, 2)`"),
    ("‹weights(y)› ~ x", "The function `weights()` cannot stand as the response.", "`y | weights(w) ~ x`"),
    ("‹cbind(a)› ~ x", "`cbind()` needs `failure`.", "Write `cbind(success, failure)`."),
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


def messages():
    for marked, _, _ in REFUSED:
        with pytest.raises(FormulaError) as caught:
            parse_formula(marked.replace("‹", "").replace("›", ""))
        yield str(caught.value)


def test_whole_messages_are_those_that_were_read():
    """`refused.txt` has every message word for word. Running this file writes it; read what differs as a
    student would before it is committed."""
    assert "\n\n".join(messages()) + "\n" == MESSAGES.read_text(encoding="utf-8")


def test_what_stands_behind_the_bar_of_a_response():
    response = parse_formula("y | weights(w) + trunc(ub = 3) ~ x").response
    assert response.additions == (
        Call("weights", (Name("w"),)),
        Call("trunc", (), (("ub", Number(3)),)),
    )


def test_offsets_are_no_terms():
    formula = parse_formula("y ~ offset(a) + x + offset(log(b))")
    assert [str(term) for term in formula.population] == ["1", "x"]
    assert [str(call) for call in formula.offsets] == ["offset(a)", "offset(log(b))"]


def test_uncorrelated_group_terms_are_other_terms():
    (correlated,) = parse_formula("y ~ (x | g)").groups
    (independent,) = parse_formula("y ~ (x || g)").groups
    assert (correlated.correlated, independent.correlated) == (True, False)
    assert correlated != independent


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("y ~ (1 | g) + (x | g)", ("(1 | g) is part of (1 + x | g): {}",)),
        ("y ~ (x | g) + (1 + x | g)", ("(1 + x | g) comes twice: {}",)),
        (
            "y ~ (1 | g) + (1 | g) + (x || g)",
            ("(1 | g) comes twice: {}", "(1 | g) is part of (1 + x || g): {}"),
        ),
        ("y ~ (1 | g) + (x | gr(g, by = s))", ("(1 | g) is part of (1 + x | gr(g, by = s)): {}",)),
        ("y ~ (1 | g) + (0 + x | g)", ()),
        ("y ~ (1 | g) + (x | h)", ()),
    ],
)
def test_group_terms_that_are_part_of_another_are_said(text, notes):
    same = "they are one group term, with the same model of the data"
    assert parse_formula(text).notes == tuple(note.format(same) for note in notes)


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


if __name__ == "__main__":
    MESSAGES.write_text("\n\n".join(messages()) + "\n", encoding="utf-8")
