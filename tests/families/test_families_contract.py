"""Walks every family and link: a new row in FAMILIES needs a scipy.stats oracle here and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special, stats

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.families import FAMILIES, LINKS, Family, Link, get_family, get_link, marginal_mean
from hierbayes.families.binomial import BINARY_LINKS
from hierbayes.families.inflated import rate_of_truncated, truncated_mean, truncated_variance
from hierbayes.families.negbinomial import log_rising

type Oracle = Callable[[np.ndarray, Mapping[str, float]], stats.rv_continuous | stats.rv_discrete]


class WithZeros:
    """Counts of which a share is replaced by zeros; ``hurdle``: and whose own zeros are left out."""

    def __init__(self, counts: stats.rv_discrete, share: float, *, hurdle: bool = False) -> None:
        self.counts, self.share, self.hurdle = counts, share, hurdle

    def logpmf(self, y: np.ndarray) -> np.ndarray:
        own = np.log1p(-self.share) + self.counts.logpmf(y)
        if self.hurdle:
            return np.where(y == 0, np.log(self.share), own - self.counts.logsf(0))
        return np.where(y == 0, np.logaddexp(np.log(self.share), own), own)

    def mean(self) -> np.ndarray:
        return (1 - self.share) * self.counts.mean() / (self.counts.sf(0) if self.hurdle else 1.0)


def _nbinom(mu: np.ndarray, phi: float) -> stats.rv_discrete:
    return stats.nbinom(phi, phi / (phi + mu))


ORACLES: dict[str, Oracle] = {
    "gaussian": lambda mu, params: stats.norm(mu, params["sigma"]),
    "student": lambda mu, params: stats.t(params["nu"], mu, params["sigma"]),
    "lognormal": lambda mu, params: stats.lognorm(params["sigma"], scale=np.exp(mu)),
    "gamma": lambda mu, params: stats.gamma(params["shape"], scale=mu / params["shape"]),
    "exponential": lambda mu, params: stats.expon(scale=mu),
    "weibull": lambda mu, params: stats.weibull_min(
        params["shape"], scale=mu / special.gamma(1 + 1 / params["shape"])
    ),
    "beta": lambda mu, params: stats.beta(mu * params["phi"], (1 - mu) * params["phi"]),
    "bernoulli": lambda mu, params: stats.bernoulli(mu),
    "binomial": lambda mu, params: stats.binom(params["trials"], mu),
    "beta_binomial": lambda mu, params: stats.betabinom(
        params["trials"], mu * params["phi"], (1 - mu) * params["phi"]
    ),
    "poisson": lambda mu, params: stats.poisson(mu),
    "negbinomial": lambda mu, params: _nbinom(mu, params["phi"]),
    "zero_inflated_poisson": lambda mu, params: WithZeros(stats.poisson(mu), params["zi"]),
    "zero_inflated_negbinomial": lambda mu, params: WithZeros(_nbinom(mu, params["phi"]), params["zi"]),
    "hurdle_poisson": lambda mu, params: WithZeros(stats.poisson(mu), params["hu"], hurdle=True),
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "gaussian": {"sigma": 1.7},
    "student": {"sigma": 1.7, "nu": 9.0},
    "lognormal": {"sigma": 0.7},
    "gamma": {"shape": 1.7},
    "exponential": {},
    "weibull": {"shape": 1.7},
    "beta": {"phi": 10.0},
    "bernoulli": {},
    "binomial": {"trials": 7.0},
    "beta_binomial": {"trials": 7.0, "phi": 1.7},
    "poisson": {},
    "negbinomial": {"phi": 1.7},
    "zero_inflated_poisson": {"zi": 0.3},
    "zero_inflated_negbinomial": {"phi": 1.7, "zi": 0.3},
    "hurdle_poisson": {"hu": 0.3},
    "cumulative": {"cutpoints": np.array([-1.5, 0.2, 1.1])},
}
SUPPORTS: dict[str, list[float]] = {
    "bernoulli": [0.0, 1.0],
    **{name: [float(k) for k in range(8)] for name in ("binomial", "beta_binomial")},
    **{
        name: [float(k) for k in range(60)] for name in ("poisson", "zero_inflated_poisson", "hurdle_poisson")
    },
    **{name: [float(k) for k in range(400)] for name in ("negbinomial", "zero_inflated_negbinomial")},
    "cumulative": [0.0, 1.0, 2.0, 3.0],
}
"""Discrete supports, of counts as far as they have any mass at the points below."""
MEANS: dict[str, Callable[[np.ndarray, Mapping[str, float]], np.ndarray]] = {
    "binomial": lambda location, params: params["trials"] * location,
    "lognormal": lambda location, params: np.exp(location + params["sigma"] ** 2 / 2),
    **{
        name: lambda location, params, name=name: ORACLES[name](location, params).mean()
        for name in ("beta_binomial", "zero_inflated_poisson", "zero_inflated_negbinomial", "hurdle_poisson")
    },
}
"""Of families whose mean is not the inverse link of the linear predictor."""
MEDIANS = {"lognormal": np.exp}
"""What their ``mean`` is without parameters."""
INTERVALS: dict[str, tuple[str, list[float]]] = {
    **dict.fromkeys(("lognormal", "gamma", "exponential", "weibull"), ("positive", [0.02, 0.4, 1.0, 5.0])),
    "beta": ("share", [0.003, 0.2, 0.5, 0.97]),
}
"""Continuous supports other than all numbers, and values in them."""
COORDINATES: dict[str, Callable[[float], tuple[float, float]]] = {
    "real": lambda v: (v, 1.0),
    "positive": lambda v: (np.exp(v), np.exp(v)),
    "share": lambda v: (stats.logistic.cdf(v), stats.logistic.pdf(v)),
}
"""A value of the support and its derivative, from a number without bounds over which to integrate."""
WITHIN = {"real": (-np.inf, np.inf), "positive": (-300.0, 300.0), "share": (-300.0, 36.0)}
"""Numbers beyond which the value is 0, 1 or infinite in double precision."""
INVERSES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda eta: eta,
    "logit": lambda eta: stats.logistic.cdf(eta),
    "probit": lambda eta: stats.norm.cdf(eta),
    "cloglog": lambda eta: stats.gumbel_l.cdf(eta),
    "cauchit": lambda eta: stats.cauchy.cdf(eta),
    "log": np.exp,
    "sqrt": np.square,
    "inverse": np.reciprocal,
}
LATENT: dict[str, stats.rv_continuous] = {
    "logit": stats.logistic,
    "probit": stats.norm,
    "cloglog": stats.gumbel_l,
}

NUMBERS = {name: family for name, family in FAMILIES.items() if family.response_kind != "categories"}
"""Families of responses that are numbers; ``test_categorical.py`` has the others."""


@dataclass(frozen=True)
class Ordered:
    """Ordered categories by differences of the latent variable's distribution function."""

    eta: np.ndarray
    cutpoints: np.ndarray
    latent: stats.rv_continuous

    def logpmf(self, y: np.ndarray) -> np.ndarray:
        ends = np.concatenate([[-np.inf], self.cutpoints, [np.inf]])
        k = y.astype(int)
        upper, lower = ends[k + 1] - self.eta, ends[k] - self.eta
        above = self.latent.sf(lower) - self.latent.sf(upper)  # has digits where the other has none
        below = self.latent.cdf(upper) - self.latent.cdf(lower)
        return np.log(np.where(lower > self.latent.median(), above, below))


