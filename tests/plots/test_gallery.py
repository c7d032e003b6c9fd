"""The gallery of the documentation shows every picture, and what it shows can be drawn."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from hierbayes.fitted.registry import PLOTS
from hierbayes.plots.public import FUNCTIONS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def gallery() -> Any:
    spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def test_every_plot_has_an_entry(gallery: Any) -> None:
    shown = {entry.plot for entry in gallery.ENTRIES}
    assert shown == {f"fit.plot.{name}" for name in PLOTS} | {f"hb.plot.{name}" for name in FUNCTIONS}


def test_every_entry_has_a_small_picture_and_no_picture_is_left_over(gallery: Any) -> None:
    names = [entry.name for entry in gallery.ENTRIES]
    assert len(names) == len(set(names))
    assert {path.name for path in (DOCS / "pictures").iterdir()} == {f"{name}.png" for name in names}
    for path in (DOCS / "pictures").iterdir():
        assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        assert path.stat().st_size <= gallery.MOST_BYTES, path.name


def test_the_page_is_the_one_of_the_script(gallery: Any) -> None:
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == gallery.page()


def test_calls_run_as_they_are_written(gallery: Any, slopes: Any) -> None:
    from arviz_base import rc_context

    with rc_context({"plot.backend": "none"}):
        for name in ("group_sizes", "caterpillar"):
            (entry,) = (e for e in gallery.ENTRIES if e.name == name)
            assert gallery.draw(entry, fit=lambda _: slopes).backend == "none"
