"""Visuals that arviz-plots does not have, in terms of its backends' common interface.

Each takes the DataArray of one panel and that panel, as the functions of ``arviz_plots.visuals`` do, and is
used through ``PlotCollection.map``; keyword arguments that are DataArrays arrive cut to the same panel.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from hierbayes.plots.browsers import PIXELS, plotly_panel_title


def _backend(target: Any) -> Any:
    from arviz_plots.plot_collection import backend_from_object

    return backend_from_object(target)


_MARKERS: dict[str, dict[str, str]] = {
    "plotly": {
        "<": "triangle-left",
        ">": "triangle-right",
        "s": "square",
        "D": "diamond",
        "o": "circle",
        "^": "triangle-up",
    },
    "bokeh": {
        "<": "triangle",
        ">": "inverted_triangle",
        "s": "square",
        "D": "diamond",
        "o": "circle",
        "^": "triangle",
    },
}


def _is(backend: Any, name: str) -> bool:
    return bool(backend.__name__.rpartition(".")[2] == name)


def _marker(backend: Any, marker: str) -> str:
    """The backend's word for one of matplotlib's markers."""
    return _MARKERS.get(backend.__name__.rpartition(".")[2], {}).get(marker, marker)


SCREEN = 100 / 72
"""Pixels of a screen for each point on paper; matplotlib counts in points, the others in pixels."""


def _line(target: Any, x: NDArray[np.float64], y: NDArray[np.float64], kwargs: dict[str, Any]) -> Any:
    """One line; its width is in points."""
    backend = _backend(target)
    return backend.line(x, y, target, **_on_screen(backend, kwargs))


def _on_screen(backend: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The same arguments, widths in the units of the backend."""
    if "width" in kwargs and (_is(backend, "plotly") or _is(backend, "bokeh")):
        return kwargs | {"width": SCREEN * kwargs["width"]}
    return kwargs


def _letters(backend: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The same arguments, letters in the units of the backend."""
    if "size" in kwargs and (_is(backend, "plotly") or _is(backend, "bokeh")):
        return kwargs | {"size": PIXELS * kwargs["size"]}
    return kwargs


def _plain(backend: Any, text: str) -> str:
    """A text from the data, which plotly must not take for HTML."""
    return html.escape(text, quote=False) if _is(backend, "plotly") else text


def _broken(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Interleave two arrays with NaN, so that one line call draws many segments."""
    a, b = np.broadcast_arrays(np.asarray(first, dtype=float), np.asarray(second, dtype=float))
    return np.column_stack([a, b, np.full(a.shape, np.nan)]).ravel()


def segments(da: xr.DataArray, target: Any, *, x_end: ArrayLike, y: ArrayLike, **kwargs: Any) -> Any:
    """Horizontal segments from ``da`` to ``x_end`` at the heights ``y``, where both ends are finite."""
    start, end, height = (np.atleast_1d(np.asarray(values, dtype=float)) for values in (da, x_end, y))
    drawn = np.isfinite(start) & np.isfinite(end)
    x = _broken(start[drawn], end[drawn])
    return _line(target, x, _broken(height[drawn], height[drawn]), kwargs)


def arrows(
    da: xr.DataArray, target: Any, *, y: ArrayLike, x_end: ArrayLike, y_end: ArrayLike, **kwargs: Any
) -> Any:
    """Straight lines from ``da`` (x) and ``y`` to ``x_end`` and ``y_end``, where both ends are finite."""
    ends = np.column_stack([np.asarray(v, dtype=float).ravel() for v in (da, x_end, y, y_end)])
    drawn = ends[np.isfinite(ends).all(axis=1)]
    x, height = _broken(drawn[:, 0], drawn[:, 1]), _broken(drawn[:, 2], drawn[:, 3])
    return _line(target, x, height, kwargs)


def points(
    da: xr.DataArray, target: Any, *, y: ArrayLike, mask: ArrayLike | None = None, **kwargs: Any
) -> Any:
    """Points at ``da`` (x) and ``y``, where ``mask`` holds; ``size`` is an area, one or for each point."""
    x, height = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, dtype=float)) for v in (da, y)))
    keep = np.isfinite(x) & np.isfinite(height)
    if mask is not None:
        keep = keep & np.asarray(mask, dtype=bool)
    backend = _backend(target)
    if "marker" in kwargs:
        kwargs["marker"] = _marker(backend, kwargs["marker"])
    size = kwargs.get("size")
    if size is not None and np.ndim(size):
        kwargs["size"] = np.asarray(size, dtype=float)[keep]
    if size is not None and (_is(backend, "plotly") or _is(backend, "bokeh")):
        kwargs["size"] = SCREEN**2 * kwargs["size"]
    if _is(backend, "bokeh") and size is not None:
        return _bokeh_points(x[keep], height[keep], target, kwargs)
    return backend.scatter(x[keep], height[keep], target, **kwargs)


