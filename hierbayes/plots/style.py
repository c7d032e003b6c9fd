"""How every picture looks: colours, sizes, and the title, subtitle and caption around the panels.

The colours are from the palette of Okabe and Ito (2008), which stays distinct under the common kinds of
colour blindness; nothing is told by colour alone, so a picture can be read in grey too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any

import xarray as xr

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

BLUE = "#0072B2"  # partial pooling, posterior
ORANGE = "#D55E00"  # the population, and what was observed
GREY = "#8A8A8A"  # no pooling, data, everything that stays behind
PALE = "#C9C9C9"
INK = "#222222"
MUTED = "#555555"
DASHED = "C1"  # the second linestyle of every backend

TITLE_SIZE, SUBTITLE_SIZE, CAPTION_SIZE, LABEL_SIZE, TICK_SIZE = 13.0, 10.0, 8.5, 10.0, 9.0

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


@dataclass(frozen=True)
class Canvas:
    """A figure's size and the text around its panels.

    Attributes
    ----------
    width, height : float
        Size in inches; ``height`` includes the room for the text.
    title, subtitle, caption : str
        Already wrapped to the width.
    top, bottom : float
        Inches that the text takes above and below the panels.
    """

    width: float
    height: float
    title: str
    subtitle: str
    caption: str
    top: float
    bottom: float

    def figure_kwargs(self, backend: str, **more: Any) -> dict[str, Any]:
        """Keywords for arviz-plots' ``create_plotting_grid``."""
        if backend == "matplotlib":
            return {"figsize": (self.width, self.height), "figsize_units": "inches", **more}
        return {"figsize": (100 * self.width, 100 * self.height), "figsize_units": "dots", **more}


def canvas(
    attrs: Mapping[str, Any], width: float, height: float, figsize: tuple[float, float] | None = None
) -> Canvas:
    """Measure the text in a Dataset's attrs (``title``, ``subtitle``, ``caption``) around its panels.

    Parameters
    ----------
    attrs : mapping
        Attributes of a plot's Dataset.
    width, height : float
        Size of the panels together, in inches.
    figsize : tuple of float, optional
        Size of the whole figure in inches, instead.
    """
    if figsize is not None:
        width = figsize[0]
    title = _wrap(str(attrs.get("title", "")), width, TITLE_SIZE * 1.1)
    subtitle = _wrap(str(attrs.get("subtitle", "")), width, SUBTITLE_SIZE)
    caption = _wrap(str(attrs.get("caption", "")), width, CAPTION_SIZE)
    top = 0.14 + _tall(title, TITLE_SIZE) + _tall(subtitle, SUBTITLE_SIZE)
    bottom = 0.10 + _tall(caption, CAPTION_SIZE)
    total = figsize[1] if figsize is not None else height + top + bottom
    return Canvas(width, total, title, subtitle, caption, top, bottom)


def _wrap(text: str, width: float, size: float) -> str:
    characters = max(20, int((width - 0.3) * 72 / (0.545 * size)))
    kept = text.replace(" %", "\u00a0%")
    return "\n".join(textwrap.fill(line, characters) for line in kept.splitlines())


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\u00a0", " ")


def _tall(text: str, size: float) -> float:
    return (text.count("\n") + 1) * 1.32 * size / 72 if text else 0.0


def furnish(pc: PlotCollection, page: Canvas) -> PlotCollection:
    """Write title, subtitle and caption; with every backend ``pc.viz`` has the last two by name."""
    _FURNISHERS.get(pc.backend, _joined_title)(pc, page)
    for name in ("subtitle", "caption"):
        pc.viz[name] = xr.DataArray(_one_line(getattr(page, name)))
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
    below_title = 1 - (0.08 + _tall(page.title, TITLE_SIZE)) / page.height
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
    pc.add_title(_one_line(page.title))


def _joined_title(pc: PlotCollection, page: Canvas) -> None:
    parts = [part for part in (page.title, page.subtitle, page.caption) if part]
    pc.add_title("<br>".join("\n".join(parts).split("\n")), size=TITLE_SIZE)


_FURNISHERS: Mapping[str, Callable[[Any, Canvas], None]] = {
    "matplotlib": _matplotlib_text,
    "none": _plain_title,
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
