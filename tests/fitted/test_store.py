"""Fits on disk: what comes back is what was saved, and damage is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from plugin import random_fit

import hierbayes as hb
from hierbayes.errors import StorageError
from hierbayes.fitted import fingerprint, store
from hierbayes.formulas.parts import formula


@pytest.fixture(scope="module")
def fit() -> hb.Fit:
    rng = np.random.default_rng(9)
    frame = pd.DataFrame(
        {
            "won": rng.choice(["no", "yes"], 50),
            "x": rng.normal(size=50),
            "kind": pd.Categorical(rng.choice(["b", "a"], 50), ["b", "a"]),
            "g": rng.choice(["é/1", "<b>", "3"], 50),
        }
    )
    return random_fit(hb.Model("won[yes] ~ x + kind + (1 + x | g)", frame, family="bernoulli"), draws=20)


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_round_trip(fit, tmp_path, suffix):
    path = tmp_path / f"fit{suffix}"
    assert fit.save(path) == path
    loaded = hb.load(path)
    for group in ("posterior", "sample_stats", "observed_data", "constant_data"):
        xr.testing.assert_equal(loaded.idata[group].to_dataset(), fit.idata[group].to_dataset())
    assert loaded.spec == fit.spec
    assert loaded.settings == fit.settings
    assert loaded.messages == fit.messages
    assert loaded.partial is False
    assert fingerprint(loaded.design) == fingerprint(fit.design) == fit.settings["fingerprint"]
    assert loaded.design.response == fit.design.response
    assert loaded.design.recipe.to_json() == fit.design.recipe.to_json()
    pd.testing.assert_frame_equal(loaded.coef(), fit.coef())
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name]


@pytest.mark.parametrize(
    ("formulas", "family"),
    [
        (formula("x ~ kind + (1 | g)", sigma="~ kind + offset(z) + (1 + z | g)"), "gaussian"),
        ("kind ~ x + (1 + x | g)", "categorical"),
    ],
)
def test_several_linear_predictors_survive(formulas, family, tmp_path):
    rng = np.random.default_rng(9)
    frame = pd.DataFrame({"x": rng.normal(size=60), "z": rng.normal(size=60)})
    frame["kind"], frame["g"] = rng.choice(["b", "a/c", "d"], 60), rng.choice(["p", "q", "r"], 60)
    fit = random_fit(hb.Model(formulas, frame, family=family), draws=20)
    loaded = hb.load(fit.save(tmp_path / "fit.nc"))
    assert loaded.spec == fit.spec
    assert loaded.design.response == fit.design.response
    assert fingerprint(loaded.design) == fingerprint(fit.design)
    assert loaded.design.recipe == fit.design.recipe
    for one, other in zip(loaded.design.predictors, fit.design.predictors, strict=True):
        np.testing.assert_array_equal(one.X, other.X)
        assert (one.name, one.label, one.terms) == (other.name, other.label, other.terms)
        assert (one.offset is None) == (other.offset is None)
    for table in ("fixef", "ranef", "coef", "varcorr", "summary", "vpc"):
        pd.testing.assert_frame_equal(getattr(loaded, table)(), getattr(fit, table)())
    np.testing.assert_array_equal(loaded.log_likelihood(), fit.log_likelihood())


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_saving_again_replaces(fit, tmp_path, suffix):
    path = tmp_path / f"fit{suffix}"
    fit.save(path)
    fit.save(path)
    assert hb.load(path).spec == fit.spec


def test_a_failed_save_keeps_the_old_file(fit, tmp_path, monkeypatch):
    path = tmp_path / "fit.nc"
    fit.save(path)
    before = path.read_bytes()

    def full_disk(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", full_disk)
    with pytest.raises(StorageError, match=r"could not be saved to .*: No space left on device"):
        fit.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]


@pytest.mark.parametrize("in_memory", [store.IN_MEMORY, 0])
def test_netcdf_is_the_same_whether_made_in_memory_or_not(fit, tmp_path, monkeypatch, in_memory):
    monkeypatch.setattr(store, "IN_MEMORY", in_memory)
    path = fit.save(tmp_path / "fit.nc")
    assert hb.load(path).posterior.equals(fit.posterior)
    assert path.stat().st_size < 1.1 * fit.idata.nbytes + 2_000_000


@pytest.mark.parametrize("in_memory", [store.IN_MEMORY, 0])
@pytest.mark.parametrize("suffix", [".zarr", ".nc"])
def test_a_full_disk_keeps_the_old_fit(fit, tmp_path, suffix, in_memory):
    """HDF5 would end the process: it must not be let near a disk without room."""
    path = fit.save(tmp_path / f"fit{suffix}")
    code = (
        "import resource, sys, hierbayes as hb\n"
        "from hierbayes.fitted import store\n"
        "store.IN_MEMORY = int(sys.argv[2])\n"
        "fit = hb.load(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))\n"
        "try:\n    fit.save(sys.argv[1])\nexcept hb.HierbayesError as error:\n    print(error, flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(in_memory)], capture_output=True, text=True
    )
    assert done.stdout.startswith(f"The fit could not be saved to {path}: "), done.stderr
    assert hb.load(path).spec == fit.spec
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_replaced_stays(fit, tmp_path, monkeypatch):
    path = fit.save(tmp_path / "fit.zarr")
    replace = Path.replace

    def forbidden(self, target):
        if self.name == "fit.zarr" and self.parent != tmp_path:
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", forbidden)
    with pytest.raises(StorageError, match=r"could not be saved to .*: Permission denied\.$"):
        fit.save(path)
    assert hb.load(path).spec == fit.spec
    assert [p.name for p in tmp_path.iterdir()] == ["fit.zarr"]


def test_names_that_are_too_long_for_folders(tmp_path):
    frame = {"y": np.arange(12.0), "g" * 300: np.arange(12) % 3}
    fit = random_fit(hb.Model(f"y ~ 1 + (1 | {'g' * 300})", frame), draws=4, chains=1)
    with pytest.raises(StorageError, match=r"name that is too long for the folders of Zarr. Save it as \.nc"):
        fit.save(tmp_path / "fit.zarr")
    assert not list(tmp_path.iterdir())
    assert hb.load(fit.save(tmp_path / "fit.nc")).spec == fit.spec


def test_wrong_places_and_files(fit, tmp_path):
    with pytest.raises(
        StorageError, match=r"saved as .nc \(netCDF\) or .zarr \(Zarr\); the suffix '.pkl' is neither"
    ):
        fit.save(tmp_path / "fit.pkl")
    with pytest.raises(StorageError, match="There is no file"):
        hb.load(tmp_path / "none.nc")
    with pytest.raises(StorageError, match="could not be saved"):
        fit.save(tmp_path / "nowhere" / "fit.nc")
    (tmp_path / "text.nc").write_text("not netCDF")
    with pytest.raises(StorageError, match="cannot be read as a saved fit"):
        hb.load(tmp_path / "text.nc")
    xr.Dataset({"a": 1}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(StorageError, match="was not written by hierbayes"):
        hb.load(tmp_path / "other.nc")


def test_a_truncated_file_is_told(fit, tmp_path):
    path = tmp_path / "fit.nc"
    fit.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageError):
        hb.load(path)


def test_a_later_format_is_told(fit, tmp_path):
    path = tmp_path / "fit.nc"
    tree = fit.idata.copy()
    header = {"format": 99, "settings": {"versions": {"hierbayes": "7.0"}}}
    tree.attrs["hierbayes"] = json.dumps(header)
    tree.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(StorageError, match=r"saved by a later hierbayes \(7.0\)"):
        hb.load(path)


def test_fits_are_immutable(fit):
    with pytest.raises(AttributeError):
        fit.partial = True
    fit.posterior["b"] = 0
    assert fit.posterior["b"].ndim == 3


def test_one_changed_draw_is_told(fit, tmp_path):
    path = fit.save(tmp_path / "fit.nc")
    tree = xr.load_datatree(path, engine="h5netcdf")
    tree["posterior"]["b"].values[0, 3, 1] += 1e-12
    other = tmp_path / "other.nc"
    tree.to_netcdf(other, engine="h5netcdf")
    with pytest.raises(StorageError) as caught:
        hb.load(other)
    assert str(caught.value) == (
        f"{other} is damaged: its content has changed since it was saved. "
        "Take another copy of the file, or fit the model again."
    )
    del tree.attrs["hierbayes_checksum"]  # as in files of before there was one
    (old := tmp_path / "old.nc").unlink(missing_ok=True)
    tree.to_netcdf(old, engine="h5netcdf")
    assert hb.load(old).spec == fit.spec


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_a_file_that_may_not_be_read_is_not_called_damaged(fit, tmp_path, suffix, monkeypatch):
    path = fit.save(tmp_path / f"fit{suffix}")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(store, "read_tree", refuse)  # root may read whatever its mode is
    with pytest.raises(StorageError) as caught:
        hb.load(path)
    assert str(caught.value) == f"{path} cannot be read: Permission denied. Check who may read it."


def test_texts_that_cannot_be_read_are_damage(fit, tmp_path, monkeypatch):
    """Arrow, which holds texts, raises errors of no common kind where their bytes are none."""
    path = fit.save(tmp_path / "texts.nc")

    def arrow(*_: object) -> None:
        raise Exception("Wrapping failed")

    monkeypatch.setattr(store, "checksum", arrow)
    with pytest.raises(StorageError, match=r"cannot be read as a saved fit: Exception, Wrapping failed"):
        hb.load(path)
