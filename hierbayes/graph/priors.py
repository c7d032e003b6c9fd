"""Priors of a spec as PyMC distributions: one table, one function per support."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm

from hierbayes.spec.records import Prior


@dataclass(frozen=True)
class PriorRow:
    """How one prior becomes PyMC.

    Attributes
    ----------
    cls : type
        The PyMC distribution.
    arguments : tuple of str
        PyMC's names of the prior's parameters, in the order of ``Prior.parameters``.
    """

    cls: Callable[..., Any]
    arguments: tuple[str, ...]


REAL: dict[str, PriorRow] = {
    "normal": PriorRow(pm.Normal, ("mu", "sigma")),
    "student_t": PriorRow(pm.StudentT, ("nu", "mu", "sigma")),
    "cauchy": PriorRow(pm.Cauchy, ("alpha", "beta")),
    "flat": PriorRow(pm.Flat, ()),
}
BOUNDED: dict[str, PriorRow] = {
    "half_normal": PriorRow(pm.HalfNormal, ("sigma",)),
    "half_student_t": PriorRow(pm.HalfStudentT, ("nu", "sigma")),
    "half_cauchy": PriorRow(pm.HalfCauchy, ("beta",)),
    "exponential": PriorRow(pm.Exponential, ("lam",)),
    "gamma": PriorRow(pm.Gamma, ("alpha", "beta")),
    "uniform": PriorRow(pm.Uniform, ("lower", "upper")),
    "beta": PriorRow(pm.Beta, ("alpha", "beta")),
}
POSITIVE: dict[str, PriorRow] = {**BOUNDED, "flat": PriorRow(pm.HalfFlat, ())}


def arguments(row: PriorRow, priors: Sequence[Prior]) -> dict[str, Any]:
    """PyMC's keyword arguments for a vector of priors of one kind, each an array of the vector's length."""
    columns = np.array([prior.parameters for prior in priors], dtype=float).reshape(
        len(priors), len(row.arguments)
    )
    return {name: columns[:, k] for k, name in enumerate(row.arguments)}


def positive_vector(name: str, priors: Sequence[Prior], labels: Sequence[str], dim: str) -> Any:
    """Positive parameters of dimension ``dim``: one vector, or stacked scalars where kinds of priors mix."""
    kinds = {prior.distribution for prior in priors}
    if len(kinds) == 1:
        row = POSITIVE[kinds.pop()]
        return row.cls(name, **arguments(row, priors), dims=dim)
    scalars = [
        positive_scalar(f"{name}[{label}]", prior) for label, prior in zip(labels, priors, strict=True)
    ]
    return pm.Deterministic(name, pm.math.stack(scalars), dims=dim)


def positive_scalar(name: str, prior: Prior) -> Any:
    """One positive parameter."""
    row = POSITIVE[prior.distribution]
    # Arrays, because PyTensor would round Python floats to single precision.
    return row.cls(name, **dict(zip(row.arguments, map(np.asarray, prior.parameters), strict=True)))
