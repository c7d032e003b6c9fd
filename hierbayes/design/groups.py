"""Grouping factors as codes over the groups that occur; never a matrix of indicators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.columns import evaluate_factor, expression_name
from hierbayes.design.frame import Table
from hierbayes.design.records import Codes
from hierbayes.design.values import Factor
from hierbayes.errors import DataError
from hierbayes.formulas.terms import GroupTerm

type Cell = tuple[str, ...]
"""A group by the labels of its factors: ``("12",)``, ``("N", "12")``."""


def grouping_factors(group: GroupTerm, table: Table) -> tuple[Factor, ...]:
    """The factors whose combinations are the groups, each of length n."""
    return tuple(evaluate_factor(expression, table) for expression in group.factor)


def factor_name(group: GroupTerm) -> str:
    """The grouping factor's name, ``urban:district``."""
    return names.interaction([expression_name(expression) for expression in group.factor])


def unique_names(wanted: Sequence[str]) -> tuple[str, ...]:
    """A name for each group term: the one wanted, with ``.1``, ``.2`` where it is wanted again."""
    taken = set(wanted)
    found: list[str] = []
    for name in wanted:
        further = (f"{name}.{k}" for k in count(1))
        unique = name if name not in found else next(other for other in further if other not in taken)
        taken.add(unique)
        found.append(unique)
    return tuple(found)


def group_codes(factors: Sequence[Factor]) -> tuple[Codes, tuple[Cell, ...]]:
    """Codes over the combinations that occur.

    Parameters
    ----------
    factors : sequence of Factor
        One for ``(1 | school)``, two for ``(1 | urban:district)``; each of length n.

    Returns
    -------
    int32 array, shape (n,), read-only
        The group of each row.
    tuple of tuple of str
        The groups: in the factor's level order; of an interaction, by the first factor, then the second.
    """
    codes = factors[0].codes.astype(np.int64)
    cells: NDArray[np.int64] = np.arange(len(factors[0].levels))[:, None]
    for factor in factors[1:]:
        n_levels = max(1, len(factor.levels))
        observed, codes = np.unique(codes * n_levels + factor.codes, return_inverse=True)
        cells = np.column_stack([cells[observed // n_levels], observed % n_levels])
    labels = tuple(
        tuple(factor.levels[k] for factor, k in zip(factors, cell, strict=True)) for cell in cells.tolist()
    )
    return _read_only(codes), labels


def known_codes(groups: tuple[Codes, Sequence[Cell]], known: Sequence[Cell]) -> Codes:
    """Codes of new data into the groups that a model knows; -1 for those that it does not know."""
    codes, cells = groups
    index = {cell: k for k, cell in enumerate(known)}
    recode = np.array([index.get(cell, -1) for cell in cells], dtype=np.int32)
    return _read_only(recode[codes])


def check_groups(name: str, cells: Sequence[Cell]) -> None:
    """Refuse a grouping factor with one level, and groups that would share a label."""
    if len(cells) == 1:
        raise DataError(
            f"The grouping factor {name!r} has one level ({names.cell(cells[0])!r}) in the rows that are "
            "used; at least two are needed to see how much groups differ. Leave the group term out, or use "
            "data with more groups."
        )
    counts = Counter(map(names.cell, cells))
    repeated = next((label for label, times in counts.items() if times > 1), None)
    if repeated is not None:
        raise DataError(
            f"Two groups of {name!r} would both be called {repeated!r}, since their labels contain ':'. "
            "Rename the levels."
        )


def _read_only(codes: NDArray[np.integer]) -> Codes:
    narrow = codes.astype(np.int32)
    narrow.setflags(write=False)
    return narrow
