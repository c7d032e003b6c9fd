"""Link functions, with what a binary likelihood needs to stay exact in its tails.

Write ``mu = inverse(eta)``. A probability near 1 rounds to 1, the logarithm of its complement to ``-inf``;
therefore a link states ``log mu``, ``log(1 - mu)`` and the two hazards ``mu' / mu`` and ``mu' / (1 - mu)``
directly as functions of ``eta``. All are finite for ``|eta| <= 700``.
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


def _array(x: ArrayLike) -> Floats:
    return np.asarray(x, dtype=np.float64)


def _exp(eta: ArrayLike) -> Floats:
    return np.exp(np.minimum(_array(eta), LARGEST_EXPONENT))


def _normal_density(eta: ArrayLike) -> Floats:
    return np.exp(-0.5 * _array(eta) ** 2) / math.sqrt(2 * math.pi)


def _inverse_mills(eta: ArrayLike) -> Floats:
    # phi(x) / Phi(x) without forming either: erfcx keeps its digits where both underflow.
    return math.sqrt(2 / math.pi) / _array(special.erfcx(-_array(eta) / math.sqrt(2)))


def _log1mexp(x: Floats) -> Floats:
    """``log(1 - exp(-x))`` for ``x > 0``, each side of ``log 2`` by the form that keeps its digits.

    References
    ----------
    Mächler, M. (2012). Accurately computing log(1 - exp(-|a|)). Vignette of the R package Rmpfr.
    """
    small = np.minimum(x, math.log(2))
    large = np.maximum(x, math.log(2))
    with np.errstate(divide="ignore"):
        return np.where(x < math.log(2), np.log(-np.expm1(-small)), np.log1p(-np.exp(-large)))


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
    log_inverse=lambda eta: np.log(_array(eta)),
    log_complement=lambda eta: np.log1p(-_array(eta)),
    hazard_mean=lambda eta: 1 / _array(eta),
    hazard_complement=lambda eta: 1 / (1 - _array(eta)),
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
    log_inverse=lambda eta: _log1mexp(_exp(eta)),
    log_complement=lambda eta: -_exp(eta),
    hazard_mean=lambda eta: 1 / _array(special.exprel(_exp(eta))),
    hazard_complement=_exp,
)

LINKS: dict[str, Link] = {link.name: link for link in (IDENTITY, LOGIT, PROBIT, CLOGLOG)}
