"""How much of the variance columns and groups account for: R2 of a multilevel model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.design.selection import take_rows
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.predictions.prediction import family_parameters, linpred
from hierbayes.estimates.summarize import PROB, describe_interval, label_rows, summarize
from hierbayes.estimates.variance.level1 import level1_variance
from hierbayes.estimates.variance.profiles import POINT, profiles_of
from hierbayes.estimates.variance.vpc import between_variance, scales_of
from hierbayes.families import get_family, get_link
from hierbayes.families.base import TRIALS, WEIGHTS
from hierbayes.fitted.record import Fit
from hierbayes.progress import working

NAKAGAWA, BAYES, ALL = "nakagawa", "bayes", "all"
MARGINAL, CONDITIONAL, PART = "marginal", "conditional", "part"
BLOCK = 8_000_000
"""Numbers, rows by draws, that are held at a time."""
ROUNDING = 1e-12
"""Relative to the second moment: a variance below it is rounding of the two moments."""
OF_NAKAGAWA = (
    "{scale}; marginal: var(X b) over the rows / (var(X b) + sum of all group variances + level-1 variance), "
    "what the columns explain; a group term: its variance over the same sum; conditional: columns and groups "
    "together (Nakagawa, Johnson and Schielzeth 2017; with random slopes Johnson 2014)"
)
SCALES = {"latent": "of the latent response, on the link scale", "gaussian": "of the response"}
OF_BAYES = (
    "of the response itself; conditional: variance over the rows of the expected response of their own "
    "groups / (this + mean variance of a response around it), draw by draw (Gelman, Goodrich, Gabry and "
    "Vehtari 2019); marginal: variance over the rows of the expected response of typical groups / the same "
    "sum"
)
DIFFERENT = (
    "The two R2 are different quantities: nakagawa has the variance of groups as in the population, on the "
    "link scale; bayes that of the observed rows and groups, on the response scale."
)


@overload
def r2(fit: Fit, method: str = ..., *, prob: float = ..., draws: Literal[False] = ...) -> pd.DataFrame: ...
@overload
def r2(fit: Fit, method: str = ..., *, prob: float = ..., draws: Literal[True]) -> xr.Dataset: ...
def r2(fit: Fit, method: str = ALL, *, prob: float = PROB, draws: bool = False) -> pd.DataFrame | xr.Dataset:
    """Share of variance that columns, and columns and groups, account for.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    method : str
        ``"nakagawa"``: on the link scale, with the level-1 variance of ``fit.vpc()``'s default. ``"bayes"``:
        on the response scale, of the observed rows. ``"all"``, the default: those that are defined. The
        offset is no column that explains anything, and is left out of ``"nakagawa"``.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws in place of the table.

    Returns
    -------
    DataFrame or Dataset
        Columns ``method, part, mean, sd, lower, upper, ess_bulk, r_hat``; ``part`` is ``"marginal"``
        (columns), the name of a group term (what it adds; of ``"nakagawa"``) or ``"conditional"`` (all).
        Shares between 0 and 1. With ``draws=True`` one variable per method, dims (chain, draw, part).

    Raises
    ------
    UnknownNameError
        If there is no such method.
    DataError
        If the method is not defined: ``"nakagawa"`` where there is no level-1 variance on the link scale, or
        several linear predictors of categories; ``"bayes"`` for categories.

    References
    ----------
    Gelman, A., Goodrich, B., Gabry, J. and Vehtari, A. (2019). R-squared for Bayesian regression models. The
    American Statistician 73, 307-309. Nakagawa, S., Johnson, P. C. D. and Schielzeth, H. (2017). Journal of
    the Royal Society Interface 14, 20170213. Johnson, P. C. D. (2014). Methods in Ecology and Evolution 5,
    944-946.

    Examples
    --------
    >>> fit.r2()["part"].tolist()
    ['marginal', 'school', 'conditional', 'marginal', 'conditional']
    """
    refusals = {NAKAGAWA: _no_nakagawa(fit), BAYES: _no_bayes(fit)}
    if method not in (*refusals, ALL):
        raise UnknownNameError("method of R2", method, [*refusals, ALL])
    asked = [m for m in refusals if method == m or (method == ALL and not refusals[m])]
    refusal = refusals.get(method) or ("" if asked else refusals[NAKAGAWA])
    if refusal:
        raise DataError(refusal)
    found = {m: {NAKAGAWA: _nakagawa, BAYES: _bayes}[m](fit) for m in asked}
    texts = {NAKAGAWA: OF_NAKAGAWA.format(scale=_scale_words(fit)), BAYES: OF_BAYES}
    texts = {m: texts[m] for m in asked}
    definition = "; ".join(f"{m}: {text}" for m, text in texts.items())
    if draws:
        return xr.Dataset(found).assign_attrs(definition=definition)
    frames = []
    for name, shares in found.items():
        labels = label_rows(shares)
        labels.insert(0, "method", name)
        frames.append(pd.concat([labels, summarize(shares, prob)], axis=1))
    frame = pd.concat(frames, ignore_index=True)
    frame.attrs.update(definition=definition, definitions=texts, notes=(DIFFERENT,) if len(found) > 1 else ())
    return describe_interval(frame, "share of variance", prob)


def _no_nakagawa(fit: Fit) -> str:
    scales = scales_of(fit)
    if not scales:
        return (
            f"The R2 of Nakagawa et al. needs a level-1 variance on the link scale; {fit.spec.family} with "
            f"the {fit.spec.link} link has none. Ask for method='bayes', which is of the response itself."
        )
    if fit.design.response.unordered:
        return (
            "An R2 is of one linear predictor; unordered categories have one each against the reference, and "
            "their shares depend on the choice of the reference. fit.vpc() has those of groups."
        )
    return ""


def _no_bayes(fit: Fit) -> str:
    if not fit.design.response.categories:
        return ""
    return (
        "The Bayesian R2 is of a response with a mean; categories have probabilities instead. "
        "Ask for method='nakagawa', which is of the latent variable of ordered categories."
    )


def _scale_words(fit: Fit) -> str:
    name = next(iter(scales_of(fit)), "")
    return SCALES.get(
        name, f"on the scale of the link, with the level-1 variance of fit.vpc(method={name!r})"
    )


def _nakagawa(fit: Fit) -> xr.DataArray:
    scale = next(iter(scales_of(fit).values()))
    everywhere = (np.ones(fit.design.n, dtype=bool), profiles_of(fit, None))
    between = {g.name: between_variance(fit, g, *everywhere) for g in fit.spec.groups}
    groups = sum(between.values(), start=xr.DataArray(0.0))
    columns = xr.DataArray(0.0)
    if fit.spec.terms:
        X = fit.design.X - fit.design.X.mean(axis=0)
        S = X.T @ X / max(fit.design.n - 1, 1)
        b = fit.posterior[names.B].transpose("chain", "draw", names.TERM)
        columns = xr.DataArray(
            np.einsum("cdi,ij,cdj->cd", b.to_numpy(), S, b.to_numpy()), dims=("chain", "draw")
        )
    level1 = level1_variance(fit, scale, groups, everywhere)
    total = columns + groups + level1
    parts = {MARGINAL: columns, **between, CONDITIONAL: columns + groups}
    return _stacked({part: value / total for part, value in parts.items()}, fit)


def _stacked(parts: dict[str, xr.DataArray], fit: Fit) -> xr.DataArray:
    like = fit.posterior[next(iter(fit.posterior.data_vars))]
    empty = xr.zeros_like(like.isel({d: 0 for d in like.dims if d not in ("chain", "draw")}, drop=True))
    every = [empty + (value.isel({POINT: 0}) if POINT in value.dims else value) for value in parts.values()]
    joined = xr.concat([value.reset_coords(drop=True) for value in every], dim=PART)
    return joined.assign_coords({PART: np.array(list(parts), dtype=str)}).transpose("chain", "draw", PART)


def _bayes(fit: Fit) -> xr.DataArray:
    """Variances over the rows, accumulated over blocks of them, weighted by how often a row counts."""
    family, n = get_family(fit.spec.family), fit.design.n
    size = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    weights = np.ones(n)
    if fit.design.weights is not None and not family.residual_weights:
        weights = np.asarray(fit.design.weights)
    sums: Any = 0.0
    with working("expected responses", n, unit="rows") as work:
        for rows in np.array_split(np.arange(n), max(1, size * n // BLOCK)):
            some = replace(fit, design=take_rows(fit.design, rows))
            own, typical, variance = _moments(some)
            w = weights[rows]
            sums = sums + np.stack([v @ w for v in (own, own**2, typical, typical**2, variance)])
            work.done += len(rows)
    mean, square, mean_typical, square_typical, residual = sums / weights.sum()
    explained = _variance(square, mean)
    total = explained + residual
    dims = ("chain", "draw")
    parts = {MARGINAL: _variance(square_typical, mean_typical) / total, CONDITIONAL: explained / total}
    return _stacked({part: xr.DataArray(value, dims=dims) for part, value in parts.items()}, fit)


def _variance(square: Any, mean: Any) -> Any:
    """Of two moments over the rows; zero where the difference is no more than their rounding."""
    found = square - mean**2
    return np.where(found < ROUNDING * square, 0.0, found)


def _moments(fit: Fit) -> tuple[Any, Any, Any]:
    """Expected response of own and of typical groups, and variance, (chain, draw, n); shares of trials."""
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    given = family_parameters(fit, fit.posterior)
    parameters = {k: v for k, v in given.items() if k not in ("low", "high", "lb", "ub")}
    if not family.residual_weights:
        parameters.pop(WEIGHTS, None)
    trials = np.asarray(given.get(TRIALS, 1.0))
    own = family.mean(linpred(fit).to_numpy(), link, parameters)
    typical = family.mean(linpred(fit, groups="typical").to_numpy(), link, parameters)
    variance = np.broadcast_to(family.variance(own, parameters), own.shape)
    return own / trials, typical / trials, variance / trials**2
