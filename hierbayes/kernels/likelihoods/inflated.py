"""Log densities of counts with zeros of their own."""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.jit import compiled
from hierbayes.kernels.likelihoods.counts import log_rising
from hierbayes.kernels.likelihoods.row import Row


@compiled
def _zero(zi: float, log_zero: float) -> tuple[float, float, float]:
    """``log(zi + (1 - zi) exp(log_zero))``, and its derivatives in ``log_zero`` and ``zi``."""
    own = math.exp(log_zero)
    total = zi + (1 - zi) * own
    value = math.log1p((1 - zi) * math.expm1(log_zero)) if log_zero > -1 else math.log(total)
    return value, (1 - zi) * own / total, -math.expm1(log_zero) / total


@compiled
def zero_inflated_poisson(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` counts ``y`` with mean ``exp(eta)``, or 0 with probability ``zi``; without ``-log y!``."""
    y, size, zi = at.y, at.size, p[0]
    mu = math.exp(min(eta, 709.0))
    if y == 0:
        value, slope, zi_slope = _zero(zi, -mu)
        p_bar[0] += size * zi_slope
        return size * value, -size * slope * mu
    p_bar[0] -= size / (1 - zi)
    return size * (math.log1p(-zi) + y * eta - mu), size * (y - mu)


@compiled
def zero_inflated_negbinomial(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """As above, of variance ``mu + mu^2 / phi``; ``p`` is ``phi, zi``. Without ``-log y!``."""
    y, size, phi, zi = at.y, at.size, p[0], p[1]
    mu = math.exp(min(max(eta, -709.0), 709.0))
    spread, share = math.log1p(mu / phi), mu / (phi + mu)
    if y == 0:
        value, slope, zi_slope = _zero(zi, -phi * spread)
        p_bar[0] += size * slope * (share - spread)
        p_bar[1] += size * zi_slope
        return size * value, -size * slope * mu / (1 + mu / phi)
    rising, rising_slope = log_rising(y, phi)
    value = math.log1p(-zi) + y * eta + rising - (y + phi) * spread
    p_bar[0] += size * (rising_slope - spread + (y + phi) / phi * share)
    p_bar[1] -= size / (1 - zi)
    return size * value, size * (y - mu) / (1 + mu / phi)


@compiled
def hurdle_poisson(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` counts ``y``: 0 with probability ``hu``, else positive Poisson ones; without ``-log y!``."""
    y, size, hu = at.y, at.size, p[0]
    if y == 0:
        p_bar[0] += size / hu
        return size * math.log(hu), 0.0
    mu = math.exp(min(eta, 709.0))
    # log(1 - exp(-mu)) of a mean that may underflow, and mu / (exp(mu) - 1).
    if mu < 1e-300:
        log_positive = eta
    else:
        log_positive = math.log(-math.expm1(-mu)) if mu < 0.693 else math.log1p(-math.exp(-mu))
    more = math.exp(eta - mu - log_positive)
    p_bar[0] -= size / (1 - hu)
    return size * (math.log1p(-hu) + y * eta - mu - log_positive), size * (y - mu - more)
