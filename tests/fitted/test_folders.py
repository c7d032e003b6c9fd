"""Zarr folders that claim what no fit has are refused before anything of them is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin import random_fit

import hierbayes as hb
from hierbayes.errors import StorageError
from hierbayes.fitted import folders

SIGMA = "posterior/sigma"


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    rng = np.random.default_rng(3)
    model = hb.Model("y ~ 1 + (1 | g)", {"y": rng.normal(size=20), "g": rng.choice(["a", "b", "c"], 20)})
    return random_fit(model, draws=5, chains=2).save(tmp_path_factory.mktemp("saved") / "fit.zarr")


@pytest.fixture
def copy(saved, tmp_path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "fit.zarr"))


def edit(description: Path, change: Callable[[Any], object]) -> None:
    described = json.loads(description.read_text())
    change(described)
    description.write_text(json.dumps(described))


def chunks(side: int) -> dict[str, Any]:
    return {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, side]}}}


SHARDS = {"name": "sharding_indexed", "configuration": {"chunk_shape": [1, 1]}}
REFUSED = {
    "huge": ({"shape": [2, 10**15], **chunks(10**15)}, "it declares 16,000,000,000,0"),
    "huge chunk": (chunks(10**15), "it declares 16,000,000,000,0"),
    "very many chunks": ({"shape": [2, 10**6], **chunks(1)}, "it declares 1,000,"),
    "width": (
        {"data_type": {"name": "fixed_length_utf32", "configuration": {"length_bytes": 10**12}}},
        "it declares 10,000,000,0",
    ),
    "pickle": ({"codecs": [{"name": "numcodecs.pickle"}]}, "'posterior/sigma' is packed with 'numcodecs.pi"),
    "shards": ({"codecs": [SHARDS]}, "is packed with 'sharding_indexed', which no fit is"),
    "no codecs": ({"codecs": None}, "'posterior/sigma' is not described as those of a fit are"),
    "objects": ({"data_type": "object"}, "is of type 'object', which no entry of a fit is"),
    "transformers": ({"storage_transformers": ["x"]}, "is not described as those of a fit are"),
    "grid": ({"chunk_grid": {"name": "odd", "configuration": {"chunk_shape": [2, 5]}}}, "is not described"),
    "negative": ({"shape": [2, -1]}, "is not described as those of a fit are"),
    "no shape": ({"shape": None}, "is not described as those of a fit are"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("where", ["array", "root"])
def test_arrays_that_no_fit_has(copy, case, where):
    hb.load(copy)
    changes, said = REFUSED[case]
    if where == "array":
        edit(copy / SIGMA / "zarr.json", lambda array: array.update(changes))
    else:
        edit(
            copy / "zarr.json",
            lambda root: root["consolidated_metadata"]["metadata"][SIGMA].update(changes),
        )
    with pytest.raises(StorageError, match=said):
        hb.load(copy)


@pytest.mark.parametrize("keys", [["posterior/a/a/a/a/a/a"], [f"posterior/a{k}" for k in range(10_001)]])
def test_groups_without_end(copy, keys):
    group = {"node_type": "group", "zarr_format": 3, "attributes": {}}
    edit(
        copy / "zarr.json",
        lambda root: root["consolidated_metadata"]["metadata"].update(dict.fromkeys(keys, group)),
    )
    with pytest.raises(StorageError, match="more groups within groups, or more entries, than a fit"):
        hb.load(copy)


@pytest.mark.parametrize("key", ["../fit.zarr/posterior/x", "/etc", "posterior//x", "posterior/./x", ".", ""])
def test_keys_that_lead_out(copy, key):
    def change(root: Any) -> None:
        metadata = root["consolidated_metadata"]["metadata"]
        metadata[key] = metadata[SIGMA]

    edit(copy / "zarr.json", change)
    with pytest.raises(StorageError, match=f"its entry '{key}' leads to another place"):
        hb.load(copy)


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ([], "is not described as"),
        ({"metadata": []}, "is not described as"),
        ({"metadata": {"a": 1}}, "'a' is not described"),
        ({"metadata": {"a": {"node_type": "group", "consolidated_metadata": 1}}}, "'a' is not described"),
    ],
)
def test_descriptions_of_what_is_within(copy, inner, said):
    edit(copy / "zarr.json", lambda root: root.update(consolidated_metadata=inner))
    with pytest.raises(StorageError, match=said):
        hb.load(copy)


@pytest.mark.parametrize("text", ["", "[" * 100_000, "\xff", '{"a": '])
def test_descriptions_that_are_none(copy, text):
    (copy / SIGMA / "zarr.json").write_text(text, encoding="latin-1")
    with pytest.raises(StorageError, match=r"its entry 'posterior/sigma/zarr.json' is no JSON"):
        hb.load(copy)


def test_descriptions_that_are_long(copy, monkeypatch):
    monkeypatch.setattr(folders, "LARGEST", 500)
    with pytest.raises(StorageError, match=r"its entry '.*zarr.json' has [\d,]+ bytes"):
        hb.load(copy)


def test_chunks_that_unpack_to_more_than_they_should(copy):
    chunk = copy / SIGMA / "c" / "0" / "0"
    size = (2**40).to_bytes(8, "little")
    chunk.write_bytes(b"\x28\xb5\x2f\xfd\xe0" + size + chunk.read_bytes())
    with pytest.raises(StorageError, match="it declares 1,099,511,6"):
        hb.load(copy)
    chunk.write_bytes(b"\x28\xb5\x2f\xfd\x00" + chunk.read_bytes())
    with pytest.raises(StorageError, match="'posterior/sigma/c/0/0' does not say how much is packed in it"):
        hb.load(copy)


@pytest.mark.parametrize("n", [1, 200, 300, 70_000])
def test_what_a_chunk_unpacks_to(n, tmp_path):
    from numcodecs import Zstd

    (tmp_path / "chunk").write_bytes(Zstd().encode(bytes(n)))
    assert folders._unpacked(tmp_path / "chunk", "chunk") == n
    (tmp_path / "chunk").write_bytes(bytes(n))
    assert folders._unpacked(tmp_path / "chunk", "chunk") == n


def test_zarr_2_in_one_file(copy):
    (copy / ".zmetadata").write_text("{}")
    with pytest.raises(StorageError, match=r"'.zmetadata' is of Zarr 2, in which no fit is saved"):
        hb.load(copy)


def test_a_missing_chunk_is_told(copy):
    (copy / SIGMA / "c" / "0" / "0").unlink()
    with pytest.raises(StorageError, match="its content has changed since it was saved"):
        hb.load(copy)
