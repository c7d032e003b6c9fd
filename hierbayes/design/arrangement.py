"""What to know about the groups and variables of a model: small groups, labels that start again, codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from hierbayes.design.columns import Variable as Value
from hierbayes.design.columns import expression_name
from hierbayes.design.frame import Table
from hierbayes.design.records import GroupDesign
from hierbayes.design.structure_parts import (
    FEW_CODES,
    Grouping,
    Variable,
    as_numbers,
    relate,
    vary,
)
from hierbayes.design.structure_text import nearly_constant, relation_messages
from hierbayes.design.values import CATEGORY, NUMBER, TEXT, Factor, Numeric, RawColumn, quoted, to_factor
from hierbayes.formulas.terms import Formula, Name

_LABELLED = (TEXT, CATEGORY)
_FIRST_ROWS = 10_000  # so many are looked at before all are: most numbers show many values there


def arrangement_messages(
    formula: Formula, table: Table, values: Mapping[str, Value], groups: Sequence[GroupDesign]
) -> tuple[str, ...]:
    """What to know or decide about the groups and the variables of a model, in the rows that are used.

    Parameters
    ----------
    formula : Formula
        The formula.
    table : Table
        The columns.
    values : mapping of str to Numeric, Columns or Factor
        The value of each expression of the population and group-level columns, by its text.
    groups : sequence of GroupDesign
        The group terms.

    Returns
    -------
    tuple of str
        Groups of one row; declared groups without rows; grouping factors whose labels start again in every
        group of another; numbers that look like codes and labels that look like numbers; variables that are
        constant in nearly all groups, but not in all.
    """
    groupings = _groupings(groups)
    used = {name.name: values[str(name)] for name in _predictors(formula)}
    found = [
        *(text for grouping in groupings.values() for text in _small(grouping)),
        *(text for name in _grouping_columns(formula) for text in _absent(table.columns[name])),
        *_relations(formula, groupings),
        *(text for name, value in used.items() for text in _looks(table.columns[name], value)),
        *(text for name, value in used.items() for text in _exceptions(name, value, groupings)),
    ]
    return tuple(dict.fromkeys(found))


def _groupings(groups: Sequence[GroupDesign]) -> dict[str, Grouping]:
    """Each grouping factor once; the parts of one that is split by another column are apart."""
    names = [group.factor if (group.codes >= 0).all() else group.name for group in groups]
    return {
        name: Grouping(name, group.codes, group.levels) for name, group in zip(names, groups, strict=True)
    }


def _predictors(formula: Formula) -> Iterator[Name]:
    """The columns that are terms, or parts of interactions, as they are."""
    terms = (*formula.population, *(term for group in formula.groups for term in group.terms))
    return (factor for term in terms for factor in term.factors if isinstance(factor, Name))


def _grouping_columns(formula: Formula) -> Iterator[str]:
    return (e.name for group in formula.groups for e in group.factor if isinstance(e, Name))


def _small(grouping: Grouping) -> Iterator[str]:
    n_single, n = int((grouping.sizes == 1).sum()), len(grouping.labels)
    if 0 < n_single < n:
        has, they = ("has", "it says") if n_single == 1 else ("have", "they say")
        yield (
            f"{grouping.name}: {n_single:,} of the {n:,} groups {has} one row; {they} nothing about "
            "variation within groups, and shrinkage to the average is strong there"
        )


def _absent(column: RawColumn) -> Iterator[str]:
    if column.order is None:
        return
    observed = set(to_factor(column).levels)
    absent = [level for level in dict.fromkeys(column.order) if level not in observed]
    if absent:
        yield f"{column.name}: no row used has {quoted(absent)}; left out of the model"


def _relations(formula: Formula, groupings: Mapping[str, Grouping]) -> Iterator[str]:
    """What to decide about two grouping factors, unless the formula has their crossing too."""
    crossings = [{expression_name(e) for e in group.factor} for group in formula.groups]
    single = [name for names in crossings if len(names) == 1 for name in names if name in groupings]
    for a, b in combinations(dict.fromkeys(single), 2):
        if not any({a, b} <= names for names in crossings):
            yield from relation_messages(relate(groupings[a], groupings[b]))


def _looks(column: RawColumn, value: Value) -> Iterator[str]:
    if isinstance(value, Numeric) and column.kind == NUMBER and _few_whole_numbers(value):
        n = np.unique(value.values).size
        yield (
            f"{column.name}: {n} different whole numbers, used as a number. If they are codes of categories, "
            f"write factor({column.name})"
        )
    numbers = as_numbers(value.levels) if isinstance(value, Factor) and column.kind in _LABELLED else None
    if numbers is not None:
        yield (
            f"{column.name}: the {numbers.size:,} labels are all numbers, but used as categories. Convert "
            "the column to numbers if it measures something"
        )


def _few_whole_numbers(value: Numeric) -> bool:
    if np.unique(value.values[:_FIRST_ROWS]).size >= FEW_CODES.stop:
        return False
    distinct = np.unique(value.values)
    few = distinct.size in FEW_CODES and value.values.size >= 4 * distinct.size
    return few and bool(np.all(np.mod(distinct, 1) == 0))


def _exceptions(name: str, value: Value, groupings: Mapping[str, Grouping]) -> Iterator[str]:
    """Variables that describe groups but for a few of them."""
    if isinstance(value, Numeric):
        variable = Variable(name, NUMBER, np.zeros(value.values.size, np.int64), value.values, value.values)
    elif isinstance(value, Factor):
        variable = Variable(name, TEXT, value.codes.astype(np.int64), np.asarray(value.levels))
    else:
        return
    for grouping in groupings.values():
        text = None if grouping.is_rows else nearly_constant(name, vary(variable, grouping))
        if text is not None:
            yield text
