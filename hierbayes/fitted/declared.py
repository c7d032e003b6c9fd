"""What a saved file declares, looked at before its content is read: a fit stands in one place, as a tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hierbayes.errors import StorageError
from hierbayes.fitted.seal import check_heaps, check_seal

LITTLE = 2**30
"""Bytes that any file may declare."""

RATIO = 1_000
"""Declared bytes for each byte on disk: draws, which fill large files, are not compressed that far."""

DEEPEST, MOST = 5, 10_000
"""Groups within groups, and entries, of any file: a fit has four groups, all in the root."""


def check_file(path: Path) -> None:
    """Refuse an HDF5 file that has changed, with links, numbers from elsewhere, or of an impossible size.

    Raises
    ------
    StorageError
        The message is a part of a sentence, and names the entry.
    """
    import h5py

    check_seal(path)
    check_heaps(path)
    with h5py.File(path, "r") as file:
        if file.id.get_create_plist().get_sizes() != (8, 8):
            raise StorageError("its addresses have another width than 64 bits")
        # Where h5netcdf cannot read this one, it says so a second time as it is collected.
        file.attrs.get("_nc3_strict")
        declared = _declared(file, set())
    stored = path.stat().st_size
    if declared > max(LITTLE, RATIO * stored):
        raise StorageError(f"it declares {declared:,} bytes of content, and has {stored:,}")


def _declared(group: Any, seen: set[int], depth: int = 0) -> int:
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
        if depth == DEEPEST or len(seen) > MOST:
            raise StorageError("it has more groups within groups, or more entries, than a fit")
        if isinstance(item, h5py.Group):
            total += _declared(item, seen, depth + 1)
        elif isinstance(item, h5py.Dataset):
            if item.is_virtual or item.external:
                raise StorageError(f"the content of its entry {name!r} is in another file")
            total += int(item.size or 0) * item.dtype.itemsize
    return total
