"""Draws from the priors against the priors themselves, and against PyMC's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from structures import CASES, small_frame

import hierbayes as hb
from hierbayes.errors import DataError, PriorError
from hierbayes.estimates.checks.prior import SAMPLERS, correlation_factors, prior_draws
from hierbayes.families import FAMILIES
from hierbayes.formulas.parts import formula
from hierbayes.spec import PRIORS

ALPHA = 1e-4
"""Level of a test of distribution: seeds are fixed, and a wrong distribution is far beyond it."""

SCIPY = {
    "normal": stats.norm(1.5, 2.0),
    "student_t": stats.t(4.0, 1.0, 2.0),
    "cauchy": stats.cauchy(1.0, 2.0),
    "half_normal": stats.halfnorm(scale=2.0),
    "half_cauchy": stats.halfcauchy(scale=2.0),
    "exponential": stats.expon(scale=0.5),
    "gamma": stats.gamma(2.0, scale=1 / 3.0),
    "beta": stats.beta(2.0, 3.0),
    "uniform": stats.uniform(1.0, 3.0),
}
PARAMETERS = {
    "normal": (1.5, 2.0),
    "student_t": (4.0, 1.0, 2.0),
    "cauchy": (1.0, 2.0),
    "half_normal": (2.0,),
    "half_cauchy": (2.0,),
    "exponential": (2.0,),
    "gamma": (2.0, 3.0),
    "beta": (2.0, 3.0),
    "uniform": (1.0, 4.0),
}


def model_of(case):
    text, family, link, priors = CASES[case]
    return hb.Model(text, small_frame(), family=family, link=link, priors=priors)


def draws_of(model, n=4000, seed=1):
    return prior_draws(model.spec, model.design, n, np.random.default_rng(seed)).isel(chain=0)


@pytest.mark.parametrize("name", SCIPY)
def test_samplers_have_their_distribution(name):
    values = SAMPLERS[name](np.random.default_rng(3), *PARAMETERS[name], 4000)
    assert stats.kstest(values, SCIPY[name].cdf).pvalue > ALPHA


def test_half_t_is_the_absolute_value_of_a_t():
    values = SAMPLERS["half_student_t"](np.random.default_rng(3), 3.0, 2.0, 4000)
    assert stats.kstest(values, lambda x: 2 * stats.t(3, 0, 2.0).cdf(x) - 1).pvalue > ALPHA


def test_every_prior_of_the_table_has_draws_but_the_flat_one():
    assert set(PRIORS) - set(SAMPLERS) == {"flat", "lkj"}


@pytest.mark.parametrize(("q", "eta"), [(2, 2.0), (3, 1.0), (4, 2.5)])
def test_correlations_have_the_marginal_distribution_of_lkj(q, eta):
    """Each correlation is 2 Beta(a, a) - 1 with a = eta - 1 + q / 2 (Lewandowski et al. 2009)."""
    L = correlation_factors(q, eta, 4000, np.random.default_rng(5))
    cor = L @ L.swapaxes(-1, -2)
    np.testing.assert_allclose(np.diagonal(cor, axis1=1, axis2=2), 1, rtol=1e-12)
    a = eta - 1 + q / 2
    for i, j in [(1, 0), (q - 1, 0), (q - 1, q - 2)]:
        assert stats.kstest((cor[:, i, j] + 1) / 2, stats.beta(a, a).cdf).pvalue > ALPHA


def test_the_intercept_has_its_prior_at_the_mean_of_the_columns():
    model = model_of("correlated")
    b = draws_of(model)["b"].to_numpy()
    at_mean = b @ model.design.X.mean(axis=0)
    prior = model.spec.prior("Intercept")
    assert stats.kstest(at_mean, stats.norm(*prior.parameters).cdf).pvalue > ALPHA
    slope = model.spec.prior("b", "x")
    assert stats.kstest(b[:, 1], stats.norm(*slope.parameters).cdf).pvalue > ALPHA


def test_effects_have_the_spread_and_correlation_that_was_drawn():
    draws = draws_of(model_of("shared"), 2000)
    sd = np.concatenate([draws["sd_g"].to_numpy(), draws["sd_sigma_g"].to_numpy()], axis=-1)
    L = np.linalg.cholesky(draws["cor_c_g"].to_numpy())
    u = np.concatenate([draws["u_g"].to_numpy(), draws["u_sigma_g"].to_numpy()], axis=-1)
    z = np.linalg.solve(sd[:, None, :, None] * L[:, None], u[..., None])[..., 0]
    for k in range(3):
        assert stats.kstest(z[..., k].ravel(), stats.norm.cdf).pvalue > ALPHA
    assert abs(np.corrcoef(z.reshape(-1, 3).T)[0, 2]) < 4 / np.sqrt(z[..., 0].size)


def test_cutpoints_are_in_order_whatever_their_priors():
    equal = draws_of(model_of("cumulative-logit"), 500)["cutpoints"].to_numpy()
    assert (np.diff(equal, axis=1) > 0).all()
    own = {"cutpoints[1|2]": "normal(-1, 1)"}
    model = hb.Model("stars ~ x", small_frame(), family="cumulative", priors=own)
    assert (np.diff(draws_of(model, 500)["cutpoints"].to_numpy(), axis=1) > 0).all()
    never = {"cutpoints[1|2]": "normal(90, 1)", "cutpoints[2|4]": "normal(-90, 1)"}
    model = hb.Model("stars ~ x", small_frame(), family="cumulative", priors=never)
    with pytest.raises(DataError, match="hardly ever in order: of 200,000 draws 0 were"):
        draws_of(model, 100)


ONE_OF_EACH = {CASES[case][1]: case for case in CASES}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_a_prior_predictive_distribution(family):
    model = model_of(ONE_OF_EACH[family])
    tree = model.prior_predictive(40, seed=2)
    y = tree["prior_predictive"]["y"]
    assert y.dims == ("chain", "draw", "obs")
    assert y.shape == (1, 40, model.design.n)
    assert np.isfinite(y).mean() > 0.9
    np.testing.assert_array_equal(y, model.prior_predictive(40, seed=2)["prior_predictive"]["y"])
    assert (y != model.prior_predictive(40, seed=3)["prior_predictive"]["y"]).any()


def test_prior_predictive_data_are_those_of_pymc():
    import pymc as pm

    model = hb.Model(
        "y ~ x + (1 | g)", small_frame(), priors={"sd": "half_normal(1)", "sigma": "exponential(1)"}
    )
    ours = model.prior_predictive(2000, seed=4)["prior_predictive"]["y"].to_numpy()[0]
    with model.pymc:
        theirs = pm.draw(model.pymc.observed_RVs[0], draws=2000, random_seed=5)
    for statistic in (np.mean, np.std):
        test = stats.ks_2samp(statistic(ours, axis=1), statistic(theirs, axis=1))
        assert test.pvalue > ALPHA


def test_a_flat_prior_has_no_draws():
    model = hb.Model("y ~ x + (1 | g)", small_frame(), priors={"b[x]": "flat()"})
    with pytest.raises(PriorError) as caught:
        model.prior_predictive()
    assert str(caught.value) == (
        "There is no draw from the prior of 'b[x]': it is flat. State a proper one, such as "
        "'normal(0, 10)', to see what the priors imply."
    )


def test_default_priors_of_counts_do_not_explode():
    ticks = hb.load_data("grouseticks")
    text = "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | LOCATION)"
    for family in ("poisson", "negbinomial", "zero_inflated_poisson", "hurdle_poisson"):
        model = hb.Model(text, ticks, family=family)
        y = model.prior_predictive(400, seed=1)["prior_predictive"]["y"].to_numpy()
        assert np.median(y) <= ticks["TICKS"].quantile(0.9)
        assert np.quantile(y, 0.95) <= 100 * ticks["TICKS"].quantile(0.95)


def test_a_formula_of_sigma_has_priors_of_its_own():
    model = hb.Model(formula("y ~ x", sigma="~ x + (1 | g)"), small_frame())
    draws = draws_of(model)
    at_mean = draws["b_sigma"].to_numpy() @ model.design.predictors[0].X.mean(axis=0)
    assert (
        stats.kstest(at_mean, stats.norm(*model.spec.prior("Intercept_sigma").parameters).cdf).pvalue > ALPHA
    )
