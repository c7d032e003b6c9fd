"""Saved fits that claim what no fit has: circles, links, sizes beyond any disk, codecs that run code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

type Claim = Callable[[Any, np.random.Generator], object]


def _group(file: h5py.File, rng: np.random.Generator) -> Any:
    names = ["/", *file]
    return file[names[int(rng.integers(0, len(names)))]]


def _array(file: h5py.File, rng: np.random.Generator) -> Any:
    group = file[list(file)[int(rng.integers(0, len(file)))]]
    arrays = [item for item in group.values() if isinstance(item, h5py.Dataset)]
    return arrays[int(rng.integers(0, len(arrays)))]


def _circle(file: h5py.File, rng: np.random.Generator) -> None:
    _group(file, rng)["again"] = _group(file, rng)


def _twice(file: h5py.File, rng: np.random.Generator) -> None:
    _group(file, rng)["again"] = _array(file, rng)


def _soft(file: h5py.File, rng: np.random.Generator) -> None:
    _group(file, rng)["again"] = h5py.SoftLink(
        str(rng.choice(["/posterior", "/none", ".", "/posterior/soft"]))
    )


def _external(file: h5py.File, rng: np.random.Generator) -> None:
    _group(file, rng)["other"] = h5py.ExternalLink(str(rng.choice(["fit.nc", "/etc/passwd"])), "/posterior")


def _elsewhere(file: h5py.File, rng: np.random.Generator) -> None:
    _group(file, rng).create_dataset("raw", shape=(4,), dtype="u1", external=[("/etc/passwd", 0, 4)])


def _virtual(file: h5py.File, rng: np.random.Generator) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="f8")
    layout[:] = h5py.VirtualSource("fit.nc", "posterior/sigma", shape=(4,))
    _group(file, rng).create_virtual_dataset("virtual", layout)


def _huge(file: h5py.File, rng: np.random.Generator) -> None:
    size = int(10 ** rng.uniform(11, 18))
    _group(file, rng).create_dataset("big", shape=(size,), chunks=(1000,), dtype="f8")


def _typed(file: h5py.File, rng: np.random.Generator) -> None:
    kinds = ["c16", "S3", h5py.ref_dtype, h5py.enum_dtype({"a": 1}), [("a", "f8")], h5py.vlen_dtype("f8")]
    kind = kinds[int(rng.integers(0, len(kinds)))]
    group = _group(file, rng)
    group.create_dataset("odd", shape=(2, 3)[: int(rng.integers(0, 3))], dtype=kind)


def _attribute(file: h5py.File, rng: np.random.Generator) -> None:
    values = ["gregorian", "days since 2000-01-01", "x" * 60_000, 1e999, h5py.Empty("f8"), [1, 2], ""]
    name = str(
        rng.choice(["_FillValue", "units", "calendar", "scale_factor", "add_offset", "dtype", "coordinates"])
    )
    _array(file, rng).attrs[name] = values[int(rng.integers(0, len(values)))]


def _deep(file: h5py.File, rng: np.random.Generator) -> None:
    group = _group(file, rng)
    for _ in range(int(rng.integers(200, 1200))):
        group = group.create_group("deep")


FILES: dict[str, Claim] = {
    "a circle": _circle,
    "an array twice": _twice,
    "a soft link": _soft,
    "a link to another file": _external,
    "numbers of another file": _elsewhere,
    "a virtual array": _virtual,
    "a huge array": _huge,
    "an array of an odd type": _typed,
    "an odd attribute": _attribute,
    "groups in groups": _deep,
}


def claim_file(path: Path, rng: np.random.Generator) -> str:
    """Make a file that is a saved fit claim something; says what."""
    what = str(rng.choice(list(FILES)))
    with h5py.File(path, "a") as file:
        FILES[what](file, rng)
    return what


SHAPES = ([10**15], [2, 10**15], [-1], [], [2.5], None, "x", [2**70], [10**7])
CODECS = (
    *(None, [], [{}], [{"name": "numcodecs.pickle", "configuration": {}}], "pickle", [[]], [None]),
    *([{"name": "bytes"}, {"name": "blosc"}], [{"name": "sharding_indexed"}], [{"name": "os.system"}]),
    *([{"name": "bytes", "configuration": {"endian": "big"}}], [{"name": "vlen-utf8"}], [{"name": "zstd"}]),
)
KINDS = (
    "object",
    "float16",
    None,
    {},
    {"name": "fixed_length_utf32", "configuration": {"length_bytes": 2**60}},
)
FILLS = ("NaN", None, 1e999, [], "x" * 1000, True, -7)
KEYS = ("../x", "/etc/x", "posterior/../../x", "a\0b", "", ".", "posterior/\ud800", "x" * 5000)


def _described(folder: Path, rng: np.random.Generator) -> tuple[Path, Any, Any]:
    """A description, parsed, and a part of it that describes an array: of the root's or the array's own."""
    root = folder / "zarr.json"
    whole = json.loads(root.read_text())
    within = whole["consolidated_metadata"]["metadata"]
    arrays = sorted(name for name, entry in within.items() if entry["node_type"] == "array")
    name = arrays[int(rng.integers(0, len(arrays)))]
    if rng.random() < 0.5:
        return root, whole, within[name]
    own = folder / name / "zarr.json"
    described = json.loads(own.read_text())
    return own, described, described


def _entry(folder: Path, rng: np.random.Generator) -> None:
    path, whole, array = _described(folder, rng)
    choices = {"shape": SHAPES, "codecs": CODECS, "data_type": KINDS, "fill_value": FILLS}
    choices |= {"chunk_key_encoding": ("../", None), "dimension_names": (["..", "/"], None, [1])}
    choices |= {"attributes": ({"coordinates": "x y"}, {"_FillValue": []}, [], {"units": "days since x"})}
    choices |= {
        "node_type": ("group", "x", None),
        "zarr_format": (2, 99, None),
        "storage_transformers": (["x"],),
    }
    key = str(rng.choice([*choices, "chunk_shape"]))
    if key == "chunk_shape":
        array["chunk_grid"]["configuration"][key] = SHAPES[int(rng.integers(0, len(SHAPES)))]
    else:
        values = choices[key]
        array[key] = values[int(rng.integers(0, len(values)))]
    path.write_text(json.dumps(whole))


def _key(folder: Path, rng: np.random.Generator) -> None:
    path, whole, array = _described(folder, rng)
    if "consolidated_metadata" in whole:
        whole["consolidated_metadata"]["metadata"][KEYS[int(rng.integers(0, len(KEYS)))]] = array
    path.write_text(json.dumps(whole))


def _long(folder: Path, rng: np.random.Generator) -> None:
    path, _, _ = _described(folder, rng)
    path.write_text(str(rng.choice(["[" * 100_000, "{}", "[]", "null", "1" * 10_000, '{"a":' * 5000])))


def _piece(folder: Path, rng: np.random.Generator) -> Path:
    pieces = sorted(path for path in folder.rglob("*") if path.is_file())
    return pieces[int(rng.integers(0, len(pieces)))]


def _lead_out(folder: Path, rng: np.random.Generator) -> None:
    piece = _piece(folder, rng)
    piece.unlink()
    piece.symlink_to(str(rng.choice(["/etc/passwd", "/dev/zero", "none", piece.name, ".."])))


def _pipe(folder: Path, rng: np.random.Generator) -> None:
    piece = _piece(folder, rng)
    piece.unlink()
    os.mkfifo(piece)


def _older(folder: Path, rng: np.random.Generator) -> None:
    name = str(rng.choice([".zgroup", ".zarray", ".zattrs", ".zmetadata"]))
    (_piece(folder, rng).parent / name).write_text('{"zarr_format": 2}')


def _bomb(folder: Path, rng: np.random.Generator) -> None:
    chunks = sorted(path for path in folder.rglob("*") if path.is_file() and path.name.isdigit())
    chunk = chunks[int(rng.integers(0, len(chunks)))]
    size = int(2 ** rng.uniform(32, 63)).to_bytes(8, "little")
    chunk.write_bytes(b"\x28\xb5\x2f\xfd\xe0" + size + chunk.read_bytes()[6:])


FOLDERS: dict[str, Claim] = {
    "another entry": _entry,
    "another key": _key,
    "no description": _long,
    "a link": _lead_out,
    "a pipe": _pipe,
    "Zarr 2": _older,
    "a chunk that unpacks": _bomb,
}


def claim_folder(folder: Path, rng: np.random.Generator) -> str:
    """Make a folder that is a saved fit claim something; says what."""
    what = str(rng.choice(list(FOLDERS), p=_WEIGHTS))
    FOLDERS[what](folder, rng)
    return what


_WEIGHTS = np.array([6.0, 1, 1, 1, 1, 1, 1]) / 12
