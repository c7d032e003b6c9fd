"""Which of several models predicts best, and what each step from one to the next is worth."""

from __future__ import annotations

from collections.abc import Sequence

from hierbayes.errors import HierbayesError
from hierbayes.estimates.leave_out.compare import SMALL, Comparison, compare
from hierbayes.report.blocks import Block, Blocks, Bullets, Cell, Column, Paragraph, Table
from hierbayes.report.content.context import Shown
from hierbayes.report.content.short import short
from hierbayes.report.tables import number_cell, records

ABOUT = (
    "Each row of the data is predicted by the other rows: the elpd is the sum of the logarithms of what a "
    "model says of the rows that it has not seen, and larger is better. A difference that is small beside "
    "its standard error, or below 4, says little."
)


def compared(shown: Sequence[Shown]) -> Comparison | str | None:
    """The models compared by leave-one-out; why they cannot be, or None where there is one alone."""
    if len(shown) < 2:
        return None
    try:
        return compare({item.name: item.fit for item in shown}, refits=0)
    except HierbayesError as refusal:
        return str(refusal)


def answer(shown: Sequence[Shown]) -> Blocks:
    """The question answered in a few sentences, by the model that predicts best, else by the last one."""
    found = compared(shown)
    if found is None:
        return short(shown[0])
    last, text = shown[-1], "In short, by model {name}, the last of the models:"
    if not isinstance(found, str):
        best, text = str(found.table["model"].iloc[0]), "In short, by model {name}, which predicts best:"
        last = next(item for item in shown if item.name == best)
        if abs(float(found.table["elpd_diff"].iloc[1])) < SMALL:
            text = "In short, by model {name}, one of those that predict best:"
    return (Paragraph(text.format(name=last.name)), *short(last))


def comparison(shown: Sequence[Shown]) -> Blocks:
    """Differences in elpd with standard errors, and in words what changes from each model to the next.

    Parameters
    ----------
    shown : sequence of Shown
        The models, in order; nothing is said of one alone.
    """
    found = compared(shown)
    if found is None or isinstance(found, str):
        return (Paragraph(found, "note"),) if found else ()
    columns = (
        Column("Model"),
        Column("Difference in elpd", "right"),
        Column("Standard error", "right"),
        Column("elpd", "right"),
        Column("Weight", "right"),
    )
    rows = tuple(
        (
            Cell(str(row["model"])),
            number_cell(row["elpd_diff"], 1),
            number_cell(row["se_diff"], 1),
            number_cell(row["elpd"], 1),
            number_cell(row["weight"], 2),
        )
        for row in records(found.table)
    )
    table = Table(
        columns, rows, "Left-out rows: the best model first, the others by how far they stay behind"
    )
    blocks: list[Block] = [Paragraph(ABOUT), table, Bullets(tuple(map(_step, records(found.steps))))]
    text = (
        "Weight: the share of each model in the mixture of all that predicts best (stacking). Of a model and "
        "one that it is nested in, the simpler one is to be kept where they predict alike."
    )
    return (*blocks, Paragraph(text, "note"), *(Paragraph(note, "note") for note in found.notes))


def _step(row: dict[str, object]) -> str:
    return f"{row['first']} to {row['second']}: {row['changed']}. {row['nested']}. {row['verdict']}."
