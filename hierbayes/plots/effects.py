"""Effects: the expected response along one column, for the levels of others, with the data behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.errors import DataError
from hierbayes.estimates.predictions import effects as estimate
from hierbayes.estimates.predictions.averages import RESPONSE, setting_of
from hierbayes.estimates.predictions.grids import is_number
from hierbayes.estimates.predictions.prediction import epred
from hierbayes.fitted.record import once
from hierbayes.plots import behind, lines, marks, selection
from hierbayes.plots.style import backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

MOST_LINES, MOST_PANELS = 8, 16
SEVERAL = "line"
NUMBERS = ("mean", "lower", "upper")
DRAWS = 400
"""About how many draws the expectation of each row is the mean of, where the rows are moved."""


def effects(
    fit: Any,
    columns: str | Sequence[str],
    *,
    at: Mapping[str, Any] | None = None,
    scale: str = RESPONSE,
    groups: str | None = None,
    points: int = 100,
    prob: float = 0.95,
    data: bool = True,
    backend: str | None = None,
) -> PlotCollection:
    """Draw the expected response along a column, with intervals and the observed responses behind.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    columns : str or sequence of str
        One to three columns, ``"age:ch"``: the first along the x axis (a band and a line; points with
        intervals where it is a factor), the second as lines, the third as panels. Of a response of categories
        each category is a line, and the second column the panels.
    at, scale, groups, points, prob
        As of ``fit.effects``.
    data : bool
        Whether to draw the observed responses: single rows, or shares and means of bins. Where other columns
        are held, each is moved by what the model expects at their values less what it expects of the row as
        it is (partial residuals on the curve), so that what the model misses is what can be seen.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If the model has no such column, or there is no such scale or value of ``groups``.
    DataError
        If too many columns are named, or there would be more lines or panels than can be read.

    References
    ----------
    Fox, J. and Weisberg, S. (2018). Visualizing fit and lack of fit in complex regression models with
    predictor effect plots and partial residuals. Journal of Statistical Software 87 (9), section 4 (there on
    the scale of the link; here on that of the response).

    Examples
    --------
    >>> fit.plot.effects("age:ch")
    """
    wanted = {"at": at, "scale": scale, "groups": groups, "points": points, "prob": prob}
    dataset = effects_data(fit, columns, data=data, **wanted)
    return draw_effects(dataset, backend=backend_name(backend))


def effects_data(fit: Any, columns: str | Sequence[str], *, data: bool = True, **wanted: Any) -> xr.Dataset:
    """What the effects plot draws.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    columns : str or sequence of str
        As of ``fit.effects``.
    data : bool
        Whether to add the observed responses.
    **wanted
        ``at``, ``scale``, ``groups``, ``points``, ``prob`` and ``seed`` of ``fit.effects``.

    Returns
    -------
    xarray.Dataset
        Over (panel, line, point): ``mean``, ``lower``, ``upper`` on the scale that was asked for; ``x``
        (point), the position of a level where the column is a factor, whose labels are ``x_label``;
        ``data_x``, ``data_y`` and ``data_n`` (panel, line, dot), NaN where a line has fewer.
    """
    frame = estimate.effects(fit, columns, **wanted)
    found = [str(name) for name in frame.columns[: list(frame.columns).index("mean")]]
    x, others = found[0], found[1:]
    line = names.CATEGORY if names.CATEGORY in others else (others[0] if others else None)
    rest = [name for name in others if name != line]
    values = {name: list(dict.fromkeys(frame[name])) for name in found}
    dataset = _folded(frame, (x, line, rest), values)
    # From here on columns have the names that they have in the data.
    own = dict(zip(found, frame.attrs["columns"], strict=False))
    found = [own.get(name, name) for name in found]
    x, line, rest = own[x], line and own.get(line, line), [own[name] for name in rest]
    values = dict(zip(found, values.values(), strict=True))
    _check(dataset, line, rest)
    dataset.coords["x"] = ("point", _positions(fit, x, values[x]))
    if not is_number(fit, x):
        dataset["x_label"] = ("point", [_text(value) for value in values[x]])
    drawn = data and wanted.get("scale", RESPONSE) == RESPONSE
    said = behind.refusal(fit) if drawn else ""
    if drawn and not said:
        residual = _residual(fit, found, wanted) if frame.attrs.get("held") else None
        said = _add_data(fit, dataset, (x, line, rest), values, residual=residual)
    dataset.attrs = _texts(fit, frame, (x, line, rest), said)
    return dataset


type _Roles = tuple[str, str | None, list[str]]


def _folded(frame: pd.DataFrame, roles: _Roles, values: dict[str, list[Any]]) -> xr.Dataset:
    """The table, whose last column runs fastest, as arrays (panel, line, point)."""
    x, line, rest = roles
    order = [*rest, *([line] if line else []), x]
    given = [name for name in values if name != names.CATEGORY] + [n for n in values if n == names.CATEGORY]
    once = frame.drop_duplicates(given)
    lengths = [len(values[name]) for name in given]
    axes = [given.index(name) for name in order]
    dims = ("panel", SEVERAL, "point")
    shape = (-1, len(values[line]) if line else 1, len(values[x]))
    dataset = xr.Dataset(
        {
            name: (dims, once[name].to_numpy().reshape(lengths).transpose(axes).reshape(shape))
            for name in NUMBERS
        }
    )
    labels = [_named(line, value) for value in values[line]] if line else [""]
    combined = pd.MultiIndex.from_product([values[name] for name in rest]) if rest else [()]
    titles = [
        ", ".join(f"{name} = {_text(v)}" for name, v in zip(rest, one, strict=True)) for one in combined
    ]
    return dataset.assign_coords(panel=titles, line=labels)


def _named(column: str | None, value: Any) -> str:
    return _text(value) if column == names.CATEGORY else f"{column} = {_text(value)}"


def _text(value: Any) -> str:
    return selection.short(f"{value:.3g}" if isinstance(value, float | np.floating) else str(value))


def _check(dataset: xr.Dataset, line: str | None, rest: list[str]) -> None:
    for dim, most, column in ((SEVERAL, MOST_LINES, line), ("panel", MOST_PANELS, ", ".join(rest))):
        if dataset.sizes[dim] > most:
            raise DataError(
                f"{column} has {dataset.sizes[dim]} values here, and at most {most} {dim}s can be told "
                f"apart. Name some of them: at={{{column!r}: [...]}}; for the lines of all groups use "
                "fit.plot.group_lines()."
            )


def _positions(fit: Any, x: str, values: list[Any]) -> np.ndarray:
    return np.asarray(values, dtype=float) if is_number(fit, x) else np.arange(len(values), dtype=float)


def _residual(fit: Any, columns: list[str], wanted: Mapping[str, Any]) -> np.ndarray | None:
    """The response of each row less what is expected of it; None of categories, which are not moved."""
    if fit.design.response.categories:
        return None
    setting = setting_of(fit, RESPONSE, wanted.get("groups"), named=columns)

    def mean() -> np.ndarray:
        return np.asarray(epred(fit, draws=DRAWS, groups=setting.groups).mean(("chain", "draw")))

    expected = once(fit, ("expected", setting.groups), mean)
    trials = fit.design.trials
    return np.asarray(behind.outcomes_of(fit) - (expected if trials is None else expected / trials))


def _on_curves(dataset: xr.Dataset, where: np.ndarray, cells: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Height of its own curve at each row, NaN beyond the curve's ends."""
    curve, heights = dataset["x"].to_numpy(), np.full(len(where), np.nan)
    for j, k in np.ndindex(dataset.sizes["panel"], dataset.sizes[SEVERAL]):
        own = (cells[0] == j) & (cells[1] == k)
        mean = dataset["mean"].isel({"panel": j, SEVERAL: k}).to_numpy()
        heights[own] = np.interp(where[own], curve, mean, left=np.nan, right=np.nan)
    return heights


