"""Variance parameters of collapsed models, unconstrained values to ``sd``, ``L``, ``sigma``, and back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hierbayes.kernels.jit import compiled, float_rows, floats, integer_rows, integers
from hierbayes.kernels.scales import correlation_cholesky, correlation_gradient, positives, vine
from hierbayes.kernels.statistics import N_ARRAYS, read_factors

KNOWN = -1
"""The kind of prior of a ``sigma`` that is no parameter, but known."""


class Layout(NamedTuple):
    """The unconstrained vector ``[standard deviations of every term, sigma, vines]`` and its priors.

    Attributes
    ----------
    terms : int64 array, shape (n_terms, 5)
        For each group term its factor, its first column among the factor's, its columns ``q``, its partial
        correlations (0 if uncorrelated), and its first entry among the effects of all terms.
    kinds, priors : int64 array, shape (k,), and float64 array, shape (k, 3)
        Priors of the positive parameters, as of ``prior_table``; ``KNOWN`` with its value for a ``sigma``
        that is no parameter.
    shapes : float64 array
        Beta shapes of the partial correlations.
    """

    terms: Any
    kinds: Any
    priors: Any
    shapes: Any


class Scales(NamedTuple):
    """Variance parameters at one point, with what the chain rule needs.

    Attributes
    ----------
    positive : float64 array, shape (3, k)
        As of ``scales.positives``.
    partial : float64 array, shape (3, n_vines)
        As of ``scales.vine``.
    sd, L : float64 arrays, flat
        In the order of ``Statistics.factors``; ``L`` has zeros between different terms.
    """

    positive: Any
    partial: Any
    sd: Any
    L: Any


N_TABLE = N_ARRAYS + len(Layout._fields)
TERMS, KINDS, PRIORS, SHAPES = range(N_ARRAYS, N_TABLE)
"""Places of the layout in a kernel's table, behind the statistics."""


@compiled
def new_scales(table: Any) -> Any:
    """Room for the scales of a model."""
    factors, n_positives = read_factors(table), integers(table, KINDS).shape[0]
    n_entries = 0
    for g in range(factors.shape[0]):
        n_entries += factors[g, 1] ** 2
    return Scales(
        np.empty((3, n_positives)),
        np.empty((3, floats(table, SHAPES).shape[0])),
        np.empty(n_positives - 1),
        np.zeros(n_entries),
    )


@compiled
def n_sampled(table: Any) -> int:
    """Number of positive parameters that are sampled: all, or all but a ``sigma`` that is known."""
    kinds = integers(table, KINDS)
    n: int = kinds.shape[0]
    return n - 1 if kinds[n - 1] == KNOWN else n


@compiled
def read_scales(table: Any, x: Any, scales: Any) -> float:
    """Fill ``scales`` at the unconstrained vector ``x``; returns the log prior with Jacobian."""
    factors, terms, priors = read_factors(table), integer_rows(table, TERMS, 5), float_rows(table, PRIORS, 3)
    n = n_sampled(table)
    total = positives(x[:n], integers(table, KINDS), priors, scales.positive)
    total += vine(x[n:], floats(table, SHAPES), scales.partial)
    if n < priors.shape[0]:
        scales.positive[0, n] = priors[n, 0]
    column = pair = 0
    for t in range(terms.shape[0]):
        g, first, q, pairs = terms[t, 0], terms[t, 1], terms[t, 2], terms[t, 3]
        width, at = factors[g, 1], factors[g, 4]
        block = np.empty((q, q))
        correlation_cholesky(scales.partial[0, pair : pair + pairs], block)
        for k in range(q):
            scales.sd[factors[g, 3] + first + k] = scales.positive[0, column + k]
            for l in range(q):
                scales.L[at + (first + k) * width + first + l] = block[k, l]
        column, pair = column + q, pair + pairs
    return total


@compiled
def _log_slope(scales: Any, k: int) -> float:
    """``d log(parameter) / d(unconstrained)``; 1 where the parameter has underflowed to 0."""
    x, slope = scales.positive[0, k], scales.positive[1, k]
    return slope / x if x > 0 else 1.0


@compiled
def chain_rule(table: Any, scales: Any, derivatives: Any) -> None:
    """The gradient in the unconstrained vector, priors included.

    Parameters
    ----------
    table, scales
        The model and the point.
    derivatives : tuple of float64 arrays
        ``L_bar`` and ``sigma_bar`` as of ``log_marginal``, and the gradient, shape (n_dim,), which is filled.
    """
    L_bar, sigma_bar, gradient = derivatives
    factors, terms = read_factors(table), integer_rows(table, TERMS, 5)
    n, column, pair = n_sampled(table), 0, 0
    for t in range(terms.shape[0]):
        g, first, q, pairs = terms[t, 0], terms[t, 1], terms[t, 2], terms[t, 3]
        width, at = factors[g, 1], factors[g, 4]
        L, bar = np.empty((q, q)), np.empty((q, q))
        for k in range(q):
            total = 0.0
            for l in range(q):
                L[k, l] = scales.L[at + (first + k) * width + first + l]
                bar[k, l] = L_bar[at + (first + k) * width + first + l]
                total += L[k, l] * bar[k, l]
            slope = _log_slope(scales, column + k)
            gradient[column + k] = total * slope + scales.positive[2, column + k]
        r_bar = np.zeros(pairs)
        correlation_gradient(scales.partial[0, pair : pair + pairs], L, bar, r_bar)
        for k in range(pairs):
            gradient[n + pair + k] = r_bar[k] * scales.partial[1, pair + k] + scales.partial[2, pair + k]
        column, pair = column + q, pair + pairs
    if n == scales.positive.shape[1]:
        gradient[n - 1] = sigma_bar[0] * _log_slope(scales, n - 1) + scales.positive[2, n - 1]
