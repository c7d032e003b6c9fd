"""Responses from given parameters: every structure, and moments of every family against their formulas."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from structures import CASES, small_frame

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.families import FAMILIES, get_family

FRAME = small_frame()
VALUES = {"sd": 0.3, "cor": 0.4, "sigma": 0.7, "phi": 3.0, "shape": 2.0, "nu": 5.0, "zi": 0.2, "hu": 0.3}


def truth_of(model: hb.Model) -> dict[str, object]:
    """Small coefficients, around where the family and link have a distribution."""
    center = {"identity": 2.0, "sqrt": 1.5, "inverse": 1.5}.get(model.spec.link, -0.9)
    if model.spec.link == "identity" and model.spec.family in ("gaussian", "student", "lognormal"):
        center = 0.5
    params: dict[str, object] = {}
    for entry in model.spec.priors:
        if entry.parameter == "Intercept":
            params["Intercept"] = center
        elif entry.parameter.startswith(("Intercept", "b")):
            params[entry.key] = 0.02
        elif entry.parameter == "cutpoints":
            params["cutpoints"] = list(np.linspace(-1, 1, len(model.spec.cutpoints)))
        else:
            small = model.spec.link in ("identity", "log", "inverse", "sqrt") and entry.parameter == "sd"
            params[entry.key] = 0.05 if small else VALUES[entry.parameter]
    return params


@pytest.mark.parametrize("case", CASES)
def test_every_structure_is_simulated_and_the_draws_are_responses_of_the_model(case):
    text, family, link, priors = CASES[case]
    model = hb.Model(text, FRAME, family=family, link=link, priors=priors)
    params = truth_of(model)
    y = model.simulate(params, seed=3)
    assert list(y.index) == list(model.design.rows)
    get_family(family).check_response(y.to_numpy(), "y", model.design.trials)
    pd.testing.assert_series_equal(y, model.simulate(params, seed=3))
    assert not np.array_equal(y, model.simulate(params, seed=4))
    effects = y.attrs["truth"]["effects"]
    assert {g.name: list(effects[g.name]) for g in model.design.all_groups} == {
        g.name: list(g.terms) for g in model.design.all_groups
    }


N, B = 40_000, 0.4
SHARE = 1 / (1 + math.exp(-B))
MU = math.exp(B)
MOMENTS: dict[str, tuple[dict[str, float], float, float]] = {
    "gaussian": ({"sigma": 2.0}, B, 4.0),
    "student": ({"sigma": 2.0, "nu": 9.0}, B, 4.0 * 9 / 7),
    "lognormal": ({"sigma": 0.5}, math.exp(B + 0.125), math.expm1(0.25) * math.exp(2 * B + 0.25)),
    "gamma": ({"shape": 2.0}, MU, MU**2 / 2),
    "exponential": ({}, MU, MU**2),
    "weibull": ({"shape": 2.0}, MU, MU**2 * (math.gamma(2) / math.gamma(1.5) ** 2 - 1)),
    "beta": ({"phi": 3.0}, SHARE, SHARE * (1 - SHARE) / 4),
    "bernoulli": ({}, SHARE, SHARE * (1 - SHARE)),
    "binomial": ({}, 5 * SHARE, 5 * SHARE * (1 - SHARE)),
    "beta_binomial": ({"phi": 3.0}, 5 * SHARE, 5 * SHARE * (1 - SHARE) * (1 + 4 / 4)),
    "poisson": ({}, MU, MU),
    "negbinomial": ({"phi": 3.0}, MU, MU + MU**2 / 3),
    "zero_inflated_poisson": ({"zi": 0.2}, 0.8 * MU, 0.8 * MU * (1 + 0.2 * MU)),
    "zero_inflated_negbinomial": (
        {"zi": 0.2, "phi": 3.0},
        0.8 * MU,
        0.8 * (MU + MU**2 / 3 + MU**2) - (0.8 * MU) ** 2,
    ),
    "hurdle_poisson": (
        {"hu": 0.3},
        0.7 * MU / -math.expm1(-MU),
        0.7 * (MU + MU**2) / -math.expm1(-MU) - (0.7 * MU / -math.expm1(-MU)) ** 2,
    ),
}
"""Parameters besides an intercept of 0.4, mean and variance; of five trials where there are trials."""


def drawn(family: str, params: dict[str, object], **how: object) -> pd.DataFrame:
    left = "y | trials(n)" if family in ("binomial", "beta_binomial") else "y"
    covariates = {"n": 5} if "trials" in left else {}
    sizes = {"g": N // 5, "row": 5}
    given = {"b[Intercept]": B, **params}
    return hb.simulate(
        f"{left} ~ 1 + (1 | g)", sizes=sizes, params=given, family=family, covariates=covariates, **how
    )


def near(values: np.ndarray, expected: float) -> bool:
    return bool(abs(values.mean() - expected) < 4 * values.std() / math.sqrt(values.size))


def test_every_family_is_tried():
    assert {*MOMENTS, "cumulative", "categorical"} == set(FAMILIES)


@pytest.mark.parametrize("family", MOMENTS)
def test_mean_and_variance_are_those_of_the_family(family):
    params, mean, variance = MOMENTS[family]
    y = drawn(family, {**params, "sd[g]": 0.0}, seed=11)["y"].to_numpy(dtype=float)
    assert near(y, mean)
    assert near((y - mean) ** 2, variance)


def test_groups_add_their_variance():
    sd = 0.8
    gaussian = drawn("gaussian", {"sd[g]": sd, "sigma": 2.0}, seed=12)
    means = gaussian.groupby("g", observed=True)["y"].mean().to_numpy()
    assert near((means - B) ** 2, sd**2 + 4 / 5)
    counts = drawn("poisson", {"sd[g]": sd}, seed=12)
    per_group = counts.groupby("g", observed=True)["y"].mean().to_numpy()
    assert near(per_group, math.exp(B + sd**2 / 2))


def test_shares_of_ordered_categories():
    frame = hb.simulate(
        "rating ~ x + (1 | g)",
        family="cumulative",
        sizes={"g": 20, "row": 2000},
        covariates={"x": ("g", "normal(0, 1)"), "rating": ["low", "middle", "high"]},
        params={"cutpoints": [-1.0, 0.5], "b[x]": 0.0, "sd[g]": 0.0},
        seed=5,
    )
    assert list(frame["rating"].cat.categories) == ["low", "middle", "high"]
    assert frame["rating"].cat.ordered
    below = [1 / (1 + math.exp(-c)) for c in (-1.0, 0.5)]
    shares = np.diff([0, *below, 1])
    for label, share in zip(["low", "middle", "high"], shares, strict=True):
        assert near((frame["rating"] == label).to_numpy(float), share)


def test_shares_of_unordered_categories():
    frame = hb.simulate(
        "mode ~ 1 + (1 | g)",
        family="categorical",
        sizes={"g": 20, "row": 2000},
        covariates={"mode": ["car", "bus", "walk"]},
        params={"b[Intercept]": 0.5, "b_muwalk[Intercept]": -0.3, "sd": 0.0},
        seed=5,
    )
    weights = np.exp([0.0, 0.5, -0.3])
    for label, share in zip(["car", "bus", "walk"], weights / weights.sum(), strict=True):
        assert near((frame["mode"] == label).to_numpy(float), share)


def test_slopes_and_intercepts_correlate_as_stated():
    sd, rho = (0.9, 0.4), -0.6
    frame = hb.simulate(
        "y ~ x + (1 + x | g)",
        sizes={"g": 8000, "row": 2},
        covariates={"x": "normal(0, 1)"},
        params={
            "b": 1,
            "b[Intercept]": 0,
            "sd[g][Intercept]": 0.9,
            "sd[g][x]": 0.4,
            "cor[g]": rho,
            "sigma": 1,
        },
        seed=6,
    )
    u = pd.DataFrame(frame.attrs["truth"]["effects"]["g"])
    assert near(u["Intercept"].to_numpy() ** 2, sd[0] ** 2)
    assert near(u["x"].to_numpy() ** 2, sd[1] ** 2)
    assert near((u["Intercept"] * u["x"]).to_numpy(), rho * sd[0] * sd[1])
    at = frame["g"].astype(str)
    mean = u["Intercept"][at].to_numpy() + (1 + u["x"][at].to_numpy()) * frame["x"].to_numpy()
    assert near((frame["y"].to_numpy() - mean) ** 2, 1.0)


def test_an_intercept_at_the_mean_of_the_columns():
    model = hb.Model("y ~ x + (1 | g)", FRAME)
    rest = {"b[x]": 0.5, "sd[g]": 0.4, "sigma": 1.0}
    at_zero = model.simulate({"b[Intercept]": 1.0, **rest}, seed=1)
    at_mean = model.simulate({"Intercept": 1.0 + 0.5 * FRAME["x"].mean(), **rest}, seed=1)
    np.testing.assert_allclose(at_zero, at_mean, rtol=1e-12)


def test_several_correlations_as_a_matrix():
    model = hb.Model("y ~ x + w + (1 + x + w | g)", FRAME)
    rest = {"b": 0.1, "b[Intercept]": 0.0, "sd": 1.0, "sigma": 1.0}
    one = model.simulate({**rest, "cor[g]": 0.5}, seed=1)
    matrix = [[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]]
    np.testing.assert_array_equal(one, model.simulate({**rest, "cor": matrix}, seed=1))
    with pytest.raises(DataError, match="its least eigenvalue is -0"):
        model.simulate({**rest, "cor[g]": -0.9}, seed=1)


GOOD = {"b[Intercept]": 0.0, "b[x]": 1.0, "sd[g]": 1.0, "sigma": 1.0}
KNOWN = "b[Intercept], b[x], sd[g], sigma"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"sd[h]": 1.0},
            UnknownNameError,
            "'sd[h]' is not a known parameter of this model. Did you mean 'sd[g]'? Known: "
            f"{KNOWN}. Correct the key or leave it out.",
        ),
        (
            {"sd[g]": None},
            DataError,
            f"1 parameter has no value: sd[g]. Given: b[Intercept], b[x], sigma. Needed: {KNOWN}. Add "
            f"'sd[g]' "
            "to params.",
        ),
        (
            {"sd[g]": -1.0},
            DataError,
            "'sd[g]' is -1. Allowed: a standard deviation, 0 or more. Take the square root of a variance, "
            "without a sign.",
        ),
        ({"sigma": 0}, DataError, "'sigma' is 0. Allowed: numbers above 0. Choose another value."),
        (
            {"b[x]": float("nan")},
            DataError,
            "'b[x]' is nan. Allowed: finite numbers. Write {'b[x]': 0.5}, say.",
        ),
        ({"b[x]": "1"}, ArgumentTypeError, "'b[x]' is a number; str is given. Write {'b[x]': 0.5}, say."),
    ],
)
def test_refused_parameters(change, error, message):
    model = hb.Model("y ~ x + (1 | g)", FRAME)
    params = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(error) as caught:
        model.simulate(params)
    assert str(caught.value) == message


def test_no_distribution_at_a_linear_predictor():
    model = hb.Model("ticks ~ x + (1 | g)", FRAME, family="poisson", link="identity")
    with pytest.raises(DataError, match="outside of 0 to inf in 60 of 60 rows"):
        model.simulate({"b[Intercept]": -50.0, "b[x]": 0.1, "sd[g]": 0.1}, seed=1)
    loud = hb.Model("cost ~ w + (1 | g)", FRAME, family="gaussian", link="log")
    with pytest.raises(DataError, match=r"is beyond 1e\+100 in 60 of 60 rows"):
        loud.simulate({"b[Intercept]": 900.0, "b[w]": 0.1, "sd[g]": 0.1, "sigma": 1.0}, seed=1)
    counts = hb.Model("ticks ~ x + (1 | g)", FRAME, family="poisson")
    with pytest.raises(DataError, match=r"is beyond 9.01e\+15 in 60 of 60 rows"):
        counts.simulate({"b[Intercept]": 900.0, "b[x]": 0.1, "sd[g]": 0.1}, seed=1)


def test_a_response_that_was_simulated_can_be_fitted():
    """One model, recovered: every parameter within its 99.9 % interval."""
    params = {"b[Intercept]": 0.3, "b[x]": 0.8, "sd[g]": 0.7, "sigma": 1.1}
    frame = hb.simulate(
        "y ~ x + (1 | g)",
        sizes={"g": 60, "row": (5, 30)},
        covariates={"x": "normal(0, 1)"},
        params=params,
        seed=8,
    )
    fit = hb.fit("y ~ x + (1 | g)", frame, seed=1, draws=500, progress=False)
    draws = {
        "b[Intercept]": fit.posterior["b"].sel(term="Intercept"),
        "b[x]": fit.posterior["b"].sel(term="x"),
        "sd[g]": fit.posterior["sd_g"].squeeze(),
        "sigma": fit.posterior["sigma"],
    }
    for name, value in params.items():
        low, high = np.quantile(draws[name], [0.0005, 0.9995])
        assert low < value < high, name
    effects = pd.Series(frame.attrs["truth"]["effects"]["g"]["Intercept"])
    means = fit.posterior["u_g"].mean(["chain", "draw"]).squeeze().to_series()
    assert np.corrcoef(effects, means[effects.index])[0, 1] > 0.8
