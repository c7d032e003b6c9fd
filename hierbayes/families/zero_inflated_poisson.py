"""Poisson counts, some of them replaced by zeros."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hierbayes.families.base import LOGNORMAL, NO_PARAMETERS, Family, Parameters, array, times_weights
from hierbayes.families.inflated import (
    INFLATED_LINKS,
    excess_of_zeros,
    first_counts,
    inflated_scales,
    log_with_zeros,
    positive_rate,
    relative_variance,
    share_of_excess,
)
from hierbayes.families.links import Floats, Link
from hierbayes.families.poisson import POISSON, count_unit


@dataclass(frozen=True)
class ZeroInflatedPoisson(Family):
    """``y`` is 0 with probability ``zi``, else a Poisson count with mean ``exp(eta)``; as in brms.

    References
    ----------
    Lambert, D. (1992). Zero-inflated Poisson regression, with an application to defects in manufacturing.
    Technometrics 34, 1-14.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("zero_inflated_poisson"), get_link("zero_inflated_poisson")
    >>> float(family.mean(np.log(10.0), link, {"zi": 0.2}).round(6))
    8.0
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are counts that differ."""
        POISSON.check_response(y, name)

    def mean(self, eta: ArrayLike, link: Link, params: Parameters = NO_PARAMETERS) -> Floats:
        """``(1 - zi) mu``; without ``zi``, ``mu``."""
        return array(link.inverse(eta) * (1 - array(params.get("zi", 0.0))))

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``m (1 + zi m / (1 - zi))`` with ``m`` the mean of the response, zeros included."""
        zi, expected = array(params["zi"]), array(mu)
        return expected * (1 + expected * zi / (1 - zi))

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log(zi + (1 - zi) exp(-mu))`` of a zero, ``log(1 - zi) + y log mu - mu - log y!`` otherwise."""
        zi, mu, count = array(params["zi"]), link.inverse(eta), array(y)
        positive = np.log1p(-zi) + count * array(eta) - mu
        value = np.where(count == 0, log_with_zeros(zi, -mu), positive)
        return times_weights(value, params) + self.log_constant(y, params)

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``-log y!``."""
        return times_weights(-array(special.gammaln(array(y) + 1)), params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``y - mu``; of a zero, ``-mu`` times the probability that it is a count's."""
        mu, count = link.inverse(eta), array(y)
        own = np.where(count == 0, 1 - share_of_excess(array(params["zi"]), -mu), 1.0)
        return times_weights(own * (count - mu), params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(1 - zi) (mu - mu^2 exp(-mu) w)``, ``w`` the probability that a zero is one in excess."""
        zi, mu = array(params["zi"]), link.inverse(eta)
        value = (1 - zi) * mu * (1 - mu * np.exp(-mu) * share_of_excess(zi, -mu))
        return times_weights(array(value), params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Counts in the broadcast shape of ``eta`` and ``zi``."""
        at, zi = np.broadcast_arrays(array(eta), array(params["zi"]))
        counts = POISSON.draw(at, params, link, rng)
        return np.where(rng.random(at.shape) < zi, 0.0, counts)

    def typical_mean(self, y: Floats, rows: Parameters = NO_PARAMETERS) -> float:
        """Mean of the count part as the positive counts have it, whatever the number of zeros."""
        return positive_rate(y, rows)

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """``count_unit`` of the positive counts."""
        return count_unit(y[y > 0], link)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """`first_counts`."""
        return first_counts(y)

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """``zi`` by the zeros that the count part leaves over."""
        return {"zi": excess_of_zeros(y, np.exp(-link.inverse(eta)))}

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """``inflated_scales``."""
        return inflated_scales(link)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """``log(1 + r)`` or ``r``, with ``r = relative_variance``, at ``params["mean"]`` of the count part.

        ``zi`` is the same for all rows, so that groups differ in the logarithm of the mean response as they
        do in the linear predictor; the variance is that of a response around that mean, zeros included.

        References
        ----------
        Nakagawa, Johnson and Schielzeth (2017), Journal of the Royal Society Interface 14, 20170213,
        section 5 (the variance of a logarithm by the delta and the lognormal method, for any mean and
        variance).
        """
        chosen = self.chosen_scale(link, scale)
        relative = relative_variance(array(params["mean"]), params)
        return np.log1p(relative) if chosen == LOGNORMAL else relative


ZERO_INFLATED_POISSON = ZeroInflatedPoisson(
    name="zero_inflated_poisson",
    links=INFLATED_LINKS,
    parameters=("zi",),
    response_kind="count",
    shares=("zi",),
    level1_at_mean=True,
)
