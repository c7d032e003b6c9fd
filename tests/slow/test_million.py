"""A grouping factor of a million levels is no reason to wait for minutes, nor for gigabytes."""

from __future__ import annotations

import pytest

from .million import KINDS, frame_of, measure, measured_apart, refusal, table


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_million_levels_take_seconds_and_bounded_memory(kind):
    rows = {row["step"]: row for row in measured_apart(kind)}
    assert rows["`hb.Model(...)`"]["seconds"] < 120  # of machines that others share
    assert max(row["peak"] for row in rows.values()) < 4_000
    assert len(table(list(rows.values())).splitlines()) == 2 + len(rows)


def test_what_is_measured_of_a_million_levels_holds_of_a_thousand(monkeypatch):
    import hierbayes as hb

    rows = measure("strings, shuffled", 1_000)
    assert [row["step"] for row in rows][-1] == "`fit.predict(new)`"
    model = hb.Model("y ~ x + (1 | g)", frame_of("integers", 1_000))
    assert refusal(model) == ""
    monkeypatch.setattr("hierbayes.memory.available", lambda: 1_000_000)
    assert "Ask for fewer" in refusal(model)
