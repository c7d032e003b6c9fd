"""PyMC models that are compiled once and sampled for many responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hierbayes import names
from hierbayes.design import Design
from hierbayes.geometry import Coordinates, coordinates, recover
from hierbayes.spec import ModelSpec

if TYPE_CHECKING:
    import xarray as xr

    from hierbayes.sampling import CompiledSampler, RawDraws, SamplerSettings


@dataclass(frozen=True, eq=False)
class CompiledGraphs:
    """The compiled PyMC models of one spec and its columns; they stay in the process that compiled them.

    Attributes
    ----------
    spec : ModelSpec
        The model.
    first : Design
        The design whose response chooses the coordinates of all, whichever is sampled first.
    """

    spec: ModelSpec
    first: Design
    _held: dict[Any, tuple[Coordinates, CompiledSampler]] = field(default_factory=dict, repr=False)

    def sample(
        self,
        design: Design,
        forms: Mapping[str, str],
        run: tuple[SamplerSettings, str],
        *,
        sampler: str,
    ) -> tuple[RawDraws, xr.Dataset]:
        """Draw from the PyMC model of a design, compiled before if the sampler can use it again.

        Parameters
        ----------
        design : Design
            ``first``, or the same with another response.
        forms : mapping of str to str
            The parameterization of each group term.
        run : (SamplerSettings, str)
            How to sample, and the title.
        sampler : str
            Name of the sampler.

        Returns
        -------
        RawDraws, xarray.Dataset
            What was sampled, and the posterior.
        """
        from hierbayes.graph import build_graph
        from hierbayes.sampling import COMPILERS, SAMPLERS

        if sampler not in COMPILERS:
            raw = SAMPLERS[sampler](build_graph(self.spec, design, forms, deterministics=False), *run)
            return raw, recover(self.spec, design, raw.variables)
        key = (sampler, *forms.items())
        if key not in self._held:
            graph = build_graph(self.spec, self.first, forms, deterministics=False)
            self._held[key] = coordinates(self.spec, self.first), COMPILERS[sampler](graph, *run)
        frame, draw = self._held[key]
        raw = draw({names.OBSERVED: design.y}, *run)
        return raw, recover(self.spec, design, raw.variables, frame)

    def __getstate__(self) -> dict[str, Any]:
        """Without what was compiled."""
        return {"spec": self.spec, "first": self.first, "_held": {}}
