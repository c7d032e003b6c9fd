"""VPC: the posterior of the share of variance that lies between groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.errors import DataError
from hierbayes.estimates.summarize import ESTIMATES
from hierbayes.estimates.variance import vpc as estimate
from hierbayes.estimates.variance.profiles import OURS
from hierbayes.plots import along, marks
from hierbayes.plots.smooth import density
from hierbayes.plots.style import BLUE, INK, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection


def vpc(
    fit: Any,
    at: Mapping[str, Any] | None = None,
    *,
    method: str | Sequence[str] | None = None,
    backend: str | None = None,
) -> PlotCollection:
    """Draw the posterior density of each variance partition coefficient, with its definition.

    Parameters
    ----------
    fit : Fit
        A fitted model with group terms.
    at : mapping, optional
        As of ``fit.vpc``. A column with several numbers, ``{"standLRT": [-2, -1, 0, 1, 2]}``, is the x axis
        of lines with bands.
    method : str or sequence of str, optional
        As of ``fit.vpc``: ``"all"`` for every definition that there is, one below the other.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    DataError
        If the model has no group terms, or several columns have several values.

    Examples
    --------
    >>> fit.plot.vpc()
    """
    return draw_vpc(vpc_data(fit, at, method=method), backend=backend_name(backend))


def vpc_data(
    fit: Any, at: Mapping[str, Any] | None = None, *, method: str | Sequence[str] | None = None
) -> xr.Dataset:
    """What the VPC plot draws.

    Returns
    -------
    xarray.Dataset
        Over (group, point): ``x`` (share of variance) and ``density``; over (group): ``mean``, ``lower``,
        ``upper`` (95 % equal-tailed), ``method``. The definition is in ``attrs["definition"]``. Of several
        definitions, cutpoints or categories the coordinate ``group`` names these too. Along a column: see
        ``along.vpc_along``.
    """
    if not fit.design.groups:
        raise DataError(
            f"A VPC is a share of variance between groups, and the model has none: {fit.spec.formula}. "
            "Add one to the formula, such as '(1 | school)'."
        )
    if along.several_valued(at):
        return along.vpc_along(fit, at or {}, method)
    frame = estimate.vpc(fit, at, method=method)
    draws = _draws(fit, at, frame)
    densities = [density(one, bounded=True) for one in draws]
    data = xr.Dataset(
        {
            "x": (("group", "point"), np.array([x for x, _ in densities])),
            "density": (("group", "point"), np.array([y for _, y in densities])),
        },
        coords={"group": _labels(frame)},
    )
    for name in ("mean", "lower", "upper"):
        data[name] = ("group", frame[name].to_numpy(dtype=float))
    data["method"] = ("group", frame["method"].to_numpy().astype(str))
    shown = frame.assign(group=data["group"].to_numpy())
    data["panel_title"] = ("group", [_says(row) for row in shown.to_dict("records")])
    data.attrs = _texts(frame)
    return data


def _draws(fit: Any, at: Mapping[str, Any] | None, frame: pd.DataFrame) -> list[xr.DataArray]:
    """The draws of each row of the table, dims (chain, draw)."""
    found = {name: estimate.vpc(fit, at, method=name, draws=True) for name in set(frame["method"])}
    drawn = []
    for row in frame.to_dict("records"):
        array = found[row["method"]][names.drawn(row["group"])]
        shown = {dim: names.apart(str(dim), (*ESTIMATES, *OURS)) for dim in array.dims}
        drawn.append(array.sel({dim: row[name] for dim, name in shown.items() if name in row}))
    return drawn


def _labels(frame: pd.DataFrame) -> list[str]:
    """What tells the rows of the table apart: the group term, and the definition where there are several."""
    names = [c for c in ("predictor", "group", "cutpoint") if c in frame]
    names += ["method"] * (frame["method"].nunique() > 1)
    return [", ".join(filter(None, map(str, row))) for row in frame[names].to_numpy().tolist()]


def _says(row: dict[Any, Any]) -> str:
    return f"{row['group']}: {row['mean']:.3f}  [{row['lower']:.3f}, {row['upper']:.3f}]"


def _texts(frame: pd.DataFrame) -> dict[str, str]:
    several = frame.attrs.get("definitions")
    definition = str(frame.attrs.get("definition", ", ".join(sorted(set(frame["method"])))))
    interval = frame.attrs.get("interval", "95 % equal-tailed")
    return {
        "title": "Share of variance between groups (VPC)",
        "subtitle": f"definition: {' and '.join(dict.fromkeys(frame['method']))} (in words below)",
        "caption": f"Posterior density; shaded area and line: {interval} interval; dot: mean. "
        + (
            "\n".join(["", *(f"{k}: {v}." for k, v in several.items())]) if several else f"VPC: {definition}."
        ),
        "definition": definition,
        "xlabel": "share of the variance",
    }


def draw_vpc(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`vpc_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`vpc_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    if "line" in dataset.dims:
        return along.draw_variance(dataset, backend=backend, figsize=figsize)
    n = dataset.sizes["group"]
    limits = (0.0, 1.04 * float(dataset["x"].max()))
    page = canvas(dataset.attrs, 6.4, 0.7 + 1.75 * n, figsize)
    inside = (dataset["x"] >= dataset["lower"]) & (dataset["x"] <= dataset["upper"])
    zero = xr.zeros_like(dataset["mean"])
    with styled(backend):
        pc = panels(dataset, page, facets=["group"], backend=backend, columns=1, sharex=True)
        pc.map(
            marks.band,
            "interval_area",
            data=xr.zeros_like(dataset["density"]).to_dataset(name="density"),
            x=dataset["x"],
            upper=dataset["density"].where(inside),
            color=BLUE,
            alpha=0.25,
        )
        pc.map(marks.curve, "density", data=dataset[["density"]], x=dataset["x"], color=BLUE, width=1.8)
        pc.map(
            marks.segments,
            "interval",
            data=dataset[["lower"]],
            x_end=dataset["upper"],
            y=zero,
            color=INK,
            width=3.0,
        )
        pc.map(marks.points, "mean", data=dataset[["mean"]], y=zero, color=INK, size=40)
        pc.map(marks.panel_title, data=dataset[["panel_title"]], store_artist=False)
        pc.map(marks.x_range, data=dataset[["panel_title"]], store_artist=False, limits=limits)
        pc.map(marks.no_y, data=dataset[["panel_title"]], store_artist=False)
        last = dataset[["panel_title"]].isel(group=[-1])
        pc.map(marks.x_title, data=last, text=dataset.attrs["xlabel"], store_artist=False)
    return pc
