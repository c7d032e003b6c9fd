"""Columns of the data that are called like columns and dimensions of ours."""

from __future__ import annotations

import numpy as np
import pytest
from plugin import random_fit

import hierbayes as hb
from hierbayes import names


def fit_with(x: str = "x", g: str = "g") -> hb.Fit:
    rng = np.random.default_rng(1)
    n = 40
    frame = {"y": rng.normal(size=n), x: rng.normal(size=n), "f": rng.choice(["a", "b"], n)}
    frame[g] = rng.choice(list("klmno"), n)
    return random_fit(hb.Model(f"y ~ {x} + f + (1 + {x} | {g})", frame), chains=2, draws=20)


def same_numbers(table, plain):
    """The tables agree, but for the name of one column."""
    assert len(table.columns) == len(plain.columns)
    for name, other in zip(table.columns, plain.columns, strict=True):
        if name in ("mean", "sd", "lower", "upper"):
            assert name == other
            np.testing.assert_array_equal(table[name], plain[other])


@pytest.mark.parametrize("name", ["sd", "chain", "point", "column"])
def test_a_column_of_numbers_may_be_called_like_one_of_ours(name):
    fit, plain = fit_with(x=name), fit_with()
    frame, other = ({x: [0.5, 1.0], "f": ["a", "b"], "g": ["k", "new"]} for x in (name, "x"))
    same_numbers(fit.predict(frame, kind="mean"), plain.predict(other, kind="mean"))
    same_numbers(fit.effects(f"{name}:f"), plain.effects("x:f"))
    same_numbers(fit.comparisons("f", by=name, over="grid"), plain.comparisons("f", by="x", over="grid"))
    same_numbers(fit.vpc({name: [0.0, 1.0]}), plain.vpc({"x": [0.0, 1.0]}))
    for table in (fit.effects(name), fit.vpc({name: [0.0, 1.0]}), fit.predict(frame)):
        assert len(str(table).splitlines()) > 2
    for draw in (fit.plot.variance, fit.plot.vpc):
        draw(backend="none")
    picture = fit.plot.effects(f"{name}:f", backend="none")
    assert picture is not None
    drawn, other = fit.effects(name, draws=True), plain.effects("x", draws=True)
    assert drawn.sizes == other.sizes
    assert names.apart(name, ("chain", "draw", "point")) in drawn.coords


@pytest.mark.parametrize("name", ["mean", "draw"])
def test_a_grouping_factor_may_be_called_like_one_of_ours(name):
    fit, plain = fit_with(g=name), fit_with()
    same_numbers(fit.predictive_check("mean", by=name), plain.predictive_check("mean", by="g"))
    same_numbers(fit.design_effect(), plain.design_effect())
    same_numbers(fit.comparisons("f", by=name), plain.comparisons("f", by="g"))
    str(fit.predictive_check("mean", by=name))
    shares = fit.vpc(draws=True)
    assert list(shares.data_vars) == [names.drawn(name)]
    np.testing.assert_array_equal(shares[names.drawn(name)], plain.vpc(draws=True)["g"])
    fit.plot.vpc(backend="none")


def test_a_name_is_set_apart_once_for_each_name_of_ours():
    assert names.apart("age", ("sd", "sd_")) == "age"
    assert names.apart("sd", ("sd", "sd_")) == "sd__"


def test_the_intervals_of_cut_are_no_values_of_its_column():
    rng = np.random.default_rng(2)
    frame = {"y": rng.normal(size=40), "x": rng.normal(size=40), "g": rng.choice(list("klm"), 40)}
    fit = random_fit(hb.Model("y ~ cut(x, 3) + (1 | g)", frame), chains=2, draws=20)
    table = fit.comparisons("x")
    assert np.isfinite(table["mean"]).all()
    assert (
        fit.effects("x", points=5)["x"].tolist() == np.linspace(min(frame["x"]), max(frame["x"]), 5).tolist()
    )
    few = hb.Model("y ~ cut(k, 2) + (1 | g)", {**frame, "k": np.arange(40) % 3 == 0})
    assert random_fit(few, draws=20).effects("k")["k"].tolist() == ["False", "True"]
    factor = random_fit(hb.Model("y ~ factor(k) + (1 | g)", {**frame, "k": np.arange(40) % 3}), draws=20)
    assert factor.effects("k")["k"].tolist() == [0.0, 1.0, 2.0]


def test_a_boolean_may_be_a_factor_and_a_number_in_one_formula():
    rng = np.random.default_rng(3)
    frame = {"y": rng.normal(size=40), "z": rng.normal(size=40), "g": rng.choice(list("klm"), 40)}
    frame |= {"x": rng.integers(0, 2, 40).astype(bool)}
    fit = random_fit(hb.Model("y ~ x + I(x * z) + (1 | g)", frame), chains=2, draws=20)
    table = fit.effects("x", at={"z": 2.0}, groups="typical")
    b = fit.fixef().set_index("term")["mean"]
    jump = table["mean"].diff().iloc[1]
    np.testing.assert_allclose(jump, b["x[True]"] + 2 * b["I(x * z)"], rtol=1e-9)
    str(fit.describe())


def test_a_factor_called_intercept_is_no_parameter():
    fit = fit_with(g="Intercept")
    assert fit.summary()["parameter"].tolist() == fit_with().summary()["parameter"].tolist()


def test_a_model_of_cutpoints_alone_has_no_standardized_coefficients():
    rng = np.random.default_rng(1)
    frame = {"y": rng.integers(0, 3, 40), "g": rng.choice(list("klm"), 40)}
    fit = random_fit(hb.Model("y ~ 1 + (1 | g)", frame, family="cumulative"), chains=2, draws=20)
    assert fit.standardized().empty
    assert "term" in str(fit.standardized())
    assert "Model." in str(fit.describe())


def test_a_column_called_like_an_argument_of_pandas():
    fit, plain = fit_with(x="self"), fit_with()
    same_numbers(fit.effects("self", points=3), plain.effects("x", points=3))
    same_numbers(fit.slopes("self"), plain.slopes("x"))
    np.testing.assert_array_equal(
        fit.predict(groups="typical")["mean"], plain.predict(groups="typical")["mean"]
    )


def test_numbers_that_part_the_levels_of_a_factor_are_held_at_one_of_theirs():
    rng = np.random.default_rng(1)
    h = np.repeat(np.arange(4), 10)
    frame = {"y": rng.normal(size=40), "x": rng.normal(size=40), "h": h, "g": 3 * h + np.arange(40) % 3}
    fit = random_fit(hb.Model("y ~ x + (1 | gr(g, by = h))", frame), chains=2, draws=20)
    words = random_fit(
        hb.Model("y ~ x + (1 | gr(g, by = h))", {**frame, "h": h.astype(str)}), chains=2, draws=20
    )
    assert np.isfinite(fit.effects("x")["mean"]).all()
    same_numbers(fit.effects("x"), words.effects("x"))
    assert fit.effects("h")["h"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert str(fit.describe())
