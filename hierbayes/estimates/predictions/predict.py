"""Predictions as a table: one row for each row of data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.design.selection import take_rows
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.predictions.prediction import expected, linear_predictors, replicated
from hierbayes.estimates.predictions.rows import AVERAGE, SAMPLE, Rows, rows_of
from hierbayes.estimates.summarize import PROB, apart, describe_interval
from hierbayes.fitted.record import Fit

RESPONSE, MEAN, LINK = "response", "mean", "link"
BLOCK = 8_000_000
"""Numbers, rows by draws, that are held at a time."""


@overload
def predict(
    fit: Fit,
    data: Any = ...,
    kind: str = ...,
    *,
    groups: str | None = ...,
    new_groups: str = ...,
    prob: float = ...,
    draws: Literal[False] = ...,
    seed: int = ...,
) -> pd.DataFrame: ...
@overload
def predict(
    fit: Fit,
    data: Any = ...,
    kind: str = ...,
    *,
    groups: str | None = ...,
    new_groups: str = ...,
    prob: float = ...,
    draws: Literal[True],
    seed: int = ...,
) -> xr.DataArray: ...
def predict(
    fit: Fit,
    data: Any = None,
    kind: str = RESPONSE,
    *,
    groups: str | None = None,
    new_groups: str = SAMPLE,
    prob: float = PROB,
    draws: bool = False,
    seed: int = 0,
) -> pd.DataFrame | xr.DataArray:
    """Predict rows: the observed ones, or others.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    data : frame or mapping, optional
        Rows with the columns of the formula (``{"age": 0, "ch": "N"}`` is one row); the observed rows by
        default. Grouping columns may be left out.
    kind : str
        ``"response"``: new responses, which scatter as data do; ``"mean"``: expected responses; ``"link"``:
        linear predictors.
    groups : str, optional
        Whose prediction it is. ``"own"``: of the groups that the rows name; ``"typical"``: of a group whose
        effects are zero; ``"average"``: of the population, group effects integrated out; ``"new"``: of a
        group that is drawn from the population, one for each label or row. By default ``"own"`` for the
        factors that the rows name and ``"average"`` for the others; the table says so.
    new_groups : str
        Groups that the rows name and the model has not seen: ``"sample"`` draws their effects from the
        population, one draw for all rows of a group; ``"typical"`` takes zero; ``"error"`` refuses them. What
        is known stays: a new class in a known school has the effects of the school.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws, dims (chain, draw, obs).
    seed : int
        Of new responses and new groups.

    Returns
    -------
    DataFrame or DataArray
        The columns of the data that the model uses (one called ``sd`` becomes ``sd_``), then ``mean,
        sd, lower, upper``; for responses of categories one row for each category, with its probability.
        ``attrs``: ``estimand``, ``kind``,
        ``scale``, ``interval``, ``notes``. Rows with missing values are left out, and the index has the
        positions of the others.

    Raises
    ------
    UnknownNameError
        If there is no such ``kind``, ``groups`` or ``new_groups``.
    ColumnNotFoundError, DataError
        If a column is missing or has levels that the model has not seen.

    Notes
    -----
    The expectation over groups is by quadrature (``predictions.population``), and every prediction carries
    the whole posterior of coefficients, variances and effects. On a scale that is not linear in the predictor
    (probabilities, counts) a typical group and the population average are different numbers.

    Examples
    --------
    >>> fit.predict({"age": 0, "ch": "N", "urban": "Y"}, kind="mean")
    """
    if kind not in (RESPONSE, MEAN, LINK):
        raise UnknownNameError("kind of prediction", kind, (RESPONSE, MEAN, LINK))
    rows, rng = rows_of(fit, data, groups, new_groups), np.random.default_rng(seed)
    if draws:
        return _of_kind(rows, fit.posterior, kind, rng)
    frames = [_table(rows, part, (kind, prob), rng) for part in blocks(rows, fit.posterior)]
    frame = pd.concat(frames) if len(frames) > 1 else frames[0]
    used = [name for name in rows.design.columns if name in _predicting(rows)]
    columns = pd.DataFrame(
        {name: rows.design.columns[name] for name in used}, index=np.asarray(rows.design.rows)
    )
    whole = apart(columns, *frame.columns).join(frame) if used else frame
    estimand = rows.estimand
    if kind == RESPONSE and AVERAGE in rows.treatments.values():
        estimand = estimand.replace("group effects integrated out", "a new group for each row")
    whole.attrs.update(estimand=estimand, kind=kind, notes=rows.notes)
    return describe_interval(whole, {LINK: "link"}.get(kind, "response"), prob)


def _of_kind(rows: Rows, posterior: xr.Dataset, kind: str, rng: np.random.Generator) -> xr.DataArray:
    if kind == RESPONSE:
        return replicated(rows, posterior, rng)
    if kind == MEAN:
        return expected(rows, posterior, rng)
    etas = linear_predictors(rows, posterior, rng)
    main = etas[""]
    coords = {"chain": posterior["chain"], "draw": posterior["draw"], names.OBS: np.asarray(rows.design.rows)}
    return xr.DataArray(main, dims=("chain", "draw", names.OBS), coords=coords, name="linpred")


def blocks(rows: Rows, posterior: xr.Dataset) -> Iterator[slice]:
    """Some rows at a time, so that their draws fit into memory."""
    size = posterior.sizes["chain"] * posterior.sizes["draw"] * max(1, len(rows.design.response.categories))
    step = max(1, BLOCK // size)
    for start in range(0, rows.design.n, step):
        yield slice(start, min(start + step, rows.design.n))


def some_rows(rows: Rows, part: slice) -> Rows:
    """Some of the rows."""
    design = take_rows(rows.design, part)
    labels = {name: labels[part] for name, labels in rows.labels.items()}
    return replace(rows, fit=replace(rows.fit, design=design), labels=labels)


def _table(rows: Rows, part: slice, how: tuple[str, float], rng: np.random.Generator) -> pd.DataFrame:
    kind, prob = how
    if not 0 < prob < 1:
        raise DataError(f"prob is the mass of the interval, between 0 and 1; {prob!r} was given.")
    values = _of_kind(some_rows(rows, part), rows.fit.posterior, kind, rng)
    index = np.asarray(rows.design.rows[part])
    categories = rows.design.response.categories
    flat = values.to_numpy().reshape(-1, *values.shape[2:])
    if not categories or kind == LINK:
        return pd.DataFrame(_numbers(flat, prob), index=index)
    if kind == RESPONSE:
        shares = np.stack([(flat == k).mean(axis=0) for k in range(len(categories))], axis=-1)
        numbers = {"probability": shares.ravel()}
    else:
        numbers = {name: column.ravel() for name, column in _numbers(flat, prob).items()}
    labels = np.tile(np.asarray(categories, dtype=object), len(index))
    return pd.DataFrame({"category": labels, **numbers}, index=np.repeat(index, len(categories)))


def _numbers(flat: Any, prob: float) -> dict[str, Any]:
    lower, upper = np.quantile(flat, [(1 - prob) / 2, (1 + prob) / 2], axis=0)
    sd = flat.std(axis=0, ddof=min(1, len(flat) - 1))
    return {"mean": flat.mean(axis=0), "sd": sd, "lower": lower, "upper": upper}


def _predicting(rows: Rows) -> set[str]:
    """The columns that say something of a row before its response is known."""
    from hierbayes.design.newrows import UNNAMED, predicting_columns

    used = predicting_columns(rows.design.recipe)
    return {
        name
        for name in used & set(rows.design.columns)
        if not (rows.design.columns[name].dtype.kind in "OU" and (rows.design.columns[name] == UNNAMED).any())
    }
