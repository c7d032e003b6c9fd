"""Group terms of several linear predictors, correlated by an ID, ``(1 |c| school)``: one when sampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hierbayes import names


class Group(Protocol):
    """What a group term is known by, as a design or as a spec."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def factor(self) -> str:
        """The grouping factor."""

    @property
    def terms(self) -> tuple[str, ...]:
        """Its columns."""

    @property
    def shared(self) -> str:
        """The ID, or empty."""


class Predictor[G: Group](Protocol):
    """A linear predictor, as a design or as a spec."""

    @property
    def name(self) -> str:
        """The parameter or category, empty for the main one."""

    @property
    def label(self) -> str:
        """What it is called in tables."""

    @property
    def groups(self) -> tuple[G, ...]:
        """Its group terms."""


@dataclass(frozen=True)
class Joint[G: Group]:
    """A group term as it is sampled.

    Attributes
    ----------
    name : str
        ``"c_school"``; empty for a group term without an ID, which is itself.
    groups : tuple of group terms
        What it consists of: one, or those that share an ID, in the order of the linear predictors.
    predictors : tuple of int
        The linear predictor of each of them.
    terms : tuple of str
        Names of all its columns: ``"Intercept"``, ``"sigma_Intercept"``; ``"walk: Intercept"`` of a category.
    """

    name: str
    groups: tuple[G, ...]
    predictors: tuple[int, ...]
    terms: tuple[str, ...]


def sampled_terms[G: Group](linear: Sequence[Predictor[G]]) -> tuple[Joint[G], ...]:
    """The group terms of all linear predictors, each in the place of its first part.

    Parameters
    ----------
    linear : sequence of linear predictors
        The main one first, ``PredictorDesign`` or ``PredictorSpec``.
    """
    categories = bool(linear[0].label)
    parts: dict[tuple[str, str], list[tuple[int, G]]] = {}
    for k, predictor in enumerate(linear):
        for group in predictor.groups:
            key = (names.joint(group.shared, group.factor), "") if group.shared else ("", group.name)
            parts.setdefault(key, []).append((k, group))
    found = []
    for (name, _), members in parts.items():
        labels = [
            names.joint_term(linear[k].label if categories else linear[k].name, term, category=categories)
            for k, group in members
            for term in group.terms
        ]
        terms = tuple(labels) if name else members[0][1].terms
        found.append(Joint(name, tuple(g for _, g in members), tuple(k for k, _ in members), terms))
    return tuple(found)
