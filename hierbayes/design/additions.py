"""What stands beside the response: successes out of trials, and weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from hierbayes.design.columns import arithmetic
from hierbayes.design.finite import check_finite
from hierbayes.design.frame import Table, column_names
from hierbayes.design.records import Floats
from hierbayes.errors import DataError, FormulaError
from hierbayes.formulas.functions import bind
from hierbayes.formulas.terms import Call, Expression, Formula, Response, Word

CBIND, TRIALS, WEIGHTS = "cbind", "trials", "weights"
CENS, TRUNC, SE = "cens", "trunc", "se"
TRIALS_RESPONSE = "trials"

_MODELS = {
    "numeric": "numbers",
    "count": "counts",
    "binary": "single outcomes",
    "ordered": "ordered categories",
    "categories": "categories",
}


def check_known(formula: Formula, kind: str) -> None:
    """Refuse what the response part can say but the family cannot use.

    Parameters
    ----------
    formula : Formula
        The formula.
    kind : str
        What the family models: ``"numeric"``, ``"count"``, ``"binary"``, ``"trials"`` or ``"ordered"``.

    Raises
    ------
    FormulaError
        ``cbind()`` and ``trials()`` where the family models no successes out of trials, or both of them at
        once; ``se()`` together with ``weights()``.
    """
    calls = {call.function: call for call in _calls(formula.response)}
    stated = [calls[name] for name in (CBIND, TRIALS) if name in calls]
    if stated and kind != TRIALS_RESPONSE:
        raise FormulaError(
            f"{stated[0].function}() is for successes out of trials, but this family models {_MODELS[kind]}.",
            formula.text,
            stated[0].span,
            "Use family='binomial', or name a response without it.",
        )
    if len(stated) == 2:
        raise FormulaError(
            "cbind() and trials() both say how many trials there were.",
            formula.text,
            stated[1].span,
            "Keep one: `cbind(successes, failures)`, or `successes | trials(n)`.",
        )
    if SE in calls and WEIGHTS in calls:
        raise FormulaError(
            "se() and weights() both say how much single rows scatter.",
            formula.text,
            calls[WEIGHTS].span,
            "Keep one: se(s) for known standard errors, weights(w) for residual variances sigma^2 / w.",
        )
    if TRIALS in calls and formula.response.level is not None:
        raise FormulaError(
            f"[{formula.response.level}] chooses the outcome of a single trial, but trials() counts several.",
            formula.text,
            formula.response.span,
            "Name the column with the number of successes, without a label.",
        )


def check_supported(formula: Formula, family: str, link: str, *, able: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse what the response part can say, but not of responses of this family.

    Parameters
    ----------
    formula : Formula
        The formula.
    family, link : str
        Names of the family and the link.
    able : mapping of str to tuple of str
        Names of the families that can use ``cens()``, ``trunc()`` and ``se()``.

    Raises
    ------
    FormulaError
        Naming the families that can, or the link, which must be the identity.
    """
    for call in formula.response.additions:
        allowed = able.get(call.function)
        if allowed is not None and family not in allowed:
            named = " or ".join(f"family={name!r}" for name in allowed)
            raise FormulaError(
                f"{call.function}() cannot be used with responses of family {family!r}.",
                formula.text,
                call.span,
                f"Allowed: {named}. Choose one of them, or leave {call.function}() out"
                f"{_INSTEAD[call.function]}.",
            )
        if allowed is not None and link != "identity":
            raise FormulaError(
                f"{call.function}() cannot be used with the {link} link.",
                formula.text,
                call.span,
                f"Allowed: link='identity'. Leave the link out, or leave {call.function}() out"
                f"{_INSTEAD[call.function]}.",
            )


_INSTEAD = {
    CENS: " and drop the censored rows, which leaves a selection",
    TRUNC: ", whereby the model ignores the bounds",
    SE: "",
}


def knows_sigma(formula: Formula) -> bool:
    """Whether the residual sd of every row is known: ``se(s)`` without ``sigma = TRUE``."""
    for call in formula.response.additions:
        if call.function == SE:
            return not (isinstance(said := bind(call).get("sigma"), Word) and said.text == "TRUE")
    return False


def _calls(response: Response) -> tuple[Call, ...]:
    return tuple(e for e in (response.expression, *response.additions) if isinstance(e, Call))


def _addition(response: Response, function: str) -> Expression | None:
    for call in response.additions:
        if call.function == function:
            return next(iter(bind(call).values()))
    return None


def values_of(expression: Expression, table: Table) -> Floats:
    """The numbers of an argument, shape (n,)."""
    with np.errstate(all="ignore"):
        values = np.array(np.broadcast_to(arithmetic(expression, table), (table.n,)), dtype=np.float64)
    if isinstance(expression, Call):
        check_finite(expression, values, table)
    return values


def successes_and_trials(response: Response, table: Table) -> tuple[Floats, Floats] | None:
    """Successes and trials of ``cbind(s, f)`` or ``s | trials(n)``, both float64, shape (n,); None elsewhere.

    Raises
    ------
    FormulaError
        Text where numbers are needed.
    DataError
        Negative failures.
    """
    expression = response.expression
    if isinstance(expression, Call) and expression.function == CBIND:
        given = bind(expression)
        successes, failures = values_of(given["success"], table), values_of(given["failure"], table)
        negative = np.flatnonzero(failures < 0)
        if negative.size:
            k = int(negative[0])
            raise DataError(
                f"The failures in {expression} are negative in {table.row_numbers(negative)}: "
                f"{failures[k]:g}, where there are {successes[k]:g} successes. Allowed: numbers from 0 on. "
                f"If the second column counts all trials, write {given['success']} | "
                f"trials({given['failure']})."
            )
        return successes, successes + failures
    n = _addition(response, TRIALS)
    return None if n is None else (values_of(expression, table), values_of(n, table))


def stated_beside(response: Response, columns: Collection[str]) -> tuple[Call, ...]:
    """Trials, weights, bounds and standard errors of the formula, where the columns they name are there."""
    return tuple(
        call
        for call in _calls(response)
        if call.function in (CBIND, TRIALS, WEIGHTS, TRUNC, SE)
        and all(name.name in columns for name in column_names(call))
    )


def trials_beside(calls: Sequence[Call], table: Table) -> Floats | None:
    """The trials of rows whose successes need not be known, shape (n,); None where nothing states them."""
    for call in calls:
        given = bind(call)
        if call.function == TRIALS:
            return values_of(next(iter(given.values())), table)
        if call.function == CBIND:
            return values_of(given["success"], table) + values_of(given["failure"], table)
    return None


def weights_of(response: Response, table: Table) -> Floats | None:
    """The weights of ``y | weights(w)``, float64 of shape (n,), read-only; None where there are none.

    Raises
    ------
    DataError
        A weight that is not above 0.
    """
    expression = _addition(response, WEIGHTS)
    if expression is None:
        return None
    weights = values_of(expression, table)
    odd = np.flatnonzero(~(weights > 0))
    if odd.size:
        raise DataError(
            f"The weight {expression} is {weights[odd[0]]:g} in {table.row_numbers(odd)}. Allowed: numbers "
            "above 0. Drop rows that are to count for nothing."
        )
    weights.setflags(write=False)
    return weights
