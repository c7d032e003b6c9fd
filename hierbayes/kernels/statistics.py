"""Sufficient statistics of a Gaussian model: all that its collapsed log density needs of the rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design
from hierbayes.geometry import Coordinates
from hierbayes.kernels.factors import Factor, factors_of
from hierbayes.kernels.jit import (
    address_table,
    compiled,
    float_rows,
    float_squares,
    integer_rows,
    integers,
)
from hierbayes.kernels.sums import (
    find_cells,
    insert_dense,
    project_others,
    rotate_rows,
    sum_others,
)

type Floats = NDArray[np.float64]

SMALLEST = 1e-8
"""In sds of the response. Where columns explain all rows, the density does not keep sigma from going on."""

ZERO = 1e-12
"""A column of another factor with less than this share of its square left within the first's has none."""


class Statistics(NamedTuple):
    """What the rows say, in a form that is read by compiled functions.

    The *first* factor is the one with the most effects. The *remainder* are the effects of the other factors,
    the ``p`` population coefficients and the response, in this order: ``R + 1`` columns, written ``A`` below.
    The response is ``y - offset - X center`` and coefficients are meant less ``center``, so that no digits
    cancel. Rows are multiplied by the roots of their weights.

    Attributes
    ----------
    sizes : int64 array, shape (3,)
        Rows ``n``, population columns ``p``, ``R``.
    factors : int64 array, shape (n_factors, 5)
        Groups, columns ``q``, first column in the remainder (0 for the first factor), first entry in the flat
        sds, first entry in the flat ``q x q`` Cholesky factors.
    roots : float64 array, shape (J, q, q)
        Upper triangular ``R_j`` with ``R_j'R_j = Z_j'Z_j`` for each group of the first factor.
    pointers, columns : int64 array, shape (J + 1,), and int32 array
        The remainder's columns that occur in each group, ascending: ``columns[pointers[j]:pointers[j + 1]]``.
    E : float64 array, flat
        ``E_j = R_j^-T Z_j'A_j``, shape (q, m_j), one after another.
    within : float64 array, shape (R + 1, R + 1)
        ``A'A - sum_j E_j'E_j``, upper triangle.
    precision, pull : float64 arrays, shape (p,)
        Prior precision ``D`` of the coefficients (0 for flat priors) and ``D (m - center)``.
    constants : float64 array, shape (3,)
        The part of the log density that depends on no parameter, ``(m - center)'D (m - center)``, and the
        smallest sigma at which the density can be told from rounding errors.
    pattern_pointers, pattern : int64 arrays
        For each of the first R columns of the remainder, the later ones in its row of the Cholesky factor.
    center : float64 array, shape (p,)
        What the coefficients are counted from.
    """

    sizes: Any
    factors: Any
    roots: Any
    pointers: Any
    columns: Any
    E: Any
    within: Any
    precision: Any
    pull: Any
    constants: Any
    pattern_pointers: Any
    pattern: Any
    center: Any


N_ARRAYS = len(Statistics._fields)
(
    SIZES,
    FACTORS,
    ROOTS,
    POINTERS,
    COLUMNS,
    CROSS,
    WITHIN,
    PRECISION,
    PULL,
    CONSTANTS,
    PATTERN_POINTERS,
    PATTERN,
    CENTER,
) = range(N_ARRAYS)
"""Places of the statistics in a kernel's table. Compiled functions are handed the table and read from it what
they need: a tuple of all arrays, passed from one to the other, is twice as much work for the compiler."""


@compiled
def read_factors(table: Any) -> Any:
    """``Statistics.factors``."""
    return integer_rows(table, FACTORS, 5)


@compiled
def read_roots(table: Any) -> Any:
    """``Statistics.roots``."""
    factors = integers(table, FACTORS)
    q = factors[1] if factors.shape[0] > 0 else 0
    return float_squares(table, ROOTS, q)


@compiled
def read_within(table: Any) -> Any:
    """``Statistics.within``."""
    return float_rows(table, WITHIN, integers(table, SIZES)[2] + 1)


