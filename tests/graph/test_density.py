"""The graph's log density against NumPy and SciPy, and its two parameterizations against each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from scipy import stats
from scipy.special import digamma
from structures import small_frame

import hierbayes as hb
from hierbayes import names
from hierbayes.families import LINKS, get_family, get_link
from hierbayes.geometry import around_location, couplings, eased_start, recover
from hierbayes.geometry.coordinates import coordinates
from hierbayes.geometry.easing import log_eased
from hierbayes.geometry.recover import cholesky_from_vine
from hierbayes.graph import build_graph
from hierbayes.graph.coefficients import Whitened
from hierbayes.graph.cutpoints import LocationAndDistances
from hierbayes.graph.easing import Eased
from hierbayes.graph.likelihoods import LOG_ODDS

INTERPRETED = Mode(linker="py", optimizer="fast_run").excluding("fusion")
"""Python loops over the optimized graph: each density is evaluated a few times, compiling takes longer."""
AS_WRITTEN = Mode(linker="py", optimizer=None)
"""Without rewrites: PyTensor's round some constants to single precision, which moves a row by up to 2e-9."""

SCIPY = {
    "normal": lambda x, mu, sigma: stats.norm.logpdf(x, mu, sigma),
    "student_t": lambda x, nu, mu, sigma: stats.t.logpdf(x, nu, mu, sigma),
    "cauchy": lambda x, mu, sigma: stats.cauchy.logpdf(x, mu, sigma),
    "flat": lambda x: np.zeros_like(x),
    "half_normal": lambda x, sigma: stats.halfnorm.logpdf(x, scale=sigma),
    "half_student_t": lambda x, nu, sigma: np.log(2) + stats.t.logpdf(x, nu, 0, sigma),
    "half_cauchy": lambda x, beta: stats.halfcauchy.logpdf(x, scale=beta),
    "exponential": lambda x, rate: stats.expon.logpdf(x, scale=1 / rate),
    "uniform": lambda x, lower, upper: stats.uniform.logpdf(x, lower, upper - lower),
    "gamma": lambda x, alpha, beta: stats.gamma.logpdf(x, alpha, scale=1 / beta),
    "beta": lambda x, alpha, beta: stats.beta.logpdf(x, alpha, beta),
}


def random_values(graph, rng, model):
    """A random unconstrained point; close to the start where the family's domain has bounds."""
    start = graph.initial_point()
    domain = get_family(model.spec.family).domain(get_link(model.spec.family, model.spec.link))
    scale = 0.05 if np.isfinite(domain).any() else 0.3
    return {name: value + rng.normal(scale=scale, size=np.shape(value)) for name, value in start.items()}


def free_values(graph, point):
    inputs = graph.value_vars
    free = graph.free_RVs
    outputs = graph.replace_rvs_by_values(free)
    function = graph.compile_fn(outputs, inputs=inputs, point_fn=True, mode=INTERPRETED)
    return {rv.name: np.asarray(value, dtype=float) for rv, value in zip(free, function(point), strict=True)}


def log_density(graph, point):
    """Log density of the free variables and the data, without the Jacobians of the transforms."""
    return float(graph.compile_logp(jacobian=False, mode=AS_WRITTEN)(point))


def as_draws(values):
    return {name: np.asarray(value)[None, None] for name, value in values.items()}


def prior_of_coefficients(spec, predictor, theta):
    intercept = names.of("Intercept", predictor.name)
    at_means = spec.has_prior(intercept)
    total = 0.0
    for term, value in zip(predictor.terms, theta, strict=True):
        at_mean = at_means and term == "Intercept"
        prior = spec.prior(intercept) if at_mean else spec.prior(names.of("b", predictor.name), term)
        total += float(SCIPY[prior.distribution](value, *prior.parameters))
    return total


def coefficients_at_means(model, posterior, frame):
    """``theta`` of all columns of ``frame.X``, and the sampled cutpoints, from what is reported."""
    theta, cutpoints = np.zeros(0), None
    for predictor, where in model.spec.slices().items():
        if where.stop > where.start:
            b = posterior[names.of("b", predictor)].to_numpy().copy()
            if not model.spec.categories:
                b[0] += (b * frame.means[where]).sum()
            theta = np.append(theta, b)
    if model.spec.categories:
        cutpoints = posterior["cutpoints"].to_numpy() - (theta * frame.means).sum()
        theta = np.append(theta, -(frame.cutpoints.weights @ cutpoints))
    return theta, cutpoints


