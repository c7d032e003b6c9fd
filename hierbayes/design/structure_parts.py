"""Grouping factors and variables of a frame, two by two: what `describe_structure` is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.groups import group_codes
from hierbayes.design.missing import is_missing
from hierbayes.design.records import Codes, Floats
from hierbayes.design.values import BOOLEAN, NUMBER, quoted, read_series, to_factor
from hierbayes.errors import ColumnNotFoundError, DataError, nearest_match

NESTED, SAME, FULL, PARTIAL = "nested", "same", "fully crossed", "partially crossed"
ROWS, CONSTANT, UNUSABLE = "rows", "constant", "unusable"
FEW = 0.05  # share of exceptions up to which a rule nearly holds
FEW_CODES = range(3, 7)  # so many different whole numbers look like the codes of a factor
STEADY = 1e-9  # of a variable's sd: differences up to this are rounding, not variation within a group


@dataclass(frozen=True)
class Grouping:
    """A grouping factor: the group of each row, shape (n,), -1 where it is missing; the groups' labels."""

    name: str
    codes: Codes
    labels: tuple[str, ...]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Rows per group, shape (n_groups,)."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.labels))

    @property
    def is_rows(self) -> bool:
        """Whether nearly every row is a group of its own, so that the factor is the level of the rows."""
        return len(self.labels) > 1 and int((self.sizes == 1).sum()) >= (1 - FEW) * int(self.sizes.sum())


@dataclass(frozen=True)
class Relation:
    """Two factors, the second the parent where they are nested.

    ``cells`` are the combinations that occur as pairs of codes, shape (n_cells, 2); ``several`` are the
    levels of the first in more than one level of the second, ``other_several`` the reverse.
    """

    factor: Grouping
    other: Grouping
    relation: str
    cells: NDArray[np.int64]
    several: NDArray[np.int64]
    other_several: NDArray[np.int64]

    @property
    def n_possible(self) -> int:
        """Number of combinations of the levels that occur."""
        return int(np.unique(self.cells[:, 0]).size * np.unique(self.cells[:, 1]).size)