OF_PREDICTORS: dict[str, Callable[..., Any]] = {
    "cumulative": lambda eta, link, params: Ordered(eta, params["cutpoints"], LATENT[link.name]),
}
"""Oracles of families whose distribution is no function of a mean."""

PAIRS = [(family, LINKS[link]) for family in NUMBERS.values() for link in family.links]
ETA = np.array([-3.0, -1.2, -0.1, 0.0, 0.4, 1.3])
TAILS = np.array([-700.0, -100.0, -38.0, -8.0, 8.0, 38.0, 100.0, 700.0])
IDENTITY = 1e-10  # two formulas for one number in double precision
BINARY = ("bernoulli", "binomial", "beta_binomial")
POSITIVE = ("gamma", "exponential")
COUNTS = ("poisson", "negbinomial", "zero_inflated_poisson", "zero_inflated_negbinomial", "hurdle_poisson")
POINTS: dict[tuple[str, str], np.ndarray] = {
    **{(family, "log"): np.array([-3.0, -1.2, -0.4, -0.05]) for family in BINARY},
    **{
        (family, "identity"): np.array([0.2, 0.7, 2.3, 6.0])
        for family in ("poisson", "negbinomial", *POSITIVE)
    },
    **{(family, "inverse"): np.array([0.2, 0.7, 2.3, 6.0]) for family in POSITIVE},
    ("gaussian", "inverse"): np.array([0.6, 1.1, 2.3, 6.0]),
    ("beta", "log"): np.array([-2.5, -1.2, -0.4, -0.2]),
    ("beta", "probit"): np.array([-1.4, -0.1, 0.0, 0.4, 1.2]),
    ("beta", "cloglog"): np.array([-2.0, -0.1, 0.0, 0.4]),
    **{(family, "sqrt"): np.array([-2.0, -0.4, 0.3, 1.3, 2.5]) for family in ("poisson", "negbinomial")},
}
"""Linear predictors to evaluate at, where ``ETA`` leaves the domain or crosses a zero of the mean."""
STEP = 1e-5
DIFFERENCE = 1e-8  # central differences with that step: error of order step^2 plus eps / step


