"""A symmetric distribution with heavy tails, for responses with outliers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hierbayes.families import partial
from hierbayes.families.base import (
    NO_PARAMETERS,
    RESIDUAL,
    WEIGHTS,
    Parameters,
    array,
    check_finite,
    check_varies,
    times_weights,
)
from hierbayes.families.links import Floats, Link

MAD_TO_SD = 1.4826  # sd of a normal distribution over its median absolute deviation
DEGREES = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""Degrees of freedom among which a rough estimate chooses."""
LEAST_SIGMA = 1e-3  # of rough estimates, in median absolute deviations of the response
EM_STEPS = 10
SMALLEST = 1e-280  # probabilities below may have lost digits


@dataclass(frozen=True)
class Student(partial.Censorable):
    """``(y - mu) / sigma`` has a t distribution with ``nu`` degrees of freedom: brms's ``student``.

    ``sigma`` is the scale, in units of the response; the sd, ``sigma sqrt(nu / (nu - 2))``, is larger, and
    infinite for ``nu <= 2``. ``mu`` is the location: the median, and for ``nu > 1`` the mean.

    References
    ----------
    Lange, K. L., Little, R. J. A. and Taylor, J. M. G. (1989). Robust statistical modeling using the t
    distribution. Journal of the American Statistical Association 84, 881-896 (the weights, and equation 8
    with the information ``(nu + 1) / (nu + 3)``).

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("student"), get_link("student")
    >>> float(family.variance(0.0, {"sigma": 2.0, "nu": 4.0}))
    8.0
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are finite and not all equal."""
        check_finite(y, name)
        check_varies(y, name)

    def is_linear(self, link: Link) -> bool:
        """No: a value far out pulls less."""
        return False

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``sigma^2 nu / (nu - 2)``, infinite for ``nu <= 2``, for every mean."""
        return _variance(params) * np.ones_like(array(mu))

    @partial.mean
    def mean(self, eta: ArrayLike, link: Link, params: Parameters = NO_PARAMETERS) -> Floats:
        """``mu``, which is the mean for ``nu > 1``; of truncated responses the mean between the bounds."""
        return link.inverse(eta)

    @partial.log_density
    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``-(nu + 1) / 2 log(1 + z^2 / nu)`` with ``z = (y - mu) / sigma``, normalized."""
        nu, sigma = array(params["nu"]), array(params["sigma"])
        z = (array(y) - link.inverse(eta)) / sigma
        return times_weights(_log_t(z, nu) - np.log(sigma), params)

    @partial.score
    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(nu + 1) z / (nu + z^2) / sigma``."""
        residual = array(y) - link.inverse(eta)
        return residual * _em_weights(residual, params)

    @partial.information
    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(nu + 1) / (nu + 3) / sigma^2``."""
        nu, sigma = array(params["nu"]), array(params["sigma"])
        return times_weights((nu + 1) / (nu + 3) / sigma**2 * np.ones_like(array(eta)), params)

    @partial.step_weights
    def step_weights(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(nu + 1) / (nu + z^2) / sigma^2``: those of EM, whose steps never overshoot."""
        return _em_weights(array(y) - link.inverse(eta), params)

    @partial.draw
    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Draws in the broadcast shape of ``eta`` and the parameters."""
        mu, sigma, nu = np.broadcast_arrays(link.inverse(eta), array(params["sigma"]), array(params["nu"]))
        return array(mu + sigma * rng.standard_t(nu))

    def log_cdf(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log T((y - mu) / sigma)``."""
        z = (array(y) - link.inverse(eta)) / array(params["sigma"])
        return _log_t_cdf(z, array(params["nu"]))

    def log_ccdf(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log T((mu - y) / sigma)``."""
        z = (link.inverse(eta) - array(y)) / array(params["sigma"])
        return _log_t_cdf(z, array(params["nu"]))

    def log_cdf_slope(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """The log density: ``mu`` moves the whole distribution."""
        sigma = array(params["sigma"])
        return _log_t((array(y) - link.inverse(eta)) / sigma, array(params["nu"])) - np.log(sigma)

    def quantile(
        self, tails: tuple[Floats, Floats], eta: ArrayLike, params: Parameters, link: Link
    ) -> Floats:
        """``mu + sigma T^-1(P(Y <= y))``."""
        below, above = tails
        z = special.stdtrit(array(params["nu"]), np.exp(np.minimum(below, above)))
        return link.inverse(eta) + array(params["sigma"]) * np.where(below < above, z, -z)

    def truncated_mean(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``mu + sigma (g(a) - g(b)) / (T(b) - T(a))``, ``a`` and ``b`` the standardized bounds.

        ``g(z) = nu / (nu - 1) (1 + z^2 / nu) t(z)`` is the integral of ``z t(z)`` from ``z`` on. The mean
        exists for ``nu > 1``, and for all ``nu`` between two finite bounds, where 1 is avoided by a hair.
        """
        nu, sigma, mu = array(params["nu"]), array(params["sigma"]), link.inverse(eta)
        nu = np.where(np.abs(nu - 1) < 1e-6, 1 + 1e-6, nu)
        bounds = params[partial.LOWER_BOUND], params[partial.UPPER_BOUND]
        total = partial.log_between(self, bounds, eta, params, link=link)

        def log_g(bound: ArrayLike) -> Floats:
            z = np.where(np.isfinite(bound), (array(bound) - mu) / sigma, 0.0)
            value = _log_t(array(z), nu) + np.log1p(z**2 / nu)
            return np.where(np.isfinite(bound), value, -np.inf)

        low, high = (np.exp(log_g(bound) - total) for bound in bounds)
        return array(np.clip(mu + sigma * nu / (nu - 1) * (low - high), *bounds))

    def typical_mean(self, y: Floats, rows: Parameters = NO_PARAMETERS) -> float:
        """The median, which outliers leave alone."""
        return float(np.median(y))

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """1.4826 times the median absolute deviation: the sd of the bulk; the sd where that is 0."""
        return MAD_TO_SD * float(np.median(np.abs(y - np.median(y)))) or float(y.std())

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """The best of some degrees of freedom, each with its ``sigma`` by EM.

        At least a thousandth of what a typical response is away from the median: columns may leave nothing.
        """
        squares = (y - link.inverse(eta)) ** 2
        weights = array(rows.get(WEIGHTS, 1.0)) * partial.exactly_known(rows)
        weights = np.broadcast_to(weights if np.any(weights) else np.ones(1), y.shape)
        start = float(np.average(squares, weights=weights)) or 1.0
        least = max(1e-8 * start, (LEAST_SIGMA * float(np.median(np.abs(y - np.median(y))))) ** 2)
        best, found = -np.inf, {"sigma": math.sqrt(start), "nu": DEGREES[-1]}
        for nu in DEGREES:
            variance = start
            for _ in range(EM_STEPS):
                each = (nu + 1) / (nu + squares / variance) * squares
                variance = max(float(np.average(each, weights=weights)), least)
            guess = {"sigma": math.sqrt(variance), "nu": nu}
            value = float(self.log_density(y, eta, {**rows, **guess}, link).sum())
            if value > best:
                best, found = value, guess
        return found

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """The response is on the scale of its linear predictor."""
        return (RESIDUAL,)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """``sigma^2 nu / (nu - 2)``: that of a row; infinite for ``nu <= 2``."""
        self.chosen_scale(link, scale)
        return _variance(params)


def _log_t(z: Floats, nu: Floats) -> Floats:
    """Log density of the t distribution."""
    constant = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2) - 0.5 * np.log(nu * math.pi)
    return array(constant - (nu + 1) / 2 * np.log1p(z * z / nu))


def _em_weights(residual: Floats, params: Parameters) -> Floats:
    nu, sigma = array(params["nu"]), array(params["sigma"])
    z = residual / sigma
    return times_weights((nu + 1) / (nu + z * z) / sigma**2, params)


def _log_t_cdf(z: Floats, nu: Floats) -> Floats:
    """``log P(T <= z)``; far down by the hypergeometric series of the incomplete beta function.

    References
    ----------
    Abramowitz, M. and Stegun, I. A. (1964). Handbook of Mathematical Functions, 26.7.1 and 26.5.23.
    """
    z, nu = np.broadcast_arrays(z, nu)
    cdf = special.stdtr(nu, z)
    far = (cdf < SMALLEST) & np.isfinite(z)
    with np.errstate(divide="ignore"):
        value = np.where(z > 0, np.log1p(-special.stdtr(nu, -z)), np.log(cdf))
    a, t = nu[far] / 2, nu[far] / z[far] ** 2
    x = t / (1 + t)
    series = np.log(special.hyp2f1(a + 0.5, 1.0, a + 1, x))
    value[far] = (
        math.log(0.5) + a * np.log(x) + 0.5 * np.log1p(-x) - np.log(a) - special.betaln(a, 0.5) + series
    )
    return array(value)


def _variance(params: Parameters) -> Floats:
    nu = array(params["nu"])
    excess = np.where(nu > 2, nu - 2, 1.0)
    return array(params["sigma"]) ** 2 * np.where(nu > 2, nu / excess, np.inf)


STUDENT = Student(
    name="student",
    links=("identity",),
    parameters=("sigma", "nu"),
    response_kind="numeric",
    scale="sigma",
)
