"""Population effects in units of the response: average differences, and pictures of effects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.design.frame import column_names
from hierbayes.errors import HierbayesError
from hierbayes.estimates.predictions.grids import held_values, is_number, levels_of
from hierbayes.fitted.record import once
from hierbayes.report.blocks import Block, Blocks, Cell, Column, Paragraph, Table
from hierbayes.report.content.context import Shown, picture
from hierbayes.report.numerals import MINUS, count, interval, number, places_for
from hierbayes.report.tables import interval_mass, records
from hierbayes.report.words import listed

MOST_PICTURES = 2
POINTS = 40  # along the line of an effect
CATEGORY = "category"
SHARE = "probability"
ALIKE = "between rows that are otherwise alike"
NICE = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Change:
    """What ``fit.comparisons`` says of one column.

    Attributes
    ----------
    column : str
        The column.
    labels : tuple of str
        Each of its contrasts in words.
    frame : DataFrame
        Its table, a row for each contrast, or for each contrast and category.
    """

    column: str
    labels: tuple[str, ...]
    frame: pd.DataFrame

    @property
    def largest(self) -> float:
        """The largest difference, either way."""
        return float(self.frame["mean"].abs().max())


def differences(shown: Shown) -> Blocks:
    """How far the expected response differs between values of each column, on average over the rows."""
    changes, refused = changes_of(shown)
    notes = [Paragraph(text, "note") for text in refused]
    if not changes:
        return tuple(notes)
    return (*_table(shown, changes), *notes, *_pictures(shown, changes))


def changes_of(shown: Shown) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """What each column makes of the response, found once, and why some columns have no answer."""

    def compute() -> tuple[tuple[Change, ...], tuple[str, ...]]:
        changes, refused = [], []
        for column in main_columns(shown):
            values = values_compared(shown, column)
            try:
                frame = shown.brief.comparisons({column: values})
            except HierbayesError as refusal:
                refused.append(f"{column}: {refusal}")
                continue
            changes.append(Change(column, _labels(shown, column, values), frame))
        return tuple(changes), tuple(refused)

    return once(shown.fit, "average differences", compute)


def main_columns(shown: Shown) -> tuple[str, ...]:
    """The columns of the data that the main linear predictor's population terms name."""
    population = shown.fit.design.recipe.formula.population
    named = dict.fromkeys(name.name for t in population for e in t.factors for name in column_names(e))
    predicting = held_values(shown.fit)
    return tuple(name for name in named if name in predicting)


def values_compared(shown: Shown, column: str) -> list[Any]:
    """From the first value to each of the others: the levels of a factor, or two numbers.

    Numbers are a round step apart, about one standard deviation, around the mean; a column of two numbers is
    compared at these.
    """
    levels = levels_of(shown.fit, column)
    if levels is not None:
        return list(levels)
    numbers = shown.fit.design.columns[column].astype(float)
    different = np.unique(numbers)
    if len(different) <= 2:
        return [float(different[0]), float(different[-1])]
    step = round_step(numbers)
    low = step / 2 * round(numbers.mean() / (step / 2) - 1)
    return [low, low + step]


def round_step(numbers: NDArray[np.float64]) -> float:
    """1, 2 or 5 times a power of ten, as near to the standard deviation as one of them is.

    Examples
    --------
    >>> round_step(np.array([-9.0, 9.0])), round_step(np.array([-0.99, 0.99]))
    (10.0, 1.0)
    """
    spread = float(numbers.std())
    power = 10.0 ** math.floor(math.log10(spread))
    step = min((power * nice for nice in NICE), key=lambda value: abs(math.log(value / spread)))
    whole = bool(np.all(numbers == np.round(numbers)))
    return max(1.0, step) if whole else step


def _labels(shown: Shown, column: str, values: list[Any]) -> tuple[str, ...]:
    if not is_number(shown.fit, column):
        return tuple(f"{value} rather than {values[0]}" for value in values[1:])
    low, high = values
    return (f"{high - low:.6g} more, from {low:.6g} to {high:.6g}".replace("-", MINUS),)


