"""Counts with two parts: whether there is anything, and how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from hierbayes.families.base import NO_PARAMETERS, Family, Parameters, array, times_weights
from hierbayes.families.inflated import (
    INFLATED_LINKS,
    LEAST_SHARE,
    first_counts,
    log_positive,
    positive_rate,
    pull_of_zeros,
    rate_of_truncated,
    truncated_mean,
    truncated_variance,
)
from hierbayes.families.links import Floats, Link
from hierbayes.families.poisson import LARGEST_MEAN, POISSON, count_unit


@dataclass(frozen=True)
class HurdlePoisson(Family):
    """``y`` is 0 with probability ``hu``, else a Poisson count that is positive; as in brms.

    ``exp(eta)`` is the mean ``mu`` of the Poisson counts before zeros are taken out of them.

    References
    ----------
    Mullahy, J. (1986). Specification and testing of some modified count data models. Journal of Econometrics
    33, 341-365.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("hurdle_poisson"), get_link("hurdle_poisson")
    >>> float(np.exp(family.log_density(0.0, 1.0, {"hu": 0.3}, link)).round(6))
    0.3
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are counts that differ."""
        POISSON.check_response(y, name)

    def mean(self, eta: ArrayLike, link: Link, params: Parameters = NO_PARAMETERS) -> Floats:
        """``(1 - hu) mu / (1 - exp(-mu))``; without ``hu``, ``mu``."""
        if "hu" not in params:
            return link.inverse(eta)
        return array(truncated_mean(eta) * (1 - array(params["hu"])))

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``m (1 + lambda - m)``: ``m`` the mean of the response, ``lambda`` that of the Poisson counts."""
        expected = array(mu)
        rate = rate_of_truncated(expected / (1 - array(params["hu"])))
        return array(expected * (1 + rate - expected))

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log hu``, or ``log(1 - hu) + y log mu - mu - log(1 - exp(-mu)) - log y!`` of a positive count."""
        hu, count = array(params["hu"]), array(y)
        rest = np.log1p(-hu) + count * array(eta) - link.inverse(eta) - log_positive(eta)
        value = np.where(count == 0, np.log(hu), rest)
        return times_weights(value, params) + self.log_constant(y, params)

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``-log y!``."""
        return times_weights(-array(special.gammaln(array(y) + 1)), params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``y - mu / (1 - exp(-mu))``; 0 of a zero."""
        count = array(y)
        slope = count - link.inverse(eta) - pull_of_zeros(eta)
        return times_weights(np.where(count == 0, 0.0, slope), params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(1 - hu)`` times the variance of Poisson counts that are positive."""
        return times_weights(array(truncated_variance(eta) * (1 - array(params["hu"]))), params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Counts in the broadcast shape of ``eta`` and ``hu``.

        A positive count is 1 and what comes after the first event of a Poisson process, whose time is
        exponential, truncated to the unit of time.
        """
        at, hu = np.broadcast_arrays(array(eta), array(params["hu"]))
        mu = np.minimum(link.inverse(at), LARGEST_MEAN)
        # -log(1 - v (1 - exp(-mu))) for uniform v: how much of mu has passed at the first event.
        passed = -np.log1p(np.expm1(-mu) * rng.random(at.shape))
        counts = 1.0 + rng.poisson(np.maximum(mu - passed, 0.0))
        return np.where(rng.random(at.shape) < hu, 0.0, counts)

    def typical_mean(self, y: Floats, rows: Parameters = NO_PARAMETERS) -> float:
        """The Poisson mean that the positive counts have."""
        return positive_rate(y, rows)

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """``count_unit`` of the positive counts."""
        return count_unit(y[y > 0], link)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """`first_counts`."""
        return first_counts(y)

    def informative(
        self, y: Floats, values: Mapping[str, float]
    ) -> tuple[NDArray[np.bool_], Mapping[str, float]]:
        """The positive counts, as if there were no others."""
        return y > 0, {**values, "hu": 0.0}

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """``hu`` by the share of zeros."""
        return {"hu": float(np.clip((y == 0).mean(), LEAST_SHARE, 1 - LEAST_SHARE))}

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """None: groups differ in the positive counts alone, and the logarithm of a zero does not exist."""
        return ()

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """Not defined; raises UnknownNameError."""
        self.chosen_scale(link, scale)
        return array(np.nan)


HURDLE_POISSON = HurdlePoisson(
    name="hurdle_poisson", links=INFLATED_LINKS, parameters=("hu",), response_kind="count", shares=("hu",)
)
