"""Binomial, Poisson and negative binomial models against lme4 and glmmTMB (``reference/counts.json``)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tolerances import ESS, OTHER_SOFTWARE, R_HAT, Posterior, published_effect, published_variance

import hierbayes as hb
from hierbayes import names
from hierbayes.families import get_family, get_link

REFERENCE = json.loads((Path(__file__).parent / "reference" / "counts.json").read_text())["models"]
MELANOMA = "deaths ~ uvb + offset(log(expected)) + (1 | nation) + (1 | region)"
MODELS = {
    "cbpp": ("cbind(incidence, size - incidence) ~ period + (1 | herd)", "cbpp", "binomial"),
    "mmmec": (MELANOMA, "mmmec", "poisson"),
    "mmmec_negbinomial": (MELANOMA, "mmmec", "negbinomial"),
    "grouseticks": (
        "TICKS ~ YEAR + scale(HEIGHT) + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
        "grouseticks",
        "poisson",
    ),
}
SAMPLED = tuple(MODELS)


def model_of(name: str) -> hb.Model:
    formula, data, family = MODELS[name]
    return hb.Model(formula, hb.load_data(data), family=family)


@cache
def fit_of(name: str) -> hb.Fit:
    return model_of(name).fit(seed=2026, progress=False)


def at_estimates(name):
    """The model, the reference, each row's linear predictor and the family's parameters there."""
    model, reference = model_of(name), REFERENCE[name]
    design = model.design
    eta = design.X @ np.array([reference["b"][term] for term in design.terms])
    if design.offset is not None:
        eta = eta + design.offset
    for group in design.groups:
        figures = reference["groups"][group.name]
        modes = dict(zip(figures["levels"], figures["ranef"], strict=True))
        eta = eta + np.array([modes[level] for level in group.levels])[group.codes]
    parameters = dict(design.row_data)
    if "phi" in reference:
        parameters["phi"] = np.array(reference["phi"])
    return model, reference, eta, parameters


@pytest.mark.parametrize("name", MODELS)
def test_log_density_at_their_estimates_is_theirs(name):
    model, reference, eta, parameters = at_estimates(name)
    family, link = get_family(model.spec.family), get_link(model.spec.family, model.spec.link)
    total = family.log_density(model.design.y, eta, parameters, link).sum()
    assert model.design.n == reference["n"]
    assert total == pytest.approx(reference["conditional"], rel=OTHER_SOFTWARE)


@pytest.mark.parametrize("name", ["cbpp", "mmmec", "grouseticks"])
def test_laplace_approximation_is_lme4s(name):
    """log p(y|u) + log p(u) - log det(Z'WZ + S^-1) / 2 + q log(2 pi) / 2 at the modes; canonical links."""
    model, reference, eta, parameters = at_estimates(name)
    family, link = get_family(model.spec.family), get_link(model.spec.family, model.spec.link)
    W = family.information(eta, parameters, link)
    groups = model.design.groups
    Z = np.column_stack([np.eye(g.n_groups)[g.codes] for g in groups])
    sd = np.concatenate([np.full(g.n_groups, reference["groups"][g.name]["sd"]) for g in groups])
    u = []
    for g in groups:
        figures = reference["groups"][g.name]
        modes = dict(zip(figures["levels"], figures["ranef"], strict=True))
        u += [modes[level] for level in g.levels]
    value = family.log_density(model.design.y, eta, parameters, link).sum()
    value -= 0.5 * ((np.array(u) / sd) ** 2).sum()
    scaled = (Z * sd).T @ (W[:, None] * Z * sd) + np.eye(len(sd))
    value -= 0.5 * np.linalg.slogdet(scaled)[1]
    assert value == pytest.approx(reference["logLik"], rel=OTHER_SOFTWARE)


@pytest.mark.sampling
@pytest.mark.parametrize("name", SAMPLED)
def test_posteriors_contain_the_published_estimates(name):
    fit, reference = fit_of(name), REFERENCE[name]
    rows = fit.fixef().set_index("term")
    assert set(rows.index) == set(reference["b"])
    for term, figure in reference["b"].items():
        assert published_effect(figure, posterior(rows.loc[term])), (term, figure, rows.loc[term])
    spread = fit.varcorr().set_index("group")
    for group, figures in reference["groups"].items():
        assert fit.design.group(group).n_groups == figures["n_groups"]
        row = posterior(spread.loc[group])
        assert published_variance(figures["sd"], row), (group, figures["sd"], row)
    if "phi" in reference:
        phi = fit.summary().set_index("parameter").loc["phi"]
        assert published_variance(reference["phi"], posterior(phi)), phi


@pytest.mark.sampling
@pytest.mark.parametrize("name", SAMPLED)
def test_they_converge_by_default(name):
    verdict = fit_of(name).check()
    assert verdict.ok, str(verdict)
    assert verdict.table["r_hat"].max() <= R_HAT
    assert verdict.table[["ess_bulk", "ess_tail"]].min().min() >= ESS
    assert int(fit_of(name).idata["sample_stats"]["diverging"].sum()) == 0


@pytest.mark.sampling
@pytest.mark.parametrize("method", ["lognormal", "trigamma", "delta"])
@pytest.mark.parametrize("name", ["mmmec", "mmmec_negbinomial"])
def test_vpc_is_nakagawas_draw_by_draw(name, method):
    fit = fit_of(name)
    draws = fit.vpc(method=method, draws=True)
    one = fit.posterior.isel(chain=1, draw=17)
    variances = {g.name: float(one[names.sd(g.name)][0]) ** 2 for g in fit.spec.groups}
    b0 = float(one["b"].to_numpy() @ fit.design.X.mean(axis=0)) + fit.design.offset.mean()
    mean = np.exp(b0 + sum(variances.values()) / 2)
    relative = 1 / mean + (1 / float(one["phi"]) if "phi" in one else 0.0)
    from scipy.special import polygamma

    level1 = {"lognormal": np.log1p(relative), "delta": relative, "trigamma": polygamma(1, 1 / relative)}
    for group, variance in variances.items():
        expected = variance / (sum(variances.values()) + level1[method])
        assert float(draws[group].isel(chain=1, draw=17)) == pytest.approx(expected, rel=1e-10)
    frame = fit.vpc(method=method)
    assert frame["method"].tolist() == [method, method]
    assert "averaged over the groups" in frame.attrs["definition"]


@pytest.mark.sampling
def test_expected_and_replicated_responses_are_counts_of_successes():
    fit = fit_of("cbpp")
    trials, expected = fit.design.trials, fit.epred()
    assert (expected.to_numpy() <= trials).all()
    share = (expected.mean(("chain", "draw")) / trials).to_numpy()
    np.testing.assert_allclose(share.mean(), (fit.design.y / trials).mean(), atol=0.03)
    replicated = fit.posterior_predictive(draws=100, seed=3).to_numpy()
    assert ((replicated == np.floor(replicated)) & (replicated <= trials)).all()


@pytest.mark.sampling
def test_everything_of_a_fit_answers_for_counts(tmp_path):
    for name in ("cbpp", "mmmec_negbinomial"):
        fit = fit_of(name)
        assert fit.shrinkage()["pooling_factor"].between(0, 1).all()
        for kind in ("bars", "groups"):
            fit.plot.ppc(kind=kind, backend="none")
        fit.plot.shrinkage(backend="none")
        fit.plot.vpc(backend="none")
        fit.save(tmp_path / f"{name}.nc")
        again = hb.load(tmp_path / f"{name}.nc")
        for key, values in fit.design.row_data.items():
            np.testing.assert_array_equal(again.design.row_data[key], values)
        np.testing.assert_array_equal(fit.posterior_predictive(draws=8), again.posterior_predictive(draws=8))
        fit.report(tmp_path / f"{name}.html")
        assert "lognormal" in (tmp_path / f"{name}.html").read_text() or name == "cbpp"


@pytest.mark.sampling
def test_a_vpc_that_is_not_defined_says_so(tmp_path):
    formula, data, family = MODELS["cbpp"]
    model = hb.Model(formula, hb.load_data(data), family=family, link="cauchit")
    fit = model.fit(draws=100, tune=200, chains=2, seed=1, progress=False)
    with pytest.raises(hb.errors.DataError, match="the cauchit link is not defined: the latent variable"):
        fit.vpc()
    fit.report(tmp_path / "fit.html")
    assert "is not defined" in (tmp_path / "fit.html").read_text()


def posterior(row) -> Posterior:
    return Posterior(row["mean"], row["sd"], row["lower"], row["upper"])
