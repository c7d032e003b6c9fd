from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, UnknownNameError
from hierbayes.estimates.summaries import summary
from hierbayes.plots import forest


def test_differences_and_their_standard_errors(drawing: Any) -> None:
    table = pd.DataFrame(
        {"model": ["b", "a"], "elpd_diff": [0.0, -9.0], "se_diff": [0.0, 2.5], "weight": [0.9, 0.1]}
    )
    pc = hb.plot.comparison(SimpleNamespace(table=table, unit="row"), backend="none")
    np.testing.assert_allclose(drawing(pc).segments("errors_1", "mean")[1], [-11.5, -6.5, 0, 0])
    np.testing.assert_allclose(drawing(pc).segments("errors_2", "mean")[1], [-14.0, -4.0, 0, 0])
    np.testing.assert_allclose(drawing(pc).visual("mean", "mean")["x"], [0.0, -9.0])
    (ticks,) = drawing(pc).elements("yticks")
    assert ticks["labels"] == ["b  (0.90)", "a  (0.10)"] and list(ticks["ticks"]) == [1, 0]
    assert drawing(pc).texts("xlabel") == ["elpd, less that of the best model"]


def test_only_comparisons_are_compared() -> None:
    with pytest.raises(ArgumentTypeError) as refused:
        hb.plot.comparison({"a": 1}, backend="none")
    assert str(refused.value) == (
        "hb.plot.comparison takes what hb.compare answers; dict was given. "
        "Call hb.plot.comparison(hb.compare({'m1': fit1, 'm2': fit2}))."
    )


def test_a_forest_of_one_model_has_a_row_for_each_parameter(slopes: Any, drawing: Any) -> None:
    data = forest.forest_data(slopes)
    frame = summary(slopes)
    assert data["model"].sizes["model"] == len(frame)
    np.testing.assert_allclose(np.sort(data["mean"].to_numpy()[0]), np.sort(frame["mean"]))
    pc = slopes.plot.forest(["x", "school: sd(x)"], backend="none")
    (ticks,) = drawing(pc).elements("yticks", term="")
    assert ticks["labels"] == ["x", "school: sd(x)"]
    assert drawing(pc).title() == "Parameters of the model"
    with pytest.raises(UnknownNameError, match="parameter of these models"):
        forest.forest_data(slopes, ["nothing"])
