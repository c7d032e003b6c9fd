"""Positive measurements whose logarithm is normal."""

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
from hierbayes.families.links import LARGEST_EXPONENT, Floats, Link
from hierbayes.families.positive import check_positive

LEAST_SIGMA = 0.01  # of rough estimates, in sds of the logarithms


def _standardized(y: ArrayLike, eta: ArrayLike, params: Parameters) -> Floats:
    with np.errstate(divide="ignore"):
        return array((np.log(np.maximum(array(y), 0.0)) - array(eta)) / array(params["sigma"]))


@dataclass(frozen=True)
class Lognormal(partial.Censorable):
    """``log y ~ Normal(eta, sigma)``: brms's ``lognormal``.

    ``exp(eta)`` is the median of ``y``, ``exp(eta + sigma^2 / 2)`` its mean.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("lognormal"), get_link("lognormal")
    >>> float(family.mean(0.0, link, {"sigma": 2.0}).round(3))
    7.389
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are positive and not all equal."""
        check_finite(y, name)
        check_positive(y, name)
        check_varies(y, name)

    def is_mean(self, link: Link) -> bool:
        """False: it is ``exp(mu + sigma^2 / 2)``."""
        return False

    @partial.mean
    def mean(self, eta: ArrayLike, link: Link, params: Parameters = NO_PARAMETERS) -> Floats:
        """``exp(eta + sigma^2 / 2)``; the median ``exp(eta)`` without ``params["sigma"]``."""
        exponent = link.inverse(eta) + 0.5 * array(params.get("sigma", 0.0)) ** 2
        return array(np.exp(np.minimum(exponent, LARGEST_EXPONENT)))

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``mu^2 (exp(sigma^2) - 1)``."""
        return array(mu) ** 2 * np.expm1(array(params["sigma"]) ** 2)

    @partial.log_density
    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Log density of the normal distribution at ``log y``, less ``log y``."""
        z = (np.log(array(y)) - link.inverse(eta)) / array(params["sigma"])
        value = -0.5 * z**2 - np.log(array(params["sigma"]))
        return times_weights(value, params) + self.log_constant(y, params)

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``-log y - log(2 pi) / 2``; 0 for a censored row."""
        value = times_weights(-np.log(array(y)) - 0.5 * math.log(2 * math.pi), params)
        return array(value * partial.exactly_known(params))

    @partial.score
    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(log y - eta) / sigma^2``."""
        residual = np.log(array(y)) - link.inverse(eta)
        return times_weights(residual / array(params["sigma"]) ** 2, params)

    @partial.information
    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``1 / sigma^2``."""
        return times_weights(array(params["sigma"]) ** -2.0 * np.ones_like(array(eta)), params)

    @partial.draw
    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Exponentials of normal draws in the broadcast shape of ``eta`` and ``sigma``."""
        mu, sigma = np.broadcast_arrays(link.inverse(eta), array(params["sigma"]))
        return array(np.exp(np.minimum(mu + sigma * rng.standard_normal(mu.shape), LARGEST_EXPONENT)))

    def log_cdf(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log Phi((log y - eta) / sigma)``; ``-inf`` from 0 down."""
        return array(special.log_ndtr(_standardized(y, eta, params)))

    def log_ccdf(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log Phi((eta - log y) / sigma)``; 0 from 0 down."""
        return array(special.log_ndtr(-_standardized(y, eta, params)))

    def log_cdf_slope(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """The log density of ``log y``: ``eta`` moves all logarithms."""
        z = _standardized(y, eta, params)
        return -0.5 * z**2 - np.log(array(params["sigma"])) - 0.5 * math.log(2 * math.pi)

    def quantile(
        self, tails: tuple[Floats, Floats], eta: ArrayLike, params: Parameters, link: Link
    ) -> Floats:
        """``exp(eta + sigma Phi^-1(P(Y <= y)))``."""
        below, above = tails
        z = np.where(below < above, special.ndtri_exp(below), -special.ndtri_exp(above))
        return array(np.exp(np.minimum(link.inverse(eta) + array(params["sigma"]) * z, LARGEST_EXPONENT)))

    def truncated_mean(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``exp(eta + sigma^2 / 2)`` times ``P(lb < Y < ub)`` at ``eta + sigma^2`` over that at ``eta``.

        References
        ----------
        Johnson, N. L., Kotz, S. and Balakrishnan, N. (1994). Continuous Univariate Distributions, vol. 1,
        2nd ed., section 14.6.
        """
        bounds = params[partial.LOWER_BOUND], params[partial.UPPER_BOUND]
        variance = array(params["sigma"]) ** 2
        moved = partial.log_between(self, bounds, array(eta) + variance, params, link=link)
        total = partial.log_between(self, bounds, eta, params, link=link)
        exponent = link.inverse(eta) + 0.5 * variance + moved - total
        return array(np.clip(np.exp(np.minimum(exponent, LARGEST_EXPONENT)), *bounds))

    def typical_mean(self, y: Floats, rows: Parameters = NO_PARAMETERS) -> float:
        """The mean of the logarithms: what the linear predictor is on average."""
        return float(np.average(np.log(y), weights=np.broadcast_to(array(rows.get(WEIGHTS, 1.0)), y.shape)))

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """The sd of the logarithms."""
        return float(np.log(y).std())

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """The root mean square of the residuals of the logarithms, censored ones left out.

        At least a hundredth of what the logarithms scatter: effects of single rows may leave nothing.
        """
        weights = array(rows.get(WEIGHTS, 1.0)) * partial.exactly_known(rows)
        weights = np.broadcast_to(weights if np.any(weights) else np.ones(1), y.shape)
        squares = np.average((np.log(y) - link.inverse(eta)) ** 2, weights=weights)
        return {"sigma": max(float(np.sqrt(squares)), LEAST_SIGMA * float(np.std(np.log(y)))) or 1.0}

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """The logarithm of the response is on the scale of its linear predictor."""
        return (RESIDUAL,)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """``sigma^2``: that of the logarithm of a response."""
        self.chosen_scale(link, scale)
        return array(params["sigma"]) ** 2


LOGNORMAL = Lognormal(
    name="lognormal", links=("identity",), parameters=("sigma",), response_kind="numeric", scale="sigma"
)
