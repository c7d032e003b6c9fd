"""Identical rows of a discrete model as one: the likelihood of their sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design

type Floats = NDArray[np.float64]

SUMMED = ("bernoulli", "binomial", "poisson")
"""Families whose responses at one linear predictor matter through their sum and their number alone."""

COPIED = (
    "beta_binomial",
    "categorical",
    "negbinomial",
    "zero_inflated_poisson",
    "zero_inflated_negbinomial",
    "hurdle_poisson",
    "cumulative",
)
"""Families of which only identical responses at one linear predictor are one, so many times."""

MORE: dict[str, tuple[str, ...]] = {"beta_binomial": ("trials",)}
"""What else the rows of a family carry, by its names in ``Design.row_data``."""

PART = ("low", "high", "lb", "ub", "se")
"""What rows that are known in part carry after that, whichever of it the formula states."""

WORTHWHILE = 0.95
"""Share of the rows that may be left for a compression to be used."""


@dataclass(frozen=True)
class RowData:
    """What a log density over rows reads for each row.

    Attributes
    ----------
    y, size : float64 arrays, shape (m,)
        Of families in ``SUMMED`` the sum of the responses of the rows that it stands for, and the number of
        their trials, each as often as its weight says; of those in ``COPIED`` the response and how often it
        comes; else the response and its residual weight.
    offset : float64 array, shape (m,), or (0,) where there is none
        On the link scale.
    X, Z : float64 arrays, shapes (m, p) and (m, columns of all group terms)
        Population columns and group columns.
    codes : int32 array, shape (m, terms)
        Groups; a row outside of all groups of a term has code 0 and zeros in ``Z``.
    more : float64 array, shape (m, k)
        What else the family reads, in the order of ``MORE``; then ``PART``, where rows are known in part.
    further_offsets : float64 array, shape (m, predictors - 1), or (0, 0) where there are none
        Offsets of the further linear predictors.
    """

    y: Floats
    size: Floats
    offset: Floats
    X: Floats
    Z: Floats
    codes: NDArray[np.int32]
    more: Floats
    further_offsets: Floats


def row_data(design: Design, X: Floats, family: str) -> RowData:
    """The rows of a design, identical ones merged where that is exact and shrinks the data.

    Parameters
    ----------
    design : Design
        Of ``n`` rows.
    X : float64 array, shape (n, p)
        The population columns of all its linear predictors in the coordinates of the sampler.
    family : str
        Name of the family.
    """
    groups = design.sampled_groups
    Z = np.column_stack([g.Z for g in groups]) if groups else np.zeros((design.n, 0))
    codes = np.zeros((design.n, len(groups)), dtype=np.int32)
    for k, group in enumerate(groups):
        codes[:, k] = np.maximum(group.codes, 0)
    y, size = design.y, np.ones(design.n) if design.weights is None else np.asarray(design.weights)
    if family in SUMMED:
        y, size = y * size, size if design.trials is None else size * design.trials
    offset = np.zeros(0) if design.offset is None else design.offset
    carried = [design.row_data[name] for name in MORE.get(family, ())]
    if design.part:
        carried += _part(design)
    more = np.column_stack([np.zeros((design.n, 0)), *carried])
    further = _further_offsets(design)
    rows = RowData(y, size, offset, X, Z, codes, more, further)
    if family not in (*SUMMED, *COPIED):
        return rows
    first, member = _distinct(rows, (y,) if family in COPIED else ())
    if len(first) > WORTHWHILE * design.n:
        return rows
    return RowData(
        np.bincount(member, weights=y) if family in SUMMED else y[first],
        np.bincount(member, weights=size),
        offset[first] if offset.size else offset,
        X[first],
        Z[first],
        codes[first],
        more[first],
        further[first] if further.size else further,
    )


def _further_offsets(design: Design) -> Floats:
    if all(predictor.offset is None for predictor in design.predictors):
        return np.zeros((0, 0))
    columns = [np.zeros(design.n) if p.offset is None else p.offset for p in design.predictors]
    return np.column_stack(columns)


def _part(design: Design) -> list[Floats]:
    """The columns ``PART`` of the rows, with what they are where the formula does not state them."""
    absent: dict[str, Any] = {"low": design.y, "high": design.y, "lb": -np.inf, "ub": np.inf, "se": 0.0}
    return [np.broadcast_to(design.part.get(name, absent[name]), design.y.shape) for name in PART]


def _distinct(rows: RowData, others: tuple[Floats, ...]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The first of each kind of row, in order of the groups, and the kind of every row."""
    columns = [rows.codes.astype(np.float64), rows.Z, rows.X, rows.more]
    columns += [values[:, None] for values in others]
    if rows.offset.size:
        columns.append(rows.offset[:, None])
    if rows.further_offsets.size:
        columns.append(rows.further_offsets)
    table = np.ascontiguousarray(np.column_stack(columns)) + 0.0  # -0 becomes 0
    if table.shape[1] == 0:
        return np.zeros(1, dtype=np.int64), np.zeros(len(rows.y), dtype=np.int64)
    keys = table.view(np.dtype((np.void, table.dtype.itemsize * table.shape[1])))[:, 0]
    _, first, member = np.unique(keys, return_index=True, return_inverse=True)
    return first, member
