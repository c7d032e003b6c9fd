"""Shrinkage: where each group's own estimate goes when the groups are modelled together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes.estimates.by_group import shrinkage as estimates
from hierbayes.plots import marks, selection
from hierbayes.plots.style import BLUE, DASHED, GREY, MUTED, ORANGE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

INSIDE, BEYOND, INFINITE, MISSING = "inside", "beyond", "infinite", "missing"
SORTS = ("n", "estimate")


def shrinkage(
    fit: Any,
    group: str | None = None,
    term: str | Sequence[str] | None = None,
    *,
    sort: str = "n",
    backend: str | None = None,
) -> PlotCollection:
    """Draw each group's no-pooling estimate, its partial-pooling estimate, and the arrow between them.

    Parameters
    ----------
    fit : Fit
        A fitted model with group terms.
    group : str, optional
        The group term; the first by default.
    term : str or sequence of str, optional
        Coefficients to show, one panel each; all that vary over the groups by default.
    sort : {"n", "estimate"}
        Order of the groups, from the bottom: by number of rows, or by the partial-pooling estimate of the
        first panel.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If ``group``, ``term`` or ``sort`` is not one of those that exist.
    DataError
        If the model has no group terms.

    Examples
    --------
    >>> fit.plot.shrinkage(term="Intercept")
    """
    return draw_shrinkage(shrinkage_data(fit, group, term, sort=sort), backend=backend_name(backend))


def shrinkage_data(
    fit: Any, group: str | None = None, term: str | Sequence[str] | None = None, *, sort: str = "n"
) -> xr.Dataset:
    """What the shrinkage plot draws.

    Returns
    -------
    xarray.Dataset
        On the link scale, groups in drawing order from the bottom: ``no_pooling``, ``start`` (``no_pooling``
        moved to the edge of the axis where it lies beyond), ``state`` (``"inside"``, ``"beyond"``,
        ``"infinite"``, ``"missing"``), ``mean`` (partial pooling), ``lower``, ``upper``, ``pooling_factor``,
        all (term, level), of more than 200 groups only 100 that are evenly spaced in this order; ``n`` and
        ``position`` (level); ``complete_pooling`` (term); ``limits`` of the axis (term, side).
    """
    selection.pick_choice("order of the groups", sort, SORTS)
    chosen = selection.pick_group(fit, group)
    terms = selection.pick_terms(chosen, term)
    frame = estimates.shrinkage(fit, chosen.name)
    frame = frame[frame["group"] == chosen.name]
    data = _to_dataset(frame, terms)
    key = data["n"] if sort == "n" else data["mean"].isel(term=0)
    data = data.isel(level=np.lexsort((data["mean"].isel(term=0), key)))
    data = _place(data)
    n_groups, sizes = data.sizes["level"], data["n"].to_numpy()
    data = data.isel(level=selection.thinned(n_groups))
    data["position"] = ("level", np.arange(data.sizes["level"], dtype=float))
    data["panel_title"] = ("term", list(terms))
    data["panel_x"] = ("term", [selection.coefficient_words(fit, t) for t in terms])
    data.attrs = _texts(data, chosen.name, sort, sizes) | {
        "interval": frame.attrs.get("interval", "95 % equal-tailed")
    }
    return data


def _to_dataset(frame: pd.DataFrame, terms: Sequence[str]) -> xr.Dataset:
    frame = frame[frame["term"].isin(terms)]
    levels = frame.loc[frame["term"] == terms[0], "level"].tolist()
    columns = ["no_pooling", "mean", "lower", "upper", "pooling_factor", "n", "complete_pooling"]
    indexed = frame.set_index(["term", "level"])[columns]
    wide = {name: indexed[name].unstack("level").loc[list(terms), levels].to_numpy() for name in columns}
    both = ("term", "level")
    data = xr.Dataset(
        {name: (both, wide[name].astype(float)) for name in columns[:5]},
        coords={"term": list(terms), "level": levels},
    )
    data["n"] = ("level", wide["n"][0].astype(int))
    data["complete_pooling"] = ("term", wide["complete_pooling"][:, 0].astype(float))
    return data


def _place(data: xr.Dataset) -> xr.Dataset:
    """Axis limits that far outlying own estimates cannot stretch, and where each arrow starts."""
    starts, states, limits = [], [], []
    for t in range(data.sizes["term"]):
        panel = data.isel(term=t)
        own, mean = panel["no_pooling"].to_numpy(), panel["mean"].to_numpy()
        low, high = fence(own, np.append(mean, float(panel["complete_pooling"])))
        pad = 0.04 * (high - low)
        edge_low, edge_high = low - pad, high + pad
        state = np.full(own.shape, INSIDE, dtype=object)
        state[(own < low) | (own > high)] = BEYOND
        state[np.isinf(own)] = INFINITE
        state[np.isnan(own)] = MISSING
        start = np.clip(own, edge_low, edge_high)
        start = np.where(state == INSIDE, own, start)
        start[np.isnan(own)] = edge_low
        starts.append(start)
        states.append(state.astype(str))
        limits.append((edge_low - pad, edge_high + pad))
    data["start"] = (("term", "level"), np.array(starts))
    data["state"] = (("term", "level"), np.array(states))
    data["limits"] = (("term", "side"), np.array(limits))
    return data


def fence(own: np.ndarray, shown: np.ndarray) -> tuple[float, float]:
    """The range of what must be ``shown`` and of all but far outlying own estimates."""
    finite = own[np.isfinite(own)]
    inner = shown[np.isfinite(shown)]
    low, high = float(inner.min()), float(inner.max())
    if finite.size:
        q1, q3 = np.quantile(finite, [0.25, 0.75])
        reach = 2.5 * (q3 - q1)
        near = finite[(finite >= q1 - reach) & (finite <= q3 + reach)]
        low, high = min(low, float(near.min())), max(high, float(near.max()))
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _texts(data: xr.Dataset, group: str, sort: str, n: np.ndarray) -> dict[str, str]:
    order = "number of rows, largest at the top" if sort == "n" else f"estimate of {data['term'].values[0]}"
    notes = [
        f"{len(n):,} groups, sorted by {order}. Dots are posterior means; "
        f"their area grows with the number of rows ({n.min():,} to {n.max():,})."
    ]
    several = data.sizes["term"] > 1
    notes += [f"{name}: {note}" if several else note for name, note in _edge_notes(data)]
    return {
        "title": f"Shrinkage of {group}{_of_what(data)}{selection.thinned_words(len(n))}",
        "subtitle": "○ own data only (no pooling) → ● multilevel model (partial pooling)\n"
        "┆ one estimate for all groups (complete pooling)",
        "ylabel": f"{group}  (number of rows)",
        "caption": "\n".join(notes),
    }


def _of_what(data: xr.Dataset) -> str:
    return " coefficients" if data.sizes["term"] > 1 else f": {data['term'].values[0]}"


def _edge_notes(data: xr.Dataset) -> list[tuple[str, str]]:
    notes = []
    for name in data["term"].to_numpy():
        panel = data.sel(term=name)
        state, levels = panel["state"].to_numpy(), panel["level"].to_numpy()
        said = []
        infinite, missing, beyond = (levels[state == s] for s in (INFINITE, MISSING, BEYOND))
        if infinite.size:
            said.append(
                f"The own estimate of {selection.listing(infinite)} is infinite: ◁ ▷ at the edge of the axis."
            )
        if beyond.size:
            said.append(
                f"The own estimate of {selection.listing(beyond)} lies beyond the axis: ◁ ▷ at its edge."
            )
        if missing.size:
            said.append(
                f"There is no own estimate for {selection.listing(missing)}, whose own rows cannot tell it: "
                "□ at the left edge, without an arrow."
            )
        if said:
            notes.append((str(name), " ".join(said)))
    return notes


def draw_shrinkage(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`shrinkage_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`shrinkage_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches; the height grows with the number of groups by default.
    """
    n_terms, n_levels = dataset.sizes["term"], dataset.sizes["level"]
    height = selection.rows_height(n_levels)
    columns = min(n_terms, 3)
    page = canvas(
        dataset.attrs, 2.0 + 3.9 * columns + 0.8 * (columns == 1), height * -(-n_terms // columns), figsize
    )
    with styled(backend):
        pc = panels(dataset, page, facets=["term"], backend=backend, columns=columns, sharey=True)
        pc.map(marks.rule_x, "rules", data=dataset[["panel_title"]], store_artist=False)
        _draw_arrows(pc, dataset)
        _draw_edges(pc, dataset)
        _draw_axes(pc, dataset, height)
    return pc


def _draw_arrows(pc: PlotCollection, ds: xr.Dataset) -> None:
    position, arrow = ds["position"], ds["state"] != MISSING
    crowded = ds.sizes["level"] > 150
    pc.map(
        marks.upright,
        "complete_pooling",
        data=ds[["complete_pooling"]],
        span=selection.span(ds.sizes["level"]),
        color=ORANGE,
        linestyle=DASHED,
        width=1.4,
    )
    pc.map(
        marks.segments,
        "arrows",
        data=ds["start"].where(arrow).to_dataset(name="start"),
        x_end=ds["mean"],
        y=position,
        color=GREY,
        width=0.5 if crowded else 0.9,
        alpha=0.8,
    )
    pc.map(
        marks.points,
        "no_pooling",
        data=ds[["start"]],
        y=position,
        mask=ds["state"] == INSIDE,
        facecolor="white",
        edgecolor=GREY,
        size=4 if crowded else 14,
        width=0.8,
    )
    largest = 26 if crowded else 70
    pc.map(
        marks.points,
        "partial_pooling",
        data=ds[["mean"]],
        y=position,
        size=(3 if crowded else 8) + largest * ds["n"] / ds["n"].max(),
        facecolor=BLUE,
        edgecolor="white",
        width=0.5,
        alpha=0.95,
    )


def _draw_edges(pc: PlotCollection, ds: xr.Dataset) -> None:
    outside = ds["state"].isin([BEYOND, INFINITE])
    below = outside & (ds["no_pooling"] < ds["mean"])
    kinds = {
        "edge_low": ("<", below),
        "edge_high": (">", outside & ~below),
        "not_estimable": ("s", ds["state"] == MISSING),
    }
    for name, (marker, mask) in kinds.items():
        if bool(mask.any()):
            pc.map(
                marks.points,
                name,
                data=ds[["start"]],
                y=ds["position"],
                mask=mask,
                marker=marker,
                facecolor="white",
                edgecolor=MUTED,
                size=20,
                width=0.9,
            )


def _draw_axes(pc: PlotCollection, ds: xr.Dataset, height: float) -> None:
    n = ds.sizes["level"]
    shown = np.arange(0, n, selection.label_step(n, height))
    labels = [f"{selection.short(str(ds['level'].values[i]))}  ({ds['n'].values[i]})" for i in shown]
    pc.map(marks.x_limits, "limits", data=ds[["limits"]], store_artist=False)
    pc.map(marks.y_limits, data=ds[["panel_title"]], store_artist=False, limits=selection.span(n))
    pc.map(marks.y_names, data=ds[["panel_title"]], store_artist=False, ticks=shown, labels=labels, size=7.5)
    pc.map(marks.x_title, "x_title", data=ds[["panel_x"]], store_artist=False)
    first = ds[["panel_title"]].isel(term=[0])
    pc.map(marks.y_title, "y_title", data=first, text=ds.attrs["ylabel"], store_artist=False)
    if ds.sizes["term"] > 1:
        pc.map(marks.panel_title, "panel_title", data=ds[["panel_title"]], store_artist=False)
