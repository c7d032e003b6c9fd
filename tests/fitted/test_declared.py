"""Files that lead elsewhere, go in circles, claim to be huge or would run code are refused before reading."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from plugin import random_fit

import hierbayes as hb
from hierbayes.errors import StorageError
from hierbayes.fitted import declared
from hierbayes.fitted.store import CHECKSUM


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    rng = np.random.default_rng(3)
    frame = {"y": rng.normal(size=20), "g": rng.choice(["a", "b", "c"], 20)}
    fit = random_fit(hb.Model("y ~ 1 + (1 | g)", frame), draws=5, chains=2)
    folder = tmp_path_factory.mktemp("saved")
    fit.save(folder / "fit.zarr")
    return fit.save(folder / "fit.nc")


def circle(file: h5py.File) -> None:
    file["posterior"]["again"] = file["posterior"]


def soft_link(file: h5py.File) -> None:
    file["posterior"]["again"] = h5py.SoftLink("/posterior")


def external_link(file: h5py.File) -> None:
    file["posterior"]["other"] = h5py.ExternalLink("other.nc", "/posterior")


def other_file(file: h5py.File) -> None:
    file["posterior"].create_dataset("raw", shape=(4,), dtype="u1", external=[("secret", 0, 4)])


def huge(file: h5py.File) -> None:
    file["posterior"].create_dataset("big", shape=(10**13,), chunks=(1000,), dtype="f8")


def deep(file: h5py.File) -> None:
    group = file["posterior"]
    for _ in range(6):
        group = group.create_group("deep")


def many(file: h5py.File) -> None:
    for k in range(declared.MOST):
        file["posterior"].create_group(str(k))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (deep, "more groups within groups, or more entries, than a fit"),
        (many, "more groups within groups, or more entries, than a fit"),
        (circle, "'again' is in it twice"),
        (soft_link, "'again' is a link to another place"),
        (external_link, "'other' is a link to another place"),
        (other_file, "'raw' is in another file"),
        (huge, "it declares 80,000,0"),
    ],
)
def test_files(saved, tmp_path, damage, said):
    copy = Path(shutil.copy(saved, tmp_path))
    hb.load(copy)
    with h5py.File(copy, "a") as file:
        damage(file)
    with pytest.raises(StorageError, match=said):
        hb.load(copy)


class Touch:
    """Leaves a mark where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_nothing_is_unpickled(tmp_path):
    folder, mark = tmp_path / "fit.zarr", tmp_path / "mark"
    array = folder / "a"
    array.mkdir(parents=True)
    (folder / ".zgroup").write_text('{"zarr_format": 2}')
    (folder / ".zattrs").write_text(json.dumps({"hierbayes": "{}"}))
    kind = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": 0, "order": "C"}
    codecs = {"filters": [{"id": "vlen-utf8"}, {"id": "pickle"}], "compressor": None}
    (array / ".zarray").write_text(json.dumps({**kind, **codecs}))
    (array / ".zattrs").write_text(json.dumps({"_ARRAY_DIMENSIONS": ["d"]}))
    (array / "0").write_bytes(pickle.dumps(Touch(mark)))
    with pytest.raises(StorageError, match="is of Zarr 2, in which no fit is saved"):
        hb.load(folder)
    assert not mark.exists()


def test_folders_that_lead_elsewhere(saved, tmp_path):
    whole = saved.with_suffix(".zarr")
    copy = tmp_path / "fit.zarr"
    shutil.copytree(whole, copy)
    hb.load(copy)
    piece = copy / "posterior" / "sigma" / "zarr.json"
    piece.unlink()
    piece.symlink_to(whole / "posterior" / "sigma" / "zarr.json")
    with pytest.raises(StorageError, match=r"'posterior/sigma/zarr.json' is a link to another place"):
        hb.load(copy)
    piece.unlink()
    os.mkfifo(piece)
    with pytest.raises(StorageError, match=r"'posterior/sigma/zarr.json' is no file"):
        hb.load(copy)


def test_labels_and_draws_that_are_none(saved, tmp_path):
    tree = xr.load_datatree(saved, engine="h5netcdf")
    del tree.attrs[CHECKSUM]
    header = json.loads(tree.attrs["hierbayes"])
    header["response"]["labels"] = {"versions": None}
    odd = tree.copy(deep=True)
    odd.attrs["hierbayes"] = json.dumps(header)
    odd.to_netcdf(tmp_path / "labels.nc", engine="h5netcdf")
    with pytest.raises(StorageError, match="labels of the response are no list of texts"):
        hb.load(tmp_path / "labels.nc")
    tree["posterior"]["sigma"].values[0, 0] = np.nan
    tree.to_netcdf(tmp_path / "draws.nc", engine="h5netcdf")
    with pytest.raises(StorageError, match="draws of sigma are missing"):
        hb.load(tmp_path / "draws.nc")


def formula(tree: xr.DataTree, header: dict[str, Any]) -> None:
    header["spec"] = json.dumps({**json.loads(header["spec"]), "formula": ["a"]})


def label(tree: xr.DataTree, header: dict[str, Any]) -> None:
    header["spec"] = json.dumps({**json.loads(header["spec"]), "label": {"py/object": "os.system"}})


def categories(tree: xr.DataTree, header: dict[str, Any]) -> None:
    header["spec"] = json.dumps({**json.loads(header["spec"]), "categories": "abc"})


def messages(tree: xr.DataTree, header: dict[str, Any]) -> None:
    header["design_messages"] = [[]]


def energy(tree: xr.DataTree, header: dict[str, Any]) -> None:
    del tree["sample_stats"]["energy"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (formula, "The formula, or the name of a linear predictor, is no text"),
        (label, "The formula, or the name of a linear predictor, is no text"),
        (categories, "The draws of cutpoints are missing or of another model"),
        (messages, "does not say how the fit was made"),
        (energy, "does not say which draws diverged, and with what energy"),
    ],
)
def test_headers_of_no_fit(saved, tmp_path, change, said):
    tree = xr.load_datatree(saved, engine="h5netcdf").copy(deep=True)
    del tree.attrs[CHECKSUM]
    header = json.loads(tree.attrs["hierbayes"])
    change(tree, header)
    tree.attrs["hierbayes"] = json.dumps(header)
    tree.to_netcdf(tmp_path / "odd.nc", engine="h5netcdf")
    with pytest.raises(StorageError, match=said):
        hb.load(tmp_path / "odd.nc")
