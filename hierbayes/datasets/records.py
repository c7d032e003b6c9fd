"""What is known of a data set: where it comes from, and what its columns are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

CMM = "Centre for Multilevel Modelling, University of Bristol; R package mlmRev 1.0-8"
GPL = "GPL (>= 2), as the R package"

type Levels = tuple[str, ...] | None


@dataclass(frozen=True)
class Twin:
    """How data are simulated that stand in for data which cannot come along.

    Attributes
    ----------
    formula, family : str
        The model that they are drawn from.
    sizes, covariates, params : mapping
        As of ``hierbayes.simulate``.
    seed : int
        The data are the same each time.
    """

    formula: str
    family: str
    sizes: Mapping[Any, Any]
    covariates: Mapping[str, Any]
    params: Mapping[str, float]
    seed: int


@dataclass(frozen=True)
class DataSet:
    """A data set: where it comes from and what its columns are.

    Attributes
    ----------
    title, description, source, licence : str
        For readers.
    origin : tuple of str
        R package and name.
    rows : int
        Number of rows.
    variables : mapping of str to tuple of str
        Column to (description, unit or levels), in the order of the columns.
    levels : mapping of str to tuple of str, or None
        Factors with their levels in R's order; None for numeric labels in increasing order.
    derive : mapping of str to callable
        Columns that are computed from the frame.
    ordered : tuple of str
        Factors that are ordered in R.
    values : mapping of str to tuple of float
        The data themselves, where they are few and in no package; ``origin`` then names their publication.
    blank : mapping of str to str
        Columns with a level that the package's file shows as missing, and that level.
    twin : Twin or None
        How the data are simulated, where they are.
    """

    title: str
    description: str
    origin: tuple[str, str]
    rows: int
    source: str
    licence: str
    variables: Mapping[str, tuple[str, str]]
    levels: Mapping[str, Levels]
    derive: Mapping[str, Callable[[pd.DataFrame], Any]] = field(default_factory=dict)
    ordered: tuple[str, ...] = ()
    values: Mapping[str, tuple[float | str, ...]] = field(default_factory=dict)
    blank: Mapping[str, str] = field(default_factory=dict)
    twin: Twin | None = None
