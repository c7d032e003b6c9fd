"""VPC: the posterior of the share of variance that lies between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes.errors import DataError
from hierbayes.estimates import vpc as estimate
from hierbayes.plots import marks
from hierbayes.plots.style import BLUE, INK, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection


def vpc(fit: Any, *, backend: str | None = None) -> PlotCollection:
    """Draw the posterior density of each variance partition coefficient, with its definition.

    Parameters
    ----------
    fit : Fit
        A fitted model with group terms.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    DataError
        If the model has no group terms.

    Examples
    --------
    >>> fit.plot.vpc()  # doctest: +SKIP
    """
    return draw_vpc(vpc_data(fit), backend=backend_name(backend))


def vpc_data(fit: Any) -> xr.Dataset:
    """What the VPC plot draws.

    Returns
    -------
    xarray.Dataset
        Over (group, point): ``x`` (share of variance) and ``density``; over (group): ``mean``, ``lower``,
        ``upper`` (95 % equal-tailed), ``method``. The definition is in ``attrs["definition"]``.
    """
    if not fit.design.groups:
        raise DataError(
            f"A VPC is a share of variance between groups, and the model has none: {fit.spec.formula}. "
            "Add one to the formula, such as '(1 | school)'."
        )
    frame = estimate.vpc(fit)
    draws = estimate.vpc(fit, draws=True)
    densities = [_density(draws[name]) for name in frame["group"]]
    data = xr.Dataset(
        {
            "x": (("group", "point"), np.array([x for x, _ in densities])),
            "density": (("group", "point"), np.array([y for _, y in densities])),
        },
        coords={"group": frame["group"].to_numpy().astype(str)},
    )
    for name in ("mean", "lower", "upper"):
        data[name] = ("group", frame[name].to_numpy(dtype=float))
    data["method"] = ("group", frame["method"].to_numpy().astype(str))
    data["panel_title"] = ("group", [_says(row) for row in frame.to_dict("records")])
    data.attrs = _texts(frame)
    return data


def _density(draws: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    import arviz_plots  # noqa: F401  (registers the accessor azstats)

    found = draws.azstats.kde(dim=["chain", "draw"], bound_correction=True)
    return found.sel(plot_axis="x").to_numpy(), found.sel(plot_axis="y").to_numpy()


def _says(row: dict[Any, Any]) -> str:
    return f"{row['group']}: {row['mean']:.3f}  [{row['lower']:.3f}, {row['upper']:.3f}]"


def _texts(frame: pd.DataFrame) -> dict[str, str]:
    definition = str(frame.attrs.get("definition", ", ".join(sorted(set(frame["method"])))))
    interval = frame.attrs.get("interval", "95 % equal-tailed")
    return {
        "title": "Share of variance between groups (VPC)",
        "subtitle": f"definition: {' and '.join(sorted(set(frame['method'])))} (in words below)",
        "caption": f"Posterior density; shaded area and line: {interval} interval; dot: mean. "
        f"VPC: {definition}.",
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
