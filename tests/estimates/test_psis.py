"""Pareto-smoothed weights of all rows at once are those of arviz-stats, row by row."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy.special import logsumexp
from tolerances import IDENTITY

from hierbayes.estimates.leave_out import psis
from hierbayes.estimates.leave_out.elpd import psis_elpd
from hierbayes.estimates.leave_out.psis import psis_weights


def rows(n_draws: int, n: int = 40) -> np.ndarray:
    """Log likelihoods with light, heavy and hopeless tails of their weights, and some large numbers."""
    rng = np.random.default_rng(5)
    scale = np.geomspace(1e-3, 3, n)[:, None]
    values = -scale * rng.exponential(size=(n, n_draws)) - rng.normal(0, 50, size=(n, 1))
    values[-1] -= 400 * (np.arange(n_draws) == 7)  # one draw has all the weight
    return values


@pytest.mark.parametrize(
    ("n_draws", "r_eff"), [(4000, 1.0), (1000, 0.37), (230, 0.97), (200, 1.0), (60, 0.5)]
)
def test_weights_and_shapes_are_those_of_arviz(n_draws: int, r_eff: float) -> None:
    values = rows(n_draws)
    log_weights, k = psis_weights(values, r_eff)
    with np.errstate(all="ignore"):
        expected, shapes = array_stats.psislw(values, r_eff=r_eff, axis=-1)
    assert k.max() > 0.7
    np.testing.assert_allclose(k, shapes, rtol=IDENTITY, atol=IDENTITY)
    np.testing.assert_allclose(np.exp(log_weights), np.exp(expected), rtol=IDENTITY, atol=1e-300)


def test_the_size_of_a_block_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = rows(500)
    whole = psis_weights(values)
    monkeypatch.setattr(psis, "BLOCK", 1500)
    for one, other in zip(psis_weights(values), whole, strict=True):
        np.testing.assert_array_equal(one, other)


def test_draws_without_likelihood_and_rows_without_information() -> None:
    values = rows(400, 3)
    values[0, :50] = -np.inf
    values[1] = -2.5
    log_weights, k = psis_weights(values)
    with np.errstate(all="ignore"):
        expected, shape = array_stats.psislw(values[0], axis=-1)
    np.testing.assert_array_equal(log_weights[0], expected)
    assert np.isnan(k[0]) == np.isnan(shape)
    np.testing.assert_allclose(log_weights[1], -np.log(400), rtol=IDENTITY)
    assert k[1] == -np.inf
    assert np.isfinite(k[2])


def test_densities_and_their_errors_by_the_formulas() -> None:
    values = rows(1000)[:30]
    found = psis_elpd(values, 0.8)
    log_weights, k = array_stats.psislw(values, r_eff=0.8, axis=-1)
    elpd = logsumexp(log_weights + values, axis=1)
    np.testing.assert_allclose(found["elpd"], elpd, rtol=IDENTITY)
    lpd = logsumexp(values, axis=1) - np.log(1000)
    np.testing.assert_allclose(found["p"], lpd - elpd, rtol=IDENTITY, atol=IDENTITY)
    weights = np.exp(log_weights)
    relative = np.exp(values - elpd[:, None])
    mcse = np.sqrt((weights**2 * (relative - 1) ** 2).sum(axis=1) / 0.8)
    np.testing.assert_allclose(found["mcse"], mcse, rtol=1e-8)
    np.testing.assert_allclose(found["pareto_k"], k, rtol=IDENTITY)


@pytest.mark.parametrize("draws", [2, 5])
def test_a_handful_of_draws_is_not_smoothed(draws):
    log_likelihood = np.random.default_rng(6).normal(size=(3, draws))
    weights, k = psis_weights(log_likelihood)
    assert np.isposinf(k).all()
    np.testing.assert_allclose(np.exp(weights).sum(axis=1), 1)
