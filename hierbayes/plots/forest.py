"""Forest: the same coefficients across the models of a ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.estimates.summaries import summary
from hierbayes.plots import marks, selection
from hierbayes.plots.style import BLUE, DASHED, ORANGE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

MOST = 24
SECTIONS = ("population", "group", "family")
NUMBERS = ("mean", "lower", "upper")
LONGEST_NAME = 44
"""Letters of the name of a model or parameter, which has more room than a level."""


def forest(
    models: Any,
    terms: Sequence[str] | None = None,
    *,
    prob: float = 0.95,
    backend: str | None = None,
) -> PlotCollection:
    """Draw the parameters of several models beside each other, a panel for each and a row for each model.

    Of a single fit, as ``fit.plot.forest()`` does: one panel with a row for each parameter.

    Parameters
    ----------
    models : mapping of str to Fit, or Fit
        Fitted models by name, the first at the top; or one model.
    terms : sequence of str, optional
        Parameters to show, ``"standLRT"``, ``"school: sd(Intercept)"``, ``"sigma"``; by default all.
    prob : float
        Mass of the equal-tailed intervals.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    ArgumentTypeError
        If ``models`` is no mapping of fits.
    DataError
        If it is empty.
    UnknownNameError
        If no model has one of the terms.

    Examples
    --------
    >>> hb.plot.forest({"m1": fit1, "m2": fit2}, ["Intercept", "standLRT"])
    """
    return draw_forest(forest_data(models, terms, prob=prob), backend=backend_name(backend))


def forest_data(models: Any, terms: Sequence[str] | None = None, *, prob: float = 0.95) -> xr.Dataset:
    """What the forest draws.

    Returns
    -------
    xarray.Dataset
        Over (term, model): ``mean``, ``lower``, ``upper`` on the link scale, NaN where a model has no such
        parameter. Of a single fit over one term, and its parameters in the place of models.
    """
    if hasattr(models, "spec"):
        return _single(models, terms, prob)
    if not isinstance(models, Mapping) or not all(hasattr(fit, "spec") for fit in models.values()):
        raise ArgumentTypeError(
            "A forest takes fitted models by name, {'m1': fit1, 'm2': fit2}; "
            f"{type(models).__name__} was given."
        )
    if not models:
        raise DataError("A forest of no models was asked for. Give at least one: {'m1': fit1}.")
    frames = {name: _rows(fit, prob) for name, fit in models.items()}
    known = _in_order(list(frames.values()))
    for term in terms or ():
        if term not in known:
            raise UnknownNameError("parameter of these models", term, known)
    shown = list(terms or known)[:MOST]
    values = {n: np.array([f[n].reindex(shown).to_numpy() for f in frames.values()]).T for n in NUMBERS}
    data = xr.Dataset({name: (("term", "model"), array) for name, array in values.items()})
    data = data.assign_coords(term=shown, model=list(models))
    section = pd.concat([f["section"] for f in frames.values()])
    crosses = [section[[t]].iloc[0] == "population" and t != names.INTERCEPT for t in shown]
    data["zero"] = ("term", np.array(crosses))
    data.attrs = _texts(models, prob, (len(shown), len(terms or known)))
    return data


def _single(fit: Any, terms: Sequence[str] | None, prob: float) -> xr.Dataset:
    """The parameters of one model as rows of one panel."""
    frame = _rows(fit, prob)
    known = _in_order([frame])
    for term in terms or ():
        if term not in known:
            raise UnknownNameError("parameter of these models", term, known)
    wanted = list(terms or known)
    shown = wanted[:MOST]
    data = xr.Dataset(
        {name: (("term", "model"), frame[name].reindex(shown).to_numpy()[None]) for name in NUMBERS},
        coords={"term": [""], "model": shown},
    )
    data["zero"] = ("term", [True])
    data.attrs = _texts({"": fit}, prob, (len(shown), len(wanted))) | {"title": "Parameters of the model"}
    cut = f" {len(shown)} of {len(wanted)} parameters; name others with terms=[...]."
    data.attrs["caption"] = (
        f"Posterior mean with {100 * prob:g} % equal-tailed interval; dashed: zero. "
        "Correlations have no unit." + (cut if len(shown) < len(wanted) else "")
    )
    return data


def _rows(fit: Any, prob: float) -> pd.DataFrame:
    """The parameters of a model by their label."""
    frame = summary(fit, prob)
    of = frame["group"].where(frame["group"] == "", frame["group"] + ": ")
    return frame.assign(label=of + frame["parameter"]).set_index("label")


def _in_order(frames: Sequence[pd.DataFrame]) -> list[str]:
    """The labels of all models: population, groups, family, each in order of first appearance."""
    return list(
        dict.fromkeys(
            str(label) for section in SECTIONS for f in frames for label in f.index[f["section"] == section]
        )
    )


def _texts(models: Mapping[str, Any], prob: float, counts: tuple[int, int]) -> dict[str, Any]:
    fits = list(models.values())
    caption = [f"Posterior mean with {100 * prob:g} % equal-tailed interval; dashed: zero."]
    caption.append("Each panel has its own axis; no mark: the model has no such parameter.")
    if len({selection.link_words(fit) for fit in fits}) > 1:
        caption.append("The models differ in response or link: their coefficients are in different units.")
    sizes = {fit.design.n for fit in fits}
    if len(sizes) > 1:
        caption.append(f"The models have different numbers of rows: {min(sizes)} to {max(sizes)}.")
    if counts[0] < counts[1]:
        caption.append(f"{counts[0]} of {counts[1]} parameters; name others with terms=[...].")
    return {
        "title": "Parameters across models",
        "subtitle": f"link scale: {selection.link_words(fits[0])}",
        "caption": " ".join(caption),
    }


def draw_forest(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`forest_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`forest_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n, n_models = dataset.sizes["term"], dataset.sizes["model"]
    columns = min(3, n)
    page = canvas(
        dataset.attrs, max(5.4, 2.7 * columns), (0.75 + 0.24 * n_models) * -(-n // columns), figsize
    )
    y = xr.DataArray(np.arange(n_models)[::-1].astype(float), dims="model")
    limits = _limits(dataset)
    title = xr.Dataset({"mean": ("term", dataset["term"].to_numpy())}, {"term": dataset["term"]})
    zero = (limits.min("side") < 0) & (limits.max("side") > 0)
    with styled(backend):
        pc = panels(dataset[["mean"]], page, facets=["term"], backend=backend, columns=columns)
        pc.map(marks.rule_x, data=title, store_artist=False)
        origin = xr.zeros_like(dataset["mean"].isel(model=0, drop=True)).where(zero).to_dataset(name="mean")
        span = (-0.6, n_models - 0.4)
        pc.map(marks.upright, "zero", data=origin, span=span, color=ORANGE, linestyle=DASHED, width=1.3)
        start = dataset[["lower"]].rename(lower="mean")
        pc.map(marks.segments, "interval", data=start, x_end=dataset["upper"], y=y, color=BLUE, width=2.2)
        pc.map(marks.points, "mean", data=dataset[["mean"]], y=y, color=BLUE, size=34)
        pc.map(marks.x_limits, data=limits.to_dataset(name="mean"), store_artist=False)
        pc.map(marks.y_limits, data=title, store_artist=False, limits=span)
        labels = [selection.short(str(name), LONGEST_NAME) for name in dataset["model"].to_numpy()]
        pc.map(marks.y_names, data=title, store_artist=False, ticks=y.to_numpy(), labels=labels, size=8.5)
        if dataset["term"].to_numpy().tolist() != [""]:
            pc.map(marks.panel_title, data=title, store_artist=False, size=9)
    return pc


def _limits(ds: xr.Dataset) -> xr.DataArray:
    """Limits of the x axis of each panel (term, side); those of coefficients hold zero."""
    low, high = ds["lower"].min("model").to_numpy(), ds["upper"].max("model").to_numpy()
    crosses = ds["zero"].to_numpy()
    low, high = np.where(crosses, np.minimum(low, 0.0), low), np.where(crosses, np.maximum(high, 0.0), high)
    room = 0.07 * np.maximum(high - low, 1e-12)
    return xr.DataArray(
        np.column_stack([low - room, high + room]), {"term": ds["term"]}, dims=("term", "side")
    )
