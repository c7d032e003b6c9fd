"""The unconstrained values of standard deviations that may be zero, as a transform of PyMC's."""

from __future__ import annotations

from typing import Any

import pytensor.tensor as pt
from numpy.typing import NDArray
from pymc.logprob.transforms import Transform

from hierbayes.geometry.easing import NEWTON


class Eased(Transform):  # type: ignore[misc]
    """``x = s exp(m(v))``, ``m(v) = v - softplus(-v)^2 / 2``; see ``geometry.easing``.

    Parameters
    ----------
    scale : float64 array, shape () or (q,)
        ``s``.
    """

    name = "eased"
    ndim_supp = 0

    def __init__(self, scale: NDArray[Any]) -> None:
        self.scale = scale

    def backward(self, value: Any, *inputs: Any) -> Any:
        """The parameter at an unconstrained value."""
        return self.scale * pt.exp(value - pt.softplus(-value) ** 2 / 2)

    def forward(self, value: Any, *inputs: Any) -> Any:
        """The unconstrained value of a parameter, by Newton's method as in ``eased_start``."""
        log_ratio = pt.log(value / self.scale)
        v = pt.switch(log_ratio < 0, -pt.sqrt(-2 * pt.minimum(log_ratio, 0.0)), log_ratio)
        for _ in range(NEWTON):
            left = pt.softplus(-v)
            v = v - (v - left**2 / 2 - log_ratio) / (1 + left * pt.sigmoid(-v))
        return v

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """``log dx/dv``."""
        left = pt.softplus(-value)
        slope = 1 + left * pt.sigmoid(-value)
        return pt.log(self.scale) + value - left**2 / 2 + pt.log(slope)
