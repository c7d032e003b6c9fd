"""The immutable records that a formula is read into; each knows its place in the text and prints back as R.

Printing is canonical: ``parse(str(parse(text))) == parse(text)`` (spans do not take part in equality).
"""

from __future__ import annotations

import math
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
    """A numeric constant inside ``I()`` or an argument; only arguments can be negative or infinite."""

    value: float
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        if math.isinf(self.value):
            return "Inf" if self.value > 0 else "-Inf"
        short = f"{self.value:.15g}"
        return short if float(short) == self.value else repr(self.value)


@dataclass(frozen=True)
class Text:
    """A text in quotes, an argument: ``factor(f, ref = "b")``."""

    value: str
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        return _quote(self.value, QUOTE)


@dataclass(frozen=True)
class Word:
    """A fixed word of the grammar, an argument: ``TRUE``, ``sum``."""

    text: str
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Rest:
    """``.``: all columns of the data that the formula does not name otherwise, less those of ``without``.

    The design stage puts the columns in its place.
    """

    without: tuple[Name, ...] = ()
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        return " - ".join([".", *map(str, self.without)])


@dataclass(frozen=True)
class Operation:
    """Arithmetic inside ``I()``: an operator with one or two operands.

    Attributes
    ----------
    operator : str
        One of ``+ - * / ^``, where ``^`` is the power, or a comparison, or ``&`` and ``|`` of them, which are
        1 or 0; with one operand, ``-`` or ``!``.
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
        """How tightly the operator binds: 0 for ``|``, 3 for a comparison, 4 for a sum, 7 for a power."""
        return _PRINTED[self.operator, len(self.operands)][1]


@dataclass(frozen=True)
class Call:
    """A function applied to arguments: ``I(age^2)``, ``poly(x, 2, raw = TRUE)``."""

    function: str
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...] = ()
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        named = (f"{keyword} = {value}" for keyword, value in self.keywords)
        return f"{self.function}({', '.join([*map(str, self.arguments), *named])})"


type Expression = Name | Number | Text | Word | Rest | Operation | Call

COMPARISONS = ("==", "!=", "<", ">", "<=", ">=")

_PRINTED: dict[tuple[str, int], tuple[str, int, tuple[int, ...]]] = {
    ("|", 2): ("{} | {}", 0, (0, 1)),
    ("&", 2): ("{} & {}", 1, (1, 2)),
    ("!", 1): ("!{}", 2, (4,)),
    **{(sign, 2): (f"{{}} {sign} {{}}", 3, (4, 4)) for sign in COMPARISONS},
    ("+", 2): ("{} + {}", 4, (4, 5)),
    ("-", 2): ("{} - {}", 4, (4, 5)),
    ("*", 2): ("{} * {}", 5, (5, 6)),
    ("/", 2): ("{}/{}", 5, (5, 6)),
    ("-", 1): ("-{}", 6, (6,)),
    ("^", 2): ("{}^{}", 7, (8, 6)),
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
    correlated : bool
        Whether the effects of a group may correlate; False for ``(1 + x || school)``.
    by : Name or None
        A column that is constant within groups, whose levels have their own standard deviations and
        correlations: ``(1 + x | gr(school, by = sector))``.
    shared : str
        The ID of ``(1 |c| g)``: its effects correlate with those of the terms of other linear predictors that
        have the same; empty for none.
    """

    terms: tuple[Term, ...]
    factor: tuple[Expression, ...]
    correlated: bool = True
    by: Name | None = None
    shared: str = ""
    span: Span = field(compare=False, default=(0, 0))
    factor_span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        left = " + ".join(map(str, self.terms))
        if not self.terms[0].is_intercept:
            left = f"0 + {left}"
        right = self.factor_name if self.by is None else f"gr({self.factor_name}, by = {self.by})"
        if self.shared:
            return f"({left} |{self.shared}| {right})"
        return f"({left} {'|' if self.correlated else '||'} {right})"

    @property
    def factor_name(self) -> str:
        """The grouping factor as text: ``urban:district``."""
        return ":".join(map(str, self.factor))


@dataclass(frozen=True)
class Response:
    """The left side.

    Attributes
    ----------
    expression : Expression
        A column, a transform of it, or ``cbind(successes, failures)``.
    level : str or None
        For binary outcomes the level to model, ``use[Y]``.
    additions : tuple of Call
        What stands behind a bar: ``s | trials(n)``, ``y | weights(w) + cens(side)``.
    """

    expression: Expression
    level: str | None = None
    additions: tuple[Call, ...] = ()
    span: Span = field(compare=False, default=(0, 0))

    def __str__(self) -> str:
        added = f" | {' + '.join(map(str, self.additions))}" if self.additions else ""
        if self.level is None:
            return f"{self.expression}{added}"
        plain = re.fullmatch(r"[\w.+-]+", self.level) is not None
        return f"{self.expression}[{self.level if plain else _quote(self.level, QUOTE)}]{added}"


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
    offsets : tuple of Call
        ``offset(...)``: added to the linear predictor as they are.
    text : str
        What the user wrote.
    notes : tuple of str
        What was read otherwise than it stands: group terms that became one.
    """

    response: Response
    population: tuple[Term, ...]
    groups: tuple[GroupTerm, ...]
    offsets: tuple[Call, ...] = ()
    text: str = field(compare=False, default="")
    notes: tuple[str, ...] = field(compare=False, default=())

    def __str__(self) -> str:
        population = " + ".join(map(str, self.population))
        if not self.population:
            population = "0"
        elif not self.population[0].is_intercept:
            population = f"0 + {population}"
        parts = [population, *map(str, self.offsets), *map(str, self.groups)]
        return f"{self.response} ~ {' + '.join(parts)}"
