"""Did the sampler reach everywhere? Energy, and the funnels of group effects with their sds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.errors import DataError
from hierbayes.estimates.checks.convergence import E_BFMI
from hierbayes.plots import marks, selection
from hierbayes.plots.smooth import density
from hierbayes.plots.style import BLUE, INK, ORANGE, PALE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

type Floats = NDArray[np.float64]


MOST_FUNNELS = 9
MOST_DRAWS = 2000


def energy(fit: Any, *, backend: str | None = None) -> PlotCollection:
    """Draw the energy of the draws against its change from one to the next, chain by chain.

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

    Raises
    ------
    DataError
        If the sampler has recorded no energy, or a chain has fewer than three draws.

    References
    ----------
    Betancourt, M. (2016). Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo.
    arXiv 1604.00695.

    Examples
    --------
    >>> fit.plot.energy()
    """
    return draw_energy(energy_data(fit), backend=backend_name(backend))


def energy_data(fit: Any) -> xr.Dataset:
    """What the energy plot draws.

    Returns
    -------
    xarray.Dataset
        Over (chain, quantity, point): ``x`` and ``density``, kernel density estimates of the ``"marginal"``
        energy, less its mean, and of its ``"change"`` from draw to draw; over (chain): ``bfmi``, the mean
        squared change per variance of the energy. In units of the log density.
    """
    stats = fit.idata.children.get("sample_stats")
    if stats is None or "energy" not in stats:
        raise DataError(
            f"The sampler {fit.settings.get('sampler', '')!r} has recorded no energy: only Hamiltonian "
            "samplers have one. fit.plot.trace() and fit.plot.rank() work for every sampler."
        )
    values = stats["energy"].transpose("chain", "draw").to_numpy().astype(float)
    if values.shape[1] < 3 or not np.isfinite(values).all():
        raise DataError(
            f"Energy needs three finite draws of each chain at least; there are {values.shape[1]} draws."
        )
    centered, change = values - values.mean(axis=1, keepdims=True), np.diff(values, axis=1)
    both = [[density(chain) for chain in quantity] for quantity in (centered, change)]
    data = xr.Dataset(
        {
            name: (("quantity", "chain", "point"), np.array([[pair[k] for pair in q] for q in both]))
            for k, name in enumerate(("x", "density"))
        },
        coords={"quantity": ["marginal", "change"], "chain": fit.posterior["chain"].to_numpy()},
    ).transpose("chain", "quantity", "point")
    with np.errstate(divide="ignore", invalid="ignore"):
        bfmi = (change**2).mean(axis=1) / values.var(axis=1)
    data["bfmi"] = ("chain", bfmi)
    chains = data["chain"].to_numpy()
    data["panel_title"] = ("chain", [f"chain {c}: BFMI {b:.2f}" for c, b in zip(chains, bfmi, strict=True)])
    low = [str(c) for c, b in zip(chains, bfmi, strict=True) if b < E_BFMI]
    verdict = f"Low in chain {', '.join(low)}: its tails are not explored." if low else "None is."
    data.attrs = {
        "title": "Energy of the draws, chain by chain",
        "subtitle": "grey area: energy less its mean; ┅ blue: its change from draw to draw",
        "caption": "In units of the log density. BFMI: mean squared change per variance of the energy. "
        f"They should be alike; below {E_BFMI} the sampler moves too slowly between energies. {verdict}",
        "xlabel": "energy",
    }
    return data


def draw_energy(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`energy_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`energy_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n = dataset.sizes["chain"]
    columns = min(n, 4 if n % 3 else 3)
    page = canvas(dataset.attrs, max(5.0, 2.1 * columns), 2.1 * -(-n // columns), figsize)
    marginal, change = (dataset.sel(quantity=q, drop=True) for q in ("marginal", "change"))
    zero = xr.zeros_like(marginal["density"]).to_dataset(name="density")
    with styled(backend):
        pc = panels(
            dataset, page, facets=["chain"], backend=backend, columns=columns, sharex=True, sharey=True
        )
        pc.map(marks.band, "marginal_area", data=zero, x=marginal["x"], upper=marginal["density"], color=PALE)
        for name, part, look in (
            ("marginal", marginal, {"color": INK, "width": 1.0}),
            ("change", change, {"color": BLUE, "width": 2.0, "linestyle": "C1"}),
        ):
            pc.map(marks.curve, name, data=part[["density"]], x=part["x"], **look)
        titles = dataset[["panel_title"]]
        pc.map(marks.panel_title, data=titles, store_artist=False, size=9.5)
        pc.map(marks.no_y, data=titles, store_artist=False)
        bottom = titles.isel(chain=slice(max(0, n - columns), None))
        pc.map(marks.x_title, data=bottom, text=dataset.attrs["xlabel"], store_artist=False, size=8.5)
    return pc


def pairs(fit: Any, group: str | None = None, *, backend: str | None = None) -> PlotCollection:
    """Draw each sd of group effects, on the log scale, against the group effect that depends on it most.

    Parameters
    ----------
    fit : Fit
        A fitted model with group terms.
    group : str, optional
        The group term to show; the first nine coefficients of all by default.
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
    UnknownNameError
        If it has none of that name.

    Notes
    -----
    A funnel, wide at the top and narrow at the bottom, with divergent draws in its neck says that small
    values of the sd are not explored.

    References
    ----------
    Betancourt, M. and Girolami, M. (2015). Hamiltonian Monte Carlo for hierarchical models. In Current Trends
    in Bayesian Methodology with Applications, CRC Press, 79-101.

    Examples
    --------
    >>> fit.plot.pairs()
    """
    return draw_pairs(pairs_data(fit, group), backend=backend_name(backend))


def pairs_data(fit: Any, group: str | None = None) -> xr.Dataset:
    """What the pairs plot draws.

    Returns
    -------
    xarray.Dataset
        Over (pair, sample): ``effect`` (link scale) and ``log_sd``; over (sample): ``diverging``; over
        (pair): ``level``, the group whose absolute effect has the highest correlation with the log sd, and
        that ``correlation``. Divergent draws are all there, of the others at most 2,000.
    """
    selection.pick_group(fit, None)
    known = {g.name: g for g in fit.design.all_groups}
    if group is not None:
        selection.pick_choice("group term of this model", group, list(known))
    chosen = [known[group]] if group is not None else list(known.values())
    places = [(g, k) for g in chosen for k in range(len(g.terms))]
    kept, marked = _kept(fit)
    found = [_funnel(fit, design, k, kept) for design, k in places[:MOST_FUNNELS]]
    labels = [f"{design.name}: {design.terms[k]}" for design, k in places[:MOST_FUNNELS]]
    data = xr.Dataset(
        {
            "effect": (("pair", "sample"), np.array([effect for effect, *_ in found])),
            "log_sd": (("pair", "sample"), np.array([log_sd for _, log_sd, *_ in found])),
            "level": ("pair", [level for *_, level, _ in found]),
            "correlation": ("pair", [correlation for *_, correlation in found]),
            "diverging": ("sample", marked),
        },
        coords={"pair": labels},
    )
    designs = [design.factor for design, _ in places[:MOST_FUNNELS]]
    shown = [f"{factor} {level}" for factor, level in zip(designs, data["level"].to_numpy(), strict=True)]
    data["panel_title"] = ("pair", [selection.short(label) for label in labels])
    data["panel_x"] = ("pair", [f"effect of {selection.short(level)}" for level in shown])
    data.attrs = _pair_texts(fit, data, len(places))
    return data


def _kept(fit: Any) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Positions of the draws to show, divergent ones last, and which these are."""
    n = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    stats = fit.idata.children.get("sample_stats")
    diverging = np.zeros(n, dtype=bool)
    if stats is not None and "diverging" in stats:
        diverging = stats["diverging"].transpose("chain", "draw").to_numpy().astype(bool).ravel()
    usual = np.flatnonzero(~diverging)
    shown = usual[np.linspace(0, usual.size - 1, min(usual.size, MOST_DRAWS)).round().astype(int)]
    kept = np.concatenate([shown, np.flatnonzero(diverging)])
    return kept, diverging[kept]


