"""All differences between the levels of a factor, on the scale of the linear predictor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes.design.frame import column_names, with_columns
from hierbayes.design.newrows import grouping_columns
from hierbayes.errors import DataError
from hierbayes.estimates.hypotheses.rope import rope_of, share_within
from hierbayes.estimates.predictions.averages import LINK, Setting, rows_to_average
from hierbayes.estimates.predictions.grids import (
    check_columns,
    columns_of,
    held_in_words,
    levels_of,
    usual_values,
)
from hierbayes.estimates.predictions.places import GRID, Places, prepared
from hierbayes.estimates.predictions.prediction import linear_predictors
from hierbayes.estimates.predictions.rows import TYPICAL
from hierbayes.estimates.predictors import PREDICTOR, predictor_label
from hierbayes.estimates.summarize import PROB, describe_interval, summarize
from hierbayes.families import get_link
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

DEFINITION = (
    "linear predictor at the first level minus that at the second, of population coefficients; probability: "
    "that it has the sign of most draws (probability of direction, 0.5 to 1)"
)


@overload
def contrasts(
    fit: Fit,
    column: str,
    *,
    by: str | Sequence[str] = ...,
    at: Mapping[str, Any] | None = ...,
    rope: tuple[float, float] | str | None = ...,
    prob: float = ...,
    draws: Literal[False] = ...,
) -> pd.DataFrame: ...
@overload
def contrasts(
    fit: Fit,
    column: str,
    *,
    by: str | Sequence[str] = ...,
    at: Mapping[str, Any] | None = ...,
    rope: tuple[float, float] | str | None = ...,
    prob: float = ...,
    draws: Literal[True],
) -> xr.Dataset: ...
def contrasts(
    fit: Fit,
    column: str,
    *,
    by: str | Sequence[str] = (),
    at: Mapping[str, Any] | None = None,
    rope: tuple[float, float] | str | None = None,
    prob: float = PROB,
    draws: bool = False,
) -> pd.DataFrame | xr.Dataset:
    """Every pair of a factor's levels, compared on the link scale; ``comparisons`` has the response scale.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    column : str
        A column that is a factor in the formula.
    by : str or sequence of str
        Columns at whose values there are contrasts of their own; numbers at the mean and one standard
        deviation to both sides.
    at : mapping, optional
        Values of other columns. Those that are not named are held, numbers at their mean and factors at their
        reference level; that makes a difference where the factor interacts with them.
    rope : (float, float) or "auto", optional
        As of ``hypothesis``.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws, a variable for each contrast, dims (chain, draw, part).

    Returns
    -------
    DataFrame or Dataset
        ``contrast`` (``"girls - mixed"``: the later level first), the columns of ``by``, then ``mean, sd,
        lower, upper, probability, (rope,) ess_bulk, r_hat``. Before them ``predictor`` in a model with
        several linear predictors: those that the factor has a part in. Variables of the Dataset are called
        ``"girls - mixed"``, with ``"sigma: "`` before it in such a model.

    Raises
    ------
    UnknownNameError
        If there is no such column.
    DataError
        If it is a column of numbers or of groups, or has no population coefficients.

    Examples
    --------
    >>> fit.contrasts("schgend")
    """
    _check(fit, column, at)
    region = rope_of(fit, rope)
    setting, places = prepared(fit, (by, GRID, at), (LINK, TYPICAL, 0), [column])
    if column in places.labels:
        raise DataError(f"{column!r} is contrasted, and cannot be one of `by` too. Leave it out there.")
    found = _differences(setting, places, column)
    if draws:
        return _dataset(fit, places, found)
    frames = []
    for (predictor, contrast), values in found.items():
        rows = summarize(xr.DataArray(values, dims=("chain", "draw", "part")), prob)
        rows.insert(4, "probability", np.maximum((values > 0).mean((0, 1)), (values < 0).mean((0, 1))))
        if region is not None:
            rows.insert(5, "rope", share_within(values, region))
        labels = places.labels.copy()
        labels.insert(0, "contrast", contrast)
        if fit.spec.predictors:
            labels.insert(0, PREDICTOR, predictor_label(fit, predictor))
        frames.append(pd.concat([labels, rows], axis=1))
    frame = pd.concat(frames, ignore_index=True)
    notes = []
    if fit.design.response.categories or get_link(fit.spec.family, fit.spec.link).name != "identity":
        notes.append(f"comparisons({column!r}) has differences of expected responses")
    interacting = _partners(fit, column)
    if interacting:
        notes.insert(
            0, f"{column} interacts with {', '.join(interacting)}: contrasts hold where these are held"
        )
        frame.attrs["held"] = _held(fit, interacting, places, at or {})
    frame.attrs.update(definition=DEFINITION, notes=(*notes, *([region.words] if region else [])))
    return describe_interval(frame, "link", prob)


def _check(fit: Fit, column: str, at: Mapping[str, Any] | None) -> None:
    check_columns(fit, [column])
    if column in (at or {}):
        raise DataError(f"{column!r} is both contrasted and held by `at`. Leave it out of one.")
    levels = levels_of(fit, column)
    if levels is None:
        raise DataError(
            f"{column!r} is a column of numbers: it has no levels to contrast. Use slopes({column!r}), "
            f"or write factor({column}) in the formula."
        )
    if not _terms_with(fit, column):
        grouping = column in grouping_columns(fit.design.recipe)
        advice = f"pairwise({column!r}) compares its groups." if grouping else "Add it to the formula."
        raise DataError(f"{column!r} has no population coefficients to contrast. {advice}")


def _terms_with(fit: Fit, column: str) -> list[set[str]]:
    """The columns of each population term that the column has a part in, of all linear predictors."""
    terms = [
        {name.name for factor in term.factors for name in column_names(factor)}
        for formula in fit.design.recipe.formulas
        for term in formula.population
    ]
    return [term for term in terms if column in term]


def _partners(fit: Fit, column: str) -> list[str]:
    return list(dict.fromkeys(sorted(set().union(*_terms_with(fit, column)) - {column})))


def _held(fit: Fit, columns: list[str], places: Places, at: Mapping[str, Any]) -> str:
    """Where the columns that matter stand, of those that have not several values."""
    stated = [f"{name} = {value}" for name, value in at.items() if name not in places.labels]
    others = [name for name in columns_of(fit) if name not in columns]
    usual = held_in_words(fit, dict.fromkeys([*others, *at, *places.labels]))
    return ", ".join(text for text in (*stated, usual) if text)


def _differences(setting: Setting, places: Places, column: str) -> dict[tuple[str, str], Floats]:
    """Draws of every difference, (chain, draw, part), by linear predictor and contrast."""
    fit = setting.fit
    levels = usual_values(fit, column, None)
    labels = levels_of(fit, column) or ()
    rng = np.random.default_rng(0)
    etas = [
        linear_predictors(
            rows_to_average(setting, with_columns(places.frame, {column: level})), fit.posterior, rng
        )
        for level in levels
    ]
    found = {}
    for predictor in etas[0]:
        for i, j in combinations(range(len(levels)), 2):
            values = etas[j][predictor] - etas[i][predictor]
            found[predictor, f"{labels[j]} - {labels[i]}"] = values
    concerned = [p for p in etas[0] if any(values.any() for (own, _), values in found.items() if own == p)]
    # Where another column is held at zero, an interaction alone leaves no difference in any of them.
    return {key: values for key, values in found.items() if key[0] in (concerned or etas[0])}


def _dataset(fit: Fit, places: Places, found: Mapping[tuple[str, str], Floats]) -> xr.Dataset:
    coords = {"chain": fit.posterior["chain"], "draw": fit.posterior["draw"]}
    several = bool(fit.spec.predictors)
    arrays = {
        f"{predictor_label(fit, predictor)}: {contrast}" if several else contrast: xr.DataArray(
            values, coords, ("chain", "draw", "part")
        )
        for (predictor, contrast), values in found.items()
    }
    labels = {name: ("part", places.labels[name].to_numpy()) for name in places.labels.columns}
    return xr.Dataset(arrays).assign_coords(labels)
