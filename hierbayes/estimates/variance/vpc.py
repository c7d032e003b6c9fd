"""How much groups differ: variance partition coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.summarize import PROB, describe_interval
from hierbayes.estimates.variance.level1 import level1_variance
from hierbayes.estimates.variance.profiles import POINT, At, Profiles, profiles_of
from hierbayes.estimates.variance.varcorr import covariance
from hierbayes.estimates.variance.vpc_response import (
    LINEAR,
    is_trial,
    no_linear,
    response_methods,
    response_shares,
)
from hierbayes.estimates.variance.vpc_table import apart, other_definitions, preferred, table_of, where_of
from hierbayes.estimates.variance.vpc_words import GAUSSIAN, NO_VARIANCE, WITH_ONE, definition
from hierbayes.families import get_family, get_link
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import GroupSpec

ALL = "all"
DEFINITION = "definition"
"""Dimension of several definitions; ``sel`` of xarray has a ``method`` of its own."""

type Methods = str | Sequence[str] | None


def vpc_refusal(fit: Fit) -> str | None:
    """Why a fit has no VPC on the scale of its linear predictor, in words; None where it has one."""
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    if family.level1_scales(link):
        return None
    other = preferred(response_methods(fit))
    instead = f" Shares of the variance of the response itself: method={other!r}." if other else ""
    return (
        f"The VPC of a {family.name} model with the {link.name} link is not defined: "
        f"{NO_VARIANCE[family.name, link.name]}. The standard deviations of the groups, fit.varcorr(), are "
        f"on the link scale; {WITH_ONE[family.name]}.{instead}"
    )


@overload
def vpc(
    fit: Fit, at: At = ..., *, method: Methods = ..., prob: float = ..., draws: Literal[False] = ...
) -> pd.DataFrame: ...
@overload
def vpc(
    fit: Fit, at: At = ..., *, method: Methods = ..., prob: float = ..., draws: Literal[True]
) -> xr.Dataset: ...
def vpc(
    fit: Fit, at: At = None, *, method: Methods = None, prob: float = PROB, draws: bool = False
) -> pd.DataFrame | xr.Dataset:
    """Variance partition coefficient of each group term: the share of variance that lies between its groups.

    With random slopes the between-group variance ``z' S z`` depends on the covariates ``z`` of a row.
    Without ``at`` it is averaged over the observed rows, ``tr(S Z'Z / n)``. So is the variance of a row where
    ``sigma`` (or another parameter) has a formula of its own; with ``at``, at that value of the column.

    The groups of one level of ``by``, ``(1 | gr(school, by = sector))``, have the share of that level's rows.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    at : mapping of str to number, label or a sequence of them, optional
        Columns of the data and the values at which to give the coefficient, ``{"urban": "N", "age": [-10, 0,
        10]}``: every combination. Transforms and interactions of a column follow it; other columns stay at
        their means.
    method : str or sequence of str, optional
        What counts as variance, ``"all"`` for every definition that there is. For 0/1 outcomes, trials and
        ordered categories:

        - ``"latent"`` (the default): of the latent variable, on the link scale;
        - ``"linearised"``: of the response, by a first-order expansion around the typical group;
        - ``"simulation"``: of the response, group effects integrated out (by quadrature);
        - ``"linear"``: of the response, as a linear model of it has it, all rows together; for random
          intercepts of one factor.

        For counts with the log link ``"lognormal"`` (the default), ``"trigamma"`` or ``"delta"``, of the
        logarithm; for gamma, exponential and Weibull responses with it the same three, ``"trigamma"`` (the
        variance of the logarithm, exact) by default; for beta responses with the logit link ``"trigamma"``
        (the variance of the logit, exact) or ``"delta"``. ``"exact"`` is of these responses themselves,
        group effects integrated out. Elsewhere there is one.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws in place of the table.

    Returns
    -------
    DataFrame or Dataset
        Columns ``group, method`` (``"gaussian"``, ``"latent"`` for binary, binomial and ordered responses,
        one of ``method`` or ``"observation"`` for counts and measurements, ``"residual"`` for Student and
        lognormal responses), ``cutpoint`` where a 0/1 outcome is whether an ordered response lies above it,
        the columns of ``at`` if any, ``mean, sd, lower, upper, ess_bulk, r_hat``; ``attrs["definition"]``
        says in words what was divided by what. Shares between 0 and 1. With ``draws=True`` one variable per
        group term, dims (chain, draw) and the columns of ``at``, before them ``definition`` where several
        methods are asked for. Of a response of categories the first column is ``predictor``, the category.

    Raises
    ------
    UnknownNameError
        If the model has no such column, or there is no such method for this family and link.
    DataError
        If there is no variance of a row on the link scale (0/1 with the log or cauchit link) and no other
        method is named; or method ``"linear"`` is named where there is more than one variance.

    References
    ----------
    Goldstein, H., Browne, W. and Rasbash, J. (2002). Partitioning variation in multilevel models.
    Understanding Statistics 1, 223-231 (methods A to D: linearised, simulation, linear, latent). Johnson,
    P. C. D. (2014). Extension of Nakagawa & Schielzeth's R2GLMM to random slopes models. Methods in Ecology
    and Evolution 5, 944-946. Leckie, G., Browne, W. J., Goldstein, H., Merlo, J. and Austin, P. C. (2020).
    Partitioning variation in multilevel models for count data. Psychological Methods 25, 787-801.
    Nakagawa, S., Johnson, P. C. D. and Schielzeth, H. (2017). The coefficient of determination R2 and
    intra-class correlation coefficient from generalized linear mixed-effects models revisited and expanded.
    Journal of the Royal Society Interface 14, 20170213, table 1 and equations 4.1 to 5.8 (on counts).

    Examples
    --------
    >>> fit.vpc()
    >>> shares = fit.vpc(at={"standLRT": [-2, 0, 2]})
    >>> shares["mean"].round(1).tolist()
    [0.1, 0.1, 0.3]
    """
    chosen = _chosen(fit, method, held=bool(at))
    profiles = profiles_of(fit, at)
    shares = {name: _shares(fit, name, scale, profiles) for name, scale in chosen.items()}
    text = {name: definition(fit, name, where_of(profiles)) for name in chosen}
    single = method is None or (isinstance(method, str) and method != ALL)
    joined = next(iter(text.values())) if single else "; ".join(f"{k}: {v}" for k, v in text.items())
    if draws:
        found = _together(shares) if len(shares) > 1 else next(iter(shares.values()))
        unfolded = xr.Dataset({names.drawn(name): profiles.unfold(values) for name, values in found.items()})
        unfolded.attrs.update(method=", ".join(chosen), definition=joined)
        return unfolded
    frame = table_of(fit, shares, profiles, prob)
    frame.attrs.update(definition=joined, notes=(*other_definitions(fit, method), *apart(frame)))
    if not single:
        frame.attrs["definitions"] = text
    return describe_interval(frame, "share of variance", prob)


def scales_of(fit: Fit) -> dict[str, str]:
    """The definitions on the link scale, the default first, and the scale of level 1 of each."""
    scales = get_family(fit.spec.family).level1_scales(get_link(fit.spec.family, fit.spec.link))
    called = (GAUSSIAN,) if (fit.spec.family, scales) == (GAUSSIAN, ("latent",)) else scales
    return dict(zip(called, scales, strict=True))


def _chosen(fit: Fit, method: Methods, *, held: bool) -> dict[str, str]:
    """What the definitions are called, and the scale of the level-1 variance; none: of the response."""
    methods = {**scales_of(fit), **dict.fromkeys(response_methods(fit), "")}
    refusal, asked = vpc_refusal(fit), (method,) if isinstance(method, str) else tuple(method or ())
    if refusal and (not asked or not methods or "latent" in asked):
        raise DataError(refusal)
    if LINEAR in asked and (held or LINEAR not in methods) and is_trial(fit):
        raise no_linear(fit, held=held)
    if held:
        methods.pop(LINEAR, "")
    for name in asked:
        if name not in (*methods, ALL):
            raise UnknownNameError(f"method of a VPC of {fit.spec.family} models", name, [*methods, ALL])
    if ALL in asked:
        return methods
    return {name: methods[name] for name in asked or list(methods)[:1]}


def _shares(fit: Fit, method: str, scale: str, profiles: Profiles) -> dict[str, xr.DataArray]:
    """Draws of the share of each group term, dims (chain, draw, point) and perhaps (cutpoint)."""
    shares = {}
    for predictor, arrays in zip(fit.spec.linear, fit.design.linear, strict=True):
        if predictor.name in get_family(fit.spec.family).parameters:
            continue  # of a parameter, which is no outcome
        for own in arrays.groups:
            where = (own.own, profiles)
            between = {g.name: between_variance(fit, g, *where) for g in predictor.groups}
            if scale:
                total = sum(between.values(), start=xr.DataArray(0.0))
                share = between[own.name] / (total + level1_variance(fit, scale, total, where))
            else:
                share = response_shares(fit, method, between, where)[own.name]
            shares[own.name] = share.transpose("chain", "draw", ...)
            if not profiles.held and POINT in share.dims:
                shares[own.name] = shares[own.name].isel({POINT: 0})
    return shares


def _together(shares: dict[str, dict[str, xr.DataArray]]) -> dict[str, xr.DataArray]:
    every = list(shares.values())
    return {
        group: xr.concat(xr.broadcast(*(found[group] for found in every)), dim=DEFINITION)
        .assign_coords({DEFINITION: np.array(list(shares), dtype=str)})
        .transpose("chain", "draw", DEFINITION, ...)
        for group in every[0]
    }


def between_variance(fit: Fit, group: GroupSpec, rows: NDArray[np.bool_], profiles: Profiles) -> xr.DataArray:
    """The mean variance between the groups of a term over some rows; zero in rows of none of its groups.

    Returns
    -------
    DataArray, dims (chain, draw), and (point) where columns are held
        Link scale. Where columns are held, at the mean of the other columns.
    """
    dim, bis = names.group_term(group.name), names.group_term_bis(group.name)
    sigma, n = covariance(fit, group), int(rows.sum())
    if not profiles.held:
        design = fit.design.group(group.name)
        Z = design.Z[rows & design.own]
        return (sigma * xr.DataArray(Z.T @ Z / n, dims=(dim, bis))).sum((dim, bis))
    points, shares = [], []
    for held in profiles.designs:
        design = held.group(group.name)
        inside = rows & (design.own | (design.Z != 0).any(axis=1))
        Z = design.Z[inside]
        points.append(Z.mean(axis=0) if len(Z) else np.zeros(Z.shape[1]))
        shares.append(len(Z) / n)
    z = xr.DataArray(np.array(points), dims=(POINT, dim))
    variance = (z * sigma * z.rename({dim: bis})).sum((dim, bis)).transpose("chain", "draw", POINT)
    return variance * xr.DataArray(shares, dims=POINT)