def _add_data(
    fit: Any,
    dataset: xr.Dataset,
    roles: _Roles,
    values: dict[str, list[Any]],
    *,
    residual: np.ndarray | None,
) -> str:
    x, line, rest = roles
    n = fit.design.n
    where = fit.design.columns[x].astype(float) if is_number(fit, x) else _level(fit, x, values[x])
    along = np.zeros(n, dtype=int)
    if line not in (None, names.CATEGORY):
        along = behind.nearest(fit, str(line), values[str(line)])
    panel = np.zeros(n, dtype=int)
    for name in rest:
        own = behind.nearest(fit, name, values[name])
        panel = np.where((own < 0) | (panel < 0), -1, panel * len(values[name]) + own)
    shape = dataset.sizes["panel"], dataset.sizes[SEVERAL]
    moved = None
    if residual is not None:
        moved = _on_curves(dataset, where, (panel, along)) + residual - behind.outcomes_of(fit)
        where = np.where(np.isfinite(moved), where, np.nan)
    dots = behind.behind(fit, where, (panel, along), shape, moved=moved)
    for name in ("x", "y", "n"):
        dataset[f"data_{name}"] = (("panel", SEVERAL, "dot"), getattr(dots, name))
    if not np.isfinite(dots.n).any():
        return ""
    low, high = np.nanmin(dots.n), np.nanmax(dots.n)
    numbered = [name for name in (line, *rest) if name not in (None, names.CATEGORY) and is_number(fit, name)]
    split = f" Rows are with the nearest value of {' and '.join(map(str, numbered))}." if numbered else ""
    size = f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"
    adjusted = " They are moved to the values held, as the model expects."
    return dots.words.format(n=size) + split + ("" if moved is None else adjusted)


