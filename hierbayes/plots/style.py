"""How every picture looks: its style, and the title, subtitle and caption around the panels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

import xarray as xr

from hierbayes.plots.browsers import bokeh_page, plotly_page
from hierbayes.plots.page import (
    BLUE,
    CAPTION_SIZE,
    DASHED,
    GREY,
    INK,
    LABEL_SIZE,
    MUTED,
    ORANGE,
    PALE,
    SUBTITLE_SIZE,
    TICK_SIZE,
    TITLE_SIZE,
    Canvas,
    canvas,
    one_line,
    tall,
)

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

__all__ = [
    "BLUE", "DASHED", "GREY", "INK", "MUTED", "ORANGE", "PALE",
    "Canvas", "backend_name", "canvas", "furnish", "panels", "styled",
]  # fmt: skip

_RC: dict[str, Any] = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": LABEL_SIZE,
    "axes.labelpad": 6.0,
    "axes.titlesize": LABEL_SIZE + 0.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": TICK_SIZE,
    "ytick.labelsize": TICK_SIZE,
    "text.color": INK,
    "text.parse_math": False,  # a label from the data may hold dollar signs
    "lines.solid_capstyle": "round",
    "grid.color": "#E9E9E9",
    "grid.linewidth": 0.7,
}

_lock = RLock()


@contextmanager
def styled(backend: str) -> Iterator[None]:
    """Draw in our style; what the user has set in matplotlib's rcParams wins, and both rcParams are put back.

    Parameters
    ----------
    backend : str
        ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.

    Notes
    -----
    rcParams belong to the process: a lock lets one thread draw at a time.
    """
    from arviz_base import rc_context

    with _lock, rc_context({"plot.max_subplots": None}), _STYLES.get(backend, _no_style)():
        yield


@contextmanager
def _matplotlib_style() -> Iterator[None]:
    import matplotlib as mpl

    untouched = {key: value for key, value in _RC.items() if mpl.rcParams[key] == mpl.rcParamsDefault[key]}
    interactive = mpl.is_interactive()
    try:
        with mpl.rc_context(untouched):
            try:
                yield
            finally:
                interactive = mpl.is_interactive()
    finally:
        # The first figure loads the backend, and Jupyter's then turns the interactive mode on, without which
        # it shows no further figure: rc_context would turn it off again.
        mpl.interactive(interactive)


@contextmanager
def _no_style() -> Iterator[None]:
    yield


_STYLES: Mapping[str, Any] = {"matplotlib": _matplotlib_style}


def backend_name(backend: str | None) -> str:
    """The backend asked for, or the one in ``arviz_base.rcParams["plot.backend"]``."""
    from arviz_base import rcParams

    return backend if backend is not None else str(rcParams["plot.backend"])


def furnish(pc: PlotCollection, page: Canvas) -> PlotCollection:
    """Write title, subtitle and caption; with every backend ``pc.viz`` has the last two by name."""
    _FURNISHERS.get(pc.backend, _plain_title)(pc, page)
    for name in ("subtitle", "caption"):
        pc.viz[name] = xr.DataArray(one_line(getattr(page, name)))
    return pc


def _matplotlib_text(pc: PlotCollection, page: Canvas) -> None:
    figure = pc.get_viz("figure")
    top, bottom = page.top / page.height, page.bottom / page.height
    left = 0.10 / page.width
    pc.add_title(
        page.title,
        color=INK,
        size=TITLE_SIZE,
        fontweight="bold",
        x=left,
        y=1 - 0.08 / page.height,
        ha="left",
        va="top",
    )
    below_title = 1 - (0.08 + tall(page.title, TITLE_SIZE)) / page.height
    figure.text(
        left,
        below_title,
        page.subtitle,
        fontsize=SUBTITLE_SIZE,
        color=MUTED,
        ha="left",
        va="top",
        linespacing=1.25,
    )
    figure.text(
        left,
        0.06 / page.height,
        page.caption,
        fontsize=CAPTION_SIZE,
        color=MUTED,
        ha="left",
        va="bottom",
        linespacing=1.25,
    )
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0.6 * left, bottom, 1 - 0.6 * left, 1 - top - bottom))


def _plain_title(pc: PlotCollection, page: Canvas) -> None:
    pc.add_title(one_line(page.title))


_FURNISHERS: Mapping[str, Callable[[Any, Canvas], None]] = {
    "matplotlib": _matplotlib_text,
    "plotly": plotly_page,
    "bokeh": bokeh_page,
}


def panels(
    data: xr.Dataset, page: Canvas, *, facets: Sequence[str], backend: str, columns: int = 4, **figure: Any
) -> PlotCollection:
    """An empty PlotCollection with one panel per coordinate value of ``facets``, and its text."""
    from arviz_plots import PlotCollection

    complete = [name for name, array in data.data_vars.items() if set(facets) <= set(array.dims)]
    pc = PlotCollection.wrap(
        data[complete],
        cols=list(facets),
        col_wrap=columns,
        backend=backend,
        figure_kwargs=page.figure_kwargs(backend, **figure),
    )
    return furnish(pc, page)
