"""The posterior precision of all effects and coefficients of a Gaussian model, from sufficient statistics.

``y = X theta + sum_g Z_g u_g + e`` with ``u_gj = Lam_g z_j``, ``Lam_g = diag(sd_g) L_g``, ``z_j ~ N(0, I)``
and ``e ~ N(0, sigma^2 / w)``. The precision of all ``z`` and ``theta`` given ``y`` is ``H``; the groups of
the first factor are eliminated one by one from it, as MixedModels.jl does, in the basis in which their rows
are ``R_j Lam``: ``N_j = I + V_j V_j'`` with ``V_j = R_j Lam / sigma``, and with ``F_j = N_j^{-1/2} E_j`` the
remainder's precision is ``(within + sum_j F_j'F_j) / sigma^2`` plus priors. These are sums of squares:
nothing cancels in them. Notation of ``statistics.Statistics``.

References
----------
Bates, D., Mächler, M., Bolker, B. and Walker, S. (2015). Fitting linear mixed-effects models using lme4.
Journal of Statistical Software 67(1), section 3.4; and the documentation of MixedModels.jl, "Details of the
parameter estimation".
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from hierbayes.kernels.jit import codes, compiled, floats, integers
from hierbayes.kernels.statistics import (
    COLUMNS,
    CONSTANTS,
    CROSS,
    PATTERN,
    PATTERN_POINTERS,
    POINTERS,
    PRECISION,
    PULL,
    SIZES,
    read_roots,
    read_within,
)

LARGE = 1e100


class Factorization(NamedTuple):
    """``H`` in factors, at given variance parameters.

    Attributes
    ----------
    inverses : float64 array, shape (J, q, q)
        Lower triangular ``C_j`` with ``C_j'C_j = N_j^-1``.
    F : float64 array, flat
        ``C_j E_j``, shapes and order of ``E``.
    U : float64 array, shape (R + 1, R + 1)
        Upper Cholesky factor of the remainder's precision in ``(z, theta)``; its last column is ``U^-T b``
        with ``b`` the linear term, its last entry the quadratic form that is left of the response.
    half_log_det : float
        ``log |H| / 2``.
    """

    inverses: Any
    F: Any
    U: Any
    half_log_det: Any


@compiled
def scaled(factors: Any, sd: Any, L: Any) -> Any:
    """``Lam = diag(sd) L`` of every factor, (q, q), flat; ``sd`` and ``L`` in the order of ``factors``."""
    Lam = np.empty(L.shape[0])
    for g in range(factors.shape[0]):
        q, first, at = factors[g, 1], factors[g, 3], factors[g, 4]
        for k in range(q):
            for l in range(q):
                Lam[at + k * q + l] = sd[first + k] * L[at + k * q + l]
    return Lam


@compiled
def _root_of_inverse(R: Any, scale: Any, N: Any, inverse: Any) -> float:
    """Lower ``C`` with ``C'C = N^-1``, ``N = I + V V'``, ``V = R Lam``; returns ``|N|^{1/2}``.

    ``scale`` is the flat ``Lam / sigma`` and room for ``V``.
    """
    Lam, V = scale
    q, root = N.shape[0], 1.0
    for k in range(q):
        for m in range(q):
            t = 0.0
            for l in range(max(k, m), q):
                t += R[k, l] * Lam[l * q + m]
            V[k, m] = t
        for l in range(k + 1):
            t = 1.0 if k == l else 0.0
            for m in range(q):
                t += V[k, m] * V[l, m]
            for m in range(l):
                t -= N[k, m] * N[l, m]
            N[k, l] = math.sqrt(t) if k == l else t * inverse[l, l]
        root *= N[k, k]
        inverse[k, k] = 1 / N[k, k]
        for l in range(k):
            t = 0.0
            for m in range(l, k):
                t += N[k, m] * inverse[m, l]
            inverse[k, l] = -t * inverse[k, k]
    return root


@compiled
def _add_squares_dense(F: Any, at: int, q: int, U: Any) -> None:
    """``U += F_j'F_j``, upper triangle, for a group that has all columns; its ``F_j`` starts at ``at``."""
    width = U.shape[0]
    for k in range(q):
        row = at + k * width
        for a in range(width):
            factor = F[row + a]
            for b in range(a, width):
                U[a, b] += factor * F[row + b]


@compiled
def _add_squares_sparse(F: Any, held: Any, q: int, U: Any) -> None:
    """``U += F_j'F_j``, upper triangle; ``held``: columns, where the group's begin, where they end."""
    columns, low, high = held
    width = high - low
    for a in range(width):
        row = columns[low + a]
        for b in range(a, width):
            t = 0.0
            for k in range(q):
                t += F[q * low + k * width + a] * F[q * low + k * width + b]
            U[row, columns[low + b]] += t


@compiled
def _eliminate(table: Any, others: Any, ratio: Any, out: Any) -> float:
    """``C_j`` and ``F_j`` of all groups; adds ``sum_j F_j'F_j`` to ``U``; returns ``sum_j log |N_j| / 2``.

    ``ratio`` is the first factor's ``Lam / sigma``, flat.
    """
    inverses, F, U = out
    roots, pointers, E = read_roots(table), integers(table, POINTERS), floats(table, CROSS)
    n_groups, q = roots.shape[:2]
    V, N = np.empty((q, q)), np.empty((q, q))
    total, product = 0.0, 1.0
    for j in range(n_groups):
        product *= _root_of_inverse(roots[j], (ratio, V), N, inverses[j])
        if not product < LARGE:
            total += math.log(product)
            product = 1.0
        low, width = pointers[j], pointers[j + 1] - pointers[j]
        for k in range(q):
            at = q * low + k * width
            for a in range(width):
                F[at + a] = inverses[j, k, k] * E[at + a]
            for l in range(k):
                for a in range(width):
                    F[at + a] += inverses[j, k, l] * E[q * low + l * width + a]
        if others is None:
            _add_squares_dense(F, q * low, q, U)
        else:
            _add_squares_sparse(F, (codes(table, COLUMNS), low, low + width), q, U)
    return total + math.log(product)


