"""The coordinates in which population coefficients and group effects are sampled; NumPy only.

The coefficients ``theta`` act on columns whose means are taken out (when the intercept's prior is there).
The rows are approximated as normal observations near the mode (``modes``), with weights ``W``; with prior
variances ``D`` and a rough guess ``S0`` of the covariance of the group effects, exact changes of coordinates
take away the ridges that make NUTS slow:

1. *Whitening*. The unconstrained value of ``theta`` is ``R (theta - m)`` with
   ``(R'R)^-1 = P^-1 + sum_g B_g S0_g B_g'``, where ``P = X'WX + D^-1`` and
   ``B_g = P^-1 X'W Z_g``: the covariance of a least-squares estimate that the group effects disturb. ``m`` is
   the mode. The Jacobian is a constant.
2. *Effects given what rows say* (form ``"partial"``, ``graph.groups.informed``). With ``A_j = Z_j'W Z_j`` and
   the score ``r_j``, which depends on ``theta`` and on the effects of coarser groups (``couplings``), the
   effects ``T z`` of a group, ``z ~ N(0, I)``, would be normal given all other parameters: ``z`` has
   precision ``I + T'A_j T`` and mean ``(I + T'A_j T)^-1 T'r_j``. Sampled is what is left when these are
   taken out, for the ``T`` of the moment and not for a guess of it: so far as the approximation holds,
   standard normal values that know nothing of standard deviations, correlations, coefficients or each other.
   Effects of groups with many rows are in effect centered, those of groups with few are not.
3. *Easing* (``easing``) of standard deviations that may be zero.

In the forms ``"noncentered"`` and ``"centered"`` effects are only shifted by their conditional mean at
``S0``, ``-(A_j + S0^-1)^-1 Z_j'W X (theta - m)``; the Jacobian is 1. A poor guess costs efficiency, never
correctness.

References
----------
Papaspiliopoulos, O., Roberts, G. O. and Sköld, M. (2007). A general framework for the parametrization of
hierarchical models. Statistical Science 22, 59-73 (on partial non-centering, of which 2 is the limit for
normal rows).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design, GroupDesign, PredictorDesign
from hierbayes.families import Link, get_link
from hierbayes.families.base import CUTPOINTS
from hierbayes.geometry.components import Components, cross_products
from hierbayes.geometry.cutpoints import CutpointCoordinates, cutpoint_coordinates
from hierbayes.geometry.further import rough_fits
from hierbayes.geometry.modes import Mode, is_nested, stiffness, weights_given_parts
from hierbayes.geometry.rough import Rough, times
from hierbayes.joint import sampled_terms
from hierbayes.spec import PRIORS
from hierbayes.spec.records import ModelSpec, Prior

type Floats = NDArray[np.float64]

FLAT = Prior("flat", ())


@dataclass(frozen=True)
class Block:
    """Coefficients whose priors are of one kind, and their coordinates.

    Attributes
    ----------
    name : str
        The sampled variable: ``beta``, or ``beta_<kind>`` where the model mixes kinds of priors.
    kind : str
        The distribution of the priors.
    where : int64 array, shape (k,)
        Positions in ``theta``.
    priors : tuple of Prior, length k
        The priors of these coefficients.
    R : float64 array, shape (k, k)
        The whitening map; empty for priors with bounds.
    predictor : str
        The linear predictor, ``""`` for the main one.
    """

    name: str
    kind: str
    where: NDArray[np.int64]
    priors: tuple[Prior, ...]
    R: Floats
    predictor: str = ""


@dataclass(frozen=True)
class GroupCoordinates:
    """Coordinates of one group term's effects.

    Attributes
    ----------
    guess : float64 array, shape (q,)
        ``s0``, a rough estimate of the standard deviations of the effects.
    centering : float64 array, shape (n_groups, q)
        How much of what is known of each effect comes from the group's own rows, from 0 to 1: the diagonal
        of ``(A_j + S^-1)^-1 A_j``, at a standard deviation two standard errors below ``s0``.
    information : float64 array, shape (n_groups, q, q)
        ``A_j``, what the rows of each group say about its effects, those of factors nested in it integrated
        out.
    score : float64 array, shape (n_groups, q)
        ``Z_j'W`` times the working response, less all other effects at their mode.
    cross : float64 array, shape (n_groups, q, p)
        ``Z_j'W X``: what the score loses per unit of ``theta - m``.
    mode : float64 array, shape (n_groups, q)
        Where the effects are expected.
    weights : float64 array, shape (n,)
        ``W``, less what the effects of factors nested in this one take away.
    """

    guess: Floats
    centering: Floats
    information: Floats
    score: Floats
    cross: Floats
    mode: Floats
    weights: Floats

    @property
    def gain(self) -> Floats:
        """``(A_j + S0^-1)^-1``, shape (n_groups, q, q)."""
        return np.linalg.inv(self.information + np.diag(self.guess**-2))

    @property
    def shift(self) -> Floats:
        """``(A_j + S0^-1)^-1 Z_j'W X``, shape (n_groups, q, p), on the scale of the effects."""
        return self.gain @ self.cross


