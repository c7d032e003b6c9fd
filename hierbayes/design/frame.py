"""The user's frame: reading it, and finding the columns that a formula names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from narwhals.exceptions import DuplicateError
from numpy.typing import NDArray

from hierbayes.design.mapping import frame_of_mapping
from hierbayes.design.missing import DROP, Holes, Missing, complete_rows, is_missing, policies
from hierbayes.design.usable import check_names
from hierbayes.design.values import RawColumn, read_series
from hierbayes.errors import ArgumentTypeError, ColumnNotFoundError, DataError, FormulaError, nearest_match
from hierbayes.formulas.functions import bind
from hierbayes.formulas.source import MAX_LENGTH, MAX_TERMS
from hierbayes.formulas.terms import (
    Call,
    Expression,
    Formula,
    Name,
    Number,
    Operation,
    Rest,
    Span,
    Term,
    Text,
    Word,
)

RESPONSE, POPULATION, OFFSET, VARYING, GROUPING = (
    "the response",
    "a population term",
    "an offset",
    "a group-level effect",
    "a grouping factor",
)


_SHOWN_ROWS = 5


@dataclass(frozen=True)
class ColumnUse:
    """One place where a formula names a column: the column, its part in the model, where in the text.

    ``text`` is the text that ``span`` points into, where it is not that of the table.
    A missing value in a column that is optional everywhere is no reason to drop its row.
    """

    name: str
    role: str
    span: Span
    text: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """The columns that a formula names, in the rows where all of them are there.

    Attributes
    ----------
    columns : dict of str to RawColumn
        By name, in order of appearance; each has n values.
    rows : int64 array, shape (n,)
        Positions of the rows in the user's frame.
    text : str
        The formula, for carets.
    messages : tuple of str
        How many rows were dropped, and why.
    state : mapping
        What the functions with a memory learned, by the text of the call.
    learning : bool
        Whether a model is built from these rows; False for new data.
    roles : mapping of span to str
        The part in the model of each column that the formula names, by its place in the text.
    """

    columns: dict[str, RawColumn]
    rows: NDArray[np.int64]
    text: str
    messages: tuple[str, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    learning: bool = True
    roles: Mapping[Span, str] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.rows.shape[0])

    def row_number(self, position: int) -> str:
        """A row as a message calls it: ``row 5 (the first is row 1)``."""
        return f"row {self.rows[position] + 1:,} (the first is row 1)"

    def row_numbers(self, positions: NDArray[np.int64]) -> str:
        """The same for several: ``rows 5, 7, 8, 9, 12, ... (20 in all; the first is row 1)``."""
        if positions.size == 1:
            return self.row_number(int(positions[0]))
        shown = ", ".join(f"{self.rows[position] + 1:,}" for position in positions[:_SHOWN_ROWS])
        if positions.size <= _SHOWN_ROWS:
            return f"rows {shown} (the first is row 1)"
        return f"rows {shown}, ... ({positions.size:,} in all; the first is row 1)"


def formula_text(formula: Formula) -> str:
    """The text that the spans of ``formula`` point into."""
    return formula.text or str(formula)


def column_uses(formula: Formula, *, response: bool = True, groups: bool = True) -> tuple[ColumnUse, ...]:
    """Every place where the formula names a column, in order of appearance.

    Parameters
    ----------
    formula : Formula
        The formula.
    response, groups : bool
        Whether to look at the left side, and at the group terms.
    """
    found: list[ColumnUse] = []
    if response:
        found += uses_of([formula.response.expression, *formula.response.additions], RESPONSE)
    for term in formula.population:
        found += uses_of(term.factors, POPULATION)
    found += uses_of(formula.offsets, OFFSET)
    for group in formula.groups if groups else ():
        for term in group.terms:
            found += uses_of(term.factors, VARYING)
        found += uses_of(group.factor if group.by is None else (*group.factor, group.by), GROUPING)
    return tuple(found)


def uses_of_all(
    formula: Formula, others: Iterable[Formula], *, response: bool = True, groups: bool = True
) -> tuple[ColumnUse, ...]:
    """Every place where a model's formulas name a column: the response's, then those of its parameters."""
    main = column_uses(formula, response=response, groups=groups)
    further = (
        replace(use, text=formula_text(other))
        for other in others
        for use in column_uses(other, response=False, groups=groups)
    )
    return (*main, *further)


def uses_of(expressions: Sequence[Expression], role: str) -> list[ColumnUse]:
    """Every place where expressions name a column, in the role that they have in the model."""
    return [_use(e, name, role) for e in expressions for name in column_names(e)]


def _use(expression: Expression, name: Name, role: str) -> ColumnUse:
    role = GROUPING if name in _groups_of(expression) else role
    return ColumnUse(name.name, role, name.span, optional=name in _optional(expression))


def _groups_of(expression: Expression) -> tuple[Expression, ...]:
    """The grouping factor of ``wb(x, g)``; nothing for anything else."""
    if isinstance(expression, Call) and expression.function == "wb":
        return (bind(expression)["g"],)
    return ()


def _optional(expression: Expression) -> tuple[Expression, ...]:
    """The columns of ``y2`` in ``cens(side, y2)``, which says something of interval-censored rows alone."""
    if isinstance(expression, Call) and expression.function == "cens" and "y2" in (given := bind(expression)):
        return tuple(column_names(given["y2"]))
    return ()


def column_names(expression: Expression) -> Iterator[Name]:
    """The columns that an expression names, from left to right."""
    if isinstance(expression, Name):
        yield expression
    for part in _PARTS[type(expression)](expression):
        yield from column_names(part)


_PARTS: dict[type, Any] = {
    **dict.fromkeys((Name, Number, Text, Word, Rest), lambda e: ()),
    Operation: lambda e: e.operands,
    Call: lambda e: (*e.arguments, *(value for _, value in e.keywords)),
}


def calls_within(expression: Expression) -> Iterator[Call]:
    """The calls in an expression, inner ones first."""
    for part in _PARTS[type(expression)](expression):
        yield from calls_within(part)
    if isinstance(expression, Call):
        yield expression


def operations_within(expression: Expression) -> Iterator[Operation]:
    """The operations in an expression, inner ones first."""
    for part in _PARTS[type(expression)](expression):
        yield from operations_within(part)
    if isinstance(expression, Operation):
        yield expression


def read_frame(data: Any) -> nw.DataFrame[Any]:
    """Wrap pandas, polars, pyarrow, ... or a mapping of columns; the caller's object is never changed.

    Raises
    ------
    ArgumentTypeError
        ``data`` is not a frame.
    DataError
        Two columns have the same name, or the columns of a mapping differ in length.
    """
    if isinstance(data, Mapping):
        data = frame_of_mapping(data)
    try:
        frame = nw.from_native(data)
        wrapped = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
        names = list(wrapped.columns)
    except TypeError as error:
        raise ArgumentTypeError(
            f"data cannot be an object of type {type(data).__name__}. "
            "Give a pandas, polars or pyarrow frame, or a dict of columns."
        ) from error
    except DuplicateError as error:
        raise _duplicates(getattr(data, "column_names", None) or list(data.columns)) from error
    if isinstance(data, pd.DataFrame) and any(isinstance(kind, pd.SparseDtype) for kind in data.dtypes):
        dense = {k: data[k].sparse.to_dense() for k in names if isinstance(data.dtypes[k], pd.SparseDtype)}
        wrapped = nw.from_native(with_columns(data, dense))
    names = list(map(str, names))  # a formula writes the columns 1 and "1" alike
    if len(set(names)) < len(names):
        raise _duplicates(names)
    return wrapped


def _duplicates(names: Sequence[Any]) -> DataError:
    twice = [str(name) for name, count in Counter(names).items() if count > 1]
    named = ", ".join(map(repr, twice)) or "some names"
    return DataError(f"The data have more than one column named {named}. Rename or drop all but one of them.")


def put_rest(formula: Formula, columns: Sequence[str]) -> Formula:
    """The formula with the columns of the data in the place of ``.``.

    Parameters
    ----------
    formula : Formula
        The formula; one without ``.`` is returned as it is.
    columns : sequence of str
        Names of the columns of the data. Those that the formula names anywhere are left out.

    Raises
    ------
    ColumnNotFoundError
        A column that is taken from ``.`` does not exist.
    FormulaError
        No column is left, there are too many, or one has a name that cannot be written.
    """
    where = next((k for k, t in enumerate(formula.population) if any(map(_is_rest, t.factors))), None)
    if where is None:
        return formula
    (rest,) = formula.population[where].factors
    for name in rest.without if isinstance(rest, Rest) else ():
        if name.name not in columns:
            raise _not_found(ColumnUse(name.name, POPULATION, name.span), formula_text(formula), columns)
    named = {use.name for use in column_uses(formula)}
    named |= {name.name for name in rest.without} if isinstance(rest, Rest) else set()
    others = [name for name in columns if name not in named]
    if not others:
        raise FormulaError(
            "`.` stands for no column: the formula names all columns of the data.",
            formula_text(formula),
            rest.span,
            f"Columns of the data: {_listed(columns)}. Leave `.` out.",
        )
    unwritable = [name for name in others if not name or "`" in name]
    if unwritable:
        raise FormulaError(
            f"`.` stands for the other columns, and one is called {unwritable[0]!r}, "
            "which no formula can write.",
            formula_text(formula),
            rest.span,
            "Give the column another name, or drop it.",
        )
    terms = tuple(Term((Name(name, rest.span),), rest.span) for name in others)
    population = [*formula.population[:where], *terms, *formula.population[where + 1 :]]
    expanded = replace(formula, population=tuple(sorted(population, key=lambda term: len(term.factors))))
    if len(str(expanded)) > MAX_LENGTH or len(population) > MAX_TERMS:
        raise FormulaError(
            f"`.` stands for {len(others):,} columns here, which makes the formula too long.",
            formula_text(formula),
            rest.span,
            f"At most {MAX_TERMS:,} terms and {MAX_LENGTH:,} characters are allowed: give fewer columns.",
        )
    return expanded


def _is_rest(expression: Expression) -> bool:
    return isinstance(expression, Rest)


def read_table(data: Any, uses: Sequence[ColumnUse], text: str, missing: Missing = DROP) -> Table:
    """Read the columns that ``uses`` names, in the rows where all of them are there.

    Parameters
    ----------
    data : frame or mapping
        What the user gave.
    uses : sequence of ColumnUse
        From `column_uses`.
    text : str
        The formula, for carets.
    missing : str or mapping of str to str
        What to do about missing values, for all columns or column by column.

    Raises
    ------
    ColumnNotFoundError
        A column does not exist, be it named in the formula or in ``missing``.
    UnknownNameError
        ``missing`` names no policy.
    DataError
        Missing values where the policy is ``"error"``, no rows, no complete rows, infinite values, or values
        of a type that cannot be used.
    """
    frame = read_frame(data)
    by_name = {str(name): name for name in frame.columns}
    for use in uses:
        if use.name not in by_name:
            raise _not_found(use, use.text or text, list(by_name))
    check_names([use.name for use in uses])
    n = frame.shape[0]
    if n == 0:
        raise DataError(f"The data have no rows (columns: {_listed(list(by_name))}). Give at least two rows.")
    series = {name: frame.get_column(by_name[name]) for name in dict.fromkeys(use.name for use in uses)}
    chosen = policies(missing, list(series), list(by_name))
    required = {use.name for use in uses if not use.optional}
    holes = Holes({name: is_missing(column) for name, column in series.items() if name in required})
    keep, messages = complete_rows(holes, chosen, n)
    rows = np.flatnonzero(keep).astype(np.int64)
    rows.setflags(write=False)
    complete = bool(keep.all())
    columns = {
        name: read_series(name, column if complete else column[rows]) for name, column in series.items()
    }
    roles = {use.span: use.role for use in uses if not use.text}
    table = Table(columns, rows, text, messages, roles=roles)
    for column in columns.values():
        _check_finite(column, table)
    return table


def _check_finite(column: RawColumn, table: Table) -> None:
    if column.values.dtype.kind != "f":
        return
    infinite = np.flatnonzero(np.isinf(column.values))
    if infinite.size:
        advice = (
            "correct the value, or mark it as missing to drop the row"
            if infinite.size == 1
            else "correct the values, or mark them as missing to drop the rows"
        )
        raise DataError(
            f"Column {column.name!r} is infinite ({column.values[infinite[0]]}) in "
            f"{table.row_numbers(infinite)}. Every number must be finite: {advice}."
        )


def _not_found(use: ColumnUse, text: str, columns: Sequence[str]) -> ColumnNotFoundError:
    nearest = nearest_match(use.name, columns)
    hint = (f"Did you mean {nearest!r}? " if nearest is not None else "") + (
        f"Columns of the data: {_listed(columns)}. Correct the formula, or add the column to the data."
    )
    return ColumnNotFoundError(
        f"The data have no column {use.name!r}, named as {use.role}.", text, use.span, hint
    )


def _listed(columns: Sequence[str], limit: int = 30) -> str:
    shown = ", ".join(columns[:limit]) or "none"
    return shown + (f", ... ({len(columns):,} in all)" if len(columns) > limit else "")


def with_columns(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """A copy of a frame with columns set; ``DataFrame.assign`` takes none that is called ``self``."""
    changed = frame.copy()
    for name, values in columns.items():
        changed[name] = values
    return changed
