"""Responses that are known in part: censored ones, truncated ones, and those with known standard errors.

A censored response is known to lie between two ends, ``low < Y < high``, of which one may be infinite: its
probability takes the place of its density. A truncated one can only be observed between two bounds: all is
divided by the probability of these, ``lb < Y < ub``. What a row carries of this is among the parameters of a
family's methods, by the names below; ``low`` equals ``high`` where the response was observed.

References
----------
Tobin, J. (1958). Estimation of relationships for limited dependent variables. Econometrica 26, 24-36.
Klein, J. P. and Moeschberger, M. L. (2003). Survival Analysis, 2nd ed., section 3.5 (the likelihood of
censored and truncated data).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hierbayes.families.base import NO_PARAMETERS, WEIGHTS, Family, Parameters, array, times_weights
from hierbayes.families.links import Floats, Link, log1mexp

LOW, HIGH, LOWER_BOUND, UPPER_BOUND, STANDARD_ERROR = "low", "high", "lb", "ub", "se"

LOG_HALF = float(np.log(0.5))
STEP = 1e-4  # of central differences, in standard errors of a single row
LEAST_SHARE = 1e-3  # of the information of an observed row: a far censored one says nearly nothing


class Censorable(Family):
    """A continuous distribution whose responses may be censored and truncated.

    Its methods ``mean``, ``log_density``, ``score``, ``information`` and ``draw`` are wrapped by the
    functions of this module that are called like them.
    """

    @abstractmethod
    def log_cdf(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log P(Y <= y)``, exact in the lower tail; ``y`` may be infinite."""

    @abstractmethod
    def log_ccdf(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log P(Y > y)``, exact in the upper tail."""

    @abstractmethod
    def log_cdf_slope(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log(-d P(Y <= y) / d mu)``; ``-inf`` for infinite ``y``."""

    @abstractmethod
    def quantile(
        self, tails: tuple[Floats, Floats], eta: ArrayLike, params: Parameters, link: Link
    ) -> Floats:
        """The ``y`` whose ``log P(Y <= y)`` and ``log P(Y > y)`` are ``tails``, by the smaller one."""

    @abstractmethod
    def truncated_mean(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Mean of the responses between the bounds ``lb`` and ``ub``."""


def exactly_known(params: Parameters) -> Any:
    """Where the response itself is known, of the shape of ``low``; True where nothing is censored."""
    return array(params[LOW]) == array(params[HIGH]) if LOW in params else np.True_


def log_between(
    family: Censorable, ends: tuple[ArrayLike, ArrayLike], eta: ArrayLike, params: Parameters, *, link: Link
) -> Floats:
    """``log P(low < Y < high)``, as a difference in the tail that keeps its digits.

    Parameters
    ----------
    family : Censorable
        The distribution.
    ends : tuple of array
        ``low`` and ``high``, infinite where the interval is open.
    eta, params, link
        As of ``log_density``.
    """
    low, high = ends
    below, above = family.log_cdf(low, eta, params, link), family.log_ccdf(low, eta, params, link)
    to_high, from_high = family.log_cdf(high, eta, params, link), family.log_ccdf(high, eta, params, link)
    upper = below > LOG_HALF
    larger, smaller = np.where(upper, above, to_high), np.where(upper, from_high, below)
    with np.errstate(invalid="ignore"):
        gap = np.where(np.isneginf(smaller), np.inf, larger - smaller)
    return larger + log1mexp(array(gap))


def _slope(
    family: Censorable, ends: tuple[ArrayLike, ArrayLike], eta: ArrayLike, params: Parameters, *, link: Link
) -> Floats:
    """``d log_between / d eta``."""
    total = log_between(family, ends, eta, params, link=link)
    low, high = (family.log_cdf_slope(end, eta, params, link) for end in ends)
    return (np.exp(low - total) - np.exp(high - total)) * link.derivative(eta)


def _split(family: Family, params: Parameters) -> tuple[Parameters, dict[str, Any], Parameters]:
    """What the plain distribution is given, what is known in part, and weights that multiply the whole."""
    part = {name: params[name] for name in (LOW, HIGH, LOWER_BOUND, UPPER_BOUND) if name in params}
    plain = {name: value for name, value in params.items() if name not in part}
    if family.residual_weights or WEIGHTS not in params:
        return plain, part, NO_PARAMETERS
    return {k: v for k, v in plain.items() if k != WEIGHTS}, part, {WEIGHTS: params[WEIGHTS]}


def _within_bounds(part: dict[str, Any]) -> tuple[Floats, Floats]:
    """The ends of what is known of each row: everywhere where it is observed."""
    low, high = array(part.get(LOW, 0.0)), array(part.get(HIGH, 0.0))
    exact = low == high
    lower, upper = array(part.get(LOWER_BOUND, -np.inf)), array(part.get(UPPER_BOUND, np.inf))
    return (
        np.where(exact, -np.inf, np.maximum(low, lower)),
        np.where(exact, np.inf, np.minimum(high, upper)),
    )


def log_density[F: Callable[..., Floats]](method: F) -> F:
    """Wrap ``log_density`` of a ``Censorable``: the log probability of what is known of each row."""

    @wraps(method)
    def wrapped(self: Censorable, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        plain, part, weights = _split(self, params)
        value = method(self, y, eta, plain, link)
        if not part:
            return times_weights(value, weights)
        if LOW in part:
            censored = log_between(self, _within_bounds(part), eta, plain, link=link)
            value = np.where(exactly_known(part), value, censored)
        if LOWER_BOUND in part:
            bounds = array(part[LOWER_BOUND]), array(part[UPPER_BOUND])
            outside = exactly_known(part) & ((array(y) < bounds[0]) | (array(y) > bounds[1]))
            value = np.where(outside, -np.inf, value - log_between(self, bounds, eta, plain, link=link))
        return times_weights(value, weights)

    return wrapped  # type: ignore[return-value]


def score[F: Callable[..., Floats]](method: F) -> F:
    """Wrap ``score`` of a ``Censorable``: the derivative of the wrapped ``log_density``."""

    @wraps(method)
    def wrapped(self: Censorable, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        plain, part, weights = _split(self, params)
        value = method(self, y, eta, plain, link)
        if not part:
            return times_weights(value, weights)
        if LOW in part:
            censored = _slope(self, _within_bounds(part), eta, plain, link=link)
            value = np.where(exactly_known(part), value, censored)
        if LOWER_BOUND in part:
            value = value - _slope(self, (part[LOWER_BOUND], part[UPPER_BOUND]), eta, plain, link=link)
        return times_weights(value, weights)

    return wrapped  # type: ignore[return-value]


def information[F: Callable[..., Floats]](method: F) -> F:
    """Wrap ``information`` of a ``Censorable``: of rows that are known in part, the observed information.

    That of a censored row is minus the curvature of its log probability, by central differences of the
    score; truncation takes away the curvature of the log probability of the bounds. (The expected information
    would need the limits that observed rows would have been censored at.) Kept between a thousandth and the
    whole of what an observed row says.
    """

    @wraps(method)
    def wrapped(self: Censorable, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        plain, part, weights = _split(self, params)
        whole = method(self, eta, plain, link)
        if not part:
            return times_weights(whole, weights)
        step, value = STEP / np.sqrt(whole), whole

        def curvature(ends: tuple[ArrayLike, ArrayLike]) -> Floats:
            high, low = (_slope(self, ends, array(eta) + sign * step, plain, link=link) for sign in (1, -1))
            return array((low - high) / (2 * step))

        if LOW in part:
            value = np.where(exactly_known(part), whole, curvature(_within_bounds(part)))
        if LOWER_BOUND in part:
            value = value - curvature((part[LOWER_BOUND], part[UPPER_BOUND]))
        return times_weights(np.clip(value, LEAST_SHARE * whole, whole), weights)

    return wrapped  # type: ignore[return-value]


def step_weights[F: Callable[..., Floats]](method: F) -> F:
    """Wrap ``step_weights`` of a ``Censorable``: of rows that are known in part, the information."""

    @wraps(method)
    def wrapped(self: Censorable, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        if not _split(self, params)[1]:
            return method(self, y, eta, params, link)
        return self.information(eta, params, link)

    return wrapped  # type: ignore[return-value]


def draw[F: Callable[..., Floats]](method: F) -> F:
    """Wrap ``draw`` of a ``Censorable``: responses between the bounds of truncation; none are censored."""

    @wraps(method)
    def wrapped(
        self: Censorable, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator
    ) -> Floats:
        plain, part, _ = _split(self, params)
        if LOWER_BOUND not in part:
            return method(self, eta, plain, link, rng)
        bounds = array(part[LOWER_BOUND]), array(part[UPPER_BOUND])
        total = log_between(self, bounds, eta, plain, link=link)
        share = rng.random(np.broadcast_shapes(np.shape(total), *(np.shape(v) for v in plain.values())))
        # In logarithms: P(Y <= y) = P(Y <= lb) + share * P(lb < Y < ub), and the same from above.
        below = np.logaddexp(self.log_cdf(bounds[0], eta, plain, link), np.log(share) + total)
        above = np.logaddexp(self.log_ccdf(bounds[1], eta, plain, link), np.log1p(-share) + total)
        return np.clip(self.quantile((below, above), eta, plain, link), *bounds)

    return wrapped  # type: ignore[return-value]


def mean[F: Callable[..., Floats]](method: F) -> F:
    """Wrap ``mean`` of a ``Censorable``: of truncated responses the mean between the bounds.

    Of censored ones it is the mean of the response itself, whether or not it could be observed. Without the
    family's parameters the bounds are left out of account.
    """

    @wraps(method)
    def wrapped(self: Censorable, eta: ArrayLike, link: Link, params: Parameters = NO_PARAMETERS) -> Floats:
        needed = {LOWER_BOUND, *(() if STANDARD_ERROR in params else self.parameters)}
        if needed <= params.keys():
            return self.truncated_mean(eta, params, link)
        return method(self, eta, link, params)

    return wrapped  # type: ignore[return-value]