@dataclass(frozen=True)
class Coordinates:
    """Population columns, coefficients and group effects as the sampler sees them.

    Coefficients are those of all linear predictors, side by side in the order of ``ModelSpec.linear``.

    Attributes
    ----------
    X : float64 array, shape (n, p)
        The user's columns, less ``means``; for an ordered response a column of ones after them, whose
        coefficient is the location of the cutpoints with the sign turned.
    means : float64 array, one for each of the user's columns
        Column means where the intercept's prior is stated at the mean of the columns, else zeros; 0 for
        the intercept.
    center : float64 array, shape (p,)
        ``m``, where the coefficients are expected.
    blocks : tuple of Block
        Every coefficient is in one of them.
    groups : mapping of str to GroupCoordinates
        One entry for each of ``Design.sampled_groups``.
    residual_sd : float
        A rough estimate of the sd of a row around its linear predictor, link scale.
    parameters : mapping of str to float
        Rough estimates of the family's own scalar parameters.
    stiffness : float
        See ``modes.stiffness``.
    cutpoints : CutpointCoordinates or None
        Of an ordered response.
    """

    X: Floats
    means: Floats
    center: Floats
    blocks: tuple[Block, ...]
    groups: Mapping[str, GroupCoordinates]
    residual_sd: float
    parameters: Mapping[str, float] = field(default_factory=dict)
    stiffness: float = 1.0
    cutpoints: CutpointCoordinates | None = None


PARTIAL = "partial"

WEIGHTS = {"noncentered": 0.0, "centered": 1.0}
"""How far effects are centered in the forms that do not ask what their rows say."""

FORMS = (*WEIGHTS, PARTIAL)
"""The parameterizations of a group term."""

SHARES = (0.0, 1e-12, 1e-9, 1e-6)
"""Of the variances of coefficients, what is added to them until their covariance has a Cholesky factor."""


def is_real(kind: str) -> bool:
    """Whether coefficients with this kind of prior range over the whole real line."""
    return PRIORS[kind].support in ("real", "any")


def coordinates(spec: ModelSpec, design: Design) -> Coordinates:
    """Choose the coordinates of a model.

    Raises
    ------
    DataError
        If columns are linear combinations of each other and their priors are flat.
    """
    columns = [_columns(spec, predictor.name, predictor.X) for predictor in design.linear]
    fits = rough_fits(spec, design, [(X, priors) for X, _, priors in columns])
    parts = [
        _of_predictor(design, predictor, here, fit, link=get_link(spec.family, spec.link))
        for predictor, here, fit in zip(design.linear, columns, fits, strict=True)
    ]
    bend = stiffness(spec, design.of(design.linear[0]), columns[0][0], fits[0])
    together = _side_by_side(parts)
    return replace(together, stiffness=bend, groups=_joined(design, together.groups))


