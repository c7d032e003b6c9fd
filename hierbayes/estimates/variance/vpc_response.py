"""Shares of the variance of the response itself that lie between groups, draw by draw."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import GroupDesign
from hierbayes.errors import DataError
from hierbayes.estimates.variance.level1 import center
from hierbayes.estimates.variance.profiles import POINT, Profiles
from hierbayes.estimates.variance.response_scale import (
    Moments,
    OfFamily,
    Trial,
    integrated_shares,
    linearised_shares,
    pooled_shares,
    representatives,
)
from hierbayes.families import LINKS, get_family, get_link
from hierbayes.fitted.record import Fit

LINEARISED, SIMULATION, LINEAR, EXACT = "linearised", "simulation", "linear", "exact"
TRIALS = ("bernoulli", "binomial", "beta_binomial")
MOMENTS_OF_LINKS = ("logit", "probit", "cloglog", "cauchit", "sqrt", "log")
"""Links with which a normal linear predictor gives a mean that can be, and that has moments."""

type Where = tuple[NDArray[np.bool_], Profiles]
type Shares = dict[str, xr.DataArray]


def response_methods(fit: Fit) -> tuple[str, ...]:
    """The definitions of a share of the variance of the response itself that a fit has."""
    family, link = fit.spec.family, fit.spec.link
    if family in TRIALS or fit.spec.cutpoints:
        if link == "log":
            return (LINEARISED,)
        intercepts = all(g.terms == (names.INTERCEPT,) for g in fit.spec.groups)
        one = len(fit.spec.groups) == 1 and intercepts
        return (LINEARISED, SIMULATION, *((LINEAR,) if one else ()))
    if family in ("student", "categorical") or "se" in fit.design.part:
        return ()
    if family == "lognormal":
        return (EXACT,)
    if link not in MOMENTS_OF_LINKS or (family, link) == ("beta", "log"):
        return ()
    return (EXACT,)


def response_shares(fit: Fit, method: str, between: Mapping[str, xr.DataArray], where: Where) -> Shares:
    """Share of each group term in the variance of the response.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    method : str
        One of ``response_methods(fit)``.
    between : mapping of str to DataArray, dims (chain, draw, point)
        Variance between the groups of each term, link scale.
    where : (bool array, shape (n,), Profiles)
        The rows, and the values at which columns are held.

    Returns
    -------
    dict of str to DataArray, dims (chain, draw, point)
        Of ordered categories also (cutpoint). Those of method ``"linear"`` have no dim ``point``.
    """
    if method == LINEAR:
        return _linear(fit, between, where)
    eta = center(fit, *where)
    if fit.spec.cutpoints:
        eta = eta - fit.posterior[names.CUTPOINTS]
    parameters = {} if is_trial(fit) else typical_parameters(fit, where)
    every = xr.broadcast(eta, *between.values(), *parameters.values())
    like, flat = every[0], [values.to_numpy().ravel() for values in every]
    variances = dict(zip(between, flat[1:], strict=False))
    moments = _moments(fit, dict(zip(parameters, flat[1 + len(between) :], strict=True)))
    if method == LINEARISED:
        shares = linearised_shares(moments, flat[0], variances)
    else:
        shares = integrated_shares(moments, flat[0], variances, nesting(fit.design.groups))
    return {name: like.copy(data=values.reshape(like.shape)) for name, values in shares.items()}


def nesting(groups: tuple[GroupDesign, ...]) -> dict[str, tuple[str, ...]]:
    """The group terms in which each is nested: whose groups are whole where its own are.

    Of two terms with the same groups the second is nested in the first.
    """
    found = {}
    for k, inner in enumerate(groups):
        outer = [
            other.name
            for j, other in enumerate(groups)
            if j != k and _is_within(inner, other) and (j < k or not _is_within(other, inner))
        ]
        found[inner.name] = tuple(outer)
    return found


def _is_within(inner: GroupDesign, outer: GroupDesign) -> bool:
    rows = inner.own & outer.own
    if not rows.any():
        return False
    pairs = np.unique(np.column_stack([inner.codes[rows], outer.codes[rows]]), axis=0)
    return len(pairs) == len(np.unique(pairs[:, 0]))


def typical_parameters(fit: Fit, where: Where) -> dict[str, xr.DataArray]:
    """The family's parameters, dims (chain, draw); with a formula of their own (chain, draw, point).

    The latter are those of a typical group at the mean of their columns.
    """
    rows, profiles = where
    found = {name: fit.posterior[name] for name in fit.spec.scalars}
    for k, predictor in enumerate(fit.spec.predictors):
        designs = [design.predictors[k] for design in profiles.designs]
        offset = [0.0 if d.offset is None else float(d.offset[rows].mean()) for d in designs]
        eta = xr.DataArray(offset, dims=POINT)
        if predictor.terms:
            dim = names.within(predictor.name, names.TERM)
            X = np.array([d.X[rows].mean(axis=0) for d in designs])
            x = xr.DataArray(X, dims=(POINT, dim), coords={dim: list(predictor.terms)})
            eta = eta + (fit.posterior[names.of(names.B, predictor.name)] * x).sum(dim)
        found[predictor.name] = eta.copy(data=LINKS[predictor.link].inverse(eta.to_numpy()))
    return found


def is_trial(fit: Fit) -> bool:
    """Whether a response, or being above a cutpoint, is a 0/1 outcome."""
    return fit.spec.family in TRIALS or bool(fit.spec.cutpoints)


def _moments(fit: Fit, parameters: Mapping[str, NDArray[np.float64]]) -> Moments:
    link = get_link(fit.spec.family, fit.spec.link)
    if is_trial(fit):
        return Trial(link, above=bool(fit.spec.cutpoints))
    return OfFamily(get_family(fit.spec.family), link, parameters)


def _linear(fit: Fit, between: Mapping[str, xr.DataArray], where: Where) -> Shares:
    ((name, variance),) = between.items()
    rows, _ = where
    X = fit.design.X[rows]
    offset = np.zeros(len(X)) if fit.design.offset is None else fit.design.offset[rows]
    sizes = [fit.posterior.sizes[dim] for dim in ("chain", "draw")]
    b = np.zeros((*sizes, 0))
    if fit.spec.terms:
        b = fit.posterior[names.B].transpose("chain", "draw", names.TERM).to_numpy()
    b = b.reshape(sizes[0] * sizes[1], X.shape[1])
    positions, weights = representatives(X, offset, X @ b.mean(axis=0) + offset)
    eta = b @ X[positions].T + offset[positions]
    spread = variance.isel({POINT: 0}, missing_dims="ignore").transpose("chain", "draw")
    flat, moments = spread.to_numpy().ravel(), _moments(fit, {})
    if not fit.spec.cutpoints:
        found = pooled_shares(moments, eta, weights, flat).reshape(spread.shape)
        return {name: spread.copy(data=found)}
    cuts = fit.posterior[names.CUTPOINTS].transpose("chain", "draw", names.CUTPOINT)
    each = cuts.to_numpy().reshape(-1, cuts.shape[-1])
    found = np.stack([pooled_shares(moments, eta - cut[:, None], weights, flat) for cut in each.T], axis=-1)
    return {name: cuts.copy(data=found.reshape(cuts.shape))}


def no_linear(fit: Fit, *, held: bool) -> DataError:
    """Why method ``"linear"`` is refused: columns are held, or there are several variances between groups."""
    others = " or ".join(repr(m) for m in ("latent", *response_methods(fit)) if m != LINEAR)
    if held:
        why = "is of all rows together, and `at` holds columns at values"
    else:
        why = f"has one variance, between the intercepts of one factor, and the model is {fit.spec.formula}"
    return DataError(f"The VPC of method 'linear' {why}. Ask for {others}.")
