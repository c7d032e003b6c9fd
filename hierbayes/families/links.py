"""Link functions, with what a binary likelihood needs to stay exact in its tails.

Write ``mu = inverse(eta)``. A probability near 1 rounds to 1, the logarithm of its complement to ``-inf``;
therefore a link states ``log mu``, ``log(1 - mu)`` and the two hazards ``mu' / mu`` and ``mu' / (1 - mu)``
directly as functions of ``eta``. All are finite for ``|eta| <= 700`` where ``mu`` is a probability: the log
link gives one for ``eta < 0`` alone, and the identity and inverse links a positive mean for ``eta > 0``. The
square root is the inverse of ``mu = eta^2``, which has no sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

type Floats = NDArray[np.float64]
type Transform = Callable[[ArrayLike], Floats]

LARGEST_EXPONENT = 709.0  # exp of more overflows in double precision


@dataclass(frozen=True)
class Link:
    """How the mean ``mu`` follows from the linear predictor ``eta``; every function is elementwise.

    Attributes
    ----------
    name : str
        ``"logit"``.
    link : callable
        ``eta`` from ``mu``.
    inverse : callable
        ``mu`` from ``eta``.
    derivative : callable
        ``d mu / d eta`` at ``eta``.
    latent_sd : float
        Sd of the latent variable that exceeds 0 with probability ``mu``; NaN for a link without one.
    log_inverse, log_complement : callable
        ``log mu`` and ``log(1 - mu)`` at ``eta``.
    hazard_mean, hazard_complement : callable
        ``mu' / mu`` and ``mu' / (1 - mu)`` at ``eta``.
    rate_information : callable
        ``mu'^2 / mu`` at ``eta``, for counts; NaN for links of probabilities.

    Examples
    --------
    >>> from hierbayes.families import LINKS
    >>> float(LINKS["logit"].inverse(0.0))
    0.5
    >>> float(LINKS["logit"].log_complement(700.0))
    -700.0
    """

    name: str
    link: Transform
    inverse: Transform
    derivative: Transform
    latent_sd: float
    log_inverse: Transform
    log_complement: Transform
    hazard_mean: Transform
    hazard_complement: Transform
    rate_information: Transform = lambda eta: np.full(np.shape(eta), np.nan)

    @property
    def unit(self) -> float:
        """An ordinary amount of the linear predictor: ``latent_sd``, or 1 for a link without one."""
        return 1.0 if math.isnan(self.latent_sd) else self.latent_sd


def _array(x: ArrayLike) -> Floats:
    return np.asarray(x, dtype=np.float64)


def _exp(eta: ArrayLike) -> Floats:
    return np.exp(np.minimum(_array(eta), LARGEST_EXPONENT))


def _normal_density(eta: ArrayLike) -> Floats:
    return np.exp(-0.5 * _array(eta) ** 2) / math.sqrt(2 * math.pi)


def _inverse_mills(eta: ArrayLike) -> Floats:
    # phi(x) / Phi(x) without forming either: erfcx keeps its digits where both underflow.
    return math.sqrt(2 / math.pi) / _array(special.erfcx(-_array(eta) / math.sqrt(2)))


def log1mexp(x: Floats) -> Floats:
    """``log(1 - exp(-x))`` for ``x > 0``, each side of ``log 2`` by the form that keeps its digits.

    References
    ----------
    Mächler, M. (2012). Accurately computing log(1 - exp(-|a|)). Vignette of the R package Rmpfr.
    """
    small = np.minimum(x, math.log(2))
    large = np.maximum(x, math.log(2))
    with np.errstate(divide="ignore"):
        return np.where(x < math.log(2), np.log(-np.expm1(-small)), np.log1p(-np.exp(-large)))


def _log_complement_of_log(eta: ArrayLike) -> Floats:
    """``log(1 - exp(eta))``; ``-inf`` where that is no probability, for ``eta >= 0``."""
    return log1mexp(np.maximum(-_array(eta), 0.0))


def _odds_of_log(eta: ArrayLike) -> Floats:
    with np.errstate(divide="ignore"):
        return 1 / np.expm1(np.clip(-_array(eta), 0.0, LARGEST_EXPONENT))


def _cauchy(eta: ArrayLike) -> Floats:
    # The angle keeps the digits of small probabilities; 1/2 + arctan(eta) / pi loses them.
    return np.arctan2(1.0, -_array(eta)) / math.pi


def _log_cauchy(eta: ArrayLike) -> Floats:
    values = _array(eta)
    return np.where(values > 0, np.log1p(-_cauchy(-values)), np.log(_cauchy(values)))


def _cauchy_density(eta: ArrayLike) -> Floats:
    return 1 / (math.pi * (1 + _array(eta) ** 2))


def _log_positive(eta: ArrayLike) -> Floats:
    """``log eta``; ``-inf`` where that is no mean of a count, for ``eta <= 0``."""
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(_array(eta), 0.0))


def _log_square(eta: ArrayLike) -> Floats:
    with np.errstate(divide="ignore"):
        return 2 * np.log(np.abs(_array(eta)))


def _reciprocal(eta: ArrayLike) -> Floats:
    with np.errstate(divide="ignore"):
        return 1 / _array(eta)


def _cloglog_link(mu: ArrayLike) -> Floats:
    return np.log(-np.log1p(-_array(mu)))


def _cloglog_derivative(eta: ArrayLike) -> Floats:
    return np.exp(_array(eta) - _exp(eta))


IDENTITY = Link(
    name="identity",
    link=_array,
    inverse=_array,
    derivative=lambda eta: np.ones_like(_array(eta)),
    latent_sd=math.nan,
    log_inverse=_log_positive,
    log_complement=lambda eta: np.log1p(-_array(eta)),
    hazard_mean=_reciprocal,
    hazard_complement=lambda eta: 1 / (1 - _array(eta)),
    rate_information=_reciprocal,
)
LOGIT = Link(
    name="logit",
    link=lambda mu: special.logit(_array(mu)),
    inverse=lambda eta: special.expit(_array(eta)),
    derivative=lambda eta: special.expit(_array(eta)) * special.expit(-_array(eta)),
    latent_sd=math.pi / math.sqrt(3),
    log_inverse=lambda eta: special.log_expit(_array(eta)),
    log_complement=lambda eta: special.log_expit(-_array(eta)),
    hazard_mean=lambda eta: special.expit(-_array(eta)),
    hazard_complement=lambda eta: special.expit(_array(eta)),
)
PROBIT = Link(
    name="probit",
    link=lambda mu: special.ndtri(_array(mu)),
    inverse=lambda eta: special.ndtr(_array(eta)),
    derivative=_normal_density,
    latent_sd=1.0,
    log_inverse=lambda eta: special.log_ndtr(_array(eta)),
    log_complement=lambda eta: special.log_ndtr(-_array(eta)),
    hazard_mean=_inverse_mills,
    hazard_complement=lambda eta: _inverse_mills(-_array(eta)),
)
CLOGLOG = Link(
    name="cloglog",
    link=_cloglog_link,
    inverse=lambda eta: -np.expm1(-_exp(eta)),
    derivative=_cloglog_derivative,
    latent_sd=math.pi / math.sqrt(6),
    log_inverse=lambda eta: log1mexp(_exp(eta)),
    log_complement=lambda eta: -_exp(eta),
    hazard_mean=lambda eta: 1 / _array(special.exprel(_exp(eta))),
    hazard_complement=_exp,
)
LOG = Link(
    name="log",
    link=lambda mu: np.log(_array(mu)),
    inverse=_exp,
    derivative=_exp,
    latent_sd=math.nan,
    log_inverse=_array,
    log_complement=_log_complement_of_log,
    hazard_mean=lambda eta: np.ones_like(_array(eta)),
    hazard_complement=_odds_of_log,
    rate_information=_exp,
)
CAUCHIT = Link(
    name="cauchit",
    link=lambda mu: -1 / np.tan(math.pi * _array(mu)),
    inverse=_cauchy,
    derivative=_cauchy_density,
    latent_sd=math.nan,
    log_inverse=_log_cauchy,
    log_complement=lambda eta: _log_cauchy(-_array(eta)),
    hazard_mean=lambda eta: _cauchy_density(eta) / _cauchy(eta),
    hazard_complement=lambda eta: _cauchy_density(eta) / _cauchy(-_array(eta)),
)
SQRT = Link(
    name="sqrt",
    link=lambda mu: np.sqrt(_array(mu)),
    inverse=lambda eta: _array(eta) ** 2,
    derivative=lambda eta: 2 * _array(eta),
    latent_sd=math.nan,
    log_inverse=_log_square,
    log_complement=lambda eta: np.log1p(-(_array(eta) ** 2)),
    hazard_mean=lambda eta: 2 * _reciprocal(eta),
    hazard_complement=lambda eta: 2 * _array(eta) / (1 - _array(eta) ** 2),
    rate_information=lambda eta: np.full_like(_array(eta), 4.0),
)

INVERSE = Link(
    name="inverse",
    link=_reciprocal,
    inverse=_reciprocal,
    derivative=lambda eta: -(_reciprocal(eta) ** 2),
    latent_sd=math.nan,
    log_inverse=lambda eta: -_log_positive(eta),
    log_complement=lambda eta: np.log1p(-_reciprocal(eta)),
    hazard_mean=lambda eta: -_reciprocal(eta),
    hazard_complement=lambda eta: _reciprocal(eta) / (1 - _array(eta)),
    rate_information=lambda eta: _reciprocal(eta) ** 3,
)

LINKS: dict[str, Link] = {
    link.name: link for link in (IDENTITY, LOGIT, PROBIT, CLOGLOG, LOG, CAUCHIT, SQRT, INVERSE)
}
