"""Data that the priors imply against the data: what the model expected before it saw any response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hierbayes.estimates.checks.prior import IMPLIED, implied
from hierbayes.estimates.predictions.recorded import recorded
from hierbayes.plots import marks, selection
from hierbayes.plots.ppc import KINDS, MOST_LABELS, bins
from hierbayes.plots.smooth import density
from hierbayes.plots.style import BLUE, INK, PALE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

LINES = 25
POINTS = 300
INSIDE = (0.01, 0.99)  # of the implied responses, what the x axis shows
FAR = 1e3  # spreads of the data beyond which a value is cut before densities are estimated


def prior_predictive(
    fit: Any, *, draws: int = IMPLIED, seed: int = 0, backend: str | None = None
) -> PlotCollection:
    """Draw data that the priors imply against the observed ones.

    Parameters
    ----------
    fit : Fit
        A fitted model; its posterior is not used.
    draws : int
        How many data sets are drawn from the priors.
    seed : int
        Of the draws.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection
        Measurements: densities. Counts and categories: the share of rows with each outcome.

    Raises
    ------
    PriorError
        If a prior is flat, which has no draws.

    Examples
    --------
    >>> fit.plot.prior_predictive()  # doctest: +SKIP
    """
    return draw_prior_predictive(
        prior_predictive_data(fit, draws=draws, seed=seed), backend=backend_name(backend)
    )


def prior_predictive_data(fit: Any, *, draws: int = IMPLIED, seed: int = 0) -> xr.Dataset:
    """What the picture of the priors draws; ``attrs["kind"]`` says which one.

    Returns
    -------
    xarray.Dataset
        ``"density"``: over ``x`` (point), heights of densities, ``density`` (line, point) of some of the
        implied data sets and ``observed`` (point). ``"bars"``: over (outcome), shares of the rows:
        ``observed``, and ``mean``, ``lower``, ``upper`` of the implied data.
    """
    responses = implied(fit, draws, seed=seed)
    dataset = (
        _densities(fit, responses) if KINDS[fit.spec.family][0] == "density" else _shares(fit, responses)
    )
    dataset.attrs |= {"title": f"Before the data: {fit.design.response.name} as the priors imply it"}
    dataset.attrs["caption"] += f" Seed of the draws: {seed}."
    return dataset


def _densities(fit: Any, responses: np.ndarray) -> xr.Dataset:
    observed = recorded(fit.design)
    low, high = np.nanquantile(np.where(np.isfinite(responses), responses, np.nan), INSIDE)
    low, high = min(low, observed.min()), max(high, observed.max())
    middle, reach = np.median(observed), FAR * observed.std()
    chosen = responses[: LINES * max(1, len(responses) // LINES) : max(1, len(responses) // LINES)]
    chosen = np.clip(np.nan_to_num(chosen, nan=middle), middle - reach, middle + reach)
    chosen = chosen[np.ptp(chosen, axis=1) > 0]
    x = np.linspace(low, high, POINTS)
    data = xr.Dataset(
        {
            "density": (("line", "point"), _heights(chosen, x)),
            "observed": ("point", _heights(observed[None, :], x)[0]),
        },
        coords={"x": ("point", x)},
    )
    data.attrs = {
        "kind": "density",
        "subtitle": f"thick: the data; thin: {len(chosen)} data sets drawn from the priors",
        "caption": (
            "Kernel density estimates, each scaled to the same height. The x axis shows the central 98 % of "
            "what the priors imply. Weak priors are much wider than the data."
        ),
        "xlabel": selection.response_words(fit),
    }
    return data


def _heights(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Densities of each row of ``values`` at some places, shape (rows, places); each row's highest is 1."""
    curves = [density(row, POINTS) for row in values]
    return np.array([np.interp(at, x, y / y.max(), left=0.0, right=0.0) for x, y in curves])


def _shares(fit: Any, responses: np.ndarray) -> xr.Dataset:
    edges, labels = bins(fit)
    responses = np.nan_to_num(responses, nan=np.inf)
    shares = np.stack([np.histogram(row, edges)[0] for row in responses], axis=1) / responses.shape[1]
    lower, upper = np.quantile(shares, [0.025, 0.975], axis=1)
    data = xr.Dataset(
        {
            "observed": ("outcome", np.histogram(fit.design.y, edges)[0] / fit.design.n),
            "mean": ("outcome", shares.mean(axis=1)),
            "lower": ("outcome", lower),
            "upper": ("outcome", upper),
            "position": ("outcome", np.arange(len(labels), dtype=float)),
        },
        coords={"outcome": labels},
    )
    data.attrs = {
        "kind": "bars",
        "subtitle": "bars: the data; ● and line: what the priors imply",
        "caption": f"Mean and 95 % equal-tailed interval of {len(responses)} data sets of the priors.",
        "xlabel": str(fit.design.response.name),
        "ylabel": "share of the rows",
    }
    return data


def draw_prior_predictive(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`prior_predictive_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`prior_predictive_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    drawer = _draw_densities if dataset.attrs["kind"] == "density" else _draw_shares
    with styled(backend):
        return drawer(dataset, backend, figsize)


def _draw_densities(ds: xr.Dataset, backend: str, figsize: tuple[float, float] | None) -> PlotCollection:
    page = canvas(ds.attrs, 6.4, 3.0, figsize)
    one = ds[["observed"]].isel(point=0, drop=True)
    pc = panels(one, page, facets=[], backend=backend)
    x = ds["x"].to_numpy()
    lines = ds[["density"]].rename(density="observed")
    pc.map(marks.curves, "implied", data=lines, x=ds["x"], x_dim="point", color=BLUE, alpha=0.3, width=0.9)
    pc.map(marks.curve, "observed", data=ds[["observed"]], x=x, color=INK, width=2.4)
    pc.map(marks.x_range, data=one, store_artist=False, limits=(float(x[0]), float(x[-1])))
    pc.map(marks.x_title, data=one, text=ds.attrs["xlabel"], store_artist=False)
    pc.map(marks.no_y, data=one, store_artist=False)
    return pc


def _draw_shares(ds: xr.Dataset, backend: str, figsize: tuple[float, float] | None) -> PlotCollection:
    page = canvas(ds.attrs, 5.8, 3.0, figsize)
    pc = panels(ds[["observed"]], page, facets=[], backend=backend)
    at = ds[["position"]]
    pc.map(marks.bars, "observed", data=at, height=ds["observed"], color=PALE)
    ends = {"lower": ds["lower"], "upper": ds["upper"]}
    pc.map(marks.uprights, "interval", data=at, color=BLUE, width=3.0, **ends)
    pc.map(marks.points, "mean", data=at, y=ds["mean"], color=BLUE, size=55)
    step = -(-ds.sizes["outcome"] // MOST_LABELS)
    labels = [str(value) for value in ds["outcome"].to_numpy()[::step]]
    ticks = ds["position"].to_numpy()[::step].tolist()
    pc.map(marks.y_limits, data=at, store_artist=False, limits=(0.0, 1.0))
    pc.map(marks.x_names, data=at, store_artist=False, ticks=ticks, labels=labels)
    pc.map(marks.x_title, data=at, text=ds.attrs["xlabel"], store_artist=False)
    pc.map(marks.y_title, data=at, text=ds.attrs["ylabel"], store_artist=False)
    return pc
