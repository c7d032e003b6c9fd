"""Successes in a known number of trials, whose probability differs from row to row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hierbayes.errors import DataError
from hierbayes.families.base import (
    NO_PARAMETERS,
    Family,
    Parameters,
    array,
    product,
    times_weights,
    trials_of,
)
from hierbayes.families.binomial import (
    BINARY_LINKS,
    BINOMIAL,
    inside,
    latent_scales,
    middle_probability,
    probability_unit,
)
from hierbayes.families.links import Floats, Link
from hierbayes.families.negbinomial import LARGEST_PHI, LEAST_PHI, STIRLING, log_rising

MOST_TRIALS = 300
"""Trials of a row up to which its information is summed over all outcomes."""

HEAD = 16
"""Outcomes at either end that are summed one by one, whatever the number of trials."""

NODES, WINDOW = 48, 9.0
"""Nodes of the quadrature, and how many standard deviations it reaches to either side."""

LEAST_SHAPE = 1e-300  # NumPy draws no beta numbers with a shape of 0


def _digamma_rest(x: Floats) -> Floats:
    """``psi(x) - log x`` for large ``x`` (Abramowitz and Stegun 6.3.18)."""
    s = 1 / (x * x)
    return array(-0.5 / x - s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s / 132)))))


def digamma_rise(count: ArrayLike, shape: ArrayLike) -> Floats:
    """``psi(shape + count) - psi(shape)``, which keeps its digits as ``shape`` grows."""
    m, a = np.broadcast_arrays(array(count), array(shape))
    large = np.maximum(a, STIRLING)
    far = np.log1p(m / large) + _digamma_rest(array(large + m)) - _digamma_rest(large)
    small = np.minimum(a, STIRLING)
    return np.where(a > STIRLING, far, array(special.digamma(small + m) - special.digamma(small)))


def log_rising_from_log(count: ArrayLike, shape: ArrayLike, log_shape: ArrayLike) -> Floats:
    """``log Gamma(shape + count) - log Gamma(shape)``, of a shape that may have underflowed to 0.

    The first factor of ``shape (shape + 1) ... (shape + count - 1)`` is taken from its logarithm.
    """
    rest, a = np.maximum(array(count) - 1, 0.0), array(shape)
    value = array(log_shape) + rest * np.log1p(a) + log_rising(rest, 1 + a)
    return np.where(array(count) == 0, 0.0, value)


@dataclass(frozen=True)
class Point:
    """Probabilities and beta shapes at a linear predictor; arrays in the common shape.

    Attributes
    ----------
    a, b, log_a, log_b : float64 arrays
        ``mu phi`` and ``(1 - mu) phi``, and their logarithms.
    slope : float64 array
        ``phi mu'``: derivative of ``a``, and less that of ``b``.
    hazard, other_hazard : float64 arrays
        ``mu' / mu`` and ``mu' / (1 - mu)``.
    """

    a: Floats
    b: Floats
    log_a: Floats
    log_b: Floats
    slope: Floats
    hazard: Floats
    other_hazard: Floats

    @property
    def turned(self) -> Point:
        """Failures for successes."""
        return Point(self.b, self.a, self.log_b, self.log_a, self.slope, self.other_hazard, self.hazard)


def _point(eta: ArrayLike, phi: ArrayLike, link: Link) -> Point:
    precision = array(phi)
    log_a, log_b = link.log_inverse(eta) + np.log(precision), link.log_complement(eta) + np.log(precision)
    return Point(
        np.exp(log_a),
        np.exp(log_b),
        log_a,
        log_b,
        precision * link.derivative(eta),
        link.hazard_mean(eta),
        link.hazard_complement(eta),
    )


@dataclass(frozen=True)
class BetaBinomial(Family):
    """``y`` successes in ``n`` trials of a probability that has a beta distribution; as in brms.

    The shapes are ``mu phi`` and ``(1 - mu) phi``: each row has a probability of its own, around ``mu`` with
    variance ``mu (1 - mu) / (1 + phi)``. ``1 / (1 + phi)`` is the correlation of two trials of a row.

    References
    ----------
    Williams, D. A. (1975). The analysis of binary responses from toxicological experiments involving
    reproduction and teratogenicity. Biometrics 31, 949-952.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("beta_binomial"), get_link("beta_binomial")
    >>> float(np.exp(family.log_density(2.0, 0.0, {"trials": 4.0, "phi": 2.0}, link)).round(4))
    0.2
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError for what ``Binomial`` refuses, and where no row has several trials."""
        BINOMIAL.check_response(y, name, trials)
        if trials is None or trials.max() < 2:
            raise DataError(
                f"The response {name!r} has one trial per row in all {y.size} rows, and phi, the correlation "
                "of the trials of a row, cannot be learned from that. Allowed: rows with several trials, "
                "cbind(successes, failures) or successes | trials(n). For single trials use "
                "family='bernoulli'."
            )

    def domain(self, link: Link) -> tuple[float, float]:
        """``eta < 0`` with the log link."""
        return BINOMIAL.domain(link)

    def mean(self, eta: ArrayLike, link: Link, params: Parameters = NO_PARAMETERS) -> Floats:
        """Expected number of successes, or the probability of one where no trials are stated."""
        return BINOMIAL.mean(eta, link, params)

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``mu (1 - mu / n) (1 + (n - 1) / (1 + phi))``, with ``mu`` the expected number of successes."""
        inflation = 1 + (trials_of(params) - 1) / (1 + array(params["phi"]))
        return array(BINOMIAL.variance(mu, params) * inflation)

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log B(y + mu phi, n - y + (1 - mu) phi) - log B(mu phi, (1 - mu) phi) + log (n over y)``."""
        at, trials, phi = _point(eta, params["phi"], link), trials_of(params), array(params["phi"])
        value = log_rising_from_log(y, at.a, at.log_a)
        value = value + log_rising_from_log(trials - array(y), at.b, at.log_b)
        value = value - log_rising_from_log(trials, phi, np.log(phi))
        value = times_weights(value, params) + self.log_constant(y, params)
        return inside(value, eta, self.domain(link))

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``log(n! / (y! (n - y)!))``."""
        return BINOMIAL.log_constant(y, params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``phi mu' [psi(y + a) - psi(a) - psi(n - y + b) + psi(b)]`` with ``a = mu phi, b = phi - a``."""
        return times_weights(_score(_point(eta, params["phi"], link), trials_of(params), array(y)), params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Variance of the score: a sum over the outcomes.

        Of more than ``MOST_TRIALS`` trials over the first and last few outcomes; between them by quadrature,
        to three digits.
        """
        trials, at = trials_of(params), _point(eta, params["phi"], link)
        few, value = trials <= MOST_TRIALS, np.zeros(())
        if few.any():
            value = _head(at, np.where(few, trials, 1.0), MOST_TRIALS + 1)
        if not few.all():
            many = np.where(few, MOST_TRIALS, trials)
            ends = _head(at, many, HEAD) + _head(at.turned, many, HEAD)
            value = np.where(few, value, ends + _middle(at, many))
        return times_weights(array(value), params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Numbers of successes in the broadcast shape of ``eta``, the trials and ``phi``."""
        at = _point(eta, params["phi"], link)
        a, b, trials = np.broadcast_arrays(at.a, at.b, trials_of(params))
        p = rng.beta(np.maximum(a, LEAST_SHAPE), np.maximum(b, LEAST_SHAPE))
        return array(rng.binomial(trials.astype(np.int64), p))

    def middle(self, link: Link) -> float | None:
        """``middle_probability``."""
        return middle_probability(link)

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """``probability_unit``."""
        return probability_unit(link, center)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """Between the base rate and the shares of successes, as if the base rate counted one trial more."""
        return BINOMIAL.first_means(y, base, rows)

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """``phi`` by moments: squared residuals exceed chance by ``n (n - 1) mu (1 - mu) / (1 + phi)``."""
        trials, p = trials_of(rows), link.inverse(eta)
        chance = p * (1 - p) * trials
        excess = float(((y - trials * p) ** 2 - chance).sum())
        if excess <= 0:
            return {"phi": LARGEST_PHI}
        phi = float((chance * (trials - 1)).sum()) / excess - 1
        return {"phi": float(np.clip(phi, LEAST_PHI, LARGEST_PHI))}

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """The latent scale of a single trial; none for the log and cauchit links."""
        return latent_scales(link)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """Variance of the latent variable of a single trial; see ``Bernoulli``.

        A single trial is a Bernoulli one whatever ``phi``, so that the variance is the same; what the trials
        of a row share is a part of it.

        References
        ----------
        Nakagawa, Johnson and Schielzeth (2017), Journal of the Royal Society Interface 14, 20170213, table 2.
        """
        self.chosen_scale(link, scale)
        return array(link.latent_sd**2)


def _head(at: Point, trials: Floats, size: int) -> Floats:
    """``sum p(y) score(y)^2`` over ``y < size``; both follow from one number of successes to the next."""
    n = np.broadcast_to(trials, np.broadcast_shapes(trials.shape, at.a.shape))
    log_p, score = _log_probability(at, n, array(0.0)), _score(at, n, array(0.0))
    total = _square(log_p, score)
    for y in range(min(int(n.max()), size - 1)):
        left = n - y - 1
        rest = np.maximum(left, 0.0)
        log_up = np.log(at.a + y) if y else at.log_a
        log_down = np.where(rest > 0, np.log(at.b + np.maximum(rest, 1.0)), at.log_b)
        log_p = log_p + np.log((rest + 1) / (y + 1)) + log_up - log_down
        up = at.slope / (at.a + y) if y else at.hazard
        score = score + up + np.where(rest > 0, at.slope / (at.b + np.maximum(rest, 1.0)), at.other_hazard)
        total = total + _square(np.where(left >= 0, log_p, -np.inf), score)
    return total


def _middle(at: Point, trials: Floats) -> Floats:
    """``sum p(y) score(y)^2`` over ``HEAD <= y <= n - HEAD``, by quadrature over the logit of ``y / n``.

    The window is that of the logit of the row's probability, of mean ``psi(a) - psi(b)`` and variance
    ``psi'(a) + psi'(b)``, with the scatter of the trials added.
    """
    n, a, b = trials, np.maximum(at.a, 1e-100), np.maximum(at.b, 1e-100)
    chance = a / (a + b)
    spread = special.polygamma(1, a) + special.polygamma(1, b) + 1 / (n * chance * (1 - chance) + 1e-100)
    center, end = special.digamma(a) - special.digamma(b), special.logit((HEAD - 0.5) / n)
    lower = np.clip(center - WINDOW * np.sqrt(spread), end, -end)
    upper = np.clip(center + WINDOW * np.sqrt(spread), end, -end)
    total = np.zeros(np.broadcast_shapes(n.shape, a.shape))
    for node, weight in zip(*np.polynomial.legendre.leggauss(NODES), strict=True):
        share = special.expit((lower + upper + node * (upper - lower)) / 2)
        each = _square(_log_probability(at, n, n * share), _score(at, n, n * share))
        total = total + weight * (upper - lower) / 2 * n * share * (1 - share) * each
    return total


def _square(log_p: Floats, score: Floats) -> Floats:
    """``p score^2``; the root of the probability first, for where a score is huge, its probability is 0."""
    return array((np.exp(log_p / 2) * score) ** 2)


def _log_probability(at: Point, trials: Floats, y: Floats) -> Floats:
    """``log p(y)`` with the binomial coefficient, also between whole numbers."""
    phi = at.a + at.b
    value = log_rising_from_log(y, at.a, at.log_a) + log_rising_from_log(trials - y, at.b, at.log_b)
    value = value - log_rising_from_log(trials, phi, np.log(phi))
    return array(value - np.log1p(trials) - special.betaln(y + 1, trials - y + 1))


def _score(at: Point, trials: Floats, y: Floats) -> Floats:
    """``phi mu' [psi(y + a) - psi(a) - psi(n - y + b) + psi(b)]``."""
    up = product(np.minimum(y, 1), at.hazard) + at.slope * digamma_rise(np.maximum(y - 1, 0), 1 + at.a)
    failures = trials - y
    down = product(np.minimum(failures, 1), at.other_hazard)
    return up - down - at.slope * digamma_rise(np.maximum(failures - 1, 0), 1 + at.b)


BETA_BINOMIAL = BetaBinomial(
    name="beta_binomial", links=BINARY_LINKS, parameters=("phi",), response_kind="trials"
)
