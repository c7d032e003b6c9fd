"""``factor()``, ``ordered()`` and ``C()``: the order of levels, the reference level, and other contrasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hierbayes.design.frame import Table
from hierbayes.design.records import Floats
from hierbayes.design.splines import apply_poly, learn_poly
from hierbayes.design.values import Factor, quoted
from hierbayes.errors import FormulaError, nearest_match
from hierbayes.formulas.arguments import constants
from hierbayes.formulas.functions import bind
from hierbayes.formulas.terms import Call, Expression, Text, Word

CALLS = ("factor", "ordered", "C")


def ordered_levels(expression: Expression, factor: Factor, table: Table) -> Factor:
    """The factor with its levels in the order of ``levels = c("low", "high")``, and that of ``ref`` first.

    In new data, where the order means nothing, any factor as it is.

    Raises
    ------
    FormulaError
        The data have a level that ``levels`` leaves out, or none that ``ref`` names.
    """
    if not isinstance(expression, Call) or expression.function == "C" or not table.learning:
        return factor
    given = bind(expression)
    if "levels" in given:
        factor = _stated_levels(given["levels"], factor, table)
    reference = given.get("ref")
    if not isinstance(reference, Text):
        return factor
    first = _position(reference, factor, table)
    return _reorder(factor, [first, *(k for k in range(len(factor.levels)) if k != first)])


def _reorder(factor: Factor, order: Sequence[int]) -> Factor:
    recode = np.empty(len(order), dtype=np.int32)
    recode[list(order)] = np.arange(len(order), dtype=np.int32)
    return replace(factor, codes=recode[factor.codes], levels=tuple(factor.levels[k] for k in order))


def _stated_levels(stated: Expression, factor: Factor, table: Table) -> Factor:
    labels = [label.value for label in constants(stated) if isinstance(label, Text)]
    unstated = next((label for label in factor.levels if label not in labels), None)
    if unstated is not None:
        raise FormulaError(
            f"The factor {factor.name!r} has the level {unstated!r}, which `levels` does not name.",
            table.text,
            stated.span,
            f"Its levels are {quoted(factor.levels)}: name all of them, or mark the others as missing.",
        )
    order = [factor.levels.index(label) for label in labels if label in factor.levels]
    return replace(_reorder(factor, order), absent=tuple(x for x in labels if x not in factor.levels))


def with_contrast(expression: Expression, factor: Factor, table: Table) -> Factor:
    """The factor of ``C(f, ...)`` or ``ordered(f)`` with its contrasts; any other factor as it is.

    Parameters
    ----------
    expression : Expression
        What the formula says.
    factor : Factor
        Its levels, in the order of the model.
    table : Table
        For errors.

    Returns
    -------
    Factor
        ``contrast`` has a row for each level and a column for each coefficient; ``contrast_labels`` names
        the columns.
    """
    if not isinstance(expression, Call) or expression.function not in ("C", "ordered"):
        return factor
    if expression.function == "ordered":
        return _coded("poly", factor)
    given = bind(expression)
    chosen, reference = given.get("contrast"), given.get("ref")
    if isinstance(chosen, Call):
        reference = dict(chosen.keywords)["ref"]
    if isinstance(chosen, Word) and chosen.text in _MATRICES:
        if isinstance(reference, Text):
            raise FormulaError(
                f"{chosen.text} contrasts have no reference level.",
                table.text,
                reference.span,
                "Leave `ref` out, or write `treatment(ref = ...)`.",
            )
        return _coded(chosen.text, factor)
    if not isinstance(reference, Text):
        return factor
    position = _position(reference, factor, table)
    kept = [k for k in range(len(factor.levels)) if k != position]
    return replace(
        factor,
        contrast=np.eye(len(factor.levels))[:, kept],
        contrast_labels=tuple(factor.levels[k] for k in kept),
    )


def _coded(name: str, factor: Factor) -> Factor:
    n = len(factor.levels)
    labels = tuple(_POWERS.get(k, f"^{k}") if name == "poly" else str(k) for k in range(1, n))
    return replace(factor, contrast=_MATRICES[name](n), contrast_labels=labels)


def _position(reference: Text, factor: Factor, table: Table) -> int:
    if reference.value in factor.levels:
        return factor.levels.index(reference.value)
    nearest = nearest_match(reference.value, factor.levels)
    hint = f"Did you mean {nearest!r}? " if nearest is not None else ""
    raise FormulaError(
        f"The factor {factor.name!r} has no level {reference.value!r}.",
        table.text,
        reference.span,
        f"{hint}Its levels are {quoted(factor.levels)}.",
    )


def sum_contrast(n: int) -> Floats:
    """R's ``contr.sum(n)``, shape (n, n - 1): each level but the last against the mean of all."""
    return np.vstack([np.eye(n - 1), -np.ones(n - 1)])


def helmert_contrast(n: int) -> Floats:
    """R's ``contr.helmert(n)``, shape (n, n - 1): each level against the mean of those before it."""
    lower = np.triu(-np.ones((n, n - 1)))
    lower[np.arange(1, n), np.arange(n - 1)] = np.arange(1, n)
    return lower


def poly_contrast(n: int) -> Floats:
    """R's ``contr.poly(n)``, shape (n, n - 1): orthonormal polynomials over equally spaced levels."""
    scores = np.arange(1.0, n + 1.0)
    return apply_poly(scores, learn_poly(scores, n - 1)) if n > 1 else np.zeros((n, 0))


_MATRICES: dict[str, Callable[[int], Floats]] = {
    "sum": sum_contrast,
    "helmert": helmert_contrast,
    "poly": poly_contrast,
}
_POWERS = {1: ".L", 2: ".Q", 3: ".C"}
"""R's names of polynomial contrasts; the others are ``^4``, ``^5``."""
