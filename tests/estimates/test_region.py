"""Ellipses of a new group: the normal case, coverage by other draws, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import chi2

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.by_group.region import NEW_GROUPS, PROBS, regions

PAIR = ("Intercept", "standLRT")


@pytest.fixture(scope="module")
def m4(fit_of: Callable[[str, str], Any]) -> Any:
    return fit_of("exam", "m4")


def of_one_draw(fit: Any) -> Any:
    """The fit as if nothing were uncertain: every draw is the first."""
    posterior = fit.posterior
    first = posterior.isel(chain=[0] * 4, draw=[0] * 50)
    first = first.assign_coords(chain=np.arange(4), draw=np.arange(50))
    return replace(fit, idata=xr.DataTree.from_dict({"posterior": first}))


@pytest.mark.sampling
def test_without_uncertainty_the_radius_is_that_of_a_normal_distribution(m4: Any) -> None:
    known = of_one_draw(m4)
    found = regions(known, "school", PAIR)
    one = m4.posterior.isel(chain=0, draw=0)
    sd, r = one["sd_school"].to_numpy(), float(one["cor_school"][0, 1])
    S = np.outer(sd, sd) * np.array([[1, r], [r, 1]])
    np.testing.assert_allclose(found["covariance"], S, rtol=1e-10)
    np.testing.assert_allclose(found["center"], one["b"].sel(term=list(PAIR)), rtol=1e-10)
    # A quantile's error: that of the share, divided by the density of the distance.
    for p, radius in zip(PROBS, found["radius"].to_numpy(), strict=True):
        exact = np.sqrt(chi2.ppf(p, 2))
        error = np.sqrt(p * (1 - p) / NEW_GROUPS) / (exact * np.exp(-(exact**2) / 2))
        assert abs(radius - exact) <= 4 * error


@pytest.mark.sampling
def test_ellipses_hold_new_groups_with_their_probability(m4: Any) -> None:
    found = regions(m4, "school", PAIR)
    rng = np.random.default_rng(77)
    posterior = m4.posterior.stack(sample=("chain", "draw"))
    sd, r = posterior["sd_school"].to_numpy(), posterior["cor_school"][0, 1].to_numpy()
    b = posterior["b"].sel(term=list(PAIR)).to_numpy()
    covered = np.zeros(2)
    for _ in range(10):
        z1, z2 = rng.standard_normal((2, b.shape[1]))
        new = b + sd * np.array([z1, r * z1 + np.sqrt(1 - r**2) * z2])
        away = new - found["center"].to_numpy()[:, None]
        distance = np.sqrt((away * np.linalg.solve(found["covariance"].to_numpy(), away)).sum(axis=0))
        covered += (distance[:, None] <= found["radius"].to_numpy()).mean(axis=0) / 10
    n = 10 * b.shape[1]
    p = np.array(PROBS)
    assert np.all(np.abs(covered - p) <= 4 * np.sqrt(p * (1 - p) * (1 / n + 1 / NEW_GROUPS)))


@pytest.mark.sampling
def test_the_boundary_is_closed_and_at_the_radius(m4: Any) -> None:
    found = regions(m4, "school", ["standLRT", "Intercept"])
    line = found["boundary"].to_numpy()
    np.testing.assert_allclose(line[:, 0], line[:, -1], atol=1e-12)
    away = line - found["center"].to_numpy()
    distance = np.sqrt(np.einsum("pti,ij,ptj->pt", away, np.linalg.inv(found["covariance"]), away))
    np.testing.assert_allclose(distance, np.broadcast_to(found["radius"].to_numpy()[:, None], distance.shape))
    assert found["term"].to_numpy().tolist() == ["standLRT", "Intercept"]


@pytest.mark.sampling
def test_what_is_no_pair_is_refused(m4: Any) -> None:
    with pytest.raises(DataError) as refused:
        regions(m4, "school", ["Intercept", "Intercept"])
    assert str(refused.value) == (
        "An ellipse is drawn for two coefficients of 'school', and ['Intercept', 'Intercept'] was given. "
        "There are: Intercept, standLRT."
    )
    with pytest.raises(UnknownNameError):
        regions(m4, "district", PAIR)
