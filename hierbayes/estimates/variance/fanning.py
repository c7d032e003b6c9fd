"""What the covariance of intercepts and slopes means: where groups differ least, whose slope is opposite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, overload

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr

from hierbayes import names
from hierbayes.errors import DataError
from hierbayes.estimates.by_group.groups import select_groups
from hierbayes.estimates.predictors import PREDICTOR, owner, predictor_label
from hierbayes.estimates.summarize import PROB, describe_interval, summarize
from hierbayes.estimates.variance.covariance import covariance
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import GroupSpec

type Floats = NDArray[np.float64]

ENDS = (0.05, 0.95)
"""Quantiles of a column between which lines are judged to fan."""

SD, LEAST_AT, SD_LEAST = "sd", "least_at", "sd_least"
OUT, WITHIN = "fans_out", "narrowest_within"
OPPOSITE, OPPOSITE_EXPECTED = "opposite", "opposite_expected"
DEFINITION = (
    "With intercept variance a, slope variance s2 and covariance c, the variance between groups at x is "
    "a + 2 c x + s2 x^2 (other columns of the term at their means). sd: its root near both ends of the data "
    "(5 % and 95 % of the rows). fans_out: probability that it is larger at the upper end. least_at: "
    "-c / s2, where groups differ least; its mean does not exist where s2 may be 0, its median does. "
    "narrowest_within: probability that this lies between the ends. opposite: share of the observed groups "
    "whose slope has the sign opposite to the population's; opposite_expected: the same share of all groups "
    "that might be observed, Phi(-|b| / s)"
)
SHOWN = ["mean", "median", "sd", "lower", "upper"]
SURE = 0.9
"""Probability from which lines are said to fan out, or in."""


@dataclass(frozen=True)
class Pattern:
    """Draws of the pattern of one slope, each of shape (chain, draw).

    Attributes
    ----------
    group, term, predictor : str
        The group term, its slope and the linear predictor's name.
    ends : tuple of float
        Values of the column near the ends of the data.
    draws : dict of str to array
        By quantity; ``sd`` twice, as ``sd`` and a position.
    n_groups : int
        Number of observed groups.
    """

    group: str
    term: str
    predictor: str
    ends: tuple[float, float]
    draws: dict[tuple[str, float], Floats]
    n_groups: int


@overload
def slope_pattern(
    fit: Fit, group: str | None = ..., *, prob: float = ..., draws: Literal[False] = ...
) -> pd.DataFrame: ...
@overload
def slope_pattern(
    fit: Fit, group: str | None = ..., *, prob: float = ..., draws: Literal[True]
) -> xr.Dataset: ...
def slope_pattern(
    fit: Fit, group: str | None = None, *, prob: float = PROB, draws: bool = False
) -> pd.DataFrame | xr.Dataset:
    """How the lines of groups lie: fanning out or in, where they are nearest, how many slope the other way.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str, optional
        A grouping factor, for all group terms on it, or the name of one term; all of them by default.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws: one variable per row of the table, ``school[standLRT][least_at]``, dims
        (chain, draw).

    Returns
    -------
    DataFrame or Dataset
        ``group, term, quantity, at``, then ``mean, median, sd, lower, upper, ess_bulk, r_hat``. Quantities:
        ``sd`` between groups at two points, ``least_at`` (units of the column), ``sd_least``, ``fans_out``
        and ``narrowest_within`` (probabilities), ``opposite`` and ``opposite_expected`` (shares of groups;
        to four decimals; not for a slope without a population counterpart). Sds are on the link scale. Only
        ``sd`` and ``opposite`` where intercept and slope do not correlate, as in ``(1 + x || g)``, where the
        least variance is at 0 by assumption, and for columns of two values. The first column is
        ``predictor`` in a model with several linear predictors.

    Raises
    ------
    UnknownNameError
        If the model has no such group term.
    DataError
        If no slope varies over groups.

    References
    ----------
    Snijders, T. A. B. and Bosker, R. J. (2012). Multilevel Analysis, 2nd ed., section 5.1 (the variance of
    lines as a function of x).

    Examples
    --------
    >>> pattern = fit.slope_pattern()
    >>> pattern.loc[pattern["quantity"] == "fans_out", "mean"].round(1).tolist()
    [1.0]
    """
    found = [
        p for spec in select_groups(fit, group, factors=True, further=True) for p in _patterns(fit, spec)
    ]
    if not found:
        raise DataError(
            "No slope varies over groups in this model, so all groups' lines are parallel. A term such as "
            "(1 + x | g) has slopes that vary."
        )
    dims = ("chain", "draw")
    if draws:
        return xr.Dataset(
            {
                names.prior_key(p.group, p.term, *([q] if np.isnan(at) else [q, f"{at:g}"])): (dims, values)
                for p in found
                for (q, at), values in p.draws.items()
            },
            coords={dim: fit.posterior[dim] for dim in dims},
        )
    labels, pieces = [], []
    for pattern in found:
        for (quantity, at), values in pattern.draws.items():
            label = predictor_label(fit, pattern.predictor)
            labels.append((label, pattern.group, pattern.term, quantity, at))
            pieces.append(values)
    rows = pd.DataFrame(labels, columns=[PREDICTOR, "group", "term", "quantity", "at"])
    stacked = np.stack(pieces, axis=-1)
    finite = np.where(np.isfinite(stacked), stacked, 0.0)
    numbers = summarize(xr.DataArray(finite, dims=(*dims, "row")), prob)
    numbers.insert(1, "median", np.median(stacked, axis=(0, 1)))
    numbers.loc[(rows["quantity"] == LEAST_AT).to_numpy(), ["mean", "sd"]] = np.nan
    shares = rows["quantity"].isin([OPPOSITE, OPPOSITE_EXPECTED]).to_numpy()
    numbers.loc[shares, SHOWN] = numbers.loc[shares, SHOWN].round(4)
    frame = pd.concat([rows if fit.spec.predictors else rows.drop(columns=PREDICTOR), numbers], axis=1)
    frame.attrs["definition"] = DEFINITION
    frame.attrs["notes"] = tuple(_words(pattern, prob) for pattern in found)
    return describe_interval(frame, "link", prob)


def slope_words(fit: Fit, prob: float = PROB) -> tuple[str, ...]:
    """One sentence or two for every slope that varies over groups; none where none does."""
    return tuple(_words(p, prob) for spec in fit.spec.all_groups for p in _patterns(fit, spec))


def _patterns(fit: Fit, spec: GroupSpec) -> list[Pattern]:
    return [_pattern(fit, spec, k) for k, term in enumerate(spec.terms) if term != names.INTERCEPT]


def _pattern(fit: Fit, spec: GroupSpec, k: int) -> Pattern:
    design, predictor = fit.design.group(spec.name), owner(fit, spec.name)
    Z, term = design.Z[design.own], spec.terms[k]
    low, high = map(float, np.quantile(Z[:, k], ENDS, method="nearest"))
    values = np.unique(Z[:, k])
    two = len(values) <= 2
    if two or low == high:
        low, high = float(values[0]), float(values[-1])
    S = covariance(fit, spec).to_numpy()
    others = Z.mean(axis=0)
    others[k] = 0.0
    a, c, s2 = np.einsum("i,...ij,j->...", others, S, others), S[..., k, :] @ others, S[..., k, k]
    drawn = {(SD, x): np.sqrt(np.maximum(a + 2 * c * x + s2 * x**2, 0.0)) for x in (low, high)}
    if names.INTERCEPT in spec.terms and spec.correlated and not two:
        with np.errstate(divide="ignore", invalid="ignore"):
            least = -c / s2
            drawn[LEAST_AT, np.nan] = least
            drawn[SD_LEAST, np.nan] = np.sqrt(np.maximum(a - np.where(s2 > 0, c**2 / s2, 0.0), 0.0))
        drawn[OUT, np.nan] = (drawn[SD, high] > drawn[SD, low]).astype(float)
        drawn[WITHIN, np.nan] = ((least > low) & (least < high)).astype(float)
    if term in predictor.terms:
        own = names.within(predictor.name, names.TERM)
        b = (
            fit.posterior[names.of(names.B, predictor.name)]
            .sel({own: term})
            .transpose("chain", "draw")
            .to_numpy()
        )
        dims = ("chain", "draw", names.group_dim(spec.name))
        u = (
            fit.posterior[names.u(spec.name)]
            .sel({names.group_term(spec.name): term})
            .transpose(*dims)
            .to_numpy()
        )
        drawn[OPPOSITE, np.nan] = (np.sign(b[..., None] + u) == -np.sign(b)[..., None]).mean(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn[OPPOSITE_EXPECTED, np.nan] = np.where(s2 > 0, ndtr(-np.abs(b) / np.sqrt(s2)), 0.0)
    return Pattern(spec.name, term, predictor.name, (low, high), drawn, spec.n_groups)


def _words(pattern: Pattern, prob: float) -> str:
    group, term, drawn = pattern.group, pattern.term, pattern.draws
    low, high = pattern.ends

    def interval(quantity: str, at: float = np.nan, scale: float = 1.0) -> str:
        values = scale * next(v for (q, x), v in drawn.items() if q == quantity and (x == at or np.isnan(at)))
        tails = np.quantile(values, [(1 - prob) / 2, (1 + prob) / 2])
        return f"{np.median(values):.2g} [{tails[0]:.2g}, {tails[1]:.2g}]"

    text = (
        f"{group}: groups differ by an sd of {interval(SD, low)} at {term} = {low:.2g} and of "
        f"{interval(SD, high)} at {term} = {high:.2g}"
    )
    if (OUT, np.nan) in drawn:
        out, within = float(drawn[OUT, np.nan].mean()), float(drawn[WITHIN, np.nan].mean())
        text += (
            f". {_shape(out, term)}; groups differ least at {term} = {interval(LEAST_AT)}, between these "
            f"ends with probability {within:.2f}"
        )
    text += "."
    if any(q == OPPOSITE for q, _ in drawn):
        text += (
            f" The slope is opposite to the population's in {interval(OPPOSITE, scale=100)} % of the "
            f"{pattern.n_groups} groups."
        )
    return text


def _shape(out: float, term: str) -> str:
    if out >= SURE:
        return f"Lines fan out: groups differ more, the larger {term} is (probability {out:.2f})"
    if out <= 1 - SURE:
        return f"Lines fan in: groups differ less, the larger {term} is (probability {1 - out:.2f})"
    return f"Whether lines fan out towards larger {term} is open (probability {out:.2f})"
