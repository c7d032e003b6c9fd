"""The same seed gives the same draws on one, two and four workers, whatever takes workers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from structures import small_frame
from threadpoolctl import threadpool_info, threadpool_limits

import hierbayes as hb
from hierbayes.threads import one_thread

pytestmark = pytest.mark.sampling

SHORT = {"draws": 30, "tune": 40, "chains": 4, "progress": False}


def assert_same(one: hb.Fit, other: hb.Fit) -> None:
    for group in ("posterior", "sample_stats"):
        for name, values in one.idata[group].data_vars.items():
            np.testing.assert_array_equal(values, other.idata[group][name], err_msg=str(name))


@pytest.fixture(scope="module")
def graph_model() -> hb.Model:
    """Compiled once for all tests."""
    return hb.Model("won ~ x + (1 | g)", small_frame(), family="bernoulli")


def chains_on_cores(model: hb.Model, route: str) -> None:
    one, two, four = (model.fit(seed=3, cores=cores, route=route, **SHORT) for cores in (1, 2, 4))
    assert_same(one, two)
    assert_same(one, four)
    assert (one.posterior["b"] != model.fit(seed=4, route=route, **SHORT).posterior["b"]).any()


@pytest.mark.parametrize(
    ("formula", "family"),
    [("y ~ x + (1 | h)", "gaussian"), ("won ~ x + (1 + x | g) + (1 | h)", "bernoulli")],
    ids=["collapsed", "rows"],
)
def test_chains_on_cores(formula: str, family: str) -> None:
    chains_on_cores(hb.Model(formula, small_frame(), family=family), "kernel")


def test_chains_of_a_graph_on_cores(graph_model: hb.Model) -> None:
    chains_on_cores(graph_model, "graph")


def test_a_graph_in_threads(graph_model: hb.Model) -> None:
    responses = np.random.default_rng(5).integers(0, 2, (3, graph_model.design.n))
    given = {**SHORT, "responses": responses, "seeds": 1, "backend": "threading", "route": "graph"}
    one, two = (hb.fit_many(graph_model, n_jobs=n_jobs, **given) for n_jobs in (1, 2))
    for key in range(3):
        assert_same(one[key], two[key])


@pytest.mark.parametrize(("n_jobs", "backend"), [(1, "loky"), (2, "loky"), (4, "threading")])
def test_fits_on_workers_are_those_of_the_model_alone(n_jobs: int, backend: str) -> None:
    frames = {seed: small_frame().sample(50, random_state=seed) for seed in (1, 2, 3, 4)}
    models = {seed: hb.Model("y ~ x + (1 | h)", frame) for seed, frame in frames.items()}
    many = hb.fit_many(models, seeds={key: key for key in models}, n_jobs=n_jobs, backend=backend, **SHORT)
    for key, model in models.items():
        assert_same(many[key], model.fit(seed=key, **SHORT))


@pytest.fixture(scope="module")
def fit() -> hb.Fit:
    return hb.Model("y ~ x + (1 | h)", small_frame()).fit(seed=1, **{**SHORT, "draws": 100})


CHECKS: dict[str, Callable[[hb.Fit, int], pd.DataFrame]] = {
    "kfold": lambda fit, n_jobs: fit.kfold(3, n_jobs=n_jobs).pointwise,
    "kfold of groups": lambda fit, n_jobs: fit.kfold(2, group="h", n_jobs=n_jobs).pointwise,
    "loo": lambda fit, n_jobs: fit.loo(refits=10_000, n_jobs=n_jobs).pointwise,
    "sbc": lambda fit, n_jobs: hb.sbc(proper(), 20, n_jobs=n_jobs, **SHORT).table,
    "pooling": lambda fit, n_jobs: (
        hb.pooling(hb.Model("y ~ x + (1 | h)", small_frame()), folds=2, n_jobs=n_jobs, **SHORT).heldout
    ),
}


def proper() -> hb.Model:
    return hb.Model("y ~ x + (1 | h)", small_frame(), priors={"b": "normal(0, 1)"})


@pytest.mark.parametrize("what", CHECKS)
def test_what_is_made_of_fits(what: str, fit: hb.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hierbayes.estimates.leave_out.loo.good_k", lambda draws: 0.25)
    # Copies: a fit remembers what was asked of it.
    one, two = (CHECKS[what](replace(fit), n_jobs) for n_jobs in (1, 2))
    assert len(one)
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def wide() -> pd.DataFrame:
    """So many rows and columns that BLAS splits their sums."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(20_000, 40)), columns=[f"x{k}" for k in range(40)])
    return frame.assign(g=rng.integers(0, 50, 20_000), y=frame["x0"] + rng.normal(size=20_000))


def test_draws_do_not_hang_on_the_threads_of_linear_algebra() -> None:
    frame = wide()
    formula = f"y ~ {' + '.join(name for name in frame if name.startswith('x'))} + (1 + x0 | g)"
    fits = []
    for threads in (1, 4):
        with threadpool_limits(limits=threads):
            model = hb.Model(formula, frame)
            model.plan()
            fits.append(model.fit(seed=1, **{**SHORT, "draws": 5, "tune": 5, "chains": 1}))
    assert_same(*fits)


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_the_threads_of_the_user_come_back() -> None:
    with threadpool_limits(limits=3):
        before = blas_threads()
        first, second = one_thread(), one_thread()
        first.__enter__()
        second.__enter__()
        assert blas_threads() == {1}
        first.__exit__(None, None, None)
        assert blas_threads() == {1}, "the second is still inside"
        second.__exit__(None, None, None)
        assert blas_threads() == before
