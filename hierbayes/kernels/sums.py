"""Passes over the rows of a Gaussian model: what is left of them after one look."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numba
import numpy as np

from hierbayes.kernels.jit import (
    codes,
    compiled,
    compiled_for_python,
    compiled_pass,
    float_rows,
    float_squares,
    floats,
)

Y, X, OFFSET, WEIGHTS, MEANS, CENTER, ROOTS, DENSE, WITHIN, FIRST_FACTOR = range(10)
"""Places in the table of row arrays: the rows; what is taken out of them; what ``rotate_rows`` fills. From
``FIRST_FACTOR`` on, ``Z`` and codes of each factor in turn."""

RANK = 1e-9
"""A column of ``Z`` with less than this share of its length outside of those before it depends on them."""


@compiled
def rotate_in(R: Any, E: Any, z: Any, row: Any) -> None:
    """Update a QR decomposition by one row, with Givens rotations.

    With ``R'R = Z'Z`` and ``E = Q'X`` for the rows so far, the row ``(z, row)`` is rotated into both.
    Squares are kept: no digits are lost to cancellation, whatever the origin of the columns.

    Parameters
    ----------
    R : float64 array, shape (q, q)
        Upper triangular.
    E : float64 array, shape (q, m)
        The other columns in the basis of ``R``'s.
    z, row : float64 arrays, shapes (q,) and (m,)
        The new row; overwritten, ``row`` by what no column of ``Z`` explains.

    References
    ----------
    Miller, A. J. (1992). Algorithm AS 274: least squares routines to supplement those of Gentleman. Applied
    Statistics 41, 458-478.
    """
    q, m = E.shape
    for k in range(q):
        if z[k] == 0:
            continue
        length = math.sqrt(R[k, k] * R[k, k] + z[k] * z[k])
        c, s = R[k, k] / length, z[k] / length
        R[k, k] = length
        for l in range(k + 1, q):
            R[k, l], z[l] = c * R[k, l] + s * z[l], c * z[l] - s * R[k, l]
        for a in range(m):
            E[k, a], row[a] = c * E[k, a] + s * row[a], c * row[a] - s * E[k, a]


@compiled
def add_square(row: Any, sums: Any) -> None:
    """Add ``row row'`` to the upper triangle of ``sums``, shape (m, m)."""
    for a in range(row.shape[0]):
        for b in range(a, row.shape[0]):
            sums[a, b] += row[a] * row[b]


@compiled
def _read_row(table: Any, i: int, row: Any) -> float:
    """``(x - means, y - offset - (x - means)'center)`` of row ``i`` times its root weight; returns that."""
    means, center = floats(table, MEANS), floats(table, CENTER)
    p = means.shape[0]
    columns, offset, weights = floats(table, X), floats(table, OFFSET), floats(table, WEIGHTS)
    root = math.sqrt(weights[i]) if weights.shape[0] > 0 else 1.0
    left = floats(table, Y)[i]
    if offset.shape[0] > 0:
        left -= offset[i]
    for a in range(p):
        x = columns[i * p + a] - means[a]
        left -= x * center[a]
        row[a] = root * x
    row[p] = root * left
    return root


@compiled
def _settle_ranks(roots: Any, E: Any, within: Any) -> None:
    """Make rows of ``R`` zero whose column depends on those before it; ``[Z, X, y]`` keep their products."""
    q, m = roots.shape[1], within.shape[0]
    z, row = np.empty(q), np.empty(m)
    for j in range(roots.shape[0]):
        R = roots[j]
        for k in range(q):
            size = 0.0
            for l in range(k + 1):
                size += R[l, k] * R[l, k]
            if abs(R[k, k]) > RANK * math.sqrt(size):
                continue
            for l in range(q):
                z[l] = R[k, l] if l > k else 0.0
                R[k, l] = 0.0
            for a in range(m):
                row[a] = E[q * j + k, a]
                E[q * j + k, a] = 0.0
            rotate_in(R, E[q * j : q * j + q], z, row)
            add_square(row, within)


def _rotate_rows(n_arrays: int, table: Any) -> int:
    entries = numba.carray(table, (2 * n_arrays,), np.uint64)
    _rotate(entries)
    return 0


@cache
def rotate_rows() -> Any:
    """A C function of signature ``PASS``: a QR decomposition of ``[Z, X, y]`` within each group.

    The groups are those of the first factor. Arrays behind the table are in the order above: ``MEANS`` of the
    columns and the coefficients ``CENTER`` that are taken out of them, shape (p,); and, zeros on entry, what
    is filled: ``ROOTS``, ``R`` (J, q, q); ``DENSE``, ``E`` (J, q, p + 1); ``WITHIN``, the cross products
    (p + 1, p + 1) of what ``Z`` leaves of ``[X, y]``.
    """
    return compiled_pass(_rotate_rows)


@compiled
def _rotate(table: Any) -> None:
    """The loop of ``rotate_rows``."""
    n, m = floats(table, Y).shape[0], floats(table, MEANS).shape[0] + 1
    q = floats(table, FIRST_FACTOR).shape[0] // n
    roots, within = float_squares(table, ROOTS, q), float_rows(table, WITHIN, m)
    E = float_rows(table, DENSE, m)
    z, row = np.empty(q), np.empty(m)
    for i in range(n):
        root = _read_row(table, i, row)
        if q > 0:
            Z, j = floats(table, FIRST_FACTOR), codes(table, FIRST_FACTOR + 1)[i]
            for k in range(q):
                z[k] = root * Z[i * q + k]
            rotate_in(roots[j], E[q * j : q * j + q], z, row)
        add_square(row, within)
    _settle_ranks(roots, E, within)


