"""Posterior predictive checks: do data that the model makes look like the data?"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hierbayes import names
from hierbayes.errors import DataError
from hierbayes.estimates.checks.predictive import Statistic
from hierbayes.estimates.predictions.prediction import middle_cut, posterior_predictive
from hierbayes.estimates.predictions.recorded import as_recorded, recorded
from hierbayes.plots import marks, ppc_more, selection
from hierbayes.plots.smooth import all_the_same
from hierbayes.plots.style import BLUE, INK, PALE, backend_name, canvas, furnish, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

    from hierbayes.design.records import GroupDesign

COUNTS = ("bars", "rootogram", "groups", "statistic")
KINDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("gaussian", "student", "lognormal", "gamma", "exponential", "weibull", "beta"),
        ("density", "groups", "statistic"),
    ),
    **dict.fromkeys(("binomial", "beta_binomial"), ("groups", "bars", "rootogram", "statistic")),
    "bernoulli": ("groups", "bars", "statistic"),
    "categorical": ("bars",),
    "cumulative": ("bars", "groups", "statistic"),
    **dict.fromkeys(
        (
            *("poisson", "negbinomial", "zero_inflated_poisson", "zero_inflated_negbinomial"),
            "hurdle_poisson",
        ),
        COUNTS,
    ),
}
MOST_BARS = 24
MOST_LABELS = 9
USUAL = 0.98  # share of the rows whose counts have bars of their own
DENSITIES = 50
REPLICATIONS = 400


def ppc(
    fit: Any,
    kind: str | None = None,
    group: str | None = None,
    *,
    statistic: str | Statistic = "sd",
    seed: int = 0,
    backend: str | None = None,
) -> PlotCollection:
    """Draw a posterior predictive check.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    kind : {"density", "groups", "bars", "rootogram", "statistic"}, optional
        ``"density"``: density of the response against those of replicated data (measurements). ``"groups"``:
        mean, or share of ones, successes or high categories, of each group against its predictive interval.
        ``"bars"``: how many rows have which outcome, count or category. ``"rootogram"``: the same on a square
        root scale, as differences from what the model expects (counts). ``"statistic"``: any statistic of the
        rows of each group against its predictive interval, as of ``fit.predictive_check``. By default
        ``"density"`` for measurements and ``"bars"`` for counts and ordered categories; for binary and
        binomial ones ``"groups"`` where the model has groups, else ``"bars"``.
    group : str, optional
        The group term of the kinds ``"groups"`` and ``"statistic"``; the first by default.
    statistic : str or callable
        ``"mean"``, ``"sd"``, ``"min"``, ``"max"``, ``"median"``, ``"zeros"`` or a function of an array
        (..., rows) that answers with (...); for kind ``"statistic"``.
    seed : int
        Seed of the replications.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If ``kind`` is not one of those for the family, ``group`` is not a group term, or ``statistic`` is
        not known.
    DataError
        If ``kind`` is ``"groups"`` or ``"statistic"`` and the model has no group terms.

    References
    ----------
    Kleiber, C. and Zeileis, A. (2016). Visualizing count data regressions using rootograms. The American
    Statistician 70, 296-303 (on rootograms).

    Examples
    --------
    >>> fit.plot.ppc(kind="groups")
    """
    data = ppc_data(fit, kind, group, statistic=statistic, seed=seed)
    return draw_ppc(data, backend=backend_name(backend))


def ppc_data(
    fit: Any,
    kind: str | None = None,
    group: str | None = None,
    *,
    statistic: str | Statistic = "sd",
    seed: int = 0,
) -> xr.Dataset:
    """What the posterior predictive check draws; ``attrs["kind"]`` says which one.

    Returns
    -------
    xarray.Dataset
        ``"density"``: ``predictive`` (chain, draw, obs) and ``observed`` (obs). ``"groups"``: over (rank),
        in the order of the predictive mean, ``observed``, ``mean``, ``lower_50``, ``upper_50``,
        ``lower_95``, ``upper_95``, ``level``, ``n``. ``"bars"``: over (outcome), counts ``observed``,
        ``mean``, ``lower``, ``upper``; ``"rootogram"`` too, of which square roots are drawn.
        ``"statistic"``: as ``"groups"``, without the 50 % interval. Response scale.
    """
    allowed = KINDS.get(fit.spec.family, ("groups",))
    if kind is None:
        kind = allowed[0] if allowed[0] != "groups" or fit.design.groups else allowed[1]
    selection.pick_choice(f"kind of posterior predictive check for {fit.spec.family} models", kind, allowed)
    if kind == "density":
        return _density(fit, seed)
    if kind == "bars":
        return _bars(fit, seed)
    if kind == "rootogram":
        return ppc_more.rootogram(_bars(fit, seed))
    if kind == "statistic":
        return ppc_more.by_group(fit, selection.pick_group(fit, group), statistic, seed=seed)
    return _groups(fit, selection.pick_group(fit, group), seed)


def _density(fit: Any, seed: int) -> xr.Dataset:
    replicated = posterior_predictive(fit, draws=DENSITIES, seed=seed)
    replicated = replicated.copy(data=as_recorded(fit.design, replicated.to_numpy()))
    data = xr.Dataset(
        {
            "predictive": replicated.drop_vars(names.OBS, errors="ignore"),
            "observed": (names.OBS, recorded(fit.design)),
        }
    )
    count = data.sizes["chain"] * data.sizes["draw"]
    data.attrs = {
        "kind": "density",
        "title": f"Posterior predictive check: {fit.design.response.name}",
        "subtitle": f"thick: the data; thin: {count} data sets replicated from the model",
        "caption": f"Kernel density estimates. {_censored_words(fit)}Seed of the replications: {seed}.",
        "xlabel": selection.response_words(fit),
        "ylabel": "density",
    }
    return data


def _censored_words(fit: Any) -> str:
    return (
        "Censored responses, replicated ones too, are at their limits. " if "low" in fit.design.part else ""
    )


def _bars(fit: Any, seed: int) -> xr.Dataset:
    replicated = posterior_predictive(fit, draws=REPLICATIONS, seed=seed).to_numpy().reshape(-1, fit.design.n)
    edges, labels = bins(fit)
    counts = np.stack([np.histogram(row, edges)[0] for row in replicated], axis=1)
    lower, upper = np.quantile(counts, [0.025, 0.975], axis=1)
    data = xr.Dataset(
        {
            "observed": ("outcome", np.histogram(fit.design.y, edges)[0].astype(float)),
            "mean": ("outcome", counts.mean(axis=1)),
            "lower": ("outcome", lower),
            "upper": ("outcome", upper),
            "position": ("outcome", np.arange(len(labels), dtype=float)),
        },
        coords={"outcome": labels},
    )
    data.attrs = {
        "kind": "bars",
        "title": f"Posterior predictive check: counts of {fit.design.response.name}",
        "subtitle": "bars: the data; ● and line: replicated from the model",
        "caption": f"Mean and 95 % equal-tailed interval of {len(replicated)} replicated data sets. "
        f"Seed: {seed}.",
        "xlabel": str(fit.design.response.name),
        "ylabel": "number of rows",
    }
    return data


def bins(fit: Any) -> tuple[np.ndarray, list[str]]:
    """Edges and labels of the bars: outcomes, or ranges of counts, of which the last one has no end."""
    if fit.spec.family == "bernoulli":
        return np.array([-0.5, 0.5, 1.5]), list(fit.design.response.labels or ("0", "1"))
    categories = fit.design.response.categories
    if categories:
        return np.arange(len(categories) + 1) - 0.5, list(categories)
    usual = int(np.quantile(fit.design.y, USUAL)) + 2
    width = -(-usual // MOST_BARS)
    starts = np.arange(0, usual, width)
    labels = [f"{k}" if width == 1 else f"{k}-{k + width - 1}" for k in starts[:-1]]
    return np.append(starts - 0.5, np.inf), [*labels, f"{starts[-1]}+"]


def _groups(fit: Any, group: GroupDesign, seed: int) -> xr.Dataset:
    replicated = posterior_predictive(fit, draws=REPLICATIONS, seed=seed).to_numpy()
    trials, y = fit.design.trials, recorded(fit.design)
    replicated = as_recorded(fit.design, replicated)
    if fit.spec.categories:
        replicated, y = ((values > middle_cut(fit)).astype(float) for values in (replicated, y))
    means = _group_means(replicated.reshape(-1, fit.design.n), group, trials)
    observed = _group_means(y[None, :], group, trials)[0]
    bounds = np.quantile(means, [0.025, 0.25, 0.75, 0.975], axis=0)
    order = np.argsort(means.mean(axis=0), kind="stable")
    values = dict(zip(("lower_95", "lower_50", "upper_50", "upper_95"), bounds, strict=True))
    values |= {
        "observed": observed,
        "mean": means.mean(axis=0),
        "n": group.sizes,
        "level": np.array(group.levels),
    }
    data = xr.Dataset({name: ("rank", array[order]) for name, array in values.items()})
    data["covered"] = (data["observed"] >= data["lower_95"]) & (data["observed"] <= data["upper_95"])
    binary = fit.spec.family in selection.PROBABILITIES
    what = f"share of {selection.response_words(fit)}" if binary else f"mean {selection.response_words(fit)}"
    covered = int(data["covered"].sum())
    data.attrs = {
        "kind": "groups",
        "title": f"Posterior predictive check by {group.name}",
        "subtitle": "◆ the data; lines: replicated from the model, 50 % and 95 %",
        "caption": f"Equal-tailed intervals of {len(means)} replicated data sets of the same groups. "
        f"The data lie in the 95 % interval of {covered} of {group.n_groups} groups; "
        f"those outside have an open marker. {_censored_words(fit)}Seed: {seed}.",
        "xlabel": f"{what} in the group",
        "ylabel": group.name,
    }
    return data


def _group_means(values: np.ndarray, group: GroupDesign, trials: np.ndarray | None = None) -> np.ndarray:
    """Mean, or successes per trial, of each group of every row of ``values``, shape (rows, n_groups)."""
    if trials is not None:
        return np.asarray(_group_means(values, group) / _group_means(trials[None, :], group))
    order = np.argsort(group.codes, kind="stable")
    starts = np.searchsorted(group.codes[order], np.arange(group.n_groups))
    return np.asarray(np.add.reduceat(values[:, order], starts, axis=1) / group.sizes)


def draw_ppc(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`ppc_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`ppc_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    with styled(backend):
        return _DRAWERS[dataset.attrs["kind"]](dataset, backend, figsize)


def _draw_density(ds: xr.Dataset, backend: str, figsize: tuple[float, float] | None) -> PlotCollection:
    from arviz_plots import plot_ppc_dist

    each = [ds["observed"].to_numpy(), *ds["predictive"].stack(all=("chain", "draw")).to_numpy().T]
    if any(all_the_same(values) for values in each):
        raise DataError(
            "No density can be drawn: the responses, or replicated ones, are all the same in double "
            "precision. Subtract what they have in common, or take numbers: fit.predictive_check('sd')."
        )
    page = canvas(ds.attrs, 6.4, 3.6, figsize)
    tree = xr.DataTree.from_dict(
        {
            "posterior_predictive": ds[["predictive"]].rename(predictive="y"),
            "observed_data": ds[["observed"]].rename(observed="y"),
        }
    )
    with warnings.catch_warnings():
        # The family says what a response is, not its values: numbers that happen to be 0 and 1 stay numbers.
        warnings.filterwarnings("ignore", message="Variables y in .* look binary")
        pc = plot_ppc_dist(
            tree,
            sample_dims=["chain", "draw"],
            num_samples=ds.sizes["chain"] * ds.sizes["draw"],
            kind="kde",
            backend=backend,
            figure_kwargs=page.figure_kwargs(backend),
            visuals={
                "predictive_dist": {"color": BLUE, "alpha": 0.25, "width": 0.8},
                "observed_dist": {"color": INK, "width": 2.4},
                "title": False,
            },
        )
    axis = xr.Dataset({"y": ((), 0.0)})
    pc.map(marks.x_title, data=axis, text=ds.attrs["xlabel"], store_artist=False, ignore_aes="all")
    return furnish(pc, page)


def _draw_bars(ds: xr.Dataset, backend: str, figsize: tuple[float, float] | None) -> PlotCollection:
    page = canvas(ds.attrs, 5.8, 3.6, figsize)
    pc = panels(ds[["observed"]], page, facets=[], backend=backend)
    pc.map(marks.bars, "observed", data=ds[["position"]], height=ds["observed"], color=PALE)
    pc.map(
        marks.uprights,
        "interval",
        data=ds[["position"]],
        lower=ds["lower"],
        upper=ds["upper"],
        color=BLUE,
        width=3.0,
    )
    pc.map(marks.points, "mean", data=ds[["position"]], y=ds["mean"], color=BLUE, size=55)
    step = -(-ds.sizes["outcome"] // MOST_LABELS)
    labels = [str(value) for value in ds["outcome"].to_numpy()[::step]]
    ticks = ds["position"].to_numpy()[::step].tolist()
    highest = 1.08 * float(max(ds["upper"].max(), ds["observed"].max()))
    pc.map(marks.y_limits, data=ds[["position"]], store_artist=False, limits=(0.0, highest))
    pc.map(marks.x_names, data=ds[["position"]], store_artist=False, ticks=ticks, labels=labels)
    pc.map(marks.x_title, data=ds[["position"]], text=ds.attrs["xlabel"], store_artist=False)
    pc.map(marks.y_title, data=ds[["position"]], text=ds.attrs["ylabel"], store_artist=False)
    return pc


def _draw_groups(ds: xr.Dataset, backend: str, figsize: tuple[float, float] | None) -> PlotCollection:
    n = ds.sizes["rank"]
    crowded = n > 150
    height = selection.rows_height(n)
    page = canvas(ds.attrs, 6.4, height, figsize)
    rank = xr.DataArray(np.arange(n, dtype=float), dims=["rank"])
    pc = panels(ds[["mean"]], page, facets=[], backend=backend)
    pc.map(marks.rule_x, data=ds[["mean"]], store_artist=False)
    for mass, width in (("95", 0.5 if crowded else 1.0), ("50", 1.2 if crowded else 3.2)):
        if f"lower_{mass}" not in ds:
            continue
        pc.map(
            marks.segments,
            f"interval_{mass}",
            data=ds[[f"lower_{mass}"]],
            x_end=ds[f"upper_{mass}"],
            y=rank,
            color=BLUE,
            width=width,
            alpha=0.55,
        )
    shared = {"y": rank, "marker": "D", "edgecolor": INK, "size": 4 if crowded else 16, "width": 1.0}
    pc.map(marks.points, "observed", data=ds[["observed"]], mask=ds["covered"], facecolor=INK, **shared)
    pc.map(marks.points, "outside", data=ds[["observed"]], mask=~ds["covered"], facecolor="white", **shared)
    shown = np.arange(0, n, selection.label_step(n, height))
    labels = [f"{selection.short(str(ds['level'].values[i]))}  ({ds['n'].values[i]})" for i in shown]
    pc.map(marks.y_limits, data=ds[["mean"]], store_artist=False, limits=selection.span(n))
    pc.map(marks.y_names, data=ds[["mean"]], store_artist=False, ticks=shown, labels=labels, size=7.5)
    pc.map(marks.x_title, data=ds[["mean"]], text=ds.attrs["xlabel"], store_artist=False)
    pc.map(
        marks.y_title, data=ds[["mean"]], text=f"{ds.attrs['ylabel']}  (number of rows)", store_artist=False
    )
    return pc


_DRAWERS = {
    "density": _draw_density,
    "bars": _draw_bars,
    "groups": _draw_groups,
    "rootogram": ppc_more.draw_rootogram,
    "statistic": _draw_groups,
}
