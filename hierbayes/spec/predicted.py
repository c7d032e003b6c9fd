"""Default priors of the linear predictors of a family's parameters.

A parameter that depends on columns is predicted on the scale of its link, ``log`` or ``logit``. There

- its intercept, at the mean of the columns, is normal with the mean and the sd that the link of the parameter
  has under the parameter's own default prior: at average columns it is known as well as a constant one;
- a coefficient is normal(0, k / sd(z)): k = 1 on the log scale, where one sd of a column then changes the
  parameter by a factor of e or less two times out of three; 1.5 on the logit scale, as for probabilities;
- the sd of group effects is half_student_t(3, s / sd(z)): s = 1/2 on the log scale, since groups whose
  residual sds differ by a factor of e are far apart, 1 on the logit scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hierbayes import names
from hierbayes.spec.records import GroupSpec, PredictorSpec, Prior, PriorEntry, Scales


@dataclass(frozen=True)
class Spread:
    """Scales of the default priors of coefficients and of groups' sds, per sd of a column, and why."""

    coefficient: float
    group_sd: float
    effect: str


SPREADS: dict[str, Spread] = {
    "log": Spread(1.0, 0.5, "a factor of e is a large effect"),
    "logit": Spread(1.5, 1.0, "about the latent sd of the link"),
}
"""By the link of the predictor."""


def digamma(x: float) -> float:
    """Derivative of ``log Gamma(x)`` for ``x > 0`` (Abramowitz and Stegun 1964, 6.3.5 and 6.3.18)."""
    total = 0.0
    while x < 10.0:
        total -= 1 / x
        x += 1.0
    s = 1 / (x * x)
    return total + math.log(x) - 0.5 / x - s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s / 240)))


def trigamma(x: float) -> float:
    """Derivative of ``digamma`` for ``x > 0`` (Abramowitz and Stegun 1964, 6.4.6 and 6.4.12)."""
    total = 0.0
    while x < 10.0:
        total += 1 / (x * x)
        x += 1.0
    s = 1 / (x * x)
    return total + 1 / x + s / 2 + s / x * (1 / 6 - s * (1 / 30 - s * (1 / 42 - s / 30)))


def _half_t(nu: float, sigma: float) -> tuple[float, float]:
    mean = math.log(sigma) + 0.5 * (math.log(nu) + digamma(0.5) - digamma(nu / 2))
    return mean, 0.25 * (trigamma(0.5) + trigamma(nu / 2))


def _gamma(alpha: float, beta: float) -> tuple[float, float]:
    return digamma(alpha) - math.log(beta), trigamma(alpha)


MOMENTS: dict[tuple[str, str], Callable[..., tuple[float, float]]] = {
    ("log", "half_student_t"): _half_t,
    ("log", "half_cauchy"): lambda beta: _half_t(1.0, beta),
    ("log", "half_normal"): lambda sigma: (
        math.log(sigma) + 0.5 * (math.log(2) + digamma(0.5)),
        trigamma(0.5) / 4,
    ),
    ("log", "exponential"): lambda rate: _gamma(1.0, rate),
    ("log", "gamma"): _gamma,
    ("logit", "beta"): lambda a, b: (digamma(a) - digamma(b), trigamma(a) + trigamma(b)),
}
"""Mean and variance of the link of a parameter under its prior, by link and prior."""


def link_moments(prior: Prior, link: str) -> tuple[float, float]:
    """Mean and sd of a parameter on the scale of a link.

    Parameters
    ----------
    prior : Prior
        A default prior of a family's parameter.
    link : str
        ``"log"`` or ``"logit"``.

    Examples
    --------
    >>> tuple(round(x, 3) for x in link_moments(Prior("half_student_t", (3.0, 1.0)), "log"))
    (-0.451, 1.211)
    """
    mean, variance = MOMENTS[link, prior.distribution](*prior.parameters)
    return mean, math.sqrt(variance)


def predicted_entries(predictor: PredictorSpec, scales: Scales, constant: Prior) -> list[PriorEntry]:
    """The default priors of a parameter's linear predictor.

    Parameters
    ----------
    predictor : PredictorSpec
        The linear predictor.
    scales : Scales
        Sds of the columns.
    constant : Prior
        The default prior of the parameter where it has no formula.
    """
    mean, sd = link_moments(constant, predictor.link)
    rule = SPREADS[predictor.link]
    entries = []
    for term in predictor.terms:
        if term == names.INTERCEPT:
            reason = (
                f"mean and sd of the {predictor.link} of {predictor.name} under its own prior, {constant}"
            )
            parameter = names.of(names.INTERCEPT, predictor.name)
            entries.append(PriorEntry(parameter, (), Prior("normal", (mean, sd)), reason=reason))
            continue
        spread, unit = scales.columns[term], rule.coefficient
        what = f"{unit:g} per sd of the column ({spread:.4g}): {rule.effect}"
        if names.INTERCEPT not in predictor.terms:
            unit = math.hypot(unit, mean, sd)
            what = f"reaches the {predictor.link} of {predictor.name}, as there is no intercept"
        prior = Prior("normal", (0.0, unit / spread))
        entries.append(PriorEntry(names.of(names.B, predictor.name), (term,), prior, reason=what))
    for group in predictor.groups:
        entries += _of_group(predictor, group, scales)
    return entries


def _of_group(predictor: PredictorSpec, group: GroupSpec, scales: Scales) -> list[PriorEntry]:
    rule, entries = SPREADS[predictor.link], []
    for term in group.terms:
        spread = 1.0 if term == names.INTERCEPT else scales.columns[term]
        reason = f"on the {predictor.link} scale; {rule.effect}"
        prior = Prior("half_student_t", (3.0, rule.group_sd / spread))
        entries.append(PriorEntry("sd", (group.name, term), prior, reason=reason))
    if group.has_correlations:
        entries.append(PriorEntry("cor", (group.name,), Prior("lkj", (2.0,)), reason=KEEPS_OFF))
    return entries


KEEPS_OFF = "keeps off correlations of -1 and 1, and is otherwise nearly flat"
