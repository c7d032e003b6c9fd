"""Log densities of measurements that are not Gaussian around their linear predictor."""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.jit import compiled
from hierbayes.kernels.likelihoods.row import Row
from hierbayes.kernels.likelihoods.special import log_gamma


@compiled
def student(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` values ``y`` with location ``eta``, scale ``p[0]`` and ``p[1]`` degrees of freedom."""
    sigma, nu = p[0], p[1]
    z = (at.y - eta) / sigma
    t = z * z / nu
    log_tail, pull = math.log1p(t), (nu + 1) * z / (nu + z * z)
    high, high_slope = log_gamma(0.5 * (nu + 1))
    low, low_slope = log_gamma(0.5 * nu)
    value = high - low - 0.5 * math.log(nu * math.pi) - math.log(sigma) - 0.5 * (nu + 1) * log_tail
    p_bar[0] += at.size * (pull * z - 1) / sigma
    p_bar[1] += 0.5 * at.size * (high_slope - low_slope - 1 / nu - log_tail + pull * z / nu)
    return at.size * value, at.size * pull / sigma


@compiled
def lognormal(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` values whose logarithm is around ``eta``, without ``-log y - log(2 pi) / 2`` each."""
    z = (math.log(at.y) - eta) / p[0]
    p_bar[0] += at.size * (z * z - 1) / p[0]
    return at.size * (-0.5 * z * z - math.log(p[0])), at.size * z / p[0]
