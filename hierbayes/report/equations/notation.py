"""Which letter stands for which coefficient, group effect and parameter of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import isclose

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.formulas.terms import Call, Expression, Formula, Number, Operation, Term
from hierbayes.formulas.terms import Name as ColumnName
from hierbayes.report.equations.nodes import Digits, Name, Node, Row, Script, Sign, Symbol, between, row
from hierbayes.spec.records import GroupSpec, ModelSpec, PredictorSpec

BELL = "Normal"
COEFFICIENTS = "βγδζ"
EFFECTS = "uvwz"
PARAMETERS: dict[str, Node] = {
    "sigma": Symbol("σ"),
    "nu": Symbol("ν"),
    "phi": Symbol("φ"),
    "shape": Name("shape"),
    "zi": Name("zi"),
    "hu": Name("hu"),
}
I, J, K, C = (Symbol(letter) for letter in "ijkc")
PROBABILITIES = ("bernoulli", "binomial", "beta_binomial")


def squared(node: Node) -> Node:
    """A piece to the power of two, beside its subscript where it has one."""
    two = Digits("2")
    if isinstance(node, Script) and node.sup is None:
        return Script(node.base, node.sub, two)
    return Script(node, sup=two)


def of_row(node: Node) -> Node:
    """A piece of one row of the data: with the subscript i."""
    return Script(node, I)


@dataclass(frozen=True)
class Notation:
    """The letters of a model.

    Attributes
    ----------
    spec : ModelSpec
        The model.
    design : Design
        Its data, for the levels of factors.
    """

    spec: ModelSpec
    design: Design

    @property
    def generic(self) -> bool:
        """Whether one linear predictor is written for all categories of an unordered response."""
        return bool(self.spec.label)

    @property
    def response(self) -> Node:
        """The response of a row, by the user's name."""
        return of_row(Name(self.design.response.name))

    @property
    def mean(self) -> Node:
        """What the main linear predictor is about, of a row."""
        return of_row(Symbol("π" if self.spec.family in PROBABILITIES else "μ"))

    def parameter(self, name: str) -> Node:
        """A parameter of the family; of a row, where it has a linear predictor."""
        symbol = PARAMETERS[name]
        return of_row(symbol) if any(p.name == name for p in self.spec.predictors) else symbol

    def formula(self, predictor: PredictorSpec) -> Formula:
        """The formula of a linear predictor, as it was read."""
        own = {recipe.name: recipe.formula for recipe in self.design.recipe.predictors}
        return own.get(predictor.name) or self.design.recipe.formula

    def coefficient(self, predictor: str, term: str) -> Node:
        """The letter of a population coefficient: β₁."""
        position = [p.name for p in self.spec.linear].index(predictor)
        terms = self.spec.linear[position].terms
        index = terms.index(term) + (0 if names.INTERCEPT in terms else 1)
        if self.generic:
            return Script(Symbol(COEFFICIENTS[0]), Row((C, Digits(str(index)))))
        return Script(Symbol(COEFFICIENTS[position]), Digits(str(index)))

    def effect(self, group: GroupSpec, term: str, unit: Node | None = None) -> Node:
        """The letter of a group effect: u₀ of a group, u_{0,j} or u_{0,school[i]} of one of them."""
        pieces: tuple[Node, ...] = self._indices(group, term)
        if unit is not None:
            pieces = (*pieces, Sign(","), unit)
        return Script(self._letter(group), row(*pieces))

    def sd(self, group: GroupSpec, term: str) -> Node:
        """The letter of the standard deviation of a group effect: σ_{u0}."""
        return Script(Symbol("σ"), row(self._letter(group), *self._indices(group, term)))

    def covariance(self, letter: str, group: GroupSpec) -> Node:
        """A matrix of a group term: its letter with those of the effects below."""
        parts = dict.fromkeys(self._letter(part) for part in group.parts or (group,))
        return Script(Symbol(letter), row(*parts))

    def members(self, group: GroupSpec) -> tuple[tuple[GroupSpec, str], ...]:
        """The effects of a group term as it is sampled: each with the term that it is of."""
        return tuple((part, term) for part in group.parts or (group,) for term in part.terms)

    def unit(self, group: GroupSpec) -> Node:
        """The group of a row: school[i]."""
        return Row((Name(group.factor), Sign("["), I, Sign("]")))

    def columns(self, predictor: PredictorSpec) -> Mapping[str, Node]:
        """How the columns of a linear predictor are written, population and group-level, by their names."""
        formula = self.formula(predictor)
        found: dict[str, Node] = {}
        for term in (*formula.population, *(t for group in formula.groups for t in group.terms)):
            found |= self._written(term)
        return found

    def _written(self, term: Term) -> dict[str, Node]:
        choices = [self._factor(factor) for factor in term.factors]
        found = {}
        for chosen in product(*choices):
            key = names.interaction([name for name, _ in chosen])
            found[key] = between("⋅", tuple(node for _, node in chosen))
        return found

    def _factor(self, factor: Expression) -> list[tuple[str, Node]]:
        text = str(factor)
        name = factor.name if isinstance(factor, ColumnName) else text
        levels = self.design.recipe.factors.get(text, ())
        labelled = [names.level(name, label) for label in levels]
        found: list[tuple[str, Node]] = [(label, of_row(Name(label))) for label in labelled]
        return found or [(name, expression_node(factor))]

    @cached_property
    def _letters(self) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for predictor in self.spec.linear:
            for position, group in enumerate(predictor.groups):
                found[group.name] = _nth(position if self.generic else len(found))
        return found

    def _letter(self, group: GroupSpec) -> Node:
        return self._letters[group.name]

    def _indices(self, group: GroupSpec, term: str) -> tuple[Node, ...]:
        index = group.terms.index(term) + (0 if group.terms[0] == names.INTERCEPT else 1)
        number = Digits(str(index))
        return (C, number) if self.generic else (number,)


def _nth(position: int) -> Node:
    if position < len(EFFECTS):
        return Symbol(EFFECTS[position])
    return Script(Symbol(EFFECTS[0]), sup=Row((Sign("("), Digits(str(position + 1)), Sign(")"))))


def expression_node(expression: Expression) -> Node:
    """A column of numbers of a row: squares and products of columns as such, others by their names."""
    if isinstance(expression, ColumnName):
        return of_row(Name(expression.name))
    if isinstance(expression, Call) and expression.function == "I" and len(expression.arguments) == 1:
        return expression_node(expression.arguments[0])
    if isinstance(expression, Operation) and len(expression.operands) == 2:
        first, second = expression.operands
        if expression.operator == "^" and isinstance(first, ColumnName) and isinstance(second, Number):
            whole = isclose(second.value, round(second.value))
            power = Digits(f"{second.value:.0f}" if whole else f"{second.value:g}")
            return Script(Name(first.name), I, power)
        if expression.operator == "*" and isinstance(first, ColumnName) and isinstance(second, ColumnName):
            return between("⋅", (expression_node(first), expression_node(second)))
    return of_row(Name(str(expression)))
