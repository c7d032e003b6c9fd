"""The collapsed kernel against Bayes' theorem in dense NumPy, and its gradient against differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tolerances
from kernels import dense

import hierbayes as hb
from hierbayes.geometry import coordinates
from hierbayes.kernels.collapsed import collapsed_kernel
from hierbayes.kernels.leftover import rough_sigma
from hierbayes.kernels.statistics import N_ARRAYS, sufficient_statistics

STEP = 5e-4
FLAT = {"b": "flat()", "Intercept": "flat()"}
CASES = {
    "no-group": ("y ~ x + w", None),
    "intercepts": ("y ~ x + (1 | g)", None),
    "correlated": ("y ~ x + w + (1 + x | g)", None),
    "three": ("y ~ x + w + (1 + x + w | g)", None),
    "uncorrelated": ("y ~ x + w + (1 + x + w || g)", None),
    "two-terms": ("y ~ x + (1 | g) + (0 + x + w | g)", None),
    "nested": ("y ~ x + (1 | h/cell)", None),
    "nested-slopes": ("y ~ x + (1 + x | h/cell)", None),
    "by-level": ("y ~ x + (1 + x | gr(g, by = odd))", None),
    "by-level-crossed": ("y ~ x + (1 + x | gr(g, by = odd)) + (1 | h)", None),
    "crossed": ("y ~ x + (1 | g) + (1 | h)", None),
    "crossed-slopes": ("y ~ x + w + (1 + x | g) + (1 + w | h)", None),
    "three-factors": ("y ~ x + (1 + x + w | g) + (1 | h) + (0 + w | h) + (1 + x | k)", None),
    "offset": ("y ~ x + offset(w * 3) + (1 + x | g) + (1 | h)", None),
    "known-errors": ("y | se(error) ~ x + (1 + x | g) + (1 | h)", None),
    "flat": ("y ~ x + (1 + x | g) + (1 | h)", FLAT),
    "at-zero": ("y ~ x + (1 | g)", {"b[Intercept]": "normal(0, 3)", "b[x]": "flat()"}),
    "tight": ("y ~ x + w + (1 | g)", {"b[x]": "normal(5, 1e-4)"}),
    "no-intercept": ("y ~ 0 + x + (0 + x | g)", None),
    "only-groups": ("y ~ 0 + (1 | g) + (1 | h)", None),
    "rank": ("y ~ x + (1 + year + x | g) + (1 | h)", {"sd[g][year]": "half_normal(1e-3)"}),
    "kinds": (
        "y ~ x + (1 + x + w | g) + (1 | h)",
        {
            "sd[g][Intercept]": "uniform(0, 4)",
            "sd[g][x]": "half_cauchy(1)",
            "sd[g][w]": "gamma(2, 1)",
            "sd[h]": "flat()",
            "cor[g]": "lkj(1.5)",
            "sigma": "exponential(2)",
        },
    ),
    "more-kinds": ("y ~ x + (1 + x | g)", {"sd": "half_normal(2)", "sigma": "uniform(0.1, 9)"}),
}


@pytest.fixture(scope="module", params=[(case, False) for case in CASES] + [("three-factors", True)], ids=str)
def case(request):
    """A model, its design (weighted in the last case) and its kernel."""
    name, weighted = request.param
    model = dense.model_of(*CASES[name])
    design = model.design
    if weighted:
        design = replace(design, weights=np.random.default_rng(2).gamma(3, 0.4, design.n))
    return model, design, collapsed_kernel(model.spec, design)


def test_value_is_that_of_bayes_theorem(case, identity_rtol):
    model, design, kernel = case
    rng = np.random.default_rng(11)
    for _ in range(5):
        x = kernel.start + rng.normal(size=kernel.n_dim)
        point = dense.point_at(model, x)
        d = dense.dense(model, design, point)
        expected = dense.log_density(d, d.mean + 0.1 * rng.normal(size=len(d.mean))) + point.log_prior
        assert kernel.value_and_gradient(x)[0] == pytest.approx(expected, rel=identity_rtol)


def differences(kernel, x, step=STEP):
    """Central differences of fourth order."""
    gradient = np.empty(kernel.n_dim)
    for k, unit in enumerate(np.eye(kernel.n_dim)):
        values = [kernel.value_and_gradient(x + shift * step * unit)[0] for shift in (-2, -1, 1, 2)]
        gradient[k] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
    return gradient


def assert_gradient(kernel, x):
    """Up to the rounding of the differences: ``I + V V'`` loses digits with the square of ``V``."""
    value, gradient = kernel.value_and_gradient(x)
    squares = np.exp(2 * (x.max() - x[kernel.arrays[N_ARRAYS + 1].shape[0] - 1]))
    rounding = np.finfo(float).eps * (50 * abs(value) + 200 * squares) / STEP
    bound = tolerances.GRADIENT * np.maximum(1, np.abs(gradient)) + rounding
    assert (np.abs(gradient - differences(kernel, x)) <= bound).all()


def test_gradient_is_that_of_differences(case):
    kernel = case[2]
    rng = np.random.default_rng(12)
    for _ in range(3):
        assert_gradient(kernel, kernel.start + rng.normal(size=kernel.n_dim))