def over(pairs: list[tuple[Family, Link]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("family", "link"), pairs, ids=[f"{family.name}-{link.name}" for family, link in pairs]
    )


walk = over(PAIRS)
walk_numbers = over([(family, link) for family, link in PAIRS if family.name not in OF_PREDICTORS])
"""Families whose responses are numbers, which have a mean; the others are categories."""


def oracle(family: Family, link: Link, eta: np.ndarray, params: Mapping[str, Any]) -> Any:
    if family.name in OF_PREDICTORS:
        return OF_PREDICTORS[family.name](eta, link, params)
    return ORACLES[family.name](INVERSES[link.name](eta), params)


def drawn_parameters(family: Family, shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, Any]:
    """Parameters with leading dims, and an axis of length 1 for the rows."""
    params = {name: np.exp(rng.normal(size=(*shape, 1))) for name in family.parameters}
    params |= {name: values / (1 + values) for name, values in params.items() if name in family.shares}
    if family.ordered:
        start = PARAMETERS[family.name][family.ordered]
        params[family.ordered] = start + 0.1 * rng.normal(size=(*shape, 1, len(start)))
    return params


def points(family: Family, link: Link) -> np.ndarray:
    return POINTS.get((family.name, link.name), ETA)


def tails(family: Family, link: Link) -> np.ndarray:
    lower, upper = family.domain(link)
    return TAILS[(lower < TAILS) & (upper > TAILS)]


def responses(family: Family) -> np.ndarray:
    """Responses to evaluate densities at, shape (n_values, 1)."""
    continuous = INTERVALS.get(family.name, ("real", [-2.0, 0.0, 0.7, 5.0]))[1]
    return np.array(SUPPORTS.get(family.name, continuous))[:, None]


def expected_response(family: Family, link: Link, eta: np.ndarray) -> np.ndarray:
    location = INVERSES[link.name](eta)
    return MEANS[family.name](location, PARAMETERS[family.name]) if family.name in MEANS else location


def expectation(
    family: Family, link: Link, function: Callable[[np.ndarray, float], np.ndarray], eta: float
) -> float:
    """E[function(y, eta)] over the response distribution, by a sum or by quadrature."""
    params = PARAMETERS[family.name]

    def weighted(y: float) -> float:
        density = np.exp(family.log_density(y, eta, params, link))
        return float(density * function(np.array(y), eta)) if density > 0 else 0.0

    if family.name in SUPPORTS:
        return sum(weighted(y) for y in SUPPORTS[family.name])
    support = INTERVALS.get(family.name, ("real", []))[0]
    place, most = COORDINATES[support], WITHIN[support]

    def unbounded(v: float) -> float:
        y, slope = place(float(np.clip(v, *most)))
        return weighted(y) * slope if most[0] < v < most[1] else 0.0

    sides = [(-np.inf, 0.0), (0.0, np.inf)]
    return sum(float(integrate.quad(unbounded, *side, epsabs=1e-13, epsrel=1e-12)[0]) for side in sides)


def central_difference(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    return (function(x + STEP) - function(x - STEP)) / (2 * STEP)


def test_every_family_has_an_oracle() -> None:
    assert set(ORACLES) | set(OF_PREDICTORS) == set(PARAMETERS) == set(NUMBERS)
    for name, family in NUMBERS.items():
        assert family.name == name
        assert set(PARAMETERS[name]) - {"trials"} == set(family.all_parameters)
        assert set(family.links) <= set(LINKS)


@walk_numbers
def test_mean_is_the_inverse_link(family: Family, link: Link) -> None:
    eta = points(family, link)
    without = MEDIANS.get(family.name, lambda location: location)(INVERSES[link.name](eta))
    np.testing.assert_allclose(family.mean(eta, link), without, rtol=IDENTITY)
    expected = expected_response(family, link, eta)
    np.testing.assert_allclose(family.mean(eta, link, PARAMETERS[family.name]), expected, rtol=IDENTITY)


@walk
def test_log_density_agrees_with_scipy(family: Family, link: Link) -> None:
    params, y, eta = PARAMETERS[family.name], responses(family), points(family, link)
    theirs = oracle(family, link, eta, params)
    expected = theirs.logpmf(y) if family.name in SUPPORTS else theirs.logpdf(y)
    np.testing.assert_allclose(family.log_density(y, eta, params, link), expected, rtol=IDENTITY)


@walk
def test_density_integrates_to_one(family: Family, link: Link) -> None:
    for eta in points(family, link):
        assert expectation(family, link, lambda y, eta: np.ones(()), eta) == pytest.approx(1, rel=IDENTITY)


@walk_numbers
def test_moments_are_those_of_the_density(family: Family, link: Link) -> None:
    for eta in points(family, link):
        mu = float(family.mean(eta, link, PARAMETERS[family.name]))
        assert expectation(family, link, lambda y, eta: y, eta) == pytest.approx(mu, rel=1e-9, abs=1e-10)
        second = expectation(family, link, lambda y, eta, mu=mu: (y - mu) ** 2, eta)
        assert second == pytest.approx(float(family.variance(mu, PARAMETERS[family.name])), rel=1e-9)


@walk
def test_score_is_the_derivative_of_log_density(family: Family, link: Link) -> None:
    params, y, at = PARAMETERS[family.name], responses(family)[:30], points(family, link)
    numeric = central_difference(lambda eta: family.log_density(y, eta, params, link), at)
    np.testing.assert_allclose(family.score(y, at, params, link), numeric, rtol=1e-7, atol=1e-7)


@walk
def test_information_is_the_variance_and_the_mean_slope_of_the_score(family: Family, link: Link) -> None:
    params = PARAMETERS[family.name]
    for eta in points(family, link):
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


@walk_numbers
def test_draws_have_the_stated_mean_and_variance(family: Family, link: Link) -> None:
    params, n, eta = PARAMETERS[family.name], 40_000, points(family, link)
    draws = family.draw(np.broadcast_to(eta, (n, eta.size)), params, link, np.random.default_rng(2))
    mu = family.mean(eta, link, params)
    error = draws.std(axis=0) / np.sqrt(n)
    assert (np.abs(draws.mean(axis=0) - mu) <= 4 * error).all()
    squares = (draws - mu) ** 2
    variance = family.variance(mu, params)
    assert (np.abs(squares.mean(axis=0) - variance) <= 4 * squares.std(axis=0) / np.sqrt(n)).all()
    again = family.draw(np.broadcast_to(eta, (n, eta.size)), params, link, np.random.default_rng(2))
    np.testing.assert_array_equal(draws, again)


@walk
def test_leading_dims_broadcast(family: Family, link: Link) -> None:
    chains, draws = 2, 3
    rng = np.random.default_rng(5)
    at = points(family, link)
    eta = at + 0.02 * rng.normal(size=(chains, draws, at.size))
    params = drawn_parameters(family, (chains, draws), rng)
    rows = {
        name: np.full(at.size, PARAMETERS[family.name][name])
        for name in ("trials",)
        if family.response_kind == "trials"
    }
    params |= rows
    y = family.draw(at, PARAMETERS[family.name], link, rng)
    values = {
        "log_density": family.log_density(y, eta, params, link),
        "score": family.score(y, eta, params, link),
        "information": family.information(eta, params, link),
        "draw": family.draw(eta, params, link, rng),
    }
    if family.name not in OF_PREDICTORS:
        values["variance"] = family.variance(family.mean(eta, link, params), params)
    assert {name: value.shape for name, value in values.items()} == dict.fromkeys(values, eta.shape)
    one = {name: value if name in rows else value[1, 2] for name, value in params.items()}
    np.testing.assert_array_equal(values["log_density"][1, 2], family.log_density(y, eta[1, 2], one, link))


@walk
def test_parameters_with_leading_dims_widen_the_draws(family: Family, link: Link) -> None:
    params = drawn_parameters(family, (4,), np.random.default_rng(1))
    eta = points(family, link)
    shape = (4, eta.size) if params else eta.shape
    assert family.draw(eta, params, link, np.random.default_rng(1)).shape == shape


@walk
@pytest.mark.filterwarnings("error")
def test_tails_are_finite(family: Family, link: Link) -> None:
    params, y, eta = PARAMETERS[family.name], responses(family), tails(family, link)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        for value in (
            family.log_density(y, eta, params, link),
            family.score(y, eta, params, link),
            family.information(eta, params, link),
            link.inverse(eta) if family.name in OF_PREDICTORS else family.mean(eta, link),
            link.derivative(eta),
        ):
            assert np.isfinite(value).all()
    assert (family.information(eta, params, link) >= 0).all()


@walk
def test_outside_of_the_domain_there_is_no_density(family: Family, link: Link) -> None:
    lower, upper = family.domain(link)
    params, y = PARAMETERS[family.name], responses(family)
    for eta in (bound for bound in (lower, upper) if np.isfinite(bound)):
        assert (family.log_density(y, np.array(eta), params, link) == -np.inf).all()
        assert (
            family.log_density(y, np.array(eta - np.sign(points(family, link)[0])), params, link) == -np.inf
        ).all()


@walk
def test_constant_is_what_depends_on_the_data_alone(family: Family, link: Link) -> None:
    """Differences of the density at two predictors do not change when the constant is taken out."""
    params, y = PARAMETERS[family.name], responses(family)
    constant = family.log_constant(y, params)
    assert constant.shape == y.shape
    if family.name in COUNTS:
        np.testing.assert_allclose(constant, -np.cumsum(np.log(np.maximum(y, 1)), axis=0), atol=1e-9)
    if family.response_kind == "trials":
        n = PARAMETERS[family.name]["trials"]
        at_one_half = stats.binom.logpmf(y, n, 0.5) + n * np.log(2)
        np.testing.assert_allclose(constant, at_one_half, atol=1e-12)
    if family.name in ("bernoulli", "cumulative"):
        assert (constant == 0).all()


@walk
def test_weights_count_rows_or_divide_the_residual_variance(family: Family, link: Link) -> None:
    params, y, eta = PARAMETERS[family.name], responses(family)[:8], points(family, link)
    weighted = {**params, "weights": np.array(3.0)}
    got = family.log_density(y, eta, weighted, link)
    if family.name == "gaussian":
        expected = stats.norm(INVERSES[link.name](eta), params["sigma"] / np.sqrt(3)).logpdf(y)
    else:
        expected = 3 * family.log_density(y, eta, params, link)
    np.testing.assert_allclose(got, expected, rtol=IDENTITY)
    for of in (lambda p: family.score(y, eta, p, link), lambda p: family.information(eta, p, link)):
        np.testing.assert_allclose(of(weighted), 3 * of(params), rtol=IDENTITY)


@pytest.mark.parametrize("phi", [1e-3, 0.4, 19.9, 20.1, 300.0, 1e6, 1e12])
def test_rising_factorial_keeps_its_digits(phi: float) -> None:
    """The product over k < y of (1 + k / phi), by its logarithms."""
    y = np.array([0.0, 1.0, 2.0, 7.0, 40.0, 300.0])
    expected = [np.log1p(np.arange(int(count)) / phi).sum() for count in y]
    np.testing.assert_allclose(log_rising(y, phi), expected, rtol=1e-11, atol=1e-13)


def test_negative_binomial_becomes_poisson() -> None:
    y, link = np.arange(12.0), get_link("poisson")
    poisson = get_family("poisson").log_density(y, 1.1, {}, link)
    limit = get_family("negbinomial").log_density(y, 1.1, {"phi": 1e13}, link)
    np.testing.assert_allclose(limit, poisson, rtol=IDENTITY)


def test_bernoulli_tails_have_all_their_digits() -> None:
    family = get_family("bernoulli")
    one, zero = np.array(1.0), np.array(0.0)
    logit, probit, cloglog = (get_link("bernoulli", name) for name in family.links[:3])
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
    eta = np.linspace(0.05 if link.name == "sqrt" else -6, 2.5, 40)
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
    eta = np.array([0.05, 0.3, 0.8]) * (-1 if link.name == "log" else 1)
    eta = 1 / eta if link.name == "inverse" else eta
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
        family.level1_variance(link, {**PARAMETERS[family.name], "mean": 2.0}, "latnt")
    known = ", ".join(family.level1_scales(link)) or "none"
    assert "'latnt' is not a known scale of a level-1 variance." in str(caught.value)
    assert f"Known: {known}." in str(caught.value)


@pytest.mark.parametrize("family", BINARY)
@pytest.mark.parametrize("link", ["log", "cauchit"])
def test_links_without_a_latent_variance_say_so(family: str, link: str) -> None:
    chosen = get_link(family, link)
    assert get_family(family).level1_scales(chosen) == ()
    with pytest.raises(UnknownNameError, match=f"The {link} link of {family} has no level-1 variance"):
        get_family(family).level1_variance(chosen, {})


def test_observation_variances_of_counts() -> None:
    """By hand from Nakagawa, Johnson and Schielzeth (2017), table 1, at lambda = 2 and phi = 4."""
    poisson, negbinomial = get_family("poisson"), get_family("negbinomial")
    log = get_link("poisson")
    assert poisson.level1_scales(log) == negbinomial.level1_scales(log) == ("lognormal", "trigamma", "delta")
    at, over = {"mean": 2.0}, {"mean": 2.0, "phi": 4.0}
    assert float(poisson.level1_variance(log, at)) == pytest.approx(np.log(1.5))
    assert float(poisson.level1_variance(log, at, "delta")) == pytest.approx(0.5)
    assert float(poisson.level1_variance(log, at, "trigamma")) == pytest.approx(np.pi**2 / 6 - 1)
    assert float(negbinomial.level1_variance(log, over)) == pytest.approx(np.log(1.75))
    assert float(negbinomial.level1_variance(log, over, "delta")) == pytest.approx(0.75)
    assert float(poisson.level1_variance(LINKS["sqrt"], at)) == 0.25
    assert float(negbinomial.level1_variance(LINKS["sqrt"], over)) == pytest.approx(0.375)
    assert float(poisson.level1_variance(LINKS["identity"], at)) == 2.0
    assert float(negbinomial.level1_variance(LINKS["identity"], over)) == 3.0


@pytest.mark.parametrize("name", ["log", "identity", "sqrt", "logit"])
def test_marginal_mean_is_the_average_over_a_normal_predictor(name: str) -> None:
    link = LINKS[name]
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    expected = (link.inverse(0.6 + 0.7 * nodes) * weights).sum() / np.sqrt(2 * np.pi)
    assert float(marginal_mean(link, 0.6, 0.49)) == pytest.approx(expected, rel=IDENTITY)


GOOD: dict[str, list[float]] = {
    **{name: [0.5, 1.0, 1.0] for name in ("lognormal", "gamma", "exponential", "weibull")},
    "beta": [0.5, 0.25, 0.25],
}
"""Responses of families that cannot have both 0 and 1."""
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
    value = GOOD.get(family.name, [1.0])[0]
    with pytest.raises(DataError) as caught:
        family.check_response(np.full(5, value), "use")
    assert str(caught.value) == (
        f"The response 'use' is constant: all 5 rows have the value {value:g}. "
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
    trials = np.full(3, 2.0) if family.name == "beta_binomial" else None
    family.check_response(np.array(GOOD.get(family.name, [0.0, 1.0, 1.0])), "y", trials)


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        get_family("gausian")
    assert (
        str(caught.value)
        == "'gausian' is not a known family. Did you mean 'gaussian'? Known: gaussian, student, lognormal, "
        "gamma, exponential, weibull, beta, bernoulli, binomial, beta_binomial, cumulative, poisson, "
        "negbinomial, zero_inflated_poisson, zero_inflated_negbinomial, hurdle_poisson, categorical."
    )
    with pytest.raises(UnknownNameError, match=r"'poison' is not a known family\. Did you mean 'poisson'"):
        get_family("poison")
    with pytest.raises(UnknownNameError) as caught:
        get_link("bernoulli", "logitt")
    assert str(caught.value) == (
        "'logitt' is not a known link of family 'bernoulli'. "
        "Did you mean 'logit'? Known: logit, probit, cloglog, log, cauchit."
    )


def test_default_link_is_the_first() -> None:
    assert {name: get_link(name).name for name in FAMILIES} == {
        "gaussian": "identity",
        "student": "identity",
        "lognormal": "identity",
        "gamma": "log",
        "exponential": "log",
        "weibull": "log",
        "beta": "logit",
        "bernoulli": "logit",
        "binomial": "logit",
        "beta_binomial": "logit",
        "cumulative": "logit",
        **dict.fromkeys(COUNTS, "log"),
        "categorical": "logit",
    }
    assert get_link("bernoulli", "probit") is LINKS["probit"]


@pytest.mark.parametrize("name", ["lognormal", "gamma", "exponential", "weibull"])
@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (
            [0.2, 2.0, -1.0, 0.0],
            "The response 'time' has 2 values that are not positive, the first in used row 3: -1. Allowed: "
            "numbers above 0. Correct these values; measurements that may be negative have "
            "family='gaussian' or 'student'.",
        ),
        (
            [0.2, 0.0],
            "The response 'time' has 1 value that is not positive, the first in used row 2: 0. Allowed: "
            "numbers above 0. Zeros are no small values: where they mean that nothing happened, model them "
            "by themselves, as 0/1 with family='bernoulli', and the positive values with this family; where "
            "they were rounded down, use the smallest value that could be measured.",
        ),
    ],
)
def test_what_is_not_positive_is_refused(name: str, y: list[float], expected: str) -> None:
    with pytest.raises(DataError) as caught:
        get_family(name).check_response(np.array(y), "time")
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (
            [0.2, 1.0, 0.0],
            "The response 'share' has 2 values that do not lie between 0 and 1, the first in used row 2: 1. "
            "Allowed: numbers above 0 and below 1. Exact zeros and ones have no density here. For successes "
            "out of a known number of trials use family='binomial'; otherwise move all values inside a "
            "little: I((y * (n - 1) + 0.5) / n) with n rows (Smithson and Verkuilen 2006).",
        ),
        (
            [0.2, 32.0],
            "The response 'share' has 1 value that does not lie between 0 and 1, the first in used row 2: "
            "32. Allowed: numbers above 0 and below 1. Divide percentages by 100; for measurements without "
            "bounds use family='gaussian' or 'gamma'.",
        ),
    ],
)
def test_what_is_no_share_is_refused(y: list[float], expected: str) -> None:
    with pytest.raises(DataError) as caught:
        get_family("beta").check_response(np.array(y), "share")
    assert str(caught.value) == expected


