"""Ranks and pairs of groups: against ranks of single draws, normal theory and Gelman and Pardoe's factor."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from plugin import fit_from, posterior_at, random_fit
from scipy.stats import norm, rankdata
from tolerances import STANDARD_ERRORS

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.by_group import ranked
from hierbayes.estimates.by_group.ranked import group_values, reliability


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n = 90
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "count": rng.poisson(3, n),
            "size": rng.integers(4, 9, n),
            "kind": pd.Categorical(rng.choice(list("abc"), n), ordered=True),
            "x": rng.normal(size=n),
            "time": rng.uniform(1, 9, n),
            "s": np.array(["low", "high"])[np.arange(n) % 8 // 4],
            "g": np.array(list("abcdefgh"))[np.arange(n) % 8],
        }
    )


@pytest.fixture(scope="module")
def fit(frame) -> hb.Fit:
    return random_fit(hb.Model("y ~ x + (1 + x | g)", frame), draws=100)


def test_ranks_are_those_of_every_single_draw(fit):
    u = fit.posterior["u_g"]
    for term, largest in (("Intercept", True), ("x", False)):
        values = u.sel(g_term=term).to_numpy()
        expected = rankdata(-values if largest else values, axis=-1)
        found = fit.ranks("g", term=term, largest_first=largest, draws=True)["rank_g"]
        np.testing.assert_array_equal(found, expected)
        table = fit.ranks("g", term=term, largest_first=largest, k=2).set_index("level").loc[list("abcdefgh")]
        np.testing.assert_allclose(table["mean"], expected.mean(axis=(0, 1)), rtol=1e-12)
        np.testing.assert_allclose(table["top"], (expected <= 2).mean(axis=(0, 1)), rtol=1e-12)
        np.testing.assert_allclose(table["bottom"], (expected >= 7).mean(axis=(0, 1)), rtol=1e-12)
        np.testing.assert_array_equal(table["lower"], np.quantile(expected, 0.025, axis=(0, 1)))


def test_mean_ranks_sum_the_probabilities_of_being_exceeded(fit):
    """E[rank_j] = 1 + sum over i of P(i exceeds j); Laird and Louis (1989)."""
    pairs = fit.pairwise("g")
    above = pairs.groupby("versus")["probability"].sum()
    below = (1 - pairs["probability"]).groupby(pairs["level"]).sum()
    expected = 1 + above.add(below, fill_value=0.0)
    table = fit.ranks("g").set_index("level")["mean"]
    np.testing.assert_allclose(table.sort_index(), expected.sort_index(), rtol=1e-12)


def test_coefficients_rank_as_effects_do_and_points_by_their_lines(fit):
    effects, own = fit.ranks("g", draws=True), fit.ranks("g", by="coef", draws=True)
    np.testing.assert_array_equal(effects["rank_g"], own["rank_g"])
    u = fit.posterior["u_g"].to_numpy()
    at = fit.ranks("g", at={"x": -1.5}, draws=True)["rank_g"]
    np.testing.assert_array_equal(at, rankdata(-(u[..., 0] - 1.5 * u[..., 1]), axis=-1))
    values, _ = group_values(fit, fit.spec.groups[0], by="coef", at={"x": 2.0})
    b = fit.posterior["b"].to_numpy()
    expected = (b[..., 0] + 2 * b[..., 1])[..., None] + u[..., 0] + 2 * u[..., 1]
    np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_blocks_change_nothing(fit, monkeypatch):
    whole, pairs = fit.ranks(), fit.pairwise()
    monkeypatch.setattr(ranked, "BLOCK", 800)
    pd.testing.assert_frame_equal(fit.ranks(), whole)
    pd.testing.assert_frame_equal(fit.pairwise(), pairs)


def test_mean_reliability_is_one_minus_the_pooling_factor_of_gelman_and_pardoe(fit):
    values = fit.posterior["u_g"].sel(g_term="x")
    flat = values.to_numpy().reshape(-1, 8)
    factor = 1 - flat.mean(axis=0).var(ddof=1) / flat.var(axis=1, ddof=1).mean()
    assert reliability(values).mean() == pytest.approx(1 - factor, rel=1e-10)


def test_pairs_of_normal_effects_have_normal_probabilities(frame):
    """Independent normal draws: P(a > b) = Phi(difference / sqrt(2) sd), up to Monte Carlo error."""
    model = hb.Model("y ~ x + (1 | g)", frame)
    values = {"b": np.zeros(2), "sigma": 1.0, "sd_g": np.ones(1), "u_g": np.zeros((8, 1))}
    posterior = posterior_at(model, values, 4, 1000)
    centers = np.linspace(-0.7, 0.7, 8)
    posterior["u_g"].values[:] = np.random.default_rng(4).normal(centers[:, None], 0.5, (4, 1000, 8, 1))
    pairs = fit_from(model, posterior).pairwise("g", ["a", "h", "d"])
    assert list(zip(pairs["level"], pairs["versus"], strict=True)) == [("a", "h"), ("a", "d"), ("h", "d")]
    gaps = np.array([centers[0] - centers[7], centers[0] - centers[3], centers[7] - centers[3]])
    expected = norm.cdf(gaps / np.sqrt(0.5))
    error = np.sqrt(expected * (1 - expected) / 4000)
    assert (np.abs(pairs["probability"] - expected) <= STANDARD_ERRORS * error).all()


def test_expected_response_is_the_mean_of_the_rows(frame):
    fit = random_fit(hb.Model("y ~ x + (1 | g)", frame), draws=20)
    values, _ = group_values(fit, fit.spec.groups[0], by="response")
    for j, level in enumerate("abcdefgh"):
        rows = (frame["g"] == level).to_numpy()
        np.testing.assert_allclose(values[..., j], fit.epred().to_numpy()[..., rows].mean(axis=-1))
    assert fit.ranks(by="response").attrs["scale"] == "rank"


def test_exposure_and_trials_rank_nobody(frame):
    counts = random_fit(
        hb.Model("count ~ 1 + offset(log(time)) + (1 | g)", frame, family="poisson"), draws=20
    )
    rates, _ = group_values(counts, counts.spec.groups[0], by="response")
    eta = counts.coef(draws=True)["coef_g"][..., 0]
    np.testing.assert_allclose(rates, np.exp(eta + np.log(frame["time"]).mean()), rtol=1e-10)
    frame = frame.assign(won=np.minimum(frame["count"], frame["size"]))
    trials = random_fit(hb.Model("won | trials(size) ~ 1 + (1 | g)", frame, family="binomial"), draws=20)
    shares, _ = group_values(trials, trials.spec.groups[0], by="response")
    np.testing.assert_allclose(shares, 1 / (1 + np.exp(-trials.coef(draws=True)["coef_g"][..., 0])))


def test_groups_of_one_level_of_by_are_ranked_among_themselves(frame):
    fit = random_fit(hb.Model("y ~ x + (1 | gr(g, by = s))", frame), draws=20)
    for by in ("effect", "response"):
        table = fit.ranks("g", by=by)
        assert list(table.groupby("group")["level"].count()) == [4, 4]
        assert table["upper"].max() <= 4
        assert (table.groupby("group")["mean"].mean() == 2.5).all()


def test_the_groups_of_a_further_predictor_are_compared_by_their_own_name(frame):
    fit = random_fit(hb.Model(hb.formula("y ~ x + (1 | g)", sigma="~ x + (1 | g)"), frame), draws=20)
    for name in ("g", "sigma_g"):
        gap = fit.posterior[f"u_{name}"][:, :, 0, 0] - fit.posterior[f"u_{name}"][:, :, 1, 0]
        (row,) = fit.pairwise(name, ["a", "b"]).to_dict("records")
        assert row["group"] == name
        assert row["mean"] == pytest.approx(float(gap.mean()), rel=1e-10)
    with pytest.raises(UnknownNameError, match=r"Known: g, h\. Name one of them\."):
        random_fit(hb.Model("y ~ x + (1 | g) + (1 | h)", frame.assign(h=frame["s"])), draws=5).pairwise()


def test_columns_notes_and_order(fit):
    table = fit.ranks(k=3)
    assert list(table.columns) == [
        *("group", "level", "term", "n", "small", "reliability", "value"),
        *("mean", "sd", "median", "lower", "upper", "top", "bottom", "ess_bulk", "r_hat"),
    ]
    assert table["mean"].is_monotonic_increasing
    assert table["n"].sum() == 90
    assert table["top"].sum() == pytest.approx(3)
    (note,) = table.attrs["notes"]
    assert note.startswith("g: top and bottom are 3 of 8 places; a 95 % interval of a rank covers ")
    assert "by their effect of Intercept; rank 1 is the largest" in table.attrs["definition"]


def test_refusals(fit, frame):
    with pytest.raises(UnknownNameError, match=r"'y' is not a known coefficient that varies over groups"):
        fit.ranks(term="y")
    with pytest.raises(UnknownNameError, match=r"'z' is not a known column with a random slope"):
        fit.ranks(at={"z": 1})
    with pytest.raises(UnknownNameError, match=r"Did you mean 'effect'"):
        fit.ranks(by="effects")
    for k in (0, 8, 2.5, True):
        with pytest.raises(DataError) as refused:
            fit.ranks(k=k)
        assert str(refused.value) == (
            "k is how many groups are the top and the bottom: a whole number from 1 to 7, or a share between "
            f"0 and 1; {k!r} was given."
        )
    with pytest.raises(DataError, match="1 groups of g make 0 pairs; from 1 to 20,000 can be compared"):
        fit.pairwise("g", ["a"])
    with pytest.raises(UnknownNameError, match=re.escape("'z' is not a known group of g.")):
        fit.pairwise("g", ["a", "z"])
    with pytest.raises(DataError, match="Both term='x' and `at` were given"):
        fit.ranks(term="x", at={"x": 1})
    model = hb.Model("kind ~ x + (1 | g)", frame, family="cumulative")
    with pytest.raises(DataError) as refused:
        random_fit(model, draws=5).ranks(by="response")
    assert str(refused.value) == (
        "The response has 3 categories (a, b, c), and a group one probability for each, not one expected "
        "response. Rank by='effect' or by='coef'."
    )


@pytest.mark.sampling
def test_school_48_is_the_one_that_is_too_small_to_rank(fit_of):
    table = fit_of("exam", "m1").ranks().set_index("level")
    assert list(table.index[table["small"]]) == ["48"]
    assert table.loc["48", "n"] == 2
    assert table.loc["48", "upper"] - table.loc["48", "lower"] > 40
