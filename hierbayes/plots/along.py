"""Variances and shares of variance along a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.variance import variances_along as estimate
from hierbayes.estimates.variance import vpc as shares
from hierbayes.plots import curves, lines, marks, selection
from hierbayes.plots.style import backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

POINTS = 60
NUMBERS = ("mean", "lower", "upper")


def variance(fit: Any, x: str | None = None, *, backend: str | None = None) -> PlotCollection:
    """Draw the variance between groups, of each group term, and within groups along a column.

    Parameters
    ----------
    fit : Fit
        A fitted model with group terms.
    x : str, optional
        A numeric column; by default the first whose slope varies over the groups, else the first of the
        population.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If ``x`` is not a numeric column of the model.
    DataError
        If the model has no group terms, or no numeric column.

    Examples
    --------
    >>> fit.plot.variance("standLRT")
    """
    return draw_variance(variance_data(fit, x), backend=backend_name(backend))


def variance_data(fit: Any, x: str | None = None) -> xr.Dataset:
    """What the variance function draws.

    Returns
    -------
    xarray.Dataset
        Over (panel, line, point): ``mean``, ``lower``, ``upper`` of the variance of each level, in squared
        units of the linear predictor; ``x`` (point).
    """
    column = _column(fit, x)
    values = curves.grid_of(fit, column, POINTS)
    frame = estimate.variances_along(fit, column, values.tolist())
    names = list(dict.fromkeys(frame["group"]))
    shape = (1, len(names), POINTS)
    data = xr.Dataset(
        {name: (("panel", "line", "point"), frame[name].to_numpy().reshape(shape)) for name in NUMBERS},
        coords={
            "panel": [""],
            "line": [f"within: {name}" if name == estimate.ROWS else f"between: {name}" for name in names],
            "x": ("point", values),
        },
    )
    data.attrs = {
        "title": f"Variance by level along {column}",
        "subtitle": f"squared units of {selection.link_words(fit)}",
        "caption": f"Posterior means with {frame.attrs['interval']} bands. {_sentence(frame)}",
        "xlabel": column,
        "ylabel": "variance",
        "least": 0.0,
    }
    return data


def _column(fit: Any, x: str | None) -> str:
    """The column asked for, else the first of numbers, before all others one whose slope varies."""
    numeric = curves.numeric_columns(fit)
    if x is not None:
        if x not in numeric:
            raise UnknownNameError("numeric column of this model", x, numeric)
        return x
    if not numeric:
        raise DataError(
            "A variance is drawn along a column of numbers, and the model has none: "
            f"{fit.spec.formula}. fit.varcorr() and fit.vpc() have the numbers."
        )
    varying = [name for name in numeric if any(name in group.terms for group in fit.design.all_groups)]
    return (varying or numeric)[0]


def _sentence(frame: Any) -> str:
    text = str(frame.attrs["definition"])
    return f"{text[0].upper()}{text[1:]}."


def several_valued(at: Mapping[str, Any] | None) -> list[str]:
    """The columns of ``at`` that are given more than one value."""
    return [
        name
        for name, value in (at or {}).items()
        if not isinstance(value, str) and np.ndim(value) and np.size(value) > 1
    ]


def vpc_along(fit: Any, at: Mapping[str, Any], method: str | Sequence[str] | None) -> xr.Dataset:
    """Shares of variance along the one column of ``at`` that has several values.

    Returns
    -------
    xarray.Dataset
        Over (panel, line, point), a panel for each group term (and cutpoint or category) and a line for each
        definition: ``mean``, ``lower``, ``upper``; ``x`` (point).

    Raises
    ------
    DataError
        If several columns have several values, or the values are no numbers.
    """
    (x, *others) = several_valued(at)
    if others:
        raise DataError(
            f"A VPC is drawn along one column, and {x!r} and {others[0]!r} have several values in `at`. Hold "
            f"one of them: at={{{others[0]!r}: a single value}}."
        )
    frame = shares.vpc(fit, at, method=method)
    if not np.issubdtype(frame[x].to_numpy().dtype, np.number):
        raise DataError(
            f"A VPC is drawn along a column of numbers, and {x!r} holds labels. fit.vpc(at={{{x!r}: [...]}}) "
            "has the numbers."
        )
    labels = [name for name in frame.columns[: list(frame.columns).index("mean")] if name not in at]
    panel_names = [name for name in labels if name != "method"]
    frame = frame.assign(panel=frame[panel_names].astype(str).agg(", ".join, axis=1))
    index = {name: list(dict.fromkeys(frame[name])) for name in ("panel", "method", x)}
    wide = frame.set_index(["panel", "method", x])[list(NUMBERS)].to_xarray().reindex(index)
    wide = wide.rename({"method": "line", x: "point"})
    values = wide["point"].to_numpy()
    data = wide.drop_vars("point").assign_coords(x=("point", values)).transpose("panel", "line", "point")
    held = ", ".join(f"{name} = {value}" for name, value in at.items() if name != x)
    definitions = frame.attrs.get("definitions") or {data["line"].item(): frame.attrs["definition"]}
    said = [f"{name}: {text}." for name, text in definitions.items()]
    data.attrs = {
        "title": f"Share of variance between groups (VPC) along {x}",
        "subtitle": f"definition: {', '.join(definitions)} (in words below)" + (f"; {held}" if held else ""),
        "caption": "\n".join([f"Posterior means with {frame.attrs['interval']} bands.", *said]),
        "definition": str(frame.attrs["definition"]),
        "xlabel": x,
        "ylabel": "share of the variance",
        "least": 0.0,
    }
    return data


def draw_variance(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`variance_data` or :func:`vpc_along` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`variance_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n = dataset.sizes["panel"]
    columns = min(3, n)
    page = canvas(dataset.attrs, max(6.4, 3.2 * columns), 3.9 if n == 1 else 2.9 * -(-n // columns), figsize)
    labels = dataset["line"].to_numpy().tolist()
    axes = lines.axes_of(dataset, labels)
    one = dataset[["mean"]].isel(line=0, point=0, drop=True)
    titles = one.copy(data={"mean": dataset["panel"].to_numpy()})
    with styled(backend):
        pc = panels(
            dataset[["mean"]],
            page,
            facets=["panel"],
            backend=backend,
            columns=columns,
            sharex=True,
            sharey=True,
        )
        pc.map(marks.rule_both, data=one, store_artist=False)
        for k in range(len(labels)):
            lines.draw_band(pc, dataset.isel(line=k, drop=True), k, len(labels))
        lines.draw_labels(pc, dataset, axes, labels)
        ticks, texts = lines.round_ticks(dataset["x"].to_numpy(), most=7 if n == 1 else 4)
        pc.map(marks.x_names, data=one, store_artist=False, ticks=ticks, labels=texts)
        pc.map(marks.x_range, data=one, store_artist=False, limits=axes.x_limits)
        pc.map(marks.y_limits, data=one, store_artist=False, limits=axes.y_limits)
        if dataset["panel"].to_numpy().tolist() != [""]:
            pc.map(marks.panel_title, data=titles, store_artist=False, size=9.5)
        bottom = one.isel(panel=slice(max(0, n - columns), None))
        left = one.isel(panel=slice(0, None, columns))
        pc.map(marks.x_title, data=bottom, text=dataset.attrs["xlabel"], store_artist=False)
        pc.map(marks.y_title, data=left, text=dataset.attrs["ylabel"], store_artist=False)
    return pc
