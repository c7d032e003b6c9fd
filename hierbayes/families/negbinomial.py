"""Counts whose variance exceeds their mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hierbayes.families.base import (
    NO_PARAMETERS,
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
from hierbayes.families.poisson import (
    COUNT_LINKS,
    LARGEST_MEAN,
    count_domain,
    count_scales,
    count_unit,
    observation_variance,
)

LEAST_PHI, LARGEST_PHI = 0.05, 1e3  # of rough estimates
STIRLING = 20.0  # from here on, the series of `_stirling` has all its digits


def _stirling(x: Floats) -> Floats:
    """``log Gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2`` (Abramowitz and Stegun 6.1.41)."""
    s = 1 / (x * x)
    return array((1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / x)


def log_rising(y: ArrayLike, phi: ArrayLike) -> Floats:
    """``log Gamma(y + phi) - log Gamma(phi) - y log phi``, which goes to 0 as ``phi`` grows."""
    count, shape = np.broadcast_arrays(array(y), array(phi))
    large = np.maximum(shape, STIRLING)
    far = (large + count - 0.5) * np.log1p(count / large) - count
    far = far + _stirling(array(large + count)) - _stirling(large)
    small = np.minimum(shape, STIRLING)
    near = special.gammaln(small + count) - special.gammaln(small) - count * np.log(small)
    return np.where(shape > STIRLING, far, array(near))


@dataclass(frozen=True)
class NegativeBinomial(Family):
    """``y`` with mean ``mu`` and variance ``mu + mu^2 / phi``: brms's ``shape``, MASS's ``theta``.

    A Poisson count whose rate has a gamma distribution with coefficient of variation ``1 / sqrt(phi)``.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("negbinomial"), get_link("negbinomial")
    >>> float(family.variance(10.0, {"phi": 5.0}))
    30.0
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
        """``mu + mu^2 / phi``."""
        expected = array(mu)
        return expected * (1 + expected / array(params["phi"]))

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log (y + phi - 1 over y) + phi log(phi / (phi + mu)) + y log(mu / (phi + mu))``."""
        phi = array(params["phi"])
        value = product(y, link.log_inverse(eta)) + log_rising(y, phi)
        value = value - (array(y) + phi) * np.log1p(np.maximum(link.inverse(eta), 0.0) / phi)
        value = times_weights(value, params) + self.log_constant(y, params)
        return inside(value, eta, self.domain(link))

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``-log y!``."""
        return times_weights(-array(special.gammaln(array(y) + 1)), params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(y mu' / mu - mu') / (1 + mu / phi)``."""
        slope = product(y, link.hazard_mean(eta)) - link.derivative(eta)
        return times_weights(slope / (1 + link.inverse(eta) / array(params["phi"])), params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``mu'^2 / (mu + mu^2 / phi)``."""
        value = link.rate_information(eta) / (1 + link.inverse(eta) / array(params["phi"]))
        return times_weights(array(value), params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Counts in the broadcast shape of ``eta`` and ``phi``: Poisson ones with gamma rates."""
        mu, phi = np.broadcast_arrays(np.clip(link.inverse(eta), 0.0, LARGEST_MEAN), array(params["phi"]))
        rate = rng.standard_gamma(phi) * (mu / phi)
        return array(rng.poisson(np.minimum(rate, LARGEST_MEAN)))

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """``count_unit``."""
        return count_unit(y, link)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """Halfway between the base rate and the counts."""
        return (y + base) / 2

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """``phi`` by moments: the excess of the squared residuals over ``mu`` is ``mu^2 / phi``.

        Both are divided by ``(1 + mu)^2``, or the rows of the largest means would decide alone.
        """
        mu = np.minimum(link.inverse(eta), LARGEST_MEAN)
        excess = float((((y - mu) ** 2 - mu) / (1 + mu) ** 2).sum())
        share = float(((mu / (1 + mu)) ** 2).sum())
        return {"phi": float(np.clip(share / excess, LEAST_PHI, LARGEST_PHI)) if excess > 0 else LARGEST_PHI}

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """Three approximations for the log link, the exact or customary one for the others."""
        return count_scales(link)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """``observation_variance`` at ``params["mean"]``, with ``1 / phi``."""
        chosen = self.chosen_scale(link, scale)
        return observation_variance(link, array(params["mean"]), 1 / array(params["phi"]), chosen)


NEGBINOMIAL = NegativeBinomial(
    name="negbinomial",
    links=COUNT_LINKS,
    parameters=("phi",),
    response_kind="count",
    level1_at_mean=True,
)
