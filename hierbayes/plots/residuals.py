"""Residuals at two levels: of the rows and of the groups, against what they should not depend on, and QQ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes.estimates.checks import residuals as estimate
from hierbayes.plots import marks, selection
from hierbayes.plots.style import BLUE, INK, ORANGE, PALE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

    from hierbayes.design.records import GroupDesign

type Floats = NDArray[np.float64]

ROWS = "rows"
AGAINST, QQ = "against", "qq"
MOST_POINTS = 3000
MOST_TERMS = 6
FEWEST_BINNED = 60
BINS = 20
LITTLE = 0.5


def residuals(
    fit: Any, group: str | None = None, *, kind: str | None = None, seed: int = 0, backend: str | None = None
) -> PlotCollection:
    """Draw residuals of the rows and of the groups, each against what they should not depend on, and QQ.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    group : str, optional
        The group term to show; the first six coefficients of all of them by default.
    kind : {"standardized", "quantile"}, optional
        Of the rows; see ``fit.residuals``.
    seed : int
        Of the randomization of quantile residuals.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If ``group`` is not a group term, or ``kind`` not one for this response.
    DataError
        If the response is one of unordered categories.

    Examples
    --------
    >>> fit.plot.residuals()
    """
    return draw_residuals(residuals_data(fit, group, kind=kind, seed=seed), backend=backend_name(backend))


@dataclass(frozen=True)
class _Batch:
    """Residuals of one level: their values, where they are drawn, how well they are known, and the words."""

    label: str
    residual: Floats
    against: Floats
    reliability: Floats
    axis: str


def residuals_data(
    fit: Any, group: str | None = None, *, kind: str | None = None, seed: int = 0
) -> xr.Dataset:
    """What the residual plot draws.

    Returns
    -------
    xarray.Dataset
        Over (batch, point), in increasing order, padded with NaN; a batch is ``"rows"`` or a group term's
        coefficient: ``residual``, ``theoretical`` (standard normal quantile of its rank), ``lower`` and
        ``upper`` (95 % simultaneous envelope of the rank), ``against`` (fitted value of the row, with a log
        link its logarithm; size of the group, or where all have the same size its mean fitted value),
        ``reliability``. Over (batch, bin): ``bin_x``, ``bin_mean``, ``bin_lower``, ``bin_upper``, means of
        all residuals in bins of ``against`` with about as many each and their 95 % intervals; NaN for fewer
        than 60.
    """
    frame = estimate.residuals(fit, kind, seed=seed)
    fitted = frame["fitted"].to_numpy(dtype=float)
    values = frame["residual"].to_numpy(dtype=float)
    drawn = np.log(fitted) if _multiplies(fit) else fitted
    batches = [_Batch(ROWS, values, drawn, np.ones(len(frame)), _fitted_words(fit))]
    chosen = _group_batches(fit, group, fitted)
    batches += chosen[:MOST_TERMS]
    data = xr.concat([_batch_data(batch) for batch in batches], dim="batch", join="outer", data_vars="all")
    data = data.assign_coords(batch=[batch.label for batch in batches], view=[AGAINST, QQ])
    data["axis"] = ("batch", [batch.axis for batch in batches])
    what = f"{frame.attrs['kind']} residual"
    data["ylabel"] = ("batch", [what, *["standardized effect"] * (len(batches) - 1)])
    data.attrs = _texts(data, batches, str(frame.attrs["kind"]), n_hidden=len(chosen) - len(batches) + 1)
    return data


def _multiplies(fit: Any) -> bool:
    """Whether expected responses are spread over orders of magnitude, so that their logarithm is drawn."""
    return bool(fit.spec.link == "log" and fit.spec.family not in selection.PROBABILITIES)


def _fitted_words(fit: Any) -> str:
    if fit.spec.categories:
        return f"fitted {selection.link_words(fit)}"
    return f"{'log of ' if _multiplies(fit) else ''}fitted {selection.mean_words(fit)}"


def _group_batches(fit: Any, group: str | None, fitted: Floats) -> list[_Batch]:
    if group is None and not fit.design.all_groups:
        return []
    frame = estimate.group_residuals(fit, group)
    batches = []
    for (name, term), part in frame.groupby(["group", "term"], sort=False):
        known = np.isfinite(part["residual"].to_numpy(dtype=float))
        if not known.any():
            continue
        design = fit.design.group(name)
        against, axis = _of_groups(design, fitted)
        columns = [part[c].to_numpy(dtype=float)[known] for c in ("residual", "reliability")]
        batches.append(_Batch(f"{name}: {term}", columns[0], against[known], columns[1], axis))
    return batches


def _of_groups(design: GroupDesign, fitted: Floats) -> tuple[Floats, str]:
    sizes = design.sizes.astype(float)
    if np.ptp(sizes) > 0:
        return sizes, "rows in the group"
    own = design.own
    sums = np.bincount(design.codes[own], weights=fitted[own], minlength=design.n_groups)
    return np.asarray(sums / sizes), "mean fitted value of the group"


def _batch_data(batch: _Batch) -> xr.Dataset:
    n = batch.residual.size
    order = np.argsort(batch.residual, kind="stable")
    low, high = estimate.envelope(n)
    share = (np.arange(n) + 0.5) / n
    columns = {
        "residual": batch.residual[order],
        "theoretical": estimate.normal_quantile(share),
        "lower": estimate.normal_quantile(low),
        "upper": estimate.normal_quantile(high),
        "against": batch.against[order],
        "reliability": batch.reliability[order],
    }
    outside = (columns["residual"] < columns["lower"]) | (columns["residual"] > columns["upper"])
    shown = _shown(n)
    data = xr.Dataset({name: ("point", values[shown]) for name, values in columns.items()})
    data = data.assign_coords(point=np.arange(shown.size))
    data["n"], data["n_outside"] = n, int(outside.sum())
    for name, values in zip(("x", "mean", "lower", "upper"), _binned(batch), strict=True):
        data[f"bin_{name}"] = ("bin", values)
    return data


def _shown(n: int) -> NDArray[np.intp]:
    """Ranks that are drawn: all, or the outer ones and every so many between."""
    if n <= MOST_POINTS:
        return np.arange(n)
    outer = MOST_POINTS // 10
    between = np.linspace(outer, n - outer - 1, MOST_POINTS - 2 * outer).round().astype(int)
    return np.concatenate([np.arange(outer), between, np.arange(n - outer, n)])


def _binned(batch: _Batch) -> tuple[Floats, ...]:
    """Mean residual, and its 95 % interval, in bins of what the residuals are drawn against."""
    empty = np.full((4, BINS), np.nan)
    n = batch.residual.size
    if n < FEWEST_BINNED or np.ptp(batch.against) == 0:
        return tuple(empty)
    edges = np.unique(np.quantile(batch.against, np.linspace(0, 1, min(BINS, n // 15) + 1)))
    bins = np.clip(np.searchsorted(edges, batch.against, side="right") - 1, 0, max(edges.size - 2, 0))
    for k, code in enumerate(np.unique(bins)):
        own = bins == code
        values = batch.residual[own]
        if values.size < 5:
            continue
        half = 1.96 * values.std(ddof=1) / np.sqrt(values.size)
        empty[:, k] = batch.against[own].mean(), values.mean(), values.mean() - half, values.mean() + half
    return tuple(empty)


def _texts(data: xr.Dataset, batches: Sequence[_Batch], kind: str, *, n_hidden: int) -> dict[str, Any]:
    several = len(batches) > 1
    definition = estimate.DEFINITIONS[kind]
    caption = [
        f"Rows: {definition}.",
        "Grey: 95 % simultaneous envelope of a normal sample; orange: means in bins, with 95 % intervals.",
    ]
    if several:
        caption.insert(1, f"Groups: {estimate.GROUP_DEFINITION}.")
        caption.append(f"Open marker: reliability below {LITTLE}; there any effects look normal.")
    if data.sizes["point"] < batches[0].residual.size:
        n = batches[0].residual.size
        caption.append(f"{data.sizes['point']:,} of {n:,} rows are drawn, the outermost ones all.")
    if n_hidden:
        caption.append(f"{n_hidden} more group coefficients; name a term with group=.")
    outside = [
        f"{b} {int(k):,} of {int(n):,}"
        for b, k, n in zip(
            data["batch"].to_numpy(), data["n_outside"].to_numpy(), data["n"].to_numpy(), strict=True
        )
    ]
    return {
        "title": "Residuals of rows and groups" if several else "Residuals of the rows",
        "subtitle": f"posterior means; outside of the envelope: {'; '.join(outside)}",
        "caption": " ".join(caption),
    }


def draw_residuals(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`residuals_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`residuals_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    ds = dataset.assign(
        x=xr.concat([dataset["against"], dataset["theoretical"]], dim="view").transpose("batch", "view", ...),
        y=dataset["residual"].expand_dims(view=dataset["view"]).transpose("batch", "view", ...),
    )
    ds["panel_title"] = _titles(dataset)
    page = canvas(ds.attrs, 7.6, 2.9 * ds.sizes["batch"], figsize)
    with styled(backend):
        pc = panels(ds, page, facets=["batch", "view"], backend=backend, columns=2)
        pc.map(marks.rule_both, data=ds[["panel_title"]], store_artist=False)
        _draw_envelope(pc, ds)
        _draw_points(pc, ds)
        _draw_bins(pc, ds)
        pc.map(marks.panel_title, data=ds[["panel_title"]], store_artist=False, size=10)
        _draw_axes(pc, ds)
    return pc


def _titles(ds: xr.Dataset) -> xr.DataArray:
    titles = []
    for label, n in zip(ds["batch"].to_numpy(), ds["n"].to_numpy(), strict=True):
        said = f"{int(n):,} rows" if label == ROWS else f"{selection.short(str(label))}, {int(n):,} groups"
        titles.append([said, "normal QQ"])
    return xr.DataArray(titles, dims=["batch", "view"], coords={"batch": ds["batch"], "view": ds["view"]})


def _draw_envelope(pc: PlotCollection, ds: xr.Dataset) -> None:
    lower, upper, at = (ds[[name]].expand_dims(view=[QQ]) for name in ("lower", "upper", "theoretical"))
    x = at["theoretical"]
    band = {"x": x, "upper": upper["upper"], "color": PALE, "alpha": 0.6}
    pc.map(marks.band, data=lower, store_artist=False, **band)
    pc.map(marks.curve, data=at, x=x, color=INK, width=0.8, store_artist=False)


def _draw_points(pc: PlotCollection, ds: xr.Dataset) -> None:
    rows, groups = ds.sel(batch=[ROWS]), ds.isel(batch=slice(1, None))
    many = int(ds["n"][0]) > 500
    dots = {"color": BLUE, "size": 5 if many else 12, "alpha": 0.35 if many else 0.7, "width": 0}
    pc.map(marks.points, data=rows[["x"]], y=rows["y"], store_artist=False, **dots)
    if not groups.sizes["batch"]:
        return
    little = groups["reliability"] < LITTLE
    shared = {"y": groups["y"], "edgecolor": BLUE, "size": 16, "width": 0.8, "store_artist": False}
    pc.map(marks.points, data=groups[["x"]], mask=~little, facecolor=BLUE, **shared)
    pc.map(marks.points, data=groups[["x"]], mask=little, facecolor="white", **shared)


def _draw_bins(pc: PlotCollection, ds: xr.Dataset) -> None:
    each = ds[["against", "bin_x", "bin_mean", "bin_lower", "bin_upper"]].expand_dims(view=[AGAINST])
    least, most = each[["against"]].min("point"), each["against"].max("point")
    pc.map(
        marks.segments,
        data=least,
        x_end=most,
        y=xr.zeros_like(most),
        color=INK,
        width=0.8,
        store_artist=False,
    )
    shared = {"color": ORANGE, "store_artist": False}
    ends = {"lower": each["bin_lower"], "upper": each["bin_upper"]}
    pc.map(marks.uprights, data=each[["bin_x"]], width=1.6, **ends, **shared)
    pc.map(marks.points, data=each[["bin_x"]], y=each["bin_mean"], size=16, marker="D", **shared)


def _draw_axes(pc: PlotCollection, ds: xr.Dataset) -> None:
    axis = ds[["axis"]].expand_dims(view=[AGAINST])
    pc.map(marks.x_title, data=axis, store_artist=False)
    title = ds[["panel_title"]].sel(view=[QQ])
    pc.map(marks.x_title, data=title, text="standard normal quantile", store_artist=False)
    for label, text in zip(ds["batch"].to_numpy(), ds["ylabel"].to_numpy(), strict=True):
        pc.map(
            marks.y_title,
            data=ds[["panel_title"]].sel(batch=[label], view=[AGAINST]),
            text=str(text),
            store_artist=False,
        )
