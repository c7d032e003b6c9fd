"""Exact draws of what was integrated out: coefficients and group effects given the variance parameters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.geometry import Pieces
from hierbayes.kernels.assemble import pieces_of
from hierbayes.kernels.factorization import factorize, scaled, solve_remainder, unstandardize
from hierbayes.kernels.jit import address_table, compiled, compiled_for_python
from hierbayes.kernels.statistics import read_statistics
from hierbayes.kernels.variances import new_scales, read_layout, read_scales
from hierbayes.spec.records import ModelSpec

type Floats = NDArray[np.float64]


@compiled
def _store_scales(layout: Any, scales: Any, s: Any, out: Any) -> None:
    """Positives, and the Cholesky factors of all terms one after the other, of one draw."""
    positives, L = out
    for k in range(positives.shape[0]):
        positives[k] = scales.positive[0, k]
    at = 0
    for t in range(layout.terms.shape[0]):
        g, first, q = layout.terms[t, 0], layout.terms[t, 1], layout.terms[t, 2]
        width, corner = s.factors[g, 1], s.factors[g, 4]
        for k in range(q):
            for l in range(q):
                L[at + k * q + l] = scales.L[corner + (first + k) * width + first + l]
        at += q * q


@compiled
def _store_effects(layout: Any, place: Any, u: Any, effects: Any) -> None:
    """Put the stacked effects ``u``, (q,), of ``place = (factor, group)`` where its terms keep theirs."""
    g, j = place
    for t in range(layout.terms.shape[0]):
        if layout.terms[t, 0] == g:
            first, q, at = layout.terms[t, 1], layout.terms[t, 2], layout.terms[t, 4]
            for k in range(q):
                effects[at + j * q + k] = u[first + k]


@compiled
def _draw_remainder(s: Any, f: Any, generator: Any, w: Any) -> None:
    """``w``, shape (R + 1,): minus a draw of the other factors' effects and of ``theta - center``, then 1."""
    n_rest = s.sizes[2]
    mean, noise = f.U[:n_rest, n_rest].copy(), np.empty(n_rest)
    for i in range(n_rest):
        noise[i] = generator.standard_normal()
        mean[i] += noise[i]
    solve_remainder(s, f.U, mean)
    unstandardize(s, f.Lam, mean)
    for i in range(n_rest):
        w[i] = -mean[i]
    w[n_rest] = 1.0


@compiled
def _draw_first(s: Any, f: Any, generator: Any, work: Any) -> None:
    """Effects of the first factor given the remainder, ``work = (layout, w, effects)``.

    ``z = z0 + V'N^-1 (E w / sigma - V z0 - e)`` with ``z0`` and ``e`` standard normal has the conditional
    mean and covariance (Matheron's rule).
    """
    layout, w, effects = work
    n_groups, q = s.roots.shape[:2]
    z, e, V, u = np.empty(q), np.empty(q), np.empty((q, q)), np.empty(q)
    for j in range(n_groups):
        low, width = s.pointers[j], s.pointers[j + 1] - s.pointers[j]
        for k in range(q):
            z[k] = generator.standard_normal()
        for k in range(q):
            left = 0.0
            for a in range(width):
                left += s.E[q * low + k * width + a] * w[s.columns[low + a]]
            e[k] = left / f.sigma - generator.standard_normal()
            for m in range(q):
                t = 0.0
                for l in range(max(k, m), q):
                    t += s.roots[j, k, l] * f.Lam[l * q + m]
                V[k, m] = t / f.sigma
                e[k] -= V[k, m] * z[m]
        for k in range(q - 1, -1, -1):
            t = 0.0
            for l in range(k + 1):
                t += f.inverses[j, k, l] * e[l]
            e[k] = t
        for k in range(q):
            t = 0.0
            for l in range(k, q):
                t += f.inverses[j, l, k] * e[l]
            e[k] = t
        for m in range(q):
            for k in range(q):
                z[m] += V[k, m] * e[k]
        for k in range(q):
            u[k] = 0.0
            for l in range(k + 1):
                u[k] += f.Lam[k * q + l] * z[l]
        _store_effects(layout, (0, j), u, effects)


@compiled_for_python
def _draw_chain(table: Any, draws: Any, generator: Any, out: Any) -> None:
    """All draws of one chain, ``draws`` (n_draws, n_dim), into the arrays ``out``, (n_draws, ...)."""
    theta, positives, L, effects = out
    s, layout = read_statistics(table), read_layout(table)
    scales = new_scales(s, layout)
    p, n_rest = s.sizes[1], s.sizes[2]
    w = np.empty(n_rest + 1)
    for d in range(draws.shape[0]):
        read_scales(s, layout, draws[d], scales)
        _store_scales(layout, scales, s, (positives[d], L[d]))
        f = factorize(s, scaled(s, scales.sd, scales.L), positives[d, positives.shape[1] - 1])
        _draw_remainder(s, f, generator, w)
        for k in range(p):
            theta[d, k] = s.center[k] - w[n_rest - p + k]
        for g in range(1, s.factors.shape[0]):
            q = s.factors[g, 1]
            for j in range(s.factors[g, 0]):
                first = s.factors[g, 2] + j * q
                _store_effects(layout, (g, j), -w[first : first + q], effects[d])
        _draw_first(s, f, generator, (layout, w, effects[d]))


def conditional_pieces(spec: ModelSpec, arrays: tuple[NDArray[Any], ...], draws: Floats, seed: int) -> Pieces:
    """The model's parameters from draws of its variance parameters, all others drawn exactly.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    arrays : tuple of arrays
        Of its kernel.
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
    lead, table = draws.shape[:2], address_table(arrays)
    theta = np.empty((*lead, len(spec.terms)))
    positives = np.empty((*lead, sum(len(g.terms) for g in spec.groups) + 1))
    L = np.empty((*lead, sum(len(g.terms) ** 2 for g in spec.groups)))
    effects = np.empty((*lead, sum(len(g.terms) * g.n_groups for g in spec.groups)))
    seeds = np.random.SeedSequence(seed).spawn(lead[0])

    def draw(chain: int) -> None:
        out = theta[chain], positives[chain], L[chain], effects[chain]
        _draw_chain(table, draws[chain], np.random.default_rng(seeds[chain]), out)

    with ThreadPoolExecutor() as threads:
        list(threads.map(draw, range(lead[0])))
    return pieces_of(spec, theta, (positives, L), effects)
