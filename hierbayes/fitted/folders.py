"""What a Zarr folder declares, looked at before its content is read: arrays of a fit, none of them huge."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, TypeGuard

from hierbayes.errors import StorageError
from hierbayes.fitted.declared import DEEPEST, LITTLE, MOST, RATIO

DESCRIPTION = "zarr.json"

LARGEST = 500_000_000
"""Bytes of a description; a fit of a million levels has some ten million."""

CODECS = ("bytes", "vlen-utf8", "zstd")
"""What fits are packed with: nothing in it runs code, or unpacks to more than it says beforehand."""

TYPES = {
    **{"bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "float32": 4},
    **{"int64": 8, "uint64": 8, "float64": 8, "string": 16},
}
"""Bytes of a value; of a text, of what points to it."""

PIECES = 1_000
"""Chunks that any folder may declare; for each file it may declare ten more."""

Described = Mapping[str, Any]


def check_folder(path: Path) -> None:
    """Refuse a Zarr folder with links, pipes or devices, or whose arrays no fit has, or that are too big.

    Zarr 2 has a codec that unpickles, which runs code, and Zarr 3 can be taught to: none but those that fits
    are packed with are let through.

    Raises
    ------
    StorageError
        The message is a part of a sentence, and names the entry.
    """
    stored = unpacked = files = 0
    found: list[tuple[str, Described]] = []
    for piece in path.rglob("*"):
        shown = piece.relative_to(path).as_posix()
        _check_kind(piece, shown)
        if piece.is_dir():
            continue
        files, stored = files + 1, stored + piece.stat().st_size
        if piece.name == DESCRIPTION:
            found.append((shown.removesuffix(DESCRIPTION).rstrip("/"), _read(piece, shown)))
        else:
            unpacked += _unpacked(piece, shown)
    own = _sum(found, files)
    again = [_sum([*_consolidated(name, described)], files) for name, described in found]
    declared = max(unpacked, own, *again, 0)
    if declared > max(LITTLE, RATIO * stored):
        raise StorageError(f"it declares {declared:,} bytes of content, and has {stored:,}")


def _check_kind(piece: Path, shown: str) -> None:
    if piece.name in (".zgroup", ".zarray", ".zattrs", ".zmetadata"):
        raise StorageError(f"its entry {shown!r} is of Zarr 2, in which no fit is saved")
    if piece.is_symlink():
        raise StorageError(f"its entry {shown!r} is a link to another place")
    if not piece.is_file() and not piece.is_dir():
        raise StorageError(f"its entry {shown!r} is no file")


def _read(piece: Path, shown: str) -> Described:
    if piece.stat().st_size > LARGEST:
        raise StorageError(f"its entry {shown!r} has {piece.stat().st_size:,} bytes")
    try:
        described = json.loads(piece.read_bytes())
    except (ValueError, RecursionError):
        raise StorageError(f"its entry {shown!r} is no JSON") from None
    if not isinstance(described, dict):
        _refuse(shown)
    return described


def _consolidated(name: str, described: Described) -> Iterator[tuple[str, Described]]:
    """The descriptions that a group has of what is in it: these are what xarray reads."""
    inner = described.get("consolidated_metadata")
    if inner is None:
        return
    metadata = inner.get("metadata") if isinstance(inner, dict) else None
    if not isinstance(metadata, dict):
        _refuse(name)
    for key, entry in metadata.items():
        if not _within(key):
            raise StorageError(f"its entry {key!r} leads to another place")
        if not isinstance(entry, dict):
            _refuse(key)
        yield key, entry
        yield from _consolidated(key, entry)


def _within(key: str) -> bool:
    """Whether a key names a place in the folder, and that in the one way there is."""
    return PurePosixPath(key).as_posix() == key and not {"", "/", ".", ".."} & {
        key,
        *PurePosixPath(key).parts,
    }


def _sum(entries: list[tuple[str, Described]], files: int) -> int:
    """Bytes of all arrays."""
    size = pieces = 0
    if len(entries) > MOST or any(name.count("/") > DEEPEST for name, _ in entries):
        raise StorageError("it has more groups within groups, or more entries, than a fit")
    for name, described in entries:
        if described.get("node_type") == "group":
            continue
        entry, chunks = _array(name, described)
        size, pieces = size + entry, pieces + chunks
    if pieces > PIECES + 10 * files:
        raise StorageError(f"it declares {pieces:,} chunks, and has {files:,} files")
    return size


def _array(name: str, described: Described) -> tuple[int, int]:
    """Bytes and number of an array's chunks."""
    shape, grid = described.get("shape"), described.get("chunk_grid")
    chunk = _setting(grid, "chunk_shape")
    if not _lengths(shape, 0) or not _lengths(chunk, 1) or len(shape) != len(chunk):
        _refuse(name)
    for codec in _listed(described.get("codecs"), name):
        if codec not in CODECS:
            raise StorageError(f"its entry {name!r} is packed with {codec[:60]!r}, which no fit is")
    if described.get("storage_transformers") or _named(grid) != "regular":
        _refuse(name)
    chunks = [-(-length // side) for length, side in zip(shape, chunk, strict=True)]
    return math.prod(chunks) * math.prod(chunk) * _width(name, described.get("data_type")), math.prod(chunks)


def _width(name: str, kind: Any) -> int:
    known = _named(kind)
    if known == "fixed_length_utf32" and _lengths([width := _setting(kind, "length_bytes")], 0):
        return int(width)
    if known not in TYPES:
        raise StorageError(f"its entry {name!r} is of type {known[:60]!r}, which no entry of a fit is")
    return TYPES[known]


def _listed(codecs: Any, name: str) -> list[str]:
    if not isinstance(codecs, list):
        _refuse(name)
    return [_named(codec) for codec in codecs]


def _named(extension: Any) -> str:
    """The name of an extension point, which may be the whole of it (Zarr 3, section "Extensions")."""
    return str(extension.get("name") if isinstance(extension, dict) else extension)


def _setting(extension: Any, key: str) -> Any:
    configuration = extension.get("configuration") if isinstance(extension, dict) else None
    return configuration.get(key) if isinstance(configuration, dict) else None


def _lengths(value: Any, least: int) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(
        isinstance(length, int) and not isinstance(length, bool) and length >= least for length in value
    )


def _refuse(name: str) -> NoReturn:
    raise StorageError(f"its entry {name!r} is not described as those of a fit are")


def _unpacked(piece: Path, shown: str) -> int:
    """Bytes of a chunk once it is unpacked, as its head says (RFC 8878, section 3.1.1.1)."""
    with piece.open("rb") as file:
        head = file.read(18)
    if head[:4] != b"\x28\xb5\x2f\xfd" or len(head) < 6:
        return piece.stat().st_size
    flag, single, dictionary = head[4] >> 6, head[4] >> 5 & 1, head[4] & 3
    at = 5 + (1 - single) + (0, 1, 2, 4)[dictionary]
    width = (single, 2, 4, 8)[flag]
    if not width:
        raise StorageError(f"its entry {shown!r} does not say how much is packed in it")
    return int.from_bytes(head[at : at + width], "little") + (256 if flag == 1 else 0)
