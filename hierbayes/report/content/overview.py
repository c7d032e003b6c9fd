"""Several models side by side: formulas, verdicts and variance partitions, and coefficients in columns."""

from __future__ import annotations

from collections.abc import Sequence

from hierbayes.report.blocks import Blocks, Cell, Column, Table
from hierbayes.report.content.context import Shown
from hierbayes.report.content.results import parameter_label
from hierbayes.report.numerals import MISSING, number, percent, places_for
from hierbayes.report.tables import records

SECTION_ORDER = ("population", "group", "family")


def overview(shown: Sequence[Shown]) -> Blocks:
    """One row per model, then one column per model.

    Parameters
    ----------
    shown : sequence of Shown
        The models, in order.
    """
    return (_models_table(shown), _coefficient_table(shown))


def _models_table(shown: Sequence[Shown]) -> Table:
    columns = (
        Column("Model"),
        Column("Formula"),
        Column("Variance between groups (VPC)"),
        Column("Converged?"),
    )
    rows = tuple(
        (
            Cell(item.name),
            Cell(item.fit.spec.formula, note=item.description),
            _vpc_cell(item),
            Cell("yes" if item.verdict.ok and not item.fit.partial else "no: see its section"),
        )
        for item in shown
    )
    return Table(columns, rows, "The models")


def _vpc_cell(item: Shown) -> Cell:
    if not item.fit.spec.groups:
        return Cell("no groups")
    rows = records(item.vpc)
    if not rows:
        return Cell("not defined")
    text = "; ".join(f"{row['group']}: {percent(row['mean'])}" for row in rows)
    methods = ", ".join(dict.fromkeys(str(row["method"]) for row in rows))
    return Cell(text, note=f"posterior mean; {methods} definition")


def _coefficient_table(shown: Sequence[Shown]) -> Table:
    rows_by_model = {
        item.name: {(row["section"], parameter_label(row)): row for row in records(item.summary)}
        for item in shown
    }
    keys = list(dict.fromkeys(key for rows in rows_by_model.values() for key in rows))
    keys.sort(key=lambda key: SECTION_ORDER.index(key[0]))
    body = []
    for section, label in keys:
        cells = [Cell(label)]
        for rows in rows_by_model.values():
            row = rows.get((section, label))
            if row is None:
                cells.append(Cell(MISSING))
                continue
            places = places_for(float(row["sd"]))
            cells.append(
                Cell(f"{number(row['mean'], places)} ({number(row['sd'], places)})", float(row["mean"]))
            )
        body.append(tuple(cells))
    columns = (Column("Parameter"), *(Column(name, "right") for name in rows_by_model))
    links = " or ".join(dict.fromkeys(item.fit.spec.link for item in shown))
    caption = f"Posterior means, with posterior standard deviations in brackets ({links} link)"
    return Table(columns, tuple(body), caption)
