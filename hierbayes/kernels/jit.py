"""Compiled functions and where they are kept between sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import numba
import numpy as np
from numba import types
from numba._dynfunc import make_function
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, Flags
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array
from numpy.typing import NDArray

from hierbayes.kernels.places import cache_folder

LOG_DENSITY = types.int64(
    types.uint64, types.CPointer(types.double), types.CPointer(types.double), types.CPointer(types.double),
    types.voidptr,
)  # fmt: skip
"""``(n_dim, x, gradient, log_density, table) -> 0`` if all is well: what nutpie calls."""
PASS = types.int64(types.uint64, types.voidptr)
"""``(n_arrays, table) -> 0``: something to be done with the arrays of a table."""
EXPANSION = types.int64(
    types.uint64, types.uint64, types.CPointer(types.double), types.CPointer(types.double), types.voidptr
)
"""``(n_dim, n_expanded, x, out, table) -> 0``: how nutpie turns a draw into what it stores."""


@contextmanager
def _own_cache() -> Iterator[bool]:
    """Numba chooses the folder while it decorates; yields whether there is one."""
    before, folder = numba.config.CACHE_DIR, cache_folder()
    numba.config.CACHE_DIR = before if folder is None else str(folder)
    try:
        yield folder is not None
    finally:
        numba.config.CACHE_DIR = before


class _Ingredient(JITCodeLibrary):  # type: ignore[misc]
    """The code of a function that only compiled functions call: linked into theirs, and optimized there.

    numba optimizes every function and turns it into machine code by itself, and again as a part of each
    function that calls it, directly or not. Only the last time matters.
    """

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class _Linked(Compiler):  # type: ignore[misc]
    """Compiles a function into an ``_Ingredient``."""

    def __init__(self, *context: Any) -> None:
        typing, target, _, arguments, result, flags, variables = context
        flags = flags.copy()
        # Not: do not compile, but: do not ask for the address of machine code.
        flags.no_compile = True
        library = _Ingredient(target.codegen(), "ingredient")
        super().__init__(typing, target, library, arguments, result, flags, variables)

    def _compile_core(self) -> Any:
        made = super()._compile_core()
        # What numba makes without ``no_compile``: the name by which its callers know the function.
        what = made.fndesc
        key = make_function(what.lookup_module(), what.qualname, "", 0, made.environment, (made.library,))
        self.state.targetctx.insert_user_function(key, what, [made.library])
        return made._replace(entry_point=key)


PRIVATE = {
    JITCodeLibrary: (
        "_optimize_functions",
        "_optimize_final_module",
        "_finalize_final_module",
        "_finalize_dynamic_globals",
    ),
    Compiler: ("_compile_core",),
    Flags: ("no_compile",),
}
"""What ``_Linked`` needs of numba besides its documented functions."""


def linkable() -> bool:
    """Whether the numba that is installed can be spared work on parts; else it takes half as long again."""
    return all(hasattr(owner, name) for owner, names in PRIVATE.items() for name in names)


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile for other compiled functions, as a part of each that calls it.

    It is in no cache: callers are, with all their parts.
    """
    pipeline = _Linked if linkable() else Compiler
    decorated: F = numba.njit(
        error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, pipeline_class=pipeline
    )(function)
    return decorated


def compiled_for_python[F: Callable[..., Any]](function: F) -> F:
    """Compile on the first call, or read what an earlier session compiled.

    Python may call it, and it lets go of the interpreter's lock.
    """
    with _own_cache() as kept:
        decorated: F = numba.njit(cache=kept, error_model="numpy", nogil=True)(function)
    return decorated


def compiled_pass(function: Callable[..., Any]) -> Any:
    """A C function of signature ``PASS``, compiled now or read from the cache; has ``.ctypes``.

    Python calls it without numba's dispatcher, which costs more at its first call than small models take.
    """
    with _own_cache() as kept:
        return numba.cfunc(PASS, cache=kept, error_model="numpy")(function)


def compiled_log_density(function: Callable[..., Any]) -> Any:
    """A C function of signature ``LOG_DENSITY``, compiled now or read from the cache; has ``.address``."""
    with _own_cache() as kept:
        return numba.cfunc(LOG_DENSITY, cache=kept, error_model="numpy")(function)


def compiled_expansion(function: Callable[..., Any]) -> Any:
    """A C function of signature ``EXPANSION``, compiled now or read from the cache; has ``.address``."""
    with _own_cache() as kept:
        return numba.cfunc(EXPANSION, cache=kept)(function)


def _array_reader(element: Any, square: int) -> Callable[..., Any]:
    """A function of compiled code that reads one array of a table of addresses.

    It is written in place: as a function of its own it would be compiled for every place in the table anew,
    since numba takes constant arguments for types.

    Parameters
    ----------
    element : numba type
        Of the array's elements.
    square : int
        How many of the last dims have the length that the function's third argument gives; the first dim has
        what is left.
    """
    array = types.Array(element, square + 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        entries = make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.shl(arguments[1], arguments[1].type(1))
        address = builder.load(builder.gep(entries, [place]))
        size = builder.load(builder.gep(entries, [builder.add(place, place.type(1))]))
        item = size.type(element.bitwidth // 8)
        lengths, strides = [size], [item]
        for _ in range(square):
            width = arguments[2]
            # A width of 0 has no elements, and must not divide them.
            divisor = builder.select(builder.icmp_signed(">", width, width.type(0)), width, width.type(1))
            lengths = [builder.sdiv(lengths[0], divisor), *[width] * len(lengths)]
            strides = [builder.mul(strides[0], width), *strides]
        made = make_array(signature.return_type)(context, builder)
        pointer = builder.inttoptr(address, made.data.type)
        populate_array(made, pointer, lengths, strides, item, None)
        return made._getvalue()

    if square:

        def rows(context: Any, table: Any, k: Any, width: Any) -> Any:
            return array(table, types.intp, types.intp), generate

        return cast("Callable[..., Any]", intrinsic(rows))

    def flat(context: Any, table: Any, k: Any) -> Any:
        return array(table, types.intp), generate

    return cast("Callable[..., Any]", intrinsic(flat))


floats = _array_reader(types.float64, 0)
"""``floats(table, k)``: the ``k``-th array of a table of addresses, as float64, shape (size,)."""
integers = _array_reader(types.int64, 0)
"""``integers(table, k)``: the ``k``-th array, as int64, shape (size,)."""
codes = _array_reader(types.int32, 0)
"""``codes(table, k)``: the ``k``-th array, as int32, shape (size,)."""
float_rows = _array_reader(types.float64, 1)
"""``float_rows(table, k, width)``: the ``k``-th array, as float64, shape (size / width, width)."""
integer_rows = _array_reader(types.int64, 1)
"""``integer_rows(table, k, width)``: the ``k``-th array, as int64, shape (size / width, width)."""
float_squares = _array_reader(types.float64, 2)
"""``float_squares(table, k, q)``: the ``k``-th array, as float64, shape (size / q^2, q, q)."""


def address_table(arrays: tuple[NDArray[Any], ...]) -> NDArray[np.uint64]:
    """Address and size of each array, in turn; whoever uses the table keeps the arrays alive."""
    for array in arrays:
        if not array.flags.c_contiguous:
            raise ValueError("kernels read contiguous arrays only")
    return np.array([entry for array in arrays for entry in (array.ctypes.data, array.size)], dtype=np.uint64)
