"""The response column of a simulation: what stands there at first, and how drawn responses are put in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.design import Design
from hierbayes.errors import ColumnNotFoundError, DataError, FormulaError
from hierbayes.families import get_family
from hierbayes.formulas import Formula
from hierbayes.formulas.functions import bind
from hierbayes.formulas.terms import Call, Expression, Name, Number

CENS, TRUNC = "cens", "trunc"
INVERSES: Mapping[str, Callable[[Any], Any]] = {"log": np.exp}
"""Transforms of a response that are undone."""

CYCLES: Mapping[str, tuple[int, ...]] = {"count": (0, 1, 2), "binary": (0, 1), "trials": (0, 1)}
"""Responses by kind that any family of the kind can have, whatever it is given besides."""


@dataclass(frozen=True)
class ResponseColumn:
    """The response that is to be simulated.

    Attributes
    ----------
    name : str
        The column.
    kind : str
        ``Family.response_kind``.
    inverse : callable
        From the model's scale to the column's.
    levels : tuple of str
        Of categories, or of two outcomes; empty where the response is numbers.
    formula : str
        The formula without ``cens()``, which only observed responses can have.
    sides : str
        The column of ``cens()``; empty without it.
    """

    name: str
    kind: str
    inverse: Callable[[Any], Any]
    levels: tuple[str, ...]
    formula: str
    sides: str = ""

    def placeholder(self, frame: pd.DataFrame, formula: Formula) -> Any:
        """Responses that only stand in for those to come: any that the family accepts."""
        n = len(frame)
        if self.levels:
            codes = np.arange(n) % len(self.levels)
            ordered = self.kind == "ordered"
            return pd.Categorical.from_codes(codes, categories=pd.Index(self.levels), ordered=ordered)
        if self.kind in CYCLES:
            return np.resize(np.array(CYCLES[self.kind]), n)
        shares = np.resize([0.25, 0.75], n)
        for call in formula.response.additions:
            if call.function == TRUNC:
                shares = _between(bind(call), frame, shares)
        return self.inverse(shares)

    def column(self, y: NDArray[np.float64], design: Design, n: int) -> Any:
        """Simulated responses as the frame has them; missing in rows that the model leaves out."""
        labels = design.response.labels
        if self.levels and labels is not None:
            codes = np.full(n, -1)
            positions = [self.levels.index(label) for label in labels]
            codes[design.rows] = np.array(positions)[y.astype(np.int64)]
            ordered = self.kind == "ordered"
            return pd.Categorical.from_codes(codes, categories=pd.Index(self.levels), ordered=ordered)
        whole = self.kind in CYCLES and len(design.rows) == n
        values = np.full(n, np.nan)
        values[design.rows] = self.inverse(y)
        return values.astype(np.int64) if whole else values


def response_column(
    formula: Formula, family: str, covariates: Mapping[str, Any], params: Mapping[str, Any]
) -> ResponseColumn:
    """Find out what is to be simulated.

    Raises
    ------
    FormulaError
        If the response is transformed in a way that cannot be undone.
    DataError
        If the categories of the response are not stated.
    """
    kind = get_family(family).response_kind
    expression = formula.response.expression
    inverse: Callable[[Any], Any] = _same
    if isinstance(expression, Call) and expression.function in ("cbind", *INVERSES):
        inverse = INVERSES.get(expression.function, _same)
        expression = expression.arguments[0]
    if not isinstance(expression, Name):
        raise FormulaError(
            f"The response {formula.response.expression} cannot be simulated.",
            formula.text,
            formula.response.span,
            "Allowed: a column, log() of one, or cbind(successes, trials - successes). Write a column and "
            "transform it afterwards.",
        )
    additions = tuple(call for call in formula.response.additions if call.function != CENS)
    sides = [bind(call).get("side") for call in formula.response.additions if call.function == CENS]
    side = sides[0].name if sides and isinstance(sides[0], Name) else ""
    text = str(replace(formula, response=replace(formula.response, additions=additions)))
    levels = _levels(expression.name, kind, (covariates, params, formula.response.level))
    return ResponseColumn(expression.name, kind, inverse, levels, text if sides else formula.text, side)


def _same(values: Any) -> Any:
    return values


def _levels(
    name: str, kind: str, given: tuple[Mapping[str, Any], Mapping[str, Any], str | None]
) -> tuple[str, ...]:
    covariates, params, modelled = given
    stated = covariates.get(name)
    if stated is not None:
        levels = tuple(map(str, stated)) if isinstance(stated, list) else ()
        if len(levels) < 2 or len(set(levels)) < len(levels):
            raise DataError(
                f"{name!r} is the response, and the covariates give {stated!r} for it. Allowed: a list of "
                "its categories, each once. Give them, or leave it out."
            )
        return levels
    if kind == "ordered":
        cuts = params.get("cutpoints")
        count = len(cuts) if isinstance(cuts, list | tuple | np.ndarray) else 0
        count = count or sum(key.startswith("cutpoints[") for key in params)
        return tuple(str(k) for k in range(1, count + 2)) if count else ("1", "2", "3")
    if kind == "categories" or modelled is not None:
        raise DataError(
            f"The categories of the response {name!r} are not stated. Give them as a list among the "
            f"covariates: covariates={{{name!r}: ['a', 'b', 'c']}}, the reference first."
        )
    return ()


def _between(
    arguments: Mapping[str, Expression], frame: pd.DataFrame, shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Numbers between the bounds of ``trunc()``."""
    low, high = (_bound(arguments.get(name), frame, end) for name, end in (("lb", -np.inf), ("ub", np.inf)))
    both = np.isfinite(low) & np.isfinite(high)
    with np.errstate(invalid="ignore"):
        inside = low + shares * (high - low)
        below = np.where(high > 0, shares * high, high - shares)
    values = np.where(both, inside, np.where(np.isfinite(low), low + shares, below))
    return np.where(np.isfinite(values), values, shares)


def _bound(expression: Expression | None, frame: pd.DataFrame, absent: float) -> NDArray[np.float64]:
    if isinstance(expression, Name):
        if expression.name not in frame:
            raise ColumnNotFoundError(
                f"There is no column {expression.name!r} for trunc(). Add it to the covariates."
            )
        return frame[expression.name].to_numpy(dtype=float)
    return np.full(len(frame), expression.value if isinstance(expression, Number) else absent)
