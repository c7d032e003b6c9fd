"""Several lines in one panel: their looks, the labels at their ends, and axes with room for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes.plots import marks
from hierbayes.plots.style import BLUE, INK, ORANGE

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

type Floats = NDArray[np.float64]

COLOURS = (BLUE, ORANGE, "#009E73", "#AA4499", INK, "#56B4E9", "#B8860B", "#7A7A7A")
STYLES = ("C0", "C1", "C2", "C3")
MARKERS = ("o", "s", "^", "D")
ASIDE = 0.07  # of data beside the point of a level
GAP = 0.062  # between the labels of two lines, as a share of the height
LETTER = 0.0155  # width of a letter of a label, as a share of a panel


@dataclass(frozen=True)
class Look:
    """Colour, linestyle and marker of one line; lines differ by style too, so that grey will do."""

    colour: str
    style: str
    marker: str


def look(k: int, n: int) -> Look:
    """How line ``k`` of ``n`` looks."""
    return Look(COLOURS[k % len(COLOURS)], STYLES[k % 4], MARKERS[k % 4] if n > 1 else "o")


def dodge(k: int, n: int) -> float:
    """How far the points of line ``k`` of ``n`` are from the position of a level."""
    return 0.0 if n == 1 else (k - (n - 1) / 2) * min(0.22, 0.7 / n)


def areas(n: xr.DataArray) -> xr.DataArray:
    """Areas of dots that stand for so many rows: the largest 90, none below 10."""
    most = float(n.max())
    if most <= 1:
        return xr.full_like(n, 9.0)
    return (90.0 * n.fillna(1.0) / most).clip(min=10.0)


@dataclass(frozen=True)
class Axes:
    """Limits of the axes of all panels, and where the labels stand.

    Attributes
    ----------
    x_limits, y_limits : tuple of float
        The same in every panel.
    at : float
        Where labels begin on the x axis.
    heights : float64 array, shape (n_panels, n_lines)
        Where the label of each line stands, apart from each other.
    """

    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    at: float
    heights: Floats


def axes_of(dataset: xr.Dataset, labels: Sequence[str]) -> Axes:
    """Limits that hold lines, data and labels; probabilities stay near 0 and 1."""
    x, is_factor = dataset["x"].to_numpy(), "x_label" in dataset
    shown = [dataset[name].to_numpy() for name in ("lower", "upper", "data_y") if name in dataset]
    low, high = (float(f([f(part) for part in shown if part.size])) for f in (np.nanmin, np.nanmax))
    room = 0.05 * (high - low) if high > low else 0.5
    y_limits = low - room, high + room
    if "least" in dataset.attrs:
        y_limits = min(dataset.attrs["least"], low) - 0.02 * (high - low), y_limits[1]
    if dataset.attrs.get("zero_to_one"):
        y_limits = max(y_limits[0], -0.03), min(y_limits[1], 1.03)
    left, right = x.min(), x.max()
    margin = 0.5 if is_factor else 0.03 * (right - left or 1.0)
    left, right = left - margin, right + (margin if is_factor else 0.0)
    longest = max(map(len, labels))
    scale = 1.0 if dataset.sizes["panel"] == 1 else 2.0
    share = min(0.45, 0.02 + scale * LETTER * longest) if longest else 0.03
    end = left + (right - left) / (1 - share)
    last = dataset["mean"].isel(point=-1).to_numpy()
    gap = GAP * scale**0.5 * (y_limits[1] - y_limits[0])
    heights = np.array([spread(row, gap) for row in last])
    heights += np.maximum(0.0, y_limits[0] + gap / 2 - heights.min(axis=1, keepdims=True))
    return Axes((float(left), float(end)), y_limits, float(right + 0.012 * (end - left)), heights)


def spread(values: Floats, gap: float) -> Floats:
    """The values moved as little as it takes to be ``gap`` apart, their order kept.

    Neighbours that are too close are moved to both sides of their mean, and again with those that they meet.
    """
    order = np.argsort(values, kind="stable")
    blocks: list[tuple[float, int]] = []
    for value in values[order]:
        blocks.append((float(value), 1))
        while len(blocks) > 1 and _reach(blocks[-2], gap, 1) + gap > _reach(blocks[-1], gap, -1):
            (one, n_one), (two, n_two) = blocks.pop(-2), blocks.pop()
            blocks.append(((one * n_one + two * n_two) / (n_one + n_two), n_one + n_two))
    placed = np.concatenate([c + gap * (np.arange(n) - (n - 1) / 2) for c, n in blocks])
    found = np.empty_like(values, dtype=float)
    found[order] = placed
    return found


def _reach(block: tuple[float, int], gap: float, side: int) -> float:
    return block[0] + side * gap * (block[1] - 1) / 2


def draw_band(pc: PlotCollection, ds: xr.Dataset, k: int, n: int) -> None:
    """Band and line of line ``k`` of ``n`` in every panel: ``lower``, ``upper`` and ``mean`` over ``x``."""
    own = look(k, n)
    lower = ds[["lower"]].rename(lower="mean")
    pc.map(marks.band, f"band_{k}", data=lower, x=ds["x"], upper=ds["upper"], color=own.colour, alpha=0.18)
    shown = {"color": own.colour, "linestyle": own.style, "width": 2.2}
    pc.map(marks.curve, f"line_{k}", data=ds[["mean"]], x=ds["x"], **shown)


def draw_labels(pc: PlotCollection, dataset: xr.Dataset, axes: Axes, labels: Sequence[str]) -> None:
    """The label of each line at its right end, in every panel, in its colour."""
    for k, text in enumerate(labels):
        if not text:
            continue
        heights = xr.Dataset({"mean": ("panel", axes.heights[:, k])}, coords={"panel": dataset["panel"]})
        pc.map(
            marks.words,
            f"label_{k}",
            data=heights,
            x=axes.at,
            text=text,
            color=look(k, len(labels)).colour,
            size=9.0,
        )


def round_ticks(x: Floats, most: int) -> tuple[Floats, list[str]]:
    """At most so many round numbers within the range of ``x``, and their texts.

    None stand beyond, where the labels of lines are.
    """
    low, high = float(x.min()), float(x.max())
    rough = (high - low) / most or 1.0
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(float(s * power) for s in (1, 2, 5, 10) if s * power >= rough)
    ticks = step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
    ticks = ticks if len(ticks) else np.array([low])
    digits = max(0, -int(np.floor(np.log10(step))))
    return ticks, [f"{tick + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}") for tick in ticks]
