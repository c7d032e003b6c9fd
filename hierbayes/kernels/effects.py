"""Group effects from sampled values, centered as far as their weights say, and back by the chain rule.

The twin of ``graph.groups.weighted``: with ``r = sd / s0``, weight ``w``, ``t = L z`` and the mean ``m`` of
``t_k`` given the columns before it, the sampled value is ``v = pull + r^w (w m + L_kk^w z_k)`` and the effect
``u_k = sd_k (m + L_kk z_k)``.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from hierbayes.kernels.jit import compiled
from hierbayes.kernels.priors import LOG_2PI


class Effects(NamedTuple):
    """One group term within a log density.

    Attributes
    ----------
    weights : float64 array, shape (n_groups, q)
        How far each effect is centered.
    guess : float64 array, shape (q,)
        ``s0``.
    shift : float64 array, shape (n_groups, q, p)
        Pull of each effect per unit of ``theta - center``, in units of ``s0``.
    sd, L : float64 arrays, shapes (q,) and (q, q)
        Standard deviations, and the Cholesky factor of the correlations.
    link_start : int64 array, shape (n_groups q + 1,)
        Where the couplings of each effect with effects of coarser group terms begin in what follows.
    link_index, link_weight : int64 and float64 arrays
        Effects of all group terms by position, and pull per unit of each, in units of ``s0``.
    """

    weights: Any
    guess: Any
    shift: Any
    sd: Any
    L: Any
    link_start: Any
    link_index: Any
    link_weight: Any


@compiled
def forward(group: Effects, coarser: tuple[Any, Any], v: Any, out: tuple[Any, Any]) -> float:
    """Effects of every group.

    Parameters
    ----------
    group : Effects
        The group term.
    coarser : (float64 array, float64 array)
        ``theta - center``, shape (p,), and the effects of all group terms, flat; those of coarser terms are
        filled in.
    v : float64 array, shape (q, n_groups)
        Sampled values.
    out : (float64 array, float64 array), each of shape (n_groups, q)
        Receive ``u`` and ``z``.

    Returns
    -------
    float
        Log density of the sampled values.
    """
    u, z = out
    delta, effects = coarser
    n_groups, q = u.shape
    total: float = -0.5 * LOG_2PI * n_groups * q
    for k in range(q):
        last = group.L[k, k]
        log_ratio, log_last, sd = math.log(group.sd[k] / group.guess[k]), math.log(last), group.sd[k]
        for j in range(n_groups):
            w, mean, pull = group.weights[j, k], 0.0, 0.0
            for i in range(k):
                mean += group.L[k, i] * z[j, i]
            for p in range(delta.shape[0]):
                pull += group.shift[j, k, p] * delta[p]
            for i in range(group.link_start[j * q + k], group.link_start[j * q + k + 1]):
                pull += group.link_weight[i] * effects[group.link_index[i]]
            log_spread = w * (log_ratio + log_last)
            value = v[k, j] - pull
            if mean != 0.0:
                value -= math.exp(w * log_ratio) * w * mean
            z[j, k] = value * math.exp(-log_spread)
            u[j, k] = sd * (mean + last * z[j, k])
            total -= 0.5 * z[j, k] ** 2 + log_spread
    return total


class EffectsGradient(NamedTuple):
    """Where ``backward`` adds derivatives.

    Attributes
    ----------
    sd, L : float64 arrays, shapes (q,) and (q, q)
        In the standard deviations and in the Cholesky factor.
    delta : float64 array, shape (p,)
        In ``theta``.
    v : float64 array, shape (q, n_groups)
        In the sampled values; overwritten.
    effects : float64 array, shape (n_effects,)
        In the effects of all group terms.
    """

    sd: Any
    L: Any
    delta: Any
    v: Any
    effects: Any


@compiled
def backward(group: Effects, z: Any, u_bar: Any, gradient: EffectsGradient) -> None:
    """Derivatives of ``forward``'s value plus a function of the effects.

    Parameters
    ----------
    group : Effects
        As given to ``forward``.
    z : float64 array, shape (n_groups, q)
        As ``forward`` left it.
    u_bar : float64 array, shape (n_groups, q)
        Derivatives of the function in ``u``.
    gradient : EffectsGradient
        Receives the sums.
    """
    n_groups, q = z.shape
    for j in range(n_groups):
        for k in range(q):
            gradient.v[k, j] = 0.0
        for k in range(q - 1, -1, -1):
            w, sd, last = group.weights[j, k], group.sd[k], group.L[k, k]
            mean = 0.0
            for i in range(k):
                mean += group.L[k, i] * z[j, i]
            shrunk = math.exp(w * math.log(sd / group.guess[k]))
            spread = shrunk * math.exp(w * math.log(last))
            # gradient.v[k, j] holds what later columns' means say of z[j, k] until it is replaced
            z_bar = gradient.v[k, j] + u_bar[j, k] * sd * last - z[j, k]
            of_spread = -1.0 - z_bar * z[j, k]
            of_center = -z_bar / spread
            mean_bar = u_bar[j, k] * sd + of_center * shrunk * w
            gradient.sd[k] += (
                u_bar[j, k] * (mean + last * z[j, k]) + (of_spread + of_center * shrunk * w * mean) * w / sd
            )
            gradient.L[k, k] += u_bar[j, k] * sd * z[j, k] + of_spread * w / last
            for i in range(k):
                gradient.L[k, i] += mean_bar * z[j, i]
                gradient.v[i, j] += mean_bar * group.L[k, i]
            gradient.v[k, j] = z_bar / spread
            for p in range(gradient.delta.shape[0]):
                gradient.delta[p] -= gradient.v[k, j] * group.shift[j, k, p]
            for i in range(group.link_start[j * q + k], group.link_start[j * q + k + 1]):
                gradient.effects[group.link_index[i]] -= gradient.v[k, j] * group.link_weight[i]
