"""Which group term, coefficients and words a plot is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.predictions.prediction import middle_cut

if TYPE_CHECKING:
    import xarray as xr

    from hierbayes.design.records import GroupDesign

_LINK_WORDS: dict[str, str] = {
    "identity": "{response}",
    "logit": "log-odds of {response}",
    "probit": "probit of {response}",
    "cloglog": "complementary log-log of {response}",
    "log": "log of {response}",
    "cauchit": "cauchit of {response}",
    "sqrt": "square root of {response}",
    "inverse": "inverse of {response}",
}

_PREDICTOR_WORDS: dict[tuple[str, str], str] = {("lognormal", "identity"): "log of {response}"}
"""Linear predictors that are no link of the mean."""

_MEAN_WORDS: dict[str, str] = {
    "bernoulli": "probability of {response}",
    "binomial": "probability of {response}",
    "beta_binomial": "probability of {response}",
    "cumulative": "probability of {response}",
}

PROBABILITIES = ("bernoulli", "binomial", "beta_binomial", "cumulative")
"""Families whose expected response, of a single trial, is a probability; of ordered ones that to be high."""

LONGEST_LABEL = 28


def pick_group(fit: Any, group: str | None) -> GroupDesign:
    """The group term asked for, or the first.

    Raises
    ------
    DataError
        If the model has no group terms.
    UnknownNameError
        If it has none of that name.
    """
    groups: tuple[GroupDesign, ...] = fit.design.groups
    if not groups:
        raise DataError(
            f"This plot shows groups, and the model has no group terms: {fit.spec.formula}. "
            "Add one to the formula, such as '(1 | school)'."
        )
    if group is None:
        return groups[0]
    for candidate in groups:
        if candidate.name == group:
            return candidate
    raise UnknownNameError("group term of this model", group, [g.name for g in groups])


def pick_terms(group: GroupDesign, term: str | Sequence[str] | None) -> tuple[str, ...]:
    """The coefficients asked for, or all that vary over the groups.

    Raises
    ------
    UnknownNameError
        If a name is not a coefficient that varies over these groups.
    """
    if term is None:
        return group.terms
    wanted = (term,) if isinstance(term, str) else tuple(term)
    for name in wanted:
        if name not in group.terms:
            raise UnknownNameError(
                f"coefficient that varies over {group.name!r}",
                name,
                group.terms,
                "Only coefficients inside the parentheses of the group term differ between groups.",
            )
    return wanted


def pick_choice(kind: str, given: str, allowed: Sequence[str]) -> str:
    """``given`` if it is one of ``allowed``; UnknownNameError otherwise."""
    if given not in allowed:
        raise UnknownNameError(kind, given, allowed)
    return given


def draws_of(result: xr.Dataset, group: GroupDesign) -> NDArray[np.float64]:
    """The draws of one group term, shape (chain, draw, n_groups, q), out of what ``estimates`` gives."""
    dims = ("chain", "draw", names.group_dim(group.name), names.group_term(group.name))
    found = next(variable for variable in result.variables.values() if set(variable.dims) == set(dims))
    return np.asarray(found.transpose(*dims).to_numpy(), dtype=float)


def response_words(fit: Any) -> str:
    """The response in words: ``normexam``, or ``use = Y`` for the event that is modelled.

    Of ordered categories the event that divides the rows most evenly, ``rating above 3``.
    """
    info = fit.design.response
    if info.ordered:
        return f"{info.name} above {info.categories[middle_cut(fit)]}"
    if info.labels is None or str(info.name).endswith(names.level("", info.labels[1])):
        return str(info.name)
    return f"{info.name} = {info.labels[1]}"


def link_words(fit: Any) -> str:
    """The scale of the linear predictor: ``normexam``, ``log-odds of use = Y``."""
    link = str(fit.spec.link)
    if fit.spec.categories:
        return f"latent {fit.design.response.name} ({link} scale)"
    pattern = _LINK_WORDS.get(link, link + " of {response}")
    pattern = _PREDICTOR_WORDS.get((fit.spec.family, link), pattern)
    return pattern.format(response=response_words(fit))


def mean_words(fit: Any) -> str:
    """The scale of the expected response: ``normexam``, ``probability of use = Y``."""
    return _MEAN_WORDS.get(fit.spec.family, "{response}").format(response=response_words(fit))


def coefficient_words(fit: Any, term: str) -> str:
    """What one unit of a coefficient is: ``normexam``, or ``normexam per unit of standLRT``."""
    scale = link_words(fit)
    return scale if term == names.INTERCEPT else f"{scale}, per unit of {term}"


def short(label: str, most: int = LONGEST_LABEL) -> str:
    """A label that fits beside an axis."""
    return names.short(" ".join(names.legible(label).split()), most)


def rows_height(n: int, *, each: float = 0.165, least: float = 2.2, most: float = 13.0) -> float:
    """Height in inches of a panel with one row per group."""
    return float(min(most, max(least, each * n + 0.5)))


def label_step(n: int, height: float) -> int:
    """Every how many groups a label fits."""
    return max(1, int(np.ceil(n * 0.125 / height)))


MANY, SHOWN = 200, 100
"""More groups than the first cannot be told apart in rows: so many of them are drawn then."""


def thinned(n: int) -> NDArray[np.intp]:
    """Which of ``n`` sorted groups are drawn: all, or some, evenly spaced, the outermost too."""
    if n <= MANY:
        return np.arange(n)
    return np.linspace(0, n - 1, SHOWN).round().astype(np.intp)


def thinned_words(n: int) -> str:
    """What the title says of it; empty where all are drawn."""
    return f", {SHOWN} of {n:,} groups, evenly spaced in this order" if n > MANY else ""


def listing(items: Sequence[str], most: int = 4) -> str:
    """A short enumeration: ``a, b and 7 more``."""
    shown = ", ".join(short(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"


def span(n: int) -> tuple[float, float]:
    """Limits of an axis with one row per group."""
    room = max(1.0, 0.012 * n)
    return -room, n - 1 + room
