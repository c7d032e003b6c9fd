"""A rough fit of a model, by least squares and EM: enough to choose coordinates, no part of a posterior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design, GroupDesign
from hierbayes.errors import DataError
from hierbayes.families import Family, Link, get_family, get_link
from hierbayes.families.base import CATEGORIES
from hierbayes.geometry.components import (
    SHORT,
    START,
    Components,
    cross_products,
    effects_by_em,
    estimate_components,
)
from hierbayes.spec import PRIORS
from hierbayes.spec.records import ModelSpec, Prior

type Floats = NDArray[np.float64]

SINGLE_STEP = (("gaussian", "identity"), *(("bernoulli", link) for link in get_family("bernoulli").links))
"""Families and links whose rows are well described by one Newton step from the base rate."""

ROUNDS, FIXED = 10, 3
"""Rounds of penalized quasi-likelihood, and the first of them, in which only effects move, not variances."""
IN_UNITS = ("identity", "inverse")
"""Links whose linear predictor is in units of the response."""
LARGEST_MOVE = 1.0
"""Of a row's linear predictor in a round, on other scales."""
TINY = 1e-10
"""Share of a precision that is added to what effects leave of it, which may be rounding errors alone."""
BASE_STEPS, BASE_TOLERANCE, LARGEST_STEP = 25, 1e-9, 3.0


@dataclass(frozen=True)
class Rough:
    """A Gaussian approximation of the rows, and rough estimates.

    Attributes
    ----------
    information : float
        Information of a row about its linear predictor; of row ``i``, ``information * weights[i]``.
    weights : float64 array, shape (n,), or None
        Relative information of the rows; None where all have the same.
    precision : float64 array, shape (p, p)
        Of the coefficients, without group effects.
    center : float64 array, shape (p,)
        The coefficients.
    components : mapping of str to Components
        Of each group term.
    residual_sd : float
        Sd of a row around its linear predictor, link scale.
    parameters : mapping of str to float, or to float64 array
        The family's own parameters; cutpoints at ``center``.
    residual : float64 array, shape (n,)
        Working responses less the population part.
    effects : mapping of str to float64 array, shape (n,)
        What the effects of each group term add to the rows; empty where one step was taken from the base
        rate.
    """

    information: float
    weights: Floats | None
    precision: Floats
    center: Floats
    components: Mapping[str, Components]
    residual_sd: float
    parameters: Mapping[str, Any]
    residual: Floats
    effects: Mapping[str, Floats] = field(default_factory=dict)


def rough_fit(spec: ModelSpec, design: Design, X: Floats, priors: Sequence[Prior]) -> Rough:
    """Estimate a model roughly.

    Parameters
    ----------
    spec, design : ModelSpec, Design
        The model.
    X : float64 array, shape (n, p)
        Population columns, centered.
    priors : sequence of Prior, length p
        Their priors.

    Raises
    ------
    DataError
        If columns are linear combinations of each other and their priors are flat.
    """
    single = (spec.family, spec.link) in SINGLE_STEP and not design.part
    fitter = _single_step if single else _quasi_likelihood
    return fitter(spec, design, X, priors)


def times(M: Floats, weights: Floats | None) -> Floats:
    """Rows of a matrix, shape (n, k), times their weights."""
    return M if weights is None else M * weights[:, None]


def base_rate(family: Family, link: Link, design: Design) -> float:
    """The intercept of a model without any other columns: the mean response, through the link, less offsets.

    With an offset, by Fisher scoring; where that would leave the family's domain, less the mean offset.
    """
    eta = float(link.link(np.array(family.typical_mean(design.y, design.row_data))))
    if design.offset is None:
        return eta
    weights = np.ones(design.n) if design.weights is None else design.weights
    base = eta - float(np.average(design.offset, weights=weights))
    lower, upper = family.domain(link)
    if link.name == "identity" or base + design.offset.min() <= lower or base + design.offset.max() >= upper:
        return base
    at = np.full(design.n, eta)
    rows: dict[str, Any] = {**design.row_data, **family.rough_parameters(design.y, at, link, design.row_data)}
    for _ in range(BASE_STEPS):
        at = base + design.offset
        score = float(family.score(design.y, at, rows, link).sum())
        step = float(np.clip(score / family.information(at, rows, link).sum(), -LARGEST_STEP, LARGEST_STEP))
        while base + step + design.offset.min() <= lower or base + step + design.offset.max() >= upper:
            step /= 2
        base += step
        if abs(step) < BASE_TOLERANCE:
            break
    return base


