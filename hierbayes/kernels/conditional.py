"""Exact draws of what was integrated out: coefficients and group effects given the variance parameters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.geometry import Pieces
from hierbayes.kernels.assemble import pieces_of
from hierbayes.kernels.factorization import factorize, scaled, solve_remainder, unstandardize
from hierbayes.kernels.jit import (
    address_table,
    codes,
    compiled,
    float_rows,
    floats,
    integer_rows,
    integers,
)
from hierbayes.kernels.statistics import (
    CENTER,
    COLUMNS,
    CROSS,
    POINTERS,
    ROOTS,
    SIZES,
    read_factors,
    read_roots,
)
from hierbayes.kernels.variances import N_TABLE, TERMS, n_sampled, new_scales, read_scales
from hierbayes.spec.records import ModelSpec

type Floats = NDArray[np.float64]

DRAWS, NORMALS, THETA, POSITIVES, CHOLESKY, EFFECTS = range(N_TABLE, N_TABLE + 6)
"""Places of what is drawn in a table, behind the statistics and the layout."""

NUMBERS = 2**20
"""Random numbers held at a time, at most."""


@compiled
def _store_scales(table: Any, scales: Any, out: Any) -> None:
    """Positives, and the Cholesky factors of all terms one after the other, of one draw."""
    positives, L = out
    factors, terms = read_factors(table), integer_rows(table, TERMS, 5)
    for k in range(positives.shape[0]):
        positives[k] = scales.positive[0, k]
    at = 0
    for t in range(terms.shape[0]):
        g, first, q = terms[t, 0], terms[t, 1], terms[t, 2]
        width, corner = factors[g, 1], factors[g, 4]
        for k in range(q):
            for l in range(q):
                L[at + k * q + l] = scales.L[corner + (first + k) * width + first + l]
        at += q * q


@compiled
def _store_effects(terms: Any, place: Any, u: Any, effects: Any) -> None:
    """Put the stacked effects ``u``, (q,), of ``place = (factor, group)`` where its terms keep theirs."""
    g, j = place
    for t in range(terms.shape[0]):
        if terms[t, 0] == g:
            first, q, at = terms[t, 1], terms[t, 2], terms[t, 4]
            for k in range(q):
                effects[at + j * q + k] = u[first + k]


@compiled
def _store_others(factors: Any, terms: Any, w: Any, effects: Any) -> None:
    """Put the effects of all factors but the first, which ``w`` begins with, where their terms keep them."""
    for g in range(1, factors.shape[0]):
        q = factors[g, 1]
        for j in range(factors[g, 0]):
            first = factors[g, 2] + j * q
            _store_effects(terms, (g, j), w[first : first + q], effects)


@compiled
def _draw_remainder(table: Any, U: Any, normals: Any, w: Any) -> None:
    """``w``, shape (R + 1,): a draw of the other factors' ``z`` and of ``theta - center``, then -1."""
    n_rest = w.shape[0] - 1
    for i in range(n_rest):
        w[i] = U[i, n_rest] + normals[i]
    solve_remainder(table, U, w[:n_rest])
    w[n_rest] = -1.0


@compiled
def _draw_first(table: Any, f: Any, normals: Any, out: Any) -> None:
    """Effects of the first factor given the remainder.

    ``z = z0 - V'N^-1 (E w / sigma + V z0 + e)`` with ``z0`` and ``e`` standard normal has the conditional
    mean and covariance (Matheron's rule).

    ``f`` is ``inverses`` of the factorization, ``Lam`` and ``sigma``; ``out`` is ``w``, of the remainder, and
    the effects of all terms.
    """
    (inverses, Lam, sigma), (w, effects) = f, out
    terms, columns = integer_rows(table, TERMS, 5), codes(table, COLUMNS)
    roots, pointers, E = read_roots(table), integers(table, POINTERS), floats(table, CROSS)
    n_groups, q = roots.shape[:2]
    z, e, V, u = np.empty(q), np.empty(q), np.empty((q, q)), np.empty(q)
    for j in range(n_groups):
        low, width = pointers[j], pointers[j + 1] - pointers[j]
        for k in range(q):
            z[k] = normals[2 * q * j + k]
        for k in range(q):
            left = 0.0
            for a in range(width):
                left -= E[q * low + k * width + a] * w[columns[low + a]]
            e[k] = left / sigma - normals[2 * q * j + q + k]
            for m in range(q):
                t = 0.0
                for l in range(max(k, m), q):
                    t += roots[j, k, l] * Lam[l * q + m]
                V[k, m] = t / sigma
                e[k] -= V[k, m] * z[m]
        for k in range(q - 1, -1, -1):
            t = 0.0
            for l in range(k + 1):
                t += inverses[j, k, l] * e[l]
            e[k] = t
        for k in range(q):
            t = 0.0
            for l in range(k, q):
                t += inverses[j, l, k] * e[l]
            e[k] = t
        for m in range(q):
            for k in range(q):
                z[m] += V[k, m] * e[k]
        for k in range(q):
            u[k] = 0.0
            for l in range(k + 1):
                u[k] += Lam[k * q + l] * z[l]
        _store_effects(terms, (0, j), u, effects)


