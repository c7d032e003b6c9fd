"""How compiled functions read tables of addresses, and what is compiled of those that only others call."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from numba.core.compiler_lock import global_compiler_lock

from hierbayes.kernels import jit, statistics
from hierbayes.kernels.jit import address_table


@numba.njit(error_model="numpy")
def read(table, width):
    """The arrays of a table in every form; array 0 floats, 1 int64, 2 int32."""
    return (
        jit.floats(table, 0).copy(),
        jit.float_rows(table, 0, width).copy(),
        jit.float_squares(table, 0, width).copy(),
        jit.integers(table, 1).copy(),
        jit.integer_rows(table, 1, width).copy(),
        jit.codes(table, 2).copy(),
    )


@pytest.mark.parametrize("width", [1, 2, 3])
def test_readers_see_the_arrays(width):
    n = 5 * width**2
    arrays = np.random.default_rng(1).normal(size=n), np.arange(n) * 7, np.arange(n, dtype=np.int32) - 3
    flat, rows, squares, integers, integer_rows, codes = read(address_table(arrays), width)
    np.testing.assert_array_equal(flat, arrays[0])
    np.testing.assert_array_equal(rows, arrays[0].reshape(-1, width))
    np.testing.assert_array_equal(squares, arrays[0].reshape(-1, width, width))
    np.testing.assert_array_equal(integers, arrays[1])
    np.testing.assert_array_equal(integer_rows, arrays[1].reshape(-1, width))
    np.testing.assert_array_equal(codes, arrays[2])


def test_arrays_of_no_width_have_no_elements():
    arrays = np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)
    assert [array.size for array in read(address_table(arrays), 0)] == [0] * 6


def test_places_in_the_table_follow_the_fields():
    places = [
        getattr(statistics, name) for name in ("SIZES", "ROOTS", "CROSS", "WITHIN", "PATTERN", "CENTER")
    ]
    fields = statistics.Statistics._fields
    assert [fields[k] for k in places] == ["sizes", "roots", "E", "within", "pattern", "center"]


def parts(linked):
    """A function that only compiled code calls, and one that Python may call."""
    with pytest.MonkeyPatch.context() as patch:
        if not linked:
            patch.setattr(jit, "PRIVATE", {jit.Compiler: ("no such method",)})
        assert jit.linkable() == linked

        @jit.compiled
        def power(x, n):
            result = np.ones(x.shape[0])
            for _ in range(n):
                result *= x
            return result

    @numba.njit
    def total(x):
        return power(x, 3).sum() + power(2 * x, 2).sum()

    return power, total


@pytest.mark.parametrize("linked", [True, False])
def test_parts_work_within_their_callers(linked):
    _, total = parts(linked)
    x = np.array([1.0, 2.0, -3.0])
    assert total(x) == (x**3).sum() + 4 * (x**2).sum()


def test_parts_have_no_machine_code_of_their_own():
    for linked in (True, False):
        power, _ = parts(linked)
        power.compile((numba.float64[::1], numba.int64))
        (made,) = power.overloads.values()
        with global_compiler_lock:
            made.library._ensure_finalized()
        engine = made.library.codegen._engine
        assert engine.is_symbol_defined(made.fndesc.llvm_func_name) != linked
