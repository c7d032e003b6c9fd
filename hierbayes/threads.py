"""Linear algebra on one thread: its sums, and so the draws, then do not hang on the number of cores."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LOCK = threading.Lock()
_held: dict[str, Any] = {"inside": 0, "limits": None}


@contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS and LAPACK use one thread of this process while anything is inside.

    A library splits a sum over as many threads as there are, and rounds it differently for each number. The
    setting is one of the process: whoever enters first makes it, and whoever leaves last takes it back, so
    that fits in several threads do not undo each other's.
    """
    from threadpoolctl import threadpool_limits

    with _LOCK:
        if _held["inside"] == 0:
            _held["limits"] = threadpool_limits(limits=1)
        _held["inside"] += 1
    try:
        yield
    finally:
        with _LOCK:
            _held["inside"] -= 1
            if _held["inside"] == 0:
                _held["limits"].restore_original_limits()
                _held["limits"] = None
