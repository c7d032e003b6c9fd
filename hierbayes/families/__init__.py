"""Response distributions: one file each, one row in ``FAMILIES``."""

from __future__ import annotations

from hierbayes.errors import UnknownNameError
from hierbayes.families.alone import fit_alone
from hierbayes.families.base import Family, Parameters
from hierbayes.families.bernoulli import BERNOULLI
from hierbayes.families.beta import BETA
from hierbayes.families.beta_binomial import BETA_BINOMIAL
from hierbayes.families.binomial import BINOMIAL
from hierbayes.families.categorical import CATEGORICAL
from hierbayes.families.cumulative import CUMULATIVE
from hierbayes.families.gamma import EXPONENTIAL, GAMMA
from hierbayes.families.gaussian import GAUSSIAN
from hierbayes.families.hurdle_poisson import HURDLE_POISSON
from hierbayes.families.links import LINKS, Link
from hierbayes.families.lognormal import LOGNORMAL
from hierbayes.families.negbinomial import NEGBINOMIAL
from hierbayes.families.partial import Censorable
from hierbayes.families.poisson import POISSON, marginal_mean
from hierbayes.families.student import STUDENT
from hierbayes.families.weibull import WEIBULL
from hierbayes.families.zero_inflated_negbinomial import ZERO_INFLATED_NEGBINOMIAL
from hierbayes.families.zero_inflated_poisson import ZERO_INFLATED_POISSON

__all__ = [
    "CENSORABLE",
    "FAMILIES",
    "KNOWN_IN_PART",
    "LINKS",
    "Family",
    "Link",
    "Parameters",
    "fit_alone",
    "get_family",
    "get_link",
    "marginal_mean",
]

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        *(GAUSSIAN, STUDENT, LOGNORMAL, GAMMA, EXPONENTIAL, WEIBULL, BETA),
        *(BERNOULLI, BINOMIAL, BETA_BINOMIAL, CUMULATIVE),
        *(POISSON, NEGBINOMIAL, ZERO_INFLATED_POISSON, ZERO_INFLATED_NEGBINOMIAL, HURDLE_POISSON),
        *(CATEGORICAL,),
    )
}

CENSORABLE = tuple(name for name, family in FAMILIES.items() if isinstance(family, Censorable))
KNOWN_IN_PART: dict[str, tuple[str, ...]] = {"cens": CENSORABLE, "trunc": CENSORABLE, "se": ("gaussian",)}
"""Which families can use what a formula says beside the response."""


def get_family(name: str) -> Family:
    """Look a family up by name.

    Raises
    ------
    UnknownNameError
        If there is no such family.

    Examples
    --------
    >>> get_family("gaussian").parameters
    ('sigma',)
    """
    if name not in FAMILIES:
        raise UnknownNameError("family", name, FAMILIES)
    return FAMILIES[name]


def get_link(family: str, name: str | None = None) -> Link:
    """Look up a link that a family takes.

    Parameters
    ----------
    family : str
        Name of the family.
    name : str or None
        Name of the link; None for the family's default.

    Raises
    ------
    UnknownNameError
        If there is no such family, or it does not take that link.

    Examples
    --------
    >>> get_link("bernoulli").name
    'logit'
    """
    allowed = get_family(family).links
    if name is None:
        return LINKS[allowed[0]]
    if name not in allowed:
        raise UnknownNameError(f"link of family {family!r}", name, allowed)
    return LINKS[name]
