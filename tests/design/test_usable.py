"""Values that no model can use are refused by name: found by tests/hostile."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.design.values import LARGEST
from hierbayes.errors import DataError

N = 12
GROUPS = ["a", "b", "c", "d"] * 3


def message(**columns):
    frame = {"y": np.arange(N) % 5 + 0.5, "x": np.arange(N) ** 2 / 7, "g": GROUPS, **columns}
    with pytest.raises(DataError) as caught:
        hb.Model("y ~ x + (1 | g)", frame)
    return str(caught.value)


@pytest.mark.parametrize(
    ("big", "size"),
    [
        (np.arange(N) * 1e300, "1.1e+301"),
        ([10**400, *range(N - 1)], "1e+400"),
        ([Fraction(10**400, 3), *range(N - 1)], "1e+399"),
        ([Decimal("1e60"), *range(N - 1)], "1e+60"),
    ],
    ids=["floats", "integers", "fractions", "decimals"],
)
def test_numbers_too_large_to_be_squared(big, size):
    assert message(x=big) == (
        f"Column 'x' has a number of size {size}. Numbers between 1e-50 and 1e50 in size can be used: divide "
        "the column by a constant (give it a larger unit), or take its logarithm."
    )


def test_numbers_too_small_to_be_squared():
    assert message(x=np.arange(N) * 1e-310) == (
        "Column 'x' has no number larger than 1.1e-309 in size. Numbers between 1e-50 and 1e50 in size can "
        "be used: multiply the column by a constant (give it a smaller unit)."
    )


@pytest.mark.parametrize("scale", [1e-45, 1e-12, 1e12, 1e45])
def test_numbers_of_any_usual_size_are_used_as_they_are(scale):
    x = np.arange(N) ** 2 / 7 * scale
    model = hb.Model("y ~ x + (1 | g)", {"y": np.arange(N) % 5 + 0.5, "x": x, "g": GROUPS})
    np.testing.assert_array_equal(model.design.X[:, 1], x)
    assert scale * 20 < LARGEST


@pytest.mark.parametrize(
    ("label", "shown", "problem"),
    [
        ("a\0", r"'a\x00'", "a NUL character"),
        ("\ud800", r"'\ud800'", "half of a surrogate pair, which is no character"),
    ],
)
def test_labels_that_no_file_can_hold(label, shown, problem):
    frame = pd.DataFrame({"y": np.arange(N) % 5 + 0.5, "g": pd.Series([label, "b", "c"] * 4, dtype=object)})
    with pytest.raises(DataError) as caught:
        hb.Model("y ~ 1 + (1 | g)", frame)
    assert str(caught.value) == (
        f"Column 'g' has the label {shown}, which holds {problem}. "
        "Remove it from the label: the text was probably read with the wrong encoding."
    )


def test_text_that_pandas_cannot_hold():
    assert message(g=np.array(["\ud800", "b", "c", "d"] * 3, dtype=object)) == (
        r"Column 'g' holds text with half of a surrogate pair ('\ud800'), which is no character. "
        "Remove it: the text was probably read with the wrong encoding."
    )


def test_a_signalling_nan():
    assert message(x=pd.Series([Decimal("sNaN"), *map(Decimal, range(N - 1))], dtype=object)) == (
        "Column 'x' holds a signalling NaN (Decimal('sNaN')), which compares with nothing. "
        "Mark missing values as None or NaN."
    )


def test_categories_of_intervals_in_arrow():
    pa = pytest.importorskip("pyarrow")
    cut = pd.cut(pd.Series(np.arange(N)), 3)
    table = pa.Table.from_pandas(pd.DataFrame({"y": np.arange(N) % 5 + 0.5, "g": cut}))
    with pytest.raises(DataError, match=r"^Column 'g' holds values of type category of \w+, which a formula"):
        hb.Model("y ~ 1 + (1 | g)", table)


def test_ordered_categories_that_are_no_machine_integers():
    y = [1e20, 2e20, 3e20] * 4
    model = hb.Model("y ~ x + (1 | g)", {"y": y, "x": range(N), "g": GROUPS}, family="cumulative")
    assert model.design.response.labels == ("1e+20", "2e+20", "3e+20")


def test_long_names_are_cut_in_messages():
    text = message(g=["é" * 10_000] * N)
    assert f"{'é' * 57}..." in text
    assert len(text) < 500
    assert "(10,0" in text


def test_a_family_without_a_rough_fit_is_refused_in_words(monkeypatch):
    frame = {"y": np.arange(30) % 7 + 0.5, "g": ["a", "b", "c"] * 10}
    model = hb.Model("y ~ 1 + (1 | g)", frame, family="student")

    def no_factor(*_):
        raise np.linalg.LinAlgError("Matrix is not positive definite")

    monkeypatch.setattr("hierbayes.plan.coordinates", no_factor)
    with pytest.raises(DataError) as caught:
        model.plan()
    assert str(caught.value).startswith(
        "No starting point can be computed for y ~ 1 + (1 | g): 1 population columns for 30 rows"
    )


@pytest.mark.parametrize("family", ["student", "gaussian"])
def test_as_many_columns_as_rows_have_coordinates(family):
    rng = np.random.default_rng(2)
    frame = {"y": rng.normal(size=30), "x": rng.normal(size=30), "g": ["a", "b", "c"] * 10}
    assert hb.Model("y ~ 0 + factor(x) + (1 | g)", frame, family=family).plan()


@pytest.mark.parametrize(("column", "kind"), [(set(range(N)), "set"), (np.zeros((N, 2)), "ndarray")])
def test_columns_of_a_mapping_that_are_none(column, kind):
    assert message(x=column) == (
        f"Column 'x' is of type {kind}, which is no column. "
        "Give a list or a one-dimensional array, with one value for each row."
    )


def test_a_mapping_of_single_values():
    with pytest.raises(DataError, match=r"^Column 'y' is of type float, which is no column\. Give a list"):
        hb.Model("y ~ 1 + (1 | g)", {"y": 1.0, "g": 2})


def test_names_of_columns_that_a_file_would_cut_off():
    frame = {"y": np.arange(N) % 5 + 0.5, "a\0b": GROUPS}
    with pytest.raises(DataError) as caught:
        hb.Model("y ~ 1 + (1 | `a\0b`)", frame)
    assert str(caught.value) == (
        r"A column is called 'a\x00b', which holds a NUL character. Rename the column: its name was probably "
        "read with the wrong encoding."
    )
    assert hb.Model("y ~ 1 + (1 | g)", {**frame, "g": GROUPS}).design.n == N
