"""Groups within groups, and groups that cross: the columns that say which row belongs where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.errors import ArgumentTypeError, DataError

type Codes = NDArray[np.int64]

EXAMPLE = "{'school': 10, 'pupil': 50}"


@dataclass
class Structure:
    """Units, and the group of each factor that they belong to.

    Attributes
    ----------
    n : int
        Number of units so far; in the end, of rows.
    codes : dict of str to int64 array, shape (n,)
        The group of each unit, from 0.
    within : int64 array, shape (n,)
        The unit of the level before that each unit belongs to.
    """

    n: int = 1
    codes: dict[str, Codes] = field(default_factory=dict)
    within: Codes = field(default_factory=lambda: np.zeros(1, dtype=np.int64))

    def frame(self) -> pd.DataFrame:
        """The groups as labels ``"1"``, ``"2"``, ..., in this order."""
        columns = {}
        for name, codes in self.codes.items():
            labels = pd.Index([str(k) for k in range(1, int(codes.max()) + 2)])
            columns[name] = pd.Categorical.from_codes(codes, categories=labels)
        return pd.DataFrame(columns)


def build_structure(sizes: object, rng: np.random.Generator) -> Structure:
    """Lay out groups and rows; see ``simulate`` for what sizes mean.

    Raises
    ------
    ArgumentTypeError
        If sizes are no mapping, or a size is no whole number, list or range.
    DataError
        If a size is below 1, or a list has not one for each group.
    """
    if not isinstance(sizes, Mapping) or not sizes:
        raise ArgumentTypeError(
            f"sizes is a mapping of groups to numbers, the last one the rows; {sizes!r} is given. Write "
            f"{EXAMPLE}."
        )
    structure, crossed = Structure(), dict[str, int]()
    for k, (key, size) in enumerate(sizes.items()):
        if not isinstance(key, tuple):
            counts = _counts(str(key), size, structure.n, rng)
            structure, crossed = _nest(structure, str(key), counts, (crossed, rng)), {}
            continue
        if crossed:
            raise DataError(
                f"{tuple(crossed)} and {key} follow each other in sizes. Allowed: one tuple of crossed "
                "factors, then rows. Write all crossed factors in one tuple."
            )
        numbers = _crossed(key, size, structure)
        if k == len(sizes) - 1:
            structure = _grid(structure, numbers)
        else:
            crossed = numbers
    return structure


def _nest(
    structure: Structure, name: str, counts: Codes, crossing: tuple[Mapping[str, int], np.random.Generator]
) -> Structure:
    """The next level; each of its units is given one group of every crossed factor, all equally likely."""
    crossed, rng = crossing
    _check_new(name, {**structure.codes, **crossed})
    within = np.repeat(np.arange(structure.n), counts)
    codes = {factor: values[within] for factor, values in structure.codes.items()}
    n = len(within)
    for factor, number in crossed.items():
        codes[factor] = within * number + rng.integers(number, size=n)
    return Structure(n, {**codes, name: np.arange(n)}, within)


def _crossed(key: tuple[str, ...], size: Any, structure: Structure) -> dict[str, int]:
    """How many groups of each crossed factor there are."""
    if len(set(key)) < 2 or not isinstance(size, tuple | list) or len(size) != len(key):
        raise DataError(
            f"The crossed factors {key} have the sizes {size!r}. Allowed: two factors or more, and a number "
            "for each. Write {('student', 'teacher'): (100, 30), 'row': 3000}, say."
        )
    for name in key:
        _check_new(name, structure.codes)
    none = np.random.default_rng(0)
    return {name: int(_counts(name, n, 1, none)[0]) for name, n in zip(key, size, strict=True)}


def _grid(structure: Structure, numbers: Mapping[str, int]) -> Structure:
    """Every combination of the groups of crossed factors, once."""
    cells = np.indices(tuple(numbers.values())).reshape(len(numbers), -1)
    within = np.repeat(np.arange(structure.n), cells.shape[1])
    codes = {factor: values[within] for factor, values in structure.codes.items()}
    for (name, number), cell in zip(numbers.items(), cells, strict=True):
        codes[name] = within * number + np.tile(cell, structure.n)
    return Structure(len(within), codes, within)


def _check_new(name: str, known: Mapping[str, object]) -> None:
    if name in known:
        raise DataError(f"{name!r} stands twice in sizes. Allowed: each name once. Rename one of them.")


def _counts(name: str, size: Any, parents: int, rng: np.random.Generator) -> Codes:
    """How many of a level each of the units before has, shape (parents,)."""
    allowed = "a whole number, (low, high), or a list with one for each group of the level before"
    if isinstance(size, bool) or not isinstance(size, int | np.integer | list | tuple | np.ndarray):
        raise ArgumentTypeError(
            f"The size of {name!r} is {size!r}. Allowed: {allowed}. Write {EXAMPLE}, say."
        )
    values = np.asarray(size)
    if not np.issubdtype(values.dtype, np.integer):
        raise ArgumentTypeError(
            f"The size of {name!r} is {size!r}. Allowed: {allowed}. Write {EXAMPLE}, say."
        )
    if (values < 1).any():
        raise DataError(
            f"The size of {name!r} is {values.min()}. Allowed: 1 or more. Choose a larger number."
        )
    if values.ndim == 0:
        return np.full(parents, int(values))
    if isinstance(size, tuple):
        if len(size) != 2 or size[0] > size[1]:
            raise DataError(
                f"The size of {name!r} is {size!r}. Allowed: {allowed}. Write (low, high), the lower "
                "one first."
            )
        return rng.integers(size[0], size[1], size=parents, endpoint=True)
    if values.shape != (parents,):
        raise DataError(
            f"The size of {name!r} is a list of {values.size}, but there are {parents} of the level before. "
            "Give one for each of them."
        )
    return values.astype(np.int64)
