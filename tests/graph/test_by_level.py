"""`gr(g, by = s)`: the graph's likelihood against one that looks up every row's group by its label."""

from __future__ import annotations

import numpy as np
import pytest
from pytensor.compile.mode import Mode
from scipy import stats

import hierbayes as hb
from hierbayes.geometry import recover
from hierbayes.geometry.components import cross_products
from hierbayes.graph import build_graph

INTERPRETED = Mode(linker="py", optimizer="fast_run").excluding("fusion")


@pytest.fixture(scope="module")
def frame():
    import pandas as pd

    rng = np.random.default_rng(11)
    g = rng.integers(0, 9, 70)
    x = rng.normal(size=70)
    sector = np.where(g < 4, "Public", "Private")
    return pd.DataFrame({"y": rng.normal(size=70), "x": x, "g": g, "sector": sector})


@pytest.mark.parametrize("form", ["noncentered", "partial"])
def test_each_row_has_the_effects_of_its_own_group_and_no_others(frame, form, identity_rtol):
    model = hb.Model("y ~ x + (1 + x | gr(g, by = sector))", frame)
    graph = build_graph(model.spec, model.design, form, deterministics=False)
    rng = np.random.default_rng(12)
    point = {k: v + rng.normal(scale=0.5, size=np.shape(v)) for k, v in graph.initial_point().items()}
    free = graph.compile_fn(
        graph.replace_rvs_by_values(graph.free_RVs), inputs=graph.value_vars, point_fn=True, mode=INTERPRETED
    )(point)
    draws = {rv.name: np.asarray(v)[None, None] for rv, v in zip(graph.free_RVs, free, strict=True)}
    one = recover(model.spec, model.design, draws).isel(chain=0, draw=0)
    mu = []
    for row in frame.itertuples():
        name = f"g:sector[{row.sector}]"
        u = one[f"u_{name}"].sel({name: str(row.g)}).to_numpy()
        mu.append((one["b"].to_numpy() + u) @ [1.0, row.x])
    expected = stats.norm.logpdf(frame["y"], mu, float(one["sigma"])).sum()
    likelihood = graph.compile_logp(vars=graph.observed_RVs, jacobian=False, mode=INTERPRETED)(point)
    assert float(likelihood) == pytest.approx(expected, rel=identity_rtol)


def test_coordinates_see_the_rows_of_the_level_alone(frame):
    """What is computed for one level is what a data set of that level alone gives."""
    design = hb.Model("y ~ x + (1 + x | gr(g, by = sector))", frame).design
    for label in ("Private", "Public"):
        alone = hb.Model("y ~ x + (1 + x | g)", frame[frame["sector"] == label]).design
        part = design.group(f"g:sector[{label}]")
        expected = cross_products(alone.X, alone.groups[0])
        np.testing.assert_allclose(cross_products(design.X, part), expected, rtol=1e-12)
