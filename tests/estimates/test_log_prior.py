"""Log prior densities: against the PyMC graph, and each distribution against SciPy."""

from __future__ import annotations

import numpy as np
import pytensor
import pytest
import tolerances
from plugin import fit_from, posterior_at
from scipy import stats
from structures import CASES, small_frame

import hierbayes as hb
from hierbayes import names
from hierbayes.estimates.checks import log_prior as lp
from hierbayes.spec import PRIORS, Prior, parse_prior

POINTS = 4


def graph_values(model: hb.Model) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Parameters at some points, by name, and the graph's log density of all that has a prior there."""
    graph = model.pymc
    free = [rv for rv in graph.free_RVs if not rv.name.startswith("z_")]
    total = graph.logp(vars=[*free, *graph.potentials], jacobian=False)
    kept = [v for v in graph.unobserved_RVs if not v.name.startswith(("z_", "u_"))]
    outputs = graph.replace_rvs_by_values(kept)
    evaluate = pytensor.function(
        graph.value_vars, [*outputs, total], mode="FAST_COMPILE", on_unused_input="ignore"
    )
    rng = np.random.default_rng(5)
    start = graph.initial_point()
    shapes = {v.name: np.shape(start[v.name]) for v in graph.value_vars}
    rows = [
        evaluate(*(start[name] + rng.normal(scale=0.3, size=shape) for name, shape in shapes.items()))
        for _ in range(POINTS)
    ]
    columns = [np.stack(column) for column in zip(*rows, strict=True)]
    return {v.name: c for v, c in zip(kept, columns[:-1], strict=True)}, columns[-1]


def vine_jacobian(model: hb.Model, values: dict[str, np.ndarray]) -> np.ndarray:
    """Log determinant of the correlations in the partial correlations that the graph has its priors on."""
    found = np.zeros(POINTS)
    for group in model.spec.sampled_groups:
        if group.has_correlations:
            q = len(group.terms)
            power = np.array([(q - 2 - j) / 2 for i in range(1, q) for j in range(i)])
            v = 2 * values[names.vine(group.name)] - 1
            found += np.log1p(-(v**2)) @ power
    return found


@pytest.mark.parametrize(
    "case", ["correlated", "mixed-kinds", "bounded", "prior-at-zero", "cumulative-slopes", "shared"]
)
def test_differences_are_those_of_the_graph(case):
    formula, family, link, priors = CASES[case]
    model = hb.Model(formula, small_frame(), family=family, link=link, priors=priors)
    values, expected = graph_values(model)
    wanted = set(posterior_names(model))
    first = {name: value[0] for name, value in values.items() if name in wanted}
    assert set(first) == wanted
    posterior = posterior_at(model, first, chains=1, draws=POINTS)
    for name in first:
        posterior[name].values[0] = values[name]
    by_key = lp.log_prior(fit_from(model, posterior))
    assert list(by_key) == [entry.key for entry in model.spec.priors]
    found = sum(by_key.values())[0] + vine_jacobian(model, values)
    np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=1e-8, atol=1e-9)


def posterior_names(model: hb.Model) -> list[str]:
    spec = model.spec
    found = [names.of("b", p.name) for p in spec.linear if p.terms]
    found += [names.sd(group.name) for group in spec.all_groups]
    found += [names.cor(group.name) for group in spec.sampled_groups if group.has_correlations]
    return [*found, *spec.scalars, *([names.CUTPOINTS] if spec.cutpoints else [])]


SCIPY = {
    "normal(1, 2)": stats.norm(1, 2),
    "student_t(4, 1, 2)": stats.t(4, 1, 2),
    "cauchy(1, 2)": stats.cauchy(1, 2),
    "half_normal(2)": stats.halfnorm(scale=2),
    "half_student_t(1, 3)": stats.halfcauchy(scale=3),
    "half_cauchy(2)": stats.halfcauchy(scale=2),
    "exponential(3)": stats.expon(scale=1 / 3),
    "gamma(2, 0.5)": stats.gamma(2, scale=2),
    "uniform(0, 4)": stats.uniform(0, 4),
    "beta(2, 3)": stats.beta(2, 3),
}


def test_every_prior_has_a_density():
    assert set(lp.DENSITIES) == set(PRIORS)
    assert {parse_prior(text).distribution for text in SCIPY} == set(PRIORS) - {"flat", "lkj"}
    assert set(lp.BELOW) == set(PRIORS) - {"flat", "lkj"}


@pytest.mark.parametrize("text", SCIPY)
def test_densities_and_probabilities_are_scipys(text):
    prior, other = parse_prior(text), SCIPY[text]
    x = np.linspace(0.05, 0.95, 7)
    np.testing.assert_allclose(lp.log_density(prior, x), other.logpdf(x), rtol=tolerances.IDENTITY)
    below = lp.BELOW[prior.distribution](x, *prior.parameters)
    np.testing.assert_allclose(below, other.cdf(x), rtol=1e-8)


def test_a_flat_prior_and_correlations_of_one_are_finite():
    assert (lp.log_density(Prior("flat", ()), np.ones(3)) == 0).all()
    assert np.isfinite(lp.log_density(Prior("lkj", (2.0,)), np.ones((2, 2))))
