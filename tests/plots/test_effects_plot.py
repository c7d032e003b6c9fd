from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.plots import effects as module
from hierbayes.plots import lines


def test_lines_and_bands_are_those_of_the_table(slopes: Any, drawing: Any) -> None:
    frame = slopes.effects("x:kind")
    data = module.effects_data(slopes, "x:kind")
    assert data["line"].values.tolist() == ["kind = private", "kind = public"]
    pc = module.draw_effects(data, backend="none")
    for k, kind in enumerate(("private", "public")):
        rows = frame[frame["kind"] == kind]
        line = drawing(pc).visual(f"line_{k}", "mean", panel="")
        np.testing.assert_array_equal(line["x"], rows["x"])
        np.testing.assert_array_equal(line["y"], rows["mean"])
        band = drawing(pc).visual(f"band_{k}", "mean", panel="")
        np.testing.assert_array_equal(band["y_bottom"], rows["lower"])
        np.testing.assert_array_equal(band["y_top"], rows["upper"])
        assert drawing(pc).visual(f"label_{k}", "mean", panel="")["string"] == f"kind = {kind}"
    looks = [drawing(pc).visual(f"line_{k}", "mean", panel="")["linestyle"] for k in (0, 1)]
    assert len(set(looks)) == 2  # not by colour alone
    assert drawing(pc).title() == "Mean of score along x, by kind"
    assert pc.viz["subtitle"].item() == frame.attrs["estimand"]
    assert "95 % equal-tailed" in drawing(pc).caption() and "w = " in drawing(pc).caption()


def test_rows_of_the_data_are_behind_their_own_line(slopes: Any, pupils: pd.DataFrame, drawing: Any) -> None:
    pc = module.effects(slopes, "x:kind", backend="none")
    b = float(slopes.posterior["b"].sel(term="w").mean())
    for k, kind in enumerate(("private", "public")):
        rows = pupils[pupils["kind"] == kind]
        dots = drawing(pc).visual(f"data_{k}", "mean", panel="")
        np.testing.assert_array_equal(dots["x"], rows["x"])
        # a partial residual of a linear model: the response less the effect of w, from where it is held
        held = rows["score"] - b * (rows["w"] - pupils["w"].mean())
        np.testing.assert_allclose(dots["y"], held, atol=1e-9)
    assert "the rows of the data. They are moved to the values held" in drawing(pc).caption()


def test_rows_are_as_observed_where_nothing_is_held(make_fit: Any, pupils: pd.DataFrame) -> None:
    data = module.effects_data(make_fit("score ~ x + (1 | school)", pupils), "x")
    assert "moved" not in data.attrs["caption"]
    np.testing.assert_array_equal(np.sort(data["data_y"].values.ravel()), np.sort(pupils["score"]))


def test_rows_beyond_the_ends_of_a_curve_are_left_out(slopes: Any, pupils: pd.DataFrame) -> None:
    data = module.effects_data(slopes, "x", at={"x": [-0.5, 0.0, 0.5]})
    assert int(data["data_n"].sum()) == pupils["x"].between(-0.5, 0.5).sum()


def test_shares_stand_for_zeros_and_ones(binary: Any, pupils: pd.DataFrame, drawing: Any) -> None:
    data = module.effects_data(binary, "x:kind")
    for kind in ("private", "public"):
        rows, dots = pupils[pupils["kind"] == kind], data.sel(panel="", line=f"kind = {kind}")
        n, share = dots["data_n"].values, dots["data_y"].values
        assert np.nansum(n) == len(rows)
        assert np.nansum(n * share) == pytest.approx((rows["passed"] == "yes").sum())
    assert data.attrs["ylabel"] == "probability of passed = yes"
    limits = drawing(module.draw_effects(data, backend="none")).elements("ylim", panel="")
    assert limits[0]["lims"][0] >= -0.03 and limits[0]["lims"][1] <= 1.03


