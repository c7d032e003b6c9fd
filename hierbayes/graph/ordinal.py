"""The likelihood of ordered categories in PyMC, with all digits in both tails."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from hierbayes import names


class Tails(NamedTuple):
    """Logarithms of a link's distribution function ``F``, all functions of tensors.

    Attributes
    ----------
    below, above : callable
        ``log F(a)`` and ``log(1 - F(b))``.
    between : callable
        ``log(F(a) - F(b))`` for ``a > b``.
    """

    below: Callable[[Any], Any]
    above: Callable[[Any], Any]
    between: Callable[[Any, Any], Any]


def _logit_between(a: Any, b: Any) -> Any:
    # F(a) - F(b) = F(a) (1 - F(b)) (1 - exp(b - a))
    return pt.log1mexp(b - a) - pt.softplus(-a) - pt.softplus(b)


def _probit_between(a: Any, b: Any) -> Any:
    upper = pt.gt(a + b, 0)  # there, as much of the distribution lies below -b and above -a
    a, b = pt.switch(upper, -b, a), pt.switch(upper, -a, b)
    return log_normal_cdf(a) + pt.log1mexp(log_normal_cdf(b) - log_normal_cdf(a))


def _cloglog_between(a: Any, b: Any) -> Any:
    return pt.log1mexp(-pt.exp(b) * pt.expm1(a - b)) - pt.exp(b)


def log_normal_cdf(x: Any) -> Any:
    """``log Phi(x)`` in both tails; arrays because PyTensor rounds Python floats to single precision."""
    half = x / np.asarray(np.sqrt(2.0))
    lower = pt.log(pt.erfcx(-half)) - half**2 - np.asarray(np.log(2.0))
    return pt.switch(pt.lt(x, -1), lower, pt.log1p(-pt.erfc(half) / 2))


TAILS: dict[str, Tails] = {
    "logit": Tails(lambda a: -pt.softplus(-a), lambda b: -pt.softplus(b), _logit_between),
    "probit": Tails(log_normal_cdf, lambda b: log_normal_cdf(-b), _probit_between),
    "cloglog": Tails(lambda a: pt.log1mexp(-pt.exp(a)), lambda b: -pt.exp(b), _cloglog_between),
}


def _log_probability(tails: Tails, y: Any, eta: Any, cutpoints: Any) -> Any:
    """``log P(y)`` of each row: between the cutpoints ``y - 1`` and ``y``, those of the ends at infinity."""
    k, cutpoints = pt.cast(y, "int64"), cutpoints.ravel()  # one vector for all rows
    last = cutpoints.shape[0]
    upper = cutpoints[pt.minimum(k, last - 1)] - eta
    lower = cutpoints[pt.maximum(k - 1, 0)] - eta
    inner = pt.and_(pt.gt(k, 0), pt.lt(k, last))
    # Where a branch is not taken its arguments are moved apart: its derivative must be finite all the same.
    between = tails.between(pt.switch(inner, upper, lower + 1.0), lower)
    return pt.switch(inner, between, pt.switch(pt.eq(k, 0), tails.below(upper), tails.above(lower)))


def cumulative(eta: Any, link: str, parameters: dict[str, Any], y: Any) -> Any:
    """``P(y <= k) = F(c_k - eta)``."""
    return pm.CustomDist(
        "y",
        eta,
        parameters[names.CUTPOINTS],
        logp=partial(_log_probability, TAILS[link]),
        random=partial(_draw, link),
        signature="(),(c)->()",
        observed=y,
        dims=names.OBS,
    )


def _draw(link: str, eta: Any, cutpoints: Any, *, rng: Any, size: Any) -> Any:
    from hierbayes.families import get_family, get_link

    family, sizes = get_family("cumulative"), () if size is None else tuple(size)
    shape = np.broadcast_shapes(np.shape(eta), np.shape(cutpoints)[:-1], sizes)
    parameters = {names.CUTPOINTS: cutpoints}
    return family.draw(np.broadcast_to(eta, shape), parameters, get_link("cumulative", link), rng)
