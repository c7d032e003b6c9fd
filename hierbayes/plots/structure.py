"""Pictures of how data are grouped: ``hb.plot.group_sizes`` and ``hb.plot.structure``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes.design.structure import describe_structure
from hierbayes.errors import DataError
from hierbayes.estimates import exploring
from hierbayes.plots import marks, selection
from hierbayes.plots.style import BLUE, DASHED, INK, backend_name, canvas, panels, styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

MOST_CELLS = 8000
MOST_NAMES = 8


def group_sizes(data: Any, group: str, *, backend: str | None = None) -> PlotCollection:
    """Draw the number of rows of each group, the largest first.

    Parameters
    ----------
    data : frame or mapping of columns
        Anything narwhals understands.
    group : str
        A grouping factor.
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

    Examples
    --------
    >>> hb.plot.group_sizes(exam, "school")
    """
    return draw_group_sizes(group_sizes_data(data, group), backend=backend_name(backend))


def group_sizes_data(data: Any, group: str) -> xr.Dataset:
    """What the plot of group sizes draws.

    Returns
    -------
    xarray.Dataset
        Over (rank), the largest first: ``n``, ``level`` and ``place``, 0, 1, ...;
        ``median``.
    """
    frame, dropped = exploring.complete_rows(data, [group])
    sizes = frame[group].astype(str).value_counts().sort_index().sort_values(ascending=False, kind="stable")
    n = sizes.to_numpy()
    found = xr.Dataset(
        {"n": ("rank", n.astype(float)), "level": ("rank", sizes.index.to_numpy(dtype=object))}
    )
    found["place"] = ("rank", np.arange(n.size, dtype=float))
    found["median"] = float(np.median(n))
    single = int((n == 1).sum())
    text = f"{n.sum():,} rows. Smallest {n.min():,}, median {np.median(n):g}, mean {n.mean():.1f}, largest "
    caption = f"{text}{n.max():,}. " + (f"{single:,} groups have a single row." if single else "")
    if dropped:
        caption += f" {dropped:,} rows have no group."
    found.attrs = {
        "title": f"Rows in each {group}",
        "subtitle": f"{n.size:,} groups, the largest first; ┅ median",
        "caption": caption.strip(),
        "xlabel": f"{group}, in the order of size",
        "ylabel": "number of rows",
    }
    return found


def draw_group_sizes(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`group_sizes_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`group_sizes_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    size = dataset.sizes["rank"]
    page = canvas(dataset.attrs, 6.4, 3.2, figsize)
    at = dataset[["place"]]
    with styled(backend):
        pc = panels(dataset[["n"]], page, facets=[], backend=backend)
        width = float(np.clip(240 / size, 0.4, 5.0))
        zero = xr.zeros_like(dataset["n"])
        pc.map(marks.uprights, "sizes", data=at, lower=zero, upper=dataset["n"], color=BLUE, width=width)
        ends = xr.Dataset({"median": ("end", [float(dataset["median"])] * 2)})
        x = np.array([-0.5, size - 0.5])
        pc.map(marks.curve, "median", data=ends, x=x, color=INK, linestyle=DASHED, width=1.2)
        every = dataset[["n"]]
        pc.map(marks.y_limits, data=every, store_artist=False, limits=(0.0, 1.05 * float(dataset["n"].max())))
        if size <= 12:
            labels = [selection.short(str(level)) for level in dataset["level"].to_numpy()]
            pc.map(marks.x_names, data=every, store_artist=False, ticks=range(size), labels=labels)
        pc.map(marks.x_title, data=every, text=dataset.attrs["xlabel"], store_artist=False)
        pc.map(marks.y_title, data=every, text=dataset.attrs["ylabel"], store_artist=False)
    return pc


def structure(data: Any, groups: Sequence[str], *, backend: str | None = None) -> PlotCollection:
    """Draw which levels of grouping factors occur together: stairs are nested, a full field is crossed.

    Parameters
    ----------
    data : frame or mapping of columns
        Anything narwhals understands.
    groups : sequence of str
        Two to four columns that are grouping factors.
    backend : str, optional
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``; ``arviz_base.rcParams["plot.backend"]`` by
        default.

    Returns
    -------
    arviz_plots.PlotCollection

    Raises
    ------
    ColumnNotFoundError
        If there is no such column.
    DataError
        If there are fewer than two factors, or more than four.

    Examples
    --------
    >>> hb.plot.structure(exam, ["school", "type"])
    """
    return draw_structure(structure_data(data, groups), backend=backend_name(backend))


def structure_data(data: Any, groups: Sequence[str]) -> xr.Dataset:
    """What the structure map draws.

    Returns
    -------
    xarray.Dataset
        Over (pair, cell), padded with NaN: ``x`` and ``y``, places of the levels of the first and of the
        other factor, ``n`` (rows); over (pair): ``n_cells``, ``relation``; over (pair, place): ``x_level``
        and ``y_level``, names of the levels of a factor with at most 8.
    """
    names = [groups] if isinstance(groups, str) else list(dict.fromkeys(groups))
    if not 2 <= len(names) <= 4:
        raise DataError(
            f"A structure map needs two to four grouping factors, and {len(names)} were given. "
            "hb.plot.group_sizes() draws one; hb.describe_structure() describes any number in words."
        )
    found = describe_structure(data, names).relations
    cells = [exploring.meetings(data, a, b) for a, b in zip(found["factor"], found["other"], strict=True)]
    arrays = np.full((3, len(cells), min(MOST_CELLS, max(map(len, cells)))), np.nan)
    for k, each in enumerate(cells):
        shown = np.unique(np.linspace(0, len(each) - 1, min(len(each), MOST_CELLS)).round().astype(int))
        arrays[:, k, : shown.size] = each[["place_first", "place_other", "n"]].to_numpy(dtype=float)[shown].T
    pairs = [f"{a}, {b}" for a, b in zip(found["factor"], found["other"], strict=True)]
    data_set = xr.Dataset(
        {name: (("pair", "cell"), array) for name, array in zip("xyn", arrays, strict=True)},
        coords={"pair": pairs},
    )
    data_set["n_cells"] = ("pair", found["n_cells"].to_numpy())
    data_set["relation"] = ("pair", found["relation"].to_numpy(dtype=object))
    data_set["panel_title"] = ("pair", [_words(row) for row in found.to_dict("records")])
    for axis, factor in (("panel_x", "factor"), ("panel_y", "other")):
        levels = [each[name].nunique() for each, name in zip(cells, found[factor], strict=True)]
        said = [f"{name} ({count:,} levels)" for name, count in zip(found[factor], levels, strict=True)]
        data_set[axis] = ("pair", said)
    for axis, factor in (("x", "factor"), ("y", "other")):
        place = "place_first" if axis == "x" else "place_other"
        names_of = [_names(each, name, place) for each, name in zip(cells, found[factor], strict=True)]
        data_set[f"{axis}_level"] = (("pair", "place"), np.array(names_of, dtype=object))
    cut = max(map(len, cells)) > MOST_CELLS
    data_set.attrs = {
        "title": "How the grouping factors are arranged",
        "subtitle": "a mark: the two levels occur together in some rows",
        "caption": "Larger marks: more rows. Levels are ordered so that nesting looks like stairs; a full "
        "field is crossed. Percentages: of the combinations that there could be."
        + (f" At most {MOST_CELLS:,} combinations of a pair are drawn." if cut else ""),
    }
    return data_set


def _names(cells: pd.DataFrame, factor: str, place: str) -> list[str]:
    """The levels of a factor in their places, padded; none of one with many."""
    levels = cells.drop_duplicates(place).sort_values(place)[factor].tolist()
    shown = [selection.short(level) for level in levels] if len(levels) <= MOST_NAMES else []
    return [*shown, *[""] * (MOST_NAMES - len(shown))]


def _words(row: dict[Any, Any]) -> str:
    factor, other, relation = row["factor"], row["other"], row["relation"]
    if relation == "nested":
        return f"{factor} nested in {other}"
    if relation == "same":
        return f"{factor} and {other}: the same"
    return str(relation) + ("" if relation == "fully crossed" else f", {100 * row['share']:.2g} %")


def draw_structure(
    dataset: xr.Dataset, *, backend: str = "matplotlib", figsize: tuple[float, float] | None = None
) -> PlotCollection:
    """Draw what :func:`structure_data` made.

    Parameters
    ----------
    dataset : xarray.Dataset
        See :func:`structure_data`.
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.
    figsize : tuple of float, optional
        Width and height in inches.
    """
    n = dataset.sizes["pair"]
    columns = min(n, 3)
    page = canvas(dataset.attrs, max(4.8, 3.4 * columns), 3.3 * -(-n // columns), figsize)
    largest = dataset["n"].max("cell")
    levels = dataset["x"].max("cell")
    base = levels.copy(data=np.select([levels > 300, levels > 60], [1.5, 5.0], 18.0))
    area = base * (0.35 + 1.65 * np.sqrt(dataset["n"] / largest))
    with styled(backend):
        pc = panels(dataset, page, facets=["pair"], backend=backend, columns=columns)
        pc.map(
            marks.points,
            "cells",
            data=dataset[["x"]],
            y=dataset["y"],
            size=area,
            marker="s",
            color=BLUE,
            width=0,
        )
        pc.map(marks.panel_title, data=dataset[["panel_title"]], store_artist=False, size=9.5)
        pc.map(marks.x_title, data=dataset[["panel_x"]], store_artist=False)
        for pair, text in zip(dataset["pair"].to_numpy(), dataset["panel_y"].to_numpy(), strict=True):
            own = dataset[["panel_title"]].sel(pair=[pair])
            pc.map(marks.y_title, data=own, text=str(text), store_artist=False)
            for axis, named in (("x", marks.x_names), ("y", marks.y_names)):
                labels = [name for name in dataset[f"{axis}_level"].sel(pair=pair).to_numpy() if name]
                pc.map(named, data=own, ticks=range(len(labels)), labels=labels, store_artist=False)
            highest = float(dataset["y"].sel(pair=pair).max()) + 0.6
            pc.map(marks.y_limits, data=own, limits=(-0.6, highest), store_artist=False)
    return pc
