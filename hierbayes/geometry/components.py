"""A rough estimate of how much groups differ, by EM: enough to choose coordinates, no part of a posterior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import GroupDesign

type Floats = NDArray[np.float64]

STEPS = 200
SHORT = 12  # EM steps of a round of quasi-likelihood
GROUPS = 2000  # at most so many groups, evenly spaced, take part: enough for a rough estimate
START = 1 / 3  # sd of group effects in units of a row's own sd, per sd of the column
FLOOR = 0.02  # in the same units: an sd of zero has no coordinates
LEAST = 1e-8
"""Of the scatter of residuals, the share that rows within groups are taken to have at least."""


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
    information: float = 1.0

    @classmethod
    def floored(cls, sd: Floats, start: Floats, information: float = 1.0) -> Components:
        """Components with standard deviations of at least ``FLOOR``, as zero has no coordinates."""
        return cls(np.maximum(sd, FLOOR / START * start), start, information)


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
    group: GroupDesign,
    residual: Floats,
    information: float,
    *,
    estimate_scale: bool,
    weights: Floats | None = None,
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
    weights : float64 array, shape (n,), or None
        Relative information of the rows, of mean 1.

    Returns
    -------
    Components
        After a fixed number of EM steps for ``residual = Z u + e`` with ``u ~ N(0, S)``.

    References
    ----------
    Laird, N. M. and Ware, J. H. (1982). Random-effects models for longitudinal data. Biometrics 38, 963-974.
    """
    every = max(1, group.n_groups // GROUPS)
    w = np.ones(1) if weights is None else weights
    moments = cross_products(group.Z if weights is None else group.Z * w[:, None], group)[::every]
    sums = cross_products((residual * w)[:, None], group)[::every, :, 0]
    residual = (residual * np.sqrt(w))[group.own & (group.codes % every == 0)]
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
            scatter = max(float(scatter), LEAST * float(residual @ residual))
            information = float(len(residual) / scatter) if scatter > 0 else information
    return Components.floored(np.sqrt(np.diag(S)), START * unit, information)


def effects_by_em(
    group: GroupDesign, residual: Floats, W: Floats, S: Floats, *, steps: int = SHORT
) -> tuple[Floats, Floats]:
    """A few EM steps for the covariance of a group term's effects, and what the effects add to each row.

    Parameters
    ----------
    group : GroupDesign
        The group term.
    residual : float64 array, shape (n,)
        Working response less all else, link scale.
    W : float64 array, shape (n,)
        Information of the rows.
    S : float64 array, shape (q, q)
        Covariance to start from.
    steps : int
        Number of EM steps; with 0 the covariance stays.

    Returns
    -------
    S, u : float64 arrays, shapes (q, q) and (n,)
        Covariance, and ``Z u`` of the conditional means; 0 in rows outside of all groups.
    """
    moments = cross_products(group.Z * W[:, None], group)
    sums = cross_products((residual * W)[:, None], group)[:, :, 0]
    for step in range(steps + 1):
        V = np.linalg.inv(moments + np.linalg.inv(S + 1e-12 * np.diag(np.diag(S)) + 1e-300 * np.eye(len(S))))
        m = np.einsum("jqk,jk->jq", V, sums)
        if step < steps:
            S = (V + m[:, :, None] * m[:, None, :]).mean(axis=0)
    return S, np.where(group.own, (group.Z * m[group.codes]).sum(axis=1), 0.0)
