"""The structure of data before any model: nesting and crossing, group sizes, where each variable varies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import combinations
from typing import Any, cast

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from hierbayes.design.frame import read_frame
from hierbayes.design.missing import is_missing
from hierbayes.design.structure_parts import (
    CONSTANT,
    NESTED,
    ROWS,
    UNUSABLE,
    Described,
    Grouping,
    Relation,
    Variable,
    Variation,
    columns_of,
    looks_like,
    read_grouping,
    read_variable,
    relate,
    vary,
)
from hierbayes.design.structure_text import (
    Part,
    group_messages,
    relation_messages,
    structure_parts,
    structure_text,
    variable_messages,
)
from hierbayes.errors import ArgumentTypeError, DataError
from hierbayes.progress import working


@dataclass(frozen=True, eq=False)
class Structure:
    """What `describe_structure` found; ``print(structure)`` shows it as text.

    Attributes
    ----------
    n_rows : int
        Rows of the data.
    groups : DataFrame
        One row per grouping factor: ``group, level, n_groups, min, median, mean, max, n_single`` (sizes in
        rows; ``n_single`` counts groups of one row). ``level`` is 2 for the factor next to the rows, 3 for
        a factor in which that one is nested, and so on; 1 where nearly every row is a group of its own.
    relations : DataFrame
        One row per pair: ``factor, other, relation, n_cells, n_possible, share, n_several, n_other_several``.
        ``"nested"``: each level of ``factor`` lies within one level of ``other``. ``"same"``: both split the
        rows alike. ``"fully crossed"``: all combinations occur; ``"partially crossed"``: the share of them in
        ``share`` does. ``n_several`` counts the levels of ``factor`` that occur in several levels of
        ``other``, ``n_other_several`` the reverse.
    variables : DataFrame
        One row per other column: ``variable, kind, n_values, n_missing, level, of``. ``of`` is the coarsest
        grouping factor within whose groups the variable is constant, else ``"rows"`` (level 1), or
        ``"constant"`` for one value in all rows.
    variation : DataFrame
        One row per variable and grouping factor: ``variable, group, n_groups, n_varying, between, icc``.
        Of ``n_groups`` groups with at least two values, ``n_varying`` hold different ones. ``between`` and
        ``icc`` are NaN unless the variable is a number; ``attrs`` say how they are defined.
    missing : DataFrame
        One row per column that lacks values: ``column, n_missing, share``.
    messages : tuple of str
        What to know or to decide before a model is written.
    """

    n_rows: int
    groups: pd.DataFrame
    relations: pd.DataFrame
    variables: pd.DataFrame
    variation: pd.DataFrame
    missing: pd.DataFrame
    messages: tuple[str, ...]

    def __str__(self) -> str:
        return structure_text(self)

    __repr__ = __str__

    def parts(self) -> list[Part]:
        """What is shown, in text and in notebooks: headings, each with a table of texts or with sentences."""
        return structure_parts(self)

    def _repr_html_(self) -> str:
        # What renders stands to the right: found by name, as for a fit.
        return str(import_module("hierbayes.report.notebook").parts_html(self))


@working("hb.describe_structure")
def describe_structure(data: Any, groups: str | Sequence[str]) -> Structure:
    """Describe how grouping factors and variables are arranged: the first step of a multilevel analysis.

    Parameters
    ----------
    data : frame or mapping of columns
        pandas, polars, pyarrow, anything narwhals understands, or a dict of columns; never changed.
    groups : str or sequence of str
        Columns that may be grouping factors; ``"school:class"`` stands for the combinations of two.

    Returns
    -------
    Structure
        Tables of groups, relations, variables and missing values, and messages; prints as text.

    Raises
    ------
    ColumnNotFoundError
        A grouping factor is not a column; the message has the nearest match.
    DataError
        No rows, no grouping factor, or one of a type that has no levels (dates, lists, ...).
    ArgumentTypeError
        ``data`` is not a frame, or ``groups`` is not text.

    Notes
    -----
    Two factors are compared in the rows where both are there, and a variable in the rows where it and the
    factor are there. With group sizes :math:`n_j`, J groups, N rows and mean squares between and within
    groups, the intraclass correlation is the analysis-of-variance estimate
    ``(MSB - MSW) / (MSB + (n0 - 1) MSW)`` with ``n0 = (N - sum(n_j**2) / N) / (J - 1)``. It can be negative.

    References
    ----------
    Searle, Casella and McCulloch (1992), Variance Components, section 3.6: the estimate for unequal sizes.

    Examples
    --------
    >>> from hierbayes.design.structure import describe_structure
    >>> data = {"school": [1, 1, 1, 2, 2, 2], "class": ["a", "a", "b", "c", "d", "d"],
    ...         "funds": [10, 10, 10, 12, 12, 12], "score": [1.0, 3.0, 2.0, 5.0, 4.0, 6.0]}
    >>> structure = describe_structure(data, ["school", "class"])
    >>> structure.relations.loc[0, ["factor", "relation", "other"]].tolist()
    ['class', 'nested', 'school']
    >>> dict(zip(structure.variables["variable"], structure.variables["of"]))
    {'funds': 'school', 'score': 'rows'}
    """
    frame = read_frame(data)
    asked = _group_names(groups)
    if frame.shape[0] == 0:
        raise DataError("The data have no rows. Give at least two rows.")
    groupings = [read_grouping(name, frame) for name in asked]
    relations = [relate(a, b) for a, b in combinations(groupings, 2)]
    grouping_columns = {part for name in asked for part in columns_of(name, list(map(str, frame.columns)))}
    described = [
        _describe(read_variable(frame, column), groupings, relations)
        for column in frame.columns
        if str(column) not in grouping_columns
    ]
    levels = _level_numbers(groupings, relations)
    return Structure(
        n_rows=frame.shape[0],
        groups=_groups_frame(groupings, levels),
        relations=_relations_frame(relations),
        variables=_variables_frame(described, levels),
        variation=_variation_frame(described),
        missing=_missing_frame(frame),
        messages=(
            *(text for grouping in groupings for text in group_messages(grouping)),
            *(text for relation in relations for text in relation_messages(relation)),
            *(text for variable in described for text in variable_messages(variable)),
        ),
    )


def _describe(variable: Variable, groupings: Sequence[Grouping], relations: Sequence[Relation]) -> Described:
    variation = tuple(vary(variable, grouping) for grouping in groupings)
    return Described(
        name=variable.name,
        kind=variable.kind,
        n_values=len(variable.labels),
        n_missing=int((variable.codes < 0).sum()) if variable.kind != UNUSABLE else 0,
        n_rows=variable.codes.size,
        of=_level_of(
            variable, [v for v, g in zip(variation, groupings, strict=True) if not g.is_rows], relations
        ),
        variation=variation,
        problem=variable.problem,
        looks=looks_like(variable),
    )


def _group_names(groups: str | Sequence[str]) -> tuple[str, ...]:
    asked = (groups,) if isinstance(groups, str) else tuple(groups)
    odd = next((name for name in cast(tuple[object, ...], asked) if not isinstance(name, str)), None)
    if odd is not None:
        raise ArgumentTypeError(
            f"groups names columns, and {odd!r} is of type {type(odd).__name__}. "
            'Give names as text: groups=["school", "class"].'
        )
    if not asked:
        raise DataError('groups is empty. Name the columns that group the rows: groups=["school"].')
    return tuple(dict.fromkeys(asked))


def _level_numbers(groupings: Sequence[Grouping], relations: Sequence[Relation]) -> dict[str, int]:
    inside: dict[str, list[str]] = {grouping.name: [] for grouping in groupings}
    for relation in relations:
        if relation.relation == NESTED and not relation.factor.is_rows:
            inside[relation.other.name].append(relation.factor.name)

    def number(name: str) -> int:
        return 1 + max((number(child) for child in inside[name]), default=1)

    return {g.name: 1 if g.is_rows else number(g.name) for g in groupings}


def _level_of(variable: Variable, variation: Sequence[Variation], relations: Sequence[Relation]) -> str:
    if len(variable.labels) < 2:
        return CONSTANT if len(variable.labels) else UNUSABLE
    steady = [v.group for v in variation if v.is_constant]
    finer = {r.factor.name for r in relations if r.relation == NESTED and r.other.name in steady}
    return next((name for name in steady if name not in finer), ROWS)


def _groups_frame(groupings: Sequence[Grouping], levels: dict[str, int]) -> pd.DataFrame:
    def row(g: Grouping) -> tuple[Any, ...]:
        s = g.sizes
        sizes = int(s.min()), float(np.median(s)), float(s.mean()), int(s.max())
        return g.name, levels[g.name], len(g.labels), *sizes, int((s == 1).sum())

    columns = ["group", "level", "n_groups", "min", "median", "mean", "max", "n_single"]
    return pd.DataFrame(map(row, groupings), columns=columns)


def _relations_frame(relations: Sequence[Relation]) -> pd.DataFrame:
    rows = [
        (
            *(r.factor.name, r.other.name, r.relation, len(r.cells), r.n_possible),
            *(len(r.cells) / max(1, r.n_possible), r.several.size, r.other_several.size),
        )
        for r in relations
    ]
    columns = [
        "factor",
        "other",
        "relation",
        "n_cells",
        "n_possible",
        "share",
        "n_several",
        "n_other_several",
    ]
    return pd.DataFrame(rows, columns=columns)


def _variables_frame(described: Sequence[Described], levels: Mapping[str, int]) -> pd.DataFrame:
    rows = [(v.name, v.kind, v.n_values, v.n_missing, levels.get(v.of, 1), v.of) for v in described]
    return pd.DataFrame(rows, columns=["variable", "kind", "n_values", "n_missing", "level", "of"])


def _variation_frame(described: Sequence[Described]) -> pd.DataFrame:
    rows = [
        (variable.name, v.group, v.n_groups, v.n_varying, v.between, v.icc)
        for variable in described
        for v in variable.variation
    ]
    columns = ["variable", "group", "n_groups", "n_varying", "between", "icc"]
    frame = pd.DataFrame(rows, columns=columns)
    frame.attrs["between"] = "sum of squares between groups / total sum of squares of the variable"
    frame.attrs["icc"] = "intraclass correlation, analysis-of-variance estimate for unequal group sizes"
    return frame


def _missing_frame(frame: nw.DataFrame[Any]) -> pd.DataFrame:
    n = frame.shape[0]
    counts = {str(name): int(is_missing(frame.get_column(name)).sum()) for name in frame.columns}
    rows = [(name, count, count / n) for name, count in counts.items() if count]
    return pd.DataFrame(rows, columns=["column", "n_missing", "share"])
