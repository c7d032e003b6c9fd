"""Several terms on one factor: tables as lme4 shows them; terms of the levels of `gr(g, by = s)`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import fit_from, posterior_at, random_fit

import hierbayes as hb

# Draws that are all the same have no R-hat.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = 90
    g = rng.integers(0, 8, n)
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "won": rng.integers(0, 2, n),
            "x": rng.normal(1, 1, n),
            "g": [f"g{k}" for k in g],
            "s": np.where(g < 3, "Public", "Private"),
            "h": rng.integers(0, 4, n),
        }
    )


@pytest.fixture(scope="module")
def fit(frame) -> hb.Fit:
    return random_fit(hb.Model("y ~ x + (1 | g) + (1 | h) + (0 + x | g)", frame))


@pytest.mark.parametrize("what", ["ranef", "coef"])
def test_terms_of_one_factor_stand_side_by_side(fit, what):
    table = getattr(fit, what)()
    assert list(table["group"].unique()) == ["g", "h"]
    own = table[table["group"] == "g"]
    assert list(own["level"]) == [f"g{k}" for k in range(8) for _ in range(2)]
    assert list(own["term"]) == ["Intercept", "x"] * 8
    draws = getattr(fit, what)("g", draws=True)
    symbol = "u" if what == "ranef" else "coef"
    assert set(draws.data_vars) == {f"{symbol}_g", f"{symbol}_g.1"}
    means = [draws[f"{symbol}_g"].mean(("chain", "draw")), draws[f"{symbol}_g.1"].mean(("chain", "draw"))]
    np.testing.assert_allclose(own["mean"], np.column_stack([m.to_numpy()[:, 0] for m in means]).ravel())
    pd.testing.assert_frame_equal(getattr(fit, what)("g"), own.reset_index(drop=True), check_like=False)


def test_one_term_can_be_asked_for(fit):
    table = fit.coef("g.1")
    assert set(table["term"]) == {"x"}
    assert set(table["group"]) == {"g"}
    assert set(fit.coef("g.1", draws=True).data_vars) == {"coef_g.1"}


def test_names_of_variables_stay(fit):
    assert {"sd_g", "sd_g.1", "u_g", "u_g.1"} <= set(fit.posterior.data_vars)
    assert list(fit.varcorr()["group"]) == ["g", "h", "g.1", "Residual"]


def test_a_term_within_another_is_said_and_is_one_term(frame):
    model = hb.Model("y ~ x + (1 | g) + (x | g)", frame)
    assert [(g.name, g.terms) for g in model.spec.groups] == [("g", ("Intercept", "x"))]
    assert model.messages == (
        "(1 | g) is part of (1 + x | g): they are one group term, with the same model of the data",
    )
    plain = hb.Model("y ~ x + (x | g)", frame)
    assert (plain.spec.groups, plain.spec.priors) == (model.spec.groups, model.spec.priors)
    table = random_fit(model).coef()
    assert list(table["term"][:2]) == ["Intercept", "x"]


BY = {"b": [0.2, 0.5], "sigma": 0.8}
SD = {"Private": np.array([0.6, 0.3]), "Public": np.array([1.1, 0.7])}
RHO = {"Private": 0.4, "Public": -0.5}


@pytest.fixture(scope="module")
def by(frame) -> hb.Fit:
    model = hb.Model("y ~ x + (1 + x | gr(g, by = s)) + (1 | h)", frame)
    values = {**BY, "sd_h": [0.5], "u_h": np.zeros((4, 1))}
    for label, sd in SD.items():
        n_groups = frame.loc[frame["s"] == label, "g"].nunique()
        name = f"g:s[{label}]"
        values |= {
            f"sd_{name}": sd,
            f"cor_{name}": np.array([[1, RHO[label]], [RHO[label], 1]]),
            f"u_{name}": np.arange(2.0 * n_groups).reshape(n_groups, 2) / 10,
        }
    return fit_from(model, posterior_at(model, values))


def between(frame, label, x):
    (s0, s1), r = SD[label], RHO[label]
    return s0**2 + 2 * r * s0 * s1 * x + s1**2 * x**2


def test_the_vpc_of_a_level_is_over_its_rows(by, frame):
    found = by.vpc().set_index("group")["mean"]
    of_rows = {label: between(frame, label, frame.loc[frame["s"] == label, "x"]) for label in SD}
    rest = 0.5**2 + 0.8**2
    for label, variance in of_rows.items():
        expected = variance.mean() / (variance.mean() + rest)
        assert found[f"g:s[{label}]"] == pytest.approx(expected, rel=1e-12)
    everywhere = pd.concat(of_rows.values()).mean()
    assert found["h"] == pytest.approx(0.5**2 / (everywhere + rest), rel=1e-12)
    assert "rows of that level" in by.vpc().attrs["definition"]


def test_the_vpc_of_a_level_at_a_value(by, frame):
    found = by.vpc(at={"x": [-1.0, 2.0]}).set_index(["group", "x"])["mean"]
    share = {label: (frame["s"] == label).mean() for label in SD}
    for x in (-1.0, 2.0):
        rest = 0.5**2 + 0.8**2
        for label in SD:
            variance = between(frame, label, x)
            assert found[f"g:s[{label}]", x] == pytest.approx(variance / (variance + rest), rel=1e-12)
        everywhere = sum(share[label] * between(frame, label, x) for label in SD)
        assert found["h", x] == pytest.approx(0.5**2 / (everywhere + rest), rel=1e-12)


@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
def test_pooling_is_that_of_each_level_alone(frame, family):
    """The pooling factors, and the estimates of the group's own rows, are those without the other rows."""
    response = "y" if family == "gaussian" else "won"
    sd, sigma = 0.7, {"sigma": 0.8} if family == "gaussian" else {}
    whole = hb.Model(f"{response} ~ x + (1 | gr(g, by = s))", frame, family=family)
    values = {"b": BY["b"], **sigma}
    for group in whole.design.groups:
        values |= {f"sd_{group.name}": [sd], f"u_{group.name}": np.zeros((group.n_groups, 1))}
    tables = fit_from(whole, posterior_at(whole, values)).shrinkage().set_index("level")
    assert list(tables["group"].unique()) == ["g:s[Private]", "g:s[Public]"]
    for label in SD:
        part = frame[frame["s"] == label]
        model = hb.Model(f"{response} ~ x + (1 | g)", part, family=family)
        n_groups = model.design.groups[0].n_groups
        alone = {"b": BY["b"], **sigma, "sd_g": [sd], "u_g": np.zeros((n_groups, 1))}
        expected = fit_from(model, posterior_at(model, alone)).shrinkage().set_index("level")
        for column in ("n", "no_pooling", "no_pooling_se", "pooling_factor", "mean"):
            np.testing.assert_allclose(tables.loc[expected.index, column], expected[column], rtol=1e-8)
        if family == "gaussian":
            factor = 1 - sd**2 / (sd**2 + 0.8**2 / expected["n"])
            np.testing.assert_allclose(tables.loc[expected.index, "pooling_factor"], factor, rtol=1e-10)


def test_tables_show_the_factor_with_all_its_groups(by):
    table = by.coef("g")
    assert set(table["group"]) == {"g"}
    assert set(table["level"]) == {f"g{k}" for k in range(8)}
    public = table[(table["level"] == "g1") & (table["term"] == "x")]["mean"].item()
    assert public == pytest.approx(0.5 + 0.3)


def test_linear_predictors_pictures_and_files(by, frame, tmp_path):
    from hierbayes.estimates.predictions.prediction import linpred

    eta = linpred(by).isel(chain=0, draw=0).to_numpy()
    table = by.coef("g").set_index(["level", "term"])["mean"]
    expected = [table[row.g, "Intercept"] + table[row.g, "x"] * row.x for row in frame.itertuples()]
    np.testing.assert_allclose(eta, expected, rtol=1e-12)
    drawn = random_fit(hb.Model("y ~ x + (1 + x | gr(g, by = s)) + (1 | h)", frame), draws=50)
    for plot in ("vpc", "shrinkage", "caterpillar", "group_lines"):
        getattr(drawn.plot, plot)(backend="none")
    again = hb.load(by.save(tmp_path / "by.nc"))
    assert again.design.recipe == by.design.recipe
    pd.testing.assert_frame_equal(again.coef(), by.coef())
