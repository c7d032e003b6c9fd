"""The pieces of an equation, as plain records that each renderer walks; no piece carries markup."""

from __future__ import annotations

from dataclasses import dataclass

from hierbayes import names


@dataclass(frozen=True)
class Name:
    """A word of the user's or of statistics, upright: ``standLRT``, ``Normal``; as ``names.legible``."""

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", names.legible(self.text))


@dataclass(frozen=True)
class Symbol:
    """A single letter: ``β``, ``u``."""

    text: str


@dataclass(frozen=True)
class Digits:
    """A number, as it is written."""

    text: str


@dataclass(frozen=True)
class Sign:
    """An operator, a relation or a comma."""

    text: str


@dataclass(frozen=True)
class Script:
    """A piece with a subscript, a superscript or both."""

    base: Node
    sub: Node | None = None
    sup: Node | None = None


@dataclass(frozen=True)
class Row:
    """Pieces one after the other."""

    pieces: tuple[Node, ...]


@dataclass(frozen=True)
class Apply:
    """A function or distribution with its arguments: ``Normal(μ, σ²)``."""

    function: Node
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Fenced:
    """A piece in parentheses."""

    inside: Node


@dataclass(frozen=True)
class Fraction:
    """One piece over another."""

    above: Node
    below: Node


@dataclass(frozen=True)
class Root:
    """A square root."""

    inside: Node


@dataclass(frozen=True)
class Matrix:
    """A matrix in parentheses, row by row."""

    rows: tuple[tuple[Node, ...], ...]


type Node = Name | Symbol | Digits | Sign | Script | Row | Apply | Fenced | Fraction | Root | Matrix


@dataclass(frozen=True)
class Equation:
    """One line of a model.

    Attributes
    ----------
    left : Node
        What the line is about.
    relation : str
        ``"="`` or ``"∼"``.
    right : tuple of Node
        Its pieces; a line may be broken before each of them, and each but the first begins with its sign.
    words : str
        What the line says besides, in plain text.
    """

    left: Node
    relation: str
    right: tuple[Node, ...]
    words: str = ""


TIMES = Sign("\u2062")
"""Invisible: what stands before it is multiplied by what follows."""


def row(*pieces: Node) -> Node:
    """Pieces one after the other; a single one stays as it is."""
    return pieces[0] if len(pieces) == 1 else Row(pieces)


def times(*pieces: Node) -> Node:
    """A product without a visible sign; a single piece stays as it is."""
    return between(TIMES.text, pieces)


def between(sign: str, pieces: tuple[Node, ...]) -> Node:
    """Pieces with a sign between them."""
    found: list[Node] = []
    for piece in pieces:
        found += [Sign(sign), piece] if found else [piece]
    return row(*found)
