"""How much groups differ: standard deviations, correlations and variance partition coefficients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.errors import UnknownNameError
from hierbayes.estimates.summarize import PROB, describe_interval, summarize
from hierbayes.families import get_family, get_link
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import GroupSpec

RESIDUAL = "Residual"

DEFINITIONS = {
    "gaussian": (
        "share of the variance of the response, given the population effects, that lies between groups: "
        "var(group) / (sum of all group variances + sigma^2)"
    ),
    "latent": (
        "share of the variance of the latent response, on the link scale, that lies between groups: "
        "var(group) / (sum of all group variances + {level1}); it does not depend on covariates and is not a "
        "share of the variance of the observed 0/1 outcome"
    ),
}
BY_LEVEL = "; the groups of one level of `by` have the share of the variance in the rows of that level"
LEVEL1 = {"logit": "pi^2 / 3", "probit": "1", "cloglog": "pi^2 / 6"}


def correlation_pairs(fit: Fit, group: GroupSpec) -> list[tuple[str, str, xr.DataArray]]:
    """Each pair of a group term's coefficients and the draws of their correlation, dims (chain, draw)."""
    if not group.has_correlations:
        return []
    cor = fit.posterior[names.cor(group.name)]
    dim, bis = names.group_term(group.name), names.group_term_bis(group.name)
    return [
        (group.terms[j], group.terms[i], cor.isel({dim: i, bis: j}))
        for i in range(1, len(group.terms))
        for j in range(i)
    ]


def covariance(fit: Fit, group: GroupSpec) -> xr.DataArray:
    """Covariance of a group term's effects, dims (chain, draw, <group>_term, <group>_term_bis)."""
    dim, bis = names.group_term(group.name), names.group_term_bis(group.name)
    sd = fit.posterior[names.sd(group.name)]
    product = sd * sd.rename({dim: bis})
    if group.has_correlations:
        product = product * fit.posterior[names.cor(group.name)]
    else:
        product = product * xr.DataArray(np.eye(len(group.terms)), dims=(dim, bis))
    return product.transpose("chain", "draw", dim, bis)


@overload
def varcorr(fit: Fit, prob: float = ..., *, draws: Literal[False] = ...) -> pd.DataFrame: ...
@overload
def varcorr(fit: Fit, prob: float = ..., *, draws: Literal[True]) -> xr.Dataset: ...
def varcorr(fit: Fit, prob: float = PROB, *, draws: bool = False) -> pd.DataFrame | xr.Dataset:
    """Standard deviations and correlations of the group effects, and the residual's (lme4's ``VarCorr``).

    Returns
    -------
    DataFrame or Dataset
        Columns ``group, parameter`` (``"sd"`` or ``"cor"``), ``term, term_bis`` (empty for ``sd``),
        ``mean, sd, lower, upper, ess_bulk, r_hat``; standard deviations on the link scale, the residual's
        in units of the response. With ``draws=True`` the variables ``sd_<group>``, ``cor_<group>`` and
        ``sigma`` of the posterior.
    """
    posterior = fit.posterior
    if draws:
        kept = [f(g.name) for g in fit.spec.groups for f in (names.sd, names.cor)] + ["sigma"]
        return posterior[[name for name in kept if name in posterior]]
    labels, pieces = [], []
    for group in fit.spec.groups:
        for term in group.terms:
            labels.append((group.name, "sd", term, ""))
            pieces.append(posterior[names.sd(group.name)].sel({names.group_term(group.name): term}))
        for first, second, draws_of_pair in correlation_pairs(fit, group):
            labels.append((group.name, "cor", first, second))
            pieces.append(draws_of_pair)
    if "sigma" in posterior:
        labels.append((RESIDUAL, "sd", "sigma", ""))
        pieces.append(posterior["sigma"])
    rows = pd.DataFrame(labels, columns=["group", "parameter", "term", "term_bis"])
    if not pieces:
        return describe_interval(rows, "link", prob)
    plain = [piece.drop_vars([c for c in piece.coords if c not in ("chain", "draw")]) for piece in pieces]
    numbers = summarize(xr.concat(plain, dim="element").transpose("chain", "draw", "element"), prob)
    return describe_interval(pd.concat([rows, numbers], axis=1), "link", prob)


