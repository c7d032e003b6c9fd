"""Likelihoods of whole groups against multivariate normal densities and against brute-force integration."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import xarray as xr
from plugin import random_fit
from scipy import optimize, stats
from scipy.special import logsumexp
from structures import CASES, small_frame

import hierbayes as hb
from hierbayes import names
from hierbayes.design.selection import take_rows
from hierbayes.errors import DataError
from hierbayes.estimates.leave_out.conditional import Draws
from hierbayes.estimates.leave_out.integration import nodes
from hierbayes.estimates.leave_out.marginal import MarginalLikelihood, clusters_of, inner_terms
from hierbayes.estimates.leave_out.pointwise import log_likelihood
from hierbayes.estimates.leave_out.units import units_of
from hierbayes.families import get_family, get_link
from hierbayes.fitted import Fit


def marginal(fit: Fit, unit: str) -> MarginalLikelihood:
    units = units_of(fit, unit)
    return MarginalLikelihood(fit, fit.design, units, inner_terms(fit, units))


def values_of(fit: Fit, unit: str) -> np.ndarray:
    """Shape (units, S)."""
    likelihood = marginal(fit, unit)
    return np.stack([likelihood.of(k) for k in range(len(likelihood.units.labels))])


@cache
def sampled(case: str) -> Fit:
    """A few draws, from which nothing is concluded."""
    formula, family, link, priors = CASES[case]
    model = hb.Model(formula, small_frame(), family=family, link=link, priors=priors)
    return model.fit(draws=4, tune=60, chains=2, seed=1, progress=False)


GAUSSIAN = {
    "intercepts": ("y ~ x + (1 | g)", "g"),
    "slopes, weights, offset": ("y | weights(k) ~ x + offset(w) + (1 + x | g)", "g"),
    "crossed": ("y ~ x + (1 + x | g) + (1 | h)", "g"),
    "nested": ("y ~ x + (1 | g) + (1 + x | g:h)", "g"),
    "by": ("y ~ x + (1 + x | gr(g, by = s)) + (1 | h)", "g"),
    "above": ("y ~ x + s + (1 + x || g)", "s"),
}


@pytest.mark.parametrize("case", GAUSSIAN)
def test_normal_rows_are_multivariate_normal(case, identity_rtol):
    """Covariance built from indicator columns; terms that reach over several units are conditioned on."""
    formula, unit = GAUSSIAN[case]
    fit = random_fit(hb.Model(formula, small_frame()), draws=3)
    likelihood = marginal(fit, unit)
    inner = {name for term in likelihood.inner for _, name in term.parts}
    design, got = fit.design, values_of(fit, unit)
    assert inner == {g.name for g in design.groups if not g.name.startswith("h") or case == "nested"}
    sigma = fit.posterior["sigma"].to_numpy().ravel()
    weights = np.ones(design.n) if design.weights is None else design.weights
    draws = Draws(fit.spec, fit.posterior)
    for s in range(0, draws.n, 5):
        mean = design.X @ draws.b("")[s] + (0 if design.offset is None else design.offset)
        covariance = np.diag(sigma[s] ** 2 / weights)
        for spec, group in zip(fit.spec.groups, design.groups, strict=True):
            if group.name not in inner:
                mean = mean + (draws.u(group.name)[s][group.codes] * group.Z).sum(axis=1)
                continue
            root = draws.factor(spec)[s]
            same = (group.codes[:, None] == group.codes) & group.own
            covariance += np.where(same, group.Z @ root @ root.T @ group.Z.T, 0)
        for k, rows in enumerate(likelihood.units.rows):
            within = np.ix_(rows, rows)
            expected = stats.multivariate_normal.logpdf(design.y[rows], mean[rows], covariance[within])
            np.testing.assert_allclose(got[k, s], expected, rtol=identity_rtol)


def test_quadrature_is_the_closed_form_where_there_is_one(monkeypatch):
    """One and two effects by Gauss-Hermite, three and more by importance sampling: exact for normal rows."""
    for formula in ("y ~ x + (1 | g)", "y ~ x + (1 + x | g)", "y ~ x + w + (1 + x + w || g)"):
        fit = random_fit(hb.Model(formula, small_frame()), draws=3)
        exact = values_of(fit, "g")
        with monkeypatch.context() as patch:
            patch.setattr(MarginalLikelihood, "is_exact", False)
            np.testing.assert_allclose(values_of(fit, "g"), exact, rtol=1e-10)


OTHERS = [
    "logit",
    "cloglog",
    "binomial-logit",
    "beta_binomial-probit",
    "poisson-log",
    "negbinomial-log",
    "cumulative-logit",
    "gamma-log",
    "student-identity",
    "zero_inflated_poisson",
    "hurdle_poisson",
    "weibull",
    "beta-logit",
    "censored",
    "sigma-shared-factor",
    "shared",
    "categories",
    "shared-categories",
]


@pytest.mark.sampling
@pytest.mark.parametrize("case", [c for c in OTHERS if c in CASES])
def test_other_likelihoods_are_integrated_like_by_simulation(case):
    """Many effects from the population of groups, and the mean of the likelihood: four standard errors.

    A second route from other parts: effects are put into the posterior, and ``log_likelihood`` does the rest.
    """
    fit = sampled(case)
    unit = next(iter(fit.design.all_groups)).factor
    likelihood = marginal(fit, unit)
    got = values_of(fit, unit)
    draw, n = 3, 20_000
    rng = np.random.default_rng(5)
    one = fit.posterior.isel(chain=[0], draw=[draw])
    many = one.isel(draw=[0] * n).assign_coords(draw=np.arange(n))
    draws = Draws(fit.spec, many)
    for term in likelihood.inner:
        factor = draws.factor(term.spec)[0]
        groups = fit.design.group(term.parts[0][1]).n_groups
        u = rng.normal(size=(n, groups, len(factor))) @ factor.T
        at = 0
        for _, name in term.parts:
            dims = ("chain", "draw", names.group_dim(name), names.group_term(name))
            width = many.sizes[dims[-1]]
            many[names.u(name)] = xr.DataArray(u[None, :, :, at : at + width], dims=dims)
            at += width
    rows = log_likelihood(Fit(fit.spec, fit.design, xr.DataTree.from_dict({"posterior": many}), {}))[0]
    for k, own in enumerate(likelihood.units.rows):
        values = rows.to_numpy()[:, own].sum(axis=1)
        expected = logsumexp(values) - np.log(n)
        error = np.exp(values - expected).std() / np.sqrt(n)
        assert abs(got[k, draw] - expected) <= 4 * error + 1e-5, (k, got[k, draw], expected, error)


def test_rows_that_share_no_effects_are_taken_apart():
    """A component of the graph of rows and groups; against the matrix of what is connected."""
    design = hb.Model(
        "y ~ 1 + (1 | g) + (1 | g:h) + (1 | gr(h, by = s))", small_frame().assign(h=lambda d: d["h"] + d["s"])
    ).design
    for chosen in ([0], [0, 1], [2], [0, 3]):
        groups = [design.groups[k] for k in chosen if k < len(design.groups)]
        clusters = clusters_of(groups, design.n)
        linked = np.eye(design.n, dtype=bool)
        for g in groups:
            linked |= (g.codes[:, None] == g.codes) & g.own & g.own[:, None]
        linked = np.linalg.matrix_power(linked.astype(float), 6) > 0
        own = np.any([g.own for g in groups], axis=0)
        np.testing.assert_array_equal((clusters[:, None] == clusters)[own], linked[own])
        assert (clusters[~own] == -1).all()


def test_nodes_integrate_moments_of_a_standard_normal():
    for n_effects in (1, 2):
        points, logs = nodes(n_effects)
        weights = np.exp(logs)
        np.testing.assert_allclose(weights.sum(), 1, rtol=1e-12)
        np.testing.assert_allclose((weights[:, None] * points**2).sum(axis=0), 1, rtol=1e-12)
        np.testing.assert_allclose((weights[:, None] * points**4).sum(axis=0), 3, rtol=1e-12)


@pytest.mark.sampling
def test_more_effects_than_can_be_integrated_are_refused():
    frame = small_frame().assign(c=np.arange(60) // 4)
    frame["s"] = np.where(frame["c"] < 7, "a", "b")
    model = hb.Model("won ~ x + (1 | s) + (1 | s:c)", frame, family="bernoulli")
    fit = model.fit(draws=4, tune=60, chains=2, seed=1, progress=False)
    with pytest.raises(DataError) as caught:
        values_of(fit, "s")
    assert str(caught.value) == (
        "9 group effects of s 'b' hang together, and the likelihood of a bernoulli response is integrated "
        "over 8 at most. Leave out smaller units, such as the groups within."
    )


def around_the_mode(height, start: np.ndarray) -> float:
    """Log of the integral over two standard normal effects: trapezoids on a grid scaled by the curvature."""
    best = min(
        (
            optimize.minimize(lambda z: -height(z[None])[0], z, method="Nelder-Mead", options=FINE)
            for z in start
        ),
        key=lambda found: found.fun,
    )
    scale = np.array([1e-3, 1e-3])
    for _ in range(2):
        steps = np.eye(2) * scale
        corners = [(1, 1, -1), (1, -1, 1), (-1, 1, 1), (-1, -1, -1)]
        curvature = np.array(
            [
                [sum(s * height((best.x + a * i + b * j)[None])[0] for a, b, s in corners) for j in steps]
                for i in steps
            ]
        ) / (4 * np.outer(scale, scale))
        scale = 0.05 / np.sqrt(np.abs(np.diagonal(curvature)))
    values, vectors = np.linalg.eigh(curvature)
    root = vectors / np.sqrt(np.maximum(values, 0.3))
    x = np.linspace(-9, 9, 181)
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    found = logsumexp(height(best.x + grid @ root.T)) + np.log(np.abs(np.linalg.det(root)))
    return float(found + 2 * np.log(x[1] - x[0]))


FINE = {"xatol": 1e-7, "fatol": 1e-9, "maxiter": 2000}


@pytest.mark.sampling
@pytest.mark.parametrize("family", ["zero_inflated_poisson", "hurdle_poisson", "poisson"])
def test_groups_whose_counts_are_far_apart_are_integrated(family):
    """Zeros do not say what is expected of a row: with expected information the mode was not found."""
    parameters = {"phi": 2.0, "zi": 0.4, "hu": 0.4}
    truth = {"b[Intercept]": 0.3, "b[x]": 0.3, "sd[g]": 1.5, "sd[g][x]": 1.5, "cor[g]": 0.2}
    truth |= {name: parameters[name] for name in get_family(family).parameters}
    data = hb.simulate(
        "y ~ x + (1 + x | g)",
        sizes={"g": 12, "i": 24},
        params=truth,
        family=family,
        covariates={"x": "normal(0, 1)"},
        seed=6,
    )
    fit = hb.fit("y ~ x + (1 + x | g)", data, family=family, draws=2, chains=2, seed=1, progress=False)
    got, design = values_of(fit, "g"), fit.design
    draws, (group,) = Draws(fit.spec, fit.posterior), design.groups
    rng = np.random.default_rng(2)
    for unit in range(12):
        rows = take_rows(design, np.flatnonzero(group.codes == unit))
        mean, Z = rows.X @ draws.b("")[0], rows.groups[0].Z @ draws.factor(fit.spec.groups[0])[0]
        scalars = {name: draws.of(name)[0] for name in fit.spec.scalars}

        def height(z: np.ndarray, mean=mean, Z=Z, rows=rows, scalars=scalars) -> np.ndarray:
            density = fit.spec.family
            values = get_family(density).log_density(rows.y, mean + z @ Z.T, scalars, get_link(density))
            return values.sum(axis=1) + stats.norm.logpdf(z).sum(axis=1)

        some = 2 * rng.normal(size=(300, 2))
        start = some[np.argsort(-height(some))[:4]]
        assert got[unit, 0] == pytest.approx(around_the_mode(height, start), abs=0.02), unit