@pytest.mark.parametrize("link", ["log", "inverse", "identity"])
def test_exponential_is_gamma_and_weibull_of_shape_one(link: str) -> None:
    y, at = responses(get_family("gamma")), np.array([0.3, 1.0, 2.0])
    expected = get_family("exponential").log_density(y, at, {}, LINKS[link])
    for name in ("gamma", "weibull") if link == "log" else ("gamma",):
        got = get_family(name).log_density(y, at, {"shape": 1.0}, LINKS[link])
        np.testing.assert_allclose(got, expected, rtol=IDENTITY)


def test_level1_variances_of_measurements_are_those_of_draws_or_of_the_density() -> None:
    """``trigamma`` is the exact variance of log y, or logit y; ``observation`` that of y; delta by hand."""
    n, rng = 400_000, np.random.default_rng(8)
    for name in ("gamma", "exponential", "weibull"):
        family, link, params = get_family(name), get_link(name), PARAMETERS[name]
        draws = np.log(family.draw(np.zeros(n), params, link, rng))
        assert float(family.level1_variance(link, params)) == pytest.approx(draws.var(), rel=0.02)
        relative = float(family.variance(1.0, params))
        assert float(family.level1_variance(link, params, "delta")) == pytest.approx(relative)
        assert float(family.level1_variance(link, params, "lognormal")) == pytest.approx(np.log1p(relative))
    family, link, params = get_family("beta"), get_link("beta"), PARAMETERS["beta"]
    draws = special.logit(family.draw(np.full(n, -0.8), params, link, rng))
    at = {**params, "mean": special.expit(-0.8)}
    assert float(family.level1_variance(link, at)) == pytest.approx(draws.var(), rel=0.02)


