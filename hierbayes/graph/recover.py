"""The reported posterior from the sampled variables, in NumPy: the same names whatever was sampled."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.families import get_family
from hierbayes.graph.build import coords
from hierbayes.graph.coordinates import Coordinates, GroupCoordinates, coordinates
from hierbayes.graph.groups import WEIGHTS, effect_name, vine_name, z_name
from hierbayes.spec.records import GroupSpec, ModelSpec

type Floats = NDArray[np.float64]


def recover(spec: ModelSpec, design: Design, draws: Mapping[str, Floats]) -> xr.Dataset:
    """Compute ``b``, ``sd_<group>``, ``cor_<group>``, ``u_<group>`` and family parameters from raw draws.

    Parameters
    ----------
    spec, design : ModelSpec, Design
        The model that was sampled.
    draws : mapping of str to float64 array, shape (chain, draw, ...)
        The free variables of ``build_graph``'s model, in either parameterization.

    Returns
    -------
    xarray.Dataset
        Dims ``chain``, ``draw`` and those of DESIGN.md; ``b`` and ``u`` on the link scale, for the user's
        columns.
    """
    frame = coordinates(spec, design)
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {}
    theta = None
    if design.terms:
        theta = _coefficients(frame, draws)
        b = theta.copy()
        b[..., 0] -= theta @ frame.means
        variables[names.B] = ((names.TERM,), b)
    for group in spec.groups:
        dim, term = names.group_dim(group.name), names.group_term(group.name)
        sd = _standard_deviations(group, draws)
        variables[names.sd(group.name)] = ((term,), sd)
        L = None
        if group.has_correlations:
            L = cholesky_from_vine(2 * draws[vine_name(group.name)] - 1, len(group.terms))
            variables[names.cor(group.name)] = (
                (term, names.group_term_bis(group.name)),
                L @ L.swapaxes(-1, -2),
            )
        u = _effects(group, draws, (sd, L), (frame.groups[group.name], _pull(group.name, frame, theta)))
        variables[names.u(group.name)] = ((dim, term), u)
    for parameter in get_family(spec.family).parameters:
        variables[parameter] = ((), draws[parameter])
    ordered = sorted(variables, key=lambda name: name.startswith("u_"))
    used = {dim for dims, _ in variables.values() for dim in dims}
    sizes = next(iter(variables.values()))[1].shape
    return xr.Dataset(
        {name: (("chain", "draw", *variables[name][0]), variables[name][1]) for name in ordered},
        coords={
            "chain": np.arange(sizes[0]),
            "draw": np.arange(sizes[1]),
            **{dim: labels for dim, labels in coords(design).items() if dim in used},
        },
    )


def cholesky_from_vine(partial: Floats, q: int) -> Floats:
    """Cholesky factors (..., q, q) of correlations from partial correlations (..., q (q - 1) / 2).

    The NumPy twin of ``graph.groups.lkj_cholesky``.
    """
    L = np.zeros((*partial.shape[:-1], q, q))
    k = 0
    for i in range(q):
        left = np.ones(partial.shape[:-1])
        for j in range(i):
            L[..., i, j] = partial[..., k] * np.sqrt(left)
            left = left * (1 - partial[..., k] ** 2)
            k += 1
        L[..., i, i] = np.sqrt(left)
    return L


def _standard_deviations(group: GroupSpec, draws: Mapping[str, Floats]) -> Floats:
    name = names.sd(group.name)
    if name in draws:
        return draws[name]
    return np.stack([draws[names.level(name, term)] for term in group.terms], axis=-1)


def _coefficients(frame: Coordinates, draws: Mapping[str, Floats]) -> Floats:
    theta = np.empty((*next(iter(draws.values())).shape[:2], frame.X.shape[1]))
    for block in frame.blocks:
        theta[..., block.where] = draws[block.name]
    return theta


def _pull(group: str, frame: Coordinates, theta: Floats | None) -> Floats:
    """The shift of a group term's effects that the population coefficients cause, (chain, draw, J, q)."""
    shift = frame.groups[group].shift
    if theta is None:
        return np.zeros(shift.shape[:2])
    n_groups, q, p = shift.shape
    pull = (theta - frame.center) @ shift.reshape(-1, p).T
    return np.asarray(pull.reshape(*theta.shape[:2], n_groups, q))


def _effects(
    group: GroupSpec,
    draws: Mapping[str, Floats],
    scale: tuple[Floats, Floats | None],
    where: tuple[GroupCoordinates, Floats],
) -> Floats:
    """The effects (chain, draw, J, q) from whichever form was sampled; see ``graph.groups``."""
    (sd, L), (frame, pull) = scale, where
    if z_name(group.name) in draws:
        z = draws[z_name(group.name)] - pull / frame.guess
        return np.asarray((z if L is None else z @ L.swapaxes(-1, -2)) * sd[..., None, :])
    (form,) = [form for form in WEIGHTS if effect_name(form, group.name, group.terms[0]) in draws]
    weights = WEIGHTS[form](frame)
    z = np.empty((*sd.shape[:2], *weights.shape))
    u = np.empty_like(z)
    for k, term in enumerate(group.terms):
        w, ratio = weights[:, k], (sd[..., k] / frame.guess[k])[..., None]
        mean, last = np.zeros(z.shape[:3]), np.ones(sd.shape[:2])[..., None]
        if L is not None:
            mean, last = (z[..., :k] * L[..., None, k, :k]).sum(axis=-1), L[..., k, k][..., None]
        v = draws[effect_name(form, group.name, term)] - pull[..., k] / frame.guess[k]
        z[..., k] = (v - ratio**w * w * mean) / (ratio * last) ** w
        u[..., k] = sd[..., k][..., None] * (mean + last * z[..., k])
    return u
