"""Leave-one-out checks: PIT of the rows, and how far importance sampling can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hierbayes.estimates.checks.residuals import envelope, leave_one_out_pit
from hierbayes.estimates.leave_out.loo import loo
from hierbayes.plots import marks, selection
from hierbayes.plots.style import BLUE, DASHED, INK, ORANGE, PALE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

MOST_POINTS = 4000
MOST_LABELS = 5


def loo_pit(fit: Any, *, seed: int = 0, backend: str | None = None) -> PlotCollection:
    """Draw by how much the distribution of leave-one-out PIT values differs from the uniform one.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    seed : int
        Of the randomization of discrete responses.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    DataError
        If the response is one of unordered categories.

    References
    ----------
    Säilynoja, T., Bürkner, P.-C. and Vehtari, A. (2022). Graphical test for discrete uniformity and its
    applications in goodness-of-fit evaluation and multiple sample comparison. Statistics and Computing 32,
    32 (on the difference of distribution functions).

    Examples
    --------
    >>> fit.plot.loo_pit()
    """
    return draw_loo_pit(loo_pit_data(fit, seed=seed), backend=backend_name(backend))


def loo_pit_data(fit: Any, *, seed: int = 0) -> xr.Dataset:
    """What the plot of leave-one-out PIT values draws.

    Returns
    -------
    xarray.Dataset
        Over (point), in increasing order: ``pit``; ``difference``, the share of rows up to there less the
        PIT; ``expected``, the middle of the rank, and ``lower``, ``upper``, the 95 % simultaneous envelope of
        ``difference`` for uniform values. Of more than 4,000 rows as many ranks, evenly spaced.
    """
    frame = leave_one_out_pit(fit, seed=seed)
    pit = np.sort(frame["pit"].to_numpy())
    n = pit.size
    low, high = envelope(n)
    share = (np.arange(n) + 0.5) / n
    outside = int(((pit < low) | (pit > high)).sum())
    shown = np.unique(np.linspace(0, n - 1, min(n, MOST_POINTS)).round().astype(int))
    columns = {
        "pit": pit,
        "difference": share - pit,
        "expected": share,
        "lower": share - high,
        "upper": share - low,
    }
    data = xr.Dataset({name: ("point", values[shown]) for name, values in columns.items()})
    discrete = " Those of discrete or censored responses are randomized." if frame.attrs["randomized"] else ""
    data.attrs = {
        "title": f"Leave-one-out PIT of {fit.design.response.name}",
        "subtitle": f"{n:,} rows; {outside:,} outside of the envelope",
        "caption": "PIT: probability that the model, given all other rows, gives to responses up to the "
        f"observed one.{discrete} Grey: 95 % simultaneous envelope of uniform values. S-shaped: predictions "
        "too wide or too narrow; one arch: too low or too high.",
        "n_outside": outside,
        "xlabel": "PIT",
        "ylabel": "share of rows up to there - PIT",
    }
    return data


def draw_loo_pit(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`loo_pit_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`loo_pit_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    page = canvas(dataset.attrs, 6.0, 3.4, figsize)
    with styled(backend):
        pc = panels(dataset[["difference"]], page, facets=[], backend=backend)
        every = dataset[["difference"]]
        pc.map(marks.rule_both, data=every, store_artist=False)
        at = dataset["expected"]
        pc.map(
            marks.band,
            "envelope",
            data=dataset[["lower"]],
            x=at,
            upper=dataset["upper"],
            color=PALE,
            alpha=0.7,
        )
        zero = xr.zeros_like(dataset["difference"]).to_dataset(name="zero")
        pc.map(marks.curve, "zero", data=zero, x=at, color=INK, width=0.8)
        pc.map(marks.curve, "difference", data=every, x=dataset["pit"], color=BLUE, width=1.8)
        pc.map(marks.x_title, data=every, text=dataset.attrs["xlabel"], store_artist=False)
        pc.map(marks.y_title, data=every, text=dataset.attrs["ylabel"], store_artist=False)
    return pc


def pareto_k(fit: Any, unit: str | None = None, *, backend: str | None = None) -> PlotCollection:
    """Draw Pareto k of each row, or group, that is left out: how far importance sampling can be trusted.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    unit : str, optional
        What is left out at a time, as of ``fit.loo``; rows by default.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If there is no such grouping factor or column.

    Examples
    --------
    >>> fit.plot.pareto_k("school")
    """
    return draw_pareto_k(pareto_k_data(fit, unit), backend=backend_name(backend))


def pareto_k_data(fit: Any, unit: str | None = None) -> xr.Dataset:
    """What the plot of Pareto k draws.

    Returns
    -------
    xarray.Dataset
        Over (unit), in the order of the data: ``k`` and ``label`` (the row's position in the data frame, or
        the group); ``good_k``. Nothing is refitted: k is what importance sampling has.
    """
    found = loo(fit, unit, refits=0)
    frame = found.pointwise
    label = "row" if "row" in frame else "level"
    k = frame["pareto_k"].to_numpy(dtype=float)
    data = xr.Dataset({"k": ("unit", k), "label": ("unit", frame[label].astype(str).to_numpy(dtype=object))})
    data["position"] = ("unit", np.arange(k.size, dtype=float))
    data["good_k"] = float(found.good_k)
    bad = np.flatnonzero(k > found.good_k)
    worst = bad[np.argsort(-k[bad], kind="stable")]
    named = selection.listing([str(data["label"].to_numpy()[i]) for i in worst], MOST_LABELS)
    what = "rows" if label == "row" else f"levels of {found.unit}"
    beyond = f"{bad.size:,} of {k.size:,} {what} above it"
    largest = f"{k.max():.2f}" if np.isfinite(k).all() else "not finite"
    data.attrs = {
        "title": f"Pareto k of {k.size:,} {what}",
        "subtitle": f"good up to {found.good_k:.2f} (┅); {beyond}" + (f": {named}" if bad.size else ""),
        "caption": "Pareto k: shape of the tail of the importance weights when a row or group is left out. "
        f"High ones influence the posterior much, or are surprising to it. Largest: {largest}. "
        "fit.loo(refits=) and fit.kfold() do without importance sampling.",
        "xlabel": "position in the data" if label == "row" else f"{found.unit}, in their order",
        "ylabel": "Pareto k",
    }
    return data


def draw_pareto_k(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`pareto_k_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`pareto_k_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n = dataset.sizes["unit"]
    page = canvas(dataset.attrs, 6.4, 3.2, figsize)
    good = float(dataset["good_k"])
    bad = dataset["k"] > good
    with styled(backend):
        pc = panels(dataset[["k"]], page, facets=[], backend=backend)
        pc.map(marks.rule_both, data=dataset[["k"]], store_artist=False)
        ends = xr.Dataset({"x": ("end", [-0.5, n - 0.5]), "y": ("end", [good, good])})
        pc.map(marks.curve, "good", data=ends[["y"]], x=ends["x"], color=INK, linestyle=DASHED, width=1.2)
        look = {"size": 5 if n > 300 else 18, "alpha": 0.5 if n > 300 else 0.8, "width": 0}
        shared = {"data": dataset[["position"]], "y": dataset["k"]}
        pc.map(marks.points, "fine", mask=~bad, color=BLUE, **shared, **look)
        if bool(bad.any()):
            pc.map(marks.points, "bad", mask=bad, color=ORANGE, marker="D", size=26, **shared)
        pc.map(marks.x_title, data=dataset[["k"]], text=dataset.attrs["xlabel"], store_artist=False)
        pc.map(marks.y_title, data=dataset[["k"]], text=dataset.attrs["ylabel"], store_artist=False)
    return pc
