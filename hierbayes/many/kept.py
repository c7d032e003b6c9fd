"""A folder where many fits are kept as they are done, so that a call that was cut off goes on."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import shutil
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from hierbayes.errors import ArgumentTypeError, StorageError
from hierbayes.fitted.identity import data_parts
from hierbayes.fitted.unfinished import Claim
from hierbayes.fitted.workplace import PREFIX
from hierbayes.many.jobs import Job
from hierbayes.progress import working

INDEX = "fits.json"
"""Says which fit is in which file, and of what it is made."""

FORMAT = 1

_WITHOUT_EFFECT = ("cores", "progress")
"""Settings that change no draw."""


@dataclass(frozen=True)
class Folder:
    """A folder that is this process's own.

    Attributes
    ----------
    path : Path
        Absolute, for workers elsewhere.
    index : mapping
        What was asked for before, empty at first.
    """

    path: Path
    index: Mapping[str, Any]

    @property
    def seed(self) -> int | None:
        """What the seeds were spawned from the first time."""
        return self.index.get("seed")

    def enter(self, jobs: Sequence[Job], seed: int | None, settings: Mapping[str, Any]) -> list[Job]:
        """The jobs with their files, once it is certain that what is there belongs to them.

        Raises
        ------
        StorageError
            If the folder has other models, data, seeds or settings under the same keys.
        ArgumentTypeError
            If a key cannot be told again by its text.
        """
        asked = {name: value for name, value in settings.items() if name not in _WITHOUT_EFFECT}
        stated = json.loads(json.dumps(asked, default=str))
        known = {
            text: entry
            for text, entry in self.index.get("fits", {}).items()
            if (self.path / entry["file"]).exists()
        }
        if known and stated != self.index["settings"]:
            raise StorageError(
                f"{self.path} has fits with other settings: {_listed(self.index['settings'])}. Asked for "
                f"were: {_listed(stated)}. {_OTHERWISE}"
            )
        # What was never made may have changed.
        entries, placed = dict(known), []
        with working("what is to be fitted", len(jobs), unit="models") as shown:
            for job in shown.over(jobs):
                text = text_of(job.key)
                file = _file_name(text)
                entry = {"file": file, "seed": job.seed, **identity(job)}
                if text in known:
                    self._check_same(job.key, known[text], entry)
                entries[text] = entry
                placed.append(replace(job, file=self.path / file))
        index = {"seed": self.seed if known else seed, "settings": stated, "fits": entries}
        if index != self.index:
            self._write({"format": FORMAT, "hierbayes": version("hierbayes"), **index})
        return placed

    def _check_same(self, key: Hashable, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
        for name, word in _WORDS.items():
            if there[name] != here[name]:
                said = word if name in _DIGESTS else f"{word}: {there[name]!r} there, {here[name]!r} here"
                raise StorageError(f"{self.path} has another fit of {key!r}, with {said}. {_OTHERWISE}")

    def _write(self, index: Mapping[str, Any]) -> None:
        half = self.path / f"{PREFIX}{INDEX}"
        try:
            half.write_text(json.dumps(index, indent=1, ensure_ascii=False), encoding="utf-8")
            half.replace(self.path / INDEX)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written: {error.strerror or error}.") from error


_WORDS = {
    "seed": "another seed",
    "formula": "another formula",
    "data": "other data",
    "model": "another family, link or prior",
}
_DIGESTS = ("data", "model")
_OTHERWISE = "Nothing was changed. Give what was given the first time, or choose another folder."


def _listed(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in sorted(settings.items())) or "none"


@contextmanager
def folder_of_fits(path: str | Path) -> Iterator[Folder]:
    """Open a folder, or make it; nobody else may use it meanwhile.

    Raises
    ------
    StorageError
        If it has something else, cannot be written, or another process has it.
    """
    folder = Path(path).absolute()
    try:
        folder.mkdir(exist_ok=True)
        others = [p.name for p in folder.iterdir() if p.name != "lock" and not p.name.startswith(PREFIX)]
    except OSError as error:
        raise StorageError(f"Fits cannot be kept in {folder}: {error.strerror or error}.") from error
    if others and INDEX not in others:
        raise StorageError(
            f"{folder} has files, and is no folder of many fits: {INDEX} is missing. Choose a new folder."
        )
    claim = Claim.of(folder)
    try:
        _tidy(folder)
        yield Folder(folder, _read(folder / INDEX) if others else {})
    finally:
        _tidy(folder)
        claim.release()


def _tidy(folder: Path) -> None:
    """Remove what killed processes had not finished."""
    for half in folder.glob(f"{PREFIX}*"):
        if half.is_dir():
            shutil.rmtree(half, ignore_errors=True)
        else:
            half.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        if index["format"] > FORMAT:
            raise StorageError(
                f"{path} was written by a later hierbayes ({index['hierbayes']}). Install that version."
            )
        for entry in index["fits"].values():
            if set(entry) != {"file", *_WORDS}:
                raise ValueError("an entry has other names")
        return {name: index[name] for name in ("seed", "settings", "fits")}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"{path} is damaged ({type(error).__name__}: {error}). The fits beside it can be read with "
            "hb.load."
        ) from error


def identity(job: Job) -> dict[str, str]:
    """What a job fits, as text that can be compared; empty where the model cannot be built."""
    try:
        model = job.task()
    except Exception:  # noqa: BLE001 (will be the failure of this job)
        return {"formula": "", "data": "", "model": ""}
    parts = [(part["part"], part["digest"]) for part in data_parts(model.design)]
    spec = json.dumps(model.spec.to_json(), sort_keys=True)
    return {"formula": model.spec.formula, "data": _digest(repr(parts)), "model": _digest(spec)}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def text_of(key: Hashable) -> str:
    """A key as text that is the same in another process.

    Raises
    ------
    ArgumentTypeError
        If it is not made of numbers, text, dates and tuples of these.
    """
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, tuple):
        return f"({', '.join(map(text_of, key))})"
    if key is None or isinstance(key, str | int | float | datetime.date | datetime.timedelta):
        return repr(key)
    raise ArgumentTypeError(
        f"The key {key!r:.60} is of type {type(key).__name__}, which cannot be found again in a folder. "
        "Allowed with store=: numbers, text, dates, and tuples of these."
    )


def _file_name(text: str) -> str:
    """A name that every file system has, short, and another one for every key."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:40]
    return f"{readable or 'fit'}-{_digest(text)[:10]}.nc"


def unsaved(jobs: Sequence[Job], done: Sequence[Hashable]) -> list[Hashable]:
    """Keys of fits that were made and are not in their files."""
    made = set(done)
    return [job.key for job in jobs if job.file and job.key in made and not job.file.exists()]
