"""Differences, ratios and slopes of expected responses, at chosen rows or averaged over the observed ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.predictions.averages import LINK, RESPONSE, Setting, unit_of
from hierbayes.estimates.predictions.grids import check_columns, is_number, levels_of, usual_values, values_at
from hierbayes.estimates.predictions.places import OBSERVED, dataset, means_at, over_in_words, prepared, table
from hierbayes.estimates.summarize import PROB, describe_interval
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

DIFFERENCE, RATIO, ODDS = "difference", "ratio", "odds"
STEP = 1e-4
"""Half the distance of a central difference, in standard deviations of the column: its error is of order
1e-8 of the slope, and rounding stays below that."""


def _odds(p: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return p / (1 - p)


def _ratio(high: Floats, low: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return high / low


def _difference(high: Floats, low: Floats) -> Floats:
    return high - low


def _odds_ratio(high: Floats, low: Floats) -> Floats:
    return _ratio(_odds(high), _odds(low))


COMPARE: dict[str, Callable[[Floats, Floats], Floats]] = {
    DIFFERENCE: _difference,
    RATIO: _ratio,
    ODDS: _odds_ratio,
}
"""How two expected responses are compared."""


@overload
def comparisons(
    fit: Fit,
    columns: str | Mapping[str, Any],
    *,
    compare: str = ...,
    by: str | Sequence[str] = ...,
    over: str = ...,
    at: Mapping[str, Any] | None = ...,
    scale: str = ...,
    groups: str | None = ...,
    prob: float = ...,
    draws: Literal[False] = ...,
    seed: int = ...,
) -> pd.DataFrame: ...
@overload
def comparisons(
    fit: Fit,
    columns: str | Mapping[str, Any],
    *,
    compare: str = ...,
    by: str | Sequence[str] = ...,
    over: str = ...,
    at: Mapping[str, Any] | None = ...,
    scale: str = ...,
    groups: str | None = ...,
    prob: float = ...,
    draws: Literal[True],
    seed: int = ...,
) -> xr.Dataset: ...
def comparisons(
    fit: Fit,
    columns: str | Mapping[str, Any],
    *,
    compare: str = DIFFERENCE,
    by: str | Sequence[str] = (),
    over: str = OBSERVED,
    at: Mapping[str, Any] | None = None,
    scale: str = RESPONSE,
    groups: str | None = None,
    prob: float = PROB,
    draws: bool = False,
    seed: int = 0,
) -> pd.DataFrame | xr.Dataset:
    """What changes when a column goes from one value to another, everything else as it is.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    columns : str or mapping
        ``{"ch": ["N", "Y"]}``: from the first value to each of the others. A name alone stands for every
        level of a factor against its reference, and for one unit more of a number than its mean. Several
        columns are changed one at a time.
    compare : str
        ``"difference"``, ``"ratio"``, or ``"odds"``, the ratio of the odds of two probabilities.
    by : str or sequence of str
        Columns whose values have answers of their own; a grouping column has one for each of its groups.
    over : str
        ``"observed"``: expected responses are averaged over the observed rows with the column set to each
        value, then compared (g-computation); ``"grid"``: at one row, its columns at ``at``, numbers else at
        their mean and factors at their reference level.
    at : mapping, optional
        Values of other columns, in all rows.
    scale : str
        ``"response"``, of trials the probability, or ``"link"``.
    groups : str, optional
        Whose effects, as of ``predict``: ``"own"`` where groups are compared, or named by ``by`` or ``at``
        (in a grid, the average over factors that are not), else the population average.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws, a variable for each contrast.
    seed : int
        Of new groups.

    Returns
    -------
    DataFrame or Dataset
        ``column``, ``contrast`` (``"Y - N"``, ``"Y / N"``, ``"odds(Y) / odds(N)"``), the columns of ``by``,
        (``category``,) ``mean, sd, lower, upper, ess_bulk, r_hat``; ``attrs``: ``estimand``, ``over``,
        ``held``, ``scale``, ``notes``. The Dataset has dims (chain, draw, part) and, of categories,
        (category).

    Raises
    ------
    UnknownNameError
        If there is no such column, ``compare``, ``over`` or ``scale``.
    DataError
        If odds are asked of what is no probability, or a ratio on the link scale.

    Notes
    -----
    Of averages the ratio is that of two averages, not an average of ratios. For a typical group of a logit
    model at one row, ``compare="odds"`` is ``exp(b)``; averaged over groups or rows, odds ratios are nearer
    to 1 (they do not collapse).

    References
    ----------
    Arel-Bundock, V., Greifer, N. and Heiss, A. (2024). How to interpret statistical models using
    marginaleffects for R and Python. Journal of Statistical Software 111(9).

    Examples
    --------
    >>> fit.comparisons({"ch": ["N", "Y"]}, by="urban")
    """
    if compare not in COMPARE:
        raise UnknownNameError("way to compare", compare, COMPARE)
    pairs = _pairs(fit, columns)
    setting, places = prepared(fit, (by, over, at), (scale, groups, seed), [column for column, *_ in pairs])
    _check_sense(setting, compare)
    found = {}
    for column, low, high in pairs:
        ends = [means_at(setting, places, {column: value}) for value in (low, high)]
        found[column, _contrast(compare, _shown(low), _shown(high))] = COMPARE[compare](ends[1], ends[0])
    if draws:
        return dataset(setting, places, found)
    frame = table(setting, places, found, prob=prob)
    frame.attrs["over"] = over_in_words(over, places)
    unit = {DIFFERENCE: unit_of(setting), RATIO: f"ratio of {unit_of(setting)}", ODDS: "odds ratio"}[compare]
    return describe_interval(frame, unit, prob)


@overload
def slopes(
    fit: Fit,
    column: str,
    *,
    by: str | Sequence[str] = ...,
    over: str = ...,
    at: Mapping[str, Any] | None = ...,
    scale: str = ...,
    groups: str | None = ...,
    prob: float = ...,
    draws: Literal[False] = ...,
    seed: int = ...,
) -> pd.DataFrame: ...
@overload
def slopes(
    fit: Fit,
    column: str,
    *,
    by: str | Sequence[str] = ...,
    over: str = ...,
    at: Mapping[str, Any] | None = ...,
    scale: str = ...,
    groups: str | None = ...,
    prob: float = ...,
    draws: Literal[True],
    seed: int = ...,
) -> xr.Dataset: ...
def slopes(
    fit: Fit,
    column: str,
    *,
    by: str | Sequence[str] = (),
    over: str = OBSERVED,
    at: Mapping[str, Any] | None = None,
    scale: str = RESPONSE,
    groups: str | None = None,
    prob: float = PROB,
    draws: bool = False,
    seed: int = 0,
) -> pd.DataFrame | xr.Dataset:
    """How steeply the expected response rises with a column of numbers: its derivative.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    column : str
        A column of numbers. Powers, splines and interactions with it move along.
    by, over, at, scale, groups, prob, draws, seed
        As of ``comparisons``; with ``over="grid"`` the column itself is at its mean, unless ``at`` or ``by``
        says otherwise.

    Returns
    -------
    DataFrame or Dataset
        As of ``comparisons``, without ``contrast``; per unit of the column. Slopes are central differences.

    Raises
    ------
    DataError
        If the column is a factor.
    UnknownNameError
        If there is no such column.

    Examples
    --------
    >>> fit.slopes("age", by="urban")
    """
    check_columns(fit, [column])
    if not is_number(fit, column):
        levels = ", ".join(levels_of(fit, column) or ())
        raise DataError(
            f"{column!r} is a factor with the levels {levels}: it has no slope. Use comparisons({column!r})."
        )
    setting, places = prepared(fit, (by, over, at), (scale, groups, seed), [column])
    h = STEP * (float(fit.design.columns[column].std()) or 1.0)
    middle = places.frame[column].to_numpy(dtype=float)
    ends = [means_at(setting, places, {column: middle + move}) for move in (-h, h)]
    found = {(column, ""): (ends[1] - ends[0]) / (2 * h)}
    if draws:
        return dataset(setting, places, found)
    frame = table(setting, places, found, prob=prob).drop(columns="contrast")
    frame.attrs["over"] = over_in_words(over, places)
    return describe_interval(frame, f"{unit_of(setting)}, per unit of {column}", prob)


def _pairs(fit: Fit, columns: str | Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Each change of a column: its name, from where, to where."""
    wanted: Mapping[str, Any] = {columns: None} if isinstance(columns, str) else columns
    check_columns(fit, list(wanted))
    found = []
    for column, given in wanted.items():
        if given is not None:
            values = values_at(fit, column, given)
        elif is_number(fit, column):
            mean = float(fit.design.columns[column].mean())
            values = [mean, mean + 1]
        else:
            values = usual_values(fit, column, None)
        if len(values) < 2:
            raise DataError(
                f"A comparison needs two values of {column!r}; one is given. "
                f"Write {{{column!r}: [from, to]}}."
            )
        found += [(column, values[0], value) for value in values[1:]]
    return found


def _check_sense(setting: Setting, compare: str) -> None:
    if setting.scale == LINK and compare != DIFFERENCE:
        raise DataError(
            f"compare={compare!r} is not defined on the link scale, where zero is no origin. Use "
            "scale='response', or compare='difference'."
        )
    fit = setting.fit
    shares = fit.design.response.categories or fit.spec.family in ("bernoulli", "binomial", "beta_binomial")
    if compare == ODDS and not shares:
        raise DataError(
            f"compare='odds' is for probabilities; the expected response of a {fit.spec.family} model is "
            "none. Use compare='difference' or 'ratio'."
        )


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _contrast(compare: str, low: str, high: str) -> str:
    words = {DIFFERENCE: "{high} - {low}", RATIO: "{high} / {low}", ODDS: "odds({high}) / odds({low})"}
    return words[compare].format(low=f"({low})" if low.startswith("-") else low, high=high)
