"""The derived figures of ANALYSES.md, as identities at lme4's estimates."""

from __future__ import annotations

import numpy as np
import pytest
from plugin import fit_at_lme4, fit_from, posterior_at

import hierbayes as hb
from hierbayes.estimates.by_group.shrinkage import pooling_factors


def test_vpc_of_exam_m1(model_of):
    fit = fit_at_lme4(model_of("exam", "m1"), "exam", "m1")
    assert float(fit.vpc(draws=True)["school"].mean()) == pytest.approx(0.1659, abs=5e-5)


def test_vpc_of_exam_m4_along_standLRT(model_of):
    fit = fit_at_lme4(model_of("exam", "m4"), "exam", "m4")
    shares = fit.vpc(at={"standLRT": [-2, -1, 0, 1, 2]}, draws=True)["school"].mean(("chain", "draw"))
    np.testing.assert_allclose(shares, [0.0918, 0.0869, 0.1240, 0.1939, 0.2816], atol=5e-5)


def test_latent_vpc_of_contraception_m_05(model_of):
    fit = fit_at_lme4(model_of("contraception", "m_05"), "contraception", "m_05")
    assert float(fit.vpc(draws=True)["urban:district"].mean()) == pytest.approx(0.0894, abs=5e-5)
    assert "latent" in fit.vpc(draws=True).attrs["definition"]


def test_pooling_factors_of_exam_m1(model_of):
    fit = fit_at_lme4(model_of("exam", "m1"), "exam", "m1")
    kept = 1 - pooling_factors(fit, "school").mean(("chain", "draw")).sel(school_term="Intercept")
    sizes = fit.design.group("school").sizes
    assert sizes[fit.design.group("school").levels.index("48")] == 2
    assert float(kept.sel(school="48")) == pytest.approx(0.2846, abs=5e-5)
    assert float(kept[int(np.argmax(sizes))]) == pytest.approx(0.9752, abs=5e-5)


def test_probabilities_of_contraception_m_05(model_of):
    model = model_of("contraception", "m_05")
    fit = fit_at_lme4(model, "contraception", "m_05")
    b = fit.fixef(draws=True).mean(("chain", "draw"))
    assert 1 / (1 + np.exp(-float(b.sel(term="Intercept")))) == pytest.approx(0.2074, abs=5e-5)
    urban_childless = float(b.sel(term="Intercept") + b.sel(term="urban[Y]"))
    assert 1 / (1 + np.exp(-urban_childless)) == pytest.approx(0.3649, abs=5e-5)


def test_typical_group_and_population_average_of_contraception_m_05(model_of, fit_of):
    row = {"age": 0, "ch": "N", "urban": "N"}
    fit = fit_at_lme4(model_of("contraception", "m_05"), "contraception", "m_05")
    for groups, figure in (("typical", 0.2074), ("average", 0.2218)):
        assert float(fit.epred(row, groups=groups).mean()) == pytest.approx(figure, abs=5e-5)
        posterior = fit_of("contraception", "m_05").predict(row, kind="mean", groups=groups).iloc[0]
        assert posterior["lower"] < figure < posterior["upper"]
    open_call = fit.predict(row, kind="mean")
    assert open_call["mean"].iloc[0] == pytest.approx(0.2218, abs=5e-5)
    assert open_call.attrs["estimand"] == "population average: group effects integrated out"


def test_typical_group_and_population_average_of_the_antenatal_null_model():
    """0.148 and a variance of 1.464, with the latent VPC 0.308; the data are not at hand."""
    frame = {"y": [0, 1, 0, 1], "community": ["a", "a", "b", "b"]}
    model = hb.Model("y ~ 1 + (1 | community)", frame, family="bernoulli")
    values = {"b": np.array([0.148]), "sd_community": np.array([np.sqrt(1.464)])}
    fit = fit_from(model, posterior_at(model, {**values, "u_community": np.zeros((2, 1))}))
    assert float(fit.epred({"x": 0}, groups="typical").mean()) == pytest.approx(0.5370, abs=1e-4)
    assert float(fit.epred({"x": 0}, groups="average").mean()) == pytest.approx(0.5287, abs=1e-4)


def test_conditional_modes_are_the_weighted_own_estimates(model_of):
    """lme4's modes of a Gaussian model equal (I + S A)^-1 S A times what each school's own rows say."""
    model = model_of("exam", "m1")
    fit = fit_at_lme4(model, "exam", "m1")
    rows = model.design.group("school")
    own = np.bincount(rows.codes, model.design.y) / rows.sizes - float(fit.fixef(draws=True)[0, 0, 0])
    kept = 1 - pooling_factors(fit, "school")[0, 0, :, 0].to_numpy()
    modes = fit.ranef(draws=True)["u_school"][0, 0, :, 0].to_numpy()
    np.testing.assert_allclose(kept * own, modes, rtol=1e-4, atol=1e-6)


def test_posteriors_contain_the_derived_figures(fit_of):
    """Maximum-likelihood figures lie within the 95 % intervals that the public functions give."""
    m1, m4, m_05 = fit_of("exam", "m1"), fit_of("exam", "m4"), fit_of("contraception", "m_05")

    def contained(table, figures):
        rows = table.iloc[: len(figures)]
        inside = (rows["lower"].to_numpy() < figures) & (figures < rows["upper"].to_numpy())
        assert inside.all(), rows[["lower", "mean", "upper"]].assign(figure=figures)

    contained(m1.vpc(), np.array([0.1659]))
    effects = m1.design_effect()
    effects = effects[effects["sizes"] == "mean"].set_index("quantity")
    contained(effects.loc[["design effect", "effective n"]], np.array([11.20, 362.6]))
    line = m4.vpc(at={"standLRT": [-2, -1, 0, 1, 2]})
    contained(line, np.array([0.0918, 0.0869, 0.1240, 0.1939, 0.2816]))
    contained(m_05.median_odds_ratio(), np.array([1.72]))
    shares = m_05.r2("nakagawa").set_index("part")
    contained(shares.loc[["marginal", "conditional"]], np.array([0.12, 0.20]))
    kept = 1 - pooling_factors(m1, "school").sel(school_term="Intercept")
    sizes = m1.design.group("school").sizes
    for place, figure in (
        (m1.design.group("school").levels.index("48"), 0.2846),
        (int(np.argmax(sizes)), 0.9752),
    ):
        low, high = np.quantile(kept[..., place], [0.025, 0.975])
        assert low < figure < high
