"""What a report needs of a model and a card, which stand to its right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd

from hierbayes.design.records import Design
from hierbayes.spec.records import ModelSpec


class InParts(Protocol):
    """A result that says what is shown of it: headings, each with a table of texts or with sentences."""

    def parts(self) -> Sequence[tuple[str, pd.DataFrame | tuple[str, ...]]]: ...  # noqa: D102


class PlanLike(Protocol):
    """How a model will be sampled, and why."""

    @property
    def parameterization(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102


class SpecifiedLike(Protocol):
    """A model or a fit: what it is, and of which data."""

    @property
    def spec(self) -> ModelSpec: ...  # noqa: D102
    @property
    def design(self) -> Design: ...  # noqa: D102


class ModelLike(Protocol):
    """A model before it is fitted."""

    @property
    def spec(self) -> ModelSpec: ...  # noqa: D102
    @property
    def design(self) -> Design: ...  # noqa: D102
    @property
    def messages(self) -> tuple[str, ...]: ...  # noqa: D102
    def plan(self) -> PlanLike: ...  # noqa: D102


class ReferenceLike(Protocol):
    """Published figures, keyed as priors are."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def figures(self) -> Mapping[str, float]: ...  # noqa: D102


class CardModelLike(Protocol):
    """One model of a card."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102
    @property
    def reference(self) -> ReferenceLike | None: ...  # noqa: D102


class CardDataLike(Protocol):
    """Where a card's data come from."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102


class CardReportLike(Protocol):
    """What a card wants to be shown."""

    @property
    def show(self) -> Sequence[str]: ...  # noqa: D102


class CardLike(Protocol):
    """A model card (see :mod:`hierbayes.cards`)."""

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def question(self) -> str: ...  # noqa: D102
    @property
    def path(self) -> Path: ...  # noqa: D102
    @property
    def data(self) -> CardDataLike: ...  # noqa: D102
    @property
    def models(self) -> Sequence[CardModelLike]: ...  # noqa: D102
    @property
    def report(self) -> CardReportLike: ...  # noqa: D102
