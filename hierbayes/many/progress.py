"""One line for many fits while they run, a finished summary after."""

from __future__ import annotations

import time
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hierbayes.progress import Work, inside, say, showing, wanted

if TYPE_CHECKING:
    from rich.console import Console


class FitsProgress:
    """A bar on standard error where there is a terminal, and a summary line at the end.

    Parameters
    ----------
    total : int
        Number of fits.
    show : bool
        Whether to show anything.
    console : rich.console.Console, optional
        Where, instead of standard error.
    """

    def __init__(self, total: int, *, show: bool, console: Console | None = None) -> None:
        self.console, self.show = console, show and wanted()
        self.total, self.done, self.failed = total, 0, 0
        self._started = time.perf_counter()
        self._work = Work("fits", total)
        self._shown = ExitStack()

    def __enter__(self) -> Self:
        if self.show:
            self._shown.enter_context(showing(self._work.line, delay=0.0, console=self.console))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._shown.close()

    def found(self, count: int) -> None:
        """Say how many fits were made before."""
        if count and self.show:
            line = f"{count:,} of {self.total:,} fits were made before: they are read, not made again"
            say(line, self.console)

    def advance(self, *, failed: bool) -> None:
        """One more fit is done."""
        self.done, self.failed = self.done + 1, self.failed + failed
        self._work.done = self.done
        self._work.note = f"{self.failed:,} failed" if self.failed else ""

    def finish(self, *, partial: bool) -> None:
        """Print the summary line, unless the fits are a part of something else."""
        if not self.show or inside():
            return
        seconds = time.perf_counter() - self._started
        ending = f"interrupted after {self.done:,} of {self.total:,}" if partial else f"{self.done:,}"
        failed = f", {self.failed:,} failed" if self.failed else ""
        say(f"{ending} fits in {seconds:.1f} s{failed}", self.console)
