"""From a PyMC model or a kernel to draws: one row per sampler."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

from hierbayes.errors import NotInstalledError, UnknownNameError
from hierbayes.sampling.further import Start, sample_further, starts_of_graph, starts_of_kernel
from hierbayes.sampling.jax import sample_with_jax
from hierbayes.sampling.journal import Journal
from hierbayes.sampling.nutpie import (
    CompiledSampler,
    compile_nutpie,
    kernel_refusal,
    sample_nutpie,
)
from hierbayes.sampling.pymc import sample_pymc
from hierbayes.sampling.settings import UNCONSTRAINED, RawDraws, SamplerSettings
from hierbayes.sampling.stored import sample_by_size

SAMPLERS: dict[str, Callable[[Any, SamplerSettings, str], RawDraws]] = {
    "nutpie": sample_nutpie,
    "pymc": sample_pymc,
    "numpyro": partial(sample_with_jax, "numpyro"),
    "blackjax": partial(sample_with_jax, "blackjax"),
}
"""Samplers of PyMC models."""

NEEDS = {"numpyro": ("jax", "numpyro"), "blackjax": ("jax", "blackjax")}
"""What samplers need that does not come with hierbayes: its extra ``jax``."""

COMPILERS: dict[str, Callable[[Any, SamplerSettings, str], CompiledSampler]] = {"nutpie": compile_nutpie}
"""Samplers that can use a compiled PyMC model again for another response."""

KERNEL_SAMPLERS: dict[str, Callable[[Any, SamplerSettings, str], RawDraws]] = {"nutpie": sample_by_size}
"""Samplers that take a kernel."""


def get_sampler(name: str) -> Callable[[Any, SamplerSettings, str], RawDraws]:
    """The sampler of PyMC models of that name.

    Raises
    ------
    UnknownNameError
        If there is none.
    NotInstalledError
        If a library that it needs is not installed.
    """
    if name not in SAMPLERS:
        raise UnknownNameError("sampler", name, SAMPLERS)
    missing = [library for library in NEEDS.get(name, ()) if find_spec(library) is None]
    if missing:
        others = [sampler for sampler in SAMPLERS if sampler not in NEEDS]
        raise NotInstalledError(
            f"The sampler {name!r} needs {' and '.join(NEEDS[name])}; not installed: {', '.join(missing)}. "
            f"Allowed without: {', '.join(others)}. Install what is missing with "
            "pip install 'hierbayes[jax]', or leave sampler= out."
        )
    return SAMPLERS[name]


__all__ = [
    "COMPILERS",
    "KERNEL_SAMPLERS",
    "SAMPLERS",
    "UNCONSTRAINED",
    "CompiledSampler",
    "Journal",
    "RawDraws",
    "SamplerSettings",
    "Start",
    "get_sampler",
    "kernel_refusal",
    "sample_further",
    "starts_of_graph",
    "starts_of_kernel",
]
