"""The log density of one row, with its derivatives: one function for each family and link.

Each is ``row(y, size, eta, parameter) -> (log density, d/d eta, d/d parameter)`` in scalars: the response,
the number of trials or copies that the row stands for, the linear predictor, and the family's own parameter
(0 where it has none). What depends on the data alone is left to ``constant``.
"""

from __future__ import annotations

import math

from hierbayes.kernels.jit import compiled
from hierbayes.kernels.priors import LOG_2PI

SQRT_2, SQRT_2PI = math.sqrt(2.0), math.sqrt(2 * math.pi)
FAR = -36.0  # the normal distribution function of less is close to where erfc underflows


@compiled
def gaussian_identity(y: float, size: float, eta: float, sigma: float) -> tuple[float, float, float]:
    """``N(eta, sigma^2 / size)``, ``size`` the weight, but for ``(log(size) - log(2 pi)) / 2``."""
    z = (y - eta) / sigma
    square = size * z * z
    return -0.5 * square - math.log(sigma), size * z / sigma, (square - 1) / sigma


@compiled
def bernoulli_logit(y: float, size: float, eta: float, parameter: float) -> tuple[float, float, float]:
    """``y`` successes of ``size``, without the binomial coefficient."""
    e = math.exp(-abs(eta))
    mu = 1 / (1 + e) if eta >= 0 else e / (1 + e)
    return y * eta - size * (max(eta, 0.0) + math.log(1 + e)), y - size * mu, 0.0


@compiled
def _log_normal_cdf(x: float) -> tuple[float, float]:
    """``log Phi(x)`` and its derivative; far in the tail by a series (Abramowitz and Stegun 26.2.12)."""
    if x > FAR:
        cdf = 0.5 * math.erfc(-x / SQRT_2)
        return math.log(cdf), math.exp(-0.5 * x * x) / SQRT_2PI / cdf
    s = 1 / (x * x)
    series = 1 - s * (1 - 3 * s * (1 - 5 * s * (1 - 7 * s)))
    return -0.5 * x * x - math.log(-x) - 0.5 * LOG_2PI + math.log(series), -x / series


@compiled
def bernoulli_probit(y: float, size: float, eta: float, parameter: float) -> tuple[float, float, float]:
    """``y`` successes of ``size`` with probability ``Phi(eta)``, without the binomial coefficient."""
    value, slope = 0.0, 0.0
    if y > 0:
        log_mu, hazard = _log_normal_cdf(eta)
        value, slope = y * log_mu, y * hazard
    if y < size:
        log_rest, hazard = _log_normal_cdf(-eta)
        value, slope = value + (size - y) * log_rest, slope - (size - y) * hazard
    return value, slope, 0.0


@compiled
def bernoulli_cloglog(y: float, size: float, eta: float, parameter: float) -> tuple[float, float, float]:
    """``y`` of ``size`` with probability ``1 - exp(-exp(eta))``, without the binomial coefficient."""
    rate = math.exp(min(eta, 709.0))
    value, slope = -(size - y) * rate, -(size - y) * rate
    if y > 0:
        log_mu = math.log(-math.expm1(-rate)) if rate < 0.693 else math.log1p(-math.exp(-rate))
        value, slope = value + y * log_mu, slope + y * math.exp(eta - rate - log_mu)
    return value, slope, 0.0
