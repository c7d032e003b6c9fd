"""Statistics of replicated data against plain loops over them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit
from tolerances import IDENTITY

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError

RNG = np.random.default_rng(14)
N = 60
FRAME = pd.DataFrame(
    {
        "x": RNG.normal(size=N),
        "g": RNG.integers(0, 4, N).astype(str),
        "h": RNG.choice(["a", "b"], N),
        "n": RNG.integers(2, 9, N),
    }
)
FRAME["y"] = RNG.normal(size=N)
FRAME["wins"] = RNG.binomial(FRAME["n"], 0.4)
FRAME["ticks"] = RNG.poisson(1, N)


@pytest.fixture(scope="module")
def fit():
    return random_fit(hb.Model("ticks ~ x + (1 | h:g)", FRAME, family="poisson"), draws=100)


def replicated(given, seed=0):
    return given.posterior_predictive(draws=1000, seed=seed).to_numpy().reshape(-1, N)


def test_a_statistic_of_the_whole_data(fit):
    (row,) = fit.predictive_check("zeros").to_dict("records")
    shares = (replicated(fit) == 0).mean(axis=1)
    observed = (FRAME["ticks"] == 0).mean()
    assert row["observed"] == observed
    assert row["mean"] == pytest.approx(shares.mean(), rel=IDENTITY)
    assert row["p_value"] == pytest.approx((shares > observed).mean() + (shares == observed).mean() / 2)
    assert row["outside"] == (not np.quantile(shares, 0.025) <= observed <= np.quantile(shares, 0.975))


def test_groups_by_columns_and_by_factors(fit):
    by_factor = fit.predictive_check("mean", by="h:g")
    by_columns = fit.predictive_check("mean", by=["h", "g"])
    means = FRAME.groupby(["h", "g"])["ticks"].mean()
    np.testing.assert_allclose(by_columns["observed"], means, rtol=IDENTITY)
    np.testing.assert_allclose(by_factor["observed"], by_columns["observed"], rtol=IDENTITY)
    assert by_factor["h:g"].tolist() == [f"{h}:{g}" for h, g in means.index]
    outside = int(by_columns["outside"].sum())
    assert by_columns.attrs["notes"][0].startswith(
        f"{outside} of 8 lie outside of their 95 % interval; about 0.4"
    )


def test_trials_are_compared_by_shares():
    given = random_fit(hb.Model("wins | trials(n) ~ x + (1 | g)", FRAME, family="binomial"))
    (row,) = given.predictive_check("max").to_dict("records")
    assert row["observed"] == (FRAME["wins"] / FRAME["n"]).max()
    assert row["upper"] <= 1


def test_a_function_of_ones_own(fit):
    def largest_step(y):
        return np.abs(np.diff(y, axis=-1)).max(axis=-1)

    table = fit.predictive_check(largest_step)
    assert table["observed"].iloc[0] == FRAME["ticks"].diff().abs().max()
    assert table.attrs["definition"].startswith("largest step of the data")
    with pytest.raises(DataError, match="It must reduce the last axis"):
        fit.predictive_check(lambda y: y)


def test_groups_of_one_row_have_no_sd():
    frame = FRAME.assign(g=["alone", *FRAME["g"][1:]])
    given = random_fit(hb.Model("y ~ x + (1 | g)", frame))
    table = given.predictive_check("sd", by="g").set_index("g")
    assert np.isnan(table.loc["alone", "observed"])
    assert not table.loc["alone", "outside"]
    assert " of 4 lie outside" in table.attrs["notes"][0]  # of five groups


def test_names_that_do_not_exist(fit):
    with pytest.raises(UnknownNameError, match="Did you mean 'mean'"):
        fit.predictive_check("maen")
    with pytest.raises(UnknownNameError, match="column of the model"):
        fit.predictive_check(by="school")
