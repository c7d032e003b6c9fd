"""Where expected responses are compared: the observed rows in parts, or rows of a grid; and the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.frame import with_columns
from hierbayes.design.newrows import grouping_columns
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.predictions.averages import Setting, averages, observed, outcomes, setting_of
from hierbayes.estimates.predictions.grids import (
    at_own_levels,
    check_columns,
    columns_of,
    grid,
    held_in_words,
    levels_of,
    usual_values,
    values_at,
)
from hierbayes.estimates.summarize import apart, summarize
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

OBSERVED, GRID = "observed", "grid"
OVER = {
    OBSERVED: "averaged over the observed rows",
    GRID: "at one row for each value of `by`, the other columns held",
}
ALONE = "at one row, the other columns held"


@dataclass(frozen=True)
class Places:
    """The rows at which something is compared, and the parts within which they are averaged.

    Attributes
    ----------
    frame : DataFrame
        Rows in the columns of the data.
    parts : int64 array, shape (n,)
        The part of each row.
    labels : DataFrame
        What the parts are called, a row for each.
    held : str
        Where the other columns stand.
    """

    frame: pd.DataFrame
    parts: NDArray[np.int64]
    labels: pd.DataFrame
    held: str = ""


def prepared(
    fit: Fit,
    where: tuple[str | Sequence[str], str, Mapping[str, Any] | None],
    how: tuple[str, str | None, int],
    changed: Sequence[str],
) -> tuple[Setting, Places]:
    """The setting of a comparison and its rows.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    where : tuple
        ``by``, ``over`` and ``at`` of ``comparisons``.
    how : tuple
        ``scale``, ``groups`` and ``seed``.
    changed : sequence of str
        The columns that are changed.

    Raises
    ------
    UnknownNameError
        If there is no such column or value of ``over``.
    DataError
        If a column is both changed and held.
    """
    by, over, at = where
    scale, groups, seed = how
    if over not in OVER:
        raise UnknownNameError("value of over", over, OVER)
    wanted = [by] if isinstance(by, str) else list(by)
    check_columns(fit, [*wanted, *(at or {})])
    twice = [name for name in changed if name in (at or {})] if over == OBSERVED else []
    if twice:
        raise DataError(
            f"{twice[0]!r} is both changed and held by `at` in the observed rows. Leave it out of one."
        )
    stated = {name: values_at(fit, name, value) for name, value in (at or {}).items()}
    named, whole = [*wanted, *stated, *changed], over == OBSERVED
    setting = setting_of(fit, scale, groups, named=named, whole=whole, seed=seed)
    if whole:
        return setting, _observed_places(fit, wanted, stated)
    return setting, _grid_places(fit, wanted, stated, changed)


def _observed_places(fit: Fit, by: Sequence[str], stated: Mapping[str, Sequence[Any]]) -> Places:
    frame = observed(fit)
    held = []
    for name, values in stated.items():
        if len(values) > 1:
            raise DataError(
                f"In the observed rows {name!r} can be held at one value; {len(values)} are given. Name the "
                "column in `by`, or say over='grid'."
            )
        frame[name] = values[0]
        held.append(f"{name} = {values[0]}")
    frame = at_own_levels(fit, frame[list(columns_of(fit))], stated)
    if not by:
        return Places(frame, np.zeros(len(frame), dtype=np.int64), pd.DataFrame(index=[0]), ", ".join(held))
    grouped = frame.groupby(list(by), sort=True, observed=True)
    parts = grouped.ngroup().to_numpy().astype(np.int64)
    labels = grouped.size().reset_index()[list(by)]
    for name in by:
        levels = levels_of(fit, name)
        if levels is not None and frame[name].dtype.kind in "OU":
            order = {label: k for k, label in enumerate(levels)}
            labels[name] = pd.Categorical(labels[name], sorted(labels[name].unique(), key=order.__getitem__))
    order_of_rows = labels.sort_values(list(by)).index.to_numpy()
    position = np.empty(len(labels), dtype=np.int64)
    position[order_of_rows] = np.arange(len(labels))
    labels = (
        labels.loc[order_of_rows]
        .reset_index(drop=True)
        .astype({name: object for name in by if labels[name].dtype == "category"})
    )
    return Places(frame, position[parts], labels, ", ".join(held))


def _grid_places(
    fit: Fit, by: Sequence[str], stated: Mapping[str, Sequence[Any]], changed: Sequence[str]
) -> Places:
    values = {name: usual_values(fit, name, None) for name in by} | dict(stated)
    frame = grid(fit, values)
    shown = [name for name in values if name in by or len(values[name]) > 1]
    single = [f"{name} = {value[0]}" for name, value in values.items() if name not in shown]
    grouping = [name for name in changed if name in grouping_columns(fit.design.recipe)]
    held = held_in_words(fit, values | dict.fromkeys(grouping, ()))
    words = ", ".join([*single, *([held] if held else [])])
    return Places(frame, np.arange(len(frame)), frame[shown].reset_index(drop=True), words)


def over_in_words(over: str, places: Places) -> str:
    """Which rows comparisons are about."""
    return ALONE if over == GRID and places.labels.columns.empty else OVER[over]


def means_at(setting: Setting, places: Places, changed: Mapping[str, Any]) -> Floats:
    """Mean expected responses of each part, (chain, draw, part) and categories, with columns changed."""
    frame = at_own_levels(setting.fit, with_columns(places.frame, changed), changed)
    return averages(setting, frame, places.parts, len(places.labels))


def _array(setting: Setting, values: Floats) -> xr.DataArray:
    posterior = setting.fit.posterior
    coords: dict[str, Any] = {"chain": posterior["chain"], "draw": posterior["draw"]}
    dims: tuple[str, ...] = ("chain", "draw", "part")
    labels = outcomes(setting)
    if labels:
        dims, coords[names.CATEGORY] = (*dims, names.CATEGORY), list(labels)
    return xr.DataArray(values, dims=dims, coords=coords)


def dataset(setting: Setting, places: Places, found: Mapping[tuple[str, str], Floats]) -> xr.Dataset:
    """Draws of comparisons, a variable for each."""
    arrays = {
        f"{column}: {contrast}" if contrast else column: _array(setting, values)
        for (column, contrast), values in found.items()
    }
    coords = {name: ("part", places.labels[name].to_numpy()) for name in places.labels.columns}
    return xr.Dataset(arrays).assign_coords(coords).assign_attrs(estimand=setting.estimand)


def table(
    setting: Setting, places: Places, found: Mapping[tuple[str, str], Floats], *, prob: float
) -> pd.DataFrame:
    """Comparisons by column, contrast and part."""
    frames = []
    categories = outcomes(setting)
    for (column, contrast), values in found.items():
        labels = apart(places.labels, "column", "contrast", names.CATEGORY)
        labels.insert(0, "contrast", contrast)
        labels.insert(0, "column", column)
        if categories:
            labels = labels.loc[labels.index.repeat(len(categories))].reset_index(drop=True)
            labels[names.CATEGORY] = list(categories) * len(places.labels)
        frames.append(pd.concat([labels, summarize(_array(setting, values), prob)], axis=1))
    frame = pd.concat(frames, ignore_index=True)
    frame.attrs.update(estimand=setting.estimand, held=places.held, notes=setting.notes)
    return frame
