"""The pooling ladder: what four ways to treat groups say about each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes.errors import ArgumentTypeError, UnknownNameError
from hierbayes.plots import marks, selection
from hierbayes.plots.style import BLUE, GREY, ORANGE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

COMPLETE, DUMMIES, NONE, PARTIAL = "complete", "dummies", "none", "partial"
LOOKS = {
    COMPLETE: (ORANGE, "s", "complete pooling", "■"),
    DUMMIES: ("#AA4499", "^", "dummies", "△"),
    NONE: (GREY, "o", "one model per group", "○"),
    PARTIAL: (BLUE, "o", "partial pooling", "●"),
}
"""Colour, marker, words and sign of each approach."""

OFFSETS = {COMPLETE: 0.0, DUMMIES: 0.22, NONE: -0.22, PARTIAL: 0.0}
WORDS = {"epred": "expected response", "linpred": "linear predictor"}
NUMBERS = ("mean", "lower", "upper")


def pooling(result: Any, quantity: str = "epred", *, backend: str | None = None) -> PlotCollection:
    """Draw the estimates of every group under complete, no and partial pooling, and with dummies.

    Parameters
    ----------
    result : Pooling
        What ``hb.pooling`` answered.
    quantity : str
        ``"epred"``, ``"linpred"``, or a slope, ``"slope[standLRT]"``.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    ArgumentTypeError
        If ``result`` is no answer of ``hb.pooling``.
    UnknownNameError
        If it has no such quantity.

    Examples
    --------
    >>> hb.plot.pooling(hb.pooling(model, folds=0), "slope[standLRT]")  # doctest: +SKIP
    """
    return draw_pooling(pooling_data(result, quantity), backend=backend_name(backend))


def pooling_data(result: Any, quantity: str = "epred") -> xr.Dataset:
    """What the pooling ladder draws.

    Returns
    -------
    xarray.Dataset
        Over (approach, level), the smallest group first: ``mean``, ``lower``, ``upper``, NaN where an
        approach cannot tell a group; ``n`` (level), its rows.
    """
    estimates = getattr(result, "estimates", None)
    if not isinstance(estimates, pd.DataFrame) or "approach" not in estimates:
        raise ArgumentTypeError(
            "hb.plot.pooling takes what hb.pooling(model) answers; "
            f"{type(result).__name__} was given. Call hb.plot.pooling(hb.pooling(model))."
        )
    known = list(dict.fromkeys(estimates["quantity"]))
    if quantity not in known:
        raise UnknownNameError("quantity of the comparison", quantity, known)
    rows = estimates[estimates["quantity"] == quantity]
    sizes = rows.drop_duplicates("level").set_index("level")["n"].sort_values(kind="stable")
    present = [name for name in LOOKS if name in set(rows["approach"])]
    by = {name: rows[rows["approach"] == name].set_index("level").reindex(sizes.index) for name in present}
    data = xr.Dataset(
        {n: (("approach", "level"), np.array([by[name][n].to_numpy() for name in present])) for n in NUMBERS},
        coords={"approach": present, "level": sizes.index.to_numpy().astype(str)},
    )
    data["n"] = ("level", sizes.to_numpy())
    total, data = data.sizes["level"], data.isel(level=selection.thinned(data.sizes["level"]))
    data.attrs = _texts(result, data, quantity, str(estimates.attrs.get("interval", "95 % equal-tailed")))
    data.attrs["title"] += selection.thinned_words(total)
    return data


def _texts(result: Any, data: xr.Dataset, quantity: str, interval: str) -> dict[str, Any]:
    what = WORDS.get(quantity, quantity)
    at = ", ".join(
        f"{k} = {v:.3g}" if isinstance(v, float) else f"{k} = {v}" for k, v in result.profile.items()
    )
    signs = "  ".join(f"{LOOKS[name][3]} {LOOKS[name][2]}" for name in data["approach"].to_numpy())
    low, high = _limits(data)
    beyond = int(((data["mean"] < low) | (data["mean"] > high)).sum())
    missing = int(data["mean"].isnull().sum())
    sizes = data["n"].to_numpy()
    where = f" at {at}" if at and quantity in WORDS else ""
    caption = [
        f"Posterior means{where}; bars: {interval} intervals of partial pooling and of one model per group "
        f"(cut at the edges). Groups of {sizes.min()} to {sizes.max()} rows, the smallest at the top."
    ]
    if beyond:
        caption.append(f"{beyond} {'estimate lies' if beyond == 1 else 'estimates lie'} beyond the axis.")
    if missing:
        caption.append(
            f"{missing} {'estimate does' if missing == 1 else 'estimates do'} not exist: the approach cannot "
            "tell the group."
        )
    n = len(sizes)
    step = selection.label_step(n, selection.rows_height(n))
    caption += [f"One label in {step} is written."] if step > 1 else []
    return {
        "title": f"Pooling over {result.group}: {what} of each group",
        "subtitle": signs,
        "caption": " ".join(caption),
        "xlabel": what,
        "ylabel": f"{result.group}  (rows)",
    }


def _limits(data: xr.Dataset) -> tuple[float, float]:
    """The range of the intervals of partial pooling and of nearly all means."""
    shown = [data["mean"].to_numpy().ravel()]
    if PARTIAL in data["approach"]:
        shown += [data[name].sel(approach=PARTIAL).to_numpy() for name in ("lower", "upper")]
    means = shown[0][np.isfinite(shown[0])]
    low, high = np.quantile(means, [0.01, 0.99])
    ends = np.concatenate([np.array([low, high]), *(end[np.isfinite(end)] for end in shown[1:])])
    room = 0.12 * float(np.ptp(ends)) or 0.5
    return float(ends.min()) - room, float(ends.max()) + room


def draw_pooling(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`pooling_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`pooling_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches; the height grows with the number of groups by default.
    """
    n = dataset.sizes["level"]
    height = selection.rows_height(n, each=0.19)
    page = canvas(dataset.attrs, 6.8, height, figsize)
    limits = _limits(dataset)
    one = dataset[["mean"]].isel(level=0, approach=0, drop=True)
    with styled(backend):
        pc = panels(one, page, facets=[], backend=backend)
        pc.map(marks.rule_x, data=one, store_artist=False)
        for name in (NONE, COMPLETE, DUMMIES, PARTIAL):
            if name in dataset["approach"]:
                _draw_approach(pc, dataset.sel(approach=name, drop=True), name, limits)
        shown = np.arange(0, n, selection.label_step(n, height))
        levels, sizes = dataset["level"].to_numpy()[shown], dataset["n"].to_numpy()[shown]
        labels = [
            f"{selection.short(str(level))}  ({size})" for level, size in zip(levels, sizes, strict=True)
        ]
        ticks = (n - 1 - shown).astype(float)
        pc.map(marks.y_names, data=one, store_artist=False, ticks=ticks, labels=labels, size=7.5)
        pc.map(marks.y_limits, data=one, store_artist=False, limits=selection.span(n))
        pc.map(marks.x_range, data=one, store_artist=False, limits=limits)
        pc.map(marks.x_title, data=one, text=dataset.attrs["xlabel"], store_artist=False)
        pc.map(marks.y_title, data=one, text=dataset.attrs["ylabel"], store_artist=False)
    return pc


def _draw_approach(pc: PlotCollection, ds: xr.Dataset, name: str, limits: tuple[float, float]) -> None:
    colour, marker, *_ = LOOKS[name]
    y = xr.DataArray(np.arange(ds.sizes["level"])[::-1] + OFFSETS[name], dims="level")
    inside = (ds["mean"] >= limits[0]) & (ds["mean"] <= limits[1])
    if name in (PARTIAL, NONE):
        lower, upper = ds["lower"].clip(*limits), ds["upper"].clip(*limits)
        pc.map(
            marks.segments,
            f"interval_{name}",
            data=lower.where(upper > lower).to_dataset(name="mean"),
            x_end=upper,
            y=y,
            color=colour,
            width=2.0 if name == PARTIAL else 0.8,
            alpha=0.85,
        )
    pc.map(
        marks.points,
        f"mean_{name}",
        data=ds[["mean"]],
        y=y,
        mask=inside,
        marker=marker,
        facecolor=colour if name in (PARTIAL, COMPLETE) else "white",
        edgecolor=colour,
        size=10 if name == COMPLETE else 22,
        width=0.9,
    )
