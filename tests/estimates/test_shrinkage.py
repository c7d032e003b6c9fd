"""Shrinkage: weights against the dense conditional mean, and their direction on real posteriors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import fit_from, posterior_at, random_fit

import hierbayes as hb
from hierbayes.estimates.by_group import shrinkage
from hierbayes.estimates.by_group.shrinkage import pooling_factors


def frame(seed: int = 5, n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(size=n),
            "g": rng.integers(0, 6, n),
            "won": rng.integers(0, 2, n),
        }
    )


def test_weights_are_those_of_the_dense_conditional_mean():
    """E[u | y] = S Z' (Z S Z' + sigma^2 I)^-1 r; its derivative in the own estimate is 1 - pooling factor."""
    model = hb.Model("y ~ x + (1 + x | g)", frame())
    sd, r, sigma = np.array([0.8, 0.5]), 0.3, 1.3
    S = np.outer(sd, sd) * np.array([[1, r], [r, 1]])
    group = model.design.group("g")
    values = {
        "b": np.array([0.2, -0.1]),
        "sigma": sigma,
        "sd_g": sd,
        "cor_g": np.array([[1, r], [r, 1]]),
        "u_g": np.zeros((group.n_groups, 2)),
    }
    factor = pooling_factors(fit_from(model, posterior_at(model, values)), "g")[0, 0].to_numpy()
    for j in range(group.n_groups):
        Z = group.Z[group.codes == j]
        gain = S @ Z.T @ np.linalg.inv(Z @ S @ Z.T + sigma**2 * np.eye(len(Z)))
        np.testing.assert_allclose(1 - factor[j], np.diag(gain @ Z), rtol=1e-10)


def test_binary_information_is_that_of_each_draw():
    model = hb.Model("won ~ x + (1 | g)", frame(), family="bernoulli")
    fit = random_fit(model, draws=50)
    group = model.design.group("g")
    factor = pooling_factors(fit, "g")
    draw = fit.posterior.isel(chain=1, draw=7)
    eta = model.design.X @ draw["b"].to_numpy() + draw["u_g"].to_numpy()[group.codes, 0]
    p = 1 / (1 + np.exp(-eta))
    information = np.bincount(group.codes, p * (1 - p))
    variance = float(draw["sd_g"][0]) ** 2
    expected = 1 - variance * information / (1 + variance * information)
    np.testing.assert_allclose(factor.isel(chain=1, draw=7)[:, 0], expected, rtol=1e-10)


def test_columns_of_the_table():
    fit = random_fit(hb.Model("y ~ x + (1 + x | g)", frame()))
    rows = fit.shrinkage()
    assert list(rows.columns) == [
        "group",
        "level",
        "term",
        "n",
        "no_pooling",
        "no_pooling_se",
        "complete_pooling",
        "complete_pooling_se",
        "mean",
        "sd",
        "lower",
        "upper",
        "pooling_factor",
        "pooling_lower",
        "pooling_upper",
        "ess_bulk",
        "r_hat",
    ]
    assert rows["pooling_factor"].between(0, 1).all()
    assert "pooling factor" in rows.attrs["definition"]
    single = fit.design
    beta = np.linalg.lstsq(single.X, single.y)[0]
    assert list(rows["complete_pooling"].unique()) == pytest.approx(list(beta))
    residual = single.y - single.X @ beta
    spread = np.sqrt(residual @ residual / (single.n - 2))
    errors = spread * np.sqrt(np.diag(np.linalg.inv(single.X.T @ single.X)))
    assert list(rows["complete_pooling_se"].unique()) == pytest.approx(list(errors))


def test_no_pooling_of_a_null_model_is_the_group_mean():
    fit = random_fit(hb.Model("y ~ 1 + (1 | g)", frame()))
    rows = fit.shrinkage().set_index("level")
    means = frame().groupby("g")["y"].mean()
    np.testing.assert_allclose(rows["no_pooling"], means.to_numpy(), rtol=1e-8)
    sigma = float(np.sqrt((fit.posterior["sigma"] ** 2).mean()))
    np.testing.assert_allclose(rows["no_pooling_se"], sigma / np.sqrt(rows["n"]), rtol=1e-8)


def test_a_group_of_ones_has_no_finite_estimate_of_its_own():
    data = frame()
    data.loc[data["g"] == 2, "won"] = 1
    fit = random_fit(hb.Model("won ~ x + (1 | g)", data, family="bernoulli"), draws=50)
    rows = fit.shrinkage().set_index("level")
    assert rows.loc["2", "no_pooling"] == np.inf
    assert np.isfinite(rows.drop("2")["no_pooling"]).all()
    assert np.isfinite(rows["mean"]).all()


@pytest.mark.sampling
def test_small_schools_are_pulled_most(fit_of):
    """ANALYSES.md: 0.2846 for school 48 (n = 2), 0.9752 for the largest, as weights of the own data."""
    rows = fit_of("exam", "m1").shrinkage().set_index("level")
    small, large = rows.loc["48"], rows.loc[rows["n"].idxmax()]
    assert small["pooling_lower"] <= 1 - 0.2846 <= small["pooling_upper"]
    assert large["pooling_lower"] <= 1 - 0.9752 <= large["pooling_upper"]
    assert small["pooling_factor"] > 10 * large["pooling_factor"]
    moved = (rows["no_pooling"] - rows["mean"]).abs() / (rows["no_pooling"] - rows["complete_pooling"]).abs()
    assert moved["48"] > moved[rows["n"].idxmax()]


@pytest.mark.sampling
def test_vpcs_contain_the_published_ones(fit_of):
    exam = fit_of("exam", "m1").vpc().iloc[0]
    assert abs(exam["mean"] - 0.166) <= 0.02
    contraception = fit_of("contraception", "m_05").vpc().iloc[0]
    assert contraception["lower"] <= 0.0894 <= contraception["upper"]
    assert fit_of("contraception", "m_05").spec.groups[0].n_groups == 102


def test_rows_that_are_known_sharply_have_pooling_factors(monkeypatch):
    """With one row and two coefficients, identity plus SA was singular to double precision."""
    frame = pd.DataFrame({"y": np.arange(8.0) ** 2, "x": np.arange(8) % 3, "g": [*"aabbccde"]})
    fit = random_fit(hb.Model("y ~ 1 + (1 + x | g)", frame), draws=3)
    right = shrinkage._group_information
    monkeypatch.setattr(shrinkage, "_group_information", lambda *given: 1e22 * right(*given))
    factors = pooling_factors(fit, "g").to_numpy()
    assert np.isfinite(factors).all()
