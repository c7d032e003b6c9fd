"""Log densities of counts."""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.jit import compiled
from hierbayes.kernels.likelihoods.row import Row


@compiled
def poisson_log(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """The sum ``y`` of ``size`` counts with mean ``exp(eta)``, without ``-log y!``."""
    y, size = at.y, at.size
    mu = size * math.exp(min(eta, 709.0))
    return y * eta - mu, y - mu


@compiled
def poisson_identity(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """The sum ``y`` of ``size`` counts with mean ``eta > 0``, without ``-log y!``."""
    y, size = at.y, at.size
    if eta <= 0:
        return -math.inf, 0.0
    return y * math.log(eta) - size * eta, y / eta - size


@compiled
def poisson_sqrt(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """The sum ``y`` of ``size`` counts with mean ``eta^2``, without ``-log y!``."""
    y, size = at.y, at.size
    value, slope = -size * eta * eta, -2 * size * eta
    if y > 0:
        value, slope = value + 2 * y * math.log(abs(eta)), slope + 2 * y / eta
    return value, slope


FACTORS = 16
"""Factors that are multiplied out; from here on, the series of ``_stirling`` have all their digits."""


@compiled
def _stirling(x: float) -> tuple[float, float]:
    """``log Gamma(x)`` and its derivative, less ``(x - 1/2) log x - x + log(2 pi) / 2`` and ``log x``.

    References
    ----------
    Abramowitz, M. and Stegun, I. A. (1964). Handbook of Mathematical Functions, 6.1.41 and 6.3.18.
    """
    s = 1 / (x * x)
    value = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / x
    return value, -0.5 / x - s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s / 132))))


@compiled
def log_rising(y: float, phi: float) -> tuple[float, float]:
    """``log Gamma(y + phi) - log Gamma(phi) - y log phi`` for whole ``y``, and its derivative in ``phi``."""
    product, slope, k = 1.0, 0.0, 0.0
    while k < y and k < FACTORS:
        product *= 1 + k / phi
        slope -= k / (phi * (phi + k))
        k += 1.0
    if k == y:
        return math.log(product), slope
    a, rest = phi + k, y - k
    low, low_slope = _stirling(a)
    high, high_slope = _stirling(a + rest)
    step = math.log1p(rest / a)
    value = math.log(product) + (a + rest - 0.5) * step + rest * math.log1p(k / phi) - rest + high - low
    return value, slope + step + high_slope - low_slope - rest / phi


@compiled
def _negbinomial(at: Row, mean: tuple[float, float, float], p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` counts ``y`` each, of variance ``mu + mu^2 / phi``; ``mean``: ``log mu, mu, d mu / d eta``."""
    y, phi = at.y, p[0]
    log_mu, mu, mu_slope = mean
    rising, rising_slope = log_rising(y, phi)
    spread = math.log1p(mu / phi)
    value = y * log_mu + rising - (y + phi) * spread
    of_mean = (y / mu - 1) / (1 + mu / phi) * mu_slope
    p_bar[0] += at.size * (rising_slope - spread + (y + phi) * (mu / phi) / (phi + mu))
    return at.size * value, at.size * of_mean


@compiled
def negbinomial_log(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` counts ``y`` each with mean ``exp(eta)``, without ``-log y!``."""
    mu = math.exp(min(max(eta, -709.0), 709.0))
    return _negbinomial(at, (eta, mu, mu), p, p_bar)


@compiled
def negbinomial_identity(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` counts ``y`` each with mean ``eta > 0``, without ``-log y!``."""
    if eta <= 0:
        return -math.inf, 0.0
    return _negbinomial(at, (math.log(eta), eta, 1.0), p, p_bar)


@compiled
def negbinomial_sqrt(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` counts ``y`` each with mean ``eta^2``, without ``-log y!``."""
    if eta == 0:
        return -math.inf if at.y > 0 else 0.0, 0.0
    return _negbinomial(at, (2 * math.log(abs(eta)), eta * eta, 2 * eta), p, p_bar)
