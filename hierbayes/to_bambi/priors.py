"""Priors of a model as bambi's, found column by column: what formulae made is compared with the design."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design, GroupDesign
from hierbayes.errors import DataError
from hierbayes.spec.records import ModelSpec, Prior
from hierbayes.to_bambi.formula import no_equivalent

type Floats = NDArray[np.float64]

COMPLEMENTS = ("zi", "hu")
"""Probabilities of zero: bambi's ``psi`` is the probability of the rest."""

DISTRIBUTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "normal": ("Normal", ("mu", "sigma")),
    "student_t": ("StudentT", ("nu", "mu", "sigma")),
    "cauchy": ("Cauchy", ("alpha", "beta")),
    "half_normal": ("HalfNormal", ("sigma",)),
    "half_student_t": ("HalfStudentT", ("nu", "sigma")),
    "half_cauchy": ("HalfCauchy", ("beta",)),
    "exponential": ("Exponential", ("lam",)),
    "gamma": ("Gamma", ("alpha", "beta")),
    "uniform": ("Uniform", ("lower", "upper")),
    "beta": ("Beta", ("alpha", "beta")),
    "flat": ("Flat", ()),
}
"""Prior -> PyMC's name of the distribution and of its parameters, in the order of ``Prior.parameters``."""

DISTANCE = 1e-9  # of columns that count as equal, relative to the largest value of the column


def priors(
    spec: ModelSpec, design: Design, model: tuple[Any, Mapping[str, str]], prior: Callable[..., Any]
) -> dict[str, Any]:
    """Bambi's priors of all terms and parameters, by bambi's names.

    Parameters
    ----------
    spec, design : ModelSpec, Design
        Of the model.
    model : (bambi.Model, mapping of str to str)
        bambi's model, and its names of the family's parameters.
    prior : type
        ``bambi.Prior``.

    Raises
    ------
    DataError
        If bambi's model has other columns, groups or offsets, or cannot have these priors.
    """
    made, parameters = model
    component = made.parameters[made.family.likelihood.parent]
    found: dict[str, Any] = {}
    left = list(range(design.X.shape[1]))
    if design.has_intercept:
        key = ("b", "Intercept") if spec.has_prior("b", "Intercept") else ("Intercept",)
        found["Intercept"] = _prior([spec.prior(*key)], prior, "Intercept")
        left.remove(0)
    for term in component.common_terms.values():
        where = [_take(column, design.X, left, term.name) for column in _columns(term.data)]
        own = [spec.prior("b", design.terms[k]) for k in where]
        found[term.name] = _prior(own, prior, term.name, vector=term.levels is not None)
    unused = [(group, k) for group in design.groups for k in range(len(group.terms))]
    for term in component.group_specific_terms.values():
        pairs = [_take_effect(column, term, unused) for column in _columns(term.predictor)]
        own = [spec.prior("sd", group.name, group.terms[k]) for group, k in pairs]
        sd = _prior(own, prior, term.name, vector=len(own) > 1 or term.categorical, positive=True)
        found[term.name] = prior("Normal", mu=0, sigma=sd)
    if left or unused:
        missing = [design.terms[k] for k in left] + [f"{g.terms[k]} of {g.name}" for g, k in unused]
        raise _coded_otherwise(", ".join(missing))
    offset = sum((np.ravel(term.data) for term in component.offset_terms.values()), np.zeros(design.n))
    if not _alike(offset, np.zeros(design.n) if design.offset is None else design.offset):
        raise _coded_otherwise("offset()")
    for name, theirs in parameters.items():
        own_prior = spec.prior(name)
        own_prior = _complement(name, own_prior) if name in COMPLEMENTS else own_prior
        found[theirs] = _prior([own_prior], prior, name, positive=True)
    return found


def _columns(values: Any) -> Iterator[Floats]:
    array = np.asarray(values, dtype=float)
    yield from (array[:, None] if array.ndim == 1 else array).T


def _alike(a: Any, b: Any) -> bool:
    return bool(np.max(np.abs(a - b)) <= DISTANCE * max(1.0, float(np.max(np.abs(b)))))


def _take(column: Floats, X: Floats, left: list[int], name: str) -> int:
    """Which of the columns that are left is the same; it is left no more."""
    for k in left:
        if _alike(column, X[:, k]):
            left.remove(k)
            return k
    raise _coded_otherwise(name)


def _take_effect(column: Floats, term: Any, unused: list[tuple[GroupDesign, int]]) -> tuple[GroupDesign, int]:
    codes = np.asarray(term.group_index)
    for group, k in unused:
        same = list(map(str, term.groups)) == list(group.levels) and np.array_equal(codes, group.codes)
        if same and _alike(column, group.Z[:, k]):
            unused.remove((group, k))
            return group, k
    raise _coded_otherwise(term.name)


def _coded_otherwise(name: str) -> DataError:
    return no_equivalent(
        f"`{name}`", "formulae makes other columns of it", "Compute the columns first, and name them."
    )


def _prior(
    own: Sequence[Prior],
    prior: Callable[..., Any],
    name: str,
    *,
    vector: bool = False,
    positive: bool = False,
) -> Any:
    """One prior of bambi for all coefficients of a term, its parameters arrays where it has several."""
    kinds = {each.distribution for each in own}
    if len(kinds) > 1:
        raise no_equivalent(
            f"the priors of `{name}`",
            f"the coefficients of one term have one distribution, not {' and '.join(sorted(kinds))}",
            "Give them the same one.",
        )
    kind, keys = DISTRIBUTIONS[kinds.pop()]
    if kind == "Flat" and positive:
        kind = "HalfFlat"
    values = np.array([each.parameters for each in own], dtype=float).reshape(len(own), len(keys))
    return prior(kind, **{key: values[:, k] if vector else values[0, k] for k, key in enumerate(keys)})


def _complement(name: str, own: Prior) -> Prior:
    """The prior of ``1 - x`` where ``own`` is that of ``x``, a probability."""
    if own.distribution == "beta":
        return Prior("beta", own.parameters[::-1])
    if own.distribution == "uniform":
        lower, upper = own.parameters
        return Prior("uniform", (1 - upper, 1 - lower))
    raise no_equivalent(
        f"the prior {own} of {name!r}",
        "its parameter is the complement, 1 - psi",
        "Allowed: beta(alpha, beta), uniform(lower, upper).",
    )
