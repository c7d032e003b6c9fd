"""The PyMC likelihood of each family: one row per family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from hierbayes import names

type Likelihood = Callable[[Any, str, dict[str, Any], Any], Any]


def _gaussian(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    return pm.Normal("y", mu=eta, sigma=parameters["sigma"], observed=y, dims=names.OBS)


def _log_normal_cdf(x: Any) -> Any:
    """``log Phi(x)`` in both tails; arrays because PyTensor rounds Python floats to single precision."""
    half = x / np.asarray(np.sqrt(2.0))
    lower = pt.log(pt.erfcx(-half)) - half**2 - np.asarray(np.log(2.0))
    return pt.switch(pt.lt(x, -1), lower, pt.log1p(-pt.erfc(half) / 2))


def _probit_log_odds(eta: Any) -> Any:
    return _log_normal_cdf(eta) - _log_normal_cdf(-eta)


def _cloglog_log_odds(eta: Any) -> Any:
    # log p - log(1 - p) with p = 1 - exp(-exp(eta)); both terms keep their digits in the tails.
    return pt.log1mexp(-pt.exp(eta)) + pt.exp(eta)


LOG_ODDS: dict[str, Callable[[Any], Any]] = {
    "logit": lambda eta: eta,
    "probit": _probit_log_odds,
    "cloglog": _cloglog_log_odds,
}


def _bernoulli(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    return pm.Bernoulli("y", logit_p=LOG_ODDS[link](eta), observed=y, dims=names.OBS)


LIKELIHOODS: dict[str, Likelihood] = {"gaussian": _gaussian, "bernoulli": _bernoulli}
