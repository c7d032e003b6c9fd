"""Predictors against plain loops, and replicated data against their expectation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit

import hierbayes as hb


@pytest.fixture(scope="module", params=["gaussian", "bernoulli"])
def fit(request) -> hb.Fit:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"x": rng.normal(size=30), "g": rng.integers(0, 4, 30), "h": rng.integers(0, 3, 30)})
    frame["y"] = rng.integers(0, 2, 30) if request.param == "bernoulli" else rng.normal(size=30)
    return random_fit(hb.Model("y ~ x + (1 + x | g) + (1 | h)", frame, family=request.param), draws=500)


def test_linear_predictor_row_by_row(fit):
    eta = fit.linpred()
    assert eta.dims == ("chain", "draw", "obs")
    g, h = fit.design.groups
    for chain, draw, row in [(0, 0, 0), (3, 499, 29), (1, 17, 12)]:
        at = fit.posterior.isel(chain=chain, draw=draw)
        x = fit.design.X[row, 1]
        u = at["u_g"].to_numpy()[g.codes[row]]
        expected = at["b"].to_numpy() @ [1, x] + u @ [1, x] + at["u_h"].to_numpy()[h.codes[row], 0]
        assert float(eta[chain, draw, row]) == pytest.approx(expected, rel=1e-12)


def test_an_offset_is_added_as_it_is():
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"x": rng.normal(size=20), "w": rng.uniform(1, 9, 20), "y": rng.normal(size=20)})
    fit = random_fit(hb.Model("y ~ x + offset(log(w))", frame))
    eta = fit.posterior["b"].to_numpy() @ fit.design.X.T + np.log(frame["w"].to_numpy())
    np.testing.assert_allclose(fit.linpred(), eta, rtol=1e-12)


def test_expected_response_is_the_inverse_link(fit):
    eta = fit.linpred().to_numpy()
    expected = eta if fit.spec.family == "gaussian" else 1 / (1 + np.exp(-eta))
    np.testing.assert_allclose(fit.epred(), expected, rtol=1e-12)


def test_replicated_data_average_to_the_expectation(fit):
    replicated = fit.posterior_predictive(draws=None, seed=1)
    difference = (replicated - fit.epred()).mean(("chain", "draw"))
    error = (replicated - fit.epred()).std(("chain", "draw")) / np.sqrt(2000)
    assert (abs(difference) <= 4 * error).all()


def test_thinning_is_even_and_seeds_repeat(fit):
    few = fit.posterior_predictive(draws=40, seed=3)
    assert few.sizes["chain"] * few.sizes["draw"] == 40
    assert list(few["draw"].to_numpy()[:3]) == [0, 50, 100]
    np.testing.assert_array_equal(few, fit.posterior_predictive(draws=40, seed=3))
    assert (few != fit.posterior_predictive(draws=40, seed=4)).any()
