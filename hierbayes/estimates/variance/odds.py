"""Differences between groups as odds ratios or rate ratios."""

from __future__ import annotations

import math
from typing import Literal, overload

import numpy as np
import pandas as pd
import xarray as xr
from scipy import special

from hierbayes import names
from hierbayes.design.records import GroupDesign
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.predictors import PREDICTOR
from hierbayes.estimates.summarize import PROB, describe_interval, label_rows, summarize
from hierbayes.estimates.variance.profiles import POINT, At, Profiles, profiles_of
from hierbayes.estimates.variance.varcorr import label_of
from hierbayes.estimates.variance.vpc import between_variance
from hierbayes.families import get_family
from hierbayes.fitted.record import Fit

UPPER_QUARTILE = float(special.ndtri(0.75))
COUNTS = (
    *("poisson", "negbinomial", "zero_inflated_poisson", "zero_inflated_negbinomial", "hurdle_poisson"),
)
OF_ODDS = ("bernoulli", "binomial", "beta_binomial", "cumulative", "categorical")
MEDIAN = (
    "median, over pairs of groups drawn at random, of the {ratio} between the group with the higher and the "
    "group with the lower {value}, all else equal: exp(sqrt(2 var(group)) 0.6745); 1 where groups do not "
    "differ, and to be compared with the {ratio}s of columns (Larsen and Merlo 2005)"
)
OF_CUTPOINTS = "; the odds are those of a response above any one cutpoint"
OF_REFERENCE = "; the odds are those of a category against the reference"
OF_COUNTS_ALONE = "; rates are those of the counts, whatever the share of zeros is"
INTERVAL = (
    "{ratio} of {term} between two rows of different groups: the middle {mass:g} % over pairs of groups lies "
    "between the two quantiles, exp(b -+ {z:.3f} sqrt(2 var(group))); opposed: share of pairs whose {ratio} "
    "points the other way than exp(b), Phi(-|b| / sqrt(2 var(group))) (Larsen and Merlo 2005; Merlo et al. "
    "2016)"
)


@overload
def median_odds_ratio(
    fit: Fit, at: At = ..., *, prob: float = ..., draws: Literal[False] = ...
) -> pd.DataFrame: ...
@overload
def median_odds_ratio(fit: Fit, at: At = ..., *, prob: float = ..., draws: Literal[True]) -> xr.Dataset: ...
def median_odds_ratio(
    fit: Fit, at: At = None, *, prob: float = PROB, draws: bool = False
) -> pd.DataFrame | xr.Dataset:
    """Median odds ratio of each group term: the variance between groups on the scale of odds ratios.

    Parameters
    ----------
    fit : Fit
        A fit with the logit link: 0/1, trials, ordered or unordered categories.
    at : mapping of str to number, label or a sequence of them, optional
        Where slopes are random, values of columns, as of ``fit.vpc``; else the mean over the observed rows.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws in place of the table.

    Returns
    -------
    DataFrame or Dataset
        Columns ``group``, those of ``at``, ``mean, sd, lower, upper, ess_bulk, r_hat``; before them
        ``predictor``, the category, where categories have no order. With ``draws=True`` one variable per
        group term, dims (chain, draw) and the columns of ``at``. At least 1.

    Raises
    ------
    DataError
        If the link is not the logit.

    References
    ----------
    Larsen, K. and Merlo, J. (2005). Appropriate assessment of neighborhood effects on individual health:
    integrating random and fixed effects in multilevel logistic regression. American Journal of
    Epidemiology 161, 81-88.

    Examples
    --------
    >>> fit = hb.fit(
    ...     "use ~ age*ch + I(age^2) + urban + (1 | urban:district)", women, family="bernoulli"
    ... )  # doctest: +SKIP
    >>> fit.median_odds_ratio()["mean"].round(1).tolist()
    [1.8]
    """
    _needs_odds(fit, "The median odds ratio")
    text = MEDIAN.format(ratio="odds ratio", value="odds")
    text += OF_CUTPOINTS if fit.spec.cutpoints else OF_REFERENCE if fit.design.response.unordered else ""
    return _median(fit, at, prob, draws=draws, words=(text, "odds ratio"))


