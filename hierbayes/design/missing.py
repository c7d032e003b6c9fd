"""Missing values: which rows lack one, and what is done about it, column by column."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from hierbayes.design.values import quoted
from hierbayes.errors import (
    ArgumentTypeError,
    ColumnNotFoundError,
    DataError,
    UnknownNameError,
    nearest_match,
)

DROP, ERROR, REPORT = "drop", "error", "report"
POLICIES = (DROP, ERROR, REPORT)

type Missing = str | Mapping[str, str]
"""A policy for all columns, or one for each column named; the others are dropped."""

_SHOWN = 10  # rows that a message numbers, per column
_FIRST = " (the first row is row 1)"


@dataclass(frozen=True)
class Holes:
    """Where values are missing.

    Attributes
    ----------
    masks : dict of str to bool array, shape (n,)
        True where the column of that name has no value.
    """

    masks: Mapping[str, NDArray[np.bool_]]

    def count(self, names: Collection[str], numbered: Collection[str] = ()) -> str:
        """How many values each column lacks, ``age (2)``; for some also where, ``age (2: rows 3, 11)``."""
        return ", ".join(
            f"{name} ({mask.sum():,}{_rows(mask) if name in numbered else ''})"
            for name, mask in self.masks.items()
            if name in names and mask.any()
        )


def _rows(mask: NDArray[np.bool_]) -> str:
    found = np.flatnonzero(mask)
    shown = ", ".join(f"{row + 1:,}" for row in found[:_SHOWN])
    more = ", ..." if found.size > _SHOWN else ""
    return f": row{'s' if found.size > 1 else ''} {shown}{more}"


def is_missing(series: nw.Series[Any]) -> NDArray[np.bool_]:
    """Where a column has no value, shape (n,)."""
    try:
        missing = series.is_null()
    except ArithmeticError:
        raise DataError(
            f"Column {series.name!r} holds a signalling NaN (Decimal('sNaN')), which compares with nothing. "
            "Mark missing values as None or NaN."
        ) from None
    if series.dtype.is_float():
        missing = missing | series.is_nan()
    return missing.to_numpy().astype(np.bool_)


def check_policies(missing: Missing) -> None:
    """Refuse what is not a policy.

    Raises
    ------
    ArgumentTypeError
        ``missing`` is neither text nor a mapping.
    UnknownNameError
        There is no such policy.
    """
    if not isinstance(missing, str | Mapping):
        raise ArgumentTypeError(
            f"missing cannot be an object of type {type(missing).__name__}. "
            'Give "drop", "error" or "report", or a dict of column to one of them: {"age": "error"}.'
        )
    for policy in (missing,) if isinstance(missing, str) else missing.values():
        if policy not in POLICIES:
            raise UnknownNameError("policy for missing values", policy, POLICIES)


def policies(missing: Missing, used: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """The policy of each column that is used.

    Parameters
    ----------
    missing : str or mapping
        What the user said. A mapping may name columns of the data that the formula does not use.
    used, columns : sequence of str
        The columns that are used, and those of the data.

    Raises
    ------
    ArgumentTypeError
        ``missing`` is neither text nor a mapping.
    UnknownNameError
        There is no such policy.
    ColumnNotFoundError
        The data have no such column.
    """
    check_policies(missing)
    if isinstance(missing, str):
        return dict.fromkeys(used, missing)
    for name in missing:
        if name not in columns:
            nearest = nearest_match(name, columns)
            raise ColumnNotFoundError(
                f"The data have no column {name!r}, named in missing.",
                hint=(f"Did you mean {nearest!r}? " if nearest is not None else "")
                + f"Columns of the data: {quoted(columns, 30)}.",
            )
    return {name: missing.get(name, DROP) for name in used}


def complete_rows(
    holes: Holes, chosen: Mapping[str, str], n: int
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """The rows without a missing value, and what to say about the others.

    Parameters
    ----------
    holes : Holes
        Where values are missing.
    chosen : mapping of str to str
        The policy of each column.
    n : int
        Number of rows.

    Returns
    -------
    bool array, shape (n,)
        True for rows to keep.
    tuple of str
        How many rows are dropped and why; empty where none is.

    Raises
    ------
    DataError
        A value is missing in a column whose policy is ``"error"``, or no row is left.
    """
    refused = [name for name, mask in holes.masks.items() if chosen[name] == ERROR and mask.any()]
    if refused:
        raise DataError(
            f"Values are missing in {holes.count(refused, refused)}{_FIRST}, where missing='error' allows "
            "none. Fill in the values, leave those columns out of the formula, or say missing='drop' to "
            "leave the rows out."
        )
    keep = ~np.logical_or.reduce([np.zeros(n, dtype=np.bool_), *holes.masks.values()])
    n_dropped = n - int(keep.sum())
    if n_dropped == 0:
        return keep, ()
    if n_dropped == n:
        raise DataError(
            f"No rows are left: each of the {n:,} rows has a missing value in a column of the model: "
            f"{holes.count(holes.masks)}. Fill in the values, or leave those columns out of the formula."
        )
    numbered = [name for name, mask in holes.masks.items() if chosen[name] == REPORT and mask.any()]
    because = holes.count(holes.masks, numbered) + (_FIRST if numbered else "")
    return keep, (f"{n_dropped:,} of {n:,} rows dropped: missing values in {because}",)
