"""Responses of ordered categories: whose order is known, what is refused, and the intercept's place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hierbayes.design import build_design, exchange_response
from hierbayes.design.recipe import Recipe
from hierbayes.design.records import ResponseInfo
from hierbayes.errors import DataError, FormulaError
from hierbayes.formulas import parse_formula

TEXT = ["low", "high", "mid", "low"] * 3
ORDER = ("low", "mid", "high")
FRAME = pd.DataFrame(
    {
        "n": [3, 1, 2, 5] * 3,
        "half": [1.0, 1.5, 2.0, 3.0] * 3,
        "text": TEXT,
        "ordered_": pd.Categorical(TEXT, ["none", *ORDER], ordered=True),
        "plain": pd.Categorical(TEXT, ORDER),
        "yes": [True, False, False, True] * 3,
        "one": ["a"] * 12,
        "x": np.arange(12.0) ** 2,
        "f": list("abc") * 4,
        "g": list("pqrs") * 3,
    }
)
LEVELS = 'levels = c("low", "mid", "high")'


def design_of(formula, frame=FRAME):
    return build_design(parse_formula(formula), frame, response_kind="ordered")


@pytest.mark.parametrize(
    ("left", "name", "categories", "y"),
    [
        ("n", "n", ("1", "2", "3", "5"), [2, 0, 1, 3]),
        ("ordered_", "ordered_", ORDER, [0, 2, 1, 0]),
        ("yes", "yes", ("False", "True"), [1, 0, 0, 1]),
        (f"ordered(text, {LEVELS})", "text", ORDER, [0, 2, 1, 0]),
        (f"factor(text, {LEVELS})", "text", ORDER, [0, 2, 1, 0]),
        (f"ordered(plain, {LEVELS})", "plain", ORDER, [0, 2, 1, 0]),
        ("ordered(plain)", "plain", ORDER, [0, 2, 1, 0]),
        ("ordered(text)", "text", ("high", "low", "mid"), [1, 0, 2, 1]),
        ("ordered(half)", "half", ("1", "1.5", "2", "3"), [0, 1, 2, 3]),
    ],
)
def test_where_the_order_comes_from(left, name, categories, y):
    design = design_of(f"{left} ~ x + (1 | g)")
    assert design.response == ResponseInfo(name, categories, ordered=True)
    assert design.response.categories == categories and design.response.outcomes is None
    assert design.y.dtype == np.float64 and design.y[:4].tolist() == y
    assert not design.y.flags.writeable
    recipe = Recipe.from_json(design.recipe.to_json())
    assert recipe.response == design.response
    new = recipe.apply(FRAME.iloc[[1, 0]], response=True)
    assert new.y.tolist() == y[1::-1] and new.terms == ("x",)


def test_a_polars_enum_has_an_order():
    frame = pl.DataFrame({"y": pl.Series(TEXT, dtype=pl.Enum(ORDER)), "x": FRAME["x"].to_numpy()})
    assert design_of("y ~ x", frame).response.categories == ORDER
    unordered = frame.with_columns(pl.col("y").cast(pl.Categorical))
    with pytest.raises(DataError, match="The order of the categories of 'y' is not known"):
        design_of("y ~ x", unordered)


def test_messages_name_categories_that_do_not_occur_and_an_order_that_is_not_plain():
    assert design_of("ordered_ ~ x").messages == (
        "ordered_: no row used has 'none'; this category is left out of the model",
    )
    assert design_of("n ~ x").messages == ("n: no row used has '4'; this category is left out of the model",)
    assert design_of("ordered(text) ~ x").messages == (
        "text: the categories are in the order high < low < mid",
    )
    assert design_of(f"ordered(text, {LEVELS}) ~ x").messages == ()


def test_cutpoints_take_the_place_of_the_intercept():
    """`0 +` means the same, and factors are coded against their first level either way."""
    for formula in ("n ~ f + x", "n ~ 0 + f + x", "n ~ f + x - 1"):
        design = design_of(formula)
        assert design.terms == ("f[b]", "f[c]", "x")
        with_intercept = build_design(parse_formula("x ~ f + n"), FRAME)
        np.testing.assert_array_equal(design.X[:, :2], with_intercept.X[:, 1:3])
        assert not design.X.flags.writeable
    alone = design_of("n ~ 0 + (1 + x | g)")
    assert alone.terms == () and alone.X.shape == (12, 0)
    assert alone.groups[0].terms == ("Intercept", "x")


def test_a_constant_column_is_refused_as_next_to_an_intercept():
    with pytest.raises(DataError, match="a constant column cannot be told from the intercept"):
        design_of("n ~ x", FRAME.assign(x=2.0))


UNKNOWN = (
    "The order of the categories of {0!r} is not known: it is {1}, with {2}. Allowed: an ordered column, "
    "whole numbers or booleans. State the order from the lowest to the highest, in the data, "
    "pd.Categorical(data[{0!r}], categories=[...], ordered=True), or in the formula, "
    "ordered({0}, levels = c({3})) ~ ..., with these labels in their order."
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (
            "text ~ x",
            UNKNOWN.format("text", "text", "'high', 'low', 'mid'", '"high", "low", "mid"'),
        ),
        (
            "plain ~ x",
            UNKNOWN.format(
                "plain",
                "a categorical column without ordered=True",
                "'low', 'mid', 'high'",
                '"low", "mid", "high"',
            ),
        ),
        (
            "half ~ x",
            "The response 'half' has 3 values that are not whole, the first in used row 2: 1.5. Allowed: "
            "whole numbers, which are taken as ordered categories, or an ordered column. For measurements "
            "use family='gaussian'; if these are categories, write ordered(half).",
        ),
        (
            "ordered(one) ~ x",
            "The response 'one' is 'a' in all 12 rows that are used: there is nothing to explain. Choose "
            "another response, or check how the data were filtered.",
        ),
    ],
)
def test_what_is_refused(formula, expected):
    with pytest.raises(DataError) as caught:
        design_of(formula)
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("text[low] ~ x", "chooses an outcome, but this family models all ordered categories"),
        ("factor(text) ~ x", "The response cannot be `factor()`"),
        ('ordered(text, levels = c("low", "mid")) ~ x', "has the level 'high', which `levels` does not name"),
        ("n | trials(n) ~ x", "this family models ordered categories"),
    ],
)
def test_what_the_left_side_cannot_say(formula, message):
    with pytest.raises(FormulaError) as caught:
        design_of(formula)
    assert message in str(caught.value)


def test_new_data_with_an_unknown_category_are_refused():
    recipe = design_of("n ~ x").recipe
    with pytest.raises(DataError, match=r"has the value '4', which the model has not seen\. Known: '1', '2'"):
        recipe.apply(FRAME.assign(n=4), response=True)


def test_exchanged_responses_are_positions():
    design = design_of(f"ordered(text, {LEVELS}) ~ x + (1 | g)")
    new = exchange_response(design, np.array([2, 1, 0, 0] * 3))
    assert new.y[:4].tolist() == [2, 1, 0, 0] and new.response == design.response
    plain = exchange_response(design_of("ordered_ ~ x"), [2, 1, 0, 0] * 3)
    assert plain.columns["ordered_"][:4].tolist() == ["high", "mid", "low", "low"]
    with pytest.raises(DataError, match="Allowed: 2 for 'high' and 1 for 'mid' and 0 for 'low'"):
        exchange_response(design, TEXT)
