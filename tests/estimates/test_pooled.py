"""The pooling factor of a batch: against its formula, known normal posteriors and reliabilities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import fit_from, posterior_at, random_fit
from tolerances import STANDARD_ERRORS

import hierbayes as hb
from hierbayes.estimates.by_group import pooled
from hierbayes.estimates.by_group.ranked import group_values, reliability


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    n = 60
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(size=n),
            "w": rng.uniform(1, 3, n),
            "won": rng.integers(0, 2, n),
            "g": np.arange(n) % 6,
        }
    )


def test_the_factor_is_that_of_the_formula(frame):
    fit = random_fit(hb.Model("y ~ x + (1 + x | g)", frame), draws=50)
    rows = fit.pooling_factor()
    u = fit.posterior["u_g"].to_numpy().reshape(-1, 6, 2)
    residual = (frame["y"].to_numpy() - fit.linpred().to_numpy()).reshape(-1, 60)
    expected = [
        1 - e.mean(axis=0).var(ddof=1) / e.var(axis=1, ddof=1).mean()
        for e in (u[..., 0], u[..., 1], residual)
    ]
    np.testing.assert_allclose(rows["pooling"], expected, rtol=1e-10)
    assert list(rows["group"]) == ["g", "g", "Residual"]
    assert list(rows["n"]) == [6, 6, 60]


def test_one_minus_it_is_the_mean_reliability_of_the_ranks(frame):
    fit = random_fit(hb.Model("y ~ x + (1 + x | g)", frame), draws=50)
    for term, factor in zip(("Intercept", "x"), fit.pooling_factor("g")["pooling"], strict=True):
        values, _ = group_values(fit, fit.spec.groups[0], term=term)
        assert 1 - reliability(values).mean() == pytest.approx(factor, rel=1e-10)


def test_normal_posteriors_have_the_factor_of_their_variances(frame):
    """Independent effects of means m and posterior sd s: by total variance 1 - var(m) / (var(m) + s^2)."""
    model = hb.Model("y ~ 1 + (1 | g)", frame)
    values = {"b": np.zeros(1), "sigma": 1.0, "sd_g": np.ones(1), "u_g": np.zeros((6, 1))}
    means, found, errors = np.linspace(-1, 1, 6), [], []
    for seed in range(20):
        posterior = posterior_at(model, values, 4, 250)
        posterior["u_g"].values[:] = np.random.default_rng(seed).normal(means[:, None], 0.6, (4, 250, 6, 1))
        row = fit_from(model, posterior).pooling_factor("g").iloc[0]
        found.append(row["pooling"])
        errors.append(row["mcse"])
    expected = 1 - means.var(ddof=1) / (means.var(ddof=1) + 0.36)
    assert (
        abs(np.mean(found) - expected) <= STANDARD_ERRORS * np.std(found, ddof=1) / np.sqrt(20) + 0.36 / 1000
    )
    assert np.mean(errors) == pytest.approx(np.std(found, ddof=1), rel=0.5)


def test_blocks_of_rows_change_nothing(frame, monkeypatch):
    fit = random_fit(hb.Model("y | weights(w) ~ x + (1 | g)", frame), draws=50)
    whole = fit.pooling_factor()
    monkeypatch.setattr(pooled, "BLOCK", 1000)
    pd.testing.assert_frame_equal(fit.pooling_factor(), whole, rtol=1e-10)


def test_rows_without_residuals_have_none_and_the_table_says_why(frame):
    rows = random_fit(hb.Model("won ~ x + (1 | g)", frame, family="bernoulli"), draws=50).pooling_factor()
    assert list(rows["group"]) == ["g"]
    assert rows.attrs["notes"] == (pooled.NO_RESIDUALS,)
    single = random_fit(hb.Model("y ~ x", frame), draws=50).pooling_factor()
    assert list(single["group"]) == ["Residual"]


@pytest.mark.sampling
def test_exam_m1_is_hardly_pooled_and_shrinkage_says_so(fit_of):
    fit = fit_of("exam", "m1")
    schools, pupils = fit.pooling_factor()["pooling"]
    mean_factor = fit.shrinkage()["pooling_factor"].mean()
    assert schools == pytest.approx(mean_factor, abs=0.05)
    assert pupils < 0.03
    (note,) = fit.shrinkage().attrs["notes"]
    assert note.startswith("school, Intercept: the pooling factor of all 65 groups together is 0.")


@pytest.mark.sampling
def test_the_sd_of_a_schools_own_mean_carries_the_covariance_with_the_population(fit_of):
    """Var(b + u) = Var(b) + Var(u) + 2 Cov(b, u): the covariance is negative, so sds do not add up."""
    fit = fit_of("exam", "m1")
    b = fit.fixef(draws=True).sel(term="Intercept").to_numpy().ravel()
    u = fit.ranef(draws=True)["u_school"][..., 0].to_numpy().reshape(len(b), -1)
    cross = ((b - b.mean())[:, None] * (u - u.mean(axis=0))).sum(axis=0) / (len(b) - 1)
    expected = np.sqrt(b.var(ddof=1) + u.var(axis=0, ddof=1) + 2 * cross)
    np.testing.assert_allclose(fit.coef("school")["sd"], expected, rtol=1e-10)
    assert (cross < 0).all()
    largest = int(fit.design.group("school").sizes.argmax())
    own = np.sqrt(fit.varcorr().query("group == 'Residual'")["mean"].item() ** 2 / 198)
    assert fit.coef("school")["sd"][largest] == pytest.approx(own, rel=0.1)
