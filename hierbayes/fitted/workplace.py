"""Where a file is made before it takes its place, whatever interrupts."""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PREFIX = ".saving-"
"""Begins the name of a folder for what is not whole yet."""

_ATTEMPTS, _MOMENT = 40, 0.05


@contextlib.contextmanager
def workplace(parent: Path) -> Iterator[Path]:
    """A folder for what is not whole yet, gone afterwards, also after Ctrl-C."""
    folder = None
    try:
        with heard_afterwards():
            folder = Path(tempfile.mkdtemp(dir=parent, prefix=PREFIX))
        yield folder
    finally:
        if folder is not None:
            with heard_afterwards():
                _remove(folder)


def _remove(folder: Path) -> None:
    # Where a disk is full, or Ctrl-C came, other threads of zarr write on for a moment.
    for _ in range(_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(_MOMENT)


def put(half: Path, path: Path, aside: Path) -> None:
    """Put what is whole in its place; a folder goes aside first, and back if that fails."""
    with heard_afterwards():
        if path.is_dir():
            path.replace(aside)
        try:
            half.replace(path)
        except OSError:
            if aside.exists():
                aside.replace(path)
            raise


@contextlib.contextmanager
def heard_afterwards() -> Iterator[None]:
    """Ctrl-C in this block is heard when it ends; for blocks that take no time."""
    before = signal.getsignal(signal.SIGINT)
    # Only the main thread hears Ctrl-C, and only a handler of Python's can be put back and called.
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    heard: list[Any] = []
    signal.signal(signal.SIGINT, lambda *given: heard.append(given))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if heard:
            before(*heard[0])
