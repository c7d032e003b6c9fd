"""Conditional effects: the expected response along one column, with others held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.errors import ArgumentTypeError, DataError
from hierbayes.estimates.predictions.averages import (
    RESPONSE,
    Setting,
    averages,
    outcomes,
    setting_of,
    unit_of,
)
from hierbayes.estimates.predictions.grids import check_columns, grid, held_in_words, usual_values, values_at
from hierbayes.estimates.summarize import PROB, apart, describe_interval, summarize
from hierbayes.fitted.record import Fit

POINTS = 100
POINT = "point"  # dimension of the rows of a grid
MOST_COLUMNS = 3


@overload
def effects(
    fit: Fit,
    columns: str | Sequence[str],
    *,
    at: Mapping[str, Any] | None = ...,
    scale: str = ...,
    groups: str | None = ...,
    points: int = ...,
    prob: float = ...,
    draws: Literal[False] = ...,
    seed: int = ...,
) -> pd.DataFrame: ...
@overload
def effects(
    fit: Fit,
    columns: str | Sequence[str],
    *,
    at: Mapping[str, Any] | None = ...,
    scale: str = ...,
    groups: str | None = ...,
    points: int = ...,
    prob: float = ...,
    draws: Literal[True],
    seed: int = ...,
) -> xr.DataArray: ...
def effects(
    fit: Fit,
    columns: str | Sequence[str],
    *,
    at: Mapping[str, Any] | None = None,
    scale: str = RESPONSE,
    groups: str | None = None,
    points: int = POINTS,
    prob: float = PROB,
    draws: bool = False,
    seed: int = 0,
) -> pd.DataFrame | xr.DataArray:
    """Expected response along a column, for the levels of others (brms's ``conditional_effects``).

    Parameters
    ----------
    fit : Fit
        The fitted model.
    columns : str or sequence of str
        One to three columns of the data, ``"age"`` or ``"age:ch"``: the first along the x axis (numbers from
        the smallest to the largest), the others as lines and panels (numbers at their mean and one standard
        deviation to both sides, or at all of their values where these are few; factors at every level).
        ``I(age^2)``, ``poly(age, 2)`` and interactions follow, since the formula is applied to each row.
    at : mapping, optional
        Values of columns: of those that are named, ``{"age": [-10, 0, 10]}``, or of others that are held,
        ``{"urban": "Y"}``. By default numbers are held at their mean over the rows and factors at their
        reference level. Several values of another column give a line for each; so do groups, ``{"school":
        ["1", "17"]}``.
    scale : str
        ``"response"``, of trials the probability, or ``"link"``.
    groups : str, optional
        Whose effects, as of ``predict``: ``"own"`` of factors that are named, here or in ``at``, and the
        average over the others; a note says where a typical group would have other numbers.
    points : int
        How many values of a first column of numbers.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws, dims (chain, draw, point) and, of categories, (category).
    seed : int
        Of new groups.

    Returns
    -------
    DataFrame or DataArray
        The columns (one called ``sd`` becomes ``sd_``), (``category``,) ``mean, sd, lower, upper, ess_bulk,
        r_hat``; ``attrs``: ``estimand``, ``held``, ``columns``, ``scale``, ``interval``, ``notes``. The draws
        have the columns as coordinates of ``point``.

    Raises
    ------
    UnknownNameError
        If the model has no such column.
    DataError
        If too many columns are named, or a level does not exist.
    ArgumentTypeError
        If ``columns`` is a mapping.

    Examples
    --------
    >>> fit.effects("age:ch", at={"urban": "Y"})
    """
    if isinstance(columns, Mapping):
        raise ArgumentTypeError(
            "effects() takes names of columns; their values go to `at`: "
            f"effects({':'.join(map(str, columns))!r}, at={dict(columns)!r})."
        )
    wanted = columns.split(":") if isinstance(columns, str) else list(columns)
    wanted = [name.strip() for name in wanted]
    check_columns(fit, [*wanted, *(at or {})])
    if not 1 <= len(wanted) <= MOST_COLUMNS:
        raise DataError(
            f"effects() shows one to {MOST_COLUMNS} columns; {len(wanted)} are named. Hold the others at a "
            "value: at={'column': value}."
        )
    stated = {name: values_at(fit, name, value) for name, value in (at or {}).items()}
    values = {
        name: stated.pop(name, []) or usual_values(fit, name, None if k else points)
        for k, name in enumerate(wanted)
    }
    values |= stated
    setting = setting_of(fit, scale, groups, named=list(values), seed=seed)
    frame = grid(fit, values)
    shown = [name for name in values if name in wanted or len(values[name]) > 1]
    found = averages(setting, frame, np.arange(len(frame)), len(frame))
    array = _labelled(setting, found, frame[shown])
    if draws:
        return array
    single = {name: value[0] for name, value in values.items() if name not in shown}
    held = held_in_words(fit, values)
    held = ", ".join([*(f"{name} = {value}" for name, value in single.items()), *([held] if held else [])])
    frame = _table(setting, array, prob, held=held)
    frame.attrs["columns"] = tuple(shown)
    return frame


def _labelled(setting: Setting, values: Any, frame: pd.DataFrame) -> xr.DataArray:
    posterior = setting.fit.posterior
    coords: dict[str, Any] = {"chain": posterior["chain"], "draw": posterior["draw"]}
    ours = ("chain", "draw", POINT, names.CATEGORY)
    coords |= {names.apart(name, ours): (POINT, frame[name].to_numpy()) for name in frame.columns}
    dims: tuple[str, ...] = ("chain", "draw", POINT)
    labels = outcomes(setting)
    if labels:
        dims, coords[names.CATEGORY] = (*dims, names.CATEGORY), list(labels)
    return xr.DataArray(values, dims=dims, coords=coords, name="effect", attrs={"estimand": setting.estimand})


def _table(setting: Setting, array: xr.DataArray, prob: float, *, held: str) -> pd.DataFrame:
    columns = [str(name) for name, coord in array.coords.items() if coord.dims == (POINT,)]
    labels = apart(pd.DataFrame({name: array[name].to_numpy() for name in columns}))
    categories = outcomes(setting)
    if categories:
        labels = labels.loc[labels.index.repeat(len(categories))].reset_index(drop=True)
        labels[names.CATEGORY] = list(categories) * array.sizes[POINT]
    plain = array.drop_vars(columns)
    frame = pd.concat([labels, summarize(plain, prob)], axis=1)
    frame.attrs.update(estimand=setting.estimand, held=held, notes=setting.notes)
    return describe_interval(frame, unit_of(setting), prob)
