"""The variance of a row, on the scale of the linear predictor, at level 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.design.selection import take_rows
from hierbayes.estimates.prediction import family_parameters
from hierbayes.families import get_family, get_link, marginal_mean
from hierbayes.fitted.record import Fit

type Points = Mapping[str, Sequence[float]] | None
"""A column and its values."""

BLOCK = 8_000_000
"""Numbers, rows by draws, that are held at a time."""


def level1_variance(
    fit: Fit, scale: str, between: xr.DataArray, where: tuple[NDArray[np.bool_], Points]
) -> xr.DataArray:
    """Mean variance of some rows on the link scale; of counts, at the expected count of an average row."""
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    scalars = [name for name in family.parameters if name in fit.spec.scalars]
    given, mean = {name: fit.posterior[name] for name in scalars}, None
    if family.at_mean(link):
        eta, spread = xr.broadcast(_center(fit, *where), between)
        mean = eta.copy(data=marginal_mean(link, eta.to_numpy(), spread.to_numpy()))
    if any(predictor.name in family.parameters for predictor in fit.spec.predictors):
        return _varying(fit, scale, where, mean)
    if mean is None:
        parameters = {name: draws.to_numpy() for name, draws in given.items()}
        if "se" in fit.design.part:
            parameters["se"] = fit.design.part["se"]
        variance = family.level1_variance(link, parameters, scale)
        return xr.DataArray(variance, dims=("chain", "draw") if variance.ndim else ())
    mean, *draws = xr.broadcast(mean, *given.values())
    parameters = dict(zip(given, (d.to_numpy() for d in draws), strict=True))
    return mean.copy(data=family.level1_variance(link, {**parameters, "mean": mean.to_numpy()}, scale))


def _center(fit: Fit, rows: NDArray[np.bool_], at: Points) -> xr.DataArray:
    """Population part of the linear predictor at the mean of the columns and offsets of some rows."""
    offset = 0.0 if fit.design.offset is None else float(fit.design.offset[rows].mean())
    if not fit.spec.terms:
        return xr.DataArray(offset)
    x = xr.DataArray(
        fit.design.X[rows].mean(axis=0), dims=names.TERM, coords={names.TERM: list(fit.spec.terms)}
    )
    for column, values in (at or {}).items():
        if column in fit.spec.terms:
            points = xr.DataArray(
                np.asarray(values, dtype=float), dims=column, coords={column: np.asarray(values, dtype=float)}
            )
            x = x.where(x[names.TERM] != column, points)
    return (fit.posterior[names.B] * x).sum(names.TERM) + offset


def _varying(
    fit: Fit, scale: str, where: tuple[NDArray[np.bool_], Points], mean: xr.DataArray | None
) -> xr.DataArray:
    """The mean of the variances of some rows on the link scale, dims (chain, draw) and the column of ``at``.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    scale : str
        Of ``Family.level1_variance``.
    where : (bool array, shape (n,), Points)
        The rows, and a column with the values at which to give it.
    mean : DataArray or None
        The mean of an average row, where the variance depends on it.
    """
    rows, at = where
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    found = []
    ((column, values),) = at.items() if at else (("", [np.nan]),)
    for k, value in enumerate(values):
        here = mean if mean is None or column not in mean.dims else mean.isel({column: k})
        given = {} if here is None else {"mean": here.transpose("chain", "draw").to_numpy()[..., None]}
        total = np.zeros((fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]))
        positions = np.flatnonzero(rows)
        for part in np.array_split(positions, max(1, total.size * len(positions) // BLOCK)):
            some = replace(fit, design=_at_value(take_rows(fit.design, part), column, value))
            parameters = family_parameters(some, fit.posterior)
            total += family.level1_variance(link, {**parameters, **given}, scale).sum(axis=-1)
        found.append(xr.DataArray(total / len(positions), dims=("chain", "draw")))
    if not at:
        return found[0]
    return xr.concat(found, dim=column).assign_coords({column: np.asarray(values, dtype=float)})


def _at_value(design: Design, column: str, value: float) -> Design:
    """The design with a column of the further linear predictors at one value."""

    def changed(X: NDArray[np.float64], terms: Sequence[str]) -> NDArray[np.float64]:
        return np.where(np.array(terms) == column, value, X) if column in terms else X

    return replace(
        design,
        predictors=tuple(
            replace(
                p,
                X=changed(p.X, p.terms),
                groups=tuple(replace(g, Z=changed(g.Z, g.terms)) for g in p.groups),
            )
            for p in design.predictors
        ),
    )
