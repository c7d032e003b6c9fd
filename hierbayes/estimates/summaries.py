"""The tables that every analyst asks for first: all parameters, and the population coefficients."""

from __future__ import annotations

from typing import Literal, overload

import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.estimates.summarize import PROB, describe_interval, label_rows, summarize
from hierbayes.estimates.variance import correlation_pairs
from hierbayes.fitted.record import Fit, once


def summary(fit: Fit, prob: float = PROB) -> pd.DataFrame:
    """Every parameter but the group effects, in brms's sections.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    prob : float
        Mass of the equal-tailed intervals.

    Returns
    -------
    DataFrame
        Columns ``section`` (``"group"``, ``"population"``, ``"family"``), ``group`` (empty but for
        group-level rows), ``parameter`` (``"sd(Intercept)"``, ``"cor(Intercept, standLRT)"``, ``"age"``,
        ``"cutpoints[low|medium]"``, ``"sigma"``), then ``mean, sd, lower, upper, ess_bulk, ess_tail, r_hat``.
        Coefficients and standard deviations are on the link scale.
    """
    return once(fit, ("summary", prob), lambda: _summary(fit, prob)).copy()


def _summary(fit: Fit, prob: float) -> pd.DataFrame:
    posterior = fit.posterior
    labels: list[tuple[str, str, str]] = []
    pieces: list[xr.DataArray] = []
    for group in fit.spec.groups:
        term = names.group_term(group.name)
        labels += [("group", group.name, f"sd({name})") for name in group.terms]
        pieces.append(_elements(posterior[names.sd(group.name)], term))
        for first, second, draws in correlation_pairs(fit, group):
            labels.append(("group", group.name, f"cor({first}, {second})"))
            pieces.append(_elements(draws))
    if fit.spec.terms or fit.spec.categories:
        b = population(fit)
        labels += [("population", "", str(name)) for name in b[names.TERM].to_numpy()]
        pieces.append(_elements(b, names.TERM))
    for parameter in _family_parameters(fit):
        labels.append(("family", "", parameter))
        pieces.append(_elements(posterior[parameter]))
    rows = pd.DataFrame(labels, columns=["section", "group", "parameter"])
    numbers = summarize(xr.concat(pieces, dim="element"), prob, tail=True)
    return describe_interval(pd.concat([rows, numbers], axis=1), "link", prob)


@overload
def fixef(fit: Fit, prob: float = ..., *, draws: Literal[False] = ...) -> pd.DataFrame: ...
@overload
def fixef(fit: Fit, prob: float = ..., *, draws: Literal[True]) -> xr.DataArray: ...
def fixef(fit: Fit, prob: float = PROB, *, draws: bool = False) -> pd.DataFrame | xr.DataArray:
    """Population coefficients (lme4's "fixed effects"), on the link scale, for the user's columns.

    Those of ordered categories begin with the cutpoints, ``"cutpoints[low|medium]"``, at zero of all columns.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws, dims (chain, draw, term), in place of the table.

    Returns
    -------
    DataFrame or DataArray
        Columns ``term, mean, sd, lower, upper, ess_bulk, r_hat``.
    """
    b = population(fit)
    if draws:
        return b
    return describe_interval(pd.concat([label_rows(b), summarize(b, prob)], axis=1), "link", prob)


def population(fit: Fit) -> xr.DataArray:
    """Draws of the cutpoints, where there are any, and of ``b``; dims (chain, draw, term)."""
    if not fit.spec.categories:
        return fit.posterior[names.B]
    labels = [names.level(names.CUTPOINTS, label) for label in fit.spec.cutpoints]
    cutpoints = fit.posterior[names.CUTPOINTS].rename({names.CUTPOINT: names.TERM})
    parts = [cutpoints.assign_coords({names.TERM: labels})]
    parts += [fit.posterior[names.B]] if fit.spec.terms else []
    joined: xr.DataArray = xr.concat(parts, dim=names.TERM)
    return joined.transpose("chain", "draw", names.TERM)


def _elements(draws: xr.DataArray, dim: str | None = None) -> xr.DataArray:
    if dim is None:
        return draws.drop_vars([c for c in draws.coords if c not in ("chain", "draw")]).expand_dims(
            "element", axis=-1
        )
    return draws.rename({dim: "element"}).drop_vars("element")


def _family_parameters(fit: Fit) -> tuple[str, ...]:
    return tuple(e.parameter for e in fit.spec.priors if e.parameter in fit.posterior and not e.coordinates)
