"""NUTS by nutpie where all draws are very many values: each is written once, to where it stays.

nutpie keeps every draw, warm-up included, and hands them over to be copied: two and a half times the memory
of the draws. Here every chain is a sampler of its own that writes its draws into one array and keeps their
numbers.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hierbayes.errors import SamplingError
from hierbayes.sampling.nutpie import (
    UNCONSTRAINED,
    begin,
    failure,
    finish,
    prebuilt,
    raw_draws,
    sample_kernel,
)
from hierbayes.sampling.progress import ChainProgress, ChainState, NoProgress, progress_for
from hierbayes.sampling.settings import RawDraws, SamplerSettings, available_cores

if TYPE_CHECKING:
    from hierbayes.kernels.record import Kernel


MANY = 25_000_000
"""Values of all draws (200 megabytes) up to which nutpie may keep them, warm-up included, and copy them."""


def sample_by_size(kernel: Kernel, settings: SamplerSettings, title: str = "") -> RawDraws:
    """As ``nutpie.sample_kernel``, whatever the size; the seed gives other draws above ``MANY`` values."""
    many = settings.chains * settings.draws * kernel.n_dim > MANY
    return (sample_stored if many else sample_kernel)(kernel, settings, title)


def sample_stored(kernel: Kernel, settings: SamplerSettings, title: str = "") -> RawDraws:
    """As ``nutpie.sample_kernel``, in the memory of the kept draws."""
    rows = np.empty((settings.chains, settings.draws, kernel.n_dim))
    with progress_for(settings, title) as progress:
        batches, interrupted = _Chains(kernel, settings, rows, progress).run()
    raw = raw_draws(batches, settings, interrupted)
    numbers = raw.variables[UNCONSTRAINED][..., 0]
    made = numbers.shape[1]
    if (numbers != settings.tune + np.arange(made)).any():
        raise SamplingError("nutpie did not store every draw once and in turn. Use route='graph'.")
    raw = replace(raw, variables={UNCONSTRAINED: rows[:, :made]})
    finish(progress, raw)
    return raw


class _Chains:
    """Samplers of one chain each, as many at a time as there are cores for."""

    def __init__(
        self, kernel: Kernel, settings: SamplerSettings, rows: Any, progress: ChainProgress | NoProgress
    ) -> None:
        self.kernel, self.settings, self.rows, self.progress = kernel, settings, rows, progress
        self.stand = [ChainState(0, settings.draws + settings.tune, 0, 0.0, True)] * settings.chains
        self.running: dict[int, Any] = {}
        self.traces: dict[int, Any] = {}

    def run(self) -> tuple[tuple[list[Any], list[Any]], bool]:
        """Arrow batches of draws' numbers and of statistics, chain by chain; and whether Ctrl-C came."""
        waiting, interrupted = list(range(self.settings.chains)), False
        cores = min(self.settings.cores or available_cores(), self.settings.chains)
        try:
            while waiting or self.running:
                while waiting and len(self.running) < cores:
                    self._begin(waiting.pop(0))
                self._gather()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            for k in list(self.running):
                with contextlib.suppress(RuntimeError):
                    self.traces[k] = self.running.pop(k).abort()
        if len(self.traces) < self.settings.chains:
            raise KeyboardInterrupt("interrupted during warm-up: there are no draws to keep")
        batches = [self.traces[k].get_arrow_trace() for k in range(self.settings.chains)]
        return ([draws[0] for draws, _ in batches], [stats[0] for _, stats in batches]), interrupted

    def _begin(self, k: int) -> None:
        from hierbayes.kernels.storing import Store

        (seed,) = np.random.SeedSequence(self.settings.seed, spawn_key=(k,)).generate_state(1, np.uint64)
        alone = replace(self.settings, chains=1, cores=1, seed=int(seed))
        model = prebuilt(self.kernel, Store(self.rows[k], self.settings.tune))

        def show(states: list[ChainState]) -> None:
            self.stand[k] = states[0]
            self.progress.update(self.stand)

        self.running[k] = begin(model, alone, show)

    def _gather(self) -> None:
        """Take what has finished."""
        for k, sampler in list(self.running.items()):
            try:
                # Short waits, so that Ctrl-C is seen at once.
                self.traces[k] = sampler.wait(timeout=0.02)
            except TimeoutError:
                continue
            except RuntimeError as error:
                del self.running[k]
                raise failure(error) from error
            del self.running[k]
