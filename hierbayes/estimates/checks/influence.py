"""Whether results lean on the priors or on single rows: what ``check`` says besides convergence."""

from __future__ import annotations

import numpy as np

from hierbayes.errors import DataError
from hierbayes.estimates.checks.findings import Finding
from hierbayes.estimates.checks.log_prior import beyond
from hierbayes.estimates.checks.sensitivity import (
    LEAST_DRAWS,
    THRESHOLD,
    likelihood_sensitivity,
    listed,
    prior_sensitivity,
    words_on,
)
from hierbayes.estimates.summaries import parameter_draws
from hierbayes.fitted.record import Fit

SURPRISE = 0.01
"""Prior probability of values as far out as the posterior median, below which prior and data disagree."""

DRAWS = 1000
"""At most about so many draws are used of what needs the likelihood of all rows."""

LIKELIHOOD = 4_100_000
"""Rows times draws up to which ``check`` evaluates the likelihood: about half a second."""

ROWS = 500
"""Rows up to which ``check`` smooths the weights of each: about half a second."""


def influence_findings(fit: Fit) -> list[Finding]:
    """Priors that disagree with the data or move the results, and rows that do.

    Returns
    -------
    list of Finding
        None where there are too few draws. None of them is a problem: the draws are those of the
        model as it was stated.
    """
    if _n_draws(fit) < LEAST_DRAWS:
        return []
    return [*conflicts(fit), *_leaning(fit), _rows(fit)]


def conflicts(fit: Fit) -> list[Finding]:
    """Parameters whose posterior lies in a tail of their prior.

    References
    ----------
    Evans, M. and Moshonov, H. (2006). Checking for prior-data conflict. Bayesian Analysis 1, 893-914 (what
    the data say is compared with where the prior expects it; here by the posterior median, whose tail
    probability is the larger the more the prior has pulled it).
    """
    found = []
    for entry in fit.spec.priors:
        probability = beyond(fit, entry)
        if probability >= SURPRISE:
            continue
        shown = f"only {100 * probability:.1g} %" if probability >= 1e-5 else "less than 0.001 %"
        what = (
            f"Prior-data conflict: the posterior median of {entry.key} is so far out that its prior, "
            f"{entry.prior}, has {shown} of its mass there and beyond."
        )
        advice = "Are the units of the columns those that the prior was meant for? If so, state a wider one."
        found.append(Finding("warning", what, probability, advice))
    return found


def _leaning(fit: Fit) -> list[Finding]:
    """What moves with the weight of the priors; the likelihood is evaluated only where something does."""
    try:
        prior = prior_sensitivity(fit)
    except DataError as error:
        return [Finding("warning", f"Sensitivity to priors is not known: {error}", float("nan"))]
    largest = float(np.nanmax(prior, initial=0.0))
    if largest < THRESHOLD:
        what = f"Priors matter little: the largest sensitivity to them is {largest:.3f} (below {THRESHOLD})."
        return [Finding("ok", what, largest)]
    rows, _ = parameter_draws(fit)
    order = [int(k) for k in np.argsort(-np.nan_to_num(prior)) if prior[k] >= THRESHOLD]
    pairs = list(zip(rows["group"], rows["parameter"], strict=True))
    moved = [f"{name} of {group}" if group else str(name) for group, name in (pairs[k] for k in order)]
    what = (
        f"Priors matter for {listed(moved)}: the largest sensitivity to them is {largest:.3f} (small is "
        f"below {THRESHOLD}). {_against(fit, order)} What moves them: {words_on(fit)}."
    )
    advice = (
        "If that was known beforehand, say with the results that they lean on it; else state a wider prior. "
        "fit.sensitivity() has all numbers."
    )
    return [Finding("warning", what, largest, advice)]


def _against(fit: Fit, moved: list[int]) -> str:
    """Whether the data pull at the same parameters."""
    if fit.design.n * min(DRAWS, _n_draws(fit)) > LIKELIHOOD:
        return "Whether the data pull at them too was not checked on so many rows."
    try:
        likelihood = likelihood_sensitivity(fit, min(DRAWS, _n_draws(fit)))
    except DataError as error:
        return f"Whether the data pull at them too is not known: {error}"
    if (likelihood[moved] >= THRESHOLD).any():
        return "The data pull at them too: a potential prior-data conflict."
    return "The data say little about them."


def _rows(fit: Fit) -> Finding:
    """Pareto k of the rows, where there are few."""
    if fit.design.n > ROWS:
        what = f"Whether single rows decide is asked of up to {ROWS}; fit.loo() asks all."
        return Finding("skipped", what, float("nan"))
    from hierbayes.estimates.leave_out.elpd import good_k, words_on_k
    from hierbayes.estimates.leave_out.loo import relative_efficiency
    from hierbayes.estimates.leave_out.pointwise import log_likelihood
    from hierbayes.estimates.leave_out.psis import psis_weights

    values = log_likelihood(fit, min(DRAWS, _n_draws(fit))).to_numpy()
    values = values.reshape(-1, values.shape[-1]).T
    if not np.isfinite(values).all():
        what = "Whether single rows decide is not known: the likelihood of some draws is zero."
        return Finding("warning", what, float("nan"))
    values = values[np.ptp(values, axis=1) > 0]  # rows of weight 0 say nothing
    _, k = psis_weights(values, relative_efficiency(fit))
    k = np.where(np.isnan(k), np.inf, k)
    threshold, worst = good_k(values.shape[1]), float(np.max(k, initial=-np.inf))
    words = words_on_k(k, threshold, "row")
    if worst <= threshold:
        return Finding("ok", f"No single row decides: {words[0].lower()}{words[1:]}", worst)
    advice = "Without one of these rows results may be others: fit.loo() names them and refits without."
    return Finding("warning", f"Single rows may decide: {words}", worst, advice)


def _n_draws(fit: Fit) -> int:
    return int(fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"])
