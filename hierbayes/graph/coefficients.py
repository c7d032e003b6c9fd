"""Population coefficients in PyMC: priors on the user's scale, values in whitened coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pymc.logprob.transforms import Transform

from hierbayes import names
from hierbayes.geometry import Block, Coordinates
from hierbayes.graph.priors import BOUNDED, REAL, arguments


class Whitened(Transform):  # type: ignore[misc]
    """The linear map ``value = R (x - m)`` of a real vector; ``log |dx/dvalue| = -log |det R|``."""

    name = "whitened"

    def __init__(self, R: NDArray[np.float64], m: NDArray[np.float64]) -> None:
        self.R, self.m = R, m
        self.R_inverse = np.linalg.inv(R)
        self.log_jacobian = -float(np.linalg.slogdet(R)[1])

    def forward(self, value: Any, *inputs: Any) -> Any:
        """From the coefficients to the unconstrained value."""
        return pt.dot(self.R, value - self.m)

    def backward(self, value: Any, *inputs: Any) -> Any:
        """From the unconstrained value to the coefficients."""
        return self.m + pt.dot(self.R_inverse, value)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """Constant: the map is linear."""
        return pt.as_tensor_variable(self.log_jacobian)


def population_effects(coordinates: Coordinates, predictor: str, where: slice) -> Any:
    """Add the population coefficients of a linear predictor to the current PyMC model.

    Parameters
    ----------
    coordinates : Coordinates
        Columns, priors and whitening.
    predictor : str
        The linear predictor, ``""`` for the main one.
    where : slice
        Its columns of ``coordinates.X``.

    Returns
    -------
    theta : tensor, shape (p,)
        Its coefficients, on the link scale.
    """
    own = [block for block in coordinates.blocks if block.predictor == predictor]
    blocks = [block for block in own if block.name != names.CUTPOINTS_AT_MEAN]
    if len(blocks) == 1:
        return _block(coordinates, blocks[0], {"dims": names.within(predictor, names.TERM)})
    theta = pt.zeros(where.stop - where.start)
    for block in blocks:
        here = _block(coordinates, block, {"shape": len(block.where)})
        theta = pt.set_subtensor(theta[block.where - where.start], here)
    return theta


def from_centered(theta: Any, means: NDArray[np.float64]) -> Any:
    """``b`` on the user's columns from ``theta``: the intercept moves to zero of all columns, slopes stay."""
    return pt.concatenate([theta[:1] - (theta * means).sum(), theta[1:]])


def _block(coordinates: Coordinates, block: Block, dims: dict[str, Any]) -> Any:
    if block.kind in BOUNDED:
        row = BOUNDED[block.kind]
        return row.cls(block.name, **arguments(row, block.priors), **dims)
    row, center = REAL[block.kind], coordinates.center[block.where]
    keywords = arguments(row, block.priors)
    return row.cls(
        block.name, **keywords, **dims, initval=center, default_transform=Whitened(block.R, center)
    )
