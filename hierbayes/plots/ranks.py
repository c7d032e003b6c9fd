"""Ranks: a league table of the groups, with the interval of each rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hierbayes.estimates.by_group import ranking as estimate
from hierbayes.plots import marks, selection
from hierbayes.plots.style import BLUE, DASHED, GREY, ORANGE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

    from hierbayes.design.records import GroupDesign

CROWDED = 150


def ranks(fit: Any, group: str | None = None, *, backend: str | None = None, **wanted: Any) -> PlotCollection:
    """Draw the posterior rank of each group: its mean and its interval, rank 1 at the top.

    Parameters
    ----------
    fit : Fit
        A fitted model with group terms.
    group : str, optional
        The group term; the first by default.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.
    **wanted
        ``term``, ``by``, ``at``, ``largest_first`` and ``prob`` of ``fit.ranks``.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If the model has no such group term, coefficient or column of one.
    DataError
        If the model has no group terms.

    Examples
    --------
    >>> fit.plot.ranks("school", at={"standLRT": -1})
    """
    return draw_ranks(ranks_data(fit, group, **wanted), backend=backend_name(backend))


def ranks_data(fit: Any, group: str | None = None, **wanted: Any) -> xr.Dataset:
    """What the league table draws.

    Returns
    -------
    xarray.Dataset
        Over (place), place 0 the smallest mean rank: ``mean``, ``lower``, ``upper`` of the rank, ``level``,
        ``n`` (rows), ``small`` (as of ``fit.ranks``) and ``clear``: the interval leaves out the middle rank.
        Of more than 200 groups only 100 are there, evenly spaced in that order; ``attrs["groups"]`` counts
        all.
    """
    chosen = selection.pick_group(fit, group)
    frame = estimate.ranks(fit, chosen.name, **wanted)
    frame = frame[frame["group"] == chosen.name]
    middle = (len(frame) + 1) / 2
    data = xr.Dataset(
        {name: ("place", frame[name].to_numpy()) for name in ("mean", "lower", "upper", "n", "small")},
        coords={"place": np.arange(len(frame))},
    )
    data["level"] = ("place", frame["level"].to_numpy().astype(str))
    data["clear"] = (data["lower"] > middle) | (data["upper"] < middle)
    largest = wanted.get("largest_first", True)
    of = "expected response" if wanted.get("by") == "response" else str(frame["term"].iloc[0])
    data.attrs = _texts(data, chosen, (of, "largest" if largest else "smallest"), frame.attrs["interval"])
    kept = selection.thinned(len(frame))
    return data.isel(place=kept).assign_coords(place=np.arange(kept.size))


def _texts(data: xr.Dataset, group: GroupDesign, what: tuple[str, str], interval: str) -> dict[str, Any]:
    n, clear, small = data.sizes["place"], int(data["clear"].sum()), int(data["small"].sum())
    width = float((data["upper"] - data["lower"] + 1).mean())
    verb = "leaves" if clear == 1 else "leave"
    caption = [
        f"Posterior mean rank with {interval} interval; the middle rank is dashed.",
        f"The intervals of {clear:,} of {n:,} groups {verb} out the middle (blue, thicker).",
    ]
    if small:
        caption.append(
            f"Open marker ({small:,} of {n:,}): the other groups say more about it than its own rows."
        )
    drawn = selection.thinned(n).size
    step = selection.label_step(drawn, selection.rows_height(drawn))
    if step > 1:
        caption.append(f"One label in {step} is written.")
    return {
        "groups": n,
        "title": f"Ranks of {group.name} by {what[0]}{selection.thinned_words(n)}",
        "subtitle": f"rank 1: the {what[1]}; an interval covers {width:.0f} of {n} places on average",
        "caption": " ".join(caption),
        "xlabel": f"rank among the {n:,} groups",
        "ylabel": group.name,
    }


def draw_ranks(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`ranks_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`ranks_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches; the height grows with the number of groups by default.
    """
    n = dataset.sizes["place"]
    height = selection.rows_height(n)
    page = canvas(dataset.attrs, 6.4, height, figsize)
    one = dataset[["mean"]].isel(place=0, drop=True)
    y = (n - 1 - dataset["place"]).astype(float)
    with styled(backend):
        pc = panels(dataset[["mean"]], page, facets=[], backend=backend)
        pc.map(marks.rule_x, data=one, store_artist=False)
        total = int(dataset.attrs["groups"])
        middle = xr.zeros_like(one, dtype=float) + (total + 1) / 2
        pc.map(marks.upright, "middle", data=middle, span=selection.span(n), color=ORANGE, linestyle=DASHED)
        for name, colour, chosen in (("other", GREY, ~dataset["clear"]), ("clear", BLUE, dataset["clear"])):
            if bool(chosen.any()):
                _draw_groups(pc, dataset, (name, colour, chosen), y)
        shown = np.arange(0, n, selection.label_step(n, height))
        labels = [selection.short(str(text)) for text in dataset["level"].to_numpy()[shown]]
        ticks = (n - 1 - shown).astype(float)
        pc.map(marks.y_names, data=one, store_artist=False, ticks=ticks, labels=labels, size=7.5)
        pc.map(marks.y_limits, data=one, store_artist=False, limits=selection.span(n))
        limits = (1 - 0.015 * total, total + 0.015 * total)
        pc.map(marks.x_range, data=one, store_artist=False, limits=limits)
        pc.map(marks.x_title, data=one, text=dataset.attrs["xlabel"], store_artist=False)
        pc.map(marks.y_title, data=one, text=dataset.attrs["ylabel"], store_artist=False)
    return pc


def _draw_groups(
    pc: PlotCollection, ds: xr.Dataset, look: tuple[str, str, xr.DataArray], y: xr.DataArray
) -> None:
    name, colour, chosen = look
    crowded = ds.sizes["place"] > CROWDED
    thick = 1.7 if name == "clear" else 1.0
    pc.map(
        marks.segments,
        f"interval_{name}",
        data=ds[["lower"]].where(chosen).rename(lower="mean"),
        x_end=ds["upper"],
        y=y,
        color=colour,
        width=0.4 * thick if crowded else thick,
        alpha=0.6 if crowded else 0.9,
    )
    size, width = (2.5, 0.4) if crowded else (18, 1.0)
    shared = {"data": ds[["mean"]], "y": y, "edgecolor": colour, "size": size, "width": width}
    pc.map(marks.points, f"mean_{name}", mask=chosen & ~ds["small"], facecolor=colour, **shared)
    if bool((chosen & ds["small"]).any()):
        pc.map(marks.points, f"small_{name}", mask=chosen & ds["small"], facecolor="white", **shared)
