"""Normal responses that columns and groups explain exactly: such a model has no posterior."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design, GroupDesign
from hierbayes.errors import DataError
from hierbayes.spec.records import ModelSpec, Prior

type Floats = NDArray[np.float64]

SIGMA = "sigma"
ROUNDING = 1e-9
"""Sd of residuals, in sds of the response, that counts as none."""

STEPS = 200
"""Of the iterative solver: ordinary data have large residuals after any number of them."""

RANKED = 20_000_000
"""Numbers, rows by columns, up to which independent columns are counted; the others are taken to be so."""


def check_not_exact(spec: ModelSpec, design: Design) -> None:
    """Refuse a response without residuals.

    With ``k`` more rows than independent columns and no residual, the likelihood of ``sigma`` grows like
    ``sigma^-k`` towards zero, and a prior that is positive there leaves no finite integral.

    Parameters
    ----------
    spec, design : ModelSpec, Design
        The model.

    Raises
    ------
    DataError
        If the posterior is improper.
    """
    if (spec.family, spec.link) != ("gaussian", "identity") or SIGMA not in spec.scalars or design.part:
        return
    order = _order_at_zero(next(entry.prior for entry in spec.priors if entry.parameter == SIGMA))
    if not _is_exact(design, design.groups, order):
        return
    alone = _is_exact(design, (), order)
    what = "The population columns explain" if alone else "Columns and groups together explain"
    leave = "the column that it was computed from" if alone else "a group term or a column"
    raise DataError(
        f"{what} the response {design.response.name!r} exactly (to a billionth of its sd), so that no "
        "scatter is left: the posterior is improper, as it grows without bound where sigma goes to 0. Leave "
        f"out {leave}, or give sigma a prior away from 0, such as 'uniform(0.1, 10)'."
    )


def _order_at_zero(prior: Prior) -> float:
    """The power ``a`` of a prior density that is like ``sigma^(a - 1)`` near zero."""
    if prior.distribution == "gamma":
        return prior.parameters[0]
    return np.inf if prior.distribution == "uniform" and prior.parameters[0] > 0 else 1.0


def _is_exact(design: Design, groups: tuple[GroupDesign, ...], order: float) -> bool:
    from scipy.sparse.linalg import lsmr

    used = np.ones(design.n, dtype=bool) if design.weights is None else design.weights > 0
    y = (design.y if design.offset is None else design.y - design.offset)[used]
    columns = _columns(design, groups)[used]
    largest = ROUNDING * float(y.std()) * np.sqrt(len(y))
    b = lsmr(columns, y, atol=0.0, btol=0.0, conlim=0.0, maxiter=STEPS)[0]
    if np.linalg.norm(y - columns @ b) > largest:
        return False
    rank = min(columns.shape)
    if columns.shape[0] * columns.shape[1] <= RANKED:
        rank = int(np.linalg.matrix_rank(columns.toarray()))
    return bool(len(y) - rank >= order)


def _columns(design: Design, groups: tuple[GroupDesign, ...]) -> Any:
    """All columns of population and groups, sparse, each of length 1."""
    from scipy import sparse

    parts = [sparse.csr_array(design.X)]
    for group in groups:
        own, q = np.flatnonzero(group.own), group.Z.shape[1]
        places = group.codes[own, None].astype(np.int64) * q + np.arange(q)
        cells = group.Z[own].ravel(), (np.repeat(own, q), places.ravel())
        parts.append(sparse.csr_array(cells, shape=(design.n, group.n_groups * q)))
    whole = sparse.hstack(parts, format="csr")
    lengths = np.sqrt(whole.power(2).sum(axis=0))
    return whole @ sparse.diags_array(1 / np.where(lengths > 0, lengths, 1.0))
