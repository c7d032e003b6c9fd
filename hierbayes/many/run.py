"""Many fits through joblib: the same results on any number of workers."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.fitted import Fit
from hierbayes.formulas.parts import Formulas
from hierbayes.many.jobs import Job, check_settings, resident, spawn_seeds, tasks_of
from hierbayes.many.kept import folder_of_fits, unsaved
from hierbayes.many.progress import FitsProgress
from hierbayes.many.records import KEPT, FitFailure, FitMany, Outcome
from hierbayes.many.workers import Work, failure, stream
from hierbayes.threads import one_thread

AUTO = "auto"
_DEAF = "multiprocessing"
"""The backend that does not notice the death of a worker."""

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
    store: str | Path | None = None,
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
        Of joblib: ``"loky"`` (processes), ``"threading"``, ``"dask"`` where a client runs, ``"ray"`` once it
        is registered.
    keep : str or callable
        ``"fit"``: whole fits with all draws; ``"summary"``: ``FitSummary``, a few kilobytes each; ``"auto"``:
        whole fits up to 50 of them. A function of the fit keeps what it answers; it goes to other processes
        by pickle.
    store : str or Path, optional
        A folder where each whole fit is kept, as ``.nc``, as soon as it is done. After a kill or Ctrl-C the
        same call reads what is there and makes only the rest; more models or responses may be added. Failures
        are tried again. The folder's ``fits.json`` says which file has which key.
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
    StorageError
        If ``store`` cannot be written, or has fits of other models, data, seeds or settings under these keys;
        nothing is overwritten.
    KeyboardInterrupt
        If Ctrl-C came before the first fit was done.

    Notes
    -----
    Seeds are spawned by position (``numpy.random.SeedSequence.spawn``), linear algebra runs on one thread in
    every worker: the draws are the same on any number of workers. A model goes to other processes by pickle,
    without what it has compiled; each worker compiles a PyMC model once for all responses of one model.

    Where a process of loky is killed, by the system when memory runs out for one, the other fits go on in new
    ones, with the same draws; a fit under way is made again, last and alone, and only if its process is
    killed again is it a ``FitFailure``.

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
    with contextlib.nullcontext() if store is None else folder_of_fits(store) as folder:
        root, spawned = spawn_seeds(folder.seed if folder and seeds is None else seeds, list(tasks))
        jobs = [Job(key, seed, task) for (key, task), seed in zip(tasks.items(), spawned, strict=True)]
        try:
            if folder:
                jobs = folder.enter(jobs, root, settings)
            return _run(jobs, root, (settings, keep, progress), (n_jobs, backend))
        finally:
            resident.cache_clear()


def _run(
    jobs: Sequence[Job], root: int | None, how: tuple[Mapping[str, Any], Any, bool], workers: tuple[int, str]
) -> FitMany:
    settings, keep, progress = how
    if keep == AUTO:
        keep = "fit" if len(jobs) <= KEPT_WHOLE else "summary"
    if workers[0] != 1:
        settings = {"cores": 1, **settings}
    work = Work({**settings, "progress": False}, keep if callable(keep) else KEPT[keep], os.getpid())
    with FitsProgress(len(jobs), show=progress) as bar:
        bar.found(sum(job.file is not None and job.file.exists() for job in jobs))
        done = _collect(jobs, work, workers, bar)
    bar.finish(partial=len(done) < len(jobs))
    if not done:
        raise KeyboardInterrupt("interrupted before the first fit was done")
    many = FitMany({job.key: done[job.key] for job in jobs if job.key in done}, root, total=len(jobs))
    _warn_unsaved(unsaved(jobs, list(many.fits)), len(jobs))
    return many


def _warn_unsaved(keys: Sequence[Hashable], total: int) -> None:
    if keys:
        warnings.warn(
            f"{len(keys):,} of {total:,} fits could not be saved, the first {keys[0]!r}: is the disk full? "
            "What was asked to be kept of them is in the result; the same call makes them again.",
            stacklevel=4,
        )


def _collect(
    jobs: Sequence[Job], work: Work, workers: tuple[int, str], bar: FitsProgress
) -> dict[Hashable, Outcome]:
    """Outcomes by key, until all are there or Ctrl-C comes."""
    done: dict[Hashable, Outcome] = {}
    with one_thread(), warnings.catch_warnings(), contextlib.closing(stream(jobs, work, workers)) as outcomes:
        # loky replaces a worker that has grown by 300 megabytes, as kernels of several families make it.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        try:
            for key, outcome in outcomes:
                if not isinstance(outcome, FitFailure) and getattr(outcome, "partial", False):
                    break
                done[key] = outcome
                bar.advance(failed=isinstance(outcome, FitFailure))
        except KeyboardInterrupt:
            return done
        except Exception as error:  # noqa: BLE001 (workers cannot be reached; what is done is kept)
            for job in jobs:
                if job.key not in done:
                    done[job.key] = failure(job, error)
                    bar.advance(failed=True)
    return done


def _check_workers(n_jobs: int, backend: str) -> None:
    from joblib import parallel_config
    from joblib.parallel import BACKENDS, EXTERNAL_BACKENDS

    if type(n_jobs) is not int or n_jobs == 0:
        raise DataError(
            f"n_jobs cannot be {n_jobs!r}. Allowed: 1, 2, ... fits at a time, or -1 for all cores."
        )
    if backend == _DEAF:
        raise DataError(
            f"The backend {backend!r} waits for ever for a process that was killed. Allowed: backend='loky', "
            "which has processes too."
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
