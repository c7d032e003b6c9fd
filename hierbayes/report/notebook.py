"""What a notebook shows for a model, a fit and its results: pieces of HTML from the blocks of a report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierbayes.report import blocks
from hierbayes.report.blocks import (
    Align,
    Block,
    Blocks,
    Bullets,
    Cell,
    Code,
    Column,
    Paragraph,
    Remark,
    Table,
)
from hierbayes.report.content.context import Shown
from hierbayes.report.content.results import summary
from hierbayes.report.protocols import InParts, ModelLike
from hierbayes.report.render_html import render_fragment
from hierbayes.report.text import fit_header, group_table, model_header, plan_words, prior_table

if TYPE_CHECKING:
    from hierbayes.estimates.checks.convergence import Verdict
    from hierbayes.estimates.leave_out.elpd import Elpd
    from hierbayes.fitted import Fit


def fit_html(fit: Fit) -> str:
    """The summary of a fit as HTML: formula, coefficient tables, the verdict, and what is to be noted."""
    return render_fragment(fit_blocks(fit))


def fit_blocks(fit: Fit) -> Blocks:
    """The summary of a fit as blocks, for any renderer."""
    verdict = fit.check()
    odd = tuple(Remark(f.level, f.what, f.advice) for f in verdict.findings if f.matters)
    messages = tuple(dict.fromkeys((*fit.design.messages, *fit.messages)))
    shown: list[Block] = [Code(fit_header(fit)), *summary(Shown(fit))]
    shown.append(blocks.Verdict(verdict.ok, verdict.headline, odd))
    return (*shown, Bullets(messages)) if messages else tuple(shown)


def model_html(model: ModelLike) -> str:
    """A model before it is fitted as HTML: what ``print`` says, its groups and priors as tables."""
    return render_fragment(model_blocks(model))


def model_blocks(model: ModelLike) -> Blocks:
    """A model before it is fitted as blocks, for any renderer."""
    shown: list[Block] = [Code(model_header(model))]
    if model.design.all_groups:
        groups = group_table(model.design)
        shown.append(replace(groups, columns=(Column("group"), *groups.columns[1:]), caption="Groups"))
    shown.append(replace(prior_table(model.spec), caption="Priors"))
    shown.append(Paragraph(f"Sampling: {plan_words(model)}"))
    return (*shown, Bullets(model.messages)) if model.messages else tuple(shown)


def verdict_html(verdict: Verdict) -> str:
    """What ``fit.check()`` found, as HTML."""
    findings = tuple(Remark(f.level, f.what, f.advice) for f in verdict.findings)
    return render_fragment((blocks.Verdict(verdict.ok, verdict.headline, findings),))


def parts_html(result: InParts) -> str:
    """A result that tells its parts, as HTML: the tables and sentences that ``print`` shows, uncut."""
    return render_fragment(tuple(block for part in result.parts() for block in _part(*part)))


def _part(title: str, what: pd.DataFrame | tuple[str, ...]) -> Blocks:
    if isinstance(what, pd.DataFrame):
        columns = [Column(str(name), _align(what[name])) for name in what]
        rows = tuple(tuple(Cell(str(cell)) for cell in row) for row in what.itertuples(index=False))
        return (Table(tuple(columns), rows, title),)
    if title:
        return (Paragraph(title), Bullets(what)) if what else (Paragraph(title),)
    return tuple(Paragraph(text, "note") for text in what)


def _align(cells: pd.Series) -> Align:
    """To the right where every cell is a number, with its interval or unit, or is empty."""
    return (
        "right" if cells.astype(str).str.fullmatch(r"(?:[-+<>\[]*[\d.,]+\]?(?: ?%)? ?)*|-").all() else "left"
    )


def elpd_html(elpd: Elpd) -> str:
    """A result of leave-one-out or k-fold cross-validation as HTML."""
    columns = (Column("quantity"), Column("estimate", "right"), Column("se", "right"))
    rows = tuple(
        (Cell(name), Cell(_rounded(name, estimate), float(estimate)), Cell(_error(se)))
        for name, estimate, se in elpd.table.itertuples(index=False)
    )
    notes = (Paragraph(text, "note") for text in (elpd.definition, *elpd.notes))
    return render_fragment((Table(columns, rows, elpd.title), *notes))


def _rounded(name: str, value: float) -> str:
    return f"{value:,.4g}" if name == "rmse" else f"{value:,.1f}"


def _error(value: float) -> str:
    return "" if np.isnan(value) else f"{value:,.1f}"
