"""Compiled functions and where they are kept between sessions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
import platformdirs
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

LOG_DENSITY = types.int64(
    types.uint64, types.CPointer(types.double), types.CPointer(types.double), types.CPointer(types.double),
    types.voidptr,
)  # fmt: skip
"""``(n_dim, x, gradient, log_density, table) -> 0`` if all is well: what nutpie calls."""
EXPANSION = types.int64(
    types.uint64, types.uint64, types.CPointer(types.double), types.CPointer(types.double), types.voidptr
)
"""``(n_dim, n_expanded, x, out, table) -> 0``: how nutpie turns a draw into what it stores."""


@cache
def cache_folder() -> Path:
    """Where compiled kernels are kept: a folder of the user's, one for each state of this package's source.

    numba looks only at the file of the function itself when it decides whether a cached one is stale, not at
    what that function calls in other files. Hence the fingerprint of all of them in the path.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return Path(platformdirs.user_cache_dir("hierbayes")) / f"kernels-{digest.hexdigest()[:16]}"


@contextmanager
def _own_cache() -> Iterator[None]:
    """Numba chooses the folder while it decorates; a folder that the user has set for numba is respected."""
    before = numba.config.CACHE_DIR
    if not before:
        numba.config.CACHE_DIR = str(cache_folder())
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile on the first call from other compiled code, or read what an earlier session compiled.

    Without the wrappers by which Python would call it, a fifth of the time is saved.
    """
    return _decorated(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def compiled_for_python[F: Callable[..., Any]](function: F) -> F:
    """As ``compiled``, for functions that Python calls too; they let go of the interpreter's lock."""
    return _decorated(function, nogil=True)


def _decorated[F: Callable[..., Any]](function: F, **options: bool) -> F:
    with _own_cache():
        decorated: F = numba.njit(cache=True, error_model="numpy", **options)(function)
    return decorated


def compiled_log_density(function: Callable[..., Any]) -> Any:
    """A C function of signature ``LOG_DENSITY``, compiled now or read from the cache; has ``.address``."""
    with _own_cache():
        return numba.cfunc(LOG_DENSITY, cache=True, error_model="numpy")(function)


def compiled_expansion(function: Callable[..., Any]) -> Any:
    """A C function of signature ``EXPANSION``, compiled now or read from the cache; has ``.address``."""
    with _own_cache():
        return numba.cfunc(EXPANSION, cache=True)(function)


@intrinsic  # type: ignore[untyped-decorator]
def _pointer(context: Any, address: Any) -> Any:
    """A pointer from an address in memory."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(address), generate


@compiled
def floats(table: Any, k: int) -> Any:
    """The ``k``-th array of a table of addresses, as float64, shape (size,)."""
    return numba.carray(_pointer(table[2 * k]), (table[2 * k + 1],), np.float64)


@compiled
def integers(table: Any, k: int) -> Any:
    """The ``k``-th array of a table of addresses, as int64, shape (size,)."""
    return numba.carray(_pointer(table[2 * k]), (table[2 * k + 1],), np.int64)


@compiled
def codes(table: Any, k: int) -> Any:
    """The ``k``-th array of a table of addresses, as int32, shape (size,)."""
    return numba.carray(_pointer(table[2 * k]), (table[2 * k + 1],), np.int32)


def address_table(arrays: tuple[NDArray[Any], ...]) -> NDArray[np.uint64]:
    """Address and size of each array, in turn; whoever uses the table keeps the arrays alive."""
    for array in arrays:
        if not array.flags.c_contiguous:
            raise ValueError("kernels read contiguous arrays only")
    return np.array([entry for array in arrays for entry in (array.ctypes.data, array.size)], dtype=np.uint64)
