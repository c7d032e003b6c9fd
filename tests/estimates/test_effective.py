"""Effective sample sizes and R-hat of many numbers at once are those of arviz-stats, one at a time."""

from __future__ import annotations

import numpy as np
import pytest
import tolerances
from arviz_stats.base import array_stats

from hierbayes.estimates.effective import AT_A_TIME, ess_bulk, ess_tail, r_hat

AXES = {"chain_axis": 0, "draw_axis": 1}


def draws(chains: int, length: int, n: int = 40) -> np.ndarray:
    """Autoregressive chains, from alternating to hardly moving, and some that are odd."""
    rng = np.random.default_rng(length)
    noise = rng.normal(size=(chains, length, n))
    found = noise.copy()
    slow = np.linspace(-0.95, 0.99, n)
    for t in range(1, length):
        found[:, t] = slow * found[:, t - 1] + noise[:, t]
    found[..., 0] = 1.0
    found[..., 1] = np.round(found[..., 1])
    found[0, 0, 2] = np.nan
    found[..., 3] *= 1e-300
    found[..., 4] = found[..., 4] > 0
    found[0, :, 5] += 100.0
    return found


@pytest.mark.parametrize("chains", [1, 2, 4])
@pytest.mark.parametrize("length", [3, 4, 5, 8, 9, 21, 150])
def test_many_numbers_at_once_are_as_arviz_has_them(chains, length):
    found = draws(chains, length)
    with np.errstate(divide="ignore", invalid="ignore"):  # arviz divides by the variance of equal draws
        bulk = array_stats.ess(found, method="bulk", **AXES)
        tail = array_stats.ess(found, method="tail", prob=0.94, **AXES)
        rank = array_stats.rhat(found, **AXES) if chains > 1 else np.full(found.shape[2], np.nan)
    np.testing.assert_allclose(ess_bulk(found), bulk, rtol=tolerances.IDENTITY)
    np.testing.assert_allclose(ess_tail(found, 0.94), tail, rtol=tolerances.IDENTITY)
    np.testing.assert_allclose(r_hat(found), rank, rtol=tolerances.IDENTITY)
    if length > 3:
        assert np.isnan(ess_bulk(found)).sum() == 1


def test_blocks_join(monkeypatch):
    found = draws(2, 20)
    whole = ess_bulk(found)
    monkeypatch.setattr("hierbayes.estimates.effective.AT_A_TIME", 130)
    np.testing.assert_array_equal(ess_bulk(found), whole)
    assert found.size < AT_A_TIME
