"""Expected responses with group effects integrated out.

Given coefficients and variances, the group effects that are integrated out add normal variables to the linear
predictors of a row: one to the main one, with variance ``z'S z`` summed over its group terms, and one to each
further linear predictor that has group terms. The expectation over them is taken by Gauss-Hermite quadrature
where there are one or two, and over a fixed set of quasi-random points beyond.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes.estimates.predictions.rows import AVERAGE, Rows, population_factor

type Floats = NDArray[np.float64]

NODES: tuple[tuple[float, int], ...] = ((1.0, 11), (2.0, 21), (3.0, 41), (np.inf, 61))
"""Nodes of the rule for one normal variable by its largest sd: errors of a logistic mean below 1e-6."""

TWO = 15
"""Nodes of each of two."""

POINTS = 1024
"""Quasi-random points for three variables or more."""


@dataclass(frozen=True)
class Spread:
    """What group effects that are integrated out add to the linear predictors of rows.

    Attributes
    ----------
    predictors : tuple of str, length d
        The linear predictors that they add to.
    factor : float64 array, shape (chain, draw, n, d, d)
        Cholesky factor of the covariance of what is added to each row.
    """

    predictors: tuple[str, ...]
    factor: Floats


def spread_of(rows: Rows, posterior: xr.Dataset) -> Spread | None:
    """The spread of the rows' linear predictors, None where nothing is integrated out."""
    columns = _columns(rows)
    owners = list(dict.fromkeys(owner for parts in columns.values() for owner, _ in parts))
    if not owners:
        return None
    d, n = len(owners), rows.design.n
    covariance = np.zeros((posterior.sizes["chain"], posterior.sizes["draw"], n, d, d))
    for group in rows.fit.spec.sampled_groups:
        if group.name not in columns:
            continue
        T = population_factor(posterior, group)
        loads, at = np.zeros((*covariance.shape[:4], T.shape[-1])), 0
        for owner, Z in columns[group.name]:
            part = T[..., at : at + Z.shape[1], :]
            loads[..., owners.index(owner), :] += np.einsum("nq,cdqk->cdnk", Z, part)
            at += Z.shape[1]
        covariance += np.einsum("cdnik,cdnjk->cdnij", loads, loads)
    return Spread(tuple(owners), _factor(covariance))


def _columns(rows: Rows) -> dict[str, list[tuple[str, Floats]]]:
    """For each group term that is integrated out, the linear predictors and columns of its parts."""
    owner = {g.name: (p.name, g.Z) for p in rows.design.linear for g in p.groups}
    return {
        group.name: [owner[part.name] for part in group.parts or (group,)]
        for group in rows.fit.spec.sampled_groups
        if rows.treatments[group.name] == AVERAGE
    }


def _factor(covariance: Floats) -> Floats:
    """Cholesky factors, also where a variance is zero."""
    if covariance.shape[-1] == 1:
        return np.sqrt(covariance)
    L = np.zeros_like(covariance)
    for i in range(covariance.shape[-1]):
        for j in range(i + 1):
            rest = covariance[..., i, j] - (L[..., i, :j] * L[..., j, :j]).sum(axis=-1)
            if i == j:
                L[..., i, i] = np.sqrt(np.maximum(rest, 0.0))
            else:
                pivot = L[..., j, j]
                L[..., i, j] = np.divide(rest, pivot, out=np.zeros_like(rest), where=pivot > 0)
    return L


def integrated(
    mean: Callable[[Mapping[str, Floats]], Floats], etas: Mapping[str, Floats], spread: Spread
) -> Floats:
    """Expectation of a function of the linear predictors over what is added to them.

    Parameters
    ----------
    mean : callable
        From linear predictors by name, each (chain, draw, n), to an array (chain, draw, n, ...).
    etas : mapping of str to float64 array
        Linear predictors without the effects that are integrated out.
    spread : Spread
        These.
    """
    total: Floats | None = None
    for node, weight in zip(*_rule(spread), strict=True):
        moved = {**etas}
        for i, name in enumerate(spread.predictors):
            moved[name] = etas[name] + sum(
                (spread.factor[..., i, j] * node[j] for j in range(i + 1)), start=np.zeros(())
            )
        value = weight * mean(moved)
        total = value if total is None else total + value
    assert total is not None
    return total


def _rule(spread: Spread) -> tuple[Floats, Floats]:
    """Points, (m, d), of a standard normal vector, and their weights."""
    d = len(spread.predictors)
    if d > 2:
        from scipy.special import ndtri
        from scipy.stats import qmc

        points = np.asarray(ndtri(qmc.Sobol(d, rng=np.random.default_rng(0)).random(POINTS)))
        return points, np.full(POINTS, 1 / POINTS)
    if d == 2:
        x, w = np.polynomial.hermite_e.hermegauss(TWO)
        grid = np.array([(a, b) for a in x for b in x])
        weights = np.array([a * b for a in w for b in w])
        return grid, np.asarray(weights / weights.sum())
    largest = float(spread.factor.max(initial=0.0))
    size = next(count for limit, count in NODES if largest <= limit)
    x, w = np.polynomial.hermite_e.hermegauss(size)
    return np.asarray(x)[:, None], np.asarray(w / w.sum())
