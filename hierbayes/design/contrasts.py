"""``factor()`` and ``C()``: the reference level, and contrasts other than those against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hierbayes.design.frame import Table
from hierbayes.design.records import Floats
from hierbayes.design.values import Factor, quoted
from hierbayes.errors import FormulaError, nearest_match
from hierbayes.formula.functions import bind
from hierbayes.formula.terms import Call, Expression, Text, Word

CALLS = ("factor", "C")


def ordered_levels(expression: Expression, factor: Factor, table: Table) -> Factor:
    """The factor of ``factor(f, ref = "b")`` with that level first; any other factor as it is."""
    if not isinstance(expression, Call) or expression.function != "factor":
        return factor
    reference = bind(expression).get("ref")
    if not isinstance(reference, Text):
        return factor
    first = _position(reference, factor, table)
    order = [first, *(k for k in range(len(factor.levels)) if k != first)]
    recode = np.empty(len(order), dtype=np.int32)
    recode[order] = np.arange(len(order), dtype=np.int32)
    return replace(factor, codes=recode[factor.codes], levels=tuple(factor.levels[k] for k in order))


def with_contrast(expression: Expression, factor: Factor, table: Table) -> Factor:
    """The factor of ``C(f, ...)`` with its contrasts; any other factor as it is.

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
    if not isinstance(expression, Call) or expression.function != "C":
        return factor
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
        matrix = _MATRICES[chosen.text](len(factor.levels))
        return replace(factor, contrast=matrix, contrast_labels=tuple(map(str, range(1, len(factor.levels)))))
    if not isinstance(reference, Text):
        return factor
    position = _position(reference, factor, table)
    kept = [k for k in range(len(factor.levels)) if k != position]
    return replace(
        factor,
        contrast=np.eye(len(factor.levels))[:, kept],
        contrast_labels=tuple(factor.levels[k] for k in kept),
    )


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


_MATRICES: dict[str, Callable[[int], Floats]] = {"sum": sum_contrast, "helmert": helmert_contrast}