@walk
def test_delta_and_observation_are_the_variance_through_the_slope(family: Family, link: Link) -> None:
    scales = {"delta", "observation"} & set(family.level1_scales(link))
    if family.response_kind != "numeric" or not scales:
        return
    eta, params = points(family, link), PARAMETERS[family.name]
    mean = family.mean(eta, link, params)
    expected = family.variance(mean, params) / link.derivative(eta) ** 2
    got = family.level1_variance(link, {**params, "mean": mean}, scales.pop())
    np.testing.assert_allclose(np.broadcast_to(got, expected.shape), expected, rtol=1e-8)


def test_units_of_log_links_do_not_explode() -> None:
    rng = np.random.default_rng(4)
    link = get_link("gamma")
    tiny = np.append(rng.gamma(0.1, 1, 500), 1e-200)
    assert get_family("gamma").unit(tiny, link, 0.0) < 2
    near_zero = rng.normal(0.05, 3, 500)
    assert get_family("gaussian").unit(near_zero, link, 0.0) < 3.5
    y = rng.lognormal(2, 0.4, 20_000)
    assert get_family("gamma").unit(y, link, 0.0) == pytest.approx(0.4, rel=0.05)


def test_student_becomes_normal() -> None:
    y, link = np.linspace(-3, 4, 9), get_link("student")
    normal = get_family("gaussian").log_density(y, 0.4, {"sigma": 1.3}, link)
    limit = get_family("student").log_density(y, 0.4, {"sigma": 1.3, "nu": 1e9}, link)
    np.testing.assert_allclose(limit, normal, rtol=1e-6)


