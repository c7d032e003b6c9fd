"""Cumulative models against ordinal's clmm and clm (``reference/ordinal.json``)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats
from tolerances import ESS, OTHER_SOFTWARE, R_HAT, Posterior, published_effect, published_variance

import hierbayes as hb
from hierbayes import names
from hierbayes.estimates.by_group.ordered import ordered_regression
from hierbayes.estimates.predictions.prediction import exceedance, middle_cut
from hierbayes.families import get_family, get_link
from hierbayes.plots.ppc import ppc_data

REFERENCE = json.loads((Path(__file__).parent / "reference" / "ordinal.json").read_text())["models"]
FORMULA = "rating ~ temp + contact + (1 | judge)"
LINKS = ("logit", "probit", "cloglog")


@cache
def model_of(link: str) -> hb.Model:
    return hb.Model(FORMULA, hb.load_data("wine"), family="cumulative", link=link)


@cache
def fit_of(link: str) -> hb.Fit:
    return model_of(link).fit(seed=2026, progress=False)


def at_estimates(link):
    """The model, the reference, and each row's population part of the predictor there."""
    model, reference = model_of(link), REFERENCE[link]
    assert tuple(reference["cutpoints"]) == model.spec.cutpoints
    eta = model.design.X @ np.array([reference["b"][term] for term in model.design.terms])
    return model, reference, eta, {"cutpoints": np.array(list(reference["cutpoints"].values()))}


@pytest.mark.parametrize("link", LINKS)
def test_log_density_at_their_estimates_is_theirs(link):
    model, reference, eta, parameters = at_estimates(link)
    (group,) = model.design.groups
    figures = reference["groups"]["judge"]
    assert list(group.levels) == figures["levels"]
    eta = eta + np.array(figures["ranef"])[group.codes]
    family = get_family("cumulative")
    total = family.log_density(model.design.y, eta, parameters, get_link("cumulative", link)).sum()
    assert total == pytest.approx(reference["conditional"], rel=OTHER_SOFTWARE)


@pytest.mark.parametrize("link", LINKS)
def test_likelihood_with_the_judges_integrated_out_is_theirs(link):
    model, reference, eta, parameters = at_estimates(link)
    family, chosen = get_family("cumulative"), get_link("cumulative", link)
    (group,) = model.design.groups
    sd, total = reference["groups"]["judge"]["sd"], 0.0
    for judge in range(group.n_groups):
        own = group.codes == judge

        def integrand(u, own=own):
            rows = family.log_density(model.design.y[own], eta[own] + u, parameters, chosen)
            return np.exp(rows.sum()) * stats.norm.pdf(u, 0, sd)

        total += np.log(integrate.quad(integrand, -8 * sd, 8 * sd, epsabs=0, epsrel=1e-10, limit=200)[0])
    # theirs is quadrature with 20 nodes
    assert total == pytest.approx(reference["logLik"], rel=1e-5)


@pytest.mark.parametrize("link", LINKS)
def test_regression_without_groups_is_that_of_clm(link):
    model, figures = model_of(link), REFERENCE[link]["single_level"]
    found = ordered_regression(model.design, get_family("cumulative"), get_link("cumulative", link))
    expected = {**figures["cutpoints"], **figures["b"]}
    np.testing.assert_allclose([*found.cutpoints, *found.b], list(expected.values()), rtol=1e-6)
    assert found.log_likelihood == pytest.approx(figures["logLik"], rel=OTHER_SOFTWARE)
    # clm has observed information where this is expected information
    errors = [figures["se"][name] for name in expected]
    np.testing.assert_allclose([*found.cutpoints_se, *found.b_se], errors, rtol=0.1)


@pytest.mark.sampling
@pytest.mark.parametrize("link", ["logit", "probit"])
def test_posteriors_contain_the_published_estimates(link):
    fit, reference = fit_of(link), REFERENCE[link]
    rows = fit.fixef().set_index("term")
    cutpoints = {names.level("cutpoints", label): value for label, value in reference["cutpoints"].items()}
    for term, figure in (cutpoints | reference["b"]).items():
        assert published_effect(figure, posterior(rows.loc[term])), (term, figure, rows.loc[term])
    row = posterior(fit.varcorr().iloc[0])
    assert published_variance(reference["groups"]["judge"]["sd"], row)


