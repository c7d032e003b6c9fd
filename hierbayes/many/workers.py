"""Where fits are made: in this process, or in those of joblib, some of which may be killed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from hierbayes.errors import StorageError
from hierbayes.fitted import Fit, load
from hierbayes.many.jobs import Job
from hierbayes.many.records import FitFailure, Outcome
from hierbayes.threads import one_thread

LOKY = "loky"
"""The backend that says when one of its processes was killed."""

WITHOUT_STREAM = ("ray",)
"""Backends of joblib that hand back nothing before all is done."""

ROUND = 8
"""Fits for each worker of such a backend after which outcomes are seen, and Ctrl-C loses none of them."""

type Outcomes = Generator[tuple[Hashable, Outcome]]


@dataclass(frozen=True)
class Work:
    """What all jobs have in common: settings of ``Model.fit``, what to keep, the process that asked."""

    settings: Mapping[str, Any]
    keep: Callable[[Fit], Any]
    home: int


def attempt(job: Job, work: Work) -> tuple[Hashable, Outcome]:
    """Make one fit; an error is its outcome."""
    with one_thread(), _deaf_to_ctrl_c(work.home):
        try:
            return job.key, work.keep(_fit(job, work))
        except Exception as error:  # noqa: BLE001 (whatever it is, the other fits go on)
            return job.key, failure(job, error)


def _fit(job: Job, work: Work) -> Fit:
    """The fit of a job, read if it was made before, else made, and kept where that is wanted."""
    if job.file and job.file.exists():
        return load(job.file)
    fit = job.task().fit(**work.settings, seed=job.seed)
    if job.file and not fit.partial:
        try:
            fit.save(job.file)
        except StorageError as error:
            return replace(fit, messages=(*fit.messages, str(error)))
    return fit


def failure(job: Job, error: BaseException) -> FitFailure:
    """An error as the outcome of a job."""
    text = "".join(traceback.format_exception(error))
    return FitFailure(job.key, type(error).__name__, str(error), text, job.seed)


def stream(jobs: Sequence[Job], work: Work, workers: tuple[int, str]) -> Outcomes:
    """Outcomes as they come.

    Parameters
    ----------
    jobs : sequence of Job
        What to make.
    work : Work
        What they have in common.
    workers : tuple of int and str
        How many at a time, and the backend of joblib.
    """
    n_jobs, backend = workers
    if n_jobs == 1:
        for job in jobs:
            yield attempt(job, work)
    elif backend in WITHOUT_STREAM:
        yield from _in_rounds(jobs, work, workers)
    elif backend == LOKY:
        yield from _in_processes(jobs, work, n_jobs)
    else:
        from joblib import delayed

        yield from _as_they_come([delayed(attempt)(job, work) for job in jobs], workers)


def _as_they_come(calls: Sequence[Any], workers: tuple[int, str]) -> Outcomes:
    from joblib import Parallel, parallel_config

    n_jobs, backend = workers
    # joblib builds dask's backend rightly only here, not as an argument of Parallel.
    with parallel_config(backend=backend, n_jobs=n_jobs):
        parallel = Parallel(batch_size=1, return_as="generator_unordered")
    with _children_deaf_to_ctrl_c():
        outcomes = parallel(calls)
    try:
        yield from outcomes
    finally:
        outcomes.close()


def _in_rounds(jobs: Sequence[Job], work: Work, workers: tuple[int, str]) -> Iterator[Any]:
    """Outcomes a round at a time, workers kept from one to the next."""
    from joblib import Parallel, delayed, effective_n_jobs, parallel_config

    n_jobs, backend = workers
    with parallel_config(backend=backend, n_jobs=n_jobs), Parallel(batch_size=1) as parallel:
        size = ROUND * effective_n_jobs(n_jobs)
        for first in range(0, len(jobs), size):
            yield from parallel(delayed(attempt)(job, work) for job in jobs[first : first + size])


def _in_processes(jobs: Sequence[Job], work: Work, n_jobs: int) -> Outcomes:
    """Outcomes of processes, any of which may be killed.

    The death of one ends all of loky's. Jobs that were not begun, or done, go on in new processes; those that
    were under way are made last, one at a time, so that a second death has one cause.
    """
    from joblib.externals.loky.process_executor import BrokenProcessPool

    waiting, suspects = dict(enumerate(jobs)), dict[int, Job]()
    with tempfile.TemporaryDirectory(prefix="hierbayes-", ignore_cleanup_errors=True) as notes:
        while waiting:
            try:
                for place, outcome in _noted(waiting, work, (n_jobs, notes)):
                    yield waiting.pop(place).key, outcome
            except BrokenProcessPool:
                for place in _under_way(notes, waiting, n_jobs):
                    suspects[place] = waiting.pop(place)
        for place, job in suspects.items():
            try:
                for _, outcome in _noted({place: job}, work, (n_jobs, notes)):
                    yield job.key, outcome
            except BrokenProcessPool as error:
                yield job.key, _of_death(job, error)


def _noted(jobs: Mapping[int, Job], work: Work, how: tuple[int, str]) -> Generator[tuple[int, Outcome]]:
    from joblib import delayed

    n_jobs, notes = how
    calls = [delayed(_attempt_noted)((place, notes), job, work) for place, job in jobs.items()]
    return _as_they_come(calls, (n_jobs, LOKY))  # type: ignore[return-value]


def _attempt_noted(noted: tuple[int, str], job: Job, work: Work) -> tuple[int, Outcome]:
    """Make one fit, and have a note of it on disk meanwhile."""
    _leave_with(work.home)
    place, notes = noted
    note = Path(notes, str(place))
    with contextlib.suppress(OSError):  # without notes more jobs are suspected, no more
        note.touch()
    _, outcome = attempt(job, work)
    with contextlib.suppress(OSError):
        note.unlink(missing_ok=True)
    return place, outcome


@cache
def _leave_with(home: int) -> None:
    """End this process when the one that began it is gone; loky's workers would wait for five minutes."""

    def watch() -> None:
        while os.getppid() == home:
            time.sleep(1)
        os._exit(1)

    if os.getppid() == home:
        threading.Thread(target=watch, daemon=True).start()


