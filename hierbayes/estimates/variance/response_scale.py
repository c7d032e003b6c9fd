"""Variance of the response itself: how it divides between groups where the link is not the identity.

The linear predictor of a row is ``eta + u_1 + ... + u_J``, with normal group effects. The expected response
``mu(eta + u_1 + ...)`` varies over the groups, and the response varies around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hierbayes.families.base import Family, Parameters
from hierbayes.families.links import Link

type Floats = NDArray[np.float64]

HERMITE_ALONE, HERMITE_EACH = 40, 24
"""Gauss-Hermite nodes where there is one group term, and for each of two sums where there are several."""
STEP_ALONE, STEP_EACH, REACH = 0.25, 0.5, 8.5
"""Steps of the trapezoidal rule for probabilities, and how far it reaches, in standard deviations."""
BLOCK = 50_000
"""Elements that are integrated at a time, so that their arrays stay in the cache."""
ROWS = 400
"""Rows that stand for all in `pooled_shares`."""


class Moments(Protocol):
    """Mean and variance of a response given its linear predictor; arrays of one axis."""

    def mean(self, eta: Floats) -> Floats:
        """Expected response."""

    def variance(self, mean: Floats) -> Floats:
        """Variance of a response of that mean."""

    def slope(self, eta: Floats) -> Floats:
        """Derivative of the expected response."""

    def take(self, part: slice) -> Moments:
        """The same for some of the elements."""


@dataclass(frozen=True)
class OfFamily:
    """A family's response. Parameters have the shape (N,) of the linear predictor, or none."""

    family: Family
    link: Link
    parameters: Parameters

    def mean(self, eta: Floats) -> Floats:
        """Expected response, response scale."""
        return self.family.mean(eta, self.link, self.parameters)

    def variance(self, mean: Floats) -> Floats:
        """Variance, in squared units of the response."""
        return self.family.variance(mean, self.parameters)

    def slope(self, eta: Floats) -> Floats:
        """Derivative of the inverse link."""
        return self.link.derivative(eta)

    def take(self, part: slice) -> OfFamily:
        """The same for some of the elements."""
        given = {name: np.asarray(value) for name, value in self.parameters.items()}
        some = {name: value[part] if value.ndim else value for name, value in given.items()}
        return OfFamily(self.family, self.link, some)


@dataclass(frozen=True)
class Trial:
    """A single 0/1 trial, or whether an ordered response lies above a cutpoint.

    ``above`` says which: the probability is ``F(eta)``, or ``1 - F(-eta)`` with ``eta`` less the cutpoint.
    """

    link: Link
    above: bool = False

    def mean(self, eta: Floats) -> Floats:
        """Probability."""
        return 1 - self.link.inverse(-eta) if self.above else self.link.inverse(eta)

    def variance(self, mean: Floats) -> Floats:
        """``p (1 - p)``."""
        return mean * (1 - mean)

    def slope(self, eta: Floats) -> Floats:
        """Derivative of the probability."""
        return self.link.derivative(-eta if self.above else eta)

    def take(self, part: slice) -> Trial:
        """Itself: it has no parameters."""
        return self


