"""Unordered categories against SciPy's multinomial, and their identities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from hierbayes.errors import DataError
from hierbayes.families import get_family, get_link

FAMILY, LINK = get_family("categorical"), get_link("categorical")
ETA = np.array([-2.0, 0.0, 0.7, 3.0])
OTHERS = {"log_odds": np.array([[0.5, -1.0, 2.0, 0.0], [-3.0, 0.2, 0.1, 1.0]])}
STEP = 1e-5


def shares():
    return special.softmax(np.stack([np.zeros(4), ETA, *OTHERS["log_odds"]], axis=-1), axis=-1)


def test_log_density_is_scipys():
    for k in range(4):
        counts = np.eye(4)[k]
        expected = [stats.multinomial.logpmf(counts, 1, p) for p in shares()]
        np.testing.assert_allclose(FAMILY.log_density(float(k), ETA, OTHERS, LINK), expected, rtol=1e-10)
        doubled = FAMILY.log_density(float(k), ETA, {**OTHERS, "weights": 2.0}, LINK)
        np.testing.assert_allclose(doubled, 2 * np.array(expected), rtol=1e-10)
    np.testing.assert_allclose(FAMILY.probabilities(ETA, LINK, OTHERS), shares(), rtol=1e-12)


def test_score_and_information_are_those_of_the_density():
    expected = np.zeros(4)
    for k in range(4):
        score = FAMILY.score(float(k), ETA, OTHERS, LINK)
        differences = FAMILY.log_density(float(k), ETA + STEP, OTHERS, LINK) - FAMILY.log_density(
            float(k), ETA - STEP, OTHERS, LINK
        )
        np.testing.assert_allclose(score, differences / (2 * STEP), rtol=1e-7, atol=1e-9)
        expected += shares()[:, k] * score**2
    np.testing.assert_allclose(FAMILY.information(ETA, OTHERS, LINK), expected, rtol=1e-10)


def test_tails_keep_their_digits():
    values = FAMILY.log_density(0.0, [-700.0, 700.0], {"log_odds": [[-700.0, 0.0]]}, LINK)
    np.testing.assert_allclose(values, [0.0, -700.0], atol=1e-12)
    assert float(FAMILY.log_density(2.0, 0.0, {"log_odds": [-700.0]}, LINK)) == pytest.approx(
        -700 - np.log(2)
    )


def test_draws_have_the_probabilities():
    rng = np.random.default_rng(1)
    drawn = FAMILY.draw(np.full((20_000, 1), 0.7), {"log_odds": [[[-0.5]]]}, LINK, rng)
    p = special.softmax([0.0, 0.7, -0.5])
    counts = np.bincount(drawn.ravel().astype(int), minlength=3)
    assert stats.chisquare(counts, p * drawn.size).pvalue > 1e-4
    again = FAMILY.draw(np.full((20_000, 1), 0.7), {"log_odds": [[[-0.5]]]}, LINK, np.random.default_rng(1))
    np.testing.assert_array_equal(drawn, again)


def test_posterior_draws_broadcast():
    params = FAMILY.arrange({"muc": np.zeros((2, 5, 4)), "mud": np.zeros((2, 5, 1))})
    assert params["log_odds"].shape == (2, 2, 5, 4)
    assert FAMILY.log_density(np.zeros(4), np.zeros((2, 5, 4)), params, LINK).shape == (2, 5, 4)
    assert set(FAMILY.separate(params, ("muc", "mud"))) == {"muc", "mud"}


def test_rough_parameters_are_log_odds_of_the_counts():
    y = np.repeat([0.0, 1.0, 2.0], [10, 20, 40])
    found = FAMILY.rough_parameters(y, np.zeros(70), LINK)["log_odds"]
    np.testing.assert_allclose(found, [[np.log(40.5 / 10.5)]])
    assert FAMILY.typical_mean(y) == pytest.approx(20.5 / 31)


def test_what_categories_do_not_have():
    for method in (lambda: FAMILY.mean(0.0, LINK), lambda: FAMILY.variance(0.5, {})):
        with pytest.raises(DataError, match="Unordered categories have no"):
            method()
    with pytest.raises(DataError, match="not whole"):
        FAMILY.check_response(np.array([0.5, 1.0]), "mode")
    assert float(FAMILY.level1_variance(LINK, {})) == pytest.approx(np.pi**2 / 3)
