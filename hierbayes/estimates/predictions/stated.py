"""Values of parameters that a user states, read by the keys of priors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.families import get_family
from hierbayes.spec.overrides import keys_of
from hierbayes.spec.records import GroupSpec, ModelSpec, PriorEntry

type Floats = NDArray[np.float64]
type Place = tuple[str, tuple[str, ...]]
"""A parameter and its coordinates, as of ``PriorEntry``."""

COR, SD = "cor", "sd"
ROUNDING = 1e-10  # by which an eigenvalue of a correlation matrix may fall below 0


@dataclass(frozen=True)
class Stated:
    """A value for every parameter of a model.

    Attributes
    ----------
    b : mapping of (str, str) to float
        By linear predictor and coefficient, link scale.
    at_means : frozenset of str
        Linear predictors whose intercept is at the mean of the columns, not at zero.
    sd : mapping of (str, str) to float
        By group term and coefficient.
    cor : mapping of str to float64 array, shape (q, q)
        By group term as it is sampled.
    cutpoints : float64 array, shape (K - 1,)
        In increasing order, at zero of all columns; empty for other responses.
    scalars : mapping of str to float
        The family's own.
    """

    b: Mapping[tuple[str, str], float]
    at_means: frozenset[str]
    sd: Mapping[tuple[str, str], float]
    cor: Mapping[str, Floats]
    cutpoints: Floats
    scalars: Mapping[str, float]


def stated_values(spec: ModelSpec, params: Mapping[str, Any]) -> Stated:
    """Read the parameters of a simulation.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    params : mapping of str to float
        See ``simulate``.

    Raises
    ------
    ArgumentTypeError
        If ``params`` is no mapping, or a value is not a number.
    UnknownNameError
        If a key names no parameter of the model.
    DataError
        If a parameter has no value, or one that it cannot have.
    """
    if not isinstance(params, Mapping):
        raise ArgumentTypeError(
            f"params is a mapping of names to numbers; {type(params).__name__} is given. Write "
            "{'b[Intercept]': 0.0, 'sd[school]': 0.5, ...}."
        )
    found = _found(spec, params)
    b: dict[tuple[str, str], float] = {}
    at_means: set[str] = set()
    for predictor in spec.linear:
        at_mean: Place = names.of(names.INTERCEPT, predictor.name), ()
        for term in predictor.terms:
            entry: Place = names.of(names.B, predictor.name), (term,)
            if term == names.INTERCEPT and at_mean in found:
                entry = at_mean
                if found[entry] in _at_means(predictor.name):
                    at_means.add(predictor.name)
            b[predictor.name, term] = _number(params, found[entry])
    sd = {
        (group.name, term): _least(params, found[SD, (group.name, term)], 0.0)
        for group in spec.all_groups
        for term in group.terms
    }
    cor = {
        group.name: _correlations(params, found[COR, (group.name,)], group)
        for group in spec.sampled_groups
        if group.has_correlations
    }
    family = get_family(spec.family)
    scalars = {
        name: (_share if name in family.shares else _positive)(params, found[name, ()])
        for name in spec.scalars
    }
    cutpoints = _cutpoints(params, [found[names.CUTPOINTS, (label,)] for label in spec.cutpoints])
    return Stated(b, frozenset(at_means), sd, cor, cutpoints, scalars)


def _at_means(predictor: str) -> tuple[str, ...]:
    return names.INTERCEPT, names.of(names.INTERCEPT, predictor)


def _found(spec: ModelSpec, params: Mapping[str, Any]) -> dict[Place, str]:
    """The key that speaks for each parameter, the most specific of those that are given."""
    keys = {entry: keys_of(entry, spec) for entry in spec.priors}
    known = [_shown(entry, own, spec) for entry, own in keys.items()]
    every = {key for own in keys.values() for key in own}
    for key in params:
        if key not in every:
            raise UnknownNameError("parameter of this model", key, known, "Correct the key or leave it out.")
    found: dict[Place, str] = {}
    missing = []
    for entry, own in keys.items():
        given = [key for key in own if key in params]
        if given:
            found[entry.parameter, entry.coordinates] = given[-1]
        else:
            missing.append(_shown(entry, own, spec))
    if missing:
        were = "parameters have" if len(missing) > 1 else "parameter has"
        raise DataError(
            f"{len(missing)} {were} no value: {', '.join(missing)}. Given: {', '.join(params) or 'none'}. "
            f"Needed: {', '.join(known)}. Add {missing[0]!r} to params."
        )
    return found


def _shown(entry: PriorEntry, own: Sequence[str], spec: ModelSpec) -> str:
    """The key that a message names: ``sd[school]`` where the term has one coefficient."""
    single = [g.name for g in spec.all_groups if len(g.terms) == 1]
    if entry.parameter == SD and entry.coordinates[0] in single:
        return names.prior_key(SD, entry.coordinates[0])
    return own[-1]


def _number(params: Mapping[str, Any], key: str) -> float:
    value = params[key]
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        raise ArgumentTypeError(
            f"{key!r} is a number; {type(value).__name__} is given. Write {{{key!r}: 0.5}}, say."
        )
    if not np.isfinite(value):
        raise DataError(f"{key!r} is {value}. Allowed: finite numbers. Write {{{key!r}: 0.5}}, say.")
    return float(value)


def _numbers(params: Mapping[str, Any], key: str) -> Floats:
    try:
        given = np.asarray(params[key], dtype=float)
    except (TypeError, ValueError):
        given = np.array(np.nan)
    if not np.isfinite(given).all():
        raise ArgumentTypeError(
            f"{key!r} is a number, or finite numbers in lists; {params[key]!r} is given. Write numbers."
        )
    return given


def _least(params: Mapping[str, Any], key: str, least: float) -> float:
    value = _number(params, key)
    if value < least:
        raise DataError(
            f"{key!r} is {value:g}. Allowed: a standard deviation, {least:g} or more. Take the square root "
            "of a variance, without a sign."
        )
    return value


def _positive(params: Mapping[str, Any], key: str) -> float:
    value = _number(params, key)
    if value <= 0:
        raise DataError(f"{key!r} is {value:g}. Allowed: numbers above 0. Choose another value.")
    return value


def _share(params: Mapping[str, Any], key: str) -> float:
    value = _number(params, key)
    if not 0 <= value < 1:
        raise DataError(f"{key!r} is {value:g}. Allowed: a share from 0 to below 1. Choose another value.")
    return value


def _cutpoints(params: Mapping[str, Any], keys: Sequence[str]) -> Floats:
    values = []
    for k, key in enumerate(keys):
        if key != names.CUTPOINTS:
            values.append(_number(params, key))
            continue
        given = np.atleast_1d(_numbers(params, key))
        if given.shape != (len(keys),):
            raise DataError(
                f"{key!r} has {given.size} values, but {len(keys) + 1} categories have {len(keys)} "
                "cutpoints. Give one for each two neighbours, in increasing order."
            )
        values.append(float(given[k]))
    cutpoints = np.array(values)
    if (np.diff(cutpoints) <= 0).any():
        raise DataError(
            f"The cutpoints are {', '.join(f'{value:g}' for value in values)}. Allowed: increasing values, "
            "the lowest first. Sort them."
        )
    return cutpoints


def _correlations(params: Mapping[str, Any], key: str, group: GroupSpec) -> Floats:
    """A correlation matrix from a number, the same for all pairs, or from a matrix."""
    q = len(group.terms)
    given = _numbers(params, key)
    cor = given if given.ndim else np.where(np.eye(q, dtype=bool), 1.0, given)
    shape = cor.shape == (q, q)
    if not shape or not np.allclose(cor, cor.T) or not np.allclose(np.diag(cor), 1):
        raise DataError(
            f"{key!r} is no correlation of {', '.join(group.terms)}. Allowed: a number from -1 to 1 for all "
            f"pairs, or a symmetric {q} x {q} matrix with ones on its diagonal. Correct it."
        )
    least = float(np.linalg.eigvalsh(cor).min())
    if not least >= -ROUNDING:
        raise DataError(
            f"{key!r} is no correlation matrix of {', '.join(group.terms)}: its least eigenvalue is "
            f"{least:.3g}. Allowed: numbers from -1 to 1 that go together. Bring them nearer to 0."
        )
    return cor
