"""Pictures of data before any fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special
from tolerances import IDENTITY

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.exploring import RIDGE, means_by_group, smoothed_proportion
from hierbayes.plots import exploring, structure


@pytest.fixture(scope="module")
def women() -> pd.DataFrame:
    return hb.load_data("contraception")


def test_a_smoothed_proportion_is_a_maximum_of_the_local_likelihood(women: pd.DataFrame) -> None:
    x, y = women["age"].to_numpy(dtype=float), (women["use"] == "Y").to_numpy(dtype=float)
    estimate, lower, upper = smoothed_proportion(y, x, np.array([2.0]), span=0.5)
    distance = np.abs(x - 2.0)
    width = np.sort(distance)[int(np.ceil(0.5 * x.size)) - 1]
    kernel = np.clip(1 - (distance / width) ** 3, 0, None) ** 3
    start = special.logit((y.sum() + 0.5) / (y.size + 1))

    def loss(beta: np.ndarray) -> float:
        eta = beta[0] + beta[1] * (x - 2.0) / width
        log = kernel * (y * eta - np.logaddexp(0, eta))
        return float(-log.sum() + RIDGE / 2 * ((beta[0] - start) ** 2 + beta[1] ** 2))

    best = optimize.minimize(loss, [0.0, 0.0], tol=1e-10).x[0]
    assert estimate[0] == pytest.approx(special.expit(best), rel=1e-5)  # the optimizer's own error
    assert lower[0] < estimate[0] < upper[0]


def test_a_window_with_one_outcome_is_finite() -> None:
    x = np.linspace(0, 1, 40)
    found = smoothed_proportion(np.ones(40), x, np.array([0.0, 0.5, 1.0]))
    assert np.isfinite(found).all() and np.all(found[0] > 0.9)


def test_proportions_in_panels(women: pd.DataFrame, drawing: Any) -> None:
    data = exploring.proportions_data(women, "use", "age", "urban", lines="ch")
    assert data.sizes == {"panel": 2, "line": 2, "point": 60}
    assert int(data["n"].sum()) == len(women)
    own = women[(women["urban"] == "Y") & (women["ch"] == "N")]
    assert int(data["n"].sel(panel="Y", line="N")) == len(own)
    assert float(data["x"].sel(panel="Y", line="N").max()) == own["age"].max()
    pc = exploring.draw_proportions(data, backend="none")
    labels = [e["string"] for e in drawing(pc).elements("text", panel="Y")]
    assert labels == [" N", " Y"]
    assert drawing(pc).title() == "Proportion of use = Y along age"
    assert {e["linestyle"] for e in drawing(pc).elements("line", panel="N")} == {"C0", "C1"}


def test_what_cannot_be_a_proportion(women: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'urban'"):
        hb.plot.proportions(women, "use", "age", "urbn", backend="none")
    with pytest.raises(DataError, match="'livch' has 4"):
        hb.plot.proportions(women, "livch", "age", backend="none")
    with pytest.raises(DataError, match="'district' has 60 levels, and at most 12"):
        hb.plot.proportions(women, "use", "age", "district", backend="none")
    with pytest.raises(DataError, match="'ch' is not a column of numbers"):
        hb.plot.proportions(women, "use", "ch", backend="none")
    with pytest.raises(UnknownNameError, match="'yes' is not a known value of 'use'"):
        hb.plot.proportions(women, "use", "age", event="yes", backend="none")


def test_group_means_are_in_order(pupils: pd.DataFrame, drawing: Any) -> None:
    data = exploring.group_means_data(pupils, "score", "school")
    means = pupils.groupby("school")["score"].mean().sort_values()
    np.testing.assert_allclose(data["mean"], means, rtol=IDENTITY)
    assert data["level"].values.tolist() == means.index.tolist()
    few = int((data["n"] < 10).sum())
    pc = exploring.draw_group_means(data, backend="none")
    points = drawing(pc).elements("scatter")
    assert [e["x"].size for e in points] == [8 - few, few]
    assert float(data["overall"]) == pytest.approx(pupils["score"].mean())
    shares = means_by_group(pupils, "passed", "school")
    assert shares.attrs["event"] == "yes"
    assert np.all((shares["lower"] > -1e-12) & (shares["upper"] < 1 + 1e-12))


def test_a_row_of_its_own_has_no_interval() -> None:
    frame = means_by_group({"y": [1.0, 2.0, 4.0, None], "g": ["a", "a", "b", "b"]}, "y", "g")
    assert frame["n"].tolist() == [2, 1] and frame.attrs["dropped"] == 1
    assert np.isnan(frame["lower"][1]) and frame["lower"][0] == pytest.approx(1.5 - 12.706205 * 0.5)


def test_sizes_and_structure(pupils: pd.DataFrame, drawing: Any) -> None:
    sizes = structure.group_sizes_data(pupils, "school")
    assert sizes["n"].values.tolist() == [31, 20, 16, 12, 9, 6, 4, 2] and float(sizes["median"]) == 10.5
    pc = structure.draw_group_sizes(sizes, backend="none")
    assert np.nanmax(drawing(pc).visual("sizes", "place")["y"]) == 31
    data = structure.structure_data(pupils, ["school", "kind"])
    assert data["panel_title"].values.tolist() == ["school nested in kind"]
    cells = data.isel(pair=0).dropna("cell")
    assert cells.sizes["cell"] == 8 and float(cells["n"].sum()) == len(pupils)
    assert np.all(np.diff(cells.sortby("x")["y"]) >= 0)  # stairs
    assert data["y_level"].values[0].tolist()[:3] == ["public", "private", ""]
    picture = structure.draw_structure(data, backend="none")
    assert drawing(picture).visual("cells", "x", pair="school, kind")["x"].size == 8
    with pytest.raises(DataError, match="needs two to four grouping factors, and 1 were given"):
        hb.plot.structure(pupils, "school", backend="none")
