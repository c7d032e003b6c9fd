"""Group effects: standard deviations, LKJ correlations and the effects, non-centered or centered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.geometry import WEIGHTS, Coordinates, Coupling, GroupCoordinates
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


def weighted(form: str, group: GroupSpec, scale: Scale, frame: GroupCoordinates, *, pull: Any) -> Any:
    """Each effect centered as far as ``WEIGHTS[form]`` says; shape (n_groups, q).

    With ``t = u / sd = L z``, ``z ~ Normal(0, 1)``, ``r = sd / s0``, weights ``w`` and the mean ``m`` of
    ``t_k`` given the columns before it, column ``k`` is sampled as ``v = r^w (w m + L_kk^w z_k)``, its pull
    added: ``v = z`` (non-centered) for ``w = 0`` and ``v = u / s0`` (centered) for ``w = 1``.

    References
    ----------
    Papaspiliopoulos, O., Roberts, G. O. and Sköld, M. (2007). A general framework for the parametrization
    of hierarchical models. Statistical Science 22, 59-73.
    """
    weights = WEIGHTS[form](frame)
    pull = pull / frame.guess
    ratio = scale.sd / frame.guess
    z: list[Any] = []
    columns = []
    for k, term in enumerate(group.terms):
        w = weights[:, k]
        mean, last = pt.as_tensor_variable(0.0), pt.as_tensor_variable(1.0)
        if scale.L is not None:
            mean, last = sum((scale.L[k, j] * z[j] for j in range(k)), start=mean), scale.L[k, k]
        center, spread = ratio[k] ** w * w * mean, (ratio[k] * last) ** w
        name = names.effect(form, group.name, term)
        v = pm.Normal(name, pull[:, k] + center, spread, dims=names.group_dim(group.name)) - pull[:, k]
        z.append((v - center) / spread)
        columns.append(scale.sd[k] * (mean + last * z[k]))
    return pt.stack(columns, axis=1)


PARAMETERIZATIONS: dict[str, Callable[..., Any]] = {
    "noncentered": noncentered,
    **{form: partial(weighted, form) for form in ("centered", "partial")},
}


def pull_of(group: str, frame: Coordinates, theta: Any, coupled: Sequence[tuple[Coupling, Any]] = ()) -> Any:
    """How far the sampled values of a group term's effects are moved, tensor of shape (n_groups, q).

    Parameters
    ----------
    group : str
        The group term.
    frame : Coordinates
        The coordinates of the model.
    theta : tensor, shape (p,), or None
        Population coefficients.
    coupled : sequence of (Coupling, tensor)
        Couplings with coarser group terms, and their effects.
    """
    pull = pt.zeros(frame.groups[group].centering.shape)
    if theta is not None:
        pull = pt.dot(frame.groups[group].shift, theta - frame.center)
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
    priors = [spec.prior("sd", group.name, term) for term in group.terms]
    sd = positive_vector(names.sd(group.name), priors, group.terms, names.group_term(group.name))
    L = None
    if group.has_correlations:
        L = lkj_cholesky(group, spec.prior("cor", group.name).parameters[0])
        if deterministic:
            dims = (names.group_term(group.name), names.group_term_bis(group.name))
            pm.Deterministic(names.cor(group.name), pt.dot(L, L.T), dims=dims)
    frame = coordinates.groups[group.name]
    u = PARAMETERIZATIONS[parameterization](group, Scale(sd, L), frame, pull=pull)
    return pm.Deterministic(names.u(group.name), u, dims=_dims(group)) if deterministic else u


def _dims(group: GroupSpec) -> tuple[str, str]:
    return names.group_dim(group.name), names.group_term(group.name)
