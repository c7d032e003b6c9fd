"""Probabilities below and up to a value, of every family, against scipy.stats and sums of log_density."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import integrate, special, stats
from tolerances import IDENTITY

from hierbayes.families import FAMILIES, get_family, get_link
from hierbayes.families.below import below

PARAMETERS: dict[str, dict[str, float]] = {
    "gaussian": {"sigma": 1.7},
    "student": {"sigma": 1.7, "nu": 9.0},
    "lognormal": {"sigma": 0.7},
    "gamma": {"shape": 1.7},
    "exponential": {},
    "weibull": {"shape": 1.7},
    "beta": {"phi": 10.0},
}
COUNTS: dict[str, dict[str, Any]] = {
    "bernoulli": {},
    "binomial": {"trials": 7.0},
    "beta_binomial": {"trials": 7.0, "phi": 1.7},
    "poisson": {},
    "negbinomial": {"phi": 1.7},
    "zero_inflated_poisson": {"zi": 0.3},
    "zero_inflated_negbinomial": {"phi": 1.7, "zi": 0.3},
    "hurdle_poisson": {"hu": 0.3},
    "cumulative": {"cutpoints": np.array([-1.5, 0.2, 1.1])},
}
LARGEST = {"bernoulli": 1, "cumulative": 3, "binomial": 7, "beta_binomial": 7}


def test_every_family_with_an_order_is_here() -> None:
    assert {*PARAMETERS, *COUNTS} == set(FAMILIES) - {"categorical"}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_add_up(name: str) -> None:
    family, link = get_family(name), get_link(name)
    y = np.arange(LARGEST.get(name, 25) + 1.0)
    eta = np.linspace(-0.5, 0.9, 3)[:, None] * np.ones(y.size)
    mass = np.exp(family.log_density(y, eta, COUNTS[name], link))
    lower, upper = below(family, y, eta, COUNTS[name], link=link)
    np.testing.assert_allclose(upper, mass.cumsum(axis=-1), rtol=IDENTITY)
    np.testing.assert_allclose(lower[:, 1:], upper[:, :-1], rtol=IDENTITY)
    assert np.all(np.abs(lower[:, 0]) < IDENTITY)
    if name in LARGEST:
        np.testing.assert_allclose(upper[:, -1], 1.0, rtol=IDENTITY)


@pytest.mark.parametrize("name", PARAMETERS)
def test_measurements_are_integrals_of_the_density(name: str) -> None:
    family, link, given = get_family(name), get_link(name), PARAMETERS[name]
    one, other = (0.2, 0.6) if name == "beta" else (0.7, 2.5)
    for eta in (-0.5, 0.3):
        at = np.full(1, eta)

        def density(y: float, at: np.ndarray = at) -> float:
            return float(np.exp(family.log_density(np.array([y]), at, given, link)[0]))

        area = integrate.quad(density, one, other, epsabs=0, epsrel=1e-12)[0]
        first, second = (below(family, np.array([y]), at, given, link=link)[1][0] for y in (one, other))
        # quad is asked for a relative error of 1e-12; the difference loses no more than a digit
        assert second - first == pytest.approx(area, rel=1e-9)


def test_censored_and_truncated_rows_against_scipy() -> None:
    family, link = get_family("gaussian"), get_link("gaussian")
    y = np.array([0.4, 1.0, -2.0])
    low, high = np.array([0.4, 1.0, -2.0]), np.array([0.4, np.inf, 0.0])
    eta = np.array([[0.1, 0.2, 0.3]])
    params = {"sigma": 1.3, "low": low, "high": high}
    normal = stats.norm(eta, 1.3)
    lower, upper = below(family, y, eta, params, link=link)
    np.testing.assert_allclose(lower, normal.cdf(low), rtol=IDENTITY)
    np.testing.assert_allclose(upper, normal.cdf(high), rtol=IDENTITY)
    bounds = {"lb": np.full(3, -2.5), "ub": np.full(3, 3.0)}
    lower, upper = below(family, y, eta, {"sigma": 1.3, **bounds}, link=link)
    cut = stats.truncnorm((-2.5 - eta) / 1.3, (3.0 - eta) / 1.3, eta, 1.3)
    np.testing.assert_allclose(upper, cut.cdf(y), rtol=IDENTITY)
    np.testing.assert_array_equal(lower, upper)


def test_weights_of_the_likelihood_change_nothing_and_residual_weights_do() -> None:
    poisson, link = get_family("poisson"), get_link("poisson")
    y, eta = np.array([2.0]), np.array([0.4])
    plain = below(poisson, y, eta, {}, link=link)
    np.testing.assert_array_equal(plain, below(poisson, y, eta, {"weights": np.array([3.0])}, link=link))
    gaussian, identity = get_family("gaussian"), get_link("gaussian")
    weighted = below(gaussian, y, eta, {"sigma": 2.0, "weights": np.array([4.0])}, link=identity)
    np.testing.assert_allclose(weighted[0], special.ndtr(y - eta), rtol=IDENTITY)
