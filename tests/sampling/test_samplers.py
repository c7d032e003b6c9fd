"""Samplers against each other, seeds, and Ctrl-C at work."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pymc
import pytest
from tolerances import monte_carlo

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.estimates.summarize import summarize
from hierbayes.sampling import SamplerSettings

pytestmark = pytest.mark.sampling

SCALARS = ("b", "sd_Subject", "sigma")


@pytest.fixture(scope="module")
def model() -> hb.Model:
    return hb.Model("Reaction ~ Days + (1 + Days | Subject)", hb.load_data("sleepstudy"))


@pytest.fixture(scope="module")
def fit(model) -> hb.Fit:
    return model.fit(seed=11, progress=False)


def assert_same_posterior(first, second):
    """Means of every parameter, correlation and group effect agree within Monte Carlo error."""
    for name in (*SCALARS, "u_Subject"):
        a, b = summarize(first[name]), summarize(second[name])
        for one, other in zip(a.itertuples(), b.itertuples(), strict=True):
            errors = one.sd / np.sqrt(one.ess_bulk), other.sd / np.sqrt(other.ess_bulk)
            assert monte_carlo(one.mean, other.mean, *errors), (name, one, other)


def test_model_pymc_sampled_by_plain_pymc_is_the_same_posterior(model, fit):
    with model.pymc:
        plain = pymc.sample(
            1000, tune=1000, chains=2, cores=1, random_seed=5, progressbar=False, nuts_sampler="pymc"
        )
    posterior = plain["posterior"].to_dataset()
    assert_same_posterior(fit.posterior, posterior)
    cor = posterior["cor_Subject"][..., 1, 0], fit.posterior["cor_Subject"][..., 1, 0]
    errors = [
        float(c.std()) / np.sqrt(float(summarize(c.expand_dims("one", -1))["ess_bulk"][0])) for c in cor
    ]
    assert monte_carlo(float(cor[0].mean()), float(cor[1].mean()), *errors)


def test_the_same_seed_gives_the_same_draws(model):
    settings = {"draws": 20, "tune": 50, "chains": 2, "progress": False}
    first, again = model.fit(seed=3, **settings), model.fit(seed=3, cores=1, **settings)
    np.testing.assert_array_equal(first.posterior["b"], again.posterior["b"])
    assert (model.fit(seed=4, **settings).posterior["b"] != first.posterior["b"]).any()
    assert first.settings["seed"] == 3


def test_pymc_as_sampler(model, fit):
    other = model.fit(sampler="pymc", seed=6, draws=500, tune=1000, chains=2, progress=False)
    assert other.settings["sampler"] == "pymc"
    assert set(other.posterior.data_vars) == set(fit.posterior.data_vars)
    assert set(other.idata["sample_stats"].data_vars) == set(fit.idata["sample_stats"].data_vars)
    assert_same_posterior(fit.posterior, other.posterior)


def interrupt_when(ready: threading.Event) -> threading.Thread:
    def send() -> None:
        ready.wait(timeout=240)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_ctrl_c_returns_the_draws_so_far(model, monkeypatch, tmp_path):
    """A signal as the keyboard sends it, once every chain has left warm-up."""
    from hierbayes.sampling import nutpie as backend

    ready = threading.Event()

    class Watch:
        def __enter__(self):
            return self

        def __exit__(self, *exc):
            return None

        def update(self, states):
            if all(not state.tuning and state.finished > 150 for state in states):
                ready.set()

        def finish(self, draws, divergences, *, partial):
            assert partial

    model.fit(seed=7, draws=5, tune=5, chains=2, progress=False, parameterization="partial")
    monkeypatch.setattr(backend, "progress_for", lambda settings, title: Watch())
    thread = interrupt_when(ready)
    fit = model.fit(seed=7, draws=100_000, tune=100, chains=2, progress=False, parameterization="partial")
    thread.join()
    assert ready.is_set()
    assert fit.partial
    made = fit.posterior.sizes["draw"]
    assert 0 < made < 100_000
    assert np.isfinite(fit.posterior["b"]).all()
    assert any(f"{made} of 100000 draws" in message for message in fit.messages)
    assert not fit.posterior["b"].isnull().any()
    loaded = hb.load(fit.save(tmp_path / "partial.nc"))
    assert loaded.partial
    assert loaded.posterior.sizes["draw"] == made


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"sampler": "nutpy"}, UnknownNameError, "'nutpy' is not a known sampler. Did you mean 'nutpie'"),
        ({"parameterization": "centred"}, UnknownNameError, "Did you mean 'centered'"),
        ({"draws": 0}, DataError, "draws must be at least 1; 0 was given"),
        ({"chains": 2.5}, ArgumentTypeError, "chains must be a whole number; 2.5 was given"),
        ({"target_accept": 1.2}, DataError, "target_accept must lie between 0 and 1"),
    ],
)
def test_wrong_settings_are_told_before_sampling(model, settings, error, message):
    with pytest.raises(error, match=message):
        model.fit(**settings)


def test_settings_are_checked_where_they_are_made():
    with pytest.raises(DataError, match="seed must be at least 0"):
        SamplerSettings(seed=-1)
