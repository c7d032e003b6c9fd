"""``hb.plot``: pictures that are not of one fit: of data before any fit, of several fits, of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from hierbayes.progress import working

FUNCTIONS: dict[str, str] = {
    "forest": "hierbayes.plots.forest:forest",
    "comparison": "hierbayes.plots.comparison:comparison",
    "sbc": "hierbayes.plots.calibration:sbc",
    "pooling": "hierbayes.plots.pooling:pooling",
    "proportions": "hierbayes.plots.exploring:proportions",
    "group_means": "hierbayes.plots.exploring:group_means",
    "group_sizes": "hierbayes.plots.structure:group_sizes",
    "structure": "hierbayes.plots.structure:structure",
}
"""What ``hb.plot`` has, and where each is implemented; imported on first use."""


@dataclass(frozen=True)
class Pictures:
    """Each name of a table is a function, imported when it is asked for."""

    _table: Mapping[str, str] = field(repr=False)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._table:
            raise AttributeError(f"hb.plot has no {name!r}; there are: {', '.join(self._table)}")
        module, _, function = self._table[name].partition(":")
        found: Callable[..., Any] = getattr(import_module(module), function)
        return working(f"hb.plot.{name}")(found)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._table]


plot = Pictures(FUNCTIONS)
