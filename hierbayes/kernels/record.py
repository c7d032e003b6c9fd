"""What a prebuilt sampler is handed: a compiled log density, its data, where to start, and the way back."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.geometry import Pieces
from hierbayes.kernels.jit import address_table

type Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Kernel:
    """The log density of a model's whole unconstrained vector, ready to be sampled.

    Attributes
    ----------
    name : str
        ``"collapsed"`` or ``"rows"``.
    log_density : numba.cfunc
        Compiled, of signature ``jit.LOG_DENSITY``; all data come from the table.
    arrays : tuple of arrays
        The data, in the order that the function expects; they must stay as they are.
    start : float64 array, shape (n_dim,)
        Where chains start, before jitter.
    pieces : callable
        ``pieces(draws, seed) -> Pieces`` from unconstrained draws, shape (chain, draw, n_dim). The seed
        serves what is drawn afterwards, if anything.
    jitter : float
        Chains start within this distance of ``start``, in every direction.
    n_rows : int
        Rows that one evaluation goes through: fewer than the data's where identical ones are merged, 0 where
        sufficient statistics serve.
    """

    name: str
    log_density: Any
    arrays: tuple[NDArray[Any], ...]
    start: Floats
    pieces: Callable[[Floats, int], Pieces]
    jitter: float = 0.5
    n_rows: int = 0

    @property
    def n_dim(self) -> int:
        """Number of unconstrained values."""
        return len(self.start)

    def table(self) -> NDArray[np.uint64]:
        """The user data of the C function: an address and a size for each array."""
        return address_table(self.arrays)

    def value_and_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Log density and gradient at an unconstrained vector, shape (n_dim,), through the C function itself.

        Raises
        ------
        FloatingPointError
            If either is not finite.
        """
        x = np.ascontiguousarray(x, dtype=np.float64)
        gradient, value, table = np.empty(self.n_dim), np.empty(1), self.table()
        pointer = ctypes.POINTER(ctypes.c_double)
        code: int = self.log_density.ctypes(
            self.n_dim,
            x.ctypes.data_as(pointer),
            gradient.ctypes.data_as(pointer),
            value.ctypes.data_as(pointer),
            table.ctypes.data,
        )
        if code != 0:
            raise FloatingPointError("the log density is not finite here")
        return float(value[0]), gradient
