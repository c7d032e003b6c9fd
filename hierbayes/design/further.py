"""Further linear predictors: of parameters with a formula of their own, and of categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.checks import check_constant, check_factors, rank_messages
from hierbayes.design.coding import model_matrix
from hierbayes.design.columns import Variable, evaluate_all, offset_values
from hierbayes.design.frame import Table, column_uses, formula_text
from hierbayes.design.grouped import GroupRecipe, known_groups, learn_groups
from hierbayes.design.records import Floats, GroupDesign, PredictorDesign
from hierbayes.formulas.terms import Expression, Formula, GroupTerm, Term

type Group = tuple[GroupDesign, NDArray[np.str_]]
"""A group term for other data, with the label of every row's group."""


@dataclass(frozen=True)
class PredictorRecipe:
    """What a model remembers of a further linear predictor.

    Attributes
    ----------
    name : str
        The parameter or category, as in ``PredictorDesign``.
    formula : Formula or None
        Its formula; None where it shares the right side of the main one.
    terms : tuple of str
        Names of its population columns.
    groups : tuple of GroupRecipe
        Its group terms.
    label : str
        What it is called in tables.
    """

    name: str
    formula: Formula | None
    terms: tuple[str, ...]
    groups: tuple[GroupRecipe, ...]
    label: str = ""


def used_expressions(population: Sequence[Term], groups: Sequence[GroupTerm]) -> tuple[Expression, ...]:
    """The expressions of all population and group-level columns, each once."""
    terms = [*population, *(term for group in groups for term in group.terms)]
    return tuple({str(e): e for term in terms for e in term.factors}.values())


def evaluated_expressions(population: Sequence[Term], groups: Sequence[GroupTerm]) -> tuple[Expression, ...]:
    """Those, and the grouping factors."""
    return (*used_expressions(population, groups), *(e for group in groups for e in group.factor))


def own_text(table: Table, formula: Formula) -> Table:
    """The table with the text and the places of another formula, for carets."""
    roles = {use.span: use.role for use in column_uses(formula, response=False)}
    return replace(table, text=formula_text(formula), roles=roles)


def learn_predictor(
    name: str, formula: Formula, table: Table
) -> tuple[PredictorDesign, PredictorRecipe, dict[str, Variable], tuple[str, ...]]:
    """The columns of a parameter's linear predictor, its recipe, its variables, and what to know of them.

    Raises
    ------
    DataError
        As for the columns of the main linear predictor.
    """
    own = own_text(table, formula)
    variables = evaluate_all(used_expressions(formula.population, formula.groups), own)
    check_factors(variables)
    X, terms = model_matrix(formula.population, variables, table.n)
    check_constant(X, terms, f" of the formula of {name}")
    groups, recipes = learn_groups(formula.groups, own, variables, made=(X, terms))
    messages = tuple(f"{name}: {text}" for text in (*formula.notes, *rank_messages(X, terms)))
    offset = offset_values(formula, own)
    design = PredictorDesign(name, X, terms, tuple(_renamed(name, g) for g in groups), offset, name)
    recipe = PredictorRecipe(name, formula, terms, tuple(_renamed(name, g) for g in recipes), name)
    return design, recipe, variables, messages


def shared_predictor(
    name: str, label: str, main: PredictorDesign, recipes: Sequence[GroupRecipe]
) -> tuple[PredictorDesign, PredictorRecipe]:
    """The linear predictor of a category: the columns of the main one, its own names of group terms."""
    design = replace(main, name=name, groups=tuple(_renamed(name, g) for g in main.groups), label=label)
    return design, PredictorRecipe(name, None, main.terms, tuple(_renamed(name, g) for g in recipes), label)


def known_predictor(
    recipe: PredictorRecipe,
    table: Table,
    how: tuple[Callable[[Expression, Table], Variable], str, bool],
    main: PredictorDesign,
) -> tuple[PredictorDesign, Mapping[str, NDArray[np.str_]]]:
    """A further linear predictor for other data, and the labels of each row's group.

    Parameters
    ----------
    recipe : PredictorRecipe
        What the model remembers.
    table : Table
        The rows.
    how : (callable, str, bool)
        How expressions are evaluated, ``"error"`` or ``"allow"`` for new groups, whether to build groups.
    main : PredictorDesign
        The main linear predictor for the same data.
    """
    evaluate, new_levels, groups = how
    if recipe.formula is None:
        return shared_predictor(recipe.name, recipe.label, main, ())[0], {}
    own = own_text(table, recipe.formula)
    terms = recipe.formula.groups if groups else ()
    variables = {str(e): evaluate(e, own) for e in used_expressions(recipe.formula.population, terms)}
    X, columns = model_matrix(recipe.formula.population, variables, table.n)
    built = rebuilt_groups(terms, recipe.groups, (own, variables, new_levels))
    offset: Floats | None = offset_values(recipe.formula, own)
    design = PredictorDesign(recipe.name, X, columns, tuple(g for g, _ in built), offset, recipe.label)
    return design, {group.name: labels for group, labels in built}


def rebuilt_groups(
    terms: Sequence[GroupTerm],
    known: Sequence[GroupRecipe],
    context: tuple[Table, Mapping[str, Variable], str],
) -> list[Group]:
    """All group terms of a formula for other data; ``context`` as of ``known_groups``."""
    return [
        part
        for k, term in enumerate(terms)
        for part in known_groups(term, [g for g in known if g.position == k], context)
    ]


def _renamed[G: (GroupDesign, GroupRecipe)](predictor: str, group: G) -> G:
    return replace(group, name=names.within(predictor, group.name))
