"""Successes in a known number of independent trials."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hierbayes.errors import DataError
from hierbayes.families.base import (
    LATENT,
    NO_PARAMETERS,
    Family,
    Parameters,
    array,
    check_counts,
    check_finite,
    check_values,
    check_varies,
    product,
    times_weights,
    trials_of,
)
from hierbayes.families.links import Floats, Link

SHARES = "If these are shares of n trials, give the number of successes: I(share * n) | trials(n)."
BINARY_LINKS = ("logit", "probit", "cloglog", "log", "cauchit")


def inside(values: Floats, eta: ArrayLike, domain: tuple[float, float]) -> Floats:
    """Log densities, ``-inf`` where ``eta`` is outside of an open interval."""
    lower, upper = domain
    if math.isinf(lower) and math.isinf(upper):
        return values
    at = array(eta)
    return np.where((at > lower) & (at < upper), values, -np.inf)


def latent_scales(link: Link) -> tuple[str, ...]:
    """``("latent",)`` for links whose latent variable has a variance.

    With the log link there is no latent variable that covariates shift; with the cauchit link it has a Cauchy
    distribution, which has no variance.
    """
    return () if math.isnan(link.latent_sd) else (LATENT,)


def middle_probability(link: Link) -> float | None:
    """One half for the links of a latent variable; for the others it is no middle."""
    return 0.5 if math.isfinite(link.latent_sd) else None


def probability_unit(link: Link, center: float) -> float:
    """Sd of the latent variable; 1 for the log link, ``sqrt(1.65^2 + center^2)`` for the cauchit link.

    1.65 is the sd of the logistic distribution that has the Cauchy distribution's quartiles, and the center
    may lie far out in its heavy tails.
    """
    if math.isfinite(link.latent_sd):
        return link.latent_sd
    return 1.0 if link.name == "log" else math.hypot(1.65, center)


@dataclass(frozen=True)
class Binomial(Family):
    """``y`` successes in ``params["trials"]`` trials, each with probability ``link.inverse(eta)``.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("binomial"), get_link("binomial")
    >>> float(np.exp(family.log_density(2.0, 0.0, {"trials": 4.0}, link)).round(4))
    0.375
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless 0 <= successes <= trials in whole numbers, with a success and a failure."""
        check_finite(y, name)
        if trials is None:
            check_values(y, name, (0.0, 1.0))
            check_varies(y, name)
            return
        check_trials(trials, name)
        check_counts(y, name, SHARES)
        bad = np.flatnonzero(y > trials)
        if bad.size:
            k = bad[0]
            raise DataError(
                f"The response {name!r} has more successes than trials in {bad.size} "
                f"{'row' if bad.size == 1 else 'rows'}, the first is used row {k + 1}: {y[k]:g} of "
                f"{trials[k]:g}. Allowed: from 0 up to the number of trials. Correct these rows; what "
                "trials() names counts all trials, not the failures."
            )
        for total, what in ((y.sum(), "successes"), ((trials - y).sum(), "failures")):
            if total == 0:
                raise DataError(
                    f"The response {name!r} has no {what}: in all {y.size} rows, {trials.sum():,.0f} trials, "
                    "the outcome is the same. Allowed: both outcomes. Nothing can be learned from one; check "
                    "the columns and the rows that were selected."
                )

    def domain(self, link: Link) -> tuple[float, float]:
        """``eta < 0`` with the log link."""
        return (-np.inf, 0.0) if link.name == "log" else (-np.inf, np.inf)

    def mean(self, eta: ArrayLike, link: Link, params: Parameters = NO_PARAMETERS) -> Floats:
        """Expected number of successes, or the probability of one where no trials are stated."""
        return array(link.inverse(eta) * trials_of(params))

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``mu (1 - mu / trials)``, with ``mu`` the expected number of successes."""
        expected = array(mu)
        return expected * (1 - expected / trials_of(params))

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``y log p + (trials - y) log(1 - p)`` and the logarithm of the binomial coefficient."""
        successes, failures = array(y), trials_of(params) - array(y)
        value = product(successes, link.log_inverse(eta)) + product(failures, link.log_complement(eta))
        value = times_weights(value, params) + self.log_constant(y, params)
        return inside(value, eta, self.domain(link))

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``log(trials! / (y! (trials - y)!))``."""
        successes, trials = array(y), trials_of(params)
        value = (
            special.gammaln(trials + 1)
            - special.gammaln(successes + 1)
            - special.gammaln(trials - successes + 1)
        )
        return times_weights(array(value), params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``y p' / p - (trials - y) p' / (1 - p)``."""
        failures = trials_of(params) - array(y)
        slope = product(y, link.hazard_mean(eta)) - product(failures, link.hazard_complement(eta))
        return times_weights(slope, params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``trials p'^2 / (p (1 - p))``."""
        one = link.hazard_mean(eta) * link.hazard_complement(eta)
        return times_weights(one * trials_of(params), params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Numbers of successes in the broadcast shape of ``eta`` and the trials."""
        p, trials = np.broadcast_arrays(np.clip(link.inverse(eta), 0.0, 1.0), trials_of(params))
        return array(rng.binomial(trials.astype(np.int64), p))

    def middle(self, link: Link) -> float | None:
        """``middle_probability``."""
        return middle_probability(link)

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """``probability_unit``."""
        return probability_unit(link, center)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """Between the base rate and the shares of successes, as if the base rate counted one trial more."""
        return (y + base) / (trials_of(rows) + 1)

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """The latent scale of a single trial; none for the log and cauchit links."""
        return latent_scales(link)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """Variance of the latent variable of a single trial, whatever their number; see ``Bernoulli``.

        References
        ----------
        Nakagawa, Johnson and Schielzeth (2017), Journal of the Royal Society Interface 14, 20170213, table 2.
        """
        self.chosen_scale(link, scale)
        return array(link.latent_sd**2)


def check_trials(trials: Floats, name: str) -> None:
    """Raise DataError unless every number of trials is a whole number from 1 on."""
    bad = np.flatnonzero(~((trials >= 1) & (trials == np.floor(trials))))
    if bad.size:
        raise DataError(
            f"The number of trials of {name!r} is {trials[bad[0]]:g} in used row {bad[0] + 1}"
            f"{f' (one of {bad.size} such rows)' if bad.size > 1 else ''}. Allowed: whole numbers from 1 on. "
            "Correct these values, and drop rows without a trial: they say nothing."
        )


BINOMIAL = Binomial(name="binomial", links=BINARY_LINKS, parameters=(), response_kind="trials")
