"""What clustering costs, and what columns explain: published figures, simulation, identities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import fit_at_lme4, fit_from, posterior_at, random_fit
from tolerances import monte_carlo

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError

pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
"""R-hat of draws that are all the same."""


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    sizes = [2, 3, 5, 8, 12, 20]
    g = np.repeat(list("abcdef"), sizes)
    n = len(g)
    level = pd.Series(g).map(dict(zip("abcdef", rng.normal(size=6), strict=True))).to_numpy()
    return pd.DataFrame(
        {
            "g": g,
            "h": rng.choice(list("pqr"), n),
            "level": level,
            "x": rng.normal(size=n),
            "y": rng.normal(size=n),
            "won": rng.integers(0, 2, n),
            "grade": pd.Categorical(rng.choice(["low", "mid", "top"], n), ordered=True),
        }
    )


def value(table, **where) -> float:
    for column, label in where.items():
        table = table[table[column] == label]
    return table["mean"].item()


def test_published_design_effect_of_exam_m1(model_of):
    fit = fit_at_lme4(model_of("exam", "m1"), "exam", "m1")
    table = fit.design_effect()
    assert round(fit.design.n / 65, 2) == 62.45
    assert round(value(table, quantity="design effect", sizes="mean"), 2) == 11.20
    assert round(value(table, quantity="effective n", sizes="mean"), 1) == 362.6


def test_posterior_design_effect_contains_the_published(fit_of):
    table = fit_of("exam", "m1").design_effect().set_index(["quantity", "sizes"])
    for quantity, figure in (("design effect", 11.20), ("effective n", 362.6)):
        row = table.loc[quantity, "mean"]
        assert row["lower"] < figure < row["upper"]
    assert table.attrs["notes"] == ()
    (note,) = fit_of("exam", "m4").design_effect().attrs["notes"]
    assert note.startswith("rho is of the response given the population columns.")


def test_unequal_sizes_by_simulation(frame):
    """Variances of the plain and of the weighted mean over 200,000 samples of responses."""
    model = hb.Model("y ~ 1 + (1 | g)", frame)
    values = {"b": [0.0], "sd_g": [0.6], "u_g": np.zeros((6, 1)), "sigma": 0.8}
    fit = fit_from(model, posterior_at(model, {k: np.asarray(v) for k, v in values.items()}))
    rng, sizes, samples = np.random.default_rng(3), fit.design.groups[0].sizes, 200_000
    means = 0.6 * rng.normal(size=(samples, 6)) + 0.8 * rng.normal(size=(samples, 6)) / np.sqrt(sizes)
    table = fit.design_effect()
    weights = {
        "unequal": sizes / sizes.sum(),
        "weighted": (w := 1 / (0.36 + 0.64 / sizes)) / w.sum(),
    }
    for how, weight in weights.items():
        variance = (means @ weight).var() * sizes.sum()
        expected = value(table, quantity="design effect", sizes=how)
        assert monte_carlo(variance, expected, variance * np.sqrt(2 / samples))


def test_several_terms_add(frame):
    fit = random_fit(hb.Model("y ~ 1 + (1 | g) + (1 | h)", frame), draws=10)
    effects = fit.design_effect(draws=True)
    for how in ("mean", "unequal"):
        one, other, both = (
            effects[name].sel(quantity="design effect", sizes=how) for name in ("g", "h", "(all)")
        )
        np.testing.assert_allclose(both, one + other - 1, rtol=1e-12)
    np.testing.assert_allclose(
        effects["g"].sel(quantity="effective n") * effects["g"].sel(quantity="design effect"), 50, rtol=1e-12
    )


def test_binary_responses_have_the_correlation_of_responses(frame):
    fit = random_fit(hb.Model("won ~ 1 + (1 | g)", frame, family="bernoulli"), draws=10)
    rho = fit.vpc(method="simulation", draws=True)["g"]
    got = fit.design_effect(draws=True)["g"].sel(quantity="design effect", sizes="mean")
    np.testing.assert_allclose(got, 1 + (50 / 6 - 1) * rho, rtol=1e-12)


def test_columns_of_the_groups_count_groups(frame, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    table = random_fit(hb.Model("y ~ x + level + (1 | g)", frame), draws=5).design_effect("columns")
    rows = table.set_index("variable")
    sizes = np.array([2, 3, 5, 8, 12, 20])
    assert rows.loc["level", "icc"] == pytest.approx(1.0)
    assert rows.loc["level", "effective_n"] == pytest.approx(50 / ((sizes**2).sum() / 50))
    assert rows.loc["x", "effective_n"] > 15
    assert "no posterior" in repr(table)


def test_refusals_of_design_effects(frame):
    grade = random_fit(hb.Model("y ~ x", frame), draws=5)
    with pytest.raises(DataError) as caught:
        grade.design_effect()
    assert str(caught.value) == "A design effect is of groups, and the model has none: y ~ x."
    fit = random_fit(hb.Model("y ~ x + (1 | g)", frame), draws=5)
    with pytest.raises(UnknownNameError, match="'column' is not a known value of `of`"):
        fit.design_effect("column")
    with pytest.raises(DataError, match="The columns are not modelled: their design effects have no draws"):
        fit.design_effect("columns", draws=True)
    model = hb.Model("grade ~ x + (1 | g)", frame, family="cumulative")
    values = {"b": np.zeros(1), "sd_g": np.ones(1), "u_g": np.zeros((6, 1))}
    posterior = posterior_at(model, values).assign(
        cutpoints=(("chain", "draw", "cutpoint"), np.tile([-1.0, 1.0], (2, 5, 1)))
    )
    with pytest.raises(DataError, match="for categories with the logit link it is not defined"):
        fit_from(model, posterior).design_effect()


def test_variance_explained_at_lme4s_estimates(model_of):
    null, full = (fit_at_lme4(model_of("exam", name), "exam", name) for name in ("m1", "m2"))
    table = hb.variance_explained(null, full).set_index("group")
    assert table.loc["school", "mean"] == pytest.approx(1 - 0.09213 / 0.1686, abs=2e-4)
    assert table.loc["Residual", "mean"] == pytest.approx(1 - 0.56573 / 0.8478, abs=2e-4)
    assert list(table.columns[:3]) == ["variance_null", "variance_full", "mean"]


def test_variance_explained_of_posteriors(fit_of):
    null, full = fit_of("exam", "m1"), fit_of("exam", "m2")
    table = hb.variance_explained(null, full).set_index("group")
    for group, figure in (("school", 0.4536), ("Residual", 0.3327)):
        assert table.loc[group, "lower"] < figure < table.loc[group, "upper"]
    draws = hb.variance_explained(null, full, draws=True)["Residual"]
    sigma = [fit.posterior["sigma"] for fit in (null, full)]
    np.testing.assert_allclose(draws, 1 - (sigma[1] / sigma[0]) ** 2, rtol=1e-12)


def test_variances_of_other_data_are_not_compared(frame, model_of):
    one = random_fit(hb.Model("y ~ x + (1 | g)", frame), draws=5)
    fewer = random_fit(hb.Model("y ~ x + (1 | g)", frame.iloc[3:]), draws=5)
    with pytest.raises(DataError, match="null uses 50 rows and full 47"):
        hb.variance_explained(one, fewer)
    other = random_fit(hb.Model("won ~ x + (1 | g)", frame, family="bernoulli"), draws=5)
    with pytest.raises(DataError) as caught:
        hb.variance_explained(one, other)
    assert str(caught.value) == (
        "Variances are on the scale of family and link, and the fits are gaussian with the identity link and "
        "bernoulli with the logit link."
    )
    binary = random_fit(hb.Model("won ~ x + (1 | h)", frame, family="bernoulli"), draws=5)
    with pytest.raises(DataError, match="The two fits have no variance in common: g in the first, h in the"):
        hb.variance_explained(other, binary)
    null = random_fit(hb.Model("won ~ 1 + (1 | g)", frame, family="bernoulli"), seed=5, draws=5)
    assert "stretch the scale" in " ".join(hb.variance_explained(null, other).attrs["notes"])
