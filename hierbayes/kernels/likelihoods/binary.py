"""Log densities of successes out of trials."""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.jit import compiled
from hierbayes.kernels.likelihoods.row import Row
from hierbayes.kernels.priors import LOG_2PI

SQRT_2, SQRT_2PI = math.sqrt(2.0), math.sqrt(2 * math.pi)
FAR = -36.0  # the normal distribution function of less is close to where erfc underflows


@compiled
def bernoulli_logit(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``y`` successes of ``size``, without the binomial coefficient."""
    y, size = at.y, at.size
    e = math.exp(-abs(eta))
    mu = 1 / (1 + e) if eta >= 0 else e / (1 + e)
    return y * eta - size * (max(eta, 0.0) + math.log(1 + e)), y - size * mu


@compiled
def log_normal_cdf(x: float) -> tuple[float, float]:
    """``log Phi(x)`` and its derivative; far in the tail by a series (Abramowitz and Stegun 26.2.12)."""
    if x > FAR:
        cdf = 0.5 * math.erfc(-x / SQRT_2)
        return math.log(cdf), math.exp(-0.5 * x * x) / SQRT_2PI / cdf
    s = 1 / (x * x)
    series = 1 - s * (1 - 3 * s * (1 - 5 * s * (1 - 7 * s)))
    return -0.5 * x * x - math.log(-x) - 0.5 * LOG_2PI + math.log(series), -x / series


@compiled
def bernoulli_probit(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``y`` successes of ``size`` with probability ``Phi(eta)``, without the binomial coefficient."""
    y, size = at.y, at.size
    value, slope = 0.0, 0.0
    if y > 0:
        log_mu, hazard = log_normal_cdf(eta)
        value, slope = y * log_mu, y * hazard
    if y < size:
        log_rest, hazard = log_normal_cdf(-eta)
        value, slope = value + (size - y) * log_rest, slope - (size - y) * hazard
    return value, slope


@compiled
def bernoulli_cloglog(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``y`` of ``size`` with probability ``1 - exp(-exp(eta))``, without the binomial coefficient."""
    y, size = at.y, at.size
    rate = math.exp(min(eta, 709.0))
    value, slope = -(size - y) * rate, -(size - y) * rate
    if y > 0:
        log_mu = math.log(-math.expm1(-rate)) if rate < 0.693 else math.log1p(-math.exp(-rate))
        value, slope = value + y * log_mu, slope + y * math.exp(eta - rate - log_mu)
    return value, slope


@compiled
def bernoulli_log(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``y`` of ``size`` with probability ``exp(eta)``, ``eta < 0``; without the binomial coefficient."""
    y, size = at.y, at.size
    if eta >= 0:
        return -math.inf, 0.0
    value, slope = y * eta, y
    if y < size:
        rest = -math.expm1(eta)
        log_rest = math.log(rest) if eta > -0.693 else math.log1p(-math.exp(eta))
        value, slope = value + (size - y) * log_rest, slope - (size - y) * math.exp(eta) / rest
    return value, slope


@compiled
def bernoulli_cauchit(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``y`` of ``size`` with probability ``1/2 + arctan(eta) / pi``, without the binomial coefficient."""
    y, size = at.y, at.size
    mu, rest, density = math.atan2(1.0, -eta) / math.pi, math.atan2(1.0, eta) / math.pi, 1 / (1 + eta * eta)
    log_mu = math.log(mu) if eta <= 0 else math.log1p(-rest)
    log_rest = math.log(rest) if eta >= 0 else math.log1p(-mu)
    slope = (y / mu - (size - y) / rest) * density / math.pi
    return y * log_mu + (size - y) * log_rest, slope
