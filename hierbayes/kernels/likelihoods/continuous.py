"""Log densities of measurements that are not Gaussian around their linear predictor."""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.coverage import LINKS
from hierbayes.kernels.jit import compiled
from hierbayes.kernels.likelihoods.binary import log_normal_cdf
from hierbayes.kernels.likelihoods.row import Row
from hierbayes.kernels.likelihoods.special import log_gamma

IDENTITY, LOG = LINKS.index("identity"), LINKS.index("log")
LOGIT, PROBIT, CLOGLOG = LINKS.index("logit"), LINKS.index("probit"), LINKS.index("cloglog")


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


@compiled
def _positive_mean(link: int, eta: float) -> tuple[float, float]:
    """``log mu`` and ``mu' / mu``; ``eta > 0`` but for the log link."""
    if link == LOG:
        return eta, 1.0
    sign = 1.0 if link == IDENTITY else -1.0
    return sign * math.log(eta), sign / eta


@compiled
def gaussian_curved(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``N(mu, sigma^2 / size)`` around ``exp(eta)`` or ``1 / eta``, without its constant in the weights."""
    if at.link != LOG and eta <= 0:
        return -math.inf, 0.0
    mu = math.exp(min(eta, 700.0)) if at.link == LOG else 1 / eta
    slope = mu if at.link == LOG else -mu * mu
    z = (at.y - mu) / p[0]
    square = at.size * z * z
    p_bar[0] += (square - 1) / p[0]
    return -0.5 * square - math.log(p[0]), at.size * z / p[0] * slope


@compiled
def gamma(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` values ``y`` each with shape ``p[0]``, without ``-log y`` each."""
    if at.link != LOG and eta <= 0:
        return -math.inf, 0.0
    shape = p[0]
    log_mu, hazard = _positive_mean(at.link, eta)
    log_ratio = math.log(at.y) - log_mu
    ratio = math.exp(min(log_ratio, 700.0))
    constant, slope = log_gamma(shape)
    log_shape = math.log(shape)
    p_bar[0] += at.size * (log_shape + 1 + log_ratio - ratio - slope)
    value = shape * (log_shape + log_ratio - ratio) - constant
    return at.size * value, at.size * shape * (ratio - 1) * hazard


@compiled
def exponential(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` values ``y`` each."""
    if at.link != LOG and eta <= 0:
        return -math.inf, 0.0
    log_mu, hazard = _positive_mean(at.link, eta)
    ratio = at.y * math.exp(min(-log_mu, 700.0))
    return -at.size * (log_mu + ratio), at.size * (ratio - 1) * hazard


@compiled
def weibull_log(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` values ``y`` each with mean ``exp(eta)`` and shape ``p[0]``, without ``-log y`` each."""
    shape = p[0]
    constant, slope = log_gamma(1 + 1 / shape)
    relative = math.log(at.y) - eta + constant
    t = min(shape * relative, 700.0)
    hazard = math.exp(t)
    p_bar[0] += at.size * (1 / shape + (1 - hazard) * (relative - slope / shape))
    return at.size * (math.log(shape) + shape * relative - hazard), at.size * shape * (hazard - 1)


@compiled
def _share(link: int, eta: float) -> tuple[float, float, float, float]:
    """``log mu``, ``log(1 - mu)``, ``mu' / mu`` and ``mu' / (1 - mu)``, exact in the tails."""
    if link == LOGIT:
        log_e = math.log1p(math.exp(-abs(eta)))
        log_mu, log_rest = min(eta, 0.0) - log_e, min(-eta, 0.0) - log_e
        return log_mu, log_rest, math.exp(log_rest), math.exp(log_mu)
    if link == PROBIT:
        log_mu, hazard = log_normal_cdf(eta)
        log_rest, hazard_rest = log_normal_cdf(-eta)
        return log_mu, log_rest, hazard, hazard_rest
    if link == CLOGLOG:
        rate = math.exp(min(eta, 700.0))
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
def beta(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` values ``y`` each with precision ``p[0]``, without ``-log y - log(1 - y)`` each."""
    if at.link == LOG and eta >= 0:
        return -math.inf, 0.0
    phi, y = p[0], at.y
    log_mu, log_rest, hazard, hazard_rest = _share(at.link, eta)
    mu, rest = math.exp(log_mu), math.exp(log_rest)
    log_y, log_not = math.log(y), math.log1p(-y)
    # Gamma(a) = Gamma(1 + a) / a keeps its digits where the mean underflows.
    whole, whole_slope = log_gamma(phi)
    first, first_slope = log_gamma(1 + mu * phi)
    second, second_slope = log_gamma(1 + rest * phi)
    value = (
        whole - first - second + 2 * math.log(phi) + log_mu + log_rest + phi * (mu * log_y + rest * log_not)
    )
    slope = phi * hazard * mu * (log_y - log_not - first_slope + second_slope) + hazard - hazard_rest
    of_phi = whole_slope + 2 / phi + mu * (log_y - first_slope) + rest * (log_not - second_slope)
    p_bar[0] += at.size * of_phi
    return at.size * value, at.size * slope
