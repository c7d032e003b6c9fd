"""The seal of a netCDF file: digits after its end that change with any byte, looked at before HDF5 is.

HDF5 is a library in C that trusts what it reads: a block of zeros where its strings are makes it run for
ever. It does not look beyond the end that a file declares, so that other programs read sealed files as ever;
those that write into one overwrite the seal, and the file counts as one without.
"""

from __future__ import annotations

import hashlib
import mmap
import re
import struct
from pathlib import Path

from hierbayes.errors import StorageError

SEAL = b"\nhierbayes BLAKE2b %s\n"
_LENGTH = len(SEAL % bytes(32))
_PATTERN = re.compile(re.escape(SEAL).replace(rb"%s", rb"([0-9a-f]{32})"))

_HEAP = b"GCOL\x01"
_HEADER, _OBJECT = struct.Struct("<4sB3xQ"), struct.Struct("<HHIQ")


def seal(path: Path) -> None:
    """Add the seal to a file that is whole."""
    digest = _digest(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(SEAL % digest.encode())


def check_seal(path: Path) -> bool:
    """Whether there is a seal; files that were written before there was one, or by others, have none.

    Raises
    ------
    StorageError
        If it is not that of the file. The message is a part of a sentence.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _LENGTH))
        found = _PATTERN.fullmatch(file.read())
    if found is None:
        return False
    if found.group(1).decode() != _digest(path, size - _LENGTH):
        raise StorageError("its content has changed since it was saved")
    return True


def _digest(path: Path, size: int) -> str:
    """Hexadecimal digits of the first ``size`` bytes."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while size and (block := file.read(min(size, 1 << 20))):
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()


def check_heaps(path: Path) -> None:
    """Refuse free space of no size among the strings of an HDF5 file, where HDF5 goes round in circles.

    Raises
    ------
    StorageError
        The message is a part of a sentence.

    References
    ----------
    HDF5 File Format Specification Version 3.0, section III.E "Disk Format: Level 1E - Global Heap".
    """
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.find(_HEAP)
        while start >= 0:
            if not _passable(content, start):
                raise StorageError("its texts are damaged")
            start = content.find(_HEAP, start + 1)


def _passable(content: mmap.mmap, start: int) -> bool:
    """Whether who walks through the objects of a heap arrives at its end."""
    if start + _HEADER.size > len(content):
        return True
    _, _, size = _HEADER.unpack_from(content, start)
    at, end = start + _HEADER.size, start + size
    if end > len(content):  # HDF5 refuses it, if it is a heap at all
        return True
    while at + _OBJECT.size <= end:
        index, _, _, length = _OBJECT.unpack_from(content, at)
        if index == 0 and length == 0:
            return False
        at += length if index == 0 else _OBJECT.size + (length + 7) // 8 * 8
    return True
