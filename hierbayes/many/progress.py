"""One line for many fits while they run, a finished summary after."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class FitsProgress:
    """A bar on standard error where there is a terminal, and a summary line at the end.

    Parameters
    ----------
    total : int
        Number of fits.
    show : bool
        Whether to show anything.
    """

    def __init__(self, total: int, *, show: bool, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, quiet=not show)
        self.total, self.done, self.failed = total, 0, 0
        self._started = time.perf_counter()
        self._bar = Progress(
            TextColumn("  fits"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f}  {task.fields[failed]} failed"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not (show and self.console.is_terminal),
        )
        self._task = self._bar.add_task("fits", total=total, failed=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, *, failed: bool) -> None:
        """One more fit is done."""
        self.done, self.failed = self.done + 1, self.failed + failed
        self._bar.update(self._task, completed=self.done, failed=self.failed)

    def finish(self, *, partial: bool) -> None:
        """Print the summary line."""
        seconds = time.perf_counter() - self._started
        ending = f"interrupted after {self.done:,} of {self.total:,}" if partial else f"{self.done:,}"
        failed = f", {self.failed:,} failed" if self.failed else ""
        self.console.print(f"{ending} fits in {seconds:.1f} s{failed}", markup=False)
