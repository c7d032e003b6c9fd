"""The kernels of all families, compiled ahead of the first fit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hierbayes.errors import ArgumentTypeError, UnknownNameError
from hierbayes.families import get_family
from hierbayes.formulas.parts import formula
from hierbayes.kernels.coverage import LIKELIHOODS, PART_LIKELIHOODS, SEVERAL
from hierbayes.model import Model
from hierbayes.progress import working

COLLAPSED = ("gaussian", "identity")
"""The likelihood that has collapsed kernels besides the one over rows."""
SEVERAL_PREDICTORS = "several predictors"
ONE_FACTOR = f"{COLLAPSED[0]} collapsed"

PART = "known in part"
"""What kernels of censored and truncated rows, and of those with known errors, are called behind the link."""

KERNELS: dict[str, tuple[str, str, str]] = {
    ONE_FACTOR: (*COLLAPSED, "collapsed"),
    f"{ONE_FACTOR} crossed": (*COLLAPSED, "collapsed"),
    **{f"{family} {link}": (family, link, "partial") for family, link in LIKELIHOODS},
    **{f"{family} {link} {SEVERAL_PREDICTORS}": (family, link, "partial") for family, link in SEVERAL},
    **{f"{family} {link} {PART}": (family, link, "partial") for family, link in PART_LIKELIHOODS},
}
"""Family, link and parameterization of a model that uses each kernel."""

FORMULA = "y ~ x + (1 + x | g) + (1 | h)"
FORMULAS = {
    ONE_FACTOR: "y ~ x + (1 + x | g)",
    **{
        f"{family} {link} {PART}": "z | trunc(lb = 0) ~ x + (1 + x | g) + (1 | h)"
        for family, link in PART_LIKELIHOODS
    },
    "beta_binomial": "y | trials(n) ~ x + (1 + x | g) + (1 | h)",
    "categorical": "c ~ x + (1 + x | g) + (1 | h)",
    **dict.fromkeys(
        ("gamma", "exponential", "weibull", "lognormal", "beta"), "z ~ x + (1 + x | g) + (1 | h)"
    ),
}
"""Models of kernels and of families that ``FORMULA`` does not serve."""
FRAME = {
    "y": [0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0],
    "n": [2] * 12,
    "c": ["bus", "car", "walk"] * 4,
    "z": [0.4, 0.7, 0.8, 0.2, 0.6, 0.3, 0.5, 0.4, 0.9, 0.6, 0.3, 0.7],
    "x": [0.1, 0.7, 1.9, 0.3, 1.2, 0.4, 1.0, 0.2, 1.6, 0.9, 0.6, 1.4],
    "g": ["a", "b", "c", "d"] * 3,
    "h": ["p", "p", "p", "p", "q", "q", "q", "q", "r", "r", "r", "r"],
}
"""Twelve rows: what is compiled does not hang on them."""


@dataclass(frozen=True)
class Warmed:
    """One kernel that is ready.

    Attributes
    ----------
    name : str
        ``"bernoulli logit"``.
    seconds : float
        How long it took.
    compiled : bool
        Whether anything had to be compiled.
    """

    name: str
    seconds: float
    compiled: bool


def warmup(
    only: Sequence[str] = (), *, on_ready: Callable[[Warmed], None] | None = None
) -> tuple[Warmed, ...]:
    """Compile the kernels into the user's cache, so that no fit has to.

    Parameters
    ----------
    only : sequence of str
        Names of kernels, ``"bernoulli logit"``; all by default.
    on_ready : callable, optional
        Called with each kernel as soon as it is ready.

    Returns
    -------
    tuple of Warmed
        Each kernel, and how long it took. Once they are in the cache, a second call compiles nothing.

    Raises
    ------
    UnknownNameError
        If there is no such kernel.
    ArgumentTypeError
        If ``only`` is a text.

    Examples
    --------
    >>> import hierbayes as hb
    >>> hb.warmup(["bernoulli logit"])  # doctest: +SKIP
    (Warmed(name='bernoulli logit', seconds=11.3, compiled=True),)
    """
    if isinstance(only, str):
        raise ArgumentTypeError(f"Give a list of kernels, such as [{only!r}]. Known: {', '.join(KERNELS)}.")
    for name in only:
        if name not in KERNELS:
            raise UnknownNameError("kernel", name, KERNELS)
    ready = []
    with working("compiling", unit="kernels") as work:
        for name in work.over(only or KERNELS):
            work.note = name
            ready.append(_warm(name))
            if on_ready is not None:
                on_ready(ready[-1])
    return tuple(ready)


def cache() -> Path | None:
    """The folder of compiled kernels: numba's where the user has set one, or our own; None if none can be."""
    from hierbayes.kernels.places import cache_folder

    return cache_folder()


def _warm(name: str) -> Warmed:
    """Fit a tiny model: whatever a fit needs is then in the cache."""
    family, link, parameterization = KERNELS[name]
    started, before = time.perf_counter(), _compiled()
    written = FORMULAS.get(name, FORMULAS.get(family, FORMULA))
    parameters = get_family(family).parameters[-1:] if name.endswith(SEVERAL_PREDICTORS) else ()
    model = Model(formula(written, **dict.fromkeys(parameters, "~ x")), FRAME, family=family, link=link)
    model.fit(
        draws=2, tune=2, chains=2, seed=1, parameterization=parameterization, route="kernel", progress=False
    )
    return Warmed(name, time.perf_counter() - started, _compiled() > before)


def _compiled() -> int:
    """How many functions the cache holds, in all their variants."""
    folder = cache()
    return 0 if folder is None else sum(1 for _ in folder.rglob("*.nbc"))
