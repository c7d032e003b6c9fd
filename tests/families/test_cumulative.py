"""Ordered categories: their probabilities and tails, and two of them as a binary response."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hierbayes.errors import DataError
from hierbayes.families import get_family, get_link

CUMULATIVE = get_family("cumulative")
LINKS = [get_link("cumulative", name) for name in CUMULATIVE.links]
LATENT = {"logit": stats.logistic, "probit": stats.norm, "cloglog": stats.gumbel_l}
CUTPOINTS = np.array([-1.5, 0.2, 1.1])
PARAMS = {"cutpoints": CUTPOINTS}
ETA = np.array([-3.0, -0.4, 0.0, 2.2])

each_link = pytest.mark.parametrize("link", LINKS, ids=[link.name for link in LINKS])


@each_link
def test_probabilities_are_differences_of_the_latent_distribution(link, identity_rtol):
    found = CUMULATIVE.probabilities(ETA, link, PARAMS)
    at = CUTPOINTS - ETA[:, None]
    below, above = LATENT[link.name].cdf(at), LATENT[link.name].sf(at)
    expected = np.diff(below, axis=1, prepend=0.0, append=1.0)
    from_above = -np.diff(above, axis=1, prepend=1.0, append=0.0)
    upper = np.column_stack([np.zeros(4), below]) > 0.5
    expected = np.where(upper, from_above, expected)  # the tail that has the digits
    np.testing.assert_allclose(found, expected, rtol=identity_rtol)
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, rtol=identity_rtol)
    for cut in range(3):
        above = CUMULATIVE.above(ETA, link, PARAMS, cut)
        np.testing.assert_allclose(above, expected[:, cut + 1 :].sum(axis=1), rtol=identity_rtol)


@each_link
def test_draws_have_the_stated_probabilities(link):
    n = 40_000
    draws = CUMULATIVE.draw(np.broadcast_to(ETA, (n, ETA.size)), PARAMS, link, np.random.default_rng(2))
    expected = CUMULATIVE.probabilities(ETA, link, PARAMS)
    shares = (draws[..., None] == np.arange(4)).mean(axis=0)
    assert (np.abs(shares - expected) <= 4 * np.sqrt(expected * (1 - expected) / n) + 1e-12).all()


@each_link
def test_joint_score_and_information_are_those_of_the_density(link):
    """The score by differences of the log density, the information by summing squares over the categories."""
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(30, 2)), rng.integers(0, 4, 30).astype(float)
    at = np.concatenate([CUTPOINTS, [0.4, -0.7]])

    def density(values, responses):
        eta = X @ values[3:]
        return CUMULATIVE.log_density(responses, eta, {"cutpoints": values[:3]}, link)

    def gradient(responses):
        steps = 1e-5 * np.eye(5)
        return np.stack(
            [(density(at + h, responses) - density(at - h, responses)) / 2e-5 for h in steps], axis=1
        )

    score, information = CUMULATIVE.joint_score(y, X @ at[3:], PARAMS, link, columns=X)
    np.testing.assert_allclose(score, gradient(y).sum(axis=0), rtol=1e-6, atol=1e-6)
    expected = np.zeros((5, 5))
    for k in range(4):
        own = np.full(30, float(k))
        slopes, probability = gradient(own), np.exp(density(at, own))
        expected += slopes.T @ (probability[:, None] * slopes)
    np.testing.assert_allclose(information, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("link", LINKS[:2], ids=["logit", "probit"])
def test_two_categories_are_a_binary_response(link, identity_rtol):
    """With a symmetric link the cutpoint is the intercept with its sign turned."""
    y = np.array([0.0, 1.0])[:, None]
    bernoulli, cut = get_family("bernoulli"), {"cutpoints": np.array([0.7])}
    for name in ("log_density", "score"):
        found = getattr(CUMULATIVE, name)(y, ETA, cut, link)
        expected = getattr(bernoulli, name)(y, ETA - 0.7, {}, link)
        np.testing.assert_allclose(found, expected, rtol=identity_rtol)
    information = bernoulli.information(ETA - 0.7, {}, link)
    np.testing.assert_allclose(CUMULATIVE.information(ETA, cut, link), information, rtol=identity_rtol)


def test_tails_have_all_their_digits():
    """Where the distribution function rounds to 0 or 1, by its leading term."""
    logit, probit, cloglog = LINKS
    inner, cut = np.array(1.0), {"cutpoints": np.array([-1.0, 1.0])}
    width = np.log(-np.expm1(-2.0))
    for eta in (-600.0, 600.0):
        value = float(CUMULATIVE.log_density(inner, eta, cut, logit))
        assert value == pytest.approx(-599.0 + width, rel=1e-14)
        score = float(CUMULATIVE.score(inner, eta, cut, logit))
        assert score == pytest.approx(-np.sign(eta), rel=1e-12)
    # log(Phi(-39) - Phi(-41)): the second is less than the last digit of the first.
    for eta in (-40.0, 40.0):
        value = float(CUMULATIVE.log_density(inner, eta, cut, probit))
        assert value == pytest.approx(stats.norm.logcdf(-39.0), rel=1e-14)
        assert abs(float(CUMULATIVE.score(inner, eta, cut, probit))) == pytest.approx(39 + 1 / 39, rel=1e-4)
    low = float(CUMULATIVE.log_density(inner, 600.0, cut, cloglog))
    assert low == pytest.approx(-600.0 + np.log(np.e - 1 / np.e), rel=1e-14)
    high = float(CUMULATIVE.log_density(inner, -6.0, cut, cloglog))
    assert high == pytest.approx(-np.exp(5.0), rel=1e-14)


@each_link
def test_close_cutpoints_keep_their_digits(link):
    """The probability of a narrow category is its width times the density in its middle."""
    cut = {"cutpoints": np.array([0.3, 0.3 + 1e-7])}
    value = np.exp(CUMULATIVE.log_density(np.array(1.0), ETA, cut, link))
    expected = 1e-7 * LATENT[link.name].pdf(0.3 + 5e-8 - ETA)
    np.testing.assert_allclose(value, expected, rtol=1e-7)


@each_link
def test_rough_cutpoints_are_near_the_true_ones(link):
    rng = np.random.default_rng(4)
    eta = rng.normal(size=20_000)
    y = CUMULATIVE.draw(eta, PARAMS, link, rng)
    found = CUMULATIVE.rough_parameters(y, eta, link)["cutpoints"]
    np.testing.assert_allclose(found, CUTPOINTS, atol=0.1)
    wider = CUMULATIVE.rough_parameters(y, eta, link, {"categories": 6.0})["cutpoints"]
    assert wider.shape == (5,) and (np.diff(wider) > 0).all()


def test_categories_have_no_moments():
    for moment in (lambda: CUMULATIVE.mean(0.0, LINKS[0]), lambda: CUMULATIVE.variance(0.5, PARAMS)):
        with pytest.raises(DataError, match=r"their distances are not known\. Use the probabilities"):
            moment()


def test_what_is_no_position_is_refused():
    with pytest.raises(DataError, match=r"not whole, the first in used row 2: 0\.5\."):
        CUMULATIVE.check_response(np.array([0.0, 0.5, 1.0]), "rating")