def _table(shown: Shown, changes: Sequence[Change]) -> Blocks:
    frame = changes[0].frame
    scale, estimand = str(frame.attrs["scale"]), str(frame.attrs["estimand"])
    is_share = scale.startswith(SHARE)
    several = CATEGORY in frame
    what = f"Difference in {'percentage points' if is_share else f'the {scale}'}"
    columns = [Column("Change"), Column(what, "right"), Column(f"{interval_mass(frame)} interval", "right")]
    columns[1:1] = [Column("Category")] if several else []
    body = [cells for change in changes for cells in _rows(change, 100.0 if is_share else 1.0)]
    draws = shown.brief.posterior.sizes
    text = (
        f"The same effects in units of the response: how far the {scale} is apart between rows that differ "
        "in one column and in nothing else. Every row of the data is taken with each of the two values, and "
        f"the differences are averaged ({estimand}; {count(draws['chain'] * draws['draw'])} draws)."
    )
    caption = f"Average differences in the {scale}"
    return (
        Paragraph(text),
        Table(tuple(columns), tuple(body), caption),
        Paragraph(f"To read the first row: {ALIKE}, {sentence(changes[0], 0)}."),
    )


def _rows(change: Change, factor: float) -> list[tuple[Cell, ...]]:
    rows = records(change.frame)
    per = len(rows) // len(change.labels)
    found = []
    for k, row in enumerate(rows):
        places = places_for(factor * float(row["sd"]))
        mean, low, high = (factor * float(row[name]) for name in ("mean", "lower", "upper"))
        category = (Cell(str(row[CATEGORY])),) if CATEGORY in row else ()
        numbers = (Cell(_signed(mean, places), float(row["mean"])), Cell(interval(low, high, places)))
        found.append((Cell(f"{change.column}: {change.labels[k // per]}"), *category, *numbers))
    return found


def _signed(value: float, places: int | None) -> str:
    text = number(value, places)
    return f"+{text}" if value > 0 and text.strip("0.,") else text


def sentence(change: Change, k: int) -> str:
    """A row of a table of differences in words, without a full stop."""
    row, scale = records(change.frame)[k], str(change.frame.attrs["scale"])
    is_share = scale.startswith(SHARE)
    factor = 100.0 if is_share else 1.0
    mean, low, high = (factor * float(row[name]) for name in ("mean", "lower", "upper"))
    places = places_for(factor * float(row["sd"]))
    of = f"the {scale}" if CATEGORY not in row else f"the probability of {row[CATEGORY]}"
    unit = " percentage points" if is_share else ""
    side, sign = ("higher", 1) if mean >= 0 else ("lower", -1)
    least, most = sorted((sign * low, sign * high))
    ends = f"{interval_mass(change.frame)} interval {interval(least, most, places)}"
    label = change.labels[k // (len(change.frame) // len(change.labels))]
    return f"for {change.column} ({label}), {of} is {number(abs(mean), places)}{unit} {side} ({ends})"


def _pictures(shown: Shown, changes: Sequence[Change]) -> list[Block]:
    """Effects along the columns that make the largest differences, each with what it interacts with."""
    ranked = sorted(changes, key=lambda change: -change.largest)
    blocks: list[Block] = []
    drawn: set[str] = set()
    for change in ranked:
        partner = _partner(shown, change.column)
        both = (change.column, partner) if partner else (change.column,)
        if drawn & set(both) or len(blocks) == MOST_PICTURES:
            continue
        drawn |= set(both)
        along = sorted(both, key=lambda name: not is_number(shown.fit, name))
        words = listed(along)
        blocks.append(
            picture(
                shown.brief,
                "effects",
                f"What the model expects of {shown.fit.design.response.name} along {words}, with intervals.",
                f"What the model expects along {words}; the other columns stay where the picture says.",
                columns=":".join(along),
                points=POINTS,
            )
        )
    left = [change.column for change in changes if change.column not in drawn]
    if left:
        text = f"Pictures are of the largest effects alone; fit.plot.effects({left[0]!r}) draws the others: "
        blocks.append(Paragraph(f"{text}{listed(left)}.", "note"))
    return blocks


def _partner(shown: Shown, column: str) -> str:
    """A column that the first interaction of a column is with; empty without one."""
    for term in shown.fit.design.recipe.formula.population:
        names = [name.name for e in term.factors for name in column_names(e)]
        if len(term.factors) > 1 and column in names:
            return next((name for name in names if name != column), "")
    return ""