def _bokeh_points(x: NDArray[np.float64], y: NDArray[np.float64], target: Any, kwargs: dict[str, Any]) -> Any:
    """Bokeh's sizes are diameters, and arviz-plots hands it one size at a time."""
    diameters = np.broadcast_to(np.sqrt(kwargs.pop("size")).round(), x.shape)
    drawn = [
        _backend(target).scatter(x[diameters == d], y[diameters == d], target, size=float(d), **kwargs)
        for d in np.unique(diameters)
    ]
    return drawn[-1] if drawn else _backend(target).scatter(x, y, target, **kwargs)


def bars(
    da: xr.DataArray,
    target: Any,
    *,
    height: ArrayLike,
    bottom: ArrayLike = 0.0,
    half: float = 0.35,
    **kwargs: Any,
) -> Any:
    """Bars from ``bottom`` to ``height`` around the positions ``da``."""
    x, top = np.asarray(da, dtype=float), np.asarray(height, dtype=float)
    start = np.broadcast_to(np.asarray(bottom, dtype=float), top.shape)
    edges = np.column_stack([x - half, x + half]).ravel()
    backend = _backend(target)
    return [
        backend.fill_between_y(edges[[2 * i, 2 * i + 1]], np.full(2, low), np.full(2, high), target, **kwargs)
        for i, (low, high) in enumerate(zip(start, top, strict=True))
    ][-1]


def uprights(da: xr.DataArray, target: Any, *, lower: ArrayLike, upper: ArrayLike, **kwargs: Any) -> Any:
    """Vertical segments from ``lower`` to ``upper`` at the positions ``da``."""
    x = np.asarray(da, dtype=float)
    return _line(target, _broken(x, x), _broken(lower, upper), kwargs)


def curve(da: xr.DataArray, target: Any, *, x: ArrayLike, **kwargs: Any) -> Any:
    """One line of ``da`` (y) over ``x``."""
    return _line(target, np.asarray(x, dtype=float), np.asarray(da, dtype=float), kwargs)


def curves(da: xr.DataArray, target: Any, *, x: xr.DataArray, x_dim: str, **kwargs: Any) -> Any:
    """One line per entry of the other dimension of ``da``."""
    values = da.transpose(x_dim, ...).to_numpy()
    backend = _backend(target)
    return backend.multiple_lines(np.asarray(x, dtype=float), values, target, **_on_screen(backend, kwargs))


def band(da: xr.DataArray, target: Any, *, x: ArrayLike, upper: ArrayLike, **kwargs: Any) -> Any:
    """The area from ``da`` (lower) to ``upper`` over ``x``."""
    edges = np.broadcast_arrays(*(np.asarray(values, dtype=float) for values in (x, da, upper)))
    inside = np.flatnonzero(np.isfinite(edges).all(axis=0))
    # Plotly closes an area over missing ends.
    kept = slice(inside[0], inside[-1] + 1) if inside.size else slice(0)
    return _backend(target).fill_between_y(*(edge[kept] for edge in edges), target, **kwargs)


def upright(da: xr.DataArray, target: Any, *, span: tuple[float, float], **kwargs: Any) -> Any:
    """A vertical line at the scalar ``da`` over ``span``, above the grid and below what is drawn later."""
    return _line(target, np.full(2, float(da)), np.array(span), kwargs)


def _limit(axis: str, target: Any, limits: tuple[float, ...]) -> Any:
    backend = _backend(target)
    if _is(backend, "bokeh"):  # panels that share an axis share its range
        shared = getattr(target, f"{axis}_range")
        shared.start, shared.end = limits
        return shared
    return getattr(backend, f"{axis}lim")(limits, target)


def x_limits(da: xr.DataArray, target: Any) -> Any:
    """Limits of the x axis, from the two entries of ``da``."""
    return _limit("x", target, tuple(map(float, da.to_numpy())))