@overload
def vpc(
    fit: Fit,
    at: Mapping[str, Sequence[float]] | None = ...,
    *,
    prob: float = ...,
    draws: Literal[False] = ...,
) -> pd.DataFrame: ...
@overload
def vpc(
    fit: Fit, at: Mapping[str, Sequence[float]] | None = ..., *, prob: float = ..., draws: Literal[True]
) -> xr.Dataset: ...
def vpc(
    fit: Fit, at: Mapping[str, Sequence[float]] | None = None, *, prob: float = PROB, draws: bool = False
) -> pd.DataFrame | xr.Dataset:
    """Variance partition coefficient of each group term: the share of variance that lies between its groups.

    With random slopes the between-group variance ``z' S z`` depends on the covariates ``z`` of a row.
    Without ``at`` it is averaged over the observed rows, ``tr(S Z'Z / n)``.

    The groups of one level of ``by``, ``(1 | gr(school, by = sector))``, have the share of that level's rows.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    at : mapping of str to sequence of numbers, optional
        One column with a random slope and the values at which to give the coefficient: ``{"standLRT":
        [-1, 0, 1]}``. Other columns stay at their means.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws in place of the table.

    Returns
    -------
    DataFrame or Dataset
        Columns ``group, method`` (``"gaussian"`` or ``"latent"``), the column of ``at`` if any, ``mean,
        sd, lower, upper, ess_bulk, r_hat``; ``attrs["definition"]`` says in words what was divided by
        what. Shares between 0 and 1. With ``draws=True`` one variable per group term, dims (chain, draw)
        and the column of ``at``.

    Raises
    ------
    UnknownNameError
        If ``at`` names no column with a random slope.

    References
    ----------
    Goldstein, H., Browne, W. and Rasbash, J. (2002). Partitioning variation in multilevel models.
    Understanding Statistics 1, 223-231 (method D is the latent scale). Johnson, P. C. D.
    (2014). Extension of Nakagawa & Schielzeth's R2GLMM to random slopes models. Methods in Ecology and
    Evolution 5, 944-946.
    """
    method = "gaussian" if fit.spec.family == "gaussian" else "latent"
    definition = DEFINITIONS[method].format(level1=LEVEL1.get(fit.spec.link, ""))
    if not all(group.own.all() for group in fit.design.groups):
        definition += BY_LEVEL
    level1 = _level1_variance(fit)
    shares = xr.Dataset()
    for own in fit.design.groups:
        between = {group.name: _between_variance(fit, group, own.own, at) for group in fit.spec.groups}
        shares[own.name] = between[own.name] / sum(between.values(), start=level1)
    shares.attrs.update(method=method, definition=definition)
    if draws:
        return shares
    frames = []
    for name, share in shares.data_vars.items():
        numbers = summarize(share, prob)
        labels = {
            "group": name,
            "method": method,
            **{k: np.asarray(v, dtype=float) for k, v in (at or {}).items()},
        }
        frames.append(pd.concat([pd.DataFrame(labels, index=range(len(numbers))), numbers], axis=1))
    frame = (
        pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["group", "method", "mean"])
    )
    frame.attrs["definition"] = definition
    return describe_interval(frame, "share of variance", prob)


def _level1_variance(fit: Fit) -> Any:
    family = get_family(fit.spec.family)
    parameters = {
        name: fit.posterior[name].transpose("chain", "draw").to_numpy() for name in family.parameters
    }
    variance = family.level1_variance(get_link(fit.spec.family, fit.spec.link), parameters)
    return xr.DataArray(variance, dims=("chain", "draw") if np.ndim(variance) else ())


def _between_variance(
    fit: Fit, group: GroupSpec, rows: NDArray[np.bool_], at: Mapping[str, Sequence[float]] | None
) -> xr.DataArray:
    """The mean variance between the groups of a term over some rows; zero in rows of none of its groups."""
    dim, bis = names.group_term(group.name), names.group_term_bis(group.name)
    sigma = covariance(fit, group)
    inside = rows & fit.design.group(group.name).own
    Z, n = fit.design.group(group.name).Z[inside], int(rows.sum())
    if not at:
        moments = xr.DataArray(Z.T @ Z / n, dims=(dim, bis))
        return (sigma * moments).sum((dim, bis))
    slopes = dict.fromkeys(term for g in fit.spec.groups for term in g.terms if term != names.INTERCEPT)
    for column in at:
        if column not in slopes:
            raise UnknownNameError("column with a random slope", column, slopes)
    if len(at) > 1:
        raise UnknownNameError("single column for `at`", ", ".join(at), slopes, "Give one column at a time.")
    ((column, values),) = at.items()
    points = np.tile(Z.mean(axis=0) if len(Z) else Z.sum(axis=0), (len(values), 1))
    if column in group.terms:
        points[:, group.terms.index(column)] = values
    z = xr.DataArray(points, dims=(column, dim), coords={column: np.asarray(values, dtype=float)})
    variance = (z * sigma * z.rename({dim: bis})).sum((dim, bis)).transpose("chain", "draw", column)
    return variance * (len(Z) / n)
