from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special, stats
from tolerances import IDENTITY, STANDARD_ERRORS

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.checks.residuals import (
    DRAWS,
    envelope,
    group_residuals,
    leave_one_out_pit,
    residuals,
)

type FitOf = Callable[[str, str], hb.Fit]


def test_standardized_residuals_are_those_of_the_linear_predictor(fit_of: FitOf) -> None:
    fit = fit_of("exam", "m4")
    frame = fit.residuals(draws=None)
    eta, sigma = fit.linpred(), fit.posterior["sigma"]
    own = ((fit.design.y - eta) / sigma).mean(("chain", "draw"))
    np.testing.assert_allclose(frame["residual"], own, rtol=1e-8)  # sums of 4,000 terms in another order
    np.testing.assert_allclose(frame["fitted"], eta.mean(("chain", "draw")), rtol=1e-8, atol=1e-12)
    np.testing.assert_array_equal(frame["observed"], fit.design.y)
    assert frame.attrs["kind"] == "standardized" and "pit" not in frame


def test_quantile_residuals_of_normal_responses_are_nearly_the_standardized(fit_of: FitOf) -> None:
    fit = fit_of("exam", "m4")
    quantile, standardized = residuals(fit, "quantile"), residuals(fit)
    # the quantile of a mean against the mean of quantiles: equal but for the spread over draws
    assert np.corrcoef(quantile["residual"], standardized["residual"])[0, 1] > 0.9995
    np.testing.assert_allclose(special.ndtr(quantile["residual"]), quantile["pit"], rtol=IDENTITY)


def test_quantile_residuals_of_binary_responses(fit_of: FitOf) -> None:
    fit = fit_of("contraception", "m_05")
    frame = residuals(fit, draws=None)
    p = fit.epred().mean(("chain", "draw")).to_numpy()
    one = fit.design.y == 1
    assert np.all(frame["pit"][one] >= 1 - p[one]) and np.all(frame["pit"][~one] <= 1 - p[~one])
    np.testing.assert_allclose(frame["fitted"], p, rtol=1e-9)
    # a share of n uniform numbers has a standard error of at most 1 / (2 sqrt(n))
    half = abs(float((frame["pit"] < 0.5).mean()) - 0.5)
    assert half < STANDARD_ERRORS / (2 * np.sqrt(len(frame)))
    again = residuals(fit, draws=None)
    np.testing.assert_array_equal(frame["residual"], again["residual"])
    assert not np.array_equal(frame["residual"], residuals(fit, draws=None, seed=1)["residual"])


def test_blocks_of_rows_change_nothing(fit_of: FitOf, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fit_of("contraception", "m_05")
    whole = residuals(fit)
    monkeypatch.setattr("hierbayes.estimates.checks.residuals.BLOCK", 500 * DRAWS)
    np.testing.assert_allclose(residuals(fit)["pit"], whole["pit"], rtol=IDENTITY)


def test_residuals_of_groups(fit_of: FitOf) -> None:
    fit = fit_of("exam", "m4")
    frame = group_residuals(fit)
    one = frame[(frame["level"] == "48") & (frame["term"] == "Intercept")].iloc[0]
    z = fit.posterior["u_school"].sel(school="48", school_term="Intercept") / fit.posterior["sd_school"].sel(
        school_term="Intercept"
    )
    reliability = 1 - float(z.var(ddof=1))
    assert one["reliability"] == pytest.approx(reliability, rel=IDENTITY)
    assert one["residual"] == pytest.approx(float(z.mean()) / np.sqrt(reliability), rel=1e-8)
    assert one["n"] == 2 and one["reliability"] == frame["reliability"][frame["term"] == "Intercept"].min()
    # of 65 standard normal numbers the mean square is chi-squared(65) / 65
    for _, part in frame.groupby("term"):
        known = part["residual"].dropna()
        tail = stats.chi2.cdf((known**2).sum(), len(known))
        assert 1e-4 < tail < 1 - 1e-4


def test_an_envelope_holds_as_many_samples_as_it_says() -> None:
    low, high = envelope(40, prob=0.9)
    assert np.all(low < high) and np.all(np.diff(low) > 0)
    np.testing.assert_allclose(low, 1 - high[::-1], rtol=1e-6)  # two roots, found by iteration
    samples = np.sort(np.random.default_rng(1).random((4000, 40)), axis=1)
    inside = float(((samples >= low) & (samples <= high)).all(axis=1).mean())
    error = np.sqrt(0.9 * 0.1 * (1 / 4000 + 1 / 1000))
    assert abs(inside - 0.9) <= STANDARD_ERRORS * error


def test_left_out_pit_is_that_of_a_refit(fit_of: FitOf) -> None:
    fit = fit_of("contraception", "m_05")
    frame, inner = leave_one_out_pit(fit), residuals(fit)
    one = fit.design.y == 1
    # leaving a row out makes what happened in it less likely
    assert float((frame["pit"] - inner["pit"])[one].mean()) > 0
    assert float((frame["pit"] - inner["pit"])[~one].mean()) < 0
    elpd = fit.loo().pointwise["elpd"].to_numpy()
    v = np.random.default_rng(0).random(len(frame))
    pit = np.where(one, 1 - (1 - v) * np.exp(elpd), v * np.exp(elpd))
    # a quarter of the draws of loo: their Monte Carlo error is far below a hundredth
    assert np.abs(frame["pit"] - pit).max() < 0.01


def test_what_has_no_residuals(fit_of: FitOf) -> None:
    with pytest.raises(UnknownNameError) as error:
        residuals(fit_of("contraception", "m_05"), "standardized")
    assert str(error.value) == (
        "'standardized' is not a known kind of residual of bernoulli responses. Known: quantile."
    )
    data = {"mode": ["bus", "car", "walk"] * 20, "x": np.arange(60.0), "g": list("abcde") * 12}
    model = hb.Model("mode ~ x", data, family="categorical")
    fit = model.fit(draws=50, tune=50, chains=1, seed=1, progress=False)
    with pytest.raises(DataError, match=re.escape("Residuals need responses with an order")):
        residuals(fit)
