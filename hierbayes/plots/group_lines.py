"""Group lines: the fitted line of every group, with the population's on top or in a panel for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hierbayes.plots import curves, marks, selection
from hierbayes.plots.facets import FACETS, draw_facets, facets_data
from hierbayes.plots.style import BLUE, GREY, ORANGE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection


N_POINTS = 40
MOST_DOTS = 5000
LINES = 20
BANDS = (0.05, 0.25, 0.75, 0.95)
"""Quantiles of the groups' lines at each value, drawn where lines are too many."""


def group_lines(
    fit: Any,
    group: str | None = None,
    x: str | None = None,
    *,
    facet: bool = False,
    levels: str | Sequence[str] | None = None,
    facets: int = FACETS,
    backend: str | None = None,
) -> PlotCollection:
    """Draw the expected response of each group along one column; S-curves for binary outcomes.

    Of ordered categories the curves are the probability of a high one: above the cutpoint that divides the
    rows most evenly, which the axis names.

    Parameters
    ----------
    fit : Fit
        A fitted model with group terms.
    group : str, optional
        The group term; the first by default.
    x : str, optional
        A numeric column; by default the first whose slope varies over the groups, else the first of the
        population.
    facet : bool
        One panel per group, with its data, instead of all lines in one panel.
    levels : str or sequence of str, optional
        Which groups get a panel, ``facet=True`` taken as said: their labels, or ``"spread"`` (the default:
        evenly from the largest to the smallest group), ``"largest"``, ``"smallest"``, ``"typical"`` or
        ``"unusual"`` (whose curves are nearest to the population's, or furthest from it).
    facets : int
        At most so many panels, unless ``levels`` names them.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If ``group``, ``x`` or one of ``levels`` is not one of those that exist.
    DataError
        If no panel is asked for; if the model has no group terms, no numeric column to draw along, or a
        response of categories, each of which has lines of its own.

    Examples
    --------
    >>> fit.plot.group_lines(x="standLRT")
    >>> fit.plot.group_lines(levels=["48", "53"])
    """
    data = group_lines_data(fit, group, x, facet=facet, levels=levels, facets=facets)
    return draw_group_lines(data, backend=backend_name(backend))


def group_lines_data(
    fit: Any,
    group: str | None = None,
    x: str | None = None,
    *,
    facet: bool = False,
    levels: str | Sequence[str] | None = None,
    facets: int = FACETS,
) -> xr.Dataset:
    """What the group lines plot draws.

    Returns
    -------
    xarray.Dataset
        On the response scale over ``x`` (point): ``line`` (level, point), the posterior mean of each group;
        ``population``, ``population_lower``, ``population_upper``: a group without deviation, over (point),
        ``groups_5``, ``groups_25``, ``groups_75`` and ``groups_95`` (point), where there are more than 200
        groups: quantiles of their lines.
        ``data_x`` and ``data_y`` (dot) are the rows of the data. With ``facet=True``: see
        ``facets.facets_data``.

    Notes
    -----
    All lines in one panel hold the other columns at their mean or reference level, so that the lines differ
    by the group effects alone. With ``facet=True`` each panel holds them at the group's own mean or most
    frequent level.
    """
    chosen = selection.pick_group(fit, group)
    column = curves.pick_x(fit, chosen, x)
    facet = facet or levels is not None
    base = curves.settings(fit, chosen, curves.OWN if facet else curves.TYPICAL)
    scene = curves.Scene(fit, chosen, column, curves.grid_of(fit, column, N_POINTS), base)
    if facet:
        return facets_data(scene, levels, facets)
    data = _overlaid(scene)
    data = data.assign_coords(x=("point", scene.values))
    data.attrs = _texts(scene, data)
    return data


def _overlaid(scene: curves.Scene) -> xr.Dataset:
    fit, group = scene.fit, scene.group
    lines = curves.group_curves(scene, range(group.n_groups))
    typical = curves.population_curves(scene, [0])
    data = xr.Dataset({"line": (("level", "point"), lines.mean)}, coords={"level": list(group.levels)})
    data["population"] = ("point", typical.mean[0])
    data["population_lower"] = ("point", typical.lower[0])
    data["population_upper"] = ("point", typical.upper[0])
    if group.n_groups > selection.MANY:
        for share in BANDS:
            edge = np.quantile(lines.mean, share, axis=0)
            data[f"groups_{100 * share:g}"] = ("point", edge)
    if not _is_binary(fit):
        own = np.flatnonzero(group.own)
        rows = own[np.linspace(0, own.size - 1, min(own.size, MOST_DOTS)).astype(int)]
        data["data_x"] = ("dot", np.asarray(fit.design.columns[scene.x], dtype=float)[rows])
        data["data_y"] = ("dot", fit.design.y[rows])
    return data


