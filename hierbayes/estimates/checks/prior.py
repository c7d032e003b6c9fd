"""What a model expects before it has seen a response: draws from its priors, and data that they imply."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.errors import DataError, PriorError
from hierbayes.estimates.predictions.prediction import replicated
from hierbayes.estimates.predictions.recorded import as_recorded
from hierbayes.estimates.predictions.rows import OWN, Rows
from hierbayes.fitted.record import Fit, once
from hierbayes.spec.records import GroupSpec, ModelSpec, Prior

type Floats = NDArray[np.float64]
type Draw = Callable[..., Any]

DRAWS = 500
IMPLIED = 200  # data sets for a picture
TRIES = 2000
"""How often cutpoints of different priors are drawn anew until they are in order."""


class ModelLike(Protocol):
    """What a prior predictive distribution is made from: a model, or a fit."""

    @property
    def spec(self) -> ModelSpec:
        """Formula, family and priors."""

    @property
    def design(self) -> Design:
        """The columns and groups of the rows."""


SAMPLERS: dict[str, Draw] = {
    "normal": lambda rng, mu, sigma, size: rng.normal(mu, sigma, size),
    "student_t": lambda rng, nu, mu, sigma, size: mu + sigma * rng.standard_t(nu, size),
    "cauchy": lambda rng, mu, sigma, size: mu + sigma * rng.standard_cauchy(size),
    "half_normal": lambda rng, sigma, size: np.abs(rng.normal(0, sigma, size)),
    "half_student_t": lambda rng, nu, sigma, size: np.abs(sigma * rng.standard_t(nu, size)),
    "half_cauchy": lambda rng, beta, size: np.abs(beta * rng.standard_cauchy(size)),
    "exponential": lambda rng, rate, size: rng.exponential(1 / rate, size),
    "gamma": lambda rng, alpha, beta, size: rng.gamma(alpha, 1 / beta, size),
    "beta": lambda rng, alpha, beta, size: rng.beta(alpha, beta, size),
    "uniform": lambda rng, lower, upper, size: rng.uniform(lower, upper, size),
}
"""Random draws of each prior, with the parameters in the order of its text."""


def prior_predictive(model: ModelLike, draws: int = DRAWS, *, seed: int = 0) -> xr.DataTree:
    """Data sets that the priors imply for the rows of a model, before any response is seen.

    Parameters
    ----------
    model : Model or Fit
        Its rows, columns and groups; the response is not used.
    draws : int
        How many data sets.
    seed : int
        Of the draws.

    Returns
    -------
    xarray.DataTree
        In the ArviZ schema, dims (chain, draw, ...) with one chain: ``prior`` (the parameters under the names
        of a posterior), ``prior_predictive`` (``y``, as of ``posterior_predictive``) and ``observed_data``.

    Raises
    ------
    PriorError
        If a prior is flat, which has no draws.
    DataError
        If cutpoints with priors of their own are hardly ever in order.

    Notes
    -----
    Everything is drawn in NumPy: coefficients at the mean of the columns, standard deviations, correlations
    by the onion method, effects of each group given these, and responses by the family.

    References
    ----------
    Lewandowski, D., Kurowicka, D. and Joe, H. (2009). Generating random correlation matrices based on vines
    and extended onion method. Journal of Multivariate Analysis 100, 1989-2001, section 3.2.

    Examples
    --------
    >>> model.prior_predictive(draws=500)["prior_predictive"]["y"]
    """
    rng = np.random.default_rng(seed)
    prior = prior_draws(model.spec, model.design, draws, rng)
    tree = xr.DataTree.from_dict({"posterior": prior})
    rows = Rows(Fit(model.spec, model.design, tree, {}), {g.name: OWN for g in model.spec.sampled_groups})
    # An absurd mean, which wide priors allow, is a finding and no error.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        y = replicated(rows, prior, rng)
    observed = xr.Dataset({"y": ((names.OBS,), model.design.y)}, coords={names.OBS: y[names.OBS]})
    return xr.DataTree.from_dict(
        {"prior": prior, "prior_predictive": y.to_dataset(), "observed_data": observed}
    )


def implied(fit: Fit, draws: int = IMPLIED, *, seed: int = 0) -> Floats:
    """Responses that the priors of a fit imply for its rows, as they would have been recorded.

    Parameters
    ----------
    fit : Fit
        Its priors, columns and groups; the posterior is not used.
    draws : int
        How many data sets.
    seed : int
        Of the draws.

    Returns
    -------
    float64 array, shape (draws, n)
        The responses of ``prior_predictive(fit, draws, seed=seed)``, censored ones at their limits.

    Raises
    ------
    PriorError, DataError
        As ``prior_predictive``.
    """

    def compute() -> Floats:
        made = prior_predictive(fit, draws, seed=seed)["prior_predictive"]["y"]
        return as_recorded(fit.design, made.transpose("chain", "draw", names.OBS).to_numpy()[0])

    return once(fit, ("implied", draws, seed), compute)


def prior_draws(spec: ModelSpec, design: Design, draws: int, rng: np.random.Generator) -> xr.Dataset:
    """Draws of all parameters and group effects from their priors, one chain, in the names of a posterior."""
    flat = [entry.key for entry in spec.priors if entry.prior.distribution not in (*SAMPLERS, "lkj")]
    if flat:
        raise PriorError(
            f"There is no draw from the prior of {', '.join(map(repr, flat))}: it is flat. State a proper "
            "one, such as 'normal(0, 10)', to see what the priors imply."
        )
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {}
    shift = np.zeros(draws)
    for predictor, arrays in zip(spec.linear, design.linear, strict=True):
        b, moved = _coefficients(spec, predictor.name, arrays.X, (draws, rng))
        shift = moved if not predictor.name else shift
        if predictor.terms:
            dim = names.within(predictor.name, names.TERM)
            variables[names.of(names.B, predictor.name)] = ((dim,), b)
    if spec.cutpoints:
        variables[names.CUTPOINTS] = ((names.CUTPOINT,), _cutpoints(spec, draws, rng) + shift[:, None])
    for name in spec.scalars:
        variables[name] = ((), _draw(spec.prior(name), draws, rng))
    for group in spec.sampled_groups:
        variables |= _group(spec, group, draws, rng)
    return xr.Dataset(
        {name: (("chain", "draw", *dims), values[None]) for name, (dims, values) in variables.items()},
        coords={"chain": [0], "draw": np.arange(draws), **labels_of(spec, design, variables)},
    )


def _draw(prior: Prior, size: int, rng: np.random.Generator) -> Floats:
    return np.asarray(SAMPLERS[prior.distribution](rng, *prior.parameters, size), dtype=float)


def _coefficients(
    spec: ModelSpec, predictor: str, X: Floats, how: tuple[int, np.random.Generator]
) -> tuple[Floats, Floats]:
    """Coefficients (draws, p), and what the means of the columns amount to, (draws,)."""
    draws, rng = how
    (terms,) = (p.terms for p in spec.linear if p.name == predictor)
    intercept, b = names.of(names.INTERCEPT, predictor), names.of(names.B, predictor)
    at_means = spec.has_prior(intercept)
    values = np.empty((draws, len(terms)))
    for k, term in enumerate(terms):
        own = at_means and term == names.INTERCEPT
        values[:, k] = _draw(spec.prior(intercept) if own else spec.prior(b, term), draws, rng)
    means = X.mean(axis=0)
    if names.INTERCEPT in terms:
        means = np.where(np.array(terms) == names.INTERCEPT, 0.0, means)
    moved = values @ means
    if at_means:
        values[:, terms.index(names.INTERCEPT)] -= moved
    return values, moved


def _cutpoints(spec: ModelSpec, draws: int, rng: np.random.Generator) -> Floats:
    """Cutpoints at the mean of the columns: independent draws, given that they are in order."""
    priors = [spec.prior(names.CUTPOINTS, label) for label in spec.cutpoints]
    if len({(prior.distribution, prior.parameters) for prior in priors}) == 1:
        # Of equal priors the order statistics are these draws.
        return np.sort(np.column_stack([_draw(prior, draws, rng) for prior in priors]), axis=1)
    found = np.empty((0, len(priors)))
    for _ in range(TRIES):
        tried = np.column_stack([_draw(prior, draws, rng) for prior in priors])
        found = np.concatenate([found, tried[(np.diff(tried, axis=1) > 0).all(axis=1)]])
        if len(found) >= draws:
            return found[:draws]
    raise DataError(
        "The priors of the cutpoints are hardly ever in order: of "
        f"{TRIES * draws:,} draws {len(found):,} were. State priors whose centers increase."
    )


def correlation_factors(q: int, eta: float, size: int, rng: np.random.Generator) -> Floats:
    """Cholesky factors of correlation matrices with an LKJ(eta) distribution, shape (size, q, q)."""
    L = np.zeros((size, q, q))
    L[:, 0, 0] = 1.0
    beta = eta + (q - 2) / 2
    for k in range(1, q):
        radius2 = rng.beta(k / 2, beta, size)
        direction = rng.standard_normal((size, k))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        L[:, k, :k] = np.sqrt(radius2)[:, None] * direction
        L[:, k, k] = np.sqrt(1 - radius2)
        beta -= 0.5
    return L


def _group(
    spec: ModelSpec, group: GroupSpec, draws: int, rng: np.random.Generator
) -> dict[str, tuple[tuple[str, ...], Floats]]:
    q = len(group.terms)
    sd = np.column_stack([_draw(prior, draws, rng) for prior in spec.sd_priors(group)])
    T = np.broadcast_to(np.eye(q), (draws, q, q))
    found: dict[str, tuple[tuple[str, ...], Floats]] = {}
    if group.has_correlations:
        T = correlation_factors(q, spec.prior("cor", group.name).parameters[0], draws, rng)
        dims = names.group_term(group.name), names.group_term_bis(group.name)
        found[names.cor(group.name)] = (dims, T @ T.swapaxes(-1, -2))
    z = rng.standard_normal((draws, group.n_groups, q))
    u = np.einsum("dij,dgj->dgi", sd[..., None] * T, z)
    at = 0
    for part in group.parts or (group,):
        own = slice(at, at + len(part.terms))
        term = names.group_term(part.name)
        found[names.sd(part.name)] = ((term,), sd[:, own])
        found[names.u(part.name)] = ((names.group_dim(part.name), term), u[..., own])
        at += len(part.terms)
    return found


def labels_of(spec: ModelSpec, design: Design, variables: Any) -> dict[str, list[str]]:
    """Coordinates of the dims of variables that are named as in a posterior."""
    labels: dict[str, list[str]] = {}
    for predictor in spec.linear:
        labels[names.within(predictor.name, names.TERM)] = list(predictor.terms)
    categories = design.response.categories if design.response.ordered else ()
    labels[names.CUTPOINT] = [names.cutpoint(*pair) for pair in pairwise(categories)]
    for group in (*design.all_groups, *design.sampled_groups):
        labels[names.group_dim(group.name)] = list(group.levels)
        labels[names.group_term(group.name)] = list(group.terms)
        labels[names.group_term_bis(group.name)] = list(group.terms)
    used = {dim for dims, _ in variables.values() for dim in dims}
    return {dim: values for dim, values in labels.items() if dim in used}
