from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tolerances

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.variance.variances_along import variances_along
from hierbayes.plots import along, vpc

GRID = [-1.0, 0.0, 0.5, 2.0]


def test_variance_between_groups_is_the_parabola_of_its_parameters(slopes: Any) -> None:
    frame = variances_along(slopes, "x", GRID)
    posterior = slopes.posterior
    sd, cor = posterior["sd_school"].to_numpy(), posterior["cor_school"].to_numpy()[..., 0, 1]
    covariance = cor * sd[..., 0] * sd[..., 1]
    for k, x in enumerate(GRID):
        parabola = sd[..., 0] ** 2 + 2 * covariance * x + sd[..., 1] ** 2 * x**2
        np.testing.assert_allclose(frame["mean"][k], parabola.mean(), rtol=tolerances.IDENTITY)
    within = frame[frame["group"] == "rows"]["mean"]
    np.testing.assert_allclose(within, (posterior["sigma"] ** 2).mean(), rtol=tolerances.IDENTITY)
    assert "residual variance of a row" in frame.attrs["definition"]


def test_lines_of_levels_are_drawn_over_the_data(slopes: Any, pupils: Any, drawing: Any) -> None:
    data = along.variance_data(slopes, "x")
    assert data["line"].values.tolist() == ["between: school", "within: rows"]
    pc = along.draw_variance(data, backend="none")
    line = drawing(pc).visual("line_0", "mean", panel="")
    assert (line["x"].min(), line["x"].max()) == (pupils["x"].min(), pupils["x"].max())
    np.testing.assert_array_equal(line["y"], data["mean"].values[0, 0])
    assert drawing(pc).texts("xlabel", panel="") == ["x"]
    assert drawing(pc).elements("ylim", panel="")[0]["lims"][0] <= 0


def test_vpc_along_a_column_is_the_table(slopes: Any, drawing: Any) -> None:
    frame = slopes.vpc(at={"x": GRID})
    pc = vpc.vpc(slopes, {"x": GRID}, backend="none")
    line = drawing(pc).visual("line_0", "mean", panel="school")
    np.testing.assert_array_equal(line["x"], GRID)
    np.testing.assert_array_equal(line["y"], frame["mean"])
    band = drawing(pc).visual("band_0", "mean", panel="school")
    np.testing.assert_array_equal(band["y_top"], frame["upper"])
    assert frame.attrs["definition"] in drawing(pc).caption()


def test_definitions_stand_side_by_side(binary: Any, drawing: Any) -> None:
    methods = ["latent", "linearised"]
    frame = binary.vpc(method=methods)
    data = vpc.vpc_data(binary, method=methods)
    assert data["group"].values.tolist() == ["school, latent", "school, linearised"]
    np.testing.assert_allclose(data["mean"], frame["mean"])
    pc = vpc.vpc(binary, {"x": GRID}, method=methods, backend="none")
    held = binary.vpc(at={"x": GRID}, method=methods)
    for k, method in enumerate(methods):
        line = drawing(pc).visual(f"line_{k}", "mean", panel="school")
        np.testing.assert_array_equal(line["y"], held[held["method"] == method]["mean"])
        assert f"{method}: share of the variance" in drawing(pc).caption()


def test_what_cannot_be_drawn_along_is_refused(slopes: Any, without_groups: Any, without_x: Any) -> None:
    with pytest.raises(DataError) as error:
        along.variance(without_x, backend="none")
    assert str(error.value) == (
        "A variance is drawn along a column of numbers, and the model has none: score ~ 1 + (1 | school). "
        "fit.varcorr() and fit.vpc() have the numbers."
    )
    assert along.variance_data(slopes).attrs["xlabel"] == "x"
    with pytest.raises(DataError) as refused:
        vpc.vpc(slopes, {"x": GRID, "w": GRID}, backend="none")
    assert str(refused.value) == (
        "A VPC is drawn along one column, and 'x' and 'w' have several values in `at`. Hold one of them: "
        "at={'w': a single value}."
    )
    with pytest.raises(DataError, match="column of numbers, and 'kind' holds labels"):
        vpc.vpc(slopes, {"kind": ["public", "private"]}, backend="none")
    with pytest.raises(UnknownNameError, match="numeric column"):
        along.variance(slopes, "kind", backend="none")
    with pytest.raises(DataError, match="Variances by level need groups"):
        along.variance(without_groups, backend="none")
    with pytest.raises(DataError, match="Variances by level need groups"):
        variances_along(without_groups, "x", GRID)
