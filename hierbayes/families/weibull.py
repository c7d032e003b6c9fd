"""Positive times until an event whose hazard rises or falls."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hierbayes.families.base import (
    NO_PARAMETERS,
    WEIGHTS,
    Family,
    Parameters,
    array,
    check_finite,
    check_varies,
    times_weights,
)
from hierbayes.families.links import Floats, Link
from hierbayes.families.positive import (
    LARGEST_EXPONENT,
    check_positive,
    positive_scales,
    positive_variance,
    relative_unit,
)

GUMBEL_SD = math.pi / math.sqrt(6)
LEAST_SHAPE, LARGEST_SHAPE = 0.05, 1e3  # of rough estimates


@dataclass(frozen=True)
class Weibull(Family):
    """``y`` with mean ``mu`` and hazard proportional to ``y^(shape - 1)``: brms's ``weibull``.

    ``(y / s)^shape`` is exponential with mean 1, where ``s = mu / Gamma(1 + 1 / shape)``. In the words of R's
    ``survreg`` the intercept is ``log s`` and ``1 / shape`` its ``scale``.

    References
    ----------
    Kalbfleisch, J. D. and Prentice, R. L. (2002). The Statistical Analysis of Failure Time Data, 2nd ed.,
    section 2.2.2.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("weibull"), get_link("weibull")
    >>> float(family.log_density(2.0, 0.0, {"shape": 1.0}, link))
    -2.0
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are positive and not all equal."""
        check_finite(y, name)
        check_positive(y, name)
        check_varies(y, name)

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``mu^2 (Gamma(1 + 2 / shape) / Gamma(1 + 1 / shape)^2 - 1)``."""
        return array(mu) ** 2 * _relative_variance(params)

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log shape - log y + t - exp(t)``, where ``t = shape log(y / s)``; no less than ``-exp(700)``."""
        t = _log_hazard(y, eta, params, link)
        value = np.log(array(params["shape"])) + t - np.exp(np.minimum(t, LARGEST_EXPONENT))
        return times_weights(value, params) + self.log_constant(y, params)

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``-log y``."""
        return times_weights(-np.log(array(y)), params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``shape (exp(t) - 1) mu' / mu``."""
        t = np.minimum(_log_hazard(y, eta, params, link), LARGEST_EXPONENT)
        return times_weights(array(params["shape"]) * np.expm1(t) * link.hazard_mean(eta), params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``shape^2 (mu' / mu)^2``."""
        return times_weights((array(params["shape"]) * link.hazard_mean(eta)) ** 2, params)

    def step_weights(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``shape^2 max(1, exp(t)) (mu' / mu)^2``: the score grows as ``exp(t)``, and steps must not."""
        t = np.clip(_log_hazard(y, eta, params, link), 0.0, LARGEST_EXPONENT)
        return self.information(eta, params, link) * np.exp(t)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Draws in the broadcast shape of ``eta`` and ``shape``; at least the smallest positive number."""
        shape = array(params["shape"])
        scale, shape = np.broadcast_arrays(link.inverse(eta) / special.gamma(1 + 1 / shape), shape)
        return array(np.maximum(scale * rng.weibull(shape), np.finfo(np.float64).tiny))

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """``relative_unit``."""
        return relative_unit(y, link, center)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """Halfway between the base mean and the responses."""
        return (y + base) / 2

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """``shape`` from the sd of the logarithms, which is ``pi / sqrt(6) / shape``."""
        weights = np.broadcast_to(array(rows.get(WEIGHTS, 1.0)), y.shape)
        residual = np.log(y) - link.log_inverse(eta)
        center = np.average(residual, weights=weights)
        spread = float(np.sqrt(np.average((residual - center) ** 2, weights=weights)))
        return {"shape": float(np.clip(GUMBEL_SD / max(spread, 1e-12), LEAST_SHAPE, LARGEST_SHAPE))}

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """``positive_scales``."""
        return positive_scales(link)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """``positive_variance``; that of the logarithm is ``trigamma(1) / shape^2``, a Gumbel variable's."""
        chosen = self.chosen_scale(link, scale)
        moments = _relative_variance(params), (GUMBEL_SD / array(params["shape"])) ** 2
        return positive_variance(link, array(1.0), moments, chosen)


def _log_hazard(y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
    """``t = shape log(y / s)``: the logarithm of the cumulative hazard."""
    shape = array(params["shape"])
    return shape * (np.log(array(y)) - link.log_inverse(eta) + special.gammaln(1 + 1 / shape))


def _relative_variance(params: Parameters) -> Floats:
    shape = array(params["shape"])
    ratio = special.gammaln(1 + 2 / shape) - 2 * special.gammaln(1 + 1 / shape)
    return array(np.expm1(np.minimum(ratio, LARGEST_EXPONENT)))


WEIBULL = Weibull(name="weibull", links=("log",), parameters=("shape",), response_kind="numeric")
