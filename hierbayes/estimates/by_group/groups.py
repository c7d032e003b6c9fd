"""Each group's effects, and its own intercept and slopes."""

from __future__ import annotations

from typing import Literal, overload

import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.errors import UnknownNameError
from hierbayes.estimates.predictors import PREDICTOR, owner, predictor_label
from hierbayes.estimates.summarize import PROB, describe_interval, label_rows, summarize
from hierbayes.fitted.record import Fit, once
from hierbayes.spec.records import GroupSpec


def select_groups(
    fit: Fit, group: str | None, *, factors: bool = False, further: bool = False
) -> tuple[GroupSpec, ...]:
    """The group terms to answer for: the one that is named, or all.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str or None
        A group term's name; None for all.
    factors : bool
        Whether the name of a grouping factor stands for all terms on it.
    further : bool
        Whether those of further linear predictors count too.

    Raises
    ------
    UnknownNameError
        If the model has no group term of that name, or none at all.
    """
    known = {g.name: g for g in (fit.spec.all_groups if further else fit.spec.groups)}
    if group is None:
        if not known:
            raise UnknownNameError("group term", "(any)", known, "This model has no group effects.")
        return tuple(known.values())
    same = tuple(g for g in known.values() if g.factor == group) if factors else ()
    if same:
        return same
    if group not in known:
        raise UnknownNameError("group term", group, known)
    return (known[group],)


@overload
def ranef(
    fit: Fit, group: str | None = ..., *, prob: float = ..., draws: Literal[False] = ...
) -> pd.DataFrame: ...
@overload
def ranef(fit: Fit, group: str | None = ..., *, prob: float = ..., draws: Literal[True]) -> xr.Dataset: ...
def ranef(
    fit: Fit, group: str | None = None, *, prob: float = PROB, draws: bool = False
) -> pd.DataFrame | xr.Dataset:
    """Group effects: how each group's coefficients deviate from the population's (lme4's ``ranef``).

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str, optional
        A grouping factor, for all group terms on it, or the name of one term; all of them by default.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws: ``u_<group>`` for each group term, dims (chain, draw, <group>,
        <group>_term).

    Returns
    -------
    DataFrame or Dataset
        Columns ``group`` (the grouping factor), ``level, term, mean, sd, lower, upper, ess_bulk, r_hat``; on
        the link scale. Before them ``predictor`` in a model with several linear predictors, as of ``fixef``.

    Raises
    ------
    UnknownNameError
        If the model has no such group term.

    Examples
    --------
    >>> fit.ranef("school").nlargest(3, "mean")
    >>> list(fit.ranef("school", draws=True).dims)
    ['chain', 'draw', 'school', 'school_term']
    """
    effects = {
        g.name: fit.posterior[names.u(g.name)] for g in select_groups(fit, group, factors=True, further=True)
    }
    if draws:
        return xr.Dataset({names.u(name): values for name, values in effects.items()})
    numbers = {name: summarize(values, prob) for name, values in effects.items()}
    return _table(fit, effects, numbers, prob)


@overload
def coef(
    fit: Fit, group: str | None = ..., *, prob: float = ..., draws: Literal[False] = ...
) -> pd.DataFrame: ...
@overload
def coef(fit: Fit, group: str | None = ..., *, prob: float = ..., draws: Literal[True]) -> xr.Dataset: ...
def coef(
    fit: Fit, group: str | None = None, *, prob: float = PROB, draws: bool = False
) -> pd.DataFrame | xr.Dataset:
    """Each group's own intercept and slopes: population coefficient + group effect (lme4's ``coef``).

    A coefficient that varies over groups without a population counterpart deviates from zero. The
    intervals carry the covariance of population and group effects.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str, optional
        A grouping factor, for all group terms on it, or the name of one term; all of them by default.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws: ``coef_<group>`` for each group term, dims (chain, draw, <group>,
        <group>_term).

    Returns
    -------
    DataFrame or Dataset
        Columns ``group`` (the grouping factor), ``level, term, mean, sd, lower, upper, ess_bulk, r_hat``; on
        the link scale, with all other columns of the model at zero. Before them ``predictor`` in a model
        with several linear predictors, as of ``fixef``.

    Raises
    ------
    UnknownNameError
        If the model has no such group term.

    Examples
    --------
    >>> coef = fit.coef("school")
    >>> coef[coef["level"] == "1"][["term", "mean", "lower", "upper"]]
    """
    coefficients = {}
    for spec in select_groups(fit, group, factors=True, further=True):
        dim, predictor = names.group_term(spec.name), owner(fit, spec.name)
        shared = [term for term in spec.terms if term in predictor.terms]
        u = fit.posterior[names.u(spec.name)]
        if not shared:
            coefficients[spec.name] = u
            continue
        own = names.within(predictor.name, names.TERM)
        b = fit.posterior[names.of(names.B, predictor.name)].sel({own: shared}).rename({own: dim})
        total = u + b.reindex({dim: list(spec.terms)}, fill_value=0.0)
        coefficients[spec.name] = total.transpose("chain", "draw", names.group_dim(spec.name), dim)
    if draws:
        return xr.Dataset({names.coef(name): values for name, values in coefficients.items()})
    numbers = {name: coef_numbers(fit, name, values, prob) for name, values in coefficients.items()}
    return _table(fit, coefficients, numbers, prob)


def coef_numbers(fit: Fit, name: str, values: xr.DataArray, prob: float = PROB) -> pd.DataFrame:
    """``summarize`` of the draws of ``coef`` of one group term, computed once for all who ask."""
    return once(fit, ("coef", name, prob), lambda: summarize(values, prob))


def _table(
    fit: Fit, effects: dict[str, xr.DataArray], numbers: dict[str, pd.DataFrame], prob: float
) -> pd.DataFrame:
    """One row per group and coefficient; the terms of one factor side by side, as lme4 shows them."""
    frames: dict[tuple[str, str], list[pd.DataFrame]] = {}
    factors = {group.name: group.factor for group in fit.spec.all_groups}
    for name, values in effects.items():
        labels = label_rows(values)
        labels.columns = pd.Index(["level", "term"])
        labels.insert(0, "group", factors[name])
        label = predictor_label(fit, owner(fit, name).name)
        if fit.spec.predictors:
            labels.insert(0, PREDICTOR, label)
        frames.setdefault((factors[name], label), []).append(pd.concat([labels, numbers[name]], axis=1))
    rows = pd.concat([_by_level(parts) for parts in frames.values()], ignore_index=True)
    return describe_interval(rows, "link", prob)


def _by_level(parts: list[pd.DataFrame]) -> pd.DataFrame:
    rows = pd.concat(parts, ignore_index=True)
    order = pd.factorize(rows["level"])[0] if len(parts) > 1 else range(len(rows))
    return rows.iloc[pd.Series(order).argsort(kind="stable")]
