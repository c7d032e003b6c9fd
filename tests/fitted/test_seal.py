"""The seal of a netCDF file: damage is seen before HDF5 sees it, and other programs read on."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from plugin import random_fit

import hierbayes as hb
from hierbayes.errors import StorageError
from hierbayes.fitted.seal import check_heaps, check_seal, seal

LENGTH = 52


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    rng = np.random.default_rng(3)
    model = hb.Model("y ~ 1 + (1 | g)", {"y": rng.normal(size=20), "g": rng.choice(["a", "b", "c"], 20)})
    return random_fit(model, draws=5, chains=2).save(tmp_path_factory.mktemp("saved") / "fit.nc").read_bytes()


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "fit.nc"


def test_each_saved_file_has_one(whole, path):
    path.write_bytes(whole)
    assert check_seal(path)
    assert whole[-LENGTH:].startswith(b"\nhierbayes BLAKE2b ")
    xr.load_datatree(path, engine="h5netcdf")


@pytest.mark.parametrize("place", [0, 40, 5_000, -LENGTH - 1])
def test_one_bit(whole, path, place):
    changed = bytearray(whole)
    changed[place] ^= 1
    path.write_bytes(changed)
    with pytest.raises(StorageError, match="its content has changed since it was saved"):
        hb.load(path)


def test_files_without_one_are_read(whole, path):
    path.write_bytes(whole[:-LENGTH])
    assert not check_seal(path)
    before = hb.load(path)
    with h5py.File(path, "a") as file:
        file["posterior"].attrs["note"] = "written by another program"
    assert hb.load(path).posterior.equals(before.posterior)
    path.write_bytes(whole[:-1] + b" ")
    assert hb.load(path).posterior.equals(before.posterior)


def test_other_programs_may_write_into_a_sealed_file(whole, path):
    path.write_bytes(whole)
    with h5py.File(path, "a") as file:
        file["posterior"].attrs["note"] = "written by another program"
    assert not check_seal(path)
    assert hb.load(path).posterior.attrs["note"] == "written by another program"


def texts(content: bytes) -> list[int]:
    """Where the heaps of texts begin."""
    found, at = [], content.find(b"GCOL\x01")
    while at >= 0:
        found.append(at)
        at = content.find(b"GCOL\x01", at + 1)
    return found


@pytest.mark.parametrize("sealed", [False, True])
def test_zeros_among_texts_do_not_hang(whole, path, sealed):
    """HDF5 2.0.0 never comes back from these zeros."""
    content = bytearray(whole[:-LENGTH])
    start = texts(content)[0] + 16
    content[start : start + 512] = bytes(512)
    path.write_bytes(content)
    if sealed:
        seal(path)
    with pytest.raises(StorageError, match="cannot be read as a saved fit: its texts are damaged"):
        hb.load(path)


def test_heaps_that_are_cut_or_whole_pass(whole, path):
    path.write_bytes(whole)
    check_heaps(path)
    path.write_bytes(whole[: texts(whole)[0] + 7])
    check_heaps(path)
    path.write_bytes(b"")
    check_heaps(path)


def test_nothing_is_said_of_files_as_they_are_collected(whole, path, monkeypatch):
    """h5netcdf closes what it could not open, and fails again where nobody can catch it."""
    path.write_bytes(whole[:-LENGTH])
    with h5py.File(path, "a") as file:
        unreadable, space = h5py.h5t.UNIX_D32LE, h5py.h5s.create(h5py.h5s.SCALAR)
        h5py.h5a.create(file.id, b"_nc3_strict", unreadable, space)
    raised = []
    monkeypatch.setattr(sys, "unraisablehook", raised.append)
    with pytest.raises(StorageError, match="cannot be read as a saved fit: TypeError, No NumPy equivalent"):
        hb.load(path)
    gc.collect()
    assert not raised
