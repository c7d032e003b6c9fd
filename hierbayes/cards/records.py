"""What a model card says, as frozen records; reading a card never runs code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

DATASET = "dataset:"
"""What stands before the name of a data set that comes along, where a file could stand too."""

SECTIONS = (
    "short",
    "data",
    "models",
    "check",
    "trace",
    "summary",
    "effects",
    "vpc",
    "shrinkage",
    "coef",
    "ppc",
    "misread",
    "reference",
    "provenance",
)
"""What a report can show, in the order in which it shows it."""


@dataclass(frozen=True)
class CardData:
    """Where the data come from: a data set that comes along, or a file beside the card.

    Attributes
    ----------
    dataset : str or None
        Name of a data set of :func:`hierbayes.list_data`.
    file : pathlib.Path or None
        The file, relative to the working directory if the card's own path is; exactly one of ``dataset`` and
        ``file`` is given.
    description : str
        What a row is and where the data were collected, for the report.
    missing : str or mapping of str to str
        What to do about missing values, as in ``Model(missing=)``; for all models of the card.
    """

    dataset: str | None = None
    file: Path | None = None
    description: str = ""
    missing: str | Mapping[str, str] = "drop"

    @property
    def source(self) -> str:
        """The data as the command line names them: ``"dataset:exam"`` or the file's name."""
        return f"dataset:{self.dataset}" if self.file is None else self.file.name


@dataclass(frozen=True)
class CardSettings:
    """How the models of the card are sampled; the defaults are those of ``Model.fit``."""

    draws: int = 1000
    tune: int | None = None
    chains: int = 4
    seed: int = 1
    sampler: str = "nutpie"
    parameterization: str = "auto"


@dataclass(frozen=True)
class Reference:
    """Figures published elsewhere for the same model.

    Attributes
    ----------
    source : str
        Where they come from and what they are: ``"lme4 1.1-31, maximum likelihood"``.
    figures : mapping of str to float
        Keyed as priors are: ``"b[age]"``, ``"sd[school][standLRT]"``, ``"cor[school]"`` (the one correlation
        of two coefficients), ``"sigma"``, and ``"vpc[school]"``.
    """

    source: str
    figures: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class CardModel:
    """One model of the card.

    Attributes
    ----------
    name : str
        What the report calls it, ``"m_01"``; unique within the card.
    formula : str
        The formula as written in the card.
    family, link : str
        The response distribution; ``link`` is None for the family's default.
    parameters : mapping of str to str
        Formulas of parameters of the family, ``{"sigma": "~ age + (1 | school)"}``.
    description : str
        What the model says, in words.
    priors : mapping of str to str
        The card's shared priors with the model's own laid over them, in the strings of ``Model(priors=)``.
    reference : Reference or None
        Published figures to show beside the posterior.
    """

    name: str
    formula: str
    family: str = "gaussian"
    link: str | None = None
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    description: str = ""
    priors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    reference: Reference | None = None


@dataclass(frozen=True)
class CardReport:
    """What the report shows.

    Attributes
    ----------
    show : tuple of str
        Sections out of :data:`SECTIONS`, all of them unless the card chooses.
    """

    show: tuple[str, ...] = SECTIONS


@dataclass(frozen=True)
class Card:
    """A model card.

    Attributes
    ----------
    title, question : str
        Heading of the report, and what the analysis asks, in the reader's words.
    path : pathlib.Path
        The card's file.
    data, settings, models, report
        See :class:`CardData`, :class:`CardSettings`, :class:`CardModel` and :class:`CardReport`.
    """

    title: str
    question: str
    path: Path
    data: CardData
    models: tuple[CardModel, ...]
    settings: CardSettings = CardSettings()
    report: CardReport = CardReport()

    def model(self, name: str) -> CardModel:
        """The model of that name; raises KeyError if there is none."""
        return {model.name: model for model in self.models}[name]

    def with_data(self, source: str | os.PathLike[str]) -> Card:
        """The same models of other data.

        Parameters
        ----------
        source : str or path
            A .csv, .tsv or .parquet file with the columns that the formulas name, or ``"dataset:exam"``.

        Returns
        -------
        Card
            Without the description of the card's own data and the figures that belong to them.

        Examples
        --------
        >>> import hierbayes as hb
        >>> card = hb.load_card("models/remission.toml").with_data("hdp.csv")  # doctest: +SKIP
        """
        named = isinstance(source, str) and source.startswith(DATASET)
        dataset = str(source).removeprefix(DATASET) if named else None
        file = None if named else Path(source)
        data = replace(self.data, dataset=dataset, file=file, description="")
        models = tuple(replace(model, reference=None) for model in self.models)
        return replace(self, data=data, models=models)