def _joined(design: Design, groups: Mapping[str, GroupCoordinates]) -> dict[str, GroupCoordinates]:
    """Coordinates of the group terms as they are sampled; what rows say of two predictors is independent."""
    found = {}
    for joint in sampled_terms(design.linear):
        parts = [groups[group.name] for group in joint.groups]
        found[joint.name or joint.groups[0].name] = parts[0] if len(parts) == 1 else _as_one(parts)
    return found


def _as_one(parts: Sequence[GroupCoordinates]) -> GroupCoordinates:
    sizes = [len(part.guess) for part in parts]
    ends = np.cumsum(sizes)
    information = np.zeros((len(parts[0].information), ends[-1], ends[-1]))
    for part, end, size in zip(parts, ends, sizes, strict=True):
        information[:, end - size : end, end - size : end] = part.information
    return GroupCoordinates(
        np.concatenate([part.guess for part in parts]),
        np.hstack([part.centering for part in parts]),
        information,
        np.hstack([part.score for part in parts]),
        np.hstack([part.cross for part in parts]),
        np.hstack([part.mode for part in parts]),
        parts[0].weights,
    )


def _columns(spec: ModelSpec, predictor: str, X: Floats) -> tuple[Floats, Floats, tuple[Prior, ...]]:
    """Columns in the sampler's coordinates, their means, and the priors of their coefficients."""
    intercept, b = names.of(names.INTERCEPT, predictor), names.of(names.B, predictor)
    (terms,) = (p.terms for p in spec.linear if p.name == predictor)
    at_means = spec.has_prior(intercept)
    means = np.zeros(len(terms))
    if at_means:
        means[1:] = X[:, 1:].mean(axis=0)
    elif spec.categories:
        means = X.mean(axis=0)
    priors = tuple(
        spec.prior(intercept) if at_means and term == names.INTERCEPT else spec.prior(b, term)
        for term in terms
    )
    if spec.categories:
        return np.column_stack([X - means, np.ones(len(X))]), means, (*priors, FLAT)
    return X - means, means, priors


def _of_predictor(
    design: Design,
    predictor: PredictorDesign,
    columns: tuple[Floats, Floats, tuple[Prior, ...]],
    fits: tuple[Rough, Mode],
    *,
    link: Link,
) -> Coordinates:
    """The coordinates of one linear predictor, under a normal approximation of the rows."""
    (X, means, priors), (fit, at) = columns, fits
    design = design.of(predictor)
    center, cutpoints = at.center, None
    if CUTPOINTS in fit.parameters and not predictor.name:
        cutpoints = cutpoint_coordinates(fit.parameters[CUTPOINTS] - center[-1], link)
        center = np.append(center[:-1], -cutpoints.location)
    covariance = np.linalg.inv(at.precision)
    disturbed = covariance.copy()
    groups = {}
    for group in design.groups:
        here = _group_coordinates(design, group, X, (fit, at))
        groups[group.name] = here
        B = np.einsum("pk,jqk->pjq", covariance, here.cross) * here.guess
        disturbed += np.einsum("pjq,kjq->pk", B, B)
    if cutpoints is None:
        blocks = _blocks(priors, disturbed, predictor.name)
    else:
        blocks = (*_blocks(priors[:-1], disturbed, predictor.name), _location(disturbed))
    return Coordinates(X, means, center, blocks, groups, fit.residual_sd, fit.parameters, cutpoints=cutpoints)


def _location(covariance: Floats) -> Block:
    """The location of the cutpoints, the last coefficient; their priors are not those of a coefficient."""
    where = np.array([len(covariance) - 1])
    R = covariance[-1:, -1:] ** -0.5
    return Block(names.CUTPOINTS_AT_MEAN, FLAT.distribution, where, (FLAT,), R)


