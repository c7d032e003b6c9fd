"""Log densities of ordered categories."""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.coverage import LINKS
from hierbayes.kernels.jit import compiled
from hierbayes.kernels.likelihoods.binary import SQRT_2, SQRT_2PI, log_normal_cdf
from hierbayes.kernels.likelihoods.row import Row

LOGIT, PROBIT = LINKS.index("logit"), LINKS.index("probit")
LARGEST = 709.0  # exp of more overflows in double precision


@compiled
def _log1mexp(x: float) -> float:
    """``log(1 - exp(-x))`` for ``x >= 0``."""
    if x <= 0:
        return -math.inf
    return math.log(-math.expm1(-x)) if x < 0.693 else math.log1p(-math.exp(-x))


@compiled
def _softplus(x: float) -> float:
    """``log(1 + exp(x))``: minus the logarithm of a logistic probability."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


@compiled
def _below(a: float, link: int) -> tuple[float, float]:
    """``log F(a)`` and its derivative."""
    if link == LOGIT:
        value = -_softplus(-a)
        return value, math.exp(-_softplus(a))
    if link == PROBIT:
        return log_normal_cdf(a)
    rate = math.exp(min(a, LARGEST))
    value = _log1mexp(rate)
    return value, math.exp(a - rate - value)


@compiled
def _above(b: float, link: int) -> tuple[float, float]:
    """``log(1 - F(b))``, and its derivative with the sign turned."""
    if link == LOGIT:
        return _below(-b, link)
    if link == PROBIT:
        return log_normal_cdf(-b)
    rate = math.exp(min(b, LARGEST))
    return -rate, rate


@compiled
def _normal_between(a: float, b: float) -> tuple[float, float, float]:
    """As ``_between`` for the probit link, with ``a + b <= 0``: no digits are lost in the lower tail."""
    if a <= 0:
        log_a, hazard_a = log_normal_cdf(a)
        log_b, hazard_b = log_normal_cdf(b)
        gap = log_a - log_b
        faded = math.exp(-gap) if gap < LARGEST else 0.0
        kept = -math.expm1(-gap)
        return log_a + _log1mexp(gap), hazard_a / kept, hazard_b * faded / kept
    outside = 0.5 * (math.erfc(a / SQRT_2) + math.erfc(-b / SQRT_2))
    inside = 0.5 * (math.erf(a / SQRT_2) - math.erf(b / SQRT_2))
    value = math.log1p(-outside) if outside < 0.5 else math.log(inside)
    return (
        value,
        math.exp(-0.5 * a * a - value) / SQRT_2PI,
        math.exp(-0.5 * b * b - value) / SQRT_2PI,
    )


@compiled
def _between(a: float, b: float, link: int) -> tuple[float, float, float]:
    """``log(F(a) - F(b))`` for ``a > b``, ``f(a) / (F(a) - F(b))`` and ``f(b) / (F(a) - F(b))``."""
    if link == LOGIT:
        # F(a) - F(b) = F(a) (1 - F(b)) (1 - exp(b - a)), and f = F (1 - F)
        kept = -math.expm1(b - a)
        below_a, below_b, above_a, above_b = _softplus(-a), _softplus(-b), _softplus(a), _softplus(b)
        value = _log1mexp(a - b) - below_a - above_b
        return value, math.exp(above_b - above_a) / kept, math.exp(below_a - below_b) / kept
    if link == PROBIT:
        if a + b <= 0:
            return _normal_between(a, b)
        value, at_b, at_a = _normal_between(-b, -a)
        return value, at_a, at_b
    low, high = math.exp(min(b, LARGEST)), math.exp(min(a, LARGEST))
    gap = low * math.expm1(min(a - b, LARGEST))
    value = -low + _log1mexp(gap)
    return value, math.exp(a - high - value), math.exp(b - low - value)


@compiled
def cumulative(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` responses in category ``y``, between the cutpoints ``p[y - 1]`` and ``p[y]``."""
    k, last = int(at.y), p.shape[0]
    at_upper, at_lower = 0.0, 0.0
    if k == 0:
        value, at_upper = _below(p[0] - eta, at.link)
    elif k == last:
        value, at_lower = _above(p[last - 1] - eta, at.link)
    else:
        value, at_upper, at_lower = _between(p[k] - eta, p[k - 1] - eta, at.link)
    if k < last:
        p_bar[k] += at.size * at_upper
    if k > 0:
        p_bar[k - 1] -= at.size * at_lower
    return at.size * value, at.size * (at_lower - at_upper)
