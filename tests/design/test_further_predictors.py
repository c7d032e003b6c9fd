"""Columns of further linear predictors: of parameters with formulas, and of categories."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hierbayes.design import Recipe, build_design, exchange_response
from hierbayes.design.selection import take_rows
from hierbayes.errors import ColumnNotFoundError, DataError, FormulaError
from hierbayes.formulas import parse_formula
from hierbayes.formulas.parts import parse_parameter

FRAME = pd.DataFrame(
    {
        "y": [1.0, 2.0, 4.0, 3.0, np.nan, 2.0, 5.0, 1.0],
        "x": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        "z": [1.0, 0.0, 2.0, np.nan, 5.0, 1.0, 3.0, 0.0],
        "f": list("aabbabab"),
        "g": list("ppqqppqq"),
        "mode": ["walk", "bus", "car", "bus", "walk", "car", "a/b", "bus"],
    }
)


def design_of(sigma="~ scale(z) + f + offset(x) + (1 + z | g)", main="y ~ x + (1 | g)"):
    return build_design(parse_formula(main), FRAME, parameters={"sigma": parse_parameter("sigma", sigma)})


def test_columns_and_rows_of_all_formulas_together():
    design = design_of()
    assert design.rows.tolist() == [0, 1, 2, 5, 6, 7]
    assert any("y (1), z (1)" in message for message in design.messages)
    (sigma,) = design.predictors
    assert (sigma.name, sigma.label, sigma.terms) == ("sigma", "sigma", ("Intercept", "scale(z)", "f[b]"))
    np.testing.assert_array_equal(sigma.offset, design.X[:, 1])
    assert [(g.name, g.factor, g.terms) for g in sigma.groups] == [("sigma_g", "g", ("Intercept", "z"))]
    assert design.terms == ("Intercept", "x")
    assert [g.name for g in design.all_groups] == ["g", "sigma_g"]
    assert design.group("sigma_g").levels == ("p", "q")
    assert [p.name for p in design.linear] == ["", "sigma"]
    assert {"z", "f"} <= set(design.columns)


def test_new_data_give_the_same_columns():
    design = design_of()
    recipe = Recipe.from_json(design.recipe.to_json())
    assert recipe == design.recipe
    again = recipe.apply(FRAME, response=True)
    for built, learned in zip(again.predictors, design.predictors, strict=True):
        np.testing.assert_array_equal(built.X, learned.X)
        np.testing.assert_array_equal(built.offset, learned.offset)
        assert built.terms == learned.terms
        for one, other in zip(built.groups, learned.groups, strict=True):
            np.testing.assert_array_equal(one.Z, other.Z)
            np.testing.assert_array_equal(one.codes, other.codes)
    assert set(again.labels) == {"g", "sigma_g"}
    new = recipe.apply({"x": [1.0], "z": [2.0], "f": ["b"], "g": ["new"]}, new_levels="allow")
    assert new.predictors[0].groups[0].codes.tolist() == [-1]
    with pytest.raises(DataError, match="a level that the model"):
        recipe.apply({"x": [1.0], "z": [2.0], "f": ["c"], "g": ["p"]})


def test_some_rows_of_all_predictors():
    part = take_rows(design_of(), slice(1, 3))
    (sigma,) = part.predictors
    assert sigma.X.shape == (2, 3)
    assert sigma.groups[0].codes.tolist() == [0, 1]
    assert sigma.offset.tolist() == [1.0, 2.0]


def test_one_predictor_stands_for_the_main_one():
    design = design_of()
    own = design.of(design.predictors[0])
    assert (own.terms, own.predictors, own.groups[0].name) == (design.predictors[0].terms, (), "sigma_g")
    assert own.y is design.y


def test_mistakes_point_into_their_own_formula():
    with pytest.raises(ColumnNotFoundError, match=r"sigma ~ q\n {12}\^\n"):
        design_of("~ q")
    with pytest.raises(FormulaError, match=r"sigma ~ I\(f \* 2\)"):
        design_of("~ I(f * 2)")
    with pytest.raises(DataError, match="of the formula of sigma is 1 in all 7 rows"):
        design_of("~ I(x - x + 1)")


def test_collinear_columns_of_a_parameter_are_named():
    assert any(
        message.startswith("sigma: I(2 * x) is a linear") for message in design_of("~ x + I(2*x)").messages
    )


def test_categories_share_the_columns_of_the_main_predictor():
    design = build_design(parse_formula("mode ~ x + (1 + x | g)"), FRAME, response_kind="categories")
    assert design.response.categories == ("a/b", "bus", "car", "walk")
    assert design.response.outcomes is None
    assert design.y.tolist() == [3, 1, 2, 1, 3, 2, 0, 1]
    assert [(p.name, p.label) for p in design.linear] == [("", "bus"), ("mucar", "car"), ("muwalk", "walk")]
    for predictor in design.predictors:
        assert predictor.X is design.X
        assert predictor.groups[0].Z is design.groups[0].Z
    assert [g.name for g in design.all_groups] == ["g", "mucar_g", "muwalk_g"]
    recipe = Recipe.from_json(design.recipe.to_json())
    again = recipe.apply(FRAME.iloc[[0, 6]], response=True)
    assert again.y.tolist() == [3, 0]
    assert [p.groups[0].name for p in again.predictors] == ["mucar_g", "muwalk_g"]


def test_an_order_of_the_data_says_which_is_the_reference():
    frame = FRAME.assign(mode=pd.Categorical(FRAME["mode"], ["walk", "car", "bus", "a/b"]))
    design = build_design(parse_formula("mode ~ x"), frame, response_kind="categories")
    assert design.response.categories == ("walk", "car", "bus", "a/b")
    assert design.predictors[1].name == "mua\N{DIVISION SLASH}b"


@pytest.mark.parametrize(
    ("main", "message"),
    [
        ("f ~ x", "Use family='bernoulli' for two"),
        ("mode[bus] ~ x", "this family models all of them"),
        ("trials ~ x", "at most 20 categories"),
    ],
)
def test_responses_that_are_no_categories_are_refused(main, message):
    frame = pd.DataFrame({"x": np.arange(40.0), "trials": np.arange(40.0)})
    frame = frame if main.startswith("trials") else FRAME
    with pytest.raises((DataError, FormulaError), match=message):
        build_design(parse_formula(main), frame, response_kind="categories")


def test_a_new_response_holds_positions_of_the_categories():
    design = build_design(parse_formula("mode ~ x"), FRAME, response_kind="categories")
    again = exchange_response(design, [0, 1, 2, 3, 3, 2, 1, 0])
    assert again.columns["mode"].tolist() == ["a/b", "bus", "car", "walk", "walk", "car", "bus", "a/b"]
    with pytest.raises(
        DataError, match=r"is 4 in used row 2, which is no position of a category\. Allowed: 0 for"
    ):
        exchange_response(design, [0, 4, 2, 3, 3, 2, 1, 0])
