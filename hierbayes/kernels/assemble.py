"""From a spec and its design to the kernel over rows, and from its draws to the model's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.families import get_family
from hierbayes.geometry import (
    PARTIAL,
    WEIGHTS,
    Coordinates,
    Coupling,
    Pieces,
    around_location,
    can_be_eased,
    coarse_to_fine,
    coordinates,
    couplings,
    eased_start,
    is_real,
    zero_scores,
)
from hierbayes.joint import sampled_terms
from hierbayes.kernels.compress import RowData, row_data
from hierbayes.kernels.coverage import LINKS
from hierbayes.kernels.data import Data
from hierbayes.kernels.entries import entry
from hierbayes.kernels.jit import address_table
from hierbayes.kernels.priors import prior_table, unconstrained_start
from hierbayes.kernels.record import Kernel
from hierbayes.kernels.rows import expand
from hierbayes.spec.records import ModelSpec, Prior

type Floats = NDArray[np.float64]

EASE = Data._fields.index("ease")


def positive_priors(spec: ModelSpec) -> tuple[Prior, ...]:
    """Priors of the positives in their order: standard deviations of every group term, family parameters."""
    sds = [prior for group in spec.sampled_groups for prior in spec.sd_priors(group)]
    return (*sds, *(spec.prior(name) for name in spec.scalars))


def vine_shapes(spec: ModelSpec) -> Floats:
    """Beta shapes of all partial correlations under the LKJ priors; see ``graph.groups.lkj_cholesky``."""
    shapes = []
    for group in spec.sampled_groups:
        if group.has_correlations:
            q, eta = len(group.terms), spec.prior("cor", group.name).parameters[0]
            shapes += [eta + (q - 2 - j) / 2 for i in range(1, q) for j in range(i)]
    return np.array(shapes, dtype=np.float64)


def rows_kernel(
    spec: ModelSpec, design: Design, forms: Mapping[str, str], frame: Coordinates | None = None
) -> Kernel:
    """The log density over rows.

    Parameters
    ----------
    spec, design : ModelSpec, Design
        The model; ``coverage.rows_refusal(spec)`` must be None.
    forms : mapping of str to str
        ``"noncentered"``, ``"centered"`` or ``"partial"`` for each group term.
    frame : Coordinates, optional
        The coordinates of the model, where they are at hand.

    Returns
    -------
    Kernel
        Its unconstrained vector is that of ``graph.build_graph`` for the same forms, in another order.
    """
    frame = coordinates(spec, design) if frame is None else frame
    rows = row_data(design, frame.X, spec.family)
    layout, groups = _layout(spec, rows, forms)
    here = [frame.groups[g.name] for g in spec.sampled_groups]
    coupled = couplings(design, frame, forms)
    scores = zero_scores(frame, coupled)
    slots, kinds, priors, unwhiten, log_jacobian = _coefficients(frame)
    positive_kinds, positive_parameters = prior_table(positive_priors(spec))
    arrays: tuple[NDArray[Any], ...] = (
        layout,
        slots,
        kinds,
        priors,
        frame.center,
        unwhiten,
        positive_kinds,
        positive_parameters,
        vine_shapes(spec),
        groups,
        *_centering(spec, frame, forms),
        rows.y,
        rows.size,
        rows.offset,
        rows.X,
        rows.Z,
        _places(spec, rows.codes),
        np.array([log_jacobian + _constant(spec, design)]),
        np.array(coarse_to_fine(design), dtype=np.int64),
        *_links(spec, frame, coupled, forms),
        rows.more,
        *_several(spec),
        rows.further_offsets,
        _joined([c.information.ravel() for c in here]),
        _joined([scores[g.name].ravel() for g in spec.sampled_groups]),
        _ease(spec, frame, forms),
        *_cutpoints(spec, frame),
    )
    arrays = tuple(np.ascontiguousarray(array) for array in arrays)
    start = _start(spec, frame, arrays)
    pieces = partial(_pieces, spec, arrays)
    compiled = entry(spec.family, spec.link, several=bool(spec.predictors), part=bool(design.part))
    return Kernel("rows", compiled, arrays, start, pieces, n_rows=len(rows.y))


def _centering(
    spec: ModelSpec, frame: Coordinates, forms: Mapping[str, str]
) -> tuple[Floats, Floats, Floats]:
    """How far effects are centered, guesses of their sds, and what pulls them per unit of ``theta``."""
    here = [(frame.groups[g.name], forms[g.name]) for g in spec.sampled_groups]
    weights = [np.full(c.centering.size, WEIGHTS.get(form, 0.0)) for c, form in here]
    shift = [c.cross if form == PARTIAL else c.shift / c.guess[:, None] for c, form in here]
    return _joined(weights), _joined([c.guess for c, _ in here]), _joined([s.ravel() for s in shift])


def _ease(spec: ModelSpec, frame: Coordinates, forms: Mapping[str, str]) -> Floats:
    """Of each positive the scale at which it is eased, 0 for none."""
    found = []
    for group in spec.sampled_groups:
        for prior, scale in zip(spec.sd_priors(group), frame.groups[group.name].guess, strict=True):
            eased = forms[group.name] == PARTIAL and can_be_eased(prior)
            found.append(scale if eased else 0.0)
    return np.array([*found, *(0.0 for _ in spec.scalars)])


def _cutpoints(spec: ModelSpec, frame: Coordinates) -> tuple[NDArray[Any], ...]:
    """Kinds and parameters of the cutpoints' priors, and the weights of their location; empty without any."""
    priors = prior_table([spec.prior(names.CUTPOINTS, label) for label in spec.cutpoints])
    return (*priors, np.zeros(0) if frame.cutpoints is None else frame.cutpoints.weights)


