"""The weights of rows for a coarser factor, the factors nested in it integrated out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.geometry import coordinates
from hierbayes.geometry.rough import rough_fit


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(6)
    n = 240
    school = rng.integers(0, 8, n)
    room = rng.integers(0, 3, n)
    frame = pd.DataFrame({"y": rng.normal(size=n) + 0.5 * school, "school": school.astype(str), "room": room})
    return hb.Model("y ~ 1 + (1 | school/room)", frame)


def test_information_about_a_parent_is_that_of_the_marginal_covariance(model, identity_rtol):
    """Of each school: 1' V^-1 1 with V = sigma^2 I + s^2 per room, by dense matrices."""
    design = model.design
    frame = coordinates(model.spec, design)
    school, room = (design.group(name) for name in ("school", "school:room"))
    fit = rough_fit(model.spec, design, frame.X, tuple(model.spec.prior("Intercept") for _ in design.terms))
    s = fit.components["school:room"].sd[0]
    together = room.codes[:, None] == room.codes
    V = np.eye(design.n) * fit.residual_sd**2 + s**2 * together
    one = school.codes[:, None] == np.arange(school.n_groups)
    expected = np.diag(one.T @ np.linalg.solve(V, one.astype(float)))
    weights = frame.groups["school"].weights
    found = np.bincount(school.codes, weights)
    np.testing.assert_allclose(found, expected, rtol=identity_rtol)
    np.testing.assert_allclose(frame.groups["school:room"].weights, fit.residual_sd**-2)


def test_crossed_factors_take_nothing_from_each_other():
    rng = np.random.default_rng(7)
    n = 200
    frame = pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "g": rng.integers(0, 9, n).astype(str),
            "h": rng.integers(0, 5, n).astype(str),
        }
    )
    model = hb.Model("y ~ 1 + (1 | g) + (1 | h)", frame)
    groups = coordinates(model.spec, model.design).groups
    assert all(np.ptp(groups[name].weights) == 0 for name in ("g", "h"))
