"""A drawn plot as PNG, for files, and as pixels, for reports."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from hierbayes.errors import ArgumentTypeError, StorageError
from hierbayes.plots.style import styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection
    from matplotlib.figure import Figure


def save_png(plot_collection: PlotCollection, to: str | Path | BinaryIO, dpi: float = 130) -> None:
    """Write a plot as PNG and close its figure.

    No display is needed: PNG is always rendered by Agg, whatever the interactive backend.

    Parameters
    ----------
    plot_collection : PlotCollection
        A plot drawn with the matplotlib backend.
    to : path or binary file object
        Where the picture goes.
    dpi : float
        Pixels per inch.

    Raises
    ------
    ArgumentTypeError
        If the plot was drawn with another backend.
    StorageError
        If the file cannot be written.

    Examples
    --------
    >>> save_png(fit.plot.shrinkage(), "shrinkage.png")
    """
    with _figure(plot_collection) as figure:
        try:
            figure.savefig(to, format="png", dpi=dpi)
        except OSError as error:
            raise StorageError(
                f"The picture could not be written to {to}: {error.strerror or error}. Choose another place."
            ) from error


def to_png_bytes(plot_collection: PlotCollection, dpi: float = 130) -> bytes:
    """A plot as the bytes of a PNG file; its figure is closed. See :func:`save_png`."""
    buffer = io.BytesIO()
    save_png(plot_collection, buffer, dpi)
    return buffer.getvalue()


def to_pixels(plot_collection: PlotCollection, dpi: float = 130) -> NDArray[np.uint8]:
    """A plot as an array of shape (height, width, 4): red, green, blue and opacity; its figure is closed.

    See :func:`save_png`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with _figure(plot_collection) as figure:
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.array(canvas.buffer_rgba(), dtype=np.uint8)


@contextmanager
def _figure(plot_collection: PlotCollection) -> Iterator[Figure]:
    """The figure of a plot, to be rendered in our style, then closed."""
    from matplotlib.figure import Figure

    figure = plot_collection.get_viz("figure")
    if not isinstance(figure, Figure):
        raise ArgumentTypeError(
            "A PNG can only be written of a plot drawn with backend 'matplotlib'; this one has "
            f"{plot_collection.backend!r}. "
            "Draw it again with backend='matplotlib'."
        )
    import matplotlib.pyplot as plt

    with styled("matplotlib"), warnings.catch_warnings():
        # labels from data may be in scripts that the font lacks; a box is drawn in their place
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        try:
            yield figure
        finally:
            plt.close(figure)
