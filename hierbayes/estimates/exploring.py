"""What data show before any model: smoothed proportions, means and sizes of groups, which levels meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from hierbayes.design.frame import read_frame
from hierbayes.errors import DataError, UnknownNameError

type Floats = NDArray[np.float64]

SPAN = 0.75
GRID = 60
RIDGE = 1e-3  # rows of each outcome's worth: keeps windows with one outcome finite
STEPS = 25
FEWEST = 10


def complete_rows(data: Any, columns: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """Some columns as a pandas frame, the rows where all are there, and how many were left out.

    Raises
    ------
    UnknownNameError
        If there is no such column; the message has the nearest match.
    DataError
        If no row has all of them.
    """
    frame = read_frame(data)
    for name in columns:
        if name not in frame.columns:
            raise UnknownNameError("column of the data", name, list(map(str, frame.columns)))
    chosen: pd.DataFrame = frame.select(list(dict.fromkeys(columns))).to_pandas()
    kept = chosen.dropna()
    if kept.empty:
        raise DataError(f"No row has a value in all of {', '.join(map(repr, columns))}.")
    return kept, len(chosen) - len(kept)


def levels_in(values: pd.Series[Any]) -> list[str]:
    """The levels that occur, a categorical's in its order, others sorted."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return [str(level) for level in values.cat.remove_unused_categories().cat.categories]
    return [str(level) for level in sorted(values.unique())]


def as_event(values: pd.Series[Any], event: Any = None) -> tuple[Floats, str]:
    """A column of two values as zeros and ones, and what a one is called.

    Raises
    ------
    DataError
        If it has not two values.
    UnknownNameError
        If ``event`` is not one of them.
    """
    labels = levels_in(values)
    if len(labels) != 2:
        raise DataError(
            f"A proportion is of a column with two values, and {values.name!r} has {len(labels)}. Make one "
            f"of it: data.assign(high=data[{values.name!r}] > 3)."
        )
    if event is not None and str(event) not in labels:
        raise UnknownNameError(f"value of {values.name!r}", str(event), labels)
    wanted = labels[1] if event is None else str(event)
    return np.asarray(values.astype(str) == wanted, dtype=np.float64), wanted


def smoothed_proportion(y: Floats, x: Floats, at: Floats, span: float = SPAN) -> tuple[Floats, ...]:
    """Local logistic regression: the share of ones along a covariate, with 95 % intervals.

    Parameters
    ----------
    y : float64 array, shape (n,)
        Zeros and ones.
    x : float64 array, shape (n,)
        The covariate.
    at : float64 array, shape (m,)
        Where to estimate.
    span : float
        Share of the rows in each window.

    Returns
    -------
    tuple of float64 array, shape (m,)
        Estimate, lower and upper limit. Rows in a window have tricube weights; the logit is a line within it.
        Intervals are pointwise and do not know of groups.

    References
    ----------
    Tibshirani, R. and Hastie, T. (1987). Local likelihood estimation. Journal of the American Statistical
    Association 82, 559-567.
    """
    distance = np.abs(x - at[:, None])
    nearest = min(x.size, max(FEWEST, int(np.ceil(span * x.size)))) - 1
    width = np.partition(distance, nearest, axis=1)[:, nearest]
    width = np.maximum(width, 1e-9 + 0.05 * np.ptp(x))
    kernel = np.clip(1 - (distance / width[:, None]) ** 3, 0, None) ** 3
    line = (x - at[:, None]) / width[:, None]
    share = (y.sum() + 0.5) / (y.size + 1)
    beta = np.column_stack([np.full(at.size, special.logit(share)), np.zeros(at.size)])
    for _ in range(STEPS):
        p = special.expit(beta[:, :1] + beta[:, 1:] * line)
        hessian = _moments(kernel * p * (1 - p), line) + RIDGE * np.eye(2)
        slope = kernel * (y - p)
        gradient = np.column_stack([slope.sum(axis=1), (slope * line).sum(axis=1)])
        gradient -= RIDGE * (beta - [special.logit(share), 0.0])
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        beta += np.clip(step, -3, 3)
        if np.abs(step).max() < 1e-10:
            break
    p = special.expit(beta[:, :1] + beta[:, 1:] * line)
    bread = np.linalg.inv(_moments(kernel * p * (1 - p), line) + RIDGE * np.eye(2))
    meat = _moments(kernel**2 * p * (1 - p), line)
    half = 1.96 * np.sqrt((bread @ meat @ bread)[:, 0, 0])
    logit = beta[:, 0]
    return tuple(special.expit(logit + side * half) for side in (0, -1, 1))


