"""Whether groups differ at all: evidence for a variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.errors import DataError
from hierbayes.estimates.checks.log_prior import log_density
from hierbayes.estimates.leave_out.loo import loo
from hierbayes.estimates.predictors import PREDICTOR, predictor_label
from hierbayes.estimates.summarize import PROB, Table, describe_interval, summarize
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import Prior

RULE_OF_THREE = 3.0
NEAR = 10.0
"""Draws within a bandwidth of zero from which on a density at zero is estimated, not bounded."""
DEFINITION = (
    "bayes_factor: how much more probable the data are with this standard deviation, under its prior, than "
    "with 0: prior density at 0 / posterior density at 0 (Savage and Dickey; Dickey 1971). Above 1 the data "
    "speak for a difference between groups, below 1 against; 3 is little, 10 is much. Where at_least is true "
    "no draw comes near 0, and the number is a lower bound"
)
LOO = (
    "; elpd_lost: what is lost in expected log predictive density of left-out rows without the term, "
    "and its standard error"
)
NO_TEST = (
    "No chi-squared test: a variance of 0 lies on the boundary of what is possible, where the statistic of a "
    "likelihood-ratio test of one variance is 0 half of the time, so that its p value has to be halved (Self "
    "and Liang 1987; with slopes it is a mixture of two degrees of freedom). And whether a variance is "
    "exactly 0 is seldom the question: see how large it is, fit.vpc()."
)
DEPENDS = (
    "A Bayes factor depends on the prior of the standard deviation, {prior}: twice as wide a prior takes "
    "about half from the evidence for a difference. State it with the number."
)
NO_DENSITY = (
    "{key}: its prior {prior} has no finite, positive density at 0, so that there is no such Bayes factor. A "
    "half_normal, half_student_t, half_cauchy or exponential prior has one."
)


@dataclass(frozen=True)
class AtZero:
    """Posterior density of a standard deviation at zero; ``bound`` where it is an upper bound."""

    density: float
    error: float
    bound: bool


def group_evidence(fit: Fit, *, refit: bool = False, prob: float = PROB, seed: int = 0) -> pd.DataFrame:
    """Evidence that the standard deviation of each group-level coefficient is not zero.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    refit : bool
        Whether to fit the model again without each group term, and compare by leave-one-out
        cross-validation. It takes as long as these fits.
    prob : float
        Mass of the equal-tailed interval of the standard deviation.
    seed : int
        Seed of the refits.

    Returns
    -------
    DataFrame
        Columns ``group, term, bayes_factor, at_least, error`` (Monte Carlo standard error of its logarithm),
        with ``refit`` also ``elpd_lost, se`` of the whole group term, then ``mean, sd, lower, upper,
        ess_bulk, r_hat`` of the standard deviation, link scale. ``attrs["notes"]`` say what this depends on,
        and why no chi-squared test is given. Before them ``predictor`` where there are several linear
        predictors.

    Raises
    ------
    DataError
        If the model has no group terms; or with ``refit``, if a term belongs to another linear predictor or
        is correlated with one.

    References
    ----------
    Dickey, J. M. (1971). The weighted likelihood ratio, linear hypotheses on normal location parameters.
    Annals of Mathematical Statistics 42, 204-223. Self, S. G. and Liang, K.-Y. (1987). Asymptotic properties
    of maximum likelihood estimators and likelihood ratio tests under nonstandard conditions. Journal of the
    American Statistical Association 82, 605-610.

    Examples
    --------
    >>> fit.group_evidence()[["group", "term", "bayes_factor", "at_least"]]
    """
    if not fit.spec.all_groups:
        raise DataError(f"Evidence for a variance is of groups, and the model has none: {fit.spec.formula}.")
    rows, pieces, priors, notes = [], [], [], []
    for predictor in fit.spec.linear:
        for group in predictor.groups:
            label = {PREDICTOR: predictor_label(fit, predictor.name)} if fit.spec.predictors else {}
            lost = _lost_without(fit, group.name, seed) if refit else {}
            for term in group.terms:
                draws = fit.posterior[names.sd(group.name)].sel({names.group_term(group.name): term})
                prior = fit.spec.prior("sd", group.name, term)
                key = names.prior_key("sd", group.name, term)
                found = _evidence(draws, prior)
                if math.isnan(found["bayes_factor"]):
                    notes.append(NO_DENSITY.format(key=key, prior=prior))
                else:
                    priors.append(str(prior))
                rows.append({**label, "group": group.name, "term": term, **found, **lost})
                pieces.append(draws.reset_coords(drop=True))
    numbers = summarize(xr.concat(pieces, dim="element").transpose("chain", "draw", "element"), prob)
    frame = Table(pd.concat([pd.DataFrame(rows), numbers], axis=1))
    frame.attrs.update(definition=DEFINITION + (LOO if refit else ""), notes=_notes(priors, notes))
    return describe_interval(frame, "of the sd: link", prob)


def _notes(priors: list[str], others: list[str]) -> tuple[str, ...]:
    depends = (DEPENDS.format(prior=" or ".join(dict.fromkeys(priors))),) if priors else ()
    return (NO_TEST, *depends, *others)


def _evidence(draws: xr.DataArray, prior: Prior) -> dict[str, float]:
    at_prior = density_at_zero(prior)
    values = draws.transpose("chain", "draw").to_numpy()
    if not 0 < at_prior < math.inf:
        return {"bayes_factor": math.nan, "at_least": False, "error": math.nan}
    n = float(summarize(draws)["ess_bulk"].iloc[0])
    zero = posterior_at_zero(values, n if math.isfinite(n) else values.size)
    return {"bayes_factor": at_prior / zero.density, "at_least": zero.bound, "error": zero.error}


def density_at_zero(prior: Prior) -> float:
    """Density of a prior of a standard deviation at zero; NaN where it has none (flat)."""
    if prior.distribution == "flat":
        return math.nan
    return float(np.exp(log_density(prior, np.zeros(1)))[0])


def posterior_at_zero(draws: np.ndarray, effective: float) -> AtZero:
    """Density of positive draws at zero, by a kernel estimate of the draws and their mirror images.

    The likelihood is an even function of a standard deviation, so with a prior that is flat at zero the
    posterior has no slope there, and mirroring has no bias of first order.

    Parameters
    ----------
    draws : float64 array, shape (chain, draw)
        A standard deviation.
    effective : float
        Effective number of draws.

    Returns
    -------
    AtZero
        If hardly a draw is within a bandwidth of zero, a bound: with 95 % confidence no more than ``3 / n``
        of the posterior lies below the smallest draw (rule of three), and a density that rises from zero is
        at zero below its average there.
    """
    low, high = np.quantile(draws, [0.25, 0.75])
    spread = min(float(draws.std()), (high - low) / 1.349) or float(draws.std()) or float(draws.mean())
    h = 0.9 * spread * effective**-0.2
    if (draws < h).sum() < NEAR:
        return AtZero(RULE_OF_THREE / (effective * max(h, float(draws.min()))), math.nan, bound=True)
    by_chain = 2 * np.exp(-0.5 * (draws / h) ** 2).mean(axis=1) / (h * math.sqrt(2 * math.pi))
    density = float(by_chain.mean())
    error = (
        float(by_chain.std(ddof=1) / math.sqrt(len(by_chain))) / density if len(by_chain) > 1 else math.nan
    )
    return AtZero(density, error, bound=False)


def _lost_without(fit: Fit, group: str, seed: int) -> dict[str, float]:
    """What the expected log predictive density loses when a group term is left out of the model."""
    from hierbayes.refitting import model_without, settings_of

    other = model_without(fit, group).fit(seed=seed, title=f"without {group}", **settings_of(fit))
    with_term, without = (loo(f, refits=0).pointwise["elpd"].to_numpy() for f in (fit, other))
    each = with_term - without
    return {"elpd_lost": float(each.sum()), "se": float(math.sqrt(each.size) * each.std(ddof=1))}
