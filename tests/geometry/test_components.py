"""The rough variance components that coordinates rest on, against lme4's estimates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import hierbayes as hb
from hierbayes.families import get_link
from hierbayes.geometry.components import cross_products, estimate_components
from hierbayes.geometry.coordinates import coordinates
from hierbayes.geometry.rough import row_unit

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "lme4.json").read_text())["models"]


@pytest.mark.parametrize(("card", "name"), [("exam", "m1"), ("exam", "m4"), ("contraception", "m_05")])
def test_guesses_are_near_lme4(card, name, model_of):
    model = model_of(card, name)
    frame = coordinates(model.spec, model.design)
    for group in model.design.groups:
        figures = REFERENCE[card][name]["groups"][group.name]["sd"]
        expected = np.array([figures[term] for term in group.terms])
        np.testing.assert_allclose(frame.groups[group.name].guess, expected, rtol=0.3)


def test_no_group_variance_is_a_small_guess_and_no_centering(model_of):
    model = model_of("exam", "m1")
    group = model.design.groups[0]
    rng = np.random.default_rng(3)
    rough = estimate_components(group, rng.normal(size=model.design.n), 1.0, estimate_scale=True)
    assert rough.sd[0] < 0.1
    assert rough.information == pytest.approx(1, rel=0.1)


def test_informative_groups_are_centered_and_the_others_are_not(model_of):
    exam = coordinates(model_of("exam", "m4").spec, model_of("exam", "m4").design).groups["school"]
    sizes = model_of("exam", "m4").design.group("school").sizes
    assert exam.centering[np.argmax(sizes), 0] > 0.9
    assert exam.centering[np.argmin(sizes), 0] < 0.4
    assert ((exam.centering >= 0) & (exam.centering <= 1)).all()


def test_cross_products_by_loops(model_of):
    group = model_of("exam", "m4").design.group("school")
    X = np.random.default_rng(1).normal(size=(len(group.codes), 3))
    found = cross_products(X, group)
    for j in (0, 17, 64):
        rows = group.codes == j
        np.testing.assert_allclose(found[j], group.Z[rows].T @ X[rows], rtol=1e-10, atol=1e-12)


def test_residuals_that_groups_explain_wholly_leave_some_scatter():
    """Of one huge value, which its group and column explain, the information had become infinite."""
    rng = np.random.default_rng(2)
    data = {"y": rng.normal(size=30), "x": rng.choice(list("abcd"), 30), "g": np.arange(30) % 4}
    data["y"][0] = 1e12
    data["x"][0] = "a"
    data["x"][4::4] = "b"
    model = hb.Model("y ~ 1 + (1 + x | g)", data)
    (group,) = model.design.groups
    residual = model.design.y - model.design.y.mean()
    rough = estimate_components(group, residual, residual.var() ** -1, estimate_scale=True)
    assert np.isfinite(rough.sd).all()
    assert 0 < rough.information**-0.5 < 1e10


def test_the_unit_of_rows_without_information():
    """Of rows that an offset of 1e12 decides, the information is zero: no division by it."""
    Z = np.column_stack([np.ones(6), np.arange(6.0)])
    identity, logit = get_link("gaussian", "identity"), get_link("bernoulli", "logit")
    expected = np.array([1.0, 1 / np.arange(6.0).std()])
    np.testing.assert_allclose(row_unit(Z, np.zeros(6), identity), expected)
    np.testing.assert_allclose(row_unit(Z, np.array([0, 0, 0, 0, 0, 0.25]), identity), 2 * expected)
    np.testing.assert_allclose(row_unit(Z, np.array([0, 0, 0, 0, 0, 0.25]), logit), expected)


def test_rows_without_information_have_coordinates():
    data = {"y": np.arange(30) % 2, "g": np.arange(30) % 3, "z": np.full(30, 1e12)}
    model = hb.Model("y ~ offset(z) + (1 | g)", data, family="bernoulli")
    assert np.isfinite(coordinates(model.spec, model.design).groups["g"].guess).all()
