"""Formulas in formulae's language, and data frames with the columns that they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from hierbayes.design.columns import expression_name, known_factor
from hierbayes.design.frame import POPULATION, read_table, uses_of
from hierbayes.design.records import Design
from hierbayes.errors import DataError
from hierbayes.formulas.functions import ELEMENTWISE, bind
from hierbayes.formulas.terms import COMPARISONS, Call, Expression, GroupTerm, Name, Number, Operation, Term

OPERATIONS: dict[tuple[str, int], str] = {
    **{(sign, 2): f"{{}} {sign} {{}}" for sign in "+-*"},
    ("/", 2): "{} * {} ** (-1)",  # PyMC allows no slash in the names that bambi makes of terms
    ("^", 2): "{} ** {}",
    ("-", 1): "-{}",
    **{(sign, 2): f"({{}} {sign} {{}}) * 1" for sign in COMPARISONS},
    ("&", 2): "{} * {}",
    ("|", 2): "1 - (1 - {}) * (1 - {})",
    ("!", 1): "1 - {}",
}
"""How formulae writes an operation; its operands are in parentheses where they are operations themselves."""

TRIALS, WEIGHTS = "trials", "weights"


def translate(design: Design) -> tuple[str, pd.DataFrame]:
    """The formula in formulae's language, and the columns that it names.

    Raises
    ------
    DataError
        If formulae lacks a function, or cannot take the name of a column.
    """
    formula, columns = design.recipe.formula, dict[str, Any]()
    terms = [term for part in (formula.population, *(g.terms for g in formula.groups)) for term in part]
    for factor in (factor for term in terms for factor in term.factors):
        if str(factor) in design.recipe.factors:
            columns[expression_name(factor)] = _labels(factor, design)
    numbers = {k: v for k, v in design.columns.items() if np.issubdtype(v.dtype, np.number)}
    levels = design.recipe.factors
    population = [_term(term, levels) for term in formula.population]
    if not (formula.population and formula.population[0].is_intercept):
        population.insert(0, "0")
    offsets = [f"offset({_expression(bind(call)['x'])})" for call in formula.offsets]
    groups = []
    for term, group in zip(formula.groups, design.groups, strict=True):
        labels = np.array(group.levels)[group.codes]
        name, column = group.factor, pd.Categorical(labels, list(group.levels), ordered=True)
        used = columns.get(name)
        if name in numbers or (used is not None and list(used.categories) != list(group.levels)):
            name = f"{name}_group"
        columns[name] = column
        groups.append(_group(term, name, levels))
    needed = set(re.findall(r"`([^`]*)`|([A-Za-z_]\w*)", " ".join([*population, *offsets, *groups])))
    named = {quoted or plain for quoted, plain in needed}
    columns |= {name: values for name, values in numbers.items() if name in named - columns.keys()}
    left = _response(design, columns)
    return f"{left} ~ {' + '.join([*population, *offsets, *groups])}", pd.DataFrame(columns)


def _response(design: Design, columns: dict[str, Any]) -> str:
    """The left side; its columns are added to the others."""
    expression = design.recipe.formula.response.expression
    if isinstance(expression, Call) and expression.function == "cbind":
        expression = bind(expression)["success"]
    name = _new_name(expression_name(expression), columns)
    columns[name] = design.y
    if design.response.categories or design.trials is None:
        left = _quoted(name)
        if design.weights is not None:
            weights = _new_name(WEIGHTS, columns)
            columns[weights] = design.weights
            left = f"weighted({left}, {weights})"
        return left
    trials = _new_name(TRIALS, columns)
    columns[trials] = design.trials.astype(np.int64)
    columns[name] = design.y.astype(np.int64)
    return f"p({_quoted(name)}, {trials})"


def _new_name(name: str, columns: Mapping[str, Any]) -> str:
    while name in columns:
        name += "_"
    return name


def _labels(expression: Expression, design: Design) -> Any:
    """A factor with the order of its levels: formulae keeps that of ordered categories alone."""
    levels = design.recipe.factors[str(expression)]
    if isinstance(expression, Name):
        return pd.Categorical(design.columns[expression.name], list(levels), ordered=True)
    if isinstance(expression, Call) and expression.function == "C":
        raise no_equivalent(
            f"`{expression}`", "formulae names and orders contrasts otherwise", "Use factor() instead."
        )
    table = read_table(dict(design.columns), uses_of([expression], POPULATION), str(expression))
    table = replace(table, state=design.recipe.state, learning=False)
    factor = known_factor(expression, levels, table)
    return pd.Categorical(factor.labels, list(levels), ordered=True)


def _quoted(name: str) -> str:
    if set("`|/") & set(name):
        raise no_equivalent(
            f"the column {name!r}", "it cannot have `|`, `/` or a backquote in its name", "Rename the column."
        )
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z_0-9]*", name) else f"`{name}`"


def _term(term: Term, factors: Mapping[str, Any]) -> str:
    pieces = [
        _quoted(expression_name(f)) if str(f) in factors else _expression(f, outermost=True)
        for f in term.factors
    ]
    return ":".join(pieces) or "1"


def _group(term: GroupTerm, column: str, factors: Mapping[str, Any]) -> str:
    left = [_term(each, factors) for each in term.terms]
    if not term.terms[0].is_intercept:
        left.insert(0, "0")
    return f"({' + '.join(left)} | {_quoted(column)})"


def _expression(expression: Expression, *, outermost: bool = False) -> str:
    match expression:
        case Name(name):
            return _quoted(name)
        case Number(value):
            return np.format_float_positional(value, trim="-")
        case Operation(operator, operands):
            inner = [
                f"({text})" if isinstance(each, Operation) else text
                for each, text in ((each, _expression(each)) for each in operands)
            ]
            return OPERATIONS[operator, len(operands)].format(*inner)
        case Call("I", (inside,), ()):
            # Inside others formulae's I() has no meaning of its own.
            return f"I({_expression(inside)})" if outermost else f"({_expression(inside)})"
        case Call(function, (inside,), ()) if function in ELEMENTWISE:
            return f"{function}({_expression(inside)})"
    shown = f"`{expression.function}()`" if isinstance(expression, Call) else f"`{expression}`"
    raise no_equivalent(
        shown,
        "formulae has no such function, or computes it otherwise",
        f"Allowed: {', '.join(f'{name}()' for name in ('I', 'factor', 'cut', *ELEMENTWISE))}. "
        "Or compute the column.",
    )


def no_equivalent(what: str, why: str, advice: str) -> DataError:
    """What of a model bambi cannot have, why, and what it can."""
    return DataError(f"bambi has no equivalent of {what}: {why}. {advice}")
