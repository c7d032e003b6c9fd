"""Warnings against misreading carry the numbers of the model."""

from __future__ import annotations

from hierbayes.report.content.context import Shown
from hierbayes.report.content.misreadings import misreadings


def test_a_typical_group_is_not_the_population(fit_of):
    fit = fit_of("contraception", "m_05")
    (bullets,) = misreadings(Shown(fit))
    text = bullets.items[0]
    row = {"age": fit.design.columns["age"].mean(), "ch": "N", "urban": "N"}
    for groups in ("typical", "average"):
        assert f"{float(fit.epred(row, groups=groups).mean()):.3f}" in text
    assert "the probability of use = Y is" in text
    assert any("means nothing without its definition" in item for item in bullets.items)


def test_slopes_have_no_single_variance(fit_of):
    (bullets,) = misreadings(Shown(fit_of("exam", "m4")))
    assert bullets.items[0].startswith("With the slope of standLRT over groups of school there is no single")
    assert len(bullets.items) == 2


def test_a_model_without_groups_needs_no_warning(single_level):
    assert misreadings(Shown(single_level)) == ()
