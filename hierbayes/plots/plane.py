"""Shrinkage of two coefficients at once: the plane of intercepts and slopes, with the population in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes.errors import DataError
from hierbayes.estimates.by_group import region
from hierbayes.estimates.by_group import shrinkage as estimates
from hierbayes.plots import marks, selection
from hierbayes.plots.shrinkage import BEYOND, INFINITE, INSIDE, MISSING, fence
from hierbayes.plots.style import BLUE, GREY, INK, MUTED, ORANGE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

    from hierbayes.design.records import GroupDesign

type Floats = NDArray[np.float64]

CROWDED = 150
LINESTYLES = ("C0", "C1")
"""Of the inner and the outer ellipse."""


def shrinkage_plane(
    fit: Any,
    group: str | None = None,
    terms: Sequence[str] | None = None,
    *,
    backend: str | None = None,
) -> PlotCollection:
    """Draw the groups in the plane of two coefficients, with arrows from no pooling to partial pooling.

    Two ellipses say where the population expects the coefficients of a new group to lie, with 50 % and 90 %
    probability. Arrows do not point at its middle: they turn along the ellipses, since what a group's rows
    say of its intercept tells about its slope, too.

    Parameters
    ----------
    fit : Fit
        A fitted model in which at least two coefficients of a group term vary.
    group : str, optional
        The group term; by default the first with two coefficients.
    terms : sequence of two str, optional
        The coefficients on the x and the y axis; the first two by default.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If ``group`` or one of ``terms`` is not one of those that exist.
    DataError
        If the model has no group terms, or no two coefficients of one vary together.

    Examples
    --------
    >>> fit.plot.shrinkage_plane()
    """
    return draw_shrinkage_plane(shrinkage_plane_data(fit, group, terms), backend=backend_name(backend))


def shrinkage_plane_data(
    fit: Any, group: str | None = None, terms: Sequence[str] | None = None
) -> xr.Dataset:
    """What the plane draws.

    Returns
    -------
    xarray.Dataset
        On the link scale, the smallest group first: ``no_pooling``, ``mean`` (partial pooling) and ``start``
        (``no_pooling``, or where the arrow enters the picture if it lies outside), over (level, term);
        ``state`` (level): ``"inside"``, ``"beyond"``, ``"infinite"`` (in one coefficient at least),
        ``"missing"``; ``n`` (level). ``population`` (term) and ``boundary`` (prob, point, term): see
        ``estimates.by_group.region.regions``. ``limits`` (term, side).
    """
    chosen = _pick(fit, group)
    pair = _pick_pair(chosen, terms)
    frame = estimates.shrinkage(fit, chosen.name)
    data = _to_dataset(frame[frame["group"] == chosen.name], pair)
    found = region.regions(fit, chosen.name, pair)
    data["population"], data["boundary"] = found["center"], found["boundary"]
    data = _place(data.isel(level=np.argsort(data["n"].to_numpy(), kind="stable")))
    data.attrs = _texts(data, chosen) | {
        "xlabel": f"{pair[0]}  ({selection.coefficient_words(fit, pair[0])})",
        "ylabel": f"{pair[1]}  ({selection.coefficient_words(fit, pair[1])})",
        "definition": found.attrs["definition"],
    }
    return data


def _pick(fit: Any, group: str | None) -> GroupDesign:
    """The group term asked for, or the first with two coefficients."""
    several = [g.name for g in fit.design.groups if len(g.terms) > 1]
    chosen = selection.pick_group(fit, group if group is not None or not several else several[0])
    if len(chosen.terms) < 2:
        raise DataError(
            f"A plane is drawn for two coefficients that vary together, and in {chosen.name!r} only "
            f"{chosen.terms[0]} varies. Let another one vary, as in '(1 + x | g)', or use "
            "fit.plot.shrinkage()."
        )
    return chosen


def _pick_pair(group: GroupDesign, terms: Sequence[str] | None) -> tuple[str, str]:
    named = selection.pick_terms(group, group.terms[:2] if terms is None else terms)
    if len(set(named)) != 2 or len(named) != 2:
        raise DataError(
            f"A plane is drawn for two coefficients, and {list(named)!r} was given. "
            f"Name two of: {', '.join(group.terms)}."
        )
    return named[0], named[1]


def _to_dataset(frame: pd.DataFrame, pair: tuple[str, str]) -> xr.Dataset:
    parts = [frame[frame["term"] == term].set_index("level") for term in pair]
    both = ("level", "term")
    data = xr.Dataset(
        {
            name: (both, np.column_stack([p[name].to_numpy(float) for p in parts]))
            for name in ("no_pooling", "mean")
        },
        coords={"level": parts[0].index.to_numpy().astype(str), "term": list(pair)},
    )
    data["n"] = ("level", parts[0]["n"].to_numpy())
    return data


def _place(data: xr.Dataset) -> xr.Dataset:
    """Limits that far outlying own estimates cannot stretch, and where each arrow enters."""
    own, mean = data["no_pooling"].to_numpy(), data["mean"].to_numpy()
    ellipses = data["boundary"].to_numpy().reshape(-1, 2)
    limits = []
    for k in range(2):
        low, high = fence(own[:, k], np.append(mean[:, k], ellipses[:, k]))
        pad = 0.05 * (high - low)
        limits.append((low - pad, high + pad))
    box = np.array(limits)
    room = 0.02 * np.diff(box)
    inner = box + np.hstack([room, -room])  # so that marks at the edge are drawn whole
    state = np.full(len(own), INSIDE, dtype=object)
    state[((own < inner[:, 0]) | (own > inner[:, 1])).any(axis=1)] = BEYOND
    state[np.isinf(own).any(axis=1)] = INFINITE
    state[np.isnan(own).any(axis=1)] = MISSING
    reached = np.isin(state, (INSIDE, BEYOND))
    data["start"] = (("level", "term"), np.where(reached[:, None], _entry(own, mean, inner), np.nan))
    data["state"] = ("level", state.astype(str))
    data["limits"] = (("term", "side"), box)
    return data


def _entry(own: Floats, mean: Floats, box: Floats) -> Floats:
    """Where the way from ``mean``, which lies in the box, to ``own`` leaves it; ``own`` if it does not."""
    away = np.where(np.isfinite(own), own, mean) - mean
    wall = np.where(away > 0, box[:, 1], box[:, 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(away == 0, 1.0, (wall - mean) / away)
    found: Floats = mean + np.minimum(1.0, share.min(axis=1, keepdims=True)) * away
    return found


def _texts(data: xr.Dataset, group: GroupDesign) -> dict[str, Any]:
    n, state = data["n"].to_numpy(), data["state"].to_numpy()
    masses = " and ".join(f"{100 * p:g} %" for p in data["prob"].to_numpy())
    first, second = data["term"].to_numpy()
    caption = [
        f"{len(n)} groups of {n.min()} to {n.max()} rows: the larger the dots, the more.",
        "Posterior means, all other columns at zero.",
        f"Ellipses hold a new {group.factor} with {masses} probability, uncertainty of population, standard "
        "deviations and correlation included.",
    ]
    levels = data["level"].to_numpy()
    if (beyond := levels[state == BEYOND]).size:
        who = selection.listing(beyond.tolist())
        caption.append(f"◇ Own estimates beyond the axes ({who}): the arrow enters at the edge.")
    if (lost := levels[np.isin(state, (INFINITE, MISSING))]).size:
        caption.append(
            f"No arrow: own rows do not tell both coefficients, or say infinity "
            f"({len(lost)} of {len(n)}: {selection.listing(lost.tolist())})."
        )
    return {
        "title": f"Shrinkage of {group.name}: {first} and {second}",
        "subtitle": "○ own data only (no pooling) → ● multilevel model (partial pooling)\n"
        "◆ population  ━ 50 %  ┅ 90 % of new groups",
        "caption": " ".join(caption),
    }


def draw_shrinkage_plane(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`shrinkage_plane_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`shrinkage_plane_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    page = canvas(dataset.attrs, 6.8, 5.4, figsize)
    one = dataset[["population"]].isel(term=0, drop=True)
    with styled(backend):
        pc = panels(one, page, facets=[], backend=backend)
        pc.map(marks.rule_both, data=one, store_artist=False)
        _draw_groups(pc, dataset)
        _draw_population(pc, dataset)
        low_x, low_y = dataset["limits"].to_numpy()
        pc.map(marks.x_range, data=one, store_artist=False, limits=tuple(low_x))
        pc.map(marks.y_limits, data=one, store_artist=False, limits=tuple(low_y))
        pc.map(marks.x_title, data=one, text=dataset.attrs["xlabel"], store_artist=False)
        pc.map(marks.y_title, data=one, text=dataset.attrs["ylabel"], store_artist=False)
    return pc


def _axes(values: xr.DataArray) -> tuple[xr.Dataset, xr.DataArray]:
    """The x coordinates as data of a panel, and the y coordinates."""
    return (values.isel(term=k, drop=True) for k in range(2))  # type: ignore[return-value]


def _draw_groups(pc: PlotCollection, ds: xr.Dataset) -> None:
    crowded = ds.sizes["level"] > CROWDED
    start_x, start_y = _axes(ds["start"])
    x, y = _axes(ds["mean"])
    pc.map(
        marks.arrows,
        "arrows",
        data=start_x.to_dataset(name="population"),
        y=start_y,
        x_end=x,
        y_end=y,
        color=GREY,
        width=0.4 if crowded else 0.9,
        alpha=0.5 if crowded else 0.8,
    )
    area = (2 if crowded else 8) + (16 if crowded else 62) * ds["n"] / ds["n"].max()
    ends = {
        "no_pooling": (INSIDE, "o", area * 0.6, GREY),
        "beyond": (BEYOND, "D", xr.full_like(area, 10 if crowded else 22), MUTED),
    }
    for name, (state, marker, size, edge) in ends.items():
        mask = ds["state"] == state
        if bool(mask.any()):
            pc.map(
                marks.points,
                name,
                data=start_x.to_dataset(name="population"),
                y=start_y,
                mask=mask,
                marker=marker,
                size=size,
                facecolor="white",
                edgecolor=edge,
                width=0.4 if crowded else 0.8,
            )
    shown = {"facecolor": BLUE, "edgecolor": "white", "width": 0.2 if crowded else 0.5, "alpha": 0.95}
    pc.map(marks.points, "partial_pooling", data=x.to_dataset(name="population"), y=y, size=area, **shown)


def _draw_population(pc: PlotCollection, ds: xr.Dataset) -> None:
    for k, prob in enumerate(ds["prob"].to_numpy()):
        x, y = _axes(ds["boundary"].isel(prob=k, drop=True))
        pc.map(
            marks.curve,
            f"ellipse_{100 * prob:g}",
            data=y.to_dataset(name="population"),
            x=x,
            color=ORANGE,
            linestyle=LINESTYLES[k % 2],
            width=1.8,
        )
    x, y = _axes(ds["population"])
    pc.map(
        marks.points,
        "population",
        data=x.to_dataset(name="population"),
        y=y,
        marker="D",
        size=70,
        facecolor=ORANGE,
        edgecolor=INK,
        width=0.9,
    )
