"""The observed responses that stand behind fitted curves: single rows, or bins of them with their n."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.estimates.predictions.grids import is_number

type Array = NDArray[Any]

MOST_ROWS = 1500
"""More rows than this are drawn as means of bins."""

BINS, LEAST = 12, 5
"""Bins of a column of numbers, and the fewest rows of one on average."""

BINARY = ("bernoulli", "binomial", "beta_binomial")


@dataclass(frozen=True)
class Behind:
    """Dots for each line of each panel: arrays of shape (n_panels, n_lines, n_dots), padded with NaN.

    Attributes
    ----------
    x, y : float64 array
        Where they are; x is the position of the level where the column is a factor.
    n : float64 array
        Rows that a dot stands for.
    words : str
        What the dots are, for the caption; empty where there are none.
    """

    x: Array
    y: Array
    n: Array
    words: str


def refusal(fit: Any) -> str:
    """Why the responses cannot stand behind expected ones; empty where they can."""
    if {"low", "high"} & set(fit.design.row_data):
        return "The data are not drawn: some responses are censored."
    if {"lb", "ub"} & set(fit.design.row_data):
        return "The data are not drawn: the responses are truncated."
    if fit.design.offset is not None and np.ptp(fit.design.offset) > 0:
        return "The data are not drawn: rows have offsets of their own."
    return ""


def outcomes_of(fit: Any) -> Array:
    """The response of each row in the units of its expectation, shape (n,), or (n, categories)."""
    design = fit.design
    if design.response.categories:
        found: Array = (design.y[:, None] == np.arange(len(design.response.categories))).astype(float)
        return found
    return np.asarray(design.y if design.trials is None else design.y / design.trials, dtype=float)


def nearest(fit: Any, column: str, values: Sequence[Any]) -> Array:
    """For each row, which of the values its column has, or is nearest to; -1 for none of the labels."""
    own = np.asarray(fit.design.columns[column])
    if is_number(fit, column):
        return np.abs(own[:, None] - np.asarray(values, dtype=float)).argmin(axis=1)
    found = np.full(len(own), -1)
    for k, value in enumerate(values):
        found[own == (float(value) if own.dtype.kind == "f" else str(value))] = k
    return found


def behind(
    fit: Any, x: Array, cells: tuple[Array, Array], shape: tuple[int, int], *, moved: Array | None = None
) -> Behind:
    """The rows of each line of each panel, single or in bins.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    x : array, shape (n,)
        Where each row is on the x axis; NaN leaves it out.
    cells : tuple of int arrays, each of shape (n,)
        The panel and the line of each row, -1 for none. The line is ignored where there are categories.
    shape : tuple of int
        How many panels and lines there are; each category is a line.
    moved : float64 array, shape (n,), optional
        What is added to the response of each row.
    """
    y, weight = outcomes_of(fit) + (0.0 if moved is None else moved), fit.design.trials
    panel, line = cells
    ordinal = len(np.unique(x[np.isfinite(x)])) <= BINS
    is_share = fit.spec.family in BINARY or bool(fit.design.response.categories)
    single = not is_share and fit.design.n <= MOST_ROWS
    found = []
    for j, k in np.ndindex(*shape):
        own = (panel == j) & np.isfinite(x) & ((line == k) if y.ndim == 1 else True)
        values = y[own] if y.ndim == 1 else y[own, k]
        found.append(
            (x[own], values, np.ones(len(values)))
            if single
            else binned(x[own], values, np.ones(own.sum()) if weight is None else weight[own], ordinal)
        )
    most = max(len(part[0]) for part in found)
    padded = np.full((3, len(found), most), np.nan)
    for i, part in enumerate(found):
        padded[:, i, : len(part[0])] = part
    where, height, n = padded.reshape(3, *shape, most)
    return Behind(where, height, n, _words(single, ordinal, is_share))


def binned(
    x: Array, y: Array, weight: Array, ordinal: bool, *, most: int | None = None
) -> tuple[Array, Array, Array]:
    """Means of x and y within bins of equally many rows, or at each value, and how many there are.

    Parameters
    ----------
    x, y, weight : array, shape (n,)
        Of the rows; ``weight`` is what a row counts.
    ordinal : bool
        Whether each value of ``x`` is a bin of its own.
    most : int, optional
        At most so many bins.
    """
    if not len(x):
        return x, y, weight
    if ordinal:
        _, bins = np.unique(x, return_inverse=True)
    else:
        number = max(1, min(BINS, len(x) // LEAST) if most is None else most)
        edges = np.unique(np.quantile(x, np.linspace(0, 1, number + 1)[1:-1]))
        bins = np.unique(np.searchsorted(edges, x, side="right"), return_inverse=True)[1]
    n = np.bincount(bins, weights=weight)
    return np.bincount(bins, weights=weight * x) / n, np.bincount(bins, weights=weight * y) / n, n


def _words(single: bool, ordinal: bool, is_share: bool) -> str:
    if single:
        return "Small marks: the rows of the data."
    what = "shares" if is_share else "means"
    where = "at each value" if ordinal else "in bins of equally many rows"
    return f"Open marks: observed {what} {where}, of {{n}} rows each, the larger the more."
