"""From a plan to draws: through a kernel where one covers the model, through the PyMC graph elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hierbayes.design import Design
from hierbayes.geometry import Coordinates, reported
from hierbayes.plan import Plan
from hierbayes.reuse import CompiledGraphs
from hierbayes.spec import ModelSpec

if TYPE_CHECKING:
    import xarray as xr

    from hierbayes.sampling import RawDraws, SamplerSettings


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
    from hierbayes.kernels.blocks import pieces_in_place
    from hierbayes.sampling import KERNEL_SAMPLERS, UNCONSTRAINED

    spec, design, frame = source.spec, source.design, source.frame
    if plan.route == "graph":
        return source.graphs.sample(design, plan.parameterization, run, sampler=sampler)
    if plan.collapsed:
        from hierbayes.kernels.collapsed import collapsed_kernel

        kernel = collapsed_kernel(spec, design, frame)
    else:
        from hierbayes.kernels.assemble import rows_kernel

        kernel = rows_kernel(spec, design, plan.parameterization, frame)
    settings, title = run
    raw = KERNEL_SAMPLERS[sampler](kernel, settings, title)
    pieces = pieces_in_place(kernel, raw.variables[UNCONSTRAINED], settings.seed)
    return raw, reported(spec, design, frame.means, pieces)
