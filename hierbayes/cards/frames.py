"""Data files as frames, with one clear error for each way in which a file can be no table."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hierbayes.cards.records import DATASET, CardData
from hierbayes.errors import DataError, nearest_match

if TYPE_CHECKING:
    import pandas as pd


def card_frame(data: CardData) -> pd.DataFrame:
    """The frame that a card names.

    Raises
    ------
    DataError
        The file cannot be read as a table.
    """
    return read_frame(data.source if data.file is None else data.file)


def read_frame(source: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a .csv, .tsv or .parquet file, or ``"dataset:exam"``.

    Parameters
    ----------
    source : str or path
        A file, or ``dataset:`` and the name of a data set of :func:`hierbayes.list_data`.

    Returns
    -------
    pandas.DataFrame
        At least one row and one column.

    Raises
    ------
    DataError
        The file is missing, a directory, of another kind, empty, not UTF-8, or malformed.
    UnknownNameError
        There is no data set of that name.
    """
    if isinstance(source, str) and source.startswith(DATASET):
        from hierbayes.datasets import load_data

        return load_data(source.removeprefix(DATASET))
    path = Path(source)
    reader = _reader(path)
    try:
        frame = reader(path)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text (byte {error.object[error.start]:#04x}). Save it as UTF-8, "
            "or read it in Python with its encoding and hand the frame to hb.Model."
        ) from None
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}. Check the file and who may read it."
        ) from None
    if frame.empty:
        raise DataError(f"{path} has columns ({', '.join(map(str, frame.columns))}) but no rows. Add data.")
    return frame


def _reader(path: Path) -> Callable[[Path], pd.DataFrame]:
    if path.is_dir():
        raise DataError(f"{path} is a directory. Give one data file: {', '.join(READERS)}.")
    if not path.exists():
        folder = path.parent if path.parent.is_dir() else Path()
        nearest = nearest_match(path.name, [p.name for p in folder.iterdir() if p.suffix.lower() in READERS])
        advice = (
            f" Did you mean {folder / nearest}?"
            if nearest
            else f" Allowed: {', '.join(READERS)} files, or dataset:exam."
        )
        raise DataError(f"There is no file {path}.{advice}")
    if path.suffix.lower() not in READERS:
        raise DataError(
            f"{path} has the ending {path.suffix!r}, which is no kind of data file known here. "
            f"Allowed: {', '.join(READERS)}. Convert it, or hand the frame to hb.Model in Python."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty (0 bytes). The first line must name the columns.")
    return READERS[path.suffix.lower()]


def _read_csv(path: Path) -> pd.DataFrame:
    frame = _read_text(path, ",")
    separators = {";": "semicolons", "\t": "tabs", "|": "bars"}
    found = [words for mark, words in separators.items() if mark in str(frame.columns[0])]
    if len(frame.columns) == 1 and found:
        raise DataError(
            f"{path} has one column called {frame.columns[0]!r}: fields seem to be separated by {found[0]}. "
            "Save it with commas (or tabs, as .tsv), or hand the frame to hb.Model in Python."
        )
    return frame


def _read_tsv(path: Path) -> pd.DataFrame:
    return _read_text(path, "\t")


def _read_text(path: Path, separator: str) -> pd.DataFrame:
    import pandas as pd

    with path.open("rb") as file:
        if b"\0" in file.read(4096):
            raise DataError(
                f"{path} is not a text file: it holds zero bytes. Save the table as .csv, .tsv or .parquet."
            )
    try:
        return pd.read_csv(path, sep=separator, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} has no columns. The first line must name the columns.") from None
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise DataError(
            f"{path} is not a table: {reason}. Every line must have as many fields as the first."
        ) from None


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except ImportError:
        raise DataError(
            f"{path} is a Parquet file, and pyarrow is not installed. Install pyarrow, or save as .csv."
        ) from None
    except ValueError as error:  # pyarrow.lib.ArrowInvalid is one
        raise DataError(f"{path} is not a Parquet file: {error}. Save the table again.") from None


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".parquet": _read_parquet,
}
"""How a data file is read, by its ending."""
