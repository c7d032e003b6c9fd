"""The table of formulas: 145 accepted, 102 refused.

Accepted ones are held to lme4's `lFormula` (tests/reference/formulas.R, figures in formulas.json): names,
order, sums and sums of squares of the population columns; factors and numbers of the groups; which columns
correlate within each group term; the number of variances and covariances. The exceptions say why.

Refused ones are held to their whole message: 45 with a caret under the place in the formula, 57 about values
of the data, which have no place there. (Those that cannot be read are in tests/formulas/test_parser.py.)
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hierbayes.datasets import load_data
from hierbayes.design import build_design
from hierbayes.errors import ColumnNotFoundError, DataError, FormulaError, HierbayesError
from hierbayes.formulas import parse_formula

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "formulas.json").read_text())
NEAR = {"rtol": 1e-9, "atol": 1e-9}  # sums of some thousand terms; columns of poly() sum to zero
ROWS = [*REFERENCE["grammar1"], *REFERENCE["grammar2"]]

GROUPS_DIFFER = {
    "y ~ (scale(x) + b)^2 + (1 + b || school)": (
        "lme4 splits the formula of `||`, not its columns: (1 | school) + (0 + b | school), with all "
        "levels of b and their correlation. Ours makes the columns independent: intercept and b[no]."
    ),
    **dict.fromkeys(
        (
            "normexam ~ standLRT + (1 | school) + (standLRT | school)",
            "y ~ x + (x | school) + (0 + x || school) + (1 | item)",
        ),
        "lme4 keeps a term that is part of another: variances of which only the sum is identified. Ours "
        "makes the two one term, the same model of the data.",
    ),
}
ORDER_DIFFERS = {
    "y ~ flag:x + a:flag + (1 | item)": (
        "R orders the variables of all interactions by their first appearance, so that `a:flag` becomes "
        "`flag:a`; ours keeps variables without a main effect as written, so that printed formulas read back."
    ),
}


@cache
def frame(name):
    if name != "toy":
        return load_data(name)
    data = pd.DataFrame(REFERENCE["toy"])
    return data.assign(**{c: pd.Categorical(data[c], levels) for c, levels in REFERENCE["levels"].items()})


def design_of(row):
    kind = "binary" if row["data"] == "contraception" else "numeric"
    return build_design(parse_formula(row["formula"]), frame(row["data"]), response_kind=kind)


def our_terms(design):
    """Group terms with their correlated columns: those of `||` one by one, as lme4 lists them."""
    found = []
    for group in design.groups:
        sums = group.Z.sum(axis=0)
        parts = [sums] if group.correlated else list(sums[:, None])
        found += [(sorted(group.factor.split(":")), group.n_groups, *part.tolist()) for part in parts]
    return sorted(found)


def their_terms(row):
    return sorted((sorted(g["columns"]), g["levels"], *g["sums"]) for g in row["groups"])


def n_variances(design):
    counts = [(len(group.terms), group.correlated) for group in design.groups]
    return sum(q * (q + 1) // 2 if correlated else q for q, correlated in counts)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["formula"])
def test_columns_are_those_of_lme4(row):
    """Names are R's but for the levels of factors, `schgend[boys]` for `schgendboys`; in an interaction the
    order of the parts is free."""
    design = design_of(row)
    ours = [tuple(sorted(name.split(":"))) for name in design.terms]
    theirs = [tuple(sorted(parts)) for parts in row["columns"]]
    order = list(range(len(ours)))
    if row["formula"] in ORDER_DIFFERS:
        assert ours != theirs, "the exception is not needed"
        order = [ours.index(name) for name in theirs]
    assert [ours[k] for k in order] == theirs
    assert len(set(order)) == len(ours)
    np.testing.assert_allclose(design.X.sum(axis=0)[order], row["sums"], **NEAR)
    np.testing.assert_allclose((design.X**2).sum(axis=0)[order], row["squares"], **NEAR)
    np.testing.assert_allclose(0 if design.offset is None else design.offset.sum(), row["offset"], **NEAR)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["formula"])
def test_groups_and_variances_are_those_of_lme4(row):
    """Nested factors are called `school:class`, from the outer to the inner one; lme4 has `class:school`."""
    design = design_of(row)
    ours, theirs = our_terms(design), their_terms(row)
    if row["formula"] in GROUPS_DIFFER:
        assert n_variances(design) != row["theta"], "the exception is not needed"
        return
    assert [term[:2] for term in ours] == [term[:2] for term in theirs]
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our[2:], their[2:], **NEAR)
    assert n_variances(design) == row["theta"]


# What data refuse.
DATA = {
    "y": [1.0, 2.0, 4.0, 3.0, 5.0, 2.5, 3.5, 1.5],
    "age": [20, 31, 25, 40, 22, 37, 29, 33],
    "dose": [0.0, 1.0, 2.0, 0.5, 1.5, 2.5, 3.0, 0.2],
    "sex": list("fmfmfmmf"),
    "arm": list("ppqqppqq"),
    "school": list("aabbccdd"),
    "use": list("NYNYYNNY"),
    "flag": [True, False] * 4,
    "one": ["x"] * 8,
    "other": ["z"] * 8,
    "same": [3] * 8,
    "zero": [0.0] * 8,
    "inf": [1.0, np.inf, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
    "neg": [-1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
    "gone": [None] * 8,
    "hole": [1.0, 2.0, None, 4.0, 5.0, 6.0, 7.0, 9.0],
    "lists": [[1]] * 8,
}
COLUMNS = f"Columns of the data: {', '.join(DATA)}. Correct the formula, or add the column to the data."

# ‹ › mark the span; the part of the column in the model; the nearest column.
NO_COLUMN = """
‹agee› ~ dose | the response | age
log(‹yy›) ~ age | the response | y
I(‹yy› / 2) ~ age | the response | y
y ~ ‹agee› | a population term | age
y ~ ‹AGE› | a population term | age
y ~ ‹Sex› | a population term | sex
y ~ ‹zzzz› | a population term |
y ~ ‹`the age`› | a population term | age
y ~ age + ‹dos› | a population term | dose
y ~ age:‹amr› | a population term | arm
y ~ age*‹scholl› | a population term | school
y ~ age/‹scholl› | a population term | school
y ~ (age + ‹does›)^2 | a population term | dose
y ~ I(‹agee›^2) | a population term | age
y ~ I(age + ‹doze›) | a population term | dose
y ~ factor(‹scool›) | a population term | school
y ~ log(‹agee›) | a population term | age
y ~ poly(‹agee›, 2) | a population term | age
y ~ scale(‹agee›) | a population term | age
y ~ ns(‹ag›, df = 3) | a population term | age
y ~ wb(‹agee›, school) | a population term | age
y ~ wb(age, ‹schol›) | a grouping factor | school
y ~ offset(‹exposure›) | an offset |
y ~ offset(log(‹doses›)) | an offset | dose
y ~ (‹agee› ¦ school) | a group-level effect | age
y ~ (0 + ‹doze› ¦¦ school) | a group-level effect | dose
y ~ (I(‹doze›^2) ¦ school) | a group-level effect | dose
y ~ (1 ¦ ‹schol›) | a grouping factor | school
y ~ (1 ¦ school:‹am›) | a grouping factor | arm
y ~ (1 ¦ school/‹am›) | a grouping factor | arm
y ~ (1 ¦ factor(‹schol›)) | a grouping factor | school
y ~ (age ¦ school) + (1 ¦ ‹claas›) | a grouping factor |
"""


def no_column():
    for line in NO_COLUMN.strip().splitlines():
        marked, role, nearest = (cell.strip().replace("¦", "|") for cell in line.split("|"))
        yield pytest.param(marked, role, nearest, id=marked)


def refused(formula, kind="numeric"):
    with pytest.raises(HierbayesError) as caught:
        build_design(parse_formula(formula), DATA, response_kind=kind)
    return caught.value


def unmark(marked):
    start, end = marked.index("‹"), marked.index("›") - 1
    return marked.replace("‹", "").replace("›", ""), (start, end)


def with_caret(problem, formula, span, hint):
    return f"{problem}\n    {formula}\n    {' ' * span[0]}{'^' * (span[1] - span[0])}\n{hint}"


@pytest.mark.parametrize(("marked", "role", "nearest"), list(no_column()))
def test_columns_that_do_not_exist(marked, role, nearest):
    formula, span = unmark(marked)
    error = refused(formula)
    name = formula[slice(*span)].strip("`")
    assert isinstance(error, ColumnNotFoundError)
    hint = (f"Did you mean {nearest!r}? " if nearest else "") + COLUMNS
    problem = f"The data have no column {name!r}, named as {role}."
    assert str(error) == with_caret(problem, formula, span, hint)


ARITHMETIC = "Arithmetic needs numbers, but {0!r} holds text ({1})."
AS_A_TERM = "Name `{}` as a term of its own, or turn it into numbers first."
POWERS = "Powers from -100 to 100 are allowed."
PLACES = [
    (
        'y ~ ordered(sex, levels = ‹c("m", "w")›)',
        "The factor 'sex' has the level 'f', which `levels` does not name.",
        "Its levels are 'f', 'm': name all of them, or mark the others as missing.",
    ),
    ("y ~ I(‹sex› + 1)", ARITHMETIC.format("sex", "'f', 'm'"), AS_A_TERM.format("sex")),
    ("y ~ I(age * ‹arm›)", ARITHMETIC.format("arm", "'p', 'q'"), AS_A_TERM.format("arm")),
    ("y ~ log(‹sex›)", ARITHMETIC.format("sex", "'f', 'm'"), AS_A_TERM.format("sex")),
    ("y ~ poly(‹sex›, 2)", ARITHMETIC.format("sex", "'f', 'm'"), AS_A_TERM.format("sex")),
    ("y ~ scale(‹arm›)", ARITHMETIC.format("arm", "'p', 'q'"), AS_A_TERM.format("arm")),
    ("y ~ I(‹age^400›)", "The power 400 is out of bounds.", POWERS),
    ("y ~ (I(‹dose^-101›) | school)", "The power -101 is out of bounds.", POWERS),
    (
        'y ~ C(arm, sum, ref = ‹"p"›)',
        "sum contrasts have no reference level.",
        "Leave `ref` out, or write `treatment(ref = ...)`.",
    ),
    (
        "‹y[2]› ~ age",
        "The response y[2] chooses an outcome, but this family models numbers.",
        "Write y alone, or use family='bernoulli'.",
    ),
]
BINARY_PLACES = [
    (
        "‹use[y]› ~ age",
        "The response 'use' has no level 'y'.",
        "Did you mean use[Y]? Its levels are 'N', 'Y'.",
    ),
    ("‹use[Yes]› ~ age", "The response 'use' has no level 'Yes'.", "Its levels are 'N', 'Y'."),
    (
        "‹flag[TRUE]› ~ age",
        "The response 'flag' has no level 'TRUE'.",
        "Did you mean flag[True]? Its levels are 'False', 'True'.",
    ),
]


@pytest.mark.parametrize(
    ("kind", "marked", "problem", "hint"),
    [*(("numeric", *row) for row in PLACES), *(("binary", *row) for row in BINARY_PLACES)],
)
def test_what_data_refuse_at_a_place_of_the_formula(kind, marked, problem, hint):
    formula, span = unmark(marked)
    error = refused(formula, kind)
    assert isinstance(error, FormulaError)
    assert str(error) == with_caret(problem, formula, span, hint)


def one_level(name, label):
    return (
        f"The factor {name!r} has one level ({label!r}) in the rows that are used; at least two are needed "
        "to compare. Leave it out of the formula."
    )


def one_group(name, label):
    return (
        f"The grouping factor {name!r} has one level ({label!r}) in the rows that are used; at least two are "
        "needed to see how much groups differ. Leave the group term out, or use data with more groups."
    )


def constant(name, value, where=""):
    return (
        f"The column {name!r}{where} is {value} in all 8 rows that are used: a constant column cannot be "
        "told from the intercept. Leave it out of the formula."
    )


def not_finite(what, values, rule=""):
    return (
        f"{what} is not a finite number in row 1 (the first is row 1), where {values}.{rule} "
        "Change the expression, or mark the value as missing to drop the row."
    )


def never_finite(what, values, rule=""):
    return (
        f"{what} is not a finite number in rows 1, 2, 3, 4, 5, ... (8 in all; the first is row 1), where "
        f"{values} in row 1.{rule} Change the expression, or mark the values as missing to drop the rows."
    )


def nothing_left(*columns):
    return (
        "No rows are left: each of the 8 rows has a missing value in a column of the model: "
        f"{', '.join(columns)}. Fill in the values, or leave those columns out of the formula."
    )


def nothing_to_explain(name, value):
    return (
        f"The response {name!r} is {value} in all 8 rows that are used: there is nothing to explain. "
        "Choose another response, or check how the data were filtered."
    )


INFINITE = (
    "Column 'inf' is infinite (inf) in row 2 (the first is row 1). Every number must be finite: correct the "
    "value, or mark it as missing to drop the row."
)
LISTS = (
    "Column 'lists' holds values of type list, which a formula cannot use. Allowed are numbers, booleans, "
    "text and categories: convert the column first."
)
LABELS = (
    "The response {!r} holds labels ({}), but numbers are needed here. A response with two outcomes is "
    "modelled by family='bernoulli'; or turn it into numbers first."
)
LOG, SQRT = " log() takes numbers above 0.", " sqrt() takes numbers from 0."
DISTINCT = (
    "{} needs {} different values; the rows that are used have {}. Write a smaller degree or df, or use "
    "factor()."
)
VALUES = {
    "y ~ cut(age, c(50, 60))": (
        "No rows are left: each of the 8 rows is outside of all intervals of cut(age, c(50, 60)) (8). "
        "`-Inf` and `Inf` as the outer bounds cover every number."
    ),
    "y ~ cut(age, c(0, 60))": one_level("cut(age, c(0, 60))", "(0,60]"),
    "y ~ cut(same, 3)": one_level("cut(same, 3)", "(2.999,3.001]"),
    'y ~ cut(age, 3, labels = c("a", "b"))': (
        'cut(age, 3, labels = c("a", "b")) has 3 intervals ((20,26.7], (26.7,33.3], (33.3,40]) and 2 labels. '
        "Give one label for each interval, or leave the labels out."
    ),
    "y ~ ordered(one)": one_level("ordered(one)", "x"),
    "y ~ bs(age, knots = c(30, 45))": (
        "The knot 45 of bs(age, knots = c(30, 45)) is not between the outer knots, 20 and 40. Knots lie "
        "within the range of the values, or within Boundary.knots."
    ),
    "y ~ ns(age, df = 2, Boundary.knots = 3)": (
        "ns(age, df = 2, Boundary.knots = 3) has 1 boundary knots. Write two: Boundary.knots = c(0, 10)."
    ),
    "y ~ (1 | gr(school, by = sex))": (
        "The column 'sex' of gr(school, by = sex) differs within the group 'a': 'f', 'm'. Each group must "
        "belong to one level: correct the values, or make every combination a group of its own, (school:sex)."
    ),
    "y ~ (1 | gr(arm, by = arm))": one_group("arm:arm[p]", "p"),
    "sex ~ age": LABELS.format("sex", "'f', 'm'"),
    "flag ~ age": LABELS.format("flag", "'False', 'True'"),
    "same ~ age": nothing_to_explain("same", "3"),
    "I(same * 2) ~ age": nothing_to_explain("I(same * 2)", "6"),
    "inf ~ age": INFINITE,
    "lists ~ age": LISTS,
    "gone ~ age": nothing_left("gone (8)"),
    "log(neg) ~ age": not_finite("log(neg)", "neg = -1", LOG),
    "y ~ one": one_level("one", "x"),
    "y ~ one:age": one_level("one", "x"),
    "y ~ one*age": one_level("one", "x"),
    "y ~ factor(same)": one_level("factor(same)", "3"),
    "y ~ (one | school)": one_level("one", "x"),
    "y ~ (sex:one | school)": one_level("one", "x"),
    "y ~ same": constant("same", 3),
    "y ~ zero": constant("zero", 0),
    "y ~ I(same + 1)": constant("I(same + 1)", 4),
    "y ~ I(age - age)": constant("I(age - age)", 0),
    "y ~ (same | school)": constant("same", 3, " of the group term 'school'"),
    "y ~ inf": INFINITE,
    "y ~ (inf | school)": INFINITE,
    "y ~ (1 | inf)": INFINITE,
    "y ~ lists": LISTS,
    "y ~ (1 | lists)": LISTS,
    "y ~ gone": nothing_left("gone (8)"),
    "y ~ hole + (1 | gone)": nothing_left("hole (1)", "gone (8)"),
    "y ~ I(1/zero)": never_finite("I(1/zero)", "zero = 0"),
    "y ~ I(age/zero)": never_finite("I(age/zero)", "age = 20, zero = 0"),
    "y ~ I(zero^-1)": never_finite("I(zero^-1)", "zero = 0"),
    "y ~ I(neg^0.5)": not_finite("I(neg^0.5)", "neg = -1"),
    "y ~ log(neg)": not_finite("log(neg)", "neg = -1", LOG),
    "y ~ log(zero)": never_finite("log(zero)", "zero = 0", LOG),
    "y ~ sqrt(neg)": not_finite("sqrt(neg)", "neg = -1", SQRT),
    "y ~ (log(neg) | school)": not_finite("log(neg)", "neg = -1", LOG),
    "y ~ offset(log(zero))": never_finite("log(zero)", "zero = 0", LOG),
    "y ~ (1 | one)": one_group("one", "x"),
    "y ~ (age | one)": one_group("one", "x"),
    "y ~ (1 | one:other)": one_group("one:other", "x:z"),
    "y ~ (1 | one/school)": one_group("one", "x"),
    "y ~ poly(age, 9)": DISTINCT.format("poly(age, 9)", 10, 8),
    "y ~ poly(flag, 2)": DISTINCT.format("poly(flag, 2)", 3, 2),
    "y ~ (poly(flag, 2) | school)": DISTINCT.format("poly(flag, 2)", 3, 2),
    "y ~ scale(same)": (
        "scale(same) divides by a standard deviation of 0: the values are 3 in all 8 rows that are used. "
        "Leave it out of the formula."
    ),
}
OUTCOMES = (
    "The response {!r} has {} different values ({}); a binary response has 0 and 1, booleans or two "
    "labels. {}"
)
FIRST = (
    "Ordered categories are modelled by family='cumulative', unordered ones by family='categorical'; or make "
    "a column with two outcomes first, one of the labels against the rest, say."
)
GAUSSIAN = "For a numeric response use family='gaussian'; otherwise make a column with two outcomes first."
BINARY_VALUES = {
    "school ~ age": OUTCOMES.format("school", 4, "'a', 'b', 'c', 'd'", FIRST),
    "age ~ sex": OUTCOMES.format("age", 8, "'20', '22', '25', '29', ... (8 in all)", GAUSSIAN),
    "one ~ age": nothing_to_explain("one", "'x'"),
    "zero ~ age": nothing_to_explain("zero", "'0'"),
    "inf ~ age": INFINITE,
}


@pytest.mark.parametrize(
    ("kind", "formula", "message"),
    [*(("numeric", *row) for row in VALUES.items()), *(("binary", *row) for row in BINARY_VALUES.items())],
)
def test_values_that_are_refused(kind, formula, message):
    error = refused(formula, kind)
    assert isinstance(error, DataError)
    assert str(error) == message


@pytest.mark.parametrize(
    ("formula", "empty"),
    [
        ("y ~ 0 + sex:arm:cell", "are zero in every row"),
        ("y ~ arm*cell", "arm[q]:cell[v] is a linear combination of arm[q]"),
        ("y ~ age + (0 + arm:cell | school)", None),
    ],
)
def test_empty_cells_are_said_not_refused(formula, empty):
    data = DATA | {"cell": ["u", "u", "v", "v", "u", "u", "v", "v"]}
    messages = build_design(parse_formula(formula), data).messages
    assert (empty is None and messages == ()) or any(empty in message for message in messages)


def test_the_table_is_as_large_as_it_says():
    accepted = {row["formula"] for row in ROWS}
    like_lme4 = accepted - {*GROUPS_DIFFER, *ORDER_DIFFERS}
    with_caret = [unmark(row.values[0])[0] for row in no_column()]
    with_caret += [unmark(marked)[0] for marked, _, _ in (*PLACES, *BINARY_PLACES)]
    values = [*(("numeric", f) for f in VALUES), *(("binary", f) for f in BINARY_VALUES)]
    assert len(accepted) == len(ROWS) and {*GROUPS_DIFFER, *ORDER_DIFFERS} <= accepted
    assert len(set(with_caret)) == len(with_caret)
    counts = len(accepted), len(with_caret), len(values)
    assert f": {counts[0]} accepted, {counts[1] + counts[2]} refused." in __doc__
    assert f"message: {counts[1]} with a caret" in __doc__
    assert f"formula, {counts[2]} about values" in __doc__
    assert sum(counts) >= 150
    assert len(like_lme4) >= 60
