"""Rows at which effects are shown: some columns at chosen values, the others held where they are typical."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from hierbayes.design.frame import column_names, with_columns
from hierbayes.design.further import used_expressions
from hierbayes.design.newrows import grouping_columns, predicting_columns
from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.fitted.record import Fit

FEW = 5
"""Different numbers up to which a column that is not the first of a grid takes all of them."""


def columns_of(fit: Fit) -> tuple[str, ...]:
    """The columns of the data that the linear predictors depend on, in the order of the formula."""
    used = predicting_columns(fit.design.recipe)
    return tuple(name for name in fit.design.columns if name in used)


def levels_of(fit: Fit, column: str) -> tuple[str, ...] | None:
    """The levels of a column that is a factor in the formula or names groups, in order; None for numbers."""
    recipe = fit.design.recipe
    for formula in recipe.formulas:
        for expression in used_expressions(formula.population, formula.groups):
            names_in = [name.name for name in column_names(expression)]
            levels = recipe.factors.get(str(expression))
            if levels is not None and names_in == [column] and _are_values(fit, column, levels):
                return levels
    if fit.design.columns[column].dtype.kind == "f":
        if column in grouping_columns(recipe):
            return tuple(str(_plain(value)) for value in np.unique(fit.design.columns[column]))
        return _levels_of_by(fit, column)
    return tuple(sorted({str(label) for label in fit.design.columns[column]}))


def _levels_of_by(fit: Fit, column: str) -> tuple[str, ...] | None:
    """The levels of numbers that are codes in ``gr(g, by = column)``; None for other numbers."""
    recipe = fit.design.recipe
    if not any(g.by is not None and g.by.name == column for f in recipe.formulas for g in f.groups):
        return None
    known = [*recipe.groups, *(group for p in recipe.predictors for group in p.groups)]
    values = {str(group.by) for group in known if group.by is not None}
    present = set(np.unique(fit.design.columns[column]).tolist())
    return tuple(label for label in sorted(values, key=_number) if _number(label) in present)


def _number(label: str) -> float:
    try:
        return float(label)
    except ValueError:  # of another column of words
        return np.nan


def _are_values(fit: Fit, column: str, levels: Sequence[str]) -> bool:
    """Whether levels are values of a column: those of ``factor(x)`` are, those of ``cut(x, 3)`` not."""
    values = fit.design.columns[column]
    if values.dtype.kind != "f":
        return set(map(str, values)) <= set(levels)
    try:
        return set(np.unique(values).tolist()) <= {float(label) for label in levels}
    except ValueError:
        return False


def is_number(fit: Fit, column: str) -> bool:
    """Whether a column is one of numbers that are not levels of a factor."""
    return levels_of(fit, column) is None


def held_values(fit: Fit) -> dict[str, Any]:
    """Where each column stands while others are varied: numbers at their mean, factors at their reference.

    Grouping columns are left out: a row that names no group is about the population.
    """
    groups = grouping_columns(fit.design.recipe)
    held: dict[str, Any] = {}
    for name in columns_of(fit):
        if name in groups:
            continue
        levels = levels_of(fit, name)
        values = fit.design.columns[name]
        if levels is None:
            held[name] = float(values.mean())
        else:
            held[name] = as_stored(fit, name, levels[0])
    return held


def as_stored(fit: Fit, column: str, label: Any) -> Any:
    """A level as the column has it: a number where a factor is made of numbers."""
    return _plain(label) if fit.design.columns[column].dtype.kind == "f" else label


def check_columns(fit: Fit, wanted: Sequence[str]) -> None:
    """Refuse names that are no columns of the model.

    Raises
    ------
    UnknownNameError
        With the nearest match.
    """
    known = columns_of(fit)
    for name in wanted:
        if name not in known:
            raise UnknownNameError("column of the model", name, known)


def values_at(fit: Fit, column: str, given: Any) -> list[Any]:
    """Values that the user states for a column, one or several.

    Raises
    ------
    DataError
        If a label is no level of the factor.
    ArgumentTypeError
        If a number is needed and something else is given.
    """
    several = given if isinstance(given, list | tuple | np.ndarray | pd.Series | range) else [given]
    levels = levels_of(fit, column)
    if levels is None:
        try:
            return [float(value) for value in several]
        except (TypeError, ValueError) as error:
            raise ArgumentTypeError(
                f"The column {column!r} has numbers, but {given!r} is asked for. Give numbers."
            ) from error
    known = {str(_plain(label)): label for label in levels}
    if column in grouping_columns(fit.design.recipe):
        return [as_stored(fit, column, str(_plain(value))) for value in several]
    found = []
    for value in several:
        if str(_plain(value)) not in known:
            raise DataError(
                f"The column {column!r} has no level {str(value)!r}. Its levels: {', '.join(levels)}."
            )
        found.append(as_stored(fit, column, known[str(_plain(value))]))
    return found


def _plain(value: Any) -> Any:
    """A whole number without its decimals: the level ``"2"`` of a column of numbers."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value
    return int(number) if number.is_integer() else number


