"""Pictures of a fit: every plot is data (an xarray Dataset), a drawing, and a function that joins the two.

``PLOTS`` is the table of the joined functions, which ``fit.plot`` answers by name. The halves
(``shrinkage_data``, ``draw_shrinkage``, ...) and the ways to save a picture are importable from here, on
first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

PLOTS: dict[str, str] = {
    "shrinkage": "hierbayes.plots.shrinkage:shrinkage",
    "shrinkage_plane": "hierbayes.plots.plane:shrinkage_plane",
    "caterpillar": "hierbayes.plots.caterpillar:caterpillar",
    "group_lines": "hierbayes.plots.group_lines:group_lines",
    "vpc": "hierbayes.plots.vpc:vpc",
    "variance": "hierbayes.plots.along:variance",
    "trace": "hierbayes.plots.chains:trace",
    "rank": "hierbayes.plots.chains:rank",
    "energy": "hierbayes.plots.sampler:energy",
    "pairs": "hierbayes.plots.sampler:pairs",
    "ppc": "hierbayes.plots.ppc:ppc",
    "loo_pit": "hierbayes.plots.leave_out:loo_pit",
    "pareto_k": "hierbayes.plots.leave_out:pareto_k",
    "effects": "hierbayes.plots.effects:effects",
    "ranks": "hierbayes.plots.ranks:ranks",
    "forest": "hierbayes.plots.forest:forest",
    "residuals": "hierbayes.plots.residuals:residuals",
    "varcorr": "hierbayes.plots.densities:varcorr",
    "prior_posterior": "hierbayes.plots.densities:prior_posterior",
    "prior_predictive": "hierbayes.plots.prior_predictive:prior_predictive",
}

_PUBLIC: dict[str, str] = {
    "save_png": "hierbayes.plots.saving:save_png",
    "to_pixels": "hierbayes.plots.saving:to_pixels",
    "to_png_bytes": "hierbayes.plots.saving:to_png_bytes",
    **{f"{name}_data": f"{place}_data" for name, place in PLOTS.items()},
    **{f"draw_{name}": place.replace(":", ":draw_") for name, place in PLOTS.items()},
}

__all__ = ["PLOTS", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, function = _PUBLIC[name].partition(":")
    return getattr(import_module(module), function)


def __dir__() -> list[str]:
    return sorted(__all__)
