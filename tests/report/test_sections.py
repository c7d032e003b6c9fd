"""Sections for models that lack something, and the pieces that notebooks show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from markupsafe import escape

import hierbayes as hb
from hierbayes.errors import DataError
from hierbayes.estimates.checks.findings import Finding
from hierbayes.report.blocks import Details, Figure, Paragraph, Table, Verdict
from hierbayes.report.content.context import Shown, picture
from hierbayes.report.content.data import shared_data
from hierbayes.report.content.groups import LONGEST, coef, csv_bytes
from hierbayes.report.content.provenance import stated_priors
from hierbayes.report.content.results import check, summary
from hierbayes.report.content.sections import SECTIONS
from hierbayes.report.notebook import fit_html, model_blocks, model_html


class Plots:
    """Stands in for ``fit.plot`` where a picture cannot be drawn."""

    def group_lines(self, **_: str) -> None:
        raise DataError("There is no <numeric> column to draw lines along.")


class Without:
    """A fit with something put in place of its own."""

    def __init__(self, fit: hb.Fit, **changes: Any) -> None:
        self.__dict__.update(changes)
        self.fit = fit

    def __getattr__(self, name: str) -> Any:
        return getattr(self.fit, name)


def test_a_picture_that_cannot_be_drawn_says_why(gaussian: hb.Fit) -> None:
    fit: Any = Without(gaussian, plot=Plots())
    assert picture(fit, "group_lines", "alt", "caption", group="school") == Paragraph(
        "A picture is left out here: There is no <numeric> column to draw lines along.", "note"
    )


def test_a_model_without_a_column_has_no_lines_of_groups(gaussian: hb.Fit) -> None:
    both = [block for block in coef(Shown(gaussian)) if isinstance(block, Figure)]
    fit: Any = Without(gaussian, plot=Without(gaussian.plot, group_lines=Plots().group_lines))
    one = [block for block in coef(Shown(fit)) if isinstance(block, Figure | Paragraph)]
    assert [type(block) for block in one] == [Paragraph, Figure]
    assert len(both) == 2


def test_pictures_know_their_size(gaussian: hb.Fit) -> None:
    found = picture(gaussian, "vpc", "alt", "caption")
    assert isinstance(found, Figure)
    assert found.png[1:4] == b"PNG"
    assert found.width > found.height > 100


def test_an_interrupted_fit_opens_its_verdict_with_that(gaussian: hb.Fit) -> None:
    blocks = check(Shown(replace(gaussian, partial=True)))
    assert isinstance(blocks[0], Verdict)
    assert not blocks[0].ok
    assert "interrupted" in blocks[0].headline


def test_merged_rows_are_counted(bernoulli: hb.Fit) -> None:
    n = bernoulli.design.n
    merged = replace(bernoulli, settings={**bernoulli.settings, "rows": n - 7})
    (note,) = [block for block in shared_data([merged]) if isinstance(block, Paragraph)][-1:]
    assert f"{n:,} rows became {n - 7:,}" in note.text
    whole = replace(bernoulli, settings={**bernoulli.settings, "rows": n})
    assert not any("merged" in getattr(block, "text", "") for block in shared_data([whole]))


def test_odds_ratios_belong_to_the_logit_link_alone(gaussian: hb.Fit, bernoulli: hb.Fit) -> None:
    def names(fit: hb.Fit) -> list[str]:
        table = summary(Shown(fit))[0]
        assert isinstance(table, Table)
        return [column.name for column in table.columns]

    assert "Odds ratio" in names(bernoulli)
    assert "Odds ratio" not in names(gaussian)
    probit = replace(bernoulli, spec=replace(bernoulli.spec, link="probit"))
    assert "Odds ratio" not in names(probit)


def test_long_tables_of_groups_are_cut_and_say_so(gaussian: hb.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hierbayes.report.content.groups.LONGEST", 10)
    assert LONGEST == 1000
    league, details = (block for block in coef(Shown(gaussian)) if isinstance(block, Details))
    table = details.blocks[0]
    assert isinstance(table, Table)
    assert league.summary == "Ranks of the groups, with how uncertain they are"
    assert details.summary == "The first 10 of 24 estimates (the file has all)"
    assert len(table.rows) == 10


def test_numbers_in_the_file_keep_their_precision(gaussian: hb.Fit) -> None:
    frame = gaussian.coef().head(1)
    cells = csv_bytes(frame).decode("utf-8-sig").splitlines()[1].rsplit(",", 6)
    np.testing.assert_array_equal(
        [float(cell) for cell in cells[1:]], frame.iloc[0, 3:].to_numpy(dtype=float)
    )


def test_stated_priors_are_repeated_once_by_their_key(gaussian: hb.Fit, bernoulli: hb.Fit) -> None:
    assert stated_priors(gaussian.spec) == {"sd[school]": "half_normal(1)"}
    assert stated_priors(bernoulli.spec) == {}


def test_sections_are_those_of_a_model_card() -> None:
    cards = pytest.importorskip("hierbayes.cards")
    assert tuple(SECTIONS) == cards.records.SECTIONS


def test_notebooks_show_the_summary_escaped(bernoulli: hb.Fit) -> None:
    html = fit_html(bernoulli)
    assert html == bernoulli._repr_html_()
    assert "&lt;b&gt;girls&lt;/b&gt;" in html
    assert "<b>girls" not in html
    assert "<html" not in html


def test_notebooks_show_a_model_as_it_prints() -> None:
    rng = np.random.default_rng(1)
    data = {"y": rng.standard_normal(30), "g": np.repeat(["<i>a</i>", "b", "c"], 10)}
    model = hb.Model("y ~ 1 + (1 | g)", data)
    html = model._repr_html_()
    assert html == model_html(model)
    assert "Family: gaussian, identity link" in html
    assert "<i>" not in html
    groups, priors = (table for table in model_blocks(model) if isinstance(table, Table))
    printed = [" ".join(line.split()) for line in str(model).splitlines()]
    for table in (groups, priors):
        assert {" ".join(" ".join(cell.text for cell in row).split()) for row in table.rows} <= set(printed)
        for row in table.rows:
            assert all(f">{escape(cell.text)}</t" in html for cell in row if cell.text)
    assert [row[0].text for row in priors.rows] == [entry.key for entry in model.spec.priors]


def test_notebooks_show_a_verdict_with_its_findings(bernoulli: hb.Fit) -> None:
    verdict = bernoulli.check()
    html = verdict._repr_html_()
    assert f"verdict {'good' if verdict.ok else 'bad'}" in html
    assert escape(verdict.headline) in html
    assert html.count("<li>") == len(verdict.findings)
    bad = replace(verdict, ok=False, findings=(Finding("problem", "a < b", 1.0, "Do c."),))._repr_html_()
    assert '<div class="verdict bad">' in bad
    assert "<strong>problem:</strong> a &lt; b <em>Do c.</em>" in bad
