"""By how much all group effects move with the population coefficients, jointly: conjugate gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design
from hierbayes.geometry.components import cross_products

type Floats = NDArray[np.float64]

ITERATIONS = 60
TOLERANCE = 1e-4


def joint_shifts(design: Design, X: Floats, W: Floats, precisions: Sequence[Floats]) -> list[Floats]:
    """``(Z'WZ + S^-1)^-1 Z'W X`` for all group terms together.

    Where factors are nested or crossed, their effects share what a coefficient leaves to them; each term's
    own regression would count it several times.

    Parameters
    ----------
    design : Design
        Group terms.
    X : float64 array, shape (n, p)
        Population columns.
    W : float64 array, shape (n,)
        Information of the rows.
    precisions : sequence of float64 array, shape (q,)
        ``1 / sd^2`` of each group term's effects.

    Returns
    -------
    list of float64 array, shape (n_groups, q, p)
        One for each group term.

    References
    ----------
    Hestenes, M. R. and Stiefel, E. (1952). Methods of conjugate gradients for solving linear systems.
    Journal of Research of the National Bureau of Standards 49, 409-436.
    """
    groups = design.groups
    blocks = [
        np.linalg.inv(cross_products(g.Z * W[:, None], g) + np.diag(s))
        for g, s in zip(groups, precisions, strict=True)
    ]

    def adjoint(rows: Floats) -> list[Floats]:
        weighted = rows * W[:, None]
        return [cross_products(weighted, g) for g in groups]

    def forward(effects: list[Floats]) -> Floats:
        rows = np.zeros_like(X)
        for g, u in zip(groups, effects, strict=True):
            own = g.own[:, None]
            for k in range(g.Z.shape[1]):
                rows += np.where(own, g.Z[:, k : k + 1] * u[g.codes, k], 0.0)
        return rows

    def inner(a: list[Floats], b: list[Floats]) -> Floats:
        products = [np.einsum("jqp,jqp->p", x, y) for x, y in zip(a, b, strict=True)]
        return np.asarray(np.sum(products, axis=0))

    residual = adjoint(X)
    solution = [np.zeros_like(r) for r in residual]
    ready = [np.einsum("jqr,jrp->jqp", block, r) for block, r in zip(blocks, residual, strict=True)]
    direction, size = ready, inner(residual, ready)
    target = TOLERANCE**2 * size
    for _ in range(ITERATIONS):
        image = adjoint(forward(direction))
        image = [a + s[:, None] * d for a, s, d in zip(image, precisions, direction, strict=True)]
        step = size / np.maximum(inner(direction, image), 1e-300)
        solution = [x + step * d for x, d in zip(solution, direction, strict=True)]
        residual = [r - step * a for r, a in zip(residual, image, strict=True)]
        ready = [np.einsum("jqr,jrp->jqp", block, r) for block, r in zip(blocks, residual, strict=True)]
        new = inner(residual, ready)
        if (new <= target).all():
            break
        ratio = new / np.maximum(size, 1e-300)
        direction = [z + ratio * d for z, d in zip(ready, direction, strict=True)]
        size = new
    return solution
