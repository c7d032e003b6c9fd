"""The main command at a terminal and in a log: what is on standard error, and what is left of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from terminals import ESCAPE, HIDE, SHOW, at_terminal

CARD = """
title = "Sleep"
question = "Do subjects react more slowly with each day?"

[data]
dataset = "sleepstudy"

[settings]
draws = 20
tune = 20
chains = 2
seed = 1

[report]
show = ["short"]

[[model]]
name = "m1"
formula = "Reaction ~ Days + (1 | Subject)"
"""
CODE = "from hierbayes import cli, progress; progress.DELAY = 0.0; cli.main()"
"""Lines of what is quick are shown too."""
COMMAND = ("-c", CODE, "report")


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "sleep.toml"
    path.write_text(CARD, encoding="utf-8")
    return path


@pytest.mark.sampling
def test_a_report_at_a_terminal_leaves_lines_alone(card: Path):
    seen = at_terminal(*COMMAND, str(card), "--output", str(card.with_suffix(".html")))
    assert seen.status == 0
    assert "page sleep.html" in seen.written
    assert seen.written.count(HIDE) == seen.written.count(SHOW) > 0
    assert not [line for line in seen.screen if "━" in line]
    assert seen.screen[0].startswith("m1: sampled 40 draws in ")
    assert seen.screen[-1].startswith("Wrote ")


@pytest.mark.sampling
def test_a_report_in_a_log_is_short_and_clear(card: Path):
    """Every line on standard error is ours, in Python's development mode with all warnings."""
    done = subprocess.run(
        [
            sys.executable,
            "-X",
            "dev",
            "-W",
            "default",
            *COMMAND,
            str(card),
            "--output",
            str(card.with_suffix(".html")),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "FORCE_COLOR": "1"},
        check=True,
    )
    (line,) = done.stderr.splitlines()
    assert line.startswith("m1: sampled 40 draws in ")
    assert ESCAPE not in done.stdout
    assert [text.partition(" ")[0] for text in done.stdout.splitlines()] == ["m1", "", "Wrote"]