def sufficient_statistics(design: Design, frame: Coordinates) -> Statistics:
    """Go through the rows, once for each of at most three passes.

    Parameters
    ----------
    design : Design
        Rows, groups, offset and weights.
    frame : Coordinates
        Means that are taken out of the columns, priors, and where coefficients are expected.
    """
    factors = factors_of(design)
    p = len(design.terms)
    n_groups, q = (factors[0].n_groups, factors[0].q) if factors else (0, 0)
    roots, E = np.zeros((n_groups, q, q)), np.zeros((n_groups, q, p + 1))
    within = np.zeros((p + 1, p + 1))
    origin = np.array(frame.means, dtype=np.float64), np.array(frame.center, dtype=np.float64)
    table, kept = _row_table(design, factors, (*origin, roots, E, within))
    rotate_rows().ctypes(len(table) // 2, table.ctypes.data)
    shapes = _factor_table(factors)
    if len(factors) > 1:
        rest, crossed, pattern = _with_others(table, shapes, (roots, E, within))
    else:
        pointers = np.arange(n_groups + 1, dtype=np.int64) * (p + 1)
        columns = np.tile(np.arange(p + 1, dtype=np.int32), n_groups)
        rest, crossed, pattern = within, (pointers, columns, E.reshape(-1)), ~np.tri(p + 1, dtype=np.bool_)
    del kept
    precision, pull, constants = _prior_terms(frame)
    rows = design.n if design.weights is None else int(np.count_nonzero(design.weights))
    constants[0] -= 0.5 * rows * math.log(2 * math.pi)
    constants[2] = SMALLEST * spread_of(design)
    if design.weights is not None:
        constants[0] += 0.5 * float(np.log(design.weights[design.weights > 0]).sum())
    pattern_pointers = np.concatenate([[0], pattern[:-1].sum(axis=1).cumsum()]).astype(np.int64)
    sizes = np.array([rows, p, rest.shape[0] - 1], dtype=np.int64)
    entries = np.nonzero(pattern[:-1])[1].astype(np.int64)
    pointers, columns, flat = crossed
    return Statistics(
        sizes,
        shapes,
        roots,
        pointers,
        columns,
        flat,
        rest,
        precision,
        pull,
        constants,
        pattern_pointers,
        entries,
        origin[1],
    )


def spread_of(design: Design) -> float:
    """Sd of the response less its offset, in a row of weight 1: what sigma is without any columns."""
    y = design.y if design.offset is None else design.y - design.offset
    if design.weights is None:
        return float(y.std())
    away = y - np.average(y, weights=design.weights)
    return float(np.sqrt((design.weights * away**2).sum() / np.count_nonzero(design.weights)))


def _row_table(
    design: Design, factors: Sequence[Factor], first: tuple[NDArray[Any], ...]
) -> tuple[NDArray[np.uint64], tuple[NDArray[Any], ...]]:
    """Addresses for ``sums``, ``MEANS`` to ``WITHIN`` among them, and the arrays, which must outlive them."""
    none = np.zeros(0)
    kept: list[NDArray[Any]] = [
        np.ascontiguousarray(design.y),
        np.ascontiguousarray(design.X).reshape(-1),
        none if design.offset is None else np.ascontiguousarray(design.offset),
        none if design.weights is None else np.ascontiguousarray(design.weights),
        *first,
    ]
    if not factors:
        kept.append(none)
    for factor in factors:
        inside = np.maximum(factor.groups[0].codes, 0).astype(np.int32, copy=False)
        kept += [factor.columns(), np.ascontiguousarray(inside)]
    return address_table(tuple(kept)), tuple(kept)


def _factor_table(factors: Sequence[Factor]) -> NDArray[np.int64]:
    """``Statistics.factors``."""
    table = np.zeros((len(factors), 5), dtype=np.int64)
    column = sd = entry = 0
    for k, factor in enumerate(factors):
        table[k] = factor.n_groups, factor.q, column, sd, entry
        column += factor.n_groups * factor.q if k > 0 else 0
        sd += factor.q
        entry += factor.q**2
    return table


def _with_others(
    table: NDArray[np.uint64],
    shapes: NDArray[np.int64],
    first: tuple[Floats, Floats, Floats],
) -> tuple[Floats, tuple[NDArray[Any], ...], NDArray[np.bool_]]:
    """``within``, (``pointers``, ``columns``, ``E``) and the pattern where there are several factors."""
    roots, dense, within = first
    n_groups, q, m = dense.shape
    counts, widths = shapes[1:, 0], shapes[1:, 1]
    starts = np.concatenate([[0], counts.cumsum()]).astype(np.int64)
    occupied = np.zeros((n_groups, int(starts[-1])), dtype=np.uint8)
    find_cells(table, starts[:-1], occupied)
    block_of = np.repeat(np.arange(starts[-1]), np.repeat(widths, counts))
    n_others = len(block_of)
    n_rest = n_others + m
    held = np.ones((n_groups, n_rest), dtype=np.bool_)
    held[:, :n_others] = occupied.view(np.bool_)[:, block_of]
    pointers = np.concatenate([[0], held.sum(axis=1).cumsum()]).astype(np.int64)
    columns = np.nonzero(held)[1].astype(np.int32)
    E, products = np.zeros(q * len(columns)), np.zeros((n_rest, n_rest))
    sum_others(table, (shapes[1:, 1:3].copy(), pointers, columns), (products, E))
    insert_dense(dense, pointers, E)
    before = np.diag(products).copy()
    project_others(roots, (pointers, columns, n_others), E, products)
    nothing = np.flatnonzero(np.diag(products)[:n_others] <= ZERO * before[:n_others])
    products[nothing, :] = 0.0
    products[:, nothing] = 0.0
    products[n_others:, n_others:] = within
    return products, (pointers, columns, E), _filled(held)


def _filled(held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the Cholesky factor of the remainder is not zero, shape (R + 1, R + 1), above the diagonal."""
    size = held.shape[1]
    together = np.zeros((size, size))
    for start in range(0, len(held), 4096):
        part = held[start : start + 4096].astype(np.float32)
        together += part.T @ part
    pattern = np.triu(together > 0, 1)
    pattern[:, -1] = True
    for k in range(size - 1):
        later = np.flatnonzero(pattern[k])
        pattern[np.ix_(later, later)] = True
    return np.triu(pattern, 1)


def _prior_terms(frame: Coordinates) -> tuple[Floats, Floats, Floats]:
    """``precision``, ``pull`` and ``constants`` of normal and flat priors."""
    p = len(frame.means)
    precision, distance, constant = np.zeros(p), np.zeros(p), 0.0
    for block in frame.blocks:
        for k, prior in zip(block.where, block.priors, strict=True):
            if prior.distribution == "flat":
                constant += 0.5 * math.log(2 * math.pi)
            else:
                mean, sd = prior.parameters
                precision[k], distance[k] = sd**-2, mean - frame.center[k]
                constant -= math.log(sd)
    constants = np.array([constant, float((precision * distance**2).sum()), 0.0])
    return precision, precision * distance, constants
