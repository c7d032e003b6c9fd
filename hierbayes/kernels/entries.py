"""The C functions that a sampler calls, one for each likelihood.

Each is a function of its own, because numba keeps compiled functions by their names; its five parameters are
those of ``jit.LOG_DENSITY``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba

from hierbayes.kernels import likelihoods
from hierbayes.kernels.jit import compiled_expansion, compiled_log_density
from hierbayes.kernels.rows import evaluate


def _gaussian_identity(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), likelihoods.gaussian_identity)


def _bernoulli_logit(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), likelihoods.bernoulli_logit)


def _bernoulli_probit(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), likelihoods.bernoulli_probit)


def _bernoulli_cloglog(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), likelihoods.bernoulli_cloglog)


ENTRIES: dict[tuple[str, str], Callable[..., Any]] = {
    ("gaussian", "identity"): _gaussian_identity,
    ("bernoulli", "logit"): _bernoulli_logit,
    ("bernoulli", "probit"): _bernoulli_probit,
    ("bernoulli", "cloglog"): _bernoulli_cloglog,
}
"""Likelihoods that have a kernel, by family and link."""


@cache
def entry(family: str, link: str) -> Any:
    """The compiled log density over rows for a family and link; compiled now or read from the cache."""
    return compiled_log_density(ENTRIES[family, link])


def _copy_vector(n_dim: int, n_expanded: int, x: Any, out: Any, table: Any) -> int:
    source, target = numba.carray(x, (n_dim,)), numba.carray(out, (n_expanded,))
    for k in range(n_expanded):
        target[k] = source[k]
    return 0


@cache
def copy_vector() -> Any:
    """The C function by which a sampler stores a draw: the unconstrained vector as it is."""
    return compiled_expansion(_copy_vector)
