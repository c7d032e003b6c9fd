from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, UnknownNameError
from hierbayes.plots import pooling as module

APPROACHES = ("complete", "dummies", "none", "partial")


@pytest.fixture
def result() -> Any:
    """As ``hb.pooling`` answers: 3 groups, one of which has no estimate of its own."""
    rng = np.random.default_rng(4)
    rows = [
        (approach, level, n, quantity, mean := rng.normal(), mean - 1, mean + 1)
        for quantity in ("epred", "slope[x]")
        for approach in APPROACHES
        for level, n in (("a", 9), ("b", 2), ("c", 5))
        if (approach, level) != ("none", "b")
    ]
    columns = ["approach", "level", "n", "quantity", "mean", "lower", "upper"]
    frame = pd.DataFrame(rows, columns=columns)
    frame.attrs["interval"] = "90 % equal-tailed"
    return SimpleNamespace(estimates=frame, group="school", profile={"x": 0.5})


def test_groups_are_in_order_of_size_with_every_approach(result: Any, drawing: Any) -> None:
    pc = hb.plot.pooling(result, backend="none")
    rows = result.estimates[result.estimates["quantity"] == "epred"]
    (ticks,) = drawing(pc).elements("yticks")
    assert ticks["labels"] == ["b  (2)", "c  (5)", "a  (9)"] and list(ticks["ticks"]) == [2, 1, 0]
    own = rows[rows["approach"] == "partial"].set_index("level").loc[["b", "c", "a"]]
    bars = drawing(pc).segments("interval_partial", "mean")
    np.testing.assert_array_equal(bars[:, :2], own[["lower", "upper"]])
    np.testing.assert_array_equal(bars[:, 2], [2, 1, 0])
    assert len(drawing(pc).segments("interval_none", "mean")) == 2
    said = drawing(pc).caption()
    assert "at x = 0.5" in said and "90 % equal-tailed" in said
    assert "1 estimates do not exist" not in said and "1 estimate does not exist" in said
    looks = [drawing(pc).visual(f"mean_{name}", "mean") for name in APPROACHES]
    assert len({(look["marker"], look["facecolor"] == "white") for look in looks}) == 4


def test_a_slope_can_be_shown(result: Any) -> None:
    data = module.pooling_data(result, "slope[x]")
    rows = result.estimates[result.estimates["quantity"] == "slope[x]"]
    wide = rows.pivot(index="approach", columns="level", values="mean")
    np.testing.assert_array_equal(data["mean"], wide.loc[list(APPROACHES), ["b", "c", "a"]])
    assert data.attrs["xlabel"] == "slope[x]" and "at x" not in data.attrs["caption"]


def test_what_is_no_comparison_is_refused(result: Any, slopes: Any) -> None:
    with pytest.raises(UnknownNameError, match="Known: epred, slope"):
        hb.plot.pooling(result, "sd", backend="none")
    with pytest.raises(ArgumentTypeError, match=r"Call hb.plot.pooling\(hb.pooling\(model\)\)"):
        hb.plot.pooling({}, backend="none")
