"""Many fits: the same on any number of workers, failures as values, Ctrl-C, what is kept."""

from __future__ import annotations

import functools
import io
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pandas as pd
import pytest
from joblib import parallel
from rich.console import Console

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.many import run as running
from hierbayes.many import workers
from hierbayes.many.jobs import spawn_seeds
from hierbayes.many.progress import FitsProgress

SHORT = {"draws": 40, "tune": 40, "chains": 2, "progress": False}
FORMULA = "won ~ x + (1 | g)"


def frame(seed: int = 0, n: int = 72) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"won": rng.integers(0, 2, n), "x": rng.normal(size=n), "g": np.arange(n) % 9})


@pytest.fixture(scope="module")
def model() -> hb.Model:
    return hb.Model(FORMULA, frame(), family="bernoulli")


@pytest.fixture(scope="module")
def responses() -> np.ndarray:
    """Five, of which the fourth is constant and cannot be fitted."""
    y = np.random.default_rng(1).integers(0, 2, (5, 72))
    y[3] = 1
    return y


@pytest.fixture(scope="module")
def many(model, responses) -> hb.FitMany:
    return hb.fit_many(model, responses=responses, seeds=7, **SHORT)


def assert_same(one: hb.FitMany, other: hb.FitMany) -> None:
    assert list(one) == list(other)
    assert one.fits.keys() == other.fits.keys()
    for key, fit in one.fits.items():
        for name in fit.posterior.data_vars:
            np.testing.assert_array_equal(fit.posterior[name], other[key].posterior[name])


@pytest.mark.sampling
def test_each_is_the_refit_with_its_seed(model, responses, many):
    assert list(many) == [0, 1, 2, 3, 4]
    assert many.seed == 7
    assert len({fit.settings["seed"] for fit in many.fits.values()}) == 4
    alone = model.refit(responses[2], seed=many[2].settings["seed"], **SHORT)
    np.testing.assert_array_equal(alone.posterior["b"], many[2].posterior["b"])


@pytest.mark.sampling
def test_a_failure_is_a_value(many):
    (failure,) = many.failures
    assert failure is many[3]
    assert (failure.key, failure.error) == (3, "DataError")
    assert "constant" in failure.message
    assert "check_response" in failure.traceback
    assert set(many.fits) == {0, 1, 2, 4}
    assert repr(many) == "FitMany: 4 of 5 fits, 1 failed (DataError)"
    assert not many.partial


@pytest.mark.sampling
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_the_same_on_any_number_of_workers(model, responses, many, backend):
    other = hb.fit_many(model, responses=responses, seeds=7, n_jobs=2, backend=backend, **SHORT)
    assert_same(many, other)
    (failure,) = other.failures
    assert (failure.key, failure.error, failure.message, failure.seed) == (
        many[3].key,
        many[3].error,
        many[3].message,
        many[3].seed,
    )
    assert "check_response" in failure.traceback


@pytest.mark.sampling
def test_the_same_in_a_dask_cluster(model, responses, many):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
    ):
        other = hb.fit_many(model, responses=responses, seeds=7, n_jobs=2, backend="dask", **SHORT)
    assert_same(many, other)
    assert [(failure.key, failure.message) for failure in other.failures] == [(3, many[3].message)]


@pytest.mark.sampling
def test_the_same_in_a_ray_cluster(model, responses, many):
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        other = hb.fit_many(model, responses=responses, seeds=7, n_jobs=2, backend="ray", **SHORT)
    finally:
        ray.shutdown()
    assert_same(many, other)
    assert [(failure.key, failure.message) for failure in other.failures] == [(3, many[3].message)]


@pytest.mark.sampling
def test_rounds_of_a_backend_that_hands_back_all_at_once(model, responses, many, monkeypatch):
    """Threads stand in for it; an interruption keeps the rounds that were done."""
    monkeypatch.setattr(workers, "WITHOUT_STREAM", ("threading",))
    monkeypatch.setattr(workers, "ROUND", 1)
    arguments = {"responses": responses, "seeds": 7, "n_jobs": 2, "backend": "threading", **SHORT}
    assert_same(many, hb.fit_many(model, **arguments))
    rounds = workers._in_rounds

    def interrupted(*given):
        for count, outcome in enumerate(rounds(*given)):
            if count == 3:
                raise KeyboardInterrupt
            yield outcome

    monkeypatch.setattr(workers, "_in_rounds", interrupted)
    some = hb.fit_many(model, **arguments)
    assert list(some) == [0, 1, 2]
    assert some.partial


