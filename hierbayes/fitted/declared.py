"""What a saved file declares, looked at before its content is read: a fit stands in one place, as a tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hierbayes.errors import StorageError

LITTLE = 2**30
"""Bytes that any file may declare."""

RATIO = 1_000
"""Declared bytes for each byte on disk: draws, which fill large files, are not compressed that far."""


def check_file(path: Path) -> None:
    """Refuse an HDF5 file with links, with numbers from elsewhere, or of a size that it cannot have.

    Raises
    ------
    StorageError
        The message is a part of a sentence, and names the entry.
    """
    import h5py

    with h5py.File(path, "r") as file:
        declared = _declared(file, set())
    stored = path.stat().st_size
    if declared > max(LITTLE, RATIO * stored):
        raise StorageError(f"it declares {declared:,} bytes of content, and has {stored:,}")


def _declared(group: Any, seen: set[int]) -> int:
    """Bytes of the arrays in a group and the groups within it."""
    import h5py

    total = 0
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise StorageError(f"its entry {name!r} is a link to another place")
        item = group[name]
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            raise StorageError(f"its entry {name!r} is in it twice")
        seen.add(address)
        if isinstance(item, h5py.Group):
            total += _declared(item, seen)
        elif isinstance(item, h5py.Dataset):
            if item.is_virtual or item.external:
                raise StorageError(f"the content of its entry {name!r} is in another file")
            total += int(item.size or 0) * item.dtype.itemsize
    return total


def check_folder(path: Path) -> None:
    """Refuse a Zarr folder of another version, with pipes or devices, or with links that lead out of it.

    Zarr 2 has a codec that unpickles, which runs code; Zarr 3, which is what is written, has none.

    Raises
    ------
    StorageError
        The message is a part of a sentence, and names the entry.
    """
    home = path.resolve()
    for piece in path.rglob("*"):
        shown = piece.relative_to(path).as_posix()
        if piece.name in (".zgroup", ".zarray", ".zattrs"):
            raise StorageError(f"its entry {shown!r} is of Zarr 2, in which no fit is saved")
        if piece.is_symlink() and not piece.resolve().is_relative_to(home):
            raise StorageError(f"its entry {shown!r} is a link to another place")
        if not piece.is_file() and not piece.is_dir():
            raise StorageError(f"its entry {shown!r} is no file")
