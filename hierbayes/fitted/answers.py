"""What a fit, its ``plot`` and a model answer: names of the registry's tables, bound on first use.

A type checker reads ``answers.pyi`` in place of this file, where each of these names has its signature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from hierbayes.fitted import registry


class _Answers:
    _table: ClassVar[Mapping[str, str]]
    _called: ClassVar[str]

    def _asked(self) -> object:
        """Whom the functions are of."""
        return self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return registry.bind(self._table, name, self._asked(), self._called)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._table]


class FitAnswers(_Answers):
    """What a fit answers."""

    _table = registry.ESTIMATES
    _called = "fit."


class ModelAnswers(_Answers):
    """What a model answers before it is fitted."""

    _table = registry.OF_MODELS
    _called = "model."


class PlotAccessor(_Answers):
    """``fit.plot``: pictures of a fit."""

    _table = registry.PLOTS
    _called = "fit.plot."

    def __init__(self, _fit: FitAnswers) -> None:
        self._fit = _fit

    def _asked(self) -> object:
        return self._fit
