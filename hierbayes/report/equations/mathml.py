"""Equations as MathML Core: a ``math`` element for each piece, so that a browser can break lines between."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from hierbayes.report.equations.nodes import (
    TIMES,
    Apply,
    Digits,
    Equation,
    Fenced,
    Fraction,
    Matrix,
    Name,
    Node,
    Root,
    Row,
    Script,
    Sign,
    Symbol,
)

APPLIED = "\u2061"  # invisible: what stands before it is applied to what follows
OPEN, CLOSE = "<mo>(</mo>", "<mo>)</mo>"


def mathml(equation: Equation) -> tuple[str, ...]:
    """An equation as MathML Core elements, in order; every text in them is escaped.

    Returns
    -------
    tuple of str
        The left side with its relation, then the pieces of the right side, each a ``math`` element.
    """
    head = f"<mrow>{_walk(equation.left)}</mrow>{_sign(Sign(equation.relation))}"
    return tuple(f"<math>{inside}</math>" for inside in (head, *map(_walk, equation.right)))


def _walk(node: Node) -> str:
    return MATHML[type(node)](node)


def _row_of(inside: str) -> str:
    return f"<mrow>{inside}</mrow>"


def _identifier(node: Name | Symbol) -> str:
    return f"<mi>{escape(node.text)}</mi>"


def _digits(node: Digits) -> str:
    return f"<mn>{escape(node.text)}</mn>"


def _sign(node: Sign) -> str:
    if node == TIMES:
        return f'<mo lspace="0" rspace="0.17em">{TIMES.text}</mo>'
    # A piece may begin with its sign, which is between two operands all the same.
    form = "" if node.text in ("[", "]", ",") else ' form="infix"'
    return f'<mo stretchy="false"{form}>{escape(node.text)}</mo>'


def _script(node: Script) -> str:
    parts = [part for part in (node.sub, node.sup) if part is not None]
    tag = {(True, True): "msubsup", (True, False): "msub", (False, True): "msup"}[
        node.sub is not None, node.sup is not None
    ]
    return f"<{tag}>{''.join(_row_of(_walk(part)) for part in (node.base, *parts))}</{tag}>"


def _pieces(node: Row) -> str:
    return _row_of("".join(map(_walk, node.pieces)))


def _apply(node: Apply) -> str:
    inside = "<mo>,</mo>".join(map(_walk, node.arguments))
    return _row_of(f"{_walk(node.function)}<mo>{APPLIED}</mo>{_row_of(OPEN + inside + CLOSE)}")


def _fenced(node: Fenced) -> str:
    return _row_of(OPEN + _walk(node.inside) + CLOSE)


def _fraction(node: Fraction) -> str:
    return f"<mfrac>{_row_of(_walk(node.above))}{_row_of(_walk(node.below))}</mfrac>"


def _root(node: Root) -> str:
    return f"<msqrt>{_walk(node.inside)}</msqrt>"


def _matrix(node: Matrix) -> str:
    cells = ("".join(f"<mtd>{_walk(cell)}</mtd>" for cell in line) for line in node.rows)
    table = "".join(f"<mtr>{line}</mtr>" for line in cells)
    # Where there is no font for mathematics, browsers leave brackets as they are.
    style = f'stretchy="false" style="transform: scale(1.1, {1.25 * len(node.rows):g})"'
    left, right = (f"<mo {style}>{fence}</mo>" for fence in "()")
    return _row_of(f"{left}<mtable>{table}</mtable>{right}")


MATHML: dict[type[Any], Callable[[Any], str]] = {
    Name: _identifier,
    Symbol: _identifier,
    Digits: _digits,
    Sign: _sign,
    Script: _script,
    Row: _pieces,
    Apply: _apply,
    Fenced: _fenced,
    Fraction: _fraction,
    Root: _root,
    Matrix: _matrix,
}
