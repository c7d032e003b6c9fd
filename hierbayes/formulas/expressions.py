"""Syntax to variables: columns, functions of columns, and the arithmetic inside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hierbayes.errors import FormulaError, nearest_match
from hierbayes.formulas import functions as fn
from hierbayes.formulas import tokens as tk
from hierbayes.formulas.advice import FUNCTION_ADVICE, function_advice, operator_advice
from hierbayes.formulas.arguments import READERS, VECTOR
from hierbayes.formulas.functions import FUNCTIONS, Parameter, usages
from hierbayes.formulas.source import MAX_DEPTH, Source
from hierbayes.formulas.syntax import (
    Apply,
    Argument,
    Infix,
    Leaf,
    Node,
    Parentheses,
    Prefix,
    Subscript,
    unwrap,
)
from hierbayes.formulas.terms import (
    COMPARISONS,
    Call,
    Expression,
    Name,
    Number,
    Operation,
    Span,
    Text,
)

ARITHMETIC: dict[str, str] = {
    **{sign: sign for sign in ("+", "-", "*", "/", "^", "&", "|", *COMPARISONS)},
    "**": "^",
}
"""Operators inside ``I()`` and the operation that each one is."""

_COLUMN_FIRST = 'Compute the column first, data["new"] = ..., and name it in the formula.'

_ABBREVIATED = (
    "The functions are `I(x^2)`, `factor(g)`, `log(x)`, `scale(x)`, `poly(x, 2)`, `ns(x, df = 3)` and others."
)


def read_variable(source: Source, node: Leaf | Apply, place: str = fn.TERM) -> Expression:
    """Read one variable of a term: a column or a function of columns.

    Raises
    ------
    FormulaError
        For a text in quotes, an unknown function, or arguments that the function does not take.
    """
    if isinstance(node, Apply):
        return read_call(source, node, place)
    if node.token.kind == tk.TEXT:
        raise source.error(
            f"{source.cut(node.span)} is a text, not a column.",
            node.span,
            f"Write the column's name without quotes, or in backquotes: `{node.token.value}`.",
        )
    if node.token.kind == tk.REST:
        raise source.error(
            "`.` cannot be part of something else.",
            node.span,
            "It stands alone for all columns that are not named otherwise, `y ~ . + (1 | g)`.",
        )
    return Name(node.token.value, node.span)


def read_call(source: Source, node: Apply, place: str = fn.TERM) -> Call:
    """Read a function of columns, by the table ``FUNCTIONS``."""
    call, _ = _call(source, node, place)
    return call


def _call(source: Source, node: Apply, place: str) -> tuple[Call, int]:
    """A call, and how many operations deep it is."""
    name = node.function.text
    function = FUNCTIONS.get(name)
    if function is None:
        raise _unknown_function(source, node, place)
    if place not in function.places:
        raise _misplaced(source, node, place)
    positional: list[Expression] = []
    keywords: list[tuple[str, Expression]] = []
    taken: set[str] = set()
    depth = 0
    for k, argument in enumerate(node.arguments):
        parameter = _parameter(source, node, argument, k)
        if parameter.name in taken or (argument.keyword is None and keywords):
            raise source.error(
                f"This argument of `{name}()` comes twice, or after one with a keyword.",
                argument.span,
                f"Write `{function.usage}`.",
            )
        taken.add(parameter.name)
        value, inner = _READERS[parameter.kind](source, argument.value)
        depth = max(depth, inner)
        if argument.keyword is None:
            positional.append(value)
        else:
            keywords.append((parameter.name, value))
    if len(taken.intersection(function.alternatives)) > 1:
        both = " and ".join(f"`{p}`" for p in function.alternatives)
        raise source.error(f"`{name}()` takes one of {both}.", node.span, f"Write `{function.usage}`.")
    missing = [p.name for p in function.parameters if p.required and p.name not in taken]
    if not missing and not taken.intersection(function.alternatives):
        missing = list(function.alternatives)
    if missing or not taken:
        needs = " or ".join(f"`{p}`" for p in missing[: len(function.alternatives) or 1]) or "an argument"
        raise source.error(f"`{name}()` needs {needs}.", node.span, f"Write `{function.usage}`.")
    return Call(name, tuple(positional), tuple(keywords), node.span), depth


def _parameter(source: Source, node: Apply, argument: Argument, k: int) -> Parameter:
    """The parameter that the argument at position ``k`` is for."""
    name, function = node.function.text, FUNCTIONS[node.function.text]
    known = {parameter.name: parameter for parameter in function.parameters}
    are = "argument is" if len(known) == 1 else "arguments are"
    hint = f"Write `{function.usage}`; its {are} {', '.join(f'`{p}`' for p in known)}."
    if argument.keyword is not None:
        if argument.keyword.text not in known:
            nearest = nearest_match(argument.keyword.text, known)
            suggestion = f"Did you mean `{nearest}`? " if nearest is not None else ""
            raise source.error(
                f"`{name}()` takes no argument `{argument.keyword.text}`.",
                argument.span,
                f"{suggestion}{hint}",
            )
        return known[argument.keyword.text]
    if k >= len(known):
        most = "one argument" if len(known) == 1 else f"at most {len(known)} arguments"
        raise source.error(f"`{name}()` takes {most}; {len(node.arguments)} are given.", node.span, hint)
    return function.parameters[k]


def _value(source: Source, node: Node) -> tuple[Expression, int]:
    expression, depth = _arithmetic(source, node)
    if not _names_column(expression):
        raise source.error(
            "No column is named here.", node.span, "Arithmetic reads columns, as in `I(age^2)`."
        )
    return expression, depth


def _column(source: Source, node: Node) -> tuple[Expression, int]:
    inner = unwrap(node)
    if not isinstance(inner, Leaf) or inner.token.kind not in {tk.NAME, tk.QUOTED_NAME}:
        raise source.error(
            f"`{source.cut(node.span)}` is not the name of a column.",
            node.span,
            f"The name of a column is needed here, as in `factor(year)`. {_COLUMN_FIRST}",
        )
    return Name(inner.token.value, inner.span), 0


def _arithmetic(source: Source, node: Node) -> tuple[Expression, int]:
    """The arithmetic of a node, and how many operations deep it is."""
    match node:
        case Parentheses(inner):
            return _arithmetic(source, inner)
        case Prefix(operator, operand, span):
            inside, depth = _arithmetic(source, operand)
            same = operator.text == "+"
            return (inside, depth) if same else (Operation(operator.text, (inside,), span), depth + 1)
        case Infix():
            return _operations(source, node)
        case Leaf(token) if token.kind == tk.NUMBER:
            return Number(float(token.value), token.span), 0
        case Leaf():
            return read_variable(source, node), 0
        case Apply():
            return _call(source, node, fn.VALUE)
        case Subscript(_, label):
            raise _stray_label(source, label.span)


def _operations(source: Source, node: Infix) -> tuple[Expression, int]:
    operators = [operator for operator, _ in node.rest]
    for operator in operators:
        if operator.text not in ARITHMETIC:
            raise source.error(f"`{operator.text}` is not arithmetic.", operator.span, _ARITHMETIC_HINT)
    if operators[0].text in COMPARISONS and len(operators) > 1:
        raise source.error(
            "One comparison follows another.",
            operators[1].span,
            "Write two, joined by `&`: `I(1 < x & x < 3)`.",
        )
    text = operators[0].text in {"==", "!="}
    left, depth = _operand(source, node.first, text)
    for operator, operand in node.rest:
        right, right_depth = _operand(source, operand, text)
        depth = max(depth, right_depth) + 1
        _check_depth(source, depth, node.span)
        left = Operation(ARITHMETIC[operator.text], (left, right), (node.span[0], operand.span[1]))
    return left, depth


_ARITHMETIC_HINT = (
    "Inside `I()` stand `+`, `-`, `*`, `/`, `^`, comparisons such as `x > 2` with `&`, `|` and `!`, numbers, "
    f"columns and functions such as `log(x)`. {_COLUMN_FIRST}"
)


def _operand(source: Source, node: Node, text: bool) -> tuple[Expression, int]:
    """Arithmetic, or a label where a column is compared with one: ``I(use == "Y")``."""
    inner = unwrap(node)
    if text and isinstance(inner, Leaf) and inner.token.kind == tk.TEXT:
        return Text(inner.token.value, inner.span), 0
    return _arithmetic(source, node)


def _check_depth(source: Source, depth: int, span: Span) -> None:
    if depth > MAX_DEPTH:
        raise source.error(f"There are more than {MAX_DEPTH} operations on one another.", span, _COLUMN_FIRST)


_READERS: dict[str, Callable[[Source, Node], tuple[Expression, int]]] = {
    fn.ARITHMETIC: _value,
    fn.ANY_VALUE: _arithmetic,
    fn.COLUMN: _column,
    **READERS,
}


def _names_column(expression: Expression) -> bool:
    if isinstance(expression, Operation):
        return any(map(_names_column, expression.operands))
    return isinstance(expression, Name | Call)


def _misplaced(source: Source, node: Apply, place: str) -> FormulaError:
    name, function = node.function.text, FUNCTIONS[node.function.text]
    example = _EXAMPLES[function.places[0]].format(function.usage)
    hint = f"It stands {function.places[0]}, as in `{example}`."
    if fn.TERM in function.places:
        hint += f" {_COLUMN_FIRST}"
    return source.error(f"The function `{name}()` cannot stand {place}.", node.span, hint)


_EXAMPLES = {
    fn.TERM: "y ~ {}",
    fn.OFFSET: "y ~ x + {}",
    fn.RESPONSE: "{} ~ x",
    fn.ADDITION: "y | {} ~ x",
    fn.GROUPING: "y ~ (1 | {})",
}


def _unknown_function(source: Source, node: Apply, place: str) -> FormulaError:
    name = node.function.text
    if any(_has_bar(argument.value) for argument in node.arguments):
        return source.error(
            f"An operator is missing between `{name}` and the group term.",
            node.span,
            f"Write `{name} + {source.cut((node.function.span[1], node.span[1]))}`.",
        )
    if name == VECTOR:
        return source.error(
            f"`c()` cannot stand {place}.",
            node.span,
            "It lists constants in an argument, as in `cut(x, c(0, 10, 20))`; terms are joined by `+`.",
        )
    if name in FUNCTION_ADVICE:
        problem, hint = function_advice(source, node)
        return source.error(problem, node.span, hint)
    nearest = nearest_match(name, (*FUNCTIONS, *FUNCTION_ADVICE))
    hint = f"The functions {place} are {usages(place)}. {_COLUMN_FIRST}"
    if nearest in FUNCTIONS:
        hint = f"Did you mean `{nearest}()`? {_ABBREVIATED} {_COLUMN_FIRST}"
    elif nearest is not None:
        _, advice = function_advice(source, replace(node, function=replace(node.function, text=nearest)))
        hint = f"Formulas have no `{nearest}()` either. {advice}"
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
            return source.error(f"`{source.cut(node.span)}` is not a column.", node.span, _ABBREVIATED)
