"""Log densities of rows that are known in part: censored, truncated, or with known standard errors."""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.jit import compiled
from hierbayes.kernels.likelihoods.binary import log_normal_cdf
from hierbayes.kernels.likelihoods.row import Row


@compiled
def _log1mexp(x: float) -> float:
    """``log(1 - exp(-x))`` for ``x > 0``."""
    return math.log(-math.expm1(-x)) if x < 0.693 else math.log1p(-math.exp(-x))


@compiled
def normal_between(a: float, b: float) -> tuple[float, float, float]:
    """``log(Phi(b) - Phi(a))`` for ``a < b``, and its derivatives in both, of which either may be infinite.

    In the upper tail, where differences of ``Phi`` lose their digits, by its mirror image.
    """
    mirrored = a > 0
    lower, upper = (-b, -a) if mirrored else (a, b)
    total, from_upper, from_lower = 0.0, 0.0, 0.0
    if upper < math.inf:
        total, from_upper = log_normal_cdf(upper)
    if lower > -math.inf:
        log_lower, hazard = log_normal_cdf(lower)
        gap = total - log_lower
        total += _log1mexp(gap)
        inside = -math.expm1(-gap)
        from_upper /= inside
        from_lower = -hazard * math.exp(-gap) / inside
    return (total, -from_upper, -from_lower) if mirrored else (total, from_lower, from_upper)


@compiled
def _between(low: float, high: float, mu: float, sd: float) -> tuple[float, float, float]:
    """``log P(low < Y < high)`` of a normal ``Y``, and its derivatives in ``mu`` and ``sd``."""
    a, b = (low - mu) / sd, (high - mu) / sd
    value, from_a, from_b = normal_between(a, b)
    scaled = 0.0
    if a > -math.inf:
        scaled += from_a * a
    if b < math.inf:
        scaled += from_b * b
    return value, -(from_a + from_b) / sd, -scaled / sd


@compiled
def gaussian_part(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """A Gaussian row with the columns ``compress.PART`` behind it, but for ``Family.log_constant``.

    Its sd is ``sqrt(se^2 + sigma^2 / size)``, ``size`` the weight; ``se`` alone where there is no ``sigma``.
    """
    low, high, lower, upper, error = at.more[0], at.more[1], at.more[2], at.more[3], at.more[4]
    sigma = p[0] if p.shape[0] > 0 else 0.0
    sd = math.sqrt(error * error + sigma * sigma / at.size)
    if low == high:
        z = (low - eta) / sd
        value, slope, spread = -0.5 * z * z - math.log(sd) - 0.5 * math.log(at.size), z / sd, (z * z - 1) / sd
    else:
        value, slope, spread = _between(max(low, lower), min(high, upper), eta, sd)
    if lower > -math.inf or upper < math.inf:
        bounds, bounds_slope, bounds_spread = _between(lower, upper, eta, sd)
        value, slope, spread = value - bounds, slope - bounds_slope, spread - bounds_spread
    if p.shape[0] > 0:
        p_bar[0] += spread * sigma / (at.size * sd)
    return value, slope


@compiled
def lognormal_part(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` lognormal rows with the columns ``compress.PART``, but for ``Family.log_constant``."""
    low, high = math.log(max(at.more[0], 0.0)), math.log(max(at.more[1], 0.0))
    lower, upper = math.log(max(at.more[2], 0.0)), math.log(max(at.more[3], 0.0))
    if low == high:
        z = (low - eta) / p[0]
        value, slope, spread = -0.5 * z * z - math.log(p[0]), z / p[0], (z * z - 1) / p[0]
    else:
        value, slope, spread = _between(max(low, lower), min(high, upper), eta, p[0])
    if lower > -math.inf or upper < math.inf:
        bounds, bounds_slope, bounds_spread = _between(lower, upper, eta, p[0])
        value, slope, spread = value - bounds, slope - bounds_slope, spread - bounds_spread
    p_bar[0] += at.size * spread
    return at.size * value, at.size * slope
