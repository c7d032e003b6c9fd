"""Maximum likelihood within groups, all groups at once: what the data of each group say alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierbayes.families.base import Family
from hierbayes.families.links import Link

type Floats = NDArray[np.float64]

STEPS = 40
TOLERANCE = 1e-9
LARGEST_STEP = (
    3.0  # in linear-predictor units; keeps Fisher scoring from overshooting on nearly separated groups
)
DIVERGED = 200.0  # standard error, in latent sds, beyond which an estimate has run off to infinity


@dataclass(frozen=True)
class GroupedData:
    """The rows of one group term.

    Attributes
    ----------
    y : float64 array, shape (n,)
        Response.
    Z : float64 array, shape (n, q)
        Columns whose coefficients are estimated in each group.
    codes : int32 array, shape (n,)
        The group of each row.
    n_groups : int
        Number of groups, J.
    """

    y: Floats
    Z: Floats
    codes: NDArray[np.int32]
    n_groups: int


def group_sums(values: Floats, codes: NDArray[np.int32], n_groups: int) -> Floats:
    """Sum ``values``, shape (..., n), over the rows of each group; shape (..., J)."""
    flat = values.reshape(-1, values.shape[-1])
    sums = np.stack([np.bincount(codes, weights=row, minlength=n_groups) for row in flat])
    return sums.reshape(*values.shape[:-1], n_groups)


def information_matrices(Z: Floats, weights: Floats, codes: NDArray[np.int32], n_groups: int) -> Floats:
    """``Z_j' W Z_j`` of each group for weights of shape (..., n); shape (..., J, q, q)."""
    q = Z.shape[1]
    matrices = np.empty((*weights.shape[:-1], n_groups, q, q))
    for i in range(q):
        for j in range(i + 1):
            matrices[..., i, j] = group_sums(weights * (Z[:, i] * Z[:, j]), codes, n_groups)
            matrices[..., j, i] = matrices[..., i, j]
    return matrices


def maximum_likelihood(
    data: GroupedData, offset: Floats, distribution: tuple[Family, Link], dispersion: float = 1.0
) -> tuple[Floats, Floats]:
    """Estimate each group's coefficients from its own rows by Fisher scoring, the rest as offset.

    Parameters
    ----------
    data : GroupedData
        Rows, columns and groups.
    offset : float64 array, shape (S, n)
        The rest of the linear predictor, link scale, for S draws of it.
    distribution : tuple of Family and Link
        The response distribution; its score and information.
    dispersion : float
        The family's scale parameter (sigma), for the standard errors.

    Returns
    -------
    estimate, standard_error : float64 arrays, shapes (S, J, q)
        Link scale. NaN where the group's rows cannot tell the coefficient (too few, or the column is
        constant); plus or minus infinity where the likelihood grows without bound (binary groups that are
        all 0 or all 1).

    References
    ----------
    McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, 2nd ed., section 2.5.
    Albert, A. and Anderson, J. A. (1984). On the existence of maximum likelihood estimates in logistic
    regression models. Biometrika 71, 1-10.
    """
    family, link = distribution
    q = data.Z.shape[1]
    parameters = dict.fromkeys(family.parameters, dispersion)
    largest = np.zeros((data.n_groups, q))
    for k in range(q):
        np.maximum.at(largest[:, k], data.codes, np.abs(data.Z[:, k]))
    estimable = _full_rank(data)
    coefficients = np.zeros((offset.shape[0], data.n_groups, q))
    information = np.zeros((*coefficients.shape, q))
    for _ in range(STEPS):
        eta = offset + np.einsum("snq,nq->sn", coefficients[:, data.codes], data.Z)
        weights = np.broadcast_to(family.information(eta, parameters, link), eta.shape)
        residual = family.score(data.y, eta, parameters, link)
        information = information_matrices(data.Z, weights, data.codes, data.n_groups)
        score = np.stack(
            [group_sums(residual * data.Z[:, k], data.codes, data.n_groups) for k in range(q)], axis=-1
        )
        step = _solve(information, score, estimable)
        reach = np.maximum((np.abs(step) * largest).max(axis=-1, keepdims=True), 1e-300)
        if not family.parameters:
            step = step * np.minimum(1.0, LARGEST_STEP / reach)
        coefficients += step
        if reach.max(initial=0.0) < TOLERANCE:
            break
    identity = np.broadcast_to(np.eye(q), information.shape)
    covariance = np.stack([_solve(information, identity[..., k], estimable) for k in range(q)], axis=-1)
    errors = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    diverged = (
        errors * np.maximum(largest, 1e-300) > DIVERGED * link.latent_sd
        if not family.parameters
        else np.False_
    )
    estimate = np.where(diverged, np.copysign(np.inf, coefficients), coefficients)
    errors = np.where(diverged, np.inf, errors)
    return np.where(estimable[:, None], estimate, np.nan), np.where(estimable[:, None], errors, np.nan)


def _full_rank(data: GroupedData) -> NDArray[np.bool_]:
    moments = information_matrices(data.Z, np.ones(len(data.y)), data.codes, data.n_groups)
    scale = np.sqrt(np.maximum(np.diagonal(moments, axis1=-2, axis2=-1), 1e-300))
    correlations = moments / (scale[..., :, None] * scale[..., None, :])
    return np.linalg.eigvalsh(correlations)[..., 0] > 1e-10


def _solve(information: Floats, right: Floats, estimable: NDArray[np.bool_]) -> Floats:
    """``information^-1 right`` group by group; zeros where the group is not estimable."""
    q = information.shape[-1]
    scale = np.sqrt(np.maximum(np.diagonal(information, axis1=-2, axis2=-1), 1e-300))
    scaled = information / (scale[..., :, None] * scale[..., None, :])
    safe = np.where(estimable[:, None, None], scaled, np.eye(q)) + 1e-13 * np.eye(q)
    solution = np.linalg.solve(safe, (right / scale)[..., None])[..., 0] / scale
    return np.where(estimable[:, None], solution, 0.0)
