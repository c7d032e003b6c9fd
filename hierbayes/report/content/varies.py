"""Where the columns of the data vary: within groups, between them, or both; and how groups are arranged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.structure import describe_structure
from hierbayes.formulas.terms import Name
from hierbayes.report.blocks import Block, Blocks, Cell, Column, Paragraph, Table
from hierbayes.report.numerals import MISSING, count, percent
from hierbayes.report.tables import records

if TYPE_CHECKING:
    from hierbayes.fitted import Fit

ROWS = "rows"
CONSTANT = "constant"
ABOUT = (
    "Share between groups: the intraclass correlation of the column itself (analysis-of-variance estimate), "
    "0 % where groups do not differ in it, 100 % where it is one and the same within each group. What is "
    "constant within groups describes groups, and only differences between them can tell its effect."
)
RELATIONS: dict[str, str] = {
    "nested": "Each group of {factor} lies within one group of {other} (nested).",
    "same": "{factor} and {other} split the rows alike.",
    "fully crossed": "Every group of {factor} occurs with every group of {other} (crossed).",
    "partially crossed": (
        "Groups of {factor} and {other} cross in part: {n_cells} of {n_possible} combinations occur."
    ),
}
"""How two grouping factors are arranged, in words."""


def varies(fits: Sequence[Fit]) -> Blocks:
    """A table of where each column varies, and how the grouping factors are arranged.

    Parameters
    ----------
    fits : sequence of Fit
        Models of the same data; those that use other rows than the last one are left out.
    """
    whole = [fit for fit in fits if fit.design.n == fits[-1].design.n]
    columns = {name: values for fit in whole for name, values in fit.design.columns.items()}
    factors = list(dict.fromkeys(group.factor for fit in whole for group in fit.design.all_groups))
    if not factors:
        return ()
    computed = {name: labels for fit in whole for name, labels in _computed(fit).items()}
    structure = describe_structure({name: _numbers(v) for name, v in (columns | computed).items()}, factors)
    blocks: list[Block] = [Paragraph(_arranged(row)) for row in records(structure.relations)]
    if len(structure.variables):
        blocks += [_table(structure, columns, factors), Paragraph(ABOUT, "note")]
    return tuple(blocks)


def _computed(fit: Fit) -> dict[str, NDArray[Any]]:
    """Labels of the rows by factors that are no columns: ``factor(g)``."""
    recipe, found = fit.design.recipe, {}
    formulas = [(recipe.formula, recipe.groups)]
    formulas += [(p.formula or recipe.formula, p.groups) for p in recipe.predictors]
    for formula, recipes in formulas:
        for one in recipes:
            group = fit.design.group(one.name)
            plain = all(isinstance(e, Name) for e in formula.groups[one.position].factor)
            if not plain and group.own.all():
                found[group.factor] = np.asarray(group.levels, dtype=object)[group.codes]
    return found


def _arranged(row: dict[str, Any]) -> str:
    words = {name: count(row[name]) for name in ("n_cells", "n_possible")}
    return RELATIONS[str(row["relation"])].format(factor=row["factor"], other=row["other"], **words)


def _numbers(values: NDArray[Any]) -> NDArray[Any]:
    """A column of two labels as 0 and 1, which has an intraclass correlation; others as they are."""
    if values.dtype.kind in "fiub":
        return values
    labels = np.unique(values)
    return (values == labels[1]).astype(np.float64) if len(labels) == 2 else values


def _table(structure: Any, kinds: Mapping[str, NDArray[Any]], factors: Sequence[str]) -> Table:
    shares = {(row["variable"], row["group"]): float(row["icc"]) for row in records(structure.variation)}
    columns = [Column("Column"), Column("Varies"), Column("Values", "right")]
    columns += [Column(f"Share between groups of {factor}", "right") for factor in factors]
    body = []
    for row in records(structure.variables):
        name, of = row["variable"], str(row["of"])
        kind = "number" if kinds[name].dtype.kind in "fiub" else "category"
        cells = [Cell(str(name), note=kind), Cell(_where(of)), Cell(count(row["n_values"]))]
        for factor in factors:
            share = 1.0 if of == factor else shares.get((name, factor), float("nan"))
            cells.append(Cell(percent(share), share) if share == share else Cell(MISSING))
        body.append(tuple(cells))
    return Table(tuple(columns), tuple(body), "Where the columns vary")


def _where(of: str) -> str:
    return {ROWS: "from row to row", CONSTANT: "not at all"}.get(of, f"between groups of {of} alone")
