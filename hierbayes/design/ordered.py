"""Responses of ordered categories: whose order the data or the formula state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from hierbayes.design.columns import evaluate, evaluate_factor, expression_name
from hierbayes.design.contrasts import CALLS
from hierbayes.design.frame import Table
from hierbayes.design.records import Floats
from hierbayes.design.values import BOOLEAN, Factor, Numeric, quoted
from hierbayes.errors import DataError
from hierbayes.formulas.functions import bind
from hierbayes.formulas.terms import Call, Expression, Name

ORDERED_RESPONSE = "ordered"
WIDEST_GAP = 20  # categories between whole numbers that a message lists


def learn_ordered(expression: Expression, table: Table) -> tuple[Factor, tuple[str, ...]]:
    """A response of ordered categories, the lowest first.

    An ordered dtype (pandas ``ordered=True``, polars ``Enum``) keeps its order, whole numbers sort by value,
    False comes before True, and ``ordered(y, levels = c(...))`` or ``factor(y, levels = c(...))`` state one.

    Parameters
    ----------
    expression : Expression
        The left side.
    table : Table
        The columns.

    Returns
    -------
    Factor
        Categories that occur; ``codes`` are positions among them, ``name`` is that of the column.
    tuple of str
        Which categories do not occur, and by what order they were sorted where that is not plain.

    Raises
    ------
    DataError
        The order is stated nowhere, or the numbers are not whole.
    """
    variable, factor = evaluate(expression, table), evaluate_factor(expression, table)
    name = expression_name(bind(expression)["f"] if _is_factor(expression) else expression)
    absent: Sequence[str] = factor.absent
    if isinstance(variable, Numeric):
        _check_whole(name, variable.values)
        absent = _between(factor)
    elif not _is_stated(expression, table):
        raise _unordered(name, factor, expression, table)
    column = table.columns[expression.name] if isinstance(expression, Name) else None
    if column is not None and column.order is not None:
        absent = [level for level in dict.fromkeys(column.order) if level not in factor.levels]
    messages = []
    if absent:
        some = "these categories are" if len(absent) > 1 else "this category is"
        messages.append(f"{name}: no row used has {quoted(absent)}; {some} left out of the model")
    if _is_factor(expression) and "levels" not in bind(expression):
        messages.append(f"{name}: the categories are in the order {' < '.join(factor.levels)}")
    return replace(factor, name=name), tuple(messages)


def positions(factor: Factor, labels: Sequence[str]) -> Floats:
    """The position among ``labels`` of each row's label, float64 of shape (n,); all of them are there."""
    index = {label: k for k, label in enumerate(labels)}
    return np.array([index[level] for level in factor.levels], dtype=np.float64)[factor.codes]


def _is_stated(expression: Expression, table: Table) -> bool:
    if isinstance(expression, Name):
        column = table.columns[expression.name]
        return column.kind == BOOLEAN or column.ordered
    return _is_factor(expression) and (expression.function == "ordered" or "levels" in bind(expression))


def _is_factor(expression: Expression) -> TypeGuard[Call]:
    return isinstance(expression, Call) and expression.function in CALLS


def _between(factor: Factor) -> list[str]:
    """Whole numbers between the lowest and the highest category that no row has, where they are few."""
    low, high = float(factor.levels[0]), float(factor.levels[-1])
    if high - low > len(factor.levels) + WIDEST_GAP:
        return []
    return [str(k) for k in range(int(low), int(high)) if str(k) not in factor.levels]


def _check_whole(name: str, values: Floats) -> None:
    odd = np.flatnonzero(values != np.floor(values))
    if odd.size:
        raise DataError(
            f"The response {name!r} has {odd.size:,} values that are not whole, the first in used row "
            f"{odd[0] + 1}: {values[odd[0]]:g}. Allowed: whole numbers, which are taken as ordered "
            "categories, or an ordered column. For measurements use family='gaussian'; if these are "
            f"categories, write ordered({name})."
        )


def _unordered(name: str, factor: Factor, expression: Expression, table: Table) -> DataError:
    plain = isinstance(expression, Name) and table.columns[expression.name].order is not None
    given = "a categorical column without ordered=True" if plain else "text"
    stated = ", ".join(f'"{level}"' for level in factor.levels[:8])
    more = ", ..." if len(factor.levels) > 8 else ""
    return DataError(
        f"The order of the categories of {name!r} is not known: it is {given}, with {quoted(factor.levels)}. "
        "Allowed: an ordered column, whole numbers or booleans. State the order from the lowest to the "
        f"highest, in the data, pd.Categorical(data[{name!r}], categories=[...], ordered=True), or in the "
        f"formula, ordered({name}, levels = c({stated}{more})) ~ ..., with these labels in their order."
    )
