"""Columns of a frame as numbers or as factors, whatever library they came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from numbers import Integral, Real
from typing import Any

import narwhals.stable.v2 as nw  # v2 keeps `cat.get_categories`: the order of plain categories
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.design.records import Codes, Floats
from hierbayes.design.usable import LARGEST, check_labels, check_range, too_large
from hierbayes.errors import DataError

NUMBER, BOOLEAN, TEXT, CATEGORY = "number", "boolean", "text", "category"


@dataclass(frozen=True)
class RawColumn:
    """One column of the user's frame, without the rows that have a missing value.

    Attributes
    ----------
    name : str
        The column's name.
    kind : str
        ``"number"``, ``"boolean"``, ``"text"`` or ``"category"``.
    values : array, shape (n,)
        The values: numeric, bool or object.
    order : tuple of str or None
        Declared levels in their order, for categories that have one.
    sorted_by_default : bool
        Whether the dtype is categorical but keeps no order of its own (polars ``Categorical``).
    ordered : bool
        Whether the dtype says that the order means something (pandas ``ordered=True``, polars ``Enum``).
    """

    name: str
    kind: str
    values: NDArray[Any]
    order: tuple[str, ...] | None = None
    sorted_by_default: bool = False
    ordered: bool = False

    @cached_property
    def numbers(self) -> Floats:
        """Numbers and booleans (as 0 and 1) as float64, shape (n,), read-only; held once for all who ask."""
        numbers: Floats = self.values.astype(np.float64)
        numbers.setflags(write=False)
        return numbers


@dataclass(frozen=True)
class Numeric:
    """A variable that is a number in every row: ``values`` is float64 of shape (n,)."""

    name: str
    values: Floats


@dataclass(frozen=True)
class Columns:
    """A variable of several columns, ``poly(x, 2)``: float64 of shape (n, k), and k names."""

    name: str
    values: Floats
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Factor:
    """A variable with labelled levels: ``codes`` is int32 of shape (n,), an index into ``levels``.

    Only levels that occur are kept; a code of -1 (new data only) is a level that the model has not seen.
    ``contrast``, shape (n_levels, n_levels - 1), and ``contrast_labels`` are there for contrasts other than
    those of each level against the first. ``absent`` are levels that the formula states and no row has.
    """

    name: str
    codes: Codes
    levels: tuple[str, ...]
    contrast: Floats | None = None
    contrast_labels: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def labels(self) -> NDArray[np.str_]:
        """The label of every row, shape (n,)."""
        return np.asarray(self.levels, dtype=np.str_)[self.codes]


def read_series(name: str, series: nw.Series[Any]) -> RawColumn:
    """Read a column without missing values.

    Raises
    ------
    DataError
        Dates, times, durations, complex numbers, lists and other values that a formula cannot use; numbers
        that are too large or too small to be squared.
    """
    column = _read(name, series)
    if column.kind == NUMBER:
        check_range(name, column.values)
    return column


def _read(name: str, series: nw.Series[Any]) -> RawColumn:
    dtype = series.dtype
    if dtype.is_temporal():
        raise _temporal(name, _TEMPORAL.get(dtype.base_type(), "dates or times"))
    if dtype.is_numeric():
        values = series.to_numpy()
        return RawColumn(name, NUMBER, values if values.dtype.kind in "iuf" else values.astype(np.float64))
    reader = _READERS.get(dtype.base_type())
    if reader is None:
        raise _unusable(name, str(series.to_numpy().dtype if dtype == nw.Unknown else dtype))
    return reader(name, series)


def _read_boolean(name: str, series: nw.Series[Any]) -> RawColumn:
    return RawColumn(name, BOOLEAN, series.to_numpy().astype(np.bool_))


def _read_text(name: str, series: nw.Series[Any]) -> RawColumn:
    return RawColumn(name, TEXT, series.to_numpy().astype(object))


def _read_category(name: str, series: nw.Series[Any]) -> RawColumn:
    values = series.to_numpy().astype(object)
    if nw.get_native_namespace(series).__name__ == "polars" and series.dtype.base_type() is nw.Categorical:
        return RawColumn(name, CATEGORY, values, sorted_by_default=True)
    if isinstance(getattr(series.to_native(), "dtype", None), pd.ArrowDtype):  # which has no `.cat`
        dictionary: Any = series.to_arrow()
        order = tuple(map(label, dictionary.dictionary.to_pylist()))
        return RawColumn(name, CATEGORY, values, order)
    try:
        order = tuple(map(label, series.cat.get_categories().to_list()))
    except NotImplementedError:  # pyarrow, of categories that are no plain values
        raise _unusable(name, f"category of {type(values[0]).__name__}") from None
    return RawColumn(name, CATEGORY, values, order, ordered=series.dtype.base_type() is nw.Enum)


def _read_object(name: str, series: nw.Series[Any]) -> RawColumn:
    values = series.to_numpy().astype(object)
    kinds = {_kind_of(type(v)) for v in values}
    if None in kinds:
        odd = next(type(v) for v in values if _kind_of(type(v)) is None)
        temporal = next((words for kind, words in _TEMPORAL_OBJECTS if issubclass(odd, kind)), None)
        raise _unusable(name, odd.__name__) if temporal is None else _temporal(name, temporal)
    if kinds == {NUMBER}:
        return RawColumn(name, NUMBER, np.array([_within_range(name, v) for v in values]))
    if kinds == {BOOLEAN}:
        return RawColumn(name, BOOLEAN, values.astype(np.bool_))
    # As labels: of values as they are, 1 would be taken for True, and 0 for False.
    return RawColumn(name, TEXT, np.array([label(v) for v in values], dtype=object))


_READERS: dict[Any, Callable[[str, nw.Series[Any]], RawColumn]] = {
    nw.Boolean: _read_boolean,
    nw.String: _read_text,
    nw.Categorical: _read_category,
    nw.Enum: _read_category,
    nw.Object: _read_object,
}

_KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool, np.bool_), BOOLEAN),
    ((Real, Decimal), NUMBER),
    ((str,), TEXT),
)


def _kind_of(python_type: type) -> str | None:
    return next((kind for types, kind in _KINDS if issubclass(python_type, types)), None)


def _within_range(name: str, value: Any) -> int | float:
    """The number; whole ones of any length are exact."""
    if value == value and abs(value) > LARGEST and abs(value) != float("inf"):
        size = Decimal(int(abs(value)))
        raise too_large(name, f"1e+{size.adjusted()}")
    return _number(value)


def _number(value: Any) -> int | float:
    return int(value) if isinstance(value, Integral) else float(value)


_DATES, _DATETIMES, _TIMES, _DURATIONS = "dates", "dates and times", "times of day", "lengths of time"

_TEMPORAL: dict[Any, str] = {
    nw.Date: _DATES,
    nw.Datetime: _DATETIMES,
    nw.Time: _TIMES,
    nw.Duration: _DURATIONS,
}

_TEMPORAL_OBJECTS: tuple[tuple[type, str], ...] = (
    (dt.datetime, _DATETIMES),  # a kind of date
    (dt.date, _DATES),
    (dt.time, _TIMES),
    (dt.timedelta, _DURATIONS),
)


def _temporal(name: str, words: str) -> DataError:
    return DataError(
        f"Column {name!r} holds {words}, which a formula cannot use as they are. Turn them into a number "
        "first (days since the start, say), or into text labels for a factor."
    )


def _unusable(name: str, given: str) -> DataError:
    return DataError(
        f"Column {name!r} holds values of type {given}, which a formula cannot use. "
        "Allowed are numbers, booleans, text and categories: convert the column first."
    )


def label(value: Any) -> str:
    """The label of a level: whole numbers without a decimal point, ``"True"``, ``"False"``, text as it is."""
    kind = _kind_of(type(value))
    if kind is BOOLEAN:
        return str(bool(value))
    if kind is NUMBER:
        number = _number(value)
        whole = float(number).is_integer() and abs(number) < 2**63
        return str(int(number)) if whole else repr(number)
    return str(value)


def to_factor(column: RawColumn, name: str | None = None) -> Factor:
    """The column as a factor over its observed levels.

    Categories keep their order, numbers sort by value, text sorts by code point, booleans are False, True.
    """
    positions, uniques = pd.factorize(column.values)
    labels = [label(value) for value in uniques]
    check_labels(column.name, labels)
    levels = _level_order(column, uniques, labels)
    index = {level: k for k, level in enumerate(levels)}
    recode = np.array([index[text] for text in labels], dtype=np.int32)
    codes = recode[positions] if len(recode) else np.zeros(0, dtype=np.int32)
    return Factor(column.name if name is None else name, codes, levels)


def _level_order(column: RawColumn, uniques: NDArray[Any], labels: Sequence[str]) -> tuple[str, ...]:
    if column.order is not None:
        observed = set(labels)
        return tuple(dict.fromkeys(level for level in column.order if level in observed))
    if column.kind in (NUMBER, BOOLEAN):
        return tuple(dict.fromkeys(labels[k] for k in np.argsort(uniques, kind="stable")))
    return tuple(sorted(set(labels)))


def observed_only(factor: Factor) -> Factor:
    """The factor without the levels that no row has; they become ``absent``."""
    counts = np.bincount(factor.codes, minlength=len(factor.levels))
    kept = np.flatnonzero(counts)
    recode = np.full(len(factor.levels), -1, dtype=np.int32)
    recode[kept] = np.arange(kept.size, dtype=np.int32)
    levels = tuple(factor.levels[k] for k in kept)
    absent = tuple(factor.levels[k] for k in np.flatnonzero(counts == 0))
    return replace(factor, codes=recode[factor.codes], levels=levels, absent=absent)


def quoted(labels: Sequence[str], limit: int = 8) -> str:
    """Labels for a message, the first few of them: ``'N', 'Y'``."""
    shown = ", ".join(repr(str(text)) for text in labels[:limit])
    return shown + (f", ... ({len(labels):,} in all)" if len(labels) > limit else "")
