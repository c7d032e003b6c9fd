import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.report.words import coefficient_notes, listed, model_words, parameter_notes

RNG = np.random.default_rng(1)
FRAME = pd.DataFrame(
    {
        "y": RNG.standard_normal(60),
        "use": np.tile(["N", "Y", "Y"], 20),
        "age": RNG.standard_normal(60),
        "ch": np.tile(["N", "Y"], 30),
        "livch": np.tile(["0", "1", "2", "3+"], 15),
        "urban": np.repeat(["N", "Y"], 30),
        "district": np.repeat(["1", "2", "3", "4", "5"], 12),
    }
)


def words(formula: str, family: str) -> tuple[str, ...]:
    model = hb.Model(formula, FRAME, family=family)
    return model_words(model.spec, model.design)


def test_a_binary_model_in_words() -> None:
    assert words("use ~ age*ch + I(age^2) + livch + (1 | urban:district)", "bernoulli") == (
        "The model describes the probability that use is Y rather than N, through its log-odds.",
        (
            "It depends on age, ch (Y, compared with N), the square of age, livch (1, 2 and 3+, compared "
            "with 0) and the interaction of age and ch (the effect of one depends on the other)."
        ),
        "The overall level (the intercept) differs between the 6 combinations of urban and district.",
        "Each row is one yes-or-no outcome that has this probability.",
    )


def test_a_gaussian_model_with_slopes_in_words() -> None:
    assert words("y ~ age + (1 + age | district)", "gaussian") == (
        "The model describes the mean of y.",
        "It depends on age.",
        (
            "The overall level (the intercept) and the effect of age differ between the 5 groups of "
            "district, and these differences may be correlated."
        ),
        "Single values scatter around that mean: a normal distribution with sd sigma.",
    )


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("y ~ 1 + (1 | district)", "It depends on no explanatory variable: there is one overall average."),
        ("y ~ age", "Rows are treated as unrelated to each other: the model knows no groups."),
        ("y ~ age + (0 + age | district)", "The effect of age differs between the 5 groups of district."),
        (
            "y ~ age + (age || district)",
            "The overall level (the intercept) and the effect of age differ between the 5 groups of "
            "district, and these differences are taken as independent.",
        ),
        (
            "y ~ poly(age, 2) + offset(log(age + 99))",
            "It depends on poly(age, 2); log(age + 99) is added as it is, without a coefficient.",
        ),
        ("y ~ . - use - district", "It depends on all other columns of the data but use and district."),
    ],
)
def test_special_cases(formula: str, sentence: str) -> None:
    assert sentence in words(formula, "gaussian")


def test_coefficients_are_explained_by_what_they_compare() -> None:
    design = hb.Model("use ~ age*ch + livch", FRAME, family="bernoulli").design
    assert coefficient_notes(design) == {
        "ch[Y]": "Y rather than N",
        "livch[1]": "1 rather than 0",
        "livch[2]": "2 rather than 0",
        "livch[3+]": "3+ rather than 0",
        "Intercept": "where every other column is 0",
    }


def test_standard_deviations_are_explained() -> None:
    spec = hb.Model("y ~ age + (1 + age | district)", FRAME).spec
    notes = parameter_notes(spec)
    assert notes["district", "sd(age)"] == "how far groups lie apart in the effect of age"
    assert set(notes) == {
        ("", "sigma"),
        ("district", "sd(Intercept)"),
        ("district", "sd(age)"),
        ("district", "cor(Intercept, age)"),
    }


def test_lists() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
