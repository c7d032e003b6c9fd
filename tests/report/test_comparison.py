"""The comparison of a card's models: numbers and words are those of ``hb.compare``."""

from __future__ import annotations

import numpy as np

import hierbayes as hb
from hierbayes.report.blocks import Bullets, Paragraph, Table
from hierbayes.report.content.comparison import answer, comparison
from hierbayes.report.content.context import Shown


def test_numbers_and_steps_are_those_of_compare(fit_of):
    fits = {name: fit_of("contraception", name) for name in ("m_01", "m_05")}
    blocks = comparison([Shown(fit, name) for name, fit in fits.items()])
    expected = hb.compare(fits)
    (table,) = (block for block in blocks if isinstance(block, Table))
    assert [row[0].text for row in table.rows] == ["m_05", "m_01"]
    for column, name in enumerate(("elpd_diff", "se_diff", "elpd", "weight"), start=1):
        np.testing.assert_allclose([row[column].value for row in table.rows], expected.table[name])
    (steps,) = (block for block in blocks if isinstance(block, Bullets))
    (step,) = steps.items
    assert step.startswith("m_01 to m_05: adds ch, I(age^2), age:ch, (1 | urban:district)")
    assert "m_01 and m_05 are not nested." in step


def test_one_model_is_compared_with_nothing(fit_of):
    assert comparison([Shown(fit_of("exam", "m1"), "m1")]) == ()


def test_models_of_other_rows_are_not_ranked(fit_of):
    shown = [Shown(fit_of("exam", "m1"), "a"), Shown(fit_of("contraception", "m_05"), "b")]
    (block,) = comparison(shown)
    assert isinstance(block, Paragraph)
    assert block.text.startswith("These models cannot be ranked")


def test_the_answer_is_of_the_model_that_predicts_best(fit_of):
    shown = [Shown(fit_of("contraception", name), name) for name in ("m_05", "m_01")]
    first, bullets = answer(shown)
    assert first.text == "In short, by model m_05, which predicts best:"
    assert "102 groups of urban:district" in bullets.items[0]
    alike = [shown[0], Shown(shown[0].fit, "again")]
    assert answer(alike)[0].text == "In short, by model m_05, one of those that predict best:"
    apart = [Shown(fit_of("exam", "m1"), "a"), shown[0]]
    assert answer(apart)[0].text == "In short, by model m_05, the last of the models:"
    assert answer(shown[:1]) == (bullets,)