def numpy_log_density(model, values, posterior):
    """The same density by hand: families for the likelihood, SciPy for the priors, ``z`` standard normal."""
    spec, design = model.spec, model.design
    family = get_family(spec.family)
    one = posterior.isel(chain=0, draw=0)
    theta, cutpoints = coefficients_at_means(model, one, coordinates(spec, design))
    total, parameters, eta = numpy_effects(spec, one, values), {}, None
    for predictor, arrays in zip(spec.linear, design.linear, strict=True):
        value, prior = numpy_predictor(model, predictor, arrays, (one, theta))
        total += prior
        if predictor.name:
            parameters[predictor.name] = LINKS[predictor.link].inverse(value)
        else:
            eta = value
    for label, value in zip(spec.cutpoints, () if cutpoints is None else cutpoints, strict=True):
        prior = spec.prior("cutpoints", label)
        total += float(SCIPY[prior.distribution](value, *prior.parameters))
    for parameter in spec.scalars:
        prior = spec.prior(parameter)
        parameters[parameter] = values[parameter]
        total += float(SCIPY[prior.distribution](values[parameter], *prior.parameters))
    given = {**family.arrange({name: parameters[name] for name in spec.parameters}), **design.row_data}
    if spec.categories:
        given["cutpoints"] = one["cutpoints"].to_numpy()
    link = get_link(spec.family, spec.link)
    return total + family.log_density(design.y, eta, given, link).sum()


def numpy_predictor(model, predictor, arrays, at):
    """A linear predictor of the rows, and the log prior of its coefficients."""
    spec, design = model.spec, model.design
    one, theta = at
    eta, total = np.zeros(design.n) if arrays.offset is None else arrays.offset, 0.0
    if predictor.terms:
        eta = eta + arrays.X @ one[names.of("b", predictor.name)].to_numpy()
        total += prior_of_coefficients(spec, predictor, theta[spec.slices()[predictor.name]])
    for group in arrays.groups:
        eta = eta + (group.Z * one[names.u(group.name)].to_numpy()[group.codes]).sum(axis=1)
    return eta, total


def of_parts(one, group):
    """Effects (n_groups, q) and standard deviations of a group term as it is sampled."""
    parts = group.parts or (group,)
    u = np.hstack([one[names.u(part.name)].to_numpy() for part in parts])
    return u, np.concatenate([one[names.sd(part.name)].to_numpy() for part in parts])


def numpy_effects(spec, one, values):
    """The log prior of group effects, their standard deviations and correlations."""
    total = 0.0
    for group in spec.sampled_groups:
        u, sd = of_parts(one, group)
        q = len(group.terms)
        correlated = q > 1 and group.correlated
        cor = one[names.cor(group.name)].to_numpy() if correlated else np.eye(q)
        L = np.linalg.cholesky(cor)
        z = np.linalg.solve(sd[:, None] * L, u.T)
        total += stats.norm.logpdf(z).sum()
        for prior, value in zip(spec.sd_priors(group), sd, strict=True):
            total += float(SCIPY[prior.distribution](value, *prior.parameters))
        if correlated:
            lkj = spec.prior("cor", group.name).parameters[0]
            vine = values[f"vine_{group.name}"]
            shapes = [lkj + (q - 2 - j) / 2 for i in range(1, q) for j in range(i)]
            total += stats.beta.logpdf(vine, shapes, shapes).sum()
    return total


def test_graph_equals_numpy(model, identity_rtol):
    rng = np.random.default_rng(1)
    graph = build_graph(model.spec, model.design, deterministics=False)
    for _ in range(3):
        point = random_values(graph, rng, model)
        values = free_values(graph, point)
        posterior = recover(model.spec, model.design, as_draws(values))
        expected = numpy_log_density(model, values, posterior)
        assert log_density(graph, point) == pytest.approx(expected, rel=identity_rtol)


