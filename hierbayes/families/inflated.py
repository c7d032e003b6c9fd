"""What families of counts with more zeros than they make by themselves have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hierbayes.families.base import DELTA, LOGNORMAL, WEIGHTS, Parameters, array
from hierbayes.families.links import LINKS, Floats, Link

INFLATED_LINKS = ("log",)
LEAST_SHARE = 0.02  # of rough estimates of a probability
NEWTON_STEPS = 60
SMALL = 0.3  # below, a series has more digits


def log_positive(eta: ArrayLike) -> Floats:
    """``log(1 - exp(-mu))``, the log probability that a Poisson count is positive, at ``mu = exp(eta)``."""
    return LINKS["cloglog"].log_inverse(eta)


def pull_of_zeros(eta: ArrayLike) -> Floats:
    """``mu / (exp(mu) - 1)`` at ``mu = exp(eta)``, by which positive Poisson counts exceed it."""
    return LINKS["cloglog"].hazard_mean(eta)


def truncated_mean(eta: ArrayLike) -> Floats:
    """``mu / (1 - exp(-mu))``, the mean of Poisson counts that are positive, at ``mu = exp(eta)``."""
    return array(LINKS["log"].inverse(eta) + pull_of_zeros(eta))


def truncated_variance(eta: ArrayLike) -> Floats:
    """``t (1 + mu - t)``, the variance of Poisson counts that are positive, of mean ``t``."""
    mu = LINKS["log"].inverse(eta)
    x = np.minimum(mu, SMALL)
    series = x * (0.5 - x * (1 / 12 - x**2 * (1 / 720 - x**2 * (1 / 30240 - x**2 / 1209600))))
    return truncated_mean(eta) * np.where(mu < SMALL, series, 1 - pull_of_zeros(eta))


def rate_of_truncated(mean: ArrayLike) -> Floats:
    """The Poisson mean ``mu`` whose positive counts have a mean, which is above 1; by Newton's method.

    ``mu / (1 - exp(-mu))`` is increasing and convex, so that steps from above stay above.
    """
    target = array(mean)
    mu = array(target * 1.0)
    for _ in range(NEWTON_STEPS):
        eta = np.log(mu)
        slope = truncated_variance(eta) / mu
        step = (truncated_mean(eta) - target) / slope
        mu = np.maximum(mu - step, mu / 100)
        if (np.abs(step) <= 1e-15 * mu).all():
            break
    return mu


def positive_rate(y: Floats, rows: Parameters) -> float:
    """The Poisson mean by which the positive counts alone would be explained.

    Where all of them are 1, as if one in ten were 2.
    """
    weights = np.broadcast_to(array(rows.get(WEIGHTS, 1.0)), y.shape)
    positive = y > 0
    mean = float((weights * y)[positive].sum() / weights[positive].sum())
    return float(rate_of_truncated(max(mean, 1.1)))


def first_counts(y: Floats) -> Floats:
    """Halfway between the counts and a typical one, on the log scale, zeros taken as 1/2.

    A search that starts from above would take all zeros for ones in excess, and groups of few and small
    counts for groups of large ones.
    """
    logs = np.log(np.maximum(y, 0.5))
    return array(np.exp((logs + logs.mean()) / 2))


def excess_of_zeros(y: Floats, zeros: Floats) -> float:
    """The share ``zi`` that lifts expected shares of zeros to the observed one, within sensible bounds."""
    expected, observed = float(zeros.mean()), float((y == 0).mean())
    share = (observed - expected) / max(1 - expected, 1e-12)
    return float(np.clip(share, LEAST_SHARE, 1 - LEAST_SHARE))


def log_with_zeros(zi: Floats, log_zero: Floats) -> Floats:
    """``log(zi + (1 - zi) exp(log_zero))``, for small and for large probabilities of a zero."""
    with np.errstate(divide="ignore"):
        near = np.log1p((1 - zi) * np.expm1(np.maximum(log_zero, -1.0)))
        far = np.log(zi + (1 - zi) * np.exp(log_zero))
    return np.where(log_zero > -1.0, near, far)


def share_of_excess(zi: Floats, log_zero: Floats) -> Floats:
    """``zi / (zi + (1 - zi) exp(log_zero))``: the probability that a zero is one in excess."""
    return array(zi / (zi + (1 - zi) * np.exp(log_zero)))


def relative_variance(mean: Floats, params: Parameters) -> Floats:
    """Variance of a zero-inflated count over its squared mean.

    With ``lambda`` and ``dispersion`` of the count part, ``(1 / lambda + zi + dispersion) / (1 - zi)``.

    References
    ----------
    Zuur, A. F., Saveliev, A. A. and Ieno, E. N. (2012). Zero Inflated Models and Generalized Linear Mixed
    Models with R. Highland Statistics (mean and variance of zero-inflated counts).
    """
    zi = array(params["zi"])
    dispersion = 1 / array(params["phi"]) if "phi" in params else 0.0
    return array((1 / mean + zi + dispersion) / (1 - zi))


def inflated_scales(link: Link) -> tuple[str, ...]:
    """Approximations that need no more than mean and variance; trigamma is about gamma-like counts."""
    return LOGNORMAL, DELTA
