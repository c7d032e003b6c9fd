"""Some rows of a design."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from hierbayes.design.records import Design, GroupDesign


def take_rows(design: Design, rows: slice | NDArray[Any]) -> Design:
    """The same design with some of its rows; groups and columns stay as they are, also without any row.

    Parameters
    ----------
    design : Design
        Of ``n`` rows.
    rows : slice, or array of bool or int
        Positions among its rows.

    Returns
    -------
    Design
        Views of its arrays where ``rows`` is a slice.
    """

    def some(values: NDArray[Any] | None) -> Any:
        return None if values is None else values[rows]

    def grouped(groups: tuple[GroupDesign, ...]) -> tuple[GroupDesign, ...]:
        return tuple(replace(g, codes=g.codes[rows], Z=g.Z[rows]) for g in groups)

    return replace(
        design,
        y=design.y[rows],
        X=design.X[rows],
        groups=grouped(design.groups),
        offset=some(design.offset),
        weights=some(design.weights),
        trials=some(design.trials),
        part={name: values[rows] for name, values in design.part.items()},
        rows=design.rows[rows],
        columns={name: values[rows] for name, values in design.columns.items()},
        predictors=tuple(
            replace(p, X=p.X[rows], groups=grouped(p.groups), offset=some(p.offset))
            for p in design.predictors
        ),
    )
