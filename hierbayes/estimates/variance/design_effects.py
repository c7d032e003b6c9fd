"""What clustering costs: design effects and effective sample sizes."""

from __future__ import annotations

from typing import Literal, overload

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.design.records import GroupDesign
from hierbayes.design.structure import describe_structure
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.summarize import PROB, Table, describe_interval, label_rows, summarize
from hierbayes.estimates.variance.vpc import scales_of, vpc
from hierbayes.estimates.variance.vpc_response import EXACT, SIMULATION, response_methods
from hierbayes.families.links import Floats
from hierbayes.fitted.record import Fit

RESPONSE, COLUMNS, TOGETHER = "response", "columns", "(all)"
QUANTITY, SIZES = "quantity", "sizes"
MEAN, UNEQUAL, WEIGHTED = "mean", "unequal", "weighted"
DESIGN_EFFECT, EFFECTIVE = "design effect", "effective n"
ITSELF = ("gaussian", "residual", "observation")
"""Definitions of a VPC that are of the response itself where the link is the identity."""
DEFINITION = (
    "design effect: variance of a mean over all {n:,} rows / that of as many independent rows; effective n: "
    "rows / design effect. rho is the correlation of two responses of one group, fit.vpc(method={method!r}). "
    "Sizes of groups: mean: 1 + (rows / groups - 1) rho, exact where all groups have one size; unequal: 1 + "
    "(sum of squared sizes / rows - 1) rho (Kish 1965); weighted: effective n is the sum of size / (1 + "
    "(size - 1) rho) over the groups, of a mean that weighs groups by their information, as the model does"
)
ALL_TERMS = "; (all): 1 + the sum over the terms of what each adds to 1"
GIVEN_COLUMNS = (
    "rho is of the response given the population columns. For a mean of the response itself take the model "
    "without columns."
)
OF_COLUMNS = (
    "means of the columns: 1 + (sum of squared sizes / rows - 1) icc, with the intraclass correlation of "
    "each column by analysis of variance for unequal group sizes, at least 0; the columns are not modelled, "
    "so there is no posterior"
)
BY_COEFFICIENT = (
    "A coefficient of a column of icc 1 is estimated as from as many rows as there are groups, or little "
    "more; one of icc near 0 loses little to clustering."
)


@overload
def design_effect(
    fit: Fit, of: str = ..., *, prob: float = ..., draws: Literal[False] = ...
) -> pd.DataFrame: ...
@overload
def design_effect(fit: Fit, of: str = ..., *, prob: float = ..., draws: Literal[True]) -> xr.Dataset: ...
def design_effect(
    fit: Fit, of: str = RESPONSE, *, prob: float = PROB, draws: bool = False
) -> pd.DataFrame | xr.Dataset:
    """Design effect and effective sample size for each group term.

    Parameters
    ----------
    fit : Fit
        The fitted model. For the response itself it has no population columns.
    of : str
        ``"response"``, or ``"columns"``: the means of the numeric columns of the formula, by analysis of
        variance.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws in place of the table.

    Returns
    -------
    DataFrame or Dataset
        Columns ``group, quantity`` (``"design effect"``, ``"effective n"``), ``sizes`` (how those of groups
        come in: ``"mean"``, ``"unequal"``, ``"weighted"``), ``mean, sd, lower, upper, ess_bulk, r_hat``; of
        several group terms also ``"(all)"`` together. With ``draws=True`` one variable per group, dims
        (chain, draw, quantity, sizes). Of columns instead ``variable, group, n_groups, icc, design_effect,
        effective_n``, without a posterior.

    Raises
    ------
    UnknownNameError
        If ``of`` is neither.
    DataError
        If there are no groups, no correlation of responses for this family and link, or draws of columns are
        asked for.

    References
    ----------
    Kish, L. (1965). Survey Sampling. Wiley, sections 5.4 and 8.2.

    Examples
    --------
    >>> fit.design_effect()[["quantity", "sizes", "mean"]]
    """
    if of == COLUMNS and not draws:
        return _of_columns(fit)
    if of == COLUMNS:
        raise DataError(
            "The columns are not modelled: their design effects have no draws. Leave out draws=True."
        )
    if of != RESPONSE:
        raise UnknownNameError("value of `of`", of, (RESPONSE, COLUMNS))
    method = _correlation(fit)
    drawn = vpc(fit, method=method, draws=True)
    variables = {g.name: names.drawn(g.name) for g in fit.spec.all_groups}
    shares = {name: drawn[variable] for name, variable in variables.items() if variable in drawn}
    n = fit.design.n
    found: dict[str, xr.DataArray] = {}
    extra = dict.fromkeys((MEAN, UNEQUAL), xr.DataArray(0.0))
    for name, rho in shares.items():
        sizes = _sizes(fit.design.group(name), n)
        effects: dict[str, xr.DataArray] = {m: 1 + (size - 1) * rho for m, size in _typical(sizes).items()}
        extra = {m: extra[m] + effects[m] - 1 for m in extra}
        found[name] = _both({**effects, WEIGHTED: n / _weighted(sizes, rho)}, n)
    if len(shares) > 1:
        found[TOGETHER] = _both({m: 1 + value for m, value in extra.items()}, n)
    definition = DEFINITION.format(n=n, method=method) + (ALL_TERMS if len(shares) > 1 else "")
    if draws:
        named = {names.drawn(name): values for name, values in found.items()}
        return xr.Dataset(named).assign_attrs(definition=definition)
    frames = []
    for name, values in found.items():
        labels = label_rows(values)
        labels.insert(0, "group", name)
        frames.append(pd.concat([labels, summarize(values, prob)], axis=1))
    frame = pd.concat(frames, ignore_index=True)
    frame.attrs.update(definition=definition, notes=(GIVEN_COLUMNS,) if _has_columns(fit) else ())
    return describe_interval(frame, "ratio of variances, and rows", prob)