@pytest.mark.sampling
def test_summaries_alone(model, responses, many):
    short = hb.fit_many(model, responses=responses, seeds=7, n_jobs=2, keep="summary", **SHORT)
    pd.testing.assert_frame_equal(short.summary(), many.summary())
    assert short.summary().attrs == many.summary().attrs == many[0].summary().attrs
    assert list(short.summary().columns[:4]) == ["model", "section", "group", "parameter"]
    assert short.summary()["model"].tolist() == [k for k in (0, 1, 2, 4) for _ in range(3)]
    assert short[0].settings["seed"] == many[0].settings["seed"]
    assert short[0].divergences == int(many[0].idata["sample_stats"]["diverging"].sum())
    assert len(pickle.dumps(short[0])) < len(pickle.dumps(many[0])) / 5


@pytest.mark.sampling
def test_models_by_name(model):
    models = {"one": model, "two": model.with_data(frame(4))}
    many = hb.fit_many(models, seeds={"two": 5, "one": 6}, **SHORT)
    assert list(many) == ["one", "two"]
    assert many.seed is None
    np.testing.assert_array_equal(
        many["two"].posterior["b"], models["two"].fit(seed=5, **SHORT).posterior["b"]
    )
    assert many.summary()["model"].unique().tolist() == ["one", "two"]
    assert pickle.loads(pickle.dumps(many)).summary().equals(many.summary())


@pytest.mark.sampling
def test_frames_and_a_formula():
    """A frame that cannot be used is a failure of its own."""
    frames = [frame(1), frame(2).drop(columns="x"), frame(3).to_dict("list")]
    many = hb.fit_many(frames, formula=FORMULA, family="bernoulli", seeds=[1, 2, 3], **SHORT)
    assert [failure.error for failure in many.failures] == ["ColumnNotFoundError"]
    expected = hb.fit(FORMULA, frame(3), family="bernoulli", seed=3, **SHORT)
    np.testing.assert_array_equal(many[2].posterior["b"], expected.posterior["b"])


def test_whole_fits_are_kept_up_to_a_number(model, monkeypatch):
    kept = []
    monkeypatch.setattr(running, "_collect", lambda jobs, work, *rest: kept.append(work.keep) or {})
    for count in (running.KEPT_WHOLE, running.KEPT_WHOLE + 1):
        with pytest.raises(KeyboardInterrupt):
            hb.fit_many([model] * count, progress=False)
    assert kept == [running.KEPT["fit"], running.KEPT["summary"]]


def test_fits_side_by_side_have_one_core_each(model, monkeypatch):
    work = []
    monkeypatch.setattr(running, "_collect", lambda jobs, w, *rest: work.append(w.settings) or {})
    for arguments in ({}, {"n_jobs": 2}, {"n_jobs": 2, "cores": 3}):
        with pytest.raises(KeyboardInterrupt):
            hb.fit_many([model], progress=False, **arguments)
    assert [settings.get("cores") for settings in work] == [None, 1, 3]
    assert all(settings["progress"] is False for settings in work)


@pytest.mark.sampling
def test_ctrl_c_returns_what_is_done(model, monkeypatch):
    fit = hb.Model.fit
    calls = []

    @functools.wraps(fit)
    def interrupted(model, **settings):
        calls.append(settings)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return fit(model, **settings)

    monkeypatch.setattr(hb.Model, "fit", interrupted)
    many = hb.fit_many([model] * 5, seeds=1, **SHORT)
    assert list(many) == [0, 1]
    assert many.partial
    assert repr(many) == "FitMany: 2 of 5 fits, interrupted"
    calls[:] = [{}] * 2
    with pytest.raises(KeyboardInterrupt):
        hb.fit_many([model], **SHORT)


SCRIPT = """
    import numpy as np
    import hierbayes as hb
    from hierbayes.many.progress import FitsProgress

    advance = FitsProgress.advance
    def tell(bar, *, failed):
        advance(bar, failed=failed)
        print("one", flush=True)
    FitsProgress.advance = tell

    if __name__ == "__main__":
        y = np.random.default_rng(1).integers(0, 2, (400, 72))
        frame = {"won": y[0], "x": np.arange(72.0), "g": np.arange(72) % 9}
        model = hb.Model("won ~ x + (1 | g)", frame, family="bernoulli")
        many = hb.fit_many(model, responses=y, seeds=1, n_jobs=2, draws=200, tune=200, progress=False)
        print(many.partial, 0 < len(many) < 400, len(many.failures), "end", flush=True)
"""


