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


DEFINITIONS: Mapping[tuple[str, str], Mapping[str, Words]] = {
    ("student", "identity"): {"residual": Words("the response", "sigma^2 nu / (nu - 2)", _INFINITE)},
    ("lognormal", "identity"): {"residual": Words("the logarithm of the response", "sigma^2")},
}
"""By family and link, then by method."""
