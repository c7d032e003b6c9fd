"""What columns and groups leave of a normal response: a rough sigma, or nothing at all."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design
from hierbayes.errors import DataError
from hierbayes.kernels.statistics import Statistics, spread_of
from hierbayes.spec.records import ModelSpec, Prior

type Floats = NDArray[np.float64]

SIGMA = "sigma"
ROUNDING, NOTHING = 1e-15, 1e-20
"""Squares that are left, as a share of those of the response less its rough fit, and of all of them, that
rounding errors may have made."""


def check_not_exact(spec: ModelSpec, design: Design, statistics: Statistics) -> None:
    """Refuse a response without residuals.

    With ``k`` more rows than independent columns and no residual, the likelihood of ``sigma`` grows like
    ``sigma^-k`` towards zero, and a prior that is positive there leaves no finite integral.

    Parameters
    ----------
    spec, design, statistics : ModelSpec, Design, Statistics
        The model.

    Raises
    ------
    DataError
        If the posterior is improper.
    """
    if SIGMA not in spec.scalars:
        return
    order = _order_at_zero(next(entry.prior for entry in spec.priors if entry.parameter == SIGMA))
    total = _total_products(statistics)
    most = max(ROUNDING * float(total[-1, -1]), NOTHING * design.n * spread_of(design) ** 2)
    scatter, freedom = _left(statistics)
    if freedom < order or scatter > most:
        return
    scatter, freedom = _least_squares(total, int(statistics.sizes[0]))
    alone = freedom >= order and scatter <= most
    what = "The population columns explain" if alone else "Columns and groups together explain"
    leave = "the column that it was computed from" if alone else "a group term or a column"
    raise DataError(
        f"{what} the response {design.response.name!r} exactly (but for rounding errors), so that no scatter "
        "is left: the posterior is improper, as it grows without bound where sigma goes to 0. Leave out "
        f"{leave}, or give sigma a prior away from 0, such as 'uniform(0.1, 10)'."
    )


def _order_at_zero(prior: Prior) -> float:
    """The power ``a`` of a prior density that is like ``sigma^(a - 1)`` near zero."""
    if prior.distribution == "gamma":
        return prior.parameters[0]
    return np.inf if prior.distribution == "uniform" and prior.parameters[0] > 0 else 1.0


def rough_sigma(statistics: Statistics, spread: float) -> float:
    """Residual sd with all effects fixed; where that leaves no rows, half of the sd without any effects.

    Where the population columns alone leave none, half of the sd of the response: they explain all of it.
    """
    scatter, freedom = _left(statistics)
    scatter_without, freedom_without = _least_squares(_total_products(statistics), int(statistics.sizes[0]))
    without = scatter_without / max(freedom_without, 1)
    if freedom > 0 and scatter > 1e-4 * freedom * without:
        return math.sqrt(scatter / freedom)
    return 0.5 * (math.sqrt(without) if freedom_without > 0 else spread) or 1.0


def _left(statistics: Statistics) -> tuple[float, int]:
    """Squares that all columns and groups leave of the response, and degrees of freedom."""
    rank = int(np.count_nonzero(np.diagonal(statistics.roots, axis1=1, axis2=2)))
    return _least_squares(statistics.within, int(statistics.sizes[0]) - rank)


def _total_products(statistics: Statistics) -> Floats:
    """``[X, y]'[X, y]`` over all rows, upper triangle, shape (p + 1, p + 1)."""
    m, q, pointers = int(statistics.sizes[1]) + 1, statistics.roots.shape[1], statistics.pointers
    ends = q * pointers[:-1, None] + np.diff(pointers)[:, None] * np.arange(1, q + 1)
    explained = statistics.E[ends.reshape(-1, 1) - m + np.arange(m)]
    return np.asarray(statistics.within[-m:, -m:] + np.triu(explained.T @ explained))


def _least_squares(products: Floats, n: int) -> tuple[float, int]:
    """Squares left of the last column on the others, and degrees of freedom."""
    full = products + np.triu(products, 1).T
    scale = np.sqrt(np.where(np.diag(full) > 0, np.diag(full), 1.0))
    full = full / scale / scale[:, None]
    values, vectors = np.linalg.eigh(full[:-1, :-1])
    kept = values > 1e-9
    b = vectors[:, kept].T @ full[:-1, -1]
    left = float(full[-1, -1] - (b**2 / values[kept]).sum())
    return max(left, 0.0) * float(scale[-1]) ** 2, n - int(kept.sum())