@overload
def median_rate_ratio(
    fit: Fit, at: At = ..., *, prob: float = ..., draws: Literal[False] = ...
) -> pd.DataFrame: ...
@overload
def median_rate_ratio(fit: Fit, at: At = ..., *, prob: float = ..., draws: Literal[True]) -> xr.Dataset: ...
def median_rate_ratio(
    fit: Fit, at: At = None, *, prob: float = PROB, draws: bool = False
) -> pd.DataFrame | xr.Dataset:
    """Median rate ratio of each group term, for counts with the log link; see ``median_odds_ratio``.

    Raises
    ------
    DataError
        If the response is no count, or the link is not the log.

    References
    ----------
    Austin, P. C., Stryhn, H., Leckie, G. and Merlo, J. (2018). Measures of clustering and heterogeneity in
    multilevel Poisson regression analyses of rates/count data. Statistics in Medicine 37, 572-589.

    Examples
    --------
    >>> ticks = hb.load_data("grouseticks")
    >>> fit = hb.fit(
    ...     "TICKS ~ YEAR + (1 | BROOD)", ticks, family="poisson"
    ... )  # doctest: +SKIP
    >>> fit.median_rate_ratio()  # doctest: +SKIP
    """
    if fit.spec.family not in COUNTS or fit.spec.link != "log":
        raise DataError(
            f"The median rate ratio is of counts with the log link; this is a {fit.spec.family} model with "
            f"the {fit.spec.link} link. {_instead(fit)}"
        )
    text = MEDIAN.format(ratio="rate ratio", value="rate")
    text += OF_COUNTS_ALONE if get_family(fit.spec.family).shares else ""
    return _median(fit, at, prob, draws=draws, words=(text, "rate ratio"))


def _needs_odds(fit: Fit, what: str) -> None:
    if fit.spec.family not in OF_ODDS or fit.spec.link != "logit":
        raise DataError(
            f"{what} is of odds, and this is a {fit.spec.family} model with the {fit.spec.link} link: only "
            f"with the logit link do groups differ by factors of the odds. {_instead(fit)}"
        )


def _instead(fit: Fit) -> str:
    if fit.spec.family in COUNTS and fit.spec.link == "log":
        return "For counts there is fit.median_rate_ratio()."
    if fit.spec.family in OF_ODDS and fit.spec.link == "logit":
        return "For odds there is fit.median_odds_ratio()."
    return "fit.varcorr() has the standard deviations of the groups, on the link scale."


def _median(
    fit: Fit, at: At, prob: float, *, draws: bool, words: tuple[str, str]
) -> pd.DataFrame | xr.Dataset:
    profiles, found = profiles_of(fit, at), {}
    for predictor, arrays in zip(fit.spec.linear, fit.design.linear, strict=True):
        if predictor.name in get_family(fit.spec.family).parameters:
            continue  # of a parameter, which is no outcome
        for spec, own in zip(predictor.groups, arrays.groups, strict=True):
            variance = between_variance(fit, spec, own.own, profiles).transpose("chain", "draw", ...)
            ratio = np.exp(np.sqrt(2 * variance.to_numpy()) * UPPER_QUARTILE)
            found[own.name] = variance.copy(data=ratio)
    definition, scale = words
    if draws:
        unfolded = xr.Dataset({names.drawn(name): profiles.unfold(values) for name, values in found.items()})
        return unfolded.assign_attrs(definition=definition)
    frames = [_rows(fit, name, values, profiles, prob=prob) for name, values in found.items()]
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["group", "mean"])
    frame.attrs["definition"] = definition
    return describe_interval(frame, scale, prob)


def _rows(fit: Fit, name: str, values: xr.DataArray, profiles: Profiles, *, prob: float) -> pd.DataFrame:
    labels = label_rows(values)
    if POINT in labels:
        labels = profiles.labels().iloc[labels.pop(POINT)].reset_index(drop=True)
    labels.insert(0, "group", name)
    if fit.design.response.unordered:
        labels.insert(0, PREDICTOR, label_of(fit, name))
    return pd.concat([labels, summarize(values, prob)], axis=1)