@pytest.mark.sampling
@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
def test_ctrl_c_of_a_terminal_ends_the_workers(tmp_path):
    """The signal goes to the whole group of processes, as the keyboard sends it."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "one\n"
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stdout.read().splitlines()
    assert rest[-1] == "True True 0 end"
    assert process.returncode == 0


@pytest.mark.sampling
def test_workers_that_cannot_be_reached_lose_no_fit_that_was_done(model, monkeypatch):
    def stream(jobs, work, asked):
        yield workers.attempt(jobs[0], work)
        raise RuntimeError("the cluster is gone")

    monkeypatch.setattr(running, "stream", stream)
    many = hb.fit_many([model] * 3, seeds=1, n_jobs=2, **SHORT)
    assert list(many.fits) == [0]
    assert [failure.message for failure in many.failures] == ["the cluster is gone"] * 2


def test_arguments_that_make_no_sense(model, monkeypatch):
    monkeypatch.delitem(parallel.BACKENDS, "ray", raising=False)
    y = np.zeros((2, 72))
    cases = [
        (ArgumentTypeError, "without responses", (model,), {}),
        (ArgumentTypeError, "with family", (model,), {"responses": y, "family": "bernoulli"}),
        (ArgumentTypeError, "responses belong to one model", ([model],), {"responses": y}),
        (ArgumentTypeError, "has 0 dimensions", (model,), {"responses": y[0]}),
        (ArgumentTypeError, "One DataFrame was given", (frame(),), {"formula": FORMULA}),
        (ArgumentTypeError, "'won' is of type list", (frame().to_dict("list"),), {"formula": FORMULA}),
        (ArgumentTypeError, "without a formula", ([frame()],), {}),
        (ArgumentTypeError, "1 is a model", ([frame(), model],), {"formula": FORMULA}),
        (ArgumentTypeError, "formula would have no effect", ([model],), {"formula": FORMULA}),
        (ArgumentTypeError, "type int cannot be fitted", (3,), {}),
        (DataError, "nothing to fit", ([],), {}),
        (UnknownNameError, "Did you mean 'draws'", ([model],), {"drawz": 5}),
        (UnknownNameError, "Seeds are given as seeds=", ([model],), {"seed": 5}),
        (UnknownNameError, "Did you mean 'loky'", ([model],), {"backend": "lokky"}),
        (UnknownNameError, "Register it", ([model],), {"backend": "ray"}),
        (
            DataError,
            "'dask' cannot be used: To use Joblib with Dask first create",
            ([model],),
            {"backend": "dask"},
        ),
        (UnknownNameError, "Known: auto, fit, summary", ([model],), {"keep": "everything"}),
        (DataError, "n_jobs cannot be 0", ([model],), {"n_jobs": 0}),
        (DataError, "2 seeds for 1 fits", ([model],), {"seeds": [1, 2]}),
        (DataError, "no seed for 0", ([model],), {"seeds": {1: 1}}),
        (ArgumentTypeError, "Seeds are whole numbers", ([model],), {"seeds": [-1]}),
        (ArgumentTypeError, "seeds cannot be 'x'", ([model],), {"seeds": "x"}),
    ]
    for error, message, arguments, keywords in cases:
        with pytest.raises(error, match=message):
            hb.fit_many(*arguments, progress=False, **keywords)


def test_seeds_do_not_hang_on_the_number_of_fits():
    root, seeds = spawn_seeds(9, range(4))
    assert root == 9
    assert spawn_seeds(9, range(2))[1] == seeds[:2]
    drawn, first = spawn_seeds(None, range(2))
    assert spawn_seeds(drawn, range(2))[1] == first
    assert spawn_seeds(None, range(2))[0] != drawn


def test_the_bar_and_the_line_after_it():
    shown = io.StringIO()
    with FitsProgress(
        3, show=True, console=Console(file=shown, force_terminal=True, width=80, highlight=False)
    ) as bar:
        bar.advance(failed=False)
        bar.advance(failed=True)
        given_up = time.monotonic() + 10
        while "2/3" not in shown.getvalue() and time.monotonic() < given_up:
            time.sleep(0.01)
    bar.finish(partial=True)
    assert "fits: 1 failed" in shown.getvalue()
    assert "2/3" in shown.getvalue()
    assert "interrupted after 2 of 3 fits in 0.0 s, 1 failed" in shown.getvalue()


def test_nothing_is_shown_unless_asked(capsys):
    with FitsProgress(1, show=False) as bar:
        bar.advance(failed=False)
    bar.finish(partial=False)
    assert capsys.readouterr() == ("", "")


def _largest(fit: hb.Fit) -> float:
    return float(fit.posterior["sigma"].max())


def test_a_function_says_what_is_kept():
    model = hb.Model("y ~ x", {"y": [1.0, 2.0, 4.0, 3.0, 5.0], "x": [0.0, 1.0, 2.0, 3.0, 4.0]})
    many = hb.fit_many([model], seeds=[3], keep=_largest, draws=50, chains=2, progress=False)
    fit = model.fit(seed=3, draws=50, chains=2, progress=False)
    assert many[0] == _largest(fit)
