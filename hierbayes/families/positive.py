"""What families of positive measurements have in common: support, links, units, level-1 variances."""

from __future__ import annotations

import numpy as np

from hierbayes.errors import DataError
from hierbayes.families.base import DELTA, LOGNORMAL, OBSERVATION, TRIGAMMA
from hierbayes.families.links import Floats, Link

POSITIVE_LINKS = ("log", "inverse", "identity")
LARGEST_EXPONENT = 700.0

ZEROS = (
    "Zeros are no small values: where they mean that nothing happened, model them by themselves, as 0/1 with "
    "family='bernoulli', and the positive values with this family; where they were rounded down, use the "
    "smallest value that could be measured."
)
NEGATIVE = "Correct these values; measurements that may be negative have family='gaussian' or 'student'."


def check_positive(y: Floats, name: str) -> None:
    """Raise DataError if a response has values that are zero or negative."""
    bad = np.flatnonzero(y <= 0)
    if bad.size:
        count = "1 value that is" if bad.size == 1 else f"{bad.size} values that are"
        raise DataError(
            f"The response {name!r} has {count} not positive, the first in used row {bad[0] + 1}: "
            f"{y[bad[0]]:g}. Allowed: numbers above 0. {NEGATIVE if (y < 0).any() else ZEROS}"
        )


def positive_domain(link: Link) -> tuple[float, float]:
    """``eta > 0`` but for the log link."""
    return (-np.inf, np.inf) if link.name == "log" else (0.0, np.inf)


def inner(eta: Floats, domain: tuple[float, float]) -> Floats:
    """Linear predictors, those outside of ``eta > 0`` replaced by 1, where functions are defined."""
    return eta if np.isinf(domain[0]) else np.where(eta > domain[0], eta, 1.0)


def relative_unit(y: Floats, link: Link, center: float) -> float:
    """One unit of the linear predictor of a positive mean: the sd of the response, through the link.

    With ``r^2 = log(1 + sd(y)^2 / mean(y)^2)``, the variance of the logarithm of a lognormal variable with
    these moments: ``r`` for the log link and ``center r`` for the inverse. Neither values near zero, whose
    logarithms lie far out, nor a mean close to zero make it large.
    """
    if link.name == "identity":
        return float(y.std())
    ratio = float(np.sqrt(np.log1p((y.std() / y.mean()) ** 2)))
    return ratio if link.name == "log" else abs(center) * ratio


def positive_scales(link: Link) -> tuple[str, ...]:
    """Definitions of the level-1 variance; ``positive_variance`` has them."""
    if link.name == "log":
        return (TRIGAMMA, LOGNORMAL, DELTA)
    return (OBSERVATION,) if link.name == "identity" else (DELTA,)


def positive_variance(link: Link, mean: Floats, moments: tuple[Floats, Floats], scale: str) -> Floats:
    """Variance of a single response on the link scale.

    Parameters
    ----------
    link : Link
        The link in force.
    mean : array
        Expected response of an average row; the log link does without.
    moments : (array, array)
        The squared coefficient of variation of a response, and the variance of its logarithm.
    scale : str
        Log link: ``"trigamma"``, the variance of the logarithm, which is exact; ``"lognormal"``,
        ``log(1 + cv^2)``; ``"delta"``, ``cv^2``. Identity link, ``"observation"``: ``cv^2 mean^2``. Inverse
        link, ``"delta"``: ``cv^2 / mean^2``.

    References
    ----------
    Nakagawa, S., Johnson, P. C. D. and Schielzeth, H. (2017). The coefficient of determination R2 and
    intra-class correlation coefficient from generalized linear mixed-effects models revisited and expanded.
    Journal of the Royal Society Interface 14, 20170213, table 1 (gamma) and equation 5.8 (delta method).
    """
    relative, of_logarithm = moments
    if link.name == "log":
        return {TRIGAMMA: of_logarithm, LOGNORMAL: np.log1p(relative)}.get(scale, relative)
    return relative * mean**2 if link.name == "identity" else relative / mean**2
