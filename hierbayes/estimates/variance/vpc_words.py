"""Variance partition coefficients in words: what is divided by what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hierbayes.families import get_family
from hierbayes.fitted.record import Fit

SHARE = (
    "share of the variance of {of}, given the population effects, that lies between groups: var(group) / "
    "(sum of all group variances + {level1}){about}"
)
_NAKAGAWA = " (Nakagawa, Johnson and Schielzeth 2017)"
_MEAN = (
    ", where mean is the expected response at the mean of the columns (and of the offset), averaged over the "
    "groups: {mean}"
)
_LOG_MEAN = _MEAN.format(mean="exp(b0 + half the sum of all group variances)")
_PLAIN_MEAN = _MEAN.format(mean="b0")
_SHARE_MEAN = (
    ", where mean is the expected response at the mean of the columns (and of the offset), averaged over the "
    "normal distribution of the group effects (by quadrature)"
)
_EXACT = ", the variance of the logit of a single value"
_MEDIAN = ", where mean is the expected response of a typical group at the mean of the columns: 1 / b0"
_DELTA = ", the variance of a single value through the slope of the link (delta method)"
_INFINITE = "; where nu is at most 2, the residual variance is infinite and the share 0"


@dataclass(frozen=True)
class Words:
    """One definition: what varies, the level-1 variance as a formula, and what its letters mean."""

    of: str
    level1: str
    about: str = ""

    def __str__(self) -> str:
        return SHARE.format(of=self.of, level1=self.level1, about=self.about)


def _logarithms(trigamma: str, relative: str) -> dict[str, Words]:
    """The three definitions of a log link: the variance of the logarithm, and two from the squared cv."""
    of = "the logarithm of the response"
    exact = ", the last the variance of the logarithm of a single value"
    return {
        "trigamma": Words(of, trigamma, exact + _NAKAGAWA),
        "lognormal": Words(of, f"log(1 + {relative})", _NAKAGAWA),
        "delta": Words(of, relative, _DELTA + _NAKAGAWA),
    }


def _share(of: str) -> Words:
    """The delta method for a share."""
    return Words(of, "mean (1 - mean) / (1 + phi) / slope^2", _DELTA + _SHARE_MEAN)


OF_MEASUREMENTS: Mapping[tuple[str, str], Mapping[str, Words]] = {
    ("student", "identity"): {"residual": Words("the response", "sigma^2 nu / (nu - 2)", _INFINITE)},
    ("lognormal", "identity"): {"residual": Words("the logarithm of the response", "sigma^2")},
    ("gaussian", "log"): {
        "delta": Words("the logarithm of the mean", "sigma^2 / mean^2", _DELTA + _LOG_MEAN)
    },
    ("gaussian", "inverse"): {
        "delta": Words("the inverse of the mean", "sigma^2 / mean^4", _DELTA + _MEDIAN)
    },
    ("gamma", "log"): _logarithms("trigamma(shape)", "1 / shape"),
    ("gamma", "identity"): {"observation": Words("the response", "mean^2 / shape", _PLAIN_MEAN)},
    ("gamma", "inverse"): {
        "delta": Words("the inverse of the response", "1 / (shape mean^2)", _DELTA + _MEDIAN)
    },
    ("exponential", "log"): _logarithms("pi^2 / 6", "1"),
    ("exponential", "identity"): {"observation": Words("the response", "mean^2", _PLAIN_MEAN)},
    ("exponential", "inverse"): {
        "delta": Words("the inverse of the response", "1 / mean^2", _DELTA + _MEDIAN)
    },
    ("weibull", "log"): _logarithms(
        "pi^2 / (6 shape^2)", "Gamma(1 + 2 / shape) / Gamma(1 + 1 / shape)^2 - 1"
    ),
    ("beta", "logit"): {
        "trigamma": Words(
            "the logit of the response", "trigamma(mean phi) + trigamma((1 - mean) phi)", _EXACT + _SHARE_MEAN
        ),
        "delta": _share("the logit of the response"),
    },
    **{
        ("beta", link): {"delta": _share(f"the {link} of the response")}
        for link in ("probit", "cloglog", "log", "cauchit")
    },
}
"""Of measurements, by family and link, then by method."""

GAUSSIAN = "gaussian"
_COUNTS = (
    "share of the variance of the {scale} that lies between groups: var(group) / (sum of all group "
    "variances + {level1})"
)
_LAMBDA = (
    ", where lambda is the expected count at the mean of the columns (and of the offset), averaged over the "
    "groups: {mean}; it falls as counts get smaller, which scatter more by themselves (Nakagawa, Johnson and "
    "Schielzeth 2017)"
)
DEFINITIONS = {
    GAUSSIAN: (
        "share of the variance of the response, given the population effects, that lies between groups: "
        "var(group) / (sum of all group variances + sigma^2)"
    ),
    "latent": (
        "share of the variance of the latent response, on the link scale, that lies between groups: "
        "var(group) / (sum of all group variances + {level1}); it does not depend on covariates and is not a "
        "share of the variance of the observed {outcome}"
    ),
    **dict.fromkeys(("lognormal", "trigamma", "delta", "observation"), _COUNTS + _LAMBDA),
}
OF_CATEGORIES = (
    "share of the variance of the latent log odds of a category against the reference that lies between "
    "groups, category by category: var(group) / (sum of all group variances of this category + {level1}); it "
    "depends on the choice of the reference and is not a share of the variance of the observed outcome"
)
BY_LEVEL = "; the groups of one level of `by` have the share of the variance in the rows of that level"
WEIGHTED = "; sigma^2 is the residual variance of a row of weight 1"
NOTES = {
    "beta_binomial": "; level 1 is that of a single trial, of which what the trials of a row share is a part",
    **dict.fromkeys(
        ("zero_inflated_poisson", "zero_inflated_negbinomial"),
        "; lambda is that of the counts before zeros in excess, whose share zi belongs to level 1 (mean and "
        "variance of such counts: Zuur, Saveliev and Ieno 2012)",
    ),
}
"""What there is to add for a family."""
VARYING = "; {predicted} depends on columns: the variance of a row is averaged over the observed rows"
I_SQUARED = (
    "; in place of sigma^2 stands the variance of a typical row, from the known standard errors, so that the "
    "share is the I^2 of meta-analysis (Higgins and Thompson 2002, equation 9)"
)
TYPICAL = (
    "; to sigma^2 is added the variance of a typical row, from the known standard errors (Higgins and "
    "Thompson 2002, equation 9)"
)
WHOLE = "; of the responses themselves, as if nothing were censored or truncated"
LEVEL1 = {"logit": "pi^2 / 3", "probit": "1", "cloglog": "pi^2 / 6"}
COUNT_SCALES = {"log": "log count", "sqrt": "square root of the count", "identity": "count"}
MEANS = {
    "log": "exp(b0 + half the sum of all group variances)",
    "sqrt": "b0^2 + the sum of all group variances",
    "identity": "b0",
}
COUNT_LEVEL1: dict[str, dict[str, str]] = {
    "poisson": {
        "lognormal": "log(1 + 1 / lambda)",
        "trigamma": "trigamma(lambda)",
        "delta": "1 / lambda",
        "sqrt": "1 / 4",
        "identity": "lambda",
    },
    "negbinomial": {
        "lognormal": "log(1 + 1 / lambda + 1 / phi)",
        "trigamma": "trigamma(1 / (1 / lambda + 1 / phi))",
        "delta": "1 / lambda + 1 / phi",
        "sqrt": "(1 + lambda / phi) / 4",
        "identity": "lambda + lambda^2 / phi",
    },
    "zero_inflated_poisson": {
        "lognormal": "log(1 + (1 / lambda + zi) / (1 - zi))",
        "delta": "(1 / lambda + zi) / (1 - zi)",
    },
    "zero_inflated_negbinomial": {
        "lognormal": "log(1 + (1 / lambda + zi + 1 / phi) / (1 - zi))",
        "delta": "(1 / lambda + zi + 1 / phi) / (1 - zi)",
    },
}
"""Observation-level variances of counts: of a family by method (log link) or link."""
NO_VARIANCE: dict[tuple[str, str], str] = {
    **{
        (family, link): reason
        for family in ("bernoulli", "binomial", "beta_binomial")
        for link, reason in (
            (
                "cauchit",
                "the latent variable of the cauchit link has a Cauchy distribution, which has no variance",
            ),
            (
                "log",
                "a probability on the log scale comes from no latent variable, whose variance could be "
                "level 1's",
            ),
        )
    },
    ("hurdle_poisson", "log"): (
        "groups differ in the counts above 0 alone, and the zeros, which come from elsewhere, have no place "
        "on a logarithmic scale"
    ),
}
"""Why there is no level-1 variance on the scale of the linear predictor, by family and link."""
WITH_ONE = {
    **dict.fromkeys(("bernoulli", "binomial", "beta_binomial"), "a logit, probit or cloglog link has a VPC"),
    "hurdle_poisson": "zero-inflated counts, family='zero_inflated_poisson', have a VPC",
}
"""What has a VPC instead."""

_OF = "share of the variance of the observed {outcome} that lies between groups, {where}"
_GOLDSTEIN = " (method {} of Goldstein, Browne and Rasbash 2002)"
ON_RESPONSE_SCALE = {
    "linearised": _OF
    + ", by a first-order expansion around the typical group"
    + _GOLDSTEIN.format("A")
    + ": p'^2 var(group) / (p'^2 times the sum of all group variances + p (1 - p)), where p is the "
    "probability in the typical group and p' its slope",
    "simulation": _OF
    + ", the group effects integrated out"
    + _GOLDSTEIN.format("B")
    + ": variance over the groups of the probability / (m (1 - m)), where m is the probability averaged over "
    "the groups; integrals are by quadrature, free of simulation error",
    "linear": "share of the variance of the observed {outcome}, given the columns, that lies between groups, "
    "in the rows as they were observed, as a linear model of 0/1 responses has it"
    + _GOLDSTEIN.format("C")
    + ": variance over the groups of the probability averaged over the rows / mean of m (1 - m) over the "
    "rows, where m is a row's probability averaged over the groups; it follows from this model, and no other "
    "is fitted",
    "exact": _OF
    + ", the group effects integrated out: variance over the groups of the expected response / (this + "
    "{level1}), by quadrature that is exact to rounding",
}
"""Definitions that are of the response itself, not of the linear predictor."""
INTEGRATED = ("simulation", "exact")
OF_CUTPOINT = "; of ordered categories the 0/1 outcome is whether a response lies above the cutpoint"
NESTED = (
    "; a term that is nested in another has what it adds to it, and what crossed terms vary by only together "
    "is in the whole and in no share"
)
LECKIE = " (Leckie, Browne, Goldstein, Merlo and Austin 2020)"
EXACT_LEVEL1 = {
    family: text + LECKIE
    for family, text in {
        ("poisson", "log"): "lambda",
        ("negbinomial", "log"): "lambda + exp(sum of all group variances) lambda^2 / phi",
    }.items()
}
"""The mean variance within groups, where ``lambda`` is the expected count averaged over the groups."""
AT_MEAN = "; {predicted}, which depends on columns, is that of a typical group at their means"


def definition(fit: Fit, method: str, where: str = "") -> str:
    """What is divided by what in a VPC of a fit; ``where`` says of which rows on the response scale."""
    if method in ON_RESPONSE_SCALE:
        text = ON_RESPONSE_SCALE[method].format(
            outcome=outcome_of(fit), where=where, level1=_exact_level1(fit)
        )
        if fit.spec.cutpoints:
            text += OF_CUTPOINT
        return (
            text
            + (NESTED if len(fit.spec.groups) > 1 and method in INTEGRATED else "")
            + _rows_meant(fit, response_scale=True)
        )
    if (fit.spec.family, fit.spec.link) in OF_MEASUREMENTS:
        return str(OF_MEASUREMENTS[fit.spec.family, fit.spec.link][method]) + _rows_meant(fit)
    family, link = fit.spec.family, fit.spec.link
    level1 = LEVEL1.get(link, "")
    if family in COUNT_LEVEL1:
        level1 = COUNT_LEVEL1[family][method if link == "log" else link]
    words = OF_CATEGORIES if fit.design.response.unordered else DEFINITIONS[method]
    if "lambda" not in level1:
        words = words.removesuffix(_LAMBDA)
    places = {"level1": level1, "scale": COUNT_SCALES.get(link, ""), "mean": MEANS.get(link, "")}
    text = words.format(**places, outcome=outcome_of(fit))
    return text + NOTES.get(family, "") + _rows_meant(fit)


def outcome_of(fit: Fit) -> str:
    """What the response is called in a definition."""
    if fit.spec.cutpoints:
        return "categories"
    return "0/1 outcome" if get_family(fit.spec.family).response_kind in ("binary", "trials") else "response"


def _exact_level1(fit: Fit) -> str:
    return EXACT_LEVEL1.get((fit.spec.family, fit.spec.link), "the mean variance of a response in its group")


def _rows_meant(fit: Fit, *, response_scale: bool = False) -> str:
    """Which rows a share is of: of one level of `by`, of weight 1, with typical errors, fully observed."""
    text = "" if all(group.own.all() for group in fit.design.groups) else BY_LEVEL
    predicted = [p.label for p in fit.spec.predictors if p.name in get_family(fit.spec.family).parameters]
    if predicted and response_scale:
        text += AT_MEAN.format(predicted=" and ".join(predicted))
    elif predicted:
        text += VARYING.format(predicted=" and ".join(predicted))
    if fit.spec.family == GAUSSIAN and fit.design.weights is not None:
        text += WEIGHTED
    if "se" in fit.design.part:
        text += TYPICAL if "sigma" in fit.posterior else I_SQUARED
    return text + (WHOLE if {"low", "lb"} & fit.design.part.keys() else "")
