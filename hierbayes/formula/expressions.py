"""Syntax to variables: columns, ``factor(x)``, and the arithmetic inside ``I()``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hierbayes.errors import FormulaError, nearest_match
from hierbayes.formula import tokens as tk
from hierbayes.formula.advice import FUNCTION_ADVICE, function_advice, operator_advice
from hierbayes.formula.source import MAX_DEPTH, Source
from hierbayes.formula.syntax import Apply, Infix, Leaf, Node, Parentheses, Prefix, Subscript, unwrap
from hierbayes.formula.terms import Call, Expression, Name, Number, Operation, Span

ARITHMETIC: dict[str, str] = {"+": "+", "-": "-", "*": "*", "/": "/", "^": "^", "**": "^"}
"""Operators inside ``I()`` and the operation that each one is."""

_COLUMN_FIRST = 'Compute the column first, data["new"] = ..., and name it in the formula.'


def read_variable(source: Source, node: Leaf | Apply) -> Expression:
    """Read one variable of a term: a column or a function of columns.

    Raises
    ------
    FormulaError
        For a text in quotes, an unknown function, or arguments that the function does not take.
    """
    if isinstance(node, Apply):
        return read_call(source, node)
    if node.token.kind == tk.TEXT:
        raise source.error(
            f"{source.cut(node.span)} is a text, not a column.",
            node.span,
            f"Write the column's name without quotes, or in backquotes: `{node.token.value}`.",
        )
    return Name(node.token.value, node.span)


def read_call(source: Source, node: Apply) -> Call:
    """Read a function of columns, by the table ``FUNCTIONS``."""
    reader = FUNCTIONS.get(node.function.text)
    if reader is None:
        raise _unknown_function(source, node)
    for argument in node.arguments:
        if argument.keyword is not None:
            raise source.error(
                f"`{node.function.text}()` takes no argument `{argument.keyword.text}`.",
                argument.span,
                f"{_SIGNATURES} Levels come in the order of the column's categorical dtype.",
            )
    if len(node.arguments) != 1:
        raise source.error(
            f"`{node.function.text}()` takes one argument; {len(node.arguments)} are given.",
            node.span,
            _SIGNATURES,
        )
    return Call(node.function.text, (reader(source, node.arguments[0].value),), node.span)


def _identity(source: Source, node: Node) -> Expression:
    expression, _ = _arithmetic(source, node)
    if not _names_column(expression):
        raise source.error(
            "`I()` names no column here.", node.span, "Arithmetic reads columns, as in `I(age^2)`."
        )
    return expression


def _factor(source: Source, node: Node) -> Expression:
    inner = unwrap(node)
    if not isinstance(inner, Leaf) or inner.token.kind not in {tk.NAME, tk.QUOTED_NAME}:
        raise source.error(
            "`factor()` takes the name of a column.", node.span, f"As in `factor(year)`. {_COLUMN_FIRST}"
        )
    return Name(inner.token.value, inner.span)


FUNCTIONS: dict[str, Callable[[Source, Node], Expression]] = {"I": _identity, "factor": _factor}
"""Each function and the reader of its argument."""

_SIGNATURES = "The functions are `I(arithmetic)`, as in `I(age^2)`, and `factor(column)`."


def _arithmetic(source: Source, node: Node) -> tuple[Expression, int]:
    """The arithmetic of a node, and how many operations deep it is."""
    match node:
        case Parentheses(inner):
            return _arithmetic(source, inner)
        case Prefix(operator, operand, span):
            inside, depth = _arithmetic(source, operand)
            return (inside, depth) if operator.text == "+" else (Operation("-", (inside,), span), depth + 1)
        case Infix():
            return _operations(source, node)
        case Leaf(token) if token.kind == tk.NUMBER:
            return Number(float(token.value), token.span), 0
        case Leaf():
            return read_variable(source, node), 0
        case Apply(function):
            problem, hint = f"The function `{function.text}()` cannot stand inside `I()`.", _COLUMN_FIRST
            if function.text in FUNCTION_ADVICE:
                _, hint = function_advice(source, node)
            raise source.error(problem, node.span, hint)
        case Subscript(_, label):
            raise _stray_label(source, label.span)


def _operations(source: Source, node: Infix) -> tuple[Expression, int]:
    left, depth = _arithmetic(source, node.first)
    for operator, operand in node.rest:
        if operator.text not in ARITHMETIC:
            raise source.error(
                f"`{operator.text}` is not arithmetic.",
                operator.span,
                f"Inside `I()` stand `+`, `-`, `*`, `/`, `^`, numbers and columns. {_COLUMN_FIRST}",
            )
        right, right_depth = _arithmetic(source, operand)
        depth = max(depth, right_depth) + 1
        if depth > MAX_DEPTH:
            raise source.error(
                f"`I()` has more than {MAX_DEPTH} operations on one another.", node.span, _COLUMN_FIRST
            )
        left = Operation(ARITHMETIC[operator.text], (left, right), (node.span[0], operand.span[1]))
    return left, depth


def _names_column(expression: Expression) -> bool:
    if isinstance(expression, Operation):
        return any(map(_names_column, expression.operands))
    return isinstance(expression, Name)


def _unknown_function(source: Source, node: Apply) -> FormulaError:
    name = node.function.text
    if any(_has_bar(argument.value) for argument in node.arguments):
        return source.error(
            f"An operator is missing between `{name}` and the group term.",
            node.span,
            f"Write `{name} + {source.cut((node.function.span[1], node.span[1]))}`.",
        )
    if name in FUNCTION_ADVICE:
        problem, hint = function_advice(source, node)
        return source.error(problem, node.span, hint)
    nearest = nearest_match(name, (*FUNCTIONS, *FUNCTION_ADVICE))
    hint = f"{_SIGNATURES} {_COLUMN_FIRST}"
    if nearest in FUNCTIONS:
        hint = f"Did you mean `{nearest}()`? {hint}"
    elif nearest is not None:
        _, advice = function_advice(source, replace(node, function=replace(node.function, text=nearest)))
        hint = f"`{nearest}()` is not supported yet either. {advice}"
    return source.error(
        f"There is no function `{source.cut(node.function.span)}()`.", node.function.span, hint
    )


def _has_bar(node: Node) -> bool:
    return isinstance(node, Infix) and node.rest[0][0].text in {"|", "||"}


def _stray_label(source: Source, span: Span) -> FormulaError:
    return source.error(
        "Brackets stand only after the response.",
        span,
        "`use[Y] ~ age` models the level Y of the response; a predictor enters with all its levels.",
    )


def no_variable(source: Source, node: Node) -> FormulaError:
    """Why a node cannot be one variable; for places that take nothing else."""
    match node:
        case Subscript(_, label):
            return _stray_label(source, label.span)
        case Infix(first, rest):
            operator, right = rest[0]
            problem, hint = operator_advice(source, operator, first, right)
            return source.error(problem, operator.span, hint)
        case _:
            return source.error(f"`{source.cut(node.span)}` is not a column.", node.span, _SIGNATURES)
