"""Fits on disk: netCDF or Zarr with JSON attributes, never pickle; written whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.partial import PART
from hierbayes.design.recipe import Recipe
from hierbayes.design.records import Design, GroupDesign, PredictorDesign, ResponseInfo
from hierbayes.errors import StorageError
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import ModelSpec, PredictorSpec

FORMAT = 1
"""Version of the layout on disk, raised when an older hierbayes could not read what is written now."""

ENGINES = {".nc": "h5netcdf", ".zarr": "zarr"}


def save(fit: Fit, path: Path) -> Path:
    """Write a fit to ``path``, atomically.

    Raises
    ------
    StorageError
        If the suffix is not ``.nc`` or ``.zarr``, or the place cannot be written.
    """
    engine = _engine(path)
    tree = fit.idata.copy()
    tree.attrs["hierbayes"] = json.dumps(_header(fit), ensure_ascii=False)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".saving-") as folder:
            half = Path(folder) / f"fit{path.suffix}"
            with warnings.catch_warnings():
                # Zarr 3 warns that variable-length strings may be written differently by later versions.
                warnings.simplefilter("ignore")
                if engine == "zarr":
                    tree.to_zarr(half)
                else:
                    tree.to_netcdf(half, engine="h5netcdf")
            if path.is_dir():
                shutil.move(path, Path(folder) / "replaced")
            half.replace(path)
    except OSError as error:
        raise StorageError(f"The fit could not be saved to {path}: {error.strerror or error}.") from error
    return path


def load(path: str | Path) -> Fit:
    """Read a fit that ``Fit.save`` wrote.

    Parameters
    ----------
    path : str or Path
        A ``.nc`` file or a ``.zarr`` folder.

    Returns
    -------
    Fit
        The same draws, spec and design; nothing is sampled and no code of the file is run.

    Raises
    ------
    StorageError
        If the file is missing, damaged, not a fit of hierbayes, or of a later format.

    Examples
    --------
    >>> path = fit.save("exam.nc")
    >>> hb.load(path).fixef().equals(fit.fixef())
    True
    """
    path = Path(path)
    engine = _engine(path)
    if not path.exists():
        raise StorageError(f"There is no file {path}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with xr.open_datatree(path, engine=engine) as tree:
                loaded = tree.load()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise StorageError(f"{path} cannot be read as a saved fit: {error}") from error
    header = loaded.attrs.pop("hierbayes", None)
    if header is None:
        raise StorageError(
            f"{path} was not written by hierbayes: use Fit.save to write fits that can be loaded."
        )
    try:
        return _rebuild(loaded, json.loads(header))
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise StorageError(f"{path} is damaged: {error!r} while reading its description.") from error


def _engine(path: Path) -> str:
    if path.suffix not in ENGINES:
        raise StorageError(
            f"{path.name}: a fit is saved as .nc (netCDF) or .zarr (Zarr); "
            f"the suffix {path.suffix!r} is neither."
        )
    return ENGINES[path.suffix]


def _header(fit: Fit) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "spec": fit.spec.to_json(),
        "recipe": fit.design.recipe.to_json(),
        "response": asdict(fit.design.response),
        "design_messages": fit.design.messages,
        "columns": list(fit.design.columns),
        "settings": dict(fit.settings),
        "messages": fit.messages,
        "partial": fit.partial,
    }


def _rebuild(tree: xr.DataTree, header: dict[str, Any]) -> Fit:
    if header["format"] > FORMAT:
        raise StorageError(
            f"This fit was saved by a later hierbayes ({header['settings']['versions']['hierbayes']}); "
            f"this version reads format {FORMAT}, the file has format {header['format']}."
        )
    spec = ModelSpec.from_json(header["spec"])
    constant = tree["constant_data"].to_dataset()
    main, *further = (_predictor(predictor, constant) for predictor in spec.linear)
    labels = header["response"]["labels"]
    design = Design(
        y=tree["observed_data"]["y"].to_numpy(),
        X=main.X,
        terms=main.terms,
        groups=main.groups,
        offset=main.offset,
        response=ResponseInfo(
            header["response"]["name"],
            tuple(labels) if labels else None,
            ordered=header["response"].get("ordered", False),
            unordered=header["response"].get("unordered", False),
        ),
        recipe=Recipe.from_json(header["recipe"]),
        trials=_rows(constant, "trials"),
        weights=_rows(constant, "weights"),
        part={name: constant[name].to_numpy() for name in PART if name in constant},
        rows=np.asarray(constant[names.OBS].to_numpy()),
        messages=tuple(header["design_messages"]),
        columns={name: constant[f"data_{name}"].to_numpy() for name in header["columns"]},
        predictors=tuple(further),
    )
    return Fit(spec, design, tree, header["settings"], tuple(header["messages"]), header["partial"])


def _rows(constant: xr.Dataset, name: str) -> NDArray[np.float64] | None:
    return constant[name].to_numpy() if name in constant else None


def _predictor(predictor: PredictorSpec, constant: xr.Dataset) -> PredictorDesign:
    groups = tuple(
        GroupDesign(
            group.name,
            group.factor,
            constant[f"codes_{group.name}"].to_numpy(),
            constant[f"Z_{group.name}"].to_numpy(),
            tuple(map(str, constant[names.group_dim(group.name)].to_numpy())),
            group.terms,
            group.correlated,
            group.shared,
        )
        for group in predictor.groups
    )
    X = constant[names.of("X", predictor.name)].to_numpy()
    offset = _rows(constant, names.of("offset", predictor.name))
    return PredictorDesign(predictor.name, X, predictor.terms, groups, offset, predictor.label)