def _of_columns(fit: Fit) -> pd.DataFrame:
    """By how much the mean of each numeric column varies more than that of independent rows."""
    design = fit.design
    groups = {g.factor: g for g in design.groups if g.own.all()}
    if not groups:
        raise DataError("Design effects are of groups, and the model has no term with groups of all rows.")
    numbers = {c: v for c, v in design.columns.items() if v.dtype.kind == "f" and c not in groups}
    rows = []
    for factor, group in groups.items():
        frame = pd.DataFrame({**numbers, "(group)": [f"g{code}" for code in group.codes]})
        variation = describe_structure(frame, "(group)").variation if numbers else pd.DataFrame()
        size = float(_typical(_sizes(group, design.n))[UNEQUAL])
        for row in variation.to_dict("records"):
            icc = max(float(row["icc"]), 0.0)
            effect = 1 + (size - 1) * icc
            rows.append((row["variable"], factor, group.n_groups, icc, effect, design.n / effect))
    columns = ["variable", "group", "n_groups", "icc", "design_effect", "effective_n"]
    table = Table(pd.DataFrame(rows, columns=columns).dropna().reset_index(drop=True))
    table.attrs.update(definition=OF_COLUMNS, notes=(BY_COEFFICIENT,))
    return table


def _correlation(fit: Fit) -> str:
    """The definition of a VPC that is the correlation of two responses of one group."""
    if not fit.design.groups:
        raise DataError(f"A design effect is of groups, and the model has none: {fit.spec.formula}.")
    found = [m for m in (SIMULATION, EXACT) if m in response_methods(fit)]
    found += [m for m in scales_of(fit) if m in ITSELF and fit.spec.link == "identity"]
    if not found or fit.spec.cutpoints or fit.design.response.unordered:
        what = "categories" if fit.design.response.categories else f"{fit.spec.family} responses"
        raise DataError(
            f"A design effect needs the correlation of two responses of one group; for {what} with the "
            f"{fit.spec.link} link it is not defined. fit.vpc() has shares of the latent variable or the "
            "scale of the link, which say nothing on means of responses."
        )
    return found[0]


def _sizes(group: GroupDesign, n: int) -> Floats:
    """Rows per group; rows of no group of the term, in ``gr(g, by = s)``, are groups of one."""
    alone = np.ones(n - int(group.sizes.sum()))
    return np.concatenate([group.sizes.astype(float), alone])


def _typical(sizes: Floats) -> dict[str, float]:
    return {MEAN: float(sizes.mean()), UNEQUAL: float((sizes**2).sum() / sizes.sum())}


def _weighted(sizes: Floats, rho: xr.DataArray) -> xr.DataArray:
    """Effective number of rows of the mean that weighs groups by their information."""
    different, counts = np.unique(sizes, return_counts=True)
    total = xr.zeros_like(rho)
    for size, count in zip(different, counts, strict=True):
        total = total + count * size / (1 + (size - 1) * rho)
    return total


def _both(effects: dict[str, xr.DataArray], n: int) -> xr.DataArray:
    joined = xr.concat(list(effects.values()), dim=SIZES).assign_coords({SIZES: np.array(list(effects))})
    both = xr.concat([joined, n / joined], dim=QUANTITY)
    both = both.assign_coords({QUANTITY: np.array([DESIGN_EFFECT, EFFECTIVE])})
    return both.transpose("chain", "draw", QUANTITY, SIZES)


def _has_columns(fit: Fit) -> bool:
    return len(fit.spec.terms) > 1 or (bool(fit.spec.terms) and not fit.design.has_intercept)
