"""R2 against performance, by simulation and draw by draw; ratios of odds and rates between groups."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plugin import fit_at_lme4, fit_from, posterior_at, random_fit
from tolerances import OPTIMIZER, monte_carlo

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError

pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
"""R-hat of draws that are all the same."""

ANALYSES = json.loads((Path(__file__).parents[1] / "reference" / "analyses.json").read_text())["models"]
SAME = {
    ("contraception", "m_04"): "B_m_04",
    ("contraception", "m_05"): "B_m_05",
    ("exam", "m1"): "C_m1m1",
    ("exam", "m3"): "C_m1m3",
    ("exam", "m4"): "C_m1m4",
}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = 120
    return pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "w": np.repeat(rng.normal(size=12), 10),
            "g": np.repeat(list("abcdefghijkl"), 10),
            "y": rng.normal(size=n),
            "won": rng.integers(0, 2, n),
            "count": rng.poisson(3, n),
            "hits": rng.integers(0, 6, n),
            "grade": pd.Categorical(rng.choice(["low", "mid", "top"], n), ordered=True),
            "mode": rng.choice(["bus", "car", "walk"], n),
        }
    )


@pytest.mark.parametrize("model", SAME)
def test_marginal_and_conditional_r2_are_those_of_performance(model, model_of):
    fit = fit_at_lme4(model_of(*model), *model)
    parts = fit.r2("nakagawa").set_index("part")["mean"]
    published = ANALYSES[SAME[model]]["r2_performance"]
    for part in ("marginal", "conditional"):
        assert parts[part] == pytest.approx(published[part], rel=OPTIMIZER, abs=1e-12)
    groups = parts.drop(["marginal", "conditional"]).sum()
    assert parts["marginal"] + groups == pytest.approx(parts["conditional"])


def test_published_r2(model_of):
    for name, figures in {"m_04": (0.12, 0.18), "m_05": (0.12, 0.20)}.items():
        fit = fit_at_lme4(model_of("contraception", name), "contraception", name)
        parts = fit.r2("nakagawa").set_index("part")["mean"].round(2)
        assert (parts["marginal"], parts["conditional"]) == figures


def test_posterior_r2_contains_the_published(fit_of):
    table = fit_of("contraception", "m_05").r2("nakagawa").set_index("part")
    for part, figure in (("marginal", 0.1250), ("conditional", 0.2032)):
        assert table.loc[part, "lower"] < figure < table.loc[part, "upper"]


def test_bayesian_r2_is_the_formula_in_every_draw(frame):
    fit = random_fit(hb.Model("y ~ x + (1 | g)", frame), draws=20)
    mu, b = fit.epred().to_numpy(), fit.posterior["b"].to_numpy()
    total = mu.var(axis=-1) + fit.posterior["sigma"].to_numpy() ** 2
    shares = fit.r2("bayes", draws=True)["bayes"]
    np.testing.assert_allclose(shares.sel(part="conditional"), mu.var(axis=-1) / total, rtol=1e-10)
    typical = (b @ fit.design.X.T).var(axis=-1)
    np.testing.assert_allclose(shares.sel(part="marginal"), typical / total, rtol=1e-10)


def test_no_columns_explain_exactly_nothing(frame):
    fit = random_fit(hb.Model("y ~ 1 + (1 | g)", frame))
    shares = fit.r2(method="bayes", draws=True)["bayes"]
    assert (shares.sel(part="marginal") == 0.0).all()
    assert (shares.sel(part="conditional") > 0.0).all()


def test_bayesian_r2_of_trials_is_of_the_share_of_successes(frame):
    model = hb.Model("hits | trials(5) ~ x + (1 | g)", frame, family="binomial")
    fit = random_fit(model, draws=10)
    p = 1 / (1 + np.exp(-fit.linpred().to_numpy()))
    expected = p.var(axis=-1) / (p.var(axis=-1) + (p * (1 - p) / 5).mean(axis=-1))
    got = fit.r2("bayes", draws=True)["bayes"].sel(part="conditional")
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_weights_count_rows(frame):
    twice = pd.concat([frame, frame.iloc[:30]], ignore_index=True)
    weighted = frame.assign(k=np.where(np.arange(len(frame)) < 30, 2, 1))
    one = random_fit(hb.Model("won ~ x + (1 | g)", twice, family="bernoulli"), draws=5)
    model = hb.Model("won | weights(k) ~ x + (1 | g)", weighted, family="bernoulli")
    other = fit_from(model, one.posterior)
    np.testing.assert_allclose(
        one.r2("bayes", draws=True)["bayes"], other.r2("bayes", draws=True)["bayes"], rtol=1e-10
    )


def test_r2_that_are_not_defined_say_why(frame):
    grade = random_fit(hb.Model("mode ~ x + (1 | g)", frame, family="categorical"), draws=5)
    with pytest.raises(DataError, match="An R2 is of one linear predictor; unordered categories have one"):
        grade.r2()
    with pytest.raises(DataError) as caught:
        grade.r2("bayes")
    assert str(caught.value) == (
        "The Bayesian R2 is of a response with a mean; categories have probabilities instead. "
        "Ask for method='nakagawa', which is of the latent variable of ordered categories."
    )
    cauchit = random_fit(hb.Model("won ~ x + (1 | g)", frame, family="bernoulli", link="cauchit"), draws=5)
    assert set(cauchit.r2()["method"]) == {"bayes"}
    with pytest.raises(
        DataError, match="needs a level-1 variance on the link scale; bernoulli with the cauchit"
    ):
        cauchit.r2("nakagawa")
    with pytest.raises(UnknownNameError, match="'gelman' is not a known method of R2"):
        cauchit.r2("gelman")


def test_published_median_odds_ratios(model_of, frame):
    fit = fit_at_lme4(model_of("contraception", "m_05"), "contraception", "m_05")
    assert fit.median_odds_ratio()["mean"].item() == pytest.approx(1.72, abs=5e-3)
    model = hb.Model("won ~ 1 + (1 | g)", frame, family="bernoulli")
    values = {"b": [0.148], "sd_g": [np.sqrt(1.464)], "u_g": np.zeros((12, 1))}
    antenatal = fit_from(model, posterior_at(model, {k: np.asarray(v) for k, v in values.items()}))
    assert antenatal.median_odds_ratio()["mean"].item() == pytest.approx(3.17, abs=5e-3)


def test_median_odds_ratio_is_the_median_over_pairs_of_groups(frame):
    fit = random_fit(hb.Model("won ~ x + (1 + x | g)", frame, family="bernoulli"), draws=5)
    got = fit.median_odds_ratio(at={"x": [-1.0, 2.0]}, draws=True)["g"].isel(chain=0, draw=0)
    sd, cor = (fit.posterior[name].isel(chain=0, draw=0).to_numpy() for name in ("sd_g", "cor_g"))
    rng, n = np.random.default_rng(1), 200_000
    u = rng.multivariate_normal(np.zeros(2), np.outer(sd, sd) * cor, size=(2, n))
    for x in (-1.0, 2.0):
        ratios = np.exp(np.abs((u[0] - u[1]) @ [1.0, x]))
        median = np.median(ratios)
        width = np.quantile(ratios, 0.5 + 0.5 / np.sqrt(n)) - median
        assert monte_carlo(median, float(got.sel(x=x)), width)


def test_rate_ratios_are_of_counts(frame):
    fit = random_fit(hb.Model("count ~ x + (1 | g)", frame, family="poisson"), draws=5)
    sd = fit.posterior["sd_g"].isel(g_term=0, drop=True)
    np.testing.assert_allclose(
        fit.median_rate_ratio(draws=True)["g"], np.exp(np.sqrt(2) * sd * 0.6744897501960817), rtol=1e-10
    )
    with pytest.raises(DataError) as caught:
        fit.median_odds_ratio()
    assert str(caught.value) == (
        "The median odds ratio is of odds, and this is a poisson model with the log link: only with the "
        "logit link do groups differ by factors of the odds. For counts there is fit.median_rate_ratio()."
    )


def test_interval_odds_ratio_is_that_of_pairs_of_groups(frame):
    fit = random_fit(hb.Model("won ~ x + w + (1 | g)", frame, family="bernoulli"), draws=5)
    got = fit.interval_odds_ratio("w", draws=True).isel(chain=0, draw=0, term=0)
    b = float(fit.posterior["b"].sel(term="w")[0, 0])
    sd = float(fit.posterior["sd_g"][0, 0, 0])
    rng, n = np.random.default_rng(2), 400_000
    ratios = b + sd * (rng.normal(size=n) - rng.normal(size=n))
    opposed = (np.sign(ratios) != np.sign(b)).mean()
    assert monte_carlo(opposed, float(got["opposed"]), np.sqrt(opposed * (1 - opposed) / n))
    for name, q in (("10 % quantile", 0.1), ("90 % quantile", 0.9)):
        se = np.quantile(ratios, q + np.sqrt(q * (1 - q) / n)) - np.quantile(ratios, q)
        assert monte_carlo(np.quantile(ratios, q), np.log(float(got[name])), se)
    with pytest.raises(DataError) as caught:
        fit.interval_odds_ratio("x")
    assert str(caught.value) == (
        "The interval odds ratio is of a column that is a property of the groups; 'x' varies within g. Its "
        "odds ratio within a group is exp(b): see fit.fixef()."
    )


def test_interval_odds_ratio_of_a_factor_has_its_levels(fit_of):
    table = fit_of("contraception", "m_05").interval_odds_ratio("urban")
    assert list(table["term"].unique()) == ["urban[Y]"]
    assert list(table["quantity"]) == ["odds ratio", "10 % quantile", "90 % quantile", "opposed"]
    assert set(table["group"]) == {"urban:district"}
