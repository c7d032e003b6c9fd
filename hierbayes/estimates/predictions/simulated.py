"""New responses from parameters that are known: data whose truth one can look up afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.errors import DataError
from hierbayes.estimates.checks.prior import ModelLike, labels_of
from hierbayes.estimates.predictions.prediction import family_parameters, linear_predictors
from hierbayes.estimates.predictions.rows import OWN, Rows, population_effects
from hierbayes.estimates.predictions.stated import Stated, stated_values
from hierbayes.families import get_family, get_link
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import GroupSpec, ModelSpec

type Floats = NDArray[np.float64]
LARGEST_COUNT = 2.0**53  # beyond, doubles skip whole numbers
LARGEST = 1e100  # squares of such numbers are still finite
type Variables = dict[str, tuple[tuple[str, ...], Floats]]


@dataclass(frozen=True)
class Simulated:
    """Responses and what they were drawn from.

    Attributes
    ----------
    y : float64 array, shape (n,)
        On the model's scale: successes, 0 and 1, positions of categories.
    truth : Dataset
        Parameters and group effects under the names of a posterior, dims (chain, draw, ...) of size 1.
    """

    y: Floats
    truth: xr.Dataset


def simulate(
    model: ModelLike, params: Mapping[str, Any], *, seed: int | np.random.Generator | None = None
) -> pd.Series:
    """Draw new responses for the rows of a model from parameters that are given.

    Parameters
    ----------
    model : Model or Fit
        Its rows, columns and groups; its response and its priors are not used.
    params : mapping of str to float
        Keyed as priors are: ``"b[Intercept]"`` (at zero of all columns; ``"Intercept"`` is at their mean),
        ``"b[age]"``, ``"sd[school]"``, ``"sd[school][age]"``, ``"cor[school]"`` (a number, or a matrix where
        more than two effects correlate), ``"cutpoints"`` (in increasing order), ``"sigma"``, ... A key
        without coordinates, ``"b"`` or ``"sd"``, speaks for all that have no key of their own. Standard
        deviations are at least 0, coefficients on the link scale for the user's columns.
    seed : int or Generator, optional
        The same seed gives the same responses.

    Returns
    -------
    pandas.Series
        A value for each row that the model uses (``design.rows``), on the model's scale, as ``model.refit``
        takes it. ``attrs["truth"]`` has ``"params"`` and ``"effects"``: by group term and coefficient, the
        effect of each group that was drawn (``pandas.DataFrame(truth["effects"]["school"])``).

    Raises
    ------
    UnknownNameError
        If a key names no parameter of the model.
    DataError
        If a parameter has no value, or one that it cannot have; if there is no distribution at some row.

    Notes
    -----
    Group effects are drawn anew. Responses are drawn between the bounds of ``trunc()``, and never censored.

    Examples
    --------
    >>> import hierbayes as hb
    >>> model = hb.Model("normexam ~ standLRT + (1 | school)", hb.load_data("exam"))
    >>> truth = {"b[Intercept]": 0.0, "b[standLRT]": 0.5, "sd[school]": 0.3, "sigma": 0.8}
    >>> y = model.simulate(truth, seed=1)
    >>> len(y), sorted(y.attrs["truth"])
    (4059, ['effects', 'params'])
    """
    drawn = simulated(model, params, np.random.default_rng(seed))
    series = pd.Series(drawn.y, index=model.design.rows, name=model.design.response.name)
    series.attrs["truth"] = in_words(model.spec, drawn.truth, params)
    return series


def simulated(model: ModelLike, params: Mapping[str, Any], rng: np.random.Generator) -> Simulated:
    """Draw group effects and responses; see ``simulate``."""
    spec, design = model.spec, model.design
    truth = true_values(spec, design, stated_values(spec, params), rng)
    family, link = get_family(spec.family), get_link(spec.family, spec.link)
    fit = Fit(spec, design, xr.DataTree.from_dict({"posterior": truth}), {})
    etas = linear_predictors(Rows(fit, {g.name: OWN for g in spec.sampled_groups}), truth, rng)
    low, high = family.domain(link)
    outside = np.flatnonzero(~((etas[""] > low) & (etas[""] < high)))
    if outside.size:
        raise DataError(
            f"The linear predictor lies outside of {low:g} to {high:g} in {outside.size:,} of {design.n:,} "
            f"rows, at {etas[''].ravel()[outside[0]]:.4g} first, where the {family.name} family has no "
            f"distribution with the {link.name} link. Choose other coefficients, smaller standard "
            "deviations, or another link."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        drawn = family.draw(etas[""], family_parameters(fit, truth, etas), link, rng)
    y = np.asarray(drawn, dtype=float).reshape(design.n)
    largest = LARGEST_COUNT if family.response_kind == "count" else LARGEST
    odd = np.flatnonzero(~(np.abs(y) < largest))
    if odd.size:
        raise DataError(
            f"The response is beyond {largest:.3g} in {odd.size:,} of {design.n:,} rows, where the linear "
            f"predictor is {etas[''].ravel()[odd[0]]:.4g}, for one. Choose smaller coefficients or sds."
        )
    return Simulated(y, truth)


def true_values(spec: ModelSpec, design: Design, stated: Stated, rng: np.random.Generator) -> xr.Dataset:
    """Parameters as stated and effects of all groups drawn from them, under the names of a posterior."""
    variables: Variables = {}
    for predictor, arrays in zip(spec.linear, design.linear, strict=True):
        b = np.array([stated.b[predictor.name, term] for term in predictor.terms])
        if predictor.name in stated.at_means:
            k = predictor.terms.index(names.INTERCEPT)
            b[k] -= np.delete(b, k) @ np.delete(arrays.X.mean(axis=0), k)
        if predictor.terms:
            variables[names.of(names.B, predictor.name)] = ((names.within(predictor.name, names.TERM),), b)
    if spec.cutpoints:
        variables[names.CUTPOINTS] = ((names.CUTPOINT,), stated.cutpoints)
    variables |= {name: ((), np.array(stated.scalars[name])) for name in spec.scalars}
    for group in spec.sampled_groups:
        variables |= _spread(group, stated)
    truth = _dataset(spec, design, variables)
    for group in spec.sampled_groups:
        u = population_effects(truth, group, (1, 1, group.n_groups, len(group.terms)), rng)[0, 0]
        at = 0
        for part in group.parts or (group,):
            dims = names.group_dim(part.name), names.group_term(part.name)
            variables[names.u(part.name)] = (dims, u[:, at : at + len(part.terms)])
            at += len(part.terms)
    return _dataset(spec, design, variables)


def _spread(group: GroupSpec, stated: Stated) -> Variables:
    """Standard deviations and correlations of a group term as it is sampled."""
    found: Variables = {}
    for part in group.parts or (group,):
        sd = np.array([stated.sd[part.name, term] for term in part.terms])
        found[names.sd(part.name)] = ((names.group_term(part.name),), sd)
    if group.has_correlations:
        dims = names.group_term(group.name), names.group_term_bis(group.name)
        found[names.cor(group.name)] = (dims, stated.cor[group.name])
    return found


def _dataset(spec: ModelSpec, design: Design, variables: Variables) -> xr.Dataset:
    return xr.Dataset(
        {name: (("chain", "draw", *dims), values[None, None]) for name, (dims, values) in variables.items()},
        coords={"chain": [0], "draw": [0], **labels_of(spec, design, variables)},
    )


def in_words(spec: ModelSpec, truth: xr.Dataset, params: Mapping[str, Any]) -> dict[str, Any]:
    """The truth as plain numbers by name, for ``attrs``: ``params`` and ``effects``."""
    effects: dict[str, Any] = {}
    for group in spec.all_groups:
        u = truth[names.u(group.name)][0, 0]
        levels = [str(level) for level in u[names.group_dim(group.name)].to_numpy()]
        effects[group.name] = {
            term: dict(zip(levels, map(float, u.to_numpy()[:, k]), strict=True))
            for k, term in enumerate(group.terms)
        }
    return {"params": {key: _plain(value) for key, value in params.items()}, "effects": effects}


def _plain(value: Any) -> Any:
    values = np.asarray(value, dtype=float)
    return values.tolist()
