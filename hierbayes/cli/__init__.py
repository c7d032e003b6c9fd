"""The command line: ``hierbayes report``, ``fit``, ``reproduce`` and the others of ``hierbayes --help``."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Any


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``hierbayes`` on the command line; ``sys.argv`` by default.

    Raises
    ------
    SystemExit
        Always: 0 after success, 1 for bad input (the message is on standard error), 2 for bad usage,
        130 after Ctrl-C.
    """
    from hierbayes.cli.app import app
    from hierbayes.cli.status import BAD_INPUT
    from hierbayes.errors import HierbayesError

    before, warnings.showwarning = warnings.showwarning, _warn
    try:
        app(arguments, prog_name="hierbayes")
    except HierbayesError as error:
        sys.stderr.write(f"Error: {error}\n")
        raise SystemExit(BAD_INPUT) from None
    finally:
        warnings.showwarning = before


def _warn(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Say what users should know as they read errors; other warnings name their place, as Python has them."""
    from hierbayes.errors import HierbayesWarning

    own = issubclass(category, HierbayesWarning)
    sys.stderr.write(
        f"Warning: {message}\n" if own else warnings.formatwarning(message, category, *place[:2])
    )
