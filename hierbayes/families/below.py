"""Probabilities of responses below and up to a value, of each family: quantile residuals are made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy import special

from hierbayes.families.base import TRIALS, WEIGHTS, Family, Parameters, array
from hierbayes.families.links import Floats, Link
from hierbayes.families.partial import (
    HIGH,
    LOW,
    LOWER_BOUND,
    UPPER_BOUND,
    Censorable,
    exactly_known,
    log_between,
)

type _Distribution = Callable[[Floats, Floats, Parameters], Floats]
"""``P(Y <= y)`` at values, means of the plain distribution, and parameters."""


def _gamma(y: Floats, mu: Floats, params: Parameters) -> Floats:
    shape = array(params.get("shape", 1.0))
    return array(special.gammainc(shape, shape * y / mu))


def _weibull(y: Floats, mu: Floats, params: Parameters) -> Floats:
    shape = array(params["shape"])
    return array(-np.expm1(-((y / mu * special.gamma(1 + 1 / shape)) ** shape)))


def _beta(y: Floats, mu: Floats, params: Parameters) -> Floats:
    phi = array(params["phi"])
    return array(special.betainc(mu * phi, (1 - mu) * phi, y))


def _bernoulli(y: Floats, mu: Floats, params: Parameters) -> Floats:
    return np.where(y < 1, 1 - mu, 1.0)


def _binomial(y: Floats, mu: Floats, params: Parameters) -> Floats:
    trials = array(params[TRIALS])
    inner = special.betainc(np.maximum(trials - y, 1.0), y + 1, 1 - mu)
    return np.where(y >= trials, 1.0, inner)


def _poisson(y: Floats, mu: Floats, params: Parameters) -> Floats:
    return array(special.gammaincc(y + 1, mu))


def _negbinomial(y: Floats, mu: Floats, params: Parameters) -> Floats:
    phi = array(params["phi"])
    return array(special.betainc(phi, y + 1, phi / (phi + mu)))


def _with_zeros(counts: _Distribution) -> _Distribution:
    def inflated(y: Floats, mu: Floats, params: Parameters) -> Floats:
        zi = array(params["zi"])
        return zi + (1 - zi) * counts(y, mu, params)

    return inflated


def _hurdle(y: Floats, mu: Floats, params: Parameters) -> Floats:
    hu, above = array(params["hu"]), special.gammainc(y + 1, mu)
    return array(np.where(y < 1, hu, 1 - (1 - hu) * above / -np.expm1(-mu)))


CONTINUOUS: Mapping[str, _Distribution] = {
    "gamma": _gamma,
    "exponential": _gamma,
    "weibull": _weibull,
    "beta": _beta,
}
DISCRETE: Mapping[str, _Distribution] = {
    "bernoulli": _bernoulli,
    "binomial": _binomial,
    "poisson": _poisson,
    "negbinomial": _negbinomial,
    "zero_inflated_poisson": _with_zeros(_poisson),
    "zero_inflated_negbinomial": _with_zeros(_negbinomial),
    "hurdle_poisson": _hurdle,
}


def below(family: Family, y: Floats, eta: Floats, params: Parameters, *, link: Link) -> tuple[Floats, Floats]:
    """``P(Y < y)`` and ``P(Y <= y)`` of each response: the same number for continuous ones.

    Parameters
    ----------
    family : Family
        Any but ``"categorical"``, whose outcomes have no order.
    y : float64 array, shape (n,)
        Responses.
    eta : float64 array, shape (..., n)
        Linear predictor, link scale; leading dims are draws.
    params : mapping of str to array
        As of ``log_density``. Weights of likelihoods count for nothing here: they do not change what a
        single response may be; residual weights do.
    link : Link
        The link in force.

    Returns
    -------
    tuple of float64 array, shape (..., n)
        Between the bounds of truncation, if there are any. Of a censored row the probabilities of the two
        ends of what is known of it.
    """
    kept = params if family.residual_weights else {k: v for k, v in params.items() if k != WEIGHTS}
    if isinstance(family, Censorable):
        return _known_in_part(family, y, eta, kept, link=link)
    if family.ordered:
        return _ordered(family, y, eta, kept, link=link)
    if family.name in CONTINUOUS:
        upto = CONTINUOUS[family.name](y, link.inverse(eta), kept)
        return upto, upto
    if family.name in DISCRETE:
        found = DISCRETE[family.name]
        mu = link.inverse(eta)
        lower = np.where(y > 0, found(np.maximum(y - 1, 0.0), mu, kept), 0.0)
        return lower, np.broadcast_to(found(y, mu, kept), lower.shape)
    return _added_up(family, y, eta, kept, link=link)


def _known_in_part(
    family: Censorable, y: Floats, eta: Floats, params: Parameters, *, link: Link
) -> tuple[Floats, Floats]:
    plain = {k: v for k, v in params.items() if k not in (LOW, HIGH, LOWER_BOUND, UPPER_BOUND)}
    exact = exactly_known(params)
    ends = [np.where(exact, y, array(params.get(name, 0.0))) for name in (LOW, HIGH)]
    if LOWER_BOUND not in params:
        lower, upper = (np.exp(family.log_cdf(end, eta, plain, link)) for end in ends)
        return lower, upper
    bounds = array(params[LOWER_BOUND]), array(params[UPPER_BOUND])
    total = log_between(family, bounds, eta, plain, link=link)
    found = []
    for end in ends:
        inside = np.clip(end, *bounds)
        share = np.exp(log_between(family, (bounds[0], inside), eta, plain, link=link) - total)
        found.append(np.where(inside <= bounds[0], 0.0, np.minimum(share, 1.0)))
    return found[0], found[1]


def _ordered(
    family: Family, y: Floats, eta: Floats, params: Parameters, *, link: Link
) -> tuple[Floats, Floats]:
    probabilities = family.probabilities(eta, link, params)
    assert probabilities is not None
    upto = np.minimum(probabilities.cumsum(axis=-1), 1.0)
    here = np.broadcast_to(y.astype(int)[:, None], (*upto.shape[:-1], 1))
    at = np.take_along_axis(upto, here, axis=-1)[..., 0]
    own = np.take_along_axis(probabilities, here, axis=-1)[..., 0]
    return np.maximum(at - own, 0.0), at


def _added_up(
    family: Family, y: Floats, eta: Floats, params: Parameters, *, link: Link
) -> tuple[Floats, Floats]:
    """By adding the probabilities of all smaller counts, of the rows that have a larger one."""
    lower = np.zeros(eta.shape)
    for count in range(int(y.max(initial=0.0))):
        rows = np.flatnonzero(y > count)
        some = {name: _rows(array(value), rows, y.size) for name, value in params.items()}
        log = family.log_density(np.full(rows.size, float(count)), eta[..., rows], some, link)
        lower[..., rows] += np.exp(log)
    at = np.exp(family.log_density(y, eta, params, link))
    return np.minimum(lower, 1.0), np.minimum(lower + at, 1.0)


def _rows(values: Floats, rows: np.ndarray, n: int) -> Floats:
    return values[..., rows] if values.ndim and values.shape[-1] == n and n > 1 else values
