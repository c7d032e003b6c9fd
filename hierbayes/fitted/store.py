"""Fits on disk: netCDF or Zarr with JSON attributes, never pickle; written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import warnings
from dataclasses import asdict, replace
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
from hierbayes.fitted.declared import check_file
from hierbayes.fitted.folders import check_folder
from hierbayes.fitted.places import advice, beside
from hierbayes.fitted.record import Fit
from hierbayes.fitted.seal import seal
from hierbayes.fitted.whole import check_whole, checksum
from hierbayes.fitted.workplace import put, workplace
from hierbayes.progress import working
from hierbayes.spec.records import ModelSpec, PredictorSpec

FORMAT = 1
"""Version of the layout on disk, raised when an older hierbayes could not read what is written now."""

CHECKSUM = "hierbayes_checksum"
"""Attribute beside the header; files that were written before there was one are read without."""

IN_MEMORY = 200_000_000
"""Bytes up to which netCDF is made in memory and then written; for more it is tried whether there is room."""

ENGINES = {".nc": "h5netcdf", ".zarr": "zarr"}


@working("fit.save")
def save(fit: Fit, path: Path) -> Path:
    """Write a fit to ``path``, atomically.

    Raises
    ------
    StorageError
        If the suffix is not ``.nc`` or ``.zarr``, or the place cannot be written.
    """
    engine = _engine(path)
    tree = fit.idata.copy()
    header = json.dumps(header_of(fit), ensure_ascii=False)
    tree.attrs |= {"hierbayes": header, CHECKSUM: checksum(tree, header)}
    try:
        with workplace(path.parent) as folder:
            half = folder / f"fit{path.suffix}"
            with warnings.catch_warnings():
                # Zarr 3 warns that variable-length strings may be written differently by later versions.
                warnings.simplefilter("ignore")
                if engine == "zarr":
                    tree.to_zarr(half)
                else:
                    _write_netcdf(tree, half)
                    seal(half)
            put(half, path, folder / "replaced")
    except (OSError, RuntimeError) as error:  # h5py may raise the second where a disk is full
        raise StorageError(f"The fit could not be saved to {path}: {_why(error, engine)}") from error
    return path


def _why(error: OSError | RuntimeError, engine: str) -> str:
    if isinstance(error, RuntimeError):
        return f"{line(error)}."
    if error.errno == errno.ENAMETOOLONG and engine == "zarr":
        return (
            "a column or factor has a name that is too long for the folders of Zarr. "
            "Save it as .nc, or give the column a shorter name."
        )
    return f"{error.strerror or error}."


@working("hb.load")
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
        raise StorageError(f"There is no file {path}.{_begun(path)}")
    try:
        loaded = read_tree(path, engine)
        header, written = loaded.attrs.pop("hierbayes", None), loaded.attrs.pop(CHECKSUM, None)
        content = checksum(loaded, str(header))
    except PermissionError as error:
        raise StorageError(f"{path} cannot be read: Permission denied. Check who may read it.") from error
    # Of damaged files h5py, h5netcdf, zarr, its codecs, xarray and Arrow raise errors of every kind.
    except Exception as error:
        raise StorageError(f"{path} cannot be read as a saved fit: {line(error)}. {_ADVICE}") from error
    if not isinstance(header, str):
        raise StorageError(
            f"{path} was not written by hierbayes: use Fit.save to write fits that can be loaded."
        )
    begun = _begun(path)
    try:
        check_format(path, header)
        described = json.loads(header)
        if described.get("unfinished"):
            raise _UnfinishedError(f"Sampling was not finished: {advice(path)}")
        if written not in (None, content):
            raise StorageError("its content has changed since it was saved")
        fit = rebuild(loaded, described)
        check_whole(fit)
    except (OtherFormatError, _UnfinishedError):
        raise
    except DAMAGE as error:
        raise StorageError(f"{path} is damaged: {line(error)}. {_ADVICE}") from error
    return replace(fit, messages=(*fit.messages, f"This is the older fit.{begun}")) if begun else fit


def _write_netcdf(tree: xr.DataTree, path: Path) -> None:
    """Write a new file; where the disk is full HDF5 would end the process, so that it must not find out."""
    if tree.nbytes <= IN_MEMORY:
        path.write_bytes(tree.to_netcdf(engine="h5netcdf"))
        return
    if hasattr(os, "posix_fallocate"):
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, tree.nbytes + tree.nbytes // 10)
        path.unlink()
    tree.to_netcdf(path, engine="h5netcdf")


def _begun(path: Path) -> str:
    """Tells of a fit that was to be saved there and is not whole yet."""
    if path.suffix != ".zarr" or not (folder := beside(path)).exists():
        return ""
    return f" Sampling into this place was begun and not finished ({folder.name}): {advice(folder)}"


_ADVICE = "Take another copy of the file, or fit the model again."

DAMAGE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What comes of a description that is not one: entries that are missing, or of another type or size."""


class OtherFormatError(StorageError):
    """The file is whole, but of a later hierbayes."""


class _UnfinishedError(StorageError):
    """The folder is that of a fit which is not all drawn."""


def line(error: Exception) -> str:
    """An error of another library, or of our own, as a part of a sentence on one line."""
    text = " ".join(str(error).split()).rstrip(".")[:300]
    return text if isinstance(error, StorageError) else f"{type(error).__name__}, {text or 'no reason given'}"


def read_tree(path: Path, engine: str) -> xr.DataTree:
    """All groups of a file, in memory."""
    if engine == "h5netcdf":
        check_file(path)
    else:
        check_folder(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with xr.open_datatree(path, engine=engine) as tree:
            return tree.load()


def check_format(path: Path, header: str) -> None:
    """Refuse what a later hierbayes wrote, or what does not say which format it has.

    Raises
    ------
    StorageError
        The message says which version to install.
    """
    said = json.loads(header)
    number, version = said.get("format"), str(said["settings"]["versions"]["hierbayes"])[:40]
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise StorageError(
            f"its format is {str(number)[:40]!r}, and there are 1 to {FORMAT}; hierbayes {version} has "
            "saved it"
        )
    if number > FORMAT:
        raise OtherFormatError(
            f"{path} was saved by a later hierbayes ({version}); this version reads format {FORMAT}, the "
            f"file has format {number}. Install hierbayes {version} to read it."
        )


def _engine(path: Path) -> str:
    if path.suffix not in ENGINES:
        raise StorageError(
            f"{path.name}: a fit is saved as .nc (netCDF) or .zarr (Zarr); "
            f"the suffix {path.suffix!r} is neither."
        )
    return ENGINES[path.suffix]


def header_of(fit: Fit) -> dict[str, Any]:
    """All of a fit that is not in its arrays, as JSON can have it."""
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


def rebuild(tree: xr.DataTree, header: dict[str, Any]) -> Fit:
    """A fit from its arrays and its header."""
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
