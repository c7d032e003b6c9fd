"""Many cases of one kind, counted by how they ended; bugs are kept by where they came from."""

from __future__ import annotations

import faulthandler
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from . import cards, files, fits, formulas, frames
from .outcomes import outcome, silent, where

PATIENCE = 300.0
"""Seconds for one case; libraries in C cannot be interrupted otherwise."""


@dataclass
class Tally:
    """How cases ended: ``ends`` counts outcomes, ``bugs`` keeps the first case of each bug.

    ``asked`` counts how what was asked within the cases ended, where a case asks much.
    """

    ends: Counter[str] = field(default_factory=Counter)
    bugs: dict[str, str] = field(default_factory=dict)
    slowest: float = 0.0
    asked: Counter[str] = field(default_factory=Counter)

    def add(self, shown: object, case: Callable[[], Any]) -> None:
        """Run a case and count it."""
        started = time.perf_counter()
        try:
            end = outcome(case)
        except Exception as error:  # noqa: BLE001 - a bug of any kind is what is looked for
            end = f"BUG {where(error)}"
            self.bugs.setdefault(end, f"{ascii(shown)[:600]}: {ascii(str(error))[:300]}")
        self.ends[end] += 1
        self.slowest = max(self.slowest, time.perf_counter() - started)


def draw(
    strategy: st.SearchStrategy[Any],
    case: Callable[[Any], Any],
    n: int,
    start: int,
    *,
    usable: Callable[[Any], bool] | None = None,
) -> Tally:
    """``n`` cases of a strategy, from a seed; only those that are usable, where that is asked for."""
    tally = Tally()

    @seed(start)
    @settings(
        max_examples=n,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def go(drawn: Any) -> None:
        assume(usable is None or usable(drawn))
        tally.add(drawn, lambda: case(drawn))

    go()
    return tally


def run_frames(n: int, start: int, folder: Path) -> Tally:
    """Frames: models are built, printed, held to pandas and rebuilt; structures are described."""

    def both(case: frames.Case) -> None:
        frames.describe_if_named(case)
        frames.build(case)

    return draw(frames.cases(), both, n, start)


def run_formulas(n: int, start: int, folder: Path) -> Tally:
    """Texts: read, printed, read again, and built."""
    return draw(formulas.texts, formulas.build, n, start)


def run_cards(n: int, start: int, folder: Path) -> Tally:
    """Files that are called cards."""
    return draw(cards.contents, lambda content: cards.read(content, folder), n, start)


def run_files(n: int, start: int, folder: Path) -> Tally:
    """Saved fits, damaged or rewritten; what is printed counts as a bug, and what hangs ends the run."""
    tally, rng, saved = Tally(), np.random.default_rng(start), files.saved_fits(folder)

    def quietly(look: Callable[[], object]) -> None:
        with silent():
            look()

    console = os.dup(2)
    for _ in range(n):
        said, look = files.case(saved, rng)
        faulthandler.dump_traceback_later(PATIENCE, exit=True, file=console)
        tally.add(said, lambda look=look: quietly(look))
        faulthandler.cancel_dump_traceback_later()
    os.close(console)
    return tally


def run_fits(n: int, start: int, folder: Path) -> Tally:
    """Frames for which there is a model: it is fitted, and the fit asked what users ask."""
    asked: Counter[str] = Counter()
    tally = draw(
        fits.cases(), lambda drawn: fits.fit_and_ask(drawn, folder, asked), n, start, usable=fits.builds
    )
    tally.asked = asked
    return tally


RUNS = {
    "frames": run_frames,
    "formulas": run_formulas,
    "cards": run_cards,
    "files": run_files,
    "fits": run_fits,
}
"""What can be drawn, by the option of the command line."""
