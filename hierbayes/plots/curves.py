"""Expected responses along one column, for every group: the numbers behind the group lines.

Nothing is computed here: new rows are built with the model's own recipe and handed to
``estimates.prediction.epred`` in a copy of the fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes.design.frame import GROUPING, column_uses, with_columns
from hierbayes.design.groups import factor_name
from hierbayes.design.recipe import AppliedDesign
from hierbayes.design.records import Design, GroupDesign, PredictorDesign
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.predictions.grids import as_stored, is_number, levels_of
from hierbayes.estimates.predictions.prediction import epred, exceedance, middle_cut

type Array = NDArray[Any]

TYPICAL, OWN = "typical", "own"
DRAWS = 1000
CHUNK = 4000  # rows handed to epred at a time, which keeps DRAWS x CHUNK numbers in memory


@dataclass(frozen=True)
class Curve:
    """The expected response over draws: arrays of shape (n_curves, n_points), on the response scale.

    Of ordered categories: the probability of those above the cutpoint that divides the rows most evenly.
    """

    mean: Array
    lower: Array
    upper: Array


def pick_x(fit: Any, group: GroupDesign, x: str | None) -> str:
    """The column along which to draw: the one asked for, else the first numeric column with a slope.

    Columns whose slope varies over the groups come before those of the population.

    Raises
    ------
    UnknownNameError
        If ``x`` is not a numeric column of the model.
    DataError
        If no column was asked for and none has a slope.
    """
    if fit.design.response.unordered:
        raise DataError(
            f"Group lines show one expected value of each row, but {fit.design.response.name} has a "
            "probability for each category. Use fit.epred(), whose draws have the dimension category."
        )
    numeric = numeric_columns(fit)
    if x is not None:
        if x not in numeric:
            raise UnknownNameError("numeric column of this model", x, numeric)
        return x
    for name in numeric:
        if any(name in g.terms for g in fit.design.groups if g.factor == group.factor):
            return name
    for name in numeric:
        if name in fit.design.terms:
            return name
    advice = f" Name one of the columns that it does use: x={numeric[0]!r}." if numeric else ""
    raise DataError(
        "Group lines need a numeric column with a slope along which to draw them, and the model has none: "
        f"{fit.spec.formula}.{advice} To see how the groups differ without one, use fit.plot.caterpillar()."
    )


def covariates(fit: Any) -> list[str]:
    """Names of the columns on the right side of the formula that do more than name groups."""
    uses = column_uses(fit.design.recipe.formula, response=False)
    return list(dict.fromkeys(use.name for use in uses if use.role != GROUPING))


def numeric_columns(fit: Any) -> list[str]:
    """Those of the covariates that the formula takes as numbers."""
    return [name for name in covariates(fit) if is_number(fit, name)]


def parting_columns(fit: Any, group: GroupDesign) -> list[str]:
    """Columns ``h`` of ``gr(g, by = h)`` on the factor of ``group``: a group has one level of them."""
    same = (g for f in fit.design.recipe.formulas for g in f.groups if factor_name(g) == group.factor)
    return list(dict.fromkeys(g.by.name for g in same if g.by is not None))


def grid_of(fit: Any, x: str, n_points: int) -> Array:
    """``n_points`` equally spaced values over the observed range of a column."""
    values = np.asarray(fit.design.columns[x], dtype=float)
    return np.linspace(values.min(), values.max(), n_points)


def settings(fit: Any, group: GroupDesign, held: str) -> pd.DataFrame:
    """The values of all columns for each group, one row per level.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : GroupDesign
        The groups.
    held : {"typical", "own"}
        Numeric columns at their mean and factors at their reference level for all groups alike; or at each
        group's own mean and most frequent level. A column ``h`` of ``gr(g, by = h)`` is each group's own.
    """
    frame = pd.DataFrame({name: np.asarray(values) for name, values in fit.design.columns.items()})
    by_level = frame[group.own].groupby(group.codes[group.own])
    one = by_level.first()
    parting = parting_columns(fit, group)
    for name in covariates(fit):
        own, levels = held == OWN or name in parting, levels_of(fit, name)
        if levels is None:
            one[name] = by_level[name].mean() if own else float(frame[name].mean())
        else:
            one[name] = by_level[name].agg(_most_frequent) if own else as_stored(fit, name, levels[0])
    return one


def _most_frequent(column: pd.Series[Any]) -> Any:
    return column.mode().iloc[0]


@dataclass(frozen=True)
class Scene:
    """Where curves are drawn: the fit, the column and its values, and the other columns of each group.

    Attributes
    ----------
    fit : Fit
        The fitted model.
    group : GroupDesign
        The groups.
    x : str
        The column along which to draw.
    values : float64 array, shape (n_points,)
        Its values.
    base : DataFrame
        All columns, one row per level; see :func:`settings`.
    """

    fit: Any
    group: GroupDesign
    x: str
    values: Array
    base: pd.DataFrame


def group_curves(scene: Scene, codes: Sequence[int]) -> Curve:
    """One curve per group of ``codes``: population and this factor's effects, other factors at zero."""
    return _curves(scene, codes, deviating=True)


