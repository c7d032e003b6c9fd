"""Group lines in facets: a panel for each of some groups, with its rows and the population's curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.predictions.prediction import middle_cut
from hierbayes.plots import curves, lines, marks, selection
from hierbayes.plots.behind import binned
from hierbayes.plots.style import BLUE, DASHED, GREY, INK, ORANGE, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

type Floats = NDArray[np.float64]

FACETS = 20
CHOICES: dict[str, str] = {
    "spread": "spread from the largest to the smallest",
    "largest": "the largest",
    "smallest": "the smallest",
    "typical": "those nearest to the population",
    "unusual": "those furthest from the population",
}
"""Which groups get a panel where they are not named, and the words for the caption."""

COARSE = 7
"""Points at which the distance of a group's curve from the population's is taken."""

BINS, PER_BIN = 4, 8
"""Bins of a group's rows: at most so many, of at least so many rows each."""


def facets_data(scene: curves.Scene, levels: str | Sequence[str] | None, most: int) -> xr.Dataset:
    """What the facets draw.

    Parameters
    ----------
    scene : Scene
        The fit, the groups and the column along which to draw.
    levels : str or sequence of str or None
        See ``group_lines``.
    most : int
        At most so many panels, unless ``levels`` names them.

    Returns
    -------
    xarray.Dataset
        On the response scale over ``x`` (point): ``line``, ``line_lower``, ``line_upper`` and ``population``
        (level, point), each panel's other columns at the group's own mean or most frequent level;
        ``data_x``, ``data_y`` (level, dot), the group's rows, padded with NaN, and ``shown_y``, where they
        are drawn: zeros and ones are moved apart at random, outwards. Of these also ``bin_x``,
        ``bin_y``, ``bin_n`` (level, bin): shares in bins of equally many rows.
    """
    group = scene.group
    codes, chosen = _choose(scene, levels, most)
    listed = codes.tolist()
    own, typical = curves.group_curves(scene, listed), curves.population_curves(scene, listed)
    both = ("level", "point")
    data = xr.Dataset(
        {"line": (both, own.mean), "line_lower": (both, own.lower), "line_upper": (both, own.upper)},
        coords={"level": [group.levels[code] for code in codes], "x": ("point", scene.values)},
    )
    data["population"] = (both, typical.mean)
    _add_rows(data, scene, codes)
    labels = [f"{selection.short(str(group.levels[code]))}  (n = {group.sizes[code]})" for code in codes]
    data["panel_title"] = ("level", labels)
    data.attrs = _texts(scene, data, chosen)
    return data


def _choose(
    scene: curves.Scene, levels: str | Sequence[str] | None, most: int
) -> tuple[NDArray[np.intp], str]:
    """Codes of the groups with a panel, and how they were chosen; nothing is said where they were named."""
    group = scene.group
    kind = "spread" if levels is None else levels
    if isinstance(kind, str) and kind in CHOICES:
        if most < 1:
            raise DataError(f"At least one panel is needed, and facets={most} was given.")
        return _ranked(scene, kind)[_evenly(group.n_groups, most, kind == "spread")], CHOICES[kind]
    named = (kind,) if isinstance(kind, str) else tuple(str(level) for level in kind)
    if not named:
        raise DataError("No groups were named: levels is empty. Name some, or leave it out.")
    known = [str(level) for level in group.levels]
    for name in named:
        if name not in known:
            choices = f"Or let them be chosen: {', '.join(CHOICES)}."
            raise UnknownNameError(f"level of {group.name!r}", name, known, choices)
    return np.array([known.index(name) for name in dict.fromkeys(named)]), ""


def _evenly(n: int, most: int, spread: bool) -> NDArray[np.intp]:
    if not spread:
        return np.arange(min(n, most))
    return np.unique(np.linspace(0, n - 1, min(most, n)).round().astype(np.intp))


def _ranked(scene: curves.Scene, kind: str) -> NDArray[np.intp]:
    """All groups in the order in which a choice takes them."""
    sizes = scene.group.sizes
    if kind in ("spread", "largest", "smallest"):
        return np.argsort(sizes if kind == "smallest" else -sizes, kind="stable")
    at = curves.Scene(
        scene.fit,
        scene.group,
        scene.x,
        curves.grid_of(scene.fit, scene.x, COARSE),
        curves.settings(scene.fit, scene.group, curves.TYPICAL),
    )
    apart = curves.group_curves(at, range(len(sizes))).mean - curves.population_curves(at, [0]).mean
    distance = (apart**2).sum(axis=1)
    return np.argsort(distance if kind == "typical" else -distance, kind="stable")


