"""The variance partition coefficients of measurements in words: what is divided by what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


DEFINITIONS: Mapping[tuple[str, str], Mapping[str, Words]] = {
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
"""By family and link, then by method."""
