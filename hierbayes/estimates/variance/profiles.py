"""Rows at which something is asked: columns held at values, the others as they were observed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.summarize import apart
from hierbayes.fitted.record import Fit

type Value = float | str
type At = Mapping[str, Value | Sequence[Value]] | None
"""Columns, each with one value or several."""

POINT = "point"
"""Dimension of the profiles until `Profiles.unfold` gives them the columns as dimensions."""


OURS = ("group", "method", "predictor", names.CUTPOINT)
"""Columns that stand before those of the data in a table over profiles."""


@dataclass(frozen=True)
class Profiles:
    """The rows of a design with some columns held at values, once for each combination of values.

    Attributes
    ----------
    values : dict of str to tuple
        The values of each column; empty where none is held.
    several : tuple of str
        The columns that were given as a sequence; each becomes a dimension.
    designs : tuple of Design, one per point
        All observed rows, with the columns held; the last column of ``values`` runs fastest.
    """

    values: dict[str, tuple[Any, ...]]
    several: tuple[str, ...]
    designs: tuple[Design, ...]

    @property
    def held(self) -> bool:
        """Whether any column is held; if not, the only point is the observed rows themselves."""
        return bool(self.values)

    def labels(self) -> pd.DataFrame:
        """The values of each column, one row per point; a column that is called ``sd`` becomes ``sd_``."""
        points = list(product(*self.values.values()))
        rows = pd.DataFrame(points, columns=list(self.values), index=range(len(self.designs)))
        return apart(rows, *OURS)

    def unfold(self, values: xr.DataArray) -> xr.DataArray:
        """Draws over points as draws over the columns: dims (chain, draw, ...) and those of ``several``."""
        if POINT not in values.dims:
            return values
        lengths = [len(found) for found in self.values.values()]
        rest = [d for d in values.dims if d not in ("chain", "draw", POINT)]
        moved = values.transpose("chain", "draw", *rest, POINT)
        kept = {d: moved[d].to_numpy() for d in moved.dims if d in moved.coords}
        shaped = moved.to_numpy().reshape(*moved.shape[:-1], *lengths)
        unfolded = xr.DataArray(
            shaped,
            dims=("chain", "draw", *rest, *self.values),
            coords={**kept, **{column: list(found) for column, found in self.values.items()}},
        )
        single = {column: 0 for column in self.values if column not in self.several}
        return unfolded.isel(single)


def profiles_of(fit: Fit, at: At) -> Profiles:
    """The observed rows with columns held at every combination of values.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    at : mapping of str to number, label or a sequence of them, optional
        Columns of the data, whose transforms and interactions follow; or columns of the design with a random
        slope, ``"I(age^2)"``, which are set by themselves.

    Raises
    ------
    UnknownNameError
        If there is no such column, or no such label.
    DataError
        If a column is given no value, or is the response alone.
    """
    if not at:
        return Profiles({}, (), (fit.design,))
    values: dict[str, tuple[Any, ...]] = {}
    for column, given in at.items():
        several = isinstance(given, (Sequence, np.ndarray)) and not isinstance(given, str)
        values[column] = tuple(given) if several else (given,)  # type: ignore[arg-type]
        _check(fit, column, values[column])
    designs = [_held(fit, dict(zip(values, point, strict=True))) for point in product(*values.values())]
    raw = fit.design.columns
    numeric = {
        column: tuple(map(float, found))
        if column not in raw or raw[column].dtype.kind == "f"
        else tuple(map(str, found))
        for column, found in values.items()
    }
    several_of = tuple(c for c, given in at.items() if not isinstance(given, (str, int, float, np.number)))
    return Profiles(numeric, several_of, tuple(designs))


def _check(fit: Fit, column: str, values: tuple[Any, ...]) -> None:
    raw, recipe = fit.design.columns, fit.design.recipe
    slopes = [t for g in fit.spec.all_groups for t in g.terms if t != names.INTERCEPT]
    units = {g.factor for g in fit.design.all_groups} - {*recipe.factors, *fit.spec.terms}
    others = [c for c in raw if c not in units | {fit.design.response.name}]
    allowed = list(dict.fromkeys([*others, *slopes]))
    if column not in allowed:
        raise UnknownNameError("column of the model, or column with a random slope", column, allowed)
    if not values:
        raise DataError(f"The column {column!r} is given no value in `at`. Give one or several.")
    text = column in raw and raw[column].dtype.kind != "f"
    for value in values:
        if text and str(value) not in (known := list(dict.fromkeys(map(str, raw[column])))):
            raise UnknownNameError(f"value of {column!r}", str(value), sorted(known))
        number = isinstance(value, (int, float, np.number)) and math.isfinite(value)
        if not text and not number:
            raise DataError(f"The column {column!r} holds numbers; `at` gives it {value!r}. Give a number.")


def _held(fit: Fit, point: Mapping[str, Any]) -> Design:
    """The rows of the design with columns at one value each."""
    design, raw = fit.design, {c: v for c, v in point.items() if c in fit.design.columns}
    if raw:
        frame = pd.DataFrame({**design.columns, **{c: np.repeat(v, design.n) for c, v in raw.items()}})
        applied = design.recipe.apply(frame, new_levels="allow")
        if applied.n != design.n:
            shown = ", ".join(f"{c} = {v}" for c, v in raw.items())
            raise DataError(f"The columns of the model have no value where {shown}. Hold them elsewhere.")
        design = replace(
            design,
            X=applied.X,
            groups=applied.groups,
            offset=applied.offset,
            predictors=applied.predictors,
        )
    for column in point.keys() - raw.keys():
        design = _with_column(design, column, float(point[column]))
    return design


def _with_column(design: Design, column: str, value: float) -> Design:
    """The design with a column of all its linear predictors at one value."""

    def changed(X: NDArray[np.float64], terms: Sequence[str]) -> NDArray[np.float64]:
        return np.where(np.array(terms) == column, value, X) if column in terms else X

    return replace(
        design,
        X=changed(design.X, design.terms),
        groups=tuple(replace(g, Z=changed(g.Z, g.terms)) for g in design.groups),
        predictors=tuple(
            replace(
                p,
                X=changed(p.X, p.terms),
                groups=tuple(replace(g, Z=changed(g.Z, g.terms)) for g in p.groups),
            )
            for p in design.predictors
        ),
    )
