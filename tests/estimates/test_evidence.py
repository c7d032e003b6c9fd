"""Evidence for a variance: against marginal likelihoods by quadrature, and by refits."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit
from scipy import stats
from tolerances import STANDARD_ERRORS

import hierbayes as hb
from hierbayes.errors import DataError
from hierbayes.estimates.variance.evidence import density_at_zero, posterior_at_zero
from hierbayes.spec.records import Prior

PRIORS = {"b[Intercept]": "normal(0, 2)", "sd": "half_normal(1)", "sigma": "half_normal(1)"}


def balanced(spread: float) -> pd.DataFrame:
    rng = np.random.default_rng(17)
    u = spread * stats.norm.ppf((np.arange(8) + 0.5) / 8)
    g = np.repeat(np.arange(8), 6)
    e = rng.normal(size=48)
    return pd.DataFrame({"g": [f"g{k}" for k in g], "y": u[g] + e})


def bayes_factor(frame: pd.DataFrame) -> float:
    """Marginal likelihoods of a model with and without groups, by quadrature over both sds."""
    y, g = frame["y"].to_numpy(), pd.factorize(frame["g"])[0]
    same = (g[:, None] == g).astype(float)

    def likelihood(tau: float, sigma: float) -> float:
        cov = sigma**2 * np.eye(len(y)) + tau**2 * same + 4.0
        return float(stats.multivariate_normal.logpdf(y, cov=cov))

    sigmas, step_sigma = np.linspace(0.6, 1.7, 40, retstep=True)
    taus = np.linspace(0.001, 3, 40)
    prior_tau, prior_sigma = 2 * stats.norm.pdf(taus), 2 * stats.norm.pdf(sigmas)
    logs = np.array([[likelihood(t, s) for s in sigmas] for t in taus])
    none = np.array([likelihood(0.0, s) for s in sigmas])
    top = max(logs.max(), none.max())
    inside = np.exp(logs - top) @ prior_sigma * step_sigma
    with_groups = np.trapezoid(inside * prior_tau, taus) + inside[0] * prior_tau[0] * taus[0]
    return with_groups / (np.exp(none - top) @ prior_sigma * step_sigma)


@pytest.mark.sampling
def test_bayes_factor_is_the_ratio_of_marginal_likelihoods():
    frame = balanced(0.3)
    fit = hb.Model("y ~ 1 + (1 | g)", frame, priors=PRIORS).fit(seed=3, draws=2000, progress=False)
    row = fit.group_evidence().iloc[0]
    assert not row["at_least"]
    # The kernel estimate has a bias of second order in its bandwidth, below 2 %.
    allowed = STANDARD_ERRORS * row["error"] + 0.02
    assert abs(math.log(row["bayes_factor"] / bayes_factor(frame))) < allowed


def test_density_of_half_normal_draws_at_zero():
    rng = np.random.default_rng(1)
    found = posterior_at_zero(np.abs(rng.normal(size=(4, 5000))), 20_000)
    assert not found.bound
    assert abs(math.log(found.density / (2 * stats.norm.pdf(0)))) < STANDARD_ERRORS * found.error + 0.01


def test_draws_far_from_zero_give_a_bound(fit_of):
    table = fit_of("exam", "m1").group_evidence()
    row = table.iloc[0]
    assert row["at_least"]
    assert row["bayes_factor"] > 100
    assert "half of the time" in table.attrs["notes"][0]
    assert "at_least is true no draw comes near 0" in " ".join(repr(table).split())


@pytest.mark.parametrize(
    ("distribution", "parameters", "expected"),
    [
        ("half_normal", (2.0,), 2 * stats.norm.pdf(0, scale=2)),
        ("half_student_t", (3.0, 2.5), 2 * stats.t.pdf(0, 3, scale=2.5)),
        ("half_cauchy", (1.5,), 2 / (math.pi * 1.5)),
        ("exponential", (0.5,), 0.5),
        ("uniform", (0.0, 4.0), 0.25),
        ("gamma", (2.0, 0.1), 0.0),
        ("gamma", (1.0, 0.1), 0.1),
    ],
)
def test_prior_densities_at_zero(distribution, parameters, expected):
    assert density_at_zero(Prior(distribution, parameters)) == pytest.approx(expected)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_priors_without_a_density_at_zero_say_so():
    model = hb.Model("y ~ 1 + (1 | g)", balanced(0.3), priors={"sd": "gamma(2, 0.1)"})
    table = random_fit(model).group_evidence()
    assert math.isnan(table["bayes_factor"].iloc[0])
    assert table.attrs["notes"][1].startswith(
        "sd[g][Intercept]: its prior gamma(2, 0.1) has no finite, positive"
    )


def test_models_without_groups_are_refused():
    fit = random_fit(hb.Model("y ~ 1", balanced(0.3)), draws=5)
    with pytest.raises(DataError) as caught:
        fit.group_evidence()
    assert str(caught.value) == "Evidence for a variance is of groups, and the model has none: y ~ 1."


@pytest.mark.sampling
def test_refits_without_the_term_are_fits_of_the_smaller_model():
    frame = balanced(1.0)
    fit = hb.Model("y ~ 1 + (1 | g)", frame, priors=PRIORS).fit(seed=3, draws=500, progress=False)
    row = fit.group_evidence(refit=True).iloc[0]
    smaller = {k: v for k, v in PRIORS.items() if k != "sd"}
    other = hb.Model("y ~ 1", frame, priors=smaller).fit(seed=0, draws=500, progress=False)
    one, two = fit.loo(refits=0), other.loo(refits=0)
    assert abs(row["elpd_lost"] - (one.elpd - two.elpd)) < STANDARD_ERRORS * math.hypot(two.mcse, two.mcse)
    assert row["elpd_lost"] > row["se"] > 0