def _level(fit: Any, x: str, values: list[Any]) -> np.ndarray:
    own = behind.nearest(fit, x, values)
    return np.where(own < 0, np.nan, own.astype(float))


def _texts(fit: Any, frame: pd.DataFrame, roles: _Roles, said: str) -> dict[str, Any]:
    x, line, rest = roles
    scale = str(frame.attrs["scale"])
    is_link = scale.startswith("link")
    words = selection.link_words(fit) if is_link else scale
    by = [name for name in (line, *rest) if name and name != names.CATEGORY]
    mark = "points and intervals" if not is_number(fit, x) else "lines and bands"
    caption = [f"Posterior means with {frame.attrs['interval']} intervals ({mark})."]
    if frame.attrs.get("held"):
        caption.append(f"Held: {frame.attrs['held']}.")
    if said:
        caption.append(said)
    return {
        "title": f"{words[0].upper()}{words[1:]} along {x}" + (f", by {' and '.join(by)}" if by else ""),
        "subtitle": str(frame.attrs["estimand"]),
        "caption": " ".join(caption),
        "xlabel": x,
        "ylabel": words,
        "zero_to_one": int(words.startswith("probability")),
    }


def draw_effects(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`effects_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`effects_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n = dataset.sizes["panel"]
    columns = min(3, n)
    page = canvas(dataset.attrs, max(6.6, 3.2 * columns), 4.3 if n == 1 else 2.9 * -(-n // columns), figsize)
    labels = dataset["line"].to_numpy().tolist()
    axes = lines.axes_of(dataset, labels)
    every = dataset[["mean"]]
    with styled(backend):
        pc = panels(every, page, facets=["panel"], backend=backend, columns=columns, sharex=True, sharey=True)
        pc.map(marks.rule_both, data=_one(dataset), store_artist=False)
        for k in range(len(labels)):
            _draw_line(pc, dataset.isel(line=k, drop=True), k, len(labels))
        lines.draw_labels(pc, dataset, axes, labels)
        pc.map(marks.x_range, data=_one(dataset), store_artist=False, limits=axes.x_limits)
        pc.map(marks.y_limits, data=_one(dataset), store_artist=False, limits=axes.y_limits)
        if "x_label" in dataset:
            ticks, texts = dataset["x"].to_numpy(), dataset["x_label"].to_numpy().tolist()
        else:
            ticks, texts = lines.round_ticks(dataset["x"].to_numpy(), most=7 if n == 1 else 4)
        pc.map(marks.x_names, data=_one(dataset), store_artist=False, ticks=ticks, labels=texts)
        if n > 1:
            pc.map(marks.panel_title, data=_titles(dataset), store_artist=False, size=9.5)
        bottom = _one(dataset).isel(panel=slice(max(0, n - columns), None))
        left = _one(dataset).isel(panel=slice(0, None, columns))
        pc.map(marks.x_title, data=bottom, text=dataset.attrs["xlabel"], store_artist=False)
        pc.map(marks.y_title, data=left, text=dataset.attrs["ylabel"], store_artist=False)
    return pc


def _one(ds: xr.Dataset) -> xr.Dataset:
    """One number for each panel, for what is drawn once in each."""
    return ds[["mean"]].isel(line=0, point=0, drop=True)


def _titles(ds: xr.Dataset) -> xr.Dataset:
    return xr.Dataset({"mean": ("panel", ds["panel"].to_numpy())}, coords={"panel": ds["panel"]})


def _draw_line(pc: PlotCollection, ds: xr.Dataset, k: int, n_lines: int) -> None:
    """One line of every panel: dots of the data, band and line, or points with intervals."""
    look = lines.look(k, n_lines)
    is_factor = "x_label" in ds
    shift = lines.dodge(k, n_lines) if is_factor else 0.0
    if "data_x" in ds and bool(ds["data_y"].notnull().any()):
        pc.map(
            marks.points,
            f"data_{k}",
            data=(ds["data_x"] + shift + (lines.ASIDE if is_factor else 0.0)).to_dataset(name="mean"),
            y=ds["data_y"],
            size=lines.areas(ds["data_n"]),
            marker=look.marker,
            facecolor="white" if float(ds["data_n"].max()) > 1 else look.colour,
            edgecolor=look.colour,
            width=0.9 if float(ds["data_n"].max()) > 1 else 0.0,
            alpha=0.75 if float(ds["data_n"].max()) > 1 else 0.35,
        )
    if is_factor:
        x = ds["x"] + shift
        sides = {"lower": ds["lower"], "upper": ds["upper"]}
        place = x.broadcast_like(ds["mean"]).to_dataset(name="mean")
        pc.map(marks.uprights, f"interval_{k}", data=place, **sides, color=look.colour, width=2.2)
        pc.map(
            marks.points,
            f"mean_{k}",
            data=place,
            y=ds["mean"],
            marker=look.marker,
            color=look.colour,
            size=48,
        )
        return
    lines.draw_band(pc, ds, k, n_lines)