@overload
def interval_odds_ratio(
    fit: Fit, column: str, *, mass: float = ..., prob: float = ..., draws: Literal[False] = ...
) -> pd.DataFrame: ...
@overload
def interval_odds_ratio(
    fit: Fit, column: str, *, mass: float = ..., prob: float = ..., draws: Literal[True]
) -> xr.Dataset: ...
def interval_odds_ratio(
    fit: Fit, column: str, *, mass: float = 0.8, prob: float = PROB, draws: bool = False
) -> pd.DataFrame | xr.Dataset:
    """Interval odds ratio of a column that is a property of the groups, and the share of opposed odds ratios.

    The coefficient of such a column compares groups, and groups with the same value differ too: between two
    rows of different groups the odds ratio scatters.

    Parameters
    ----------
    fit : Fit
        A fit with the logit link and one linear predictor.
    column : str
        A column of the data, ``"urban"``, or one coefficient, ``"urban[Y]"``. It must not vary within groups.
    mass : float
        Share of pairs of groups between the two quantiles.
    prob : float
        Mass of the equal-tailed posterior intervals.
    draws : bool
        Whether to return the draws in place of the table.

    Returns
    -------
    DataFrame or Dataset
        Columns ``group, term, quantity`` (``"odds ratio"``, the two quantiles, ``"10 % quantile"``, and
        ``"opposed"``, a share), ``mean, sd, lower, upper, ess_bulk, r_hat``. With ``draws=True`` one variable
        per quantity, dims (chain, draw, term).

    Raises
    ------
    UnknownNameError
        If the model has no such coefficient.
    DataError
        If the link is not the logit, or the column varies within the groups of every term.

    References
    ----------
    Larsen, K. and Merlo, J. (2005), as of ``median_odds_ratio``. Merlo, J., Wagner, P., Ghith, N. and Leckie,
    G. (2016). An original stepwise multilevel logistic regression analysis of discriminatory accuracy. PLoS
    ONE 11, e0153778 (on the share of opposed odds ratios).

    Examples
    --------
    >>> fit = hb.fit(
    ...     "use ~ age*ch + I(age^2) + urban + (1 | urban:district)", women, family="bernoulli"
    ... )  # doctest: +SKIP
    >>> fit.interval_odds_ratio("urban")["quantity"].tolist()
    ['odds ratio', '10 % quantile', '90 % quantile', 'opposed']
    """
    _needs_odds(fit, "The interval odds ratio")
    if fit.design.response.unordered:
        raise DataError(
            "The interval odds ratio is of one linear predictor; unordered categories have several."
        )
    if not 0 < mass < 1:
        raise DataError(f"mass is a share of the pairs of groups, between 0 and 1; {mass!r} was given.")
    terms = _terms_of(fit, column)
    group = _level_of(fit, column, terms)
    (spec,) = (g for g in fit.spec.groups if g.name == group.name)
    variance = between_variance(fit, spec, group.own, profiles_of(fit, None))
    b = fit.posterior[names.B].sel({names.TERM: terms})
    spread, z = np.sqrt(2 * variance), float(special.ndtri((1 + mass) / 2))
    low, high = (f"{50 * (1 + sign * mass):g} % quantile" for sign in (-1, 1))
    with np.errstate(divide="ignore"):
        opposed = (-abs(b) / spread).copy()
    found = xr.Dataset(
        {
            "odds ratio": np.exp(b),
            low: np.exp(b - z * spread),
            high: np.exp(b + z * spread),
            "opposed": opposed.copy(data=special.ndtr(opposed.to_numpy())),
        }
    ).transpose("chain", "draw", names.TERM)
    definition = INTERVAL.format(ratio="odds ratio", term=column, mass=100 * mass, z=z)
    if draws:
        return found.assign_attrs(definition=definition, group=group.name)
    each = found.to_dataarray("quantity").transpose("chain", "draw", names.TERM, "quantity")
    labels = label_rows(each)
    labels.insert(0, "group", group.name)
    frame = pd.concat([labels, summarize(each, prob)], axis=1)
    frame.attrs["definition"] = definition
    return describe_interval(frame, "odds ratios; opposed: share of pairs of groups", prob)


def _terms_of(fit: Fit, column: str) -> list[str]:
    """The coefficients of a column, in the model's order."""
    factors = fit.design.recipe.factors
    levels = [names.level(column, label) for label in factors.get(column, ())]
    found = [term for term in fit.spec.terms if term == column or term in levels]
    if not found:
        columns = [c for c in fit.design.columns if c in factors or c in fit.spec.terms]
        allowed = dict.fromkeys([*columns, *(t for t in fit.spec.terms if t != names.INTERCEPT)])
        raise UnknownNameError("column with coefficients", column, allowed)
    return found


def _level_of(fit: Fit, column: str, terms: list[str]) -> GroupDesign:
    """The group term with most groups within which the coefficients' columns do not vary."""
    positions = [fit.spec.terms.index(term) for term in terms]
    fitting = []
    for group in fit.design.groups:
        rows = group.own
        X, codes = fit.design.X[np.ix_(rows, positions)], group.codes[rows]
        order = np.argsort(codes, kind="stable")
        same = codes[order][1:] == codes[order][:-1]
        if math.isclose(float(np.abs(np.diff(X[order], axis=0)[same]).max(initial=0.0)), 0.0, abs_tol=1e-12):
            fitting.append(group)
    if not fitting:
        groups = " and ".join(group.name for group in fit.design.groups) or "(the model has none)"
        raise DataError(
            f"The interval odds ratio is of a column that is a property of the groups; {column!r} varies "
            f"within {groups}. Its odds ratio within a group is exp(b): see fit.fixef()."
        )
    return max(fitting, key=lambda group: group.n_groups)
