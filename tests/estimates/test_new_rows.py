"""Predictions of new rows: whose groups they are about, and that they are what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit
from tolerances import IDENTITY, monte_carlo

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.formulas.parts import formula

RNG = np.random.default_rng(11)
N = 60
FRAME = pd.DataFrame(
    {
        "x": RNG.normal(2, 1, N),
        "f": RNG.choice(["a", "b", "c"], N),
        "school": RNG.integers(0, 4, N).astype(str),
        "room": RNG.integers(0, 2, N).astype(str),
        "n": RNG.integers(3, 9, N),
        "t": RNG.uniform(0.5, 2, N),
        "mode": RNG.choice(["bus", "car", "walk"], N),
    }
)
FRAME["y"] = RNG.normal(size=N)
FRAME["sector"] = np.where(FRAME["school"].isin(["0", "2"]), "even", "odd")
FRAME["won"] = RNG.integers(0, 2, N)
FRAME["ticks"] = RNG.poisson(2, N)
FRAME["wins"] = RNG.binomial(FRAME["n"], 0.4)
FRAME["stars"] = RNG.integers(1, 4, N)
FRAME["share"] = RNG.uniform(0.05, 0.95, N)
FRAME["cost"] = RNG.gamma(2, 1, N)

MODELS = {
    "gaussian": ("y ~ x + f + (1 + x | school)", "gaussian"),
    "bernoulli": ("won ~ poly(x, 2) + f + (1 + x | school)", "bernoulli"),
    "crossed": ("ticks ~ x + offset(log(t)) + (1 | school) + (0 + x | room)", "poisson"),
    "nested": ("won ~ x + (1 | school/room)", "bernoulli"),
    "trials": ("wins | trials(n) ~ x + (1 | school)", "binomial"),
    "cbind": ("cbind(wins, n - wins) ~ x + (1 | school)", "beta_binomial"),
    "ordered": ("stars ~ x + (1 | school)", "cumulative"),
    "categories": ("mode ~ x + (1 |c| school)", "categorical"),
    "sigma": (formula("y ~ x + (1 |c| school)", sigma="~ f + (1 |c| school)"), "gaussian"),
    "lognormal": (formula("cost ~ x + (1 | school)", sigma="~ f"), "lognormal"),
    "zi": (formula("ticks ~ x + (1 | school)", zi="~ (1 | room)"), "zero_inflated_poisson"),
    "truncated": ("cost | trunc(lb = 0) ~ x + (1 | school)", "gaussian"),
    "by": ("won ~ x + sector + (1 + x | gr(school, by = sector))", "bernoulli"),
    "beta": ("share ~ x + (1 || school)", "beta"),
}
_FITS: dict[str, hb.Fit] = {}


def fit_of_case(name: str, draws: int = 40) -> hb.Fit:
    if name not in _FITS:
        text, family = MODELS[name]
        _FITS[name] = random_fit(hb.Model(text, FRAME, family=family), draws=draws)
    return _FITS[name]


@pytest.mark.parametrize("name", MODELS)
def test_rows_of_a_permuted_copy_are_the_permuted_rows(name):
    fit = fit_of_case(name)
    order = np.random.default_rng(1).permutation(N)
    shuffled = FRAME.iloc[order].reset_index(drop=True)
    for given in ("linpred", "epred"):
        for groups in ("own", "typical", "average"):
            if (name, given, groups) == ("zi", "epred", "average"):
                continue  # 225 points of a rule: tried elsewhere
            expected = getattr(fit, given)(groups=groups, draws=8).to_numpy()[:, :, order]
            got = getattr(fit, given)(shuffled, draws=8, groups=groups).to_numpy()
            np.testing.assert_allclose(got, expected, rtol=IDENTITY, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_averages_over_groups_are_those_of_monte_carlo(name):
    """Mean over many drawn groups of one posterior draw, against quadrature, for one row."""
    fit = fit_of_case(name)
    row = FRAME.iloc[[3]].drop(columns=["school"])
    row["room"], row["x"] = "elsewhere", 0.2
    exact = fit.epred(row, draws=4, groups="average").to_numpy()
    repeated = pd.concat([row] * 4000, ignore_index=True)
    repeated["room"] = [f"new {k}" for k in range(4000)]
    drawn = fit.epred(repeated, draws=4, groups="new", seed=5).to_numpy()
    means = drawn.mean(axis=2)
    errors = drawn.std(axis=2) / np.sqrt(4000)
    for index in np.ndindex(means.shape):
        assert monte_carlo(means[index], exact[:, :, 0][index], errors[index] + 1e-12)


def test_new_groups_have_the_covariance_of_the_population():
    fit = fit_of_case("gaussian")
    row = {"x": [0.0, 1.0] * 3000, "f": ["a"] * 6000, "school": np.repeat(np.arange(3000), 2) + 100}
    eta = fit.linpred(row, draws=4, seed=2).isel(chain=0, draw=0).to_numpy().reshape(-1, 2)
    at = fit.posterior.isel(chain=0, draw=0)
    sd, cor = at["sd_school"].to_numpy(), at["cor_school"].to_numpy()[0, 1]
    T = np.array([[1, 0], [1, 1]])
    expected = T @ (np.outer(sd, sd) * np.array([[1, cor], [cor, 1]])) @ T.T
    np.testing.assert_allclose(np.cov(eta.T), expected, rtol=4 * np.sqrt(2 / 3000))


def test_a_new_room_in_a_known_school_keeps_the_effect_of_the_school():
    fit = fit_of_case("nested")
    known = FRAME["school"].iloc[0]
    row = {"x": 1.0, "school": known, "room": "new"}
    zero = fit.linpred(row, new_groups="typical")
    expected = fit.linpred(row, groups="typical") + fit.posterior["u_school"].sel(school=known).isel(
        school_term=0, drop=True
    )
    np.testing.assert_allclose(zero, expected, rtol=IDENTITY)
    drawn = fit.linpred(row, seed=1) - zero
    sd = fit.posterior["sd_school:room"].isel({"school:room_term": 0})
    z = (drawn.isel(obs=0) / sd).to_numpy().ravel()
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert abs(z.std() - 1) < 4 / np.sqrt(2 * z.size)


def test_rows_of_one_new_group_share_its_effects():
    fit = fit_of_case("trials")
    eta = fit.linpred({"x": [1.0, 1.0, 1.0], "school": ["p", "p", "q"]})
    np.testing.assert_array_equal(eta.isel(obs=0), eta.isel(obs=1))
    assert (eta.isel(obs=0) != eta.isel(obs=2)).all()


def test_rows_without_a_group_have_groups_of_their_own():
    fit = fit_of_case("trials")
    eta = fit.linpred({"x": [1.0, 1.0]}, groups="new")
    assert (eta.isel(obs=0) != eta.isel(obs=1)).all()


def test_joint_effects_of_new_groups_are_correlated():
    fit = fit_of_case("sigma")
    rows = {"x": [0.0] * 4000, "f": ["a"] * 4000}
    at = fit.posterior.isel(chain=0, draw=0)
    one = fit.linpred(rows, draws=4, groups="new", seed=3).isel(chain=0, draw=0)
    other = fit.linpred(rows, draws=4, predictor="sigma", groups="new", seed=3).isel(chain=0, draw=0)
    cor = float(at["cor_c_school"][0, 1])
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(cor, abs=4 * (1 - cor**2) / np.sqrt(4000))


def test_trials_of_new_rows():
    fit = fit_of_case("trials")
    single = fit.epred({"x": 1.0}, groups="typical")
    six = fit.epred({"x": 1.0, "n": 6}, groups="typical")
    np.testing.assert_allclose(six, 6 * single, rtol=IDENTITY)
    drawn = fit.predict({"x": 1.0, "n": 6}, draws=True)
    assert set(np.unique(drawn)) <= set(range(7))


def test_replicated_rows_scatter_around_their_mean():
    fit = fit_of_case("bernoulli")
    row = FRAME.iloc[[7]]
    mean = fit.epred(row).to_numpy().ravel()
    draws = np.concatenate([fit.predict(row, draws=True, seed=k).to_numpy().ravel() for k in range(20)])
    assert monte_carlo(draws.mean(), mean.mean(), np.sqrt((mean * (1 - mean)).mean() / draws.size))


def test_the_table_of_a_prediction():
    fit = fit_of_case("bernoulli")
    table = fit.predict({"x": [1.0, 2.0], "f": ["a", "b"]}, kind="mean")
    assert list(table.columns) == ["x", "f", "mean", "sd", "lower", "upper"]
    draws = fit.epred({"x": [1.0, 2.0], "f": ["a", "b"]}).to_numpy().reshape(-1, 2)
    np.testing.assert_allclose(table["mean"], draws.mean(axis=0), rtol=IDENTITY)
    np.testing.assert_allclose(table["upper"], np.quantile(draws, 0.975, axis=0), rtol=IDENTITY)
    assert table.attrs["estimand"] == "population average: group effects integrated out"
    assert table.attrs["notes"] == (
        "the rows name no school: group effects are integrated out, which gives the average over the "
        "population; groups='typical' gives a group whose effects are zero, which is another number on this "
        "scale",
    )
    own = fit.predict(FRAME, kind="link")
    assert own.attrs["estimand"] == "the groups that the rows name"
    np.testing.assert_allclose(own["mean"], fit.linpred().mean(("chain", "draw")), rtol=IDENTITY, atol=1e-12)


def test_categories_of_a_prediction():
    fit = fit_of_case("ordered")
    mean = fit.predict(FRAME, kind="mean")
    assert list(mean.columns) == ["x", "school", "category", "mean", "sd", "lower", "upper"]
    np.testing.assert_allclose(mean.groupby(level=0)["mean"].sum(), 1, rtol=IDENTITY)
    response = fit.predict(FRAME.iloc[:2])
    assert list(response.columns) == ["x", "school", "category", "probability"]
    assert response["category"].tolist() == ["1", "2", "3"] * 2


def test_many_rows_are_predicted_block_by_block(monkeypatch):
    fit = fit_of_case("gaussian")
    whole = fit.predict(FRAME, kind="mean")
    monkeypatch.setattr("hierbayes.estimates.predictions.predict.BLOCK", 160 * 7)
    pd.testing.assert_frame_equal(fit.predict(FRAME, kind="mean"), whole)


def test_missing_rows_are_left_out_and_told():
    fit = fit_of_case("trials")
    table = fit.predict({"x": [1.0, np.nan, 3.0], "school": ["0", "1", "2"]}, kind="mean")
    assert table.index.tolist() == [0, 2]
    assert "dropped" in table.attrs["notes"][0]


def test_refusals():
    fit = fit_of_case("bernoulli")
    row = {"x": 1.0, "f": "a"}
    with pytest.raises(DataError) as caught:
        fit.predict(row, groups="own")
    assert str(caught.value) == (
        "groups='own' asks for the groups that the rows name, but the data have no column 'school'. Add it, "
        "or say groups='typical', 'average' or 'new'."
    )
    with pytest.raises(DataError) as caught:
        fit.predict({**row, "school": "zz"}, new_groups="error")
    assert str(caught.value) == (
        "The grouping factor 'school' has the group 'zz', which the model has not seen. Correct the value, "
        "or say new_groups='sample' to draw its effects from the population, or 'typical' for effects of "
        "zero."
    )
    with pytest.raises(UnknownNameError, match="'tpyical' is not a known value of groups"):
        fit.predict(row, groups="tpyical")
    with pytest.raises(UnknownNameError, match="kind of prediction"):
        fit.predict(row, kind="links")
    with pytest.raises(DataError, match="level"):
        fit.predict({**row, "f": "z"})


def test_the_inverse_link_has_no_average():
    fit = random_fit(hb.Model("cost ~ x + (1 | school)", FRAME, family="gamma", link="inverse"))
    with pytest.raises(DataError, match="The average over groups is not defined with the inverse link"):
        fit.epred({"x": 1.0})


def test_lognormal_means_have_no_average_over_sigmas():
    text = formula("cost ~ x + (1 | school)", sigma="~ (1 | school)")
    fit = random_fit(hb.Model(text, FRAME, family="lognormal"))
    with pytest.raises(DataError, match="The average over groups is infinite"):
        fit.epred({"x": 1.0})


def test_a_response_in_the_average_group_is_of_a_new_group():
    fit = fit_of_case("gaussian")
    table = fit.predict({"x": 0.0, "f": "a"})
    assert table.attrs["estimand"] == "population average: a new group for each row"
    sigma, sd = fit.posterior["sigma"], fit.posterior["sd_school"].isel(school_term=0)
    link = fit.linpred({"x": 0.0, "f": "a"}, groups="typical").isel(obs=0)
    draws = fit.predict({"x": 0.0, "f": "a"}, draws=True).isel(obs=0)
    z = ((draws - link) / np.sqrt(sigma**2 + sd**2)).to_numpy().ravel()
    assert abs(z.std() - 1) < 4 / np.sqrt(2 * z.size)
