"""Saved fits, damaged: cut short, bits turned, other versions, other contents; as files and as folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import hierbayes as hb
from hierbayes.fitted.store import CHECKSUM
from tests.plugin import random_fit

type Damage = Callable[[bytes, np.random.Generator], bytes]


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(0, len(content)))]


def _turned(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        changed[int(rng.integers(0, len(changed)))] ^= 1 << int(rng.integers(0, 8))
    return bytes(changed)


def _turned_early(content: bytes, rng: np.random.Generator) -> bytes:
    head = min(2048, len(content))
    return _turned(content[:head], rng) + content[head:] if head else content


def _zeroed(content: bytes, rng: np.random.Generator) -> bytes:
    at = int(rng.integers(0, len(content)))
    return content[:at] + bytes(min(512, len(content) - at)) + content[at + 512 :]


def _noise(content: bytes, rng: np.random.Generator) -> bytes:
    return rng.bytes(len(content) % 1000)


DAMAGE: dict[str, Damage] = {
    "cut short": _cut,
    "bits turned": _turned,
    "bits of the head turned": _turned_early,
    "a block of zeros": _zeroed,
    "noise": _noise,
}
"""What happens to bytes on disks and in transfers."""


def saved_fits(folder: Path) -> tuple[Path, Path, xr.DataTree]:
    """A small fit with draws from no sampler, as a file, as a folder and in memory."""
    rng = np.random.default_rng(1)
    frame = {"y": rng.normal(size=40), "x": rng.normal(size=40), "g": rng.choice(["é/1", "<b>", "3"], 40)}
    model = hb.Model("y ~ x + k + (1 + x | g)", {**frame, "k": rng.choice(["a", "b"], 40)})
    fit = random_fit(model, draws=10, chains=2)
    file, zarr = fit.save(folder / "fit.nc"), fit.save(folder / "fit.zarr")
    return file, zarr, xr.load_datatree(file, engine="h5netcdf")


def case(saved: tuple[Path, Path, xr.DataTree], rng: np.random.Generator) -> tuple[Path, str]:
    """A damaged file or folder, or a rewritten file, and what happened to it."""
    file, zarr, tree = saved
    kind = int(rng.integers(0, 3))
    copy = file.parent / ("copy.zarr" if kind == 1 else "copy.nc")
    if kind == 2:
        return copy, f"rewritten: {rewrite(tree, copy, rng)}"
    return copy, damage(zarr if kind == 1 else file, copy, rng)


def damage(saved: Path, copy: Path, rng: np.random.Generator) -> str:
    """Copy a saved fit and damage the copy; says how."""
    if copy.is_dir():
        shutil.rmtree(copy)
    copy.unlink(missing_ok=True)
    kind = str(rng.choice(list(DAMAGE)))
    if saved.is_dir():
        shutil.copytree(saved, copy)
        pieces = sorted(path for path in copy.rglob("*") if path.is_file() and path.stat().st_size)
        piece = pieces[int(rng.integers(0, len(pieces)))]
        if rng.random() < 0.3:
            piece.unlink()
            return f"{piece.name} removed"
        piece.write_bytes(DAMAGE[kind](piece.read_bytes(), rng))
        return f"{piece.name}: {kind}"
    copy.write_bytes(DAMAGE[kind](saved.read_bytes(), rng))
    return kind


HOSTILE = (
    *(None, 0, -1, 2**70, 1e999, "", "x" * 10_000, [], {}, [[]], True, "\ud800", "__import__('os')", "99"),
    *({"versions": None}, ["a"], {"py/object": "os.system"}, "y ~ x + (1 | g)", "[" * 100_000),
)
"""What a header may say instead of the truth."""


def rewrite(tree: xr.DataTree, path: Path, rng: np.random.Generator) -> str:
    """Save a fit's tree with one entry of its header another thing, or a variable gone or changed."""
    changed = tree.copy(deep=True)
    header: Any = json.loads(changed.attrs["hierbayes"])
    said = ""
    if rng.random() < 0.7:
        value = HOSTILE[int(rng.integers(0, len(HOSTILE)))]
        keys = [*header, "whole", *("spec", "recipe", "response", "settings")]
        key = keys[int(rng.integers(0, len(keys)))]
        inner = header.get(key)
        parsed = json.loads(inner) if isinstance(inner, str) else inner
        if isinstance(parsed, dict) and parsed and rng.random() < 0.7:
            part = list(parsed)[int(rng.integers(0, len(parsed)))]
            parsed[part] = value
            header[key] = json.dumps(parsed) if isinstance(inner, str) else parsed
            said = f"{key}.{part} = {str(value)[:40]}"
        elif key == "whole":
            header, said = value, f"header = {str(value)[:40]}"
        else:
            header[key], said = value, f"{key} = {str(value)[:40]}"
        changed.attrs["hierbayes"] = json.dumps(header)
    else:
        group = ("posterior", "sample_stats", "observed_data", "constant_data")[int(rng.integers(0, 4))]
        dataset = changed[group].to_dataset()
        name = str(list(dataset.variables)[int(rng.integers(0, len(dataset.variables)))])
        if rng.random() < 0.5:
            changed[group] = xr.DataTree(dataset.drop_vars(name))
            said = f"{group} without {name}"
        elif rng.random() < 0.5:
            changed[group] = xr.DataTree(dataset.isel({d: slice(0, 1) for d in dataset[name].dims}))
            said = f"{group} with the first of {name}"
        else:
            del changed[group]
            said = f"no {group}"
    del changed.attrs[CHECKSUM]  # who writes hostile files computes it anew
    path.unlink(missing_ok=True)  # HDF5 may still hold the last one, which it could not read
    changed.to_netcdf(path, engine="h5netcdf")
    return said


def read(path: Path) -> hb.Fit:
    """Load a fit and look at it: what loads must be a fit."""
    fit = hb.load(path)
    str(fit), fit.fixef(), fit.ranef(), fit.varcorr()
    return fit
