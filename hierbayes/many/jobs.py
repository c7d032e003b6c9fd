"""From what the user gives to one job for each fit."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeGuard, cast
from uuid import uuid4

import narwhals.stable.v2 as nw
import numpy as np

from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.model import Model, with_response

type Task = Callable[[], Model]
"""Builds the model of one fit; goes to another process."""

FRAMES = (
    "Allowed: a list or dict of models, a list or dict of frames with formula=..., "
    "or one model with responses=...."
)


@dataclass(frozen=True)
class Job:
    """One fit to be made.

    Attributes
    ----------
    key : hashable
        Its name, or its position.
    seed : int
        Of its chains.
    task : callable
        Builds its model; goes to another process.
    file : Path, optional
        Where the fit is kept.
    """

    key: Hashable
    seed: int
    task: Task
    file: Path | None = None


@dataclass(frozen=True)
class Shared:
    """A model that many jobs use; equal wherever it is unpickled."""

    token: str
    model: Model = field(compare=False)


@lru_cache(maxsize=1)
def resident(shared: Shared) -> Model:
    """The first copy of a shared model in this process: what it has compiled serves all jobs."""
    return shared.model


def as_it_is(model: Model) -> Model:
    """A model that was given."""
    return model


def of_response(shared: Shared, y: Any) -> Model:
    """A model of another response."""
    return with_response(resident(shared), y)


def tasks_of(given: Any, responses: Any, build: Mapping[str, Any]) -> dict[Hashable, Task]:
    """One task for each fit, by its key.

    Parameters
    ----------
    given : Model, or list or dict of models or frames
        As of ``fit_many``.
    responses : list, dict or array of responses, or None
        As of ``fit_many``.
    build : mapping
        Arguments of ``Model`` besides the frame; ``formula`` is None where there is none.

    Raises
    ------
    ArgumentTypeError
        If these do not go together.
    DataError
        If there is nothing to fit.
    """
    stated = [name for name, value in build.items() if value is not None]
    if isinstance(given, Model):
        tasks = _tasks_of_responses(given, responses, stated)
    else:
        items = _keyed(given)
        if responses is not None:
            raise ArgumentTypeError(
                f"responses belong to one model, not to a {type(given).__name__}. {FRAMES}"
            )
        if all(isinstance(item, Model) for _, item in items):
            if stated and items:
                raise ArgumentTypeError(
                    f"The models are built already: {', '.join(stated)} would have no effect. {FRAMES}"
                )
            tasks = {key: partial(as_it_is, model) for key, model in items}
        else:
            tasks = _tasks_of_frames(items, build)
    if not tasks:
        raise DataError(f"There is nothing to fit: an empty {type(given).__name__} was given. {FRAMES}")
    return tasks


def _tasks_of_responses(model: Model, responses: Any, stated: Sequence[str]) -> dict[Hashable, Task]:
    if responses is None or stated:
        problem = f"with {', '.join(stated)}" if stated else "without responses"
        raise ArgumentTypeError(f"One model was given {problem}. {FRAMES}")
    items = _keyed(responses)
    for key, y in items:
        if np.ndim(y) != 1:
            raise ArgumentTypeError(
                f"The response {key!r} has {np.ndim(y)} dimensions, where one is wanted. "
                "Allowed: a list or dict of responses, or an array with a response in each row."
            )
    shared = Shared(uuid4().hex, model)
    return {key: partial(of_response, shared, y) for key, y in items}


def _tasks_of_frames(items: Sequence[tuple[Hashable, Any]], build: Mapping[str, Any]) -> dict[Hashable, Task]:
    for key, item in items:
        if isinstance(item, Model):
            raise ArgumentTypeError(f"Models and frames are mixed: {key!r} is a model. {FRAMES}")
        if not _is_frame(item):
            raise ArgumentTypeError(f"{key!r} is of type {type(item).__name__}, no frame. {FRAMES}")
    if build["formula"] is None:
        raise ArgumentTypeError(f"Frames were given without a formula. {FRAMES}")
    arguments = {name: value for name, value in build.items() if value is not None}
    return {key: partial(_build, arguments, frame) for key, frame in items}


def _build(arguments: Mapping[str, Any], frame: Any) -> Model:
    rest = {name: value for name, value in arguments.items() if name != "formula"}
    return Model(arguments["formula"], frame, **rest)


def _is_frame(given: Any) -> bool:
    wrapped = nw.from_native(given, pass_through=True)
    return isinstance(given, Mapping) or isinstance(wrapped, nw.DataFrame | nw.LazyFrame)


def _keyed(given: Any) -> list[tuple[Hashable, Any]]:
    """Keys and items of a dict; positions and items of anything else that has items."""
    if isinstance(given, Mapping):
        return list(given.items())
    if _is_frame(given):
        raise ArgumentTypeError(f"One {type(given).__name__} was given, where several are wanted. {FRAMES}")
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ArgumentTypeError(f"An object of type {type(given).__name__} cannot be fitted. {FRAMES}")
    return list(enumerate(given))


def spawn_seeds(seeds: Any, keys: Sequence[Hashable]) -> tuple[int | None, list[int]]:
    """The seed of every fit, whatever the order in which they run.

    Parameters
    ----------
    seeds : int, sequence or mapping of int, or None
        What all are spawned from; or one for each.
    keys : sequence
        The keys of all fits.

    Returns
    -------
    int or None, list of int
        What they were spawned from, and the seeds.

    Raises
    ------
    DataError
        If there are more or fewer seeds than fits, or a key has none.
    ArgumentTypeError
        If seeds are not whole numbers.
    """
    if seeds is None or _whole(seeds):
        root = np.random.SeedSequence(seeds)
        return cast("int", root.entropy), [int(child.generate_state(1)[0]) for child in root.spawn(len(keys))]
    if isinstance(seeds, Mapping):
        missing = [key for key in keys if key not in seeds]
        if missing:
            raise DataError(
                f"There is no seed for {missing[0]!r}. Give one for each fit, or one number for all."
            )
        seeds = [seeds[key] for key in keys]
    if isinstance(seeds, str) or not isinstance(seeds, Iterable):
        raise ArgumentTypeError(f"seeds cannot be {seeds!r}. Allowed: a whole number, or one for each fit.")
    listed = list(seeds)
    if len(listed) != len(keys):
        raise DataError(
            f"There are {len(listed):,} seeds for {len(keys):,} fits. "
            "Give one for each fit, or one number for all."
        )
    if not all(map(_whole, listed)):
        raise ArgumentTypeError(f"Seeds are whole numbers from 0 upward; {listed!r:.60} was given.")
    return None, [int(seed) for seed in listed]


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 0)


OWN = ("self", "seed", "progress", "title", "store")
"""Arguments of ``Model.fit`` that many fits choose themselves."""


_ELSEWHERE = {
    "seed": "Seeds are given as seeds=.",
}


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings that ``Model.fit`` does not have, before the first fit.

    Raises
    ------
    UnknownNameError
        If there is one.
    """
    known = [name for name in inspect.signature(Model.fit).parameters if name not in OWN]
    for name in settings:
        if name not in known:
            raise UnknownNameError("setting of fit", name, known, _ELSEWHERE.get(name, ""))
