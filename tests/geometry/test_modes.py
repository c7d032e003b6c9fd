"""The normal approximation near the mode, against optimality conditions and closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.families import LINKS, get_family, get_link
from hierbayes.geometry import coordinates
from hierbayes.geometry.rough import LARGEST_MOVE, beside_effects, moved
from hierbayes.plan import STIFF


def frame_of(constant):
    """Twelve groups of 30 rows; where ``constant``, two thirds of them know only one outcome."""
    g, i = np.repeat(np.arange(12), 30), np.arange(360)
    mixed = (i + i // 7) % 2
    y = np.choose(g % 3, [np.zeros(360), mixed, np.ones(360)]) if constant else mixed
    return pd.DataFrame({"y": y.astype(int), "g": g.astype(str), "x": np.sin(i)})


def test_the_averaged_score_vanishes():
    """Counts: E d/du log p(y, u) = 0, E exp(eta) = exp(mean + variance / 2), at the guessed sds."""
    rng = np.random.default_rng(5)
    g = rng.integers(0, 8, 120)
    data = pd.DataFrame({"y": rng.poisson(np.exp(0.3 * g - 1)), "g": g.astype(str)})
    model = hb.Model("y ~ 1 + (1 | g)", data, family="poisson")
    frame = coordinates(model.spec, model.design)
    here, codes = frame.groups["g"], model.design.groups[0].codes
    mu = np.exp(frame.center[0] + here.mode[codes, 0] + here.gain[codes, 0, 0] / 2)
    gradient = np.bincount(codes, model.design.y - mu) - here.mode[:, 0] / here.guess[0] ** 2
    np.testing.assert_allclose(gradient, 0, atol=1e-3)
    np.testing.assert_allclose(here.information[:, 0, 0], np.bincount(codes, mu), rtol=1e-2)
    # the normal approximation has its mean there
    np.testing.assert_allclose(here.gain[:, 0, 0] * here.score[:, 0], here.mode[:, 0], atol=1e-5)


def test_gaussian_rows_are_as_curved_everywhere():
    model = hb.Model("x ~ 1 + (1 | g)", frame_of(constant=False))
    assert coordinates(model.spec, model.design).stiffness == pytest.approx(1)


def test_groups_of_one_outcome_are_stiff():
    stiff, mild = (
        coordinates(model.spec, model.design).stiffness
        for model in (
            hb.Model("y ~ 1 + (1 | g)", frame_of(constant), family="bernoulli") for constant in (True, False)
        )
    )
    assert stiff > STIFF > mild


@pytest.mark.parametrize("seed", range(4))
def test_scores_that_grow_exponentially_do_not_overshoot(seed):
    truth = {"b[Intercept]": 0.3, "b[x]": 0.3, "shape": 3.0, "sd[g]": 0.8, "sd[g][x]": 0.6, "cor[g]": 0.2}
    formula = "y ~ x + (1 + x | g)"
    data = hb.simulate(
        formula,
        sizes={"g": 12, "i": 8},
        params=truth,
        family="weibull",
        covariates={"x": "normal(0, 1)"},
        seed=seed,
    )
    model = hb.Model(formula, data, family="weibull")
    found = coordinates(model.spec, model.design)
    # what coefficients and effects are together, to four standard errors of a mean of 12 groups
    typical = found.center + found.groups["g"].mode.mean(axis=0)
    np.testing.assert_allclose(typical, 0.3, atol=4 * 0.8 / np.sqrt(12))


COUNTS = ["poisson", "negbinomial", "zero_inflated_poisson", "zero_inflated_negbinomial", "hurdle_poisson"]


def counts_far_apart(family, seed):
    """Twelve groups whose counts differ by orders of magnitude: in one up to tens of thousands."""
    parameters = {"phi": 2.0, "zi": 0.4, "hu": 0.4}
    truth = {"b[Intercept]": 0.3, "b[x]": 0.3, "sd[g]": 1.5, "sd[g][x]": 1.5, "cor[g]": 0.2}
    truth |= {name: parameters[name] for name in get_family(family).parameters}
    sizes, columns = {"g": 12, "i": 24}, {"x": "normal(0, 1)"}
    formula = "y ~ x + (1 + x | g)"
    data = hb.simulate(formula, sizes=sizes, params=truth, family=family, covariates=columns, seed=seed)
    return hb.Model(formula, data, family=family)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("family", COUNTS)
def test_groups_whose_counts_are_far_apart_are_found(family, seed):
    """From the coefficients alone, the first step was thousands long, and ended among NaN or far away."""
    model = counts_far_apart(family, seed)
    found = coordinates(model.spec, model.design)
    typical = found.center + found.groups["g"].mode.mean(axis=0)
    np.testing.assert_allclose(typical, 0.3, atol=4 * 1.5 / np.sqrt(12))
    if family == "zero_inflated_negbinomial":  # whose rough phi and zi may explain the same zeros
        return
    # four standard errors of a log sd of 12 are a little more than log 2
    np.testing.assert_allclose(np.log(found.groups["g"].guess / 1.5), 0, atol=np.log(2.3))


@pytest.mark.sampling
@pytest.mark.parametrize(("family", "seed"), [("negbinomial", 0), ("zero_inflated_poisson", 6)])
def test_counts_that_are_far_apart_are_sampled(family, seed):
    """The first could not be begun; the second had R-hat 1.8."""
    verdict = counts_far_apart(family, seed).fit(seed=1, progress=False).check()
    assert verdict.ok, str(verdict)


def test_coefficients_beside_effects_are_those_of_generalized_least_squares():
    rng = np.random.default_rng(3)
    g, x = rng.integers(0, 7, 90), rng.normal(size=90)
    model = hb.Model(
        "y ~ x + (1 + x | g)",
        pd.DataFrame({"y": rng.normal(size=90), "x": x, "g": g.astype(str)}),
        priors={"b": "normal(0.2, 0.7)", "Intercept": "normal(0.2, 0.7)"},
    )
    X, (group,) = model.design.X, model.design.groups
    W, rest, S = rng.uniform(0.1, 9, 90), rng.normal(size=90), np.array([[1.3, 0.4], [0.4, 0.6]])
    own = np.eye(7)[group.codes]
    Z = np.einsum("nj,nq->njq", own, group.Z).reshape(90, 14)
    precision = np.linalg.inv(np.diag(1 / W) + Z @ np.kron(np.eye(7), S) @ Z.T)
    expected = np.linalg.solve(
        X.T @ precision @ X + np.eye(2) / 0.7**2, X.T @ precision @ rest + 0.2 / 0.7**2
    )
    priors = tuple(model.spec.prior("Intercept") for _ in range(2))
    found = beside_effects((X, priors), W, rest, (group, np.linalg.inv(S)))
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_linear_predictors_move_a_little_at_a_time_but_in_units_of_the_response():
    eta, to = np.zeros(3), np.array([-5000.0, 0.25, 80.0])
    np.testing.assert_array_equal(moved(LINKS["log"], eta, to), [-LARGEST_MOVE, 0.25, LARGEST_MOVE])
    np.testing.assert_array_equal(moved(LINKS["identity"], eta, to), to)


def test_the_largest_counts_do_not_decide_alone_how_much_counts_scatter():
    rng = np.random.default_rng(8)
    eta = rng.normal(2, 3, 400)
    family, link = get_family("negbinomial"), get_link("negbinomial")
    draws = [family.draw(eta, {"phi": 2.0}, link, rng) for _ in range(50)]
    rough = [family.rough_parameters(y, eta, link)["phi"] for y in draws]
    assert np.median(rough) == pytest.approx(2.0, rel=0.2)
    assert np.ptp(np.log(rough)) < np.log(4)


@pytest.mark.parametrize("family", ["weibull", "gamma", "exponential"])
def test_steps_of_positive_responses_are_bounded(family):
    rows = dict.fromkeys(get_family(family).parameters, 2.0)
    eta = np.linspace(-300, 300, 121)
    args = np.ones(121), eta, rows, get_link(family)
    score, weights = (getattr(get_family(family), name)(*args) for name in ("score", "step_weights"))
    assert (np.abs(score / weights) <= 1).all()
    assert (weights >= get_family(family).information(*args[1:])).all()
