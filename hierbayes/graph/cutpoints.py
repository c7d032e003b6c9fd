"""Cutpoints of an ordered response in PyMC: priors at the mean of the columns, values unconstrained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from hierbayes import names
from hierbayes.geometry import Coordinates
from hierbayes.graph.priors import REAL, arguments
from hierbayes.spec.records import ModelSpec, Prior


class LocationAndDistances(Transform):  # type: ignore[misc]
    """The location of the cutpoints, as ``R (-w'c - m)``, and the logarithms of their distances.

    See ``geometry.cutpoints``; ``log |dc/dvalue| = -log R + sum of the log distances``.
    """

    name = "location_and_distances"

    def __init__(self, weights: Any, R: float, m: float) -> None:
        self.weights, self.R, self.m = weights, np.asarray(R), np.asarray(m)

    def forward(self, value: Any, *inputs: Any) -> Any:
        """From the cutpoints to the unconstrained value."""
        location = self.R * (-pt.dot(self.weights, value) - self.m)
        return pt.concatenate([pt.shape_padleft(location), pt.log(value[1:] - value[:-1])])

    def backward(self, value: Any, *inputs: Any) -> Any:
        """From the unconstrained value to the cutpoints."""
        steps = pt.concatenate([pt.zeros(1), pt.cumsum(pt.exp(value[1:]))])
        return steps - pt.dot(self.weights, steps) - (self.m + value[0] / self.R)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """The sum of the log distances, and a constant."""
        return pt.sum(value[1:]) - pt.log(self.R)


def ordered_cutpoints(spec: ModelSpec, frame: Coordinates) -> Any:
    """Add the cutpoints at the mean of the columns to the current PyMC model.

    Returns
    -------
    tensor, shape (K - 1,)
        In increasing order, on the link scale.
    """
    assert frame.cutpoints is not None
    block = frame.blocks[-1]
    transform = LocationAndDistances(
        frame.cutpoints.weights, float(block.R[0, 0]), float(frame.center[block.where[0]])
    )
    priors = [spec.prior(names.CUTPOINTS, label) for label in spec.cutpoints]
    keywords = {
        "dims": names.CUTPOINT,
        "initval": frame.cutpoints.start,
        "default_transform": transform,
    }
    kinds = {prior.distribution for prior in priors}
    if len(kinds) == 1:
        row = REAL[kinds.pop()]
        return pt.sort(row.cls(block.name, **arguments(row, priors), **keywords))  # draws from priors too
    cutpoints = pm.Flat(block.name, **keywords)
    pm.Potential(f"{block.name}_prior", _log_prior(priors, cutpoints))
    return cutpoints


def with_location(theta: Any, cutpoints: Any, frame: Coordinates) -> Any:
    """Coefficients of all columns of ``frame.X``: the location of the cutpoints, sign turned, is the last."""
    assert frame.cutpoints is not None
    location = pt.shape_padleft(-pt.dot(frame.cutpoints.weights, cutpoints))
    return location if theta is None else pt.concatenate([theta, location])


def _log_prior(priors: Sequence[Prior], cutpoints: Any) -> Any:
    """The sum of the log densities of priors of different kinds."""
    rows = [REAL[prior.distribution] for prior in priors]
    parts = [
        pm.logp(row.cls.dist(**{name: values[0] for name, values in arguments(row, [prior]).items()}), value)
        for row, prior, value in zip(rows, priors, (cutpoints[k] for k in range(len(priors))), strict=True)
    ]
    return pt.sum(pt.stack(parts))
