"""The immutable records that a formula is read into; each knows its place in the text and prints back as R.

Printing is canonical: ``parse(str(parse(text))) == parse(text)`` (spans do not take part in equality).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

type Span = tuple[int, int]
"""Start and end (exclusive) of a piece of the formula text."""

QUOTE = '"'


def is_plain_name(name: str) -> bool:
    """Whether a column's name needs no backquotes: a Unicode identifier, R's dots allowed."""
    letters = name.replace(".", "_")
    return letters.isidentifier() and name.strip(".") != "" and not (name[0] == "." and name[1].isdigit())


@dataclass(frozen=True)
class Name:
    """A column, plain or backquoted."""

    name: str
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        return self.name if is_plain_name(self.name) else _quote(self.name, "`")


@dataclass(frozen=True)
class Number:
    """A numeric constant inside ``I()`` or an argument."""

    value: float
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        short = f"{self.value:.15g}"
        return short if float(short) == self.value else repr(self.value)


@dataclass(frozen=True)
class Operation:
    """Arithmetic inside ``I()``: an operator with one or two operands.

    Attributes
    ----------
    operator : str
        One of ``+ - * / ^``; with one operand, ``-``. ``^`` is the power.
    operands : tuple of Expression
        One or two.
    """

    operator: str
    operands: tuple[Expression, ...]
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        pattern, _, bounds = _PRINTED[self.operator, len(self.operands)]
        return pattern.format(*map(_operand, self.operands, bounds))

    @property
    def binding(self) -> int:
        """How tightly the operator binds: 1 for a sum up to 4 for a power."""
        return _PRINTED[self.operator, len(self.operands)][1]


@dataclass(frozen=True)
class Call:
    """A function applied to arguments: ``I(age^2)``, ``factor(x)``."""

    function: str
    arguments: tuple[Expression, ...]
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


type Expression = Name | Number | Operation | Call

_PRINTED: dict[tuple[str, int], tuple[str, int, tuple[int, ...]]] = {
    ("+", 2): ("{} + {}", 1, (1, 2)),
    ("-", 2): ("{} - {}", 1, (1, 2)),
    ("*", 2): ("{} * {}", 2, (2, 3)),
    ("/", 2): ("{}/{}", 2, (2, 3)),
    ("-", 1): ("-{}", 3, (3,)),
    ("^", 2): ("{}^{}", 4, (5, 3)),
}
"""How R prints an operation, how tightly it binds, and how tightly an operand must to need no parentheses."""


def _operand(operand: Expression, bound: int) -> str:
    loose = isinstance(operand, Operation) and operand.binding < bound
    return f"({operand})" if loose else str(operand)


def _quote(text: str, quote: str) -> str:
    return quote + text.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote


@dataclass(frozen=True)
class Term:
    """A product of factors, ``age:ch``; a term without factors is the intercept."""

    factors: tuple[Expression, ...]
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        return ":".join(map(str, self.factors)) if self.factors else "1"

    @property
    def is_intercept(self) -> bool:
        """Whether this is the term ``1``."""
        return not self.factors


@dataclass(frozen=True)
class GroupTerm:
    """Effects that vary over groups: ``(1 + x | school)``.

    Attributes
    ----------
    terms : tuple of Term
        What varies, in canonical order, the intercept first where there is one.
    factor : tuple of Expression
        The grouping factor; more than one entry is an interaction, ``(1 | urban:district)``.
    """

    terms: tuple[Term, ...]
    factor: tuple[Expression, ...]
    span: Span = field(compare=False, default=(0, 0))
    factor_span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        left = " + ".join(map(str, self.terms))
        if not self.terms[0].is_intercept:
            left = f"0 + {left}"
        return f"({left} | {self.factor_name})"

    @property
    def factor_name(self) -> str:
        """The grouping factor as text: ``urban:district``."""
        return ":".join(map(str, self.factor))


@dataclass(frozen=True)
class Response:
    """The left side: an expression, and for binary outcomes the level to model, ``use[Y]``."""

    expression: Expression
    level: str | None = None
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        if self.level is None:
            return str(self.expression)
        plain = re.fullmatch(r"[\w.+-]+", self.level) is not None
        return f"{self.expression}[{self.level if plain else _quote(self.level, QUOTE)}]"


@dataclass(frozen=True)
class Formula:
    """A whole model formula.

    Attributes
    ----------
    response : Response
        The left side.
    population : tuple of Term
        Population terms in R's order: the intercept first (absent after ``0 +``), main effects in order of
        appearance, then interactions by order.
    groups : tuple of GroupTerm
        Group terms in order of appearance.
    text : str
        What the user wrote.
    """

    response: Response
    population: tuple[Term, ...]
    groups: tuple[GroupTerm, ...]
    text: str = field(compare=False, default="")

    def __str__(self) -> str:
        population = " + ".join(map(str, self.population))
        if not self.population:
            population = "0"
        elif not self.population[0].is_intercept:
            population = f"0 + {population}"
        parts = [population, *map(str, self.groups)]
        return f"{self.response} ~ {' + '.join(parts)}"