def _constant(spec: ModelSpec, design: Design) -> float:
    """What rows add to the log density whatever the parameters; see ``likelihoods``."""
    return float(get_family(spec.family).log_constant(design.y, design.row_data).sum())


def _several(spec: ModelSpec) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """``Data.owners``, ``sources`` and ``inverses`` of a model with several linear predictors."""
    columns = [k for k, predictor in enumerate(spec.linear) for _ in predictor.terms]
    for joint in sampled_terms(spec.linear):
        parts = zip(joint.predictors, joint.groups, strict=True)
        columns += [k for k, group in parts for _ in group.terms]
    number = {predictor.name: k for k, predictor in enumerate(spec.linear)}
    scalars = {name: -1 - k for k, name in enumerate(spec.scalars)}
    sources = [number.get(name, scalars.get(name, 0)) for name in spec.parameters]
    inverses = [LINKS.index(predictor.link) for predictor in spec.linear]
    return (
        np.array(columns, dtype=np.int64),
        np.array(sources, dtype=np.int64),
        np.array(inverses, dtype=np.int64),
    )


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)


def _layout(
    spec: ModelSpec, rows: RowData, forms: Mapping[str, str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table, effect, pair, columns = [], 0, 0, 0
    for group in spec.sampled_groups:
        q = len(group.terms)
        table.append(
            (q, group.n_groups, int(group.has_correlations), effect, pair, int(forms[group.name] == PARTIAL))
        )
        effect += q * group.n_groups
        pair += int(group.has_correlations) * (q * (q - 1) // 2)
        columns += q
    n_parameters = len(spec.scalars)
    positives = columns + n_parameters
    sizes = (
        *(len(rows.y), rows.X.shape[1], positives, pair, effect, columns, n_parameters),
        *(rows.more.shape[1], LINKS.index(spec.link), len(spec.cutpoints)),
    )
    return np.array(sizes, dtype=np.int64), np.array(table, dtype=np.int64).reshape(len(table), 6)


def _places(spec: ModelSpec, codes: NDArray[np.int32]) -> NDArray[np.int32]:
    """Position among all effects, term by term (n_groups, q), of what each column of ``Z`` multiplies."""
    columns, effect = [np.zeros((len(codes), 0), dtype=np.int32)], 0
    for g, group in enumerate(spec.sampled_groups):
        q = len(group.terms)
        columns.append((effect + codes[:, [g]].astype(np.int64) * q + np.arange(q)).astype(np.int32))
        effect += q * group.n_groups
    return np.hstack(columns)


def _links(
    spec: ModelSpec,
    frame: Coordinates,
    coupled: Mapping[str, tuple[Coupling, ...]],
    forms: Mapping[str, str],
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """The couplings of every effect, flat: where each one's begin, which effects, and how much they pull."""
    sizes = [len(group.terms) * group.n_groups for group in spec.sampled_groups]
    first = dict(zip((g.name for g in spec.sampled_groups), np.cumsum([0, *sizes]), strict=False))
    effects, others, weights = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for name, these in coupled.items():
        unit = np.ones_like(frame.groups[name].guess) if forms[name] == PARTIAL else frame.groups[name].guess
        for coupling in these:
            _, q, columns = coupling.weight.shape
            effect = first[name] + coupling.row[:, None] * q + np.arange(q)
            other = first[coupling.other] + coupling.column[:, None] * columns + np.arange(columns)
            effects.append(np.repeat(effect, columns, axis=1).ravel())
            others.append(np.tile(other, (1, q)).ravel())
            weights.append((coupling.weight / unit[:, None]).ravel())
    effect, other, weight = np.concatenate(effects), np.concatenate(others), np.concatenate(weights)
    order = np.argsort(effect, kind="stable")
    start = np.searchsorted(effect[order], np.arange(sum(sizes) + 1))
    return start.astype(np.int64), other[order].astype(np.int64), weight[order]


def _coefficients(
    frame: Coordinates,
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats, float]:
    """Slots, kinds, priors and unwhitening of the coefficients, and the log Jacobian of the whitening."""
    p = frame.X.shape[1]
    slots, kinds, priors = np.zeros(p, dtype=np.int64), np.zeros(p, dtype=np.int64), np.zeros((p, 3))
    unwhiten, log_jacobian, at = np.zeros((p, p)), 0.0, 0
    for block in frame.blocks:
        slots[block.where] = at + np.arange(len(block.where))
        kinds[block.where], priors[block.where] = prior_table(block.priors)
        if is_real(block.kind):
            unwhiten[np.ix_(block.where, block.where)] = np.linalg.inv(block.R)
            log_jacobian -= float(np.linalg.slogdet(block.R)[1])
        at += len(block.where)
    return slots, kinds, priors, unwhiten, log_jacobian


def _start(spec: ModelSpec, frame: Coordinates, arrays: tuple[Any, ...]) -> Floats:
    """Coefficients where they are expected, effects at zero, standard deviations at their rough estimates."""
    layout, kinds, priors = arrays[0], arrays[6], arrays[7]
    _, p, _, n_vines, n_effects, *_ = layout
    theta = np.zeros(p)
    for k, slot in enumerate(arrays[1]):
        if arrays[5][k, k] == 0.0:
            theta[slot] = unconstrained_start(
                arrays[2][k : k + 1], arrays[3][k : k + 1], frame.center[k : k + 1]
            )[0]
    rough = [frame.groups[group.name].guess for group in spec.sampled_groups]
    parameters = [np.array([frame.parameters[name] for name in spec.scalars])]
    values, ease = np.concatenate([*rough, *parameters]), arrays[EASE]
    positives = unconstrained_start(kinds, priors, values)
    eased = ease > 0
    positives[eased] = eased_start(np.log(values[eased] / ease[eased]))
    distances = np.zeros(0) if frame.cutpoints is None else frame.cutpoints.log_distances
    return np.concatenate([theta, distances, positives, np.zeros(n_vines), np.zeros(n_effects)])


def _pieces(spec: ModelSpec, arrays: tuple[NDArray[Any], ...], draws: Floats, seed: int) -> Pieces:
    """Parameters from unconstrained draws, shape (chain, draw, n_dim); nothing is left to chance."""
    lead = draws.shape[:2]
    theta = np.empty((*lead, int(arrays[0][1])))
    positives = np.empty((*lead, int(arrays[0][2])))
    L = np.empty((*lead, sum(len(g.terms) ** 2 for g in spec.sampled_groups)))
    effects = np.empty((*lead, int(arrays[0][4])))
    expand(address_table(arrays), draws, (theta, positives, L), effects)
    if not spec.categories:
        return pieces_of(spec, theta, (positives, L), effects)
    first = theta.shape[-1]
    distances = draws[..., first : first + len(spec.cutpoints) - 1]
    cutpoints = around_location(distances, arrays[-1]) - theta[..., -1:]
    return replace(pieces_of(spec, theta[..., :-1], (positives, L), effects), cutpoints=cutpoints)


def pieces_of(spec: ModelSpec, theta: Floats, scales: tuple[Floats, Floats], effects: Floats) -> Pieces:
    """Flat draws cut into the model's parameters; views, no copies of the effects.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    theta : float64 array, shape (chain, draw, p)
        Population coefficients of all linear predictors.
    scales : (float64 array, float64 array)
        Positives, and Cholesky factors of all group terms one after the other; leading dims (chain, draw).
    effects : float64 array, shape (chain, draw, n_effects)
        Effects (n_groups, q) of all group terms one after the other.
    """
    positives, squares = scales
    lead = positives.shape[:2]
    sd, cholesky, u, column, square, effect = {}, {}, {}, 0, 0, 0
    for group in spec.sampled_groups:
        q, size = len(group.terms), len(group.terms) * group.n_groups
        sd[group.name] = positives[..., column : column + q]
        if group.has_correlations:
            cholesky[group.name] = squares[..., square : square + q * q].reshape(*lead, q, q)
        # A flat array's last axis splits without a copy.
        u[group.name] = effects[..., effect : effect + size].reshape(*lead, group.n_groups, q)
        column, square, effect = column + q, square + q * q, effect + size
    parameters = {name: positives[..., column + k] for k, name in enumerate(spec.scalars)}
    return Pieces(theta if theta.shape[-1] else None, sd, cholesky, u, parameters)
