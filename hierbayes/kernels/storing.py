"""Draws of one chain written straight to where they are wanted, warm-up left out."""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from hierbayes.kernels.jit import address_table, compiled_expansion, floats, integers

type Floats = NDArray[np.float64]


def _store_draw(n_dim: int, n_expanded: int, x: Any, out: Any, table: Any) -> int:
    addresses = numba.carray(table, (4,), np.uint64)
    counts, rows = integers(addresses, 0), floats(addresses, 1)
    source, target = numba.carray(x, (n_dim,)), numba.carray(out, (n_expanded,))
    made, first = counts[0], (counts[0] - counts[1]) * n_dim
    if made >= counts[1] and first + n_dim <= rows.shape[0]:
        for k in range(n_dim):
            rows[first + k] = source[k]
    target[0] = made
    counts[0] = made + 1
    return 0


@cache
def store_draw() -> Any:
    """The C function by which a sampler stores a draw in a ``Store`` and notes only its number."""
    return compiled_expansion(_store_draw)


class Store:
    """Where the draws of one chain go.

    Parameters
    ----------
    rows : float64 array, shape (draw, n_dim)
        Receives them; contiguous.
    tune : int
        Draws at the beginning that are not kept.

    Attributes
    ----------
    table : uint64 array
        The user data of ``store_draw``.
    """

    def __init__(self, rows: Floats, tune: int) -> None:
        self._arrays = np.array([0, tune], dtype=np.int64), rows
        self.table = address_table(self._arrays)
