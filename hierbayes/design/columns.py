"""Evaluation of the formula's own expressions; nothing here runs the user's text as code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.contrasts import CALLS, ordered_levels, with_contrast
from hierbayes.design.finite import DOMAINS, check_finite
from hierbayes.design.frame import OFFSET, RESPONSE, Table, calls_within
from hierbayes.design.intervals import interval_codes
from hierbayes.design.records import Floats
from hierbayes.design.transforms import STATEFUL
from hierbayes.design.values import (
    BOOLEAN,
    NUMBER,
    Columns,
    Factor,
    Numeric,
    RawColumn,
    observed_only,
    quoted,
    to_factor,
)
from hierbayes.errors import DataError, FormulaError, nearest_match
from hierbayes.formulas.functions import bind
from hierbayes.formulas.terms import COMPARISONS, Call, Expression, Formula, Name, Number, Operation, Text

type Variable = Numeric | Columns | Factor

LARGEST_POWER = 100.0


def expression_name(expression: Expression) -> str:
    """What a term is called: the column's own name (without backquotes), or the expression as R prints it."""
    return expression.name if isinstance(expression, Name) else str(expression)


def learn(expressions: Iterable[Expression], table: Table) -> Table:
    """The table with what the functions with a memory, ``scale(x)`` and others, learn from it."""
    for call in (call for e in expressions for call in calls_within(e) if call.function in STATEFUL):
        if str(call) not in table.state:
            values, groups = _arguments(call, table)
            learned = STATEFUL[call.function].learn(call, values, groups)
            table = replace(table, state={**table.state, str(call): learned})
    return table


def known_factor(expression: Expression, levels: tuple[str, ...], table: Table) -> Factor:
    """A factor of new data with the levels, and the contrasts, that the model knows.

    Raises
    ------
    DataError
        A row has another level.
    """
    call = isinstance(expression, Call) and expression.function in CALLS
    factor = evaluate_factor(
        bind(expression)["f"] if call and isinstance(expression, Call) else expression, table
    )
    index = {label: k for k, label in enumerate(levels)}
    recode = np.array([index.get(label, -1) for label in factor.levels], dtype=np.int32)
    codes = recode[factor.codes]
    unseen = np.flatnonzero(codes < 0)
    name = expression_name(expression)
    if unseen.size:
        given = factor.levels[factor.codes[unseen[0]]]
        alike = unseen[factor.codes[unseen] == factor.codes[unseen[0]]]
        raise DataError(
            f"{name!r} is {given!r} in {table.row_numbers(alike)}, a level that the model "
            f"has not seen. Known: {quoted(levels)}. Correct the value, or fit a model to data that have it."
        )
    return with_contrast(expression, Factor(name, codes, levels), table)


