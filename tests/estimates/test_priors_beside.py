from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tolerances

import hierbayes as hb
from hierbayes.estimates.checks import priors
from hierbayes.estimates.checks.prior import SAMPLERS, correlation_factors
from hierbayes.spec.priors import parse_prior

TEXTS = (
    "normal(1, 2)",
    "student_t(3, 1, 2)",
    "cauchy(0, 1)",
    "half_normal(2)",
    "half_student_t(3, 2)",
    "half_cauchy(1)",
    "exponential(2)",
    "gamma(2, 1.5)",
    "beta(2, 3)",
    "uniform(0, 2)",
)
N = 200_000
LOW, HIGH = 0.3, 0.9


def agrees(density: Callable[[np.ndarray], np.ndarray] | None, draws: np.ndarray) -> bool:
    """The integral of a density over a range against the share of draws there."""
    assert density is not None
    x = np.linspace(LOW, HIGH, 4001)
    integral = float(np.trapezoid(density(x), x))
    share = float(((draws > LOW) & (draws < HIGH)).mean())
    return tolerances.monte_carlo(integral, share, 0.0, float(np.sqrt(share * (1 - share) / len(draws))))


def test_every_sampler_has_its_density() -> None:
    assert {text.partition("(")[0] for text in TEXTS} == SAMPLERS.keys()


@pytest.mark.parametrize("text", TEXTS)
def test_density_of_a_prior_is_that_of_its_draws(text: str) -> None:
    prior = parse_prior(text)
    draws = SAMPLERS[prior.distribution](np.random.default_rng(1), *prior.parameters, N)
    assert agrees(priors.prior_density(prior), draws)


def test_flat_priors_have_no_density() -> None:
    assert priors.prior_density(parse_prior("flat()")) is None


@pytest.mark.parametrize(("eta", "q"), [(2.0, 2), (1.5, 4)])
def test_density_of_a_correlation_is_that_of_the_onion(eta: float, q: int) -> None:
    L = correlation_factors(q, eta, N, np.random.default_rng(2))
    assert agrees(priors.correlation_density(eta, q), (L[:, -1] * L[:, 0]).sum(-1))


def test_density_of_a_cutpoint_is_that_of_an_order_statistic() -> None:
    prior = parse_prior("student_t(3, 0, 1)")
    draws = np.sort(SAMPLERS["student_t"](np.random.default_rng(3), *prior.parameters, (N, 4)), axis=1)
    for k in range(4):
        assert agrees(priors.ordered_density(prior, k + 1, 4), draws[:, k])


def test_intercept_is_where_its_prior_is(fit_of: Callable[[str, str], hb.Fit]) -> None:
    fit = fit_of("exam", "m4")
    found = {one.label: one for one in priors.of_population(fit)}
    assert list(found) == [
        "Intercept at the mean of the columns",
        *fit.spec.terms[1:],
        "sigma",
    ]
    at_mean = (fit.posterior["b"] * np.asarray(fit.design.X.mean(axis=0))).sum("term")
    np.testing.assert_allclose(
        found["Intercept at the mean of the columns"].draws, at_mean, rtol=tolerances.IDENTITY
    )
    groups = [one.label for one in priors.of_groups(fit)]
    assert groups == ["sd(school: Intercept)", "sd(school: standLRT)", "cor(school: Intercept, standLRT)"]
