"""Log densities of priors and their derivatives, and the maps that free bounded parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.kernels.coverage import PRIORS
from hierbayes.kernels.jit import compiled
from hierbayes.spec.records import Prior

FLAT, NORMAL, STUDENT_T, CAUCHY = 0, 1, 2, 3
HALF_NORMAL, HALF_STUDENT_T, HALF_CAUCHY, EXPONENTIAL, GAMMA, UNIFORM, BETA = 4, 5, 6, 7, 8, 9, 10

KINDS = {name: k for k, name in enumerate(PRIORS)}
"""Priors of ``spec.PRIORS`` that kernels know, as integers."""

LOG_2PI = math.log(2 * math.pi)


def prior_table(priors: Sequence[Prior]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Kinds, shape (k,), and parameters in the order of ``spec.PRIORS``, shape (k, 3), filled with zeros."""
    kinds = np.array([KINDS[prior.distribution] for prior in priors], dtype=np.int64)
    parameters = np.zeros((len(priors), 3))
    for k, prior in enumerate(priors):
        parameters[k, : len(prior.parameters)] = prior.parameters
    return kinds, parameters


@compiled
def _student_t(x: float, nu: float, mu: float, sigma: float) -> tuple[float, float]:
    t = (x - mu) / sigma
    constant = (
        math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(nu * math.pi) - math.log(sigma)
    )
    return constant - (nu + 1) / 2 * math.log1p(t * t / nu), -(nu + 1) * t / (nu + t * t) / sigma


@compiled
def log_prior(kind: int, x: float, p: Any) -> tuple[float, float]:
    """Log density of a prior and its derivative at ``x``, normalized; ``p`` holds its parameters, shape (3,).

    ``x`` lies within the support.
    """
    if kind == NORMAL:
        z = (x - p[0]) / p[1]
        return -0.5 * z * z - math.log(p[1]) - 0.5 * LOG_2PI, -z / p[1]
    if kind == STUDENT_T:
        return _student_t(x, p[0], p[1], p[2])
    if kind == CAUCHY:
        return _student_t(x, 1.0, p[0], p[1])
    if kind == HALF_NORMAL:
        z = x / p[0]
        return -0.5 * z * z - math.log(p[0]) - 0.5 * LOG_2PI + math.log(2.0), -z / p[0]
    if kind == HALF_STUDENT_T:
        value, slope = _student_t(x, p[0], 0.0, p[1])
        return value + math.log(2.0), slope
    if kind == HALF_CAUCHY:
        value, slope = _student_t(x, 1.0, 0.0, p[0])
        return value + math.log(2.0), slope
    if kind == EXPONENTIAL:
        return math.log(p[0]) - p[0] * x, -p[0]
    if kind == GAMMA:
        constant = p[0] * math.log(p[1]) - math.lgamma(p[0])
        return constant + (p[0] - 1) * math.log(x) - p[1] * x, (p[0] - 1) / x - p[1]
    if kind == UNIFORM:
        return -math.log(p[1] - p[0]), 0.0
    if kind == BETA:
        constant = math.lgamma(p[0] + p[1]) - math.lgamma(p[0]) - math.lgamma(p[1])
        value = constant + (p[0] - 1) * math.log(x) + (p[1] - 1) * math.log1p(-x)
        return value, (p[0] - 1) / x - (p[1] - 1) / (1 - x)
    return 0.0, 0.0


@compiled
def free(kind: int, v: float, p: Any) -> tuple[float, float, float, float]:
    """A bounded parameter from its unconstrained value ``v``: ``exp(v)``, or ``l + (u - l) logistic(v)``.

    ``l`` and ``u`` are 0 and 1 for a beta prior.

    Returns
    -------
    x, slope : float
        The parameter and ``dx/dv``.
    log_slope, its_derivative : float
        ``log dx/dv``, the Jacobian's part of the log density, and its derivative in ``v``.
    """
    if kind in (UNIFORM, BETA):
        e = math.exp(-abs(v))
        share = 1 / (1 + e) if v >= 0 else e / (1 + e)
        lower, width = (p[0], p[1] - p[0]) if kind == UNIFORM else (0.0, 1.0)
        log_slope = math.log(width) - abs(v) - 2 * math.log1p(e)
        return lower + width * share, width * e / (1 + e) ** 2, log_slope, 1 - 2 * share
    x = math.exp(v)
    return x, x, v, 1.0


def unconstrained_start(
    kinds: NDArray[np.int64], parameters: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Unconstrained values at which bounded parameters have given values; the inverse of ``free``.

    A value outside of its support, or close to an end of a bounded one, is moved inside.
    """
    uniform = (kinds == UNIFORM) | (kinds == BETA)
    lower = np.where(kinds == BETA, 0.0, parameters[:, 0])
    width = np.where(kinds == UNIFORM, parameters[:, 1] - lower, 1.0)
    share = np.clip((values - lower) / width, 0.01, 0.99)
    positive = np.where(values > 0, values, np.maximum(np.abs(values), 1e-3))
    return np.where(uniform, np.log(share) - np.log1p(-share), np.log(positive))
