"""What was estimated: coefficient tables, the verdict on convergence, and published figures beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierbayes import names
from hierbayes.estimates.variance.odds import COUNTS
from hierbayes.report.blocks import Block, Blocks, Cell, Column, Details, Paragraph, Remark, Table, Verdict
from hierbayes.report.content.context import Shown
from hierbayes.report.numerals import interval
from hierbayes.report.tables import (
    DIAGNOSTICS,
    diagnostic_cells,
    estimate_cells,
    estimate_columns,
    interval_mass,
    number_cell,
    records,
)
from hierbayes.report.words import coefficient_notes, latent_words, parameter_notes

if TYPE_CHECKING:
    from hierbayes.fitted import Fit

ODDS_RATIO, RISK_RATIO, RATE_RATIO, RATIO = "Odds ratio", "Risk ratio", "Rate ratio", "Ratio of means"
PROBABILITIES = ("bernoulli", "binomial", "beta_binomial")
MEANING: dict[str, str] = {
    ODDS_RATIO: (
        "An odds ratio above 1 means that {outcome} becomes more likely as the column rises by one unit, "
        "below 1 less likely"
    ),
    RISK_RATIO: "A risk ratio of 1.1 means a tenth more probability where the column is one unit more",
    RATE_RATIO: "A rate ratio of 1.1 means a tenth more counts where the column is one unit more",
    RATIO: "A ratio of 1.1 means an expected value a tenth larger where the column is one unit more",
}
"""What exp(coefficient) is called, and how it is read."""


def summary(shown: Shown) -> Blocks:
    """Population-level effects (with odds ratios for a logit link), then sds and correlations."""
    fit = shown.fit
    frame = shown.summary
    blocks: list[Block] = [_population(fit, frame)]
    ratio = ratio_name(fit)
    if ratio:
        outcome = "a higher category" if fit.spec.categories else "the outcome"
        text = (
            f"{MEANING[ratio].format(outcome=outcome)}; an interval that contains 1 leaves the direction "
            "open. It is the posterior median of exp(coefficient)."
        )
        blocks.append(Paragraph(text, "note"))
    interactions = [term for term in fit.design.terms if ":" in term]
    if interactions:
        text = "Of columns in an interaction, the coefficient of one alone holds where the other is 0."
        blocks.append(Paragraph(text, "note"))
    spread = frame[frame["section"] != "population"]
    if len(spread):
        blocks.append(_spread(fit, spread))
    return tuple(blocks)


def check(shown: Shown) -> Blocks:
    """Whether the sampler did its work, in plain language, and the numbers behind that."""
    verdict = shown.verdict
    findings = tuple(Remark(f.level, f.what, f.advice) for f in verdict.findings)
    blocks: list[Block] = [Verdict(verdict.ok, verdict.headline, findings)]
    if shown.fit.partial:
        text = "The sampling was interrupted: these are the draws made so far, and no final result."
        blocks.insert(0, Verdict(False, text))
    text = (
        "The posterior was drawn by several chains that started apart from each other. R-hat compares them "
        "(1.00: they agree); the effective sample size (ESS) says how many independent draws the chains are "
        "worth; a divergent transition is a place where the sampler lost its way."
    )
    blocks += [Paragraph(text), Details("The diagnostics in numbers", (_worst(verdict.table),))]
    return tuple(blocks)


def reference(shown: Shown) -> Blocks:
    """Published figures beside the posterior; nothing where the card has none."""
    if shown.reference is None or not shown.reference.figures:
        return ()
    frame = shown.summary
    mass = interval_mass(frame)
    columns = (
        Column("Parameter"),
        Column("Published", "right"),
        Column("Here", "right"),
        Column(f"{mass} interval", "right"),
        Column("Inside?"),
    )
    found = _by_key(shown)
    rows = tuple(_reference_row(key, value, found.get(key)) for key, value in shown.reference.figures.items())
    return (Table(columns, rows, f"Published figures: {shown.reference.source}"),)


def ratio_name(fit: Fit) -> str:
    """What exp(coefficient) is a ratio of; empty where it is none that people speak of."""
    family, link = fit.spec.family, fit.spec.link
    if family == "lognormal":
        return RATIO
    if link == "log":
        return RISK_RATIO if family in PROBABILITIES else RATE_RATIO if family in COUNTS else RATIO
    return ODDS_RATIO if link == "logit" and family != "beta" else ""  # a mean share has no odds of an event


def parameter_label(row: dict[str, Any]) -> str:
    """A row of ``fit.summary()`` by its full name: ``"school: sd(Intercept)"``."""
    return f"{row['group']}: {row['parameter']}" if row["section"] == "group" else str(row["parameter"])


def _worst(frame: pd.DataFrame) -> Table:
    body = tuple((Cell(str(row["parameter"])), *diagnostic_cells(row)) for row in records(frame))
    return Table((Column("Parameter"), *DIAGNOSTICS), body, "The parameters whose chains agree least")


def _population(fit: Fit, frame: pd.DataFrame) -> Table:
    rows = records(frame[frame["section"] == "population"])
    columns = estimate_columns(frame, "Coefficient")
    cells = [estimate_cells(row) for row in rows]
    extra: list[tuple[Cell, ...]] = [() for _ in rows]
    ratio = ratio_name(fit)
    if ratio:
        columns = (
            *columns,
            Column(ratio, "right"),
            Column(f"{interval_mass(frame)} interval", "right"),
        )
        extra = _ratios(fit, rows)
    notes = coefficient_notes(fit.design)
    body = tuple(
        (
            Cell(str(row["parameter"]), note=notes.get(str(row["parameter"]), "")),
            *main,
            *more,
            *diagnostic_cells(row),
        )
        for row, main, more in zip(rows, cells, extra, strict=True)
    )
    caption = f"Population-level effects, the same in every group, on the scale of {latent_words(fit.spec)}"
    return Table((*columns, *DIAGNOSTICS), body, caption)


def _ratios(fit: Fit, rows: list[dict[str, Any]]) -> list[tuple[Cell, ...]]:
    """exp(coefficient) of the rows, which are the terms of all linear predictors in turn."""
    cells: list[tuple[Cell, ...]] = []
    n_cutpoints = len(fit.spec.cutpoints)  # they come first
    cells += [(Cell(""), Cell(""))] * n_cutpoints
    places = [(p, term) for p in fit.spec.linear for term in p.terms]
    for row, (predictor, term) in zip(rows[n_cutpoints:], places, strict=True):
        if term == names.INTERCEPT or (predictor.name and predictor.link != "identity"):
            cells.append((Cell(""), Cell("")))
            continue
        b = fit.posterior[names.of(names.B, predictor.name)]
        draws = b.sel({names.within(predictor.name, names.TERM): term})
        ratio = float(np.exp(draws.median()))
        ends = interval(float(np.exp(row["lower"])), float(np.exp(row["upper"])))
        cells.append((number_cell(ratio), Cell(ends)))
    return cells


def _spread(fit: Fit, spread: pd.DataFrame) -> Table:
    notes = parameter_notes(fit.spec)
    body = tuple(
        (
            Cell(parameter_label(row), note=notes.get((row["group"], row["parameter"]), "")),
            *estimate_cells(row),
            *diagnostic_cells(row),
        )
        for row in records(spread)
    )
    caption = "How much groups differ (sds and correlations of their effects), and the scatter within them"
    return Table((*estimate_columns(spread, "Parameter"), *DIAGNOSTICS), body, caption)


def _by_key(shown: Shown) -> dict[str, dict[str, Any]]:
    """Rows of the summary and of ``fit.vpc()`` by the keys of published figures."""
    fit, rows = shown.fit, records(shown.summary)
    named = {(row["section"], row["group"], row["parameter"]): row for row in rows}
    places = [(p.name, term) for p in fit.spec.linear for term in p.terms]
    population = [row for row in rows if row["section"] == "population"]
    found = {
        names.prior_key(names.of(names.B, predictor), term): row
        for (predictor, term), row in zip(places, population, strict=True)
    }
    found |= {str(row["parameter"]): row for row in rows if row["section"] == "family"}
    for group in fit.spec.all_groups:
        for term in group.terms:
            row = named.get(("group", group.name, f"sd({term})"))
            keys = [names.prior_key("sd", group.name, term)]
            keys += [names.prior_key("sd", group.name)] if len(group.terms) == 1 else []
            found |= {key: row for key in keys if row is not None}
        if len(group.terms) == 2:
            row = named.get(("group", group.name, f"cor({', '.join(group.terms)})"))
            found |= {names.prior_key("cor", group.name): row} if row is not None else {}
    if fit.spec.groups:
        found |= {names.prior_key("vpc", str(row["group"])): row for row in records(shown.vpc)}
    return found


def _reference_row(key: str, value: float, row: dict[str, Any] | None) -> tuple[Cell, ...]:
    if row is None:
        return (Cell(key), number_cell(value), Cell(""), Cell(""), Cell("not in this model's tables"))
    mean, ends, _ = estimate_cells(row)
    inside = float(row["lower"]) <= value <= float(row["upper"])
    return (Cell(key), number_cell(value), mean, ends, Cell("yes" if inside else "no"))
