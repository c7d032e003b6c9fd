"""Equations as LaTeX that amsmath, MathJax and KaTeX read alike."""

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
from hierbayes.report.equations.plain import write as plain_text

WIDTH = 64  # letters of a line, as plain text, before it is broken

LETTERS: dict[str, str] = {
    "β": r"\beta",
    "γ": r"\gamma",
    "δ": r"\delta",
    "ζ": r"\zeta",
    "η": r"\eta",
    "μ": r"\mu",
    "ν": r"\nu",
    "π": r"\pi",
    "ρ": r"\rho",
    "σ": r"\sigma",
    "φ": r"\varphi",
    "Γ": r"\Gamma",
    "Σ": r"\Sigma",
}
SIGNS: dict[str, str] = {
    TIMES.text: r"\,",
    "∼": r"\sim",
    "⋅": r"\cdot",
    "≤": r"\le",
    "−": "-",
    "…": r"\dots",
}

# Braces keep `<` from being read as a tag where a page holds LaTeX; \text does without macros in MathJax.
_SPECIAL = str.maketrans(
    {
        **{letter: f"\\{letter}" for letter in "_%#&{}$"},
        "\\": r"\backslash{}",
        "^": r"\hat{\ }",
        "~": r"{\sim}",
        "<": "{<}",
        ">": "{>}",
        "*": r"{\ast}",
        "`": r"{}^{\backprime}",
        "-": r"\text{-}",
        "\n": " ",
        " ": r"\ ",
    }
)


def latex(equations: Sequence[Equation]) -> str:
    r"""Equations as the ``aligned`` environment, one or more lines each; without the ``$$`` around it."""
    lines = [line for equation in equations for line in _lines(equation)]
    body = " \\\\\n".join(lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def _lines(equation: Equation) -> list[str]:
    first = f"{_walk(equation.left)} &{_walk(Sign(equation.relation))}"
    lines, length = [first], len(plain_text(equation.left))
    for piece in equation.right:
        long = len(plain_text(piece))
        if length + long > WIDTH and lines[-1] != first:
            lines.append(r"&\quad")
            length = 0
        lines[-1] += f" {_walk(piece)}"
        length += long
    return lines


def _walk(node: Node) -> str:
    return LATEX[type(node)](node)


def _name(node: Name) -> str:
    return rf"\mathrm{{{node.text.translate(_SPECIAL)}}}"


def _symbol(node: Symbol) -> str:
    return LETTERS.get(node.text, node.text)


def _digits(node: Digits) -> str:
    return node.text


def _sign(node: Sign) -> str:
    return SIGNS.get(node.text, node.text)


def _pieces(node: Row) -> str:
    return " ".join(map(_walk, node.pieces))


def _script(node: Script) -> str:
    base = _walk(node.base)
    below = f"_{{{_walk(node.sub)}}}" if node.sub is not None else ""
    above = f"^{{{_walk(node.sup)}}}" if node.sup is not None else ""
    return f"{base}{below}{above}"


def _apply(node: Apply) -> str:
    return rf"{_walk(node.function)}\left({', '.join(map(_walk, node.arguments))}\right)"


def _fenced(node: Fenced) -> str:
    return rf"\left({_walk(node.inside)}\right)"


def _fraction(node: Fraction) -> str:
    return rf"\frac{{{_walk(node.above)}}}{{{_walk(node.below)}}}"


def _root(node: Root) -> str:
    return rf"\sqrt{{{_walk(node.inside)}}}"


def _matrix(node: Matrix) -> str:
    lines = r" \\ ".join(" & ".join(map(_walk, line)) for line in node.rows)
    return rf"\begin{{pmatrix}} {lines} \end{{pmatrix}}"


LATEX: dict[type[Any], Callable[[Any], str]] = {
    Name: _name,
    Symbol: _symbol,
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
