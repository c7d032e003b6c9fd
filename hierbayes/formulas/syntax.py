"""The syntax tree: what stands where, before any of it has a meaning.

The same tree serves formulas and the arithmetic inside ``I()``; ``expansion`` and ``expressions`` give it the
one meaning or the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from hierbayes.formulas.terms import Span
from hierbayes.formulas.tokens import Token


@dataclass(frozen=True)
class Leaf:
    """A name, a number or a quoted text; ``token.kind`` says which."""

    token: Token

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.token.span


@dataclass(frozen=True)
class Prefix:
    """A sign before an operand."""

    operator: Token
    operand: Node
    span: Span


@dataclass(frozen=True)
class Infix:
    """Operands joined by operators of one precedence, applied from left to right.

    A chain is one node: a sum of 2,000 terms must not become a tree 2,000 levels deep.
    """

    first: Node
    rest: tuple[tuple[Token, Node], ...]
    span: Span


@dataclass(frozen=True)
class Parentheses:
    """A part in parentheses; the span includes them."""

    inner: Node
    span: Span


@dataclass(frozen=True)
class Argument:
    """An argument of a function, with its keyword where it has one."""

    keyword: Token | None
    value: Node
    span: Span


@dataclass(frozen=True)
class Apply:
    """A function with its arguments."""

    function: Token
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True)
class Subscript:
    """A part followed by a label in brackets: ``use[Y]``."""

    base: Node
    label: Token
    span: Span


type Node = Leaf | Prefix | Infix | Parentheses | Apply | Subscript


def unwrap(node: Node) -> Node:
    """The node without the parentheses around it."""
    while isinstance(node, Parentheses):
        node = node.inner
    return node
