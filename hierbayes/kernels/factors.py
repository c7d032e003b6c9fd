"""Grouping factors of a design: group terms whose rows fall into the same groups. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design, GroupDesign

type Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Factor:
    """Group terms whose rows fall into the same groups.

    Attributes
    ----------
    terms : tuple of int
        Their positions among the group terms.
    groups : tuple of GroupDesign
        The terms themselves.
    """

    terms: tuple[int, ...]
    groups: tuple[GroupDesign, ...]

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return self.groups[0].n_groups

    @property
    def q(self) -> int:
        """Number of columns of all terms together."""
        return sum(len(group.terms) for group in self.groups)

    def columns(self) -> Floats:
        """``Z`` of all terms, flat, row by row."""
        if len(self.groups) == 1:
            return np.ascontiguousarray(self.groups[0].Z).reshape(-1)
        return np.column_stack([group.Z for group in self.groups]).reshape(-1)


def factors_of(design: Design) -> tuple[Factor, ...]:
    """The grouping factors of a design: the one with the most effects, then the others, largest first."""
    found: list[list[int]] = []
    for k, group in enumerate(design.groups):
        for terms in found:
            other = design.groups[terms[0]]
            if group.n_groups == other.n_groups and np.array_equal(group.codes, other.codes):
                terms.append(k)
                break
        else:
            found.append([k])
    factors = [Factor(tuple(terms), tuple(design.groups[k] for k in terms)) for terms in found]
    factors.sort(key=lambda factor: -factor.n_groups)
    if factors:
        factors.insert(0, factors.pop(int(np.argmax([factor.n_groups * factor.q for factor in factors]))))
    return tuple(factors)
