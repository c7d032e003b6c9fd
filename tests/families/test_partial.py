"""Censored and truncated responses and known standard errors against SciPy and quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from hierbayes.families import CENSORABLE, get_family, get_link
from hierbayes.families.gaussian import typical_variance
from hierbayes.families.partial import LEAST_SHARE, log_between

ORACLES = {
    "gaussian": lambda eta, params: stats.norm(eta, params["sigma"]),
    "student": lambda eta, params: stats.t(params["nu"], eta, params["sigma"]),
    "lognormal": lambda eta, params: stats.lognorm(params["sigma"], scale=np.exp(eta)),
}
PARAMETERS = {
    "gaussian": {"sigma": 1.7},
    "student": {"sigma": 1.3, "nu": 3.4},
    "lognormal": {"sigma": 0.8},
}
ETA = np.array([-1.2, -0.1, 0.0, 0.4, 1.3, 2.0])
INF = np.inf
LOW = np.array([0.7, -INF, 0.7, 0.2, 1.1, 0.3])
HIGH = np.array([0.7, 0.7, INF, 0.9, 4.0, 0.3])
Y = np.array([0.7, 0.7, 0.7, 0.2, 1.1, 0.3])
BOUNDS = {"lb": np.full(6, 0.1), "ub": np.array([INF, INF, 6.0, 6.0, 3.0, 3.0])}
CENSORED = {"low": LOW, "high": HIGH}

walk = pytest.mark.parametrize("name", CENSORABLE)


def expected(name, bounds):
    """Log probability of what is known of each row, by SciPy's distribution functions."""
    oracle = ORACLES[name](ETA, PARAMETERS[name])
    lower, upper = bounds.get("lb", -INF), bounds.get("ub", INF)
    between = oracle.cdf(np.minimum(HIGH, upper)) - oracle.cdf(np.maximum(LOW, lower))
    value = np.where(LOW == HIGH, oracle.pdf(Y), between)
    return np.log(value) - np.log(oracle.cdf(upper) - oracle.cdf(lower))


def test_every_censorable_family_has_an_oracle():
    assert set(CENSORABLE) == set(ORACLES) == {"gaussian", "student", "lognormal"}


@walk
@pytest.mark.parametrize("bounds", [{}, BOUNDS], ids=["censored", "truncated"])
def test_log_density_is_that_of_scipy(name, bounds, identity_rtol):
    family, link = get_family(name), get_link(name)
    params = {**PARAMETERS[name], **CENSORED, **bounds}
    got = family.log_density(Y, ETA, params, link)
    np.testing.assert_allclose(got, expected(name, bounds), rtol=identity_rtol)
    draws = {k: np.full((2, 3, 1), v) for k, v in PARAMETERS[name].items()}
    many = family.log_density(Y, np.broadcast_to(ETA, (2, 3, 6)), {**draws, **CENSORED, **bounds}, link)
    np.testing.assert_allclose(many, np.broadcast_to(got, (2, 3, 6)), rtol=1e-12)


@walk
def test_truncated_density_integrates_to_one(name):
    family, link = get_family(name), get_link(name)
    params = {**PARAMETERS[name], "lb": np.array(0.1), "ub": np.array(2.5)}
    density = lambda y: float(np.exp(family.log_density(y, 0.4, params, link)))  # noqa: E731
    assert integrate.quad(density, 0.1, 2.5, epsabs=1e-12)[0] == pytest.approx(1, rel=1e-9)
    assert density(0.05) == density(2.6) == 0


@walk
@pytest.mark.parametrize("part", [CENSORED, BOUNDS, {**CENSORED, **BOUNDS}], ids=["cens", "trunc", "both"])
def test_score_and_observed_information_are_derivatives(name, part):
    family, link = get_family(name), get_link(name)
    params, step = {**PARAMETERS[name], **part}, 1e-4
    at = [family.log_density(Y, ETA + k * step, params, link) for k in (-1, 0, 1)]
    np.testing.assert_allclose(
        family.score(Y, ETA, params, link), (at[2] - at[0]) / (2 * step), rtol=1e-6, atol=1e-7
    )
    if name == "student" or "low" not in part:
        return
    # For a normal distribution the observed information of an observed row is the expected one.
    whole = family.information(ETA, PARAMETERS[name], link)
    curvature = -(at[2] - 2 * at[1] + at[0]) / step**2
    got = family.information(ETA, params, link)
    np.testing.assert_allclose(got, np.clip(curvature, LEAST_SHARE * whole, whole), rtol=1e-4)


@walk
def test_draws_and_mean_are_those_of_the_truncated_distribution(name):
    family, link = get_family(name), get_link(name)
    params = {**PARAMETERS[name], "lb": BOUNDS["lb"], "ub": np.full(6, 4.0)}
    draws = family.draw(np.broadcast_to(ETA, (20_000, 6)), params, link, np.random.default_rng(1))
    assert draws.shape == (20_000, 6)
    assert (draws >= 0.1).all()
    assert (draws <= 4.0).all()
    mean = family.mean(ETA, link, params)
    assert (np.abs(draws.mean(axis=0) - mean) <= 4 * draws.std(axis=0) / np.sqrt(20_000)).all()
    one = {**PARAMETERS[name], "lb": np.array(0.1), "ub": np.array(4.0)}
    for eta, value in zip(ETA, mean, strict=True):
        integral = lambda y, eta=eta: y * float(np.exp(family.log_density(y, eta, one, link)))  # noqa: E731
        assert integrate.quad(integral, 0.1, 4.0, epsabs=1e-12)[0] == pytest.approx(value, rel=1e-9)
    below = np.log(np.array([1e-30, 0.2, 0.9]))
    above = np.log1p(-np.exp(below))
    back = family.log_cdf(family.quantile((below, above), 0.4, PARAMETERS[name], link), 0.4, params, link)
    np.testing.assert_allclose(back, below, rtol=1e-9)


