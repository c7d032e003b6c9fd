"""Kernels in nutpie: what of its surface they need, and that the draws are those of the PyMC graph."""

from __future__ import annotations

import numpy as np
import pytest
from pymc.initial_point import make_initial_point_expression
from pytensor.graph.traversal import ancestors
from pytensor.tensor.random.op import RandomVariable
from structures import small_frame
from tolerances import monte_carlo

import hierbayes as hb
from hierbayes.errors import DataError, SamplingError
from hierbayes.estimates.summarize import summarize
from hierbayes.graph import build_graph
from hierbayes.kernels.assemble import rows_kernel
from hierbayes.sampling import UNCONSTRAINED, SamplerSettings, kernel_refusal, nutpie
from hierbayes.sampling.nutpie import sample_kernel

pytestmark = pytest.mark.sampling


@pytest.fixture(scope="module")
def model():
    return hb.Model("won ~ x + (1 + x | g)", small_frame(), family="bernoulli")


@pytest.fixture(scope="module")
def kernel(model):
    return rows_kernel(model.spec, model.design, {"g": "partial"})


def test_nutpie_has_all_that_kernels_need():
    """Fails when nutpie moves or renames one of them: then mend ``sampling.nutpie.prebuilt``."""
    assert kernel_refusal() is None


def test_what_nutpie_lacks_is_named_and_the_graph_is_sampled(monkeypatch):
    monkeypatch.setitem(nutpie.SURFACE, "nutpie._lib", ("NoSuchFunc",))
    fit = hb.Model("won ~ x", small_frame(), family="bernoulli").fit(
        draws=10, tune=20, chains=2, seed=1, progress=False
    )
    assert fit.settings["route"] == "graph"
    assert any("has no nutpie._lib.NoSuchFunc" in message for message in fit.messages)


def test_draws_have_the_kernels_shape_and_follow_the_seed(kernel):
    settings = SamplerSettings(draws=30, tune=50, chains=3, seed=5, progress=False)
    first, again = sample_kernel(kernel, settings), sample_kernel(kernel, settings)
    assert first.variables[UNCONSTRAINED].shape == (3, 30, kernel.n_dim)
    np.testing.assert_array_equal(first.variables[UNCONSTRAINED], again.variables[UNCONSTRAINED])
    chains = first.variables[UNCONSTRAINED]
    assert (chains[0] != chains[1]).any()
    assert {"diverging", "energy", "n_steps", "lp"} <= set(first.sample_stats)
    lp = first.sample_stats["lp"].to_numpy()
    values = [kernel.value_and_gradient(x)[0] for x in chains[0]]
    np.testing.assert_allclose(lp[0], values, rtol=1e-10)


def test_kernel_and_graph_have_the_same_posterior(model):
    settings = {"seed": 2, "progress": False, "parameterization": "partial"}
    fast, slow = model.fit(route="kernel", **settings), model.fit(route="graph", **settings)
    assert (fast.settings["route"], slow.settings["route"]) == ("kernel", "graph")
    for name in ("b", "sd_g", "u_g"):
        rows = zip(
            summarize(fast.posterior[name]).itertuples(),
            summarize(slow.posterior[name]).itertuples(),
            strict=True,
        )
        for a, b in rows:
            assert monte_carlo(a.mean, b.mean, a.sd / np.sqrt(a.ess_bulk), b.sd / np.sqrt(b.ess_bulk)), (a, b)


def test_no_finite_start_is_said(model):
    broken = rows_kernel(model.spec, model.design, {"g": "partial"})
    broken.start[:] = -800.0
    with pytest.raises(SamplingError, match="could not sample this model"):
        sample_kernel(broken, SamplerSettings(draws=5, tune=5, chains=1, seed=1, progress=False))


def test_a_route_that_is_impossible_is_refused(model):
    with pytest.raises(DataError, match="cannot be sampled collapsed: only Gaussian responses"):
        model.fit(parameterization="collapsed")
    with pytest.raises(DataError, match="takes PyMC models only"):
        model.fit(sampler="pymc", route="kernel")


@pytest.mark.parametrize("form", ["noncentered", "centered", "partial"])
def test_the_graph_draws_nothing_but_jitter_where_chains_start(form):
    """Other draws may go through SciPy, which breaks on constants that PyTensor has made read-only.

    ``scipy.stats.t.rvs`` then says "cannot set WRITEABLE flag to True of this array", and no chain starts; so
    it goes with ``pm.LKJCholeskyCov`` and a Student t prior of its standard deviations.
    """
    model = hb.Model("y ~ x + (1 + x | g) + (1 | h)", small_frame(), priors={"b": "student_t(3, 0, 2)"})
    graph = build_graph(model.spec, model.design, form, deterministics=False)
    start = make_initial_point_expression(
        free_rvs=graph.free_RVs,
        rvs_to_transforms=graph.rvs_to_transforms,
        initval_strategies=graph.rvs_to_initial_values,
        jitter_rvs=set(graph.free_RVs),
        return_transformed=True,
    )
    drawn = [v.owner.op for v in ancestors(start) if v.owner and isinstance(v.owner.op, RandomVariable)]
    assert {type(op).__name__ for op in drawn} == {"UniformRV"}
