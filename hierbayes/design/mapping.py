"""A mapping of columns as a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hierbayes.errors import DataError


def frame_of_mapping(data: Mapping[str, Any]) -> pd.DataFrame:
    """The columns side by side.

    Raises
    ------
    DataError
        They differ in length, or one of them is no column; the message names it.
    """
    lengths = {str(name): len(column) for name, column in data.items() if _has_length(column)}
    if len(set(lengths.values())) > 1:
        given = ", ".join(f"{name} ({n:,})" for name, n in lengths.items())
        raise DataError(f"The columns of data differ in length: {given}. Give one value for each row.")
    try:
        return pd.DataFrame(dict(data))
    except OverflowError:  # pandas before 3.1 makes floats of integers that are too large for them
        return pd.DataFrame({name: _as_it_is(column) for name, column in data.items()})
    except (TypeError, ValueError) as error:
        raise _refusal(data, error) from error


def _as_it_is(column: Any) -> Any:
    try:
        return pd.Series(column)
    except OverflowError:
        return pd.Series(column, dtype=object)


def _has_length(column: Any) -> bool:
    return hasattr(column, "__len__") and getattr(column, "ndim", 1) > 0


def _refusal(data: Mapping[str, Any], error: Exception) -> DataError:
    for name, column in data.items():
        try:
            pd.Series(column)
        except UnicodeEncodeError as odd:
            return DataError(
                f"Column {name!r} holds text with half of a surrogate pair ({odd.object[odd.start]!a}), "
                "which is no character. Remove it: the text was probably read with the wrong encoding."
            )
        except (TypeError, ValueError):
            return _no_column(name, column)
    single = next((name for name, column in data.items() if not _has_length(column)), None)
    if single is not None:
        return _no_column(single, data[single])
    return DataError(f"The columns of data make no frame: {error}. Give a list or an array for each column.")


def _no_column(name: str, column: Any) -> DataError:
    return DataError(
        f"Column {name!r} is of type {type(column).__name__}, which is no column. "
        "Give a list or a one-dimensional array, with one value for each row."
    )