@pytest.mark.sampling
@pytest.mark.parametrize("link", ["logit", "probit"])
def test_chains_mix_with_default_settings(link):
    fit = fit_of(link)
    table = fit.summary()
    assert table["r_hat"].max() <= R_HAT
    assert min(table["ess_bulk"].min(), table["ess_tail"].min()) >= ESS
    assert int(fit.idata.sample_stats.diverging.sum()) == 0
    assert fit.check().ok


@pytest.mark.sampling
def test_probabilities_and_replications_of_categories():
    fit = fit_of("logit")
    probabilities = fit.epred(draws=200)
    assert probabilities.dims == ("chain", "draw", "obs", "category")
    assert list(probabilities["category"].to_numpy()) == ["1", "2", "3", "4", "5"]
    np.testing.assert_allclose(probabilities.sum("category"), 1.0, rtol=1e-12)
    shares = np.bincount(fit.design.y.astype(int)) / fit.design.n
    np.testing.assert_allclose(probabilities.mean(("chain", "draw", "obs")), shares, atol=0.05)
    replicated = fit.posterior_predictive(draws=200, seed=1)
    assert set(np.unique(replicated)) == {0.0, 1.0, 2.0, 3.0, 4.0}


@pytest.mark.sampling
def test_saved_fits_keep_their_categories(tmp_path):
    fit = fit_of("logit")
    loaded = hb.load(fit.save(tmp_path / "wine.nc"))
    assert loaded.spec == fit.spec and loaded.design.response == fit.design.response
    np.testing.assert_array_equal(loaded.epred(draws=20), fit.epred(draws=20))
    assert str(loaded) == str(fit)


@pytest.mark.sampling
def test_shares_of_variance_and_pooling():
    fit = fit_of("probit")
    sd = fit.posterior["sd_judge"].sel(judge_term="Intercept")
    expected = float((sd**2 / (sd**2 + 1)).mean())
    table = fit.vpc()
    assert float(table["mean"].iloc[0]) == pytest.approx(expected, rel=1e-10)
    assert "observed categories" in table.attrs["definition"]
    shrunk = fit.shrinkage()
    assert ((shrunk["pooling_factor"] > 0) & (shrunk["pooling_factor"] < 1)).all()
    inner = shrunk[np.isfinite(shrunk["no_pooling"])]
    assert (inner["mean"].abs() < inner["no_pooling"].abs() + 0.1).all()


def posterior(row) -> Posterior:
    return Posterior(float(row["mean"]), float(row["sd"]), float(row["lower"]), float(row["upper"]))


@pytest.mark.sampling
def test_plots_and_words_are_about_categories():
    fit = fit_of("logit")
    bars = ppc_data(fit)
    assert list(bars["outcome"].to_numpy()) == ["1", "2", "3", "4", "5"]
    np.testing.assert_array_equal(bars["observed"], np.bincount(fit.design.y.astype(int)))
    groups = ppc_data(fit, "groups")
    high = fit.design.y > middle_cut(fit)
    (judge,) = fit.design.groups
    observed = dict(zip(groups["level"].to_numpy(), groups["observed"].to_numpy(), strict=True))
    for code, level in enumerate(judge.levels):
        assert observed[level] == pytest.approx(high[judge.codes == code].mean())
    assert groups.attrs["xlabel"] == "share of rating above 2 in the group"
    np.testing.assert_allclose(
        exceedance(fit, 1, draws=50), fit.epred(draws=50).isel(category=slice(2, None)).sum("category")
    )
    assert "rating is 1 < 2 < 3 < 4 < 5" in str(fit)


@pytest.mark.sampling
def test_refits_may_lack_a_category():
    model, y = model_of("logit"), model_of("logit").design.y.copy()
    y[y == 2] = 1
    fit = model.refit(y, draws=100, tune=200, chains=2, seed=1, progress=False)
    assert fit.posterior["cutpoints"].sizes["cutpoint"] == 4
    assert (fit.posterior["cutpoints"].diff("cutpoint") > 0).all()
