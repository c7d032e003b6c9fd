"""The collapsed model in dense NumPy, by Bayes' theorem: a second route to every number of its kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

import hierbayes as hb
from hierbayes.geometry import cholesky_from_vine, coordinates

PRIORS = {
    "half_normal": lambda s: stats.halfnorm(scale=s),
    "half_student_t": lambda nu, s: stats.t(nu, scale=s),
    "half_cauchy": lambda s: stats.halfcauchy(scale=s),
    "exponential": lambda rate: stats.expon(scale=1 / rate),
    "gamma": lambda a, b: stats.gamma(a, scale=1 / b),
    "uniform": lambda low, high: stats.uniform(low, high - low),
}


def frame():
    rng = np.random.default_rng(7)
    n = 90
    data = pd.DataFrame(
        {
            "x": rng.normal(3, 2, n),
            "w": rng.normal(size=n),
            "g": rng.integers(0, 9, n).astype(str),
            "h": rng.integers(0, 5, n).astype(str),
            "k": rng.integers(0, 3, n).astype(str),
            "cell": rng.integers(0, 4, n).astype(str),
        }
    )
    data["year"] = 2000.0 + data["g"].astype(int) // 2 + (data["g"] == "1") * rng.integers(0, 4, n)
    data["odd"] = np.where(data["g"].astype(int) % 2 == 1, "odd", "even")
    effects = pd.Series(rng.normal(size=9), index=[str(j) for j in range(9)])
    data["error"] = np.linspace(0.3, 2, n)
    data["y"] = 12 + 0.5 * data["x"] + effects[data["g"]].to_numpy() + rng.normal(size=n)
    return data


def log_prior(prior, v):
    """Parameter and log density of its unconstrained value."""
    kind = prior.distribution
    if kind == "uniform":
        low, high = prior.parameters
        share = 1 / (1 + np.exp(-v))
        return low + (high - low) * share, np.log(share) + np.log1p(-share)
    x = np.exp(v)
    if kind == "flat":
        return x, v
    folded = np.log(2) if kind == "half_student_t" else 0.0
    return x, PRIORS[kind](*prior.parameters).logpdf(x) + folded + v


@dataclass(frozen=True)
class Point:
    """Variance parameters at one unconstrained vector: ``Lam`` (q, q) per term, ``sigma``, log prior."""

    Lam: dict
    sigma: float
    log_prior: float


def point_at(model, x):
    spec = model.spec
    at, total, sds, cholesky = 0, 0.0, {}, {}
    for group in spec.groups:
        sds[group.name] = np.empty(len(group.terms))
        for k, term in enumerate(group.terms):
            sds[group.name][k], value = log_prior(spec.prior("sd", group.name, term), x[at])
            total, at = total + value, at + 1
    sigma = 1.0
    if spec.scalars:
        sigma, value = log_prior(spec.prior("sigma"), x[at])
        total, at = total + value, at + 1
    for group in spec.groups:
        q = len(group.terms)
        cholesky[group.name] = np.eye(q)
        if group.has_correlations:
            eta = spec.prior("cor", group.name).parameters[0]
            shapes = np.array([eta + (q - 2 - j) / 2 for i in range(1, q) for j in range(i)])
            share = 1 / (1 + np.exp(-x[at : at + len(shapes)]))
            total += (stats.beta(shapes, shapes).logpdf(share) + np.log(share) + np.log1p(-share)).sum()
            cholesky[group.name] = cholesky_from_vine(2 * share - 1, q)
            at += len(shapes)
    assert at == len(x)
    return Point({name: sds[name][:, None] * cholesky[name] for name in sds}, sigma, total)


@dataclass(frozen=True)
class Dense:
    """``y = T (z, theta) + e``: columns, weights, prior precision and mean; posterior ``H`` and ``mean``."""

    T: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    precision: np.ndarray
    prior_mean: np.ndarray
    sigma: float

    @property
    def H(self):
        return (self.T.T * self.weights) @ self.T / self.sigma**2 + np.diag(self.precision)

    @property
    def mean(self):
        left = self.y - self.T @ self.prior_mean
        return self.prior_mean + np.linalg.solve(self.H, (self.T.T * self.weights) @ left / self.sigma**2)


def dense(model, design, point):
    at = coordinates(model.spec, design)
    columns = []
    for group in design.groups:
        Z = np.zeros((design.n, group.n_groups, len(group.terms)))
        Z[np.arange(design.n), group.codes] = group.Z @ point.Lam[group.name]
        columns.append(Z.reshape(design.n, -1))
    p = len(design.terms)
    precision, mean = np.zeros(p), np.zeros(p)
    for block in at.blocks:
        for k, prior in zip(block.where, block.priors, strict=True):
            if prior.distribution == "normal":
                precision[k], mean[k] = prior.parameters[1] ** -2, prior.parameters[0]
    T = np.column_stack([*columns, at.X])
    n_z = T.shape[1] - p
    weights = np.ones(design.n) if design.weights is None else design.weights
    if "se" in design.part:
        weights = design.part["se"] ** -2
    y = design.y if design.offset is None else design.y - design.offset
    return Dense(T, y, weights, np.r_[np.ones(n_z), precision], np.r_[np.zeros(n_z), mean], point.sigma)


def log_density(d, x):
    """``log p(y | x) + log p(x) - log p(x | y)`` at any ``x = (z, theta)``: it must not depend on ``x``."""
    left = d.y - d.T @ x
    rows = stats.norm.logpdf(left, scale=d.sigma / np.sqrt(d.weights)).sum()
    proper = d.precision > 0
    prior = stats.norm.logpdf(x[proper], d.prior_mean[proper], d.precision[proper] ** -0.5).sum()
    H, away = d.H, x - d.mean
    posterior = 0.5 * (np.linalg.slogdet(H)[1] - len(x) * np.log(2 * np.pi) - away @ H @ away)
    return rows + prior - posterior


def model_of(formula, priors=None, data=None):
    return hb.Model(formula, frame() if data is None else data, priors=priors)
