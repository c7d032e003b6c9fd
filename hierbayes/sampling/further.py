"""Chains of nutpie that go on where they were cut off: a new warm-up, then the draws that are missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.errors import StorageError
from hierbayes.sampling.arrow import note
from hierbayes.sampling.nutpie import begin, compiled_model, prebuilt
from hierbayes.sampling.progress import ChainState, progress_for
from hierbayes.sampling.settings import SamplerSettings
from hierbayes.sampling.stored import Batches, Chains, alone

if TYPE_CHECKING:
    from hierbayes.kernels.record import Kernel

type Floats = NDArray[np.float64]
type Start = Callable[[Floats | None], Any]
"""nutpie's model of chains that begin at an unconstrained vector, shape (n_dim,), or, if None, anywhere."""


def starts_of_kernel(kernel: Kernel) -> Start:
    """A kernel as chains need it that begin at a given point."""

    def start(position: Floats | None) -> Any:
        return prebuilt(kernel if position is None else replace(kernel, start=position, jitter=0.0))

    return start


def starts_of_graph(model: Any, settings: SamplerSettings, title: str = "") -> Start:
    """A PyMC model, compiled once, as chains need it that begin at a given point."""
    compiled = compiled_model(model, settings, title)

    def start(position: Floats | None) -> Any:
        if position is None:
            return compiled
        return replace(compiled, initial_point_func=lambda seed=None: position)

    return start


def sample_further(start: Start, settings: SamplerSettings, title: str = "") -> bool:
    """Draw what the journal of the settings lacks, and write it there.

    Parameters
    ----------
    start : callable
        The model, by where a chain begins.
    settings : SamplerSettings
        Those of the run that was cut off. A chain that has made draws begins at the last of them; nutpie
        cannot be told what it had learned, so that it has ``tune`` draws of warm-up again. The seed of each
        chain comes from ``seed``, its number and how many draws it had.

    Returns
    -------
    bool
        Whether Ctrl-C came before all was drawn.

    Raises
    ------
    SamplingError
        If the log density has no finite value to start from.
    StorageError
        If the journal cannot be written.
    """
    journal = settings.journal
    if journal is None:
        raise TypeError("there is no journal to go on with")
    first = start(None)
    journal.allocate(first.shapes, first.n_dim)
    positions, before = journal.positions(), journal.before

    def begin_chain(k: int, show: Callable[[list[ChainState]], None]) -> Any:
        made = int(before[k])

        def show_all(states: list[ChainState]) -> None:
            """Draws of the first run count as made."""
            (state,) = states
            show([replace(state, finished=state.finished + made, total=state.total + made)])

        model = first if made == 0 else start(positions[k])
        return begin(model, alone(settings, (k, made), journal.draws - made), show_all)

    def look(k: int, batches: Batches) -> None:
        note(journal, batches, [k])

    which = [k for k in range(journal.chains) if before[k] < journal.draws]
    with progress_for(settings, title) as progress:
        interrupted = Chains(which, settings, begin_chain, look).until_done(progress)
    if journal.problem:
        raise StorageError(journal.message)
    progress.finish(int(journal.made.sum()), journal.divergences(), partial=interrupted)
    return interrupted
