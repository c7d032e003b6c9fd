"""The reported posterior from the sampled variables, in NumPy: the same names whatever was sampled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.geometry.coordinates import FORMS, PARTIAL, Coordinates, GroupCoordinates, coordinates
from hierbayes.geometry.couplings import Coupling, coarse_to_fine, couplings, zero_scores
from hierbayes.spec.records import GroupSpec, ModelSpec

type Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pieces:
    """The parameters of a model for each draw, in the model's own terms; leading dims (chain, draw).

    Attributes
    ----------
    theta : float64 array, shape (chain, draw, p), or None
        Population coefficients of the columns ``Coordinates.X``, of all linear predictors; None for a model
        without any.
    sd : mapping of str to float64 array, shape (chain, draw, q)
        Standard deviations of the effects of each of ``ModelSpec.sampled_groups``.
    cholesky : mapping of str to float64 array, shape (chain, draw, q, q)
        Cholesky factors of the correlations, for group terms that have any.
    u : mapping of str to float64 array, shape (chain, draw, n_groups, q)
        Effects of each group.
    parameters : mapping of str to float64 array, shape (chain, draw)
        The family's own parameters.
    cutpoints : float64 array, shape (chain, draw, K - 1), or None
        Of an ordered response, at the mean of the columns.
    """

    theta: Floats | None
    sd: Mapping[str, Floats]
    cholesky: Mapping[str, Floats]
    u: Mapping[str, Floats]
    parameters: Mapping[str, Floats]
    cutpoints: Floats | None = None


def reported(spec: ModelSpec, design: Design, means: Floats, pieces: Pieces) -> xr.Dataset:
    """The posterior under its public names: ``b``, ``sd_<group>``, ``cor_<group>``, ``u_<group>``, ...

    Parameters
    ----------
    spec, design : ModelSpec, Design
        The model that was sampled.
    means : float64 array, shape (p,)
        ``Coordinates.means``.
    pieces : Pieces
        Its parameters for each draw.

    Returns
    -------
    xarray.Dataset
        Dims ``chain``, ``draw`` and those of DESIGN.md; ``b`` and ``u`` on the link scale, for the user's
        columns.
    """
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {}
    sd, u = _of_parts(spec, pieces.sd), _of_parts(spec, pieces.u)
    if pieces.cutpoints is not None:
        # Columns that are counted from zero raise eta by theta'means, and with it the cutpoints.
        shift = 0.0 if pieces.theta is None else (pieces.theta @ means)[..., None]
        variables[names.CUTPOINTS] = ((names.CUTPOINT,), pieces.cutpoints + shift)
    for predictor, where in spec.slices().items():
        if pieces.theta is not None and where.stop > where.start:
            b = pieces.theta[..., where]
            if pieces.cutpoints is None:
                b = b.copy()
                b[..., 0] -= pieces.theta[..., where] @ means[where]
            variables[names.of(names.B, predictor)] = ((names.within(predictor, names.TERM),), b)
    for group in spec.sampled_groups:
        for part in group.parts or (group,):
            variables[names.sd(part.name)] = ((names.group_term(part.name),), sd[part.name])
        if group.name in pieces.cholesky:
            L = pieces.cholesky[group.name]
            dims = names.group_term(group.name), names.group_term_bis(group.name)
            variables[names.cor(group.name)] = (dims, L @ L.swapaxes(-1, -2))
    variables |= {name: ((), draws) for name, draws in pieces.parameters.items()}
    for group in spec.all_groups:
        dims = (names.group_dim(group.name), names.group_term(group.name))
        variables[names.u(group.name)] = (dims, u[group.name])
    used = {dim for dims, _ in variables.values() for dim in dims}
    n_chains, n_draws = next(iter(variables.values()))[1].shape[:2]
    return xr.Dataset(
        {name: (("chain", "draw", *dims), draws) for name, (dims, draws) in variables.items()},
        coords={
            "chain": np.arange(n_chains),
            "draw": np.arange(n_draws),
            **{dim: labels for dim, labels in coords(design).items() if dim in used},
        },
    )


def _of_parts(spec: ModelSpec, draws: Mapping[str, Floats]) -> dict[str, Floats]:
    """Draws of sampled group terms, the last axis their columns, by the group terms of linear predictors."""
    found = {}
    for group in spec.sampled_groups:
        at = 0
        for part in group.parts or (group,):
            found[part.name] = draws[group.name][..., at : at + len(part.terms)]
            at += len(part.terms)
    return found


def recover(
    spec: ModelSpec, design: Design, draws: Mapping[str, Floats], frame: Coordinates | None = None
) -> xr.Dataset:
    """The reported posterior from the draws of a PyMC graph.

    Parameters
    ----------
    spec, design : ModelSpec, Design
        The model that was sampled.
    draws : mapping of str to float64 array, shape (chain, draw, ...)
        The free variables of ``build_graph``'s model, in any parameterization.
    frame : Coordinates, optional
        The coordinates that they were sampled in, where these are not the design's own.

    Returns
    -------
    xarray.Dataset
        As of ``reported``.
    """
    frame = coordinates(spec, design) if frame is None else frame
    theta = _coefficients(frame, draws) if frame.blocks else None
    coupled = couplings(design, frame, {group.name: _form(group, draws) for group in spec.sampled_groups})
    sd: dict[str, Floats] = {}
    cholesky: dict[str, Floats] = {}
    u: dict[str, Floats] = {}
    for group in (spec.sampled_groups[k] for k in coarse_to_fine(design)):
        sd[group.name] = _standard_deviations(group, draws)
        if group.has_correlations:
            vine = 2 * draws[names.vine(group.name)] - 1
            cholesky[group.name] = cholesky_from_vine(vine, len(group.terms))
        scale = sd[group.name], cholesky.get(group.name)
        form = _form(group, draws)
        pull = _pull(group.name, form, frame, theta)
        for coupling in coupled[group.name]:
            pull = np.add(pull, _coupled_pull(coupling, u[coupling.other], group.n_groups))
        if form == PARTIAL:
            pull = pull - zero_scores(frame, {group.name: coupled[group.name]})[group.name]
        u[group.name] = _effects(group, draws, scale, (frame.groups[group.name], pull))
    parameters = {name: draws[name] for name in spec.scalars}
    cutpoints = draws[names.CUTPOINTS_AT_MEAN] if spec.categories else None
    n_terms = sum(len(predictor.terms) for predictor in spec.linear)
    own = theta[..., :n_terms] if theta is not None and n_terms else None
    return reported(spec, design, frame.means, Pieces(own, sd, cholesky, u, parameters, cutpoints))


def coords(design: Design) -> dict[str, Any]:
    """Labels of every dimension of the posterior but chain and draw."""
    labels: dict[str, Any] = {names.OBS: np.asarray(design.rows)}
    for predictor in design.linear:
        if predictor.terms:
            labels[names.within(predictor.name, names.TERM)] = list(predictor.terms)
    if design.response.ordered:
        labels[names.CUTPOINT] = [names.cutpoint(*pair) for pair in pairwise(design.response.categories)]
    for group in (*design.all_groups, *design.sampled_groups):
        labels[names.group_dim(group.name)] = list(group.levels)
        labels[names.group_term(group.name)] = list(group.terms)
        labels[names.group_term_bis(group.name)] = list(group.terms)
    return labels


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
        values = draws[block.name]
        if frame.cutpoints is not None and block.name == names.CUTPOINTS_AT_MEAN:
            values = -(values @ frame.cutpoints.weights)[..., None]
        theta[..., block.where] = values
    return theta


def _pull(group: str, form: str, frame: Coordinates, theta: Floats | None) -> Floats:
    """The shift of a group term's effects that the population coefficients cause, (chain, draw, J, q)."""
    here = frame.groups[group]
    shift = here.cross if form == PARTIAL else here.shift
    if theta is None:
        return np.zeros(shift.shape[:2])
    n_groups, q, p = shift.shape
    pull = (theta - frame.center) @ shift.reshape(-1, p).T
    return np.asarray(pull.reshape(*theta.shape[:2], n_groups, q))


