"""Functions of columns that remember the model's data: means, polynomials, knots, bounds, group means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hierbayes import names
from hierbayes.design import intervals, splines
from hierbayes.design.records import Floats
from hierbayes.design.splines import State
from hierbayes.design.values import Factor
from hierbayes.errors import DataError
from hierbayes.formulas.arguments import constants
from hierbayes.formulas.functions import bind
from hierbayes.formulas.terms import Call, Expression, Number, Text, Word

ROUNDING = 1e-12  # of the largest number: means that differ by less are equal

type Groups = Factor | None
"""The groups of ``wb(x, g)``; None for the other functions."""


@dataclass(frozen=True)
class Stateful:
    """A function with a memory.

    Attributes
    ----------
    learn : callable
        Of the call, its values (n,) and groups: what to remember.
    apply : callable
        Of the same and the memory: the columns, shape (n, k).
    labels : callable
        Of the call's text and k: the names of the columns.
    """

    learn: Callable[[Call, Floats, Groups], dict[str, Any]]
    apply: Callable[[Call, Floats, Groups, State], Floats]
    labels: Callable[[str, int], tuple[str, ...]]


def _one(text: str, k: int) -> tuple[str, ...]:
    return (text,)


def _numbered(text: str, k: int) -> tuple[str, ...]:
    """R's names: ``poly(x, 2)1``, ``poly(x, 2)2``; a single column has the plain name."""
    return (text,) if k == 1 else tuple(f"{text}{j}" for j in range(1, k + 1))


def _within_between(text: str, k: int) -> tuple[str, ...]:
    return names.level(text, "within"), names.level(text, "between")


def _count(call: Call, name: str, default: int = 0) -> int:
    value = bind(call).get(name)
    return int(value.value) if isinstance(value, Number) else default


def _is_true(call: Call, name: str, default: bool) -> bool:
    value: Expression | None = bind(call).get(name)
    return value.text == "TRUE" if isinstance(value, Word) else default


def _learn_scale(call: Call, x: Floats, groups: Groups) -> dict[str, Any]:
    center = float(x.mean()) if _is_true(call, "center", True) else 0.0
    scale = 1.0
    if call.function != "center" and _is_true(call, "scale", True):
        scale = float(np.sqrt(((x - center) ** 2).sum() / max(x.size - 1, 1)))
        if not scale > 0.0:
            raise DataError(
                f"{call} divides by a standard deviation of 0: the values are {x[0]:.6g} in all {x.size:,} "
                "rows that are used. Leave it out of the formula."
            )
    return {"center": center, "scale": scale}


def _apply_scale(call: Call, x: Floats, groups: Groups, state: State) -> Floats:
    scaled: Floats = (x - state["center"]) / state["scale"]
    return scaled[:, None]


def _learn_poly(call: Call, x: Floats, groups: Groups) -> dict[str, Any]:
    if _is_true(call, "raw", False):
        return {}
    degree = _count(call, "degree")
    _check_distinct(call, x, degree + 1)
    return splines.learn_poly(x, degree)


def _apply_poly(call: Call, x: Floats, groups: Groups, state: State) -> Floats:
    if state:
        return splines.apply_poly(x, state)
    return np.column_stack([x**k for k in range(1, _count(call, "degree") + 1)])


def _learn_bs(call: Call, x: Floats, groups: Groups) -> dict[str, Any]:
    df, degree = _count(call, "df"), _count(call, "degree", splines.CUBIC)
    if "knots" not in bind(call) and df < degree:
        raise DataError(
            f"{call} has fewer columns ({df}) than its degree ({degree}). Write df = {degree} or more."
        )
    return _knots(call, x, df - degree)


def _apply_bs(call: Call, x: Floats, groups: Groups, state: State) -> Floats:
    return splines.apply_bs(x, state, _count(call, "degree", splines.CUBIC))


def _learn_ns(call: Call, x: Floats, groups: Groups) -> dict[str, Any]:
    return _knots(call, x, _count(call, "df") - 1)


def _apply_ns(call: Call, x: Floats, groups: Groups, state: State) -> Floats:
    return splines.apply_ns(x, state)


def _knots(call: Call, x: Floats, n_inner: int) -> dict[str, Any]:
    """Inner knots and bounds: those that the call states, or ``n_inner`` quantiles and the range."""
    bounds = _bounds(call, x)
    stated = bind(call).get("knots")
    if stated is not None:
        inner = sorted(_numbers(stated))
        odd = next((knot for knot in inner if not bounds[0] < knot < bounds[1]), None)
        if odd is not None:
            raise DataError(
                f"The knot {odd:.6g} of {call} is not between the outer knots, {bounds[0]:.6g} and "
                f"{bounds[1]:.6g}. Knots lie within the range of the values, or within Boundary.knots."
            )
        return {"inner": inner, "bounds": list(bounds)}
    inside = x[(x >= bounds[0]) & (x <= bounds[1])]
    _check_distinct(call, inside, n_inner + 2)
    state = splines.learn_knots(x, n_inner, bounds)
    if np.unique([*state["bounds"], *state["inner"]]).size < n_inner + 2:
        raise DataError(
            f"{call} would have two knots at one value, since many rows share it. Write a smaller df."
        )
    return state


