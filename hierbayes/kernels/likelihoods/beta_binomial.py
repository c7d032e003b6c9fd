"""Log density of successes out of trials whose probability has a beta distribution; all links in one."""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.coverage import LINKS
from hierbayes.kernels.jit import compiled
from hierbayes.kernels.likelihoods.binary import log_normal_cdf
from hierbayes.kernels.likelihoods.counts import log_rising
from hierbayes.kernels.likelihoods.row import Row

LOGIT, PROBIT, CLOGLOG, LOG = (LINKS.index(name) for name in ("logit", "probit", "cloglog", "log"))


@compiled
def probability(link: int, eta: float) -> tuple[float, float, float, float]:
    """``log mu, log(1 - mu), mu' / mu, mu' / (1 - mu)``; ``eta < 0`` with the log link."""
    if link == LOGIT:
        e = math.exp(-abs(eta))
        near, far = 1 / (1 + e), e / (1 + e)
        low, high = -math.log1p(e), -abs(eta) - math.log1p(e)
        if eta >= 0:
            return low, high, far, near
        return high, low, near, far
    if link == PROBIT:
        log_mu, hazard = log_normal_cdf(eta)
        log_rest, other = log_normal_cdf(-eta)
        return log_mu, log_rest, hazard, other
    if link == CLOGLOG:
        rate = math.exp(min(eta, 709.0))
        log_mu = math.log(-math.expm1(-rate)) if rate < 0.693 else math.log1p(-math.exp(-rate))
        return log_mu, -rate, math.exp(eta - rate - log_mu), rate
    if link == LOG:
        rest = -math.expm1(eta)
        log_rest = math.log(rest) if eta > -0.693 else math.log1p(-math.exp(eta))
        return eta, log_rest, 1.0, math.exp(eta) / rest
    mu, rest = math.atan2(1.0, -eta) / math.pi, math.atan2(1.0, eta) / math.pi
    density = 1 / (math.pi * (1 + eta * eta))
    log_mu = math.log(mu) if eta <= 0 else math.log1p(-rest)
    log_rest = math.log(rest) if eta >= 0 else math.log1p(-mu)
    return log_mu, log_rest, density / mu, density / rest


@compiled
def _rise(count: float, log_shape: float) -> tuple[float, float]:
    """``log Gamma(a + count) - log Gamma(a)``, and its derivative in ``log a``; ``a`` may underflow."""
    if count == 0:
        return 0.0, 0.0
    a = math.exp(log_shape)
    rising, slope = log_rising(count - 1, 1 + a)
    value = log_shape + (count - 1) * math.log1p(a) + rising
    return value, 1 + a * ((count - 1) / (1 + a) + slope)


@compiled
def beta_binomial(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` times ``y`` of ``more[0]`` trials, shapes ``mu phi, (1 - mu) phi``, without ``(n over y)``."""
    if at.link == LOG and eta >= 0:
        return -math.inf, 0.0
    phi, trials = p[0], at.more[0]
    log_mu, log_rest, hazard, other = probability(at.link, eta)
    log_phi = math.log(phi)
    up, up_slope = _rise(at.y, log_mu + log_phi)
    down, down_slope = _rise(trials - at.y, log_rest + log_phi)
    total, total_slope = _rise(trials, log_phi)
    p_bar[0] += at.size * (up_slope + down_slope - total_slope) / phi
    return at.size * (up + down - total), at.size * (up_slope * hazard - down_slope * other)
