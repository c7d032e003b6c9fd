"""The response: numbers, counts, successes out of trials, two outcomes, or ordered categories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.additions import TRIALS_RESPONSE, successes_and_trials
from hierbayes.design.categories import CATEGORIES_RESPONSE, learn_categories
from hierbayes.design.columns import Variable, evaluate, evaluate_factor, expression_name
from hierbayes.design.frame import Table
from hierbayes.design.ordered import ORDERED_RESPONSE, learn_ordered, positions
from hierbayes.design.records import Floats, ResponseInfo
from hierbayes.design.values import BOOLEAN, Factor, Numeric, quoted
from hierbayes.errors import DataError, FormulaError, UnknownNameError, nearest_match
from hierbayes.formulas.terms import Name, Response

NUMERIC_RESPONSE, COUNT_RESPONSE, BINARY_RESPONSE = "numeric", "count", "binary"

type Learned = tuple[NDArray[Any], ResponseInfo, tuple[str, ...], Floats | None]


def learn_response(response: Response, table: Table, kind: str) -> Learned:
    """Read the response of the data that a model is built from.

    Parameters
    ----------
    response : Response
        The left side.
    table : Table
        The columns.
    kind : str
        ``"numeric"``, ``"count"``, ``"binary"``, ``"trials"``, ``"ordered"`` or ``"categories"``, by the
        family.

    Returns
    -------
    float64 array, shape (n,), read-only
        The response; 0 and 1 for binary outcomes, successes where there are trials, positions of categories.
    ResponseInfo
        How it was read.
    tuple of str
        What the user should know.
    float64 array, shape (n,), read-only, or None
        The number of trials, where the formula states it.

    Raises
    ------
    DataError
        Text where numbers are needed, more or fewer than two outcomes, a constant response, categories
        whose order nobody stated.
    FormulaError
        A level that the response does not have.
    """
    if kind not in _LEARN:
        raise UnknownNameError("kind of response", kind, _LEARN)
    y, info, messages, trials = _LEARN[kind](response, table)
    for array in (y, trials):
        if array is not None:
            array.setflags(write=False)
    return y, info, messages, trials


def read_response(response: Response, table: Table, info: ResponseInfo) -> tuple[Floats, Floats | None]:
    """Read the response of new data as the model's own data were read.

    Returns
    -------
    y, trials : float64 arrays, shape (n,), read-only
        The response, and the number of trials (None where the formula states none).
    """
    counted = successes_and_trials(response, table)
    if counted is not None:
        for array in counted:
            array.setflags(write=False)
        return counted
    variable = evaluate(response.expression, table)
    if info.labels is None:
        y = _numbers(variable, info.name)
    else:
        factor = evaluate_factor(response.expression, table)
        unknown = sorted(set(factor.levels) - set(info.labels))
        if unknown:
            raise DataError(
                f"The response {info.name!r} has the value {unknown[0]!r}, which the model has not seen. "
                f"Known: {quoted(info.labels)}."
            )
        y = positions(factor, info.labels)
    y = np.array(y)
    y.setflags(write=False)
    return y, None


def _numbers(variable: Variable, name: str) -> Floats:
    if isinstance(variable, Numeric):
        return variable.values
    n = len(variable.levels) if isinstance(variable, Factor) else 0
    advice = _TWO_OUTCOMES if n == 2 else _SEVERAL_OUTCOMES if n > 2 else "Turn it into numbers first."
    raise DataError(
        f"The response {name!r} holds {f'{n:,} ' if n > 2 else ''}labels ({_shown(variable)}), but numbers "
        f"are needed here. {advice}"
    )


_NO_FAMILY = (
    "Ordered categories are modelled by family='cumulative', unordered ones by family='categorical'; or"
)
_TWO_OUTCOMES = (
    "A response with two outcomes is modelled by family='bernoulli'; or turn it into numbers first."
)
_SEVERAL_OUTCOMES = (
    f"{_NO_FAMILY} turn them into numbers, or make a column with two outcomes and use family='bernoulli'."
)


def _shown(variable: Variable) -> str:
    return quoted(variable.levels, 4) if isinstance(variable, Factor) else "several columns"


def _learn_numeric(response: Response, table: Table) -> Learned:
    name = expression_name(response.expression)
    if response.level is not None:
        raise FormulaError(
            f"The response {name}[{response.level}] chooses an outcome, but this family models numbers.",
            table.text,
            response.span,
            f"Write {name} alone, or use family='bernoulli'.",
        )
    variable = evaluate(response.expression, table)
    if isinstance(variable, Factor) and len(variable.levels) == 1:
        raise _constant(name, repr(variable.levels[0]), table)
    y = _numbers(variable, name)
    if y.min() == y.max():
        raise _constant(name, f"{y[0]:.6g}", table)
    return y, ResponseInfo(name), (), None


def _learn_categories(response: Response, table: Table) -> Learned:
    factor, messages = learn_categories(response, table)
    return (
        factor.codes.astype(np.float64),
        ResponseInfo(factor.name, factor.levels, unordered=True),
        messages,
        None,
    )


def _learn_trials(response: Response, table: Table) -> Learned:
    """Successes out of stated trials; without a statement, single trials."""
    counted = successes_and_trials(response, table)
    if counted is not None:
        return counted[0], ResponseInfo(expression_name(response.expression)), (), counted[1]
    name = expression_name(response.expression)
    factor = evaluate_factor(response.expression, table)
    if len(factor.levels) > 2 and isinstance(evaluate(response.expression, table), Numeric):
        raise DataError(
            f"The response {name!r} has {len(factor.levels):,} different values "
            f"({quoted(factor.levels, 4)}), but the formula does not say of how many trials. Allowed: "
            f"`{name} | trials(n)`, `cbind(successes, failures)`, or single trials as 0 and 1, booleans or "
            "two labels. Add the trials, or use family='poisson' for counts that nothing bounds."
        )
    return _learn_binary(response, table)


def _learn_binary(response: Response, table: Table) -> Learned:
    name = expression_name(response.expression)
    variable = evaluate(response.expression, table)
    factor = evaluate_factor(response.expression, table)
    if len(factor.levels) == 1:
        raise _constant(name, repr(factor.levels[0]), table)
    zero_one = isinstance(variable, Numeric) and factor.levels == ("0", "1")
    if len(factor.levels) > 2:
        raise _too_many(name, factor, isinstance(variable, Numeric))
    if isinstance(variable, Numeric) and not zero_one and response.level is None:
        low, high = factor.levels
        raise DataError(
            f"The response {name!r} has the numbers {low} and {high}; a binary response has 0 and 1, "
            f"booleans or two labels. Write {name}[{high}] to model the probability of {high}."
        )
    if response.level is not None and response.level not in factor.levels:
        raise _unknown_level(name, response, factor, table)
    modelled = factor.levels[1] if response.level is None else response.level
    reference = next(level for level in factor.levels if level != modelled)
    y = (factor.labels == modelled).astype(np.float64)
    if zero_one and modelled == "1":
        return y, ResponseInfo(name), (), None
    message = _direction(response, table, name, (reference, modelled))
    return y, ResponseInfo(name, (reference, modelled)), message, None


def _direction(response: Response, table: Table, name: str, labels: tuple[str, str]) -> tuple[str, ...]:
    """Say which outcome is modelled, unless the user chose it or it is plain."""
    expression = response.expression
    boolean = isinstance(expression, Name) and table.columns[expression.name].kind == BOOLEAN
    if response.level is not None or boolean:
        return ()
    reference, modelled = labels
    return (
        f"{name}: modelling the probability of {modelled!r} (reference {reference!r}); "
        f"write {name}[{reference}] to turn it round",
    )


def _learn_ordered(response: Response, table: Table) -> Learned:
    name = expression_name(response.expression)
    if response.level is not None:
        raise FormulaError(
            f"The response {name}[{response.level}] chooses an outcome, but this family models all ordered "
            "categories.",
            table.text,
            response.span,
            f"Write {name} alone, or use family='bernoulli' for one category against the rest.",
        )
    factor, messages = learn_ordered(response.expression, table)
    name = factor.name
    if len(factor.levels) == 1:
        raise _constant(name, repr(factor.levels[0]), table)
    return factor.codes.astype(np.float64), ResponseInfo(name, factor.levels, ordered=True), messages, None


def _constant(name: str, value: str, table: Table) -> DataError:
    return DataError(
        f"The response {name!r} is {value} in all {table.n:,} rows that are used: there is nothing to "
        "explain. Choose another response, or check how the data were filtered."
    )


def _too_many(name: str, factor: Factor, numeric: bool) -> DataError:
    allowed = "0 and 1, booleans or two labels"
    advice = (
        "For a numeric response use family='gaussian'; otherwise make a column with two outcomes first."
        if numeric
        else f"{_NO_FAMILY} make a column with two outcomes first, one of the labels against the rest, say."
    )
    return DataError(
        f"The response {name!r} has {len(factor.levels):,} different values ({quoted(factor.levels, 4)}); "
        f"a binary response has {allowed}. {advice}"
    )


def _unknown_level(name: str, response: Response, factor: Factor, table: Table) -> FormulaError:
    nearest = nearest_match(str(response.level), factor.levels)
    hint = f"Did you mean {name}[{nearest}]? " if nearest is not None else ""
    return FormulaError(
        f"The response {name!r} has no level {response.level!r}.",
        table.text,
        response.span,
        f"{hint}Its levels are {quoted(factor.levels)}.",
    )


_LEARN: dict[str, Callable[[Response, Table], Learned]] = {
    NUMERIC_RESPONSE: _learn_numeric,
    COUNT_RESPONSE: _learn_numeric,
    BINARY_RESPONSE: _learn_binary,
    TRIALS_RESPONSE: _learn_trials,
    CATEGORIES_RESPONSE: _learn_categories,
    ORDERED_RESPONSE: _learn_ordered,
}
