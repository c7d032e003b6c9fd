"""How a hostile case ended: it worked, or it was refused in words; anything else is a bug."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from hierbayes.errors import HierbayesError

LONGEST = 2_500
"""Characters of a message, however long the names of the data: about what fits a screen."""

WORKED = "worked"


class NotClearError(AssertionError):
    """A refusal that nobody can read."""


class NotSilentError(AssertionError):
    """Something was printed on standard error, or raised where nobody can catch it."""


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Nothing may be written to stderr, not even by libraries in C, nor raised while objects are freed.

    Raises
    ------
    NotSilentError
        The message is what was written or raised.
    """
    said: list[str] = []
    before, copy = sys.unraisablehook, os.dup(2)
    sys.unraisablehook = lambda raised: said.append(f"{raised.exc_value!r} in {raised.object!r}")
    with tempfile.TemporaryFile() as written:
        sys.stderr.flush()
        os.dup2(written.fileno(), 2)
        try:
            yield
            gc.collect()
        finally:
            sys.stderr.flush()
            os.dup2(copy, 2)
            os.close(copy)
            sys.unraisablehook = before
            written.seek(0)
            said.append(written.read().decode(errors="replace"))
    if any(said):
        raise NotSilentError(" ".join(said))


def outcome(case: Callable[[], Any]) -> str:
    """``"worked"``, or the name of the error that refused it.

    Raises
    ------
    NotClearError
        The message is empty or longer than a screen.
    Exception
        Whatever else came from below; a warning too.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            case()
    except HierbayesError as error:
        check_message(error)
        return type(error).__name__
    return WORKED


def check_message(error: HierbayesError) -> None:
    """A message says something, ends as a sentence does, prints anywhere, and fits a screen."""
    text = str(error)
    if not text.strip() or len(text) > LONGEST or "Traceback" in text:
        raise NotClearError(f"{type(error).__name__} of {len(text)} characters: {text[:200]!r}")
    text.encode("utf-8")


def where(error: BaseException) -> str:
    """The kind of an error and the last place in the package that it came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/hierbayes/" in f.filename]
    at = (
        f"{frames[-1].filename.rpartition('/hierbayes/')[2]}:{frames[-1].name}"
        if frames
        else f"elsewhere: {str(error)[:60]}"
    )
    return f"{type(error).__name__} in {at}"