def test_student_variance_is_infinite_up_to_two_degrees_of_freedom() -> None:
    family, link = get_family("student"), get_link("student")
    params = {"sigma": np.array([1.0, 1.0, 2.0]), "nu": np.array([1.5, 2.0, 4.0])}
    np.testing.assert_array_equal(family.variance(0.0, params), [np.inf, np.inf, 8.0])
    np.testing.assert_array_equal(family.level1_variance(link, params), [np.inf, np.inf, 8.0])


def test_student_unit_and_center_leave_outliers_alone() -> None:
    y = np.append(np.random.default_rng(3).normal(5, 2, 500), [1e6, 1e7])
    family, link = get_family("student"), get_link("student")
    assert family.unit(y, link, 5.0) == pytest.approx(2, rel=0.15)
    assert family.typical_mean(y) == pytest.approx(5, abs=0.3)


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (
            [0.0, 2.0, -1.0, -3.0],
            "The response 'ticks' has 2 values that are negative, the first in used row 3: -1. "
            "Allowed: whole numbers from 0 on. Correct these values; if they are measurements that may be "
            "negative, use family='gaussian'.",
        ),
        (
            [0.0, 1.5, 2.0],
            "The response 'ticks' has 1 value that is not whole, the first in used row 2: 1.5. "
            "Allowed: whole numbers from 0 on. For a rate, model the count and add offset(log(exposure)) to "
            "the formula; for other measurements use family='gaussian'.",
        ),
        (
            [0.0, 0.0],
            "The response 'ticks' is constant: all 2 rows have the value 0. Nothing can be learned from it. "
            "Check the column and the rows that were selected.",
        ),
    ],
)
def test_what_is_no_count_is_refused(name: str, y: list[float], expected: str) -> None:
    with pytest.raises(DataError) as caught:
        get_family(name).check_response(np.array(y), "ticks")
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("y", "trials", "expected"),
    [
        (
            [1.0, 5.0],
            [4.0, 4.0],
            "The response 's' has more successes than trials in 1 row, the first is used row 2: 5 of 4. "
            "Allowed: from 0 up to the number of trials. Correct these rows; what trials() names counts all "
            "trials, not the failures.",
        ),
        (
            [1.0, 0.0, 1.0],
            [4.0, 2.5, 0.0],
            "The number of trials of 's' is 2.5 in used row 2 (one of 2 such rows). Allowed: whole numbers "
            "from 1 on. Correct these values, and drop rows without a trial: they say nothing.",
        ),
        (
            [0.0, 0.0],
            [4.0, 3.0],
            "The response 's' has no successes: in all 2 rows, 7 trials, the outcome is the same. Allowed: "
            "both outcomes. Nothing can be learned from one; check the columns and the rows that were "
            "selected.",
        ),
        (
            [0.5, 1.0],
            [4.0, 3.0],
            "The response 's' has 1 value that is not whole, the first in used row 1: 0.5. Allowed: whole "
            "numbers from 0 on. If these are shares of n trials, give the number of successes: "
            "I(share * n) | trials(n).",
        ),
    ],
)
def test_binomial_refuses_impossible_rows(y: list[float], trials: list[float], expected: str) -> None:
    with pytest.raises(DataError) as caught:
        get_family("binomial").check_response(np.array(y), "s", np.array(trials))
    assert str(caught.value) == expected


