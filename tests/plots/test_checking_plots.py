"""Rootograms, statistics by group, leave-one-out PIT and Pareto k."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.checks.residuals import envelope, leave_one_out_pit
from hierbayes.plots import leave_out, ppc, ppc_more

type FitOf = Callable[[str, str], hb.Fit]


def test_a_statistic_by_group_is_that_of_the_table(slopes: Any, pupils: Any, drawing: Any) -> None:
    data = ppc.ppc_data(slopes, "statistic", statistic="max", seed=2)
    largest = pupils["score"].groupby(pupils["school"]).max()
    np.testing.assert_allclose(data["observed"], largest.loc[data["level"].to_numpy()])
    assert np.all(np.diff(data["mean"]) >= 0)
    frame = slopes.predictive_check("max", by="school", draws=400, seed=2).set_index("school")
    np.testing.assert_allclose(data["upper_95"], frame.loc[data["level"].to_numpy(), "upper"])
    pc = ppc.draw_ppc(data, backend="none")
    assert drawing(pc).title() == "Posterior predictive check: max of score by school"
    assert drawing(pc).segments("interval_95", "lower_95").shape == (8, 4)
    assert "interval_50" not in pc.viz.children
    with pytest.raises(UnknownNameError, match="Did you mean 'median'"):
        ppc.ppc(slopes, "statistic", statistic="medain", backend="none")


def test_groups_without_the_statistic_are_left_out(slopes: Any) -> None:
    def over_five(y: np.ndarray) -> np.ndarray:
        return np.full(y.shape[:-1], np.nan) if y.shape[-1] < 5 else y.mean(axis=-1)

    data = ppc.ppc_data(slopes, "statistic", statistic=over_five)
    assert data["level"].size == 6 and "2 groups have too few rows" in data.attrs["caption"]
    assert data.attrs["title"] == "Posterior predictive check: over five of score by school"
    with pytest.raises(DataError, match="not defined for any group of 'school'"):
        ppc.ppc_data(slopes, "statistic", statistic=lambda y: np.full(y.shape[:-1], np.nan))


def test_bars_of_a_rootogram_hang_from_the_expectation(without_groups: Any, drawing: Any) -> None:
    bars = ppc.ppc_data(without_groups, "bars")
    data = ppc_more.rootogram(bars)
    np.testing.assert_allclose(data["misfit"] + np.sqrt(data["observed"]), np.sqrt(data["mean"]))
    pc = ppc.draw_ppc(data, backend="none")
    drawn = drawing(pc).elements("fill_between_y")
    assert [e["y_bottom"][0] for e in drawn] == pytest.approx(data["misfit"].values.tolist())
    assert [e["y_top"][0] for e in drawn] == pytest.approx(np.sqrt(data["mean"]).values.tolist())
    assert drawing(pc).title() == "Posterior predictive check: rootogram of passed"


def test_pit_against_uniform(binary: Any, drawing: Any) -> None:
    data = leave_out.loo_pit_data(binary)
    frame = leave_one_out_pit(binary)
    n = len(frame)
    np.testing.assert_allclose(data["pit"], np.sort(frame["pit"]))
    np.testing.assert_allclose(data["difference"] + data["pit"], (np.arange(n) + 0.5) / n)
    np.testing.assert_allclose(data["expected"] - data["lower"], envelope(n)[1])
    pc = leave_out.draw_loo_pit(data, backend="none")
    np.testing.assert_array_equal(drawing(pc).visual("difference", "difference")["x"], data["pit"])
    assert "randomized" in drawing(pc).caption()


def test_pareto_k_of_rows_and_groups(fit_of: FitOf, drawing: Any) -> None:
    fit = fit_of("exam", "m4")
    data = leave_out.pareto_k_data(fit, "school")
    found = fit.loo("school", refits=0)
    np.testing.assert_array_equal(data["k"], found.pointwise["pareto_k"])
    assert data["label"].values.tolist() == found.pointwise["level"].tolist()
    pc = leave_out.draw_pareto_k(data.assign(good_k=float(data["k"].max()) - 1e-9), backend="none")
    assert drawing(pc).visual("bad", "position")["x"].tolist() == [float(np.argmax(data["k"].to_numpy()))]
    assert drawing(pc).visual("fine", "position")["x"].size == 64
    assert drawing(pc).title() == "Pareto k of 65 levels of school"
