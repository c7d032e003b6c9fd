"""``cut(x, breaks)``: numbers to intervals, with R's labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Floats

DIGITS = 3  # of the bounds in labels, more where two would read alike; R's `dig.lab`
MOST_DIGITS = 12


def equal_breaks(x: Floats, n_intervals: int) -> Floats:
    """Bounds of ``n_intervals`` of equal width over the range of ``x``, the outer ones 0.1 % beyond it."""
    low, high = float(x.min()), float(x.max())
    width = high - low
    if width == 0.0:
        width = abs(low) if low != 0.0 else 1.0
        return np.linspace(low - width / 1000, high + width / 1000, n_intervals + 1)
    breaks = np.linspace(low, high, n_intervals + 1)
    breaks[[0, -1]] = low - width / 1000, high + width / 1000
    return breaks


def interval_labels(breaks: Floats, *, right: bool = True, lowest: bool = False) -> tuple[str, ...]:
    """R's names of the intervals: ``(0,10]``, or ``[0,10)`` where they are closed on the left.

    Parameters
    ----------
    breaks : float64 array, shape (k + 1,)
        In increasing order.
    right : bool
        Whether the upper bound belongs to an interval, or the lower one.
    lowest : bool
        Whether the outermost bound belongs to the outermost interval too.
    """
    written: list[str] = []
    for digits in range(DIGITS, MOST_DIGITS + 1):
        written = [_number(value, digits) for value in breaks]
        if all(a != b for a, b in pairwise(written)):
            break
    else:
        return tuple(map(str, range(1, len(breaks))))
    left_sign, right_sign = ("(", "]") if right else ("[", ")")
    labels = [f"{left_sign}{a},{b}{right_sign}" for a, b in pairwise(written)]
    if lowest and right:
        labels[0] = "[" + labels[0][1:]
    elif lowest:
        labels[-1] = labels[-1][:-1] + "]"
    return tuple(labels)


def _number(value: float, digits: int) -> str:
    """A bound as R's ``formatC`` writes it, which puts a space before ``Inf``: ``(10, Inf]``."""
    return f"{value:.{digits}g}" if np.isfinite(value) else _INFINITE[int(value > 0)]


_INFINITE = ("-Inf", " Inf")


def interval_codes(x: Floats, state: Mapping[str, Any]) -> NDArray[np.int32]:
    """The interval of each value, shape (n,), an index into the labels; -1 outside of all of them."""
    breaks = read_breaks(state["breaks"])
    n_intervals = len(breaks) - 1
    codes = np.searchsorted(breaks, x, side="left" if state["right"] else "right") - 1
    codes[codes >= n_intervals] = -1
    if state["lowest"]:
        edge, interval = (breaks[0], 0) if state["right"] else (breaks[-1], n_intervals - 1)
        codes[x == edge] = interval
    return codes.astype(np.int32)


def write_breaks(breaks: Floats) -> list[float | str]:
    """The bounds as JSON can hold them: infinity is a word."""
    return [float(value) if np.isfinite(value) else _INFINITE[int(value > 0)].strip() for value in breaks]


def read_breaks(written: Sequence[float | str]) -> Floats:
    """Read what `write_breaks` wrote."""
    return np.array([float(value) for value in written])