@walk
def test_censoring_changes_neither_mean_nor_draws(name):
    family, link = get_family(name), get_link(name)
    params = {**PARAMETERS[name], **CENSORED}
    np.testing.assert_array_equal(family.mean(ETA, link, params), family.mean(ETA, link, PARAMETERS[name]))
    draw = [family.draw(ETA, p, link, np.random.default_rng(3)) for p in (params, PARAMETERS[name])]
    np.testing.assert_array_equal(*draw)


@walk
@pytest.mark.filterwarnings("error")
def test_tails_are_finite(name):
    family, link = get_family(name), get_link(name)
    eta = np.array([-700.0, -100.0, -38.0, 38.0, 100.0, 700.0])[:, None]
    params = {**PARAMETERS[name], **CENSORED, **BOUNDS}
    with np.errstate(invalid="raise"):
        for value in (
            family.log_density(Y, eta, params, link),
            family.score(Y, eta, params, link),
            family.information(eta, params, link),
        ):
            assert np.isfinite(value).all()
    assert (family.information(eta, params, link) > 0).all()


def test_gaussian_tails_have_all_their_digits():
    family, link = get_family("gaussian"), get_link("gaussian")
    for ends, eta in (((30.0, 31.0), 0.0), ((-31.0, -30.0), 0.0), ((30.0, INF), 0.0), ((-INF, -30.0), 0.0)):
        got = float(log_between(family, ends, eta, {"sigma": 1.0}, link=link))
        assert got == pytest.approx(stats.norm.logcdf(-30.0), rel=1e-12)


@pytest.mark.parametrize("nu", [1.5, 4.0, 40.0, 1000.0])
def test_student_tails_have_all_their_digits(nu):
    """Far down by Mills' ratio of the t distribution, integrated; continuous where the series takes over."""
    family, link = get_family("student"), get_link("student")
    params = {"sigma": 1.0, "nu": nu}
    z = -np.array([0.3, 3.0, 20.0, 60.0, 300.0])
    got = family.log_cdf(z, 0.0, params, link)
    for at, value in zip(z, got, strict=True):
        ratio = integrate.quad(
            lambda s, at=at: np.exp(stats.t.logpdf(at * np.exp(s), nu) - stats.t.logpdf(at, nu) + s), 0, 60,
            epsabs=0, epsrel=1e-11, limit=500,
        )[0]  # fmt: skip
        expected = stats.t.logpdf(at, nu) + np.log(-at) + np.log(ratio)
        assert value == pytest.approx(expected, rel=1e-9)


def test_weights_divide_the_variance_of_a_gaussian_row_and_multiply_other_densities(identity_rtol):
    part = {**CENSORED, **BOUNDS}
    for name in CENSORABLE:
        family, link, params = get_family(name), get_link(name), {**PARAMETERS[name], **part}
        got = family.log_density(Y, ETA, {**params, "weights": np.full(6, 4.0)}, link)
        if name == "gaussian":
            expected = family.log_density(Y, ETA, {**params, "sigma": 1.7 / 2}, link)
        else:
            expected = 4 * family.log_density(Y, ETA, params, link)
        np.testing.assert_allclose(got, expected, rtol=identity_rtol)


def test_known_standard_errors_are_the_sd_or_part_of_it(identity_rtol):
    family, link, se = get_family("gaussian"), get_link("gaussian"), np.array([0.5, 1.0, 2.0])
    y, eta = np.array([0.1, 2.0, -1.0]), np.array([0.0, 1.0, 2.0])
    alone = family.log_density(y, eta, {"se": se}, link)
    np.testing.assert_allclose(alone, stats.norm.logpdf(y, eta, se), rtol=identity_rtol)
    both = {"se": se, "sigma": 1.5}
    sd = np.sqrt(se**2 + 1.5**2)
    np.testing.assert_allclose(
        family.log_density(y, eta, both, link), stats.norm.logpdf(y, eta, sd), rtol=identity_rtol
    )
    np.testing.assert_allclose(family.score(y, eta, both, link), (y - eta) / sd**2, rtol=identity_rtol)
    np.testing.assert_allclose(family.information(eta, both, link), sd**-2.0, rtol=identity_rtol)
    np.testing.assert_allclose(family.variance(eta, both), sd**2, rtol=identity_rtol)


def test_typical_variance_of_equal_errors_is_theirs_and_otherwise_that_of_the_precise_rows():
    assert typical_variance(np.full(7, 3.0)) == pytest.approx(9.0)
    w = np.array([1.0, 4.0])
    assert typical_variance(np.array([1.0, 0.5])) == pytest.approx(w.sum() / (w.sum() ** 2 - (w**2).sum()))
