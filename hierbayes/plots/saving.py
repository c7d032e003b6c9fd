"""A drawn plot as PNG, for files and for reports."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from hierbayes.errors import ArgumentTypeError
from hierbayes.plots.style import styled

if TYPE_CHECKING:
    from arviz_plots import PlotCollection


def save_png(
    plot_collection: PlotCollection, to: str | Path | BinaryIO, dpi: float = 130, *, compression: int = 6
) -> None:
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
    compression : int
        From 0, large and quick, to 9.

    Raises
    ------
    ArgumentTypeError
        If the plot was drawn with another backend.

    Examples
    --------
    >>> save_png(fit.plot.shrinkage(), "shrinkage.png")
    """
    from matplotlib.figure import Figure

    figure: Any = plot_collection.get_viz("figure")
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
            figure.savefig(to, format="png", dpi=dpi, pil_kwargs={"compress_level": compression})
        finally:
            plt.close(figure)


def to_png_bytes(plot_collection: PlotCollection, dpi: float = 130, *, compression: int = 6) -> bytes:
    """A plot as the bytes of a PNG file; its figure is closed. See :func:`save_png`."""
    buffer = io.BytesIO()
    save_png(plot_collection, buffer, dpi, compression=compression)
    return buffer.getvalue()
