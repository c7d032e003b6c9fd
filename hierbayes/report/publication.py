"""Tables for a paper: several models side by side, as HTML, LaTeX, Markdown or text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hierbayes.errors import ArgumentTypeError, DataError
from hierbayes.estimates.leave_out.loo import loo
from hierbayes.estimates.summaries import summary
from hierbayes.estimates.summarize import PROB
from hierbayes.estimates.variance.r2 import r2
from hierbayes.estimates.variance.vpc import vpc, vpc_refusal
from hierbayes.fitted.record import Fit
from hierbayes.progress import working
from hierbayes.report.blocks import Cell, Column, Table
from hierbayes.report.numerals import MINUS, MISSING, count, number, places_for
from hierbayes.report.render_markdown import render_markdown
from hierbayes.report.render_text import table_lines
from hierbayes.report.tables import records

SECTIONS = {"population": "Population effects", "group": "Group effects", "family": "Residual"}
MODEL = "Model"
"""The heading of the rows about a model as a whole."""

WHOLE = ("Rows", "Groups", "VPC", "R²", "elpd")
"""What these rows begin with, in their order."""

TEX = {MINUS: "$-$", MISSING: "--", "²": r"\textsuperscript{2}", "\u00a0": "~"}
"""Signs that not every LaTeX engine knows."""


@dataclass(frozen=True, repr=False)
class PublicationTable:
    """A table of several models.

    Attributes
    ----------
    frame : DataFrame
        Texts: ``section``, ``parameter``, and a column for each model.
    title, note : str
        Above and below the table: what the numbers are.
    """

    frame: pd.DataFrame
    title: str
    note: str

    @property
    def html(self) -> str:
        """HTML, self-contained, by great-tables."""
        text: str = self._gt().as_raw_html()
        return text

    @property
    def latex(self) -> str:
        """LaTeX (booktabs), by great-tables; labels are escaped."""
        text: str = self._gt().as_latex()
        for sign, command in TEX.items():
            text = text.replace(sign, command)
        return text

    @property
    def markdown(self) -> str:
        """A Markdown table, the sections as rows of their own."""
        return render_markdown((self._block(),)) + f"\n\n{self.note}\n"

    def __str__(self) -> str:
        block = self._block()
        return "\n".join([self.title, *table_lines(block.columns, block.rows), "", self.note])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.html

    def _gt(self) -> Any:
        from great_tables import GT

        models = list(self.frame.columns[2:])
        return (
            GT(self.frame, rowname_col="parameter", groupname_col="section")
            .tab_header(title=self.title)
            .tab_source_note(self.note)
            .cols_align(align="right", columns=models)
        )

    def _block(self) -> Table:
        models = list(self.frame.columns[2:])
        rows: list[tuple[Cell, ...]] = []
        for section, part in self.frame.groupby("section", sort=False):
            rows.append((Cell(str(section)), *(Cell("") for _ in models)))
            rows += [
                (Cell(f"  {row['parameter']}"), *(Cell(str(row[name])) for name in models))
                for row in records(part)
            ]
        columns = (Column(""), *(Column(str(name), "right") for name in models))
        return Table(columns, tuple(rows), self.title)


@working("hb.table")
def table(
    fits: Mapping[str, Fit] | Fit, *, elpd: bool = True, prob: float = PROB, title: str = ""
) -> PublicationTable:
    """Set models side by side for a paper.

    Parameters
    ----------
    fits : mapping of str to Fit, or Fit
        Models by name, one column each.
    elpd : bool
        Whether to give the leave-one-out elpd, which takes a few seconds for each model.
    prob : float
        Mass of the equal-tailed intervals.
    title : str
        Above the table; made from the responses by default.

    Returns
    -------
    PublicationTable
        Posterior means with intervals of population effects, of standard deviations and correlations of group
        effects and of the family's parameters; then rows, groups, VPC, R2 and elpd. ``.html``, ``.latex``,
        ``.markdown``; print it for text.

    Raises
    ------
    DataError
        If there is no model.
    ArgumentTypeError
        If something is no fit.

    Examples
    --------
    >>> print(hb.table({"m1": fit1, "m2": fit2}))
    """
    named = fits if isinstance(fits, Mapping) else {"Estimate": fits}
    if not named:
        raise DataError("A table needs at least one fit: table({'m1': fit1, 'm2': fit2}).")
    for name, fit in named.items():
        if not isinstance(fit, Fit):
            raise ArgumentTypeError(
                f"{name!r} is an object of type {type(fit).__name__}. Give fits by name: "
                "table({'m1': fit1, 'm2': fit2})."
            )
    columns = {name: {**_estimates(fit, prob), **_whole(fit, elpd, prob)} for name, fit in named.items()}
    keys = list(dict.fromkeys(key for cells in columns.values() for key in cells))
    keys.sort(key=_place)
    frame = pd.DataFrame(keys, columns=["section", "parameter"])
    for name, cells in columns.items():
        frame[str(name)] = [cells.get(key, MISSING) for key in keys]
    responses = list(dict.fromkeys(fit.design.response.name for fit in named.values()))
    return PublicationTable(frame, title or f"Models of {' and '.join(responses)}", _note(named, elpd, prob))


def _place(key: tuple[str, str]) -> tuple[int, int]:
    section, parameter = key
    of_whole = [k for k, word in enumerate(WHOLE) if section == MODEL and parameter.startswith(word)]
    return [*SECTIONS.values(), MODEL].index(section), of_whole[0] if of_whole else 0


def _estimates(fit: Fit, prob: float) -> dict[tuple[str, str], str]:
    found = {}
    for row in records(summary(fit, prob)):
        label = f"{row['group']}: {row['parameter']}" if row["group"] else str(row["parameter"])
        found[SECTIONS[row["section"]], label] = _cell(row)
    return found


def _cell(row: Mapping[str, Any]) -> str:
    places = places_for(float(row["sd"]))
    mean, lower, upper = (number(float(row[key]), places) for key in ("mean", "lower", "upper"))
    return f"{mean} [{lower}, {upper}]"


def _whole(fit: Fit, elpd: bool, prob: float) -> dict[tuple[str, str], str]:
    found = {(MODEL, "Rows"): count(fit.design.n)}
    for factor, n in dict.fromkeys((g.factor, g.n_groups) for g in fit.spec.groups):
        found[MODEL, f"Groups of {factor}"] = count(n)
    if fit.spec.groups and not vpc_refusal(fit):
        for row in records(vpc(fit, prob=prob)):
            found[MODEL, f"VPC of {row['group']} ({row['method']})"] = _cell(row)
    try:
        shares = records(r2(fit, prob=prob))
    except DataError:  # said in the note
        shares = []
    for row in shares:
        if row["part"] in ("marginal", "conditional"):
            found[MODEL, f"R² {row['part']} ({row['method']})"] = _cell(row)
    if elpd:
        score = loo(fit)
        found[MODEL, "elpd, leave-one-out (se)"] = f"{number(score.elpd, 1)} ({number(score.se, 1)})"
    return found


def _note(fits: Mapping[str, Fit], elpd: bool, prob: float) -> str:
    links = list(dict.fromkeys(f"{fit.spec.family}, {fit.spec.link} link" for fit in fits.values()))
    text = f"Posterior means with {100 * prob:g} % equal-tailed intervals ({'; '.join(links)})."
    if elpd:
        text += " elpd: expected log predictive density of left-out rows; larger is better."
    return text
