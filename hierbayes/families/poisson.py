"""Counts whose variance equals their mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hierbayes.families.base import (
    DELTA,
    LOGNORMAL,
    NO_PARAMETERS,
    OBSERVATION,
    TRIGAMMA,
    Family,
    Parameters,
    array,
    check_counts,
    check_finite,
    check_varies,
    product,
    times_weights,
)
from hierbayes.families.binomial import inside
from hierbayes.families.links import Floats, Link

COUNT_LINKS = ("log", "identity", "sqrt")
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()
LARGEST_MEAN = 1e18  # NumPy draws no Poisson counts with a larger one


def count_domain(link: Link) -> tuple[float, float]:
    """``eta > 0`` with the identity link."""
    return (0.0, np.inf) if link.name == "identity" else (-np.inf, np.inf)


def count_unit(y: Floats, link: Link) -> float:
    """Sd of the counts on the link scale, at least what Poisson counts of small means scatter by themselves.

    The sd of ``log(y + 1/2)``, at least 1 (a factor of e); of ``sqrt(y)``, at least 1/2; or of ``y``.
    """
    if link.name == "identity":
        return float(y.std())
    least, values = (0.5, np.sqrt(y)) if link.name == "sqrt" else (1.0, np.log(y + 0.5))
    return max(least, float(values.std()))


def count_scales(link: Link) -> tuple[str, ...]:
    """Definitions of the observation-level variance of counts; ``observation_variance`` has them."""
    return (LOGNORMAL, TRIGAMMA, DELTA) if link.name == "log" else (OBSERVATION,)


def observation_variance(link: Link, mean: Floats, dispersion: Floats, scale: str) -> Floats:
    """Variance of a single count on the link scale.

    Parameters
    ----------
    link : Link
        The link in force.
    mean : array
        ``lambda``, the expected count of an average row.
    dispersion : array
        ``1 / phi``; 0 for Poisson.
    scale : str
        ``"lognormal"``: ``log(1 + 1 / lambda + 1 / phi)``; ``"trigamma"``: the trigamma function of
        ``1 / (1 / lambda + 1 / phi)``; ``"delta"``: ``1 / lambda + 1 / phi``. For the sqrt link
        ``(1 + lambda / phi) / 4``, for the identity link ``lambda + lambda^2 / phi``.

    References
    ----------
    Nakagawa, S., Johnson, P. C. D. and Schielzeth, H. (2017). The coefficient of determination R2 and
    intra-class correlation coefficient from generalized linear mixed-effects models revisited and expanded.
    Journal of the Royal Society Interface 14, 20170213, table 1.
    """
    if link.name == "sqrt":
        return 0.25 * (1 + mean * dispersion)
    if link.name == "identity":
        return mean + mean**2 * dispersion
    relative = 1 / mean + dispersion
    if scale == LOGNORMAL:
        return np.log1p(relative)
    return array(special.polygamma(1, 1 / relative)) if scale == TRIGAMMA else relative


def marginal_mean(link: Link, eta: ArrayLike, variance: ArrayLike) -> Floats:
    """Expected mean where the linear predictor is normal with mean ``eta`` and a variance, link scale.

    Exact for the log, sqrt and identity links; by Gauss-Hermite quadrature for links of shares. A normal
    predictor has no mean of ``1 / eta``: for the inverse link it is that of a typical group.
    """
    at, spread = array(eta), array(variance)
    if link.name == "sqrt":
        return at**2 + spread
    if link.name == "log":
        return np.exp(at + spread / 2)
    if link.name in ("identity", "inverse"):
        return link.inverse(at)
    mean = np.zeros(np.broadcast_shapes(at.shape, spread.shape))
    for node, weight in zip(NODES, NODE_WEIGHTS, strict=True):
        mean += weight * link.inverse(at + np.sqrt(spread) * node)
    return mean


@dataclass(frozen=True)
class Poisson(Family):
    """``y ~ Poisson(mu)``.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("poisson"), get_link("poisson")
    >>> float(family.log_density(0.0, 0.0, {}, link))
    -1.0
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are counts that differ."""
        check_finite(y, name)
        check_counts(y, name)
        check_varies(y, name)

    def domain(self, link: Link) -> tuple[float, float]:
        """``eta > 0`` with the identity link."""
        return count_domain(link)

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``mu``."""
        return array(mu) * 1.0

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``y log mu - mu - log y!``."""
        value = product(y, link.log_inverse(eta)) - link.inverse(eta)
        value = times_weights(value, params) + self.log_constant(y, params)
        return inside(value, eta, self.domain(link))

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``-log y!``."""
        return times_weights(-array(special.gammaln(array(y) + 1)), params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``y mu' / mu - mu'``."""
        return times_weights(product(y, link.hazard_mean(eta)) - link.derivative(eta), params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``mu'^2 / mu``."""
        return times_weights(link.rate_information(eta), params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Counts in the shape of ``eta``."""
        return rng.poisson(np.clip(link.inverse(eta), 0.0, LARGEST_MEAN)).astype(np.float64)

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """``count_unit``."""
        return count_unit(y, link)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """Halfway between the base rate and the counts."""
        return (y + base) / 2

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """Three approximations for the log link, the exact or customary one for the others."""
        return count_scales(link)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """``observation_variance`` at ``params["mean"]``, without overdispersion."""
        chosen = self.chosen_scale(link, scale)
        return observation_variance(link, array(params["mean"]), array(0.0), chosen)


POISSON = Poisson(
    name="poisson", links=COUNT_LINKS, parameters=(), response_kind="count", level1_at_mean=True
)
