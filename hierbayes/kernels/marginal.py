"""The log density of a Gaussian response with effects and coefficients integrated out, and its gradient.

``log p(y) = -n/2 log(2 pi sigma^2) + sum(log w)/2 + sum(log D)/2 + (number of flat priors)/2 log(2 pi)
- log|H|/2 - Q/2``, with ``D`` the proper prior precisions and ``Q`` the quadratic form that the factorization
leaves.

The gradient is the posterior expectation of that of the complete data's log density (Fisher's identity). With
the second moments ``P`` of ``(u, theta, -1) / sigma`` over the remainder and ``B_j = F_j P F_j' - I``,
``K_j = C_j'B_j C_j``:

- first factor: ``d/dLam = (sum_j R_j'K_j R_j) Lam / sigma^2``;
- other factors: ``d/dLam = Lam^{-T} Q`` with ``Q = sum_j E[z_j z_j'] - I``;
- ``d/dlog sigma = -n + tr(within P) + sum_j (q + tr K_j)``, the expected squared residuals less their number.

References
----------
Takahashi, K., Fagan, J. and Chin, M.-S. (1973). Formation of a sparse bus impedance matrix and its
application to short circuit study. 8th PICA Conference, 63-69 (the inverse on the pattern of a factor).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hierbayes.kernels.factorization import factorize, scaled, solve_remainder, unstandardize
from hierbayes.kernels.jit import codes, compiled, floats, integers
from hierbayes.kernels.statistics import (
    COLUMNS,
    CONSTANTS,
    PATTERN,
    PATTERN_POINTERS,
    POINTERS,
    SIZES,
    read_factors,
    read_roots,
    read_within,
)


@compiled
def _invert_remainder(table: Any, U: Any, P: Any) -> None:
    """``(U'U)^-1`` on the pattern of ``U``, both triangles, into ``P``, which holds zeros before."""
    pattern_pointers, pattern = integers(table, PATTERN_POINTERS), integers(table, PATTERN)
    n_rest = U.shape[0] - 1
    for j in range(n_rest - 1, -1, -1):
        low, high = pattern_pointers[j], pattern_pointers[j + 1] - 1
        start = pattern[low]
        for a in range(low, high):
            factor = U[j, pattern[a]] / U[j, j]
            for k in range(start, n_rest):
                P[j, k] -= factor * P[pattern[a], k]
        t = 1 / U[j, j]
        for a in range(low, high):
            k = pattern[a]
            P[k, j] = P[j, k]
            t -= U[j, k] * P[j, k]
        P[j, j] = t / U[j, j]


@compiled
def _other_bars(factors: Any, L: Any, moments: Any, L_bar: Any) -> None:
    """``L_bar = L^{-T} Q`` of the other factors, from mean and covariance of their standardized effects."""
    mean, P = moments
    for g in range(1, factors.shape[0]):
        n_groups, q, first, at = factors[g, 0], factors[g, 1], factors[g, 2], factors[g, 4]
        for k in range(q):
            for l in range(q):
                t = 0.0
                for block in range(first, first + n_groups * q, q):
                    t += mean[block + k] * mean[block + l]
                    t += P[block + k, block + l] - (1.0 if k == l else 0.0)
                L_bar[at + k * q + l] = t
        for l in range(q):
            for k in range(q - 1, -1, -1):
                t = L_bar[at + k * q + l]
                for m in range(k + 1, q):
                    t -= L[at + m * q + k] * L_bar[at + m * q + l]
                L_bar[at + k * q + l] = t / L[at + k * q + k]


@compiled
def _unstandardize_rows(factors: Any, Lam: Any, P: Any) -> None:
    """Multiply the other factors' blocks of rows by ``Lam``: ``unstandardize`` for all columns at once."""
    for g in range(1, factors.shape[0]):
        n_groups, q, first, at = factors[g, 0], factors[g, 1], factors[g, 2], factors[g, 4]
        for block in range(first, first + n_groups * q, q):
            for k in range(q - 1, -1, -1):
                factor = Lam[at + k * q + k]
                for c in range(P.shape[1]):
                    P[block + k, c] *= factor
                for l in range(k):
                    factor = Lam[at + k * q + l]
                    for c in range(P.shape[1]):
                        P[block + k, c] += factor * P[block + l, c]


@compiled
def _unstandardize_moments(factors: Any, Lam: Any, mean: Any, P: Any) -> None:
    """Mean and covariance of ``(z, theta)`` to those of ``(u, theta)``, in place."""
    unstandardize(factors, Lam, mean)
    for i in range(mean.shape[0]):
        unstandardize(factors, Lam, P[i])
    _unstandardize_rows(factors, Lam, P)


@compiled
def _second_moments(sigma: float, mean: Any, P: Any) -> None:
    """Mean and covariance of ``(u, theta)`` to second moments of ``(u, theta, -1) / sigma``, in place."""
    n_rest, information = mean.shape[0], 1 / sigma**2
    for i in range(n_rest):
        for k in range(n_rest):
            P[i, k] = (P[i, k] + mean[i] * mean[k]) * information
        P[i, n_rest] = P[n_rest, i] = -mean[i] * information
    P[n_rest, n_rest] = information


@compiled
def _middle_dense(F: Any, at: int, moments: Any, B: Any) -> None:
    """``B += F_j P F_j'``, lower triangle, for a group that has all columns; its ``F_j`` starts at ``at``.

    ``moments`` are ``P`` and room for one of its rows.
    """
    P, row = moments
    q, width = B.shape[0], P.shape[0]
    for k in range(q):
        for b in range(width):
            row[b] = 0.0
        for a in range(width):
            factor = F[at + k * width + a]
            for b in range(width):
                row[b] += factor * P[a, b]
        for l in range(k + 1):
            for b in range(width):
                B[k, l] += F[at + l * width + b] * row[b]


@compiled
def _middle_sparse(F: Any, held: Any, P: Any, B: Any) -> None:
    """``B += F_j P F_j'``, lower triangle; ``held``: columns, where the group's begin, where they end."""
    columns, low, high = held
    q, width = B.shape[0], high - low
    for a in range(width):
        row = columns[low + a]
        for k in range(q):
            at, t = q * low + k * width, 0.0
            for b in range(width):
                t += P[row, columns[low + b]] * F[at + b]
            for l in range(k + 1):
                B[k, l] += F[q * low + l * width + a] * t


@compiled
def _sum_first(table: Any, others: Any, moments: Any, T: Any) -> float:
    """Add ``sum_j R_j'K_j R_j`` to ``T``, shape (q, q); returns ``sum_j (q + tr K_j)``.

    ``moments`` are ``inverses`` and ``F`` of the factorization, and ``P``.
    """
    (inverses, F, P), roots, pointers = moments, read_roots(table), integers(table, POINTERS)
    n_groups, q = roots.shape[:2]
    B, K, W = np.empty((q, q)), np.empty((q, q)), np.empty((q, q))
    row = np.empty(P.shape[0])
    total = 0.0
    for j in range(n_groups):
        for k in range(q):
            for l in range(k + 1):
                B[k, l] = -1.0 if k == l else 0.0
        if others is None:
            _middle_dense(F, q * pointers[j], (P, row), B)
        else:
            _middle_sparse(F, (codes(table, COLUMNS), pointers[j], pointers[j + 1]), P, B)
        for k in range(q):
            for l in range(k):
                B[l, k] = B[k, l]
        for k in range(q):
            for l in range(q):
                t = 0.0
                for m in range(l, q):
                    t += B[k, m] * inverses[j, m, l]
                W[k, l] = t
        for k in range(q):
            for l in range(q):
                t = 0.0
                for m in range(k, q):
                    t += inverses[j, m, k] * W[m, l]
                K[k, l] = t
            total += 1 + K[k, k]
        for k in range(q):
            for l in range(q):
                t = 0.0
                for m in range(l + 1):
                    t += K[k, m] * roots[j, m, l]
                W[k, l] = t
        for k in range(q):
            for l in range(q):
                t = 0.0
                for m in range(k + 1):
                    t += roots[j, m, k] * W[m, l]
                T[k, l] += t
    return total


@compiled
def log_marginal(table: Any, others: Any, scale: Any, bars: Any) -> float:
    """``log p(y | sd, L, sigma)`` and its gradient.

    Parameters
    ----------
    table : uint64 array
        The kernel's: addresses of the statistics.
    others : int64 array, or None
        ``Statistics.factors`` where there are several.
    scale : tuple
        ``sd`` and ``L``, flat, factor by factor in the order of ``Statistics.factors`` (``L``, the Cholesky
        factor of correlations, is block diagonal over the terms of a factor), and the number ``sigma``.
    bars : tuple of float64 arrays
        Receive the derivatives: in ``L``, flat, at fixed sds; in ``log sigma``, shape (1,). The derivative in
        ``log sd_k`` is the sum over ``l`` of ``L_bar[k, l] L[k, l]``.

    Returns
    -------
    float
        Coefficients with flat priors are integrated over the Lebesgue measure.
    """
    (sd, L, sigma), (L_bar, sigma_bar) = scale, bars
    sizes, within, Lam = integers(table, SIZES), read_within(table), scaled(read_factors(table), sd, L)
    n, n_rest = sizes[0], sizes[2]
    inverses, F, U, half_log_det = factorize(table, others, Lam, sigma)
    mean, P = np.empty(n_rest), np.zeros((n_rest + 1, n_rest + 1))
    for i in range(n_rest):
        mean[i] = U[i, n_rest]
    solve_remainder(table, U, mean)
    _invert_remainder(table, U, P)
    if others is not None:
        _other_bars(others, L, (mean, P), L_bar)
        _unstandardize_moments(others, Lam, mean, P)
    _second_moments(sigma, mean, P)
    squares = 0.0
    for i in range(n_rest + 1):
        squares += within[i, i] * P[i, i]
        for k in range(i + 1, n_rest + 1):
            squares += 2 * within[i, k] * P[i, k]
    q = inverses.shape[1]
    T = np.zeros((q, q))
    sigma_bar[0] = squares + _sum_first(table, others, (inverses, F, P), T) - n
    for k in range(q):
        for l in range(q):
            t = 0.0
            for m in range(l, q):
                t += T[k, m] * Lam[m * q + l]
            L_bar[k * q + l] = sd[k] * t / sigma**2
    value: float = floats(table, CONSTANTS)[0] - n * math.log(sigma) - half_log_det - 0.5 * U[n_rest, n_rest]
    return value
