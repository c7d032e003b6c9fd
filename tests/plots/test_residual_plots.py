from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from hierbayes.estimates.checks.residuals import envelope, group_residuals
from hierbayes.estimates.checks.residuals import residuals as residual_table
from hierbayes.plots import residuals


def test_rows_and_groups_are_sorted_and_complete(slopes: Any) -> None:
    data = residuals.residuals_data(slopes)
    assert data["batch"].values.tolist() == ["rows", "school: Intercept", "school: x"]
    rows = residual_table(slopes)
    np.testing.assert_allclose(data["residual"].sel(batch="rows"), np.sort(rows["residual"]))
    groups = group_residuals(slopes)
    own = groups[groups["term"] == "x"].sort_values("residual").dropna()
    drawn = data.sel(batch="school: x").dropna("point", subset=["residual"])
    np.testing.assert_allclose(drawn["residual"], own["residual"])
    np.testing.assert_array_equal(drawn["against"], own["n"])
    n = len(own)
    np.testing.assert_allclose(special.ndtr(drawn["theoretical"]), (np.arange(n) + 0.5) / n)
    np.testing.assert_allclose(special.ndtr(drawn["upper"]), envelope(n)[1])


def test_panels_show_residuals_twice(slopes: Any, drawing: Any) -> None:
    data = residuals.residuals_data(slopes)
    pc = residuals.draw_residuals(data, backend="none")
    picture = drawing(pc)
    against = picture.elements("scatter", batch="rows", view="against")
    qq = picture.elements("scatter", batch="rows", view="qq")
    assert against[0]["y"].size == qq[0]["y"].size == slopes.design.n
    np.testing.assert_array_equal(np.sort(qq[0]["x"]), qq[0]["x"])
    assert len(picture.elements("fill_between_y", batch="school: x", view="qq")) == 1
    groups = picture.elements("scatter", batch="school: x", view="qq")
    assert [e["facecolor"] for e in groups] == [residuals.BLUE, "white"]
    little = int((data["reliability"].sel(batch="school: x") < 0.5).sum())
    assert groups[1]["x"].size == little
    assert picture.texts("xlabel", batch="school: x", view="against") == ["rows in the group"]
    assert picture.texts("ylabel", batch="rows", view="against") == ["standardized residual"]
    assert "posterior mean" in picture.caption()


def test_bins_are_means_of_all_rows(slopes: Any) -> None:
    data, rows = residuals.residuals_data(slopes), residual_table(slopes)
    one = data.sel(batch="rows")
    bins = int(one["bin_mean"].notnull().sum())
    assert bins >= 5
    first = rows[rows["fitted"] < np.quantile(rows["fitted"], 1 / bins)]
    np.testing.assert_allclose(one["bin_mean"][0], first["residual"].mean())
    assert data["bin_mean"].sel(batch="school: x").isnull().all()


def test_many_rows_are_thinned_but_for_the_outermost() -> None:
    shown = residuals._shown(50_000)
    assert shown.size == residuals.MOST_POINTS and np.all(np.diff(shown) > 0)
    assert shown[:300].tolist() == list(range(300)) and shown[-300:].tolist() == list(range(49_700, 50_000))


def test_a_model_without_groups_has_residuals_of_rows(without_groups: Any, drawing: Any) -> None:
    pc = residuals.residuals(without_groups, backend="none")
    assert drawing(pc).title() == "Residuals of the rows"
    assert drawing(pc).texts("ylabel", batch="rows", view="against") == ["quantile residual"]
