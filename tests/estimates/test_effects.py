"""Conditional effects, slopes and comparisons against plain arithmetic on coefficients and rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit
from scipy.special import expit, logit
from tolerances import IDENTITY

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError

RNG = np.random.default_rng(12)
N = 80
FRAME = pd.DataFrame(
    {
        "age": RNG.normal(0, 8, N),
        "ch": RNG.choice(["N", "Y"], N),
        "kind": RNG.choice(["c", "a", "b"], N),
        "year": RNG.choice([1.0, 2.0, 3.0], N),
        "g": RNG.integers(0, 5, N).astype(str),
        "n": RNG.integers(2, 9, N),
    }
)
FRAME["y"] = RNG.normal(size=N)
FRAME["use"] = RNG.integers(0, 2, N)
FRAME["wins"] = RNG.binomial(FRAME["n"], 0.4)
FRAME["mode"] = RNG.choice(["bus", "car", "walk"], N)

BINARY = "use ~ age*ch + I(age^2) + kind + (1 + age | g)"


def fit(formula=BINARY, family="bernoulli", **options):
    return random_fit(hb.Model(formula, FRAME, family=family, **options), draws=60)


@pytest.fixture(scope="module")
def binary():
    return fit()


@pytest.fixture(scope="module")
def linear():
    return fit("y ~ age*ch + kind + factor(year) + (1 + age | g)", "gaussian")


def b_of(given, *terms):
    return sum(given.posterior["b"].sel(term=term).to_numpy() for term in terms)


def means(table):
    return table["mean"].to_numpy()


def test_effects_follow_the_formula_on_raw_columns(binary):
    draws = binary.effects("age:ch", at={"kind": "b", "age": [-10, 5]}, groups="typical", draws=True)
    assert draws.dims == ("chain", "draw", "point")
    assert draws["age"].to_numpy().tolist() == [-10, -10, 5, 5]
    assert draws["ch"].to_numpy().tolist() == ["N", "Y", "N", "Y"]
    eta = b_of(binary, "Intercept", "kind[b]", "ch[Y]")
    eta = eta - 10 * b_of(binary, "age", "age:ch[Y]") + 100 * b_of(binary, "I(age^2)")
    np.testing.assert_allclose(draws[:, :, 1], expit(eta), rtol=IDENTITY)


def test_the_table_of_effects(binary):
    table = binary.effects("age:ch")
    assert list(table.columns) == ["age", "ch", "mean", "sd", "lower", "upper", "ess_bulk", "r_hat"]
    assert len(table) == 200
    assert (table["age"].min(), table["age"].max()) == (FRAME["age"].min(), FRAME["age"].max())
    assert table.attrs["held"] == "kind = a"
    assert table.attrs["estimand"] == "population average: group effects integrated out"
    assert table.attrs["scale"] == "probability of use"
    assert "groups='typical'" in table.attrs["notes"][0]


def test_a_second_column_of_numbers_has_few_values(binary):
    table = binary.effects("ch:age")
    mean, sd = FRAME["age"].mean(), FRAME["age"].std(ddof=0)
    np.testing.assert_allclose(table["age"].unique(), [mean - sd, mean, mean + sd], rtol=IDENTITY)


def test_numbers_that_are_levels(linear):
    table = linear.effects("year")
    assert table["year"].tolist() == [1.0, 2.0, 3.0]
    difference = means(table)[2] - means(table)[0]
    assert difference == pytest.approx(b_of(linear, "factor(year)[3]").mean(), rel=1e-9)


def test_groups_that_are_named_have_their_own_effects(binary):
    draws = binary.effects("age", at={"g": ["1", "3"], "age": [4.0], "ch": "N"}, scale="link", draws=True)
    assert draws["g"].to_numpy().tolist() == ["1", "3"]
    eta = b_of(binary, "Intercept") + 4 * b_of(binary, "age") + 16 * b_of(binary, "I(age^2)")
    u = binary.posterior["u_g"].sel(g="3").to_numpy() @ [1, 4]
    np.testing.assert_allclose(draws[:, :, 1], eta + u, rtol=1e-9)
    assert draws.attrs["estimand"] == "the groups that the rows name"


def test_compared_groups_differ_by_their_effects(linear):
    for over in ("observed", "grid"):
        draws = linear.comparisons({"g": ["1", "3"]}, over=over, at=None, scale="link", draws=True)
        u = linear.posterior["u_g"]
        age = FRAME["age"].mean()
        expected = (u.sel(g="3") - u.sel(g="1")).to_numpy() @ [1, age]
        np.testing.assert_allclose(draws["g: 3 - 1"].isel(part=0), expected, rtol=1e-9, atol=1e-12)
        assert draws.attrs["estimand"] == "the groups that the rows name"


@pytest.mark.parametrize("formula", ["use ~ age + (1 | g) + (1 | kind)", "use ~ age + (1 | g/kind)"])
def test_factors_that_are_not_named_are_averaged_over(formula):
    crossed = fit(formula)
    rows = pd.DataFrame({"age": FRAME["age"].mean(), "g": sorted(FRAME["g"].unique())})
    expected = crossed.epred(rows).mean(("chain", "draw"))
    shown = crossed.effects("g")
    np.testing.assert_allclose(means(shown), expected, rtol=1e-9)
    assert shown.attrs["estimand"] == (
        "the groups that the rows name; effects of other factors integrated out"
    )
    np.testing.assert_allclose(
        means(crossed.effects("age:g", points=2)),
        means(crossed.predict(crossed.effects("age:g", points=2)[["age", "g"]], "mean")),
        rtol=1e-9,
    )
    grid = crossed.comparisons({"age": [0, 1]}, by="g", over="grid")
    assert "one row for each value of `by`" in grid.attrs["over"]
    assert crossed.comparisons("age", over="grid").attrs["over"] == "at one row, the other columns held"
    assert (grid["mean"] != 0).all()
    with pytest.raises(DataError, match="the data have no column 'kind'"):
        crossed.effects("g", groups="own")


def test_numbers_that_name_groups_are_no_numbers():
    numbers = FRAME.assign(g=FRAME["g"].astype(int) * 10)
    given = random_fit(hb.Model("y ~ age + (1 + age | g)", numbers), draws=60)
    words = random_fit(
        hb.Model("y ~ age + (1 + age | g)", numbers.assign(g=numbers["g"].astype(str))), draws=60
    )
    assert given.effects("g")["g"].tolist() == [0, 10, 20, 30, 40]
    for asked in (
        lambda f: f.effects("g"),
        lambda f: f.effects("age:g", points=3),
        lambda f: f.slopes("age", by="g", over="grid"),
        lambda f: f.comparisons("g"),
    ):
        np.testing.assert_allclose(means(asked(given)), means(asked(words)), rtol=1e-9)
    np.testing.assert_allclose(
        means(given.slopes("age", by="g", over="grid")), means(given.slopes("age", by="g")), rtol=1e-6
    )
    with pytest.raises(DataError, match="'g' is a factor with the levels 0, 10, 20, 30, 40"):
        given.slopes("g")


def test_slopes_of_a_linear_model_are_coefficients(linear):
    found = linear.slopes("age", by="ch", draws=True)["age"]
    np.testing.assert_allclose(found[:, :, 0], b_of(linear, "age"), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found[:, :, 1], b_of(linear, "age", "age:ch[Y]"), rtol=1e-6, atol=1e-9)
    own = linear.slopes("age", by="g", draws=True)["age"]
    levels = own["g"].to_numpy().tolist()
    share = (FRAME["ch"] == "Y").groupby(FRAME["g"]).mean()[levels].to_numpy()
    expected = b_of(linear, "age")[..., None] + share * b_of(linear, "age:ch[Y]")[..., None]
    u = linear.posterior["u_g"].sel(g_term="age").sel(g=levels).to_numpy()
    np.testing.assert_allclose(own, expected + u, rtol=1e-6, atol=1e-8)


def test_slopes_on_the_response_scale_are_derivatives(binary):
    found = binary.slopes("age", over="grid", at={"age": 3.0, "ch": "Y"}, groups="typical", draws=True)["age"]
    slope = b_of(binary, "age", "age:ch[Y]") + 6 * b_of(binary, "I(age^2)")
    eta = b_of(binary, "Intercept", "ch[Y]") + 3 * b_of(binary, "age", "age:ch[Y]")
    p = expit(eta + 9 * b_of(binary, "I(age^2)"))
    np.testing.assert_allclose(found[:, :, 0], p * (1 - p) * slope, rtol=1e-5, atol=1e-9)


def test_odds_ratio_of_a_typical_group_is_the_exponential_of_the_coefficient(binary):
    table = binary.comparisons("kind", compare="odds", over="grid", groups="typical")
    assert table["contrast"].tolist() == ["odds(b) / odds(a)", "odds(c) / odds(a)"]
    np.testing.assert_allclose(
        means(table), [np.exp(b_of(binary, f"kind[{k}]")).mean() for k in "bc"], rtol=1e-9
    )
    assert table.attrs["scale"] == "odds ratio"


def test_comparisons_over_the_observed_rows_are_loops_over_them(binary):
    found = binary.comparisons({"ch": ["N", "Y"]}, by="kind", groups="own", draws=True)["ch: Y - N"]
    low, high = (binary.epred(FRAME.assign(ch=level)).to_numpy() for level in "NY")
    for k, kind in enumerate("abc"):
        rows = (FRAME["kind"] == kind).to_numpy()
        expected = (high - low)[..., rows].mean(axis=-1)
        np.testing.assert_allclose(found[:, :, k], expected, rtol=1e-9)
    assert found["kind"].to_numpy().tolist() == ["a", "b", "c"]
    ratio = binary.comparisons({"ch": ["N", "Y"]}, compare="ratio", groups="own", draws=True)["ch: Y / N"]
    np.testing.assert_allclose(ratio[:, :, 0], high.mean(axis=-1) / low.mean(axis=-1), rtol=1e-9)


def test_comparisons_average_over_groups_unless_told(binary):
    table = binary.comparisons({"age": [-5, 5]})
    assert table["contrast"].tolist() == ["5 - (-5)"]
    assert table.attrs["estimand"] == "population average: group effects integrated out"
    low, high = (binary.epred(FRAME.assign(age=value), groups="average") for value in (-5, 5))
    assert means(table)[0] == pytest.approx(float((high - low).mean()), rel=1e-9)
    assert "Estimand: population average: group effects integrated out, averaged over the" in str(table)


def test_a_unit_more_of_a_number(linear):
    table = linear.comparisons("age", at={"ch": "N"})
    assert means(table)[0] == pytest.approx(b_of(linear, "age").mean(), rel=1e-6)
    assert table.attrs["held"] == "ch = N"


def test_trials_are_compared_as_probabilities():
    given = fit("wins | trials(n) ~ ch + (1 | g)", "binomial")
    table = given.comparisons("ch", over="grid", groups="typical")
    p = [expit(b_of(given, *terms)) for terms in (("Intercept",), ("Intercept", "ch[Y]"))]
    assert means(table)[0] == pytest.approx((p[1] - p[0]).mean(), rel=1e-9)
    assert table.attrs["scale"] == "probability of wins"


def test_categories_have_a_row_each():
    given = fit("mode ~ ch + (1 | g)", "categorical")
    table = given.comparisons("ch", groups="typical")
    assert table["category"].tolist() == ["bus", "car", "walk"]
    assert means(table).sum() == pytest.approx(0, abs=1e-12)
    curves = given.effects("ch", groups="typical")
    assert curves["category"].tolist() == ["bus", "car", "walk"] * 2
    np.testing.assert_allclose(curves.groupby("ch")["mean"].sum(), 1, rtol=IDENTITY)
    link = given.comparisons("ch", scale="link", groups="typical")
    assert link["category"].tolist() == ["car", "walk"]


def test_the_average_effect_is_nearer_to_zero_than_the_typical_one(binary):
    at = {"age": [0.0], "kind": "a"}
    typical = logit(binary.effects("ch", at=at, groups="typical", draws=True))
    average = logit(binary.effects("ch", at=at, draws=True))
    assert (abs(average) <= abs(typical)).all()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda f: f.effects("agee"), UnknownNameError, "'agee' is not a known column of the model"),
        (lambda f: f.effects("age:ch:kind:g"), DataError, "effects() shows one to 3 columns; 4 are named"),
        (
            lambda f: f.effects("age", at={"ch": "X"}),
            DataError,
            "The column 'ch' has no level 'X'. Its levels: N, Y.",
        ),
        (lambda f: f.effects("age", at={"age": "old"}), ArgumentTypeError, "The column 'age' has numbers"),
        (
            lambda f: f.effects({"age": [0, 10], "ch": "Y"}),
            ArgumentTypeError,
            "their values go to `at`: effects('age:ch', at={'age': [0, 10], 'ch': 'Y'})",
        ),
        (lambda f: f.slopes("ch"), DataError, "'ch' is a factor with the levels N, Y: it has no slope"),
        (lambda f: f.comparisons({"ch": "N"}), DataError, "A comparison needs two values of 'ch'"),
        (lambda f: f.comparisons("ch", at={"ch": "N"}), DataError, "both changed and held"),
        (lambda f: f.comparisons("ch", over="rows"), UnknownNameError, "'rows' is not a known value of over"),
        (lambda f: f.comparisons("ch", compare="rato"), UnknownNameError, "Did you mean 'ratio'?"),
        (
            lambda f: f.comparisons("ch", compare="ratio", scale="link"),
            DataError,
            "is not defined on the link",
        ),
        (lambda f: f.comparisons("ch", at={"age": [1, 2]}), DataError, "can be held at one value"),
    ],
)
def test_refusals(binary, call, kind, message):
    with pytest.raises(kind) as caught:
        call(binary)
    assert message in str(caught.value)


def test_odds_are_of_probabilities(linear):
    with pytest.raises(DataError, match="is for probabilities"):
        linear.comparisons("ch", compare="odds")
