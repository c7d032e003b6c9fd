"""Workers of ``fit_many`` that are killed: their fits are made again, and no other fit is lost."""

from __future__ import annotations

import os
import re
import sys
from functools import partial

import numpy as np
import pytest
from killing import Light, Unreadable, deadly, made

import hierbayes as hb
from hierbayes.errors import DataError
from hierbayes.many.jobs import Job
from hierbayes.many.workers import Work, stream

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

SHORT = {"draws": 30, "tune": 30, "chains": 2, "progress": False}


def model() -> hb.Model:
    rng = np.random.default_rng(3)
    frame = {"y": rng.normal(size=40), "x": rng.normal(size=40), "g": np.arange(40) % 8}
    return hb.Model("y ~ x + (1 | g)", frame)


@pytest.mark.sampling
def test_a_worker_that_dies_once_costs_nothing(tmp_path):
    given = {
        "responses": np.random.default_rng(4).normal(size=(8, 40)),
        "seeds": list(range(10, 18)),
        **SHORT,
    }
    undisturbed = hb.fit_many(model(), **given)
    keep = partial(deadly, ends={12: "SIGKILL"}, folder=tmp_path, times=1)
    many = hb.fit_many(model(), n_jobs=2, keep=keep, **given)
    assert list(many.fits) == list(range(8))
    for key, fit in many.fits.items():
        assert fit.posterior.equals(undisturbed[key].posterior)
    counts = [made(tmp_path, seed) for seed in given["seeds"]]
    assert counts[2] == 2
    # Of each of the two workers: what was under way, and what was done and had not been handed back.
    assert max(counts) == 2 and sum(counts) <= 8 + 2 * 2


def test_fits_that_always_end_their_worker_are_the_only_failures(tmp_path):
    ends: dict[int, int | str] = {11: "SIGKILL", 13: 3}
    jobs = [Job(f"job {k}", 10 + k, Light(Unreadable() if k == 4 else None)) for k in range(7)]
    work = Work({}, partial(deadly, ends=ends, folder=tmp_path, times=99), os.getpid())
    found = dict(stream(jobs, work, (2, "loky")))
    assert sorted(found) == [job.key for job in jobs]
    failures = {key: each.message for key, each in found.items() if isinstance(each, hb.FitFailure)}
    told = {
        "job 1": r"by signal 9 \(SIGKILL\) twice, .* then alone. Most often memory ran out: ask for fewer",
        "job 3": "with exit status 3 twice, .* standard error may tell why",
        "job 4": "with exit status 7 twice",
    }
    assert sorted(failures) == sorted(told)
    for key, message in failures.items():
        assert re.match(f"The worker process was ended {told[key]}", message)
        assert found[key].seed == 10 + int(key[-1])
    assert all(found[job.key].settings["seed"] == job.seed for job in jobs if job.key not in told)
    assert [made(tmp_path, 10 + k) for k in (1, 3)] == [2, 2]


def test_a_backend_that_does_not_notice_a_death_is_refused():
    with pytest.raises(DataError, match="'multiprocessing' waits for ever for a process that was killed"):
        hb.fit_many([model()], n_jobs=2, backend="multiprocessing")
