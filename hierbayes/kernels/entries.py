"""The C functions that a sampler calls, one for each likelihood.

Each is a function of its own, because numba keeps compiled functions by their names; its five parameters are
those of ``jit.LOG_DENSITY``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba

from hierbayes.kernels.jit import compiled_expansion, compiled_log_density
from hierbayes.kernels.likelihoods import (
    beta_binomial,
    binary,
    continuous,
    counts,
    gaussian,
    inflated,
    ordinal,
    partial,
)
from hierbayes.kernels.rows import evaluate
from hierbayes.kernels.several import SEVERAL


def _gaussian_identity(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), gaussian.gaussian_identity)


def _bernoulli_logit(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), binary.bernoulli_logit)


def _bernoulli_probit(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), binary.bernoulli_probit)


def _bernoulli_cloglog(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), binary.bernoulli_cloglog)


def _bernoulli_log(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), binary.bernoulli_log)


def _bernoulli_cauchit(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), binary.bernoulli_cauchit)


def _binomial_logit(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), binary.bernoulli_logit)


def _binomial_probit(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), binary.bernoulli_probit)


def _binomial_cloglog(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), binary.bernoulli_cloglog)


def _binomial_log(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), binary.bernoulli_log)


def _binomial_cauchit(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), binary.bernoulli_cauchit)


def _beta_binomial(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), beta_binomial.beta_binomial)


def _poisson_log(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), counts.poisson_log)


def _poisson_identity(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), counts.poisson_identity)


def _poisson_sqrt(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), counts.poisson_sqrt)


def _negbinomial_log(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), counts.negbinomial_log)


def _negbinomial_identity(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), counts.negbinomial_identity)


def _negbinomial_sqrt(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), counts.negbinomial_sqrt)


def _student(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), continuous.student)


def _lognormal(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), continuous.lognormal)


def _gaussian_curved(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), continuous.gaussian_curved)


def _gamma(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), continuous.gamma)


def _exponential(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), continuous.exponential)


def _weibull_log(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), continuous.weibull_log)


def _beta(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), continuous.beta)


def _zero_inflated_poisson(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), inflated.zero_inflated_poisson)


def _zero_inflated_negbinomial(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), inflated.zero_inflated_negbinomial)


def _hurdle_poisson(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), inflated.hurdle_poisson)


def _cumulative(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), ordinal.cumulative)


def _gaussian_part(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), partial.gaussian_part)


def _lognormal_part(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> Any:
    return evaluate((n_dim, x, gradient, value, table), partial.lognormal_part)


PART_ENTRIES: dict[tuple[str, str], Callable[..., Any]] = {
    ("gaussian", "identity"): _gaussian_part,
    ("lognormal", "identity"): _lognormal_part,
}
"""Those for rows that are known in part, by family and link."""

ENTRIES: dict[tuple[str, str], Callable[..., Any]] = {
    ("gaussian", "identity"): _gaussian_identity,
    ("bernoulli", "logit"): _bernoulli_logit,
    ("bernoulli", "probit"): _bernoulli_probit,
    ("bernoulli", "cloglog"): _bernoulli_cloglog,
    ("bernoulli", "log"): _bernoulli_log,
    ("bernoulli", "cauchit"): _bernoulli_cauchit,
    ("binomial", "logit"): _binomial_logit,
    ("binomial", "probit"): _binomial_probit,
    ("binomial", "cloglog"): _binomial_cloglog,
    ("binomial", "log"): _binomial_log,
    ("binomial", "cauchit"): _binomial_cauchit,
    **{("beta_binomial", link): _beta_binomial for link in ("logit", "probit", "cloglog", "log", "cauchit")},
    ("poisson", "log"): _poisson_log,
    ("poisson", "identity"): _poisson_identity,
    ("poisson", "sqrt"): _poisson_sqrt,
    ("negbinomial", "log"): _negbinomial_log,
    ("negbinomial", "identity"): _negbinomial_identity,
    ("negbinomial", "sqrt"): _negbinomial_sqrt,
    ("student", "identity"): _student,
    ("lognormal", "identity"): _lognormal,
    **dict.fromkeys((("gaussian", "log"), ("gaussian", "inverse")), _gaussian_curved),
    **dict.fromkeys((("gamma", link) for link in ("log", "inverse", "identity")), _gamma),
    **dict.fromkeys((("exponential", link) for link in ("log", "inverse", "identity")), _exponential),
    ("weibull", "log"): _weibull_log,
    **dict.fromkeys((("beta", link) for link in ("logit", "probit", "cloglog", "log", "cauchit")), _beta),
    ("zero_inflated_poisson", "log"): _zero_inflated_poisson,
    ("zero_inflated_negbinomial", "log"): _zero_inflated_negbinomial,
    ("hurdle_poisson", "log"): _hurdle_poisson,
    **{("cumulative", link): _cumulative for link in ("logit", "probit", "cloglog")},
}
"""Likelihoods that have a kernel, by family and link."""


@cache
def entry(family: str, link: str, *, several: bool = False, part: bool = False) -> Any:
    """The compiled log density over rows for a family and link; compiled now or read from the cache.

    Parameters
    ----------
    family, link : str
        The likelihood.
    several : bool
        Whether the model has several linear predictors.
    part : bool
        Whether rows are known in part: censored, truncated, or with known standard errors.
    """
    table = PART_ENTRIES if part else SEVERAL if several else ENTRIES
    return _compiled(table[family, link])


@cache
def _compiled(function: Callable[..., Any]) -> Any:
    return compiled_log_density(function)


def _copy_vector(n_dim: int, n_expanded: int, x: Any, out: Any, table: Any) -> int:
    source, target = numba.carray(x, (n_dim,)), numba.carray(out, (n_expanded,))
    for k in range(n_expanded):
        target[k] = source[k]
    return 0


@cache
def copy_vector() -> Any:
    """The C function by which a sampler stores a draw: the unconstrained vector as it is."""
    return compiled_expansion(_copy_vector)
