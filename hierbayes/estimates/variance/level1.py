"""The variance of a row, on the scale of the linear predictor, at level 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.selection import take_rows
from hierbayes.estimates.predictions.prediction import family_parameters
from hierbayes.estimates.variance.profiles import POINT, Profiles
from hierbayes.families import get_family, get_link, marginal_mean
from hierbayes.fitted.record import Fit

BLOCK = 8_000_000
"""Numbers, rows by draws, that are held at a time."""


def level1_variance(
    fit: Fit, scale: str, between: xr.DataArray, where: tuple[NDArray[np.bool_], Profiles]
) -> xr.DataArray:
    """Mean variance of some rows on the link scale; of counts, at the expected count of an average row.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    scale : str
        Of ``Family.level1_variance``.
    between : DataArray, dims (chain, draw, point)
        The sum of all variances between groups.
    where : (bool array, shape (n,), Profiles)
        The rows, and the values at which columns are held.
    """
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    scalars = [name for name in family.parameters if name in fit.spec.scalars]
    given, mean = {name: fit.posterior[name] for name in scalars}, None
    if family.at_mean(link):
        eta, spread = xr.broadcast(center(fit, *where), between)
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


def center(fit: Fit, rows: NDArray[np.bool_], profiles: Profiles) -> xr.DataArray:
    """Population part of the linear predictor at the mean of the columns and offsets of some rows.

    Returns
    -------
    DataArray, dims (chain, draw, point)
        Link scale; without the cutpoints of ordered categories, which take the intercept's place.
    """
    designs = profiles.designs
    offsets = [0.0 if d.offset is None else float(d.offset[rows].mean()) for d in designs]
    offset = xr.DataArray(offsets, dims=POINT)
    if not fit.spec.terms:
        return offset
    X = np.array([d.X[rows].mean(axis=0) for d in designs])
    x = xr.DataArray(X, dims=(POINT, names.TERM), coords={names.TERM: list(fit.spec.terms)})
    return (fit.posterior[names.B] * x).sum(names.TERM) + offset


def _varying(
    fit: Fit, scale: str, where: tuple[NDArray[np.bool_], Profiles], mean: xr.DataArray | None
) -> xr.DataArray:
    """The mean of the variances of some rows on the link scale, dims (chain, draw, point).

    ``mean`` is that of an average row, where the variance depends on it.
    """
    rows, profiles = where
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    found, positions = [], np.flatnonzero(rows)
    for k, design in enumerate(profiles.designs):
        here = None if mean is None else mean.isel({POINT: k}).transpose("chain", "draw").to_numpy()
        given = {} if here is None else {"mean": here[..., None]}
        total = np.zeros((fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]))
        for part in np.array_split(positions, max(1, total.size * len(positions) // BLOCK)):
            some = replace(fit, design=take_rows(design, part))
            parameters = family_parameters(some, fit.posterior)
            total += family.level1_variance(link, {**parameters, **given}, scale).sum(axis=-1)
        found.append(xr.DataArray(total / len(positions), dims=("chain", "draw")))
    return xr.concat(found, dim=POINT)