def usual_values(fit: Fit, column: str, points: int | None) -> list[Any]:
    """Values at which a column is shown where the user states none.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    column : str
        A column of the model.
    points : int or None
        How many numbers from the smallest to the largest; None for a few: all of them where there are no
        more than five, else the mean and one standard deviation to both sides, as brms.
    """
    levels = levels_of(fit, column)
    if levels is not None:
        return [as_stored(fit, column, label) for label in levels]
    numbers = fit.design.columns[column]
    if points is not None:
        return list(np.linspace(numbers.min(), numbers.max(), points))
    different = np.unique(numbers)
    if len(different) <= FEW:
        return list(different)
    mean, sd = float(numbers.mean()), float(numbers.std())
    return [mean - sd, mean, mean + sd]


def grid(fit: Fit, values: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Every combination of the values of some columns; the others are held.

    Returns
    -------
    DataFrame
        With all columns of the model but those of groups that are not among ``values``; the last column of
        ``values`` varies fastest. A group of ``gr(g, by = h)`` has its own level of ``h``.
    """
    combined = pd.DataFrame(list(product(*values.values())), columns=list(values))
    held = {name: value for name, value in held_values(fit).items() if name not in values}
    rows = with_columns(combined, held) if len(combined) else pd.DataFrame([held])
    return at_own_levels(fit, rows, values)


def at_own_levels(fit: Fit, rows: pd.DataFrame, named: Mapping[str, Any]) -> pd.DataFrame:
    """Rows whose groups were set, ``g`` of ``gr(g, by = h)``, with ``h`` as these groups have it.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    rows : DataFrame
        Rows with the columns of the model.
    named : mapping
        The columns that were set, by name; ``h`` stays where it is one of them.
    """
    for by, factor in _by_columns(fit, named).items():
        groups = zip(*(fit.design.columns[name] for name in factor), strict=True)
        own = dict(zip(groups, fit.design.columns[by], strict=True))
        asked = zip(zip(*(rows[name] for name in factor), strict=True), rows[by], strict=True)
        rows = with_columns(rows, {by: [own.get(group, before) for group, before in asked]})
    return rows


def _by_columns(fit: Fit, values: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Held columns that part the groups which rows name, ``h`` of ``gr(g, by = h)``; the columns of ``g``."""
    found = {}
    for group in (group for formula in fit.design.recipe.formulas for group in formula.groups):
        factor = tuple(name.name for expression in group.factor for name in column_names(expression))
        if group.by is not None and group.by.name not in values and set(factor) <= set(values):
            found[group.by.name] = factor
    return found


def held_in_words(fit: Fit, values: Mapping[str, Any]) -> str:
    """Where the other columns stand, as a reader is told: ``"age = 0.002, urban = N"``."""
    held = {name: value for name, value in held_values(fit).items() if name not in values}
    own = {name: f"that of each {', '.join(factor)}" for name, factor in _by_columns(fit, values).items()}
    return ", ".join(
        f"{name} = {value:.4g}" if isinstance(value, float) else f"{name} = {value}"
        for name, value in (held | own).items()
    )