def _bounds(call: Call, x: Floats) -> tuple[float, float]:
    stated = bind(call).get("Boundary.knots")
    if stated is None:
        return float(x.min()), float(x.max())
    numbers = sorted(_numbers(stated))
    if len(numbers) != 2:
        raise DataError(f"{call} has {len(numbers)} boundary knots. Write two: Boundary.knots = c(0, 10).")
    return numbers[0], numbers[1]


def _numbers(expression: Expression) -> list[float]:
    return [number.value for number in constants(expression) if isinstance(number, Number)]


def _learn_cut(call: Call, x: Floats, groups: Groups) -> dict[str, Any]:
    given = bind(call)
    numbers = _numbers(given["breaks"])
    breaks = intervals.equal_breaks(x, int(numbers[0])) if len(numbers) == 1 else np.array(sorted(numbers))
    right, lowest = _is_true(call, "right", True), _is_true(call, "include.lowest", False)
    labels = intervals.interval_labels(breaks, right=right, lowest=lowest)
    if "labels" in given:
        stated = [label.value for label in constants(given["labels"]) if isinstance(label, Text)]
        if len(stated) != len(labels):
            raise DataError(
                f"{call} has {len(labels)} intervals ({', '.join(labels)}) and {len(stated)} labels. "
                "Give one label for each interval, or leave the labels out."
            )
        labels = tuple(stated)
    written = intervals.write_breaks(breaks)
    return {"breaks": written, "labels": list(labels), "right": right, "lowest": lowest}


def _apply_cut(call: Call, x: Floats, groups: Groups, state: State) -> Floats:
    return intervals.interval_codes(x, state)[:, None].astype(np.float64)


def _learn_cr(call: Call, x: Floats, groups: Groups) -> dict[str, Any]:
    df = _count(call, "df")
    _check_distinct(call, x, df + 1)
    return splines.learn_cr(x, df)


def _apply_cr(call: Call, x: Floats, groups: Groups, state: State) -> Floats:
    return splines.apply_cr(x, state)


def _check_distinct(call: Call, x: Floats, needed: int) -> None:
    distinct = np.unique(x).size
    if distinct < needed:
        raise DataError(
            f"{call} needs {needed} different values; the rows that are used have {distinct}. "
            "Write a smaller degree or df, or use factor()."
        )


def _learn_wb(call: Call, x: Floats, groups: Groups) -> dict[str, Any]:
    means = _group_means(x, groups)
    if groups is not None:
        _check_splits(call, x, groups, np.array(list(means.values())))
    return {"means": means}


def _check_splits(call: Call, x: Floats, groups: Factor, means: Floats) -> None:
    """Refuse ``wb(x, g)`` where one of its two parts would be constant."""
    given = bind(call)
    alone = f"there is nothing to split. Write `{given['x']}` alone."
    if len(groups.levels) == 1:
        raise DataError(
            f"{call} needs two groups or more; {str(given['g'])!r} has one level ({groups.levels[0]!r}) in "
            f"the rows that are used: {alone}"
        )
    rounding = ROUNDING * float(np.abs(x).max())
    if np.ptp(means) <= rounding:
        raise DataError(
            f"{call}: {given['x']} has the same mean in every group of {given['g']}, so that {alone}"
        )
    if np.abs(x - means[groups.codes]).max() <= rounding:
        raise DataError(
            f"{call}: {given['x']} does not vary within the groups of {given['g']}, so that {alone}"
        )


def _apply_wb(call: Call, x: Floats, groups: Groups, state: State) -> Floats:
    """Deviation from the group's mean, and that mean: remembered, or of these rows for groups not known."""
    if groups is None:
        return np.column_stack([np.zeros_like(x), x])
    means = {**_group_means(x, groups), **state["means"]}
    between = np.array([means[label] for label in groups.levels])[groups.codes]
    return np.column_stack([x - between, between])


def _group_means(x: Floats, groups: Groups) -> dict[str, float]:
    if groups is None:
        return {}
    means = pd.Series(x).groupby(groups.codes).mean()
    return {groups.levels[int(code)]: float(mean) for code, mean in zip(means.index, means, strict=True)}


_SCALE = Stateful(_learn_scale, _apply_scale, _one)

STATEFUL: Mapping[str, Stateful] = {
    **dict.fromkeys(("scale", "standardize", "center"), _SCALE),
    "poly": Stateful(_learn_poly, _apply_poly, _numbered),
    "bs": Stateful(_learn_bs, _apply_bs, _numbered),
    "ns": Stateful(_learn_ns, _apply_ns, _numbered),
    "cr": Stateful(_learn_cr, _apply_cr, _numbered),
    "cut": Stateful(_learn_cut, _apply_cut, _one),
    "wb": Stateful(_learn_wb, _apply_wb, _within_between),
}
"""Every function with a memory."""
