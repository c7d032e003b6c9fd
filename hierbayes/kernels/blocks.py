"""The parameters behind very many draws, in the memory of the draws themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from hierbayes.geometry import Pieces
from hierbayes.kernels.record import Kernel

type Floats = NDArray[np.float64]

BLOCK = 4_000_000
"""Values of the unconstrained draws that are expanded at a time: 32 megabytes."""


def pieces_in_place(kernel: Kernel, draws: Floats, seed: int) -> Pieces:
    """``kernel.pieces(draws, seed)``; where effects were sampled, they take the place of the draws.

    Parameters
    ----------
    kernel : Kernel
        What was sampled.
    draws : float64 array, shape (chain, draw, n_dim)
        Unconstrained draws, each chain contiguous; afterwards they are gone.
    seed : int
        Of what is drawn afterwards, if anything.

    Returns
    -------
    Pieces
        Of the same numbers; ``u`` are views of ``draws``.
    """
    if kernel.name != "rows" or draws.nbytes <= 8 * BLOCK:
        return kernel.pieces(draws, seed)
    n_chains, n_draws, n_dim = draws.shape
    shapes = {name: u.shape[2:] for name, u in kernel.pieces(draws[:1, :1], seed).u.items()}
    total = sum(int(np.prod(shape)) for shape in shapes.values())
    step = max(1, BLOCK // n_dim)
    parts: list[list[Pieces]] = [[] for _ in draws]
    for chain, done in zip(draws, parts, strict=True):
        # A draw has more values than effects: what is written never runs ahead of what is read.
        target = chain.reshape(-1)[: n_draws * total].reshape(n_draws, total)
        for first in range(0, n_draws, step):
            part = kernel.pieces(chain[None, first : first + step], seed)
            at = 0
            for u in part.u.values():
                effects = u[0].reshape(u.shape[1], -1)
                target[first : first + step, at : at + effects.shape[1]] = effects
                at += effects.shape[1]
            done.append(replace(part, u={}))
    together = as_strided(draws, (n_chains, n_draws, total), (draws.strides[0], 8 * total, 8))
    effects_of, at = {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        effects_of[name] = together[..., at : at + size].reshape(n_chains, n_draws, *shape)
        at += size
    return replace(_joined(parts), u=effects_of)


def _joined(parts: Sequence[Sequence[Pieces]]) -> Pieces:
    """All but the effects, block by block along the draws, chain by chain."""

    def together(get: Callable[[Pieces], Floats]) -> Floats:
        return np.stack([np.concatenate([get(part)[0] for part in chain]) for chain in parts])

    def each(kind: str) -> dict[str, Floats]:
        names = getattr(parts[0][0], kind)
        return {name: together(lambda part: getattr(part, kind)[name]) for name in names}  # noqa: B023

    theta = None if parts[0][0].theta is None else together(attrgetter("theta"))
    return Pieces(theta, each("sd"), each("cholesky"), {}, each("parameters"))
