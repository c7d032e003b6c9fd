"""Columns of covariates: drawn from distributions or levels, in each row or in each group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hierbayes.design.frame import with_columns
from hierbayes.errors import ArgumentTypeError, DataError, PriorError, UnknownNameError
from hierbayes.estimates.checks.prior import SAMPLERS
from hierbayes.simulation.structure import Structure
from hierbayes.spec import parse_prior

ALLOWED = (
    "a distribution ('normal(0, 1)'), a list of levels, a mapping of levels to probabilities, a number, a "
    "range that counts the rows within their group, an array, a function of the frame, or (group, one of "
    "these)"
)


def add_covariate(
    frame: pd.DataFrame, name: str, value: Any, layout: tuple[Structure, np.random.Generator]
) -> pd.DataFrame:
    """The frame with one more column; see ``simulate`` for what a covariate may be.

    Raises
    ------
    ArgumentTypeError, DataError, PriorError, UnknownNameError
        If it is none of these, or does not fit.
    """
    structure, rng = layout
    if name in frame:
        raise DataError(
            f"{name!r} is a covariate and a group or another covariate. Allowed: each column once. Rename it."
        )
    if isinstance(value, tuple):
        if len(value) != 2 or value[0] not in structure.codes:
            given = value[0] if value else value
            advice = f"The covariate {name!r} names it."
            raise UnknownNameError("group of sizes", given, structure.codes, advice)
        codes = structure.codes[value[0]]
        of_groups = _values(name, value[1], (int(codes.max()) + 1, frame, rng))
        return with_columns(frame, {name: of_groups.take(codes)})
    if isinstance(value, range):
        return with_columns(frame, {name: _counted(name, value, structure)})
    return with_columns(frame, {name: _values(name, value, (structure.n, frame, rng))})


def _values(name: str, value: Any, where: tuple[int, pd.DataFrame, np.random.Generator]) -> Any:
    """One value for each of ``n`` rows or groups, as an array or a categorical."""
    n, frame, rng = where
    if isinstance(value, str):
        return _drawn(name, value, n, rng)
    if isinstance(value, Mapping):
        return _levels(name, list(value), list(value.values()), (n, rng))
    if isinstance(value, list):
        return _levels(name, value, [1.0] * len(value), (n, rng))
    if isinstance(value, Callable):  # type: ignore[arg-type]
        value = value(frame.copy())
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return np.full(n, value)
    if not isinstance(value, np.ndarray | pd.Series | pd.Categorical):
        raise ArgumentTypeError(
            f"The covariate {name!r} is {type(value).__name__}. Allowed: {ALLOWED}. Choose one of them."
        )
    if len(value) != n:
        raise DataError(
            f"The covariate {name!r} has {len(value):,} values, but {n:,} are needed. Allowed: one for each "
            "row, or in (group, values) one for each group. Give as many."
        )
    return value.array if isinstance(value, pd.Series) else value


def _drawn(name: str, text: str, n: int, rng: np.random.Generator) -> Any:
    try:
        prior = parse_prior(text)
    except PriorError as error:
        raise PriorError(f"The covariate {name!r} cannot be drawn. {error}") from None
    if prior.distribution not in SAMPLERS:
        raise PriorError(
            f"The covariate {name!r} cannot be drawn from {text!r}. Allowed: {', '.join(SAMPLERS)}. Choose "
            "one of them."
        )
    return np.asarray(SAMPLERS[prior.distribution](rng, *prior.parameters, n), dtype=float)


def _levels(name: str, levels: list[Any], weights: list[Any], how: tuple[int, np.random.Generator]) -> Any:
    n, rng = how
    share = np.array(weights, dtype=float)
    if len(levels) < 2 or not (share > 0).all():
        raise DataError(
            f"The covariate {name!r} has the levels {levels} with the weights {weights}. Allowed: two levels "
            "or more, each with a weight above 0. Correct them."
        )
    codes = rng.choice(len(levels), size=n, p=share / share.sum())
    if all(isinstance(level, int | float) and not isinstance(level, bool) for level in levels):
        return np.array(levels)[codes]
    return pd.Categorical.from_codes(codes, categories=pd.Index([str(level) for level in levels]))


def _counted(name: str, value: range, structure: Structure) -> Any:
    """The place of each row within its group, as an element of the range."""
    starts = np.flatnonzero(np.diff(structure.within, prepend=-1))
    sizes = np.diff(np.append(starts, structure.n))
    place = np.arange(structure.n) - np.repeat(starts, sizes)
    if len(value) < sizes.max():
        raise DataError(
            f"The covariate {name!r} is {value}, with {len(value)} values, but a group has {sizes.max()} "
            "rows. Allowed: a range that is long enough for every group. Make it longer."
        )
    return np.array(value)[place]