def test_binomial_accepts_a_constant_number_of_successes_of_different_trials() -> None:
    get_family("binomial").check_response(np.ones(2), "s", np.array([2.0, 5.0]))


def test_beta_binomial_refuses_single_trials() -> None:
    for trials in (None, np.ones(3)):
        with pytest.raises(DataError) as caught:
            get_family("beta_binomial").check_response(np.array([0.0, 1.0, 1.0]), "use", trials)
        assert str(caught.value) == (
            "The response 'use' has one trial per row in all 3 rows, and phi, the correlation of the trials "
            "of a row, cannot be learned from that. Allowed: rows with several trials, "
            "cbind(successes, failures) or successes | trials(n). For single trials use family='bernoulli'."
        )
    with pytest.raises(DataError, match="more successes than trials in 1 row"):
        get_family("beta_binomial").check_response(np.array([1.0, 5.0]), "s", np.array([4.0, 4.0]))


@pytest.mark.parametrize("name", BINARY_LINKS)
def test_beta_binomial_becomes_binomial(name: str) -> None:
    link, y, eta = get_link("binomial", name), np.arange(8.0)[:, None], np.array([-2.1, -0.4])
    limit, binomial = get_family("beta_binomial"), get_family("binomial")
    params = {"trials": 7.0}
    for of in ("log_density", "score"):
        expected = getattr(binomial, of)(y, eta, params, link)
        np.testing.assert_allclose(
            getattr(limit, of)(y, eta, {**params, "phi": 1e13}, link), expected, rtol=1e-10, atol=1e-10
        )
    np.testing.assert_allclose(
        limit.information(eta, {**params, "phi": 1e13}, link),
        binomial.information(eta, params, link),
        rtol=1e-10,
    )


