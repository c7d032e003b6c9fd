"""The normal approximation near the mode, against optimality conditions and closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.families import get_family, get_link
from hierbayes.geometry import coordinates
from hierbayes.plan import STIFF


def frame_of(constant):
    """Twelve groups of 30 rows; where ``constant``, two thirds of them know only one outcome."""
    g, i = np.repeat(np.arange(12), 30), np.arange(360)
    mixed = (i + i // 7) % 2
    y = np.choose(g % 3, [np.zeros(360), mixed, np.ones(360)]) if constant else mixed
    return pd.DataFrame({"y": y.astype(int), "g": g.astype(str), "x": np.sin(i)})


def test_the_averaged_score_vanishes():
    """Counts: E d/du log p(y, u) = 0, E exp(eta) = exp(mean + variance / 2), at the guessed sds."""
    rng = np.random.default_rng(5)
    g = rng.integers(0, 8, 120)
    data = pd.DataFrame({"y": rng.poisson(np.exp(0.3 * g - 1)), "g": g.astype(str)})
    model = hb.Model("y ~ 1 + (1 | g)", data, family="poisson")
    frame = coordinates(model.spec, model.design)
    here, codes = frame.groups["g"], model.design.groups[0].codes
    mu = np.exp(frame.center[0] + here.mode[codes, 0] + here.gain[codes, 0, 0] / 2)
    gradient = np.bincount(codes, model.design.y - mu) - here.mode[:, 0] / here.guess[0] ** 2
    np.testing.assert_allclose(gradient, 0, atol=1e-3)
    np.testing.assert_allclose(here.information[:, 0, 0], np.bincount(codes, mu), rtol=1e-2)
    # the normal approximation has its mean there
    np.testing.assert_allclose(here.gain[:, 0, 0] * here.score[:, 0], here.mode[:, 0], atol=1e-5)


def test_gaussian_rows_are_as_curved_everywhere():
    model = hb.Model("x ~ 1 + (1 | g)", frame_of(constant=False))
    assert coordinates(model.spec, model.design).stiffness == pytest.approx(1)


def test_groups_of_one_outcome_are_stiff():
    stiff, mild = (
        coordinates(model.spec, model.design).stiffness
        for model in (
            hb.Model("y ~ 1 + (1 | g)", frame_of(constant), family="bernoulli") for constant in (True, False)
        )
    )
    assert stiff > STIFF > mild


@pytest.mark.parametrize("seed", range(4))
def test_scores_that_grow_exponentially_do_not_overshoot(seed):
    truth = {"b[Intercept]": 0.3, "b[x]": 0.3, "shape": 3.0, "sd[g]": 0.8, "sd[g][x]": 0.6, "cor[g]": 0.2}
    formula = "y ~ x + (1 + x | g)"
    data = hb.simulate(
        formula,
        sizes={"g": 12, "i": 8},
        params=truth,
        family="weibull",
        covariates={"x": "normal(0, 1)"},
        seed=seed,
    )
    model = hb.Model(formula, data, family="weibull")
    found = coordinates(model.spec, model.design)
    # what coefficients and effects are together, to four standard errors of a mean of 12 groups
    typical = found.center + found.groups["g"].mode.mean(axis=0)
    np.testing.assert_allclose(typical, 0.3, atol=4 * 0.8 / np.sqrt(12))


@pytest.mark.parametrize("family", ["weibull", "gamma", "exponential"])
def test_steps_of_positive_responses_are_bounded(family):
    rows = dict.fromkeys(get_family(family).parameters, 2.0)
    eta = np.linspace(-300, 300, 121)
    args = np.ones(121), eta, rows, get_link(family)
    score, weights = (getattr(get_family(family), name)(*args) for name in ("score", "step_weights"))
    assert (np.abs(score / weights) <= 1).all()
    assert (weights >= get_family(family).information(*args[1:])).all()
