"""Contrasts of a factor's levels against sums of coefficients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit
from tolerances import IDENTITY

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError

RNG = np.random.default_rng(4)
N = 90
FRAME = pd.DataFrame(
    {
        "x": RNG.normal(0, 2, N),
        "kind": RNG.choice(["a", "b", "c"], N),
        "ch": RNG.choice(["N", "Y"], N),
        "year": RNG.choice([1.0, 2.0], N),
        "g": RNG.integers(0, 5, N).astype(str),
        "y": RNG.normal(size=N),
        "mode": RNG.choice(["bus", "car", "walk"], N),
    }
)


def fit(formula, family="gaussian"):
    return random_fit(hb.Model(formula, FRAME, family=family), draws=100)


@pytest.fixture(scope="module")
def plain():
    return fit("y ~ x + kind*ch + factor(year) + (1 + kind | g)")


def b_of(given, *terms, name="b", dim="term"):
    return sum(given.posterior[name].sel({dim: term}).to_numpy() for term in terms)


def test_all_pairs_are_differences_of_coefficients(plain):
    table = plain.contrasts("kind")
    assert list(table.columns) == [
        *("contrast", "mean", "sd", "lower", "upper", "probability", "ess_bulk", "r_hat")
    ]
    assert table["contrast"].tolist() == ["b - a", "c - a", "c - b"]
    b, c = b_of(plain, "kind[b]"), b_of(plain, "kind[c]")
    np.testing.assert_allclose(table["mean"], [b.mean(), c.mean(), (c - b).mean()], rtol=1e-9)
    share = [(d > 0).mean() for d in (b, c, c - b)]
    np.testing.assert_allclose(table["probability"], np.maximum(share, np.subtract(1, share)), rtol=IDENTITY)
    assert table.attrs["held"] == "ch = N"
    assert table.attrs["notes"] == ("kind interacts with ch: contrasts hold where these are held",)


def test_contrasts_by_a_column_that_interacts(plain):
    draws = plain.contrasts("kind", by="ch", draws=True)["c - b"]
    assert draws.dims == ("chain", "draw", "part")
    assert draws["ch"].to_numpy().tolist() == ["N", "Y"]
    main = b_of(plain, "kind[c]") - b_of(plain, "kind[b]")
    more = b_of(plain, "kind[c]:ch[Y]") - b_of(plain, "kind[b]:ch[Y]")
    np.testing.assert_allclose(draws[..., 0], main, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(draws[..., 1], main + more, rtol=1e-9, atol=1e-12)
    held = plain.contrasts("kind", at={"ch": "Y"}, draws=True)["c - b"]
    np.testing.assert_allclose(held[..., 0], draws[..., 1], rtol=IDENTITY)
    assert plain.contrasts("kind", at={"ch": "Y"}).attrs["held"] == "ch = Y"


def test_contrasts_are_hypotheses_without_an_interaction(plain):
    table = plain.contrasts("year", rope=(-0.2, 0.2))
    same = plain.hypothesis("factor(year)[2]", rope=(-0.2, 0.2))
    for column in ("mean", "sd", "lower", "rope", "ess_bulk"):
        assert table[column][0] == pytest.approx(same[column][0], rel=1e-8)
    assert "held" not in table.attrs


def test_predictors_that_the_factor_is_in():
    table = fit(hb.formula("y ~ x + (1 | g)", sigma="~ kind")).contrasts("kind")
    assert table["predictor"].tolist() == ["sigma"] * 3
    given = fit("mode ~ kind + (1 | g)", "categorical")
    table = given.contrasts("kind")
    assert table.attrs["notes"] == ("comparisons('kind') has differences of expected responses",)
    assert table["predictor"].tolist() == ["car"] * 3 + ["walk"] * 3
    walk = b_of(given, "kind[b]", name="b_muwalk", dim="muwalk_term")
    assert table["mean"][3] == pytest.approx(walk.mean(), rel=1e-9)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"column": "x"},
            DataError,
            "'x' is a column of numbers: it has no levels to contrast. Use slopes('x'), or write factor(x) "
            "in the formula.",
        ),
        (
            {"column": "g"},
            DataError,
            "'g' has no population coefficients to contrast. pairwise('g') compares its groups.",
        ),
        (
            {"column": "knd"},
            UnknownNameError,
            "'knd' is not a known column of the model. Did you mean 'kind'? Known: x, kind, ch, year, g.",
        ),
        (
            {"column": "kind", "at": {"kind": "a"}},
            DataError,
            "'kind' is both contrasted and held by `at`. Leave it out of one.",
        ),
        (
            {"column": "kind", "by": "kind"},
            DataError,
            "'kind' is contrasted, and cannot be one of `by` too. Leave it out there.",
        ),
    ],
)
def test_refusals(plain, options, error, message):
    with pytest.raises(error) as caught:
        plain.contrasts(**options)
    assert str(caught.value) == message


def test_an_interaction_alone_where_the_other_column_is_zero():
    given = fit("y ~ scale(x):kind + (1 | g)")
    at_mean = given.contrasts("kind")
    assert (at_mean["mean"] == 0).all()
    assert len(at_mean) == 3
    assert "kind interacts with x" in at_mean.attrs["notes"][0]
    elsewhere = given.contrasts("kind", at={"x": FRAME["x"].mean() + FRAME["x"].std()})
    b = given.posterior["b"]
    names = list(map(str, b["term"].to_numpy()))
    first, second = (b.sel(term=name).mean() for name in names[1:3])
    np.testing.assert_allclose(elsewhere["mean"].iloc[0], second - first, rtol=1e-9)
