"""The sections of a report by name, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hierbayes.report.blocks import Blocks
from hierbayes.report.content.context import Shown
from hierbayes.report.content.data import data
from hierbayes.report.content.differences import differences
from hierbayes.report.content.fitness import ppc, trace
from hierbayes.report.content.groups import coef, shrinkage, vpc
from hierbayes.report.content.misreadings import misreadings
from hierbayes.report.content.provenance import provenance
from hierbayes.report.content.results import check, reference, summary
from hierbayes.report.content.short import short
from hierbayes.report.content.structure import structure


@dataclass(frozen=True)
class Section:
    """A section: its heading, how it is written, and whether it only makes sense with groups."""

    title: str
    build: Callable[[Shown], Blocks]
    needs_groups: bool = False


SECTIONS: dict[str, Section] = {
    "short": Section("In short", short),
    "data": Section("The data", data),
    "models": Section("The model: formula, equations, words", structure),
    "check": Section("Can the numbers be trusted?", check),
    "trace": Section("How the chains ran", trace),
    "summary": Section("What was estimated", summary),
    "effects": Section("What the effects amount to", differences),
    "vpc": Section("How much do groups differ?", vpc, needs_groups=True),
    "shrinkage": Section("How groups are pulled to the average", shrinkage, needs_groups=True),
    "coef": Section("Each group", coef, needs_groups=True),
    "ppc": Section("Does the model fit the data?", ppc),
    "misread": Section("How not to read it", misreadings),
    "reference": Section("Published figures", reference),
    "provenance": Section("How to repeat this", provenance),
}
"""The names are those of ``[report] show`` in a model card."""
