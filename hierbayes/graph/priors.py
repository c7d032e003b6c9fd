"""Priors of a spec as PyMC distributions: one table, one function per support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm

from hierbayes.geometry import can_be_eased
from hierbayes.graph.easing import Eased
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

    cls: Any
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


def positive_vector(
    name: str, priors: Sequence[Prior], labels: Sequence[str], dim: str, *, scale: Any = None
) -> Any:
    """Positive parameters of dimension ``dim``: one vector, or stacked scalars where kinds of priors mix.

    ``scale``, shape (k,), is where they are eased (``easing``); None where their logarithms are sampled.
    """
    kinds = {prior.distribution for prior in priors}
    if len(kinds) == 1:
        row = POSITIVE[kinds.pop()]
        return row.cls(name, **arguments(row, priors), dims=dim, **_easing(priors[0], scale))
    scales = [None] * len(priors) if scale is None else [np.asarray(s) for s in scale]
    scalars = [
        positive_scalar(f"{name}[{label}]", prior, scale=s)
        for label, prior, s in zip(labels, priors, scales, strict=True)
    ]
    return pm.Deterministic(name, pm.math.stack(scalars), dims=dim)


def positive_scalar(name: str, prior: Prior, *, scale: Any = None) -> Any:
    """One positive parameter; ``scale`` as of ``positive_vector``."""
    row = POSITIVE[prior.distribution]
    # Arrays, because PyTensor would round Python floats to single precision.
    values = dict(zip(row.arguments, map(np.asarray, prior.parameters), strict=True))
    return row.cls(name, **values, **_easing(prior, scale))


def _easing(prior: Prior, scale: Any) -> dict[str, Any]:
    return {} if scale is None or not can_be_eased(prior) else {"default_transform": Eased(scale)}
