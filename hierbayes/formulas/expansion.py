"""Syntax to terms, with the rules of R's ``terms()``.

Within a side, a variable is a bit and a term the set of its variables, so that ``a:b`` and ``b:a`` are one
term and ``a:a`` is ``a``. The intercept is a switch: the last ``0`` or ``1`` decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hierbayes.errors import FormulaError
from hierbayes.formulas import functions as fn
from hierbayes.formulas import tokens as tk
from hierbayes.formulas.advice import operator_advice
from hierbayes.formulas.arguments import whole_number
from hierbayes.formulas.expressions import no_variable, read_call, read_variable
from hierbayes.formulas.grouping import grouping
from hierbayes.formulas.merging import merge_groups
from hierbayes.formulas.source import MAX_PRODUCTS, MAX_TERMS, Source
from hierbayes.formulas.syntax import Apply, Infix, Leaf, Node, Parentheses, Prefix
from hierbayes.formulas.terms import Call, Expression, GroupTerm, Name, Rest, Span, Term
from hierbayes.formulas.tokens import Token


@dataclass(frozen=True)
class Appearance:
    """How a term was first written: its variables in that order, and where."""

    order: tuple[int, ...]
    span: Span


type TermSet = dict[int, Appearance]
"""Terms in order of appearance, by the bits of their variables."""

MAX_POWER = 10


@dataclass(frozen=True)
class Place:
    """Where a part stands: what is allowed there, and whether ``1`` adds the intercept or removes it."""

    inside: str = ""  # "an interaction", "a subtraction" or "a group term"
    adds: bool = True


@dataclass
class Budget:
    """How much a formula has expanded to so far; its group terms count too."""

    terms: int = 0
    products: int = 0


@dataclass
class Side:
    """A right side, or the left of a group term, while it is expanded."""

    source: Source
    budget: Budget
    variables: dict[Expression, int] = field(default_factory=dict)
    intercept: bool = True
    intercept_span: Span = (0, 0)
    groups: list[GroupTerm] = field(default_factory=list)
    offsets: list[Call] = field(default_factory=list)
    excluded: dict[Name, None] = field(default_factory=dict)

    def main_effect(self, variable: Expression, span: Span) -> TermSet:
        """The term of one variable, which gets a new bit at its first appearance."""
        number = self.variables.setdefault(variable, len(self.variables))
        return {1 << number: Appearance((number,), span)}

    def check_size(self, n_terms: int, span: Span) -> None:
        """Refuse an expansion that is too large, before it grows further."""
        if n_terms > MAX_TERMS or self.budget.products > MAX_PRODUCTS:
            raise self.source.error(
                f"The formula expands to more than {MAX_TERMS:,} terms.",
                span,
                "Write out only the interactions that you need, `a:b`; each further `*` doubles the terms.",
            )

    def terms(self, expanded: TermSet) -> tuple[Term, ...]:
        """The terms as records: the intercept, then by order of interaction, then by appearance.

        The factors of an interaction stand in the order of their main effects; those that have none follow as
        written. (R has one order of all variables instead, and its terms do not read back as the same:
        ``(a + b):c`` prints as ``a:c + b:c``, which gives ``a:c + c:b``.)
        """
        variables = tuple(self._with_exclusions(v, expanded) for v in self.variables)
        ordered = sorted(expanded.items(), key=lambda item: item[0].bit_count())
        main = {written.order[0]: i for i, (_, written) in enumerate(ordered) if len(written.order) == 1}
        terms = [Term((), self.intercept_span)] if self.intercept else []
        for _, written in ordered:
            order = sorted(written.order, key=lambda number: main.get(number, len(ordered)))
            terms.append(Term(tuple(variables[number] for number in order), written.span))
        self.budget.terms += len(terms)
        self.check_size(self.budget.terms, (0, len(self.source.text)))
        return tuple(terms)

    def _with_exclusions(self, variable: Expression, expanded: TermSet) -> Expression:
        """``.`` without the columns that were subtracted from it, unless they are terms themselves."""
        if not isinstance(variable, Rest):
            return variable
        without = tuple(
            name
            for name in self.excluded
            if name not in self.variables or 1 << self.variables[name] not in expanded
        )
        return replace(variable, without=without)


@dataclass(frozen=True)
class Expanded:
    """A right side: population terms, group terms and offsets in order of appearance, and what became one."""

    population: tuple[Term, ...]
    groups: tuple[GroupTerm, ...]
    offsets: tuple[Call, ...]
    notes: tuple[str, ...] = ()


def expand(source: Source, node: Node) -> Expanded:
    """Expand the right side of a formula.

    Parameters
    ----------
    source : Source
        The text, for errors.
    node : Node
        Its right side.

    Returns
    -------
    Expanded
        In the population terms the intercept comes first, where there is one.

    Raises
    ------
    FormulaError
        For what is not a term, and for expansions beyond the limits.
    """
    side = Side(source, Budget())
    population = side.terms(_expand(side, node, Place()))
    if not population and not side.groups and not side.offsets:
        raise source.error(
            "The right side leaves no term.", node.span, "Write `y ~ 1` for a model of the intercept alone."
        )
    groups, notes = merge_groups(source, side.groups)
    return Expanded(population, groups, tuple(side.offsets), notes)


def _expand(side: Side, node: Node, place: Place) -> TermSet:
    match node:
        case Parentheses(Infix(_, rest) as bar, span) if rest[0][0].text in {"|", "||"}:
            if place.inside:
                raise _misplaced_group(side.source, place, span)
            side.groups += group_terms(side, bar, span)
            return {}
        case Parentheses(inner):
            return _expand(side, inner, place)
        case Prefix(operator, operand):
            return EXPANSIONS[operator.text](side, {}, operand, place)
        case Infix():
            return _chain(side, node, place)
        case Leaf(token) if token.kind == tk.NUMBER:
            return _number(side, token, place)
        case Leaf(token) if token.kind == tk.REST and place.inside in {"", "a subtraction"}:
            return side.main_effect(Rest(span=token.span), token.span)
        case Apply(function) if function.text == "offset" and not place.inside:
            side.offsets.append(read_call(side.source, node, fn.OFFSET))
            return {}
        case Leaf() | Apply():
            return side.main_effect(read_variable(side.source, node), node.span)
        case _:
            raise no_variable(side.source, node)


def _chain(side: Side, node: Infix, place: Place) -> TermSet:
    operator, second = node.rest[0]
    if operator.text not in EXPANSIONS:
        problem, hint = operator_advice(side.source, operator, node.first, second)
        raise side.source.error(problem, operator.span, hint)
    product = operator.text not in _SUMS
    terms = _expand(side, node.first, replace(place, inside="an interaction") if product else place)
    for operator, operand in node.rest:
        expansion = EXPANSIONS.get(operator.text)
        if expansion is None:
            problem, hint = operator_advice(side.source, operator, node.first, operand)
            raise side.source.error(problem, operator.span, hint)
        terms = expansion(side, terms, operand, place)
    return terms


def _number(side: Side, token: Token, place: Place) -> TermSet:
    value = float(token.value)
    if value not in {0, 1}:
        raise side.source.error(
            f"The number {token.text} is not a term.",
            token.span,
            "Only `1` (intercept) and `0` (no intercept) are; arithmetic stands in `I()`, as in `I(2*x)`.",
        )
    if place.inside == "an interaction":
        raise side.source.error(
            f"`{token.text}` cannot be part of an interaction.",
            token.span,
            "Interactions are products of columns, `a:b`; `a*b` is short for `a + b + a:b`.",
        )
    side.intercept = (value == 1) == place.adds
    side.intercept_span = token.span
    return {}


def _union(terms: TermSet, *others: TermSet) -> TermSet:
    """Add terms in place; the first appearance of each one stays."""
    for other in others:
        for mask, appearance in other.items():
            terms.setdefault(mask, appearance)
    return terms


def _add(side: Side, left: TermSet, operand: Node, place: Place) -> TermSet:
    return _union(left, _expand(side, operand, place))


def _subtract(side: Side, left: TermSet, operand: Node, place: Place) -> TermSet:
    inside = place.inside if place.inside in {"an interaction", "a group term"} else "a subtraction"
    rest = side.variables.get(Rest())
    for mask, written in _expand(side, operand, Place(inside, not place.adds)).items():
        left.pop(mask, None)
        variable = tuple(side.variables)[written.order[0]] if len(written.order) == 1 else None
        if isinstance(variable, Rest):
            side.excluded.clear()
        elif isinstance(variable, Name) and rest is not None and 1 << rest in left:
            side.excluded[variable] = None
    return left


def _interact(side: Side, left: TermSet, operand: Node, place: Place) -> TermSet:
    right = _expand(side, operand, replace(place, inside="an interaction"))
    return _product(side, left, right, operand.span)


def _cross(side: Side, left: TermSet, operand: Node, place: Place) -> TermSet:
    right = _expand(side, operand, replace(place, inside="an interaction"))
    product = _product(side, left, right, operand.span)
    return _union(left, right, product)


def _nest(side: Side, left: TermSet, operand: Node, place: Place) -> TermSet:
    """``a/b`` is ``a + a:b``; ``(a + b)/c`` is ``a + b + a:b:c``."""
    right = _expand(side, operand, replace(place, inside="an interaction"))
    return _union(left, _product(side, _all_of(side, left), right, operand.span))


def _within(side: Side, left: TermSet, operand: Node, place: Place) -> TermSet:
    """``a %in% b`` is ``a:b``; ``a %in% (b + c)`` is ``a:b:c``."""
    right = _expand(side, operand, replace(place, inside="an interaction"))
    return _product(side, left, _all_of(side, right), operand.span)


def _all_of(side: Side, terms: TermSet) -> TermSet:
    """The interaction of all variables of some terms."""
    if not terms:
        return {}
    spans = [written.span for written in terms.values()]
    span = (min(start for start, _ in spans), max(end for _, end in spans))
    side.budget.products += sum(len(written.order) for written in terms.values())
    side.check_size(0, span)
    order = tuple(dict.fromkeys(number for written in terms.values() for number in written.order))
    return {sum(1 << number for number in order): Appearance(order, span)}


def _power(side: Side, left: TermSet, operand: Node, place: Place) -> TermSet:
    """``(a + b + c)^2``: the terms and their interactions of up to two."""
    n = whole_number(operand)
    if n is None or not 1 <= n <= MAX_POWER:
        raise side.source.error(
            f"`{side.source.cut(operand.span)}` is not a whole number from 1 to {MAX_POWER}.",
            operand.span,
            "`(a + b + c)^2` has all interactions of two; the power of a column is `I(x^2)`.",
        )
    if len(left) < 2:
        raise side.source.error(
            "A power of one term is that term itself.",
            operand.span,
            "The power of a column is `I(x^2)`; `(a + b + c)^2` has all interactions of two.",
        )
    product = dict(left)
    for _ in range(n - 1):
        product = _product(side, product, left, operand.span)
        _union(left, product)
    return left


def _product(side: Side, left: TermSet, right: TermSet, end: Span) -> TermSet:
    start = min((appearance.span[0] for appearance in left.values()), default=end[0])
    span = (start, end[1])
    side.budget.products += len(left) * len(right)
    side.check_size(0, span)
    product: TermSet = {}
    for a, before in left.items():
        for b, after in right.items():
            if a | b not in product:
                order = dict.fromkeys((*before.order, *after.order))
                product[a | b] = Appearance(tuple(order), span)
    side.check_size(len(product), span)
    return product


EXPANSIONS: dict[str, Callable[[Side, TermSet, Node, Place], TermSet]] = {
    "+": _add,
    "-": _subtract,
    ":": _interact,
    "*": _cross,
    "/": _nest,
    "%in%": _within,
    "^": _power,
    "**": _power,
}
"""What each operator does to the terms on its left; more operators are more rows."""

_SUMS = frozenset("+-")


def group_terms(side: Side, bar: Infix, span: Span) -> list[GroupTerm]:
    """Read ``(left | factor)``: one group term, or several where a factor is nested, ``(1 | a/b)``."""
    source, (operator, _), (_, factor_node) = side.source, bar.rest[0], bar.rest[-1]
    shared = _shared(source, bar)
    inner = Side(source, side.budget)
    expanded = _expand(inner, bar.first, Place("a group term"))
    terms = inner.terms(expanded)
    if not terms:
        raise source.error(
            "Nothing varies over the groups.",
            bar.first.span,
            "Write `(1 | g)`, or name a column: `(0 + x | g)`.",
        )
    factors, by = grouping(source, factor_node, bar.first)
    if shared and (by or len(factors) > 1):
        raise source.error(
            f"The ID {shared} stands before {'`gr()`' if by else 'nested factors'}.",
            factor_node.span,
            f"Effects of one factor can be correlated over linear predictors: `(1 |{shared}| g)`.",
        )
    side.budget.terms += len(terms) * (len(factors) - 1)
    side.check_size(side.budget.terms, span)
    correlated = operator.text == "|"
    return [GroupTerm(terms, factor, correlated, by, shared, span, factor_node.span) for factor in factors]


def _shared(source: Source, bar: Infix) -> str:
    """The ID of ``(1 |c| g)``, empty in ``(1 | g)``."""
    if len(bar.rest) == 1:
        return ""
    (operator, node), (second, _), *more = bar.rest
    if more:
        raise source.error("A group term has at most two `|`.", more[0][0].span, _SHARED_HINT)
    if not isinstance(node, Leaf) or re.fullmatch(r"\w+", node.token.text) is None:
        raise source.error(f"`{source.cut(node.span)}` is not an ID.", node.span, _SHARED_HINT)
    for bars in (operator, second):
        if bars.text != "|":
            raise source.error("`||` stands beside an ID.", bars.span, _SHARED_HINT)
    return node.token.text


_SHARED_HINT = (
    "Write `(1 + x | g)`. Between two bars stands an ID, a word or a number, `(1 |c| g)`: group terms of "
    "several linear predictors with the same ID are correlated."
)


_GROUP_MISPLACED: dict[str, tuple[str, str]] = {
    "an interaction": (
        "A group term cannot be part of an interaction.",
        "Join group terms with `+`; the slope of x varies over g in `(1 + x | g)`.",
    ),
    "a subtraction": ("A group term cannot be subtracted.", "Leave it out of the formula."),
    "a group term": (
        "A group term cannot stand inside another.",
        "Join group terms with `+`: `(1 | a) + (1 | b)`; b within a is `(1 | a) + (1 | a:b)`.",
    ),
}


def _misplaced_group(source: Source, place: Place, span: Span) -> FormulaError:
    problem, hint = _GROUP_MISPLACED[place.inside]
    return source.error(problem, span, hint)
