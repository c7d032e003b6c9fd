"""Rough fits of all linear predictors of a model in turn; no part of a posterior.

The rows' information about a further predictor is taken to be one number, the mean square of its score, which
is the expected information where the model holds. Scores are central differences of ``Family.log_density``,
so that a family need not know which of its parameters are predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design
from hierbayes.families import LINKS, Link, get_family, get_link
from hierbayes.geometry.components import SHORT, START, Components, cross_products, effects_by_em
from hierbayes.geometry.modes import SWEEPS, Mode, find_mode, row_effects
from hierbayes.geometry.rough import (
    FIXED,
    LARGEST_MOVE,
    Rough,
    rough_fit,
    row_unit,
    single_level_posterior,
    within,
)
from hierbayes.spec.records import ModelSpec, Prior

type Floats = NDArray[np.float64]
type Columns = tuple[Floats, Sequence[Prior]]
"""Centered population columns of a linear predictor, (n, p), and the priors of their coefficients."""

ROUNDS = 8
STEP = 1e-4  # of a linear predictor: near the fourth root of the rounding error, best for central differences
LEAST_INFORMATION = 1e-3


def rough_fits(spec: ModelSpec, design: Design, columns: Sequence[Columns]) -> list[tuple[Rough, Mode]]:
    """A rough fit and a normal approximation of the rows for every linear predictor, the main one first.

    Parameters
    ----------
    spec, design : ModelSpec, Design
        The model.
    columns : sequence of (float64 array, sequence of Prior)
        Of each linear predictor.

    Raises
    ------
    DataError
        If columns are linear combinations of each other and their priors are flat.
    """
    view = design.of(design.linear[0])
    main = rough_fit(spec, view, *columns[0])
    if not spec.predictors:
        return [(main, find_mode(spec, view, *columns[0], fit=main))]
    family = get_family(spec.family)
    link = get_link(spec.family, spec.link)
    eta = within(family.domain(link), _fitted(view, columns[0][0], main))
    given = {**main.parameters, **family.rough_parameters(design.y, eta, link, design.row_data)}
    values: dict[str, Any] = dict(family.separate(given, spec.parameters))
    further = []
    for predictor, arrays, own in zip(spec.predictors, design.predictors, columns[1:], strict=True):
        transform = LINKS[predictor.link]
        base = float(np.mean(transform.link(values[predictor.name])))

        def score(at: Floats, name: str = predictor.name, inverse: Any = transform.inverse) -> Floats:
            densities = [
                family.log_density(
                    design.y,
                    eta,
                    {**family.arrange({**values, name: inverse(at + step)}), **design.row_data},
                    link,
                )
                for step in (STEP, -STEP)
            ]
            return (densities[0] - densities[1]) / (2 * STEP)

        fit, at, mode = _fit(design.of(arrays), own, base, (score, transform))
        values[predictor.name] = transform.inverse(at)
        further.append((fit, mode))
    if family.scale in values and np.ndim(values[family.scale]):
        relative = np.mean(values[family.scale] ** -2.0) * values[family.scale] ** 2
        weights = (1.0 if design.weights is None else design.weights) / relative
        main = rough_fit(spec, replace(view, weights=weights), *columns[0])
    everything: dict[str, Any] = {**main.parameters, **family.arrange(values)}
    main = replace(main, parameters=everything)
    return [(main, find_mode(spec, view, *columns[0], fit=main)), *further]


def _fitted(design: Design, X: Floats, fit: Rough) -> Floats:
    """The linear predictor of each row at a rough fit, shape (n,): group terms in turn, coarse ones first."""
    offset = np.zeros(design.n) if design.offset is None else design.offset
    eta, residual = offset + X @ fit.center, fit.residual
    W = fit.information * (np.ones(design.n) if fit.weights is None else fit.weights)
    for group in sorted(design.groups, key=lambda group: group.n_groups):
        S = np.diag(fit.components[group.name].sd ** 2)
        _, u = effects_by_em(group, residual, W, S, steps=0)
        eta, residual = eta + u, residual - u
    return eta


def _fit(
    design: Design, columns: Columns, base: float, score: tuple[Callable[[Floats], Floats], Link]
) -> tuple[Rough, Floats, Mode]:
    """A linear predictor by rounds of penalized quasi-likelihood, its value in each row, and the rows."""
    (X, priors), (derivative, link) = columns, score
    offset = np.zeros(design.n) if design.offset is None else design.offset
    eta = base + offset - offset.mean()
    effects = {group.name: np.zeros(design.n) for group in design.groups}
    S: dict[str, Floats] = {}
    units: dict[str, Floats] = {}
    precision, center, information = np.zeros((0, 0)), np.zeros(0), 1.0
    residual = np.zeros(design.n)
    for step in range(ROUNDS):
        slopes = derivative(eta)
        information = max(float(np.mean(slopes**2)), LEAST_INFORMATION)
        W = np.full(design.n, information)
        working = eta + slopes / information - offset
        rest = working - sum(effects.values(), start=np.zeros(design.n))
        precision, center = single_level_posterior(X, priors, (information, None), rest)
        residual = working - X @ center
        for group in sorted(design.groups, key=lambda group: group.n_groups):
            others = sum((u for k, u in effects.items() if k != group.name), start=np.zeros(design.n))
            if group.name not in S:
                units[group.name] = row_unit(group.Z[group.own], W[group.own], link)
                S[group.name] = np.diag((START * units[group.name]) ** 2)
            steps = 0 if step < FIXED else SHORT
            S[group.name], effects[group.name] = effects_by_em(
                group, residual - others, W, S[group.name], steps=steps
            )
        move = X @ center + sum(effects.values(), start=offset) - eta
        eta = eta + np.clip(move, -LARGEST_MOVE, LARGEST_MOVE)
    found = {
        name: Components.floored(np.sqrt(np.diag(S[name])), START * units[name], information) for name in S
    }
    fit = Rough(information, None, precision, center, found, information**-0.5, {}, residual)
    working = eta - offset + derivative(eta) / information
    return fit, eta, _mode(design, columns, fit, working)


def _mode(design: Design, columns: Columns, fit: Rough, working: Floats) -> Mode:
    """Coefficients and effects that rows of equal information lead to, solved for in turn."""
    X, priors = columns
    W = np.full(design.n, fit.information)
    effects = {group.name: np.zeros((group.n_groups, group.Z.shape[1])) for group in design.groups}
    parts = {group.name: np.zeros(design.n) for group in design.groups}
    precision, center = fit.precision, fit.center
    for _ in range(SWEEPS):
        rest = working - sum(parts.values(), start=np.zeros(design.n))
        precision, center = single_level_posterior(X, priors, (fit.information, None), rest)
        for group in sorted(design.groups, key=lambda group: group.n_groups):
            others = sum((u for k, u in parts.items() if k != group.name), start=X @ center)
            prior = np.diag(fit.components[group.name].sd ** -2)
            A = fit.information * cross_products(group.Z, group) + prior
            score = fit.information * cross_products((working - others)[:, None], group)
            effects[group.name] = np.linalg.solve(A, score)[:, :, 0]
            parts[group.name] = row_effects(group, effects[group.name])
    return Mode(W, W, working, center, precision, effects)
