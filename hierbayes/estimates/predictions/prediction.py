"""Linear predictors, expected responses and replicated data: draws for observed or new rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from hierbayes import names
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.predictions.population import integrated, spread_of
from hierbayes.estimates.predictions.rows import AVERAGE, NEW, OWN, SAMPLE, Effects, Rows, effects_of, rows_of
from hierbayes.families import LINKS, get_family, get_link
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

DRAWS_AT_A_TIME = 64
"""Draws whose group effects are spread over the rows at a time."""


def thin(dataset: xr.Dataset, draws: int | None) -> xr.Dataset:
    """About ``draws`` posterior draws in all, evenly spaced over every chain; all when it is None."""
    if draws is None:
        return dataset
    per_chain = max(1, int(np.ceil(draws / dataset.sizes["chain"])))
    step = max(1, dataset.sizes["draw"] // per_chain)
    return dataset.isel(draw=slice(None, step * per_chain, step))


def family_parameters(
    fit: Fit, posterior: xr.Dataset, etas: Mapping[str, Floats] | None = None
) -> dict[str, ArrayLike]:
    """What a family's methods need besides the linear predictor of the rows.

    Parameters
    ----------
    fit : Fit
        With the design of the rows.
    posterior : Dataset
        The draws to use.
    etas : mapping of str to float64 array, shape (chain, draw, n), optional
        The further linear predictors, where they are at hand; else those of the rows' own groups.

    Returns
    -------
    dict of str to float64 array
        Family parameters, shape (chain, draw, 1), or (chain, draw, n) where they have a linear predictor of
        their own; cutpoints, shape (chain, draw, 1, K - 1); what the rows carry, shape (n,), by the names of
        ``Design.row_data``.
    """
    values: dict[str, ArrayLike] = {name: posterior[name].to_numpy()[..., None] for name in fit.spec.scalars}
    for predictor in fit.spec.predictors:
        eta = _own(fit, posterior, predictor.name) if etas is None else etas[predictor.name]
        values[predictor.name] = LINKS[predictor.link].inverse(eta)
    parameters = {**get_family(fit.spec.family).arrange({name: values[name] for name in fit.spec.parameters})}
    if fit.spec.cutpoints:
        cutpoints = posterior[names.CUTPOINTS].transpose("chain", "draw", ...).to_numpy()
        parameters[names.CUTPOINTS] = cutpoints[:, :, None]
    return {**parameters, **fit.design.row_data}


def linpred(
    fit: Fit,
    data: Any = None,
    draws: int | None = None,
    *,
    predictor: str = "",
    groups: str | None = None,
    new_groups: str = SAMPLE,
    seed: int = 0,
) -> xr.DataArray:
    """Linear predictor of each row (brms's ``posterior_linpred``).

    Parameters
    ----------
    fit : Fit
        The fitted model.
    data : frame or mapping, optional
        Rows to predict, with the columns of the formula; the observed rows by default.
    draws : int, optional
        About how many posterior draws to use, evenly spaced; all by default.
    predictor : str
        The parameter of the family whose linear predictor to give, ``"sigma"``, or the category; the main one
        by default.
    groups, new_groups, seed
        As of ``predict``. Averaged over the population, group effects on the link scale are zero.

    Returns
    -------
    DataArray, dims (chain, draw, obs)
        On the link scale; of sigma the logarithm. ``attrs["estimand"]`` says whose.

    Raises
    ------
    UnknownNameError
        If the model has no such linear predictor, or there is no such value of ``groups``.

    Examples
    --------
    >>> fit.linpred().dims
    ('chain', 'draw', 'obs')
    """
    name = predictor_name(fit, predictor)
    rows, posterior = rows_of(fit, data, groups, new_groups), thin(fit.posterior, draws)
    effects = effects_of(rows, posterior, np.random.default_rng(seed))
    eta = _predicted(rows.fit, posterior, name, effects)
    return _labelled(rows, posterior, eta, "linpred")


def _labelled(rows: Rows, posterior: xr.Dataset, values: Floats, name: str) -> xr.DataArray:
    coords: dict[str, Any] = {
        "chain": posterior["chain"],
        "draw": posterior["draw"],
        names.OBS: np.asarray(rows.design.rows),
    }
    dims: tuple[str, ...] = ("chain", "draw", names.OBS)
    if values.ndim > len(dims):
        coords[names.CATEGORY] = list(rows.design.response.categories)
        dims = (*dims, names.CATEGORY)
    attrs = {"estimand": rows.estimand}
    return xr.DataArray(values, dims=dims, coords=coords, name=name, attrs=attrs)


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


def _own(fit: Fit, posterior: xr.Dataset, name: str) -> Floats:
    """A linear predictor of rows of groups that the model knows."""
    rows = Rows(fit, {group.name: OWN for group in fit.spec.sampled_groups})
    return _predicted(fit, posterior, name, effects_of(rows, posterior, np.random.default_rng(0)))


def _predicted(fit: Fit, posterior: xr.Dataset, name: str, effects: Mapping[str, Effects | None]) -> Floats:
    """A linear predictor of the rows, shape (chain, draw, n)."""
    (predictor,) = (p for p in fit.design.linear if p.name == name)
    eta = np.zeros((posterior.sizes["chain"], posterior.sizes["draw"], fit.design.n))
    if predictor.terms:
        b = posterior[names.of(names.B, name)].transpose("chain", "draw", names.within(name, names.TERM))
        eta += b.to_numpy() @ predictor.X.T
    for group in predictor.groups:
        drawn = effects[group.name]
        for k in range(0 if drawn is None else group.Z.shape[1]):
            assert drawn is not None
            _add_effects(eta, drawn.u[..., k], drawn.codes, group.Z[:, k])
    if predictor.offset is not None:
        eta += predictor.offset
    return eta


def _add_effects(eta: Floats, u: Floats, codes: NDArray[np.integer], z: Floats) -> None:
    """Add ``u[codes] * z`` to the rows in place, some draws at a time, so that they stay in the cache."""
    into, effects = eta.reshape(-1, eta.shape[-1]), u.reshape(-1, u.shape[-1])
    for start in range(0, len(into), DRAWS_AT_A_TIME):
        draws = slice(start, start + DRAWS_AT_A_TIME)
        added = np.take(effects[draws], codes, axis=1)
        added *= z
        into[draws] += added


def linear_predictors(rows: Rows, posterior: xr.Dataset, rng: np.random.Generator) -> dict[str, Floats]:
    """All linear predictors of the rows, (chain, draw, n) each, without effects that are integrated out."""
    effects = effects_of(rows, posterior, rng)
    return {p.name: _predicted(rows.fit, posterior, p.name, effects) for p in rows.design.linear}


def epred(
    fit: Fit,
    data: Any = None,
    draws: int | None = None,
    *,
    groups: str | None = None,
    new_groups: str = SAMPLE,
    seed: int = 0,
) -> xr.DataArray:
    """Expected response of each row (brms's ``posterior_epred``).

    Parameters
    ----------
    fit : Fit
        The fitted model.
    data : frame or mapping, optional
        Rows to predict, with the columns of the formula; the observed rows, for their own groups, by default.
    draws : int, optional
        About how many posterior draws to use, evenly spaced; all by default.
    groups, new_groups, seed
        As of ``predict``.

    Returns
    -------
    DataArray, dims (chain, draw, obs)
        On the response scale: units of the response, counts (zeros in excess included), or probabilities; of
        a binomial response the expected number of successes in the row's trials (of new rows without a number
        of trials, in one). Of a Student response the location, which is its mean where ``nu > 1``. Of a
        response of categories the probability of each, dims (chain, draw, obs, category). Of a censored
        response the mean of the response itself, whether or not it could be observed; of a truncated one the
        mean between its bounds. ``attrs["estimand"]`` says whose.

    Raises
    ------
    DataError
        If groups are to be averaged over where that has no mean: with the inverse link, and lognormal
        responses whose sigma varies over groups.

    Examples
    --------
    >>> fit.epred().mean(("chain", "draw")).size
    4059
    """
    rows = rows_of(fit, data, groups, new_groups)
    posterior = thin(fit.posterior, draws)
    return expected(rows, posterior, np.random.default_rng(seed))


def expected(rows: Rows, posterior: xr.Dataset, rng: np.random.Generator) -> xr.DataArray:
    """Draws of the expected response of rows; see ``epred``."""
    etas, fit = linear_predictors(rows, posterior, rng), rows.fit
    spread = spread_of(rows, posterior) if rows.integrates and _bends(fit) else None

    def mean(at: Mapping[str, Floats]) -> Floats:
        return mean_response(fit, posterior, at)

    if spread is None:
        return _labelled(rows, posterior, mean(etas), "epred")
    if fit.spec.family == "lognormal" and "sigma" in spread.predictors:
        raise DataError(
            "The average over groups is infinite: the mean of a lognormal response grows with "
            "exp(sigma^2 / 2), and the logarithm of sigma is normal over groups. Say groups='typical' for a "
            "group whose effects are zero, or kind='link' for the mean of the logarithm."
        )
    if "inverse" in (fit.spec.link, *(p.link for p in fit.spec.predictors)):
        raise DataError(
            "The average over groups is not defined with the inverse link: where effects are normal, 1 / eta "
            "has no mean. Say groups='typical' for a group whose effects are zero, or 'own'."
        )
    return _labelled(rows, posterior, integrated(mean, etas, spread), "epred")


def _bends(fit: Fit) -> bool:
    """Whether effects with mean zero change the mean response: not where it is the linear predictor."""
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    return not family.is_mean(link) or "lb" in fit.design.part or bool(fit.design.response.categories)


def mean_response(fit: Fit, posterior: xr.Dataset, etas: Mapping[str, Floats]) -> Floats:
    """The expected response at linear predictors, (chain, draw, n) or (chain, draw, n, category)."""
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    parameters = family_parameters(fit, posterior, etas)
    shares = family.probabilities(etas[""], link, parameters) if fit.design.response.categories else None
    if shares is not None:
        return shares
    return np.broadcast_to(family.mean(etas[""], link, parameters), etas[""].shape)


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
    probabilities = epred(fit, draws=draws)
    return probabilities.isel({names.CATEGORY: slice(cut + 1, None)}).sum(names.CATEGORY)


def posterior_predictive(
    fit: Fit,
    data: Any = None,
    draws: int | None = 200,
    seed: int = 0,
    *,
    groups: str | None = None,
    new_groups: str = SAMPLE,
) -> xr.DataArray:
    """Replicated responses of rows.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    data : frame or mapping, optional
        Rows, with the columns of the formula; the observed rows and groups by default.
    draws : int, optional
        About how many replicated data sets to make, from evenly spaced posterior draws; None makes one
        per draw.
    seed : int
        Seed of the replications.
    groups, new_groups
        As of ``predict``. Averaging over the population is drawing a new group for each row.

    Returns
    -------
    DataArray, dims (chain, draw, obs)
        On the response scale; of a binomial response, numbers of successes in the row's trials; of categories
        their positions, the lowest or the reference 0. Truncated responses are drawn between their bounds; of
        censored rows the response itself is drawn, not where it would have been censored (``as_recorded``
        does that).

    Examples
    --------
    >>> fit.posterior_predictive(seed=1).dims
    ('chain', 'draw', 'obs')
    """
    rows = rows_of(fit, data, groups, new_groups)
    return replicated(rows, thin(fit.posterior, draws), np.random.default_rng(seed))


def replicated(rows: Rows, posterior: xr.Dataset, rng: np.random.Generator) -> xr.DataArray:
    """Draws of new responses of rows; see ``posterior_predictive``."""
    treatments = {name: NEW if how == AVERAGE else how for name, how in rows.treatments.items()}
    rows = replace(rows, treatments=treatments)
    etas, fit = linear_predictors(rows, posterior, rng), rows.fit
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    parameters = family_parameters(fit, posterior, etas)
    drawn = family.draw(etas[""], parameters, link, rng)
    return _labelled(rows, posterior, np.asarray(drawn, dtype=float), "y")