@pytest.mark.parametrize("form", ["centered", "partial"])
def test_forms_differ_by_their_jacobian_alone(model, form, identity_rtol):
    """log p(v) = log p(z) - log |du/dz| + log |du/dv|.

    du/dz = T = diag(sd) L; centered du/dv = s0, partial du/dv = T K'^-1 with K K' = I + T'A T, whose v is
    K'z - K^-1 T'r.
    """
    if not model.design.all_groups:
        pytest.skip("no group effects")
    rng = np.random.default_rng(2)
    noncentered = build_graph(model.spec, model.design, "noncentered", deterministics=False)
    other = build_graph(model.spec, model.design, form, deterministics=False)
    point = random_values(noncentered, rng, model)
    values = free_values(noncentered, point)
    posterior = recover(model.spec, model.design, as_draws(values)).isel(chain=0, draw=0)
    log_jacobian = 0.0
    frame = coordinates(model.spec, model.design)
    same = {k: v for k, v in point.items() if not k.startswith("z_")}
    for group in model.spec.sampled_groups:
        u, sd = of_parts(posterior, group)
        name = names.cor(group.name)
        cor = posterior[name].to_numpy() if name in posterior else np.eye(len(group.terms))
        here = frame.groups[group.name]
        T = sd[:, None] * np.linalg.cholesky(cor)
        log_jacobian += group.n_groups * np.linalg.slogdet(T)[1]
        theta, _ = coefficients_at_means(model, posterior, frame)
        informed = form == "partial"
        pull = (here.cross if informed else here.shift) @ (theta - frame.center)
        forms = dict.fromkeys((g.name for g in model.spec.sampled_groups), form)
        for coupling in couplings(model.design, frame, forms)[group.name]:
            other_u = posterior[names.u(coupling.other)].to_numpy()
            if informed:
                other_u = other_u - frame.groups[coupling.other].mode
            for row, column, weight in zip(coupling.row, coupling.column, coupling.weight, strict=True):
                pull[row] += weight @ other_u[column]
        if informed:
            v = np.empty_like(u)
            for j, A in enumerate(here.information):
                K = np.linalg.cholesky(np.eye(len(sd)) + T.T @ A @ T)
                v[j] = K.T @ np.linalg.solve(T, u[j]) - np.linalg.solve(K, T.T @ (here.score - pull)[j])
                log_jacobian -= np.linalg.slogdet(T)[1] - np.linalg.slogdet(K)[1]
            ease(same, group, here.guess)
        else:
            log_jacobian -= group.n_groups * np.log(here.guess).sum()
            v = (u + pull) / here.guess
        for k, term in enumerate(group.terms):
            same[f"{form}_{group.name}[{term}]"] = v[:, k]
    expected = log_density(noncentered, point) - log_jacobian
    assert log_density(other, same) == pytest.approx(expected, rel=identity_rtol)
    recovered = recover(model.spec, model.design, as_draws(free_values(other, same)))
    for name in posterior.data_vars:
        found = recovered[name].isel(chain=0, draw=0)
        np.testing.assert_allclose(found, posterior[name], rtol=identity_rtol, atol=1e-12)


def ease(point, group, scale):
    """Replace logarithms of a group term's standard deviations by what is sampled for them."""
    sd = f"sd_{group.name}"
    for name, s in [(sd, scale), *((f"{sd}[{term}]", s) for term, s in zip(group.terms, scale, strict=True))]:
        if f"{name}_log__" in point:
            point[f"{name}_eased__"] = eased_start(point.pop(f"{name}_log__") - np.log(s))