def _funnel(fit: Any, design: Any, k: int, kept: NDArray[np.intp]) -> tuple[Floats, Floats, str, float]:
    dims = names.group_dim(design.name), names.group_term(design.name)
    u = fit.posterior[names.u(design.name)].isel({dims[1]: k}).transpose("chain", "draw", dims[0])
    effects = u.to_numpy().reshape(-1, design.n_groups)
    sd = fit.posterior[names.sd(design.name)].isel({dims[1]: k}).transpose("chain", "draw").to_numpy().ravel()
    log_sd = np.log(np.maximum(sd, np.finfo(np.float64).tiny))
    size = np.abs(effects)
    a, b = log_sd - log_sd.mean(), size - size.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.nan_to_num(a @ b / np.sqrt((a @ a) * (b**2).sum(axis=0)))
    j = int(correlation.argmax())
    return effects[kept, j], log_sd[kept], str(design.levels[j]), float(correlation[j])


def _pair_texts(fit: Any, data: xr.Dataset, n_places: int) -> dict[str, Any]:
    divergent = int(data["diverging"].sum())
    caption = [
        "Of each coefficient the group whose absolute effect goes most with the log sd; a funnel is narrow "
        "where the sd is small."
    ]
    caption.append(_counted(divergent))
    if fit.settings.get("plan") == "collapsed":
        caption.append(
            "Group effects were integrated out and drawn afterwards (collapsed): the sampler has not met "
            "these shapes."
        )
    if n_places > data.sizes["pair"]:
        caption.append(f"The first {data.sizes['pair']} of {n_places}; name a term with group=.")
    return {
        "title": "Standard deviations against group effects",
        "subtitle": "· draws; ✕ divergent draws" if divergent else "one dot per draw",
        "caption": " ".join(caption),
        "ylabel": "log of the sd",
    }


def draw_pairs(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`pairs_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`pairs_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n = dataset.sizes["pair"]
    columns = min(n, 3)
    page = canvas(dataset.attrs, max(4.6, 2.8 * columns), 2.7 * -(-n // columns), figsize)
    with styled(backend):
        pc = panels(dataset, page, facets=["pair"], backend=backend, columns=columns)
        titles = dataset[["panel_title"]]
        pc.map(marks.rule_both, data=titles, store_artist=False)
        for name, mask, look in (
            ("draws", ~dataset["diverging"], {"color": BLUE, "size": 5, "alpha": 0.35, "width": 0}),
            ("divergent", dataset["diverging"], {"color": ORANGE, "size": 34, "marker": "X", "width": 0.6}),
        ):
            if bool(mask.any()):
                pc.map(marks.points, name, data=dataset[["effect"]], y=dataset["log_sd"], mask=mask, **look)
        pc.map(marks.panel_title, data=titles, store_artist=False, size=9.5)
        pc.map(marks.x_title, data=dataset[["panel_x"]], store_artist=False)
        left = titles.isel(pair=slice(0, None, columns))
        pc.map(marks.y_title, data=left, text=dataset.attrs["ylabel"], store_artist=False)
    return pc


def _counted(divergent: int) -> str:
    if not divergent:
        return "No draw diverged."
    return "1 draw diverged." if divergent == 1 else f"{divergent} draws diverged."
