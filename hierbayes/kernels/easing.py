"""Positive parameters of which some have eased unconstrained values; the twin of ``geometry.easing``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hierbayes.kernels.jit import compiled
from hierbayes.kernels.scales import positives


@compiled
def eased_positives(v: Any, ease: Any, table: tuple[Any, Any], out: Any) -> float:
    """As ``scales.positives``, some parameters by way of ``log x = log s + m(v)``.

    Parameters
    ----------
    v : float64 array, shape (k,)
        Unconstrained values.
    ease : float64 array, shape (k,)
        ``s``; 0 for parameters that are not eased.
    table : int64 array, shape (k,), and float64 array, shape (k, 3)
        Priors, as of ``prior_table``.
    out : float64 array, shape (3, k)
        Receives the parameters, ``dx/dv``, and the derivative in ``v`` of what is returned.

    Returns
    -------
    float
        Log prior of the parameters plus log Jacobian.
    """
    logs = np.empty(v.shape[0])
    for k in range(v.shape[0]):
        logs[k] = v[k]
        if ease[k] > 0.0:
            left = max(-v[k], 0.0) + math.log1p(math.exp(-abs(v[k])))
            logs[k] = math.log(ease[k]) + v[k] - 0.5 * left * left
    total: float = positives(logs, table[0], table[1], out)
    for k in range(v.shape[0]):
        if ease[k] > 0.0:
            left = max(-v[k], 0.0) + math.log1p(math.exp(-abs(v[k])))
            share = math.exp(min(-v[k], 0.0)) / (1 + math.exp(-abs(v[k])))
            slope = 1 + left * share
            total += math.log(slope)
            out[1, k] *= slope
            out[2, k] = out[2, k] * slope - share * (share + left * (1 - share)) / slope
    return total
