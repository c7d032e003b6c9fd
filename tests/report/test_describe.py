"""Results as paragraphs: what stands there is what the functions return."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import fit_at_lme4, random_fit
from tolerances import IDENTITY

import hierbayes as hb
from hierbayes.formulas.parts import formula

RNG = np.random.default_rng(16)
FRAME = pd.DataFrame(
    {
        "y": RNG.normal(2, 3, 50),
        "x": RNG.normal(4, 2, 50),
        "f": RNG.choice(["a", "b"], 50),
        "g": RNG.integers(0, 5, 50).astype(str),
        "won": RNG.integers(0, 2, 50),
    }
)


def test_standardized_coefficients_of_contraception_m_05(model_of):
    """-0.42, 1.21, -0.46, 0.79, 0.60: published, by refitting lme4 to z-scores."""
    fit = fit_at_lme4(model_of("contraception", "m_05"), "contraception", "m_05")
    values = fit.standardized().set_index("term")["mean"]
    expected = {"age": -0.42, "ch[Y]": 1.21, "I(age^2)": -0.46, "urban[Y]": 0.79, "age:ch[Y]": 0.60}
    for term, figure in expected.items():
        assert values[term] == pytest.approx(figure, abs=5.1e-3)


def test_standardized_coefficients_predict_the_same_rows():
    fit = random_fit(hb.Model("y ~ x*f + I(x^2) + (1 | g)", FRAME), draws=20)
    numbers = FRAME[["x", "y"]]
    z = FRAME.assign(**((numbers - numbers.mean()) / numbers.std()))
    X = hb.Model("y ~ x*f + I(x^2) + (1 | g)", z).design.X
    b = fit.standardized(draws=True)["b"].to_numpy()
    expected = (fit.posterior["b"].to_numpy() @ fit.design.X.T - FRAME["y"].mean()) / FRAME["y"].std()
    np.testing.assert_allclose(b @ X.T, expected, rtol=1e-8, atol=1e-10)


def test_columns_within_functions_keep_their_units():
    fit = random_fit(hb.Model("won ~ log(x + 10) + f + (1 | g)", FRAME, family="bernoulli"), draws=20)
    table = fit.standardized()
    assert table.attrs["notes"] == ("x keeps its units, since it stands within a function",)
    np.testing.assert_allclose(table["mean"], fit.fixef()["mean"], rtol=IDENTITY)


def test_a_formula_without_an_intercept_has_no_new_units():
    fit = random_fit(hb.Model("won ~ 0 + x + (1 | g)", FRAME, family="bernoulli"), draws=20)
    table = fit.standardized()
    assert table["mean"].iloc[0] == pytest.approx(fit.fixef()["mean"].iloc[0] * FRAME["x"].std(ddof=0))
    (note,) = table.attrs["notes"]
    assert note == "each coefficient is multiplied by the standard deviation of its own column"


def test_a_description_says_what_the_tables_say(fit_of):
    fit = fit_of("contraception", "m_05")
    text = fit.describe().markdown
    assert text.startswith(
        "**Model.** A Bayesian multilevel logistic model, `use ~ age*ch + I(age^2) + urban + (1 | "
        "urban:district)`, was fitted to 1,934 rows in 102 groups of urban:district, modelling the "
        "probability that use is Y"
    )
    row = fit.fixef().set_index("term").loc["urban[Y]"]
    assert f"The effect of urban[Y] (Y rather than N) is {row['mean']:.2f} ({row['lower']:.2f}" in text
    assert "positive with probability above 0.999" in text
    share = fit.vpc()["mean"].iloc[0]
    assert f"{100 * share:.1f}\u00a0%" in text
    assert "latent definition" in text
    assert "the chains agree and the draws can be used" in text
    printed = str(fit.describe())
    assert max(map(len, printed.splitlines())) <= 100
    assert printed.split("\n\n")[0].startswith("Model. A Bayesian")


@pytest.mark.parametrize(
    ("text", "family", "expected"),
    [
        ("y ~ x", "gaussian", "A Bayesian linear model"),
        (formula("y ~ x + (1 |c| g)", sigma="~ f + (1 |c| g)"), "gaussian", "The effect of f[b] on sigma is"),
        ("won ~ x + (1 + x | g)", "bernoulli", "the correlation of Intercept and x over groups of g is"),
    ],
)
def test_other_models_are_described(text, family, expected):
    fit = random_fit(hb.Model(text, FRAME, family=family), draws=50)
    assert expected in fit.describe().markdown
