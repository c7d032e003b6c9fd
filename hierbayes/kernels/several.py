"""The log density over rows of a model with several linear predictors.

The likelihood's parameters differ between rows where they have a linear predictor of their own; the row
functions are those of ``likelihoods``. Entries of their own keep the code of plain models short to compile.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from hierbayes.kernels.coverage import LINKS
from hierbayes.kernels.data import N_ARRAYS, Data, State, new_state, read
from hierbayes.kernels.jit import compiled
from hierbayes.kernels.likelihoods import beta_binomial, categorical, continuous, counts, gaussian, inflated
from hierbayes.kernels.likelihoods.row import Row
from hierbayes.kernels.rows import finish, parameters

LOG, LOGIT = LINKS.index("log"), LINKS.index("logit")
LARGEST = 709.0


@compiled
def inverse(link: int, eta: float) -> tuple[float, float]:
    """A parameter from its linear predictor, and its derivative."""
    if link == LOG:
        value = math.exp(min(eta, LARGEST))
        return value, value
    if link == LOGIT:
        e = math.exp(-abs(eta))
        value = 1 / (1 + e) if eta >= 0 else e / (1 + e)
        return value, e / (1 + e) ** 2
    return eta, 1.0


@compiled
def predict(data: Data, state: State, i: int, eta: Any) -> None:
    """Every linear predictor of row ``i``."""
    p, n_further = data.layout.p, eta.shape[0] - 1
    eta[:] = 0.0
    if data.offset.shape[0] > 0:
        eta[0] = data.offset[i]
    if data.further_offsets.shape[0] > 0:
        for k in range(n_further):
            eta[k + 1] = data.further_offsets[i * n_further + k]
    for k in range(p):
        eta[data.owners[k]] += data.X[i, k] * state.theta[k]
    for k in range(data.layout.n_columns):
        eta[data.owners[p + k]] += data.Z[i, k] * state.u[data.places[i, k]]


@compiled
def over_rows_of_several(data: Data, state: State, row: Any) -> float:
    """Log likelihood; its derivatives are added to ``theta_bar``, ``u_bar`` and ``own_bar``."""
    p, n_parameters = data.layout.p, data.sources.shape[0]
    eta, slopes = np.zeros(data.inverses.shape[0]), np.zeros(data.inverses.shape[0])
    values, values_bar, derivatives = np.zeros(n_parameters), np.zeros(n_parameters), np.ones(n_parameters)
    total = 0.0
    for i in range(data.layout.n):
        predict(data, state, i, eta)
        for j in range(n_parameters):
            source = data.sources[j]
            values_bar[j] = 0.0
            if source > 0:
                values[j], derivatives[j] = inverse(data.inverses[source], eta[source])
            else:
                values[j] = state.own[-1 - source]
        at = Row(data.y[i], data.size[i], data.more[i], data.layout.link)
        value, slope = row(at, eta[0], values, values_bar)
        total += value
        slopes[0] = slope
        for j in range(n_parameters):
            source = data.sources[j]
            if source > 0:
                slopes[source] = values_bar[j] * derivatives[j]
            else:
                state.own_bar[-1 - source] += values_bar[j]
        for k in range(p):
            state.theta_bar[k] += slopes[data.owners[k]] * data.X[i, k]
        for k in range(data.layout.n_columns):
            state.u_bar[data.places[i, k]] += slopes[data.owners[p + k]] * data.Z[i, k]
    return total


@compiled
def evaluate_several(call: Any, row: Any) -> int:
    """As ``rows.evaluate``, for a model with several linear predictors."""
    n_dim, x_at, gradient_at, value_at, table_at = call
    x, gradient = numba.carray(x_at, (n_dim,)), numba.carray(gradient_at, (n_dim,))
    data = read(numba.carray(table_at, (2 * N_ARRAYS,), np.uint64))
    state = new_state(data)
    total = parameters(data, x, state)
    value = over_rows_of_several(data, state, row)
    return finish(data, state, (total + value, gradient, value_at))


def _gaussian_identity(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), gaussian.gaussian_identity)


def _negbinomial_log(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), counts.negbinomial_log)


def _negbinomial_identity(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), counts.negbinomial_identity)


def _negbinomial_sqrt(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), counts.negbinomial_sqrt)


def _gaussian_curved(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), continuous.gaussian_curved)


def _student(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), continuous.student)


def _lognormal(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), continuous.lognormal)


def _gamma(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), continuous.gamma)


def _weibull_log(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), continuous.weibull_log)


def _beta(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), continuous.beta)


def _beta_binomial(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), beta_binomial.beta_binomial)


def _zero_inflated_poisson(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), inflated.zero_inflated_poisson)


def _zero_inflated_negbinomial(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), inflated.zero_inflated_negbinomial)


def _hurdle_poisson(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), inflated.hurdle_poisson)


def _categorical_logit(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate_several((n_dim, x, gradient, value, table), categorical.categorical_logit)


SEVERAL: dict[tuple[str, str], Callable[..., Any]] = {
    ("gaussian", "identity"): _gaussian_identity,
    ("negbinomial", "log"): _negbinomial_log,
    ("negbinomial", "identity"): _negbinomial_identity,
    ("negbinomial", "sqrt"): _negbinomial_sqrt,
    ("categorical", "logit"): _categorical_logit,
    **{("beta_binomial", link): _beta_binomial for link in ("logit", "probit", "cloglog", "log", "cauchit")},
    ("zero_inflated_poisson", "log"): _zero_inflated_poisson,
    ("zero_inflated_negbinomial", "log"): _zero_inflated_negbinomial,
    ("hurdle_poisson", "log"): _hurdle_poisson,
    ("student", "identity"): _student,
    ("lognormal", "identity"): _lognormal,
    **dict.fromkeys((("gaussian", "log"), ("gaussian", "inverse")), _gaussian_curved),
    **dict.fromkeys((("gamma", link) for link in ("log", "inverse", "identity")), _gamma),
    ("weibull", "log"): _weibull_log,
    **dict.fromkeys((("beta", link) for link in ("logit", "probit", "cloglog", "log", "cauchit")), _beta),
}
"""Likelihoods with several linear predictors that have a kernel, by family and link."""
