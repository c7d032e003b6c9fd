from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.variance.vpc import vpc as vpc_table
from hierbayes.plots import chains, ppc, vpc


def test_vpc_shows_the_table_and_its_definition(slopes: Any, drawing: Any) -> None:
    data, frame = vpc.vpc_data(slopes), vpc_table(slopes)
    for name in ("mean", "lower", "upper"):
        np.testing.assert_allclose(data[name], frame[name])
    area = np.trapezoid(data["density"].values[0], data["x"].values[0])
    assert area == pytest.approx(1.0, abs=0.02)
    pc = vpc.draw_vpc(data, backend="none")
    segment = drawing(pc).segments("interval", "lower", group="school")
    np.testing.assert_allclose(segment[0, :2], frame.loc[0, ["lower", "upper"]].astype(float))
    assert frame.attrs["definition"] in drawing(pc).caption() and "95 % equal-tailed" in drawing(pc).caption()
    assert drawing(pc).texts("title", group="school")[0].startswith(f"school: {frame.loc[0, 'mean']:.3f}")


def test_vpc_of_a_binary_model_is_labelled_latent(binary: Any, without_groups: Any) -> None:
    assert "latent" in vpc.vpc_data(binary).attrs["subtitle"]
    with pytest.raises(DataError, match="VPC"):
        vpc.vpc(without_groups, backend="none")


LABELS = [
    "Intercept",
    "x",
    "w",
    "kind[public]",
    "sd(school: Intercept)",
    "sd(school: x)",
    "cor(school: Intercept, x)",
    "sigma",
]


def test_traces_are_of_the_main_parameters(slopes: Any) -> None:
    data = chains.trace_data(slopes)
    assert data["parameter"].values.tolist() == LABELS
    np.testing.assert_array_equal(
        data["value"].sel(parameter="cor(school: Intercept, x)"), slopes.posterior["cor_school"][:, :, 0, 1]
    )
    assert int(data["diverging"].sum()) == 1
    assert "1 divergent" in data.attrs["caption"]
    pc = chains.draw_trace(data, backend="none")
    drawn = pc.viz["trace"]["value"].sel(parameter="sigma", chain=1).item()
    np.testing.assert_array_equal(drawn["y"], slopes.posterior["sigma"].sel(chain=1))


def test_a_chain_that_stands_still_is_drawn(slopes: Any) -> None:
    data = chains.trace_data(slopes)
    values = data["value"].transpose("parameter", "chain", "draw").to_numpy().copy()
    values[:, 0] = values[:, 0, :1]
    data = data.assign(value=(("parameter", "chain", "draw"), values))
    drawn = chains.draw_trace(data, backend="none").viz["trace"]["value"].sel(parameter="sigma")
    still, other = drawn.sel(chain=0).item()["y"], drawn.sel(chain=1).item()["y"]
    sigma = list(data["parameter"].values).index("sigma")
    np.testing.assert_allclose(still, values[sigma, 0], atol=0.006 * np.ptp(values[sigma]))
    np.testing.assert_array_equal(other, values[sigma, 1])


def test_group_effects_are_traced_when_asked_for(slopes: Any) -> None:
    data = chains.trace_data(slopes, ["sigma", "u(school: s3, x)"])
    np.testing.assert_array_equal(
        data["value"].isel(parameter=1), slopes.posterior["u_school"].sel(school="s3", school_term="x")
    )
    with pytest.raises(UnknownNameError, match="Did you mean 'sigma'"):
        chains.trace(slopes, ["sigm"], backend="none")


def test_ranks_have_one_line_per_chain(slopes: Any, drawing: Any) -> None:
    pc = chains.rank(slopes, ["x", "sigma"], backend="none")
    assert pc.viz["ecdf_lines"]["value"].sizes == {"parameter": 2, "chain": 2}
    assert "envelope" in drawing(pc).caption()


def test_density_check_draws_the_replications_and_the_data(slopes: Any, drawing: Any) -> None:
    data = ppc.ppc_data(slopes)
    np.testing.assert_array_equal(data["observed"], slopes.design.y)
    n = data.sizes["chain"] * data.sizes["draw"]
    assert data.sizes["obs"] == slopes.design.n and 40 <= n <= 70
    pc = ppc.draw_ppc(data, backend="none")
    assert pc.viz["predictive_dist"]["y"].sizes["sample"] == n
    assert drawing(pc).title() == "Posterior predictive check: score"


def test_share_of_ones_by_group(binary: Any, pupils: Any, drawing: Any) -> None:
    data = ppc.ppc_data(binary)
    shares = (pupils["passed"] == "yes").groupby(pupils["school"]).mean()
    np.testing.assert_allclose(data["observed"], shares.loc[data["level"].to_numpy()])
    assert np.all(np.diff(data["mean"]) >= 0)
    assert np.all(data["lower_95"] <= data["lower_50"]) and np.all(data["upper_50"] <= data["upper_95"])
    pc = ppc.draw_ppc(data, backend="none")
    points = [e["x"].size for e in drawing(pc).elements("scatter")]
    assert sum(points) == 8 and points[0] == int(data["covered"].sum())
    assert drawing(pc).texts("xlabel") == ["share of passed = yes in the group"]


def test_bars_count_zeros_and_ones(without_groups: Any, pupils: Any, drawing: Any) -> None:
    data = ppc.ppc_data(without_groups)
    assert data.attrs["kind"] == "bars"
    counts = pupils["passed"].value_counts()
    np.testing.assert_array_equal(data["observed"], counts.loc[["no", "yes"]])
    assert data["outcome"].values.tolist() == ["no", "yes"]
    np.testing.assert_allclose(data["mean"].sum(), len(pupils))
    pc = ppc.draw_ppc(data, backend="none")
    assert len(drawing(pc).elements("fill_between_y")) == 2


def test_a_check_is_the_same_for_the_same_seed(binary: Any) -> None:
    first, second, other = (ppc.ppc_data(binary, seed=s)["mean"] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_kinds_that_do_not_exist(binary: Any, slopes: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"bernoulli models.*Known: groups, bars, statistic"):
        ppc.ppc(binary, "density", backend="none")
    with pytest.raises(UnknownNameError, match="Did you mean 'density'"):
        ppc.ppc(slopes, "densty", backend="none")
