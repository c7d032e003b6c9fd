"""Names of any length, in any script, in what is printed and on pages."""

from __future__ import annotations

import html5lib
import numpy as np
from plugin import random_fit

import hierbayes as hb
from hierbayes.report.blocks import Code, Details, Heading, Page, Paragraph, legible
from hierbayes.report.render_html import render_html
from hierbayes.report.render_markdown import render_markdown

LONG = "x" * 10_000
LEVELS = (LONG + "a", LONG + "b", "two\nlines", "\u202eturned", "<script>alert(1)</script>", "مدرسة")


def fit() -> hb.Fit:
    rng = np.random.default_rng(1)
    n = 60
    frame = {"y": rng.normal(size=n), "g": np.array(LEVELS, dtype=object)[np.arange(n) % 6]}
    frame |= {"f": np.array(LEVELS[:3], dtype=object)[np.arange(n) % 3]}
    return random_fit(hb.Model("y ~ f + (1 | g)", frame), chains=2, draws=20)


def test_what_is_printed_fits_a_screen_whatever_groups_are_called():
    made = fit()
    verdict = made.check()
    assert len(str(verdict).splitlines()) == 1 + len(verdict.findings)
    for shown in (made, made.ranef(), made.summary(), made.fixef(), verdict, made.describe()):
        lines = str(shown).splitlines()
        assert max(map(len, lines)) <= (300 if shown is verdict else 130), lines
        assert "\u202e" not in str(shown)
        assert LONG[:100] not in str(shown)
    assert LONG[:100] not in str(made.equation())
    text = str(made.ranef())
    assert "xxa" in text and "xxb" in text and "<U+202E>turned" in text and "two\\nlines" in text
    assert made.ranef()["level"].str.len().max() == len(LONG) + 1  # the frame has all of them
    assert len(made.ranef()._repr_html_()) < 10_000


def test_a_page_shows_both_ends_of_endless_words_but_code_as_it_is():
    page = Page(
        f"y ~ {LONG}", "", (Paragraph(LEVELS[0]), Details("more", (Code(LONG), Heading(2, LONG, "a"))))
    )
    shown = legible(page)
    assert len(shown.title) < 100
    details = shown.blocks[1]
    assert isinstance(details, Details)
    assert details.blocks[0] == Code(LONG)
    assert len(render_html(page).replace(LONG, "")) < 40_000
    html5lib.HTMLParser(strict=True).parse(render_html(page))
    assert render_markdown((Paragraph(LEVELS[0]),)).endswith("xxa")
