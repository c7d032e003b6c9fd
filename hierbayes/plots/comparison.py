"""A comparison of models: how much worse each predicts than the best, and how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes.errors import ArgumentTypeError
from hierbayes.plots import marks, selection
from hierbayes.plots.style import BLUE, DASHED, ORANGE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection


def comparison(result: Any, *, backend: str | None = None) -> PlotCollection:
    """Draw the difference of each model from the one that predicts best, with its standard error.

    Parameters
    ----------
    result : Comparison
        What ``hb.compare`` answered.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    ArgumentTypeError
        If ``result`` is no answer of ``hb.compare``.

    Examples
    --------
    >>> hb.plot.comparison(hb.compare({"m1": m1, "m2": m2}))  # doctest: +SKIP
    """
    return draw_comparison(comparison_data(result), backend=backend_name(backend))


def comparison_data(result: Any) -> xr.Dataset:
    """What the comparison draws.

    Returns
    -------
    xarray.Dataset
        Over (model), the best first: ``mean``, the difference of expected log predictive densities, 0 for
        the best; ``lower_1``, ``upper_1``, ``lower_2``, ``upper_2``, one and two standard errors from it;
        ``weight``, of stacking.
    """
    table = getattr(result, "table", None)
    if not isinstance(table, pd.DataFrame) or "elpd_diff" not in table:
        raise ArgumentTypeError(
            f"hb.plot.comparison takes what hb.compare answers; {type(result).__name__} was given. "
            "Call hb.plot.comparison(hb.compare({'m1': fit1, 'm2': fit2}))."
        )
    mean, error = table["elpd_diff"].to_numpy(dtype=float), table["se_diff"].to_numpy(dtype=float)
    data = xr.Dataset({"mean": ("model", mean)}, coords={"model": table["model"].to_numpy().astype(str)})
    for k in (1, 2):
        data[f"lower_{k}"], data[f"upper_{k}"] = ("model", mean - k * error), ("model", mean + k * error)
    data["weight"] = ("model", table["weight"].to_numpy(dtype=float))
    unit = "row" if result.unit == "row" else f"a level of {result.unit}"
    data.attrs = {
        "title": "How well the models predict: difference from the best",
        "subtitle": f"what is left out: {unit}; in brackets: stacking weights",
        "caption": "Difference of expected log predictive densities (elpd) with one (thick) and two (thin) "
        "standard errors; to the left: worse. Differences below 4 are small.",
        "xlabel": "elpd, less that of the best model",
    }
    return data


def draw_comparison(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`comparison_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`comparison_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n = dataset.sizes["model"]
    page = canvas(dataset.attrs, 6.2, 1.1 + 0.34 * n, figsize)
    one = dataset[["mean"]].isel(model=0, drop=True)
    y = xr.DataArray(np.arange(n)[::-1].astype(float), dims="model")
    span = (-0.6, n - 0.4)
    with styled(backend):
        pc = panels(one, page, facets=[], backend=backend)
        pc.map(marks.rule_x, data=one, store_artist=False)
        zero = xr.zeros_like(one)
        pc.map(marks.upright, "best", data=zero, span=span, color=ORANGE, linestyle=DASHED, width=1.3)
        for k, width in ((2, 1.1), (1, 3.2)):
            start = dataset[[f"lower_{k}"]].rename({f"lower_{k}": "mean"})
            end = dataset[f"upper_{k}"]
            pc.map(marks.segments, f"errors_{k}", data=start, x_end=end, y=y, color=BLUE, width=width)
        pc.map(marks.points, "mean", data=dataset[["mean"]], y=y, color=BLUE, size=40)
        named = zip(dataset["model"].to_numpy(), dataset["weight"].to_numpy(), strict=True)
        labels = [f"{selection.short(str(name))}  ({weight:.2f})" for name, weight in named]
        pc.map(marks.y_names, data=one, store_artist=False, ticks=y.to_numpy(), labels=labels, size=9)
        pc.map(marks.y_limits, data=one, store_artist=False, limits=span)
        pc.map(marks.x_title, data=one, text=dataset.attrs["xlabel"], store_artist=False)
    return pc
