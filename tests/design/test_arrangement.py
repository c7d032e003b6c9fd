"""What a model says about its groups and variables, in `model.messages`: each once."""

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.design import build_design
from hierbayes.formulas import parse_formula

N = 60
RNG = np.random.default_rng(0)
GROUP = np.arange(N) // 6
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=N),
        "x": RNG.normal(size=N),
        "school": GROUP,
        "room": np.arange(N) // 3 % 2 + 1,
        "funds": 0.1 * GROUP,
        "kind": np.where(GROUP < 5, "public", "private"),
        "code": np.arange(N) % 4 + 2001,
        "text": [f"{k % 7}.5" for k in range(N)],
        "pair": np.r_[np.arange(20), np.repeat(np.arange(20, 24), 10)],
        "lone": np.r_[0, np.repeat(np.arange(1, 3), 30)[: N - 1]],
        "cat": pd.Categorical(np.array(list("abcd"))[np.arange(N) % 4], categories=list("azbcd")),
        "answer": RNG.integers(0, 7, N),
    }
)
ODD = DATA.assign(funds=DATA["funds"].where(np.arange(N) != 3, 9.0), kind=DATA["kind"].where(GROUP != 9, "x"))
ODD.loc[57, "kind"] = "public"


def messages(formula, data=DATA):
    return build_design(parse_formula(formula), data).messages


STARTS_AGAIN = (
    "room has the levels 1..2 in every school, so it looks crossed with school. If room 1 of one school and "
    "room 1 of the next are different, write school:room, as in (1 | school) + (1 | school:room); if they "
    "are the same (an item, an occasion), leave it as it is"
)
CODES = (
    "code: 4 different whole numbers, used as a number. If they are codes of categories, write factor(code)"
)
ABSENT = "cat: no row used has 'z'; left out of the model"
SMALL = (
    "pair: 20 of the 24 groups have one row; they say nothing about variation within groups, and shrinkage "
    "to the average is strong there"
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y ~ x + funds + kind + answer + (1 | school)", ()),
        ("y ~ 1 + (1 | pair)", (SMALL,)),
        ("y ~ x + (1 | pair) + (0 + x | pair)", (SMALL,)),
        (
            "y ~ 1 + (1 | lone)",
            (
                "lone: 1 of the 3 groups has one row; it says nothing about variation within groups, and "
                "shrinkage to the average is strong there",
            ),
        ),
        ("y ~ cat", (ABSENT,)),
        ("y ~ 1 + (1 | cat)", (ABSENT,)),
        (
            "y ~ cat + (1 | school:cat)",
            (
                ABSENT,
                "school:cat: 20 of the 40 groups have one row; they say nothing about variation within "
                "groups, and shrinkage to the average is strong there",
            ),
        ),
        ("y ~ code + (1 | school)", (CODES,)),
        ("y ~ x:code", (CODES,)),
        ("y ~ 1 + (code | school)", (CODES,)),
        ("y ~ factor(code) + (1 | school)", ()),
        ("y ~ I(code - 2000)", ()),
        (
            "y ~ text",
            (
                "text: the 7 labels are all numbers, but used as categories. Convert the column to numbers "
                "if it measures something",
            ),
        ),
        ("y ~ 1 + (1 | school) + (1 | room)", (STARTS_AGAIN,)),
        ("y ~ x + (1 | room) + (1 | school)", (STARTS_AGAIN,)),
        ("y ~ 1 + (1 | school/room)", ()),
        ("y ~ 1 + (1 | school) + (1 | room) + (1 | school:room)", ()),
        ("y ~ 1 + (1 | school) + (1 | kind)", ()),
    ],
)
def test_messages(formula, expected):
    assert messages(formula) == expected


def test_a_variable_of_the_groups_that_varies_within_one_of_them():
    assert messages("y ~ funds + kind + x + (1 | school)", ODD) == (
        "funds: constant in all but 1 of the 10 groups of school (it varies in '0'). If it describes the "
        "school, correct those rows",
        "kind: constant in all but 1 of the 10 groups of school (it varies in '9'). If it describes the "
        "school, correct those rows",
    )


def test_a_level_that_lies_in_two_others():
    data = DATA.assign(town=GROUP // 2, school=np.arange(N) // 2)
    data.loc[0, "town"] = 3
    assert messages("y ~ 1 + (1 | school) + (1 | town)", data) == (
        "school: all but 1 of the 30 levels lie within one town; school '0' lies in '0', '3'. Check whether "
        "that is a mistake in the labels",
    )


def test_models_collect_them():
    model = hb.Model("y ~ code + (1 | school) + (1 | room)", DATA)
    assert model.messages == (STARTS_AGAIN, CODES)
