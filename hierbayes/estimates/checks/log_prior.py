"""Log prior density of every parameter that has a prior of its own, at the posterior draws."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import betainc, betaln, gammainc, ndtr, stdtr, xlog1py, xlogy

from hierbayes import names
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import Prior, PriorEntry

type Floats = NDArray[np.float64]


def log_prior(fit: Fit) -> dict[str, Floats]:
    """Log density of each prior of the model at each posterior draw.

    Parameters
    ----------
    fit : Fit
        The fitted model.

    Returns
    -------
    dict of str to float64 array, shape (chain, draw)
        By the key of the prior, ``"b[age]"``, ``"sd[school][Intercept]"``, ``"cor[school]"``; the keys of
        ``print(model)``. Densities are those of the parameter itself, on the scale on which its prior is
        stated: of the intercept and of cutpoints at the mean of the population columns, of standard
        deviations (not of their logarithms), of correlations the matrix. Those of correlations and of the
        order of cutpoints are without their normalizing constant; a flat prior has 0. The distributions of
        group effects, whose parameters have these priors, are not among them.
    """
    return {entry.key: log_density(entry.prior, _values(fit, entry)) for entry in fit.spec.priors}


def log_density(prior: Prior, x: Floats) -> Floats:
    """Log density of a prior, elementwise; of ``lkj`` at correlation matrices (..., q, q), shape (...)."""
    return DENSITIES[prior.distribution](x, *prior.parameters)


def means_of(fit: Fit, predictor: str) -> Floats:
    """Where the intercept of a linear predictor, or the cutpoints, have their prior: shape (terms,).

    The means of the population columns, 0 for the intercept; zeros where the prior is at zero of the columns.
    """
    (design,) = (p for p in fit.design.linear if p.name == predictor)
    means = np.zeros(len(design.terms))
    if fit.spec.has_prior(names.of(names.INTERCEPT, predictor)):
        means[1:] = design.X[:, 1:].mean(axis=0)
    elif fit.spec.categories:
        means[:] = design.X.mean(axis=0)
    return means


def _values(fit: Fit, entry: PriorEntry) -> Floats:
    """Draws of what an entry is the prior of, shape (chain, draw), or (chain, draw, q, q) of correlations."""
    parameter, coordinates = entry.parameter, entry.coordinates
    if parameter == "sd":
        name, term = coordinates
        return _of(fit.posterior[names.sd(name)], names.group_term(name), term)
    if parameter == "cor":
        (name,) = coordinates
        dims = ("chain", "draw", names.group_term(name), names.group_term_bis(name))
        return np.asarray(fit.posterior[names.cor(name)].transpose(*dims), dtype=float)
    if parameter == names.CUTPOINTS:
        at_zero = _of(fit.posterior[names.CUTPOINTS], names.CUTPOINT, coordinates[0])
        return at_zero - _at_means(fit, "")
    for predictor in fit.spec.linear:
        b, dim = names.of(names.B, predictor.name), names.within(predictor.name, names.TERM)
        if parameter == b:
            return _of(fit.posterior[b], dim, coordinates[0])
        if parameter == names.of(names.INTERCEPT, predictor.name):
            return _of(fit.posterior[b], dim, names.INTERCEPT) + _at_means(fit, predictor.name)
    return np.asarray(fit.posterior[parameter].transpose("chain", "draw"), dtype=float)


def _of(draws: xr.DataArray, dim: str, label: str) -> Floats:
    return np.asarray(draws.sel({dim: label}).transpose("chain", "draw"), dtype=float)


def _at_means(fit: Fit, predictor: str) -> Floats | float:
    """What the columns but the intercept add to a linear predictor at their means."""
    means = means_of(fit, predictor)
    if not len(means):
        return 0.0
    b = fit.posterior[names.of(names.B, predictor)]
    b = b.transpose("chain", "draw", names.within(predictor, names.TERM))
    return np.asarray(b.to_numpy() @ means)


def _normal(x: Floats, mu: float, sigma: float) -> Floats:
    return -0.5 * ((x - mu) / sigma) ** 2 - math.log(sigma) - 0.5 * math.log(2 * math.pi)


def _student_t(x: Floats, nu: float, mu: float, sigma: float) -> Floats:
    constant = math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(nu * math.pi)
    return constant - math.log(sigma) - (nu + 1) / 2 * np.log1p(((x - mu) / sigma) ** 2 / nu)


def _cauchy(x: Floats, mu: float, sigma: float) -> Floats:
    return _student_t(x, 1.0, mu, sigma)


def _exponential(x: Floats, rate: float) -> Floats:
    return math.log(rate) - rate * x


def _gamma(x: Floats, alpha: float, beta: float) -> Floats:
    return alpha * math.log(beta) - math.lgamma(alpha) + xlogy(alpha - 1, x) - beta * x


def _uniform(x: Floats, lower: float, upper: float) -> Floats:
    return np.where((x >= lower) & (x <= upper), -math.log(upper - lower), -np.inf)


def _beta(x: Floats, alpha: float, beta: float) -> Floats:
    return xlogy(alpha - 1, x) + xlog1py(beta - 1, -x) - betaln(alpha, beta)


def _flat(x: Floats) -> Floats:
    return np.zeros(np.shape(x))


def _lkj(R: Floats, eta: float) -> Floats:
    """Lewandowski, Kurowicka and Joe (2009), J. Multivariate Analysis 100, 1989-2001, equation 16."""
    return np.asarray((eta - 1) * np.maximum(np.linalg.slogdet(R)[1], LEAST_LOG))


LEAST_LOG = -700.0  # of a determinant: correlations may round to 1


def _half(density: Callable[..., Floats]) -> Callable[..., Floats]:
    """A density that is symmetric around 0, folded at 0; its scale comes last among the parameters."""

    def folded(x: Floats, *parameters: float) -> Floats:
        return density(x, *parameters[:-1], 0.0, parameters[-1]) + math.log(2)

    return folded


# SciPy's special functions: scipy.stats takes half a second to import, and check() is a part of every print.
DENSITIES: dict[str, Callable[..., Floats]] = {
    "normal": _normal,
    "student_t": _student_t,
    "cauchy": _cauchy,
    "half_normal": _half(_normal),
    "half_student_t": _half(_student_t),
    "half_cauchy": _half(_cauchy),
    "exponential": _exponential,
    "gamma": _gamma,
    "uniform": _uniform,
    "beta": _beta,
    "flat": _flat,
    "lkj": _lkj,
}
"""The log density of each of ``spec.PRIORS``."""

BELOW: dict[str, Callable[..., Any]] = {
    "normal": lambda x, mu, sigma: ndtr((x - mu) / sigma),
    "student_t": lambda x, nu, mu, sigma: stdtr(nu, (x - mu) / sigma),
    "cauchy": lambda x, mu, sigma: stdtr(1.0, (x - mu) / sigma),
    "half_normal": lambda x, sigma: 2 * ndtr(x / sigma) - 1,
    "half_student_t": lambda x, nu, sigma: 2 * stdtr(nu, x / sigma) - 1,
    "half_cauchy": lambda x, sigma: 2 * stdtr(1.0, x / sigma) - 1,
    "exponential": lambda x, rate: -np.expm1(-rate * x),
    "gamma": lambda x, alpha, beta: gammainc(alpha, beta * x),
    "uniform": lambda x, lower, upper: (x - lower) / (upper - lower),
    "beta": lambda x, alpha, beta: betainc(alpha, beta, x),
}
"""Prior probability of less than ``x``; of the flat prior and of correlations it is not defined."""

FROM_ZERO = ("half_normal", "half_student_t", "half_cauchy", "exponential")
"""Priors that are highest at 0: there, values near 0 are no surprise."""


def beyond(fit: Fit, entry: PriorEntry) -> float:
    """Prior probability of values as far out as the posterior median.

    Both tails count, of priors that are highest at 0 the upper one. 1 where there is no such probability: of
    a flat prior, and of correlations.
    """
    prior = entry.prior
    if prior.distribution not in BELOW:
        return 1.0
    below = float(BELOW[prior.distribution](float(np.median(_values(fit, entry))), *prior.parameters))
    return 1 - below if prior.distribution in FROM_ZERO else 2 * min(below, 1 - below)
