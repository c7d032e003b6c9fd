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


@compiled
def bernoulli_log(y: float, size: float, eta: float, parameter: float) -> tuple[float, float, float]:
    """``y`` of ``size`` with probability ``exp(eta)``, ``eta < 0``; without the binomial coefficient."""
    if eta >= 0:
        return -math.inf, 0.0, 0.0
    value, slope = y * eta, y
    if y < size:
        rest = -math.expm1(eta)
        log_rest = math.log(rest) if eta > -0.693 else math.log1p(-math.exp(eta))
        value, slope = value + (size - y) * log_rest, slope - (size - y) * math.exp(eta) / rest
    return value, slope, 0.0


@compiled
def bernoulli_cauchit(y: float, size: float, eta: float, parameter: float) -> tuple[float, float, float]:
    """``y`` of ``size`` with probability ``1/2 + arctan(eta) / pi``, without the binomial coefficient."""
    mu, rest, density = math.atan2(1.0, -eta) / math.pi, math.atan2(1.0, eta) / math.pi, 1 / (1 + eta * eta)
    log_mu = math.log(mu) if eta <= 0 else math.log1p(-rest)
    log_rest = math.log(rest) if eta >= 0 else math.log1p(-mu)
    slope = (y / mu - (size - y) / rest) * density / math.pi
    return y * log_mu + (size - y) * log_rest, slope, 0.0


@compiled
def poisson_log(y: float, size: float, eta: float, parameter: float) -> tuple[float, float, float]:
    """The sum ``y`` of ``size`` counts with mean ``exp(eta)``, without ``-log y!``."""
    mu = size * math.exp(min(eta, 709.0))
    return y * eta - mu, y - mu, 0.0


@compiled
def poisson_identity(y: float, size: float, eta: float, parameter: float) -> tuple[float, float, float]:
    """The sum ``y`` of ``size`` counts with mean ``eta > 0``, without ``-log y!``."""
    if eta <= 0:
        return -math.inf, 0.0, 0.0
    return y * math.log(eta) - size * eta, y / eta - size, 0.0


@compiled
def poisson_sqrt(y: float, size: float, eta: float, parameter: float) -> tuple[float, float, float]:
    """The sum ``y`` of ``size`` counts with mean ``eta^2``, without ``-log y!``."""
    value, slope = -size * eta * eta, -2 * size * eta
    if y > 0:
        value, slope = value + 2 * y * math.log(abs(eta)), slope + 2 * y / eta
    return value, slope, 0.0


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
def _negbinomial(
    y: float, size: float, mean: tuple[float, float, float], phi: float
) -> tuple[float, float, float]:
    """``size`` counts ``y`` each, of variance ``mu + mu^2 / phi``; ``mean``: ``log mu, mu, d mu / d eta``."""
    log_mu, mu, mu_slope = mean
    rising, rising_slope = log_rising(y, phi)
    spread = math.log1p(mu / phi)
    value = y * log_mu + rising - (y + phi) * spread
    of_mean = (y / mu - 1) / (1 + mu / phi) * mu_slope
    of_phi = rising_slope - spread + (y + phi) * (mu / phi) / (phi + mu)
    return size * value, size * of_mean, size * of_phi


@compiled
def negbinomial_log(y: float, size: float, eta: float, phi: float) -> tuple[float, float, float]:
    """``size`` counts ``y`` each with mean ``exp(eta)``, without ``-log y!``."""
    mu = math.exp(min(max(eta, -709.0), 709.0))
    return _negbinomial(y, size, (eta, mu, mu), phi)


@compiled
def negbinomial_identity(y: float, size: float, eta: float, phi: float) -> tuple[float, float, float]:
    """``size`` counts ``y`` each with mean ``eta > 0``, without ``-log y!``."""
    if eta <= 0:
        return -math.inf, 0.0, 0.0
    return _negbinomial(y, size, (math.log(eta), eta, 1.0), phi)


@compiled
def negbinomial_sqrt(y: float, size: float, eta: float, phi: float) -> tuple[float, float, float]:
    """``size`` counts ``y`` each with mean ``eta^2``, without ``-log y!``."""
    if eta == 0:
        return -math.inf if y > 0 else 0.0, 0.0, 0.0
    return _negbinomial(y, size, (2 * math.log(abs(eta)), eta * eta, 2 * eta), phi)