def _is_binary(fit: Any) -> bool:
    return bool(fit.spec.family in selection.PROBABILITIES)


def _texts(scene: curves.Scene, data: xr.Dataset) -> dict[str, Any]:
    fit, group, x = scene.fit, scene.group, scene.x
    parting = curves.parting_columns(fit, group)
    others = [name for name in curves.covariates(fit) if name not in (x, *parting)]
    what = "curves" if _is_binary(fit) else "lines"
    varies = any(x in g.terms for g in fit.design.groups if g.factor == group.factor)
    caption = [] if varies else [f"The slope of {x} is the same for all groups."]
    if others:
        caption.append(f"Other columns ({selection.listing(others)}) at their mean or reference level.")
    if parting:
        caption.append(f"In each group its own {selection.listing(parting)}.")
    caption.append("Posterior means; band: 95 % equal-tailed interval of the population line.")
    if "data_x" in data:
        n = int(group.own.sum())
        rest = "" if data.sizes["dot"] == n else f", {data.sizes['dot']:,} of {n:,}"
        caption.append(f"Dots: the data{rest}.")
    subtitle = f"thin: each of {group.n_groups} groups  ━ bold: the population (a typical {group.name})"
    title = f"Fitted {what} along {x}, by {group.name}"
    if "groups_5" in data:
        title += f": bands of {group.n_groups:,} groups"
        subtitle = (
            f"blue: half and nine tenths of the groups' {what}, value by value, and {LINES} of them  "
            f"━ bold: the population (a typical {group.name})"
        )
    return {
        "title": title,
        "subtitle": subtitle,
        "caption": " ".join(caption),
        "xlabel": x,
        "ylabel": selection.mean_words(fit),
        "unit_interval": int(_is_binary(fit)),
    }


def draw_group_lines(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`group_lines_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`group_lines_data`; with a ``panel_title`` per level it is drawn in facets.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    with styled(backend):
        if "panel_title" in dataset:
            return draw_facets(dataset, backend, figsize)
        return _draw_overlay(dataset, backend, figsize)


def _draw_overlay(ds: xr.Dataset, backend: str, figsize: tuple[float, float] | None) -> PlotCollection:
    page = canvas(ds.attrs, 6.6, 4.6, figsize)
    pc = panels(ds[["population"]], page, facets=[], backend=backend)
    pc.map(marks.rule_both, data=ds[["population"]], store_artist=False)
    if "data_x" in ds:
        pc.map(
            marks.points, "data", data=ds[["data_x"]], y=ds["data_y"], color=GREY, size=3, alpha=0.22, width=0
        )
    shown = ds[["line"]]
    if "groups_5" in ds:
        for low, high, alpha in (("5", "95", 0.18), ("25", "75", 0.3)):
            lower = ds[[f"groups_{low}"]].rename({f"groups_{low}": "population"})
            upper = ds[f"groups_{high}"]
            pc.map(marks.band, f"groups_{low}", data=lower, x=ds["x"], upper=upper, color=BLUE, alpha=alpha)
        order = np.argsort(ds["line"].mean("point").to_numpy(), kind="stable")
        shown = shown.isel(level=order[np.linspace(0, order.size - 1, LINES).round().astype(int)])
    look = {"color": BLUE, "width": 0.9, "alpha": 0.6}
    pc.map(marks.curves, "lines", data=shown, x=ds["x"], x_dim="point", **look)
    pc.map(
        marks.band,
        "population_band",
        data=ds[["population_lower"]],
        x=ds["x"],
        upper=ds["population_upper"],
        color=ORANGE,
        alpha=0.25,
    )
    pc.map(marks.curve, "population", data=ds[["population"]], x=ds["x"], color=ORANGE, width=2.8)
    _finish(pc, ds)
    return pc


def _finish(pc: PlotCollection, ds: xr.Dataset) -> None:
    one = ds[["population"]]
    pc.map(marks.x_title, data=one, text=ds.attrs["xlabel"], store_artist=False)
    pc.map(marks.y_title, data=one, text=ds.attrs["ylabel"], store_artist=False)
    if ds.attrs["unit_interval"]:
        highest = float(ds["line"].max())
        top = 1.04 if highest > 0.7 else 1.1 * highest
        pc.map(marks.y_limits, data=one, store_artist=False, limits=(-0.04 * top, top))
