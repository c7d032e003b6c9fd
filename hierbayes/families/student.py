"""A symmetric distribution with heavy tails, for responses with outliers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hierbayes.families.base import (
    NO_PARAMETERS,
    RESIDUAL,
    WEIGHTS,
    Family,
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
EM_STEPS = 10


@dataclass(frozen=True)
class Student(Family):
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

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``-(nu + 1) / 2 log(1 + z^2 / nu)`` with ``z = (y - mu) / sigma``, normalized."""
        nu, sigma = array(params["nu"]), array(params["sigma"])
        z = (array(y) - link.inverse(eta)) / sigma
        constant = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2) - 0.5 * np.log(nu * math.pi)
        value = constant - np.log(sigma) - (nu + 1) / 2 * np.log1p(z * z / nu)
        return times_weights(array(value), params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(nu + 1) z / (nu + z^2) / sigma``."""
        residual = array(y) - link.inverse(eta)
        return residual * self.step_weights(y, eta, params, link)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(nu + 1) / (nu + 3) / sigma^2``."""
        nu, sigma = array(params["nu"]), array(params["sigma"])
        return times_weights((nu + 1) / (nu + 3) / sigma**2 * np.ones_like(array(eta)), params)

    def step_weights(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(nu + 1) / (nu + z^2) / sigma^2``: those of EM, whose steps never overshoot."""
        nu, sigma = array(params["nu"]), array(params["sigma"])
        z = (array(y) - link.inverse(eta)) / sigma
        return times_weights((nu + 1) / (nu + z * z) / sigma**2, params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Draws in the broadcast shape of ``eta`` and the parameters."""
        mu, sigma, nu = np.broadcast_arrays(link.inverse(eta), array(params["sigma"]), array(params["nu"]))
        return array(mu + sigma * rng.standard_t(nu))

    def typical_mean(self, y: Floats, rows: Parameters = NO_PARAMETERS) -> float:
        """The median, which outliers leave alone."""
        return float(np.median(y))

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """1.4826 times the median absolute deviation: the sd of the bulk; the sd where that is 0."""
        return MAD_TO_SD * float(np.median(np.abs(y - np.median(y)))) or float(y.std())

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """The best of some degrees of freedom, each with its ``sigma`` by EM."""
        squares = (y - link.inverse(eta)) ** 2
        weights = np.broadcast_to(array(rows.get(WEIGHTS, 1.0)), y.shape)
        start = float(np.average(squares, weights=weights)) or 1.0
        best, found = -np.inf, {"sigma": math.sqrt(start), "nu": DEGREES[-1]}
        for nu in DEGREES:
            variance = start
            for _ in range(EM_STEPS):
                each = (nu + 1) / (nu + squares / variance) * squares
                variance = max(float(np.average(each, weights=weights)), 1e-8 * start)
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
