"""Densities at the ends of ranges, and what is said of posteriors that lie there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import fit_from, random_fit
from scipy import stats

import hierbayes as hb
from hierbayes.estimates.checks.boundary import AT_END, NEARLY_ONE, SHARE, boundary_findings, density_at

CLEAR = "No standard deviation, correlation or share lies at an end of its range."


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("distribution", "at_end"),
    [
        (stats.halfnorm(scale=3.0), True),
        (stats.expon(), True),
        (stats.truncnorm(-1.0, np.inf, 1.0), True),  # exp(-1/2) = 0.61 of the highest
        (stats.truncnorm(-2.0, np.inf, 2.0), False),  # exp(-2) = 0.14
        (stats.gamma(3.0), False),
        (stats.norm(5.0, 0.1), False),
    ],
)
def test_the_rule_finds_densities_above_a_third(distribution, at_end, seed):
    draws = distribution.rvs(size=(4, 1000), random_state=seed)
    exact = distribution.pdf(0.0) / distribution.pdf(np.linspace(0, 6, 6001)).max()
    assert (exact >= AT_END) == at_end
    assert (density_at(draws, 0.0) >= AT_END) == at_end


def test_both_ends_of_a_share():
    draws = stats.beta(8.0, 1.0).rvs(size=(4, 1000), random_state=1)
    assert density_at(draws, 0.0, 1.0) < AT_END <= density_at(draws, 1.0, 0.0)
    assert density_at(np.ones((4, 50)), 1.0, 0.0) == 0


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n = 60
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(size=n),
            "g": rng.integers(0, 6, n).astype(str),
            "count": rng.poisson(2, n),
            "won": rng.binomial(4, 0.4, n),
            "n": 4,
        }
    )


def changed(model: hb.Model, name: str, draws: np.ndarray) -> list[str]:
    fit = random_fit(model)
    posterior = fit.posterior.copy(deep=True)
    posterior[name].values[:] = draws
    return [f.what for f in boundary_findings(fit_from(model, posterior))]


def test_a_posterior_inside_has_nothing_to_say(frame):
    (finding,) = boundary_findings(random_fit(hb.Model("y ~ x + (1 + x | g)", frame)))
    assert (finding.level, finding.what) == ("ok", CLEAR)


def test_an_sd_at_zero_is_named(frame):
    model = hb.Model("y ~ x + (1 + x | g)", frame)
    draws = np.random.default_rng(2).gamma(9, 0.1, size=(4, 250, 2))
    draws[..., 1] = stats.halfnorm(scale=0.1).rvs(size=(4, 250), random_state=1)
    (what,) = changed(model, "sd_g", draws)
    assert what.startswith("The sd of x over g may be zero: its density at 0 is ")


def test_a_correlation_at_minus_one_is_named(frame):
    model = hb.Model("y ~ x + (1 + x | g)", frame)
    cor = np.broadcast_to(np.eye(2), (4, 250, 2, 2)).copy()
    r = -np.where(np.arange(250) < 250 * 2 * SHARE, NEARLY_ONE + 0.02, 0.7)
    cor[..., 0, 1] = cor[..., 1, 0] = r
    (what,) = changed(model, "cor_g", cor)
    assert what == ("The correlation of Intercept and x over g may be -1: 20 % of draws are beyond -0.95.")


@pytest.mark.parametrize(
    ("formula", "family", "name", "draws", "words"),
    [
        ("y ~ x", "student", "nu", 40 + np.arange(1000), "The tails are nearly those of a normal"),
        ("count ~ x", "negbinomial", "phi", 500.0 + np.arange(1000), "There is hardly any overdispersion"),
        ("won | trials(n) ~ x", "beta_binomial", "phi", 500.0 + np.arange(1000), "There is hardly any over"),
        ("count ~ x", "zero_inflated_poisson", "zi", np.linspace(0, 0.1, 1000), "zi may be 0: its density"),
        ("count ~ x", "hurdle_poisson", "hu", np.linspace(0.9, 1, 1000), "hu may be 1: its density"),
        ("y ~ x", "gaussian", "sigma", np.linspace(0, 0.1, 1000), "The residual sd may be zero"),
    ],
)
def test_parameters_of_families_that_run_away(frame, formula, family, name, draws, words):
    (what,) = changed(hb.Model(formula, frame, family=family), name, draws.reshape(4, 250))
    assert what.startswith(words)


def test_few_draws_are_not_judged(frame):
    assert boundary_findings(random_fit(hb.Model("y ~ x + (1 | g)", frame), chains=2, draws=20)) == []
