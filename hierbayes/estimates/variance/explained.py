"""What a model's further columns explain: variances of two fits compared."""

from __future__ import annotations

from typing import Literal, overload

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.errors import DataError
from hierbayes.estimates.leave_out.identity import data_of, difference
from hierbayes.estimates.summarize import PROB, describe_interval, summarize
from hierbayes.estimates.variance.profiles import POINT, profiles_of
from hierbayes.estimates.variance.varcorr import RESIDUAL
from hierbayes.estimates.variance.vpc import between_variance
from hierbayes.fitted.record import Fit
from hierbayes.progress import working

DEFINITION = (
    "1 - variance in the full model / variance in the null model, of each group term (averaged over the "
    "observed rows, slopes included) and of the residuals (Raudenbush and Bryk 2002, chapter 4); below 0 "
    "where the variance is larger in the full model. The two posteriors are independent: each draw of one "
    "meets one of the other"
)
RESCALED = (
    "On this link the level-1 variance is fixed: columns that vary within groups stretch the scale, and the "
    "group variances with it, so that a share below 0 can mean that rows, not groups, are explained."
)
NEGATIVE = (
    "A variance is larger in the full model for {groups}: groups differ more once their composition is "
    "accounted for, or there is nothing to explain and this is its uncertainty."
)


@overload
def variance_explained(
    null: Fit, full: Fit, *, prob: float = ..., draws: Literal[False] = ...
) -> pd.DataFrame: ...
@overload
def variance_explained(null: Fit, full: Fit, *, prob: float = ..., draws: Literal[True]) -> xr.Dataset: ...
@working("hb.variance_explained")
def variance_explained(
    null: Fit, full: Fit, *, prob: float = PROB, draws: bool = False
) -> pd.DataFrame | xr.Dataset:
    """Proportional reduction of each variance from one model to another of the same rows.

    Parameters
    ----------
    null, full : Fit
        Fits of the same rows, family and link, usually without and with some columns.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws in place of the table.

    Returns
    -------
    DataFrame or Dataset
        Columns ``group`` (``"Residual"`` for ``sigma^2``), ``variance_null, variance_full`` (posterior means,
        link scale), then of the proportion ``mean, sd, lower, upper, ess_bulk, r_hat``. At most 1. With
        ``draws=True`` one variable per variance, dims (chain, draw).

    Raises
    ------
    DataError
        If the fits have different rows, responses, families or links, or no variance in common.

    Examples
    --------
    >>> hb.variance_explained(m1, m2)

    References
    ----------
    Raudenbush, S. W. and Bryk, A. S. (2002). Hierarchical Linear Models, 2nd edition. Sage, chapter 4.
    Fielding, A. (2004). Scaling for residual variance components of ordered category responses in
    generalised linear mixed multilevel models. Quality and Quantity 38, 425-433 (on fixed level-1 variances).
    """
    _check_same(null, full)
    before, after = _variances(null), _variances(full)
    common = [name for name in before if name in after]
    if not common:
        raise DataError(
            f"The two fits have no variance in common: {_named(before)} in the first, {_named(after)} in the "
            "second. State the same group terms in both formulas."
        )
    chains = min(fit.posterior.sizes["chain"] for fit in (null, full))
    kept = min(fit.posterior.sizes["draw"] for fit in (null, full))
    found = {}
    for name in common:
        pair = (
            values.isel(chain=slice(chains), draw=slice(kept)).transpose("chain", "draw")
            for values in (before[name], after[name])
        )
        first, second = (values.to_numpy() for values in pair)
        dims = {"chain": np.arange(chains), "draw": np.arange(kept)}
        found[name] = xr.DataArray(1 - second / first, dims=("chain", "draw"), coords=dims)
    if draws:
        named = {names.drawn(name): values for name, values in found.items()}
        return xr.Dataset(named).assign_attrs(definition=DEFINITION)
    labels = pd.DataFrame(
        {
            "group": common,
            "variance_null": [float(before[name].mean()) for name in common],
            "variance_full": [float(after[name].mean()) for name in common],
        }
    )
    joined = xr.concat(list(found.values()), dim="element").transpose("chain", "draw", "element")
    frame = pd.concat([labels, summarize(joined, prob)], axis=1)
    frame.attrs.update(definition=DEFINITION, notes=_notes(null, frame))
    return describe_interval(frame, "share of the variance in the null model", prob)


def _check_same(null: Fit, full: Fit) -> None:
    kinds = [(fit.spec.family, fit.spec.link) for fit in (null, full)]
    if kinds[0] != kinds[1]:
        shown = " and ".join(f"{family} with the {link} link" for family, link in kinds)
        raise DataError(f"Variances are on the scale of family and link, and the fits are {shown}.")
    why = difference(("null", data_of(null)), ("full", data_of(full)))
    if why:
        raise DataError(f"Variances of different data cannot be compared. {why}")


def _variances(fit: Fit) -> dict[str, xr.DataArray]:
    rows, everywhere = np.ones(fit.design.n, dtype=bool), profiles_of(fit, None)
    found = {
        group.name: between_variance(fit, group, rows, everywhere)
        for predictor in fit.spec.linear
        if not predictor.name or fit.design.response.unordered
        for group in predictor.groups
    }
    found = {n: v.isel({POINT: 0}) if POINT in v.dims else v for n, v in found.items()}
    if "sigma" in fit.spec.scalars:
        found[RESIDUAL] = fit.posterior["sigma"] ** 2
    return found


def _named(variances: dict[str, xr.DataArray]) -> str:
    return ", ".join(variances) or "none"


def _notes(null: Fit, frame: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    negative = list(frame.loc[frame["mean"] < 0, "group"])
    if negative:
        notes.append(NEGATIVE.format(groups=" and ".join(negative)))
    if "sigma" not in null.posterior and null.spec.family in (
        *("bernoulli", "binomial", "beta_binomial", "cumulative", "categorical"),
    ):
        notes.append(RESCALED)
    return tuple(notes)