def _moments(weights: Floats, line: Floats) -> Floats:
    """``X' W X`` of an intercept and ``line``, shape (m, 2, 2)."""
    first, second = (weights * line).sum(axis=1), (weights * line**2).sum(axis=1)
    rows = np.stack([np.stack([weights.sum(axis=1), first], -1), np.stack([first, second], -1)], axis=1)
    return np.asarray(rows)


def means_by_group(data: Any, response: str, group: str) -> pd.DataFrame:
    """Each group's own mean, or share of an event, from its own rows alone.

    Returns
    -------
    DataFrame
        ``level, n, mean, lower, upper`` in the order of the means: 95 % intervals, of means by Student's t,
        of shares by Wilson's score; NaN for the mean of a single row. ``attrs``: ``"overall"``, ``"dropped"``
        (rows), ``"event"`` (empty for numbers).

    Raises
    ------
    DataError
        If the response is neither a number nor has two values.
    """
    frame, dropped = complete_rows(data, [response, group])
    values, event = frame[response], ""
    if values.nunique() == 2 or not pd.api.types.is_numeric_dtype(values):
        y, event = as_event(values)
    else:
        y = values.to_numpy(dtype=float)
    grouped = pd.DataFrame({"level": frame[group].astype(str).to_numpy(), "y": y}).groupby("level")["y"]
    found = grouped.agg(n="size", mean="mean", sd="std").reset_index()
    n, mean = found["n"].to_numpy(dtype=float), found["mean"].to_numpy()
    if event:
        z = stats.norm.ppf(0.975) ** 2
        middle = (mean + z / (2 * n)) / (1 + z / n)
        half = np.sqrt(z * (mean * (1 - mean) / n + z / (4 * n**2))) / (1 + z / n)
    else:
        middle = mean
        half = np.where(n > 1, stats.t.ppf(0.975, np.maximum(n - 1, 1)), np.nan) * found["sd"] / np.sqrt(n)
    found["lower"], found["upper"] = middle - half, middle + half
    found = found.drop(columns="sd").sort_values("mean", kind="stable").reset_index(drop=True)
    found.attrs = {"overall": float(y.mean()), "dropped": dropped, "event": event}
    return found


def meetings(data: Any, first: str, other: str) -> pd.DataFrame:
    """Which levels of two factors occur together: ``first, other, n`` and their places in an order.

    Levels of ``other`` are in the order of their sizes, the largest first; those of ``first`` by the mean
    place of the levels that they meet, so that nesting looks like stairs.
    """
    frame, _ = complete_rows(data, [first, other])
    cells = frame.astype(str).groupby([first, other]).size().rename("n").reset_index()
    sizes = cells.groupby(other)["n"].sum().sort_values(ascending=False, kind="stable")
    cells["place_other"] = cells[other].map({level: k for k, level in enumerate(sizes.index)})
    weighted = cells.assign(w=cells["n"] * cells["place_other"]).groupby(first)[["w", "n"]].sum()
    order = (weighted["w"] / weighted["n"]).sort_values(kind="stable").index
    cells["place_first"] = cells[first].map({level: k for k, level in enumerate(order)})
    return cells