def _add_rows(data: xr.Dataset, scene: curves.Scene, codes: NDArray[np.intp]) -> None:
    fit, group = scene.fit, scene.group
    outcomes = fit.design.y if fit.design.trials is None else fit.design.y / fit.design.trials
    if fit.spec.categories:
        outcomes = outcomes > middle_cut(fit)
    x = np.asarray(fit.design.columns[scene.x], dtype=float)
    rows = [np.flatnonzero(group.codes == code) for code in codes]
    most = max(map(len, rows))
    padded, bins = np.full((2, len(codes), most), np.nan), np.full((3, len(codes), BINS), np.nan)
    is_zero_one = bool(np.isin(outcomes, (0, 1)).all())
    for k, own in enumerate(rows):
        padded[:, k, : len(own)] = x[own], outcomes[own]
        number = min(BINS, len(own) // PER_BIN)
        if is_zero_one and number:
            found = binned(x[own], outcomes[own].astype(float), np.ones(len(own)), ordinal=False, most=number)
            bins[:, k, : len(found[0])] = found
    dots = ("level", "dot")
    data["data_x"], data["data_y"], data["shown_y"] = (dots, padded[0]), (dots, padded[1]), (dots, padded[1])
    if is_zero_one:
        outwards = np.where(padded[1] > 0, 1.0, -1.0)
        away = np.random.default_rng(0).uniform(0.015, 0.075, size=padded[1].shape)
        data["shown_y"] = (dots, padded[1] + outwards * away)
        for name, values in zip(("bin_x", "bin_y", "bin_n"), bins, strict=True):
            data[name] = (("level", "bin"), values)


def _texts(scene: curves.Scene, data: xr.Dataset, chosen: str) -> dict[str, Any]:
    fit, group, x = scene.fit, scene.group, scene.x
    is_share = fit.spec.family in selection.PROBABILITIES
    shown = data.sizes["level"]
    caption = ["Posterior mean with 95 % equal-tailed band."]
    if "bin_x" in data:
        caption.append(
            "Small dots: the group's rows, each a 0 or a 1, scattered a little. Open circles: observed "
            f"shares of up to {BINS} bins of at least {PER_BIN} rows, the larger the more, whatever the "
            "other columns."
        )
    else:
        caption.append("Dots: the group's rows.")
    others = [name for name in curves.covariates(fit) if name != x]
    if others:
        caption.append(
            f"Other columns ({selection.listing(others)}) at the group's own mean or most frequent level."
        )
    part = f"{shown} of {group.n_groups} groups" if shown < group.n_groups else f"all {shown} groups"
    how = f", {chosen}" if chosen and shown < group.n_groups else ""
    return {
        "title": f"Fitted {'curves' if is_share else 'lines'} along {x}, by {group.name}: {part}{how}",
        "subtitle": f"━ the group  ┅ a typical {group.name} with the same columns",
        "caption": " ".join(caption),
        "xlabel": x,
        "ylabel": selection.mean_words(fit),
        "unit_interval": int(is_share),
    }


def draw_facets(ds: xr.Dataset, backend: str, figsize: tuple[float, float] | None) -> PlotCollection:
    """Draw what :func:`facets_data` made."""
    n = ds.sizes["level"]
    columns = n if n <= 3 else 3 if n <= 6 else 4
    width = 2.6 if columns < 4 else 2.15
    page = canvas(ds.attrs, max(4.8, width * columns + 0.3), 1.75 * -(-n // columns) + 0.4, figsize)
    every = ds[["panel_title"]]
    with styled(backend):
        pc = panels(every, page, facets=["level"], backend=backend, columns=columns, sharex=True, sharey=True)
        pc.map(marks.rule_both, data=every, store_artist=False)
        _draw_curves(pc, ds)
        _draw_rows(pc, ds)
        pc.map(marks.panel_title, data=every, store_artist=False, size=9)
        bottom = every.isel(level=slice(max(0, n - columns), None))
        left = every.isel(level=slice(0, None, columns))
        pc.map(marks.x_title, data=bottom, text=ds.attrs["xlabel"], store_artist=False, size=9)
        pc.map(marks.y_title, data=left, text=ds.attrs["ylabel"], store_artist=False, size=8)
        if ds.attrs["unit_interval"]:
            pc.map(marks.y_limits, data=every, store_artist=False, limits=(-0.1, 1.1))
    return pc


def _draw_curves(pc: PlotCollection, ds: xr.Dataset) -> None:
    pc.map(
        marks.band,
        "line_band",
        data=ds[["line_lower"]],
        x=ds["x"],
        upper=ds["line_upper"],
        color=BLUE,
        alpha=0.22,
    )
    pc.map(
        marks.curve,
        "population",
        data=ds[["population"]],
        x=ds["x"],
        color=ORANGE,
        linestyle=DASHED,
        width=1.5,
    )
    pc.map(marks.curve, "lines", data=ds[["line"]], x=ds["x"], color=BLUE, width=2.0)


def _draw_rows(pc: PlotCollection, ds: xr.Dataset) -> None:
    dots = {"color": GREY, "size": 5, "alpha": 0.5, "width": 0}
    pc.map(marks.points, "data", data=ds[["data_x"]], y=ds["shown_y"], **dots)
    if "bin_x" in ds:
        pc.map(
            marks.points,
            "shares",
            data=ds[["bin_x"]],
            y=ds["bin_y"],
            size=lines.areas(ds["bin_n"]) * 0.7,
            facecolor="white",
            edgecolor=INK,
            width=0.9,
            alpha=0.9,
        )
