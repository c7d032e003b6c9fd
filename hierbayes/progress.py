"""What takes long says so: lines on standard error while it runs, where that is a terminal; else nothing."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

VARIABLE = "HIERBAYES_PROGRESS"
"""The environment variable that switches progress off."""
OFF = ("0", "off", "no", "false")
DELAY = 1.0
"""Seconds before a line appears: what is done sooner shows nothing."""
SOON = 2.0
"""Seconds before it is worth saying how many are left."""
TICK = 0.2
"""Seconds between two looks at what is to be shown."""
TITLE, BAR = 32, 24
"""Characters of a title, so that bars stand below each other, and at most of a bar."""

_QUIET = ContextVar("quiet", default=False)
_INSIDE = ContextVar("inside", default=False)


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no summary lines of sampling inside of this block.

    They are shown on standard error where that is a terminal, from what takes longer than a second. The
    environment variable ``HIERBAYES_PROGRESS=0`` switches them off for a whole session. Warnings are none of
    them, and are not held back.

    Examples
    --------
    >>> with hb.quiet():
    ...     table = fit.loo()
    """
    before = _QUIET.set(True)
    try:
        yield
    finally:
        _QUIET.reset(before)


def wanted() -> bool:
    """Whether nobody has switched progress off."""
    return not _QUIET.get() and os.environ.get(VARIABLE, "").strip().lower() not in OFF


def inside() -> bool:
    """Whether this is a part of something that has a line of its own, and leaves none that stays."""
    return _INSIDE.get()


def shows() -> bool:
    """Whether lines can be shown: in the main thread of a process that was started at a terminal.

    ``FORCE_COLOR`` and the like do not make a log a terminal.
    """
    return (
        wanted()
        and threading.current_thread() is threading.main_thread()
        and multiprocessing.parent_process() is None
        and os.environ.get("TERM") not in ("dumb", "unknown")
        and _is_terminal(sys.stderr)
    )


def _is_terminal(stream: Any) -> bool:
    """Also of a stream that rich has replaced while it shows something; a stream may be closed or None."""
    try:
        return bool(getattr(stream, "rich_proxied_file", stream).isatty())
    except (AttributeError, ValueError):
        return False


