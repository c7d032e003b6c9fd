"""Maximum likelihood within groups, all groups at once: what the data of each group say alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hierbayes.families.base import Family
from hierbayes.families.links import Link

type Floats = NDArray[np.float64]

STEPS, EXPECTED = 60, 12
"""Steps at most, and how many of them go by the information that is expected of the rows."""
TOLERANCE = 1e-9
SHORT, LEAST_SHARE = 1e-5, 0.01
"""Step of central differences, and the share of that information that the curvature of a row is at least."""
LARGEST_STEP = (
    3.0  # in linear-predictor units; keeps Fisher scoring from overshooting on nearly separated groups
)
NO_VALUES: Mapping[str, ArrayLike] = {}
ROOTED = ("identity", "sqrt", "inverse")  # links whose likelihood has its maximum at a finite place
DIVERGED = 200.0  # standard error, in units of the link, beyond which an estimate has run off to infinity


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
    rows : mapping of str to float64 array, shape (n,)
        Trials and weights, where there are any.
    """

    y: Floats
    Z: Floats
    codes: NDArray[np.int32]
    n_groups: int
    rows: Mapping[str, Floats] = field(default_factory=dict)


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
    data: GroupedData,
    offset: Floats,
    distribution: tuple[Family, Link],
    values: Mapping[str, Any] = NO_VALUES,
) -> tuple[Floats, Floats]:
    """Estimate each group's coefficients from its own rows, the rest as offset.

    By Fisher scoring; groups for which that takes long by Newton steps, with the curvature that rows have.

    Parameters
    ----------
    data : GroupedData
        Rows, columns and groups.
    offset : float64 array, shape (S, n)
        The rest of the linear predictor, link scale, for S draws of it.
    distribution : tuple of Family and Link
        The response distribution; its score and information.
    values : mapping of str to float or array
        Of the family's own parameters (sigma, phi), for the standard errors and the weights of the rows;
        shape (n,) where they differ between rows; cutpoints of shape (S, 1, K - 1).

    Returns
    -------
    estimate, standard_error : float64 arrays, shapes (S, J, q)
        Link scale. NaN where the group's rows cannot tell the coefficient (too few, or the column is
        constant); plus or minus infinity where the likelihood grows without bound (binary groups that are
        all 0 or all 1, counts that are all 0).

    References
    ----------
    McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, 2nd ed., section 2.5.
    Albert, A. and Anderson, J. A. (1984). On the existence of maximum likelihood estimates in logistic
    regression models. Biometrika 71, 1-10.
    """
    family, link = distribution
    q = data.Z.shape[1]
    parameters = {**{name: np.asarray(value) for name, value in values.items()}, **data.rows}
    largest = np.zeros((data.n_groups, q))
    for k in range(q):
        np.maximum.at(largest[:, k], data.codes, np.abs(data.Z[:, k]))
    estimable = _full_rank(data)
    coefficients = _start(data, offset, distribution, estimable)
    information = np.zeros((*coefficients.shape, q))
    for turn in range(STEPS):
        eta = offset + np.einsum("snq,nq->sn", coefficients[:, data.codes], data.Z)
        weights = np.broadcast_to(family.step_weights(data.y, eta, parameters, link), eta.shape)
        information = information_matrices(data.Z, weights, data.codes, data.n_groups)
        if turn >= EXPECTED:
            curvature = _curvature(data.y, eta, parameters, distribution)
            information = _curvatures(data, curvature, LEAST_SHARE * weights)
        residual = family.score(data.y, eta, parameters, link)
        score = np.stack(
            [group_sums(residual * data.Z[:, k], data.codes, data.n_groups) for k in range(q)], axis=-1
        )
        step = _solve(information, score, estimable)
        reach = np.maximum((np.abs(step) * largest).max(axis=-1, keepdims=True), 1e-300)
        if not family.is_flat(link):
            step = step * np.minimum(1.0, LARGEST_STEP * _size(eta, link) / reach)
            step = _stay_inside(data, eta, step, family.domain(link))
        coefficients += step
        if reach.max(initial=0.0) < TOLERANCE:
            break
    weights = np.broadcast_to(family.information(eta, parameters, link), eta.shape)
    information = information_matrices(data.Z, weights, data.codes, data.n_groups)
    identity = np.broadcast_to(np.eye(q), information.shape)
    covariance = np.stack([_solve(information, identity[..., k], estimable) for k in range(q)], axis=-1)
    errors = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    diverged = (
        errors * np.maximum(largest, 1e-300) > DIVERGED * link.unit
        if not family.is_flat(link) and link.name not in ROOTED
        else np.False_
    )
    estimate = np.where(diverged, np.copysign(np.inf, coefficients), coefficients)
    errors = np.where(diverged, np.inf, errors)
    return np.where(estimable[:, None], estimate, np.nan), np.where(estimable[:, None], errors, np.nan)


