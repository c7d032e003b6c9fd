"""The PyMC likelihood of each family: one row per family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from hierbayes import names
from hierbayes.graph.ordinal import cumulative, log_normal_cdf

type Likelihood = Callable[[Any, str, dict[str, Any], Any], Any]
"""``(eta, link, parameters, y)``; trials and weights of the rows are among the parameters."""

TRIALS, WEIGHTS = "trials", "weights"


def _gaussian(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    sigma = parameters["sigma"]
    if WEIGHTS in parameters:
        sigma = sigma / pt.sqrt(parameters[WEIGHTS])
    return pm.Normal("y", mu=MEANS[link](eta), sigma=sigma, observed=y, dims=names.OBS)


def _weighted(rv: Any, parameters: dict[str, Any], y: Any) -> Any:
    """Count the log density of each row as often as its weight says; once is there already."""
    if WEIGHTS in parameters:
        pm.Potential("weighted", ((parameters[WEIGHTS] - 1) * pm.logp(rv, y)).sum())
    return rv


def _probit_log_odds(eta: Any) -> Any:
    return log_normal_cdf(eta) - log_normal_cdf(-eta)


def _cloglog_log_odds(eta: Any) -> Any:
    # log p - log(1 - p) with p = 1 - exp(-exp(eta)); both terms keep their digits in the tails.
    return pt.log1mexp(-pt.exp(eta)) + pt.exp(eta)


def _cauchit_log_odds(eta: Any) -> Any:
    # Angles keep the digits of small probabilities.
    return pt.log(pt.arctan2(1.0, -eta)) - pt.log(pt.arctan2(1.0, eta))


LOG_ODDS: dict[str, Callable[[Any], Any]] = {
    "logit": lambda eta: eta,
    "probit": _probit_log_odds,
    "cloglog": _cloglog_log_odds,
    "log": lambda eta: eta - pt.log1mexp(eta),  # not a number for eta > 0: no probability
    "cauchit": _cauchit_log_odds,
}


def _bernoulli(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    rv = pm.Bernoulli("y", logit_p=LOG_ODDS[link](eta), observed=y, dims=names.OBS)
    return _weighted(rv, parameters, y)


def _binomial(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    trials = parameters.get(TRIALS, 1)
    rv = pm.Binomial("y", n=trials, logit_p=LOG_ODDS[link](eta), observed=y, dims=names.OBS)
    return _weighted(rv, parameters, y)


MEANS: dict[str, Callable[[Any], Any]] = {
    "log": pt.exp,
    "identity": lambda eta: eta,
    "sqrt": pt.square,
    "inverse": lambda eta: pt.switch(pt.gt(eta, 0), 1 / eta, np.nan),  # not a number: no mean
}


def _cauchy(x: Any) -> Any:
    return pt.arctan2(1.0, -x) / np.asarray(np.pi)


PROBABILITIES: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "logit": lambda eta: (pt.sigmoid(eta), pt.sigmoid(-eta)),
    "probit": lambda eta: (pt.exp(log_normal_cdf(eta)), pt.exp(log_normal_cdf(-eta))),
    "cloglog": lambda eta: (-pt.expm1(-pt.exp(eta)), pt.exp(-pt.exp(eta))),
    "log": lambda eta: (pt.exp(eta), -pt.expm1(eta)),
    "cauchit": lambda eta: (_cauchy(eta), _cauchy(-eta)),
}
"""A probability and its complement, each with all its digits."""


def _beta_binomial(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    (mu, rest), phi = PROBABILITIES[link](eta), parameters["phi"]
    trials = parameters.get(TRIALS, 1)
    rv = pm.BetaBinomial("y", n=trials, alpha=mu * phi, beta=rest * phi, observed=y, dims=names.OBS)
    return _weighted(rv, parameters, y)


INVERSES: dict[str, Callable[[Any], Any]] = {
    "identity": lambda eta: eta,
    "log": pt.exp,
    "logit": pt.sigmoid,
}
"""A parameter from its own linear predictor."""


def _poisson(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    return _weighted(pm.Poisson("y", mu=MEANS[link](eta), observed=y, dims=names.OBS), parameters, y)


def _negbinomial(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    rv = pm.NegativeBinomial("y", mu=MEANS[link](eta), alpha=parameters["phi"], observed=y, dims=names.OBS)
    return _weighted(rv, parameters, y)


def _student(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    sigma, nu = parameters["sigma"], parameters["nu"]
    return _weighted(pm.StudentT("y", nu=nu, mu=eta, sigma=sigma, observed=y, dims=names.OBS), parameters, y)


def _lognormal(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    sigma = parameters["sigma"]
    return _weighted(pm.LogNormal("y", mu=eta, sigma=sigma, observed=y, dims=names.OBS), parameters, y)


def _gamma(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    shape = parameters["shape"]
    rv = pm.Gamma("y", alpha=shape, beta=shape / MEANS[link](eta), observed=y, dims=names.OBS)
    return _weighted(rv, parameters, y)


def _exponential(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    rv = pm.Exponential("y", lam=1 / MEANS[link](eta), observed=y, dims=names.OBS)
    return _weighted(rv, parameters, y)


def _weibull(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    shape = parameters["shape"]
    scale = MEANS[link](eta) / pt.exp(pt.gammaln(1 + 1 / shape))
    rv = pm.Weibull("y", alpha=shape, beta=scale, observed=y, dims=names.OBS)
    return _weighted(rv, parameters, y)


def _beta(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    odds, phi = LOG_ODDS[link](eta), parameters["phi"]
    shapes = {"alpha": phi * pt.sigmoid(odds), "beta": phi * pt.sigmoid(-odds)}
    return _weighted(pm.Beta("y", **shapes, observed=y, dims=names.OBS), parameters, y)


def _zero_inflated_poisson(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    psi = 1 - parameters["zi"]
    rv = pm.ZeroInflatedPoisson("y", psi=psi, mu=MEANS[link](eta), observed=y, dims=names.OBS)
    return _weighted(rv, parameters, y)


def _zero_inflated_negbinomial(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    given = {"psi": 1 - parameters["zi"], "mu": MEANS[link](eta), "alpha": parameters["phi"]}
    rv = pm.ZeroInflatedNegativeBinomial("y", **given, observed=y, dims=names.OBS)
    return _weighted(rv, parameters, y)


def _hurdle_poisson(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    psi = 1 - parameters["hu"]
    rv = pm.HurdlePoisson("y", psi=psi, mu=MEANS[link](eta), observed=y, dims=names.OBS)
    return _weighted(rv, parameters, y)


def _categorical(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    others = [value for name, value in parameters.items() if name not in (TRIALS, WEIGHTS)]
    log_odds = pt.stack(pt.broadcast_arrays(pt.zeros_like(y), eta, *others), axis=-1)
    position = pt.cast(y, "int64")
    rv = pm.Categorical("y", logit_p=log_odds, observed=position, dims=names.OBS)
    return _weighted(rv, parameters, position)


def _cumulative(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    return _weighted(cumulative(eta, link, parameters, y), parameters, y)


LIKELIHOODS: dict[str, Likelihood] = {
    "gaussian": _gaussian,
    "bernoulli": _bernoulli,
    "binomial": _binomial,
    "beta_binomial": _beta_binomial,
    "poisson": _poisson,
    "negbinomial": _negbinomial,
    "student": _student,
    "lognormal": _lognormal,
    "gamma": _gamma,
    "exponential": _exponential,
    "weibull": _weibull,
    "beta": _beta,
    "zero_inflated_poisson": _zero_inflated_poisson,
    "zero_inflated_negbinomial": _zero_inflated_negbinomial,
    "hurdle_poisson": _hurdle_poisson,
    "cumulative": _cumulative,
    "categorical": _categorical,
}
