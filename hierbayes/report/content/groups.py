"""How groups differ: variance partition, shrinkage, and the intercept and slope of each group."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hierbayes.report.blocks import (
    Block,
    Blocks,
    Cell,
    Column,
    Details,
    Download,
    Figure,
    KeyNumber,
    KeyNumbers,
    Paragraph,
    Table,
)
from hierbayes.report.content.context import Shown, picture
from hierbayes.report.numerals import count, interval, number, percent, places_for
from hierbayes.report.tables import estimate_cells, estimate_columns, interval_mass, number_cell, records
from hierbayes.report.words import scale_words

EXTREMES = 5  # groups at either end of the shrinkage table
LONGEST = 1000  # rows of a table of groups inside the page; the download has them all
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def vpc(shown: Shown) -> Blocks:
    """The share of the variance that lies between groups, and which definition of it this is."""
    frame = shown.vpc
    if frame.empty:
        return (Paragraph(str(frame.attrs.get("definition", ""))),)
    mass = interval_mass(frame)
    items = tuple(
        KeyNumber(
            f"VPC of {row['group']}",
            percent(row["mean"]),
            f"{row['method']} definition; {mass} interval {percent(row['lower'])} to {percent(row['upper'])}",
        )
        for row in records(frame)
    )
    text = (
        "The variance partition coefficient (VPC) is the share of the variation, among rows that the "
        "model's columns treat alike, that lies between groups. At 0 % it would not matter which group a "
        "row belongs to; at 100 % it would be all that matters."
    )
    blocks: list[Block] = [Paragraph(text), KeyNumbers(items)]
    definition = str(frame.attrs.get("definition", ""))
    if definition:
        blocks.append(Paragraph(f"Which VPC this is: {definition}", "note"))
    blocks += _other_definitions(shown)
    alt = "Posterior density of the variance partition coefficient. " + "; ".join(
        f"{row['group']}: mean {percent(row['mean'])}" for row in records(frame)
    )
    caption = f"The height says how plausible each value is. Mean and {mass} interval as above."
    return (*blocks, picture(shown.fit, "vpc", alt, caption))


def _other_definitions(shown: Shown) -> list[Block]:
    """The same share by every definition, where there are several."""
    frame = shown.fit.vpc(method="all")
    if frame["method"].nunique() < 2:
        return []
    columns = (*estimate_columns(frame, "Groups"), Column("Definition"))
    rows = tuple(
        (Cell(str(row["group"])), *estimate_cells(row), Cell(str(row["method"]))) for row in records(frame)
    )
    said = [Paragraph(text, "note") for text in (*frame.attrs.get("notes", ()), *_definitions(frame))]
    return [Details("The share by every definition", (Table(columns, rows, "VPC by definition"), *said))]


def _definitions(frame: pd.DataFrame) -> list[str]:
    given = frame.attrs.get("definition", "")
    return [f"{name}: {text}" for name, text in given.items()] if isinstance(given, dict) else [str(given)]


def shrinkage(shown: Shown) -> Blocks:
    """How strongly each group is pulled to the average: picture, meaning, and the two ends of the list."""
    frame = shown.fit.shrinkage()
    mass = interval_mass(frame)
    text = (
        "A group with few rows says little about itself: its own average may be high or low by chance. The "
        "model therefore moves each group's estimate from what its own rows say towards what the population "
        "says, and the less its own rows tell, the further. The pooling factor measures this: 0 means that "
        "the group stands on its own rows alone, 1 that it is fully replaced by the population."
    )
    caption = (
        "Each arrow is a group: it starts at the estimate from the group's own rows alone (no pooling) and "
        "ends at the model's estimate (partial pooling). Arrows are longest for groups of few rows that lie "
        "far out."
    )
    blocks: list[Block] = [Paragraph(text)]
    for group, part in frame.groupby("group", sort=False):
        alt = f"Arrows from the no-pooling to the partial-pooling estimates of {listed_groups(part)}."
        terms = {str(term): _by_pooling(rows) for term, rows in part.groupby("term", sort=False)}
        first = next(iter(terms))
        blocks.append(Paragraph(_ends_in_words(terms[first])))
        blocks.append(picture(shown.fit, "shrinkage", alt, caption, group=str(group)))
        tables = {term: _ends_table(rows, mass, (str(group), term)) for term, rows in terms.items()}
        blocks.append(tables.pop(first))
        blocks += [Details(f"The same for {term} of {group}", (table,)) for term, table in tables.items()]
    return tuple(blocks)


def coef(shown: Shown) -> Blocks:
    """The intercept and slopes of each group: pictures, the full table, and a file to download."""
    frame = shown.fit.coef()
    mass = interval_mass(frame)
    text = (
        "The intercept and slopes of each group are the population's coefficient plus what is special about "
        "the group. Intervals that overlap widely mean that the data do not tell these groups apart: such a "
        "list is no ranking to act on."
    )
    blocks: list[Block] = [Paragraph(text)]
    for spec in shown.fit.spec.groups:
        blocks += _group_pictures(shown, spec.name, f"{count(spec.n_groups)} groups of {spec.name}", mass)
    summary = f"All {count(len(frame))} estimates"
    if len(frame) > LONGEST:
        summary = f"The first {count(LONGEST)} of {count(len(frame))} estimates (the file has all)"
    scale = scale_words(shown.fit.spec.link, shown.fit.spec.family)
    table = _coef_table(frame.head(LONGEST), mass, scale)
    download = Download("Download all of them (CSV)", _filename(shown.name), "text/csv", csv_bytes(frame))
    return (*blocks, _league(shown), Details(summary, (table,)), download)


def _league(shown: Shown) -> Details:
    """Ranks of the groups with their uncertainty: what a league table leaves out."""
    frame = shown.fit.ranks()
    mass = interval_mass(frame)
    columns = (
        Column("Group"),
        Column("Of"),
        Column("Effect of"),
        Column("n", "right"),
        Column("Median rank", "right"),
        Column(f"{mass} interval of the rank", "right"),
        Column("Among the first", "right"),
        Column("Among the last", "right"),
    )
    rows = tuple(
        (
            Cell(str(row["level"])),
            Cell(str(row["group"])),
            Cell(str(row["term"])),
            Cell(count(row["n"]), float(row["n"])),
            number_cell(row["median"], 0),
            Cell(f"{number(row['lower'], 0)} to {number(row['upper'], 0)}"),
            Cell(percent(row["top"]), float(row["top"])),
            Cell(percent(row["bottom"]), float(row["bottom"])),
        )
        for row in records(frame.head(LONGEST))
    )
    notes = [Paragraph(text, "note") for text in frame.attrs.get("notes", ())]
    table = Table(columns, rows, "Ranks")
    return Details("Ranks of the groups, with how uncertain they are", (table, *notes))


def _group_pictures(shown: Shown, group: str, groups: str, mass: str) -> list[Block]:
    """The groups' effects; and their lines, where the model has a column to draw them along."""
    caterpillar = picture(
        shown.fit,
        "caterpillar",
        f"How far {groups} lie above or below the population's value, sorted, each with its {mass} interval.",
        f"Dots are posterior means, long bars {mass} intervals; zero is the population's value.",
        group=group,
    )
    lines = picture(
        shown.fit,
        "group_lines",
        f"The fitted line of each of {groups}, and the population's line.",
        "One line per group, and the population's line; parallel where only the intercept differs.",
        group=group,
    )
    return [caterpillar, lines] if isinstance(lines, Figure) else [caterpillar]


