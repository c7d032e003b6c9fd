"""The normal approximation near the mode, against optimality conditions and closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.geometry import coordinates


def frame_of(share):
    """Ten groups of 20 rows: in the first one no successes, in the others every ``share``-th."""
    g = np.repeat(np.arange(10), 20)
    y = (np.arange(200) % share == 0) & (g > 0)
    return pd.DataFrame({"y": y.astype(int), "g": g.astype(str), "x": np.sin(np.arange(200))})


def test_the_score_vanishes_at_the_mode():
    """d/du log p(y, u) = 0 for counts, at the guessed standard deviations."""
    rng = np.random.default_rng(5)
    g = rng.integers(0, 8, 120)
    data = pd.DataFrame({"y": rng.poisson(np.exp(0.3 * g - 1)), "g": g.astype(str)})
    model = hb.Model("y ~ 1 + (1 | g)", data, family="poisson")
    here = coordinates(model.spec, model.design).groups["g"]
    center = coordinates(model.spec, model.design).center
    codes = model.design.groups[0].codes
    mu = np.exp(center[0] + here.mode[codes, 0])
    gradient = np.bincount(codes, model.design.y - mu) - here.mode[:, 0] / here.guess[0] ** 2
    np.testing.assert_allclose(gradient, 0, atol=1e-4)
    np.testing.assert_allclose(here.information[:, 0, 0], np.bincount(codes, mu), rtol=1e-2)
    # the score is that of the normal approximation, whose mode is the same
    np.testing.assert_allclose(here.gain[:, 0, 0] * here.score[:, 0], here.mode[:, 0], atol=1e-6)


def test_gaussian_rows_are_as_curved_everywhere():
    data = frame_of(3)
    model = hb.Model("x ~ 1 + (1 | g)", data)
    assert coordinates(model.spec, model.design).stiffness == pytest.approx(1)


def test_groups_without_any_success_are_stiff():
    stiff, mild = (
        coordinates(model.spec, model.design).stiffness
        for model in (
            hb.Model("y ~ 1 + (1 | g)", frame_of(2), family="bernoulli"),
            hb.Model("y ~ 1 + (1 | g)", frame_of(2).query("g != '0'"), family="bernoulli"),
        )
    )
    assert stiff > 3 > mild
