"""How the effects of one group term depend on those of another: nested and crossed factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design, GroupDesign
from hierbayes.geometry.coordinates import PARTIAL, Coordinates

type Floats = NDArray[np.float64]

DENSEST = 0.5
"""Pairs of groups that share rows, as a share of the rows, up to which a coupling earns its cost."""


@dataclass(frozen=True)
class Coupling:
    """What the effects of a finer group term owe to those of a coarser one.

    The finer effects are sampled around ``-pull``, their conditional mean, and a coarser effect ``u`` of
    group ``column`` adds ``weight @ u`` to the pull of group ``row``. The Jacobian is 1, because couplings
    lead from finer to coarser terms only.

    Attributes
    ----------
    other : str
        Name of the coarser group term, of ``q'`` columns.
    row, column : int64 arrays, shape (m,)
        Groups of the finer and of the coarser term that share rows of the data, ordered by ``row``.
    weight : float64 array, shape (m, q, q')
        ``(A_j + S0^-1)^-1 Z_j'W Z'_l``, on the scale of the effects; see ``coordinates``.
    """

    other: str
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    weight: Floats


def coarse_to_fine(design: Design) -> tuple[int, ...]:
    """Positions among ``Design.sampled_groups``, the group terms with fewest groups first."""
    groups = design.sampled_groups
    return tuple(sorted(range(len(groups)), key=lambda k: (groups[k].n_groups, k)))


def couplings(
    design: Design, frame: Coordinates, forms: Mapping[str, str]
) -> dict[str, tuple[Coupling, ...]]:
    """The couplings of each group term with coarser ones, where they are sparse enough to earn their cost.

    Parameters
    ----------
    design : Design
        The arrays.
    frame : Coordinates
        Its coordinates.
    forms : mapping of str to str
        The parameterization of each group term; ``"noncentered"`` ones are left as simple as they are.

    Returns
    -------
    dict
        One entry per group term: a nested factor is coupled with its parents, crossed ones where few of their
        combinations occur.
    """
    groups, order = design.sampled_groups, coarse_to_fine(design)
    # Those of several linear predictors are coupled with no other term: their scores stay those at the mode.
    owner = {group.name: predictor.name for predictor in design.linear for group in predictor.groups}
    found: dict[str, tuple[Coupling, ...]] = {group.name: () for group in groups}
    for at, k in enumerate(order):
        fine = groups[k]
        if forms[fine.name] == "noncentered" or fine.name not in owner:
            continue
        here = frame.groups[fine.name]
        gain = None if forms[fine.name] == PARTIAL else here.gain
        before = [groups[h] for h in order[:at] if owner.get(groups[h].name) == owner[fine.name]]
        coarser = [_coupling(fine, coarse, gain, here.weights) for coarse in before]
        found[fine.name] = tuple(coupling for coupling in coarser if coupling is not None)
    return found


def _coupling(
    fine: GroupDesign, coarse: GroupDesign, gain: Floats | None, weights: Floats
) -> Coupling | None:
    both = (fine.codes >= 0) & (coarse.codes >= 0)
    pair = fine.codes[both].astype(np.int64) * coarse.n_groups + coarse.codes[both]
    if pair.size == 0:
        return None
    pairs, member = np.unique(pair, return_inverse=True)
    row, column = np.divmod(pairs, coarse.n_groups)
    if len(pairs) > max(DENSEST * len(pair), fine.n_groups):
        return None
    q, other = fine.Z.shape[1], coarse.Z.shape[1]
    cross = np.empty((len(pairs), q, other))
    for j in range(q):
        for k in range(other):
            products = fine.Z[both, j] * coarse.Z[both, k] * weights[both]
            cross[:, j, k] = np.bincount(member, weights=products)
    return Coupling(coarse.name, row, column, cross if gain is None else gain[row] @ cross)


def zero_scores(frame: Coordinates, coupled: Mapping[str, Sequence[Coupling]]) -> dict[str, Floats]:
    """``GroupCoordinates.score`` of each group term at effects of zero of the terms it is coupled with."""
    found = {name: frame.groups[name].score.copy() for name in coupled}
    for name, these in coupled.items():
        for coupling in these:
            mode = frame.groups[coupling.other].mode[coupling.column]
            np.add.at(found[name], coupling.row, np.einsum("mqk,mk->mq", coupling.weight, mode))
    return found