def population_curves(scene: Scene, codes: Sequence[int]) -> Curve:
    """One curve per group of ``codes``: what is expected if its effects were zero."""
    return _curves(scene, codes, deviating=False)


def _curves(scene: Scene, codes: Sequence[int], *, deviating: bool) -> Curve:
    n_points = len(scene.values)
    parts = [
        _summary(_expected(scene.fit, _refit(scene, part, deviating=deviating)), len(part))
        for part in _chunks(codes, n_points)
    ]
    return Curve(*(np.concatenate([getattr(part, n) for part in parts]) for n in ("mean", "lower", "upper")))


def _expected(fit: Any, new: Any) -> xr.DataArray:
    """The expected response of new rows; of ordered ones the probability to lie in the upper part."""
    return exceedance(new, middle_cut(fit), DRAWS) if fit.spec.categories else epred(new, draws=DRAWS)


def _chunks(codes: Sequence[int], n_points: int) -> Iterator[Array]:
    every = max(1, CHUNK // n_points)
    array = np.asarray(list(codes), dtype=np.int32)
    for start in range(0, len(array), every):
        yield array[start : start + every]


def _refit(scene: Scene, codes: Array, *, deviating: bool) -> Any:
    """The fit with new rows in place of its own: every value of ``x`` for each group of ``codes``."""
    design, values = scene.fit.design, scene.values
    repeated = np.repeat(codes, len(values)).astype(np.int32)
    rows = with_columns(scene.base.iloc[repeated], {scene.x: np.tile(values, len(codes))})
    applied = design.recipe.apply(rows, groups=deviating, new_levels="allow")
    same = [g for g in applied.groups if g.factor == scene.group.factor]
    # The terms of other levels of `by` have groups of their own: nothing varies over them in these rows.
    kept = tuple(replace(g, codes=repeated) if g.levels == scene.group.levels else g for g in same)
    return replace(scene.fit, design=_design(design, applied, (kept, repeated, scene.group)))


def _design(
    design: Design, new: AppliedDesign, groups: tuple[tuple[GroupDesign, ...], Array, GroupDesign]
) -> Design:
    kept, codes, drawn = groups

    def own(predictor: PredictorDesign) -> PredictorDesign:
        same = (g for g in predictor.groups if g.factor == drawn.factor)
        return replace(
            predictor, groups=tuple(replace(g, codes=codes) if g.levels == drawn.levels else g for g in same)
        )

    return replace(
        design,
        X=new.X,
        y=np.zeros(new.n),
        groups=kept,
        predictors=tuple(map(own, new.predictors)),
        offset=new.offset,
        weights=None,
        trials=None,
        part={},
        rows=np.arange(new.n),
        columns={},
    )


def _summary(expected: xr.DataArray, n_curves: int) -> Curve:
    values = expected.to_numpy().reshape(-1, n_curves, expected.sizes[expected.dims[-1]] // n_curves)
    lower, upper = np.quantile(values, [0.025, 0.975], axis=0)
    return Curve(values.mean(axis=0), lower, upper)