def _group_coordinates(
    design: Design, group: GroupDesign, X: Floats, fits: tuple[Rough, Mode]
) -> GroupCoordinates:
    fit, at = fits
    rough = fit.components[group.name]
    weights = weights_given_parts(design, group, at.W, fit.components)
    A = cross_products(times(group.Z, weights), group)
    others = [
        other
        for other in design.groups
        if other.name != group.name and not (other.n_groups > group.n_groups and is_nested(other, group))
    ]
    rest = at.rest(design, X, others)
    return GroupCoordinates(
        rough.sd,
        _centering(A, rough),
        A,
        cross_products(times(rest[:, None], weights), group)[:, :, 0],
        cross_products(times(X, weights), group),
        at.effects[group.name],
        weights,
    )


def _side_by_side(parts: Sequence[Coordinates]) -> Coordinates:
    """The coordinates of all linear predictors as those of one; effects are shifted by their own columns."""
    if len(parts) == 1:
        return parts[0]
    sizes = [part.X.shape[1] for part in parts]
    starts = np.cumsum([0, *sizes])
    blocks, groups = [], {}
    for part, start in zip(parts, starts[:-1], strict=True):
        blocks += [replace(block, where=block.where + start) for block in part.blocks]
        for name, group in part.groups.items():
            cross = np.zeros((*group.cross.shape[:2], starts[-1]))
            cross[..., start : start + part.X.shape[1]] = group.cross
            groups[name] = replace(group, cross=cross)
    return replace(
        parts[0],
        X=np.hstack([part.X for part in parts]),
        means=np.concatenate([part.means for part in parts]),
        center=np.concatenate([part.center for part in parts]),
        blocks=tuple(blocks),
        groups=groups,
    )


def _centering(A: Floats, rough: Components) -> Floats:
    """``GroupCoordinates.centering`` from the rows' information ``A``, shape (n_groups, q, q).

    The standard errors are the larger of those at the rough estimate and those where no sd is below its first
    guess: there, an intercept and a slope that the data confuse are both uncertain.
    """
    errors = np.maximum(_log_sd_errors(A, rough.sd), _log_sd_errors(A, np.maximum(rough.sd, rough.start)))
    return _reliability(A, rough.sd * np.exp(-2 * errors))


def _log_sd_errors(A: Floats, sd: Floats) -> Floats:
    """Standard errors of ``log sd``, at most 3.

    The information about ``(log s_k, log s_l)`` is ``2 sum_j (s_k s_l G_kl)^2`` with ``G = A (I + S A)^-1``.
    """
    G = np.linalg.solve(np.eye(len(sd)) + A * sd**2, A)
    information = 2 * ((sd[:, None] * sd * G) ** 2).sum(axis=0) + np.diag(np.full(len(sd), 1e-3))
    return np.minimum(np.sqrt(np.diag(np.linalg.inv(information))), 3.0)


def _reliability(A: Floats, sd: Floats) -> Floats:
    return np.diagonal(np.linalg.solve(A + np.diag(sd**-2), A), axis1=1, axis2=2)


def _cholesky(covariance: Floats) -> Floats:
    """The factor of a covariance that rounding may have left indefinite; other coordinates do as well."""
    variances = np.diag(np.diag(covariance))
    for share in SHARES[:-1]:
        try:
            return np.linalg.cholesky(covariance + share * variances)
        except np.linalg.LinAlgError:
            continue
    return np.linalg.cholesky(covariance + SHARES[-1] * variances)


def _blocks(priors: Sequence[Prior], covariance: Floats, predictor: str) -> tuple[Block, ...]:
    """The coefficients by kind of prior, each block whitened by its part of the covariance."""
    kinds = [prior.distribution for prior in priors]
    blocks = []
    for kind in dict.fromkeys(kinds):
        where = np.array([k for k, given in enumerate(kinds) if given == kind])
        R = np.zeros((0, 0))
        if is_real(kind):
            R = np.linalg.inv(_cholesky(covariance[np.ix_(where, where)]))
        name = names.of("beta", predictor)
        if len(set(kinds)) > 1:
            name = f"{name}_{kind}"
        blocks.append(Block(name, kind, where, tuple(priors[k] for k in where), R, predictor))
    return tuple(blocks)
