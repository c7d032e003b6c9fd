"""What readers get wrong about such models, with the numbers of this one."""

from __future__ import annotations

from hierbayes import names
from hierbayes.errors import HierbayesError
from hierbayes.estimates.predictions.averages import RESPONSE, setting_of, unit_of
from hierbayes.estimates.predictions.grids import held_in_words, held_values
from hierbayes.report.blocks import Blocks, Bullets
from hierbayes.report.content.context import Shown
from hierbayes.report.numerals import number
from hierbayes.report.words import listed


def misreadings(shown: Shown) -> Blocks:
    """Warnings that apply to the model; nothing where none does."""
    found = [_typical_and_average(shown), _variance_along(shown), _definitions(shown), _boundary(shown)]
    items = tuple(text for text in found if text)
    return (Bullets(items),) if items else ()


def _typical_and_average(shown: Shown) -> str:
    """On a bent scale a typical group is not the average of the population."""
    fit = shown.fit
    if not fit.spec.groups or fit.design.response.categories or fit.spec.link in ("identity", "inverse"):
        return ""
    row = held_values(fit) or {names.INTERCEPT: 1.0}
    try:
        typical, average = (float(fit.epred(row, groups=groups).mean()) for groups in ("typical", "average"))
    except HierbayesError:
        return ""
    where = held_in_words(fit, {})
    what = unit_of(setting_of(fit, RESPONSE, "typical"))
    at = f" ({where})" if where else ""
    nearer = ", and odds ratios of a typical group are further from 1" if fit.spec.link == "logit" else ""
    return (
        f"Coefficients are about one group, not about the population{at}: the {what} is {number(typical)} in "
        f"a typical group and {number(average)} on average over the groups. These are different "
        f"questions{nearer}."
    )


def _variance_along(shown: Shown) -> str:
    slopes = [
        (term, group.name)
        for group in shown.fit.spec.groups
        for term in group.terms
        if term != names.INTERCEPT and names.INTERCEPT in group.terms
    ]
    if not slopes:
        return ""
    told = listed([f"the slope of {term} over groups of {group}" for term, group in slopes])
    return (
        f"With {told} there is no single variance between groups: it changes with the column, and the "
        "standard deviation of the intercept is the one at 0 of the column. The share of variance is "
        "averaged over the rows."
    )


def _definitions(shown: Shown) -> str:
    fit = shown.fit
    if fit.spec.family not in ("bernoulli", "binomial", "beta_binomial", "cumulative") or not fit.spec.groups:
        return ""
    return (
        "A share of variance (VPC) of such an outcome means nothing without its definition: shares of the "
        "latent variable and of the outcome itself differ by a factor of two or so."
    )


def _boundary(shown: Shown) -> str:
    if not shown.fit.spec.groups:
        return ""
    return (
        "That an interval of a standard deviation leaves out 0 is no test: a standard deviation cannot be "
        "below 0. Whether groups differ at all is asked by fit.group_evidence(); this page says how much."
    )
