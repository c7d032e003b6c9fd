"""A response of unordered categories."""

from __future__ import annotations

from collections.abc import Sequence

from hierbayes import names
from hierbayes.design.columns import evaluate, evaluate_factor
from hierbayes.design.frame import Table
from hierbayes.design.further import PredictorRecipe, shared_predictor
from hierbayes.design.grouped import GroupRecipe
from hierbayes.design.records import PredictorDesign, ResponseInfo
from hierbayes.design.values import Factor, Numeric, quoted
from hierbayes.errors import DataError, FormulaError
from hierbayes.formulas.terms import Response

CATEGORIES_RESPONSE = "categories"
MOST = 20  # categories: each has coefficients and group effects of its own
LEAST = 3


def learn_categories(response: Response, table: Table) -> tuple[Factor, tuple[str, ...]]:
    """The categories of a response, the reference first, and what to know of them.

    Raises
    ------
    FormulaError
        A label is chosen.
    DataError
        There are two categories or fewer, or too many.
    """
    factor = evaluate_factor(response.expression, table)
    name, n = factor.name, len(factor.levels)
    if response.level is not None:
        raise FormulaError(
            f"The response {name}[{response.level}] chooses an outcome, but this family models all of them.",
            table.text,
            response.span,
            f"Write {name} alone. The reference is the first level, by alphabet or by the categorical dtype.",
        )
    if n < LEAST:
        found = "the category" if n == 1 else "the categories"
        raise DataError(
            f"The response {name!r} has {found} {quoted(factor.levels)} in the rows that are used. "
            f"Allowed: {LEAST} categories or more. "
            + ("Use family='bernoulli' for two." if n == 2 else "There is nothing to explain.")
        )
    if n > MOST:
        numeric = isinstance(evaluate(response.expression, table), Numeric)
        advice = "Use family='gaussian' for numbers." if numeric else "Merge rare ones."
        raise DataError(
            f"The response {name!r} has {n:,} different values ({quoted(factor.levels, 4)}). Allowed: at "
            f"most {MOST} categories, each of which has coefficients of its own. {advice}"
        )
    message = (
        f"{name}: log odds of {quoted(factor.levels[1:])} against {factor.levels[0]!r}; a categorical dtype "
        "states another order"
    )
    return factor, (message,)


def category_predictors(
    response: ResponseInfo, main: PredictorDesign, recipes: Sequence[GroupRecipe]
) -> list[tuple[PredictorDesign, PredictorRecipe]]:
    """The linear predictors of unordered categories after the second one, which has the main one."""
    if not response.unordered:
        return []
    return [
        shared_predictor(names.category_predictor(label), label, main, recipes)
        for label in response.categories[2:]
    ]
