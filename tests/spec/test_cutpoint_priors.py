"""Priors of cutpoints, and categories as part of the spec."""

from __future__ import annotations

import numpy as np
import pytest
from structures import small_frame

import hierbayes as hb
from hierbayes.errors import PriorError
from hierbayes.spec import ModelSpec

FORMULA = "stars ~ x + (1 | g)"


def model_of(**arguments):
    return hb.Model(arguments.pop("formula", FORMULA), small_frame(), family="cumulative", **arguments)


def test_the_spec_knows_its_categories_and_keeps_them():
    spec = model_of().spec
    assert spec.categories == ("1", "2", "4", "5")
    assert spec.cutpoints == ("1|2", "2|4", "4|5")
    assert ModelSpec.from_json(spec.to_json()) == spec
    assert not spec.has_prior("Intercept")
    gaussian = hb.Model("y ~ x", small_frame()).spec
    assert gaussian.categories == gaussian.cutpoints == ()


@pytest.mark.parametrize(
    ("link", "center", "unit"), [("logit", 0, 1.8138), ("probit", 0, 1), ("cloglog", -0.3665, 1.2825)]
)
def test_defaults_are_the_latent_middle_and_unit(link, center, unit):
    spec = model_of(link=link).spec
    for label in spec.cutpoints:
        prior = spec.prior("cutpoints", label)
        assert prior.distribution == "student_t"
        np.testing.assert_allclose(prior.parameters, (3, center, unit), rtol=1e-4)
    x = small_frame()["x"].std(ddof=0)
    np.testing.assert_allclose(spec.prior("b", "x").parameters, (0, 1.5 * unit / x), rtol=1e-4)


def test_an_offset_moves_the_cutpoints_with_it():
    spec = model_of(formula="stars ~ x + offset(time) + (1 | g)").spec
    assert spec.prior("cutpoints", "1|2").parameters[1] == pytest.approx(small_frame()["time"].mean())


def test_keys_of_all_cutpoints_and_of_one():
    spec = model_of(priors={"cutpoints": "normal(0, 4)", "cutpoints[2|4]": "cauchy(1, 2)"}).spec
    assert [str(spec.prior("cutpoints", c)) for c in spec.cutpoints] == [
        "normal(0, 4)",
        "cauchy(1, 2)",
        "normal(0, 4)",
    ]
    sources = {e.key: e.source for e in spec.priors if e.parameter == "cutpoints"}
    assert sources == {
        "cutpoints[1|2]": "cutpoints",
        "cutpoints[2|4]": "cutpoints[2|4]",
        "cutpoints[4|5]": "cutpoints",
    }


@pytest.mark.parametrize(
    ("key", "prior", "message"),
    [
        ("Intercept", "normal(0, 1)", "Cutpoints take the place of its intercept: use 'cutpoints'."),
        ("cutpoints[2|3]", "normal(0, 1)", "is not a prior key of this model. Did you mean 'cutpoints["),
        ("cutpoints", "gamma(2, 1)", "it belongs to a cutpoint, which may be any number"),
    ],
)
def test_what_is_refused(key, prior, message):
    with pytest.raises(PriorError) as caught:
        model_of(priors={key: prior})
    assert message in str(caught.value)
