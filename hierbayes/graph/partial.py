"""Likelihoods in PyMC of rows that are known in part: censored, truncated, or with known standard errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.families import get_family, get_link
from hierbayes.graph.likelihoods import WEIGHTS
from hierbayes.graph.ordinal import log_normal_cdf
from hierbayes.spec.records import ModelSpec

type Rows = NDArray[np.int64]
type Ends = tuple[Any, Any]


@dataclass(frozen=True)
class Tails:
    """A continuous distribution by its logarithms, each a function of ``(y, eta, scale, *others)``.

    Attributes
    ----------
    log_density, log_cdf, log_ccdf : callable
        Of the response ``y``, given the linear predictor, the scale of its row, and the family's other
        parameters.
    least : float
        All responses are above.
    """

    log_density: Callable[..., Any]
    log_cdf: Callable[..., Any]
    log_ccdf: Callable[..., Any]
    least: float = -np.inf


def _log_t_cdf(z: Any, nu: Any) -> Any:
    """``log P(T <= z)`` through the incomplete beta function (Abramowitz and Stegun 26.7.1)."""
    tail = 0.5 * pt.betainc(nu / 2, np.asarray(0.5), nu / (nu + z * z))
    return pt.switch(pt.lt(z, 0), pt.log(tail), pt.log1p(-tail))


TAILS: dict[str, Tails] = {
    "gaussian": Tails(
        lambda y, mu, sd: pm.logp(pm.Normal.dist(mu, sd), y),
        lambda y, mu, sd: log_normal_cdf((y - mu) / sd),
        lambda y, mu, sd: log_normal_cdf((mu - y) / sd),
    ),
    "lognormal": Tails(
        lambda y, mu, sd: pm.logp(pm.LogNormal.dist(mu, sd), y),
        lambda y, mu, sd: log_normal_cdf((np.log(y) - mu) / sd),
        lambda y, mu, sd: log_normal_cdf((mu - np.log(y)) / sd),
        least=0.0,
    ),
    "student": Tails(
        lambda y, mu, sigma, nu: pm.logp(pm.StudentT.dist(nu=nu, mu=mu, sigma=sigma), y),
        lambda y, mu, sigma, nu: _log_t_cdf((y - mu) / sigma, nu),
        lambda y, mu, sigma, nu: _log_t_cdf((mu - y) / sigma, nu),
    ),
}
"""Families whose responses may be known in part."""


def part_likelihood(
    spec: ModelSpec, design: Design, eta: Any, parameters: Mapping[str, Any], *, y: Any
) -> Any:
    """Add the likelihood of rows that are known in part to the current PyMC model.

    Parameters
    ----------
    spec, design : ModelSpec, Design
        The model; which rows are censored, and on which side, is fixed when the graph is built.
    eta : tensor, shape (n,)
        Linear predictor.
    parameters : mapping of str to tensor
        The family's own parameters, and what the rows carry, by the names of ``Design.row_data``.
    y : tensor, shape (n,)
        Responses.
    """
    tails = TAILS[spec.family]
    weights = None if get_family(spec.family).residual_weights else parameters.get(WEIGHTS)
    scale = _scale({k: v for k, v in parameters.items() if k != WEIGHTS or weights is None}, design.n)
    own = tuple(parameters[name] for name in spec.scalars)

    def log_density(value: Any, eta: Any, scale: Any, *own: Any) -> Any:
        named = zip(spec.scalars, own, strict=True)
        others = tuple(tensor for name, tensor in named if name != get_family(spec.family).scale)
        rows = _log_density(tails, design, value, (eta, scale, *others))
        return rows if weights is None else weights * rows

    def random(eta: Any, scale: Any, *own: Any, rng: Any = None, size: Any = None) -> Any:
        values = {**design.row_data, **dict(zip(spec.scalars, own, strict=True))}
        family, link = get_family(spec.family), get_link(spec.family, spec.link)
        return family.draw(eta, values, link, rng)

    return pm.CustomDist("y", eta, scale, *own, logp=log_density, random=random, observed=y, dims=names.OBS)


def _scale(parameters: Mapping[str, Any], n: int) -> Any:
    """The sd of each row, shape (n,): ``sigma / sqrt(weight)``, or with a known standard error."""
    sigma, error = parameters.get("sigma"), parameters.get("se")
    if error is None:
        return sigma / pt.sqrt(parameters[WEIGHTS]) if WEIGHTS in parameters else sigma * pt.ones(n)
    return error if sigma is None else pt.sqrt(error**2 + sigma**2)


def _log_density(tails: Tails, design: Design, y: Any, at: tuple[Any, ...]) -> Any:
    """Log probability of what is known of each row, shape (n,)."""
    part, n = design.part, design.n
    low, high = part.get("low", design.y), part.get("high", design.y)
    lower, upper = part.get("lb", np.full(n, -np.inf)), part.get("ub", np.full(n, np.inf))
    exact = low == high
    low, lower = (np.where(ends <= tails.least, -np.inf, ends) for ends in (low, lower))
    observed = np.flatnonzero(exact)
    value = pt.zeros(n)
    if observed.size:
        density = tails.log_density(y[observed], *_in_rows(at, observed))
        value = pt.set_subtensor(value[observed], density)
    ends = np.maximum(low, lower), np.minimum(high, upper)
    value = _add_between(tails, (value, 1.0), ends, np.flatnonzero(~exact), at=at)
    return _add_between(tails, (value, -1.0), (lower, upper), np.arange(n), at=at)


def _in_rows(at: tuple[Any, ...], rows: Rows) -> tuple[Any, ...]:
    """The linear predictor and the scale of some rows, and the other parameters."""
    eta, scale, *others = at
    return eta[rows], scale[rows], *others


def _add_between(tails: Tails, to: tuple[Any, float], ends: Ends, rows: Rows, *, at: tuple[Any, ...]) -> Any:
    """Add ``sign * log P(low < Y < high)`` in some rows, each by the form that its ends need."""
    (value, sign), (low, high) = to, ends
    from_below, from_above = np.isfinite(low[rows]), np.isfinite(high[rows])
    forms: tuple[tuple[NDArray[np.bool_], Callable[[Rows], Any]], ...] = (
        (~from_below & from_above, lambda k: tails.log_cdf(high[k], *_in_rows(at, k))),
        (from_below & ~from_above, lambda k: tails.log_ccdf(low[k], *_in_rows(at, k))),
        (from_below & from_above, lambda k: _interval(tails, (low[k], high[k]), _in_rows(at, k))),
    )
    for chosen, form in forms:
        k = rows[chosen]
        if k.size:
            value = pt.inc_subtensor(value[k], sign * form(k))
    return value


def _interval(tails: Tails, ends: Ends, at: tuple[Any, ...]) -> Any:
    """``log P(low < Y < high)``, as a difference in the tail that keeps its digits."""
    low, high = ends
    below, above = tails.log_cdf(low, *at), tails.log_ccdf(low, *at)
    to_high, from_high = tails.log_cdf(high, *at), tails.log_ccdf(high, *at)
    upper = pt.gt(below, np.asarray(np.log(0.5)))
    larger, smaller = pt.switch(upper, above, to_high), pt.switch(upper, from_high, below)
    return larger + pt.log1mexp(smaller - larger)
