"""What a fit is made of, on disk before it is sampled: all that is needed to go on without the data frame."""

from __future__ import annotations

import contextlib
import json
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import xarray as xr

from hierbayes.errors import StorageError
from hierbayes.fitted import store
from hierbayes.fitted.assemble import data_tree
from hierbayes.fitted.places import advice, beside
from hierbayes.fitted.record import Fit
from hierbayes.fitted.whole import checksum
from hierbayes.fitted.workplace import workplace

ATTRIBUTE = "hierbayes_unfinished"
"""In the folder's attributes: what the caller wants to find again."""

DRAWS = "draws"
"""The group of the draws."""


@dataclass
class Claim:
    """A folder of an unfinished fit that no other process may write to, until it is let go."""

    folder: Path
    _lock: Any = None

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Claim a folder that exists.

        Raises
        ------
        StorageError
            If another process has it.
        """
        try:
            lock = (folder / "lock").open("a")
        except OSError as error:
            raise StorageError(f"{folder} cannot be written: {error.strerror}.") from error
        # Where there is no fcntl (Windows), nothing keeps two processes apart.
        with contextlib.suppress(ImportError):
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                lock.close()
                raise StorageError(
                    f"Another process is sampling into {folder}. Wait until it is done, or choose another "
                    "place."
                ) from error
        return cls(folder, lock)

    def release(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            self._lock.close()

    def remove(self) -> None:
        """Remove the folder: what was in it is elsewhere, or nothing was."""
        self.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def lay_out(fit: Fit, path: Path, noted: Any) -> Claim:
    """Make the folder of a fit that is about to be sampled.

    Parameters
    ----------
    fit : Fit
        Spec, design and settings; it has no draws.
    path : Path
        Where it will be saved in the end; what is there stays until then.
    noted : JSON value
        Is read back by ``read``.

    Raises
    ------
    StorageError
        If the place cannot be written, or holds draws that nobody has asked for yet.
    """
    folder = beside(path)
    if folder.exists():
        _clear(folder)
    tree = fit.idata.copy()
    header = json.dumps({**store.header_of(fit), "unfinished": True}, ensure_ascii=False)
    note = json.dumps(noted)
    tree.attrs |= {"hierbayes": header, ATTRIBUTE: note, store.CHECKSUM: checksum(tree, header + note)}
    try:
        with workplace(folder.parent) as made:
            half = made / folder.name
            with warnings.catch_warnings():
                # Zarr 3 warns that variable-length strings may be written differently by later versions.
                warnings.simplefilter("ignore")
                tree.to_zarr(half)
            half.replace(folder)
    except OSError as error:
        raise StorageError(f"Draws cannot be streamed to {path}: {error.strerror or error}.") from error
    return Claim.of(folder)


def _clear(folder: Path) -> None:
    """Remove a folder without draws.

    Raises
    ------
    StorageError
        If it has some, or a process is busy with it.
    """
    claim = Claim.of(folder)
    made = counts(folder)
    if any(made):
        claim.release()
        raise StorageError(
            f"{folder} holds draws of a fit that was not finished ({in_words(made)}). {advice(folder)} "
            "Delete the folder to begin anew."
        )
    claim.remove()


def counts(folder: Path) -> list[int]:
    """Draws of each chain; empty where sampling had not begun."""
    file = folder / DRAWS / "made" / "c" / "0"
    return [int(made) for made in np.fromfile(file, dtype="<i8")] if file.exists() else []


def in_words(made: Sequence[int]) -> str:
    """``312, 305 draws per chain``."""
    return f"{', '.join(f'{count:,}' for count in made)} draws per chain"


def without_draws(fit_parts: tuple[Any, Any], settings: dict[str, Any], messages: tuple[str, ...]) -> Fit:
    """Spec and design as a fit that has not been sampled."""
    spec, design = fit_parts
    tree = data_tree(xr.Dataset(), xr.Dataset(), design)
    return Fit(spec, design, tree, settings, messages, partial=True)


def read(path: Path) -> tuple[Fit, Any]:
    """The fit without draws, and what was noted with it.

    Raises
    ------
    StorageError
        If there is none, or it is damaged.
    """
    folder = beside(path)
    if not folder.exists():
        raise StorageError(f"There is no unfinished fit {folder}.")
    try:
        tree = store.read_tree(folder, "zarr")
        header, noted = tree.attrs.pop("hierbayes"), tree.attrs.pop(ATTRIBUTE)
        store.check_format(folder, header)
        if tree.attrs.pop(store.CHECKSUM) != checksum(tree, header + noted):
            raise StorageError("its content has changed since sampling began")
        fit = store.rebuild(tree, json.loads(header))
        return replace(fit, idata=tree), json.loads(noted)
    except store.OtherFormatError:
        raise
    # Of damaged folders zarr, its codecs and xarray raise errors of every kind.
    except Exception as error:
        raise damaged(folder, error) from error


def damaged(folder: Path, error: Exception) -> StorageError:
    """What to tell of a folder that cannot be used."""
    return StorageError(f"{folder} is damaged: {store.line(error)}. Fit the model again.")