def columns_of(name: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that a grouping factor names: one, or those of an interaction ``a:b``."""
    if name in columns:
        return (name,)
    parts = tuple(part.strip() for part in name.split(":"))
    for part in parts:
        if part not in columns:
            nearest = nearest_match(part, columns)
            hint = f"Did you mean {nearest!r}? " if nearest is not None else ""
            raise ColumnNotFoundError(
                f"The data have no column {part!r}, named in groups.",
                hint=f"{hint}Columns of the data: {quoted(columns, 30)}.",
            )
    return parts


def _read(frame: nw.DataFrame[Any], name: Any) -> tuple[NDArray[np.bool_], nw.Series[Any]]:
    """The rows that have a value, shape (n,), and the column in those rows."""
    series = frame.get_column(name)
    there = ~is_missing(series)
    return there, series if there.all() else series[np.flatnonzero(there)]


def read_grouping(name: str, frame: nw.DataFrame[Any]) -> Grouping:
    """Codes over the groups that occur, in the rows where all columns of the factor are there."""
    by_name = {str(column): column for column in frame.columns}
    factors, present = [], np.ones(frame.shape[0], dtype=np.bool_)
    for part in columns_of(name, list(by_name)):
        there, series = _read(frame, by_name[part])
        factor = to_factor(read_series(part, series))
        whole = np.full(frame.shape[0], -1, dtype=np.int32)
        whole[there] = factor.codes
        factors.append((factor, whole))
        present &= there
    if not present.any():
        raise DataError(f"The grouping factor {name!r} is missing in every row. Choose another column.")
    codes, cells = group_codes([type(f)(f.name, whole[present], f.levels) for f, whole in factors])
    found = np.full(frame.shape[0], -1, dtype=np.int32)
    found[present] = codes
    return Grouping(name, found, tuple(names.cell(cell) for cell in cells))


def relate(a: Grouping, b: Grouping) -> Relation:
    """Compare two factors in the rows where both are there."""
    both = (a.codes >= 0) & (b.codes >= 0)
    width = max(1, len(b.labels))
    flat = np.sort(pd.unique(a.codes[both].astype(np.int64) * width + b.codes[both]))
    cells = np.column_stack([flat // width, flat % width])
    in_several = [np.flatnonzero(np.bincount(cells[:, k]) > 1) for k in (0, 1)]
    if not in_several[0].size:
        kind = NESTED if in_several[1].size else SAME
        return Relation(a, b, kind, cells, in_several[0], in_several[1])
    if not in_several[1].size:
        return Relation(b, a, NESTED, cells[:, ::-1], in_several[1], in_several[0])
    full = np.unique(cells[:, 0]).size * np.unique(cells[:, 1]).size == cells.shape[0]
    return Relation(a, b, FULL if full else PARTIAL, cells, in_several[0], in_several[1])


@dataclass(frozen=True)
class Variable:
    """A column: ``codes`` (int64, shape (n,), -1 missing) tell its values ``labels`` apart.

    ``values`` (float64, shape (n,), NaN missing) is there for numbers and booleans.
    """

    name: str
    kind: str
    codes: NDArray[np.int64]
    labels: NDArray[Any]
    values: Floats | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Variation:
    """How a variable varies over the groups of one factor.

    Of ``n_groups`` groups with at least two values, ``n_varying`` hold different ones; ``exceptions`` are the
    labels of the first of those, in level order.
    """

    group: str
    n_groups: int
    n_varying: int
    exceptions: tuple[str, ...]
    between: float = float("nan")
    icc: float = float("nan")

    @property
    def is_constant(self) -> bool:
        """Whether the variable is constant within every group."""
        return self.n_groups > 0 and self.n_varying == 0


@dataclass(frozen=True)
class Described:
    """What is kept of a variable: how it varies, and what it looks like."""

    name: str
    kind: str
    n_values: int
    n_missing: int
    n_rows: int
    of: str
    variation: tuple[Variation, ...]
    problem: str | None
    looks: str | None


def read_variable(frame: nw.DataFrame[Any], column: Any) -> Variable:
    """Read a column; one that a formula cannot use becomes a variable with a problem."""
    there, series = _read(frame, column)
    name, codes = str(column), np.full(there.shape[0], -1, dtype=np.int64)
    try:
        raw = read_series(name, series)
    except DataError as error:
        return Variable(name, UNUSABLE, codes, np.zeros(0), problem=str(error))
    codes[there], labels = pd.factorize(raw.values)
    if raw.kind not in (NUMBER, BOOLEAN):
        return Variable(name, raw.kind, codes, labels)
    values = np.full(there.shape[0], np.nan)
    values[there] = raw.numbers
    infinite = int(np.isinf(values).sum())
    problem = (
        f"{name}: infinite in {infinite:,} row{'s' * (infinite > 1)}, and a model needs finite "
        "values; correct them, or mark them as missing"
    )
    return Variable(name, raw.kind, codes, labels, values, problem if infinite else None)


def looks_like(variable: Variable) -> str | None:
    """``"identifier"``, ``"numbers"`` (text), ``"codes"`` (few whole numbers), or None."""
    n = len(variable.labels)
    if variable.kind in (BOOLEAN, UNUSABLE) or n < 2:
        return None
    if variable.kind == NUMBER:
        few = n in FEW_CODES and variable.codes.size >= 4 * n
        whole = few and bool(np.all(np.mod(variable.labels.astype(np.float64), 1) == 0))
        return "codes" if whole else None
    if n == variable.codes.size:
        return "identifier"
    return "numbers" if as_numbers(list(map(str, variable.labels))) is not None else None


def as_numbers(labels: Sequence[str]) -> Floats | None:
    """The labels as finite numbers, shape (k,); None unless each of them is written as one."""
    try:
        numbers = np.array([float(text) for text in labels])
    except ValueError:
        return None
    return numbers if bool(np.isfinite(numbers).all()) else None


def vary(variable: Variable, grouping: Grouping) -> Variation:
    """Compare a variable's values within the groups of a factor."""
    used = (grouping.codes >= 0) & (variable.codes >= 0)
    if variable.values is not None:
        used &= np.isfinite(variable.values)
    codes = grouping.codes[used]
    sizes = np.bincount(codes, minlength=len(grouping.labels))
    first = np.zeros(len(grouping.labels), dtype=np.int64)
    first[codes[::-1]] = np.arange(codes.size)[::-1]
    shares = float("nan"), float("nan")
    if variable.values is None:
        kinds = variable.codes[used]
        away = kinds != kinds[first[codes]]
    else:
        values = variable.values[used]
        steady = STEADY * float(values.std()) if values.size else 0.0
        away, shares = np.abs(values - values[first[codes]]) > steady, _shares(values, codes, sizes)
    varying = np.unique(codes[away])
    exceptions = tuple(grouping.labels[k] for k in varying[:3])
    return Variation(grouping.name, int((sizes > 1).sum()), varying.size, exceptions, *shares)


def _shares(values: Floats, codes: Codes, sizes: NDArray[np.int64]) -> tuple[float, float]:
    """Share of the sum of squares between groups, and the intraclass correlation."""
    n, held = values.size, sizes[sizes > 0]
    if n == 0 or held.size < 2 or held.size == n or np.ptp(values) == 0.0:
        return float("nan"), float("nan")
    deviations = values - values.mean()
    deviations /= np.abs(deviations).max()  # the squares of very small numbers would be 0
    means = np.bincount(codes, deviations, minlength=sizes.size) / np.maximum(sizes, 1)
    ss_between = float(np.sum(sizes * means**2))
    ss_within = float(np.sum((deviations - means[codes]) ** 2))
    msb, msw = ss_between / (held.size - 1), ss_within / (n - held.size)
    n0 = (n - float(np.sum(held**2.0)) / n) / (held.size - 1)
    return ss_between / (ss_between + ss_within), (msb - msw) / (msb + (n0 - 1) * msw)
