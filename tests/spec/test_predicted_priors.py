"""Priors of linear predictors of a family's parameters and of categories."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from hierbayes.errors import PriorError
from hierbayes.spec import GroupSpec, ModelSpec, PredictorSpec, Prior, Scales, fill_priors
from hierbayes.spec.defaults import FAMILY_PARAMETERS
from hierbayes.spec.predicted import MOMENTS, digamma, link_moments, trigamma

SCALES = Scales(1.0, 2.0, {"x": 4.0, "z": 0.5})
SIGMA = PredictorSpec(
    "sigma",
    "sigma ~ z",
    "log",
    ("Intercept", "z"),
    (GroupSpec("sigma_g", "g", ("Intercept", "z"), 9),),
    "sigma",
)
GROUP = GroupSpec("g", "g", ("Intercept",), 9)
SPEC = ModelSpec("y ~ x", "gaussian", "identity", ("Intercept", "x"), (GROUP,), predictors=(SIGMA,))
WALK = PredictorSpec(
    "muwalk", "m ~ x", "identity", ("Intercept", "x"), (GroupSpec("muwalk_g", "g", ("x",), 9),), "walk"
)
CHOICE = ModelSpec(
    "m ~ x",
    "categorical",
    "logit",
    ("Intercept", "x"),
    (GroupSpec("g", "g", ("x",), 9),),
    predictors=(WALK,),
    label="car",
)


@pytest.mark.parametrize("x", [0.1, 0.5, 1.5, 7.0, 40.0])
def test_polygammas_are_scipys(x):
    assert digamma(x) == pytest.approx(special.digamma(x), rel=1e-10)
    assert trigamma(x) == pytest.approx(special.polygamma(1, x), rel=1e-10)


@pytest.mark.parametrize(
    ("prior", "link", "distribution"),
    [
        (Prior("half_student_t", (3.0, 2.0)), "log", stats.t(3, scale=2)),
        (Prior("half_cauchy", (2.0,)), "log", stats.cauchy(scale=2)),
        (Prior("half_normal", (2.0,)), "log", stats.norm(scale=2)),
        (Prior("exponential", (2.0,)), "log", stats.expon(scale=0.5)),
        (Prior("gamma", (2.0, 0.1)), "log", stats.gamma(2, scale=10)),
        (Prior("beta", (2.0, 5.0)), "logit", stats.beta(2, 5)),
    ],
)
def test_moments_on_the_links_scale_are_those_of_the_prior(prior, link, distribution):
    transform = {"log": lambda x: np.log(np.abs(x)), "logit": special.logit}[link]
    q = (np.arange(400_000) + 0.5) / 400_000
    values = transform(distribution.ppf(q))
    mean, sd = link_moments(prior, link)
    assert mean == pytest.approx(values.mean(), abs=2e-3)
    assert sd == pytest.approx(values.std(), rel=2e-3)


def test_every_familys_parameter_may_have_a_formula():
    for (family, parameter), default in FAMILY_PARAMETERS.items():
        prior, _ = default(SCALES)
        assert any((link, prior.distribution) in MOMENTS for link in ("log", "logit")), (family, parameter)


def test_defaults_of_a_predicted_parameter():
    filled = fill_priors(SPEC, SCALES)
    keys = [entry.key for entry in filled.priors]
    assert keys == [
        *("Intercept", "b[x]", "sd[g][Intercept]", "Intercept_sigma", "b_sigma[z]"),
        *("sd[sigma_g][Intercept]", "sd[sigma_g][z]", "cor[sigma_g]"),
    ]
    mean, sd = link_moments(Prior("half_student_t", (3.0, 2.0)), "log")
    assert filled.prior("Intercept_sigma").parameters == (mean, sd)
    assert filled.prior("b_sigma", "z") == Prior("normal", (0.0, 2.0))
    assert filled.prior("sd", "sigma_g", "z") == Prior("half_student_t", (3.0, 1.0))
    assert ModelSpec.from_json(filled.to_json()) == filled
    assert (filled.parameters, filled.scalars) == (("sigma",), ())
    assert filled.slices() == {"": slice(0, 2), "sigma": slice(2, 4)}


def test_keys_of_the_mean_do_not_speak_for_parameters():
    user = {
        "b": "normal(0, 9)",
        "sd": "half_normal(9)",
        "sd[g]": "half_normal(8)",
        "Intercept": "normal(0, 7)",
    }
    filled = fill_priors(SPEC, SCALES, user)
    assert {e.key for e in filled.priors if e.source == "default"} >= {
        *("Intercept_sigma", "b_sigma[z]", "sd[sigma_g][Intercept]"),
    }
    user = {"b_sigma": "normal(0, 3)", "sd[sigma_g]": "half_normal(4)", "b_sigma[Intercept]": "normal(1, 1)"}
    filled = fill_priors(SPEC, SCALES, user)
    assert filled.prior("b_sigma", "z") == Prior("normal", (0.0, 3.0))
    assert filled.prior("b_sigma", "Intercept") == Prior("normal", (1.0, 1.0))
    assert not filled.has_prior("Intercept_sigma")
    assert filled.prior("sd", "sigma_g", "z") == Prior("half_normal", (4.0,))
    assert filled.prior("sd", "g", "Intercept").distribution == "half_student_t"


def test_keys_of_the_mean_speak_for_all_categories():
    user = {
        "b": "normal(0, 9)",
        "b_muwalk[x]": "normal(0, 1)",
        "sd[g]": "half_normal(8)",
        "Intercept": "normal(0, 7)",
    }
    filled = fill_priors(CHOICE, SCALES, user, ())
    assert filled.prior("b", "x") == Prior("normal", (0.0, 9.0))
    assert filled.prior("b_muwalk", "x") == Prior("normal", (0.0, 1.0))
    assert filled.prior("sd", "muwalk_g", "x") == filled.prior("sd", "g", "x") == Prior("half_normal", (8.0,))
    assert filled.prior("Intercept_muwalk") == Prior("normal", (0.0, 7.0))


def test_wrong_keys_and_priors_of_parameters():
    with pytest.raises(PriorError, match="Did you mean 'b_sigma"):
        fill_priors(SPEC, SCALES, {"b_sgima": "normal(0, 1)"})
    with pytest.raises(PriorError, match="Two priors are stated for one intercept, 'Intercept_sigma'"):
        fill_priors(SPEC, SCALES, {"Intercept_sigma": "normal(0, 1)", "b_sigma[Intercept]": "normal(0, 1)"})
    with pytest.raises(PriorError, match="'sigma' is not a prior key"):
        fill_priors(SPEC, SCALES, {"sigma": "half_normal(1)"})
