"""Pictures of a fit: every plot is data (an xarray Dataset), a drawing, and a function that joins the two.

The registry's table ``PLOTS`` has the joined functions, which ``fit.plot`` answers by name. The halves
(``shrinkage_data``, ``draw_shrinkage``, ...) and the ways to save a picture are importable from here, on
first use.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from hierbayes.caches import use_for_matplotlib

use_for_matplotlib()


@cache
def _public() -> dict[str, str]:
    from hierbayes.fitted.registry import PLOTS

    return {
        "save_png": "hierbayes.plots.saving:save_png",
        "to_pixels": "hierbayes.plots.saving:to_pixels",
        "to_png_bytes": "hierbayes.plots.saving:to_png_bytes",
        **{f"{name}_data": f"{place}_data" for name, place in PLOTS.items()},
        **{f"draw_{name}": place.replace(":", ":draw_") for name, place in PLOTS.items()},
    }


def __getattr__(name: str) -> Any:
    if name.startswith("__") or name not in _public():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, function = _public()[name].partition(":")
    return getattr(import_module(module), function)


def __dir__() -> list[str]:
    return sorted(_public())
