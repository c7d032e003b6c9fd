"""Linear predictors, expected responses and replicated data for the observed rows."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.errors import UnknownNameError
from hierbayes.families import LINKS, get_family, get_link
from hierbayes.fitted.record import Fit


def thin(dataset: xr.Dataset, draws: int | None) -> xr.Dataset:
    """About ``draws`` posterior draws in all, evenly spaced over every chain; all when it is None."""
    if draws is None:
        return dataset
    per_chain = max(1, int(np.ceil(draws / dataset.sizes["chain"])))
    step = max(1, dataset.sizes["draw"] // per_chain)
    return dataset.isel(draw=slice(None, step * per_chain, step))


def family_parameters(fit: Fit, posterior: xr.Dataset) -> dict[str, ArrayLike]:
    """What a family's methods need besides the linear predictor of the observed rows.

    Returns
    -------
    dict of str to float64 array
        Family parameters, shape (chain, draw, 1), or (chain, draw, n) where they have a linear predictor of
        their own; cutpoints, shape (chain, draw, 1, K - 1); what the rows carry, shape (n,), by the names of
        ``Design.row_data``.
    """
    values: dict[str, ArrayLike] = {name: posterior[name].to_numpy()[..., None] for name in fit.spec.scalars}
    for predictor in fit.spec.predictors:
        values[predictor.name] = LINKS[predictor.link].inverse(_predicted(fit, posterior, predictor.name))
    parameters = {**get_family(fit.spec.family).arrange({name: values[name] for name in fit.spec.parameters})}
    if fit.spec.cutpoints:
        cutpoints = posterior[names.CUTPOINTS].transpose("chain", "draw", ...).to_numpy()
        parameters[names.CUTPOINTS] = cutpoints[:, :, None]
    return {**parameters, **fit.design.row_data}


def linpred(fit: Fit, draws: int | None = None, *, predictor: str = "") -> xr.DataArray:
    """Linear predictor of each observed row, group effects included.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    draws : int, optional
        About how many posterior draws to use, evenly spaced; all by default.
    predictor : str
        The parameter of the family whose linear predictor to give, ``"sigma"``, or the category; the main one
        by default.

    Returns
    -------
    DataArray, dims (chain, draw, obs)
        On the link scale; of sigma the logarithm.

    Raises
    ------
    UnknownNameError
        If the model has no such linear predictor.
    """
    posterior = thin(fit.posterior, draws)
    eta = _predicted(fit, posterior, predictor_name(fit, predictor))
    coords = {"chain": posterior["chain"], "draw": posterior["draw"], names.OBS: np.asarray(fit.design.rows)}
    return xr.DataArray(eta, dims=("chain", "draw", names.OBS), coords=coords, name="linpred")


def predictor_name(fit: Fit, given: str) -> str:
    """The name of the linear predictor that is called so, by its name or its label.

    Raises
    ------
    UnknownNameError
        If the model has no such linear predictor.
    """
    known = {key: p.name for p in fit.spec.linear for key in (p.label, p.name)}
    if given not in known:
        raise UnknownNameError("linear predictor", given, [key for key in known if key])
    return known[given]


def _predicted(fit: Fit, posterior: xr.Dataset, name: str) -> NDArray[np.float64]:
    """A linear predictor of the observed rows, shape (chain, draw, n)."""
    (predictor,) = (p for p in fit.design.linear if p.name == name)
    eta = np.zeros((posterior.sizes["chain"], posterior.sizes["draw"], fit.design.n))
    if predictor.terms:
        b = posterior[names.of(names.B, name)].transpose("chain", "draw", names.within(name, names.TERM))
        eta += b.to_numpy() @ predictor.X.T
    for group in predictor.groups:
        dims = ("chain", "draw", names.group_dim(group.name), names.group_term(group.name))
        u = posterior[names.u(group.name)].transpose(*dims).to_numpy()
        for k in range(group.Z.shape[1]):
            eta += u[..., k][..., group.codes] * group.Z[:, k]
    if predictor.offset is not None:
        eta += predictor.offset
    return eta


def epred(fit: Fit, draws: int | None = None) -> xr.DataArray:
    """Expected response of each observed row, for its own groups.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    draws : int, optional
        About how many posterior draws to use, evenly spaced; all by default.

    Returns
    -------
    DataArray, dims (chain, draw, obs)
        On the response scale: units of the response, counts (zeros in excess included), or probabilities; of
        a binomial response the expected number of successes in the row's trials. Of a Student response the
        location, which is its mean where ``nu > 1``. Of a response of categories the probability of each,
        dims (chain, draw, obs, category). Of a censored response the mean of the response itself, whether or
        not it could be observed; of a truncated one the mean between its bounds.
    """
    eta = linpred(fit, draws)
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    parameters = family_parameters(fit, thin(fit.posterior, draws))
    categories = fit.design.response.categories
    if categories:
        shares = family.probabilities(eta.to_numpy(), link, parameters)
        coords = {**eta.coords, names.CATEGORY: list(categories)}
        return xr.DataArray(shares, dims=(*eta.dims, names.CATEGORY), coords=coords, name="epred")
    expected = np.broadcast_to(family.mean(eta.to_numpy(), link, parameters), eta.shape)
    return eta.copy(data=expected).rename("epred")


def middle_cut(fit: Fit) -> int:
    """Position of the cutpoint that divides the rows of an ordered response most evenly."""
    cuts = np.arange(len(fit.spec.cutpoints))
    shares = (fit.design.y[:, None] > cuts).mean(axis=0)
    return int(np.abs(shares - 0.5).argmin())


def exceedance(fit: Fit, cut: int, draws: int | None = None) -> xr.DataArray:
    """Probability that an ordered response lies above a cutpoint, of each observed row.

    Parameters
    ----------
    fit : Fit
        A fit of ordered categories.
    cut : int
        Position of the cutpoint, the lowest is 0.
    draws : int, optional
        About how many posterior draws to use, evenly spaced; all by default.

    Returns
    -------
    DataArray, dims (chain, draw, obs)
    """
    probabilities = epred(fit, draws)
    return probabilities.isel({names.CATEGORY: slice(cut + 1, None)}).sum(names.CATEGORY)


def posterior_predictive(fit: Fit, draws: int | None = 200, seed: int = 0) -> xr.DataArray:
    """Replicated responses for the observed rows and groups.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    draws : int, optional
        About how many replicated data sets to make, from evenly spaced posterior draws; None makes one
        per draw.
    seed : int
        Seed of the replications.

    Returns
    -------
    DataArray, dims (chain, draw, obs)
        On the response scale; of a binomial response, numbers of successes in the row's trials; of categories
        their positions, the lowest or the reference 0. Truncated responses are drawn between their bounds; of
        censored rows the response itself is drawn, not where it would have been censored (``as_recorded``
        does that).
    """
    eta = linpred(fit, draws)
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    posterior = thin(fit.posterior, draws)
    parameters = family_parameters(fit, posterior)
    replicated = family.draw(eta.to_numpy(), parameters, link, np.random.default_rng(seed))
    return eta.copy(data=np.asarray(replicated, dtype=float)).rename("y")


def recorded(design: Design) -> NDArray[np.float64]:
    """The responses as they are shown, shape (n,): censored at their limits, or the middle of an interval."""
    if "low" not in design.part:
        return design.y
    low, high = design.part["low"], design.part["high"]
    between = np.isfinite(low) & np.isfinite(high)
    return np.where(between, (low + high) / 2, design.y)


def as_recorded(design: Design, replicated: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replicated responses as they would have been recorded: censored at the limits that are known.

    Parameters
    ----------
    design : Design
        The observed rows.
    replicated : float64 array, shape (..., n)
        Responses of the same rows.

    Returns
    -------
    float64 array, shape (..., n)
        A censored row is censored at its own limit. The limits of other rows are not known, unless all
        censored rows share one and no response lies beyond it: then it is every row's.
    """
    if "low" not in design.part:
        return replicated
    y, low, high = design.y, design.part["low"], design.part["high"]
    left, right = np.isneginf(low), np.isposinf(high)
    lower, upper = np.where(left, y, -np.inf), np.where(right, y, np.inf)
    if left.any() and np.ptp(y[left]) == 0 and y[left][0] <= y.min():
        lower = np.full(design.n, y[left][0])
    if right.any() and np.ptp(y[right]) == 0 and y[right][0] >= y.max():
        upper = np.full(design.n, y[right][0])
    return np.clip(replicated, lower, upper)
