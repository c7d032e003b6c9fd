"""Negative binomial counts, some of them replaced by zeros."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hierbayes.families.base import NO_PARAMETERS, Parameters, array, times_weights
from hierbayes.families.inflated import INFLATED_LINKS, excess_of_zeros, log_with_zeros, share_of_excess
from hierbayes.families.links import Floats, Link
from hierbayes.families.negbinomial import NEGBINOMIAL
from hierbayes.families.zero_inflated_poisson import ZeroInflatedPoisson


def _count_part(params: Parameters) -> Parameters:
    return {"phi": params["phi"]}


@dataclass(frozen=True)
class ZeroInflatedNegativeBinomial(ZeroInflatedPoisson):
    """``y`` is 0 with probability ``zi``, else a count with mean ``mu`` and variance ``mu + mu^2 / phi``.

    brms's ``zero_inflated_negbinomial``, whose ``shape`` is ``phi``.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("zero_inflated_negbinomial"), get_link("zero_inflated_negbinomial")
    >>> float(family.variance(8.0, {"zi": 0.2, "phi": 5.0}).round(6))
    40.0
    """

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``m (1 + m (zi + 1 / phi) / (1 - zi))`` with ``m`` the mean of the response, zeros included."""
        zi, phi, expected = array(params["zi"]), array(params["phi"]), array(mu)
        return expected * (1 + expected * (zi + 1 / phi) / (1 - zi))

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log(zi + (1 - zi) NB(0))`` of a zero, ``log(1 - zi) + log NB(y)`` otherwise."""
        zi, count = array(params["zi"]), array(y)
        own = NEGBINOMIAL.log_density(y, eta, _count_part(params), link)
        value = np.where(count == 0, log_with_zeros(zi, own), np.log1p(-zi) + own)
        return times_weights(value, params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """That of the count part; of a zero, times the probability that it is a count's."""
        count, own = array(y), _count_part(params)
        log_zero = NEGBINOMIAL.log_density(0.0, eta, own, link)
        share = np.where(count == 0, 1 - share_of_excess(array(params["zi"]), log_zero), 1.0)
        return times_weights(share * NEGBINOMIAL.score(y, eta, own, link), params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(1 - zi) (I - NB(0) s^2 w)``: ``I, s`` of counts, ``w`` how likely a zero is in excess."""
        zi, own = array(params["zi"]), _count_part(params)
        log_zero = NEGBINOMIAL.log_density(0.0, eta, own, link)
        # The root first: the square of a score at zero may overflow where its probability is 0.
        lost = (np.exp(log_zero / 2) * NEGBINOMIAL.score(0.0, eta, own, link)) ** 2
        value = (1 - zi) * (NEGBINOMIAL.information(eta, own, link) - lost * share_of_excess(zi, log_zero))
        return times_weights(array(value), params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Counts in the broadcast shape of ``eta``, ``phi`` and ``zi``."""
        at, zi, phi = np.broadcast_arrays(array(eta), array(params["zi"]), array(params["phi"]))
        counts = NEGBINOMIAL.draw(at, {"phi": phi}, link, rng)
        return np.where(rng.random(at.shape) < zi, 0.0, counts)

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """``phi`` by moments from the positive counts' rows, then ``zi`` by the zeros that are left over."""
        positive = y > 0
        rough = NEGBINOMIAL.rough_parameters(y[positive], np.broadcast_to(eta, y.shape)[positive], link)
        log_zero = NEGBINOMIAL.log_density(0.0, eta, rough, link)
        return {**rough, "zi": excess_of_zeros(y, np.exp(log_zero))}


ZERO_INFLATED_NEGBINOMIAL = ZeroInflatedNegativeBinomial(
    name="zero_inflated_negbinomial",
    links=INFLATED_LINKS,
    parameters=("phi", "zi"),
    response_kind="count",
    shares=("zi",),
    level1_at_mean=True,
)
