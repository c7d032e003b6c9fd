"""Cutpoints of an ordered response: from the unconstrained vector, with their priors, and the way back.

See ``geometry.cutpoints`` for the coordinates. The location is the last coefficient of ``theta``, its sign
turned; the rows see it through their column of ones, and therefore the cutpoints without it.
"""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.data import Data, State
from hierbayes.kernels.jit import compiled
from hierbayes.kernels.priors import log_prior


@compiled
def cutpoints(data: Data, v: Any, state: State) -> float:
    """Fill in ``own`` with the cutpoints less their location; their log prior with the Jacobian.

    The prior's derivatives are added to ``own_bar`` and to ``theta_bar``.

    Parameters
    ----------
    data : Data
        The model.
    v : float64 array, shape (K - 2,)
        Logarithms of the distances between neighbours.
    state : State
        ``theta`` is there already.
    """
    weights, d, last = data.cutpoint_weights, state.own, state.theta.shape[0] - 1
    d[0], location, total = 0.0, 0.0, 0.0
    for k in range(v.shape[0]):
        d[k + 1] = d[k] + math.exp(v[k])
        location += weights[k + 1] * d[k + 1]
        total += v[k]
    for k in range(d.shape[0]):
        d[k] -= location
        value, slope = log_prior(data.cutpoint_kinds[k], d[k] - state.theta[last], data.cutpoint_priors[k])
        total += value
        state.own_bar[k] += slope
        state.theta_bar[last] -= slope
    return total


@compiled
def distances_gradient(data: Data, state: State, gradient: Any) -> None:
    """Derivatives in the log distances, shape (K - 2,), from those in ``own``, the Jacobian's among them.

    Distance ``k`` moves the cutpoints above it by ``1 - W`` and those below by ``-W``, with ``W`` the weight
    of those above.
    """
    all_bar = 0.0
    for k in range(state.own_bar.shape[0]):
        all_bar += state.own_bar[k]
    bar, weight = 0.0, 0.0
    for k in range(gradient.shape[0] - 1, -1, -1):
        bar += state.own_bar[k + 1]
        weight += data.cutpoint_weights[k + 1]
        gradient[k] = 1.0 + (state.own[k + 1] - state.own[k]) * (bar - weight * all_bar)
