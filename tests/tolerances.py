"""Every tolerance of the tests, each with its reason.

Text, terms, levels and counts are compared exactly and need no entry here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

IDENTITY = 1e-10
"""Relative: two formulas for one number in double precision, such as the centred log density against the
non-centered one with its Jacobian. Rounding of some thousand added terms stays below 1e-12; a wrong formula
does not come near."""

GRADIENT = 1e-6
"""Relative: a derivative against central differences, whose own error at the best step is near eps^(2/3) =
4e-11, times the curvature of the function and the spread of its arguments."""

OTHER_SOFTWARE = 1e-6
"""Relative: a log density or an estimate at the same parameters in other software, whose figures were stored
with at least eight digits."""

OPTIMIZER = 2e-4
"""Relative: a maximum found by another optimizer; lme4's default stops this far away
(``reference/README.md``)."""

STANDARD_ERRORS = 4.0
"""Monte Carlo: how many standard errors of the difference two estimates may be apart. The two-sided normal
tail is 6e-5 a comparison; seeds are fixed, so a false alarm can come up only when the draws change."""

R_HAT = 1.01
"""At most: Vehtari et al. (2021), Bayesian Analysis 16, 667-718, section 4."""

ESS = 400.0
"""At least, bulk and tail: 100 for each of four chains, ibid."""


def monte_carlo(a: float, b: float, mcse_a: float, mcse_b: float = 0.0) -> bool:
    """Whether two estimates agree up to the Monte Carlo error of both.

    Parameters
    ----------
    a, b : float
        The estimates.
    mcse_a, mcse_b : float
        Their Monte Carlo standard errors; 0 for an exact figure.
    """
    return abs(a - b) <= STANDARD_ERRORS * math.hypot(mcse_a, mcse_b)


@dataclass(frozen=True)
class Posterior:
    """Summary of a scalar's posterior."""

    mean: float
    sd: float
    lower: float
    upper: float


def published_effect(figure: float, posterior: Posterior) -> bool:
    """Whether a maximum-likelihood estimate of a population effect agrees with a posterior under weak priors.

    The likelihood of a population effect is nearly normal, so mode and mean differ by less than half a
    posterior sd; what is left is the prior and the skewness that uncertain variance parameters cause.
    """
    return abs(posterior.mean - figure) <= 0.5 * posterior.sd and _inside(figure, posterior)


def published_variance(figure: float, posterior: Posterior) -> bool:
    """Whether a maximum-likelihood sd, variance or correlation agrees with a posterior under weak priors.

    Posteriors of sds are skewed and maximum likelihood is biased downward, so the mean sits above the mode:
    within one posterior sd.
    """
    return abs(posterior.mean - figure) <= posterior.sd and _inside(figure, posterior)


def _inside(figure: float, posterior: Posterior) -> bool:
    return posterior.lower <= figure <= posterior.upper