def _curvature(y: Floats, eta: Floats, rows: Mapping[str, Any], distribution: tuple[Family, Link]) -> Floats:
    """Minus the slope of the score of each row, by central differences; 0 at the ends of the domain."""
    family, link = distribution
    with np.errstate(all="ignore"):
        low, high = (family.score(y, eta + step, rows, link) for step in (-SHORT, SHORT))
    found = (low - high) / (2 * SHORT)
    return np.where(np.isfinite(found), found, 0.0)


def _curvatures(data: GroupedData, rows: Floats, least: Floats) -> Floats:
    """Curvature of each group, shape (S, J, q, q); where it is not positive, of rows at least ``least``."""
    whole, floored = (
        information_matrices(data.Z, weights, data.codes, data.n_groups)
        for weights in (rows, np.maximum(rows, least))
    )
    known = np.isfinite(whole) & np.isfinite(floored)
    least_of = [np.linalg.eigvalsh(np.where(known, matrices, 0.0))[..., 0] for matrices in (whole, floored)]
    return np.where((least_of[0] > LEAST_SHARE * least_of[1])[..., None, None], whole, floored)


def _start(
    data: GroupedData, offset: Floats, distribution: tuple[Family, Link], estimable: NDArray[np.bool_]
) -> Floats:
    """Coefficients to start from, shape (S, J, q): zeros, or least squares on the transformed responses.

    Zeros would be outside of the domain, or where the information is none, for links other than those of a
    latent variable and for the identity link of a Gaussian response.
    """
    family, link = distribution
    q = data.Z.shape[1]
    if family.is_linear(link) or np.isfinite(link.latent_sd) or link.name == "cauchit":
        return np.zeros((offset.shape[0], data.n_groups, q))
    if family.is_flat(link):
        means = data.y
    elif family.response_kind == "numeric":
        base = np.full(data.y.shape, family.typical_mean(data.y, data.rows))
        means = family.first_means(data.y, base, data.rows)
    else:
        trials = data.rows.get("trials", np.ones(1))
        means = data.y + 0.1 if family.response_kind == "count" else (data.y + 0.1) / (trials + 0.2)
    residual = link.link(means) - offset
    moments = information_matrices(data.Z, np.ones(len(data.y)), data.codes, data.n_groups)
    sums = [group_sums(residual * data.Z[:, k], data.codes, data.n_groups) for k in range(q)]
    return _solve(np.broadcast_to(moments, (len(offset), *moments.shape)), np.stack(sums, axis=-1), estimable)


def _size(eta: Floats, link: Link) -> float:
    """What a step is measured by: predictors of links in units of the response have no natural size."""
    if link.name == "inverse":
        return float(np.abs(eta).max())
    return max(1.0, float(np.abs(eta).max())) if link.name in ROOTED else 1.0


def _stay_inside(data: GroupedData, eta: Floats, step: Floats, domain: tuple[float, float]) -> Floats:
    """Steps of the groups, shape (S, J, q), as short as keeps the rows that are inside of a domain there."""
    lower, upper = domain
    if not np.isfinite([lower, upper]).any():
        return step
    change = np.einsum("snq,nq->sn", step[:, data.codes], data.Z)
    room = np.where(change < 0, eta - lower, upper - eta)
    used = np.where(room > 0, np.abs(change) / np.maximum(room, 1e-300), 0.0)
    worst = np.zeros(step.shape[:2])
    for s in range(len(worst)):
        np.maximum.at(worst[s], data.codes, used[s])
    return step * np.minimum(1.0, 0.9 / np.maximum(worst, 1e-300))[..., None]


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
