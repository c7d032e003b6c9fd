"""Posterior against prior: how much groups differ, and every parameter of the population."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hierbayes.errors import DataError
from hierbayes.estimates.checks import priors as estimate
from hierbayes.plots import marks, selection
from hierbayes.plots.smooth import density
from hierbayes.plots.style import BLUE, DASHED, INK, ORANGE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

POINTS = 300
MOST = 24
LOW, HIGH = 0.025, 0.975


def varcorr(fit: Any, *, backend: str | None = None) -> PlotCollection:
    """Draw the posteriors of the standard deviations and correlations of group effects on their priors.

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
    >>> fit.plot.varcorr()
    """
    return draw_varcorr(varcorr_data(fit), backend=backend_name(backend))


def prior_posterior(fit: Any, *, backend: str | None = None) -> PlotCollection:
    """Draw the posteriors of population coefficients and the family's parameters on their priors.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Examples
    --------
    >>> fit.plot.prior_posterior()
    """
    return draw_prior_posterior(prior_posterior_data(fit), backend=backend_name(backend))


def varcorr_data(fit: Any) -> xr.Dataset:
    """What ``varcorr`` draws; see :func:`prior_posterior_data`."""
    selection.pick_group(fit, None)
    title = "How much groups differ: posterior and prior"
    return _data(estimate.of_groups(fit), title, selection.link_words(fit))


def prior_posterior_data(fit: Any) -> xr.Dataset:
    """What ``prior_posterior`` draws.

    Returns
    -------
    xarray.Dataset
        Over (parameter, point): ``x`` and ``density`` of the posterior, ``prior_x`` and ``prior``; over
        (parameter): ``mean``, ``lower``, ``upper`` (95 % equal-tailed), ``prior_text``. NaN of flat priors.
    """
    found = estimate.of_population(fit)
    if not found:
        raise DataError(f"The model has no population parameters: {fit.spec.formula}.")
    return _data(found, "Population parameters: posterior and prior", selection.link_words(fit))


def _data(found: Sequence[estimate.Compared], title: str, scale: str) -> xr.Dataset:
    shown = found[:MOST]
    rows = [_curves(one) for one in shown]
    both = ("parameter", "point")
    names = ("x", "density", "prior_x", "prior")
    data = xr.Dataset({name: (both, np.array([row[k] for row in rows])) for k, name in enumerate(names)})
    draws = np.array([one.draws.to_numpy().ravel() for one in shown])
    data["mean"] = ("parameter", draws.mean(axis=1))
    data["lower"], data["upper"] = (("parameter", np.quantile(draws, p, axis=1)) for p in (LOW, HIGH))
    data["prior_text"] = ("parameter", [f"prior: {one.prior}" for one in shown])
    caption = "Area and bar: posterior with its 95 % equal-tailed interval; dot: mean."
    if any(one.density is None for one in shown):
        caption += " No dashed line: the prior is flat, or that of cutpoints of different priors."
    if len(found) > MOST:
        caption += f" The first {MOST} of {len(found)} parameters."
    data.attrs = {
        "title": title,
        "subtitle": f"━ posterior  ┅ prior; scale: {scale}",
        "caption": f"{caption} Each panel has its own axes and shows the prior where the posterior is.",
    }
    return data.assign_coords(parameter=[one.label for one in shown])


def _curves(one: estimate.Compared) -> tuple[np.ndarray, ...]:
    """Posterior (x, density) and prior (x, density) around it."""
    x, height = density(one.draws, POINTS, bounded=True)
    low, high = _window(one, float(x.min()), float(x.max()))
    prior_x = np.linspace(low, high, len(x))
    prior = np.full(len(x), np.nan) if one.density is None else one.density(prior_x)
    return x, height, prior_x, prior


def _window(one: estimate.Compared, low: float, high: float) -> tuple[float, float]:
    if one.support == estimate.CORRELATION:
        return -0.999, 0.999
    width = high - low
    if one.support == estimate.POSITIVE:
        return max(1e-6 * width, low - width), high + width
    return low - width, high + width


def draw_varcorr(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`varcorr_data` made; see :func:`draw_prior_posterior`."""
    return draw_prior_posterior(dataset, backend=backend, figsize=figsize)


def draw_prior_posterior(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`prior_posterior_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`prior_posterior_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n = dataset.sizes["parameter"]
    columns = min(3, n)
    page = canvas(dataset.attrs, max(5.4, 2.7 * columns), 1.85 * -(-n // columns) + 0.2, figsize)
    ds = dataset.assign_coords(parameter=dataset["parameter"])
    inside = (ds["x"] >= ds["lower"]) & (ds["x"] <= ds["upper"])
    zero = xr.zeros_like(ds["mean"])
    titles = ds["parameter"].copy(data=[_fitting(str(text)) for text in ds["parameter"].to_numpy()])
    top = 1.06 * xr.concat([ds["density"].max("point"), ds["prior"].max("point").fillna(0)], "side").max(
        "side"
    )
    with styled(backend):
        pc = panels(ds, page, facets=["parameter"], backend=backend, columns=columns)
        low = xr.zeros_like(ds["density"]).to_dataset(name="density")
        upper = ds["density"].where(inside)
        pc.map(marks.band, "area", data=low, x=ds["x"], upper=upper, color=BLUE, alpha=0.25)
        pc.map(
            marks.curve,
            "prior",
            data=ds[["prior"]],
            x=ds["prior_x"],
            color=ORANGE,
            linestyle=DASHED,
            width=1.8,
        )
        pc.map(marks.curve, "density", data=ds[["density"]], x=ds["x"], color=BLUE, width=1.8)
        bar = {"x_end": ds["upper"], "y": zero, "color": INK, "width": 3.0}
        pc.map(marks.segments, "interval", data=ds[["lower"]], **bar)
        pc.map(marks.points, "mean", data=ds[["mean"]], y=zero, color=INK, size=30)
        pc.map(
            marks.panel_title,
            data=titles.drop_vars("parameter").to_dataset(name="t").assign_coords(parameter=ds["parameter"]),
            store_artist=False,
            size=8.5,
        )
        pc.map(marks.x_title, data=ds[["prior_text"]], store_artist=False, size=8.5)
        pc.map(marks.y_top, data=top.to_dataset(name="top"), store_artist=False)
        pc.map(marks.no_y, data=ds[["mean"]], store_artist=False)
    return pc


def _fitting(label: str) -> str:
    return label.replace(f" {estimate.AT_MEAN}", ", columns at mean")
