"""Log densities of Gaussian rows."""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.jit import compiled
from hierbayes.kernels.likelihoods.row import Row


@compiled
def gaussian_identity(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``N(eta, sigma^2 / size)``, ``size`` the weight, but for ``(log(size) - log(2 pi)) / 2``."""
    z = (at.y - eta) / p[0]
    square = at.size * z * z
    p_bar[0] += (square - 1) / p[0]
    return -0.5 * square - math.log(p[0]), at.size * z / p[0]
