"""A rough estimate of how much groups differ, by EM: enough to choose coordinates, no part of a posterior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import GroupDesign

type Floats = NDArray[np.float64]

STEPS = 200
GROUPS = 2000  # at most so many groups, evenly spaced, take part: enough for a rough estimate
START = 1 / 3  # sd of group effects in units of a row's own sd, per sd of the column
FLOOR = 0.02  # in the same units: an sd of zero has no coordinates


@dataclass(frozen=True)
class Components:
    """Rough variance components of one group term.

    Attributes
    ----------
    sd : float64 array, shape (q,)
        Standard deviations of the effects, on the link scale.
    start : float64 array, shape (q,)
        What they were guessed to be before the data were seen.
    information : float
        Information of one row about its linear predictor, the groups' part of the scatter taken out.
    """

    sd: Floats
    start: Floats
    information: float


def cross_products(X: Floats, group: GroupDesign) -> Floats:
    """``Z_j'X`` of each group, shape (n_groups, q, columns of X); over the rows that belong to a group."""
    cross = np.empty((group.n_groups, group.Z.shape[1], X.shape[1]))
    own = group.own
    rows = slice(None) if own.all() else own
    codes = group.codes[rows]
    for j in range(group.Z.shape[1]):
        for k in range(X.shape[1]):
            products = group.Z[rows, j] * X[rows, k]
            cross[:, j, k] = np.bincount(codes, weights=products, minlength=group.n_groups)
    return cross


def estimate_components(
    group: GroupDesign, residual: Floats, information: float, *, estimate_scale: bool
) -> Components:
    """Variance components of a group term from single-level residuals, other group terms left out.

    Parameters
    ----------
    group : GroupDesign
        The group term.
    residual : float64 array, shape (n,)
        Working response less its single-level fit, link scale.
    information : float
        Information of one row; the start where it is estimated.
    estimate_scale : bool
        Whether the rows' own variance is a parameter (Gaussian) or known (binary).

    Returns
    -------
    Components
        After a fixed number of EM steps for ``residual = Z u + e`` with ``u ~ N(0, S)``.

    References
    ----------
    Laird, N. M. and Ware, J. H. (1982). Random-effects models for longitudinal data. Biometrics 38, 963-974.
    """
    every = max(1, group.n_groups // GROUPS)
    moments = cross_products(group.Z, group)[::every]
    sums = cross_products(residual[:, None], group)[::every, :, 0]
    residual = residual[group.own & (group.codes % every == 0)]
    spread = group.Z[group.own].std(axis=0)
    unit = 1 / np.sqrt(information) / np.where(spread > 0, spread, 1.0)
    S = np.diag((START * unit) ** 2)
    for _ in range(STEPS):
        V = np.linalg.inv(information * moments + np.linalg.inv(S))
        m = information * np.einsum("jqk,jk->jq", V, sums)
        second = V + m[:, :, None] * m[:, None, :]
        S = second.mean(axis=0)
        if estimate_scale:
            scatter = residual @ residual - 2 * (m * sums).sum() + (moments * second).sum()
            information = float(len(residual) / scatter)
    return Components(np.maximum(np.sqrt(np.diag(S)), FLOOR * unit), START * unit, information)
