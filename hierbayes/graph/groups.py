"""Group effects: standard deviations, LKJ correlations and the effects, non-centered or centered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from hierbayes import names
from hierbayes.graph.coordinates import Coordinates
from hierbayes.graph.priors import positive_vector
from hierbayes.spec.records import GroupSpec, ModelSpec


def lkj_cholesky(group: GroupSpec, eta: float) -> Any:
    """Cholesky factor of a correlation matrix with an LKJ(eta) prior, from independent partial correlations.

    Row ``i``, column ``j`` of the vine is the correlation of coefficients ``i`` and ``j`` given those
    before ``j``: ``2 Beta(a_j, a_j) - 1`` with ``a_j = eta + (q - 2 - j) / 2``. Compiles several times
    faster than ``pm.LKJCholeskyCov`` and has the same distribution.

    Returns
    -------
    L : tensor, shape (q, q)
        Lower triangular with unit rows; ``L L'`` is the correlation matrix.

    References
    ----------
    Lewandowski, D., Kurowicka, D. and Joe, H. (2009). Generating random correlation matrices based on
    vines and extended onion method. Journal of Multivariate Analysis 100, 1989-2001 (section 2.4).
    """
    q = len(group.terms)
    pairs = [(i, j) for i in range(1, q) for j in range(i)]
    shape = np.array([eta + (q - 2 - j) / 2 for _, j in pairs])
    vine = 2 * pm.Beta(vine_name(group.name), shape, shape, shape=len(pairs)) - 1
    partial = {pair: vine[k] for k, pair in enumerate(pairs)}
    rows = []
    for i in range(q):
        row: list[Any] = []
        left = pt.as_tensor_variable(1.0)
        for j in range(i):
            row.append(partial[i, j] * pt.sqrt(left))
            left = left * (1 - partial[i, j] ** 2)
        rows.append(pt.stack([*row, pt.sqrt(left), *[pt.as_tensor_variable(0.0)] * (q - 1 - i)]))
    return pt.stack(rows)


@dataclass(frozen=True)
class Scale:
    """Spread of a group term's effects.

    ``sd`` (q,), the Cholesky factor ``L`` (q, q) of their correlations or None, and the guess of ``sd`` that
    the coordinates rest on.
    """

    sd: Any
    L: Any | None
    guess: Any


def vine_name(group: str) -> str:
    """Name of the sampled partial correlations, mapped to (0, 1)."""
    return f"vine_{group}"


def z_name(group: str) -> str:
    """Name of the standardized effects of the non-centered form."""
    return f"z_{group}"


def shifted_name(group: str) -> str:
    """Name of the sampled effects of the centered form."""
    return f"shifted_{group}"


def noncentered(group: GroupSpec, scale: Scale, conditional_mean: Any, deterministic: bool) -> Any:
    """``u = z L' diag(sd)`` with ``z ~ Normal(0, 1)``, sampled as ``z`` + its pull; shape (n_groups, q)."""
    pull = conditional_mean / scale.guess
    z = pm.Normal(z_name(group.name), pull, 1.0, dims=_dims(group)) - pull
    u = (z if scale.L is None else pt.dot(z, scale.L.T)) * scale.sd
    return pm.Deterministic(names.u(group.name), u, dims=_dims(group)) if deterministic else u


def centered(group: GroupSpec, scale: Scale, conditional_mean: Any, deterministic: bool) -> Any:
    """``u ~ Normal(0, diag(sd) L L' diag(sd))``, sampled as ``u`` + its pull; shape (n_groups, q)."""
    if scale.L is None:
        shifted = pm.Normal(shifted_name(group.name), conditional_mean, scale.sd, dims=_dims(group))
    else:
        chol = scale.sd[:, None] * scale.L
        shifted = pm.MvNormal(shifted_name(group.name), conditional_mean, chol=chol, dims=_dims(group))
    u = shifted - conditional_mean
    return pm.Deterministic(names.u(group.name), u, dims=_dims(group)) if deterministic else u


PARAMETERIZATIONS: dict[str, Callable[[GroupSpec, Scale, Any, bool], Any]] = {
    "noncentered": noncentered,
    "centered": centered,
}


def group_effects(
    spec: ModelSpec,
    group: GroupSpec,
    coordinates: Coordinates,
    theta: Any,
    *,
    parameterization: str,
    deterministic: bool,
) -> Any:
    """Add one group term to the current PyMC model.

    Returns
    -------
    u : tensor, shape (n_groups, q)
        Effects of each group on the link scale.
    """
    priors = [spec.prior("sd", group.name, term) for term in group.terms]
    sd = positive_vector(names.sd(group.name), priors, group.terms, names.group_term(group.name))
    L = None
    if group.has_correlations:
        L = lkj_cholesky(group, spec.prior("cor", group.name).parameters[0])
        if deterministic:
            dims = (names.group_term(group.name), names.group_term_bis(group.name))
            pm.Deterministic(names.cor(group.name), pt.dot(L, L.T), dims=dims)
    pull = pt.dot(coordinates.shifts[group.name], theta - coordinates.center) if theta is not None else 0.0
    scale = Scale(sd, L, coordinates.guesses[group.name])
    return PARAMETERIZATIONS[parameterization](group, scale, pull, deterministic)


def _dims(group: GroupSpec) -> tuple[str, str]:
    return names.group_dim(group.name), names.group_term(group.name)
