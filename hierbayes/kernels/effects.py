"""Group effects from sampled values, and back by the chain rule.

The twin of ``graph.groups``. With ``r = sd / s0``, weight ``w`` (0 non-centered, 1 centered), ``t = L z`` and
the mean ``m`` of ``t_k`` given the columns before it, the sampled value is
``v = pull + r^w (w m + L_kk^w z_k)`` and the effect ``u_k = sd_k (m + L_kk z_k)``. Where rows are asked
(``forward_given``), the sampled values are ``v = K'z - K^-1 T'r`` with ``T = diag(sd) L`` and
``K K' = I + T'A T``.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

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
    information, score : float64 arrays, shapes (n_groups, q, q) and (n_groups, q)
        What the rows say of each group's effects, at ``theta = center`` and coarser effects of zero; without
        any groups where effects are centered or not. Otherwise ``shift`` and ``link_weight`` are what the
        score loses, in its own units.
    """

    weights: Any
    guess: Any
    shift: Any
    sd: Any
    L: Any
    link_start: Any
    link_index: Any
    link_weight: Any
    information: Any
    score: Any


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
    if group.information.shape[0] > 0:
        return forward_given(group, coarser, v, out)
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
def backward(
    group: Effects, coarser: tuple[Any, Any], at: tuple[Any, Any], gradient: EffectsGradient
) -> None:
    """Derivatives of ``forward``'s value plus a function of the effects.

    Parameters
    ----------
    group : Effects
        As given to ``forward``.
    coarser
        As given to ``forward``.
    at : (float64 array, float64 array), each of shape (n_groups, q)
        ``z`` as ``forward`` left it, and the derivatives of the function in ``u``.
    gradient : EffectsGradient
        Receives the sums.
    """
    if group.information.shape[0] > 0:
        backward_given(group, coarser, at, gradient)
        return
    z, u_bar = at
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


class Given(NamedTuple):
    """The normal approximation of what is known of each group's effects, for given parameters.

    Attributes
    ----------
    T : float64 array, shape (q, q)
        ``diag(sd) L``.
    score, a : float64 arrays, shape (n_groups, q)
        The score ``r``, and ``K^-1 T'r``.
    AT, K : float64 arrays, shape (n_groups, q, q)
        The information times ``T``, and the Cholesky factor of ``I + T'A T``; its lower triangle.
    """

    T: Any
    score: Any
    a: Any
    AT: Any
    K: Any


@compiled
def given(group: Effects, coarser: tuple[Any, Any]) -> Given:
    """The approximation of every group; ``coarser`` as of ``forward``."""
    delta, effects = coarser
    n_groups, q = group.score.shape
    T, score, a = np.zeros((q, q)), np.empty((n_groups, q)), np.empty((n_groups, q))
    AT, K = np.empty((n_groups, q, q)), np.empty((n_groups, q, q))
    for k in range(q):
        for i in range(k + 1):
            T[k, i] = group.sd[k] * group.L[k, i]
    for j in range(n_groups):
        for k in range(q):
            r = group.score[j, k]
            for p in range(delta.shape[0]):
                r -= group.shift[j, k, p] * delta[p]
            for i in range(group.link_start[j * q + k], group.link_start[j * q + k + 1]):
                r -= group.link_weight[i] * effects[group.link_index[i]]
            score[j, k] = r
            for i in range(q):
                AT[j, k, i] = 0.0
                for l in range(i, q):
                    AT[j, k, i] += group.information[j, k, l] * T[l, i]
        for k in range(q):
            for i in range(k, q):
                value = 1.0 if i == k else 0.0
                for l in range(i, q):
                    value += T[l, i] * AT[j, l, k]
                for l in range(k):
                    value -= K[j, i, l] * K[j, k, l]
                K[j, i, k] = math.sqrt(value) if i == k else value / K[j, k, k]
            value = 0.0
            for l in range(k, q):
                value += T[l, k] * score[j, l]
            for l in range(k):
                value -= K[j, k, l] * a[j, l]
            a[j, k] = value / K[j, k, k]
    return Given(T, score, a, AT, K)


