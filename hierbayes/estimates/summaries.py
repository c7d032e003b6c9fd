"""The tables that every analyst asks for first: all parameters, and the population coefficients."""

from __future__ import annotations

from typing import Literal, overload

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.estimates.predictors import PREDICTOR, predictor_label, predictor_term
from hierbayes.estimates.summarize import PROB, describe_interval, label_rows, summarize
from hierbayes.estimates.variance.varcorr import correlation_pairs
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

    Examples
    --------
    >>> fit.summary()[["section", "group", "parameter", "mean"]].head(2)  # doctest: +ELLIPSIS
      section   group      parameter   mean
    0   group  school  sd(Intercept) 0.29...
    1   group  school   sd(standLRT) 0.12...
    """
    return once(fit, ("summary", prob), lambda: _summary(fit, prob)).copy()


def _summary(fit: Fit, prob: float) -> pd.DataFrame:
    rows, elements = parameter_draws(fit)
    numbers = summarize(elements, prob, tail=True)
    return describe_interval(pd.concat([rows, numbers], axis=1), "link", prob)


def parameter_draws(fit: Fit) -> tuple[pd.DataFrame, xr.DataArray]:
    """Every parameter but the group effects.

    Returns
    -------
    DataFrame, DataArray of dims (chain, draw, element)
        Columns ``section, group, parameter`` of ``summary``, and the draws in the same order.
    """
    posterior = fit.posterior
    labels: list[tuple[str, str, str]] = []
    pieces: list[xr.DataArray] = []
    for group in (*fit.spec.all_groups, *fit.spec.joint_groups):
        if not group.parts:
            labels += [("group", group.name, f"sd({name})") for name in group.terms]
            pieces.append(_elements(posterior[names.sd(group.name)], names.group_term(group.name)))
        for first, second, draws in correlation_pairs(fit, group):
            labels.append(("group", group.name, f"cor({first}, {second})"))
            pieces.append(_elements(draws))
    for predictor, b in populations(fit).items():
        terms = map(str, b[names.TERM].to_numpy())
        labels += [("population", "", predictor_term(fit, predictor, name)) for name in terms]
        pieces.append(_elements(b, names.TERM))
    for parameter in _family_parameters(fit):
        labels.append(("family", "", parameter))
        pieces.append(_elements(posterior[parameter]))
    rows = pd.DataFrame(labels, columns=["section", "group", "parameter"])
    return rows, xr.concat(pieces, dim="element")


@overload
def fixef(fit: Fit, prob: float = ..., *, draws: Literal[False] = ...) -> pd.DataFrame: ...
@overload
def fixef(fit: Fit, prob: float = ..., *, draws: Literal[True]) -> xr.DataArray | xr.Dataset: ...
def fixef(fit: Fit, prob: float = PROB, *, draws: bool = False) -> pd.DataFrame | xr.DataArray | xr.Dataset:
    """Population coefficients (lme4's "fixed effects"), on the link scale, for the user's columns.

    Those of ordered categories begin with the cutpoints, ``"cutpoints[low|medium]"``, at zero of all columns.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws, dims (chain, draw, term), in place of the table; of a model with several
        linear predictors a Dataset with ``b``, ``b_sigma``, ...

    Returns
    -------
    DataFrame, DataArray or Dataset
        Columns ``term, mean, sd, lower, upper, ess_bulk, r_hat``; before them ``predictor`` in a model with
        several linear predictors: the parameter, ``"mu"`` for the main one, or the category.

    Examples
    --------
    >>> fit.fixef()["term"].tolist()
    ['Intercept', 'standLRT', 'schgend[boys]', 'schgend[girls]']
    """
    b = populations(fit) or {"": _none(fit)}
    if draws:
        every = xr.Dataset({names.of(names.B, name): values for name, values in b.items()})
        return every if fit.spec.predictors else every[names.B]
    frames = []
    for name, values in b.items():
        labels = label_rows(values)
        labels.columns = pd.Index([names.TERM])
        if fit.spec.predictors:
            labels.insert(0, PREDICTOR, predictor_label(fit, name))
        frames.append(pd.concat([labels, summarize(values, prob)], axis=1))
    return describe_interval(pd.concat(frames, ignore_index=True), "link", prob)


def populations(fit: Fit) -> dict[str, xr.DataArray]:
    """Draws of ``b`` of each linear predictor by its name, dims (chain, draw, term); cutpoints come first."""
    found = {}
    for predictor in fit.spec.linear:
        dim = names.within(predictor.name, names.TERM)
        parts = []
        if fit.spec.cutpoints:
            labels = [names.level(names.CUTPOINTS, label) for label in fit.spec.cutpoints]
            cutpoints = fit.posterior[names.CUTPOINTS].rename({names.CUTPOINT: names.TERM})
            parts.append(cutpoints.assign_coords({names.TERM: labels}))
        if predictor.terms:
            b = fit.posterior[names.of(names.B, predictor.name)]
            parts.append(b if dim == names.TERM else b.rename({dim: names.TERM}))
        if parts:
            joined = xr.concat(parts, dim=names.TERM) if len(parts) > 1 else parts[0]
            found[predictor.name] = joined.transpose("chain", "draw", names.TERM)
    return found


def _none(fit: Fit) -> xr.DataArray:
    """Draws of no coefficient at all, of ``y ~ 0 + (1 | g)``."""
    chains, draws = fit.posterior["chain"], fit.posterior["draw"]
    values = np.zeros((len(chains), len(draws), 0))
    coords = {"chain": chains, "draw": draws, names.TERM: np.zeros(0, dtype=np.str_)}
    return xr.DataArray(values, coords=coords, dims=("chain", "draw", names.TERM))


def _elements(draws: xr.DataArray, dim: str | None = None) -> xr.DataArray:
    if dim is None:
        return draws.drop_vars([c for c in draws.coords if c not in ("chain", "draw")]).expand_dims(
            "element", axis=-1
        )
    return draws.rename({dim: "element"}).drop_vars("element")


def _family_parameters(fit: Fit) -> tuple[str, ...]:
    known = fit.posterior.data_vars  # without dimensions, one of which may be called Intercept
    return tuple(e.parameter for e in fit.spec.priors if e.parameter in known and not e.coordinates)