def x_range(da: xr.DataArray, target: Any, *, limits: tuple[float, float]) -> Any:
    """Limits of the x axis, the same in every panel."""
    return _limit("x", target, limits)


def y_limits(da: xr.DataArray, target: Any, *, limits: tuple[float, float]) -> Any:
    """Limits of the y axis, the same in every panel."""
    return _limit("y", target, limits)


def _ticks(
    which: str, target: Any, named: tuple[Sequence[float], Sequence[str]], kwargs: dict[str, Any]
) -> Any:
    ticks, labels = named
    backend = _backend(target)
    words = [_plain(backend, str(label)) for label in np.asarray(labels).tolist()]
    return getattr(backend, which)(list(ticks), words, target, **_letters(backend, kwargs))


def y_names(
    da: xr.DataArray, target: Any, *, ticks: Sequence[float], labels: Sequence[str], **kwargs: Any
) -> Any:
    """Ticks of the y axis with text labels."""
    return _ticks("yticks", target, (ticks, labels), kwargs)


def x_names(
    da: xr.DataArray, target: Any, *, ticks: Sequence[float], labels: Sequence[str], **kwargs: Any
) -> Any:
    """Ticks of the x axis with text labels."""
    return _ticks("xticks", target, (ticks, labels), kwargs)


def panel_title(da: xr.DataArray, target: Any, **kwargs: Any) -> Any:
    """The text ``da`` above the panel."""
    backend = _backend(target)
    drawn = backend.title(_plain(backend, str(da.item())), target, **_letters(backend, kwargs))
    if _is(backend, "plotly"):
        plotly_panel_title(target.figure.layout.annotations[-1])
    elif _is(backend, "bokeh"):
        drawn.text_font_style = "bold"
    return drawn


def x_title(da: xr.DataArray, target: Any, *, text: str | None = None, **kwargs: Any) -> Any:
    """A text below the x axis: ``text``, or the panel's own in ``da``."""
    backend = _backend(target)
    words = _plain(backend, str(da.item()) if text is None else text)
    return backend.xlabel(words, target, **_letters(backend, kwargs))


def y_title(da: xr.DataArray, target: Any, *, text: str, **kwargs: Any) -> Any:
    """A text beside the y axis."""
    backend = _backend(target)
    return backend.ylabel(_plain(backend, text), target, **_letters(backend, kwargs))


def end_label(da: xr.DataArray, target: Any, *, x: ArrayLike, text: str, **kwargs: Any) -> Any:
    """A text at the right end of the line of ``da`` (y) over ``x``; none where the line is not drawn."""
    values, at = np.asarray(da, dtype=float), np.asarray(x, dtype=float)
    drawn = np.flatnonzero(np.isfinite(values) & np.isfinite(at))
    if not drawn.size:
        return None
    last = drawn[-1]
    return _beside((at[last], values[last]), f" {text}", target, kwargs)


def _beside(at: tuple[float, float], text: str, target: Any, kwargs: dict[str, Any]) -> Any:
    """A text to the right of a point, at its height."""
    backend = _backend(target)
    middle = "middle" if _is(backend, "plotly") or _is(backend, "bokeh") else "center"
    return backend.text(
        *at,
        _plain(backend, text),
        target,
        horizontal_align="left",
        vertical_align=middle,
        **_letters(backend, kwargs),
    )


def rule_x(da: xr.DataArray, target: Any, **kwargs: Any) -> Any:
    """Light grid lines across the x axis."""
    return _backend(target).grid(target, "x", "#E9E9E9")


def rule_both(da: xr.DataArray, target: Any, **kwargs: Any) -> Any:
    """Light grid lines across both axes."""
    return _backend(target).grid(target, "both", "#E9E9E9")


def no_y(da: xr.DataArray, target: Any, **kwargs: Any) -> Any:
    """Take the y axis away, where its numbers mean nothing to a reader."""
    return _backend(target).remove_axis(target, axis="y")


def words(da: xr.DataArray, target: Any, *, x: float, text: str, **kwargs: Any) -> Any:
    """A text that begins at ``x`` and stands at the height ``da``."""
    return _beside((x, float(da)), text, target, kwargs)


def y_top(da: xr.DataArray, target: Any) -> Any:
    """Limits of the y axis from a little below zero to ``da``."""
    return _limit("y", target, (-0.04 * float(da), float(da)))
