"""Posteriors that lie at an end of what a parameter can be: what that means, and what to do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.estimates.checks.findings import Finding
from hierbayes.estimates.variance.covariance import correlation_pairs
from hierbayes.families import get_family
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

AT_END = 1 / 3
"""Density at an end, of the largest density, from which on the posterior lies there. Where the prior is flat
near the end, as half-t priors are, this is a ratio of likelihoods: the data prefer the best value to the end
by a factor of less than 3, "not worth more than a bare mention" (Kass and Raftery 1995, section 3.2)."""

NEARLY_ONE, SHARE = 0.95, 0.1
"""A tenth of the draws with correlations beyond 0.95, where one effect foretells 90 % of the variance of the
other; an lkj(2) prior has 0.2 % of its mass beyond it, on either side."""

LIGHT_TAILS = 30.0
"""Degrees of freedom above which a t is nearly normal (Juárez and Steel 2010); the default prior's rule."""

LITTLE = 0.1
"""Extra variance, as a share of that of the simpler family, that would hardly be seen."""

LEAST_DRAWS = 100


def boundary_findings(fit: Fit) -> list[Finding]:
    """What lies at an end: standard deviations, correlations, shares and parameters of the family.

    Returns
    -------
    list of Finding
        One ``"warning"`` for each, or a single one that says that there is none. No group term's parameter at
        an end is an error: the posterior carries the uncertainty that a point estimate at the end hides.
    """
    if fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"] < LEAST_DRAWS:
        return []
    found = [*_standard_deviations(fit), *_correlations(fit), *_of_family(fit)]
    if found:
        return found
    return [Finding("ok", "No standard deviation, correlation or share lies at an end of its range.", 0.0)]


def density_at(draws: Floats, end: float, other: float | None = None) -> float:
    """Density at an end of the range as a share of the largest, by a kernel estimate that knows the ends.

    Parameters
    ----------
    draws : float64 array
        Of one parameter, any shape.
    end : float
        Where the range ends.
    other : float, optional
        Its other end; infinite by default.

    Returns
    -------
    float
        From 0 to 1; 0 where no draw is near, and for draws that are all the same.
    """
    from arviz_stats.base import array_stats

    distance = np.abs(draws.ravel() - end)
    if np.ptp(distance) == 0:
        return 0.0
    # Beyond four robust spreads a density says nothing about the end, and its tail would blur the estimate.
    reach = 4 * float(np.median(distance))
    near = distance[distance <= reach]
    if near.min() > 0.25 * np.median(near):
        return 0.0
    last = reach if other is None else min(reach, abs(other - end))
    _, density, _ = array_stats.kde(near, axis=-1, custom_lims=(0.0, last), bound_correction=True)
    return float(density[0] / density.max())


def _standard_deviations(fit: Fit) -> list[Finding]:
    found = []
    for group in fit.spec.all_groups:
        sds = fit.posterior[names.sd(group.name)]
        for term in group.terms:
            draws = sds.sel({names.group_term(group.name): term}).to_numpy()
            at_zero = density_at(draws, 0.0)
            if at_zero < AT_END:
                continue
            what = (
                f"The sd of {term} over {group.name} may be zero: its density at 0 is {_percent(at_zero)} of "
                f"its highest, and 95 % of draws are below {np.quantile(draws, 0.95):.2g}."
            )
            advice = (
                "lme4 may call such a fit singular and estimate 0; here its uncertainty is carried into all "
                "results. Keep the term if the design asks for it. fit.group_evidence() weighs it against 0."
            )
            found.append(Finding("warning", what, at_zero, advice))
    return found


def _correlations(fit: Fit) -> list[Finding]:
    found = []
    for group in (*fit.spec.all_groups, *fit.spec.joint_groups):
        for first, second, draws in correlation_pairs(fit, group):
            r = draws.to_numpy()
            sign = 1 if np.median(r) >= 0 else -1
            share = float((sign * r > NEARLY_ONE).mean())
            if share < SHARE:
                continue
            what = (
                f"The correlation of {first} and {second} over {group.name} may be {sign}: {_percent(share)} "
                f"of draws are beyond {sign * NEARLY_ONE:g}."
            )
            advice = (
                "One of the two effects nearly follows from the other; lme4 may call such a fit singular. "
                "Write || for effects without correlation, or leave out the slope, if the question allows."
            )
            found.append(Finding("warning", what, share, advice))
    return found


def _of_family(fit: Fit) -> list[Finding]:
    family = get_family(fit.spec.family)
    found = []
    for name in fit.spec.scalars:
        draws = fit.posterior[name].to_numpy()
        if name == "sigma":
            found += _sigma(draws)
        elif name in family.shares:
            found += _share(fit, name, draws)
        elif name == "nu":
            share = float((draws > LIGHT_TAILS).mean())
            if share >= 0.5:
                what = (
                    f"The tails are nearly those of a normal distribution: {_percent(share)} of draws of nu "
                )
                what += f"are above {LIGHT_TAILS:g}."
                advice = "family='gaussian' says nearly the same with one parameter less."
                found.append(Finding("warning", what, share, advice))
        elif name == "phi":
            found += _overdispersion(fit, draws)
    return found


def _sigma(draws: Floats) -> list[Finding]:
    at_zero = density_at(draws, 0.0)
    if at_zero < AT_END:
        return []
    what = f"The residual sd may be zero: its density at 0 is {_percent(at_zero)} of its highest."
    advice = "Is there a group or a coefficient for nearly every row? If so, leave some out."
    return [Finding("warning", what, at_zero, advice)]


def _share(fit: Fit, name: str, draws: Floats) -> list[Finding]:
    found = []
    for end in (0.0, 1.0):
        at_end = density_at(draws, end, 1.0 - end)
        if at_end < AT_END:
            continue
        what = f"{name} may be {end:g}: its density there is {_percent(at_end)} of its highest."
        simpler = fit.spec.family.removeprefix("zero_inflated_").removeprefix("hurdle_")
        advice = (
            f"The counts need no zeros in excess: family={simpler!r} says nearly the same."
            if end == 0 and name == "zi"
            else "The rows say nothing about counts of the other kind: leave that part out of the model."
        )
        found.append(Finding("warning", what, at_end, advice))
    return found


def _overdispersion(fit: Fit, phi: Floats) -> list[Finding]:
    """How much ``phi`` adds to the variance of the simpler family: ``mu / phi``, ``(n - 1) / (1 + phi)``."""
    if fit.spec.family == "beta_binomial":
        trials = float(np.mean(fit.design.row_data["trials"]))
        extra, simpler = (trials - 1) / (1 + phi), "binomial"
    elif "negbinomial" in fit.spec.family:
        extra, simpler = float(fit.design.y.mean()) / phi, fit.spec.family.replace("negbinomial", "poisson")
    else:
        return []
    share = float((extra < LITTLE).mean())
    if share < 0.5:
        return []
    what = (
        f"There is hardly any overdispersion: with {_percent(share)} of draws of phi the variance of an "
        f"average row is less than {_percent(LITTLE)} above that of a {simpler} one."
    )
    advice = f"family={simpler!r} says nearly the same with one parameter less."
    return [Finding("warning", what, share, advice)]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