@pytest.mark.parametrize("log_sd", [np.log(1e-6), np.log(1e-3), np.log(100)])
def test_gradient_where_standard_deviations_are_tiny_or_huge(case, log_sd):
    model, _, kernel = case
    rng = np.random.default_rng(13)
    n_sd = sum(len(group.terms) for group in model.spec.groups)
    for some in (np.ones(n_sd, dtype=bool), np.arange(n_sd) % 2 == 0):
        x = kernel.start + 0.3 * rng.normal(size=kernel.n_dim)
        x[:n_sd][some] = log_sd
        assert_gradient(kernel, x)


def test_gradient_vanishes_with_the_standard_deviation(case):
    """Only prior and Jacobian are left of the derivative in ``log sd`` where ``sd`` underflows."""
    model, _, kernel = case
    kinds = [model.spec.prior("sd", g.name, t).distribution for g in model.spec.groups for t in g.terms]
    x = kernel.start.copy()
    x[: len(kinds)] = -800.0
    if "gamma" in kinds:
        return
    _, gradient = kernel.value_and_gradient(x)
    np.testing.assert_allclose(gradient[: len(kinds)], 1.0, atol=1e-9)


def test_dimensions_and_start(case):
    model, design, kernel = case
    q = [len(group.terms) for group in model.spec.groups]
    vines = [k * (k - 1) // 2 for k, g in zip(q, model.spec.groups, strict=True) if g.has_correlations]
    assert kernel.name == "collapsed"
    assert kernel.n_dim == sum(q) + len(model.spec.scalars) + sum(vines)
    point = dense.point_at(model, kernel.start)
    frame = coordinates(model.spec, design)
    for group in model.spec.groups:
        sds = np.sqrt(np.diag(point.Lam[group.name] @ point.Lam[group.name].T))
        uniform = [model.spec.prior("sd", group.name, t).distribution == "uniform" for t in group.terms]
        guess = frame.groups[group.name].guess
        np.testing.assert_allclose(sds[~np.array(uniform)], guess[~np.array(uniform)], rtol=1e-10)
    assert 0.4 < point.sigma < np.abs(design.y).max()


def test_not_finite_is_reported(case):
    kernel = case[2]
    with pytest.raises(FloatingPointError):
        kernel.value_and_gradient(np.full(kernel.n_dim, np.nan))


def test_a_row_of_weight_two_is_two_rows(identity_rtol):
    """The exponents are the same; ``n`` constants of sd ``sigma / sqrt(2)`` against ``2 n`` of ``sigma``."""
    model = dense.model_of("y ~ x + (1 + x | g) + (1 | h)")
    once = dense.frame()
    twice = once.loc[np.repeat(np.arange(len(once)), 2)].reset_index(drop=True)
    priors = {entry.key: entry.prior for entry in model.spec.priors}
    repeated = hb.Model("y ~ x + (1 + x | g) + (1 | h)", twice, priors=priors)
    n = model.design.n
    kernel = collapsed_kernel(model.spec, replace(model.design, weights=np.full(n, 2.0)))
    other = collapsed_kernel(repeated.spec, repeated.design)
    x = kernel.start + 0.2
    sigma = np.exp(x[3])
    expected = other.value_and_gradient(x)[0] + n * (
        np.log(sigma) + 0.5 * np.log(2 * np.pi) + 0.5 * np.log(2)
    )
    assert kernel.value_and_gradient(x)[0] == pytest.approx(expected, rel=identity_rtol)


def test_rough_sigma_without_rows_to_spare():
    """Where every row has an effect of its own, half of the spread is taken to be residual."""
    rng = np.random.default_rng(3)
    data = dense.frame().assign(g=[str(j // 2) for j in range(90)], y=rng.normal(size=90))
    model = dense.model_of("y ~ x + (1 + x | g)", data=data)
    frame = coordinates(model.spec, model.design)
    assert 0.2 < rough_sigma(sufficient_statistics(model.design, frame), 1.0) < 1.0


def test_rows_that_columns_explain_wholly():
    """As many columns as rows: sigma starts at half of the response's sd, and has a smallest value."""
    rng = np.random.default_rng(1)
    data = {"y": rng.normal(5, 2, 12), "a": list("abcdefghijkl"), "g": list("xyz") * 4}
    model = hb.Model("y ~ a + (1 | g)", data)
    kernel = collapsed_kernel(model.spec, model.design)
    assert np.exp(kernel.start[1]) == pytest.approx(model.design.y.std() / 2, rel=1e-6)
    at = kernel.start.copy()
    at[1] = np.log(1.01e-8 * model.design.y.std())
    assert np.isfinite(kernel.value_and_gradient(at)[0])
    at[1] = np.log(0.99e-8 * model.design.y.std())
    with pytest.raises(FloatingPointError):
        kernel.value_and_gradient(at)


@pytest.mark.sampling
def test_rows_that_columns_explain_wholly_are_sampled():
    rng = np.random.default_rng(1)
    data = {"y": rng.normal(size=12), "a": list("abcdefghijkl"), "g": list("xyz") * 4}
    fit = hb.Model("y ~ a + (1 | g)", data).fit(seed=1, progress=False)
    summary = fit.summary()
    assert summary["r_hat"].max() <= 1.01
    assert summary["ess_bulk"].min() >= 400
    assert not fit.idata["sample_stats"]["diverging"].any()
