"""NUTS by nutpie: the only module that touches nutpie's surface."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import numpy as np
import xarray as xr

from hierbayes.errors import SamplingError
from hierbayes.sampling.progress import ChainState, compiling, progress_for
from hierbayes.sampling.settings import RawDraws, SamplerSettings, tidy_stats


def sample_nutpie(model: Any, settings: SamplerSettings, title: str = "") -> RawDraws:
    """Draw from a PyMC model; Ctrl-C keeps the draws that all chains have made.

    Parameters
    ----------
    model : pymc.Model
        The graph, best without deterministics.
    settings : SamplerSettings
        Draws, chains, seed.
    title : str
        Shown in front of the summary line.

    Raises
    ------
    SamplingError
        If the log density has no finite value to start from.
    KeyboardInterrupt
        If Ctrl-C came during warm-up, when there are no draws to keep.
    """
    import nutpie

    with compiling(settings, title), warnings.catch_warnings():
        # numba's and PyTensor's notices concern authors of graphs, not users of a formula.
        warnings.simplefilter("ignore")
        compiled = nutpie.compile_pymc_model(model)
    with progress_for(settings, title) as progress:
        sampler = nutpie.sample(
            compiled,
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.cores,
            seed=settings.seed,
            target_accept=settings.target_accept,
            blocking=False,
            progress_bar=False,
            progress_callback=lambda chains: progress.update([_state(chain, settings) for chain in chains]),
            progress_rate=200,
        )
        tree, interrupted = _collect(sampler)
    raw = _raw(tree, settings, interrupted, nutpie.__version__)
    kept = raw.sample_stats.sizes
    progress.finish(
        kept["chain"] * kept["draw"], int(raw.sample_stats["diverging"].sum()), partial=raw.partial
    )
    return raw


def _state(chain: Any, settings: SamplerSettings) -> ChainState:
    return ChainState(
        chain.finished_draws,
        settings.draws + settings.tune,
        chain.divergences,
        chain.runtime_ms / 1000,
        chain.tuning,
    )


def _collect(sampler: Any) -> tuple[xr.DataTree, bool]:
    try:
        while True:
            with contextlib.suppress(TimeoutError):
                # Short waits, so that Ctrl-C is seen at once.
                return sampler.wait(timeout=0.1), False
    except KeyboardInterrupt:
        return sampler.abort(), True
    except RuntimeError as error:
        raise SamplingError(
            f"nutpie could not sample this model: {error} "
            "Look at the priors (print(model)) and at the scale of the data."
        ) from error


def _raw(tree: xr.DataTree, settings: SamplerSettings, interrupted: bool, version: str) -> RawDraws:
    posterior, stats = tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()
    if interrupted:
        made = (
            int(np.isfinite(stats["energy"].transpose("chain", "draw").to_numpy()).all(axis=0).sum())
            if stats.sizes.get("draw", 0)
            else 0
        )
        if made == 0:
            raise KeyboardInterrupt("interrupted during warm-up: there are no draws to keep")
        posterior, stats = posterior.isel(draw=slice(made)), stats.isel(draw=slice(made))
    variables = {str(name): np.asarray(values, dtype=float) for name, values in posterior.data_vars.items()}
    partial = stats.sizes["draw"] < settings.draws
    return RawDraws(variables, tidy_stats(stats), partial, {"nutpie": version})
