"""The main job on real data: from the card's three models to the page that is sent to others."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

import hierbayes as hb

MODELS = Path(__file__).parents[1] / "models"

pytestmark = pytest.mark.sampling


def test_report_of_the_contraception_card(fit_of, tmp_path):
    card = hb.load_card(MODELS / "contraception.toml")
    assert [model.name for model in card.models] == ["m_01", "m_03", "m_05"]
    fits = {model.name: fit_of("contraception", model.name) for model in card.models}
    page = hb.report_card(card, fits, tmp_path / "contraception.html")
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_size < 5_000_000
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)
    plain = html.unescape(re.sub(r"<[^>]+>", " ", text)).replace("\N{NO-BREAK SPACE}", " ")
    for model in card.models:
        assert model.formula in plain
    assert "102" in plain
    # In the answer; and in short, and where the numbers behind it are, for each model.
    assert plain.count("The chains agree and the draws can be used.") == 7
    assert "latent" in plain
    mean = fits["m_05"].vpc()["mean"][0]
    assert f"{100 * mean:.1f} %" in plain
    assert text.count("<img") >= 12
