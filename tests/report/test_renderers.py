"""The same blocks in three renderings; no text of a block becomes markup in any of them."""

from __future__ import annotations

import typing

import pytest

from hierbayes.report import blocks as b
from hierbayes.report.equations.nodes import Equation, Name
from hierbayes.report.render_html import MACROS, render_fragment, render_html
from hierbayes.report.render_markdown import MARKDOWN, render_markdown
from hierbayes.report.render_text import TEXT, render_text, table_lines

EVIL = "<script>alert(\"1\")</script> & 'x' `y` *z* |"
TABLE = b.Table(
    (b.Column("term"), b.Column("mean", "right")),
    ((b.Cell("age"), b.Cell("−0.0266", -0.0266)), (b.Cell(EVIL), b.Cell("1.5", 1.5, "per unit"))),
    "Caption",
)
ALL: dict[type, b.Block] = {
    b.Heading: b.Heading(2, EVIL, "a"),
    b.Paragraph: b.Paragraph(EVIL, "note"),
    b.Bullets: b.Bullets((EVIL, "two")),
    b.Table: TABLE,
    b.Figure: b.Figure(b"png", EVIL, EVIL, 4, 3),
    b.Verdict: b.Verdict(False, EVIL, (b.Remark("problem", EVIL, EVIL),)),
    b.KeyNumbers: b.KeyNumbers((b.KeyNumber(EVIL, "1", EVIL),)),
    b.Code: b.Code(EVIL),
    b.Equations: b.Equations((Equation(Name(EVIL), "=", (Name(EVIL),), EVIL),)),
    b.Download: b.Download(EVIL, EVIL, "text/csv", b"a,b"),
    b.Details: b.Details(EVIL, (b.Paragraph(EVIL),)),
}


def test_every_renderer_knows_every_block() -> None:
    kinds = set(typing.get_args(b.Block.__value__))
    assert kinds == set(MACROS) == set(TEXT) == set(MARKDOWN) == set(ALL)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_nothing_becomes_markup(kind: type) -> None:
    html = render_html(b.Page(EVIL, EVIL, (ALL[kind],))) + render_fragment((ALL[kind],))
    assert html.count("<script") == 1  # the page's own
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;" in html
    markdown = render_markdown((ALL[kind],))
    if kind is not b.Code:
        assert "<script" not in markdown.replace("\\<", "")
    assert render_text((ALL[kind],))


def test_table_in_text() -> None:
    width = len(EVIL)
    assert render_text((TABLE,)).splitlines() == [
        "Caption",
        f"{'term':{width}}     mean",
        f"{'age':{width}}  -0.0266",
        f"{EVIL}   1.5",
    ]


def test_table_in_markdown() -> None:
    assert (
        render_markdown((b.Table(TABLE.columns, TABLE.rows[:1]),))
        == "| term | mean |\n| :--- | ---: |\n| age | −0.0266 |"
    )


def test_code_in_markdown_cannot_end_its_fence() -> None:
    assert render_markdown((b.Code("a\n```\n# heading"),)) == "````\na\n```\n# heading\n````"


def test_numbers_align_at_the_decimal_point() -> None:
    rows = tuple((b.Cell("x"), b.Cell(text)) for text in ("1", "−10.25", "1,000.5"))
    assert table_lines((b.Column("n"), b.Column("v", "right")), rows) == [
        "n         v",
        "x      1",
        "x    -10.25",
        "x  1,000.5",
    ]


def test_line_breaks_in_labels_do_not_break_a_table() -> None:
    assert len(table_lines((b.Column("n"),), ((b.Cell("a\nb\tc\rd"),),))) == 2
