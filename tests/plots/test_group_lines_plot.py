from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.plots import group_lines as module


def test_lines_are_intercept_plus_slope_of_each_group(slopes: Any, pupils: Any) -> None:
    data = module.group_lines_data(slopes)
    b = slopes.posterior["b"].mean(["chain", "draw"])
    u = slopes.posterior["u_school"].mean(["chain", "draw"])
    at = b.sel(term="Intercept") + b.sel(term="w") * pupils["w"].mean()  # kind at its reference, private
    for level in data["level"].values:
        own = u.sel(school=level)
        line = (
            at + own.sel(school_term="Intercept") + (b.sel(term="x") + own.sel(school_term="x")) * data["x"]
        )
        np.testing.assert_allclose(data["line"].sel(level=level), line, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(data["population"], at + b.sel(term="x") * data["x"], rtol=1e-10, atol=1e-12)
    assert data["x"].values[[0, -1]] == pytest.approx([pupils["x"].min(), pupils["x"].max()])


def test_binary_curves_are_means_of_probabilities(binary: Any) -> None:
    data = module.group_lines_data(binary)
    b, u = binary.posterior["b"], binary.posterior["u_school"].sel(school_term="Intercept")
    eta = b.sel(term="Intercept") + b.sel(term="x") * data["x"] + b.sel(term="I(x^2)") * data["x"] ** 2
    np.testing.assert_allclose(data["population"], expit(eta).mean(["chain", "draw"]), rtol=1e-10)
    own = expit(eta + u).mean(["chain", "draw"]).transpose("school", "point")
    np.testing.assert_allclose(data["line"], own, rtol=1e-10)
    assert "data_x" not in data
    assert "slope of x is the same for all groups" in data.attrs["caption"]
    assert data.attrs["ylabel"] == "probability of passed = yes"


def test_random_intercepts_give_parallel_lines(pupils: Any, make_fit: Any) -> None:
    data = module.group_lines_data(make_fit("score ~ x + (1 | school)", pupils))
    apart = data["line"] - data["line"].isel(level=0)
    np.testing.assert_allclose(apart, np.broadcast_to(apart.values[:, :1], apart.shape), atol=1e-12)


def test_two_terms_on_one_factor_are_added(pupils: Any, make_fit: Any) -> None:
    fit = make_fit("score ~ x + (1 | school) + (0 + x | school)", pupils)
    data = module.group_lines_data(fit)
    b, posterior = fit.posterior["b"], fit.posterior
    level = "s3"
    intercept = b.sel(term="Intercept") + posterior["u_school"].sel(school=level, school_term="Intercept")
    slope = b.sel(term="x") + posterior["u_school.1"].sel({"school.1": level, "school.1_term": "x"})
    line = intercept.mean() + slope.mean() * data["x"]
    np.testing.assert_allclose(data["line"].sel(level=level), line, rtol=1e-10, atol=1e-12)


def test_what_is_drawn_in_one_panel(slopes: Any, drawing: Any) -> None:
    pc = module.group_lines(slopes, backend="none")
    (lines,) = drawing(pc).elements("multiple_lines")
    assert lines["y"].shape == (module.N_POINTS, 8)
    assert (
        drawing(pc).elements()[-4:] and drawing(pc).elements("line")[-1]["width"] > lines["width"]
    )  # the population, on top
    assert drawing(pc).visual("data", "data_x")["x"].size == slopes.design.n
    assert drawing(pc).title() == "Fitted lines along x, by school"
    assert drawing(pc).texts("xlabel") == ["x"] and drawing(pc).texts("ylabel") == ["score"]
    assert "Other columns (w, kind) at their mean or reference level" in drawing(pc).caption()


def test_facets_hold_the_columns_of_their_group_and_show_its_rows(
    slopes: Any, pupils: Any, drawing: Any
) -> None:
    data = module.group_lines_data(slopes, facet=True, facets=3)
    assert data["level"].values.tolist() == ["s8", "s4", "s1"]
    pc = module.draw_group_lines(data, backend="none")
    rows = pupils[pupils["school"] == "s8"]
    assert drawing(pc).visual("data", "data_x", level="s8")["x"].size == len(rows) == 31
    assert drawing(pc).texts("title", level="s1") == ["s1  (n = 2)"]
    assert drawing(pc).title() == (
        "Fitted lines along x, by school: 3 of 8 groups, spread from the largest to the smallest"
    )
    b = slopes.posterior["b"].mean(["chain", "draw"])
    at = b.sel(term="Intercept") + b.sel(term="w") * rows["w"].mean() + b.sel(term="kind[public]")
    expected = at + b.sel(term="x") * data["x"]
    np.testing.assert_allclose(data["population"].sel(level="s8"), expected, rtol=1e-10)
    assert np.all(data["line_lower"] <= data["line"]) and np.all(data["line"] <= data["line_upper"])


def test_groups_with_a_panel_are_chosen_or_named(slopes: Any, drawing: Any) -> None:
    def shown(levels: Any, **more: Any) -> list[str]:
        return module.group_lines_data(slopes, levels=levels, **more)["level"].to_numpy().tolist()

    assert shown("largest", facets=3) == ["s8", "s7", "s6"]
    assert shown("smallest", facets=2) == ["s1", "s2"]
    assert shown("spread") == [f"s{i}" for i in range(8, 0, -1)]
    assert shown(["s3", "s1"], facets=1) == ["s3", "s1"] and shown("s5") == ["s5"]
    overlay = module.group_lines_data(slopes)
    apart = ((overlay["line"] - overlay["population"]) ** 2).sum("point")
    order = apart["level"].to_numpy()[np.argsort(apart.to_numpy())].tolist()
    assert shown("typical") == order and shown("unusual", facets=3) == order[::-1][:3]
    pc = module.group_lines(slopes, levels="unusual", facets=3, backend="none")
    assert drawing(pc).title().endswith("by school: 3 of 8 groups, those furthest from the population")
    named = module.group_lines(slopes, levels=["s1"], backend="none")
    assert drawing(named).title() == "Fitted lines along x, by school: 1 of 8 groups"


def test_no_more_than_twenty_panels_unless_asked_for(pupils: Any, make_fit: Any) -> None:
    many = pupils.assign(school=[f"t{i % 33}" for i in range(len(pupils))])
    fit = make_fit("score ~ x + (1 | school)", many)
    assert module.group_lines_data(fit, facet=True).sizes["level"] == 20
    assert module.group_lines_data(fit, facet=True, facets=40).sizes["level"] == 33


def test_shares_of_a_group_are_means_of_its_rows(binary: Any, pupils: Any, drawing: Any) -> None:
    data = module.group_lines_data(binary, facet=True)
    own = pupils[pupils["school"] == "s8"].assign(y=lambda d: d["passed"] == "yes").sort_values("x")
    bins = data.sel(level="s8").dropna("bin")
    assert bins["bin_n"].to_numpy().sum() == 31 and bins.sizes["bin"] == 3
    ends = np.cumsum(bins["bin_n"].to_numpy()).astype(int)
    for start, end, share in zip([0, *ends], ends, bins["bin_y"].to_numpy(), strict=False):
        assert share == pytest.approx(own["y"].iloc[start:end].mean())
    assert np.isnan(data["bin_n"].sel(level="s1")).all()  # two rows make no share
    pc = module.draw_group_lines(data, backend="none")
    dots = drawing(pc).visual("data", "data_x", level="s8")
    assert dots["x"].size == 31
    assert np.all((dots["y"] < 0) | (dots["y"] > 1))  # apart from the curves
    assert int((dots["y"] > 1).sum()) == int(own["y"].sum())
    assert drawing(pc).visual("shares", "bin_x", level="s8")["x"].size == 3


def test_panels_that_cannot_be_drawn_are_refused(slopes: Any) -> None:
    with pytest.raises(UnknownNameError) as unknown:
        module.group_lines_data(slopes, levels=["s1", "s99"])
    assert str(unknown.value) == (
        "'s99' is not a known level of 'school'. Known: s1, s2, s3, s4, s5, s6, s7, s8. "
        "Or let them be chosen: spread, largest, smallest, typical, unusual."
    )
    with pytest.raises(DataError) as refused:
        module.group_lines_data(slopes, levels=[])
    assert str(refused.value) == "No groups were named: levels is empty. Name some, or leave it out."
    with pytest.raises(DataError) as refused:
        module.group_lines_data(slopes, facet=True, facets=0)
    assert str(refused.value) == "At least one panel is needed, and facets=0 was given."


def test_x_can_be_any_numeric_column(slopes: Any) -> None:
    assert module.group_lines_data(slopes, x="w").attrs["xlabel"] == "w"
    with pytest.raises(UnknownNameError, match=r"numeric column of this model.*Known: x, w"):
        module.group_lines_data(slopes, x="kind")


def test_without_a_numeric_column_the_error_says_what_to_do(without_x: Any) -> None:
    with pytest.raises(DataError, match="caterpillar"):
        module.group_lines(without_x, backend="none")
