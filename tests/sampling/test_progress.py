"""What is shown while sampling, in a terminal and elsewhere."""

from __future__ import annotations

import io
import time

from rich.console import Console

from hierbayes.progress import working
from hierbayes.sampling.progress import ChainProgress, ChainState


def until(there) -> None:
    """Bars are drawn by another thread."""
    given_up = time.monotonic() + 10
    while not there() and time.monotonic() < given_up:
        time.sleep(0.01)


def shown(terminal: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=110, highlight=False)
    with ChainProgress(2, 200, "m_01", console) as progress:
        progress.update([ChainState(120, 200, 3, 0.5, False), ChainState(40, 200, 0, 0.5, True)])
        until(lambda: not terminal or "warm-up" in stream.getvalue())
    progress.finish(200, 3, partial=False)
    return stream.getvalue()


def test_one_line_per_chain_in_a_terminal():
    text = shown(terminal=True)
    assert "chain 1" in text
    assert "120/200 sampling" in text
    assert "240 draws/s  3 divergences" in text
    assert "40/200 warm-up" in text


def test_only_the_summary_elsewhere():
    text = shown(terminal=False)
    assert "chain" not in text
    assert text.startswith("m_01: sampled 200 draws in ")
    assert text.rstrip().endswith("3 divergences")


def test_a_part_of_something_else_leaves_no_line():
    """As the fits of a cross-validation: what they are a part of has a line of its own."""
    stream = io.StringIO()
    with working("kfold"):
        ChainProgress(1, 10, console=Console(file=stream)).finish(10, 0, partial=False)
    assert stream.getvalue() == ""


def test_an_interruption_is_named():
    stream = io.StringIO()
    progress = ChainProgress(1, 10, console=Console(file=stream, highlight=False))
    progress.finish(1, 1, partial=True)
    assert stream.getvalue().startswith("interrupted after 1 draws in")
    assert "1 divergence\n" in stream.getvalue()


def test_the_phase_of_a_chain():
    phases = [
        ChainState(n, 200, 0, 1.0, tuning).phase
        for n, tuning in [(0, True), (9, True), (150, False), (200, False)]
    ]
    assert phases == ["waiting", "warm-up", "sampling", "done"]