def test_a_factor_has_points_with_intervals(binary: Any, pupils: pd.DataFrame, drawing: Any) -> None:
    frame = binary.effects("kind", groups="typical")
    pc = module.effects(binary, "kind", groups="typical", backend="none")
    ends = drawing(pc).segments("interval_0", "mean", panel="")
    np.testing.assert_array_equal(ends[:, 2:], frame[["lower", "upper"]])
    np.testing.assert_array_equal(drawing(pc).visual("mean_0", "mean", panel="")["y"], frame["mean"])
    (ticks,) = drawing(pc).elements("xticks", panel="")
    assert ticks["labels"] == ["private", "public"]
    expected = binary.epred(groups="typical").mean(("chain", "draw")).to_numpy()
    missed = ((pupils["passed"] == "yes") - expected).groupby(pupils["kind"]).mean()
    np.testing.assert_allclose(
        drawing(pc).visual("data_0", "mean", panel="")["y"], frame["mean"] + missed.to_numpy()
    )


def test_a_third_column_is_panels(slopes: Any, drawing: Any) -> None:
    frame = slopes.effects("x:kind:w")
    data = module.effects_data(slopes, "x:kind:w")
    assert data.sizes["panel"] == 3 and data.sizes["line"] == 2
    middle = frame[(frame["w"] == sorted(set(frame["w"]))[1]) & (frame["kind"] == "public")]
    np.testing.assert_array_equal(data["mean"].isel(panel=1, line=1), middle["mean"])
    assert int(data["data_n"].sum()) == slopes.design.n
    assert "Rows are with the nearest value of w." in data.attrs["caption"]


def test_the_link_scale_has_no_data(binary: Any) -> None:
    data = module.effects_data(binary, "x", scale="link", at={"kind": "public"})
    assert "data_y" not in data and data.attrs["ylabel"] == "log-odds of passed = yes"
    assert "Held: kind = public." in data.attrs["caption"]


def test_many_rows_are_means_of_bins(make_fit: Any) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=2000), "g": np.repeat(list("abcd"), 500)})
    frame["y"] = frame["x"] + rng.normal(size=2000)
    data = module.effects_data(make_fit("y ~ x + (1 | g)", frame), "x")
    n, y = data["data_n"].values.ravel(), data["data_y"].values.ravel()
    assert len(n) == 12 and set(n) <= {166, 167}
    assert (n * y).sum() == pytest.approx(frame["y"].sum())


def test_what_cannot_be_drawn_is_refused(slopes: Any) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'kind'"):
        module.effects(slopes, "kimd", backend="none")
    with pytest.raises(DataError) as error:
        module.effects(slopes, "x", at={"w": list(range(9))}, backend="none")
    assert str(error.value) == (
        "w has 9 values here, and at most 8 lines can be told apart. Name some of them: at={'w': [...]}; for "
        "the lines of all groups use fit.plot.group_lines()."
    )


def test_labels_are_spread_and_keep_their_order() -> None:
    placed = lines.spread(np.array([3.0, 1.0, 1.1, 1.05]), 0.5)
    assert np.argsort(placed).tolist() == [1, 3, 2, 0]
    assert np.all(np.diff(np.sort(placed)) >= 0.5 - 1e-12)
    assert placed[0] == 3.0 and placed[[1, 2, 3]].mean() == pytest.approx(1.05)


def test_ticks_are_round_and_inside() -> None:
    ticks, texts = lines.round_ticks(np.array([-2.9, 3.0]), 7)
    assert ticks.tolist() == [-2, -1, 0, 1, 2, 3] and texts[0] == "\N{MINUS SIGN}2" and texts[2] == "0"
    assert lines.round_ticks(np.array([0.1, 0.4]), 4)[1] == ["0.1", "0.2", "0.3", "0.4"]


def test_rows_with_offsets_or_limits_of_their_own_are_not_drawn(pupils: pd.DataFrame, make_fit: Any) -> None:
    offset = module.effects_data(make_fit("score ~ x + offset(w) + (1 | school)", pupils), "x")
    assert "data_y" not in offset
    assert "The data are not drawn: rows have offsets of their own." in offset.attrs["caption"]
    frame = pupils.assign(side=np.where(pupils["score"] > 1, "right", "none"))
    censored = module.effects_data(make_fit("score | cens(side) ~ x + (1 | school)", frame), "x")
    assert "data_y" not in censored
    assert "The data are not drawn: some responses are censored." in censored.attrs["caption"]
