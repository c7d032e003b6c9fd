"""What groups are ranked by, and how well it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.by_group.groups import select_groups
from hierbayes.estimates.by_group.response import expected_response
from hierbayes.estimates.predictors import owner
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import GroupSpec

type Floats = NDArray[np.float64]
type At = Mapping[str, float] | None

EFFECT, COEF, RESPONSE = "effect", "coef", "response"
BY = (EFFECT, COEF, RESPONSE)
BLOCK = 16_000_000
"""Numbers, draws by groups, that are ranked or summarized at a time."""


@dataclass(frozen=True)
class Ranked:
    """What is ranked: its entry in the column ``term``, and in words."""

    column: str
    words: str


def group_values(
    fit: Fit, spec: GroupSpec, *, term: str | None = None, by: str = EFFECT, at: At = None
) -> tuple[xr.DataArray, Ranked]:
    """What the groups of a term are ranked by, dims (chain, draw, <group>), and what that is."""
    if by not in BY:
        raise UnknownNameError("quantity to rank by", by, BY)
    if by == RESPONSE:
        if term is not None or at:
            raise DataError(
                "by='response' ranks by the expected response of each group's own rows; `term` and `at` do "
                "not apply to it. Leave them out, or use by='effect'."
            )
        return expected_response(fit, spec.name), Ranked(RESPONSE, "the mean expected response of their rows")
    dim = names.group_term(spec.name)
    weights = xr.DataArray(_columns(fit, spec, term, at), dims=dim, coords={dim: list(spec.terms)})
    used = [str(name) for name in weights[dim].to_numpy() if float(weights.sel({dim: name})) != 0]
    u = fit.posterior[names.u(spec.name)]
    alone = at is None
    values = u.sel({dim: used[0]}, drop=True) if alone else (u * weights).sum(dim)
    predictor = owner(fit, spec.name)
    if by == COEF:
        b_dim = names.within(predictor.name, names.TERM)
        for name in used:
            if name in predictor.terms:
                b = fit.posterior[names.of(names.B, predictor.name)].sel({b_dim: name}, drop=True)
                values = values + b * float(weights.sel({dim: name}))
    column = used[0] if alone else ", ".join(f"{name} = {value:g}" for name, value in (at or {}).items())
    kind = "effect" if by == EFFECT else "own coefficient"
    words = (
        f"their {kind} of {column}" if alone else f"their {'line' if by == COEF else 'effects'} at {column}"
    )
    return values.transpose("chain", "draw", names.group_dim(spec.name)), Ranked(column, words)


def _columns(fit: Fit, spec: GroupSpec, term: str | None, at: At) -> Floats:
    """The column of a group term that a value is a combination of, shape (q,)."""
    if at is None:
        chosen = term or (names.INTERCEPT if names.INTERCEPT in spec.terms else spec.terms[0])
        return np.array([name == chosen for name in spec.terms], dtype=float)
    if term is not None:
        raise DataError(
            f"Both term={term!r} and `at` were given: ranks are by one coefficient, or by the lines at one "
            "point. Leave one of them out."
        )
    design = fit.design.group(spec.name)
    means = design.Z[design.own].mean(axis=0)
    return np.array([at.get(name, mean) for name, mean in zip(spec.terms, means, strict=True)], dtype=float)


def chosen_terms(fit: Fit, group: str | None, term: str | None, at: At) -> tuple[GroupSpec, ...]:
    """The group terms that are asked for and have what is asked for."""
    specs = select_groups(fit, group, factors=True, further=group is not None)
    if term is not None:
        known = dict.fromkeys(name for spec in specs for name in spec.terms)
        if term not in known:
            raise UnknownNameError("coefficient that varies over groups", term, known)
        specs = tuple(spec for spec in specs if term in spec.terms)
    if at is not None:
        known = dict.fromkeys(n for spec in specs for n in spec.terms if n != names.INTERCEPT)
        for column in at:
            if column not in known:
                raise UnknownNameError("column with a random slope", column, known)
        specs = tuple(spec for spec in specs if set(at) <= set(spec.terms))
        if not specs or not at:
            raise UnknownNameError(
                "set of columns of one group term", ", ".join(at), known, "Give columns of a single term."
            )
    return specs


def reliability(values: xr.DataArray) -> Floats:
    """1 - posterior variance of a group's deviation / posterior mean of the variance between groups.

    Deviations are from the mean of the groups in each draw, which moves no rank. The mean of the
    reliabilities is one minus the pooling factor of Gelman and Pardoe (2006).

    Parameters
    ----------
    values : DataArray, dims (chain, draw, <group>)
        What groups are ranked by.

    Returns
    -------
    float64 array, shape (n_groups,)
        1 for a value that is known; 0, or a little below, where the group's rows say nothing.
    """
    flat = values.to_numpy().reshape(-1, values.shape[-1])
    center = flat.mean(axis=1)
    first = flat.mean(axis=0) - center.mean()
    second = np.zeros(flat.shape[1])
    size = max(1, BLOCK // flat.shape[1])
    for start in range(0, len(flat), size):
        rows = slice(start, start + size)
        second += ((flat[rows] - center[rows, None]) ** 2).sum(axis=0)
    second /= len(flat)
    between = second.mean()
    if between == 0:
        return np.zeros(flat.shape[1])
    return np.asarray(1 - (second - first**2) / between)
