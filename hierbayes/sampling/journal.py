"""Draws on disk while they are made: a Zarr group that grows as a run goes on, and outlives its process.

Each array is one chunk without compression, a plain file of the size that it will have in the end: room for
all draws is taken before the first. What is written is in the system's page cache at once, where the death
of the process cannot reach it; only when the machine itself goes down may the last seconds be lost. A draw
counts once ``made`` says so, which is written last, after sums over what was drawn: see ``sums``.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes.errors import StorageError
from hierbayes.sampling.settings import RawDraws, tidy_stats
from hierbayes.sampling.sums import SLOTS, Sums

type Rows = NDArray[Any]

SECONDS = 0.1
"""Between two looks at what has been drawn; longer where a look takes long, a sixth of the time at most."""

STATISTICS = {
    "diverging": "bool",
    "energy": "float64",
    "tree_depth": "uint64",
    "reached_max_treedepth": "bool",
    "n_steps": "uint64",
    "step_size": "float64",
    "acceptance_rate": "float64",
    "lp": "float64",
}

VARIABLE, STATISTIC, MADE, POSITION, SUMS = "variable_", "statistic_", "made", "position", "sums"

LOST = "Streaming draws to {folder} stopped after {made} draws per chain ({reason})."


@dataclass
class Journal:
    """Where a run writes down what it draws; created empty, filled by one process.

    Parameters
    ----------
    folder : Path
        Of the Zarr group; there once ``allocate`` has been called.
    chains, draws : int
        Of the run.

    Attributes
    ----------
    made : int64 array, shape (chain,)
        Draws of each chain that are on disk.
    before : int64 array, shape (chain,)
        Those of them that were there when this process took over.
    problem : str
        Why nothing is written any more; empty where all is well.
    """

    folder: Path
    chains: int
    draws: int
    made: NDArray[np.int64] = field(init=False)
    before: NDArray[np.int64] = field(init=False)
    problem: str = field(default="", init=False)
    _sums: dict[int, Sums] = field(default_factory=dict, init=False, repr=False)
    _files: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    _next: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        self.made = np.zeros(self.chains, dtype=np.int64)
        if self.exists:
            self.made[:] = np.fromfile(self._file(MADE), dtype="<i8", count=self.chains)
        self.before = self.made.copy()

    @property
    def exists(self) -> bool:
        """Whether there are arrays, and so perhaps draws."""
        return (self.folder / MADE / "c" / "0").exists()

    @property
    def message(self) -> str:
        """What to tell the user where writing failed."""
        made = ", ".join(f"{count:,}" for count in self.made)
        return LOST.format(folder=self.folder.parent, made=made, reason=self.problem) if self.problem else ""

    def allocate(self, shapes: Mapping[str, tuple[int, ...]], n_dim: int) -> None:
        """Take room for all draws, unless it is taken already.

        Parameters
        ----------
        shapes : mapping of str to tuple of int
            Of one draw of each variable.
        n_dim : int
            Length of the unconstrained vector.

        Raises
        ------
        StorageError
            If the disk has no room.
        """
        import zarr

        if self.exists:
            return
        arrays = {f"{VARIABLE}{name}": ("float64", shape) for name, shape in shapes.items()}
        arrays |= {f"{STATISTIC}{name}": (kind, ()) for name, kind in STATISTICS.items()}
        sizes = {name: (kind, (self.chains, self.draws, *shape)) for name, (kind, shape) in arrays.items()}
        # Last, since it tells that the others are there.
        sizes |= {SUMS: ("int64", (self.chains, SLOTS, 1 + len(arrays)))}
        sizes |= {POSITION: ("float64", (self.chains, n_dim)), MADE: ("int64", (self.chains,))}
        total = sum(int(np.prod(shape)) * np.dtype(kind).itemsize for kind, shape in sizes.values())
        try:
            group = zarr.open_group(self.folder, mode="w")
            for name, (kind, shape) in sizes.items():
                dims = ("chain", "draw")[: 1 if name in (MADE, POSITION, SUMS) else 2]
                names = (*dims, *(f"{name}_{k}" for k in range(len(shape) - len(dims))))
                group.create_array(
                    name, shape=shape, chunks=shape, dtype=kind, compressors=None, dimension_names=names
                )
                _take_room(self._file(name), int(np.prod(shape)) * np.dtype(kind).itemsize)
        except OSError as error:
            raise StorageError(
                f"There is no room for the draws in {self.folder.parent}: {error.strerror or error}. They "
                f"take {total / 1e6:,.1f} megabytes. Free some space, choose another place, or leave store= "
                "out."
            ) from error

    @property
    def due(self) -> bool:
        """Whether it is time to look again at what has been drawn."""
        return not self.problem and time.perf_counter() >= self._next

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Around a look at what has been drawn; the next is due a while later."""
        begun = time.perf_counter()
        yield
        ended = time.perf_counter()
        self._next = ended + max(SECONDS, 5 * (ended - begun))

    def append(
        self, chain: int, variables: Mapping[str, Rows], stats: Mapping[str, Rows], last: Rows
    ) -> None:
        """Write down further draws of a chain; a disk that fails is remembered and stops no sampling.

        Parameters
        ----------
        chain : int
            Which one.
        variables : mapping of str to float64 array, shape (n, ...)
            The new draws.
        stats : mapping of str to array, shape (n,)
            Their statistics, under ArviZ's names.
        last : float64 array, shape (n_dim,)
            The unconstrained vector of the last of them.
        """
        first = int(self.made[chain])
        n = len(stats["lp"])
        if self.problem or n == 0:
            return
        added = {f"{VARIABLE}{name}": _as(rows, "float64") for name, rows in variables.items()}
        added |= {f"{STATISTIC}{name}": _as(stats[name], kind) for name, kind in STATISTICS.items()}
        try:
            sums = self._sums_of(chain, sorted(added))
            for name, rows in added.items():
                self._write(name, chain * self.draws + first, rows)
            self._write(POSITION, chain, _as(last[None], "float64"))
            slot = sums.add(first + n, [added[name] for name in sorted(added)])
            self._write(SUMS, chain * SLOTS + slot, _as(sums.kept[slot][None], "int64"))
            self._write(MADE, chain, _as(np.array([first + n]), "int64"))
        except OSError as error:
            self.problem = error.strerror or str(error)
            return
        self.made[chain] = first + n

    def positions(self) -> NDArray[np.float64]:
        """The last unconstrained vector of each chain, shape (chain, n_dim); zeros where there is no draw."""
        return np.fromfile(self._file(POSITION), dtype="<f8").reshape(self.chains, -1)

    def raw(self, chains: list[int], made: int, versions: Mapping[str, str]) -> RawDraws:
        """The first ``made`` draws of some chains."""
        found = {n: self._rows(n, chains, made) for n in self._names()}
        variables = {n.removeprefix(VARIABLE): rows for n, rows in found.items() if n.startswith(VARIABLE)}
        stats = {n: (("chain", "draw"), found[f"{STATISTIC}{n}"]) for n in STATISTICS}
        partial = len(chains) < self.chains or made < self.draws
        return RawDraws(variables, tidy_stats(xr.Dataset(stats)), partial, dict(versions))

    def check(self) -> list[int]:
        """Count only what is as it was written; how many draws of each chain are not.

        Raises
        ------
        ValueError, KeyError, TypeError, OSError
            If the arrays are not those of this run. The message is of NumPy, or a part of a sentence.
        """
        names, said = self._names(), self.made.copy()
        if not {f"{STATISTIC}{name}" for name in STATISTICS} < set(names):
            raise ValueError("statistics of the draws are missing")
        if (said < 0).any() or (said > self.draws).any():
            raise ValueError("its number of draws is impossible")
        arrays = [self._whole(name) for name in names]
        if any(array.shape[:2] != (self.chains, self.draws) for array in arrays):
            raise ValueError("its draws are of another number than was asked for")
        kept = self._whole(SUMS)
        for k in np.flatnonzero(said):
            sound = Sums(np.array(kept[k])).sound([array[k] for array in arrays])
            self.made[k] = min(said[k], sound)
        self.before = self.made.copy()
        return [int(lost) for lost in said - self.made]

    def divergences(self) -> int:
        """How many of the draws diverged."""
        name = f"{STATISTIC}diverging"
        return sum(int(self._rows(name, [k], int(made)).sum()) for k, made in enumerate(self.made))

    def close(self) -> None:
        """Let go of the files."""
        while self._files:
            self._files.popitem()[1].close()

    def _file(self, name: str) -> Path:
        """The one chunk of an array (Zarr 3, section "Default chunk key encoding")."""
        return self.folder.joinpath(name, "c", *["0"] * len(self._described(name)["shape"]))

    def _described(self, name: str) -> Any:
        return json.loads((self.folder / name / "zarr.json").read_text(encoding="utf-8"))

    def _names(self) -> list[str]:
        """The arrays that have a row for each draw."""
        return sorted(p.name for p in self.folder.iterdir() if p.name.startswith((VARIABLE, STATISTIC)))

    def _sums_of(self, chain: int, names: list[str]) -> Sums:
        """The sums of a chain; the first time those that another process has left are replaced."""
        if chain not in self._sums:
            made = int(self.made[chain])
            arrays = [self._whole(name)[chain] for name in names]
            self._sums[chain] = Sums.anew(arrays, made)
            self._write(SUMS, chain * SLOTS, _as(self._sums[chain].kept, "int64"))
        return self._sums[chain]

    def _whole(self, name: str) -> Rows:
        """An array on disk."""
        described = self._described(name)
        kind, shape = np.dtype(described["data_type"]).newbyteorder("<"), tuple(described["shape"])
        return np.memmap(self._file(name), dtype=kind, mode="r", shape=shape)

    def _rows(self, name: str, chains: list[int], made: int) -> Rows:
        """The first draws of some chains, in memory of their own."""
        whole = self._whole(name)
        return np.stack([whole[k, :made] for k in chains])

    def _write(self, name: str, row: int, values: Rows) -> None:
        if name not in self._files:
            self._files[name] = self._file(name).open("r+b", buffering=0)
        self._files[name].seek(row * (values.nbytes // len(values)))
        left = memoryview(values.tobytes())
        while left:
            left = left[self._files[name].write(left) :]


def _as(rows: Rows, kind: str) -> Rows:
    """As the bytes of an array on disk."""
    return np.ascontiguousarray(rows, dtype=np.dtype(kind).newbyteorder("<"))


def _take_room(path: Path, size: int) -> None:
    """A file of that size whose place on the disk is sure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
            return
        block = bytes(1 << 20)
        for at in range(0, size, len(block)):
            file.write(block[: size - at])
