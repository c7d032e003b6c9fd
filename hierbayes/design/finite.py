"""The arithmetic of a formula must give finite numbers; what to say where it does not."""

from __future__ import annotations

import numpy as np

from hierbayes.design.frame import Table, column_names, operations_within
from hierbayes.design.records import Floats
from hierbayes.design.usable import out_of_range
from hierbayes.design.values import BOOLEAN, NUMBER
from hierbayes.errors import DataError
from hierbayes.formulas.terms import Call, Number

DOMAINS: dict[str, str] = {
    **{name: f"{name}() takes numbers above 0. " for name in ("log", "log2", "log10")},
    "log1p": "log1p() takes numbers above -1. ",
    "sqrt": "sqrt() takes numbers from 0. ",
}
"""What the functions take that are not defined for every number."""

_LARGE = "Numbers up to 1e50 can be used: divide the column by a larger unit first, or take its logarithm."
_ADVICE = "Change the expression, or mark the {values} as missing to drop the {rows}."


def check_finite(expression: Call, result: Floats, table: Table) -> None:
    """Refuse a result that is not a finite number in every row.

    Parameters
    ----------
    expression : Call
        What was computed.
    result : float64 array, shape (n,)
        Its value.
    table : Table
        The columns that it was computed from.

    Raises
    ------
    DataError
        The message counts the rows and shows the first ones, and the columns' values in the first.
    """
    odd = np.flatnonzero(~np.isfinite(result) | out_of_range(result))
    if not odd.size:
        return
    k = int(odd[0])
    columns = [table.columns[name] for name in dict.fromkeys(n.name for n in column_names(expression))]
    given = ", ".join(
        f"{column.name} = {column.numbers[k]:.6g}" for column in columns if column.kind in (NUMBER, BOOLEAN)
    )
    if given:
        given = f", where {given}" + (f" in row {table.rows[k] + 1:,}" if odd.size > 1 else "")
    domain = DOMAINS.get(expression.function, "")
    infinite = np.isposinf(result[k]) if domain else np.isinf(result[k])  # log(0) is -inf
    large = bool(np.isfinite(result[k])) or (bool(infinite) and not _divides(expression))
    words = {"values": "values", "rows": "rows"} if odd.size > 1 else {"values": "value", "rows": "row"}
    raise DataError(
        f"{expression} is {'too large' if large else 'not a finite number'} "
        f"in {table.row_numbers(odd)}{given}. " + (_LARGE if large else domain + _ADVICE.format_map(words))
    )


def _divides(expression: Call) -> bool:
    """Whether an infinite value may come of a zero, by a division or a power that is not above 0."""
    operations = list(operations_within(expression))
    powers = [operation.operands[1] for operation in operations if operation.operator == "^"]
    division = any(operation.operator == "/" for operation in operations)
    return division or not all(isinstance(power, Number) for power in powers)
