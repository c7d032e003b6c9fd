"""A normal approximation of the rows where coefficients and effects are likely; sds as guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design, GroupDesign
from hierbayes.families import Family, Link, get_family, get_link
from hierbayes.geometry.components import Components, cross_products
from hierbayes.geometry.rough import IN_UNITS, Rough, beside_effects, moved, single_level_posterior, within
from hierbayes.spec.records import ModelSpec, Prior

type Floats = NDArray[np.float64]

NODES = 5  # of Gauss-Hermite quadrature

SWEEPS, MOST = 12, 36
"""Rounds in which coefficients and the effects of each group term are solved for in turn, and at most."""

LEAST_SHARE = 0.01
"""Of the information that is expected of a row, the least that its curvature is taken to be."""

SETTLED = 0.03
"""Change of a linear predictor in a round, in units of its scale, from which no further ones are made."""


@dataclass(frozen=True)
class Mode:
    """The rows as normal observations ``working ~ N(X theta + Z u, 1 / W)``, and where they lead.

    Attributes
    ----------
    W : float64 array, shape (n,)
        Curvature of each row in its linear predictor.
    information : float64 array, shape (n,)
        The same as it is expected, whatever the response.
    working : float64 array, shape (n,)
        Working response, offsets taken out, link scale.
    center : float64 array, shape (p,)
        The coefficients.
    precision : float64 array, shape (p, p)
        Of the coefficients, without group effects.
    effects : mapping of str to float64 array, shape (n_groups, q)
        Of each group term.
    """

    W: Floats
    information: Floats
    working: Floats
    center: Floats
    precision: Floats
    effects: Mapping[str, Floats]

    def rest(self, design: Design, X: Floats, others: Sequence[GroupDesign]) -> Floats:
        """The working response less coefficients and the effects of ``others``, shape (n,)."""
        rest = self.working - X @ self.center
        for group in others:
            rest = rest - row_effects(group, self.effects[group.name])
        return rest


def row_effects(group: GroupDesign, u: Floats) -> Floats:
    """What effects ``u``, shape (n_groups, q), add to each row; 0 in rows outside of all groups."""
    return np.where(group.own, (group.Z * u[group.codes]).sum(axis=1), 0.0)


def find_mode(spec: ModelSpec, design: Design, X: Floats, priors: Sequence[Prior], *, fit: Rough) -> Mode:
    """Newton steps from a rough fit, group terms in turn, each together with the coefficients.

    Curvature and score are averaged over what is not known of the effects: the mean of a skewed density,
    and the curvature around it, serve better than those at its peak.

    Parameters
    ----------
    spec, design : ModelSpec, Design
        The model.
    X : float64 array, shape (n, p)
        Population columns, centered.
    priors : sequence of Prior, length p
        Their priors.
    fit : Rough
        Standard deviations of the effects and the family's parameters, which stay; coefficients and effects
        to start from.

    References
    ----------
    Opper, M. and Archambeau, C. (2009). The variational Gaussian approximation revisited. Neural Computation
    21, 786-792, equations 7 and 8.
    """
    family, link = get_family(spec.family), get_link(spec.family, spec.link)
    offset = np.zeros(design.n) if design.offset is None else design.offset
    rows: dict[str, Any] = {**design.row_data, **fit.parameters}
    # From the coefficients alone the first step may leave for regions where nothing can be computed.
    parts = {group.name: fit.effects.get(group.name, np.zeros(design.n)) for group in design.groups}
    effects = {group.name: np.zeros((group.n_groups, group.Z.shape[1])) for group in design.groups}
    center, precision = fit.center, fit.precision
    variance, eta = np.zeros(design.n), X @ center + sum(parts.values(), start=offset)
    # With one factor nothing hangs on where the effects of normal rows are, and there may be many rows.
    normal = _are_normal(spec, design)
    once = normal and len(design.groups) == 1
    W = information = np.ones(design.n)
    for sweep in range(1 if once else SWEEPS if normal else MOST):
        to = X @ center + sum(parts.values(), start=offset)
        unit = np.median(W) ** -0.5 if link.name in IN_UNITS else 1.0
        if sweep >= SWEEPS and np.abs(to - eta).max() < SETTLED * unit:
            break
        eta = moved(link, eta, to)
        sd = np.zeros(design.n) if normal else np.sqrt(variance)
        W, information, score = _averaged((family, link), design.y, rows, (eta, sd))
        working = eta - offset + np.divide(score, W, out=np.zeros_like(score), where=W > 0)
        # Variances and means may chase each other: those that have not met by now go halfway.
        variance = variance / 2 if sweep >= SWEEPS else np.zeros(design.n)
        precision, center = single_level_posterior(
            X, priors, (1.0, W), working - sum(parts.values(), start=np.zeros(design.n))
        )
        for group in sorted(design.groups, key=lambda group: group.n_groups):
            others = sum((u for k, u in parts.items() if k != group.name), start=np.zeros(design.n))
            prior = np.diag(_wide(fit.components[group.name]) ** -2)
            if not once:
                center = beside_effects((X, priors), W, working - others, (group, prior))
            others = others + X @ center
            A = cross_products(group.Z * W[:, None], group) + prior
            score = cross_products(((working - others) * W)[:, None], group)
            effects[group.name] = np.linalg.solve(A, score)[:, :, 0]
            variance += _row_variances(group, np.linalg.inv(A)) / (2 if sweep >= SWEEPS else 1)
            parts[group.name] = row_effects(group, effects[group.name])
    return Mode(W, information, working, center, precision, effects)


def _averaged(
    kind: tuple[Family, Link], y: Floats, rows: dict[str, Any], normal: tuple[Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """Curvature, expected information and score, averaged over a normal linear predictor (mean, sd).

    The curvature is ``-E[score'] = -E[z score] / sd`` of the standard normal ``z``, but no less than a share
    of the expected information, and that where the linear predictor is one number.
    """
    (family, link), (eta, sd) = kind, normal
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    steps, information, score, slope = (np.zeros_like(eta) for _ in range(4))
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        at = within(family.domain(link), eta + node * sd)
        here = family.score(y, at, rows, link)
        steps += weight * family.step_weights(y, at, rows, link)
        information += weight * family.information(at, rows, link)
        score += weight * here
        slope += weight * node * here
    curvature = np.divide(-slope, sd, out=steps.copy(), where=sd > 0)
    return np.maximum(curvature, LEAST_SHARE * steps), information, score


def _row_variances(group: GroupDesign, covariance: Floats) -> Floats:
    """Variance of what effects of these covariances, shape (n_groups, q, q), add to each row."""
    found = np.einsum("nq,nqk,nk->n", group.Z, covariance[group.codes], group.Z)
    return np.where(group.own, found, 0.0)


def _wide(rough: Components) -> Floats:
    """Standard deviations, none below its first guess: those are where the approximation must hold, too."""
    return np.maximum(rough.sd, rough.start)


def _are_normal(spec: ModelSpec, design: Design) -> bool:
    """Whether the log density of every row is quadratic in its linear predictor."""
    family, link = get_family(spec.family), get_link(spec.family, spec.link)
    return family.is_linear(link) and not design.part


def stiffness(spec: ModelSpec, design: Design, X: Floats, fits: tuple[Rough, Mode]) -> float:
    """How much more curved than at its mode the density of a group's effect becomes within two of its sds.

    The step size of NUTS is a compromise between the two places. 1 for Gaussian rows, below 2 where groups
    have rows of either kind, more where a binary response is constant in many groups.

    Parameters
    ----------
    spec, design, X
        As of ``find_mode``.
    fits : (Rough, Mode)
        Rough estimates, and the mode.

    Returns
    -------
    float
        The largest ratio of curvatures, prior included, over all effects.
    """
    if _are_normal(spec, design):
        return 1.0
    fit, at = fits
    family, link = get_family(spec.family), get_link(spec.family, spec.link)
    offset = np.zeros(design.n) if design.offset is None else design.offset
    rows: dict[str, Any] = {**design.row_data, **fit.parameters}
    eta = offset + X @ at.center
    eta = eta + sum((row_effects(g, at.effects[g.name]) for g in design.groups), start=np.zeros(design.n))
    largest = 1.0
    for group in design.groups:
        prior = _wide(fit.components[group.name]) ** -2
        here = np.diagonal(cross_products(group.Z * at.information[:, None], group), axis1=1, axis2=2) + prior
        for k, sign in np.ndindex(len(prior), 2):
            away = np.zeros_like(here)
            away[:, k] = (2 - 4 * sign) / np.sqrt(here[:, k])
            moved = within(family.domain(link), eta + row_effects(group, away))
            W = np.broadcast_to(family.information(moved, rows, link), eta.shape)
            there = cross_products(group.Z[:, [k]] ** 2 * W[:, None], _intercepts(group))[:, 0, 0] + prior[k]
            largest = max(largest, float((there / here[:, k]).max()))
    return largest


def _intercepts(group: GroupDesign) -> GroupDesign:
    return replace(group, Z=np.ones((len(group.codes), 1)))


def weights_given_parts(
    design: Design, group: GroupDesign, W: Floats, components: Mapping[str, Components]
) -> Floats:
    """Weights of the rows for one group term, the effects of the factors nested in it integrated out.

    With ``v`` the variance of a row's effect of a nested factor, the rows of one of its groups share the
    information ``sum W / (1 + sum W v)`` about the coarser effect: exact for intercepts. The finest factor
    comes first.

    Parameters
    ----------
    design : Design
        The arrays.
    group : GroupDesign
        The group term.
    W : float64 array, shape (n,)
        Information of each row about its linear predictor.
    components : mapping of str to Components
        Rough estimates for each group term.

    Returns
    -------
    float64 array, shape (n,)
        ``W`` itself where no factor is nested in this one.
    """
    for part in sorted(design.groups, key=lambda other: -other.n_groups):
        if part.n_groups <= group.n_groups or not is_nested(part, group):
            continue
        variance = (part.Z**2) @ components[part.name].sd ** 2
        own = part.own
        load = np.bincount(part.codes[own], (W * variance)[own], part.n_groups)
        W = np.where(own, W / (1 + load[part.codes]), W)
    return W


def is_nested(part: GroupDesign, group: GroupDesign) -> bool:
    """Whether every group of ``part`` lies within one of ``group``."""
    parent = np.full(part.n_groups + 1, -1)
    parent[part.codes] = group.codes
    return bool((parent[part.codes] == group.codes)[part.own].all())