def _coupled_pull(coupling: Coupling, u: Floats, n_groups: int) -> Floats:
    """What the effects of a coarser group term add to the pull, (chain, draw, J, q)."""
    parts = np.einsum("mqk,cdmk->mcdq", coupling.weight, u[..., coupling.column, :])
    pull = np.zeros((n_groups, *parts.shape[1:]))
    np.add.at(pull, coupling.row, parts)
    return np.moveaxis(pull, 0, 2)


def _form(group: GroupSpec, draws: Mapping[str, Floats]) -> str:
    """The parameterization of a group term, from the names of what was sampled."""
    if names.z(group.name) in draws:
        return "noncentered"
    (form,) = [form for form in FORMS if names.effect(form, group.name, group.terms[0]) in draws]
    return form


def _effects(
    group: GroupSpec,
    draws: Mapping[str, Floats],
    scale: tuple[Floats, Floats | None],
    where: tuple[GroupCoordinates, Floats],
) -> Floats:
    """The effects (chain, draw, J, q) from whichever form was sampled; see ``graph.groups``."""
    (sd, L), (frame, pull) = scale, where
    if names.z(group.name) in draws:
        z = draws[names.z(group.name)] - pull / frame.guess
        return np.asarray((z if L is None else z @ L.swapaxes(-1, -2)) * sd[..., None, :])
    if _form(group, draws) == PARTIAL:
        v = np.stack([draws[names.effect(PARTIAL, group.name, term)] for term in group.terms], axis=-1)
        return informed_effects(v, scale, frame.information, pull)
    v = np.stack([draws[names.effect("centered", group.name, term)] for term in group.terms], axis=-1)
    return frame.guess * v - pull


def informed_effects(v: Floats, scale: tuple[Floats, Floats | None], A: Floats, pull: Floats) -> Floats:
    """Effects from values that were sampled around what the rows say; see ``graph.groups.informed``.

    Parameters
    ----------
    v : float64 array, shape (chain, draw, n_groups, q)
        Sampled values.
    scale : (float64 array, float64 array or None), shapes (chain, draw, q) and (chain, draw, q, q)
        Standard deviations, and the Cholesky factors of correlations.
    A : float64 array, shape (n_groups, q, q)
        The groups' information.
    pull : float64 array, shape (chain, draw, n_groups, q)
        Their scores, with the sign changed.
    """
    sd, L = scale
    T = sd[..., None] * (np.eye(sd.shape[-1]) if L is None else L)
    u = np.empty_like(v)
    for j in range(len(A)):
        K = np.linalg.cholesky(np.eye(len(A[j])) + T.swapaxes(-1, -2) @ A[j] @ T)
        r = -(T.swapaxes(-1, -2) @ np.broadcast_to(pull, v.shape)[..., j, :, None])
        y = v[..., j, :, None] + np.linalg.solve(K, r)
        u[..., j, :] = (T @ np.linalg.solve(K.swapaxes(-1, -2), y))[..., 0]
    return u
