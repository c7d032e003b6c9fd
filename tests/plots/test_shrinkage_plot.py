from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.plots import shrinkage as module


def table(fit: Any, own: dict[tuple[str, str], float] | None = None) -> pd.DataFrame:
    """A frame as ``fit.shrinkage()`` gives it; own estimates lie 1.5 times as far out as partial ones."""
    group = fit.design.groups[0]
    rng = np.random.default_rng(5)
    rows = []
    for j, level in enumerate(group.levels):
        for term in group.terms:
            mean = float(rng.normal())
            alone = (own or {}).get((level, term), 1.5 * mean)
            rows.append(
                (group.name, level, term, int(group.sizes[j]), alone, 0.1, mean, mean - 1, mean + 1, 0.3)
            )
    columns = ["group", "level", "term", "n", "no_pooling", "complete_pooling", "mean", "lower", "upper"]
    columns.append("pooling_factor")
    frame = pd.DataFrame(rows, columns=columns)
    frame.attrs["interval"] = "95 % equal-tailed"
    return frame


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, slopes: Any) -> pd.DataFrame:
    frame = table(slopes)
    monkeypatch.setattr(module.estimates, "shrinkage", lambda fit, *a, **k: frame)
    return frame


def test_arrows_lead_from_no_pooling_to_partial_pooling(
    known: pd.DataFrame, slopes: Any, drawing: Any
) -> None:
    pc = module.shrinkage(slopes, backend="none")
    for term in ("Intercept", "x"):
        rows = known[known["term"] == term].sort_values("n")
        arrows = drawing(pc).segments("arrows", "start", term=term)
        assert arrows.shape == (8, 4)
        np.testing.assert_allclose(arrows[:, 0], rows["no_pooling"])
        np.testing.assert_allclose(arrows[:, 1], rows["mean"])
        np.testing.assert_array_equal(arrows[:, 2], np.arange(8))
        dots = drawing(pc).visual("partial_pooling", "mean", term=term)
        assert np.all(np.diff(dots["size"]) > 0)  # the area grows with n
        line = drawing(pc).visual("complete_pooling", "complete_pooling", term=term)
        np.testing.assert_allclose(line["x"], 0.1)


def test_the_order_can_be_the_estimate(known: pd.DataFrame, slopes: Any) -> None:
    data = module.shrinkage_data(slopes, "school", "x", sort="estimate")
    expected = known[known["term"] == "x"].sort_values("mean")["level"]
    assert data["level"].to_numpy().tolist() == expected.tolist()
    assert data.sizes["term"] == 1


def test_panels_say_which_coefficient_in_which_unit(known: pd.DataFrame, slopes: Any, drawing: Any) -> None:
    pc = module.shrinkage(slopes, backend="none")
    assert drawing(pc).title() == "Shrinkage of school coefficients"
    assert drawing(pc).texts("title", term="x") == ["x"]
    assert drawing(pc).texts("xlabel", term="Intercept") == ["score"]
    assert drawing(pc).texts("xlabel", term="x") == ["score, per unit of x"]
    (ticks,) = drawing(pc).elements("yticks", term="x")
    assert ticks["labels"][0] == "s1  (2)" and ticks["labels"][-1] == "s8  (31)"
    assert "2 to 31" in drawing(pc).caption()


def test_estimates_that_do_not_exist_are_drawn_open_at_the_edge_and_said(
    monkeypatch: pytest.MonkeyPatch, binary: Any, drawing: Any
) -> None:
    own = {("s1", "Intercept"): np.inf, ("s2", "Intercept"): -np.inf, ("s3", "Intercept"): np.nan}
    frame = table(binary, own | {("s4", "Intercept"): 500.0})
    monkeypatch.setattr(module.estimates, "shrinkage", lambda fit, *a, **k: frame)
    data = module.shrinkage_data(binary)
    state = dict(zip(data["level"].values, data["state"].values[0], strict=True))
    assert [state[f"s{i}"] for i in range(1, 6)] == ["infinite", "infinite", "missing", "beyond", "inside"]
    low, high = data["limits"].values[0]
    inside = data["start"].values[0]
    assert low < inside.min() and inside.max() < high < 20
    pc = module.draw_shrinkage(data, backend="none")
    panel = {"term": "Intercept"}
    assert len(drawing(pc).segments("arrows", "start", **panel)) == 7  # none for s3
    assert drawing(pc).visual("edge_low", "start", **panel)["x"].size == 1
    assert drawing(pc).visual("edge_high", "start", **panel)["x"].size == 2
    assert drawing(pc).visual("not_estimable", "start", **panel)["facecolor"] == "white"
    said = drawing(pc).caption()
    assert "The own estimate of s1, s2 is infinite" in said
    assert "own estimate of s4 lies beyond the axis" in said
    assert "no own estimate for s3" in said
    assert drawing(pc).texts("xlabel", **panel) == ["log-odds of passed = yes"]


def test_names_that_do_not_exist(known: pd.DataFrame, slopes: Any, without_groups: Any) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'school'"):
        module.shrinkage(slopes, "scool", backend="none")
    with pytest.raises(UnknownNameError, match="Did you mean 'Intercept'"):
        module.shrinkage(slopes, term="intercpt", backend="none")
    with pytest.raises(UnknownNameError, match="Known: n, estimate"):
        module.shrinkage(slopes, sort="size", backend="none")
    with pytest.raises(DataError, match="no group terms"):
        module.shrinkage(without_groups, backend="none")


def test_labels_thin_out_when_groups_are_many(drawing: Any) -> None:
    n = 1200
    both = ("term", "level")
    value = np.linspace(-1, 1, n)[None]
    data = xr.Dataset(
        dict.fromkeys(("no_pooling", "start", "mean"), (both, value)),
        coords={"term": ["Intercept"], "level": [f"g{i}" for i in range(n)]},
    )
    data["state"] = (both, np.full((1, n), "inside"))
    data["n"], data["position"] = ("level", np.arange(1, n + 1)), ("level", np.arange(n, dtype=float))
    data["complete_pooling"], data["limits"] = ("term", [0.0]), (("term", "side"), [[-2.0, 2.0]])
    data["panel_title"], data["panel_x"] = ("term", ["Intercept"]), ("term", ["y"])
    data.attrs = {"title": "t", "subtitle": "", "caption": "c", "ylabel": "g"}
    pc = module.draw_shrinkage(data, backend="none")
    (ticks,) = drawing(pc).elements("yticks", term="Intercept")
    assert 60 <= len(ticks["labels"]) <= 110
    assert len(drawing(pc).segments("arrows", "start", term="Intercept")) == n
    height = pc.viz["figure"].item()["figsize"][1]
    assert height < 1500
