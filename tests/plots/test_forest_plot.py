from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.plots import forest as module


@pytest.fixture
def ladder(slopes: Any, without_x: Any) -> dict[str, Any]:
    return {"empty": without_x, "full": slopes}


def test_each_panel_has_a_row_for_each_model(ladder: dict[str, Any], drawing: Any) -> None:
    pc = hb.plot.forest(ladder, backend="none")
    table = ladder["full"].fixef().set_index("term")
    both = drawing(pc).segments("interval", "mean", term="Intercept")
    assert len(both) == 2
    np.testing.assert_allclose(both[1, :2], table.loc["Intercept", ["lower", "upper"]].astype(float))
    np.testing.assert_array_equal(both[:, 2], [1, 0])  # the first model at the top
    only = drawing(pc).segments("interval", "mean", term="w")
    assert len(only) == 1 and only[0, 2] == 0
    (ticks,) = drawing(pc).elements("yticks", term="w")
    assert ticks["labels"] == ["empty", "full"]
    low, high = drawing(pc).elements("xlim", term="w")[0]["lims"]
    assert low < 0 < high


def test_parameters_are_in_order_and_can_be_chosen(ladder: dict[str, Any]) -> None:
    data = module.forest_data(ladder)
    assert data["term"].values.tolist() == [
        *("Intercept", "x", "w", "kind[public]"),
        *("school: sd(Intercept)", "school: sd(x)", "school: cor(Intercept, x)", "sigma"),
    ]
    chosen = module.forest_data(ladder, ["sigma", "x"], prob=0.5)
    assert chosen["term"].values.tolist() == ["sigma", "x"]
    assert "50 % equal-tailed" in chosen.attrs["caption"]
    assert bool(chosen["mean"].sel(term="x", model="empty").isnull())


def test_different_units_are_said(slopes: Any, binary: Any) -> None:
    caption = module.forest_data({"a": slopes, "b": binary}).attrs["caption"]
    assert "their coefficients are in different units" in caption


def test_what_is_no_ladder_is_refused(slopes: Any, ladder: dict[str, Any]) -> None:
    with pytest.raises(ArgumentTypeError) as error:
        hb.plot.forest([slopes], backend="none")
    assert str(error.value) == (
        "A forest takes fitted models by name, {'m1': fit1, 'm2': fit2}; list was given."
    )
    with pytest.raises(DataError, match="no models"):
        hb.plot.forest({}, backend="none")
    with pytest.raises(UnknownNameError, match="Did you mean 'sigma'"):
        hb.plot.forest(ladder, ["sigm"], backend="none")
