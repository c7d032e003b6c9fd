"""The log density of a model that is not collapsed: one pass over the rows gives value and gradient."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from hierbayes.kernels.cutpoints import cutpoints, distances_gradient
from hierbayes.kernels.data import N_ARRAYS, Data, State, effects_of, new_state, read, term_at
from hierbayes.kernels.easing import eased_positives
from hierbayes.kernels.effects import EffectsGradient, backward, forward
from hierbayes.kernels.jit import compiled, compiled_for_python
from hierbayes.kernels.likelihoods.row import Row
from hierbayes.kernels.priors import free, log_prior
from hierbayes.kernels.scales import correlation_cholesky, correlation_gradient, vine


@compiled
def coefficients(data: Data, x: Any, state: State) -> float:
    """Fill in ``theta``; the log prior with Jacobians, its derivatives in ``theta_bar``.

    For bounded coefficients ``theta_slope`` is ``dx/dv``, and the Jacobian's derivative, divided by the
    slope, is added to ``theta_bar``.
    """
    total, p = 0.0, data.layout.p
    for k in range(p):
        if data.unwhiten[k, k] == 0.0:
            value, slope, log_slope, derivative = free(data.kinds[k], x[data.slots[k]], data.priors[k])
            state.theta[k], state.theta_slope[k] = value, slope
            state.theta_bar[k] += derivative / slope
            total += log_slope
        else:
            state.theta[k] = data.center[k]
            for l in range(p):
                state.theta[k] += data.unwhiten[k, l] * x[data.slots[l]]
        value, derivative = log_prior(data.kinds[k], state.theta[k], data.priors[k])
        state.theta_bar[k] += derivative
        total += value
    return total


@compiled
def parameters(data: Data, x: Any, state: State) -> float:
    """Every parameter from an unconstrained vector; the log density of all but the rows, with Jacobians."""
    layout = data.layout
    start = layout.p + max(layout.n_cutpoints - 1, 0)
    first = start + layout.n_positives
    total: float = data.constant[0] + coefficients(data, x, state)
    table = data.positive_kinds, data.positive_priors
    total += eased_positives(x[start:first], data.ease, table, state.positive)
    state.own[: layout.n_parameters] = state.positive[0, layout.n_positives - layout.n_parameters :]
    if layout.n_cutpoints > 0:
        total += cutpoints(data, x[layout.p : start], state)
    total += vine(x[first : first + layout.n_vines], data.vine_shapes, state.vine)
    sampled = x[first + layout.n_vines :]
    coarser = state.theta - data.center, state.u
    for g in data.order:
        term = term_at(data, g)
        group = effects_of(data, term, state)
        pairs = term.correlated * (term.q * (term.q - 1)) // 2
        correlation_cholesky(state.vine[0, term.vine : term.vine + pairs], group.L)
        where, shape = slice(term.effect, term.effect + term.q * term.n_groups), (term.n_groups, term.q)
        v = sampled[where].reshape((term.q, term.n_groups))
        total += forward(group, coarser, v, (state.u[where].reshape(shape), state.z[where].reshape(shape)))
    return total


@compiled
def over_rows(data: Data, state: State, row: Any) -> float:
    """Log likelihood; its derivatives are added to ``theta_bar``, ``u_bar`` and ``own_bar``.

    ``row`` is a function of ``likelihoods``.
    """
    p, n_columns, link = data.layout.p, data.layout.n_columns, data.layout.link
    has_offset = data.offset.shape[0] > 0
    total = 0.0
    for i in range(data.layout.n):
        eta = data.offset[i] if has_offset else 0.0
        for k in range(p):
            eta += data.X[i, k] * state.theta[k]
        for k in range(n_columns):
            eta += data.Z[i, k] * state.u[data.places[i, k]]
        at = Row(data.y[i], data.size[i], data.more[i], link)
        value, slope = row(at, eta, state.own, state.own_bar)
        total += value
        for k in range(p):
            state.theta_bar[k] += slope * data.X[i, k]
        for k in range(n_columns):
            state.u_bar[data.places[i, k]] += slope * data.Z[i, k]
    return total


@compiled
def collect(data: Data, state: State, gradient: Any) -> None:
    """The gradient in the unconstrained vector from the derivatives in ``state``."""
    layout = data.layout
    start = layout.p + max(layout.n_cutpoints - 1, 0)
    first = start + layout.n_positives
    positive_bar = np.zeros(layout.n_positives)
    vine_bar = np.zeros(layout.n_vines)
    positive_bar[layout.n_positives - layout.n_parameters :] = state.own_bar[: layout.n_parameters]
    if layout.n_cutpoints > 0:
        distances_gradient(data, state, gradient[layout.p : start])
    sampled = gradient[first + layout.n_vines :]
    coarser = state.theta - data.center, state.u
    for g in data.order[::-1]:
        term = term_at(data, g)
        group = effects_of(data, term, state)
        where, shape = slice(term.effect, term.effect + term.q * term.n_groups), (term.n_groups, term.q)
        L_bar = state.L_bar[term.square : term.square + term.q * term.q].reshape((term.q, term.q))
        v_bar = sampled[where].reshape((term.q, term.n_groups))
        sd_bar = positive_bar[term.column : term.column + term.q]
        out = EffectsGradient(sd_bar, L_bar, state.theta_bar, v_bar, state.u_bar)
        at = state.z[where].reshape(shape), state.u_bar[where].reshape(shape)
        backward(group, coarser, at, out)
        pairs = slice(term.vine, term.vine + term.correlated * (term.q * (term.q - 1)) // 2)
        correlation_gradient(state.vine[0, pairs], group.L, L_bar, vine_bar[pairs])
    for k in range(layout.n_positives):
        gradient[start + k] = state.positive[2, k] + positive_bar[k] * state.positive[1, k]
    for k in range(layout.n_vines):
        gradient[first + k] = state.vine[2, k] + vine_bar[k] * state.vine[1, k]
    gradient[: layout.p] = 0.0
    for k in range(layout.p):
        if data.unwhiten[k, k] == 0.0:
            gradient[data.slots[k]] = state.theta_bar[k] * state.theta_slope[k]
        else:
            for l in range(layout.p):
                gradient[data.slots[l]] += state.theta_bar[k] * data.unwhiten[k, l]


@compiled
def finish(data: Data, state: State, out: tuple[float, Any, Any]) -> int:
    """Write the value and the gradient behind their addresses; 0 where all is finite."""
    total, gradient, value_at = out
    collect(data, state, gradient)
    numba.carray(value_at, (1,))[0] = total
    if not np.isfinite(total):
        return 4
    for k in range(gradient.shape[0]):
        if not np.isfinite(gradient[k]):
            return 3
    return 0


@compiled
def evaluate(call: Any, row: Any) -> int:
    """Log density and gradient of an unconstrained vector; ``call`` is what ``jit.LOG_DENSITY`` receives."""
    n_dim, x_at, gradient_at, value_at, table_at = call
    x, gradient = numba.carray(x_at, (n_dim,)), numba.carray(gradient_at, (n_dim,))
    data = read(numba.carray(table_at, (2 * N_ARRAYS,), np.uint64))
    state = new_state(data)
    total = parameters(data, x, state)
    value = over_rows(data, state, row)
    return finish(data, state, (total + value, gradient, value_at))


@compiled_for_python
def expand(table: Any, draws: Any, scales: tuple[Any, Any, Any], effects: Any) -> None:
    """The parameters behind every unconstrained draw.

    Parameters
    ----------
    table : uint64 array
        The model's data.
    draws : float64 array, shape (chain, draw, n_dim)
        Unconstrained vectors.
    scales : tuple of float64 arrays, leading dims (chain, draw)
        Receive ``theta``, the positives, and the Cholesky factors.
    effects : float64 array, shape (chain, draw, n_effects)
        Receives the effects of all group terms.
    """
    theta, positive, L = scales
    data = read(table)
    state = new_state(data)
    for c in range(draws.shape[0]):
        for d in range(draws.shape[1]):
            parameters(data, draws[c, d], state)
            theta[c, d] = state.theta
            positive[c, d] = state.positive[0]
            L[c, d] = state.L
            effects[c, d] = state.u
