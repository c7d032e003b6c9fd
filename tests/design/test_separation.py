"""Outcomes that columns or groups foretell without error: what is said, and that such models sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb

LEANS = "grow without bound, so the posterior is proper only through the priors, and leans on them"
OWN = "their own rows set no bound to their effects, which lean on the other groups and the priors"


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    n = 120
    x, w = rng.normal(size=(2, n)).round(3)
    f = np.array(["a", "b", "c"])[np.arange(n) % 3]
    noise = rng.integers(0, 2, n)
    return pd.DataFrame(
        {
            "x": x,
            "w": w,
            "f": f,
            "g": np.arange(n) // 6 + 1,
            "noise": noise,
            "by_x": (x > 0.3).astype(int),
            "by_both": (x + w > 0.1).astype(int),
            "by_c": np.where(f == "c", 0, noise),
            "by_a": np.where(f == "a", 1, noise),
            "pass": np.where(x > 0.3, "yes", "no"),
            "n": 5,
            "won": np.where(f == "c", 5, rng.integers(1, 5, n)),
        }
    )


def messages(formula: str, family: str = "bernoulli", data: pd.DataFrame | None = None) -> list[str]:
    given = frame() if data is None else data
    found = hb.Model(formula, given, family=family).messages
    return [m for m in found if "without bound" in m or "set no bound" in m]


def test_a_column_that_separates_completely():
    data = frame()
    low, high = data.x[data.by_x == 0].max(), data.x[data.by_x == 1].min()
    ones, zeros = (data.by_x == 1).sum(), (data.by_x == 0).sum()
    expected = (
        f"x separates the outcomes completely: all {ones} rows where it is above {low:.4g} are 1 and all "
        f"{zeros} rows where it is below {high:.4g} are 0; the data alone would let its coefficient {LEANS}"
    )
    assert messages("by_x ~ w + x") == [expected]
    turned = messages("by_x ~ w + I(-x)")
    assert len(turned) == 1
    assert "I(-x) separates the outcomes completely" in turned[0]
    assert "are yes and" in messages("pass ~ x + w")[0]


def test_a_level_of_a_factor_with_one_outcome():
    n = (frame().f == "c").sum()
    assert messages("by_c ~ f + x") == [
        f"f[c] separates a part of the outcomes: all {n} rows where it is above 0 are 0; the data alone "
        f"would let its coefficient {LEANS}"
    ]
    # The reference level has no column: the intercept and the other levels' columns foretell it together.
    assert messages("by_a ~ f + x") == [
        f"a combination of 'Intercept', 'f[b]', 'f[c]' foretells the outcomes of {n} of the 120 rows without "
        f"error; the data alone would let their coefficients {LEANS}"
    ]


def test_a_combination_of_columns():
    (found,) = messages("by_both ~ x + w + f")
    assert found.startswith(
        "a combination of 'Intercept', 'x', 'w' foretells the outcomes of all rows without"
    )


def test_successes_out_of_trials():
    (found,) = messages("won | trials(n) ~ f", "binomial")
    assert found.startswith(
        "f[c] separates a part of the outcomes: all 40 rows where it is above 0 are successes"
    )
    assert messages("won | trials(n) ~ x", "binomial") == []


def test_without_an_intercept_the_bound_is_zero():
    """x parts the outcomes at 0.3, but a line through the origin does not."""
    assert messages("by_x ~ 0 + x") == []
    data = frame().assign(sign=lambda d: (d.x > 0).astype(int))
    assert messages("sign ~ 0 + x", data=data)[0].startswith("x foretells the outcomes of all rows")


def test_what_is_not_separated_is_not_remarked_on():
    assert messages("noise ~ x + w + f + x:w") == []
    assert messages("x ~ w + f + (1 | g)", "gaussian") == []
    data = frame()
    one = data.index[data.by_x == 1][0]
    data.loc[one, "x"] = -10.0  # a single row in the wrong place
    assert messages("by_x ~ x + w", data=data) == []


def test_groups_whose_outcomes_are_alike_are_counted():
    data = frame()
    data.loc[data.g.isin([2, 5, 6, 7, 11]), "noise"] = 0
    data.loc[data.g == 9, "noise"] = 1
    others = data[~data.g.isin([2, 5, 6, 7, 11, 9])].groupby("g")["noise"].mean()
    assert others.between(0.01, 0.99).all()
    assert messages("noise ~ x + (1 | g)", data=data) == [
        "g: in 6 of the 20 groups all outcomes are alike, 5 all 0 (2, 5, 6 and 2 more) and 1 all 1 (9); "
        + OWN
    ]
    assert messages("noise ~ x + (1 | f)", data=data) == []


def test_a_refit_remarks_on_its_own_response():
    model = hb.Model("by_x ~ x + (1 | f)", frame(), family="bernoulli")
    assert any("separates" in m for m in model.messages)
    fit = model.refit(frame()["noise"], draws=5, tune=5, chains=1, seed=1, progress=False)
    assert not any("separates" in m for m in fit.design.messages)


@pytest.mark.sampling
@pytest.mark.parametrize("formula", ["by_x ~ x + w + (1 | g)", "by_c ~ f + (1 | g)"])
def test_separated_outcomes_sample_without_divergences(formula):
    data = frame()
    data.loc[data.g.isin([2, 5, 6]), "by_c"] = 0
    fit = hb.fit(formula, data, family="bernoulli", seed=3, progress=False)
    verdict = fit.check()
    assert verdict.ok, str(verdict)
    assert int(fit.idata["sample_stats"]["diverging"].sum()) == 0
    assert "proper only through the priors" in " ".join(str(fit).split())
