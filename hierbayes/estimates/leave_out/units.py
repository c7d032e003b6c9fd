"""What is left out at a time: rows, or all rows of a group together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import GroupDesign
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.fitted.record import Fit

ROW = "row"
"""The unit of ordinary cross-validation."""


@dataclass(frozen=True, eq=False)
class Units:
    """The units that the rows of a model belong to.

    Attributes
    ----------
    name : str
        The grouping factor or column, ``"school"``.
    codes : int array, shape (n,)
        The unit of each row, an index into ``labels``.
    labels : tuple of str
        Those that have rows.
    """

    name: str
    codes: NDArray[np.intp]
    labels: tuple[str, ...]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Rows of each unit."""
        return np.bincount(self.codes, minlength=len(self.labels))

    @property
    def rows(self) -> list[NDArray[np.intp]]:
        """Positions of the rows of each unit."""
        order = np.argsort(self.codes, kind="stable")
        return np.split(order, np.cumsum(self.sizes)[:-1])


def units_of(fit: Fit, unit: str) -> Units:
    """The units of a fit by the name of a grouping factor, or of a column that its formula uses.

    Raises
    ------
    UnknownNameError
        If the model has neither.
    DataError
        If there is only one unit.
    """
    factors = {name: g for g in reversed(fit.design.all_groups) for name in (g.factor, g.name) if _whole(g)}
    if unit in factors:
        group = factors[unit]
        labels = np.asarray(group.levels, dtype=object)[group.codes]
    elif unit in fit.design.columns:
        labels = fit.design.columns[unit].astype(str).astype(object)
    else:
        known = [*factors, *(c for c in fit.design.columns if c not in factors)]
        raise UnknownNameError(
            "unit", unit, known, "A unit is a grouping factor, or a column that the formula uses."
        )
    found, codes = np.unique(labels, return_inverse=True)
    if unit in factors:  # in the order of the levels, not of the alphabet
        used = [level for level in factors[unit].levels if level in set(found)]
        place = {level: k for k, level in enumerate(used)}
        codes, found = np.array([place[label] for label in found])[codes], np.asarray(used, dtype=object)
    if len(found) < 2:
        raise DataError(f"All rows belong to one {unit}, {found[0]!r}: it cannot be left out.")
    return Units(unit, codes.astype(np.intp), tuple(map(str, found)))


def _whole(group: GroupDesign) -> bool:
    return bool(group.own.all())
