"""Group terms as codes and columns, for the data of a model and for other data; one per level of ``by``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.checks import check_constant
from hierbayes.design.coding import Made, model_matrix
from hierbayes.design.columns import Variable, evaluate_factor
from hierbayes.design.frame import Table
from hierbayes.design.groups import (
    Cell,
    check_groups,
    factor_name,
    group_codes,
    grouping_factors,
    known_codes,
    unique_names,
)
from hierbayes.design.records import Codes, Floats, GroupDesign
from hierbayes.design.values import Factor, quoted
from hierbayes.errors import DataError
from hierbayes.formulas.terms import GroupTerm, Name


@dataclass(frozen=True)
class GroupRecipe:
    """What a model remembers of a group term.

    Attributes
    ----------
    name, factor : str
        Of the term, and of its grouping factor.
    cells : tuple of tuple of str
        The groups that the model knows.
    terms : tuple of str
        Names of the columns.
    position : int
        Which group term of the formula this is, or is a part of.
    by : str or None
        The level of ``by`` whose groups these are, in ``gr(g, by = sector)``.
    """

    name: str
    factor: str
    cells: tuple[Cell, ...]
    terms: tuple[str, ...]
    position: int
    by: str | None = None

    @property
    def levels(self) -> tuple[str, ...]:
        """The groups' labels: ``N:12``."""
        return tuple(names.cell(labels) for labels in self.cells)


@dataclass(frozen=True)
class _Part:
    """The groups of a term that belong together: all of them, or those of one level of ``by``."""

    base: str
    by: str | None
    codes: Codes
    cells: tuple[Cell, ...]


def learn_groups(
    terms: Sequence[GroupTerm], table: Table, variables: Mapping[str, Variable], *, made: Made
) -> tuple[tuple[GroupDesign, ...], tuple[GroupRecipe, ...]]:
    """The group terms of a model, and what it remembers of them.

    ``made`` are the population columns and their names, which group terms of the same columns share.

    Raises
    ------
    DataError
        A factor with one group, a constant column, or a ``by`` that differs within a group.
    """
    parts = [(k, part) for k, term in enumerate(terms) for part in _parts(term, table)]
    found = unique_names([part.base for _, part in parts])
    designs, recipes = [], []
    for (k, part), name in zip(parts, found, strict=True):
        term = terms[k]
        check_groups(part.base, part.cells)
        Z, columns = model_matrix(term.terms, variables, table.n, made=made)
        own = part.codes >= 0
        check_constant(Z if own.all() else Z[own], columns, f" of the group term {name!r}")
        levels, factor = tuple(map(names.cell, part.cells)), factor_name(term)
        designs.append(
            GroupDesign(
                name, factor, part.codes, _only(own, Z), levels, columns, term.correlated, term.shared
            )
        )
        recipes.append(GroupRecipe(name, factor, part.cells, columns, k, part.by))
    return tuple(designs), tuple(recipes)


def _parts(term: GroupTerm, table: Table) -> list[_Part]:
    codes, cells = group_codes(grouping_factors(term, table))
    if term.by is None:
        return [_Part(factor_name(term), None, codes, cells)]
    by = evaluate_factor(term.by, table)
    owner = _level_of_each_group(term, (codes, cells), by)
    parts = []
    for k, label in enumerate(by.levels):
        own = np.flatnonzero(owner == k)
        recode = np.full(len(cells), -1, dtype=np.int32)
        recode[own] = np.arange(own.size, dtype=np.int32)
        inside = recode[codes]
        inside.setflags(write=False)
        base = names.part(factor_name(term), by.name, label)
        parts.append(_Part(base, label, inside, tuple(cells[j] for j in own)))
    return parts


def _level_of_each_group(
    term: GroupTerm, groups: tuple[Codes, tuple[Cell, ...]], by: Factor
) -> NDArray[np.int32]:
    codes, cells = groups
    owner = np.empty(len(cells), dtype=np.int32)
    owner[codes] = by.codes
    differing = np.flatnonzero(owner[codes] != by.codes)
    if differing.size:
        group = int(codes[differing[0]])
        found = [by.levels[k] for k in np.unique(by.codes[codes == group])]
        factor = factor_name(term)
        raise DataError(
            f"The column {by.name!r} of gr({factor}, by = {by.name}) differs within the group "
            f"{names.cell(cells[group])!r}: {quoted(found)}. Each group must belong to one level: correct "
            f"the values, or make every combination a group of its own, ({factor}:{by.name})."
        )
    return owner


def _only(own: NDArray[np.bool_], Z: Floats) -> Floats:
    """The columns, zero in the rows that belong to no group of the term."""
    if own.all():
        return Z
    inside = np.where(own[:, None], Z, 0.0)
    inside.setflags(write=False)
    return inside


def known_groups(
    term: GroupTerm, known: Sequence[GroupRecipe], context: tuple[Table, Mapping[str, Variable], str]
) -> list[tuple[GroupDesign, NDArray[np.str_]]]:
    """The parts of one group term for other data, each with the label of every row's group.

    Parameters
    ----------
    term : GroupTerm
        The term.
    known : sequence of GroupRecipe
        Its parts.
    context : tuple
        The rows, the variables, and ``"error"`` or ``"allow"`` for groups that the model has not seen.

    Raises
    ------
    DataError
        A group, or a level of ``by``, that the model has not seen.
    """
    table, variables, new_levels = context
    groups = group_codes(grouping_factors(term, table))
    names_of_all = list(map(names.cell, groups[1]))
    labels = np.array(names_of_all, dtype=np.str_)[groups[0]]
    Z, columns = model_matrix(term.terms, variables, table.n)
    found = []
    for part in known:
        own = np.ones(table.n, dtype=np.bool_)
        if term.by is not None:
            own = _rows_of(term.by, part, (table, known))
        codes = known_codes(groups, part.cells)
        unknown = np.unique(groups[0][own & (codes < 0)])
        if unknown.size and new_levels == "error":
            raise _unseen(part, [names_of_all[k] for k in unknown])
        codes = np.where(own, codes, np.int32(-1))
        codes.setflags(write=False)
        design = GroupDesign(
            *(part.name, part.factor, codes, _only(own, Z), part.levels, columns, term.correlated),
            term.shared,
        )
        found.append((design, np.where(own, labels, "")))
    return found


def _rows_of(by: Name, part: GroupRecipe, context: tuple[Table, Sequence[GroupRecipe]]) -> NDArray[np.bool_]:
    table, known = context
    factor, levels = evaluate_factor(by, table), [str(other.by) for other in known]
    unseen = next((label for label in factor.levels if label not in levels), None)
    if unseen is not None:
        row = table.row_number(int(np.argmax(factor.labels == unseen)))
        raise DataError(
            f"{factor.name!r} is {unseen!r} in {row}, a level that the model has not seen. "
            f"Known: {quoted(levels)}. Correct the value, or fit a model to data that have it."
        )
    return np.asarray(factor.labels == part.by)


def _unseen(part: GroupRecipe, unknown: Sequence[str]) -> DataError:
    more = f" and {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
    where = part.factor if part.by is None else part.name
    return DataError(
        f"The grouping factor {where!r} has the group {unknown[0]!r}{more}, which the model has not "
        f"seen. Known: {quoted(part.levels)}. "
        "Correct the value, or say new_levels='allow' to treat it as a new group."
    )
