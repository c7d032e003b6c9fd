"""Pareto-smoothed importance weights of many rows at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]

BLOCK = 500_000
"""Numbers, rows by draws, that are smoothed at a time: they fit in the cache of a processor."""

PRIOR_SCALE, PRIOR_DRAWS, PRIOR_K = 3, 10, 0.5
"""Of the generalized Pareto fit: scale of the grid, and a prior on k worth ten draws at a half."""

SHORTEST, SHORT = 5, 225
"""Draws that a tail has at least; effective draws from which on it grows with their square root."""


def psis_weights(log_likelihood: Floats, r_eff: float = 1.0) -> tuple[Floats, Floats]:
    """Weights of draws for predicting each row as if it had been left out.

    What ``arviz_stats``'s ``psislw`` gives row by row, for all rows in one pass over the array: ten
    times as fast for thousands of rows, and the same to rounding. Rows of which a
    draw has no likelihood go through ``psislw`` itself.

    Parameters
    ----------
    log_likelihood : float64 array, shape (n, S)
        Log likelihood of each row under each of S draws of the posterior of all rows.
    r_eff : float
        Effective draws per draw.

    Returns
    -------
    log_weights : float64 array, shape (n, S)
        Logarithms of the smoothed weights, whose sum in a row is 1.
    k : float64 array, shape (n,)
        Shape of the Pareto distribution that was fitted to the largest weights; NaN or infinite where they
        are none, or fewer than five; ``-inf`` for a row that is the same under all draws, which are then
        weighted alike.

    References
    ----------
    Vehtari, A., Simpson, D., Gelman, A., Yao, Y. and Gabry, J. (2024). Pareto smoothed importance sampling.
    Journal of Machine Learning Research 25 (72), algorithm 1. Zhang, J. and Stephens, M. A. (2009). A new and
    efficient estimation method for the generalized Pareto distribution. Technometrics 51, 316-325.
    """
    n, n_draws = log_likelihood.shape
    log_weights, k = np.empty((n, n_draws)), np.empty(n)
    tail = tail_length(n_draws, r_eff)
    size = max(1, BLOCK // n_draws)
    for start in range(0, n, size):
        rows = slice(start, start + size)
        log_weights[rows], k[rows] = _block(log_likelihood[rows], tail, r_eff)
    return log_weights, k


def tail_length(n_draws: int, r_eff: float) -> int:
    """How many of the largest weights are smoothed.

    References
    ----------
    Vehtari et al. (2024), equation 14, with the rounding of ``arviz_stats``.
    """
    long = n_draws * r_eff > SHORT
    length = int(3 * (n_draws / r_eff) ** 0.5) if long else n_draws // 5
    return min(max(SHORTEST, length), n_draws - 1)


def _block(log_likelihood: Floats, tail: int, r_eff: float) -> tuple[Floats, Floats]:
    from arviz_stats.base import array_stats

    low = log_likelihood.min(axis=1, keepdims=True)
    constant = (low == log_likelihood.max(axis=1, keepdims=True))[:, 0]
    odd = ~np.isfinite(log_likelihood).all(axis=1)
    with np.errstate(all="ignore"):  # of weights that are no Pareto distribution, which k then says
        logs = low - log_likelihood
        k = _smooth(logs, tail) if tail >= SHORTEST else np.full(len(logs), np.inf)
        logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
        if odd.any():
            logs[odd], k[odd] = array_stats.psislw(log_likelihood[odd], r_eff=r_eff, axis=-1)
    k[constant & ~odd] = -np.inf
    return logs, k


def _smooth(logs: Floats, tail: int) -> Floats:
    """Replace the largest log weights, whose maximum is 0, in place; their shapes k."""
    n_draws = logs.shape[1]
    unsorted = np.argpartition(logs, n_draws - tail - 1, axis=1)[:, n_draws - tail - 1 :]
    order = np.argsort(np.take_along_axis(logs, unsorted, axis=1), axis=1)
    places = np.take_along_axis(unsorted, order, axis=1)
    largest = np.take_along_axis(logs, places, axis=1)
    cutoff = np.exp(largest[:, :1])
    exceedances = np.exp(largest[:, 1:]) - cutoff
    k, sigma = fit_pareto(exceedances)
    p = np.arange(0.5, tail) / tail
    with np.errstate(all="ignore"):
        unit = np.where(k[:, None] == 0, -np.log1p(-p), np.expm1(-k[:, None] * np.log1p(-p)) / k[:, None])
        smoothed = np.minimum(np.log(cutoff + sigma[:, None] * unit), largest[:, -1:])
    told = np.isfinite(k) & (sigma > 0)
    np.put_along_axis(logs, places[:, 1:], np.where(told[:, None], smoothed, largest[:, 1:]), axis=1)
    return k


def fit_pareto(exceedances: Floats) -> tuple[Floats, Floats]:
    """Shape and scale of generalized Pareto distributions, by the empirical Bayes estimate.

    Parameters
    ----------
    exceedances : float64 array, shape (n, m)
        Amounts by which m values exceed a threshold, each row in ascending order.

    Returns
    -------
    k, sigma : float64 arrays, shape (n,)
        Shape, drawn to a half as by ten more values, and scale; NaN where the values are none of such a
        distribution, k infinite where it cannot be computed.

    References
    ----------
    Zhang and Stephens (2009), section 3; Vehtari et al. (2024), appendix C, for the prior on k.
    """
    m = exceedances.shape[1]
    quartile, largest = exceedances[:, int(m / 4 + 0.5) - 1], exceedances[:, -1]
    points = 30 + int(m**0.5)
    grid = (1 - np.sqrt(points / (np.arange(1, points + 1) - 0.5))) / PRIOR_SCALE
    theta = grid / quartile[:, None] + 1 / largest[:, None]
    shapes = np.stack(
        [np.log1p(-theta[:, j, None] * exceedances).mean(axis=1) for j in range(points)], axis=1
    )
    profile = m * (np.log(-theta / shapes) - shapes - 1)
    weights = np.exp(profile - profile.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    weights[~(weights >= 10 * np.finfo(float).eps)] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    best = np.where(weights > 0, theta * weights, 0.0).sum(axis=1)
    k = np.log1p(-best[:, None] * exceedances).mean(axis=1)
    sigma = -k / best
    k = (m * k + PRIOR_DRAWS * PRIOR_K) / (m + PRIOR_DRAWS)
    sigma[np.isnan(k)], k[np.isnan(k)] = np.nan, np.inf
    none = quartile <= exceedances[:, 0]
    k[none] = sigma[none] = np.nan
    return k, sigma
