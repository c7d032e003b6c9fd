"""Shares strictly between 0 and 1 that are no counts out of a number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hierbayes.errors import DataError
from hierbayes.families.base import (
    DELTA,
    NO_PARAMETERS,
    TRIGAMMA,
    WEIGHTS,
    Family,
    Parameters,
    array,
    check_finite,
    check_varies,
    times_weights,
)
from hierbayes.families.binomial import BINARY_LINKS, inside, probability_unit
from hierbayes.families.links import Floats, Link

LEAST_PHI, LARGEST_PHI = 0.1, 1e6  # of rough estimates
STEEPEST = 1e150  # of hazards, whose squares must be finite
NEAREST = 1e-12  # how close to 0 and 1 the mean of a level-1 variance may come


@dataclass(frozen=True)
class Beta(Family):
    """``y`` with mean ``mu`` and variance ``mu (1 - mu) / (1 + phi)``: brms's ``Beta``.

    A beta distribution with shapes ``mu phi`` and ``(1 - mu) phi``; ``phi`` is its precision.

    References
    ----------
    Ferrari, S. L. P. and Cribari-Neto, F. (2004). Beta regression for modelling rates and proportions.
    Journal of Applied Statistics 31, 799-815, equations 4 to 8.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("beta"), get_link("beta")
    >>> float(family.variance(0.5, {"phi": 24.0}))
    0.01
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values lie strictly between 0 and 1 and differ."""
        check_finite(y, name)
        bad = np.flatnonzero((y <= 0) | (y >= 1))
        if bad.size:
            count = "1 value that does" if bad.size == 1 else f"{bad.size} values that do"
            raise DataError(
                f"The response {name!r} has {count} not lie between 0 and 1, the first in used row "
                f"{bad[0] + 1}: {y[bad[0]]:g}. Allowed: numbers above 0 and below 1. {_advice(y)}"
            )
        check_varies(y, name)

    def domain(self, link: Link) -> tuple[float, float]:
        """``eta < 0`` with the log link."""
        return (-np.inf, 0.0) if link.name == "log" else (-np.inf, np.inf)

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``mu (1 - mu) / (1 + phi)``."""
        share = array(mu)
        return share * (1 - share) / (1 + array(params["phi"]))

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(a - 1) log y + (b - 1) log(1 - y) - log B(a, b)``, ``a = mu phi``, ``b = (1 - mu) phi``."""
        phi, at = array(params["phi"]), self._inner(eta, link)
        log_mu, log_rest = link.log_inverse(at), link.log_complement(at)
        a, b = phi * np.exp(log_mu), phi * np.exp(log_rest)
        # Gamma(a) = Gamma(1 + a) / a keeps its digits where the mean underflows.
        value = special.gammaln(phi) + 2 * np.log(phi) + log_mu + log_rest
        value = value - special.gammaln(1 + a) - special.gammaln(1 + b)
        value = value + a * np.log(array(y)) + b * np.log1p(-array(y))
        value = times_weights(array(value), params) + self.log_constant(y, params)
        return inside(value, eta, self.domain(link))

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``-log y - log(1 - y)``."""
        return times_weights(-np.log(array(y)) - np.log1p(-array(y)), params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``phi mu' (logit y - digamma(a) + digamma(b))``."""
        phi, at = array(params["phi"]), self._inner(eta, link)
        a, b = phi * np.exp(link.log_inverse(at)), phi * np.exp(link.log_complement(at))
        pull = special.logit(array(y)) - special.digamma(1 + a) + special.digamma(1 + b)
        value = phi * link.derivative(at) * pull + link.hazard_mean(at) - link.hazard_complement(at)
        return times_weights(array(value), params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``phi^2 mu'^2 (trigamma(a) + trigamma(b))``."""
        phi, at = array(params["phi"]), self._inner(eta, link)
        a, b = phi * np.exp(link.log_inverse(at)), phi * np.exp(link.log_complement(at))
        value = (phi * link.derivative(at)) ** 2 * (special.polygamma(1, 1 + a) + special.polygamma(1, 1 + b))
        steep = np.minimum(link.hazard_mean(at), STEEPEST), np.minimum(link.hazard_complement(at), STEEPEST)
        return times_weights(array(value + steep[0] ** 2 + steep[1] ** 2), params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Draws in the broadcast shape of ``eta`` and ``phi``, strictly between 0 and 1."""
        at = self._inner(eta, link)
        tiny = np.finfo(np.float64).tiny
        mu, rest, phi = np.broadcast_arrays(
            link.inverse(at), np.exp(link.log_complement(at)), array(params["phi"])
        )
        drawn = rng.beta(np.maximum(mu * phi, tiny), np.maximum(rest * phi, tiny))
        return array(np.clip(drawn, tiny, 1 - np.finfo(np.float64).epsneg))

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """Sd of the response through the slope of the link, at most the unit of a probability's link."""
        slope = abs(float(link.derivative(center)))
        return min(probability_unit(link, center), float(y.std()) / slope)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """Halfway between the base mean and the responses."""
        return (y + base) / 2

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """``phi`` by moments: the mean square of the standardized residuals is ``1 / (1 + phi)``."""
        weights = np.broadcast_to(array(rows.get(WEIGHTS, 1.0)), y.shape)
        mu = np.clip(link.inverse(eta), 1e-6, 1 - 1e-6)
        relative = float(np.average((y - mu) ** 2 / (mu * (1 - mu)), weights=weights))
        return {"phi": float(np.clip(1 / max(relative, 1e-12) - 1, LEAST_PHI, LARGEST_PHI))}

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """The exact variance of the logit of a response, where that is the link; and the delta method."""
        return (TRIGAMMA, DELTA) if link.name == "logit" else (DELTA,)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """``trigamma(a) + trigamma(b)`` at ``params["mean"]``, or ``mu (1 - mu) / (1 + phi) / mu'^2``."""
        chosen, phi = self.chosen_scale(link, scale), array(params["phi"])
        mu = np.clip(array(params["mean"]), NEAREST, 1 - NEAREST)
        if chosen == TRIGAMMA:
            return array(special.polygamma(1, mu * phi) + special.polygamma(1, (1 - mu) * phi))
        return mu * (1 - mu) / (1 + phi) / link.derivative(link.link(mu)) ** 2

    def _inner(self, eta: ArrayLike, link: Link) -> Floats:
        """Linear predictors, those outside of the domain of the log link replaced by -1."""
        at = array(eta)
        return np.where(at < 0, at, -1.0) if link.name == "log" else at


def _advice(y: Floats) -> str:
    if ((y < 0) | (y > 1)).any():
        return "Divide percentages by 100; for measurements without bounds use family='gaussian' or 'gamma'."
    return (
        "Exact zeros and ones have no density here. For successes out of a known number of trials use "
        "family='binomial'; otherwise move all values inside a little: I((y * (n - 1) + 0.5) / n) with n "
        "rows (Smithson and Verkuilen 2006)."
    )


BETA = Beta(
    name="beta",
    links=BINARY_LINKS,
    parameters=("phi",),
    response_kind="numeric",
    level1_at_mean=True,
)
