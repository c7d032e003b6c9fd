"""Rows of other data as a design, also where their groups are not named."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from hierbayes.design.frame import column_names, column_uses, read_frame
from hierbayes.design.further import used_expressions
from hierbayes.design.grouped import GroupRecipe
from hierbayes.design.recipe import AppliedDesign, Recipe
from hierbayes.design.records import Design
from hierbayes.errors import DataError
from hierbayes.formulas.terms import GroupTerm, Name, Operation

UNNAMED = "(unnamed)"
"""The label that stands in a grouping column which the data do not have."""


@dataclass(frozen=True)
class NewRows:
    """Rows without a response.

    Attributes
    ----------
    design : Design
        Their arrays; ``y`` is 0. A code of -1 is a group that the model does not know, or, where the row of
        ``Z`` is zero, a row that belongs to no group of the term.
    labels : mapping of str to array of str, shape (n,)
        For each group term the label of each row's group; empty in rows that belong to none.
    unnamed : tuple of str
        Grouping columns that the data do not have.
    unnamed_terms : frozenset of str
        The group terms on them.
    """

    design: Design
    labels: Mapping[str, NDArray[np.str_]]
    unnamed: tuple[str, ...]
    unnamed_terms: frozenset[str]


def new_rows(design: Design, data: Any) -> NewRows:
    """The rows of other data, in the columns and groups of a model.

    Parameters
    ----------
    design : Design
        Of the model.
    data : frame or mapping
        With the columns of the formula; those of grouping factors may be left out. A mapping of single
        values, ``{"age": 0, "ch": "N"}``, is one row.

    Raises
    ------
    ColumnNotFoundError, DataError
        As of ``Recipe.apply``.
    """
    recipe = design.recipe
    if isinstance(data, Mapping) and data and not any(_is_column(value) for value in data.values()):
        data = {name: [value] for name, value in data.items()}
    frame = read_frame(data)
    absent = [name for name in grouping_columns(recipe) if name not in list(map(str, frame.columns))]
    frame = frame.with_columns(*(nw.lit(UNNAMED).alias(name) for name in absent))
    applied = recipe.apply(frame, beside=True, new_levels="allow")
    labels = dict(applied.labels)
    for predictor in recipe.predictors:
        if predictor.formula is None:  # a category, whose groups are those of the main linear predictor
            labels |= {
                own.name: labels[group.name]
                for own, group in zip(predictor.groups, recipe.groups, strict=True)
            }
    return NewRows(_as_design(design, applied), labels, tuple(absent), _terms_on(recipe, absent))


def _is_column(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str)


def grouping_columns(recipe: Recipe) -> tuple[str, ...]:
    """Columns that serve as grouping factors alone: rows can be predicted without them."""
    factors, others = dict[str, None](), set[str]()
    for formula in recipe.formulas:
        for group in formula.groups:
            factors |= dict.fromkeys(_columns_of(group))
            others |= {name.name for term in group.terms for e in term.factors for name in column_names(e)}
            others |= {group.by.name} if group.by is not None else set()
        others |= {name.name for term in formula.population for e in term.factors for name in column_names(e)}
        others |= {name.name for call in formula.offsets for name in column_names(call)}
    return tuple(name for name in factors if name not in others)


def _columns_of(group: GroupTerm) -> tuple[str, ...]:
    return tuple(name.name for e in group.factor for name in column_names(e))


def _terms_on(recipe: Recipe, absent: list[str]) -> frozenset[str]:
    """Names of the group terms whose factor needs one of these columns."""
    found = set()
    predictors = [(recipe.formula, recipe.groups)]
    predictors += [(p.formula or recipe.formula, p.groups) for p in recipe.predictors]
    for formula, groups in predictors:
        found |= {g.name for g in groups if set(_columns_of(formula.groups[g.position])) & set(absent)}
    return frozenset(found)


def check_levels(rows: NewRows, terms: Collection[str]) -> None:
    """Refuse groups of ``gr(g, by = h)`` whose rows have two levels of ``h``, or another than in the fit.

    Parameters
    ----------
    rows : NewRows
        The rows.
    terms : collection of str
        The group terms whose own effects are asked for.

    Raises
    ------
    DataError
        With the first row of such a group.
    """
    recipe = rows.design.recipe
    formulas = [(recipe.formula, recipe.groups)]
    formulas += [(p.formula, p.groups) for p in recipe.predictors if p.formula is not None]
    for formula, known in formulas:
        for k, term in enumerate(formula.groups):
            if term.by is not None:
                _check_one_level(rows, term.by, [g for g in known if g.position == k and g.name in terms])


def _check_one_level(rows: NewRows, by: Name, parts: Sequence[GroupRecipe]) -> None:
    first = {label: (part.by, "the data of the model") for part in parts for label in part.levels}
    for part in parts:
        named, positions = np.unique(rows.labels[part.name], return_index=True)
        for label, position in zip(named.tolist(), positions.tolist(), strict=True):
            row = f"row {rows.design.rows[position] + 1:,}"
            level, where = first.setdefault(label, (part.by, row))
            if label and UNNAMED not in label and level != part.by:
                raise DataError(
                    f"The group {label!r} of gr({part.factor}, by = {by}) has {part.by!r} as {by} in {row} "
                    f"(the first is row 1), but {level!r} in {where}. A group has one level: correct the "
                    "value, or say groups='typical', 'average' or 'new' for a group that is not this one."
                )


def _as_design(design: Design, applied: AppliedDesign) -> Design:
    labels = {p.name: p.label for p in design.predictors}
    return replace(
        design,
        y=np.zeros(applied.n),
        X=applied.X,
        groups=applied.groups,
        offset=applied.offset,
        weights=applied.weights,
        trials=applied.trials,
        part=dict(applied.part),
        rows=applied.rows,
        columns=applied.columns,
        messages=applied.messages,
        predictors=tuple(replace(p, label=labels[p.name]) for p in applied.predictors),
    )


def predicting_columns(recipe: Recipe) -> set[str]:
    """The columns that the linear predictors depend on, grouping columns included."""
    return {use.name for formula in recipe.formulas for use in column_uses(formula, response=False)}


def columns_within_functions(recipe: Recipe) -> set[str]:
    """Columns that stand within a function other than arithmetic, or in an offset: their units matter."""
    found = set[str]()
    for formula in recipe.formulas:
        for expression in used_expressions(formula.population, formula.groups):
            plain = isinstance(expression, Name | Operation) or str(expression).startswith("I(")
            found |= set() if plain else {name.name for name in column_names(expression)}
        found |= {name.name for call in formula.offsets for name in column_names(call)}
    return found
