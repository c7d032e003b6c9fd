"""Equations as plain Unicode text, for terminals and for whoever reads a page aloud."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

_BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_ABOVE = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_TIGHT = {TIMES.text: " ", ",": ", ", "[": "[", "]": "]", "⋅": "⋅"}


WIDTH = 100


def plain(equations: Sequence[Equation], width: int = WIDTH) -> str:
    """Equations as lines of text, broken before a sign where they are longer than ``width``."""
    return "\n".join(line for equation in equations for line in _lines(equation, width))


def _lines(equation: Equation, width: int) -> list[str]:
    pieces = [" ".join(write(piece).split()) for piece in equation.right]
    pieces += [f"  ({equation.words})"] if equation.words else []
    lines = [f"{write(equation.left)} {equation.relation}"]
    for piece in pieces:
        if len(lines[-1]) + len(piece) < width:
            lines[-1] += f" {piece}"
        else:
            lines.append(f"    {piece.strip()}")
    return lines


def write(node: Node) -> str:
    """A piece as text: ``β₁``, ``u_{0,school[i]}``."""
    return PLAIN[type(node)](node)


def _text(node: Name | Symbol | Digits) -> str:
    return node.text


def _sign(node: Sign) -> str:
    return _TIGHT.get(node.text, f" {node.text} ")


def _pieces(node: Row) -> str:
    return "".join(map(write, node.pieces))


def _script(node: Script) -> str:
    written = write(node.base)
    if node.sub is not None:
        below = write(node.sub).replace(", ", ",").replace(" ", "")
        bare = below.isalpha() and len(below) == 1
        written += below.translate(_BELOW) if below.isdigit() else f"_{below}" if bare else f"_{{{below}}}"
    if node.sup is not None:
        above = write(node.sup).strip()
        can = all(letter in "0123456789+-" for letter in above)
        written += above.translate(_ABOVE) if can else f"^{{{above}}}" if len(above) > 1 else f"^{above}"
    return written


def _apply(node: Apply) -> str:
    return f"{write(node.function)}({', '.join(map(write, node.arguments))})"


def _fenced(node: Fenced) -> str:
    return f"({write(node.inside).strip()})"


def _fraction(node: Fraction) -> str:
    return "/".join(map(_operand, (node.above, node.below)))


def _operand(node: Node) -> str:
    return f"({write(node)})" if isinstance(node, Row) else write(node)


def _root(node: Root) -> str:
    return f"√{_operand(node.inside)}"


def _matrix(node: Matrix) -> str:
    return f"[{'; '.join(', '.join(map(write, line)) for line in node.rows)}]"


PLAIN: dict[type[Any], Callable[[Any], str]] = {
    Name: _text,
    Symbol: _text,
    Digits: _text,
    Sign: _sign,
    Script: _script,
    Row: _pieces,
    Apply: _apply,
    Fenced: _fenced,
    Fraction: _fraction,
    Root: _root,
    Matrix: _matrix,
}
