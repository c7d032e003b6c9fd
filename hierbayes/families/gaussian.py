"""The normal distribution with constant variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hierbayes.families.base import (
    DELTA,
    LATENT,
    NO_PARAMETERS,
    WEIGHTS,
    Family,
    Parameters,
    array,
    check_finite,
    check_varies,
    times_weights,
)
from hierbayes.families.binomial import inside
from hierbayes.families.links import Floats, Link
from hierbayes.families.positive import inner, positive_domain, relative_unit

LARGEST = 1e150  # of means and slopes, whose squares must be finite


def _row_sigma(params: Parameters) -> Floats:
    """The residual sd of each row, ``sigma / sqrt(weight)``."""
    sigma = array(params["sigma"])
    return sigma / np.sqrt(array(params[WEIGHTS])) if WEIGHTS in params else sigma


@dataclass(frozen=True)
class Gaussian(Family):
    """``y ~ Normal(mu, sigma)``; ``sigma`` is the residual sd, in units of the response.

    With the log and inverse links the mean is positive: effects multiply, or add up in ``1 / mu``, while
    values scatter by the same amount everywhere.

    Weights are residual weights: the residual sd of a row is ``sigma / sqrt(weight)``, as in lme4.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("gaussian"), get_link("gaussian")
    >>> float(family.log_density(1.0, 1.0, {"sigma": 1.0}, link).round(4))
    -0.9189
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are finite and not all equal."""
        check_finite(y, name)
        check_varies(y, name)

    def domain(self, link: Link) -> tuple[float, float]:
        """``eta > 0`` with the inverse link."""
        return positive_domain(link) if link.name == "inverse" else (-np.inf, np.inf)

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``sigma^2 / weight`` for every mean."""
        return _row_sigma(params) ** 2 * np.ones_like(array(mu))

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Log density of the normal distribution at ``y``."""
        z = (array(y) - self._mean(eta, link)) / _row_sigma(params)
        value = -0.5 * z**2 - np.log(array(params["sigma"])) + self.log_constant(y, params)
        return inside(value, eta, self.domain(link))

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``(log(weight) - log(2 pi)) / 2``."""
        weights = array(params.get(WEIGHTS, 1.0))
        return 0.5 * (np.log(weights) - math.log(2 * math.pi)) * np.ones_like(array(y))

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(y - mu) mu' weight / sigma^2``."""
        slope = (array(y) - self._mean(eta, link)) * self._slope(eta, link) / array(params["sigma"]) ** 2
        return times_weights(slope, params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``mu'^2 weight / sigma^2``."""
        return times_weights((self._slope(eta, link) / array(params["sigma"])) ** 2, params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Normal draws in the broadcast shape of ``eta`` and ``sigma``."""
        mu, sigma = np.broadcast_arrays(self._mean(eta, link), _row_sigma(params))
        return mu + sigma * rng.standard_normal(mu.shape)

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """The sd of the response, through the link; ``relative_unit``."""
        return relative_unit(y, link, center)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """Halfway between the base mean and the responses; of those far below, a tenth of the base mean."""
        return np.maximum((y + base) / 2, base / 10)

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """The root mean square of the weighted residuals."""
        squares = (y - link.inverse(eta)) ** 2 * array(rows.get(WEIGHTS, 1.0))
        return {"sigma": float(np.sqrt(squares.mean())) or 1.0}

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """With the identity link the response is its own latent variable; else by the delta method."""
        return (LATENT,) if link.name == "identity" else (DELTA,)

    def at_mean(self, link: Link) -> bool:
        """But for the identity link."""
        return link.name != "identity"

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """``sigma^2 / mu'^2``: that of a row of weight 1, at ``params["mean"]`` for curved links."""
        self.chosen_scale(link, scale)
        variance = array(params["sigma"]) ** 2
        if link.name == "identity":
            return variance
        return variance / self._slope(link.link(array(params["mean"])), link) ** 2

    def _mean(self, eta: ArrayLike, link: Link) -> Floats:
        return np.minimum(link.inverse(self._inner(eta, link)), LARGEST)

    def _slope(self, eta: ArrayLike, link: Link) -> Floats:
        return np.clip(link.derivative(self._inner(eta, link)), -LARGEST, LARGEST)

    def _inner(self, eta: ArrayLike, link: Link) -> Floats:
        return inner(array(eta), self.domain(link))


GAUSSIAN = Gaussian(
    name="gaussian",
    links=("identity", "log", "inverse"),
    parameters=("sigma",),
    response_kind="numeric",
    scale="sigma",
)
