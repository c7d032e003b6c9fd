"""From a plan to draws: through a kernel where one covers the model, through the PyMC graph elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hierbayes.design import Design
from hierbayes.geometry import Coordinates, recover, reported
from hierbayes.plan import GRAPH, Plan
from hierbayes.reuse import CompiledGraphs
from hierbayes.spec import ModelSpec

if TYPE_CHECKING:
    import xarray as xr

    from hierbayes.kernels.record import Kernel
    from hierbayes.sampling import RawDraws, SamplerSettings, Start


@dataclass(frozen=True)
class Source:
    """What is sampled: a model, its arrays, the coordinates of its columns, its compiled graphs."""

    spec: ModelSpec
    design: Design
    frame: Coordinates
    graphs: CompiledGraphs


def sample(
    source: Source, plan: Plan, sampler: str, run: tuple[SamplerSettings, str]
) -> tuple[RawDraws, xr.Dataset]:
    """Draw from the posterior.

    Parameters
    ----------
    source : Source
        The model.
    plan : Plan
        Route and parameterization.
    sampler : str
        A sampler that has the plan's route.
    run : tuple of SamplerSettings and str
        Draws, chains and seed; and the title of the progress bar.

    Returns
    -------
    RawDraws
        What the sampler gave, with its statistics.
    Dataset
        The posterior, dims ``chain``, ``draw`` and those of each variable, for the user's columns.
    """
    from hierbayes.sampling import KERNEL_SAMPLERS

    if plan.route == GRAPH:
        return source.graphs.sample(source.design, plan.parameterization, run, sampler=sampler)
    kernel = _kernel(source, plan)
    settings, title = run
    raw = KERNEL_SAMPLERS[sampler](kernel, settings, title)
    return raw, _of_kernel(source, kernel, (raw, settings.seed))


def posterior_of(source: Source, plan: Plan, raw: RawDraws, seed: int) -> xr.Dataset:
    """The posterior of draws that were made before, as of ``sample``; nothing is compiled.

    Draws of a kernel are gone afterwards.
    """
    if plan.route == GRAPH:
        return recover(source.spec, source.design, raw.variables, source.frame)
    return _of_kernel(source, _kernel(source, plan), (raw, seed))


def starts(source: Source, plan: Plan, settings: SamplerSettings) -> Start:
    """The model as chains need it that go on where others stopped."""
    from hierbayes.sampling import starts_of_graph, starts_of_kernel

    if plan.route == GRAPH:
        from hierbayes.graph import build_graph

        graph = build_graph(source.spec, source.design, plan.parameterization, deterministics=False)
        return starts_of_graph(graph, settings)
    return starts_of_kernel(_kernel(source, plan))


def _kernel(source: Source, plan: Plan) -> Kernel:
    spec, design, frame = source.spec, source.design, source.frame
    if plan.collapsed:
        from hierbayes.kernels.collapsed import collapsed_kernel

        return collapsed_kernel(spec, design, frame)
    from hierbayes.kernels.assemble import rows_kernel

    return rows_kernel(spec, design, plan.parameterization, frame)


def _of_kernel(source: Source, kernel: Kernel, drawn: tuple[RawDraws, int]) -> xr.Dataset:
    from hierbayes.kernels.blocks import pieces_in_place
    from hierbayes.sampling import UNCONSTRAINED

    raw, seed = drawn
    pieces = pieces_in_place(kernel, raw.variables[UNCONSTRAINED], seed)
    return reported(source.spec, source.design, source.frame.means, pieces)
