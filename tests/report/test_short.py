"""The answer in a few sentences: its numbers are those of the tables."""

from __future__ import annotations

import numpy as np
from plugin import random_fit

import hierbayes as hb
from hierbayes.report.content.context import Shown
from hierbayes.report.content.groups import coef, vpc
from hierbayes.report.content.short import short


def test_the_sentences_say_what_the_tables_say(fit_of):
    fit = fit_of("contraception", "m_05")
    (bullets,) = short(Shown(fit))
    sample, effects, shares, outstanding, verdict = bullets.items
    assert sample == "The model describes how likely use is Y in 1,934 rows of 102 groups of urban:district."
    row = Shown(fit).brief.comparisons("ch").iloc[0]
    points = [f"{100 * row[name]:.1f}" for name in ("mean", "lower", "upper")]
    assert (
        f"for ch (Y rather than N), the probability of use = Y is {points[0]} percentage points higher "
        f"(95 % interval {points[1]} to {points[2]})"
    ) in effects
    assert effects.index("for ch") < effects.index("for urban")
    assert f"{100 * fit.vpc()['mean'].iloc[0]:.1f}\u00a0% lies between groups of urban:district" in shares
    ranef = fit.ranef()
    above, below = int((ranef["lower"] > 0).sum()), int((ranef["upper"] < 0).sum())
    assert outstanding.startswith(f"{above} of the 102 groups of urban:district lie clearly above")
    assert f"{below} clearly below" in outstanding
    assert verdict == fit.check().headline


def test_effects_whose_direction_is_open_are_named(fit_of):
    (bullets,) = short(Shown(fit_of("exam", "m4")))
    assert "The direction is open for schgend (boys rather than mixed)." in bullets.items[1]


def test_coefficients_are_told_where_there_are_several_categories():
    data = {"grade": ["a", "b", "c", "d"] * 15, "x": np.arange(60.0)}
    model = hb.Model("ordered(grade) ~ x", data, family="cumulative")
    fit = random_fit(model, draws=40)
    (bullets,) = short(Shown(fit))
    assert "x" in bullets.items[1]
    assert "percentage points" not in bullets.items[1]


def test_every_definition_of_a_binary_vpc_is_shown(fit_of):
    fit = fit_of("contraception", "m_05")
    (details,) = [block for block in vpc(Shown(fit)) if type(block).__name__ == "Details"]
    table = details.blocks[0]
    expected = fit.vpc(method="all")
    assert [row[-1].text for row in table.rows] == expected["method"].tolist()
    np.testing.assert_allclose([row[1].value for row in table.rows], expected["mean"])


def test_ranks_are_shown_with_their_intervals(fit_of):
    fit = fit_of("exam", "m1")
    league = next(
        block for block in coef(Shown(fit)) if getattr(block, "summary", "").startswith("Ranks of the groups")
    )
    frame = fit.ranks()
    table = league.blocks[0]
    assert [row[0].text for row in table.rows] == frame["level"].tolist()
    np.testing.assert_allclose([row[6].value for row in table.rows], frame["top"])
