"""Evaluation of the formula's own expressions; nothing here runs the user's text as code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from hierbayes.design.frame import Table, column_names
from hierbayes.design.records import Floats
from hierbayes.design.values import BOOLEAN, NUMBER, Factor, Numeric, RawColumn, quoted, to_factor, to_numbers
from hierbayes.errors import DataError, FormulaError
from hierbayes.formula.terms import Call, Expression, Name, Number, Operation

type Variable = Numeric | Factor

LARGEST_POWER = 100.0


def expression_name(expression: Expression) -> str:
    """What a term is called: the column's own name (without backquotes), or the expression as R prints it."""
    return expression.name if isinstance(expression, Name) else str(expression)


def evaluate(expression: Expression, table: Table) -> Variable:
    """A variable of a term: numbers as they are, booleans, text and categories as factors.

    Parameters
    ----------
    expression : Expression
        A column, ``I(...)`` or ``factor(...)``.
    table : Table
        The columns.

    Raises
    ------
    FormulaError
        Arithmetic with text, or a power out of bounds.
    DataError
        The result is not a finite number in some row.
    """
    return _VARIABLES[type(expression)](expression, table)


def evaluate_factor(expression: Expression, table: Table) -> Factor:
    """The same, as a factor: the distinct values of a number, in increasing order, become its levels."""
    name = expression_name(expression)
    if isinstance(expression, Name):
        return to_factor(table.columns[expression.name])
    variable = evaluate(expression, table)
    return as_factor(variable, name)


def as_factor(variable: Variable, name: str) -> Factor:
    """A variable as a factor of that name."""
    if isinstance(variable, Factor):
        return Factor(name, variable.codes, variable.levels)
    return to_factor(RawColumn(name, NUMBER, variable.values))


def evaluate_all(expressions: Iterable[Expression], table: Table) -> dict[str, Variable]:
    """Each expression once, by its text."""
    return {str(e): evaluate(e, table) for e in {str(e): e for e in expressions}.values()}


def _column(expression: Name, table: Table) -> Variable:
    column = table.columns[expression.name]
    return Numeric(column.name, to_numbers(column)) if column.kind == NUMBER else to_factor(column)


def _call(expression: Call, table: Table) -> Variable:
    return _FUNCTIONS[expression.function](expression, table)


def _identity(expression: Call, table: Table) -> Variable:
    with np.errstate(all="ignore"):
        result = np.broadcast_to(arithmetic(expression.arguments[0], table), (table.n,))
    odd = np.flatnonzero(~np.isfinite(result))
    if odd.size:
        k = odd[0]
        where = ", ".join(
            f"{name.name} = {to_numbers(table.columns[name.name])[k]:.6g}"
            for name in dict.fromkeys(column_names(expression))
        )
        raise DataError(
            f"{expression} is not a finite number in {table.row_number(int(k))}"
            + (f", where {where}. " if where else ". ")
            + "Change the expression, or mark the value as missing to drop the row."
        )
    return Numeric(str(expression), np.array(result, dtype=np.float64))


def _factor(expression: Call, table: Table) -> Variable:
    return as_factor(evaluate_factor(expression.arguments[0], table), str(expression))


_FUNCTIONS: dict[str, Callable[[Call, Table], Variable]] = {"I": _identity, "factor": _factor}

_VARIABLES: dict[type, Callable[[Any, Table], Variable]] = {Name: _column, Call: _call}


def arithmetic(expression: Expression, table: Table) -> Floats:
    """The value of an expression inside ``I()``: float64 of shape (n,), or () for constants."""
    return _ARITHMETIC[type(expression)](expression, table)


def _value_of_column(expression: Name, table: Table) -> Floats:
    column = table.columns[expression.name]
    if column.kind not in (NUMBER, BOOLEAN):
        raise FormulaError(
            f"I() does arithmetic, but {column.name!r} holds text ({quoted(to_factor(column).levels, 4)}).",
            table.text,
            expression.span,
            f"Use {column.name} as a term of its own, or turn it into numbers first.",
        )
    return to_numbers(column)


def _value_of_number(expression: Number, table: Table) -> Floats:
    return np.asarray(expression.value, dtype=np.float64)


def _value_of_operation(expression: Operation, table: Table) -> Floats:
    operator = _OPERATORS[expression.operator, len(expression.operands)]
    operands = [arithmetic(operand, table) for operand in expression.operands]
    if operator is np.power and np.any(np.abs(operands[1]) > LARGEST_POWER):
        raise FormulaError(
            f"The power {expression.operands[1]} is out of bounds.",
            table.text,
            expression.span,
            f"Powers from -{LARGEST_POWER:.0f} to {LARGEST_POWER:.0f} are allowed.",
        )
    return np.asarray(operator(*operands), dtype=np.float64)


_OPERATORS: dict[tuple[str, int], Callable[..., Any]] = {
    ("+", 2): np.add,
    ("-", 2): np.subtract,
    ("*", 2): np.multiply,
    ("/", 2): np.divide,
    ("^", 2): np.power,
    ("-", 1): np.negative,
}

_ARITHMETIC: dict[type, Callable[[Any, Table], Floats]] = {
    Name: _value_of_column,
    Number: _value_of_number,
    Operation: _value_of_operation,
}
