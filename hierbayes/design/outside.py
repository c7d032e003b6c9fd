"""Rows that no interval of ``cut()`` covers: missing values, as in R."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from hierbayes.design.columns import cut_codes, learn
from hierbayes.design.frame import Table, calls_within, column_names
from hierbayes.design.missing import DROP, ERROR, REPORT, Holes, Missing
from hierbayes.errors import DataError
from hierbayes.formulas.terms import Call, Expression

_FIRST = " (the first row is row 1)"
_WIDEN = "`-Inf` and `Inf` as the outer bounds cover every number"


def leave_out_outside(expressions: Iterable[Expression], table: Table, missing: Missing = DROP) -> Table:
    """The table without the rows whose values lie outside of all intervals of a ``cut()``.

    Parameters
    ----------
    expressions : iterable of Expression
        What the formula evaluates.
    table : Table
        The complete rows. Bounds that ``cut()`` learns, and what functions inside it learn, come from all of
        them.
    missing : str or mapping of str to str
        The policy for missing values; that of the columns in the ``cut()`` holds.

    Raises
    ------
    DataError
        A value is outside where the policy is ``"error"``, or no row is left.
    """
    calls = {str(c): c for e in expressions for c in calls_within(e) if c.function == "cut"}
    if not calls:
        return table
    table = learn(calls.values(), table)
    outside = {text: cut_codes(call, table) < 0 for text, call in calls.items()}
    drop = np.logical_or.reduce(list(outside.values()))
    if not drop.any():
        return table
    masks = {}
    for text, mask in outside.items():
        masks[text] = np.zeros(int(table.rows[-1]) + 1, dtype=np.bool_)
        masks[text][table.rows[mask]] = True
    holes = Holes(masks)
    chosen = {text: _policy(call, missing) for text, call in calls.items()}
    refused = [text for text in calls if chosen[text] == ERROR and outside[text].any()]
    if refused:
        raise DataError(
            f"Values are outside of all intervals of {holes.count(refused, refused)}{_FIRST}, where "
            f"missing='error' allows none. {_WIDEN}; or say missing='drop' to leave the rows out."
        )
    if drop.all():
        raise DataError(
            f"No rows are left: each of the {table.n:,} rows is outside of all intervals of "
            f"{holes.count(masks)}. {_WIDEN}."
        )
    numbered = [text for text in calls if chosen[text] == REPORT and outside[text].any()]
    because = holes.count(masks, numbered) + (_FIRST if numbered else "")
    message = f"{drop.sum():,} of {table.n:,} rows dropped: outside of all intervals of {because}; {_WIDEN}"
    rows = table.rows[~drop]
    rows.setflags(write=False)
    columns = {name: replace(column, values=column.values[~drop]) for name, column in table.columns.items()}
    return replace(table, columns=columns, rows=rows, messages=(*table.messages, message))


def _policy(call: Call, missing: Missing) -> str:
    """The strictest policy of the columns in a call."""
    named = [name.name for name in column_names(call)]
    chosen = {missing} if isinstance(missing, str) else {missing.get(name, DROP) for name in named}
    return next(policy for policy in (ERROR, REPORT, DROP) if policy in chosen)
