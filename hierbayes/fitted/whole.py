"""Whether what was read from disk is what was saved: a checksum, and the shapes that a fit must have."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from hierbayes import names
from hierbayes.errors import StorageError
from hierbayes.fitted.assemble import fingerprint
from hierbayes.fitted.record import Fit

GROUPS = ("posterior", "sample_stats", "observed_data", "constant_data")
"""The groups of every saved fit."""


def checksum(tree: xr.DataTree, header: str) -> str:
    """Hexadecimal digits that change with any number, label or name of a fit (BLAKE2b).

    Files keep values and labels, but not always their types: whole numbers count as int64, text as UTF-8.
    """
    digest = hashlib.blake2b(header.encode(), digest_size=16)
    for path, node in sorted({node.path: node for node in tree.subtree}.items()):
        dataset = node.to_dataset(inherit=False)
        for name in sorted(map(str, dataset.variables)):
            variable = dataset.variables[name]
            digest.update(f"{path}/{name}{variable.dims}{variable.shape}".encode())
            digest.update(_content(np.asarray(variable.values)))
    return digest.hexdigest()


def _content(values: Any) -> Any:
    kind = "f8" if values.dtype.kind == "f" else "i8" if values.dtype.kind in "biu" else ""
    if kind:
        return np.ascontiguousarray(values, dtype=f"<{kind}").data.cast("B") if values.size else b""
    return "\0".join(map(str, values.ravel())).encode()


def check_whole(fit: Fit) -> None:
    """Refuse a fit whose parts do not belong together.

    Raises
    ------
    StorageError
        The message names the part.
    """
    missing = [name for name in GROUPS if name not in fit.idata.children]
    if missing:
        raise StorageError(f"The file lacks {', '.join(missing)}.")
    if not {"diverging", "energy"} <= set(fit.idata["sample_stats"].data_vars):
        raise StorageError("The file does not say which draws diverged, and with what energy.")
    texts = (fit.spec.formula, fit.spec.label, *(predictor.label for predictor in fit.spec.predictors))
    if not all(isinstance(text, str) for text in texts):
        raise StorageError("The formula, or the name of a linear predictor, is no text.")
    written = fit.design.response.labels
    if written is not None and (len(written) < 2 or not all(isinstance(text, str) for text in written)):
        raise StorageError("The labels of the response are no list of texts.")
    settings: Any = fit.settings
    versions = settings.get("versions") if isinstance(settings, Mapping) else None
    said = (*fit.messages, *fit.design.messages)
    if not isinstance(versions, Mapping) or not all(isinstance(text, str) for text in said):
        raise StorageError("The file does not say how the fit was made.")
    if settings["fingerprint"] != fingerprint(fit.design):
        raise StorageError("The file has other data than those that were fitted.")
    posterior = fit.posterior
    if fit.spec.cutpoints and names.CUTPOINTS not in posterior:
        raise StorageError(f"The draws of {names.CUTPOINTS} are missing or of another model.")
    for name, labels in _variables(fit):
        if name not in posterior or not _fits(posterior[name], labels):
            raise StorageError(f"The draws of {name} are missing or of another model.")


def _fits(draws: xr.DataArray, labels: tuple[tuple[str, ...], ...]) -> bool:
    if draws.dims[:2] != ("chain", "draw") or draws.dtype.kind not in "fiu" or draws.size == 0:
        return False
    if np.isnan(draws.to_numpy()).any():
        return False
    found = [tuple(map(str, draws[dim].to_numpy())) for dim in draws.dims[2:] if dim in draws.coords]
    return tuple(found) == labels


def _variables(fit: Fit) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    """The draws that a fit has, each with the labels of its dims."""
    for predictor in fit.design.linear:
        if predictor.terms:
            yield names.of("b", predictor.name), (predictor.terms,)
    for group in fit.design.all_groups:
        yield names.sd(group.name), (group.terms,)
        yield names.u(group.name), (group.levels, group.terms)
    for sampled in fit.spec.sampled_groups:
        if sampled.has_correlations:
            yield names.cor(sampled.name), (sampled.terms, sampled.terms)
    for scalar in fit.spec.scalars:
        yield scalar, ()
