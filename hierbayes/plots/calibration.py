"""Simulation-based calibration: how far the ranks of what was simulated are from uniform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes.errors import ArgumentTypeError, UnknownNameError
from hierbayes.estimates.checks.p_values import p_words
from hierbayes.estimates.checks.residuals import envelope
from hierbayes.plots import marks, selection
from hierbayes.plots.style import BLUE, INK, ORANGE, PALE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

type Floats = NDArray[np.float64]

MOST_PANELS = 12
LETTER, MOST_WIDTH = 0.076, 9.6  # inches: of a panel's title, of a picture
PLACES = 201  # where the envelope is drawn


def sbc(
    result: Any, parameters: Sequence[str] | None = None, *, backend: str | None = None
) -> PlotCollection:
    """Draw the ranks of simulated values among posterior draws, a panel for each parameter.

    Parameters
    ----------
    result : Calibration
        What ``hb.sbc`` answered.
    parameters : sequence of str, optional
        Of ``result.table``, in this order; all by default, the 12 least uniform of more.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    ArgumentTypeError
        If ``result`` is no answer of ``hb.sbc``.
    UnknownNameError
        If it has no such parameter.

    References
    ----------
    Säilynoja, T., Bürkner, P.-C. and Vehtari, A. (2022). Graphical test for discrete uniformity and its
    applications in goodness-of-fit evaluation and multiple sample comparison. Statistics and Computing 32,
    32 (section 4.1).

    Examples
    --------
    >>> hb.plot.sbc(hb.sbc(model, 200, seed=1, n_jobs=2))  # doctest: +SKIP
    """
    return draw_sbc(sbc_data(result, parameters), backend=backend_name(backend))


def sbc_data(result: Any, parameters: Sequence[str] | None = None) -> xr.Dataset:
    """What the plot of ranks draws.

    Returns
    -------
    xarray.Dataset
        Over (parameter, point), in increasing order: ``rank``, of the simulated value among the draws as a
        share; ``difference``, the share of data sets up to there less the rank. Over (place): ``at``, ranks,
        and ``lower``, ``upper``, the 95 % simultaneous envelope of ``difference`` for uniform ranks. Over
        (parameter): ``adjusted``, ``ok`` and ``panel_title``.
    """
    table = getattr(result, "table", None)
    if not isinstance(table, pd.DataFrame) or "adjusted" not in table:
        raise ArgumentTypeError(
            f"hb.plot.sbc takes what hb.sbc answers; {type(result).__name__} was given. "
            "Call hb.plot.sbc(hb.sbc(model, 200))."
        )
    table = table.set_index("parameter")
    ranks = result.pit["prior_sbc"].to_dataset()
    chosen = _chosen(table, parameters)
    sorted_ranks = np.sort([ranks[name].to_numpy() for name in chosen], axis=1)
    n = sorted_ranks.shape[1]
    expected = (np.arange(n) + 0.5) / n
    over = ("parameter", "point")
    at, lower, upper = envelope_of_ranks(n)
    data = xr.Dataset(
        {
            "rank": (over, sorted_ranks),
            "difference": (over, expected - sorted_ranks),
            "at": ("place", at),
            "lower": ("place", lower),
            "upper": ("place", upper),
            "adjusted": ("parameter", table.loc[chosen, "adjusted"].to_numpy(dtype=float)),
            "ok": ("parameter", table.loc[chosen, "ok"].to_numpy(dtype=bool)),
        },
        coords={"parameter": chosen},
    )
    adjusted = zip(chosen, data["adjusted"].to_numpy(), strict=True)
    data["panel_title"] = ("parameter", [f"{selection.short(name)}  {p_words(p)}" for name, p in adjusted])
    data.attrs = _texts(result, len(table), len(chosen), parameters is None)
    return data


def envelope_of_ranks(n: int) -> tuple[Floats, Floats, Floats]:
    """Ranks, and the limits of the distribution function there less the rank.

    The k-th smallest of ``n`` lies between two limits: where the lower one is, the distribution function is
    at most k / n, and where the upper one is, at least.
    """
    low, high = envelope(n)
    at, expected = np.linspace(0, 1, PLACES), (np.arange(n) + 0.5) / n
    most = np.interp(at, low, expected, right=1.0)
    least = np.interp(at, high, expected, left=0.0)
    return at, least - at, most - at


def _chosen(table: pd.DataFrame, parameters: Sequence[str] | None) -> list[str]:
    if parameters is None:
        worst = table.sort_values("adjusted", kind="stable").index[:MOST_PANELS]
        return [name for name in table.index if name in set(worst)]
    for name in parameters:
        if name not in table.index:
            raise UnknownNameError("parameter of this calibration", name, list(table.index))
    return list(parameters)


def _texts(result: Any, total: int, shown: int, is_choice_ours: bool) -> dict[str, Any]:
    told = result.settings
    bad = [str(name) for name in result.table.loc[~result.table["ok"], "parameter"]]
    subtitle = [f"{result.done:,} data sets drawn from the priors"]
    subtitle.append(f"not uniform: {selection.listing(bad)}" if bad else "all ranks uniform")
    if shown < total:
        how = ", the least uniform" if is_choice_ours else ""
        subtitle.append(f"{shown} of {total} parameters{how}")
    return {
        "title": f"Calibration of {told['formula']} ({told['family']})",
        "subtitle": "; ".join(subtitle),
        "caption": "Rank: share of posterior draws below the simulated value. Grey: 95 % simultaneous "
        "envelope of uniform ranks, in each panel alone: one right panel in twenty leaves it. p: adjusted "
        f"for the number of parameters; orange: below {result.alpha:g}. One arch above zero: the posterior "
        "lies too high, below zero: too low. S-shaped, above zero first: too narrow; below zero first: too "
        "wide.",
        "xlabel": "rank of the simulated value",
        "ylabel": "ECDF - uniform",
    }


def draw_sbc(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`sbc_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`sbc_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n = dataset.sizes["parameter"]
    longest = max(map(len, dataset["panel_title"].to_numpy()))
    width = max(2.2, LETTER * longest + 0.3)
    columns = min(n, 3 if n < 10 else 4, max(1, int(MOST_WIDTH / width)))
    page = canvas(dataset.attrs, max(5.4, width * columns + 0.4), 1.9 * -(-n // columns), figsize)
    every = dataset[["difference"]]
    with styled(backend):
        pc = panels(
            every, page, facets=["parameter"], backend=backend, columns=columns, sharex=True, sharey=True
        )
        titles = dataset[["panel_title"]]
        pc.map(marks.rule_both, data=titles, store_artist=False)
        at = dataset["at"]
        zero = xr.zeros_like(lower := dataset["lower"].expand_dims(parameter=dataset["parameter"]))
        band = {"x": at, "upper": dataset["upper"], "color": PALE, "alpha": 0.7}
        pc.map(marks.band, "envelope", data=lower.to_dataset(name="lower"), **band)
        pc.map(marks.curve, "zero", data=zero.to_dataset(name="zero"), x=at, color=INK, width=0.8)
        for name, colour, where in (("uniform", BLUE, dataset["ok"]), ("departing", ORANGE, ~dataset["ok"])):
            own = every.where(where)
            pc.map(marks.curve, name, data=own, x=dataset["rank"], color=colour, width=1.7)
        pc.map(marks.panel_title, data=titles, store_artist=False, size=9)
        bottom = titles.isel(parameter=slice(max(0, n - columns), None))
        pc.map(marks.x_title, data=bottom, text=dataset.attrs["xlabel"], store_artist=False)
        left = titles.isel(parameter=slice(0, None, columns))
        pc.map(marks.y_title, data=left, text=dataset.attrs["ylabel"], store_artist=False)
    return pc
