"""How to sample, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes.errors import ArgumentTypeError, DataError

if TYPE_CHECKING:
    from hierbayes.sampling.journal import Journal


UNCONSTRAINED = "unconstrained"
"""Name of the one variable that a kernel's draws have."""


@dataclass(frozen=True)
class SamplerSettings:
    """Settings that every sampler understands.

    Attributes
    ----------
    draws, tune : int
        Kept draws and warm-up draws of each chain.
    chains : int
        Number of chains; at least 2 are needed for R-hat.
    seed : int
        Seed of the chains; the same seed gives the same draws.
    cores : int or None
        Chains run at once; None takes the machine's cores.
    target_accept : float
        Acceptance rate that the step size is tuned to, between 0 and 1.
    progress : bool
        Whether to show one line per chain while sampling.
    journal : Journal or None
        Where draws are written down while they are made.
    """

    draws: int = 1000
    tune: int = 500
    chains: int = 4
    seed: int = 0
    cores: int | None = None
    target_accept: float = 0.8
    progress: bool = True
    journal: Journal | None = None

    def __post_init__(self) -> None:
        for name, least in {"draws": 1, "tune": 1, "chains": 1, "seed": 0}.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                raise ArgumentTypeError(f"{name} must be a whole number; {value!r} was given.")
            if value < least:
                raise DataError(f"{name} must be at least {least}; {value} was given.")
        if not 0 < self.target_accept < 1:
            raise DataError(f"target_accept must lie between 0 and 1; {self.target_accept} was given.")


@dataclass(frozen=True)
class RawDraws:
    """What a sampler hands back.

    Attributes
    ----------
    variables : mapping of str to float64 array, shape (chain, draw, ...)
        The free variables of the graph.
    sample_stats : xarray.Dataset
        Dims chain and draw, with ArviZ's names: ``diverging``, ``energy``, ``tree_depth``, ``n_steps``, ...
    partial : bool
        Whether sampling was interrupted before all draws were made.
    versions : mapping of str to str
        The libraries that drew.
    """

    variables: Mapping[str, NDArray[np.float64]]
    sample_stats: xr.Dataset
    partial: bool
    versions: Mapping[str, str]


STAT_NAMES = {
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
    "mean_tree_accept": "acceptance_rate",
    "logp": "lp",
}
"""nutpie's names of sampler statistics, and ArviZ's."""

KEPT_STATS = (
    "diverging",
    "energy",
    "tree_depth",
    "reached_max_treedepth",
    "n_steps",
    "step_size",
    "acceptance_rate",
    "lp",
)


def stat_columns(given: Collection[Hashable]) -> dict[str, str]:
    """ArviZ's names of the statistics that are kept, and the names that they have among those given."""
    renamed = {new: old for old, new in STAT_NAMES.items() if old in given and new not in given}
    columns = {name: renamed.get(name, name) for name in KEPT_STATS}
    return {new: old for new, old in columns.items() if old in given}


def tidy_stats(stats: xr.Dataset) -> xr.Dataset:
    """Sampler statistics under ArviZ's names, only those that every sampler of ours gives."""
    columns = stat_columns(stats)
    return xr.Dataset(
        {new: (stats[old].dims, stats[old].to_numpy()) for new, old in columns.items()},
        coords={dim: np.arange(stats.sizes[dim]) for dim in ("chain", "draw")},
    )


def available_cores() -> int:
    """Cores that this process may use."""
    count = getattr(os, "process_cpu_count", os.cpu_count)  # Python 3.13
    return count() or 1