@compiled
def draw_conditional(table: Any, others: Any) -> None:
    """Coefficients and effects given each of the draws behind a table; see ``conditional_pieces``.

    Parameters
    ----------
    table : uint64 array
        The kernel's, and behind it addresses of the draws (n_draws, n_dim), of standard normal numbers
        (n_draws, R + 2 J q), and of the arrays to be filled: ``theta``, positives, ``L`` and effects, each
        (n_draws, ...).
    others : int64 array, or None
        ``Statistics.factors`` where there are several.
    """
    factors, terms, scales = read_factors(table), integer_rows(table, TERMS, 5), new_scales(table)
    n_dim = n_sampled(table) + scales.partial.shape[1]
    draws = float_rows(table, DRAWS, n_dim)
    n_draws, p, n_rest = draws.shape[0], integers(table, SIZES)[1], integers(table, SIZES)[2]
    normals = float_rows(table, NORMALS, floats(table, NORMALS).shape[0] // n_draws)
    theta, center = float_rows(table, THETA, p), floats(table, CENTER)
    positives = float_rows(table, POSITIVES, scales.positive.shape[1])
    L = float_rows(table, CHOLESKY, floats(table, CHOLESKY).shape[0] // n_draws)
    effects = float_rows(table, EFFECTS, floats(table, EFFECTS).shape[0] // n_draws)
    w = np.empty(n_rest + 1)
    for d in range(n_draws):
        read_scales(table, draws[d], scales)
        _store_scales(table, scales, (positives[d], L[d]))
        Lam, sigma = scaled(factors, scales.sd, scales.L), positives[d, positives.shape[1] - 1]
        f = factorize(table, others, Lam, sigma)
        _draw_remainder(table, f.U, normals[d], w)
        for k in range(p):
            theta[d, k] = center[k] + w[n_rest - p + k]
        if others is not None:
            unstandardize(others, Lam, w)
            _store_others(others, terms, w, effects[d])
        _draw_first(table, (f.inverses, Lam, sigma), normals[d, n_rest:], (w, effects[d]))


@dataclass(frozen=True)
class Collapsed:
    """A compiled log density that also draws what was integrated out of it, and its data.

    Attributes
    ----------
    function : numba.cfunc
        Of signature ``jit.LOG_DENSITY``; called with ``n_dim = 0`` it runs ``draw_conditional``.
    arrays : tuple of arrays
        Statistics and layout.
    """

    function: Any
    arrays: tuple[NDArray[Any], ...]

    def fill(self, draws: Floats, rng: np.random.Generator, out: tuple[Floats, ...]) -> None:
        """Fill ``out``, the ``theta``, positives, ``L`` and effects of one chain, shapes (n_draws, ...)."""
        width = int(self.arrays[SIZES][2]) + 2 * self.arrays[ROOTS].shape[0] * self.arrays[ROOTS].shape[1]
        step = max(1, NUMBERS // max(width, 1))
        for at in range(0, len(draws), step):
            part = slice(at, at + step)
            normals = rng.standard_normal((len(draws[part]), width))
            given = (*self.arrays, draws[part], normals, *(array[part] for array in out))
            table = address_table(given)
            self.function.ctypes(0, None, None, None, table.ctypes.data)


def conditional_pieces(spec: ModelSpec, kernel: Collapsed, draws: Floats, seed: int) -> Pieces:
    """The model's parameters from draws of its variance parameters, all others drawn exactly.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    kernel : Collapsed
        Its log density and data.
    draws : float64 array, shape (chain, draw, n_dim)
        Unconstrained variance parameters.
    seed : int
        The same seed gives the same draws, chain by chain.

    Returns
    -------
    Pieces
        Effects are held once.
    """
    draws = np.ascontiguousarray(draws, dtype=np.float64)
    lead = draws.shape[:2]
    theta = np.empty((*lead, len(spec.terms)))
    positives = np.empty((*lead, sum(len(g.terms) for g in spec.groups) + 1))
    L = np.empty((*lead, sum(len(g.terms) ** 2 for g in spec.groups)))
    effects = np.empty((*lead, sum(len(g.terms) * g.n_groups for g in spec.groups)))
    seeds = np.random.SeedSequence(seed).spawn(lead[0])

    def draw(chain: int) -> None:
        out = theta[chain], positives[chain], L[chain], effects[chain]
        kernel.fill(draws[chain], np.random.default_rng(seeds[chain]), out)

    with ThreadPoolExecutor() as threads:
        list(threads.map(draw, range(lead[0])))
    return pieces_of(spec, theta, (positives, L), effects)
