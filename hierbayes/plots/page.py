"""A figure's page: colours, letter sizes, and how much room the text around the panels takes.

The colours are from the palette of Okabe and Ito (2008), which stays distinct under the common kinds of
colour blindness; nothing is told by colour alone, so a picture can be read in grey too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BLUE = "#0072B2"  # partial pooling, posterior
ORANGE = "#D55E00"  # the population, and what was observed
GREY = "#8A8A8A"  # no pooling, data, everything that stays behind
PALE = "#C9C9C9"
INK = "#222222"
MUTED = "#555555"
DASHED = "C1"  # the second linestyle of every backend

TITLE_SIZE, SUBTITLE_SIZE, CAPTION_SIZE, LABEL_SIZE, TICK_SIZE = 13.0, 10.0, 8.5, 10.0, 9.0


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
        height = self.height - (self.top + self.bottom if backend == "bokeh" else 0.0)
        return {"figsize": (100 * self.width, 100 * height), "figsize_units": "dots", **more}


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
    top = 0.14 + tall(title, TITLE_SIZE) + tall(subtitle, SUBTITLE_SIZE)
    bottom = 0.10 + tall(caption, CAPTION_SIZE)
    total = figsize[1] if figsize is not None else height + top + bottom
    return Canvas(width, total, title, subtitle, caption, top, bottom)


def _wrap(text: str, width: float, size: float) -> str:
    characters = max(20, int((width - 0.3) * 72 / (0.545 * size)))
    kept = text.replace(" %", "\u00a0%")
    return "\n".join(textwrap.fill(line, characters) for line in kept.splitlines())


def one_line(text: str) -> str:
    """A wrapped text as it was before."""
    return text.replace("\n", " ").replace("\u00a0", " ")


def tall(text: str, size: float) -> float:
    """Inches that the lines of a text take."""
    return (text.count("\n") + 1) * 1.32 * size / 72 if text else 0.0
