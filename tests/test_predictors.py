"""Models with several linear predictors against glmmTMB, nlme and nnet (``reference/predictors.json``)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tolerances import (
    ESS,
    IDENTITY,
    OTHER_SOFTWARE,
    R_HAT,
    Posterior,
    monte_carlo,
    published_effect,
    published_variance,
)

import hierbayes as hb
from hierbayes.estimates.variance.varcorr import covariance
from hierbayes.families import get_family, get_link
from hierbayes.formulas.parts import formula

REFERENCE = json.loads((Path(__file__).parent / "reference" / "predictors.json").read_text())
SIGMA = formula("normexam ~ standLRT + (1 | school)", sigma="~ sex + standLRT")
BY_SEX = formula("normexam ~ standLRT + (1 | school)", sigma="~ sex")


def exam_model(formulas=SIGMA):
    return hb.Model(formulas, hb.load_data("exam"))


@cache
def exam_fit() -> hb.Fit:
    return exam_model().fit(seed=2026, progress=False)


def row_means(design, reference):
    modes = dict(zip(reference["levels"], reference["ranef"], strict=True))
    group = design.group("school")
    effects = np.array([modes[level] for level in group.levels])
    return design.X @ np.array([reference["b"][term] for term in design.terms]) + effects[group.codes]


def test_log_density_with_a_predicted_sd_is_that_of_glmmtmb():
    design, reference = exam_model().design, REFERENCE["glmmTMB"]
    (sigma,) = design.predictors
    log_sigma = sigma.X @ np.array([reference["b_sigma"][term] for term in sigma.terms])
    family, link = get_family("gaussian"), get_link("gaussian")
    parameters = {"sigma": np.exp(log_sigma)}
    value = family.log_density(design.y, row_means(design, reference), parameters, link).sum()
    assert value == pytest.approx(reference["conditional"], rel=OTHER_SOFTWARE)


def test_log_density_with_a_residual_sd_for_each_sex_is_that_of_nlme():
    design, reference = exam_model(BY_SEX).design, REFERENCE["lme"]
    family, link = get_family("gaussian"), get_link("gaussian")
    sds = np.array([reference["sigma"][label] for label in design.columns["sex"]])
    value = family.log_density(design.y, row_means(design, reference), {"sigma": sds}, link).sum()
    assert value == pytest.approx(reference["conditional"], rel=OTHER_SOFTWARE)


def test_log_density_of_categories_is_that_of_multinom():
    model = hb.Model("livch ~ age + urban", hb.load_data("contraception"), family="categorical")
    design, reference = model.design, REFERENCE["multinom"]
    assert design.response.categories == ("0", *reference["b"])
    etas = [design.X @ np.array([b[term] for term in design.terms]) for b in reference["b"].values()]
    family, link = get_family("categorical"), get_link("categorical")
    params = family.arrange({str(k): eta for k, eta in enumerate(etas[1:])})
    value = family.log_density(design.y, etas[0], params, link).sum()
    assert value == pytest.approx(reference["logLik"], rel=OTHER_SOFTWARE)


def posterior_of(row) -> Posterior:
    return Posterior(row["mean"], row["sd"], row["lower"], row["upper"])


def healthy(fit) -> bool:
    rows = fit.summary()
    return bool(
        rows["r_hat"].max() <= R_HAT
        and rows[["ess_bulk", "ess_tail"]].min().min() >= ESS
        and not fit.idata["sample_stats"]["diverging"].any()
    )


@pytest.mark.sampling
def test_posterior_with_a_predicted_sd_agrees_with_glmmtmb():
    fit, reference = exam_fit(), REFERENCE["glmmTMB"]
    assert healthy(fit)
    table = fit.fixef().set_index(["predictor", "term"])
    for predictor, key in (("mu", "b"), ("sigma", "b_sigma")):
        for term, figure in reference[key].items():
            assert published_effect(figure, posterior_of(table.loc[(predictor, term)])), (predictor, term)
    sd = fit.varcorr().iloc[0]
    assert published_variance(reference["sd"], posterior_of(sd))


@pytest.mark.sampling
def test_linear_predictors_of_rows_follow_from_the_coefficients():
    fit = exam_fit()
    sigma = fit.linpred(draws=40, predictor="sigma")
    b = fit.posterior["b_sigma"].sel(chain=sigma["chain"], draw=sigma["draw"]).to_numpy()
    (predictor,) = fit.design.predictors
    np.testing.assert_allclose(sigma.to_numpy(), b @ predictor.X.T, rtol=IDENTITY)
    share = fit.vpc(draws=True)["school"].sel(chain=sigma["chain"], draw=sigma["draw"]).to_numpy()
    between = fit.posterior["sd_school"].sel(chain=sigma["chain"], draw=sigma["draw"]).to_numpy()[..., 0] ** 2
    within = np.exp(2 * sigma.to_numpy()).mean(axis=-1)
    np.testing.assert_allclose(share, between / (between + within), rtol=IDENTITY)
    factor = fit.shrinkage("school")["pooling_factor"].to_numpy()
    weights = np.exp(-2 * fit.linpred(draws=400, predictor="sigma").to_numpy())
    codes = fit.design.group("school").codes
    loads = np.stack([np.bincount(codes, w) for w in weights.reshape(-1, fit.design.n)])
    kept = fit.linpred(draws=400)
    variance = fit.posterior["sd_school"].sel(chain=kept["chain"], draw=kept["draw"]).to_numpy().ravel() ** 2
    expected = (1 / (1 + variance[:, None] * loads)).mean(axis=0)
    np.testing.assert_allclose(factor, expected, rtol=IDENTITY)


@pytest.mark.sampling
def test_posterior_of_categories_agrees_with_multinom():
    model = hb.Model("livch ~ age + urban", hb.load_data("contraception"), family="categorical")
    fit = model.fit(seed=2026, progress=False)
    assert healthy(fit)
    table = fit.fixef().set_index(["predictor", "term"])
    for category, coefficients in REFERENCE["multinom"]["b"].items():
        for term, figure in coefficients.items():
            assert published_effect(figure, posterior_of(table.loc[(category, term)])), (category, term)


def simulated_choices(n_groups=60, size=40) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    g, x = np.repeat(np.arange(n_groups), size), rng.normal(size=n_groups * size)
    car, walk = rng.normal(0, 0.9, n_groups), rng.normal(0, 0.6, n_groups)
    eta = np.column_stack([np.zeros(len(g)), 0.3 + 0.8 * x + car[g], -0.5 - 0.4 * x + walk[g]])
    shares = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    chosen = (rng.random(len(g))[:, None] > shares.cumsum(axis=1)[:, :2]).sum(axis=1)
    return pd.DataFrame({"mode": np.array(["bus", "car", "walk"])[chosen], "x": x, "g": g.astype(str)})


@pytest.mark.sampling
def test_categories_with_groups_recover_the_truth():
    fit = hb.fit(
        "mode ~ x + (1 | g)", simulated_choices(), family="categorical", seed=3, draws=500, progress=False
    )
    assert healthy(fit)
    truth = {("car", "Intercept"): 0.3, ("car", "x"): 0.8, ("walk", "Intercept"): -0.5, ("walk", "x"): -0.4}
    table = fit.fixef().set_index(["predictor", "term"])
    for key, value in truth.items():
        assert abs(table.loc[key, "mean"] - value) < 3 * table.loc[key, "sd"]
    sds = fit.varcorr().set_index("predictor")
    for category, value in {"car": 0.9, "walk": 0.6}.items():
        assert abs(sds.loc[category, "mean"] - value) < 3 * sds.loc[category, "sd"]
    shares = fit.epred(draws=100)
    assert shares.dims == ("chain", "draw", "obs", "category")
    np.testing.assert_allclose(shares.sum("category"), 1, rtol=1e-12)
    observed = simulated_choices()["mode"].value_counts(normalize=True)
    for label in ("bus", "car", "walk"):
        assert float(shares.sel(category=label).mean()) == pytest.approx(observed[label], abs=0.01)
    vpc = fit.vpc(draws=True)
    for name in ("g", "muwalk_g"):
        variance = fit.posterior[f"sd_{name}"].isel({f"{name}_term": 0}) ** 2
        np.testing.assert_allclose(vpc[name], variance / (variance + np.pi**2 / 3), rtol=IDENTITY)


def simulated_spreads():
    """60 groups of 20 whose means and log residual sds are correlated."""
    rng = np.random.default_rng(3)
    u = rng.normal(size=(60, 2)) @ np.array([[0.8, 0.24], [0.0, 0.32]])
    g, x = np.repeat(np.arange(60), 20), rng.normal(size=1200)
    y = 1 + 0.5 * x + u[g, 0] + np.exp(-0.2 + u[g, 1]) * rng.normal(size=1200)
    return pd.DataFrame({"y": y, "x": x, "g": g.astype(str)})


SHARED = formula("y ~ x + (1 + x |c| g)", sigma="~ (1 |c| g)")


@cache
def shared_fit() -> hb.Fit:
    return hb.Model(SHARED, simulated_spreads()).fit(seed=4, progress=False)


def test_effects_with_one_id_are_correlated_over_linear_predictors():
    fit = shared_fit()
    rows = fit.varcorr()
    joint = rows[rows["group"] == "c_g"].set_index(["term", "term_bis"])
    pairs = [("Intercept", "x"), ("Intercept", "sigma_Intercept"), ("x", "sigma_Intercept")]
    assert joint.index.tolist() == pairs
    assert set(joint["predictor"]) == {""}
    truth = 0.24 / np.hypot(0.24, 0.32)
    row = joint.loc[pairs[1]]
    assert row["lower"] < truth < row["upper"]
    assert row["lower"] > 0
    assert fit.check().ok
    assert "cor(Intercept, sigma_Intercept)" in str(fit)


def test_covariance_of_a_term_is_its_part_of_the_joint_one():
    fit = shared_fit()
    (group,) = fit.spec.groups
    S = covariance(fit, group)
    sd, cor = fit.posterior["sd_g"].to_numpy(), fit.posterior["cor_c_g"].to_numpy()
    expected = sd[..., :, None] * sd[..., None, :] * cor[..., :2, :2]
    np.testing.assert_allclose(S.to_numpy(), expected, rtol=IDENTITY)


def test_a_saved_fit_keeps_its_ids(tmp_path):
    fit = shared_fit()
    again = hb.load(fit.save(tmp_path / "shared.nc"))
    assert again.spec == fit.spec
    assert [group.shared for group in again.design.all_groups] == ["c", "c"]
    pd.testing.assert_frame_equal(again.varcorr(), fit.varcorr())


@pytest.mark.slow
def test_joint_effects_have_the_same_posterior_through_the_graph():
    by_kernel = shared_fit().summary()
    model = hb.Model(SHARED, simulated_spreads())
    by_graph = model.fit(seed=5, progress=False, route="graph").summary()
    for (_, one), (_, other) in zip(by_kernel.iterrows(), by_graph.iterrows(), strict=True):
        errors = [row["sd"] / np.sqrt(row["ess_bulk"]) for row in (one, other)]
        assert monte_carlo(one["mean"], other["mean"], *errors), one["parameter"]


@pytest.mark.slow
def test_categories_have_the_same_posterior_through_the_graph():
    model = hb.Model("mode ~ x + (1 | g)", simulated_choices(20, 20), family="categorical")
    by_kernel = model.fit(seed=1, progress=False).summary()
    by_graph = model.fit(seed=2, progress=False, route="graph").summary()
    for (_, one), (_, other) in zip(by_kernel.iterrows(), by_graph.iterrows(), strict=True):
        errors = [row["sd"] / np.sqrt(row["ess_bulk"]) for row in (one, other)]
        assert monte_carlo(one["mean"], other["mean"], *errors), one["parameter"]
