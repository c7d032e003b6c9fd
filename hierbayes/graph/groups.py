"""Group effects: standard deviations, LKJ correlations and the effects, non-centered or centered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.geometry import PARTIAL, Coordinates, Coupling, GroupCoordinates, zero_scores
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
    vines and extended onion method. Journal of Multivariate Analysis 100, 1989-2001.
    """
    q = len(group.terms)
    pairs = [(i, j) for i in range(1, q) for j in range(i)]
    shape = np.array([eta + (q - 2 - j) / 2 for _, j in pairs])
    vine = 2 * pm.Beta(names.vine(group.name), shape, shape, shape=len(pairs)) - 1
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


type Floats = NDArray[np.float64]
type Coupled = Sequence[tuple[Coupling, Any]]


@dataclass(frozen=True)
class Scale:
    """Spread of the effects: ``sd`` (q,), and ``L`` (q, q), the Cholesky factor of their correlations."""

    sd: Any
    L: Any | None


def noncentered(group: GroupSpec, scale: Scale, frame: GroupCoordinates, *, pull: Any) -> Any:
    """``u = z L' diag(sd)`` with ``z ~ Normal(0, 1)``, sampled as ``z`` + its pull; shape (n_groups, q)."""
    pull = pull / frame.guess
    z = pm.Normal(names.z(group.name), pull, 1.0, dims=_dims(group)) - pull
    return (z if scale.L is None else pt.dot(z, scale.L.T)) * scale.sd


def centered(group: GroupSpec, scale: Scale, frame: GroupCoordinates, *, pull: Any) -> Any:
    """``u``, sampled as ``u / s0`` + its pull, column by column given those before; shape (n_groups, q)."""
    pull = pull / frame.guess
    ratio = scale.sd / frame.guess
    z: list[Any] = []
    columns = []
    for k, term in enumerate(group.terms):
        mean, last = pt.as_tensor_variable(0.0), pt.as_tensor_variable(1.0)
        if scale.L is not None:
            mean, last = sum((scale.L[k, j] * z[j] for j in range(k)), start=mean), scale.L[k, k]
        center, spread = ratio[k] * mean, ratio[k] * last
        name = names.effect("centered", group.name, term)
        v = pm.Normal(name, pull[:, k] + center, spread, dims=names.group_dim(group.name)) - pull[:, k]
        z.append((v - center) / spread)
        columns.append(scale.sd[k] * (mean + last * z[k]))
    return pt.stack(columns, axis=1)


def informed(group: GroupSpec, scale: Scale, frame: GroupCoordinates, *, pull: Any) -> Any:
    """``u = T z`` with ``T = diag(sd) L``, sampled around what the rows say of it; shape (n_groups, q).

    With the information ``A`` and the score ``r`` of each group, ``z`` given them is normal with precision
    ``K K' = I + T'A T`` and mean ``K'^-1 K^-1 T'r``: sampled is ``v = K'z - K^-1 T'r``, from the last column
    to the first. ``pull`` is ``-r``.
    """
    q = len(group.terms)
    T = pt.diag(scale.sd) if scale.L is None else scale.sd[:, None] * scale.L
    AT = pt.dot(frame.information, T)
    M = pt.eye(q) + (T[None, :, :, None] * AT[:, :, None, :]).sum(axis=1)
    r = pt.dot(-pull, T)
    K: dict[tuple[int, int], Any] = {}
    a: list[Any] = []
    for k in range(q):
        K[k, k] = pt.sqrt(M[:, k, k] - sum(K[k, l] ** 2 for l in range(k)))
        for i in range(k + 1, q):
            K[i, k] = (M[:, i, k] - sum(K[i, l] * K[k, l] for l in range(k))) / K[k, k]
        a.append((r[:, k] - sum(K[k, l] * a[l] for l in range(k))) / K[k, k])
    z: dict[int, Any] = {}
    for k in reversed(range(q)):
        rest = sum((K[i, k] * z[i] for i in range(k + 1, q)), start=-a[k])
        name = names.effect(PARTIAL, group.name, group.terms[k])
        z[k] = (pm.Normal(name, rest, K[k, k], dims=names.group_dim(group.name)) - rest) / K[k, k]
    return pt.dot(pt.stack([z[k] for k in range(q)], axis=1), T.T)


PARAMETERIZATIONS: dict[str, Callable[..., Any]] = {
    "noncentered": noncentered,
    "centered": centered,
    PARTIAL: informed,
}


def pull_of(group: str, form: str, frame: Coordinates, moving: tuple[Any, Coupled]) -> Any:
    """How far the sampled values of a group term's effects are moved, tensor of shape (n_groups, q).

    Parameters
    ----------
    group, form : str
        The group term and its parameterization.
    frame : Coordinates
        The coordinates of the model.
    moving : (tensor of shape (p,) or None, sequence of (Coupling, tensor))
        Population coefficients, and couplings with coarser group terms, with their effects.
    """
    here, (theta, coupled) = frame.groups[group], moving
    pull = pt.zeros(here.centering.shape)
    if form == PARTIAL:
        score = zero_scores(frame, {group: [coupling for coupling, _ in coupled]})[group]
        pull = pt.as_tensor_variable(-score)
    if theta is not None:
        pull = pull + pt.dot(here.cross if form == PARTIAL else here.shift, theta - frame.center)
    for coupling, u in coupled:
        parts = (coupling.weight * u[coupling.column][:, None, :]).sum(axis=-1)
        pull = pt.inc_subtensor(pull[coupling.row], parts)
    return pull


def group_effects(
    spec: ModelSpec,
    group: GroupSpec,
    coordinates: Coordinates,
    pull: Any,
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
    priors = spec.sd_priors(group)
    frame = coordinates.groups[group.name]
    sd = positive_vector(
        names.sd(group.name),
        priors,
        group.terms,
        names.group_term(group.name),
        scale=frame.guess if parameterization == PARTIAL else None,
    )
    L = None
    if group.has_correlations:
        L = lkj_cholesky(group, spec.prior("cor", group.name).parameters[0])
        if deterministic:
            dims = (names.group_term(group.name), names.group_term_bis(group.name))
            pm.Deterministic(names.cor(group.name), pt.dot(L, L.T), dims=dims)
    u = PARAMETERIZATIONS[parameterization](group, Scale(sd, L), frame, pull=pull)
    if not deterministic:
        return u
    if group.parts:
        return _with_parts(group, sd, u)
    return pm.Deterministic(names.u(group.name), u, dims=_dims(group))


def parts_of(group: GroupSpec, effects: Any) -> dict[str, Any]:
    """The effects of a sampled group term, (n_groups, q), by the group terms of its linear predictors."""
    found, at = {}, 0
    for part in group.parts or (group,):
        found[part.name] = effects[..., at : at + len(part.terms)] if group.parts else effects
        at += len(part.terms)
    return found


def _with_parts(group: GroupSpec, sd: Any, u: Any) -> Any:
    """Name standard deviations and effects as those of the group terms of linear predictors."""
    sds, effects = parts_of(group, sd), parts_of(group, u)
    for part in group.parts:
        pm.Deterministic(names.sd(part.name), sds[part.name], dims=names.group_term(part.name))
        pm.Deterministic(names.u(part.name), effects[part.name], dims=_dims(part))
    return u


def _dims(group: GroupSpec) -> tuple[str, str]:
    return names.group_dim(group.name), names.group_term(group.name)
