"""Responses as they are recorded: censored at their limits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design


def recorded(design: Design) -> NDArray[np.float64]:
    """The responses as they are shown, shape (n,): censored at their limits, or the middle of an interval."""
    if "low" not in design.part:
        return design.y
    low, high = design.part["low"], design.part["high"]
    between = np.isfinite(low) & np.isfinite(high)
    return np.where(between, (low + high) / 2, design.y)


def as_recorded(design: Design, replicated: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replicated responses as they would have been recorded: censored at the limits that are known.

    Parameters
    ----------
    design : Design
        The observed rows.
    replicated : float64 array, shape (..., n)
        Responses of the same rows.

    Returns
    -------
    float64 array, shape (..., n)
        A censored row is censored at its own limit. The limits of other rows are not known, unless all
        censored rows share one and no response lies beyond it: then it is every row's.
    """
    if "low" not in design.part:
        return replicated
    y, low, high = design.y, design.part["low"], design.part["high"]
    left, right = np.isneginf(low), np.isposinf(high)
    lower, upper = np.where(left, y, -np.inf), np.where(right, y, np.inf)
    if left.any() and np.ptp(y[left]) == 0 and y[left][0] <= y.min():
        lower = np.full(design.n, y[left][0])
    if right.any() and np.ptp(y[right]) == 0 and y[right][0] >= y.max():
        upper = np.full(design.n, y[right][0])
    return np.clip(replicated, lower, upper)
