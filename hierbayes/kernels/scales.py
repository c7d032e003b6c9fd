"""Standard deviations, correlations and family parameters from unconstrained values, and their gradients."""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.jit import compiled
from hierbayes.kernels.priors import free, log_prior


@compiled
def positives(v: Any, kinds: Any, parameters: Any, out: Any) -> float:
    """Positive parameters with their priors and Jacobians.

    Parameters
    ----------
    v : float64 array, shape (k,)
        Unconstrained values.
    kinds, parameters : int64 array, shape (k,), and float64 array, shape (k, 3)
        Priors, as of ``prior_table``.
    out : float64 array, shape (3, k)
        Receives the parameters, ``dx/dv``, and the derivative in ``v`` of what is returned.

    Returns
    -------
    float
        Log prior of the parameters plus log Jacobian.
    """
    total = 0.0
    for k in range(v.shape[0]):
        x, slope, log_slope, log_slope_derivative = free(kinds[k], v[k], parameters[k])
        value, derivative = log_prior(kinds[k], x, parameters[k])
        out[0, k] = x
        out[1, k] = slope
        out[2, k] = derivative * slope + log_slope_derivative
        total += value + log_slope
    return total


@compiled
def vine(v: Any, shapes: Any, out: Any) -> float:
    """Partial correlations ``r = 2 x - 1`` with ``x = logistic(v) ~ Beta(a, a)``, Jacobian included.

    Parameters
    ----------
    v, shapes : float64 arrays, shape (k,)
        Unconstrained values, and ``a`` of each.
    out : float64 array, shape (3, k)
        Receives ``r``, ``dr/dv``, and the derivative in ``v`` of what is returned.

    Returns
    -------
    float
        Log prior plus log Jacobian.
    """
    total = 0.0
    for k in range(v.shape[0]):
        a = shapes[k]
        e = math.exp(-abs(v[k]))
        x = 1 / (1 + e) if v[k] >= 0 else e / (1 + e)
        out[0, k] = 2 * x - 1
        out[1, k] = 2 * e / (1 + e) ** 2
        out[2, k] = a * (1 - 2 * x)
        total += math.lgamma(2 * a) - 2 * math.lgamma(a) - a * (abs(v[k]) + 2 * math.log1p(e))
    return total


@compiled
def correlation_cholesky(r: Any, L: Any) -> None:
    """Cholesky factor of a correlation matrix from partial correlations; the twin of ``geometry``'s.

    Parameters
    ----------
    r : float64 array, shape (q (q - 1) / 2,)
        Partial correlations, row by row; empty for uncorrelated coefficients.
    L : float64 array, shape (q, q)
        Receives the factor, zeros above its diagonal.
    """
    q, k = L.shape[0], 0
    for i in range(q):
        left = 1.0
        for j in range(i):
            p = r[k] if r.shape[0] > 0 else 0.0
            L[i, j] = p * math.sqrt(left)
            left *= 1 - p * p
            k += 1
        L[i, i] = math.sqrt(left)
        for j in range(i + 1, q):
            L[i, j] = 0.0


@compiled
def correlation_gradient(r: Any, L: Any, L_bar: Any, r_bar: Any) -> None:
    """Add to ``r_bar`` the derivative in ``r`` of a function whose derivative in ``L`` is ``L_bar``."""
    if r.shape[0] == 0:
        return
    q, k = L.shape[0], 0
    for i in range(q):
        # later[j]: sum over the columns after j of L_bar * L, what 1 - r_j^2 multiplies
        later = L_bar[i, i] * L[i, i]
        for j in range(i - 1, -1, -1):
            p = r[k + j]
            left = 1.0
            for l in range(j):
                left *= 1 - r[k + l] * r[k + l]
            r_bar[k + j] += L_bar[i, j] * math.sqrt(left) - later * p / (1 - p * p)
            later += L_bar[i, j] * L[i, j]
        k += i