@compiled
def _scale_others(factors: Any, Lam: Any, U: Any) -> None:
    """``U <- Lam'U Lam`` for the columns of the other factors, upper triangle."""
    size = U.shape[0]
    for g in range(1, factors.shape[0]):
        n_groups, q, first, at = factors[g, 0], factors[g, 1], factors[g, 2], factors[g, 4]
        for block in range(first, first + n_groups * q, q):
            for k in range(q):
                for l in range(k):
                    U[block + k, block + l] = U[block + l, block + k]
        for i in range(first + n_groups * q):
            for block in range(first + max(0, (i - first) // q) * q, first + n_groups * q, q):
                for m in range(q):
                    t = 0.0
                    for l in range(m, q):
                        t += U[i, block + l] * Lam[at + l * q + m]
                    U[i, block + m] = t
        for block in range(first, first + n_groups * q, q):
            for m in range(q):
                factor = Lam[at + m * q + m]
                for c in range(block, size):
                    U[block + m, c] *= factor
                for l in range(m + 1, q):
                    factor = Lam[at + l * q + m]
                    for c in range(block, size):
                        U[block + m, c] += factor * U[block + l, c]


@compiled
def _factor_remainder(table: Any, U: Any) -> float:
    """Upper Cholesky factor in place, on its pattern; returns the sum of the logs of its first R pivots."""
    pattern_pointers, pattern = integers(table, PATTERN_POINTERS), integers(table, PATTERN)
    size = U.shape[0]
    total = 0.0
    for j in range(size - 1):
        root = math.sqrt(U[j, j])
        total += math.log(root)
        U[j, j] = root
        low, high = pattern_pointers[j], pattern_pointers[j + 1]
        for a in range(low, high):
            U[j, pattern[a]] /= root
        for a in range(low, high):
            i = pattern[a]
            factor = U[j, i]
            for k in range(i, size):
                U[i, k] -= factor * U[j, k]
    return total


@compiled
def factorize(table: Any, others: Any, Lam: Any, sigma: float) -> Any:
    """Factor ``H`` at given variance parameters; NaN where it is not positive definite.

    Parameters
    ----------
    table : uint64 array
        The kernel's.
    others : int64 array, or None
        ``Statistics.factors``; None where there is one factor at most: what only several need is not compiled
        then.
    Lam : float64 array, flat
        As of ``scaled``.
    sigma : float
        Residual sd.

    Returns
    -------
    Factorization
    """
    sizes, within = integers(table, SIZES), read_within(table)
    p, n_rest = sizes[1], sizes[2]
    U = np.empty((n_rest + 1, n_rest + 1))
    for i in range(n_rest + 1):
        for k in range(n_rest + 1):
            U[i, k] = within[i, k]
    inverses, F = np.empty(read_roots(table).shape), np.empty(floats(table, CROSS).shape[0])
    ratio = np.empty(inverses.shape[1] ** 2)
    for k in range(ratio.shape[0]):
        ratio[k] = Lam[k] / sigma
    total = _eliminate(table, others, ratio, (inverses, F, U))
    information = 1 / sigma**2
    for i in range(n_rest + 1):
        for k in range(i, n_rest + 1):
            U[i, k] *= information
    if others is not None:
        _scale_others(others, Lam, U)
    precision, pull = floats(table, PRECISION), floats(table, PULL)
    first = n_rest - p
    for i in range(first):
        U[i, i] += 1.0
    for k in range(p):
        U[first + k, first + k] += precision[k]
        U[first + k, n_rest] += pull[k]
    U[n_rest, n_rest] += floats(table, CONSTANTS)[1]
    total += _factor_remainder(table, U)
    return Factorization(inverses, F, U, total)


@compiled
def solve_remainder(table: Any, U: Any, x: Any) -> None:
    """``x <- U^-1 x`` for the first R columns, ``x`` of shape (R,)."""
    pattern_pointers, pattern = integers(table, PATTERN_POINTERS), integers(table, PATTERN)
    for i in range(x.shape[0] - 1, -1, -1):
        t = x[i]
        for a in range(pattern_pointers[i], pattern_pointers[i + 1] - 1):
            t -= U[i, pattern[a]] * x[pattern[a]]
        x[i] = t / U[i, i]


@compiled
def unstandardize(factors: Any, Lam: Any, x: Any) -> None:
    """Multiply the other factors' blocks of a vector over the remainder by ``Lam``, in place."""
    for g in range(1, factors.shape[0]):
        n_groups, q, first, at = factors[g, 0], factors[g, 1], factors[g, 2], factors[g, 4]
        for block in range(first, first + n_groups * q, q):
            for k in range(q - 1, -1, -1):
                t = 0.0
                for l in range(k + 1):
                    t += Lam[at + k * q + l] * x[block + l]
                x[block + k] = t
