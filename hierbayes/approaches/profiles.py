"""One row for each group, at which approaches are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.approaches.designs import Factor
from hierbayes.design.frame import column_names
from hierbayes.design.newrows import new_rows
from hierbayes.design.records import Design
from hierbayes.errors import UnknownNameError
from hierbayes.formulas.terms import Expression, Formula


def profile(design: Design, factor: Factor, stated: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each group: columns of the group at its own value, others the same for all groups.

    Those are at the mean of all rows, or the most frequent value of a factor, unless ``stated``.

    Raises
    ------
    UnknownNameError
        If a stated column is none of the formula.
    """
    codes = factor.codes(design)
    first = np.array([int(np.argmax(codes == j)) for j in range(len(factor.levels))])
    kinds = _factors(design)
    columns: dict[str, Any] = {}
    for name, values in design.columns.items():
        if _of_groups(values, codes, first):
            columns[name] = values[first]
        elif name in kinds or values.dtype.kind not in "fiu":
            columns[name] = [Counter(values.tolist()).most_common(1)[0][0]] * len(first)
        else:
            columns[name] = np.full(len(first), values.mean())
    for name, value in stated.items():
        if name not in columns:
            raise UnknownNameError("column of the formula", name, columns)
        columns[name] = [value] * len(first)
    return pd.DataFrame(columns)


def shared_values(frame: pd.DataFrame, design: Design, factor: Factor) -> dict[str, Any]:
    """The columns of a profile that are the same for all groups, without the response's."""
    codes = factor.codes(design)
    first = np.array([int(np.argmax(codes == j)) for j in range(len(factor.levels))])
    response = {name.name for name in column_names(design.recipe.formula.response.expression)}
    response |= {n.name for call in design.recipe.formula.response.additions for n in column_names(call)}
    return {
        name: frame[name].tolist()[0]
        for name in frame.columns
        if name not in response and not _of_groups(design.columns[name], codes, first)
    }


def rows_at(design: Design, frame: pd.DataFrame) -> Design:
    """A profile as a design; of a binomial response with one trial in each row."""
    found = new_rows(design, frame).design
    ones = None if found.trials is None else np.ones(found.n)
    return replace(found, trials=ones, weights=None, part={})


def slopes(design: Design, factor: Factor) -> tuple[str, ...]:
    """Numeric columns as they are in the data whose slopes vary over the groups."""
    terms = dict.fromkeys(t for group in factor.of(design) for t in group.terms if t != names.INTERCEPT)
    kinds = _factors(design)
    return tuple(
        term
        for term in terms
        if term in design.columns and term not in kinds and design.columns[term].dtype.kind in "fiu"
    )


def _of_groups(values: NDArray[Any], codes: NDArray[np.int64], first: NDArray[np.intp]) -> bool:
    inside = codes >= 0
    return bool((values[inside] == values[first][codes[inside]]).all())


def _factors(design: Design) -> set[str]:
    """Columns that are read as factors."""
    formula: Formula = design.recipe.formula
    expressions: list[Expression] = [e for term in formula.population for e in term.factors]
    expressions += [e for group in formula.groups for term in group.terms for e in term.factors]
    known = [e for e in expressions if str(e) in design.recipe.factors]
    parting = {group.by.name for group in formula.groups if group.by is not None}
    return parting | {name.name for e in known for name in column_names(e)}
