"""Pictures of more groups than can be told apart: some of them, or bands, and the title says so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hierbayes.plots import caterpillar, group_lines, pooling, ranks, selection, shrinkage

N = 1128
SAID = ", 100 of 1,128 groups, evenly spaced in this order"


@pytest.fixture(scope="module")
def crowd(make_fit: Any) -> Any:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"x": rng.normal(size=2 * N), "g": np.repeat([f"d{i}" for i in range(N)], 2)})
    return make_fit("y ~ x + (1 | g)", frame.assign(y=np.arange(2 * N) % 7))


def test_the_choice_is_evenly_spaced_with_both_ends() -> None:
    kept = selection.thinned(N)
    assert kept.size == 100 and kept[0] == 0 and kept[-1] == N - 1
    assert set(np.diff(kept)) <= {11, 12}
    assert selection.thinned(200).size == 200 and selection.thinned_words(200) == ""


def test_a_caterpillar_shows_a_hundred(crowd: Any) -> None:
    data = caterpillar.caterpillar_data(crowd)
    assert data.attrs["title"].endswith(SAID)
    means = crowd.posterior["u_g"].mean(("chain", "draw")).to_numpy()[:, 0]
    np.testing.assert_allclose(data["mean"].to_numpy()[0], np.sort(means)[data["place"].to_numpy() - 1])
    assert "1,128 groups" in data.attrs["caption"]


def test_ranks_are_among_all_groups(crowd: Any, drawing: Any) -> None:
    data = ranks.ranks_data(crowd)
    assert data.attrs["title"].endswith(SAID) and data.sizes["place"] == 100
    assert float(data["upper"].max()) > 1000
    pc = ranks.draw_ranks(data, backend="none")
    np.testing.assert_allclose(drawing(pc).visual("middle", "mean")["x"], (N + 1) / 2)
    assert drawing(pc).texts("xlabel") == ["rank among the 1,128 groups"]


def test_shrinkage_shows_a_hundred(crowd: Any) -> None:
    data = shrinkage.shrinkage_data(crowd)
    assert data.attrs["title"].endswith(SAID) and data.sizes["level"] == 100
    assert data["position"].to_numpy().tolist() == list(range(100))
    assert "1,128 groups, sorted by number of rows" in data.attrs["caption"]


def test_pooling_shows_a_hundred() -> None:
    rows = [
        (approach, f"d{i}", i, "epred", i / N, i / N - 1, i / N + 1)
        for approach in ("none", "partial")
        for i in range(N)
    ]
    columns = ["approach", "level", "n", "quantity", "mean", "lower", "upper"]
    result = SimpleNamespace(estimates=pd.DataFrame(rows, columns=columns), group="g", profile={})
    data = pooling.pooling_data(result)
    assert data.attrs["title"].endswith(SAID)
    assert data["n"].to_numpy().tolist() == selection.thinned(N).tolist()


def test_lines_become_bands_of_quantiles(crowd: Any, drawing: Any) -> None:
    data = group_lines.group_lines_data(crowd)
    assert data.attrs["title"] == "Fitted lines along x, by g: bands of 1,128 groups"
    lines = data["line"].to_numpy()
    np.testing.assert_allclose(data["groups_5"], np.quantile(lines, 0.05, axis=0))
    np.testing.assert_allclose(data["groups_75"], np.quantile(lines, 0.75, axis=0))
    pc = group_lines.draw_group_lines(data, backend="none")
    (drawn,) = drawing(pc).elements("multiple_lines")
    assert drawn["y"].shape == (group_lines.N_POINTS, 20)
    assert f"{group_lines.LINES} of them" in data.attrs["subtitle"]
