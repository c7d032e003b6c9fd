"""Pictures of draws and data that are hardly fit to be drawn."""

from __future__ import annotations

import numpy as np
import pytest
from plugin import random_fit

import hierbayes as hb
from hierbayes.errors import DataError
from hierbayes.estimates.leave_out import loo as loo_module
from hierbayes.plots.leave_out import pareto_k_data
from hierbayes.plots.smooth import density


def test_draws_that_are_all_the_same_are_a_spike():
    x, height = density(np.full((2, 10), 0.25), 64, bounded=True)
    assert set(x) == {0.25}
    assert sorted(height)[-2:] == [0.0, 1.0]
    x, height = density(np.full(5, np.nan), 8)
    assert np.isnan(height).all()


def test_a_density_is_one():
    values = np.append(np.random.default_rng(1).normal(size=2_000), np.inf)
    x, height = density(values)
    assert np.trapezoid(height, x) == pytest.approx(1, abs=0.02)
    assert abs(x[height.argmax()]) < 0.3


def test_responses_that_look_binary_are_drawn_as_the_numbers_that_they_are():
    rng = np.random.default_rng(1)
    frame = {"y": rng.integers(0, 2, 30).astype(float), "g": rng.choice(list("abc"), 30)}
    random_fit(hb.Model("y ~ 1 + (1 | g)", frame), draws=20).plot.ppc(backend="none")


def test_pareto_k_that_is_not_finite_is_said(monkeypatch):
    rng = np.random.default_rng(1)
    frame = {"y": rng.normal(size=6), "g": list("aabbcc")}
    fit = random_fit(hb.Model("y ~ 1 + (1 | g)", frame), chains=1, draws=20)
    found = loo_module.loo(fit, refits=0)
    found.pointwise["pareto_k"] = np.inf
    monkeypatch.setattr("hierbayes.plots.leave_out.loo", lambda *given, **named: found)
    assert "Largest: not finite." in pareto_k_data(fit).attrs["caption"]


def test_responses_without_digits_for_their_spread_are_not_drawn():
    rng = np.random.default_rng(1)
    frame = {"y": 1e15 + rng.normal(size=30), "g": rng.choice(list("abc"), 30)}
    fit = random_fit(hb.Model("y ~ 1 + (1 | g)", frame), draws=20)
    with pytest.raises(DataError, match="all the same in double precision"):
        fit.plot.ppc(backend="none")
