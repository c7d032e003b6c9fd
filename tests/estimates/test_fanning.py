"""The pattern of lines: against variances over a grid, lines drawn at random, and lme4's estimates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import fit_from, posterior_at, random_fit
from tolerances import STANDARD_ERRORS

import hierbayes as hb
from hierbayes.errors import DataError


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    n = 120
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(2, 1, size=n),
            "z": rng.normal(size=n),
            "f": rng.choice(["no", "yes"], n),
            "g": np.arange(n) % 10,
        }
    )


def at(frame: pd.DataFrame, sd: list[float], r: float, b: list[float]) -> hb.Fit:
    model = hb.Model("y ~ x + (1 + x | g)", frame)
    u = np.random.default_rng(1).normal(size=(10, 2)) * sd
    values = {"b": np.array(b), "sigma": 1.0, "sd_g": np.array(sd), "u_g": u}
    return fit_from(model, posterior_at(model, {**values, "cor_g": np.array([[1, r], [r, 1]])}))


def test_the_least_variance_is_that_of_a_fine_grid(frame):
    sd, r = [0.8, 0.3], -0.6
    fit = at(frame, sd, r, [0.1, 0.2])
    grid = np.linspace(-5, 5, 100_001)
    variance = sd[0] ** 2 + 2 * r * sd[0] * sd[1] * grid + sd[1] ** 2 * grid**2
    draws = fit.slope_pattern(draws=True).isel(chain=0, draw=0)
    assert float(draws["g[x][least_at]"]) == pytest.approx(grid[variance.argmin()], abs=1e-4)
    assert float(draws["g[x][sd_least]"]) == pytest.approx(np.sqrt(variance.min()), rel=1e-8)
    rows = fit.slope_pattern()
    low, high = np.quantile(frame["x"], [0.05, 0.95], method="nearest")
    np.testing.assert_allclose(rows["at"][:2], [low, high])
    expected = np.interp([low, high], grid, np.sqrt(variance))
    np.testing.assert_allclose(rows["mean"][:2], expected, rtol=1e-6)


def test_opposite_slopes_are_counted_and_their_expected_share_is_that_of_random_lines(frame):
    fit = at(frame, [0.8, 0.3], -0.6, [0.1, -0.2])
    draws = fit.slope_pattern(draws=True).isel(chain=0, draw=0)
    slopes = fit.coef(draws=True)["coef_g"].isel(chain=0, draw=0).sel(g_term="x")
    assert float(draws["g[x][opposite]"]) == float((slopes > 0).mean())
    share = (np.random.default_rng(5).normal(-0.2, 0.3, 200_000) > 0).mean()
    error = np.sqrt(share * (1 - share) / 200_000)
    assert abs(float(draws["g[x][opposite_expected]"]) - share) <= STANDARD_ERRORS * error


def test_the_mean_of_other_columns_moves_the_intercept(frame):
    fit = random_fit(hb.Model("y ~ x + z + (1 + x + z | g)", frame), draws=50)
    cor = fit.posterior["cor_g"]
    cor.values[:] = np.eye(3)
    cor.values[..., 1, 2] = cor.values[..., 2, 1] = 0.5
    least = fit.slope_pattern(draws=True)["g[x][least_at]"]
    sd = fit.posterior["sd_g"]
    np.testing.assert_allclose(least, -0.5 * frame["z"].mean() * sd[..., 2] / sd[..., 1], rtol=1e-10)


def test_fans_out_where_the_covariance_is_positive_and_says_so(frame):
    (note,) = at(frame, [0.8, 0.3], 0.6, [0.1, 2.0]).varcorr().attrs["notes"]
    assert note == (
        "g: groups differ by an sd of 0.86 [0.86, 0.86] at x = 0.33 and of 1.7 [1.7, 1.7] at x = 3.5. "
        "Lines fan out: groups differ more, the larger x is (probability 1.00); groups differ least at "
        "x = -1.6 [-1.6, -1.6], between these ends with probability 0.00. The slope is opposite to the "
        "population's in 0 [0, 0] % of the 10 groups."
    )
    (note,) = at(frame, [2.0, 0.3], -0.9, [0.1, 2.0]).varcorr().attrs["notes"]
    assert "Lines fan in: groups differ less, the larger x is (probability 1.00)" in note


def test_what_is_left_out_where_it_says_nothing(frame):
    independent = random_fit(hb.Model("y ~ x + (1 + x || g)", frame), draws=20)
    assert list(independent.slope_pattern()["quantity"]) == ["sd", "sd", "opposite", "opposite_expected"]
    dummy = random_fit(hb.Model("y ~ 1 + (1 + f | g)", frame), draws=20)
    rows = dummy.slope_pattern()
    assert list(rows["quantity"]) == ["sd", "sd"]
    assert list(rows["at"]) == [0.0, 1.0]
    with pytest.raises(DataError) as refused:
        random_fit(hb.Model("y ~ x + (1 | g)", frame), draws=20).slope_pattern()
    assert str(refused.value) == (
        "No slope varies over groups in this model, so all groups' lines are parallel. A term such as (1 + x "
        "| g) has slopes that vary."
    )
    assert not random_fit(hb.Model("y ~ x + (1 | g)", frame), draws=20).varcorr().attrs["notes"]


def test_slopes_of_further_predictors_are_named(frame):
    model = hb.Model(hb.formula("y ~ x + (1 | g)", sigma="~ x + (1 + x | g)"), frame)
    rows = random_fit(model, draws=20).slope_pattern()
    assert set(rows["predictor"]) == {"sigma"}
    assert set(rows["group"]) == {"sigma_g"}


@pytest.mark.sampling
def test_schools_of_exam_differ_least_among_weak_pupils(fit_of):
    """lme4: covariance 0.60 * 0.28 * 0.1205, slope variance 0.01453: least at -1.39."""
    rows = fit_of("exam", "m4").slope_pattern().set_index("quantity")
    assert rows.loc["least_at", "lower"] <= -1.39 <= rows.loc["least_at", "upper"]
    assert rows.loc["fans_out", "mean"] > 0.99
    assert rows.loc["opposite", "upper"] == 0
