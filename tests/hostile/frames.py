"""Frames with odd columns, odd names, odd shapes, in every container; and what must hold of their design."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

import hierbayes as hb
from hierbayes.design.records import Design
from hierbayes.errors import HierbayesError

from .columns import COLUMNS

NAMES = (
    *(
        "y",
        "x",
        "g",
        "b",
        "u",
        "sd_g",
        "sigma",
        "obs",
        "chain",
        "draw",
        "Intercept",
        "term",
        "g_term",
        "cor_g",
    ),
    *(
        "data_x",
        "X",
        "Z_g",
        "codes_g",
        "offset",
        "weights",
        "trials",
        "class",
        "def",
        "None",
        "lambda",
        "True",
    ),
    *("sd", "z", "nu", "phi", "zi", "hu", "lp", "cutpoints", "posterior", "level", "lower", "cor", "L_g"),
    *(
        "False",
        "async",
        "import",
        "self",
        "__dict__",
        "__init__",
        "pi",
        "NaN",
        "0",
        "\u202e",
        "\u200b",
        "a\0b",
    ),
    *("größe", "日本", "😀", "a b", "a.b", "1st", "", " ", "a\nb", "<b>", "a:b", "(1 | g)", "x" * 10_000),
    *("sd[g]", "b[x]", "I(x)", "log", "__class__", "chain__", "index", "level_0", "mean", "group", "e\u0301"),
)
"""Names of columns: ordinary ones, those of our own variables, keywords of Python, and hostile ones."""

FORMULAS = (
    "{y} ~ {x} + (1 | {g})",
    "{y} ~ 1 + (1 | {g})",
    "{y} ~ {x} + (1 + {x} | {g})",
    "{y} ~ {x} + {z} + (1 | {g}) + (1 | {h})",
    "{y} ~ {x} * {z} + (1 | {g} / {h})",
    "{y} ~ {x} + (1 + {z} || {g}:{h})",
    "{y} ~ 0 + factor({x}) + (1 | {g})",
    "{y} ~ scale({x}) + I({z}^2) + (1 | {g})",
    "{y} ~ poly({x}, 2) + (1 | {g})",
    "{y} ~ log({x}) + ns({z}, 3) + (1 | factor({g}))",
    "{y} ~ wb({x}, {g}) + (1 | {g})",
    "{y} | weights({z}) ~ {x} + (1 | {g})",
    "{y} ~ . + (1 | {g})",
    "{y} ~ cut({x}, 3) + ordered({z}) + (0 + {x} | {g})",
    "{y} ~ {x} + offset({z}) + (1 | gr({g}, by = {h}))",
    "log({y}) ~ {x} + (1 | {g})",
)
PARTS = ("y", "x", "z", "g", "h")

FAMILIES = {
    "gaussian": ("normal", "1e12", "1e-12", "far away", "Float64", "float16", "arrow double", "one outlier"),
    "student": ("normal", "all scales", "1e300"),
    "gamma": ("positive", "all scales"),
    "lognormal": ("positive", "all scales"),
    "beta": ("shares",),
    "bernoulli": (
        "boolean",
        "text: plain",
        "text: emoji",
        "category",
        "sparse",
        "text: long",
        "nullable boolean",
    ),
    "poisson": ("integers", "Int64", "uint8", "arrow int", "int64 max"),
    "negbinomial": ("integers", "python integers"),
    "cumulative": ("ordered", "integers", "category of numbers"),
    "categorical": ("text: plain", "text: unicode", "category", "category of floats"),
}
"""Responses that each family is for, so that not every case is refused at once."""

COLLINEAR = "the same as x"

ORDINARY = {
    "x": ("normal", "normal", "positive", "text: plain", "category", "boolean"),
    "z": ("normal", "positive", "integers", COLLINEAR),
    "g": ("integers", "text: plain", "category", "string dtype"),
    "h": ("integers", "text: plain", "boolean"),
}
"""What the columns are where they are not odd."""

SIZES = (0, 1, 2, 3, 5, 9, 16, 16, 30, 30, 30, 30)
CONTAINERS = (
    "pandas",
    "pandas",
    "polars",
    "pyarrow",
    "dict",
    "lists",
    "inferred",
    "lazy",
    "index",
    "twice",
    "tuples",
    "nullable",
    "arrow dtypes",
    "rows of two labels",
    "also as text",
)
NOT_FRAMES = (
    None,
    3,
    "y",
    b"y",
    [1, 2],
    np.zeros((3, 2)),
    pd.Series([1.0]),
    object(),
    {"y": 3},
    {"y": {1}},
    {},
)


@dataclass(frozen=True)
class Case:
    """A call of ``hb.Model``: the formula, the data, the family, and which column plays which part."""

    formula: str
    data: Any
    family: str
    names: dict[str, str]
    frame: pd.DataFrame | None
    kinds: dict[str, str]

    def __repr__(self) -> str:
        return f"Case({self.formula[:200]!r}, {self.family!r}, {self.kinds}, {type(self.data).__name__})"


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A call of ``hb.Model`` with data of any kind."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.sampled_from(SIZES))
    family = draw(st.sampled_from(sorted(FAMILIES)))
    ordinary = {"y": FAMILIES[family], **ORDINARY}
    odd = set(draw(st.lists(st.sampled_from(PARTS), max_size=2)))
    kinds = {
        part: draw(st.sampled_from(sorted(COLUMNS) if part in odd else ordinary[part])) for part in PARTS
    }
    names = dict(zip(PARTS, PARTS, strict=True))
    for part in draw(st.lists(st.sampled_from(PARTS), max_size=2)):
        names[part] = draw(st.sampled_from(NAMES))
    columns: dict[str, Any] = {}
    for part in PARTS:
        kind = kinds[part]
        made = columns[names["x"]] if kind == COLLINEAR else COLUMNS[kind](rng, n)
        columns.setdefault(names[part], made)
    template = draw(st.sampled_from(FORMULAS))
    formula = template.format(**{part: backquoted(name) for part, name in names.items()})
    container = draw(st.sampled_from(CONTAINERS))
    data, frame = contained(columns, container)
    return Case(formula, data, family, names, frame, {**kinds, "n": str(n), "container": container})


def backquoted(name: str) -> str:
    """A name as a formula writes it."""
    return name if name.isidentifier() and name.isascii() and len(name) < 20 else f"`{name}`"


def contained(columns: dict[str, Any], container: str) -> tuple[Any, pd.DataFrame | None]:
    """The columns as a user may hold them, and as a pandas frame; the frame is None where pandas has none.

    Where a library cannot hold the columns, the user could not have made that frame: a dict stands for it.
    """
    frame = pd.DataFrame({name: as_it_is(values) for name, values in columns.items()})
    try:
        return CONTAIN[container](frame, columns), frame
    except Exception:  # noqa: BLE001 - the library's own refusals, of any kind
        return columns, frame


def as_it_is(values: Any) -> pd.Series:
    """A column of its own type: pandas would make text of objects that are all text."""
    dtype = values.dtype if isinstance(values, np.ndarray) and values.dtype == object else None
    return pd.Series(values, dtype=dtype).reset_index(drop=True)


def _polars(frame: pd.DataFrame, columns: dict[str, Any]) -> Any:
    import polars as pl

    return pl.from_pandas(frame)


def _arrow(frame: pd.DataFrame, columns: dict[str, Any]) -> Any:
    import pyarrow as pa

    return pa.Table.from_pandas(frame)


CONTAIN: dict[str, Any] = {
    "pandas": lambda frame, columns: frame,
    "polars": _polars,
    "pyarrow": _arrow,
    "dict": lambda frame, columns: columns,
    "lists": lambda frame, columns: {name: list(values) for name, values in columns.items()},
    "inferred": lambda frame, columns: frame.infer_objects(),
    "lazy": lambda frame, columns: _polars(frame, columns).lazy(),
    "index": lambda frame, columns: frame.set_index(np.zeros(len(frame), dtype=int)),
    "twice": lambda frame, columns: pd.concat([frame, frame.iloc[:, :1]], axis=1),
    "tuples": lambda frame, columns: frame.set_axis(
        pd.MultiIndex.from_product([["a"], frame.columns]), axis=1
    ),
    "nullable": lambda frame, columns: frame.convert_dtypes(),
    "arrow dtypes": lambda frame, columns: frame.convert_dtypes(dtype_backend="pyarrow"),
    "rows of two labels": lambda frame, columns: frame.set_index(
        pd.MultiIndex.from_arrays([[None] * len(frame), [1] * len(frame)])
    ),
    "also as text": lambda frame, columns: frame.assign(**{"1": 0.5}).rename(columns={frame.columns[0]: 1}),
}


def build(case: Case) -> hb.Model:
    """Build the model, look at all that it prints, and hold its design to pandas and to its recipe."""
    model = hb.Model(case.formula, case.data, family=case.family)
    str(model), model.messages, model.priors, model.plan(), str(model.equation())
    if case.frame is not None and case.kinds["container"] not in {"twice", "tuples"}:
        check_design(case, model.design)
    again = model.design.recipe.apply(case.data, response=True)
    np.testing.assert_array_equal(again.X, model.design.X)
    for one, other in zip(again.groups, model.design.groups, strict=True):
        np.testing.assert_array_equal(one.codes, other.codes)
    return model


def describe_if_named(case: Case) -> None:
    """Describe the structure of the data, or hear why not; a model may be possible where this is not."""
    with suppress(HierbayesError):
        describe(case)


def describe(case: Case) -> None:
    """Describe the structure of the data of a case."""
    str(hb.describe_structure(case.data, [case.names["g"]]))


def check_design(case: Case, design: Design) -> None:
    """Numbers, intercept and groups of the design are what pandas says of the same rows."""
    assert case.frame is not None
    used = case.frame.iloc[design.rows]
    assert np.isfinite(design.X).all()
    assert np.isfinite(design.y).all()
    x = case.names["x"]
    numeric = pd.api.types.is_numeric_dtype(used[x].dtype)
    if numeric and x in design.terms and case.formula.partition("~")[2].startswith(f" {backquoted(x)} "):
        values = used[x].astype(float).to_numpy()
        np.testing.assert_array_equal(design.X[:, design.terms.index(x)], values)
    for group in design.groups:
        if group.factor == backquoted(case.names["g"]):
            own = np.flatnonzero(group.own)  # of gr(g, by = h) the rows of one level of h
            values = used[case.names["g"]].iloc[own].tolist()
            if {str} < set(map(type, values)):  # a level is its label, as in R: 1 and "1" are one
                numbers = [v == int(v) if isinstance(v, float | bool) else False for v in values]
                values = [str(int(v) if n else v) for v, n in zip(values, numbers, strict=True)]
            same = partition(values)
            assert same == partition(group.codes[own].tolist()), group.levels


def partition(values: Sequence[Any]) -> list[int]:
    """Which rows share a value: for each row, the first row with that value."""
    first: dict[Any, int] = {}
    return [first.setdefault(value, k) for k, value in enumerate(values)]