@compiled_for_python
def find_cells(table: Any, starts: Any, occupied: Any) -> None:
    """Mark which groups of the other factors occur together with each group of the first.

    Parameters
    ----------
    table : uint64 array
        Addresses of the row arrays.
    starts : int64 array, shape (n_others,)
        Number of each other factor's first group, the groups of all of them counted through.
    occupied : uint8 array, shape (J, n_blocks)
        Receives ones.
    """
    first = codes(table, FIRST_FACTOR + 1)
    for g in range(starts.shape[0]):
        other = codes(table, FIRST_FACTOR + 2 * g + 3)
        for i in range(first.shape[0]):
            occupied[first[i], starts[g] + other[i]] = 1


@compiled
def _position(columns: Any, low: int, high: int, column: int) -> int:
    """Where ``column`` is in the ascending ``columns[low:high]``."""
    while low < high:
        middle = (low + high) // 2
        if columns[middle] < column:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _read_others(table: Any, i: int, others: Any, entries: Any) -> int:
    """Columns and values of row ``i`` in the other factors; returns how many."""
    places, values = entries
    k = 0
    for g in range(others.shape[0]):
        q, first = others[g, 0], others[g, 1]
        Z = floats(table, FIRST_FACTOR + 2 * g + 2)
        j = codes(table, FIRST_FACTOR + 2 * g + 3)[i]
        for l in range(q):
            places[k] = first + j * q + l
            values[k] = Z[i * q + l]
            k += 1
    return k


@compiled_for_python
def sum_others(table: Any, layout: Any, out: Any) -> None:
    """One pass over the rows: weighted cross products with the columns of the other factors.

    Parameters
    ----------
    table : uint64 array
        As of ``rotate_rows``.
    layout : tuple
        ``others`` int64 (n_others, 2): columns of each other factor and its first column in the remainder;
        ``pointers`` (J + 1,) and ``columns``: the remainder's columns that occur with each group of the first
        factor.
    out : tuple of float64 arrays
        ``products`` (R + 1, R + 1), upper triangle of those with at least one column of another factor, and
        ``crossed``, flat, ``Z_j'`` of the first factor with the columns of ``layout``, (q, m_j) one after
        another; zeros on entry.
    """
    (others, pointers, columns), (products, crossed) = layout, out
    n_rest, p, n = products.shape[0], floats(table, MEANS).shape[0], floats(table, Y).shape[0]
    Z, first = floats(table, FIRST_FACTOR), codes(table, FIRST_FACTOR + 1)
    q = Z.shape[0] // n
    size = others[:, 0].sum()
    places, values = np.empty(size + p + 1, dtype=np.int64), np.empty(size + p + 1)
    row = np.empty(p + 1)
    for i in range(n):
        root = _read_row(table, i, row)
        _read_others(table, i, others, (places, values))
        for k in range(size):
            values[k] *= root
        for a in range(p + 1):
            places[size + a] = n_rest - p - 1 + a
            values[size + a] = row[a]
        for k in range(size):
            for l in range(k, size + p + 1):
                products[places[k], places[l]] += values[k] * values[l]
        low, high = pointers[first[i]], pointers[first[i] + 1]
        for k in range(size):
            a = _position(columns, low, high, places[k]) - low
            for l in range(q):
                crossed[q * low + l * (high - low) + a] += root * Z[i * q + l] * values[k]


@compiled_for_python
def insert_dense(dense: Any, pointers: Any, E: Any) -> None:
    """Put ``dense``, shape (J, q, m), into the last ``m`` columns of every group's part of the flat ``E``."""
    n_groups, q, m = dense.shape
    for j in range(n_groups):
        width = pointers[j + 1] - pointers[j]
        for k in range(q):
            end = q * pointers[j] + (k + 1) * width
            for a in range(m):
                E[end - m + a] = dense[j, k, a]


@compiled_for_python
def project_others(roots: Any, layout: Any, E: Any, products: Any) -> None:
    """Replace ``Z_j'C`` by ``R_j^-T Z_j'C`` and take the squares of the result out of the cross products.

    Parameters
    ----------
    roots : float64 array, shape (J, q, q)
        ``R`` of each group, ranks settled.
    layout : tuple
        ``pointers``, ``columns``, and the number of the remainder's columns that are another factor's.
    E : float64 array, flat
        ``crossed`` on entry for columns of other factors; those of ``[X, y]`` are done already.
    products : float64 array, shape (R + 1, R + 1)
        Upper triangle; rows of columns of other factors only.
    """
    pointers, columns, n_others = layout
    n_groups, q = roots.shape[:2]
    for j in range(n_groups):
        low, m, at = pointers[j], pointers[j + 1] - pointers[j], q * pointers[j]
        for a in range(m):
            if columns[low + a] >= n_others:
                break
            for k in range(q):
                t = E[at + k * m + a]
                for l in range(k):
                    t -= roots[j, l, k] * E[at + l * m + a]
                E[at + k * m + a] = t / roots[j, k, k] if roots[j, k, k] != 0 else 0.0
        for a in range(m):
            if columns[low + a] >= n_others:
                break
            for b in range(a, m):
                t = 0.0
                for k in range(q):
                    t += E[at + k * m + a] * E[at + k * m + b]
                products[columns[low + a], columns[low + b]] -= t
