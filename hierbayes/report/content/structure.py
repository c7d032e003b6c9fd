"""The model: its formula, the same in words, and its priors with their reasons."""

from __future__ import annotations

from hierbayes.report.blocks import (
    Block,
    Blocks,
    Bullets,
    Cell,
    Code,
    Column,
    Details,
    Equations,
    Paragraph,
    Table,
)
from hierbayes.report.content.context import Shown
from hierbayes.report.content.implied import prior_predictive
from hierbayes.report.equations import model_equations, prior_equations
from hierbayes.report.words import model_words
from hierbayes.spec.records import ModelSpec, PriorEntry

PARAMETERS: dict[str, str] = {
    "Intercept": "intercept, at the mean of the columns",
    "b": "coefficient",
    "cutpoints": "cutpoint between two categories, at the mean of the columns",
    "sd": "how much groups differ (sd)",
    "cor": "correlation of group effects",
    "sigma": "scatter of single values (sd)",
}
"""What a class of priors is about; another one goes by its own name."""


def structure(shown: Shown) -> Blocks:
    """The formula, family and link, the model in words, and the priors folded away."""
    spec = shown.fit.spec
    formulas = "\n".join(dict.fromkeys(predictor.formula for predictor in spec.linear))
    blocks: list[Block] = [Paragraph(shown.description)] if shown.description else []
    blocks += [
        Code(f"{formulas}\nfamily: {spec.family}, link: {spec.link}"),
        Equations(model_equations(spec, shown.fit.design)),
        Bullets(model_words(spec, shown.fit.design)),
        Details("What was assumed beforehand (priors), and what that implies", priors(shown)),
    ]
    return tuple(blocks)


def priors(shown: Shown) -> Blocks:
    """The prior of every parameter, where it came from and why, and what data they imply together."""
    text = (
        "A prior says which values are plausible before the data are seen. Those marked default are weak: "
        "they rule out absurd values and leave the rest to the data."
    )
    spec = shown.fit.spec
    written = Equations(prior_equations(spec, shown.fit.design))
    return (Paragraph(text), prior_table(spec), written, *prior_predictive(shown))


def prior_table(spec: ModelSpec) -> Table:
    """The priors in force as a table."""
    columns = (Column("Parameter"), Column("Prior"), Column("Source"), Column("Reason"))
    rows = tuple(
        (
            Cell(entry.key, note=PARAMETERS.get(entry.parameter, "")),
            Cell(str(entry.prior)),
            Cell(prior_source(entry)),
            Cell(entry.reason),
        )
        for entry in spec.priors
    )
    return Table(columns, rows, "Priors, on the scale of the user's own columns")


def prior_source(entry: PriorEntry) -> str:
    """Where a prior came from: ``"default"``, or the key under which the user stated it."""
    return "default" if entry.source == "default" else f"stated as {entry.source}"
