"""Files of each format that there has been are read, and say what they said; others are told apart."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import hierbayes as hb
from hierbayes.errors import StorageError
from hierbayes.fitted.store import CHECKSUM, FORMAT

REFERENCE = Path(__file__).parents[1] / "reference"
FILES = sorted(REFERENCE.glob("saved_fit_format_*.nc"))


def test_each_format_has_a_file():
    assert [path.stem for path in FILES] == [f"saved_fit_format_{k + 1}" for k in range(FORMAT)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_says_what_it_said(path):
    figures = json.loads(path.with_suffix(".json").read_text())
    fit = hb.load(path)
    assert (str(fit.spec.formula), fit.spec.family, fit.design.n) == (
        figures["formula"],
        figures["family"],
        figures["rows"],
    )
    assert list(fit.design.response.labels) == figures["labels"]
    assert list(fit.design.groups[0].levels) == figures["levels"]
    assert fit.settings["fingerprint"] == figures["fingerprint"]
    assert set(fit.posterior.data_vars) == set(figures["draws"])
    for name, draws in figures["draws"].items():
        np.testing.assert_array_equal(fit.posterior[name], draws)
    np.testing.assert_array_equal(fit.idata["observed_data"]["y"], figures["y"])
    fixef = fit.fixef()
    assert set(fixef.columns) >= set(figures["fixef"])
    for column, cells in figures["fixef"].items():
        if fixef[column].dtype.kind == "f":
            np.testing.assert_allclose(
                fixef[column].to_list(), list(cells.values()), rtol=1e-9, equal_nan=True
            )
        else:
            assert fixef[column].to_list() == list(cells.values())
    assert fit.log_likelihood().shape[-1] == figures["rows"]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (
            FORMAT + 1,
            r"saved by a later hierbayes \(9.9.9\); .* has format \d+. Install hierbayes 9.9.9 to read",
        ),
        (0, "is damaged: its format is '0', and there are 1 to"),
        (-1, "is damaged: its format is '-1', and there are 1 to .*; hierbayes 9.9.9 has saved it"),
        (None, "is damaged: its format is 'None', and there are"),
        ("1", "1 to 1; hierbayes 9.9.9 has saved it"),
        (True, "is damaged: its format is 'True', and"),
        (1.5, "is damaged: its format is '1.5', and"),
        ([1] * 999, r"is damaged: its format is '\[1, 1"),
    ],
)
def test_other_numbers(number, said, tmp_path):
    path = Path(shutil.copy(FILES[-1], tmp_path / "saved.nc"))
    tree = xr.load_datatree(path, engine="h5netcdf")
    header = json.loads(tree.attrs["hierbayes"])
    header["format"] = number
    header["settings"]["versions"]["hierbayes"] = "9.9.9"
    if number is None:
        del header["format"]
    del tree.attrs[CHECKSUM]
    tree.attrs["hierbayes"] = json.dumps(header)
    other = tmp_path / "other.nc"
    tree.to_netcdf(other, engine="h5netcdf")
    with pytest.raises(StorageError, match=said) as caught:
        hb.load(other)
    assert len(re.sub(re.escape(str(other)), "", str(caught.value))) < 250
