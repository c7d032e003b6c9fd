"""Many fits through joblib: the same results on any number of workers."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.fitted import Fit
from hierbayes.formulas.parts import Formulas
from hierbayes.many.jobs import Job, check_settings, resident, spawn_seeds, tasks_of
from hierbayes.many.progress import FitsProgress
from hierbayes.many.records import KEPT, FitFailure, FitMany, Outcome
from hierbayes.threads import one_thread

AUTO = "auto"
KEPT_WHOLE = 50
"""Up to so many fits are kept with their draws unless asked otherwise."""


def fit_many(
    models: Any,
    *,
    responses: Any = None,
    formula: str | Formulas | None = None,
    family: str | None = None,
    link: str | None = None,
    priors: Mapping[str, Any] | None = None,
    missing: str | Mapping[str, str] | None = None,
    seeds: int | Sequence[int] | Mapping[Hashable, int] | None = None,
    n_jobs: int = 1,
    backend: str = "loky",
    keep: str | Callable[[Fit], Any] = AUTO,
    progress: bool = True,
    **settings: Any,
) -> FitMany:
    """Make many fits: of several models, of one formula on several frames, or of one model's responses.

    Parameters
    ----------
    models : list or dict of Model, list or dict of frames, or Model
        What to fit. Frames need a ``formula``; one model needs ``responses``. Names in a dict are the keys of
        the results, else the positions 0, 1, ...
    responses : list or dict of arrays, or array of shape (k, n), optional
        Responses of one model, each as ``Model.refit`` takes it.
    formula, family, link, priors, missing
        Of ``Model``, where frames are given.
    seeds : int, or list or dict of int, optional
        One number that the seeds of all fits are spawned from, or a seed for each. Without, one is drawn; the
        result tells it.
    n_jobs : int
        Fits at a time; -1 for as many as there are cores. With 1 they run in this process, chains on all
        cores; with more, each fit has one core (unless ``cores`` says otherwise).
    backend : str
        Of joblib: ``"loky"`` (processes), ``"threading"``, ``"multiprocessing"``, ``"dask"`` where a client
        runs, ``"ray"`` once it is registered.
    keep : str or callable
        ``"fit"``: whole fits with all draws; ``"summary"``: ``FitSummary``, a few kilobytes each; ``"auto"``:
        whole fits up to 50 of them. A function of the fit keeps what it answers; it goes to other processes
        by pickle.
    progress : bool
        Whether to show one bar, and a summary line at the end.
    **settings
        Of ``Model.fit``: ``draws``, ``tune``, ``chains``, ``parameterization``, ...

    Returns
    -------
    FitMany
        By key, in the order given, whatever the number of workers: a ``Fit`` or ``FitSummary``, or a
        ``FitFailure`` where an error was raised. After Ctrl-C those that were done, with ``partial`` set.

    Raises
    ------
    ArgumentTypeError, DataError, UnknownNameError
        If the call itself makes no sense: nothing is sampled then.
    KeyboardInterrupt
        If Ctrl-C came before the first fit was done.

    Notes
    -----
    Seeds are spawned by position (``numpy.random.SeedSequence.spawn``), linear algebra runs on one thread in
    every worker: the draws are the same on any number of workers. A model goes to other processes by pickle,
    without what it has compiled; each worker compiles a PyMC model once for all responses of one model.

    Examples
    --------
    >>> import hierbayes as hb
    >>> women = hb.load_data("contraception")
    >>> model = hb.Model("use ~ age + (1 | district)", women, family="bernoulli")
    >>> fit = model.fit(seed=1)  # doctest: +SKIP
    >>> simulated = fit.posterior_predictive(seed=2)[0, :500]  # doctest: +SKIP
    >>> many = hb.fit_many(model, responses=simulated.to_numpy(), seeds=3, n_jobs=4)  # doctest: +SKIP
    >>> many.summary().groupby("parameter")["mean"].std()  # doctest: +SKIP

    >>> parts = dict(list(women.groupby("urban")))
    >>> many = hb.fit_many(parts, formula="use ~ age + (1 | district)", family="bernoulli")  # doctest: +SKIP
    """
    build = {"formula": formula, "family": family, "link": link, "priors": priors, "missing": missing}
    tasks = tasks_of(models, responses, build)
    check_settings(settings)
    _check_workers(n_jobs, backend)
    if not callable(keep) and keep not in (AUTO, *KEPT):
        raise UnknownNameError("value of keep", keep, (AUTO, *KEPT))
    root, spawned = spawn_seeds(seeds, list(tasks))
    jobs = [Job(key, seed, task) for (key, task), seed in zip(tasks.items(), spawned, strict=True)]
    if keep == AUTO:
        keep = "fit" if len(jobs) <= KEPT_WHOLE else "summary"
    kept = keep if callable(keep) else KEPT[keep]
    if n_jobs != 1:
        settings = {"cores": 1, **settings}
    try:
        with FitsProgress(len(jobs), show=progress) as bar:
            done = _collect(
                jobs, _Work({**settings, "progress": False}, kept, os.getpid()), (n_jobs, backend), bar
            )
    finally:
        resident.cache_clear()
    bar.finish(partial=len(done) < len(jobs))
    if not done:
        raise KeyboardInterrupt("interrupted before the first fit was done")
    return FitMany({job.key: done[job.key] for job in jobs if job.key in done}, root, total=len(jobs))


@dataclass(frozen=True)
class _Work:
    """What all jobs have in common: settings of ``Model.fit``, what to keep, the process that asked."""

    settings: Mapping[str, Any]
    keep: Callable[[Fit], Any]
    home: int


def attempt(job: Job, work: _Work) -> tuple[Hashable, Outcome]:
    """Make one fit; an error is its outcome."""
    with one_thread(), _deaf_to_ctrl_c(work.home):
        try:
            fit = job.task({**work.settings, "seed": job.seed})
            return job.key, work.keep(fit)
        except Exception as error:  # noqa: BLE001 (whatever it is, the other fits go on)
            return job.key, _failure(job, error)


def _failure(job: Job, error: BaseException) -> FitFailure:
    text = "".join(traceback.format_exception(error))
    return FitFailure(job.key, type(error).__name__, str(error), text, job.seed)


def _collect(
    jobs: Sequence[Job], work: _Work, workers: tuple[int, str], bar: FitsProgress
) -> dict[Hashable, Outcome]:
    """Outcomes by key, until all are there or Ctrl-C comes."""
    done: dict[Hashable, Outcome] = {}
    with one_thread(), contextlib.closing(_stream(jobs, work, workers)) as stream:
        try:
            for key, outcome in stream:
                if not isinstance(outcome, FitFailure) and getattr(outcome, "partial", False):
                    break
                done[key] = outcome
                bar.advance(failed=isinstance(outcome, FitFailure))
        except KeyboardInterrupt:
            return done
        except Exception as error:  # noqa: BLE001 (a worker died or cannot be reached; what is done is kept)
            for job in jobs:
                if job.key not in done:
                    done[job.key] = _failure(job, error)
                    bar.advance(failed=True)
    return done


def _stream(
    jobs: Sequence[Job], work: _Work, workers: tuple[int, str]
) -> Generator[tuple[Hashable, Outcome]]:
    """Outcomes as they come."""
    n_jobs, backend = workers
    if n_jobs == 1:
        for job in jobs:
            yield attempt(job, work)
        return
    from joblib import Parallel, delayed, parallel_config

    calls = [delayed(attempt)(job, work) for job in jobs]
    if backend in WITHOUT_STREAM:
        yield from _in_rounds(calls, n_jobs, backend)
        return
    # joblib builds dask's backend rightly only here, not as an argument of Parallel.
    with parallel_config(backend=backend, n_jobs=n_jobs):
        parallel = Parallel(batch_size=1, return_as="generator_unordered")
    outcomes = parallel(calls)
    try:
        yield from outcomes
    finally:
        outcomes.close()


WITHOUT_STREAM = ("multiprocessing", "ray")
"""Backends of joblib that hand back nothing before all is done."""

ROUND = 8
"""Fits for each worker of such a backend after which outcomes are seen, and Ctrl-C loses none of them."""


def _in_rounds(calls: Sequence[Any], n_jobs: int, backend: str) -> Iterator[tuple[Hashable, Outcome]]:
    """Outcomes a round at a time, workers kept from one to the next."""
    from joblib import Parallel, effective_n_jobs, parallel_config

    with parallel_config(backend=backend, n_jobs=n_jobs), Parallel(batch_size=1) as parallel:
        size = ROUND * effective_n_jobs(n_jobs)
        for first in range(0, len(calls), size):
            yield from parallel(calls[first : first + size])


def _check_workers(n_jobs: int, backend: str) -> None:
    from joblib import parallel_config
    from joblib.parallel import BACKENDS, EXTERNAL_BACKENDS

    if type(n_jobs) is not int or n_jobs == 0:
        raise DataError(
            f"n_jobs cannot be {n_jobs!r}. Allowed: 1, 2, ... fits at a time, or -1 for all cores."
        )
    if backend not in BACKENDS and backend not in EXTERNAL_BACKENDS:
        advice = "Register it with joblib first." if backend == "ray" else ""
        raise UnknownNameError("backend", backend, (*BACKENDS, *EXTERNAL_BACKENDS), advice)
    if backend in EXTERNAL_BACKENDS:
        try:
            with parallel_config(backend=backend):
                pass
        except (ImportError, ValueError) as error:
            raise DataError(f"The backend {backend!r} cannot be used: {error}") from error


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