@pytest.mark.parametrize("eta", [-7.0, -2.0, 0.3])
@pytest.mark.parametrize("phi", [0.1, 4.0, 60.0, 1e4])
def test_information_of_many_trials_is_the_sum_over_their_outcomes(eta: float, phi: float) -> None:
    family, link, n = get_family("beta_binomial"), get_link("beta_binomial"), 1700.0
    params, y = {"trials": n, "phi": phi}, np.arange(n + 1)
    density = np.exp(family.log_density(y, eta, params, link))
    expected = float((density * family.score(y, eta, params, link) ** 2).sum())
    assert float(family.information(eta, params, link)) == pytest.approx(expected, rel=1e-3)
    mixed = {"trials": np.array([5.0, n]), "phi": phi}
    both = family.information(np.full(2, eta), mixed, link)
    assert both[1] == pytest.approx(expected, rel=1e-3)
    assert both[0] == pytest.approx(float(family.information(eta, {**params, "trials": 5.0}, link)))


def test_inflated_counts_without_excess_are_plain_ones() -> None:
    y, link = np.arange(12.0), get_link("poisson")
    for inflated, plain, params in (
        ("zero_inflated_poisson", "poisson", {}),
        ("zero_inflated_negbinomial", "negbinomial", {"phi": 2.5}),
    ):
        got = get_family(inflated).log_density(y, 1.1, {**params, "zi": 1e-14}, link)
        np.testing.assert_allclose(got, get_family(plain).log_density(y, 1.1, params, link), rtol=IDENTITY)
    # A hurdle at the Poisson distribution's own share of zeros.
    got = get_family("hurdle_poisson").log_density(y, 1.1, {"hu": np.exp(-np.exp(1.1))}, link)
    np.testing.assert_allclose(got, get_family("poisson").log_density(y, 1.1, {}, link), rtol=IDENTITY)


def test_zeros_of_inflated_counts_keep_their_digits() -> None:
    """``log(zi + (1 - zi) exp(-mu))`` is ``-(1 - zi) mu`` for small means and ``log zi`` for large ones."""
    family, link = get_family("zero_inflated_poisson"), get_link("poisson")
    small = family.log_density(0.0, -40.0, {"zi": 0.25}, link)
    assert float(small) == pytest.approx(-0.75 * np.exp(-40.0), rel=1e-12)
    assert float(family.log_density(0.0, 700.0, {"zi": 1e-30}, link)) == pytest.approx(np.log(1e-30))


@pytest.mark.parametrize("mu", [1e-6, 0.02, 0.299, 0.301, 3.0, 40.0])
def test_truncated_poisson_moments_and_their_inverse(mu: float) -> None:
    k = np.arange(1, 200)
    p = np.exp(stats.poisson.logpmf(k, mu)) / -np.expm1(-mu)
    mean = float((k * p).sum())
    # The variance about 1, whose terms are all positive: sum (k - 1)^2 p - (mean - 1)^2.
    variance = float(((k - 1) ** 2 * p).sum() - ((k - 1) * p).sum() ** 2)
    assert float(truncated_mean(np.log(mu))) == pytest.approx(mean, rel=1e-12)
    assert float(truncated_variance(np.log(mu))) == pytest.approx(variance, rel=1e-10)
    assert float(rate_of_truncated(mean)) == pytest.approx(mu, rel=1e-9)
