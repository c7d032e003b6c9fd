"""Whether draws on disk are those that were written there: sums over the draws of each chain, as it grows."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Rows = NDArray[Any]

SLOTS = 512
"""Sums kept of each chain: those of the last minute, in which what was written reaches the disk."""


class Sums:
    """Running CRC-32 of each array of a chain, at each time that something was added to it.

    Parameters
    ----------
    kept : int64 array, shape (slot, 1 + array)
        In each row the number of draws, and the sums over them; zeros where there is nothing yet.
    """

    def __init__(self, kept: NDArray[np.int64]) -> None:
        self.kept = kept
        self._next = 0
        self._running = [0] * (kept.shape[1] - 1)

    @classmethod
    def anew(cls, arrays: Sequence[Rows], made: int) -> Sums:
        """Sums of a chain that goes on from ``made`` draws."""
        sums = cls(np.zeros((SLOTS, 1 + len(arrays)), dtype=np.int64))
        if made:
            sums.add(made, [rows[:made] for rows in arrays])
        return sums

    def add(self, made: int, added: Sequence[Rows]) -> int:
        """Take further draws into account, ``made`` with them; the slot that tells of it."""
        self._running = [crc(rows, before) for rows, before in zip(added, self._running, strict=True)]
        slot, self._next = self._next, (self._next + 1) % SLOTS
        self.kept[slot] = [made, *self._running]
        return slot

    def sound(self, arrays: Sequence[Rows]) -> int:
        """How many draws are as they were written; zero if it cannot be told of any."""
        return max(self._sound(arrays), default=0)

    def _sound(self, arrays: Sequence[Rows]) -> Iterator[int]:
        length = min(len(rows) for rows in arrays)
        running, at = [0] * len(arrays), 0
        for made, *sums in self.kept[np.argsort(self.kept[:, 0], kind="stable")].tolist():
            if not 0 < made <= length:
                continue
            running = [crc(rows[at:made], before) for rows, before in zip(arrays, running, strict=True)]
            at = made
            if running == sums:
                yield made


def crc(rows: Rows, before: int = 0) -> int:
    """CRC-32 of the bytes of an array, after that of what came before."""
    return zlib.crc32(np.ascontiguousarray(rows).reshape(-1).view("u1"), before)
