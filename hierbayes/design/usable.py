"""Values that no model can use: numbers out of range, and labels that no file can hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.errors import DataError

LARGEST = 1e50
"""Of a number in absolute value: the square of a product of three is still a number in double precision."""

_FINITE = "Numbers between 1e-50 and 1e50 in size can be used"


def out_of_range(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where finite numbers are too large, shape (n,)."""
    return np.isfinite(values) & (np.abs(values) > LARGEST)


def check_range(name: str, values: NDArray[Any]) -> None:
    """Refuse a column whose numbers overflow or vanish when they are squared; infinite ones are left alone.

    Raises
    ------
    DataError
        The message gives the number that is farthest off.
    """
    if values.dtype.kind != "f" or not values.size:
        return
    sizes = np.abs(values[np.isfinite(values)])
    largest = float(sizes.max(initial=0.0))
    if largest > LARGEST:
        raise too_large(name, f"{largest:.3g}")
    if 0.0 < largest < 1 / LARGEST:
        raise DataError(
            f"Column {name!r} has no number larger than {largest:.3g} in size. {_FINITE}: "
            "multiply the column by a constant (give it a smaller unit)."
        )


def too_large(name: str, value: str) -> DataError:
    """The refusal of a column with a number of that size."""
    return DataError(
        f"Column {name!r} has a number of size {value}. {_FINITE}: divide the column by a constant (give it "
        "a larger unit), or take its logarithm."
    )


def check_labels(name: str, labels: Sequence[str]) -> None:
    """Refuse labels with NUL characters, which files and arrays cut off, or with half of a character.

    Raises
    ------
    DataError
        The message shows the label, escaped.
    """
    if (found := _unusable(labels)) is not None:
        raise DataError(
            f"Column {name!r} has the label {found[0]!a}, which holds {found[1]}. "
            "Remove it from the label: the text was probably read with the wrong encoding."
        )


def check_names(names: Sequence[str]) -> None:
    """Refuse names of columns that files would cut off, as ``check_labels`` does.

    Raises
    ------
    DataError
        The message shows the name, escaped.
    """
    if (found := _unusable(names)) is not None:
        raise DataError(
            f"A column is called {found[0]!a}, which holds {found[1]}. Rename the column: its name was "
            "probably read with the wrong encoding."
        )


def _unusable(texts: Sequence[str]) -> tuple[str, str] | None:
    """The first text with such a character, and the character in words."""
    for text in texts:
        if "\0" in text:
            return text, "a NUL character"
    for text in texts:
        if not _is_unicode(text):
            return text, "half of a surrogate pair, which is no character"
    return None


def _is_unicode(label: str) -> bool:
    try:
        label.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
