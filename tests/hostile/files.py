"""Saved fits, damaged or with other contents: files, folders, unfinished fits, and report pages."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import xarray as xr

import hierbayes as hb
from hierbayes.fitted.seal import SEAL, seal
from hierbayes.fitted.store import CHECKSUM
from hierbayes.fitted.whole import GROUPS
from tests.plugin import random_fit

from .declared import claim_file, claim_folder
from .leftovers import Leftovers, bring_back, leftovers, repeat, rewrite_page

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


@dataclass(frozen=True)
class Saved:
    """A small fit with draws from no sampler: as a file, as a folder, in memory; and what sampling leaves."""

    file: Path
    folder: Path
    tree: xr.DataTree
    fit: hb.Fit
    left: Leftovers


def saved_fits(folder: Path) -> Saved:
    """Make what is damaged."""
    rng = np.random.default_rng(1)
    frame = {"y": rng.normal(size=40), "x": rng.normal(size=40), "g": rng.choice(["é/1", "<b>", "3"], 40)}
    model = hb.Model("y ~ x + k + (1 + x | g)", {**frame, "k": rng.choice(["a", "b"], 40)})
    fit = random_fit(model, draws=10, chains=2)
    file, zarr = fit.save(folder / "fit.nc"), fit.save(folder / "fit.zarr")
    tree = xr.load_datatree(file, engine="h5netcdf")
    return Saved(file, zarr, tree, fit, leftovers(folder, frame))


def case(saved: Saved, rng: np.random.Generator) -> tuple[str, Callable[[], object]]:
    """What happened to a copy, and how to read it."""
    kind = str(rng.choice(list(KINDS)))
    said, look = KINDS[kind](saved, rng)
    return f"{kind}: {said}", look


type Look = tuple[str, Callable[[], object]]


def _file(saved: Saved, rng: np.random.Generator) -> Look:
    copy = saved.file.with_name("copy.nc")
    return damage(saved.file, copy, rng), lambda: same(saved, copy)


def _without_seal(saved: Saved, rng: np.random.Generator) -> Look:
    """HDF5 sees the damage; half of the files are sealed again, by who wants them to be read."""
    whole = saved.file.with_name("unsealed.nc")
    whole.write_bytes(saved.file.read_bytes()[: -len(SEAL % bytes(32))])
    copy = saved.file.with_name("copy.nc")
    said = damage(whole, copy, rng)
    if rng.random() < 0.5:
        seal(copy)
    return said, lambda: same(saved, copy)


def _folder(saved: Saved, rng: np.random.Generator) -> Look:
    copy = saved.file.with_name("copy.zarr")
    return damage(saved.folder, copy, rng), lambda: same(saved, copy)


def _rewritten(saved: Saved, rng: np.random.Generator) -> Look:
    copy = saved.file.with_name(str(rng.choice(["copy.nc", "copy.zarr"])))
    return rewrite(saved.tree, copy, rng), lambda: read(copy)


def _claimed(saved: Saved, rng: np.random.Generator) -> Look:
    """Files claim with and without the digits that change with their content."""
    checked = rng.random() < 0.5
    if rng.random() < 0.5:
        copy = saved.file.with_name("copy.nc")
        _clear(copy)
        shutil.copy(saved.file, copy)
        with h5py.File(copy, "a") as file:
            if not checked:
                del file.attrs[CHECKSUM]
        said = claim_file(copy, rng)
    else:
        copy = saved.file.with_name("copy.zarr")
        _clear(copy)
        shutil.copytree(saved.folder, copy)
        if not checked:
            root = json.loads((copy / "zarr.json").read_text())
            del root["attributes"][CHECKSUM]
            (copy / "zarr.json").write_text(json.dumps(root))
        said = claim_folder(copy, rng)
    return said, (lambda: same(saved, copy)) if checked else (lambda: read(copy))


def _unfinished(saved: Saved, rng: np.random.Generator) -> Look:
    copy = saved.file.with_name("cut.unfinished.zarr")
    if rng.random() < 0.7:
        said = damage(saved.left.folder, copy, rng)
    else:
        _clear(copy)
        shutil.copytree(saved.left.folder, copy)
        said = claim_folder(copy, rng)
    _clear(copy.with_name("cut.zarr"))
    return said, lambda: bring_back(saved.left, copy)


def _page(saved: Saved, rng: np.random.Generator) -> Look:
    page, copy = saved.left.page, saved.left.page.with_name("copy.html")
    said = damage(page, copy, rng) if rng.random() < 0.4 else rewrite_page(page, copy, rng)
    return said, lambda: repeat(saved.left, copy)


KINDS: dict[str, Callable[[Saved, np.random.Generator], Look]] = {
    "file": _file,
    "file without its seal": _without_seal,
    "folder": _folder,
    "rewritten": _rewritten,
    "claims": _claimed,
    "unfinished": _unfinished,
    "page": _page,
}


def _clear(copy: Path) -> None:
    if copy.is_dir():
        shutil.rmtree(copy)
    copy.unlink(missing_ok=True)  # a new file: HDF5 may still hold the last one, which it could not read


def damage(saved: Path, copy: Path, rng: np.random.Generator) -> str:
    """Copy a saved fit and damage the copy; says how."""
    _clear(copy)
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
    _clear(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        changed.to_netcdf(path, engine="h5netcdf") if path.suffix == ".nc" else changed.to_zarr(path)
    return said


def read(path: Path) -> hb.Fit:
    """Load a fit and look at it: what loads must be a fit."""
    fit = hb.load(path)
    str(fit), fit.fixef(), fit.ranef(), fit.varcorr()
    return fit


def same(saved: Saved, path: Path) -> None:
    """Load a fit: what loads must be what was saved, to the last bit."""
    fit, whole = read(path), saved.fit
    for group in GROUPS:
        one, other = (f.idata[group].to_dataset() for f in (fit, whole))
        xr.testing.assert_equal(one, other)
    pd.testing.assert_frame_equal(fit.fixef(), whole.fixef())
    told = [
        (f.spec, f.settings, f.messages, f.design.recipe.to_json(), f.design.response) for f in (fit, whole)
    ]
    if told[0] != told[1]:
        raise AssertionError("the fit says other things than when it was saved")