def _single_step(spec: ModelSpec, design: Design, X: Floats, priors: Sequence[Prior]) -> Rough:
    """One Newton step from the base rate (McCullagh and Nelder 1989, section 2.5), each group term alone."""
    family, link = get_family(spec.family), get_link(spec.family, spec.link)
    base = float(design.y.mean())
    offset = np.zeros(1) if design.offset is None else design.offset
    eta = np.array([float(link.link(np.array(base)))])
    if not family.is_flat(link) and design.offset is not None:
        eta = base_rate(family, link, design) + design.offset
    spread = {name: float(design.y.std()) or 1.0 for name in family.parameters}
    each = family.information(eta, spread, link)
    each = each if each.any() else np.ones_like(each)  # offsets may leave no row any information
    working = eta + (design.y - link.inverse(eta)) / link.derivative(eta) - offset
    information, weights = float(each[0]), None
    if len(each) > 1 or design.weights is not None:
        each = each * (1.0 if design.weights is None else design.weights)
        information, weights = float(each.mean()), each / each.mean()
    precision, center = single_level_posterior(X, priors, (information, weights), working)
    residual = working - X @ center
    free = partial(estimate_components, estimate_scale=family.is_flat(link), weights=weights)
    found = {group.name: free(group, residual, information) for group in design.groups}
    residual_sd = min([float(residual.std()), *(rough.information**-0.5 for rough in found.values())])
    parameters = dict.fromkeys(family.parameters, residual_sd)
    return Rough(information, weights, precision, center, found, residual_sd, parameters, residual)


def _quasi_likelihood(spec: ModelSpec, design: Design, X: Floats, priors: Sequence[Prior]) -> Rough:
    """Penalized quasi-likelihood, group terms in turn; each round a step of least squares and steps of EM.

    References
    ----------
    Breslow, N. E. and Clayton, D. G. (1993). Approximate inference in generalized linear mixed models.
    Journal of the American Statistical Association 88, 9-25.
    """
    family, link = get_family(spec.family), get_link(spec.family, spec.link)
    offset = np.zeros(design.n) if design.offset is None else design.offset
    eta = _first_predictor(family, link, design)
    parameters = _rough_parameters(spec, design, eta)
    effects = {group.name: np.zeros(design.n) for group in design.groups}
    S: dict[str, Floats] = {}
    units: dict[str, Floats] = {}
    center, precision = np.zeros(X.shape[1]), np.zeros((X.shape[1], X.shape[1]))
    W, residual = np.ones(design.n), np.zeros(design.n)
    for step in range(ROUNDS):
        rows: dict[str, Any] = {**design.row_data, **parameters}
        W = np.broadcast_to(family.step_weights(design.y, eta, rows, link), eta.shape)
        working = eta + family.score(design.y, eta, rows, link) / W - offset
        rest = working - sum(effects.values(), start=np.zeros(design.n))
        precision, center = single_level_posterior(X, priors, (1.0, W), rest)
        residual = working - X @ center
        for group in sorted(design.groups, key=lambda group: group.n_groups):  # coarse factors first
            others = sum((u for k, u in effects.items() if k != group.name), start=np.zeros(design.n))
            if group.name not in S:
                units[group.name] = row_unit(group.Z[group.own], W[group.own], link)
                S[group.name] = np.diag((START * units[group.name]) ** 2)
            center = beside_effects((X, priors), W, working - others, (group, np.linalg.inv(S[group.name])))
            residual = working - X @ center
            steps = 0 if step < FIXED else SHORT
            S[group.name], u = effects_by_em(group, residual - others, W, S[group.name], steps=steps)
            effects[group.name] = u
        eta = moved(link, eta, X @ center + sum(effects.values(), start=offset))
        eta = within(family.domain(link), eta)
        parameters = _rough_parameters(spec, design, eta)
    found = {name: Components.floored(np.sqrt(np.diag(S[name])), START * units[name]) for name in S}
    residual_sd = float(np.mean(W) ** -0.5)
    return Rough(1.0, W, precision, center, found, residual_sd, parameters, residual, effects)


def _first_predictor(family: Family, link: Link, design: Design) -> Floats:
    """Linear predictor of each row from which iterations start, shape (n,)."""
    offset = np.zeros(design.n) if design.offset is None else design.offset
    if family.ordered:  # cutpoints take the place of a base rate
        return offset
    eta = within(family.domain(link), base_rate(family, link, design) + offset)
    return link.link(family.first_means(design.y, link.inverse(eta), design.row_data))


def _rows(design: Design) -> dict[str, Any]:
    """What a family reads of the rows, and the number of its categories, of which some may not occur."""
    categories = design.response.categories
    return {**design.row_data, **({CATEGORIES: len(categories)} if categories else {})}


def within(domain: tuple[float, float], eta: Floats) -> Floats:
    """Linear predictors, those at or beyond an end of the domain moved a little inside."""
    lower, upper = domain
    room = 1e-3 * max(1.0, float(np.abs(eta).mean()))
    return np.clip(eta, lower + room, upper - room)


