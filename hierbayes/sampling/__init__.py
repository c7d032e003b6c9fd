"""From a PyMC model or a kernel to draws: one row per sampler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hierbayes.errors import UnknownNameError
from hierbayes.sampling.nutpie import (
    UNCONSTRAINED,
    CompiledSampler,
    compile_nutpie,
    kernel_refusal,
    sample_kernel,
    sample_nutpie,
)
from hierbayes.sampling.pymc import sample_pymc
from hierbayes.sampling.settings import RawDraws, SamplerSettings

SAMPLERS: dict[str, Callable[[Any, SamplerSettings, str], RawDraws]] = {
    "nutpie": sample_nutpie,
    "pymc": sample_pymc,
}
"""Samplers of PyMC models."""

COMPILERS: dict[str, Callable[[Any, SamplerSettings, str], CompiledSampler]] = {"nutpie": compile_nutpie}
"""Samplers that can use a compiled PyMC model again for another response."""

KERNEL_SAMPLERS: dict[str, Callable[[Any, SamplerSettings, str], RawDraws]] = {"nutpie": sample_kernel}
"""Samplers that take a kernel."""


def get_sampler(name: str) -> Callable[[Any, SamplerSettings, str], RawDraws]:
    """The sampler of PyMC models of that name.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if name not in SAMPLERS:
        raise UnknownNameError("sampler", name, SAMPLERS)
    return SAMPLERS[name]


__all__ = [
    "COMPILERS",
    "KERNEL_SAMPLERS",
    "SAMPLERS",
    "UNCONSTRAINED",
    "CompiledSampler",
    "RawDraws",
    "SamplerSettings",
    "get_sampler",
    "kernel_refusal",
]
