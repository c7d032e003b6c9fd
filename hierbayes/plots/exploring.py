"""Pictures of data before any fit: ``hb.plot.proportions`` and ``hb.plot.group_means``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hierbayes.errors import DataError
from hierbayes.estimates import exploring
from hierbayes.plots import marks, selection
from hierbayes.plots.style import BLUE, DASHED, INK, ORANGE, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

LINE_LOOKS = ((BLUE, "C0"), (ORANGE, "C1"), ("#009E73", "C2"), (INK, "C3"))
MOST_LINES, MOST_PANELS = len(LINE_LOOKS), 12
ALL = "all rows"


def proportions(
    data: Any,
    response: str,
    x: str,
    panels: str | None = None,
    *,
    lines: str | None = None,
    event: Any = None,
    span: float = exploring.SPAN,
    backend: str | None = None,
) -> PlotCollection:
    """Draw smoothed proportions of a binary response along a covariate, before any model.

    Parameters
    ----------
    data : frame or mapping of columns
        Anything narwhals understands; rows with missing values are left out, and said so.
    response : str
        A column with two values.
    x : str
        A column of numbers.
    panels, lines : str, optional
        Columns with few levels: one panel for each level, and in it one line for each.
    event : optional
        The value whose proportion to draw; the second of its levels by default.
    span : float
        Share of the rows of a line in each window of the smoother.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If there is no such column, or no such value of the response.
    DataError
        If the response has not two values, ``x`` is no number, or there are more than 4 lines or 12 panels.

    Examples
    --------
    >>> hb.plot.proportions(df, "use", "age", panels="urban", lines="ch")
    """
    found = proportions_data(data, response, x, panels, lines=lines, event=event, span=span)
    return draw_proportions(found, backend=backend_name(backend))


def proportions_data(
    data: Any,
    response: str,
    x: str,
    panels: str | None = None,
    *,
    lines: str | None = None,
    event: Any = None,
    span: float = exploring.SPAN,
) -> xr.Dataset:
    """What the plot of proportions draws.

    Returns
    -------
    xarray.Dataset
        Over (panel, line, point), NaN for a line with fewer than 10 rows: ``x``, ``proportion``, ``lower``
        and ``upper``, pointwise 95 % limits; over (panel, line): ``n``.
    """
    used = [name for name in (response, x, panels, lines) if name is not None]
    frame, dropped = exploring.complete_rows(data, used)
    y, called = exploring.as_event(frame[response], event)
    try:
        along = frame[x].to_numpy(dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{x!r} is not a column of numbers: proportions are drawn along one.") from error
    panel_levels, panel_of = _levels(frame, panels, MOST_PANELS)
    line_levels, line_of = _levels(frame, lines, MOST_LINES)
    shape = (len(panel_levels), len(line_levels), exploring.GRID)
    arrays = np.full((4, *shape), np.nan)
    n = np.zeros(shape[:2], dtype=int)
    for i, panel in enumerate(panel_levels):
        for j, line in enumerate(line_levels):
            own = (panel_of == panel) & (line_of == line)
            n[i, j] = own.sum()
            if n[i, j] < exploring.FEWEST or np.ptp(along[own]) == 0:
                continue
            at = np.linspace(along[own].min(), along[own].max(), exploring.GRID)
            arrays[:, i, j] = at, *exploring.smoothed_proportion(y[own], along[own], at, span)
    dims = ("panel", "line", "point")
    names = ("x", "proportion", "lower", "upper")
    found = xr.Dataset(
        {name: (dims, array) for name, array in zip(names, arrays, strict=True)},
        coords={"panel": panel_levels, "line": line_levels},
    )
    found["n"] = (("panel", "line"), n)
    titles = [f"{panels}: {selection.short(p)}" if panels else "" for p in panel_levels]
    sums = n.sum(axis=1)
    found["panel_title"] = (
        "panel",
        [f"{title}  ({s:,} rows)".strip() for title, s in zip(titles, sums, strict=True)],
    )
    found.attrs = {
        "title": f"Proportion of {response} = {called} along {x}",
        "subtitle": "the data, smoothed" + (f"; lines: {lines}" if lines else ""),
        "caption": _how_smoothed(span, few=int((n < exploring.FEWEST).sum()), dropped=dropped),
        "xlabel": x,
        "ylabel": f"proportion of {response} = {called}",
    }
    return found


def _how_smoothed(span: float, *, few: int, dropped: int) -> str:
    caption = [
        f"Local logistic regression, {100 * span:g} % of the rows of a line in each window; bands: pointwise "
        "95 % intervals that take rows for independent."
    ]
    if few:
        caption.append(f"{few} lines with fewer than {exploring.FEWEST} rows are not drawn.")
    if dropped:
        caption.append(f"{dropped:,} rows with missing values are left out.")
    return " ".join(caption)


def _levels(frame: Any, column: str | None, most: int) -> tuple[list[str], Any]:
    if column is None:
        return [ALL], np.full(len(frame), ALL, dtype=object)
    levels = exploring.levels_in(frame[column])
    if len(levels) > most:
        raise DataError(
            f"{column!r} has {len(levels)} levels, and at most {most} can be told apart here. Take a column "
            "with fewer, or cut it into ranges with pandas.cut."
        )
    return levels, frame[column].astype(str).to_numpy()


def draw_proportions(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`proportions_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`proportions_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n = dataset.sizes["panel"]
    columns = min(n, 3)
    page = canvas(dataset.attrs, max(5.4, 3.2 * columns), 3.2 * -(-n // columns), figsize)
    several = dataset.sizes["line"] > 1
    with styled(backend):
        pc = panels(
            dataset, page, facets=["panel"], backend=backend, columns=columns, sharex=True, sharey=True
        )
        titles = dataset[["panel_title"]]
        pc.map(marks.rule_both, data=titles, store_artist=False)
        for j, line in enumerate(dataset["line"].to_numpy()):
            colour, dash = LINE_LOOKS[j]
            own = dataset.isel(line=j, drop=True)
            band = {"x": own["x"], "upper": own["upper"], "color": colour, "alpha": 0.16}
            pc.map(marks.band, f"band_{j}", data=own[["lower"]], **band)
            look = {"color": colour, "linestyle": dash, "width": 2.2}
            pc.map(marks.curve, f"line_{j}", data=own[["proportion"]], x=own["x"], **look)
            if several:
                pc.map(
                    marks.end_label,
                    data=own[["proportion"]],
                    x=own["x"],
                    text=str(line),
                    color=colour,
                    store_artist=False,
                )
        pc.map(marks.panel_title, data=titles, store_artist=False, size=9.5)
        bottom = titles.isel(panel=slice(max(0, n - columns), None))
        pc.map(marks.x_title, data=bottom, text=dataset.attrs["xlabel"], store_artist=False)
        left = titles.isel(panel=slice(0, None, columns))
        pc.map(marks.y_title, data=left, text=dataset.attrs["ylabel"], store_artist=False)
        pc.map(marks.y_limits, data=left, store_artist=False, limits=_share_limits(dataset))
    return pc


def _share_limits(ds: xr.Dataset) -> tuple[float, float]:
    highest = float(ds["upper"].max())
    return (-0.02, 1.02) if highest > 0.7 or not np.isfinite(highest) else (-0.02, 1.1 * highest)


def group_means(data: Any, response: str, group: str, *, backend: str | None = None) -> PlotCollection:
    """Draw the mean of each group's own rows, or its share of an event, in order with 95 % intervals.

    Parameters
    ----------
    data : frame or mapping of columns
        Anything narwhals understands.
    response, group : str
        A column of numbers or with two values, and a grouping factor.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    UnknownNameError
        If there is no such column.
    DataError
        If the response is neither a number nor has two values.

    Examples
    --------
    >>> hb.plot.group_means(exam, "normexam", "school")
    """
    return draw_group_means(group_means_data(data, response, group), backend=backend_name(backend))


def group_means_data(data: Any, response: str, group: str) -> xr.Dataset:
    """What the plot of group means draws.

    Returns
    -------
    xarray.Dataset
        Over (rank), in the order of the means: ``level``, ``n``, ``mean``, ``lower``, ``upper``; ``overall``.
    """
    frame = exploring.means_by_group(data, response, group)
    found = xr.Dataset({name: ("rank", frame[name].to_numpy()) for name in frame})
    found["overall"] = frame.attrs["overall"]
    event = frame.attrs["event"]
    what = f"share of {response} = {event}" if event else f"mean of {response}"
    how = "Wilson's" if event else "Student's t"
    caption = (
        f"Of each group's own rows alone: small groups scatter most. 95 % intervals ({how}); open marker: "
        f"fewer than {exploring.FEWEST} rows."
    )
    if frame.attrs["dropped"]:
        caption += f" {frame.attrs['dropped']:,} rows with missing values are left out."
    found.attrs = {
        "title": f"{what[0].upper()}{what[1:]} by {group}",
        "subtitle": f"{len(frame):,} groups in order ┆ all rows together",
        "caption": caption,
        "xlabel": what,
        "ylabel": f"{group}  (number of rows)",
    }
    return found


def draw_group_means(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`group_means_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`group_means_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n = dataset.sizes["rank"]
    crowded, height = n > 150, selection.rows_height(n)
    page = canvas(dataset.attrs, 6.4, height, figsize)
    rank = xr.DataArray(np.arange(n, dtype=float), dims=["rank"])
    few = dataset["n"] < exploring.FEWEST
    with styled(backend):
        every = dataset[["mean"]]
        pc = panels(every, page, facets=[], backend=backend)
        pc.map(marks.rule_x, data=every, store_artist=False)
        overall = {"span": selection.span(n), "color": ORANGE, "linestyle": DASHED, "width": 1.4}
        pc.map(marks.upright, "overall", data=dataset[["overall"]], **overall)
        ends = {"x_end": dataset["upper"], "y": rank, "color": BLUE, "width": 0.5 if crowded else 1.2}
        pc.map(marks.segments, "interval", data=dataset[["lower"]], alpha=0.7, **ends)
        dots = {"y": rank, "edgecolor": BLUE, "size": 4 if crowded else 18, "width": 0.8}
        pc.map(marks.points, "mean", data=every, mask=~few, facecolor=BLUE, **dots)
        pc.map(marks.points, "few", data=every, mask=few, facecolor="white", **dots)
        shown = np.arange(0, n, selection.label_step(n, height))
        labels = [
            f"{selection.short(str(dataset['level'].values[i]))}  ({dataset['n'].values[i]})" for i in shown
        ]
        pc.map(marks.y_limits, data=every, store_artist=False, limits=selection.span(n))
        pc.map(marks.y_names, data=every, store_artist=False, ticks=shown, labels=labels, size=7.5)
        pc.map(marks.x_title, data=every, text=dataset.attrs["xlabel"], store_artist=False)
        pc.map(marks.y_title, data=every, text=dataset.attrs["ylabel"], store_artist=False)
    return pc