def moved(link: Link, eta: Floats, to: Floats) -> Floats:
    """Linear predictors a round later: on scales without a unit, where counts grow by e for 1, no leaps."""
    if link.name in IN_UNITS:
        return to
    return eta + np.clip(to - eta, -LARGEST_MOVE, LARGEST_MOVE)


def _rough_parameters(spec: ModelSpec, design: Design, eta: Floats) -> dict[str, Any]:
    """Rough estimates of the parameters, at a linear predictor; without ``sigma`` where errors are known."""
    family, link = get_family(spec.family), get_link(spec.family, spec.link)
    found = family.rough_parameters(design.y, eta, link, _rows(design))
    known = set(family.parameters) - set(spec.parameters)
    return {name: value for name, value in found.items() if name not in known}


def row_unit(Z: Floats, W: Floats, link: Link) -> Floats:
    """Sd of a typical row on the link scale, per sd of each column; at most 1 on scales without a unit.

    Rows without information do not count; where all are so, it is 1.
    """
    spread = Z.std(axis=0)
    W = W[W > 0] if np.any(W > 0) else np.ones(1)
    most = np.inf if link.name in IN_UNITS else 1.0
    return np.asarray(min(most, float(np.median(W)) ** -0.5) / np.where(spread > 0, spread, 1.0))


def single_level_posterior(
    X: Floats, priors: Sequence[Prior], rows: tuple[float, Floats | None], working: Floats
) -> tuple[Floats, Floats]:
    """Precision and mean of the coefficients without group effects, in the Gaussian approximation."""
    information, weights = rows
    prior_precision, prior_mean = _prior_moments(priors)
    WX = times(X, weights)
    precision = information * (WX.T @ X) + np.diag(prior_precision)
    try:
        np.linalg.cholesky(precision)
    except np.linalg.LinAlgError:
        if any(prior.distribution == "flat" for prior in priors):
            raise DataError(
                "The population columns are linear combinations of each other and their priors are flat: "
                "the posterior is improper. Drop a column, or give the coefficients a proper prior, such as "
                "b = 'normal(0, 10)'."
            ) from None
        # Wide priors beside rows of great information get lost in rounding, not so in least squares.
        roots = np.sqrt(information * (1.0 if weights is None else weights)), np.sqrt(prior_precision)
        stacked = np.vstack([X * np.reshape(roots[0], (-1, 1)), np.diag(roots[1])])
        center = np.linalg.lstsq(stacked, np.append(working * roots[0], prior_mean * roots[1]))[0]
        return precision + TINY * np.diag(np.diag(precision)), center
    score = information * (WX.T @ working) + prior_precision * prior_mean
    return precision, np.linalg.solve(precision, score)


def beside_effects(
    columns: tuple[Floats, Sequence[Prior]], W: Floats, rest: Floats, effects: tuple[GroupDesign, Floats]
) -> Floats:
    """Coefficients at the mode that they and the effects of one group term have together.

    Solved for in turn, the two would follow each other slowly where one group has most of the information.

    Parameters
    ----------
    columns : (float64 array, shape (n, p), sequence of Prior)
        Population columns, and the priors of their coefficients.
    W : float64 array, shape (n,)
        Information of each row.
    rest : float64 array, shape (n,)
        Working responses less all else.
    effects : (GroupDesign, float64 array, shape (q, q))
        The group term, and the inverse covariance of its effects.

    References
    ----------
    Henderson, C. R. (1975). Best linear unbiased estimation and prediction under a selection model.
    Biometrics 31, 423-447 (mixed model equations, the effects taken out).
    """
    (X, priors), (group, inverse) = columns, effects
    prior_precision, prior_mean = _prior_moments(priors)
    cross = cross_products(X * W[:, None], group)
    gain = np.linalg.solve(cross_products(group.Z * W[:, None], group) + inverse, cross)
    score = cross_products((rest * W)[:, None], group)[:, :, 0]
    precision = (X * W[:, None]).T @ X + np.diag(prior_precision) - np.einsum("jqp,jqk->pk", cross, gain)
    total = X.T @ (W * rest) + prior_precision * prior_mean - np.einsum("jqp,jq->p", gain, score)
    return np.linalg.solve(precision + TINY * np.diag(np.diag(X.T @ (X * W[:, None]))), total)


def _prior_moments(priors: Sequence[Prior]) -> tuple[Floats, Floats]:
    """Precision and location of each prior; zeros for flat ones and for those with bounds."""
    precision, mean = np.zeros(len(priors)), np.zeros(len(priors))
    for k, prior in enumerate(priors):
        row = PRIORS[prior.distribution]
        if row.support == "real":
            values = dict(zip(row.parameters, prior.parameters, strict=True))
            precision[k], mean[k] = values["sigma"] ** -2, values["mu"]
    return precision, mean
