"""How much groups differ: variance partition coefficients."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.level1 import Points, level1_variance
from hierbayes.estimates.predictors import PREDICTOR
from hierbayes.estimates.summarize import PROB, describe_interval, summarize
from hierbayes.estimates.varcorr import covariance, label_of
from hierbayes.estimates.vpc_words import DEFINITIONS as OF_MEASUREMENTS
from hierbayes.families import get_family, get_link
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import GroupSpec

GAUSSIAN = "gaussian"
_COUNTS = (
    "share of the variance of the {scale} that lies between groups: var(group) / (sum of all group "
    "variances + {level1})"
)
_LAMBDA = (
    ", where lambda is the expected count at the mean of the columns (and of the offset), averaged over the "
    "groups: {mean}; it falls as counts get smaller, which scatter more by themselves (Nakagawa, Johnson and "
    "Schielzeth 2017)"
)
DEFINITIONS = {
    GAUSSIAN: (
        "share of the variance of the response, given the population effects, that lies between groups: "
        "var(group) / (sum of all group variances + sigma^2)"
    ),
    "latent": (
        "share of the variance of the latent response, on the link scale, that lies between groups: "
        "var(group) / (sum of all group variances + {level1}); it does not depend on covariates and is not a "
        "share of the variance of the observed {outcome}"
    ),
    **dict.fromkeys(("lognormal", "trigamma", "delta", "observation"), _COUNTS + _LAMBDA),
}
OF_CATEGORIES = (
    "share of the variance of the latent log odds of a category against the reference that lies between "
    "groups, category by category: var(group) / (sum of all group variances of this category + {level1}); it "
    "depends on the choice of the reference and is not a share of the variance of the observed outcome"
)
BY_LEVEL = "; the groups of one level of `by` have the share of the variance in the rows of that level"
WEIGHTED = "; sigma^2 is the residual variance of a row of weight 1"
NOTES = {
    "beta_binomial": "; level 1 is that of a single trial, of which what the trials of a row share is a part",
    **dict.fromkeys(
        ("zero_inflated_poisson", "zero_inflated_negbinomial"),
        "; lambda is that of the counts before zeros in excess, whose share zi belongs to level 1 (mean and "
        "variance of such counts: Zuur, Saveliev and Ieno 2012)",
    ),
}
"""What there is to add for a family."""
VARYING = "; {predicted} depends on columns: the variance of a row is averaged over the observed rows"
I_SQUARED = (
    "; in place of sigma^2 stands the variance of a typical row, from the known standard errors, so that the "
    "share is the I^2 of meta-analysis (Higgins and Thompson 2002, equation 9)"
)
TYPICAL = (
    "; to sigma^2 is added the variance of a typical row, from the known standard errors (Higgins and "
    "Thompson 2002, equation 9)"
)
WHOLE = "; of the responses themselves, as if nothing were censored or truncated"
LEVEL1 = {"logit": "pi^2 / 3", "probit": "1", "cloglog": "pi^2 / 6"}
COUNT_SCALES = {"log": "log count", "sqrt": "square root of the count", "identity": "count"}
MEANS = {
    "log": "exp(b0 + half the sum of all group variances)",
    "sqrt": "b0^2 + the sum of all group variances",
    "identity": "b0",
}
COUNT_LEVEL1: dict[str, dict[str, str]] = {
    "poisson": {
        "lognormal": "log(1 + 1 / lambda)",
        "trigamma": "trigamma(lambda)",
        "delta": "1 / lambda",
        "sqrt": "1 / 4",
        "identity": "lambda",
    },
    "negbinomial": {
        "lognormal": "log(1 + 1 / lambda + 1 / phi)",
        "trigamma": "trigamma(1 / (1 / lambda + 1 / phi))",
        "delta": "1 / lambda + 1 / phi",
        "sqrt": "(1 + lambda / phi) / 4",
        "identity": "lambda + lambda^2 / phi",
    },
    "zero_inflated_poisson": {
        "lognormal": "log(1 + (1 / lambda + zi) / (1 - zi))",
        "delta": "(1 / lambda + zi) / (1 - zi)",
    },
    "zero_inflated_negbinomial": {
        "lognormal": "log(1 + (1 / lambda + zi + 1 / phi) / (1 - zi))",
        "delta": "(1 / lambda + zi + 1 / phi) / (1 - zi)",
    },
}
"""Observation-level variances of counts: of a family by method (log link) or link."""
NO_VARIANCE: dict[tuple[str, str], str] = {
    **{
        (family, link): reason
        for family in ("bernoulli", "binomial", "beta_binomial")
        for link, reason in (
            (
                "cauchit",
                "the latent variable of the cauchit link has a Cauchy distribution, which has no variance",
            ),
            (
                "log",
                "a probability on the log scale comes from no latent variable, whose variance could be "
                "level 1's",
            ),
        )
    },
    ("hurdle_poisson", "log"): (
        "groups differ in the counts above 0 alone, and the zeros, which come from elsewhere, have no place "
        "on a logarithmic scale"
    ),
}
"""Why there is no level-1 variance on the scale of the linear predictor, by family and link."""
WITH_ONE = {
    **dict.fromkeys(("bernoulli", "binomial", "beta_binomial"), "a logit, probit or cloglog link has a VPC"),
    "hurdle_poisson": "zero-inflated counts, family='zero_inflated_poisson', have a VPC",
}
"""What has a VPC instead."""


def vpc_refusal(fit: Fit) -> str | None:
    """Why a fit has no variance partition coefficient, in words; None where it has one."""
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    if family.level1_scales(link):
        return None
    return (
        f"The VPC of a {family.name} model with the {link.name} link is not defined: "
        f"{NO_VARIANCE[family.name, link.name]}. The standard deviations of the groups, fit.varcorr(), are "
        f"on the link scale; {WITH_ONE[family.name]}."
    )


@overload
def vpc(
    fit: Fit,
    at: Points = ...,
    *,
    method: str | None = ...,
    prob: float = ...,
    draws: Literal[False] = ...,
) -> pd.DataFrame: ...
@overload
def vpc(
    fit: Fit, at: Points = ..., *, method: str | None = ..., prob: float = ..., draws: Literal[True]
) -> xr.Dataset: ...
def vpc(
    fit: Fit,
    at: Points = None,
    *,
    method: str | None = None,
    prob: float = PROB,
    draws: bool = False,
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
    at : mapping of str to sequence of numbers, optional
        One column with a random slope and the values at which to give the coefficient: ``{"standLRT":
        [-1, 0, 1]}``. Other columns stay at their means.
    method : str, optional
        What counts as the variance of a row: for counts with the log link ``"lognormal"`` (the default),
        ``"trigamma"`` or ``"delta"``; for gamma, exponential and Weibull responses with it the same three,
        ``"trigamma"`` (the variance of the logarithm, exact) by default; for beta responses with the logit
        link ``"trigamma"`` (the variance of the logit, exact) or ``"delta"``. Elsewhere there is one.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws in place of the table.

    Returns
    -------
    DataFrame or Dataset
        Columns ``group, method`` (``"gaussian"``, ``"latent"`` for binary, binomial and ordered responses,
        one of ``method`` or ``"observation"`` for counts and measurements, ``"residual"`` for Student and
        lognormal responses), the column of ``at`` if any, ``mean,
        sd, lower, upper, ess_bulk, r_hat``; ``attrs["definition"]`` says in words what was divided by
        what. Shares between 0 and 1. With ``draws=True`` one variable per group term, dims (chain, draw)
        and the column of ``at``. Of a response of categories the first column is ``predictor``, the category.

    Raises
    ------
    UnknownNameError
        If ``at`` names no column with a random slope, or there is no such method for this family and link.
    DataError
        If there is no variance of a row on the link scale: 0/1 with the log or cauchit link.

    References
    ----------
    Goldstein, H., Browne, W. and Rasbash, J. (2002). Partitioning variation in multilevel models.
    Understanding Statistics 1, 223-231 (method D is the latent scale). Johnson, P. C. D.
    (2014). Extension of Nakagawa & Schielzeth's R2GLMM to random slopes models. Methods in Ecology and
    Evolution 5, 944-946.
    Nakagawa, S., Johnson, P. C. D. and Schielzeth, H. (2017). The coefficient of determination R2 and
    intra-class correlation coefficient from generalized linear mixed-effects models revisited and expanded.
    Journal of the Royal Society Interface 14, 20170213, table 1 and equations 4.1 to 5.8 (on counts).
    """
    method, scale = _chosen(fit, method)
    definition = _definition(fit, method)
    shares = xr.Dataset()
    for predictor, arrays in zip(fit.spec.linear, fit.design.linear, strict=True):
        if predictor.name in get_family(fit.spec.family).parameters:
            continue  # of a parameter, which is no outcome
        for own in arrays.groups:
            between = {g.name: _between_variance(fit, g, own.own, at) for g in predictor.groups}
            total = sum(between.values(), start=xr.DataArray(0.0))
            level1 = level1_variance(fit, scale, total, (own.own, at))
            shares[own.name] = (between[own.name] / (total + level1)).transpose("chain", "draw", ...)
    shares.attrs.update(method=method, definition=definition)
    if draws:
        return shares
    frames = []
    for name, share in shares.data_vars.items():
        numbers = summarize(share, prob)
        category = {PREDICTOR: label_of(fit, str(name))} if fit.design.response.unordered else {}
        labels: dict[str, Any] = {
            **category,
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


def _chosen(fit: Fit, method: str | None) -> tuple[str, str]:
    """What the definition is called, and the scale of the family's level-1 variance."""
    refusal = vpc_refusal(fit)
    if refusal:
        raise DataError(refusal)
    scales = get_family(fit.spec.family).level1_scales(get_link(fit.spec.family, fit.spec.link))
    methods = (GAUSSIAN,) if (fit.spec.family, scales) == (GAUSSIAN, ("latent",)) else scales
    if method is not None and method not in methods:
        raise UnknownNameError(f"method of a VPC of {fit.spec.family} models", method, methods)
    chosen = method or methods[0]
    return chosen, scales[methods.index(chosen)]


def _definition(fit: Fit, method: str) -> str:
    if (fit.spec.family, fit.spec.link) in OF_MEASUREMENTS:
        return str(OF_MEASUREMENTS[fit.spec.family, fit.spec.link][method]) + _rows_meant(fit)
    family, link = fit.spec.family, fit.spec.link
    level1 = LEVEL1.get(link, "")
    if family in COUNT_LEVEL1:
        level1 = COUNT_LEVEL1[family][method if link == "log" else link]
    words = OF_CATEGORIES if fit.design.response.unordered else DEFINITIONS[method]
    if "lambda" not in level1:
        words = words.removesuffix(_LAMBDA)
    outcome = "categories" if fit.spec.categories else "0/1 outcome"
    places = {"level1": level1, "scale": COUNT_SCALES.get(link, ""), "mean": MEANS.get(link, "")}
    text = words.format(**places, outcome=outcome)
    return text + NOTES.get(family, "") + _rows_meant(fit)


def _rows_meant(fit: Fit) -> str:
    """Which rows a share is of: of one level of `by`, of weight 1, with typical errors, fully observed."""
    text = "" if all(group.own.all() for group in fit.design.groups) else BY_LEVEL
    predicted = [p.label for p in fit.spec.predictors if p.name in get_family(fit.spec.family).parameters]
    if predicted:
        text += VARYING.format(predicted=" and ".join(predicted))
    if fit.spec.family == GAUSSIAN and fit.design.weights is not None:
        text += WEIGHTED
    if "se" in fit.design.part:
        text += TYPICAL if "sigma" in fit.posterior else I_SQUARED
    return text + (WHOLE if {"low", "lb"} & fit.design.part.keys() else "")


def _between_variance(fit: Fit, group: GroupSpec, rows: NDArray[np.bool_], at: Points) -> xr.DataArray:
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
