"""Positive measurements whose sd is proportional to their mean."""

from __future__ import annotations

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
from hierbayes.families.binomial import inside
from hierbayes.families.links import Floats, Link
from hierbayes.families.positive import (
    POSITIVE_LINKS,
    check_positive,
    inner,
    positive_domain,
    positive_scales,
    positive_variance,
    relative_unit,
)

LEAST_SHAPE, LARGEST_SHAPE = 0.05, 1e6  # of rough estimates


@dataclass(frozen=True)
class Gamma(Family):
    """``y`` with mean ``mu`` and variance ``mu^2 / shape``: the coefficient of variation is ``shape^-1/2``.

    The rate is ``shape / mu``, as in brms; ``1 / shape`` is the dispersion of ``glm``.

    References
    ----------
    McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, 2nd ed., section 8.2.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("gamma"), get_link("gamma")
    >>> float(family.variance(10.0, {"shape": 4.0}))
    25.0
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are positive and not all equal."""
        check_finite(y, name)
        check_positive(y, name)
        check_varies(y, name)

    def domain(self, link: Link) -> tuple[float, float]:
        """``eta > 0`` but for the log link."""
        return positive_domain(link)

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``mu^2 / shape``."""
        return array(mu) ** 2 / self._shape(params)

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``shape log(shape y / mu) - shape y / mu - log Gamma(shape) - log y``."""
        shape, at = self._shape(params), inner(array(eta), self.domain(link))
        log_ratio = np.log(array(y)) - link.log_inverse(at)
        value = shape * (np.log(shape) + log_ratio - _ratio(y, link.inverse(at))) - special.gammaln(shape)
        value = times_weights(array(value), params) + self.log_constant(y, params)
        return inside(value, eta, self.domain(link))

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``-log y``."""
        return times_weights(-np.log(array(y)), params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``shape (y / mu - 1) mu' / mu``."""
        at = inner(array(eta), self.domain(link))
        slope = self._shape(params) * (_ratio(y, link.inverse(at)) - 1) * link.hazard_mean(at)
        return times_weights(slope, params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``shape (mu' / mu)^2``."""
        at = inner(array(eta), self.domain(link))
        return times_weights(self._shape(params) * link.hazard_mean(at) ** 2, params)

    def step_weights(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``shape max(1, y / mu) (mu' / mu)^2``: the score grows as ``y / mu``, and steps must not."""
        ratio = _ratio(y, link.inverse(inner(array(eta), self.domain(link))))
        return self.information(eta, params, link) * np.maximum(1.0, ratio)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Draws in the broadcast shape of ``eta`` and ``shape``; at least the smallest positive number."""
        at = inner(array(eta), self.domain(link))
        mu, shape = np.broadcast_arrays(link.inverse(at), self._shape(params))
        return array(np.maximum(mu * (rng.standard_gamma(shape) / shape), np.finfo(np.float64).tiny))

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """``relative_unit``."""
        return relative_unit(y, link, center)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """Halfway between the base mean and the responses."""
        return (y + base) / 2

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """``shape`` by moments: one over the mean square of the relative residuals."""
        weights = np.broadcast_to(array(rows.get(WEIGHTS, 1.0)), y.shape)
        relative = float(np.average((y / link.inverse(eta) - 1) ** 2, weights=weights))
        return {"shape": float(np.clip(1 / max(relative, 1e-12), LEAST_SHAPE, LARGEST_SHAPE))}

    def at_mean(self, link: Link) -> bool:
        """But for the log link."""
        return link.name != "log"

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """``positive_scales``."""
        return positive_scales(link)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """``positive_variance`` with ``1 / shape`` and ``trigamma(shape)``."""
        shape, chosen = self._shape(params), self.chosen_scale(link, scale)
        moments = 1 / shape, array(special.polygamma(1, shape))
        return positive_variance(link, array(params.get("mean", 1.0)), moments, chosen)

    def _shape(self, params: Parameters) -> Floats:
        return array(params["shape"])


@dataclass(frozen=True)
class Exponential(Gamma):
    """``y`` with mean ``mu`` and sd ``mu``: waiting times for what happens at a constant rate ``1 / mu``.

    The gamma distribution with ``shape`` 1.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("exponential"), get_link("exponential")
    >>> float(family.log_density(2.0, 0.0, {}, link))
    -2.0
    """

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """None."""
        return np.zeros_like(array(y))

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``-log mu - y / mu``."""
        at = inner(array(eta), self.domain(link))
        value = -link.log_inverse(at) - _ratio(y, link.inverse(at))
        return inside(times_weights(value, params), eta, self.domain(link))

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """There are none."""
        return {}

    def _shape(self, params: Parameters) -> Floats:
        return array(1.0)


def _ratio(y: ArrayLike, mu: Floats) -> Floats:
    """``y / mu``, finite where the mean underflows."""
    return array(y) / np.maximum(mu, 1e-305)


GAMMA = Gamma(name="gamma", links=POSITIVE_LINKS, parameters=("shape",), response_kind="numeric")
EXPONENTIAL = Exponential(name="exponential", links=POSITIVE_LINKS, parameters=(), response_kind="numeric")
