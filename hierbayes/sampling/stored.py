"""NUTS by nutpie where all draws are very many values: each is written once, to where it stays.

nutpie keeps every draw, warm-up included, and hands them over to be copied: two and a half times the memory
of the draws. Here every chain is a sampler of its own that writes its draws into one array and keeps their
numbers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hierbayes.errors import SamplingError
from hierbayes.sampling.arrow import note, raw_draws
from hierbayes.sampling.nutpie import (
    begin,
    failure,
    finish,
    prebuilt,
    sample_kernel,
)
from hierbayes.sampling.progress import ChainProgress, ChainState, NoProgress, progress_for
from hierbayes.sampling.settings import UNCONSTRAINED, RawDraws, SamplerSettings, available_cores

if TYPE_CHECKING:
    from hierbayes.kernels.record import Kernel


type Batches = tuple[Sequence[Any], Sequence[Any]]
"""Draws and statistics of some chains, as Arrow batches."""

MANY = 25_000_000
"""Values of all draws (200 megabytes) up to which nutpie may keep them, warm-up included, and copy them."""


def sample_by_size(kernel: Kernel, settings: SamplerSettings, title: str = "") -> RawDraws:
    """As ``nutpie.sample_kernel``, whatever the size; the seed gives other draws above ``MANY`` values."""
    many = settings.chains * settings.draws * kernel.n_dim > MANY
    return (sample_stored if many else sample_kernel)(kernel, settings, title)


def sample_stored(kernel: Kernel, settings: SamplerSettings, title: str = "") -> RawDraws:
    """As ``nutpie.sample_kernel``, in the memory of the kept draws."""
    from hierbayes.kernels.storing import Store

    rows, journal = np.empty((settings.chains, settings.draws, kernel.n_dim)), settings.journal
    if journal is not None:
        journal.allocate({UNCONSTRAINED: (kernel.n_dim,)}, kernel.n_dim)

    def start(k: int, show: Callable[[list[ChainState]], None]) -> Any:
        model = prebuilt(kernel, Store(rows[k], settings.tune))
        return begin(model, alone(settings, (k,), settings.draws), show)

    def look(k: int, batches: Batches) -> None:
        if journal is not None:
            note(journal, batches, [k], rows[k])

    with progress_for(settings, title) as progress:
        run = Chains(range(settings.chains), settings, start, look)
        interrupted = run.until_done(progress)
    if len(run.traces) < settings.chains:
        raise KeyboardInterrupt("interrupted during warm-up: there are no draws to keep")
    traces = [run.traces[k] for k in range(settings.chains)]
    raw = raw_draws(
        ([draws[0] for draws, _ in traces], [stats[0] for _, stats in traces]), settings, interrupted
    )
    numbers = raw.variables[UNCONSTRAINED][..., 0]
    made = numbers.shape[1]
    if (numbers != settings.tune + np.arange(made)).any():
        raise SamplingError("nutpie did not store every draw once and in turn. Use route='graph'.")
    raw = replace(raw, variables={UNCONSTRAINED: rows[:, :made]})
    finish(progress, raw)
    return raw


def alone(settings: SamplerSettings, key: tuple[int, ...], draws: int) -> SamplerSettings:
    """Settings of a sampler of one chain, whose seed is spawned from that of all."""
    (seed,) = np.random.SeedSequence(settings.seed, spawn_key=key).generate_state(1, np.uint64)
    return replace(settings, draws=draws, chains=1, cores=1, seed=int(seed))


class Chains:
    """Samplers of one chain each, as many at a time as there are cores for.

    Parameters
    ----------
    which : sequence of int
        The chains' numbers.
    settings : SamplerSettings
        Of all of them.
    start : callable
        ``start(k, show)`` begins one and tells ``show`` where it stands.
    look : callable
        ``look(k, batches)`` is handed what a chain has drawn, from time to time and at its end.

    Attributes
    ----------
    traces : dict of int to batches
        Draws and statistics of the chains that have ended.
    """

    def __init__(
        self,
        which: Sequence[int],
        settings: SamplerSettings,
        start: Callable[[int, Callable[[list[ChainState]], None]], Any],
        look: Callable[[int, Batches], None],
    ) -> None:
        self.waiting, self.settings, self.start, self.look = list(which), settings, start, look
        self.stand = [ChainState(0, settings.draws + settings.tune, 0, 0.0, True)] * settings.chains
        self.running: dict[int, Any] = {}
        self.traces: dict[int, Batches] = {}

    def until_done(self, progress: ChainProgress | NoProgress) -> bool:
        """Run all chains to their end; whether Ctrl-C came before."""
        interrupted = False
        cores = min(self.settings.cores or available_cores(), self.settings.chains)
        try:
            while self.waiting or self.running:
                while self.waiting and len(self.running) < cores:
                    self._begin(self.waiting.pop(0), progress)
                self._gather()
                self._look()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            for k in list(self.running):
                with contextlib.suppress(RuntimeError):
                    self._end(k, self.running.pop(k).abort())
        return interrupted

    def _begin(self, k: int, progress: ChainProgress | NoProgress) -> None:
        def show(states: list[ChainState]) -> None:
            self.stand[k] = states[0]
            progress.update(self.stand)

        self.running[k] = self.start(k, show)

    def _gather(self) -> None:
        """Take what has finished."""
        for k, sampler in list(self.running.items()):
            try:
                # Short waits, so that Ctrl-C is seen at once.
                trace = sampler.wait(timeout=0.02)
            except TimeoutError:
                continue
            except RuntimeError as error:
                del self.running[k]
                raise failure(error) from error
            del self.running[k]
            self._end(k, trace)

    def _end(self, k: int, trace: Any) -> None:
        self.traces[k] = trace.get_arrow_trace()
        self.look(k, self.traces[k])

    def _look(self) -> None:
        journal = self.settings.journal
        if journal is None or not journal.due:
            return
        with journal.looking():
            for k, sampler in self.running.items():
                # A sampler that has failed says why when it is waited for.
                with contextlib.suppress(RuntimeError):
                    self.look(k, sampler.inspect().get_arrow_trace())
