"""The density of draws at zero, and the ratio of a posterior's to its prior's (Savage and Dickey)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.estimates.checks.prior import prior_draws
from hierbayes.estimates.hypotheses.parameters import Parameter
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import ModelSpec, Prior, PriorEntry

type Floats = NDArray[np.float64]

PRIOR_DRAWS = 100_000
FEW = 20
"""Draws within two bandwidths of zero, below which the normal density stands for a kernel estimate."""

BLOCK = 256
"""Columns of draws whose densities are taken at a time."""

HALVINGS = 5
AGREE = 2.0
"""How often a bandwidth is halved, and how many standard errors apart estimates that agree may be."""

KERNEL, NORMAL, EDGE, FAR = "kernel", "normal", "edge", "far"
METHODS = {
    KERNEL: "",
    NORMAL: "that of a normal distribution, since hardly any draw is near 0; that it is small is all it says",
    EDGE: "kernel estimate, reflected at 0, on one side of which all draws are; group_evidence() says more "
    "of standard deviations",
    FAR: "shown as 0, since hardly any draw is near it; group_evidence() has bounds for standard deviations",
}
"""How the density at zero was found, and what to say of it."""


@dataclass(frozen=True)
class Density:
    """Densities at zero.

    Attributes
    ----------
    value, error : float64 array, shape (k,)
        The densities and their Monte Carlo standard errors relative to them.
    method : array of str, shape (k,)
        Keys of ``METHODS``.
    """

    value: Floats
    error: Floats
    method: NDArray[np.str_]


def density_at_zero(draws: Floats, *, one_sided: bool) -> Density:
    """Kernel estimates of densities at 0.

    Parameters
    ----------
    draws : float64 array, shape (chain, draw, k)
        Draws of k expressions, not all the same.
    one_sided : bool
        Whether the expressions cannot be on one side of 0, such as standard deviations.

    Returns
    -------
    Density
        Errors account for autocorrelation; they are not known (NaN) where there is no kernel estimate.

    Notes
    -----
    The estimate is f(0) times the mean of K((x - 0) / h) / (h f(x)) over draws x, with f the normal density
    of their median and robust sd, K the normal kernel and h = 0.9 sd / n^(1/5): it has no bias where the
    draws are normal. Elsewhere h is halved until the estimate agrees with those of narrower bandwidths
    (Lepskii).

    References
    ----------
    Hjort, N. L. and Glad, I. K. (1995). Nonparametric density estimation with a parametric start. Annals of
    Statistics 23, 882-904. Lepskii, O. V. (1991). On a problem of adaptive estimation in Gaussian white
    noise. Theory of Probability and Its Applications 35, 454-466.
    """
    parts = [_block(draws[..., k : k + BLOCK], one_sided) for k in range(0, draws.shape[-1], BLOCK)]
    return Density(
        np.concatenate([p.value for p in parts]),
        np.concatenate([p.error for p in parts]),
        np.concatenate([p.method for p in parts]),
    )


def _block(draws: Floats, one_sided: bool) -> Density:
    from arviz_stats.base import array_stats

    flat = draws.reshape(-1, draws.shape[-1])
    q1, middle, q3 = np.quantile(flat, [0.25, 0.5, 0.75], axis=0)
    scale = np.where(q3 > q1, (q3 - q1) / 1.349, flat.std(axis=0))
    start = np.zeros_like(draws) if one_sided else ((draws - middle) ** 2 - middle**2) / (2 * scale**2)
    h = 0.9 * scale / len(flat) ** 0.2
    many = (np.abs(flat) < 2 * h).sum(axis=0) >= FEW
    kernel = _kernel(draws, start, _bandwidth(draws, start, np.where(many, h, scale)))
    value = kernel.mean(axis=(0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        mcse = array_stats.mcse(kernel, method="mean", chain_axis=0, draw_axis=1)
        error = np.where(many, mcse / value, np.nan)
    if one_sided:
        return Density(np.where(many, 2 * value, 0.0), error, np.where(many, EDGE, FAR))
    normal = np.exp(-((middle / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi))
    return Density(np.where(many, value, normal), error, np.where(many, KERNEL, NORMAL))


def _kernel(draws: Floats, start: Floats, h: Floats) -> Floats:
    exponent = np.minimum(start - (draws / h) ** 2 / 2, 700.0)
    return np.asarray(np.exp(exponent) / (h * np.sqrt(2 * np.pi)))


def _bandwidth(draws: Floats, start: Floats, widest: Floats) -> Floats:
    """The widest bandwidth whose estimate agrees with those of narrower ones, shape (k,)."""
    n = draws.shape[0] * draws.shape[1]
    widths = [widest / 2**k for k in range(HALVINGS + 1)]
    kernels = [_kernel(draws, start, h) for h in widths]
    values = [kernel.mean(axis=(0, 1)) for kernel in kernels]
    errors = [kernel.std(axis=(0, 1)) / np.sqrt(n) for kernel in kernels]
    chosen = widths[-1]
    for k in range(HALVINGS - 1, -1, -1):
        # A narrow window may be empty by chance: its error is that which the wide one foretells.
        foretold = [np.sqrt(values[k] / (2 * np.sqrt(np.pi) * n * h)) for h in widths]
        agree = [
            np.abs(values[k] - values[j]) <= AGREE * np.maximum(errors[j], foretold[j])
            for j in range(k + 1, HALVINGS + 1)
        ]
        chosen = np.where(np.all(agree, axis=0), widths[k], chosen)
    return np.asarray(chosen)


@dataclass(frozen=True)
class Ratio:
    """Densities of the posterior at 0 over those of the prior.

    Attributes
    ----------
    value, error : float64 array, shape (k,)
        The ratios and their Monte Carlo standard errors.
    method : array of str, shape (k,)
        How the posterior's densities were found, keys of ``METHODS``.
    rough : bool
        Whether hardly any draw of the prior is near 0.
    """

    value: Floats
    error: Floats
    method: NDArray[np.str_]
    rough: bool


def savage_dickey(posterior: Floats, prior: Floats) -> Ratio:
    """Posterior over prior density at zero: the Bayes factor for a value of zero, against any other.

    Parameters
    ----------
    posterior : float64 array, shape (chain, draw, k)
        Draws of k expressions.
    prior : float64 array, shape (1, draw, 1)
        Draws of the expression from the prior.

    References
    ----------
    Dickey, J. M. (1971). The weighted likelihood ratio, linear hypotheses on normal location parameters.
    Annals of Mathematical Statistics 42, 204-223.
    """
    one_sided = bool((prior >= 0).all() or (prior <= 0).all())
    above, below = (
        density_at_zero(posterior, one_sided=one_sided),
        density_at_zero(prior, one_sided=one_sided),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        value = above.value / below.value
        error = value * np.sqrt(above.error**2 + below.error**2)
    return Ratio(value, error, above.method, bool(np.isin(below.method, (NORMAL, FAR)).any()))


def flat_priors(spec: ModelSpec, used: list[Parameter]) -> tuple[str, ...]:
    """Keys of the flat priors that an expression depends on; it has no prior density then."""
    return tuple(e.key for e in spec.priors if e.prior.distribution == "flat" and _concerns(e, used))


def _concerns(entry: PriorEntry, used: list[Parameter]) -> bool:
    if not entry.coordinates and not entry.parameter.startswith(names.INTERCEPT):
        return any(entry.parameter == p.variable for p in used)
    return any(
        # What stands at zero of the columns depends on the coefficients of all of them.
        p.term == names.INTERCEPT or p.variable == names.CUTPOINTS or p.term in entry.coordinates
        for p in used
    )


def prior_values(
    fit: Fit, evaluate: Callable[[Fit], Floats], *, seed: int, draws: int = PRIOR_DRAWS
) -> Floats:
    """Draws of an expression from the prior of a fit's model, shape (1, draws, 1).

    Parameters
    ----------
    fit : Fit
        The fitted model. Flat priors, on which the expression must not depend, count as normal(0, 1).
    evaluate : callable
        The expression's draws, (1, draws, k), of a fit whose posterior is the prior; the first of k counts.
    seed : int
        Of the draws.
    draws : int
        How many.
    """
    priors = tuple(
        replace(e, prior=Prior("normal", (0.0, 1.0))) if e.prior.distribution == "flat" else e
        for e in fit.spec.priors
    )
    spec, design = _one_group_each(replace(fit.spec, priors=priors), fit.design)
    drawn = prior_draws(spec, design, draws, np.random.default_rng(seed))
    return evaluate(Fit(spec, design, xr.DataTree.from_dict({"posterior": drawn}), {}))[..., :1]


def _one_group_each(spec: ModelSpec, design: Design) -> tuple[ModelSpec, Design]:
    """A model with the first group of each group term alone: in the prior all groups are alike."""
    few = replace(
        spec,
        groups=tuple(replace(g, n_groups=1) for g in spec.groups),
        predictors=tuple(
            replace(p, groups=tuple(replace(g, n_groups=1) for g in p.groups)) for p in spec.predictors
        ),
    )
    first = replace(
        design,
        groups=tuple(replace(g, levels=g.levels[:1]) for g in design.groups),
        predictors=tuple(
            replace(p, groups=tuple(replace(g, levels=g.levels[:1]) for g in p.groups))
            for p in design.predictors
        ),
    )
    return few, first