@cache
def hermite(n: int) -> tuple[Floats, Floats]:
    """Nodes and weights for the mean over a standard normal distribution; exact for polynomials."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    return nodes, weights / weights.sum()


@cache
def even(step: float) -> tuple[Floats, Floats]:
    """Nodes and weights of the trapezoidal rule for the mean over a standard normal distribution.

    Its error falls with ``exp(-2 pi a / step)``, where ``a`` is the distance of the nearest pole from the
    real line, ``pi / sd`` for the logistic function. Polynomials of Gauss-Hermite have a hard time with it.

    References
    ----------
    Trefethen, L. N. and Weideman, J. A. C. (2014). The exponentially convergent trapezoidal rule. SIAM
    Review 56, 385-458.
    """
    nodes = np.arange(-REACH, REACH + step / 2, step)
    weights = np.exp(-(nodes**2) / 2)
    return nodes, weights / weights.sum()


def _nodes(moments: Moments, *, alone: bool) -> tuple[Floats, Floats]:
    if isinstance(moments, Trial):
        return even(STEP_ALONE if alone else STEP_EACH)
    return hermite(HERMITE_ALONE if alone else HERMITE_EACH)


def linearised_shares(moments: Moments, eta: Floats, variances: Mapping[str, Floats]) -> dict[str, Floats]:
    """Share of each group term by a first-order Taylor expansion around the typical group.

    Parameters
    ----------
    moments : Moments
        Of the response.
    eta : float64 array, shape (N,)
        Linear predictor of a typical group.
    variances : mapping of str to float64 array, shape (N,)
        Variance between the groups of each term, link scale.

    References
    ----------
    Goldstein, H., Browne, W. and Rasbash, J. (2002). Partitioning variation in multilevel models.
    Understanding Statistics 1, 223-231 (method A).
    """
    squared = moments.slope(eta) ** 2
    level1 = moments.variance(moments.mean(eta))
    total = squared * sum(variances.values()) + level1
    return {name: squared * variance / total for name, variance in variances.items()}


def integrated_shares(
    moments: Moments, eta: Floats, variances: Mapping[str, Floats], within: Mapping[str, tuple[str, ...]]
) -> dict[str, Floats]:
    """Share of each group term in the variance of the response, group effects integrated out.

    The share of a term is the variance over its groups of what is expected of a row, beyond that of the
    terms in which it is nested, divided by the variance of the response. That of the outermost term is the
    correlation of two responses that have its group in common and nothing else. Normal integrals are by
    quadrature, so there is no simulation error.

    Parameters
    ----------
    moments, eta, variances
        As of `linearised_shares`.
    within : mapping of str to tuple of str
        The terms in which each is nested.
    """
    shares = {name: np.empty_like(eta) for name in variances}
    for part in (slice(start, start + BLOCK) for start in range(0, eta.size, BLOCK)):
        spread = {name: variance[part] for name, variance in variances.items()}
        found = _integrated(moments.take(part), eta[part], spread, within)
        for name, values in found.items():
            shares[name][part] = values
    return shares


def _integrated(
    moments: Moments, eta: Floats, variances: Mapping[str, Floats], within: Mapping[str, tuple[str, ...]]
) -> dict[str, Floats]:
    total = np.asarray(sum(variances.values()))
    nodes, weights = _nodes(moments, alone=True)
    expected, squared, level1 = np.zeros_like(eta), np.zeros_like(eta), np.zeros_like(eta)
    for node, weight in zip(nodes, weights, strict=True):
        mu = moments.mean(eta + np.sqrt(total) * node)
        expected += weight * mu
        squared += weight * mu**2
        level1 += weight * moments.variance(mu)
    whole = squared - expected**2 + level1
    if len(variances) == 1:
        (name,) = variances
        return {name: np.maximum(squared - expected**2, 0.0) / whole}
    shares = {}
    for name in variances:
        outer = sum((variances[other] for other in within[name]), start=np.zeros_like(eta))
        common = [expected**2 if not within[name] else _product(moments, eta, outer, total - outer)]
        common.append(_product(moments, eta, outer + variances[name], total - outer - variances[name]))
        shares[name] = np.maximum(common[1] - common[0], 0.0) / whole
    return shares


def _product(moments: Moments, eta: Floats, shared: Floats, own: Floats) -> Floats:
    """Mean product of the expected responses of two rows: normal parts in common, and of each alone."""
    nodes, weights = _nodes(moments, alone=False)
    found = np.zeros_like(eta)
    for node, weight in zip(nodes, weights, strict=True):
        center, inner = eta + np.sqrt(shared) * node, np.zeros_like(eta)
        for node_own, weight_own in zip(nodes, weights, strict=True):
            inner += weight_own * moments.mean(center + np.sqrt(np.maximum(own, 0.0)) * node_own)
        found += weight * inner**2
    return found


def pooled_shares(moments: Moments, eta: Floats, weights: Floats, variance: Floats) -> Floats:
    """Share of the one group term in the variance of a response, rows of all kinds together.

    What a linear model of the 0/1 responses with the same columns estimates, whose variances are the same
    for all rows: the covariance of two responses of one group, averaged over the pairs of rows, which is the
    variance over groups of the mean expected response; divided by the mean variance of a row.

    Parameters
    ----------
    moments : Moments
        Of the response, without parameters of its own.
    eta : float64 array, shape (N, n)
        Linear predictor of typical groups: draws, rows.
    weights : float64 array, shape (n,)
        How many rows each stands for, as shares.
    variance : float64 array, shape (N,)
        Variance between groups, link scale.

    References
    ----------
    Goldstein, H., Browne, W. and Rasbash, J. (2002). Partitioning variation in multilevel models.
    Understanding Statistics 1, 223-231 (method C).
    """
    nodes, node_weights = _nodes(moments, alone=False)
    shares = np.empty_like(variance)
    step = max(1, BLOCK // eta.shape[1])
    for part in (slice(start, start + step) for start in range(0, variance.size, step)):
        at, sd = eta[part], np.sqrt(variance[part])
        expected, pooled, squared = np.zeros_like(at), np.zeros_like(sd), np.zeros_like(sd)
        for node, weight in zip(nodes, node_weights, strict=True):
            mu = moments.mean(at + (sd * node)[:, None])
            expected += weight * mu
            together = mu @ weights
            pooled += weight * together
            squared += weight * together**2
        shares[part] = np.maximum(squared - pooled**2, 0.0) / (moments.variance(expected) @ weights)
    return shares


def representatives(X: Floats, offset: Floats, order: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Rows that stand for all: the different ones, or evenly spaced ones along their linear predictor.

    Parameters
    ----------
    X : float64 array, shape (n, p)
        Columns.
    offset, order : float64 array, shape (n,)
        Offset, and a typical linear predictor.

    Returns
    -------
    int array and float64 array, shape (k,)
        Positions, and the share of rows that each stands for; ``k`` is at most ``ROWS``.
    """
    _, first, counts = np.unique(np.column_stack([X, offset]), axis=0, return_index=True, return_counts=True)
    if len(first) <= ROWS:
        return first, counts / counts.sum()
    middles = ((np.arange(ROWS) + 0.5) * len(order) / ROWS).astype(np.intp)
    return np.argsort(order, kind="stable")[middles], np.full(ROWS, 1 / ROWS)
