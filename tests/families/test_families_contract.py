"""Walks every family and link: a new row in FAMILIES needs a scipy.stats oracle here and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from scipy import integrate, stats

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.families import FAMILIES, LINKS, Family, Link, get_family, get_link

type Oracle = Callable[[np.ndarray, Mapping[str, float]], stats.rv_continuous | stats.rv_discrete]

ORACLES: dict[str, Oracle] = {
    "gaussian": lambda mu, params: stats.norm(mu, params["sigma"]),
    "bernoulli": lambda mu, params: stats.bernoulli(mu),
}
PARAMETERS: dict[str, dict[str, float]] = {"gaussian": {"sigma": 1.7}, "bernoulli": {}}
SUPPORTS: dict[str, list[float]] = {"bernoulli": [0.0, 1.0]}
INVERSES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda eta: eta,
    "logit": lambda eta: stats.logistic.cdf(eta),
    "probit": lambda eta: stats.norm.cdf(eta),
    "cloglog": lambda eta: stats.gumbel_l.cdf(eta),
}
LATENT: dict[str, stats.rv_continuous] = {
    "logit": stats.logistic,
    "probit": stats.norm,
    "cloglog": stats.gumbel_l,
}

PAIRS = [(family, LINKS[link]) for family in FAMILIES.values() for link in family.links]
ETA = np.array([-3.0, -1.2, -0.1, 0.0, 0.4, 1.3])
TAILS = np.array([-700.0, -100.0, -38.0, -8.0, 8.0, 38.0, 100.0, 700.0])
IDENTITY = 1e-10  # two formulas for one number in double precision
STEP = 1e-5
DIFFERENCE = 1e-8  # central differences with that step: error of order step^2 plus eps / step

walk = pytest.mark.parametrize(
    ("family", "link"), PAIRS, ids=[f"{family.name}-{link.name}" for family, link in PAIRS]
)


def responses(family: Family) -> np.ndarray:
    """Responses to evaluate densities at, shape (n_values, 1)."""
    return np.array(SUPPORTS.get(family.name, [-2.0, 0.0, 0.7, 5.0]))[:, None]


def expectation(
    family: Family, link: Link, function: Callable[[np.ndarray, float], np.ndarray], eta: float
) -> float:
    """E[function(y, eta)] over the response distribution, by a sum or by quadrature."""
    params = PARAMETERS[family.name]

    def weighted(y: float) -> float:
        density = np.exp(family.log_density(y, eta, params, link))
        return float(density * function(np.array(y), eta))

    if family.name in SUPPORTS:
        return sum(weighted(y) for y in SUPPORTS[family.name])
    return float(integrate.quad(weighted, -np.inf, np.inf, epsabs=1e-12, epsrel=1e-12)[0])


def central_difference(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    return (function(x + STEP) - function(x - STEP)) / (2 * STEP)


def test_every_family_has_an_oracle() -> None:
    assert set(ORACLES) == set(PARAMETERS) == set(FAMILIES)
    for name, family in FAMILIES.items():
        assert family.name == name
        assert set(PARAMETERS[name]) == set(family.parameters)
        assert set(family.links) <= set(LINKS)


@walk
def test_mean_is_the_distribution_function_of_the_latent_variable(family: Family, link: Link) -> None:
    np.testing.assert_allclose(family.mean(ETA, link), INVERSES[link.name](ETA), rtol=IDENTITY)


@walk
def test_log_density_agrees_with_scipy(family: Family, link: Link) -> None:
    params, y = PARAMETERS[family.name], responses(family)
    oracle = ORACLES[family.name](INVERSES[link.name](ETA), params)
    expected = oracle.logpmf(y) if family.name in SUPPORTS else oracle.logpdf(y)
    np.testing.assert_allclose(family.log_density(y, ETA, params, link), expected, rtol=IDENTITY)


@walk
def test_density_integrates_to_one(family: Family, link: Link) -> None:
    for eta in ETA:
        assert expectation(family, link, lambda y, eta: np.ones(()), eta) == pytest.approx(1, rel=IDENTITY)


@walk
def test_moments_are_those_of_the_density(family: Family, link: Link) -> None:
    for eta in ETA:
        mu = float(family.mean(eta, link))
        assert expectation(family, link, lambda y, eta: y, eta) == pytest.approx(mu, rel=1e-9, abs=1e-10)
        second = expectation(family, link, lambda y, eta, mu=mu: (y - mu) ** 2, eta)
        assert second == pytest.approx(float(family.variance(mu, PARAMETERS[family.name])), rel=1e-9)


@walk
def test_score_is_the_derivative_of_log_density(family: Family, link: Link) -> None:
    params, y = PARAMETERS[family.name], responses(family)
    numeric = central_difference(lambda eta: family.log_density(y, eta, params, link), ETA)
    np.testing.assert_allclose(family.score(y, ETA, params, link), numeric, rtol=DIFFERENCE, atol=DIFFERENCE)


@walk
def test_information_is_the_variance_and_the_mean_slope_of_the_score(family: Family, link: Link) -> None:
    params = PARAMETERS[family.name]
    for eta in ETA:
        information = float(family.information(eta, params, link))
        squared = expectation(family, link, lambda y, eta: family.score(y, eta, params, link) ** 2, eta)
        curvature = expectation(
            family,
            link,
            lambda y, eta: central_difference(lambda e: family.score(y, e, params, link), np.array(eta)),
            eta,
        )
        assert squared == pytest.approx(information, rel=1e-9)
        assert -curvature == pytest.approx(information, rel=1e-7)


@walk
def test_draws_have_the_stated_mean_and_variance(family: Family, link: Link) -> None:
    params, n = PARAMETERS[family.name], 40_000
    draws = family.draw(np.broadcast_to(ETA, (n, ETA.size)), params, link, np.random.default_rng(2))
    mu = family.mean(ETA, link)
    error = draws.std(axis=0) / np.sqrt(n)
    assert (np.abs(draws.mean(axis=0) - mu) <= 4 * error).all()
    squares = (draws - mu) ** 2
    variance = family.variance(mu, params)
    assert (np.abs(squares.mean(axis=0) - variance) <= 4 * squares.std(axis=0) / np.sqrt(n)).all()
    again = family.draw(np.broadcast_to(ETA, (n, ETA.size)), params, link, np.random.default_rng(2))
    np.testing.assert_array_equal(draws, again)


@walk
def test_leading_dims_broadcast(family: Family, link: Link) -> None:
    chains, draws = 2, 3
    rng = np.random.default_rng(5)
    eta = rng.normal(size=(chains, draws, ETA.size))
    params = {name: np.exp(rng.normal(size=(chains, draws, 1))) for name in family.parameters}
    y = family.draw(ETA, PARAMETERS[family.name], link, rng)
    values = {
        "log_density": family.log_density(y, eta, params, link),
        "score": family.score(y, eta, params, link),
        "information": family.information(eta, params, link),
        "draw": family.draw(eta, params, link, rng),
        "variance": family.variance(family.mean(eta, link), params),
    }
    assert {name: value.shape for name, value in values.items()} == dict.fromkeys(values, eta.shape)
    one = {name: value[1, 2] for name, value in params.items()}
    np.testing.assert_array_equal(values["log_density"][1, 2], family.log_density(y, eta[1, 2], one, link))


@walk
def test_parameters_with_leading_dims_widen_the_draws(family: Family, link: Link) -> None:
    params = {name: np.ones((4, 1)) for name in family.parameters}
    shape = (4, ETA.size) if params else ETA.shape
    assert family.draw(ETA, params, link, np.random.default_rng(1)).shape == shape


@walk
@pytest.mark.filterwarnings("error")
def test_tails_are_finite(family: Family, link: Link) -> None:
    params, y = PARAMETERS[family.name], responses(family)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        for value in (
            family.log_density(y, TAILS, params, link),
            family.score(y, TAILS, params, link),
            family.information(TAILS, params, link),
            family.mean(TAILS, link),
            link.derivative(TAILS),
        ):
            assert np.isfinite(value).all()
    assert (family.information(TAILS, params, link) >= 0).all()


def test_bernoulli_tails_have_all_their_digits() -> None:
    family = get_family("bernoulli")
    one, zero = np.array(1.0), np.array(0.0)
    logit, probit, cloglog = (get_link("bernoulli", name) for name in family.links)
    assert float(family.log_density(one, -700.0, {}, logit)) == -700.0
    assert float(family.log_density(zero, 700.0, {}, logit)) == -700.0
    assert float(family.log_density(one, 40.0, {}, logit)) == pytest.approx(-np.exp(-40.0), rel=1e-12)
    # Asymptotic series of the normal tail, Abramowitz and Stegun 26.2.12, whose next term is of order x^-6.
    x = 700.0
    series = -0.5 * x**2 - np.log(x) - 0.5 * np.log(2 * np.pi) + np.log1p(-(x**-2) + 3 * x**-4)
    assert float(family.log_density(one, -x, {}, probit)) == pytest.approx(series, rel=1e-14)
    assert float(family.score(one, -x, {}, probit)) == pytest.approx(x + 1 / x - 2 / x**3, rel=1e-12)
    assert float(family.log_density(one, -700.0, {}, cloglog)) == pytest.approx(-700.0, rel=1e-14)
    assert float(family.log_density(zero, 700.0, {}, cloglog)) == pytest.approx(-np.exp(700.0), rel=1e-14)
    assert float(family.log_density(one, 3.0, {}, cloglog)) == pytest.approx(-np.exp(-np.exp(3.0)), rel=1e-8)
    assert float(family.score(zero, 700.0, {}, cloglog)) == pytest.approx(-np.exp(700.0), rel=1e-14)


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_link_and_inverse_undo_each_other(link: Link) -> None:
    eta = np.linspace(-6, 2.5, 40)
    np.testing.assert_allclose(link.link(link.inverse(eta)), eta, rtol=1e-9, atol=1e-9)
    mu = np.linspace(0.01, 0.99, 50)
    np.testing.assert_allclose(link.inverse(link.link(mu)), mu, rtol=IDENTITY)


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_derivative_is_that_of_the_inverse(link: Link) -> None:
    eta = np.linspace(-6, 2.5, 40)
    np.testing.assert_allclose(
        link.derivative(eta), central_difference(link.inverse, eta), rtol=1e-6, atol=DIFFERENCE
    )


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_logarithms_and_hazards_follow_from_the_inverse(link: Link) -> None:
    eta = np.array([0.05, 0.3, 0.8])
    mu, slope = link.inverse(eta), link.derivative(eta)
    np.testing.assert_allclose(link.log_inverse(eta), np.log(mu), rtol=IDENTITY)
    np.testing.assert_allclose(link.log_complement(eta), np.log1p(-mu), rtol=IDENTITY)
    np.testing.assert_allclose(link.hazard_mean(eta), slope / mu, rtol=IDENTITY)
    np.testing.assert_allclose(link.hazard_complement(eta), slope / (1 - mu), rtol=IDENTITY)


@pytest.mark.parametrize("name", LATENT)
def test_level1_variance_is_that_of_the_latent_variable(name: str) -> None:
    variance = get_family("bernoulli").level1_variance(get_link("bernoulli", name), {})
    assert float(variance) == pytest.approx(LATENT[name].var(), rel=1e-12)
    assert LINKS[name].latent_sd == pytest.approx(LATENT[name].std(), rel=1e-12)


def test_gaussian_level1_variance_keeps_the_shape_of_the_draws() -> None:
    sigma = np.array([[0.5, 1.0, 2.0]])
    variance = get_family("gaussian").level1_variance(LINKS["identity"], {"sigma": sigma})
    np.testing.assert_array_equal(variance, [[0.25, 1.0, 4.0]])
    assert np.isnan(LINKS["identity"].latent_sd)


@walk
def test_unknown_scale_is_refused(family: Family, link: Link) -> None:
    with pytest.raises(UnknownNameError) as caught:
        family.level1_variance(link, PARAMETERS[family.name], "latnt")
    assert str(caught.value) == (
        "'latnt' is not a known scale of a level-1 variance. Did you mean 'latent'? Known: latent."
    )


NOT_FINITE = (
    "The response 'score' has 2 values that are not finite, the first in used row 2: {}. "
    "Allowed: finite numbers. Correct these values or drop their rows."
)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize(("bad", "shown"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_values_that_are_not_finite_are_refused(family: Family, bad: float, shown: str) -> None:
    with pytest.raises(DataError) as caught:
        family.check_response(np.array([0.0, bad, 1.0, bad]), "score")
    assert str(caught.value) == NOT_FINITE.format(shown)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_constant_response_is_refused(family: Family) -> None:
    with pytest.raises(DataError) as caught:
        family.check_response(np.ones(5), "use")
    assert str(caught.value) == (
        "The response 'use' is constant: all 5 rows have the value 1. "
        "Nothing can be learned from it. Check the column and the rows that were selected."
    )


def test_bernoulli_refuses_other_numbers() -> None:
    with pytest.raises(DataError) as caught:
        get_family("bernoulli").check_response(np.array([0.0, 1.0, 2.0]), "use")
    assert str(caught.value) == (
        "The response 'use' has 1 value that is not allowed, the first in used row 3: 2. Allowed: 0 and 1. "
        "Recode the column, or choose a family that takes such values."
    )


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_good_responses_pass(family: Family) -> None:
    family.check_response(np.array([0.0, 1.0, 1.0]), "y")


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        get_family("gausian")
    assert (
        str(caught.value)
        == "'gausian' is not a known family. Did you mean 'gaussian'? Known: gaussian, bernoulli."
    )
    with pytest.raises(UnknownNameError, match="'poison' is not a known family"):
        get_family("poison")
    with pytest.raises(UnknownNameError) as caught:
        get_link("bernoulli", "logitt")
    assert str(caught.value) == (
        "'logitt' is not a known link of family 'bernoulli'. "
        "Did you mean 'logit'? Known: logit, probit, cloglog."
    )


def test_default_link_is_the_first() -> None:
    assert {name: get_link(name).name for name in FAMILIES} == {"gaussian": "identity", "bernoulli": "logit"}
    assert get_link("bernoulli", "probit") is LINKS["probit"]
