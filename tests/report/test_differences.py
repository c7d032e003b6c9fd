"""Average differences in a report are those of ``fit.comparisons``, in words that can be read alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import hierbayes as hb
from hierbayes.report.blocks import Blocks, Figure, Paragraph, Table
from hierbayes.report.content.context import BRIEF, Shown
from hierbayes.report.content.differences import differences, main_columns, round_step, values_compared
from hierbayes.report.content.results import RATE_RATIO, RATIO, RISK_RATIO, ratio_name, summary

type FitOf = Callable[[str, str], hb.Fit]


def table_of(shown: Shown) -> Table:
    (table,) = (block for block in differences(shown) if isinstance(block, Table))
    return table


@pytest.fixture(scope="module")
def of_gaussian(gaussian: hb.Fit) -> Blocks:
    return differences(Shown(gaussian))


def test_differences_in_points_are_those_of_the_api(bernoulli: hb.Fit) -> None:
    shown = Shown(bernoulli)
    table = table_of(shown)
    low, high = values_compared(shown, "x")
    frames = [shown.brief.comparisons({"x": [low, high]}), shown.brief.comparisons("kind")]
    expected = np.concatenate([frame["mean"] for frame in frames])
    np.testing.assert_array_equal([row[1].value for row in table.rows], expected)
    row = frames[1].iloc[0]
    assert table.rows[1][0].text == "kind: boys rather than <b>girls</b>"
    ends = [f"{100 * row[name]:.1f}".replace("-", "−") for name in ("lower", "upper")]
    assert table.rows[1][2].text == f"{ends[0]} to {ends[1]}"
    assert table.columns[1].name == "Difference in percentage points"


def test_few_draws_agree_with_all_draws(bernoulli: hb.Fit) -> None:
    brief = Shown(bernoulli).brief
    sizes = brief.posterior.sizes
    assert sizes["chain"] * sizes["draw"] == BRIEF
    np.testing.assert_array_equal(brief.posterior["b"], bernoulli.posterior["b"][:, ::4])
    whole, part = (fit.comparisons("kind").iloc[0] for fit in (bernoulli, brief))
    assert abs(whole["mean"] - part["mean"]) < 4 * whole["sd"] / np.sqrt(BRIEF)


def test_a_gaussian_difference_is_the_coefficient_times_the_step(
    gaussian: hb.Fit, of_gaussian: Blocks
) -> None:
    shown = Shown(gaussian)
    low, high = values_compared(shown, "x")
    b = shown.brief.posterior["b"].sel(term="x").to_numpy()
    (table,) = (block for block in of_gaussian if isinstance(block, Table))
    row = table.rows[0]
    assert row[1].value == pytest.approx((high - low) * b.mean(), rel=1e-9)
    assert row[0].text == f"x: {high - low:g} more, from {low:g} to {high:g}".replace("-", "−")
    texts = [block.text for block in of_gaussian if isinstance(block, Paragraph)]
    assert any(
        text.startswith("To read the first row: between rows that are otherwise alike, for x (1 more")
        for text in texts
    )


def test_steps_are_round_and_whole_where_the_column_is() -> None:
    rng = np.random.default_rng(1)
    assert round_step(rng.normal(0, 9, 500)) == 10.0
    assert round_step(rng.normal(0, 0.021, 500)) == 0.02
    assert round_step(np.tile([0.0, 1.0, 1.0, 1.0], 9)) == 1.0


def test_effects_are_drawn_with_what_they_interact_with(fit_of: FitOf) -> None:
    shown = Shown(fit_of("contraception", "m_05"))
    assert main_columns(shown) == ("age", "ch", "urban")
    figures = [block for block in differences(shown) if isinstance(block, Figure)]
    assert [figure.caption.split(";")[0] for figure in figures] == [
        "What the model expects along age and ch",
        "What the model expects along urban",
    ]


def test_a_model_without_columns_has_no_differences(fit_of: FitOf) -> None:
    assert differences(Shown(fit_of("exam", "m1"))) == ()


@pytest.mark.parametrize(
    ("family", "response", "name"),
    [
        ("poisson", "n", RATE_RATIO),
        ("gamma", "y", RATIO),
        ("lognormal", "y", RATIO),
        ("bernoulli", "won", RISK_RATIO),
        ("gaussian", "y", ""),
    ],
)
def test_exp_of_a_coefficient_has_its_name(family: str, response: str, name: str) -> None:
    rng = np.random.default_rng(2)
    data = {
        "x": rng.standard_normal(30),
        "n": rng.poisson(3, 30),
        "y": rng.gamma(2, 1, 30),
        "won": np.arange(30) % 2,
    }
    link = "log" if family == "bernoulli" else None
    model = hb.Model(f"{response} ~ x", data, family=family, link=link)
    assert ratio_name(hb.Fit(model.spec, model.design, None, {})) == name  # type: ignore[arg-type]


def test_ratios_stand_beside_their_coefficients(bernoulli: hb.Fit) -> None:
    table = summary(Shown(bernoulli))[0]
    assert isinstance(table, Table)
    at = [column.name for column in table.columns].index("Odds ratio")
    b = bernoulli.posterior["b"].sel(term="x").to_numpy()
    assert table.rows[1][at].value == pytest.approx(np.exp(np.median(b)), rel=1e-12)
