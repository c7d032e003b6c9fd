"""Parameters beside their priors: the draws of each, and the density of its prior."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.estimates.predictors import predictor_term
from hierbayes.estimates.variance.covariance import correlation_pairs
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import GroupSpec, PredictorSpec, Prior

type Floats = NDArray[np.float64]
type Density = Callable[[Floats], Floats]

AT_MEAN = "at the mean of the columns"
REAL, POSITIVE, CORRELATION = "real", "positive", "correlation"


def _frozen() -> dict[str, Callable[..., Any]]:
    from scipy import stats

    return {
        "normal": stats.norm,
        "student_t": stats.t,
        "cauchy": stats.cauchy,
        "half_normal": lambda sigma: stats.halfnorm(0, sigma),
        "half_cauchy": lambda beta: stats.halfcauchy(0, beta),
        "exponential": lambda rate: stats.expon(0, 1 / rate),
        "gamma": lambda alpha, beta: stats.gamma(alpha, 0, 1 / beta),
        "beta": stats.beta,
        "uniform": lambda lower, upper: stats.uniform(lower, upper - lower),
    }


def prior_density(prior: Prior) -> Density | None:
    """The density of a prior, or None of a flat one.

    Parameters
    ----------
    prior : Prior
        Of a single parameter; that of correlations is ``correlation_density``.
    """
    from scipy import stats

    if prior.distribution == "half_student_t":
        nu, sigma = prior.parameters
        return lambda x: np.where(x >= 0, 2 * stats.t(nu, 0, sigma).pdf(x), 0.0)
    known = _frozen()
    if prior.distribution not in known:
        return None
    density: Density = known[prior.distribution](*prior.parameters).pdf
    return density


def correlation_density(eta: float, q: int) -> Density:
    """The density of one correlation of an LKJ(eta) matrix of q rows.

    References
    ----------
    Lewandowski, D., Kurowicka, D. and Joe, H. (2009). Generating random correlation matrices based on vines
    and extended onion method. Journal of Multivariate Analysis 100, 1989-2001 (each correlation is
    Beta(eta - 1 + q / 2, eta - 1 + q / 2) on (-1, 1)).
    """
    from scipy import stats

    shape = eta - 1 + q / 2
    density: Density = stats.beta(shape, shape, -1, 2).pdf
    return density


def ordered_density(prior: Prior, k: int, m: int) -> Density | None:
    """The density of the k-th (from 1) smallest of m draws from one prior: of a cutpoint among m."""
    from scipy import special

    known = _frozen()
    if prior.distribution not in known:
        return None
    one = known[prior.distribution](*prior.parameters)
    weight = 1 / special.beta(k, m - k + 1)
    return lambda x: weight * one.cdf(x) ** (k - 1) * one.sf(x) ** (m - k) * one.pdf(x)


@dataclass(frozen=True)
class Compared:
    """A parameter and its prior.

    Attributes
    ----------
    label : str
        ``"standLRT"``, ``"sd(school: Intercept)"``, ``"sigma"``.
    prior : str
        ``"normal(0, 2.5)"``.
    support : str
        ``"real"``, ``"positive"`` or ``"correlation"``.
    draws : DataArray, dims (chain, draw)
        Of the posterior; of intercepts and cutpoints at the mean of the columns, where their prior is.
    density : callable or None
        Of the prior; None where it is flat, or of cutpoints with priors of their own.
    """

    label: str
    prior: str
    support: str
    draws: xr.DataArray
    density: Density | None


def of_groups(fit: Fit) -> list[Compared]:
    """Standard deviations and correlations of the group effects."""
    found = []
    for group in (*fit.spec.all_groups, *fit.spec.joint_groups):
        dim = names.group_term(group.name)
        for term in () if group.parts else group.terms:
            draws = fit.posterior[names.sd(group.name)].sel({dim: term}, drop=True)
            prior = fit.spec.prior("sd", group.name, term)
            label = f"sd({group.name}: {term})"
            found.append(Compared(label, str(prior), POSITIVE, draws, prior_density(prior)))
        found += list(_correlations(fit, group))
    return found


def _correlations(fit: Fit, group: GroupSpec) -> Iterator[Compared]:
    for first, second, draws in correlation_pairs(fit, group):
        prior = fit.spec.prior("cor", group.name)
        density = correlation_density(prior.parameters[0], len(group.terms))
        yield Compared(f"cor({group.name}: {first}, {second})", str(prior), CORRELATION, draws, density)


def of_population(fit: Fit) -> list[Compared]:
    """Population coefficients, cutpoints, and parameters of the family."""
    found = []
    for predictor, arrays in zip(fit.spec.linear, fit.design.linear, strict=True):
        moved = _at_means(fit, predictor, arrays.X)
        if not predictor.name:
            found += list(_cutpoints(fit, moved))
        found += list(_coefficients(fit, predictor, moved))
    for name in fit.spec.scalars:
        prior = fit.spec.prior(name)
        draws = fit.posterior[name]
        support = POSITIVE if float(draws.min()) >= 0 else REAL
        found.append(Compared(name, str(prior), support, draws, prior_density(prior)))
    return found


def _at_means(fit: Fit, predictor: PredictorSpec, X: Floats) -> xr.DataArray:
    """What the means of the columns amount to in each draw, the intercept left out."""
    if not predictor.terms:
        return xr.DataArray(0.0)
    dim = names.within(predictor.name, names.TERM)
    means = np.where(np.array(predictor.terms) == names.INTERCEPT, 0.0, X.mean(axis=0))
    weights = xr.DataArray(means, dims=dim, coords={dim: list(predictor.terms)})
    return (fit.posterior[names.of(names.B, predictor.name)] * weights).sum(dim)


def _coefficients(fit: Fit, predictor: PredictorSpec, moved: xr.DataArray) -> Iterator[Compared]:
    b, at_mean = names.of(names.B, predictor.name), names.of(names.INTERCEPT, predictor.name)
    for term in predictor.terms:
        draws = fit.posterior[b].sel({names.within(predictor.name, names.TERM): term}, drop=True)
        label = predictor_term(fit, predictor.name, term)
        if term == names.INTERCEPT and fit.spec.has_prior(at_mean):
            prior, draws = fit.spec.prior(at_mean), draws + moved
            label = f"{label} {AT_MEAN}" if len(predictor.terms) > 1 else label
        else:
            prior = fit.spec.prior(b, term)
        yield Compared(label, str(prior), REAL, draws, prior_density(prior))


def _cutpoints(fit: Fit, moved: xr.DataArray) -> Iterator[Compared]:
    labels = fit.spec.cutpoints
    priors = [fit.spec.prior(names.CUTPOINTS, label) for label in labels]
    same = len({(p.distribution, p.parameters) for p in priors}) == 1
    for k, (label, prior) in enumerate(zip(labels, priors, strict=True)):
        draws = fit.posterior[names.CUTPOINTS].sel({names.CUTPOINT: label}, drop=True) - moved
        density = ordered_density(prior, k + 1, len(labels)) if same else None
        text = f"{prior}, in order"
        yield Compared(f"{names.level(names.CUTPOINTS, label)} {AT_MEAN}", text, REAL, draws, density)
