"""From recovered draws to a ``Fit``: the DataTree in the ArviZ schema, and what identifies the data."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design


def data_tree(posterior: xr.Dataset, sample_stats: xr.Dataset, design: Design) -> xr.DataTree:
    """The ArviZ tree of a fit.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior``, ``sample_stats``, ``observed_data`` (``y``) and ``constant_data`` (``X``,
        ``Z_<group>``, ``codes_<group>``, ``offset``, ``trials``, ``weights``, and the named columns as
        ``data_<column>``; ``X_sigma`` and the like for further linear predictors).
    """
    obs = {names.OBS: np.asarray(design.rows)}
    constant: dict[str, tuple[tuple[str, ...], object]] = {}
    coords: dict[str, object] = {**obs}
    for predictor in design.linear:
        dim = names.within(predictor.name, names.TERM)
        constant[names.of("X", predictor.name)] = ((names.OBS, dim), predictor.X)
        coords[dim] = np.asarray(predictor.terms, dtype=object)
        if predictor.offset is not None:
            constant[names.of("offset", predictor.name)] = ((names.OBS,), predictor.offset)
    for group in design.all_groups:
        term = names.group_term(group.name)
        constant[f"Z_{group.name}"] = ((names.OBS, term), group.Z)
        constant[f"codes_{group.name}"] = ((names.OBS,), group.codes)
        coords[term] = np.asarray(group.terms, dtype=object)
        coords[names.group_dim(group.name)] = np.asarray(group.levels, dtype=object)
    constant |= {name: ((names.OBS,), values) for name, values in design.row_data.items()}
    for column, values in design.columns.items():
        constant[f"data_{column}"] = ((names.OBS,), values)
    return xr.DataTree.from_dict(
        {
            "posterior": posterior.assign_attrs(sample_dims=["chain", "draw"]),
            "sample_stats": sample_stats,
            "observed_data": xr.Dataset({"y": ((names.OBS,), design.y)}, coords=obs),
            "constant_data": xr.Dataset(constant, coords=coords),
        }
    )


def fingerprint(design: Design) -> str:
    """Sixteen hexadecimal digits that change with the modelled data (SHA-256 of arrays and labels)."""
    digest = hashlib.sha256()
    arrays: list[NDArray[Any]] = [design.y]
    for predictor in design.linear:
        arrays += [predictor.X, *(a for g in predictor.groups for a in (g.codes, g.Z))]
        if predictor.offset is not None:
            arrays.append(predictor.offset)
    arrays += design.row_data.values()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    labels = [p.terms for p in design.linear]
    labels += [(g.name, *g.levels, *g.terms) for g in design.all_groups]
    digest.update(repr(labels).encode())
    return digest.hexdigest()[:16]


def versions() -> dict[str, str]:
    """Versions of what a fit's numbers depend on."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    packages = ("hierbayes", "pymc", "pytensor", "nutpie", "numpy", "xarray", "arviz-stats")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
