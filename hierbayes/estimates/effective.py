"""Effective sample sizes and R-hat of many numbers at once.

arviz-stats goes through them one at a time, 0.2 milliseconds each for five draws, which is minutes for the
effects of a million groups; here it is a second. The numbers are the same (the tests hold them to it).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]

AT_A_TIME = 4_000_000
"""Numbers that are held in a few copies at a time."""

LEAST = 4
"""Draws of a chain from which there is something to say."""

BLOM = 3 / 8
"""Offset of the ranks that become normal scores."""


def ess_bulk(draws: Floats) -> Floats:
    """Effective sample size of the rank-normalized draws of split chains.

    Parameters
    ----------
    draws : float64 array, shape (chain, draw, n)

    Returns
    -------
    float64 array, shape (n,)
        NaN for fewer than four draws a chain, and where a draw is NaN.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021). Rank-normalization,
    folding, and localization: an improved R-hat. Bayesian Analysis 16, 667-718, equations (10)-(14).
    """
    return _blockwise(draws, lambda block: _ess(_normal_scores(_split(block))))


def ess_tail(draws: Floats, prob: float) -> Floats:
    """The smaller effective sample size of the shares of draws below two quantiles, as of ``ess_bulk``.

    Parameters
    ----------
    draws : float64 array, shape (chain, draw, n)
    prob : float
        One of the quantiles; the other is as far from the other end.
    """

    def smaller(block: Floats) -> Floats:
        ends = np.quantile(block, [prob, 1 - prob], axis=(1, 2), keepdims=True)
        below = [_ess(_split((block <= end).astype(float))) for end in ends]
        return np.minimum(*below)

    return _blockwise(draws, smaller)


def r_hat(draws: Floats) -> Floats:
    """The larger R-hat of rank-normalized and of folded draws of split chains, as of ``ess_bulk``.

    NaN for a single chain.
    """
    if draws.shape[0] < 2:
        return np.full(draws.shape[2], np.nan)

    def larger(block: Floats) -> Floats:
        halves = _split(block)
        folded = np.abs(halves - np.median(halves, axis=(1, 2), keepdims=True))
        bulk, tail = _between(_normal_scores(halves)), _between(_normal_scores(folded))
        return np.where(tail > bulk, tail, bulk)  # of two values the folded are all the same

    return _blockwise(draws, larger)


def _blockwise(draws: Floats, compute: Callable[[Floats], Floats]) -> Floats:
    """Apply to blocks (n, chain, draw) of numbers without NaN."""
    chains, length, n = draws.shape
    found = np.full(n, np.nan)
    step = max(1, AT_A_TIME // max(1, chains * length))
    for start in range(0, n if length >= LEAST else 0, step):
        block = np.ascontiguousarray(np.moveaxis(draws[:, :, start : start + step], 2, 0), dtype=float)
        whole = ~np.isnan(block).any(axis=(1, 2))
        if whole.any():
            found[start : start + step][whole] = compute(block[whole])
    return found


def _split(block: Floats) -> Floats:
    """Halves of chains as chains of their own; the middle of an odd number of draws is left out."""
    half = block.shape[2] // 2
    return np.concatenate([block[:, :, :half], block[:, :, -half:]], axis=1)


def _normal_scores(block: Floats) -> Floats:
    """Normal quantiles of the ranks of the draws of all chains together."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    flat = block.reshape(len(block), -1)
    ranks = rankdata(flat, method="average", axis=1)
    scores: Floats = ndtri((ranks - BLOM) / (flat.shape[1] - 2 * BLOM + 1))
    return scores.reshape(block.shape)


def _between(chains: Floats) -> Floats:
    """R-hat, (n,), of chains that are as they are."""
    length = chains.shape[2]
    within = chains.var(axis=2, ddof=1).mean(axis=1)
    between = length * chains.mean(axis=2).var(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # of draws that are all the same
        return np.asarray(np.sqrt((between / within + length - 1) / length))


def _ess(chains: Floats) -> Floats:
    """Effective sample size, (n,), of chains that are as they are."""
    n, several, length = chains.shape
    total = several * length
    moves = chains.max(axis=(1, 2)) - chains.min(axis=(1, 2)) >= np.finfo(float).resolution
    found = np.full(n, float(total))
    if moves.any():
        time = np.maximum(_autocorrelation_time(_correlations(chains[moves])), 1 / np.log10(total))
        found[moves] = total / time
    return found


def _correlations(chains: Floats) -> Floats:
    """Autocorrelations of all chains together at every lag, shape (n, draw)."""
    from scipy.fft import irfft, next_fast_len, rfft

    several, length = chains.shape[1:]
    means = chains.mean(axis=2)
    size = next_fast_len(2 * length)
    spectrum = rfft(chains - means[..., None], size, axis=2)
    covariances = irfft((np.abs(spectrum) ** 2).mean(axis=1), size, axis=1)[:, :length] / length
    within = covariances[:, :1] * length / (length - 1)
    pooled = covariances[:, :1] + (means.var(axis=1, ddof=1)[:, None] if several > 1 else 0.0)
    correlations = 1 - (within - covariances) / pooled
    correlations[:, 0] = 1.0
    return np.asarray(correlations)


def _autocorrelation_time(correlations: Floats) -> Floats:
    """Sums of autocorrelations, (n,), up to the lag from which pairs of them are no longer positive.

    Pairs of neighbouring lags decrease (Geyer's initial monotone sequence). The last pair counts with its
    first half, if that is positive or the pair is.
    """
    n, length = correlations.shape
    pairs = max(1, (length - 1) // 2)
    first, second = correlations[:, 0 : 2 * pairs : 2], correlations[:, 1 : 2 * pairs : 2]
    sums = first + second
    ended = sums <= 0
    last = np.where(ended.any(axis=1), ended.argmax(axis=1), pairs - 1)
    before = np.arange(pairs) < last[:, None]
    decreasing = np.minimum.accumulate(sums, axis=1)
    rows = np.arange(n)
    half = np.where((first[rows, last] > 0) | (sums[rows, last] >= 0), first[rows, last], 0.0)
    return np.asarray(-1 + 2 * np.where(before, decreasing, 0.0).sum(axis=1) + half)