@pytest.mark.parametrize("scale", [np.array(0.3), np.array([0.02, 5.0])])
def test_easing_is_a_map_with_its_jacobian(scale):
    transform = Eased(scale)
    v = np.linspace(-12, 9, 40)[:, None] * np.ones(scale.size)
    x = transform.backward(v).eval()
    np.testing.assert_allclose(x, scale * np.exp(log_eased(v)), rtol=1e-12)
    np.testing.assert_allclose(transform.forward(x).eval(), v, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(eased_start(np.log(x / scale)), v, rtol=1e-9, atol=1e-9)
    step = 1e-5
    slope = (transform.backward(v + step) - transform.backward(v - step)).eval() / (2 * step)
    np.testing.assert_allclose(np.exp(transform.log_jac_det(v).eval()), slope, rtol=1e-6)


@pytest.mark.parametrize("parameterization", ["noncentered", "centered", "partial"])
def test_recover_equals_the_deterministics(model, parameterization, identity_rtol):
    graph = build_graph(model.spec, model.design, parameterization)
    point = random_values(graph, np.random.default_rng(3), model)
    outputs = graph.replace_rvs_by_values([*graph.free_RVs, *graph.deterministics])
    named = [*graph.free_RVs, *graph.deterministics]
    computed = graph.compile_fn(outputs, inputs=graph.value_vars, point_fn=True, mode=INTERPRETED)(point)
    values = {
        variable.name: np.asarray(value, dtype=float) for variable, value in zip(named, computed, strict=True)
    }
    free = {rv.name: values[rv.name] for rv in graph.free_RVs}
    posterior = recover(model.spec, model.design, as_draws(free)).isel(chain=0, draw=0)
    assert set(posterior.data_vars) <= set(values)
    for name in posterior.data_vars:
        np.testing.assert_allclose(posterior[name], values[name], rtol=identity_rtol, atol=1e-12)


def test_whitening_is_a_linear_map_with_its_jacobian():
    rng = np.random.default_rng(4)
    R, m, x = np.triu(rng.normal(size=(3, 3))) + 3 * np.eye(3), rng.normal(size=3), rng.normal(size=3)
    whitened = Whitened(R, m)
    value = whitened.forward(x).eval()
    np.testing.assert_allclose(value, R @ (x - m), rtol=1e-12)
    np.testing.assert_allclose(whitened.backward(value).eval(), x, rtol=1e-12)
    jacobian = np.linalg.inv(R)
    assert float(whitened.log_jac_det(value).eval()) == pytest.approx(np.linalg.slogdet(jacobian)[1])


def test_vine_has_the_lkj_distribution():
    """Under LKJ(eta) every correlation has variance 1 / (2 eta + q - 1), whatever its place in the matrix."""
    rng = np.random.default_rng(5)
    q, eta, draws = 4, 1.5, 40_000
    shapes = np.array([eta + (q - 2 - j) / 2 for i in range(1, q) for j in range(i)])
    L = cholesky_from_vine(2 * rng.beta(shapes, shapes, size=(draws, len(shapes))) - 1, q)
    R = L @ L.swapaxes(-1, -2)
    np.testing.assert_allclose(np.diagonal(R, axis1=-2, axis2=-1), 1, rtol=1e-12)
    squares = R[:, *np.tril_indices(q, -1)] ** 2
    error = squares.std(axis=0) / np.sqrt(draws)
    assert (np.abs(squares.mean(axis=0) - 1 / (2 * eta + q - 1)) <= 4 * error).all()
    determinants = np.linalg.slogdet(R)[1]
    # |R| is the product of the factors 1 - r^2 = 4 p (1 - p) with p ~ Beta(a, a).
    expected = sum(2 * (digamma(a) - digamma(2 * a)) + 2 * np.log(2) for a in shapes)
    assert abs(determinants.mean() - expected) <= 4 * determinants.std() / np.sqrt(draws)


def test_model_pymc_has_the_users_labels(model: hb.Model):
    graph = model.pymc
    if model.spec.terms:
        assert tuple(graph.coords["term"]) == model.spec.terms
        assert graph.named_vars_to_dims["b"] == ("term",)
    for group in model.design.groups:
        assert tuple(graph.coords[group.name]) == group.levels
        assert graph.named_vars_to_dims[f"u_{group.name}"] == (group.name, f"{group.name}_term")
        assert graph.named_vars_to_dims[f"sd_{group.name}"] == (f"{group.name}_term",)


def test_cutpoints_and_their_jacobian():
    """The map from unconstrained values to cutpoints, by differences; it undoes itself."""
    weights, value = np.array([0.2, 0.5, 0.3]), np.array([0.4, -0.3, 0.8])
    transform = LocationAndDistances(weights, 1.7, 0.6)
    cutpoints = transform.backward(value).eval()
    assert (np.diff(cutpoints) > 0).all()
    assert -(weights @ cutpoints) == pytest.approx(0.6 + 0.4 / 1.7, rel=1e-12)
    np.testing.assert_allclose(transform.forward(cutpoints).eval(), value, rtol=1e-12)
    np.testing.assert_allclose(np.log(np.diff(cutpoints)), value[1:], rtol=1e-12)
    steps = 1e-6 * np.eye(3)
    jacobian = [(transform.backward(value + h) - transform.backward(value - h)).eval() / 2e-6 for h in steps]
    expected = np.linalg.slogdet(np.array(jacobian))[1]
    assert float(transform.log_jac_det(value).eval()) == pytest.approx(expected, rel=1e-8)
    np.testing.assert_allclose(around_location(value[1:], weights) - (0.6 + 0.4 / 1.7), cutpoints, rtol=1e-12)


def test_two_categories_have_the_density_of_a_binary_response(identity_rtol):
    """The cutpoint is the intercept with its sign turned, with the same prior and in the same coordinates."""
    frame = small_frame()
    priors = {"b": "normal(0, 2)", "sd": "half_normal(2)"}
    formula = "won ~ x + (1 | g)"
    ordered = hb.Model(formula, frame, family="cumulative", priors={"cutpoints": "normal(0.3, 2)", **priors})
    binary = hb.Model(formula, frame, family="bernoulli", priors={"Intercept": "normal(-0.3, 2)", **priors})
    one, other = (build_graph(m.spec, m.design, deterministics=False) for m in (ordered, binary))
    point = random_values(other, np.random.default_rng(6), binary)
    values = free_values(other, point)
    intercept, slope = values["beta"]
    shifted = values["z_g"] - pull(binary, values["beta"]) + pull(ordered, np.array([slope, intercept]))
    same = {"sd_g": values["sd_g"], "z_g": shifted, "beta": [slope], "cutpoints_at_mean": [-intercept]}
    expected = log_density(other, point)
    assert log_density(one, unconstrained(one, same)) == pytest.approx(expected, rel=identity_rtol)


def pull(model, theta):
    """How far the sampled ``z_g`` of a model lies from the standard normal one, shape (n_groups, q)."""
    frame = coordinates(model.spec, model.design)
    return frame.groups["g"].shift @ (theta - frame.center) / frame.groups["g"].guess


def unconstrained(graph, values):
    """The point of a graph at which its free variables have these values."""
    point = {}
    for rv in graph.free_RVs:
        value, transform = np.asarray(values[rv.name], dtype=float), graph.rvs_to_transforms[rv]
        free = value if transform is None else transform.forward(pt.as_tensor(value), *rv.owner.inputs).eval()
        point[graph.rvs_to_values[rv].name] = free
    return point


def test_uncorrelated_effects_have_no_correlation_anywhere():
    frame = pd.DataFrame({"y": np.arange(12.0), "x": np.arange(12.0) ** 2, "g": list("abcd") * 3})
    model = hb.Model("y ~ x + (x || g)", frame)
    assert not model.spec.groups[0].correlated
    assert not model.spec.has_prior("cor", "g")
    for form in ("noncentered", "centered"):
        graph = build_graph(model.spec, model.design, form)
        assert not {"cor_g", "vine_g"} & set(graph.named_vars)
        assert graph.named_vars_to_dims["sd_g"] == ("g_term",)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "log", "cauchit"])
def test_binary_likelihoods_keep_their_digits_in_the_tails(link):
    """The log odds of the graph against log p and log (1 - p) of the NumPy side, far out."""
    eta = np.array([-30.0, -12.0, -2.0, -1e-3] if link == "log" else [-30.0, -12.0, -2.0, 0.0, 1.0, 3.0])
    variable = pt.dvector("eta")
    log_odds = pytensor.function([variable], LOG_ODDS[link](variable), mode=INTERPRETED)(eta)
    family, chosen = get_family("bernoulli"), get_link("bernoulli", link)
    expected = family.log_density(1.0, eta, {}, chosen) - family.log_density(0.0, eta, {}, chosen)
    np.testing.assert_allclose(log_odds, expected, rtol=1e-10, atol=1e-12)
