"""The right of the bar: grouping factors, crossings of them, and factors nested in one another."""

from __future__ import annotations

from hierbayes.errors import FormulaError
from hierbayes.formulas import functions as fn
from hierbayes.formulas import tokens as tk
from hierbayes.formulas.expressions import read_call, read_variable
from hierbayes.formulas.source import MAX_PARENTHESES, Source
from hierbayes.formulas.syntax import Apply, Infix, Leaf, Node, unwrap
from hierbayes.formulas.terms import Expression, Name
from hierbayes.formulas.tokens import Token

type Factors = tuple[Expression, ...]

_HINT = (
    "The right of `|` is a column, `(1 | school)`, a crossing of columns, `(1 | urban:district)`, or columns "
    "nested in one another, `(1 | school/class)`."
)


def grouping(source: Source, node: Node, left: Node) -> tuple[tuple[Factors, ...], Name | None]:
    """Read the right of ``|``: grouping factors, and the column ``by`` of ``gr(g, by = sector)``."""
    inner = unwrap(node)
    if not isinstance(inner, Apply) or inner.function.text != "gr":
        return grouping_factors(source, node, left), None
    given = fn.bind(read_call(source, inner, fn.GROUPING))
    by = given.get("by")
    return ((given["g"],),), by if isinstance(by, Name) else None


def grouping_factors(source: Source, node: Node, left: Node) -> tuple[Factors, ...]:
    """Read the right of ``|``.

    Parameters
    ----------
    source : Source
        The text, for errors.
    node : Node
        What stands right of the bar.
    left : Node
        What stands left of it, for errors.

    Returns
    -------
    tuple of tuple of Expression
        One entry for each group term: ``a/b`` gives ``a`` and ``a:b``.
    """
    inner = unwrap(node)
    if not isinstance(inner, Infix):
        return ((_factor(source, inner),),)
    operands = (inner.first, *(operand for _, operand in inner.rest))
    for operator, _ in inner.rest:
        if operator.text not in {":", "/"}:
            raise _no_crossing(source, operator, operands, left)
    found = grouping_factors(source, inner.first, left)
    for operator, operand in inner.rest:
        right = grouping_factors(source, operand, left)
        if operator.text == ":":
            found = tuple(_cross(a, b) for a in found for b in right)
        else:
            outer = _cross(*found)
            found = (*found, *(_cross(outer, b) for b in right))
        if len(found) > MAX_PARENTHESES:
            raise source.error("These are too many group terms.", node.span, "Name those that you need.")
    return tuple(dict.fromkeys(found))


def _cross(*factors: Factors) -> Factors:
    return tuple(dict.fromkeys(expression for factor in factors for expression in factor))


def _factor(source: Source, node: Node) -> Expression:
    if isinstance(node, Apply) and node.function.text == "gr":
        raise source.error(
            "`gr()` cannot be part of a crossing.",
            node.span,
            "It stands alone, `(1 | gr(g, by = sector))`; compute the column of a crossing first.",
        )
    function = fn.FUNCTIONS.get(node.function.text) if isinstance(node, Apply) else None
    known = function is not None and fn.GROUPING in function.places
    if isinstance(node, Leaf | Apply) and (known or isinstance(node, Leaf)) and not _is_number(node):
        return read_variable(source, node, fn.GROUPING)
    hint = _HINT
    if isinstance(node, Apply) and node.function.text == "as.factor":
        hint = "Name the column alone: a grouping factor is always read as categorical."
    raise source.error(f"`{source.cut(node.span)}` is not a grouping factor.", node.span, hint)


def _is_number(node: Node) -> bool:
    return isinstance(node, Leaf) and node.token.kind == tk.NUMBER


_SPELLED_OUT: dict[str, str] = {
    "+": "({left} | {a}) + ({left} | {b})",
    "*": "({left} | {a}) + ({left} | {b}) + ({left} | {a}:{b})",
    "%in%": "({left} | {a}:{b})",
}


def _no_crossing(source: Source, operator: Token, operands: tuple[Node, ...], left: Node) -> FormulaError:
    hint = _HINT
    plain = all(isinstance(operand, Leaf) and not _is_number(operand) for operand in operands)
    if operator.text in _SPELLED_OUT and len(operands) == 2 and plain:
        parts = {"left": left, "a": operands[0], "b": operands[1]}
        spelled = _SPELLED_OUT[operator.text].format_map({k: source.cut(v.span) for k, v in parts.items()})
        hint = f"Write `{spelled}`."
    return source.error(f"`{operator.text}` between grouping factors is not supported.", operator.span, hint)