def evaluate(expression: Expression, table: Table) -> Variable:
    """A variable of a term: numbers as they are, booleans, text and categories as factors.

    Parameters
    ----------
    expression : Expression
        A column, or a function of columns.
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


def offset_values(formula: Formula, table: Table) -> Floats | None:
    """The sum of the offsets of a formula, float64 of shape (n,), read-only; None where there are none."""
    if not formula.offsets:
        return None
    total = np.zeros(table.n)
    for call in formula.offsets:
        with np.errstate(all="ignore"):
            total = total + arithmetic(bind(call)["x"], table)
        check_finite(call, total, table)
    total.setflags(write=False)
    return total


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
        return replace(variable, name=name, contrast=None, contrast_labels=())
    if isinstance(variable, Columns):
        raise DataError(f"{name} has {len(variable.labels)} columns and cannot be a factor. Name one column.")
    return to_factor(RawColumn(name, NUMBER, variable.values))


def evaluate_all(expressions: Iterable[Expression], table: Table) -> dict[str, Variable]:
    """Each expression once, by its text."""
    return {str(e): evaluate(e, table) for e in {str(e): e for e in expressions}.values()}


def _column(expression: Name, table: Table) -> Variable:
    column = table.columns[expression.name]
    return Numeric(column.name, column.numbers) if column.kind == NUMBER else to_factor(column)


def _call(expression: Call, table: Table) -> Variable:
    return _FUNCTIONS[expression.function](expression, table)


def _numeric(expression: Call, table: Table) -> Variable:
    with np.errstate(all="ignore"):
        result = np.broadcast_to(arithmetic(expression, table), (table.n,))
    check_finite(expression, result, table)
    return Numeric(str(expression), np.array(result, dtype=np.float64))


def _factor(expression: Call, table: Table) -> Variable:
    inner = bind(expression)["f"]
    factor = as_factor(evaluate_factor(inner, table), expression_name(inner))
    coded = with_contrast(expression, ordered_levels(expression, factor, table), table)
    return replace(coded, name=str(expression))


def cut_codes(expression: Call, table: Table) -> NDArray[np.int32]:
    """The interval of each row by ``cut()``, shape (n,); -1 outside of all of them."""
    values, _ = _arguments(expression, table)
    return interval_codes(values, table.state[str(expression)])


def _cut(expression: Call, table: Table) -> Variable:
    labels = tuple(table.state[str(expression)]["labels"])
    return observed_only(Factor(str(expression), cut_codes(expression, table), labels))


def _remembered(expression: Call, table: Table) -> Variable:
    values, groups = _arguments(expression, table)
    function = STATEFUL[expression.function]
    with np.errstate(all="ignore"):
        columns = function.apply(expression, values, groups, table.state[str(expression)])
    check_finite(expression, columns.sum(axis=1), table)
    return Columns(str(expression), columns, function.labels(str(expression), columns.shape[1]))


def _arguments(call: Call, table: Table) -> tuple[Floats, Factor | None]:
    """The values (n,) that a function with a memory is applied to, and its groups where it has them."""
    given = bind(call)
    with np.errstate(all="ignore"):
        values = np.array(np.broadcast_to(arithmetic(given["x"], table), (table.n,)))
    odd = np.flatnonzero(~np.isfinite(values))
    if odd.size:
        check_finite(call, values, table)
    return values, evaluate_factor(given["g"], table) if "g" in given else None


_ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "I": np.asarray,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "exp": np.exp,
    "expm1": np.expm1,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
}

_ONE_COLUMN = ("scale", "standardize", "center")

_FUNCTIONS: dict[str, Callable[[Call, Table], Variable]] = {
    **dict.fromkeys(STATEFUL, _remembered),
    **dict.fromkeys((*_ELEMENTWISE, *_ONE_COLUMN), _numeric),
    **dict.fromkeys(CALLS, _factor),
    "cut": _cut,
}

_VARIABLES: dict[type, Callable[[Any, Table], Variable]] = {Name: _column, Call: _call}


def arithmetic(expression: Expression, table: Table) -> Floats:
    """The value of an expression inside ``I()``: float64 of shape (n,), or () for constants."""
    return _ARITHMETIC[type(expression)](expression, table)


TRUTH = ("False", "True")
_AS_A_TERM = "Name `{name}` as a term of its own, or turn it into numbers first."
_TWO = (
    "Two outcomes need no function: name `{name}` alone, with family='bernoulli'; or turn it into numbers "
    "first."
)
_LABELS_IN = {
    RESPONSE: "Turn `{name}` into numbers first.",
    OFFSET: "An offset is a number that is added to the linear predictor: turn `{name}` into numbers first, "
    "or name it as a term of its own.",
}


def _value_of_column(expression: Name, table: Table) -> Floats:
    column = table.columns[expression.name]
    if column.kind not in (NUMBER, BOOLEAN):
        levels = to_factor(column).levels
        if not table.learning and set(levels) <= set(TRUTH):  # as `Design.columns` keeps booleans
            return np.asarray(to_factor(column).labels == TRUTH[1], dtype=np.float64)
        role = table.roles.get(expression.span)
        advice = _TWO if role == RESPONSE and len(levels) == 2 else _LABELS_IN.get(str(role), _AS_A_TERM)
        raise FormulaError(
            f"Arithmetic needs numbers, but {column.name!r} holds text ({quoted(levels, 4)}).",
            table.text,
            expression.span,
            advice.format(name=column.name),
        )
    return column.numbers


def _value_of_call(expression: Call, table: Table) -> Floats:
    if expression.function in _ELEMENTWISE:
        argument = arithmetic(bind(expression)["x"], table)
        value = np.asarray(_ELEMENTWISE[expression.function](argument), dtype=np.float64)
    else:
        values, groups = _arguments(expression, table)
        state = table.state[str(expression)]
        value = STATEFUL[expression.function].apply(expression, values, groups, state)[:, 0]
    if expression.function in DOMAINS:
        check_finite(expression, np.broadcast_to(value, (table.n,)), table)
    return value


def _value_of_number(expression: Number, table: Table) -> Floats:
    return np.asarray(expression.value, dtype=np.float64)


def _value_of_operation(expression: Operation, table: Table) -> Floats:
    if any(isinstance(operand, Text) for operand in expression.operands):
        return _compared_with_label(expression, table)
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


def _compared_with_label(expression: Operation, table: Table) -> Floats:
    """``use == "Y"``: 1 where the column has that label."""
    text = next(operand for operand in expression.operands if isinstance(operand, Text))
    other = next((operand for operand in expression.operands if isinstance(operand, Name)), None)
    if other is None:
        raise FormulaError(
            f"{expression} compares a label with something that is not a column.",
            table.text,
            expression.span,
            'Compare a column with a label: `I(use == "Y")`.',
        )
    factor = to_factor(table.columns[other.name])
    if text.value not in factor.levels and table.learning:
        nearest = nearest_match(text.value, factor.levels)
        raise FormulaError(
            f"No row used of {other.name!r} has the label {text.value!r}.",
            table.text,
            text.span,
            (f"Did you mean {nearest!r}? " if nearest is not None else "")
            + f"Its labels are {quoted(factor.levels)}.",
        )
    equal = factor.labels == text.value
    return np.asarray(equal if expression.operator == "==" else ~equal, dtype=np.float64)


_OPERATORS: dict[tuple[str, int], Callable[..., Any]] = {
    ("+", 2): np.add,
    ("-", 2): np.subtract,
    ("*", 2): np.multiply,
    ("/", 2): np.divide,
    ("^", 2): np.power,
    ("-", 1): np.negative,
    ("&", 2): np.logical_and,
    ("|", 2): np.logical_or,
    ("!", 1): np.logical_not,
    **{
        (sign, 2): compare
        for sign, compare in zip(
            COMPARISONS,
            (np.equal, np.not_equal, np.less, np.greater, np.less_equal, np.greater_equal),
            strict=True,
        )
    },
}

_ARITHMETIC: dict[type, Callable[[Any, Table], Floats]] = {
    Name: _value_of_column,
    Number: _value_of_number,
    Operation: _value_of_operation,
    Call: _value_of_call,
}
