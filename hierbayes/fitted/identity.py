"""Which data a model saw and which draws it has, as digits that can be compared without either."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes.design.records import Design

ROUNDING = 1e-9
"""Relative difference of means and standard deviations that another machine's sums can make of one column."""

SHUFFLED = "has the same mean and sd, and other values or another order"


def draws_digest(posterior: xr.Dataset) -> str:
    """Sixteen hexadecimal digits that change with any bit of any draw (SHA-256)."""
    digest = hashlib.sha256()
    for name in sorted(map(str, posterior.data_vars)):
        values = np.ascontiguousarray(posterior[name].to_numpy(), dtype="<f8")
        digest.update(f"{name}{values.shape}".encode())
        digest.update(values.data.cast("B") if values.size else b"")
    return digest.hexdigest()[:16]


def data_parts(design: Design) -> list[dict[str, Any]]:
    """What the data of a model consist of.

    Returns
    -------
    list of dict
        ``part`` (what it is called in a message), ``digest``, and ``mean`` and ``sd`` of its numbers; labels
        have None.
    """
    return [
        {"part": part, "digest": digest.hexdigest()[:16], "mean": mean, "sd": sd}
        for part, digest, mean, sd in _parts(design)
    ]


def _parts(design: Design) -> Iterator[tuple[str, Any, float | None, float | None]]:
    yield _numbers(f"the response {design.response.name}", design.y)
    if design.response.labels:
        yield _labels(f"the labels of {design.response.name}", design.response.labels)
    for group in design.all_groups:
        yield _labels(f"the groups of {group.name}", group.levels)
        yield _numbers(f"which row belongs to which group of {group.name}", group.codes)
    for predictor in design.linear:
        of = f" of {predictor.label or predictor.name}" if predictor.name else ""
        for k, term in enumerate(predictor.terms):
            yield _numbers(f"the column {term}{of}", predictor.X[:, k])
        for group in predictor.groups:
            for k, term in enumerate(group.terms):
                yield _numbers(f"the column {term} of ({group.name})", group.Z[:, k])
        if predictor.offset is not None:
            yield _numbers(f"the offset{of}", predictor.offset)
    for name, values in design.row_data.items():
        yield _numbers(f"the {name} of the response", values)


def _numbers(part: str, values: NDArray[Any]) -> tuple[str, Any, float | None, float | None]:
    numbers = np.asarray(values, dtype=float)
    with np.errstate(all="ignore"):  # of limits that are infinite
        mean, sd = float(numbers.mean()), float(numbers.std())
    told = (mean, sd) if np.isfinite([mean, sd]).all() else (None, None)
    return part, hashlib.sha256(np.ascontiguousarray(values).tobytes()), *told


def _labels(part: str, labels: Sequence[str]) -> tuple[str, Any, None, None]:
    return part, hashlib.sha256(repr(tuple(labels)).encode()), None, None


def differing_parts(stated: Sequence[Mapping[str, Any]], design: Design) -> tuple[list[str], bool]:
    """Where a design differs from the parts of another one.

    Returns
    -------
    list of str, bool
        What differs, in words; and whether it is no more than rounding: all labels and all rows' groups are
        the same, and every column has the same mean and standard deviation.
    """
    found = {part["part"]: part for part in data_parts(design)}
    known = {str(part["part"]): part for part in stated}
    words = [f"{name} is not on the page" for name in found if name not in known]
    words += [f"{name} is not there" for name in known if name not in found]
    close = not words
    for name, part in known.items():
        other = found.get(name)
        if other is None or other["digest"] == part["digest"]:
            continue
        near = [_near(part[key], other[key]) for key in ("mean", "sd")]
        close = close and all(near) and not name.startswith("which row")
        words.append(f"{name} {_how(part, other, all(near))}")
    return words, close and bool(words)


def _near(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= ROUNDING * max(1.0, abs(one))


def _how(part: Mapping[str, Any], other: Mapping[str, Any], near: bool) -> str:
    if part["mean"] is None or other["mean"] is None:
        return "differ" if part["part"].startswith(("the groups", "the labels")) else "differs"
    if near:
        return SHUFFLED
    return (
        f"has mean {other['mean']:.6g} and sd {other['sd']:.6g}, not {part['mean']:.6g} and {part['sd']:.6g}"
    )
