"""Frames of estimates as rows of cells; every number keeps its unrounded value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hierbayes.report.blocks import Cell, Column
from hierbayes.report.numerals import MISSING, count, interval, number, places_for

DIAGNOSTICS = (Column("R-hat", "right"), Column("ESS (bulk)", "right"), Column("ESS (tail)", "right"))


def estimate_columns(frame: pd.DataFrame, first: str) -> tuple[Column, ...]:
    """The columns that go with :func:`estimate_cells`; the interval's mass is read from the frame."""
    mass = interval_mass(frame)
    return (
        Column(first),
        Column("Estimate", "right"),
        Column(f"{mass} interval", "right"),
        Column("sd", "right"),
    )


def interval_mass(frame: pd.DataFrame) -> str:
    """The mass of a frame's intervals as the frame says it: ``"95 %"``."""
    words = str(frame.attrs.get("interval", "95 % equal-tailed"))
    return words.removesuffix(" equal-tailed")


def estimate_cells(row: Mapping[str, Any]) -> tuple[Cell, Cell, Cell]:
    """Mean, interval and standard deviation of a row of estimates, to the same decimal place.

    Parameters
    ----------
    row : mapping
        With ``mean``, ``sd``, ``lower`` and ``upper``, on one scale.
    """
    mean, deviation, lower, upper = (float(row[key]) for key in ("mean", "sd", "lower", "upper"))
    places = places_for(deviation)
    return (
        Cell(number(mean, places), mean),
        Cell(interval(lower, upper, places)),
        Cell(number(deviation, places), deviation),
    )


def diagnostic_cells(row: Mapping[str, Any]) -> tuple[Cell, Cell, Cell]:
    """R-hat and the effective sample sizes of a row of ``fit.summary()``."""
    return (
        Cell(number(float(row["r_hat"]), 3), float(row["r_hat"])),
        Cell(count(float(row["ess_bulk"])), float(row["ess_bulk"])),
        Cell(count(float(row["ess_tail"])), float(row["ess_tail"])),
    )


def number_cell(value: float, places: int | None = None, note: str = "") -> Cell:
    """A number as a cell."""
    return Cell(number(float(value), places), float(value), note)


def generic_cell(value: Any) -> Cell:
    """A value of any type as a cell."""
    if isinstance(value, bool | np.bool_):
        return Cell("yes" if value else "no")
    if isinstance(value, int | np.integer):
        return Cell(count(int(value)), float(value))
    if isinstance(value, float | np.floating):
        return Cell(number(float(value)), float(value))
    return Cell(MISSING if value is None else str(value))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