@compiled
def forward_given(group: Effects, coarser: tuple[Any, Any], v: Any, out: tuple[Any, Any]) -> float:
    """``forward`` for sampled values ``v = K'z - K^-1 T'r``."""
    u, z = out
    n_groups, q = u.shape
    T, _, a, _, K = given(group, coarser)
    total: float = -0.5 * LOG_2PI * n_groups * q
    for j in range(n_groups):
        for k in range(q - 1, -1, -1):
            value = v[k, j] + a[j, k]
            for i in range(k + 1, q):
                value -= K[j, i, k] * z[j, i]
            z[j, k] = value / K[j, k, k]
            total -= 0.5 * z[j, k] ** 2 + math.log(K[j, k, k])
        for k in range(q):
            u[j, k] = 0.0
            for i in range(k + 1):
                u[j, k] += T[k, i] * z[j, i]
    return total


@compiled
def backward_given(
    group: Effects, coarser: tuple[Any, Any], values: tuple[Any, Any], gradient: EffectsGradient
) -> None:
    """``backward`` for sampled values ``v = K'z - K^-1 T'r``; ``values`` are ``z`` and ``u_bar``."""
    z, u_bar = values
    n_groups, q = z.shape
    T, score, a, AT, K = given(group, coarser)
    s_bar, K_bar = np.empty((n_groups, q)), np.empty((n_groups, q, q))
    T_bar = np.zeros((q, q))
    for j in range(n_groups):
        for k in range(q):
            value = -z[j, k]
            for i in range(k, q):
                value += T[i, k] * u_bar[j, i]
                T_bar[i, k] += u_bar[j, i] * z[j, k]
            for l in range(k):
                value -= K[j, k, l] * gradient.v[l, j]
            gradient.v[k, j] = value / K[j, k, k]
        for k in range(q - 1, -1, -1):
            value = gradient.v[k, j]
            for i in range(k + 1, q):
                value -= K[j, i, k] * s_bar[j, i]
            s_bar[j, k] = value / K[j, k, k]
        for k in range(q):
            for i in range(k, q):
                K_bar[j, i, k] = -z[j, i] * gradient.v[k, j] - s_bar[j, i] * a[j, k]
                T_bar[i, k] += score[j, i] * s_bar[j, k]
            K_bar[j, k, k] -= 1 / K[j, k, k]
        for k in range(q):
            score_bar = 0.0
            for i in range(k + 1):
                score_bar += T[k, i] * s_bar[j, i]
            for p in range(gradient.delta.shape[0]):
                gradient.delta[p] -= score_bar * group.shift[j, k, p]
            for i in range(group.link_start[j * q + k], group.link_start[j * q + k + 1]):
                gradient.effects[group.link_index[i]] -= score_bar * group.link_weight[i]
    through_cholesky(AT, K, K_bar, T_bar)
    for k in range(q):
        for i in range(k + 1):
            gradient.sd[k] += T_bar[k, i] * group.L[k, i]
            gradient.L[k, i] += T_bar[k, i] * group.sd[k]


@compiled
def through_cholesky(AT: Any, K: Any, K_bar: Any, T_bar: Any) -> None:
    """Add to ``T_bar`` what ``K_bar`` says of each group, ``K K' = I + T'A T``; lower triangles.

    ``K_bar`` is overwritten.

    References
    ----------
    Murray, I. (2016). Differentiation of the Cholesky decomposition. arXiv:1602.07527, section 3.
    """
    n_groups, q, _ = K.shape
    for j in range(n_groups):
        for k in range(q - 1, -1, -1):
            for i in range(q - 1, k - 1, -1):
                if i > k:
                    m = K_bar[j, i, k] / K[j, k, k]
                    K_bar[j, k, k] -= m * K[j, i, k]
                else:
                    m = 0.5 * K_bar[j, k, k] / K[j, k, k]
                for l in range(k):
                    K_bar[j, i, l] -= m * K[j, k, l]
                    K_bar[j, k, l] -= m * K[j, i, l]
                for l in range(i, q):
                    T_bar[l, i] += m * AT[j, l, k]
                for l in range(k, q):
                    T_bar[l, k] += m * AT[j, l, i]