def listed_groups(frame: pd.DataFrame) -> str:
    """The groups of a frame, counted: ``"65 groups of school"``."""
    counts = frame.groupby("group", sort=False)["level"].nunique()
    return " and ".join(f"{count(n)} groups of {group}" for group, n in counts.items())


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A frame as a CSV file (UTF-8 with a byte order mark) that no spreadsheet takes for formulas.

    Labels that start with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return get an apostrophe in front;
    numbers keep full precision.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([_harmless(str(name)) for name in frame.columns])
    for values in frame.itertuples(index=False, name=None):
        writer.writerow([_harmless(value) if isinstance(value, str) else value for value in values])
    return buffer.getvalue().encode("utf-8-sig")


def _harmless(label: str) -> str:
    return f"'{label}" if label.startswith(_FORMULA_STARTS) else label


def _filename(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name)
    return f"{kept or 'fit'}-groups.csv"


def _by_pooling(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return records(frame.sort_values("pooling_factor", ascending=False, kind="stable"))


def _ends_in_words(rows: Sequence[dict[str, Any]]) -> str:
    most, least = rows[0], rows[-1]
    return (
        f"For the {most['term']} of {most['group']}, the most strongly pulled group is {most['level']} (n = "
        f"{count(most['n'])}, pooling factor {number(most['pooling_factor'], 2)}); the least is "
        f"{least['level']} (n = {count(least['n'])}, pooling factor {number(least['pooling_factor'], 2)})."
    )


def _ends_table(rows: list[dict[str, Any]], mass: str, key: tuple[str, str]) -> Table:
    if len(rows) > 2 * EXTREMES:
        rows = [*rows[:EXTREMES], *rows[-EXTREMES:]]
        caption = f"{key[1]} of {key[0]}: the {EXTREMES} most and the {EXTREMES} least strongly pulled groups"
    else:
        caption = f"{key[1]} of {key[0]}: all groups, the most strongly pulled first"
    places = places_for(float(np.median([float(row["sd"]) for row in rows])))
    columns = (
        Column(key[0]),
        Column("n", "right"),
        Column("Pooling factor", "right"),
        Column("Own rows alone", "right"),
        Column("Model", "right"),
        Column(f"{mass} interval", "right"),
        Column("One for all groups", "right"),
    )
    return Table(columns, tuple(_shrinkage_row(row, places) for row in rows), caption)


def _shrinkage_row(row: dict[str, Any], places: int | None) -> tuple[Cell, ...]:
    own = float(row["no_pooling"])
    note = "" if np.isfinite(own) else ("own rows cannot tell" if np.isnan(own) else "all outcomes alike")
    return (
        Cell(str(row["level"])),
        Cell(count(row["n"]), float(row["n"])),
        number_cell(row["pooling_factor"], 2),
        number_cell(own, places, note),
        number_cell(row["mean"], places),
        Cell(interval(float(row["lower"]), float(row["upper"]), places)),
        number_cell(row["complete_pooling"], places),
    )


def _coef_table(frame: pd.DataFrame, mass: str, scale: str) -> Table:
    several = frame["group"].nunique() > 1
    columns = (
        Column("Group"),
        Column("Coefficient"),
        Column("Estimate", "right"),
        Column(f"{mass} interval", "right"),
        Column("sd", "right"),
    )
    rows = tuple(
        (
            Cell(f"{row['group']} {row['level']}" if several else str(row["level"])),
            Cell(str(row["term"])),
            *estimate_cells(row),
        )
        for row in records(frame)
    )
    caption = f"Population coefficient plus group effect, on the scale of {scale}"
    return Table(columns, rows, caption)
