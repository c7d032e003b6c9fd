"""Responses that are known in part: censored ones, truncated ones, and known standard errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.additions import CENS, SE, TRUNC, values_of
from hierbayes.design.frame import Table
from hierbayes.design.records import Floats
from hierbayes.design.values import BOOLEAN, NUMBER, RawColumn, to_factor
from hierbayes.errors import DataError, FormulaError, nearest_match
from hierbayes.formulas.functions import bind
from hierbayes.formulas.terms import Call, Expression, Name, Number, Response

LOW, HIGH, LOWER_BOUND, UPPER_BOUND, STANDARD_ERROR = "low", "high", "lb", "ub", "se"
PART = (LOW, HIGH, LOWER_BOUND, UPPER_BOUND, STANDARD_ERROR)
"""Names in ``Design.part``."""

NONE, LEFT, RIGHT, INTERVAL = 0, -1, 1, 2
SIDES = {"none": NONE, "left": LEFT, "right": RIGHT, "interval": INTERVAL}


def known_in_part(response: Response, table: Table, y: Floats | None) -> dict[str, Floats]:
    """What ``cens()``, ``trunc()`` and ``se()`` say of the rows; see ``Design.row_data``.

    Parameters
    ----------
    response : Response
        The left side.
    table : Table
        The columns.
    y : float64 array, shape (n,)
        The response.

    Returns
    -------
    dict of str to float64 array, shape (n,), read-only

    Raises
    ------
    FormulaError
        Text where numbers are needed; interval-censored rows without ``y2``.
    DataError
        A side that is none; rows that are all censored to one side; intervals, bounds and standard errors
        that contradict themselves or the response.
    """
    calls = {call.function: call for call in response.additions}
    if y is None or not calls.keys() & {CENS, TRUNC, SE}:
        return {}
    name = str(response.expression)
    part: dict[str, Floats] = {}
    if CENS in calls:
        part |= _ends(calls[CENS], table, (name, y))
    if TRUNC in calls:
        part |= _bounds(calls[TRUNC], table)
        check_bounds(name, y, part, table.row_numbers)
    if SE in calls:
        part[STANDARD_ERROR] = _errors(calls[SE], table)
    for values in part.values():
        values.setflags(write=False)
    return part


def known_beside(calls: Sequence[Call], table: Table) -> dict[str, Floats]:
    """What ``trunc()`` and ``se()`` say of rows whose response is not known, each shape (n,)."""
    part: dict[str, Floats] = {}
    for call in calls:
        if call.function == TRUNC:
            part |= _bounds(call, table)
        if call.function == SE:
            part[STANDARD_ERROR] = _errors(call, table)
    return part


def _ends(call: Call, table: Table, given: tuple[str, Floats]) -> dict[str, Floats]:
    name, y = given
    arguments = bind(call)
    side = _sides(arguments["side"], table)
    inside = side == INTERVAL
    low, high = np.where(side == LEFT, -np.inf, y), np.where(side == RIGHT, np.inf, y)
    if inside.any():
        if "y2" not in arguments:
            raise FormulaError(
                f"{int(inside.sum()):,} rows are interval-censored, but cens() does not say where the "
                "intervals end.",
                table.text,
                call.span,
                f"Write cens({arguments['side']}, y2) with a column y2 of upper ends; {name} has the lower.",
            )
        high = np.where(inside, values_of(arguments["y2"], table), high)
        odd = np.flatnonzero(inside & ~(high > low))
        if odd.size:
            k = int(odd[0])
            raise DataError(
                f"The interval of {name!r} in {table.row_numbers(odd)} goes from {y[k]:g} to {high[k]:g}. "
                f"Allowed: an upper end above the lower one. Correct {arguments['y2']}, or the side for "
                "responses that were observed."
            )
    if table.learning and not ((side == NONE) | inside).any():
        which = ", ".join(words for words in _counted(low, high))
        raise DataError(
            f"All rows are censored ({which}): no value of {name!r} was observed. Allowed: some rows of side "
            "'none' or 'interval'. Check the column that cens() names, and how the rows were selected."
        )
    return {LOW: low, HIGH: high}


def _sides(expression: Expression, table: Table) -> NDArray[np.int64]:
    """The side of each row as one of the codes of ``SIDES``."""
    column = table.columns[expression.name] if isinstance(expression, Name) else None
    if column is not None and column.kind not in (NUMBER, BOOLEAN):
        labels = to_factor(column).labels
        side = np.array([SIDES.get(str(label), 9) for label in labels], dtype=np.int64)
        shown: Callable[[int], str] = lambda k: repr(str(labels[k]))  # noqa: E731
    else:
        values = column.numbers if column is not None else values_of(expression, table)
        known = np.isin(values, list(SIDES.values()))
        side = np.where(known, values, 9).astype(np.int64)
        shown = lambda k: f"{values[k]:g}"  # noqa: E731
    odd = np.flatnonzero(side == 9)
    if odd.size:
        raise _no_side(expression, table, odd, (column, shown(int(odd[0]))))
    return side


def _no_side(
    expression: Expression, table: Table, odd: NDArray[np.int64], what: tuple[RawColumn | None, str]
) -> DataError:
    nearest = nearest_match(what[1].strip("'").lower(), SIDES)
    hint = f"Did you mean {nearest!r}? " if nearest is not None else ""
    return DataError(
        f"The side of censoring {expression} is {what[1]} in {table.row_numbers(odd)}. Allowed: 'none', "
        "'left', 'right' and 'interval', the numbers 0, -1, 1 and 2 in this order, or booleans, True for "
        f"right-censored. {hint}Recode the column."
    )


def _bounds(call: Call, table: Table) -> dict[str, Floats]:
    arguments = bind(call)
    lower = _bound(arguments.get("lb"), table, -np.inf)
    upper = _bound(arguments.get("ub"), table, np.inf)
    odd = np.flatnonzero(~(lower < upper))
    if odd.size:
        k = int(odd[0])
        where = "" if odd.size == table.n else f" in {table.row_numbers(odd)}"
        raise DataError(
            f"trunc() has the lower bound {lower[k]:g} and the upper bound {upper[k]:g}{where}. Allowed: a "
            "lower bound below the upper one. Exchange or correct them."
        )
    return {LOWER_BOUND: lower, UPPER_BOUND: upper}


def _bound(expression: Expression | None, table: Table, absent: float) -> Floats:
    if expression is None:
        return np.full(table.n, absent)
    if isinstance(expression, Number):
        return np.full(table.n, expression.value)
    return values_of(expression, table)


def check_bounds(
    name: str, y: Floats, part: Mapping[str, Floats], rows: Callable[[NDArray[np.int64]], str]
) -> None:
    """Refuse responses outside of the bounds of truncation: nobody could have observed them.

    Parameters
    ----------
    name : str
        The response.
    y : float64 array, shape (n,)
        Its values.
    part : mapping of str to float64 array
        As of `known_in_part`.
    rows : callable
        Positions to words.

    Raises
    ------
    DataError
        Naming the rows. A censored response must leave room within the bounds.
    """
    if LOWER_BOUND not in part:
        return
    lower, upper = part[LOWER_BOUND], part[UPPER_BOUND]
    low, high = part.get(LOW, y), part.get(HIGH, y)
    exact = low == high
    outside = np.where(exact, (y < lower) | (y > upper), (low >= upper) | (high <= lower))
    odd = np.flatnonzero(outside)
    if odd.size:
        k = int(odd[0])
        what = "is" if exact[k] else "is censored at"
        raise DataError(
            f"The response {name!r} {what} {y[k]:g} in {rows(odd)}, where trunc() says that only responses "
            f"from {lower[k]:g} to {upper[k]:g} could be observed. Allowed: responses within the bounds. "
            "Correct the bounds, or use cens() for values that are known to lie beyond a limit."
        )


def _errors(call: Call, table: Table) -> Floats:
    arguments = bind(call)
    values = values_of(arguments["s"], table)
    odd = np.flatnonzero(~(values > 0))
    if odd.size:
        raise DataError(
            f"The standard error {arguments['s']} is {values[odd[0]]:g} in {table.row_numbers(odd)}. "
            "Allowed: numbers above 0. Correct these values, or drop their rows."
        )
    return values


def censored_words(part: Mapping[str, Floats]) -> str:
    """How many rows are censored on which side: ``"812 of 4,059 rows right"``; empty without ``cens()``."""
    if LOW not in part:
        return ""
    counted = _counted(part[LOW], part[HIGH]) or ["no row"]
    return f"{', '.join(counted)}, of {len(part[LOW]):,} rows"


def _counted(low: Floats, high: Floats) -> list[str]:
    left, right = np.isinf(low), np.isinf(high)
    counts = {"left": left, "right": right, "interval": (low < high) & ~left & ~right}
    return [f"{int(rows.sum()):,} {side}" for side, rows in counts.items() if rows.any()]


def bounds_words(part: Mapping[str, Any]) -> str:
    """The bounds of ``trunc()`` in words: ``"from 0 to 10"``; empty without them."""
    if LOWER_BOUND not in part:
        return ""
    ends = []
    for word, values in (("from", part[LOWER_BOUND]), ("to", part[UPPER_BOUND])):
        if np.isfinite(values).any():
            least, most = float(values.min()), float(values.max())
            ends.append(
                f"{word} {least:g}" if least == most else f"{word} bounds between {least:g} and {most:g}"
            )
    return " ".join(ends)