class Work:
    """What is being done, and how far it is.

    Attributes
    ----------
    title : str
        ``"leave-one-out"``.
    total : float or None
        How many there are; None where nobody knows.
    unit : str
        Of what: ``"rows"``.
    done : float
        How many are done; whoever works sets it.
    note : str
        What is in hand: ``"m3, effects"``.
    """

    def __init__(self, title: str, total: float | None = None, unit: str = "") -> None:
        self.title, self.total, self.unit = title, total, unit
        self.done, self.note = 0.0, ""
        self.started = time.perf_counter()

    def over[T](self, items: Iterable[T]) -> Iterator[T]:
        """The items, each counted when the next one is asked for."""
        if self.total is None and isinstance(items, Sized):
            self.total = len(items)
        for item in items:
            yield item
            self.done += 1

    @property
    def words(self) -> tuple[str, str]:
        """What stands before the bar, and behind it."""
        seconds = time.perf_counter() - self.started
        title = f"{self.title}: {self.note}" if self.note else self.title
        elapsed = str(timedelta(seconds=int(seconds)))
        if self.total is None:
            return title, elapsed
        count = f"{self.done:,.0f}/{self.total:,.0f} {self.unit}".rstrip()
        if not 0 < self.done < self.total or seconds < SOON:
            return title, f"{count}  {elapsed}"
        left = timedelta(seconds=int(seconds * (self.total / self.done - 1)))
        return title, f"{count}  {elapsed}, {left} left"

    def line(self) -> RenderableType:
        """The line as it is now."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        title, count = self.words
        bar = ProgressBar(self.total, self.done, pulse=self.total is None)
        row = Table.grid(padding=(0, 1), pad_edge=True)
        row.add_column(no_wrap=True, overflow="ellipsis", width=TITLE)
        row.add_column(max_width=BAR)
        row.add_column(no_wrap=True, overflow="ellipsis")
        row.add_row(Text(f" {title}"), bar, Text(count))
        return row


@contextmanager
def working(
    title: str, total: float | None = None, *, unit: str = "", delay: float | None = None
) -> Iterator[Work]:
    """A line for what is done in this block, also as a decorator; it goes when the block ends.

    Lines within lines stand below each other. Nothing is shown before ``delay`` seconds have passed, outside
    of a terminal, in threads other than the main one and in the processes of workers.

    Parameters
    ----------
    title : str
        What is done.
    total : float, optional
        How much there is of it.
    unit : str
        What is counted.
    delay : float, optional
        Seconds before the line appears, instead of ``DELAY``.
    """
    work = Work(title, total, unit)
    before = _INSIDE.set(True)
    try:
        with showing(work.line, delay=DELAY if delay is None else delay):
            yield work
    finally:
        _INSIDE.reset(before)


@contextmanager
def showing(
    draw: Callable[[], RenderableType], *, delay: float, console: Console | None = None
) -> Iterator[None]:
    """Show what ``draw`` makes while this block runs.

    Parameters
    ----------
    draw : callable
        Makes what rich can print; called again and again, from another thread.
    delay : float
        Seconds before it appears.
    console : rich.console.Console, optional
        Where, instead of standard error.
    """
    if not (shows() if console is None else wanted() and console.is_terminal):
        yield
        return
    part = _Part(draw, time.perf_counter() + delay)
    try:
        _add(part, console)
        yield
    finally:
        _remove(part)


def say(text: str, console: Console | None = None) -> None:
    """A line on standard error that stays, above those that are being shown."""
    from rich.console import Console

    if console is None:
        screen = _screen
        live = screen is not None and not screen.ended
        console = screen.console if screen is not None and live else None
    console = Console(stderr=True, highlight=False) if console is None else console
    console.print(text, markup=False, soft_wrap=True)


@dataclass(frozen=True, eq=False)
class _Part:
    draw: Callable[[], RenderableType]
    due: float


@dataclass(eq=False)
class _Screen:
    """The one live display of this process: its thread draws it, and clears it away when no part is left.

    A thread of its own hears no Ctrl-C, so that the cursor always comes back.
    """

    console: Console | None
    parts: list[_Part]
    before: threading.Thread | None = None
    ended: bool = False
    awake: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name="hierbayes progress")
        self.thread.start()

    def _run(self) -> None:
        if self.before is not None:
            self.before.join()
        live: Live | None = None
        try:
            while self._goes_on():
                if live is None and self._visible():
                    live = self._live()
                    live.start()
                if live is not None:
                    live.refresh()
                self.awake.wait(TICK)
                self.awake.clear()
        finally:
            self.ended = True
            if live is not None:
                live.stop()

    def _live(self) -> Live:
        """What draws, made only when there is something to be drawn."""
        from rich.console import Console
        from rich.live import Live

        if self.console is None:
            self.console = Console(stderr=True, highlight=False)
        return Live(
            get_renderable=self._due,
            console=self.console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=_is_terminal(sys.stdout),
            redirect_stderr=_is_terminal(sys.stderr),
        )

    def _goes_on(self) -> bool:
        """Also asked by an interpreter that ends while a part was left behind."""
        with _LOCK:
            self.ended = not self.parts or not threading.main_thread().is_alive()
            return not self.ended

    def _visible(self) -> list[_Part]:
        now = time.perf_counter()
        return [part for part in tuple(self.parts) if part.due <= now]

    def _due(self) -> RenderableType:
        from rich.console import Group

        return Group(*(part.draw() for part in self._visible()))


_LOCK = threading.Lock()
_screen: _Screen | None = None


def _add(part: _Part, console: Console | None) -> None:
    global _screen
    with _LOCK:
        screen = _screen
        if screen is not None and not screen.ended:
            screen.parts.append(part)
            return
        _screen = _Screen(console, [part], None if screen is None else screen.thread)


def _remove(part: _Part) -> None:
    """Take a part away; with the last one, wait until the terminal is clear."""
    screen = _screen
    if screen is None or part not in screen.parts:
        return
    with _LOCK:
        screen.parts.remove(part)
    if not screen.parts:
        screen.awake.set()
        screen.thread.join()
