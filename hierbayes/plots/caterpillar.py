"""Caterpillar: the groups in order, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hierbayes.estimates import summaries
from hierbayes.estimates.by_group import groups
from hierbayes.plots import marks, selection
from hierbayes.plots.style import BLUE, DASHED, GREY, ORANGE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

    from hierbayes.design.records import GroupDesign

KINDS = ("coef", "ranef")
_KIND_WORDS = {"coef": "population + group effect", "ranef": "deviation from the population"}


def caterpillar(
    fit: Any,
    group: str | None = None,
    term: str | Sequence[str] | None = None,
    *,
    kind: str = "ranef",
    small: int = 10,
    backend: str | None = None,
) -> PlotCollection:
    """Draw the sorted estimates of the groups with 50 % and 95 % intervals.

    Parameters
    ----------
    fit : Fit
        A fitted model with group terms.
    group : str, optional
        The group term; the first by default.
    term : str or sequence of str, optional
        Coefficients to show, one panel each and each sorted by itself; all that vary over the groups by
        default.
    kind : {"ranef", "coef"}
        Deviations from the population, or the groups' own intercepts and slopes (population + deviation).
    small : int
        Groups with fewer rows than this get an open marker.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If ``group``, ``term`` or ``kind`` is not one of those that exist.
    DataError
        If the model has no group terms.

    Examples
    --------
    >>> fit.plot.caterpillar("school", kind="coef")
    """
    data = caterpillar_data(fit, group, term, kind=kind, small=small)
    return draw_caterpillar(data, backend=backend_name(backend))


def caterpillar_data(
    fit: Any,
    group: str | None = None,
    term: str | Sequence[str] | None = None,
    *,
    kind: str = "ranef",
    small: int = 10,
) -> xr.Dataset:
    """What the caterpillar plot draws.

    Returns
    -------
    xarray.Dataset
        On the link scale, over (term, rank), rank 0 the smallest mean of that term: ``mean``, ``lower_95``,
        ``lower_50``, ``upper_50``, ``upper_95``, ``level`` (the group's label), ``n`` (its rows),
        ``is_small``, ``differs`` (the 95 % interval of the deviation leaves out zero); ``reference``, that
        value (term). Of more than 200 groups only 100 are there, evenly spaced in the order of which
        ``place`` (rank) is the number.
    """
    selection.pick_choice("kind of group estimate", kind, KINDS)
    chosen = selection.pick_group(fit, group)
    terms = selection.pick_terms(chosen, term)
    columns = [chosen.terms.index(t) for t in terms]
    deviations = selection.draws_of(groups.ranef(fit, chosen.name, draws=True), chosen)[..., columns]
    shown = deviations
    if kind == "coef":
        shown = selection.draws_of(groups.coef(fit, chosen.name, draws=True), chosen)[..., columns]
    data = _sorted(shown, deviations, chosen).assign_coords(term=list(terms))
    data["reference"] = ("term", [_reference(fit, kind, t) for t in terms])
    data["is_small"] = data["n"] < small
    data["panel_title"] = ("term", list(terms))
    data["panel_x"] = ("term", [selection.coefficient_words(fit, t) for t in terms])
    data.attrs = _texts(data, chosen, kind, small)
    kept = selection.thinned(chosen.n_groups)
    return data.isel(rank=kept).assign_coords(rank=np.arange(kept.size), place=("rank", kept + 1))


def _reference(fit: Any, kind: str, term: str) -> float:
    """The population's value on the axis: zero for deviations, and for terms without a population effect."""
    if kind == "ranef":
        return 0.0
    frame = summaries.fixef(fit)
    found = frame.loc[frame["term"] == term, "mean"]
    return float(found.iloc[0]) if len(found) else 0.0


def _sorted(shown: np.ndarray, deviations: np.ndarray, group: GroupDesign) -> xr.Dataset:
    """Means and quantiles of draws (chain, draw, n_groups, n_terms), each term in order of its means."""
    sides = ("lower_95", "lower_50", "upper_50", "upper_95")
    values = dict(zip(sides, np.quantile(shown, [0.025, 0.25, 0.75, 0.975], axis=(0, 1)), strict=True))
    values["mean"] = shown.mean(axis=(0, 1))
    low, high = np.quantile(deviations, [0.025, 0.975], axis=(0, 1))
    values["differs"] = (low > 0) | (high < 0)
    order = np.argsort(values["mean"].T, axis=1, kind="stable")
    both = ("term", "rank")
    data = xr.Dataset({name: (both, np.take_along_axis(v.T, order, axis=1)) for name, v in values.items()})
    data["level"] = (both, np.array(group.levels)[order])
    data["n"] = (both, group.sizes[order])
    return data.assign_coords(rank=np.arange(group.n_groups))


def _texts(data: xr.Dataset, group: GroupDesign, kind: str, small: int) -> dict[str, str]:
    each = ", sorted in each panel by itself" if data.sizes["term"] > 1 else ""
    caption = [
        f"{group.n_groups:,} groups{each}. Posterior mean with 50 % (thick) and "
        "95 % (thin) equal-tailed intervals."
    ]
    if bool(data["differs"].any()):
        caption.append(
            "Blue (darker): the 95 % interval of the deviation from the population leaves out zero."
        )
    if bool(data["is_small"].any()):
        caption.append(f"Open marker: fewer than {small} rows.")
    n = selection.thinned(group.n_groups).size
    step = selection.label_step(n, selection.rows_height(n))
    if step > 1:
        caption.append(f"Every {step}th label is written.")
    return {
        "title": f"{group.name}: estimates of the groups, in order" + selection.thinned_words(group.n_groups),
        "subtitle": f"{_KIND_WORDS[kind]} ┆ population",
        "caption": " ".join(caption),
        "ylabel": group.name,
    }


def draw_caterpillar(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`caterpillar_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`caterpillar_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches; the height grows with the number of groups by default.
    """
    n_terms, n = dataset.sizes["term"], dataset.sizes["rank"]
    height = selection.rows_height(n)
    columns = min(n_terms, 3)
    page = canvas(
        dataset.attrs, 2.0 + 3.9 * columns + 0.6 * (columns == 1), height * -(-n_terms // columns), figsize
    )
    with styled(backend):
        pc = panels(dataset, page, facets=["term"], backend=backend, columns=columns)
        pc.map(marks.rule_x, "rules", data=dataset[["panel_title"]], store_artist=False)
        pc.map(
            marks.upright,
            "reference",
            data=dataset[["reference"]],
            span=selection.span(n),
            color=ORANGE,
            linestyle=DASHED,
            width=1.4,
        )
        for name, colour, chosen in (
            ("average", GREY, ~dataset["differs"]),
            ("differing", BLUE, dataset["differs"]),
        ):
            _draw_intervals(pc, dataset.where(chosen), name, colour)
        _draw_axes(pc, dataset, height)
    return pc


def _draw_intervals(pc: PlotCollection, ds: xr.Dataset, name: str, colour: str) -> None:
    if bool(ds["mean"].isnull().all()):
        return
    crowded = ds.sizes["rank"] > 150
    rank = ds["rank"].astype(float)
    for mass, width in (("95", 0.5 if crowded else 1.0), ("50", 1.1 if crowded else 3.0)):
        pc.map(
            marks.segments,
            f"interval_{mass}_{name}",
            data=ds[[f"lower_{mass}"]],
            x_end=ds[f"upper_{mass}"],
            y=rank,
            color=colour,
            width=width,
            alpha=0.6 if crowded and mass == "95" else 0.9,
        )
    is_small = ds["is_small"] == 1
    shared = {
        "y": rank,
        "edgecolor": colour,
        "size": 2.5 if crowded else 18,
        "width": 0.4 if crowded else 1.0,
    }
    pc.map(marks.points, f"mean_{name}", data=ds[["mean"]], mask=~is_small, facecolor=colour, **shared)
    if bool(is_small.any()):
        pc.map(marks.points, f"small_{name}", data=ds[["mean"]], mask=is_small, facecolor="white", **shared)


def _draw_axes(pc: PlotCollection, ds: xr.Dataset, height: float) -> None:
    n = ds.sizes["rank"]
    shown = np.arange(0, n, selection.label_step(n, height))
    labels = xr.DataArray(
        [[selection.short(str(text)) for text in row[shown]] for row in ds["level"].to_numpy()],
        dims=["term", "label"],
        coords={"term": ds["term"]},
    )
    pc.map(marks.y_limits, data=ds[["panel_title"]], store_artist=False, limits=selection.span(n))
    pc.map(marks.y_names, data=ds[["panel_title"]], store_artist=False, ticks=shown, labels=labels, size=7.5)
    pc.map(marks.x_title, data=ds[["panel_x"]], store_artist=False)
    first = ds[["panel_title"]].isel(term=[0])
    pc.map(marks.y_title, data=first, text=ds.attrs["ylabel"], store_artist=False)
    pc.map(marks.panel_title, data=ds[["panel_title"]], store_artist=False)
