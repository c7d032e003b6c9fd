"""NUTS by PyMC itself: slower, and independent of nutpie."""

from __future__ import annotations

import logging
import multiprocessing
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from hierbayes.errors import SamplingError
from hierbayes.progress import shows
from hierbayes.sampling.progress import progress_for
from hierbayes.sampling.settings import RawDraws, SamplerSettings, tidy_stats


def sample_pymc(model: Any, settings: SamplerSettings, title: str = "") -> RawDraws:
    """Draw from a PyMC model with ``pm.sample``; Ctrl-C keeps the draws that all chains have made.

    Raises
    ------
    SamplingError
        If the log density has no finite value to start from.
    KeyboardInterrupt
        If Ctrl-C came during warm-up, when there are no draws to keep.
    """
    import pymc

    summary = progress_for(settings, title)
    log = logging.getLogger("pymc")
    with _quiet(log), model, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree: Any = pymc.sample(
                draws=settings.draws,
                tune=settings.tune,
                chains=settings.chains,
                cores=settings.cores,
                random_seed=settings.seed,
                target_accept=settings.target_accept,
                progressbar=settings.progress and shows() and sys.stdout.isatty(),
                nuts_sampler="pymc",
                mp_ctx=_start_method(),
                compute_convergence_checks=False,
                idata_kwargs={"log_likelihood": False},
            )
        except pymc.exceptions.SamplingError as error:
            raise SamplingError(f"PyMC could not sample this model: {error}") from error
    posterior, stats = tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()
    if posterior.sizes["draw"] == 0:
        raise KeyboardInterrupt("interrupted during warm-up: there are no draws to keep")
    free = {variable.name for variable in model.free_RVs}
    variables = {str(k): np.asarray(v, dtype=float) for k, v in posterior.data_vars.items() if k in free}
    kept = posterior.sizes
    partial = posterior.sizes["draw"] < settings.draws or posterior.sizes["chain"] < settings.chains
    raw = RawDraws(variables, tidy_stats(stats), partial, {"pymc": pymc.__version__})
    summary.finish(kept["chain"] * kept["draw"], int(raw.sample_stats["diverging"].sum()), partial=partial)
    return raw


@contextmanager
def _quiet(log: logging.Logger) -> Iterator[None]:
    """Without what PyMC logs for authors of graphs: ``fit.check()`` says it in words."""
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _start_method() -> str | None:
    """How PyMC starts the processes of chains; None for its own choice, which is to fork on Linux.

    JAX has threads, and a process that has used it must not be forked.
    """
    safe = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    return safe if "jax" in sys.modules else None
