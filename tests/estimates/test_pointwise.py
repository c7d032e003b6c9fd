"""The log likelihood of each row against scipy, and whatever the block."""

from __future__ import annotations

import numpy as np
import pytest
from plugin import random_fit
from scipy import stats
from structures import small_frame

import hierbayes as hb
from hierbayes.estimates.leave_out.pointwise import log_likelihood_blocks


@pytest.fixture(scope="module")
def weighted() -> hb.Fit:
    return random_fit(hb.Model("y | weights(k) ~ x + offset(w) + (1 + x | g) + (1 | h)", small_frame()))


def test_gaussian_rows_are_those_of_scipy(weighted, identity_rtol):
    sigma = weighted.posterior["sigma"].to_numpy()[..., None] / np.sqrt(weighted.design.weights)
    expected = stats.norm.logpdf(weighted.design.y, weighted.linpred(), sigma)
    got = weighted.log_likelihood()
    assert got.dims == ("chain", "draw", "obs")
    np.testing.assert_allclose(got, expected, rtol=identity_rtol)


def test_binomial_rows_are_those_of_scipy(identity_rtol):
    fit = random_fit(hb.Model("won_of_n | trials(n) ~ x + (1 | g)", small_frame(), family="binomial"))
    p = 1 / (1 + np.exp(-fit.linpred(draws=40)))
    expected = stats.binom.logpmf(fit.design.y, fit.design.trials, p)
    np.testing.assert_allclose(fit.log_likelihood(draws=40), expected, rtol=identity_rtol)


@pytest.mark.parametrize("size", [1, 7, 60])
def test_blocks_are_the_whole_in_order(weighted, size, identity_rtol):
    n_draws = weighted.posterior.sizes["chain"] * weighted.posterior.sizes["draw"]
    pieces = list(log_likelihood_blocks(weighted, block=size * n_draws))
    assert [rows.start for rows, _ in pieces] == list(range(0, 60, size))
    whole = np.concatenate([values for _, values in pieces], axis=-1)
    np.testing.assert_allclose(whole, weighted.log_likelihood(), rtol=identity_rtol)