def _under_way(notes: str, waiting: Mapping[int, Job], n_jobs: int) -> list[int]:
    """Which jobs had been begun and were not done; else those that joblib had handed out already."""
    from joblib import effective_n_jobs

    found = [int(note.name) for note in Path(notes).iterdir()]
    for place in found:
        Path(notes, str(place)).unlink(missing_ok=True)
    return [place for place in found if place in waiting] or list(waiting)[: 2 * effective_n_jobs(n_jobs)]


def _of_death(job: Job, error: Exception) -> FitFailure:
    """The failure of a job whose process was killed twice, or could not hand back what it had made."""
    ended = re.search(r"exit codes of the workers are \{(.*)\}", str(error))
    if ended is None:
        return failure(job, error)
    codes = [int(code) for code in re.findall(r"\((-?\d+)\)", ended[1])]
    text = "".join(traceback.format_exception(error))
    message = f"The worker process was ended {_how(codes)} twice, beside other fits and then alone. "
    if -_KILL in codes:
        message += (
            "Most often memory ran out: ask for fewer draws or chains, or for a machine with more memory."
        )
    else:
        message += "What was written on standard error may tell why."
    return FitFailure(job.key, type(error).__name__, message, text, job.seed)


_KILL = 9
"""SIGKILL, which Windows does not name."""


def _how(codes: Sequence[int]) -> str:
    for code in codes:
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else "unknown"
            return f"by signal {-code} ({name})"
    return f"with exit status {codes[0]}" if codes else "from outside"


@contextlib.contextmanager
def _deaf_to_ctrl_c(home: int) -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal; a worker leaves it to ``home``, which ends the workers."""
    if home == os.getpid() or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _children_deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that are begun here, or by threads that are, do not hear Ctrl-C even while they start."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
