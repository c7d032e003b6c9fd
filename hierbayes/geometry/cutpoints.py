"""The coordinates of the cutpoints of an ordered response.

All cutpoints together move as an intercept does, against the group effects. Their location, ``l = w'c`` with
weights of sum 1, is sampled like one: ``-l`` is the last of the coefficients, of a column of ones, so that
whitening and shifts apply to it. What is left, ``d = c - l``, is a function of the logarithms of the
distances between neighbours. The log Jacobian of ``c`` in the location and the log distances is the sum of
the latter.

``w`` is proportional to ``I 1`` with ``I`` the information of the rows about the cutpoints: in a Gaussian
approximation the location is then independent of all distances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierbayes.families import Link

type Floats = NDArray[np.float64]

LEAST_DISTANCE = 1e-3  # between cutpoints to start from, in units of the link


@dataclass(frozen=True)
class CutpointCoordinates:
    """Where cutpoints are expected, and the weights of their location.

    Attributes
    ----------
    start : float64 array, shape (K - 1,)
        Rough estimates at the mean of the columns, in increasing order.
    weights : float64 array, shape (K - 1,)
        ``w``, positive and of sum 1.
    """

    start: Floats
    weights: Floats

    @property
    def log_distances(self) -> Floats:
        """Logarithms of the distances between neighbours at the start, shape (K - 2,)."""
        return np.log(np.diff(self.start))

    @property
    def location(self) -> float:
        """The location at the start."""
        return float(self.weights @ self.start)


def cutpoint_coordinates(rough: Floats, link: Link) -> CutpointCoordinates:
    """Coordinates from rough estimates of the cutpoints, shape (K - 1,); see the module."""
    least = LEAST_DISTANCE * link.unit
    start = rough[0] + np.concatenate([[0.0], np.maximum(np.diff(rough), least).cumsum()])
    below, density = link.inverse(start), link.derivative(start)
    probability = np.maximum(np.diff(below, prepend=0.0, append=1.0), 1e-12)
    slopes = np.diff(density, prepend=0.0, append=0.0) / probability
    weights = np.maximum(density * -np.diff(slopes), 1e-12)
    return CutpointCoordinates(start, weights / weights.sum())


def around_location(log_distances: Floats, weights: Floats) -> Floats:
    """``d``, the cutpoints less their location, shape (..., K - 1), from log distances (..., K - 2)."""
    steps = np.exp(log_distances).cumsum(axis=-1)
    from_first = np.concatenate([np.zeros((*steps.shape[:-1], 1)), steps], axis=-1)
    return np.asarray(from_first - (from_first @ weights)[..., None])
