"""What else is read back from disk: unfinished fits that were damaged, and pages with other records."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import xarray as xr

import hierbayes as hb
from hierbayes.errors import StorageError
from hierbayes.report.blocks import Page
from hierbayes.report.content.context import Shown
from hierbayes.report.record import page_record
from hierbayes.report.render_html import render_html

DRAWS, MADE = 20, (15, 12)


@dataclass(frozen=True)
class Leftovers:
    """An unfinished fit of ``MADE`` draws per chain, its draws, a page, and other data than the page's."""

    folder: Path
    drawn: xr.Dataset
    page: Path
    other: dict[str, Any]


def leftovers(folder: Path, frame: dict[str, Any]) -> Leftovers:
    """Sample a small fit, and leave it as if its process had been killed."""
    model, path = hb.Model("y ~ x + (1 | g)", frame), folder / "left.zarr"
    settings: dict[str, Any] = {"draws": DRAWS, "tune": 20, "chains": len(MADE), "seed": 1, "progress": False}
    with mock.patch.object(hb.Fit, "save", side_effect=StorageError("no")), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = model.fit(**settings, store=path)
    left = path.with_name("left.unfinished.zarr")
    np.array(MADE, dtype="<i8").tofile(left / "draws" / "made" / "c" / "0")
    page = folder / "page.html"
    page.write_text(render_html(Page("Title", "", (), page_record([Shown(fit)]))), encoding="utf-8")
    return Leftovers(left, fit.posterior, page, {**frame, "y": np.asarray(frame["y"]) + 1})


def bring_back(left: Leftovers, path: Path) -> None:
    """Resume: what comes back is what was drawn, perhaps less of it."""
    try:
        hb.load(path)
    except StorageError:
        pass
    else:
        raise AssertionError("an unfinished fit was loaded")
    back = hb.resume(path, progress=False).posterior
    # Where a chain is left out, b and u are drawn anew, given the others.
    exact = back.data_vars if back.sizes["chain"] == len(MADE) else ("sigma", "sd_g")
    for name in exact:
        draws = back[name]
        first = left.drawn[name].isel(draw=slice(back.sizes["draw"]))
        if not any(np.array_equal(draws, first[which]) for which in ([0, 1], [0], [1])):
            raise AssertionError(f"other draws of {name} came back")


OPENING, CLOSING = '<script type="application/json">', "</script>"

VALUES = (
    *(
        None,
        0,
        -1,
        2**70,
        1e999,
        "",
        "x" * 200_000,
        [],
        {},
        [[]],
        True,
        "\0",
        "__import__('os').mkdir('mark')",
    ),
    *({"versions": None}, ["a"], "y ~ x + (1 | g)", "/etc/passwd", "../../secret.csv", "dataset:none", 0.5),
)


def rewrite_page(saved: Path, copy: Path, rng: np.random.Generator) -> str:
    """Write a page with one entry of its record another thing, or the record away, twice, or no record."""
    before, rest = saved.read_text(encoding="utf-8").split(OPENING)
    text, after = rest.split(CLOSING, 1)
    record = json.loads(text)
    value = VALUES[int(rng.integers(0, len(VALUES)))]
    places: list[Any] = [record, record["models"][0], record["models"][0]["settings"]]
    places += [inner for inner in record["models"][0].values() if isinstance(inner, dict)]
    place = places[int(rng.integers(0, len(places)))]
    keys = list(place) or ["new"]
    key = keys[int(rng.integers(0, len(keys)))]
    place[key] = value
    script = OPENING + json.dumps(record) + CLOSING
    shapes: dict[str, Callable[[], str]] = {
        "one": lambda: script,
        "twice": lambda: script * 2,
        "none": lambda: "",
        "open": lambda: OPENING + "{" * 10,
        "deep": lambda: OPENING + "[" * 100_000 + CLOSING,
    }
    shape = str(rng.choice(list(shapes), p=[0.8, 0.05, 0.05, 0.05, 0.05]))
    copy.write_text(before + shapes[shape]() + after, encoding="utf-8")
    return f"record {shape}, {key} = {str(value)[:40]}"


def repeat(left: Leftovers, page: Path) -> None:
    """Repeat a page with data that are not its own: whatever it says, it is refused."""
    hb.reproduce(page, left.other, progress=False)
    raise AssertionError("other data were taken for those of the page")
