"""From a formula and a frame to the arrays of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hierbayes.design.additions import check_known, knows_sigma, weights_of
from hierbayes.design.arrangement import arrangement_messages
from hierbayes.design.categories import CATEGORIES_RESPONSE, category_predictors
from hierbayes.design.checks import (
    check_constant,
    check_factors,
    factor_messages,
    group_messages,
    rank_messages,
)
from hierbayes.design.coding import model_matrix, with_intercept, without_intercept
from hierbayes.design.columns import Variable, evaluate_all, learn, offset_values
from hierbayes.design.frame import Table, formula_text, put_rest, read_frame, read_table, uses_of_all
from hierbayes.design.further import evaluated_expressions, learn_predictor, own_text, used_expressions
from hierbayes.design.grouped import learn_groups
from hierbayes.design.missing import DROP, Missing
from hierbayes.design.outside import leave_out_outside
from hierbayes.design.partial import known_in_part
from hierbayes.design.recipe import Recipe, raw_columns
from hierbayes.design.records import Design, Floats, PredictorDesign
from hierbayes.design.response import NUMERIC_RESPONSE, learn_response
from hierbayes.design.shared import check_shared, settle_shared
from hierbayes.design.values import Factor
from hierbayes.formulas.terms import Formula

NO_PARAMETERS: Mapping[str, Formula] = {}


def build_design(
    formula: Formula,
    data: Any,
    *,
    response_kind: str = NUMERIC_RESPONSE,
    missing: Missing = DROP,
    parameters: Mapping[str, Formula] = NO_PARAMETERS,
) -> Design:
    """Build the arrays of a model.

    Parameters
    ----------
    formula : Formula
        What `hierbayes.formulas.parse_formula` read.
    data : frame or mapping of columns
        pandas, polars, pyarrow, anything narwhals understands, or a dict of columns; never changed.
    response_kind : str
        ``"numeric"``, ``"count"``, ``"binary"`` for outcomes 0/1, booleans or two labels, ``"trials"`` for
        successes out of trials, ``"ordered"`` for ordered categories. The family knows.
    missing : str or mapping of str to str
        What to do about missing values in the columns that the formula names: ``"drop"`` leaves the rows out,
        and a message counts them; ``"report"`` does the same and numbers the first ten rows of each column;
        ``"error"`` refuses them. A mapping has a policy for some columns; the others are dropped.
    parameters : mapping of str to Formula
        Formulas of parameters of the family, as ``parse_parameter`` reads them.

    Returns
    -------
    Design
        Arrays (read-only) over the rows without missing values in the columns that the formula names, and the
        recipe that builds the same columns for other data.

    Raises
    ------
    ColumnNotFoundError
        A column does not exist; the message has the nearest match and a caret.
    DataError
        The data do not fit the model: no rows, missing values where ``missing`` allows none, infinite values,
        a constant response or column, a factor with one level, dates, ...
    UnknownNameError
        ``missing`` names no policy.
    FormulaError
        Arithmetic with text, a response level that does not exist.

    Notes
    -----
    Level order follows the data: a categorical or ordered dtype keeps its order (a polars ``Categorical`` has
    none), numbers sort by value, text by code point. An ordered dtype has contrasts against its first level
    as any factor; ``ordered(f)`` and ``C(f, poly)`` have polynomial ones. Levels and groups that occur in no
    row used are left out. An ordered response has cutpoints, which take the place of the intercept: ``X`` has
    none, and ``0 +`` changes nothing. Groups of an interaction ``a:b`` are ordered by ``a``, then ``b``.

    Examples
    --------
    >>> from hierbayes.design import build_design
    >>> from hierbayes.formulas import parse_formula
    >>> data = {"y": [1.0, 2.0, 4.0, 3.0], "x": ["p", "q", "p", "q"], "g": [7, 7, 10, 10]}
    >>> design = build_design(parse_formula("y ~ x + (1 | g)"), data)
    >>> design.terms, design.groups[0].levels
    (('Intercept', 'x[q]'), ('7', '10'))
    """
    frame = read_frame(data)
    formula = put_rest(formula, list(map(str, frame.columns)))
    _check(formula, parameters, list(map(str, frame.columns)), response_kind)
    table = _learned(formula, parameters, frame, missing)
    y, response, response_messages, trials = learn_response(formula.response, table, response_kind)
    variables = evaluate_all(used_expressions(formula.population, formula.groups), table)
    check_factors(variables)
    X, terms, rank = _population(formula, variables, table.n, ordered=response.ordered)
    groups, group_recipes = learn_groups(formula.groups, table, variables, made=(X, terms))
    learned = [learn_predictor(name, other, table) for name, other in parameters.items()]
    main = PredictorDesign("", X, terms, groups, offset_values(formula, table))
    further = [(predictor, known) for predictor, known, *_ in learned]
    further += category_predictors(response, main, group_recipes)
    (main, *predictors), unshared = settle_shared([main, *(predictor for predictor, _ in further)])
    recipe = Recipe(
        formula=formula,
        response=response,
        factors=_levels([*(found for *_, found, _ in learned), variables]),
        terms=terms,
        groups=group_recipes,
        state=table.state,
        predictors=tuple(known for _, known in further),
    )
    messages = (
        *table.messages,
        *formula.notes,
        *response_messages,
        *factor_messages(variables, table),
        *rank,
        *(() if knows_sigma(formula) else group_messages(groups)),
        *arrangement_messages(formula, table, variables, groups),
        *(text for *_, texts in learned for text in texts),
        *unshared,
    )
    return Design(
        y=y,
        X=X,
        terms=terms,
        groups=main.groups,
        response=response,
        recipe=recipe,
        offset=main.offset,
        weights=weights_of(formula.response, table),
        trials=trials,
        part=known_in_part(formula.response, table, y),
        rows=table.rows,
        messages=tuple(dict.fromkeys(messages)),
        columns=raw_columns(table),
        predictors=tuple(predictors),
    )


def _levels(variables: Sequence[Mapping[str, Variable]]) -> dict[str, tuple[str, ...]]:
    """The levels of the factors among the variables of all formulas."""
    return {text: v.levels for some in variables for text, v in some.items() if isinstance(v, Factor)}


def _check(
    formula: Formula, parameters: Mapping[str, Formula], columns: list[str], response_kind: str
) -> None:
    """Refuse what formulas and names of columns show to be wrong."""
    check_known(formula, response_kind)
    check_shared({"": formula, **parameters}, columns, categories=response_kind == CATEGORIES_RESPONSE)


def _learned(formula: Formula, parameters: Mapping[str, Formula], frame: Any, missing: Missing) -> Table:
    """The rows that all formulas can use, with what their functions learned from them."""
    table = read_table(frame, uses_of_all(formula, parameters.values()), formula_text(formula), missing)
    formulas = (formula, *parameters.values())
    evaluated = [evaluated_expressions(each.population, each.groups) for each in formulas]
    table = leave_out_outside((e for expressions in evaluated for e in expressions), table, missing)
    response = (formula.response.expression, *formula.response.additions)
    table = learn((*evaluated[0], *formula.offsets, *response), table)
    for other, expressions in zip(parameters.values(), evaluated[1:], strict=True):
        learned = learn((*expressions, *other.offsets), own_text(table, other))
        table = replace(table, state=learned.state)
    return table


def _population(
    formula: Formula, variables: Mapping[str, Variable], n: int, *, ordered: bool
) -> tuple[Floats, tuple[str, ...], tuple[str, ...]]:
    """Population columns (n, p), their names, and what to know of them; of ordered responses no intercept."""
    terms = with_intercept(formula.population) if ordered else formula.population
    X, labels = model_matrix(terms, variables, n)
    check_constant(X, labels)
    messages = rank_messages(X, labels)
    return (*(without_intercept(X, labels) if ordered else (X, labels)), messages)
