"""numpyro and blackjax: the same posterior, reproducible, interruptible, and JAX left as it was.

The last file of its kind on purpose: once JAX runs in a process, forking it is not safe.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from structures import small_frame
from tolerances import monte_carlo

import hierbayes as hb
from hierbayes.errors import HierbayesError, NotInstalledError, SamplingError
from hierbayes.estimates.summarize import summarize
from hierbayes.sampling import NEEDS, SamplerSettings
from hierbayes.sampling import jax as backend
from hierbayes.sampling.progress import NoProgress
from hierbayes.sampling.pymc import _start_method

pytestmark = pytest.mark.sampling

WITH_JAX = sorted(NEEDS)


@pytest.fixture(scope="module")
def model() -> hb.Model:
    return hb.Model("won ~ x + (1 | g)", small_frame(), family="bernoulli")


@pytest.fixture(scope="module")
def surroundings():
    """What of JAX and of the environment a fit could change, before the first one."""
    return around()


def around():
    return jax.config.jax_enable_x64, jnp.ones(1).dtype, len(jax.devices()), os.environ.get("XLA_FLAGS")


@pytest.fixture(scope="module", params=WITH_JAX)
def fit(request, model, surroundings) -> hb.Fit:
    return model.fit(sampler=request.param, seed=11, chains=2, draws=1000, cores=2, progress=False)


def test_the_posterior_is_that_of_nutpie(model, fit):
    other = model.fit(seed=12, progress=False)
    assert set(other.posterior.data_vars) == set(fit.posterior.data_vars)
    for name in ("b", "sd_g", "u_g"):
        a, b = summarize(fit.posterior[name]), summarize(other.posterior[name])
        for one, two in zip(a.itertuples(), b.itertuples(), strict=True):
            errors = one.sd / np.sqrt(one.ess_bulk), two.sd / np.sqrt(two.ess_bulk)
            assert monte_carlo(one.mean, two.mean, *errors), (name, one, two)
    stats, others = fit.idata["sample_stats"], other.idata["sample_stats"]
    assert {k: v.dtype.kind for k, v in stats.data_vars.items()} == {
        k: v.dtype.kind.replace("u", "i") for k, v in others.data_vars.items()
    }
    assert 0.7 < float(stats["acceptance_rate"].mean()) < 0.97
    assert int(stats["diverging"].sum()) == 0
    # Energy is kinetic minus log density; the kinetic energy of n dimensions has mean n / 2.
    kinetic = (stats["energy"] + stats["lp"]).to_numpy()
    assert (kinetic > 0).all()
    n = 3 + model.design.groups[0].n_groups
    assert monte_carlo(kinetic.mean(), n / 2, kinetic.std() / np.sqrt(kinetic.size / 4))


def test_what_a_fit_records(fit):
    name = fit.settings["sampler"]
    assert name in WITH_JAX
    assert (fit.settings["route"], fit.settings["tune"], fit.settings["target_accept"]) == (
        "graph",
        1000,
        0.8,
    )
    assert {"jax", name, "pymc"} <= set(fit.settings["versions"])
    assert not fit.partial


def test_the_same_seed_gives_the_same_draws_on_any_number_of_cores(model, fit):
    """However many are asked for."""
    settings = {"sampler": fit.settings["sampler"], "chains": 2, "draws": 20, "progress": False}
    again = model.fit(seed=11, cores=1, **settings)
    for name in ("b", "sd_g", "u_g"):
        np.testing.assert_array_equal(again.posterior[name], fit.posterior[name][:, :20])
    assert (fit.posterior["b"][0] != fit.posterior["b"][1]).all()


def test_double_precision_within_and_nothing_changed_around(fit, surroundings):
    assert around() == surroundings
    assert all(draws.dtype == np.float64 for draws in fit.posterior.data_vars.values())
    with backend.double_precision():
        assert jnp.ones(1).dtype == np.float64
    assert around() == surroundings
    # A draw that had passed through single precision would come back from it unchanged.
    draws = fit.posterior["sd_g"].to_numpy()
    assert (draws != draws.astype(np.float32)).mean() > 0.99


class Watch(NoProgress):
    """Tells when every chain has left warm-up, or has begun it."""

    def __init__(self, *, tuning: bool) -> None:
        self.ready, self.tuning = threading.Event(), tuning

    def update(self, states):
        if all(state.finished and state.tuning <= self.tuning for state in states):
            self.ready.set()

    def finish(self, draws, divergences, *, partial):
        assert partial


def interrupted(watch: Watch) -> threading.Thread:
    """Ctrl-C, once the watch says so."""

    def send() -> None:
        watch.ready.wait(timeout=240)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_ctrl_c_returns_the_draws_so_far(model, monkeypatch):
    watch = Watch(tuning=False)
    monkeypatch.setattr(backend, "progress_for", lambda settings, title: watch)
    thread = interrupted(watch)
    fit = model.fit(sampler="numpyro", seed=7, draws=1_000_000, tune=50, chains=2, cores=2, progress=False)
    thread.join()
    made = fit.posterior.sizes["draw"]
    assert fit.partial
    assert 0 < made < 1_000_000
    assert any(f"{made} of 1000000 draws" in message for message in fit.messages)
    assert np.isfinite(fit.posterior["b"]).all()


def chains(advance, n: int = 2) -> backend._Chains:
    """Chains without JAX: the state is the number of draws made, every draw its own number."""
    shapes = {"x": ((2,), np.float64), "diverging": ((), np.bool_)}
    return backend._Chains([0] * n, advance, shapes, ("x",))


def count(state, n):
    time.sleep(0.002 * n)
    numbers = state + 1 + np.arange(backend.BLOCK)
    return state + n, {"x": np.stack([numbers, -numbers], axis=1), "diverging": numbers % 10 == 0}


def test_blocks_follow_one_another():
    settings = SamplerSettings(draws=200, tune=30, chains=3, cores=2, progress=False)
    raw = backend._Run(chains(count, 3), settings, NoProgress()).raw(["jax"])
    numbers = np.arange(31.0, 231.0)
    np.testing.assert_array_equal(raw.variables["x"], np.broadcast_to(np.c_[numbers, -numbers], (3, 200, 2)))
    assert int(raw.sample_stats["diverging"].sum()) == 3 * 20
    assert not raw.partial
    assert raw.versions == {"jax": jax.__version__}


def test_ctrl_c_in_warm_up():
    watch = Watch(tuning=True)
    run = backend._Run(chains(count), SamplerSettings(draws=5, tune=100_000, chains=2, cores=2), watch)
    thread = interrupted(watch)
    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt, match="no draws to keep"):
        run.raw(["jax"])
    thread.join()
    assert time.perf_counter() - started < 60


def test_an_error_of_one_chain_ends_all():
    def fail(state, n):
        if state > 20:
            raise RuntimeError("out of memory")
        return count(state, n)

    settings = SamplerSettings(draws=1_000_000, tune=10, chains=2, cores=2)
    with pytest.raises(RuntimeError, match="out of memory"):
        backend._Run(chains(fail), settings, NoProgress()).raw(["jax"])


def test_no_finite_start_is_said():
    def infinite(x):
        return np.inf, x

    with pytest.raises(SamplingError, match="no starting point: 100 were tried"):
        backend._start(infinite, np.zeros(2), np.random.SeedSequence(1))


def test_what_jax_lacks_is_said(model, monkeypatch):
    def untranslated(**graph):
        raise NotImplementedError("No JAX conversion for the given `Op`: Erfcx")

    with backend.double_precision():
        monkeypatch.setattr("pymc.sampling.jax.get_jaxified_graph", untranslated)
    with pytest.raises(SamplingError, match=r"no translation to JAX \(No JAX .* Erfcx\). Allowed: .*nutpie"):
        model.fit(sampler="numpyro", progress=False)


def test_pymc_does_not_fork_a_process_that_has_jax(monkeypatch):
    assert _start_method() in ("forkserver", "spawn")
    monkeypatch.delitem(sys.modules, "jax")
    assert _start_method() is None


@pytest.mark.parametrize("name", WITH_JAX)
def test_what_is_not_installed_is_said_before_anything_else(model, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(hb.Model, "plan", None)
    with pytest.raises(NotInstalledError, match=f"needs jax and {name}; not installed: {name}") as caught:
        model.fit(sampler=name)
    assert "Allowed without: nutpie, pymc." in str(caught.value)
    assert "pip install 'hierbayes[jax]'" in str(caught.value)
    assert isinstance(caught.value, HierbayesError)
    assert isinstance(caught.value, ImportError)
