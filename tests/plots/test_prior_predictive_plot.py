"""Data that the priors imply: what is drawn is what ``prior_predictive`` says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hierbayes as hb
from hierbayes.errors import PriorError
from hierbayes.estimates.checks.prior import implied
from hierbayes.plots import draw_prior_predictive, prior_predictive_data


def test_shares_of_two_outcomes(binary: Any, drawing: Any) -> None:
    data = prior_predictive_data(binary, draws=60, seed=3)
    made = binary.prior_predictive(60, seed=3)["prior_predictive"]["y"].to_numpy()[0]
    share = made.mean(axis=1)
    assert data["outcome"].to_numpy().tolist() == ["no", "yes"]
    np.testing.assert_allclose(data["mean"], [1 - share.mean(), share.mean()], rtol=1e-12)
    np.testing.assert_allclose(data["upper"][1], np.quantile(share, 0.975), rtol=1e-12)
    assert float(data["observed"][1]) == binary.design.y.mean()
    pc = draw_prior_predictive(data, backend="none")
    drawn = drawing(pc).elements("fill_between_y")
    assert [e["y_top"][0] for e in drawn] == pytest.approx(data["observed"].to_numpy().tolist())
    assert drawing(pc).title() == "Before the data: passed as the priors imply it"
    assert "60 data sets" in drawing(pc).caption()


def test_densities_of_measurements(slopes: Any, drawing: Any) -> None:
    data = prior_predictive_data(slopes, draws=50, seed=1)
    made = slopes.prior_predictive(50, seed=1)["prior_predictive"]["y"].to_numpy()[0]
    low, high = np.quantile(made, [0.01, 0.99])
    x = data["x"].to_numpy()
    assert x[0] == min(low, slopes.design.y.min())
    assert x[-1] == max(high, slopes.design.y.max())
    assert data.sizes["line"] == 25
    middle = float(np.median(slopes.design.y))
    assert abs(x[int(data["observed"].to_numpy().argmax())] - middle) < slopes.design.y.std()
    pc = draw_prior_predictive(data, backend="none")
    np.testing.assert_array_equal(drawing(pc).visual("observed", "observed")["x"], x)


def test_values_that_overflow_are_drawn_at_the_edge(pupils: Any) -> None:
    frame = pupils.assign(time=np.exp(pupils["score"]))
    model = hb.Model("time ~ x", frame, family="gamma", priors={"b": "normal(0, 500)"})
    fit = hb.Fit(model.spec, model.design, None, {})  # type: ignore[arg-type]
    assert np.isinf(implied(fit, 50)).any()
    data = prior_predictive_data(fit, draws=50)
    assert np.isfinite(data["density"]).all()
    assert np.isfinite(data["x"]).all()


def test_a_flat_prior_has_no_picture(pupils: Any) -> None:
    model = hb.Model("score ~ x", pupils, priors={"b": "flat()"})
    fit = hb.Fit(model.spec, model.design, None, {})  # type: ignore[arg-type]
    with pytest.raises(PriorError, match=r"There is no draw from the prior of 'b\[x\]': it is flat"):
        fit.plot.prior_predictive(backend="none")
