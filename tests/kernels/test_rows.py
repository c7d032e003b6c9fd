"""The kernel over rows against the PyMC graph: value and gradient of the whole unconstrained vector."""

from __future__ import annotations

import numpy as np
import pytest
from pytensor.compile.mode import Mode
from structures import CASES, is_worth_a_minute, small_frame

import hierbayes as hb
from hierbayes import names
from hierbayes.families import get_family, get_link
from hierbayes.geometry import FORMS, coordinates, recover, reported
from hierbayes.graph import build_graph
from hierbayes.kernels.assemble import rows_kernel
from hierbayes.kernels.coverage import LIKELIHOODS, PART_LIKELIHOODS, PRIORS, rows_refusal
from hierbayes.kernels.coverage import SEVERAL as SEVERAL_COVERED
from hierbayes.kernels.entries import ENTRIES, PART_ENTRIES
from hierbayes.kernels.several import SEVERAL
from hierbayes.spec import PRIORS as SPEC_PRIORS

INTERPRETED = Mode(linker="py", optimizer="fast_run").excluding("fusion")


def model_of_case(case):
    formula, family, link, priors = CASES[case]
    return hb.Model(formula, small_frame(), family=family, link=link, priors=priors)


def sampled_variables(model, form):
    """Names of the graph's free variables in the order of the kernel's vector, and how each is laid out."""
    spec = model.spec
    order = [(block.name, None) for block in coordinates(spec, model.design).blocks]
    for group in spec.sampled_groups:
        kinds = {prior.distribution for prior in spec.sd_priors(group)}
        mixed = [names.level(names.sd(group.name), term) for term in group.terms]
        order += [(name, None) for name in (mixed if len(kinds) > 1 else [names.sd(group.name)])]
    order += [(parameter, None) for parameter in spec.scalars]
    order += [(names.vine(group.name), None) for group in spec.sampled_groups if group.has_correlations]
    for group in spec.sampled_groups:
        if form == "noncentered":
            order.append((names.z(group.name), "transposed"))
        else:
            order += [(names.effect(form, group.name, term), None) for term in group.terms]
    return order


def to_point(graph, order, x):
    values = {rv.name: value for rv, value in zip(graph.free_RVs, graph.value_vars, strict=True)}
    start = graph.initial_point()
    point, at = {}, 0
    for name, layout in order:
        shape = np.shape(start[values[name].name])
        part = x[at : at + int(np.prod(shape))]
        point[values[name].name] = part.reshape(shape[::-1]).T if layout else part.reshape(shape)
        at += part.size
    assert at == x.size
    return point


def to_vector(graph, order, by_name):
    """A gradient by value variables in the kernel's order."""
    values = {rv.name: value for rv, value in zip(graph.free_RVs, graph.value_vars, strict=True)}
    parts = [by_name[values[name].name] for name, _ in order]
    return np.concatenate(
        [np.ravel(part.T if layout else part) for part, (_, layout) in zip(parts, order, strict=True)]
    )


PAIRS = [
    pytest.param((case, form), marks=() if is_worth_a_minute(case, form) else pytest.mark.slow)
    for case in CASES
    for form in FORMS
]


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def pair(request):
    """A model, its kernel and the graph of the same form."""
    case, form = request.param
    model = model_of_case(case)
    forms = dict.fromkeys((group.name for group in model.spec.sampled_groups), form)
    graph = build_graph(model.spec, model.design, forms, deterministics=False)
    return model, rows_kernel(model.spec, model.design, forms), graph, sampled_variables(model, form)


def points(pair, seed=3):
    """Three random vectors; near the start where the family's domain has bounds."""
    model, kernel, _, _ = pair
    family, link = get_family(model.spec.family), get_link(model.spec.family, model.spec.link)
    noise = np.random.default_rng(seed).normal(size=(3, kernel.n_dim))
    bounded = np.isfinite(family.domain(link)).any()
    return kernel.start + 0.05 * noise if bounded else 0.7 * noise


def test_value_and_gradient_are_those_of_the_graph(pair, identity_rtol):
    _, kernel, graph, order = pair
    value = graph.compile_logp(mode=INTERPRETED)
    gradient = graph.compile_dlogp(mode=INTERPRETED)
    for x in points(pair):
        point = to_point(graph, order, x)
        flat = gradient(point)
        parts, at = {}, 0
        for variable in graph.value_vars:
            shape = np.shape(point[variable.name])
            parts[variable.name] = flat[at : at + int(np.prod(shape))].reshape(shape)
            at += int(np.prod(shape))
        expected = to_vector(graph, order, parts)
        got, got_gradient = kernel.value_and_gradient(x)
        assert got == pytest.approx(float(value(point)), rel=identity_rtol)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(got_gradient, expected, rtol=identity_rtol, atol=identity_rtol * scale)


STRUCTURES = [(case, form) for case in CASES for form in FORMS if is_worth_a_minute(case, "centered")]


@pytest.mark.parametrize("pair", STRUCTURES, indirect=True, ids="-".join)
def test_pieces_are_what_the_graphs_draws_recover(pair, identity_rtol):
    model, kernel, graph, order = pair
    draws = np.stack([points(pair), points(pair, seed=4)])
    free = graph.compile_fn(
        graph.replace_rvs_by_values(graph.free_RVs), inputs=graph.value_vars, point_fn=True, mode=INTERPRETED
    )
    by_chain = [[free(to_point(graph, order, x)) for x in chain] for chain in draws]
    variables = {
        rv.name: np.array([[np.asarray(values[k], dtype=float) for values in chain] for chain in by_chain])
        for k, rv in enumerate(graph.free_RVs)
    }
    expected = recover(model.spec, model.design, variables)
    means = coordinates(model.spec, model.design).means
    got = reported(model.spec, model.design, means, kernel.pieces(draws, 0))
    assert list(got.data_vars) == list(expected.data_vars)
    for name in expected.data_vars:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-9, atol=identity_rtol)
        assert got[name].dims == expected[name].dims


@pytest.mark.parametrize("form", FORMS)
def test_start_is_finite_and_within_the_supports(form):
    for case in CASES:
        model = model_of_case(case)
        kernel = rows_kernel(
            model.spec, model.design, dict.fromkeys((g.name for g in model.spec.sampled_groups), form)
        )
        value, gradient = kernel.value_and_gradient(kernel.start)
        assert np.isfinite(value)
        assert gradient.shape == (kernel.n_dim,)


def test_a_point_without_a_finite_density_is_refused():
    model = model_of_case("intercepts")
    kernel = rows_kernel(model.spec, model.design, {"g": "partial"})
    x = kernel.start.copy()
    x[2] = 800.0
    with pytest.raises(FloatingPointError):
        kernel.value_and_gradient(x)


def test_the_list_of_what_is_covered_is_that_of_the_entries():
    assert set(LIKELIHOODS) == set(ENTRIES)
    assert set(PART_LIKELIHOODS) == set(PART_ENTRIES)
    assert {*PRIORS, "lkj"} == set(SPEC_PRIORS)


def test_the_list_of_several_predictors_is_that_of_their_entries():
    assert set(SEVERAL_COVERED) == set(SEVERAL)


def test_every_case_has_a_kernel():
    models = map(model_of_case, CASES)
    assert [rows_refusal(model.spec, model.design.part) for model in models] == [None] * len(CASES)
