from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.plots import ranks as module

INTERVALS = ("interval_other", "interval_clear")


def test_the_first_rank_is_at_the_top_with_its_interval(slopes: Any, drawing: Any) -> None:
    frame = slopes.ranks("school", term="x")
    pc = module.ranks(slopes, "school", term="x", backend="none")
    drawn = np.concatenate([drawing(pc).segments(name, "mean") for name in INTERVALS if name in pc.viz])
    drawn = drawn[np.argsort(-drawn[:, 2])]
    np.testing.assert_array_equal(drawn[:, :2], frame[["lower", "upper"]])
    np.testing.assert_array_equal(drawn[:, 2], np.arange(8)[::-1])
    (ticks,) = drawing(pc).elements("yticks")
    assert ticks["labels"] == frame["level"].tolist() and ticks["ticks"][0] == 7
    assert drawing(pc).title() == "Ranks of school by x"
    assert drawing(pc).texts("xlabel") == ["rank among the 8 groups"]


def test_groups_clear_of_the_middle_and_small_ones_are_counted(slopes: Any, drawing: Any) -> None:
    frame = slopes.ranks("school")
    clear = (frame["lower"] > 4.5) | (frame["upper"] < 4.5)
    pc = module.ranks(slopes, backend="none")
    counted = {name: len(drawing(pc).segments(name, "mean")) if name in pc.viz else 0 for name in INTERVALS}
    assert counted == {"interval_other": int((~clear).sum()), "interval_clear": int(clear.sum())}
    assert f"The intervals of {clear.sum()} of 8 groups" in drawing(pc).caption()
    assert np.all(drawing(pc).visual("middle", "mean")["x"] == 4.5)
    width = (frame["upper"] - frame["lower"] + 1).mean()
    assert f"covers {width:.0f} of 8 places" in pc.viz["subtitle"].item()


def test_names_that_do_not_exist(slopes: Any, without_groups: Any) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'school'"):
        module.ranks(slopes, "scool", backend="none")
    with pytest.raises(DataError, match="no group terms"):
        module.ranks(without_groups, backend="none")
