"""Columns that frames of real life have, and some that only an enemy would make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

type Maker = Callable[[np.random.Generator, int], Any]

ALPHABET = {
    "unicode": ["é", "e\u0301", "ß", "ẞ", "日本", "مرحبا", "\u200b", "\u202e", "ﬁ"],
    "emoji": ["😀", "👩‍👩‍👧", "🏳️‍🌈", "1️⃣"],
    "long": ["a" * 10_000, "a" * 9_999 + "b", "é" * 10_000],
    "blank": ["", " ", "\t", "\n", "  "],
    "control": ["\0", "a\0", "a\0b", "\x1b[31m", "\r\n", "\x7f"],
    "surrogate": ["\ud800", "a\udfff", "ok"],
    "syntax": [
        "a:b",
        "a/b",
        "[x]",
        "x]",
        "`",
        "a`b",
        "\\",
        '"',
        "'",
        "~",
        "|",
        "(1 | g)",
        "<b>",
        "{x}",
        "$x$",
    ],
    "ours": ["Intercept", "sigma", "b", "nan", "None", "True", "1", "1.0", "__class__", "other", "NA"],
    "numbers as text": ["1", "2", "10", "01", "1e3", " 3"],
    "plain": ["a", "b", "c", "d"],
}


def some(rng: np.random.Generator, n: int, values: list[Any]) -> list[Any]:
    return [values[k] for k in rng.integers(0, len(values), n)]


def holes(rng: np.random.Generator, values: list[Any], hole: Any) -> list[Any]:
    return [hole if rng.random() < 0.25 else value for value in values]


def texts(kind: str) -> Maker:
    return lambda rng, n: np.array([*some(rng, n, ALPHABET[kind]), None], dtype=object)[:-1]


def scaled(scale: float) -> Maker:
    return lambda rng, n: rng.normal(size=n) * scale


def as_series(dtype: Any, make: Maker) -> Maker:
    return lambda rng, n: pd.Series(make(rng, n)).astype(dtype)


def _objects(values: list[Any]) -> Maker:
    def make(rng: np.random.Generator, n: int) -> Any:
        column = np.empty(n, dtype=object)
        for k, value in enumerate(some(rng, n, values)):
            column[k] = value
        return column

    return make


def _integers(low: int, high: int) -> Maker:
    return lambda rng, n: rng.integers(low, high, n)


def _category(values: list[Any], **kind: Any) -> Maker:
    return lambda rng, n: pd.Categorical(some(rng, n, values[: max(1, len(values) - 1)]), values, **kind)


NUMBERS: dict[str, Maker] = {
    "normal": scaled(1.0),
    "integers": _integers(0, 5),
    "positive": lambda rng, n: rng.gamma(2.0, size=n) + 0.1,
    "shares": lambda rng, n: rng.uniform(0.05, 0.95, n),
    "constant": lambda rng, n: np.full(n, 2.5),
    "zero": lambda rng, n: np.zeros(n),
    "negative zero": lambda rng, n: np.full(n, -0.0),
    "1e12": scaled(1e12),
    "1e-12": scaled(1e-12),
    "1e300": scaled(1e300),
    "1e-320": lambda rng, n: rng.normal(size=n) * 1e-320,
    "far away": lambda rng, n: 1e15 + rng.normal(size=n),
    "all scales": lambda rng, n: 10.0 ** rng.integers(-12, 13, n),
    "one outlier": lambda rng, n: np.where(np.arange(n) == 0, 1e12, rng.normal(size=n)),
    "nan": lambda rng, n: np.array(holes(rng, list(rng.normal(size=n)), np.nan), dtype=float),
    "only nan": lambda rng, n: np.full(n, np.nan),
    "inf": lambda rng, n: np.array(holes(rng, list(rng.normal(size=n)), np.inf), dtype=float),
    "-inf": lambda rng, n: np.array(holes(rng, list(rng.normal(size=n)), -np.inf), dtype=float),
    "float16": lambda rng, n: rng.normal(size=n).astype(np.float16),
    "longdouble": lambda rng, n: rng.normal(size=n).astype(np.longdouble),
    "uint8": lambda rng, n: rng.integers(0, 255, n).astype(np.uint8),
    "int64 max": lambda rng, n: 2**63 - 1 - rng.integers(0, 3, n),
    "uint64 max": lambda rng, n: np.array(some(rng, n, [2**64 - 1, 2**63, 0]), dtype=np.uint64),
    "huge python integers": _objects([10**30, 10**400, 1]),
    "python integers": _objects([1, 2, 3]),
    "decimals": _objects([Decimal("1.5"), Decimal("2"), Decimal("1e-400")]),
    "decimal nan": _objects([Decimal("1.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")]),
    "fractions": _objects([Fraction(1, 3), Fraction(2), Fraction(10**400, 3)]),
    "Int64": as_series("Int64", lambda rng, n: holes(rng, list(map(int, rng.integers(0, 4, n))), None)),
    "Float64": as_series("Float64", lambda rng, n: holes(rng, list(rng.normal(size=n)), None)),
    "sparse": lambda rng, n: pd.arrays.SparseArray(rng.integers(0, 2, n).astype(float)),
    "arrow double": as_series("double[pyarrow]", scaled(1.0)),
    "arrow int": as_series("int64[pyarrow]", _integers(0, 4)),
    "arrow decimals": lambda rng, n: pd.Series(
        some(rng, n, [Decimal("1.50"), Decimal("2.00"), Decimal("7.25")]),
        dtype=pd.ArrowDtype(pa.decimal128(10, 2)),
    ),
    "collinear with one": lambda rng, n: 1.0 + 1e-14 * rng.normal(size=n),
}

LABELS: dict[str, Maker] = {
    **{f"text: {kind}": texts(kind) for kind in ALPHABET},
    "boolean": lambda rng, n: rng.integers(0, 2, n).astype(bool),
    "boolean or none": _objects([True, False, None]),
    "nullable boolean": as_series("boolean", _objects([True, False, None])),
    "string dtype": as_series("string", _objects(["a", "b", None])),
    "arrow text": as_series("string[pyarrow]", _objects(["a", "b"])),
    "one label": lambda rng, n: np.array(["same"] * n, dtype=object),
    "all different": lambda rng, n: np.array([f"p{k}" for k in range(n)] + [None], dtype=object)[:-1],
    "category": _category(["b", "a", "never seen"]),
    "ordered": _category(["low", "mid", "high", "never seen"], ordered=True),
    "category of numbers": _category([3, 1, 2, 9]),
    "category of floats": _category([3.5, 1.0, 2.0, 9.0]),
    "category of booleans": _category([True, False]),
    "category of dates": _category([pd.Timestamp("2020-01-01"), pd.Timestamp("2021-01-01")]),
    "category of intervals": lambda rng, n: pd.cut(rng.normal(size=n), [-9, 0, 1, 9]),
    "category with holes": lambda rng, n: pd.Categorical(some(rng, n, ["a", "b", None]), ["b", "a"]),
    "category of nothing": lambda rng, n: pd.Categorical([None] * n, ["a", "b"]),
    "many unused": lambda rng, n: pd.Categorical(some(rng, n, ["1", "2"]), [str(k) for k in range(5_000)]),
    "arrow boolean": as_series("bool[pyarrow]", lambda rng, n: rng.integers(0, 2, n).astype(bool)),
    "arrow dictionary": lambda rng, n: pd.Series(
        some(rng, n, ["a", "b"]), dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    ),
    "fixed width": lambda rng, n: np.array(some(rng, n, ["a", "b", "ccc"]), dtype=np.str_),
}

ODD: dict[str, Maker] = {
    "mixed": _objects([1, "a", None, 2.5, True]),
    "numbers and text": _objects([1, "1", 1.0, "1.0"]),
    "numbers and booleans": _objects([1, True, 0, False]),
    "only none": _objects([None]),
    "NA": _objects([pd.NA, 1, 2]),
    "NaT": _objects([pd.NaT, 1]),
    "dates": _objects([dt.date(2020, 1, 1), dt.date(2021, 1, 1)]),
    "time zones": lambda rng, n: pd.date_range("2020-01-01", periods=n, tz="Europe/Berlin"),
    "mixed time zones": _objects([pd.Timestamp("2020-01-01", tz="UTC"), pd.Timestamp("2020-01-01")]),
    "datetimes": lambda rng, n: pd.date_range("2020-01-01", periods=n),
    "durations": lambda rng, n: pd.to_timedelta(np.arange(n), unit="h"),
    "periods": lambda rng, n: pd.period_range("2020-01", periods=n, freq="M"),
    "intervals": lambda rng, n: pd.interval_range(0, max(n, 1))[:n],
    "arrow times": as_series("timestamp[ns][pyarrow]", lambda rng, n: pd.date_range("2020", periods=n)),
    "arrow lists": lambda rng, n: pd.Series([[1.0]] * n, dtype=pd.ArrowDtype(pa.list_(pa.float64()))),
    "category of tuples": lambda rng, n: pd.Categorical(pd.Series([(1, 2)] * n, dtype=object)),
    "category of periods": lambda rng, n: pd.Categorical(pd.period_range("2020", periods=n, freq="D")),
    "complex": lambda rng, n: rng.normal(size=n) + 1j,
    "bytes": _objects([b"a", b"b"]),
    "lists": _objects([[1], [2, 3]]),
    "dicts": _objects([{"a": 1}, {}]),
    "sets": _objects([{1}, {2}]),
    "tuples": _objects([(1, 2), (3,)]),
    "arrays": _objects([np.zeros(2), np.ones(3)]),
    "classes": _objects([int, object]),
    "functions": _objects([len, print]),
    "objects": _objects([object(), object()]),
}

COLUMNS: dict[str, Maker] = NUMBERS | LABELS | ODD
"""Every kind of column by name: ``COLUMNS["1e12"](rng, n)`` makes one of ``n`` rows."""
