"""A picture for each family of what calibration kept: every case a panel, every parameter a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes.estimates.checks.p_values import p_words
from hierbayes.plots import marks, to_pixels
from hierbayes.plots.calibration import envelope_of_ranks
from hierbayes.plots.style import BLUE, INK, ORANGE, PALE, canvas, panels, styled
from hierbayes.report.png import with_palette

from .calibration_cases import CASES

AMONG = 100
COLUMNS, DPI = 4, 90


def draw_families(results: Mapping[str, Any], ranks: Mapping[str, NDArray[np.uint8]], folder: Path) -> None:
    """Write ``<family>.png`` for every family with a result."""
    for family in dict.fromkeys(CASES[name].family for name in results):
        shown = dict(_runs(results, family))
        (folder / f"{family}.png").write_bytes(
            with_palette(to_pixels(_draw(_data(family, shown, results, ranks)), dpi=DPI))
        )


def _runs(results: Mapping[str, Any], family: str) -> list[tuple[str, str]]:
    """Title of each panel, and the key of its ranks: of the run that decides."""
    found = []
    for name, result in results.items():
        if CASES[name].family == family:
            of, key = (result["again"], f"{name}, again") if "again" in result else (result, name)
            title = f"{name.partition(', ')[2]}\n{p_words(of['worst']['adjusted'])}, n = {of['done']}"
            found.append((title, key))
    return found


def _data(
    family: str,
    shown: Mapping[str, str],
    results: Mapping[str, Any],
    ranks: Mapping[str, NDArray[np.uint8]],
) -> xr.Dataset:
    """``difference`` over (case, line, place); ``lower``, ``upper`` over (case, place)."""
    most = max(len(ranks[key]) for key in shown.values())
    at = np.arange(1, AMONG) / AMONG
    difference = np.full((len(shown), most, AMONG - 1), np.nan)
    limits = np.empty((2, len(shown), AMONG - 1))
    for i, key in enumerate(shown.values()):
        below = ranks[key][:, :, None] < np.arange(1, AMONG)
        difference[i, : len(ranks[key])] = below.mean(axis=1) - at
        places, *edges = envelope_of_ranks(ranks[key].shape[1])
        limits[:, i] = [np.interp(at, places, edge) for edge in edges]
    return xr.Dataset(
        {
            "difference": (("case", "line", "place"), difference),
            "lower": (("case", "place"), limits[0]),
            "upper": (("case", "place"), limits[1]),
            "panel_title": ("case", list(shown)),
        },
        coords={"case": list(shown), "at": ("place", at)},
        attrs={
            "title": f"Calibration of {family}",
            "subtitle": "ECDF of ranks of simulated values, less the uniform one; a line for each parameter",
            "caption": "Grey: 95 % simultaneous envelope of one line; orange: a line that leaves it, as one "
            "right line in twenty does. p: the smallest of uniformity, adjusted for the number of lines.",
        },
    )


def _draw(data: xr.Dataset) -> Any:
    n = data.sizes["case"]
    columns = min(n, COLUMNS)
    page = canvas(data.attrs, max(5.4, 2.5 * columns), 1.9 * -(-n // columns), None)
    with styled("matplotlib"):
        pc = panels(
            data[["difference"]], page, facets=["case"], backend="matplotlib", columns=columns, sharex=True,
            sharey=True,
        )  # fmt: skip
        at = data["at"]
        look = {"x": at, "upper": data["upper"], "color": PALE, "alpha": 0.7}
        pc.map(marks.band, "envelope", data=data[["lower"]], **look)
        zero = xr.zeros_like(data["lower"]).to_dataset(name="zero")
        pc.map(marks.curve, "zero", data=zero, x=at, color=INK, width=0.8)
        for line in range(data.sizes["line"]):
            own = data[["difference"]].isel(line=line)
            outside = ((own["difference"] < data["lower"]) | (own["difference"] > data["upper"])).any("place")
            for name, colour, where in (("in", BLUE, ~outside), ("out", ORANGE, outside)):
                kept = own.where(where)
                pc.map(marks.curve, f"{name}_{line}", data=kept, x=at, color=colour, width=1.0, alpha=0.7)
        pc.map(marks.panel_title, data=data[["panel_title"]], store_artist=False, size=8.5)
    return pc
