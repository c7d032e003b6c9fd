"""Population coefficients of standardized columns: how much one standard deviation changes."""

from __future__ import annotations

from typing import Literal, overload

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.newrows import columns_within_functions, grouping_columns, new_rows
from hierbayes.estimates.predictions.averages import observed
from hierbayes.estimates.predictions.grids import columns_of, is_number
from hierbayes.estimates.predictors import PREDICTOR, predictor_label
from hierbayes.estimates.summarize import ESTIMATES, PROB, describe_interval, label_rows, summarize
from hierbayes.families import get_family, get_link
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

EXACT = 1e-8
"""Largest relative error of columns that are linear combinations of others."""


@overload
def standardized(fit: Fit, prob: float = ..., *, draws: Literal[False] = ...) -> pd.DataFrame: ...
@overload
def standardized(fit: Fit, prob: float = ..., *, draws: Literal[True]) -> xr.Dataset: ...
def standardized(fit: Fit, prob: float = PROB, *, draws: bool = False) -> pd.DataFrame | xr.Dataset:
    """Population coefficients as they would be for standardized data.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws: ``b`` and, of further linear predictors, ``b_sigma``, ..., dims (chain,
        draw, term).

    Returns
    -------
    DataFrame or Dataset
        ``term, mean, sd, lower, upper, ess_bulk, r_hat``, before them ``predictor`` where there are several
        linear predictors; per standard deviation of each column of numbers, levels of factors as they are; on
        the link scale, of Gaussian and Student responses in standard deviations of the response.
        ``attrs["notes"]`` names columns that stay in their own units.

    Notes
    -----
    Each column of numbers is replaced by its z-scores and the formula is applied again, so that ``I(age^2)``
    and interactions are those of the z-scores. Where the columns of the model are linear combinations of the
    new ones, ``X = X' T``, its coefficients are ``T b``: the same model in other units, no refit. Columns
    within functions such as ``log()`` and ``poly()`` keep their units.

    Examples
    --------
    >>> fit.standardized()
    """
    scores, kept = _scores(fit)
    rows = new_rows(fit.design, scores).design
    found: dict[str, xr.DataArray] = {}
    for predictor, old, new in zip(fit.spec.linear, fit.design.linear, rows.linear, strict=True):
        if not predictor.terms:
            continue
        dim = names.within(predictor.name, names.TERM)
        b = fit.posterior[names.of(names.B, predictor.name)].transpose("chain", "draw", dim)
        T = np.linalg.lstsq(new.X, old.X, rcond=None)[0]
        error = float(np.abs(new.X @ T - old.X).max())
        if error > EXACT * max(1.0, float(np.abs(old.X).max())):
            T = np.diag(np.where(old.X.std(axis=0) > 0, old.X.std(axis=0), 1.0))
            kept.append("each coefficient is multiplied by the standard deviation of its own column")
        values = b.to_numpy() @ T.T
        if not predictor.name:
            values = _per_sd_of_response(fit, values, predictor.terms)
        coords = {"chain": b["chain"], "draw": b["draw"], names.TERM: list(predictor.terms)}
        found[predictor.name] = xr.DataArray(values, dims=("chain", "draw", names.TERM), coords=coords)
    if draws:
        return xr.Dataset({names.of(names.B, name): values for name, values in found.items()})
    frames = []
    for name, array in found.items():
        labels = label_rows(array)
        if fit.spec.predictors:
            labels.insert(0, PREDICTOR, predictor_label(fit, name))
        frames.append(pd.concat([labels, summarize(array, prob)], axis=1))
    nothing = pd.DataFrame(columns=[names.TERM, *ESTIMATES])
    frame = pd.concat(frames, ignore_index=True) if frames else nothing
    frame.attrs["definition"] = "coefficient per standard deviation of each column of numbers" + (
        ", in standard deviations of the response" if _scales_response(fit) else ""
    )
    frame.attrs["notes"] = tuple(dict.fromkeys(kept))
    return describe_interval(frame, "sd of the response" if _scales_response(fit) else "link", prob)


def _scores(fit: Fit) -> tuple[pd.DataFrame, list[str]]:
    """The observed rows with z-scores in place of numbers, and what keeps its units."""
    frame, notes = observed(fit), []
    groups = grouping_columns(fit.design.recipe)
    fixed = columns_within_functions(fit.design.recipe)
    for name in columns_of(fit):
        if name in groups or not is_number(fit, name):
            continue
        values = fit.design.columns[name]
        if name in fixed:
            notes.append(f"{name} keeps its units, since it stands within a function")
        elif values.std() > 0:
            frame[name] = (values - values.mean()) / values.std(ddof=1)
    return frame.drop(columns=[name for name in groups if name in frame.columns]), notes


def _scales_response(fit: Fit) -> bool:
    family = get_family(fit.spec.family)
    return family.is_flat(get_link(fit.spec.family, fit.spec.link)) and fit.spec.family != "lognormal"


def _per_sd_of_response(fit: Fit, values: Floats, terms: tuple[str, ...]) -> Floats:
    if not _scales_response(fit):
        return values
    y = fit.design.y
    shift = np.array([y.mean() if term == names.INTERCEPT else 0.0 for term in terms])
    return np.asarray((values - shift) / y.std(ddof=1))
