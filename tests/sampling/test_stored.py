"""Models of very many values: draws written once, expanded where they lie, the same posterior."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest
import xarray as xr
from structures import small_frame
from tolerances import monte_carlo

import hierbayes as hb
from hierbayes.errors import SamplingError
from hierbayes.estimates.summarize import summarize
from hierbayes.kernels import blocks
from hierbayes.kernels.assemble import rows_kernel
from hierbayes.kernels.collapsed import collapsed_kernel
from hierbayes.sampling import UNCONSTRAINED, SamplerSettings, stored
from hierbayes.sampling.progress import NoProgress
from hierbayes.sampling.stored import sample_stored

pytestmark = pytest.mark.sampling


@pytest.fixture(scope="module")
def model():
    return hb.Model("ticks ~ x + (1 + x | g) + (1 | h)", small_frame(), family="negbinomial")


@pytest.fixture(scope="module")
def kernel(model):
    return rows_kernel(model.spec, model.design, {"g": "partial", "h": "partial"})


def test_every_draw_is_the_one_of_its_statistics(kernel):
    settings = SamplerSettings(draws=40, tune=60, chains=3, cores=2, seed=5, progress=False)
    raw = sample_stored(kernel, settings)
    draws = raw.variables[UNCONSTRAINED]
    assert draws.shape == (3, 40, kernel.n_dim)
    values = [[kernel.value_and_gradient(x)[0] for x in chain] for chain in draws]
    np.testing.assert_allclose(raw.sample_stats["lp"], values, rtol=1e-10)
    assert (draws[0] != draws[1]).any()
    assert not raw.partial
    again = sample_stored(
        kernel, SamplerSettings(draws=40, tune=60, chains=3, cores=1, seed=5, progress=False)
    )
    np.testing.assert_array_equal(draws, again.variables[UNCONSTRAINED])
    other = sample_stored(
        kernel, SamplerSettings(draws=40, tune=60, chains=3, cores=1, seed=6, progress=False)
    )
    assert (draws != other.variables[UNCONSTRAINED]).any()


def test_the_posterior_is_the_same(model, monkeypatch):
    plain = model.fit(seed=1, progress=False)
    monkeypatch.setattr(stored, "MANY", 0)
    monkeypatch.setattr(blocks, "BLOCK", 1000)
    fit = model.fit(seed=3, progress=False)
    assert set(fit.posterior.data_vars) == set(plain.posterior.data_vars)
    assert set(fit.idata["sample_stats"].data_vars) == set(plain.idata["sample_stats"].data_vars)
    for name in plain.posterior.data_vars:
        for one, two in zip(cells(fit.posterior[name]), cells(plain.posterior[name]), strict=True):
            errors = one.sd / np.sqrt(one.ess_bulk), two.sd / np.sqrt(two.ess_bulk)
            assert monte_carlo(one.mean, two.mean, *errors), (name, one, two)


def cells(draws):
    """Summaries of all that varies in a variable: the diagonal of correlations does not."""
    flat = draws.to_numpy().reshape(*draws.shape[:2], -1)
    moving = flat[..., flat.std(axis=(0, 1)) > 1e-9]
    return summarize(xr.DataArray(moving, dims=("chain", "draw", "cell"))).itertuples()


@pytest.mark.parametrize("block", [1, 70, 1000])
@pytest.mark.parametrize("made", [30, 23])
def test_expanded_where_they_lie(kernel, monkeypatch, block, made):
    """Blocks of one draw, of some and of all; chains that were cut short by Ctrl-C."""
    draws = np.random.default_rng(1).normal(size=(2, 30, kernel.n_dim))[:, :made]
    expected = kernel.pieces(draws.copy(), 3)
    monkeypatch.setattr(blocks, "BLOCK", block)
    pieces = blocks.pieces_in_place(kernel, draws, 3)
    np.testing.assert_array_equal(pieces.theta, expected.theta)
    for kind in ("sd", "cholesky", "u", "parameters"):
        found, wanted = getattr(pieces, kind), getattr(expected, kind)
        assert list(found) == list(wanted)
        for name, values in wanted.items():
            np.testing.assert_array_equal(found[name], values)
    if 8 * block < draws.nbytes:
        assert all(np.shares_memory(u, draws) for u in pieces.u.values())


def test_what_was_integrated_out_is_drawn_as_ever(monkeypatch):
    model = hb.Model("y ~ x + (1 | g)", small_frame())
    kernel = collapsed_kernel(model.spec, model.design)
    draws = np.random.default_rng(1).normal(size=(2, 6, kernel.n_dim))
    monkeypatch.setattr(blocks, "BLOCK", 1)
    pieces, expected = blocks.pieces_in_place(kernel, draws, 3), kernel.pieces(draws, 3)
    np.testing.assert_array_equal(pieces.u["g"], expected.u["g"])


class Watch(NoProgress):
    """Tells when every chain has left warm-up."""

    def __init__(self) -> None:
        self.ready = threading.Event()

    def update(self, states):
        if all(not state.tuning and state.finished > 150 for state in states):
            self.ready.set()


def test_ctrl_c_returns_the_draws_so_far(kernel, monkeypatch):
    watch = Watch()
    monkeypatch.setattr(stored, "progress_for", lambda settings, title: watch)

    def send() -> None:
        watch.ready.wait(timeout=240)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    raw = sample_stored(kernel, SamplerSettings(draws=1_000_000, tune=100, chains=2, cores=2, seed=7))
    thread.join()
    draws = raw.variables[UNCONSTRAINED]
    assert raw.partial
    assert 0 < draws.shape[1] < 1_000_000
    last = [kernel.value_and_gradient(chain[-1])[0] for chain in draws]
    np.testing.assert_allclose(raw.sample_stats["lp"][:, -1], last, rtol=1e-10)


def test_no_finite_start_is_said(model):
    broken = rows_kernel(model.spec, model.design, {"g": "partial", "h": "partial"})
    broken.start[:] = -800.0
    with pytest.raises(SamplingError, match="could not sample this model"):
        sample_stored(broken, SamplerSettings(draws=5, tune=5, chains=3, cores=2, seed=1, progress=False))
