"""Posterior predictive checks of counts by rootogram, and of any statistic by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hierbayes.errors import DataError
from hierbayes.estimates.checks.predictive import Statistic, predictive_check
from hierbayes.plots import marks
from hierbayes.plots.style import BLUE, INK, PALE, canvas, panels

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

    from hierbayes.design.records import GroupDesign

REPLICATIONS = 400
MOST_LABELS = 9


def rootogram(bars: xr.Dataset) -> xr.Dataset:
    """The Dataset of kind ``"bars"`` with the words of a rootogram, and ``misfit``.

    Returns
    -------
    xarray.Dataset
        As given, and over (outcome) ``misfit``: square root of the expected number less that of the observed
        one, the lower end of the hanging bar.
    """
    data = bars.assign(misfit=np.sqrt(bars["mean"]) - np.sqrt(bars["observed"]))
    outside = int(((bars["observed"] < bars["lower"]) | (bars["observed"] > bars["upper"])).sum())
    data.attrs = {
        **bars.attrs,
        "kind": "rootogram",
        "title": str(bars.attrs["title"]).replace("check: counts", "check: rootogram"),
        "subtitle": "bars: the data, hanging from ● what the model expects; thin: its interval",
        "caption": "Square roots of numbers of rows, so that small ones show. A bar that ends above zero: "
        f"fewer rows than expected; below: more. {bars.attrs['caption']} Outside of it: {outside} of "
        f"{bars.sizes['outcome']} outcomes.",
        "ylabel": "square root of the number of rows",
    }
    return data


def draw_rootogram(
    ds: xr.Dataset, backend: str, figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`rootogram` made: hanging bars."""
    page = canvas(ds.attrs, 6.2, 3.6, figsize)
    position, expected = ds[["position"]], np.sqrt(ds["mean"])
    pc = panels(ds[["observed"]], page, facets=[], backend=backend)
    hanging = {"bottom": ds["misfit"], "height": expected, "color": PALE}
    pc.map(marks.bars, "observed", data=position, **hanging)
    roots = {"lower": np.sqrt(ds["lower"]), "upper": np.sqrt(ds["upper"])}
    pc.map(marks.uprights, "interval", data=position, color=BLUE, width=2.4, **roots)
    pc.map(marks.points, "expected", data=position, y=expected, color=BLUE, size=40)
    ends = xr.Dataset({"zero": ("end", [0.0, 0.0])})
    x = np.array([-0.6, ds.sizes["outcome"] - 0.4])
    pc.map(marks.curve, "zero", data=ends, x=x, color=INK, width=1.0)
    step = -(-ds.sizes["outcome"] // MOST_LABELS)
    labels = [str(value) for value in ds["outcome"].to_numpy()[::step]]
    ticks = ds["position"].to_numpy()[::step].tolist()
    pc.map(marks.x_names, data=position, store_artist=False, ticks=ticks, labels=labels)
    pc.map(marks.x_title, data=position, text=ds.attrs["xlabel"], store_artist=False)
    pc.map(marks.y_title, data=position, text=ds.attrs["ylabel"], store_artist=False)
    return pc


def by_group(fit: Any, group: GroupDesign, statistic: str | Statistic, *, seed: int) -> xr.Dataset:
    """A statistic of the rows of each group, and of replicated data: the Dataset of kind ``"statistic"``.

    Returns
    -------
    xarray.Dataset
        Over (rank), in the order of the predictive mean: ``observed``, ``mean``, ``lower_95``, ``upper_95``,
        ``level``, ``n``, ``covered``. Groups for which the statistic is not defined are left out.

    Raises
    ------
    DataError
        If the statistic is not defined for any group.
    """
    frame = predictive_check(fit, statistic, by=group.label, draws=REPLICATIONS, seed=seed)
    called = str(frame.attrs["definition"]).partition(" of the data")[0]
    kept = frame[np.isfinite(frame["observed"]) & np.isfinite(frame["mean"])].sort_values(
        "mean", kind="stable"
    )
    if kept.empty:
        raise DataError(
            f"The {called} is not defined for any group of {group.label!r}: they have too few rows. Try "
            "statistic='mean'."
        )
    data = xr.Dataset(
        {
            "observed": ("rank", kept["observed"].to_numpy(dtype=float)),
            "mean": ("rank", kept["mean"].to_numpy(dtype=float)),
            "lower_95": ("rank", kept["lower"].to_numpy(dtype=float)),
            "upper_95": ("rank", kept["upper"].to_numpy(dtype=float)),
            "level": ("rank", kept[group.label].astype(str).to_numpy(dtype=object)),
            "n": ("rank", kept["n"].to_numpy()),
            "covered": ("rank", ~kept["outside"].to_numpy(dtype=bool)),
        }
    )
    covered, left_out = int(data["covered"].sum()), len(frame) - len(kept)
    name = fit.design.response.name
    missing = f"{left_out} groups have too few rows for it. " if left_out else ""
    data.attrs = {
        "kind": "statistic",
        "title": f"Posterior predictive check: {called} of {name} by {group.label}",
        "subtitle": "◆ the data; lines: replicated from the model, 95 %",
        "caption": f"Equal-tailed intervals of about {REPLICATIONS} replicated data sets of the same groups. "
        f"The data lie in the interval of {covered} of {len(kept)} groups; those outside have an open "
        f"marker. {missing}Seed: {seed}.",
        "xlabel": f"{called} of {name} in the group",
        "ylabel": group.label,
    }
    return data
