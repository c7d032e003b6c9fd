"""Group terms of several linear predictors that an ID joins."""

from __future__ import annotations

import numpy as np
import pytest

from hierbayes.design import build_design
from hierbayes.errors import DataError, FormulaError
from hierbayes.formulas import parse_formula
from hierbayes.formulas.parts import parse_parameter

DATA = {
    "y": [1.0, 2.0, 4.0, 3.0, 2.5, 0.5],
    "x": [0.0, 1.0, 2.0, 3.0, 1.5, 2.5],
    "g": ["a", "a", "b", "b", "c", "c"],
    "h": ["p", "q", "p", "q", "p", "q"],
    "mode": ["bus", "car", "walk", "car", "bus", "walk"],
}


def design_of(main, sigma=None, **options):
    parameters = {} if sigma is None else {"sigma": parse_parameter("sigma", sigma)}
    return build_design(parse_formula(main), DATA, parameters=parameters, **options)


def refusal(kind, *formulas, **options):
    with pytest.raises(kind) as caught:
        design_of(*formulas, **options)
    return str(caught.value)


def test_terms_with_one_id_are_sampled_as_one():
    design = design_of("y ~ x + (1 | h) + (1 + x |c| g)", "~ (1 |c| g)")
    assert [group.name for group in design.all_groups] == ["h", "g", "sigma_g"]
    h, joint = design.sampled_groups
    assert (h.name, joint.name, joint.factor, joint.levels) == ("h", "c_g", "g", ("a", "b", "c"))
    assert joint.terms == ("Intercept", "x", "sigma_Intercept")
    np.testing.assert_array_equal(joint.Z, np.column_stack([np.ones(6), DATA["x"], np.ones(6)]))
    assert h is design.groups[0]


def test_categories_are_joined_by_one_formula():
    design = design_of("mode ~ x + (1 |c| g)", response_kind="categories")
    (joint,) = design.sampled_groups
    assert joint.terms == ("car: Intercept", "walk: Intercept")


def test_an_id_without_a_partner_joins_nothing():
    design = design_of("y ~ x + (1 |c| g)")
    assert [group.shared for group in design.all_groups] == [""]
    assert (
        "the ID c stands in one group term: its effects correlate with those of no other" in design.messages
    )


def test_an_id_before_two_factors():
    assert refusal(FormulaError, "y ~ x + (1 |c| g)", "~ (1 |c| h)") == (
        "The ID c joins groups of h with groups of g, in the response's formula.\n"
        "    sigma ~ (1 |c| h)\n"
        "                   ^\n"
        "Effects correlate over the same groups: use one factor, or another ID."
    )


def test_two_factors_behind_bars_are_no_id():
    assert refusal(FormulaError, "y ~ x + (1 | h | g)") == (
        "h stands between two bars, as the ID of correlated group terms does, but it is a column, and no "
        "other group term has this ID.\n"
        "    y ~ x + (1 | h | g)\n"
        "            ^^^^^^^^^^^\n"
        "For effects over both write `(1 | h) + (1 | g)`."
    )


def test_the_name_of_a_term_of_a_further_predictor_must_be_free():
    parameters = {"sigma": parse_parameter("sigma", "~ (1 | g)")}
    with pytest.raises(DataError, match=r"would be called 'sigma_g': .* Rename the column sigma_g"):
        build_design(
            parse_formula("y ~ x + (1 | sigma_g)"), {**DATA, "sigma_g": DATA["h"]}, parameters=parameters
        )


def test_the_name_of_the_levels_of_a_factor_must_be_free():
    data = {**DATA, "sd_g": DATA["g"], "g_": DATA["h"]}
    with pytest.raises(
        DataError, match=r"levels of 'sd_g' would be called 'sd_g_', .* Rename the column sd_g"
    ):
        build_design(parse_formula("y ~ x + (1 | sd_g) + (1 | g_)"), data)
    assert build_design(parse_formula("y ~ x + (1 | sd_g) + (1 | h)"), data).group("sd_g").levels


def test_the_name_of_a_joint_term_must_be_free():
    data = {**DATA, "c_g": DATA["h"]}
    parameters = {"sigma": parse_parameter("sigma", "~ (1 |c| g)")}
    with pytest.raises(DataError, match="would be called 'c_g', as another group term is"):
        build_design(parse_formula("y ~ (1 |c| g) + (1 | c_g)"), data, parameters=parameters)
