"""Trace and rank plots of the main parameters: did the chains agree?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hierbayes import names
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.predictors import predictor_term
from hierbayes.plots import marks, selection
from hierbayes.plots.browsers import bokeh_widths
from hierbayes.plots.smooth import FINE, all_the_same
from hierbayes.plots.style import BLUE, INK, ORANGE, backend_name, canvas, furnish, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

CHAIN_COLOURS = (BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9", ORANGE, "#999999", INK)
MOST = 24
WIDTHS = (1, 2)
"""Of the columns of densities and of traces."""

LEAST_DRAWS = 4
"""Draws of a chain from which on an effective number of them can be told."""


def trace(fit: Any, parameters: Sequence[str] | None = None, *, backend: str | None = None) -> PlotCollection:
    """Draw marginal densities and traces, one row per parameter, one colour per chain.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    parameters : sequence of str, optional
        Labels such as ``"standLRT"``, ``"sd(school: Intercept)"``, ``"sigma"``, or ``"u(school: 48,
        Intercept)"`` for a group effect; by default all but the group effects.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If the model has no parameter of that label.

    Examples
    --------
    >>> fit.plot.trace(["sigma"])
    """
    return draw_trace(trace_data(fit, parameters), backend=backend_name(backend))


def rank(fit: Any, parameters: Sequence[str] | None = None, *, backend: str | None = None) -> PlotCollection:
    """Draw rank plots, one panel per parameter, one line per chain: flat lines when the chains agree.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    parameters : sequence of str, optional
        Labels as in :func:`trace`.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If the model has no parameter of that label.

    References
    ----------
    Säilynoja, T., Bürkner, P.-C. and Vehtari, A. (2022). Graphical test for discrete uniformity and its
    applications in goodness-of-fit evaluation and multiple sample comparison. Statistics and Computing 32,
    32.

    Examples
    --------
    >>> fit.plot.rank()
    """
    return draw_rank(rank_data(fit, parameters), backend=backend_name(backend))


def trace_data(fit: Any, parameters: Sequence[str] | None = None) -> xr.Dataset:
    """What the trace plot draws.

    Returns
    -------
    xarray.Dataset
        ``value`` (chain, draw, parameter), in the units of each parameter, and ``diverging`` (chain, draw).
    """
    data, cut = _values(fit, parameters)
    marked, chains = int(data["diverging"].sum()), data.sizes["chain"]
    whose = f"{chains} chains (colours)" if chains > 1 else "One chain"
    said = f"Ticks: the {marked} divergent draws." if marked else "No draw diverged."
    data.attrs = {
        "title": "Traces of the main parameters",
        "subtitle": "left: posterior density of each chain; right: its draws in order",
        "caption": f"{whose} of {data.sizes['draw']:,} draws. {said}{cut}",
    }
    return data


def rank_data(fit: Any, parameters: Sequence[str] | None = None) -> xr.Dataset:
    """What the rank plot draws: the Dataset of :func:`trace_data` with other texts.

    Raises
    ------
    DataError
        If there are too few draws to tell how many of them are independent.
    """
    data, cut = _values(fit, parameters)
    if data.sizes["draw"] < LEAST_DRAWS:
        raise DataError(
            f"Ranks are compared of at least {LEAST_DRAWS} draws of each chain, and the fit has "
            f"{data.sizes['draw']}. Raise draws."
        )
    data.attrs = {
        "title": "Ranks of the draws, chain by chain",
        "subtitle": "difference between the distribution of a chain's ranks and the uniform one",
        "caption": "Chains (colours) that agree stay inside the band, a 99 % simultaneous envelope. "
        f"Draws are thinned to be nearly independent.{cut}",
    }
    return data


def _values(fit: Any, parameters: Sequence[str] | None) -> tuple[xr.Dataset, str]:
    posterior = fit.idata["posterior"].to_dataset()
    main = _main_parameters(fit, posterior)
    cut = ""
    if parameters is None:
        chosen = dict(list(main.items())[:MOST])
        if len(main) > MOST:
            cut = f" The first {MOST} of {len(main)} parameters; name others with parameters=[...]."
    else:
        known = main | _group_effects(fit, posterior) if any(p not in main for p in parameters) else main
        for label in parameters:
            if label not in known:
                raise UnknownNameError("parameter of this model", label, _some(known))
        chosen = {label: known[label] for label in parameters}
    arrays = [
        posterior[name].sel(where).transpose("chain", "draw").to_numpy() for name, where in chosen.values()
    ]
    coords = {
        "chain": posterior["chain"].to_numpy(),
        "draw": posterior["draw"].to_numpy(),
        "parameter": list(chosen),
    }
    data = xr.Dataset({"value": (("chain", "draw", "parameter"), np.stack(arrays, axis=-1))}, coords=coords)
    data["diverging"] = (("chain", "draw"), _diverging(fit, data))
    return data, cut


type _Place = tuple[str, dict[str, str]]


def _main_parameters(fit: Any, posterior: xr.Dataset) -> dict[str, _Place]:
    places: dict[str, _Place] = {
        names.level(names.CUTPOINTS, label): (names.CUTPOINTS, {names.CUTPOINT: label})
        for label in fit.spec.cutpoints
    }
    places |= {
        predictor_term(fit, p.name, term): (
            names.of(names.B, p.name),
            {names.within(p.name, names.TERM): term},
        )
        for p in fit.spec.linear
        for term in p.terms
    }
    for group in (*fit.spec.all_groups, *fit.spec.joint_groups):
        dim, bis = names.group_term(group.name), names.group_term_bis(group.name)
        for term in () if group.parts else group.terms:
            places[f"sd({group.name}: {term})"] = (names.sd(group.name), {dim: term})
        for i, first in enumerate(group.terms if group.has_correlations else ()):
            for second in group.terms[i + 1 :]:
                places[f"cor({group.name}: {first}, {second})"] = (
                    names.cor(group.name),
                    {dim: first, bis: second},
                )
    places |= {
        str(name): (str(name), {}) for name in posterior if set(posterior[name].dims) == {"chain", "draw"}
    }
    return places


def _group_effects(fit: Any, posterior: xr.Dataset) -> dict[str, _Place]:
    return {
        f"u({group.name}: {level}, {term})": (
            names.u(group.name),
            {names.group_dim(group.name): level, names.group_term(group.name): term},
        )
        for group in fit.spec.all_groups
        for level in posterior[names.group_dim(group.name)].to_numpy()
        for term in group.terms
    }


def _some(known: dict[str, _Place], most: int = 60) -> list[str]:
    return list(known)[:most]


def _diverging(fit: Any, data: xr.Dataset) -> np.ndarray:
    stats = fit.idata.children.get("sample_stats")
    if stats is None or "diverging" not in stats:
        return np.zeros((data.sizes["chain"], data.sizes["draw"]), dtype=bool)
    return np.asarray(stats["diverging"].transpose("chain", "draw").to_numpy(), dtype=bool)


def _tree(dataset: xr.Dataset) -> xr.DataTree:
    return xr.DataTree.from_dict({"posterior": dataset[["value"]], "sample_stats": dataset[["diverging"]]})


def _shaken(dataset: xr.Dataset) -> xr.Dataset:
    """Chains that stand still, which have no density, moved to and fro by a hundredth of what is drawn."""
    values = dataset["value"].transpose(..., "parameter", "chain", "draw")
    moved = np.array(values, dtype=float)
    for k, chain in np.ndindex(moved.shape[:2]):
        if all_the_same(moved[k, chain]):
            least = 100 * FINE * np.spacing(np.abs(moved[k]).max())
            width = max(0.01 * float(np.ptp(values.to_numpy()[k])), float(least))
            moved[k, chain] += width * (np.arange(moved.shape[2]) % 11 - 5) / 10
    return dataset.assign(value=values.copy(data=moved))


def draw_trace(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`trace_data` made, with ``arviz_plots.plot_trace_dist``.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`trace_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    from arviz_base.labels import NoVarLabeller
    from arviz_plots import plot_trace_dist

    page = canvas(dataset.attrs, 7.6, 1.2 * dataset.sizes["parameter"], figsize)
    with styled(backend):
        pc = plot_trace_dist(
            _tree(_shaken(dataset)),
            sample_dims=["chain", "draw"],
            compact=False,
            backend=backend,
            labeller=NoVarLabeller(),
            color=list(CHAIN_COLOURS),
            figure_kwargs=page.figure_kwargs(backend, width_ratios=list(WIDTHS)),
            visuals={
                "trace": {"width": 0.5, "alpha": 0.75},
                "dist": {"width": 1.2},
                "divergence": {"color": INK},
                "label": False,
                "ticklabels": {"size": 8},
                "xlabel_trace": False,
            },
        )
        pc.map(
            marks.panel_title,
            "panel_title",
            data=_labels(dataset).expand_dims(column=["dist"]),
            ignore_aes="all",
            store_artist=False,
            size=9,
        )
        furnish(pc, page)
        if backend == "bokeh":
            bokeh_widths(pc, page, WIDTHS)
        return pc


def _labels(dataset: xr.Dataset) -> xr.Dataset:
    """Each parameter's label as a value, under the name that the panels have."""
    texts = [selection.short(str(label)) for label in dataset["parameter"].to_numpy()]
    return xr.Dataset({"value": ("parameter", texts)}, {"parameter": dataset["parameter"]})


def draw_rank(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`rank_data` made, with ``arviz_plots.plot_rank``.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`rank_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    from arviz_base.labels import NoVarLabeller
    from arviz_plots import plot_rank

    n = dataset.sizes["parameter"]
    columns = min(3, n)
    page = canvas(dataset.attrs, 2.6 * columns + 0.4, 1.7 * -(-n // columns) + 0.2, figsize)
    with styled(backend):
        pc = plot_rank(
            _tree(dataset),
            sample_dims=["chain", "draw"],
            method="envelope",
            backend=backend,
            labeller=NoVarLabeller(),
            col_wrap=columns,
            color=list(CHAIN_COLOURS),
            figure_kwargs=page.figure_kwargs(backend),
            visuals={
                "ecdf_lines": {"width": 1.1},
                "title": {"size": 9},
                "xlabel": {"text": "rank, as a fraction"},
            },
        )
        return furnish(pc, page)
