"""Which data a model predicts: models of other data cannot be ranked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierbayes.families import get_family
from hierbayes.fitted.record import Fit

CONTINUOUS = ("gaussian", "student", "lognormal", "gamma", "exponential", "weibull", "beta")
"""Families with densities; the others have probabilities."""


@dataclass(frozen=True)
class Data:
    """What a model's predictions are of.

    Attributes
    ----------
    response : str
        The left side of the formula, ``"log(y)"``.
    n : int
        Rows.
    rows, y, others : str
        Fingerprints of the positions of the rows, of the response, and of what else defines it: trials,
        limits, and weights by which log densities are multiplied.
    labels : tuple of str
        Of a response of labels.
    continuous : bool
        Whether predictions are densities, in one over units of the response, or probabilities.
    """

    response: str
    n: int
    rows: str
    y: str
    others: str
    labels: tuple[str, ...]
    continuous: bool


def data_of(fit: Fit) -> Data:
    """What a fit predicts."""
    design, family = fit.design, get_family(fit.spec.family)
    kept = {"trials", "low", "high", "lb", "ub"} | (set() if family.residual_weights else {"weights"})
    others = [values for name, values in sorted(design.row_data.items()) if name in kept]
    return Data(
        design.response.name,
        design.n,
        _digest(design.rows),
        _digest(design.y),
        _digest(*others),
        design.response.labels or (),
        fit.spec.family in CONTINUOUS,
    )


def _digest(*arrays: NDArray[np.generic]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def difference(one: tuple[str, Data], other: tuple[str, Data]) -> str:
    """Why two models predict different things, in words; empty where they predict the same.

    Parameters
    ----------
    one, other : (str, Data)
        Name and data of each model.
    """
    (a, first), (b, second) = one, other
    if first.n != second.n:
        return (
            f"{a} uses {first.n:,} rows and {b} {second.n:,}: sums of log densities over different rows say "
            "nothing about the models. Rows with missing values in a column that only one formula uses are a "
            "usual reason; fit both to the rows that are complete in all columns."
        )
    if first.response != second.response:
        return (
            f"{a} predicts {first.response} and {b} {second.response}. A density of a transformed "
            "response is per unit of that scale, so that the difference would change with the units. State "
            "both models with the same left side; for log(y) in a gaussian model, family='lognormal' with "
            "y on the left is the same model with densities of y."
        )
    if first.rows != second.rows:
        return (
            f"{a} and {b} use different rows of their data, {first.n:,} each. Fit both to the same rows, "
            "in the same order."
        )
    if (first.y, first.labels) != (second.y, second.labels):
        return f"{a} and {b} have different values of {first.response}. Fit both to the same data."
    if first.others != second.others:
        return (
            f"{a} and {b} have different trials, weights, or limits of {first.response}, so that their rows "
            "do not count alike. State the same in both formulas."
        )
    return ""
