"""Exact draws of effects and coefficients against the dense posterior at fixed variance parameters."""

from __future__ import annotations

import numpy as np
import pytest
from kernels import dense

from hierbayes.geometry import coordinates
from hierbayes.kernels import conditional
from hierbayes.kernels.collapsed import collapsed_kernel

CASES = {
    "no-group": "y ~ x + w",
    "slopes": "y ~ x + (1 + x | g)",
    "uncorrelated": "y ~ x + (1 + x || g)",
    "by-level": "y ~ x + (1 + x | gr(g, by = odd)) + (1 | h)",
    "crossed": "y ~ x + (1 + x | g) + (1 + w | h)",
    "nested": "y ~ x + (1 | h/cell)",
    "two-terms": "y ~ x + (1 | g) + (0 + w | g) + (1 | h)",
    "only-groups": "y ~ 0 + (1 | g)",
    "known-errors": "y | se(error) ~ x + (1 + x | g)",
}
CHAINS, DRAWS = 4, 5000


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """A model, its kernel, one point, and draws at it."""
    model = dense.model_of(CASES[request.param])
    kernel = collapsed_kernel(model.spec, model.design)
    x = kernel.start + 0.3 * np.random.default_rng(4).normal(size=kernel.n_dim)
    return model, kernel, x, kernel.pieces(np.tile(x, (CHAINS, DRAWS, 1)), 8)


def moments(model, x):
    """Posterior mean and covariance of all ``u``, term by term, and ``theta``."""
    point = dense.point_at(model, x)
    d = dense.dense(model, model.design, point)
    blocks = [np.kron(np.eye(group.n_groups), point.Lam[group.name]) for group in model.design.groups]
    sizes = [len(block) for block in blocks]
    scale = np.eye(len(d.mean))
    at = 0
    for block, size in zip(blocks, sizes, strict=True):
        scale[at : at + size, at : at + size] = block
        at += size
    return scale @ d.mean, scale @ np.linalg.inv(d.H) @ scale.T


def test_mean_and_covariance_of_the_draws(case):
    model, _, x, pieces = case
    parts = [pieces.u[group.name].reshape(CHAINS * DRAWS, -1) for group in model.spec.groups]
    if pieces.theta is not None:
        parts.append(pieces.theta.reshape(CHAINS * DRAWS, -1))
    draws = np.column_stack(parts)
    mean, covariance = moments(model, x)
    n, variances = len(draws), np.diag(covariance)
    assert (np.abs(draws.mean(axis=0) - mean) <= 4.5 * np.sqrt(variances / n)).all()
    error = np.sqrt((variances[:, None] * variances + covariance**2) / n)
    assert (np.abs(np.cov(draws.T, bias=True) - covariance) <= 5 * error).all()


def test_draws_are_independent(case):
    model, _, _, pieces = case
    name = model.spec.groups[0].name if model.spec.groups else None
    values = pieces.theta[..., 0] if name is None else pieces.u[name][..., 0, 0]
    z = (values - values.mean()) / values.std()
    assert abs((z[:, 1:] * z[:, :-1]).mean()) <= 4 / np.sqrt(CHAINS * DRAWS)
    assert abs((z[0] * z[1]).mean()) <= 4 / np.sqrt(DRAWS)


def test_variance_parameters_come_back(case):
    model, _, x, pieces = case
    point = dense.point_at(model, x)
    for group in model.spec.groups:
        L = pieces.cholesky[group.name][0, 0] if group.has_correlations else np.eye(len(group.terms))
        found = pieces.sd[group.name][0, 0][:, None] * L
        np.testing.assert_allclose(found, point.Lam[group.name], rtol=1e-12)
    for sigma in pieces.parameters.values():
        np.testing.assert_allclose(sigma, point.sigma, rtol=1e-12)
    assert tuple(pieces.parameters) == model.spec.scalars


def test_same_seed_same_draws(case):
    model, kernel, x, _ = case
    draws = x + 0.1 * np.random.default_rng(5).normal(size=(2, 7, kernel.n_dim))
    first, again, other = (kernel.pieces(draws, seed) for seed in (1, 1, 2))
    for group in model.spec.groups:
        np.testing.assert_array_equal(first.u[group.name], again.u[group.name])
        assert (first.u[group.name] != other.u[group.name]).all()
        assert first.u[group.name].base is not None
    if first.theta is None:
        assert coordinates(model.spec, model.design).X.shape[1] == 0
    else:
        np.testing.assert_array_equal(first.theta, again.theta)


def test_draws_do_not_depend_on_how_many_are_drawn_at_a_time(case, monkeypatch):
    model, kernel, x, _ = case
    draws = x + 0.1 * np.random.default_rng(6).normal(size=(2, 7, kernel.n_dim))
    together = kernel.pieces(draws, 3)
    monkeypatch.setattr(conditional, "NUMBERS", 1)
    apart = kernel.pieces(draws, 3)
    for group in model.spec.groups:
        np.testing.assert_array_equal(apart.u[group.name], together.u[group.name])
        np.testing.assert_array_equal(apart.sd[group.name], together.sd[group.name])
    for name in model.spec.scalars:
        np.testing.assert_array_equal(apart.parameters[name], together.parameters[name])
