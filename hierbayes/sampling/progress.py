"""One line per chain while sampling, a finished summary after."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from hierbayes.progress import inside, say, showing, wanted, working
from hierbayes.sampling.settings import SamplerSettings


@dataclass(frozen=True)
class ChainState:
    """Where one chain stands: draws made of ``total`` (warm-up included), divergences, seconds, phase."""

    finished: int
    total: int
    divergences: int
    seconds: float
    tuning: bool

    @property
    def phase(self) -> str:
        """What the chain is doing: waiting for a core, in warm-up, sampling or done."""
        if self.finished >= self.total:
            return "done"
        if not self.finished:
            return "waiting"
        return "warm-up" if self.tuning else "sampling"


class ChainProgress:
    """Bars on standard error where there is a terminal, and always a summary line at the end.

    Parameters
    ----------
    chains : int
        Number of lines.
    total : int
        Draws of each chain, warm-up included.
    title : str
        What is being sampled.
    """

    def __init__(self, chains: int, total: int, title: str = "", console: Console | None = None) -> None:
        self.console = console
        self.title = title
        self._lock = threading.Lock()
        self._started = time.perf_counter()
        self._bars = Progress(
            TextColumn("  chain {task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:>5.0f}/{task.total:.0f} {task.fields[phase]:<8}"),
            TextColumn("{task.fields[speed]:>6.0f} draws/s  {task.fields[divergences]} divergences"),
            TimeElapsedColumn(),
        )
        self._shown = ExitStack()
        self._tasks: list[TaskID] = [
            self._bars.add_task(str(k + 1), total=total, phase="waiting", speed=0.0, divergences=0)
            for k in range(chains)
        ]

    def __enter__(self) -> Self:
        self._shown.enter_context(showing(self._bars.get_renderable, delay=0.0, console=self.console))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._shown.close()

    def update(self, states: Sequence[ChainState]) -> None:
        """Show where the chains stand; may be called from any thread."""
        with self._lock:
            for task, state in zip(self._tasks, states, strict=False):
                self._bars.update(
                    task,
                    completed=state.finished,
                    phase=state.phase,
                    speed=state.finished / state.seconds if state.seconds > 0 else 0.0,
                    divergences=state.divergences,
                )

    def finish(self, draws: int, divergences: int, *, partial: bool) -> None:
        """Print the summary line, unless the draws are a part of something else."""
        if inside():
            return
        seconds = time.perf_counter() - self._started
        ending = "interrupted after" if partial else "sampled"
        title = f"{self.title}: " if self.title else ""
        noun = "divergence" if divergences == 1 else "divergences"
        say(
            f"{title}{ending} {draws:,} draws in {seconds:.1f} s "
            f"({draws / max(seconds, 1e-9):,.0f} draws/s), {divergences} {noun}",
            self.console,
        )


class NoProgress:
    """The same calls, nothing shown."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def update(self, states: Sequence[ChainState]) -> None:
        """Nothing to show."""

    def finish(self, draws: int, divergences: int, *, partial: bool) -> None:
        """Nothing to print."""


def asked(settings: SamplerSettings) -> bool:
    """Whether the settings ask for progress, and nobody has switched it off."""
    return settings.progress and wanted()


def tell(settings: SamplerSettings, text: str) -> None:
    """A line on standard error, where the settings ask for progress and there is something to say."""
    if asked(settings) and text and not inside():
        say(text)


def compiling(settings: SamplerSettings, title: str) -> AbstractContextManager[object]:
    """A line that says what takes so long before the first draw; nothing outside of a terminal."""
    if not settings.progress:
        return nullcontext()
    return working(f"{title}: compiling the model" if title else "compiling the model")


def progress_for(settings: SamplerSettings, title: str) -> ChainProgress | NoProgress:
    """Bars when the settings ask for them."""
    if not asked(settings):
        return NoProgress()
    return ChainProgress(settings.chains, settings.draws + settings.tune, title)
