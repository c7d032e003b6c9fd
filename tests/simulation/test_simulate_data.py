"""Layouts and covariates of simulated data, and what cannot be laid out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.errors import (
    ArgumentTypeError,
    ColumnNotFoundError,
    DataError,
    FormulaError,
    HierbayesError,
    PriorError,
    UnknownNameError,
)

PLAIN = {"b[Intercept]": 0.0, "sd": 1.0, "sigma": 1.0}


def laid_out(formula: str, sizes: object, covariates: object = None, seed: int = 1) -> pd.DataFrame:
    return hb.simulate(formula, sizes=sizes, params=PLAIN, covariates=covariates, seed=seed)


def test_nested_groups_of_unequal_sizes():
    d = laid_out("y ~ 1 + (1 | school/class)", {"school": 12, "class": (2, 4), "pupil": (5, 9)})
    classes = d.groupby("school", observed=True)["class"].nunique()
    assert len(classes) == 12
    assert set(classes) == {2, 3, 4}
    assert (d.groupby("class", observed=True)["school"].nunique() == 1).all()
    assert set(d.groupby("class", observed=True).size()) == {5, 6, 7, 8, 9}
    assert list(d["pupil"]) == [str(k) for k in range(1, len(d) + 1)]
    assert set(d.attrs["truth"]["effects"]) == {"school", "school:class"}


def test_sizes_as_a_list_have_one_for_each_group():
    d = laid_out("y ~ 1 + (1 | school)", {"school": 3, "pupil": [5, 2, 8]})
    assert list(d.groupby("school", observed=True).size()) == [5, 2, 8]


def test_crossed_factors_in_drawn_rows():
    d = laid_out("y ~ 1 + (1 | student) + (1 | teacher)", {("student", "teacher"): (60, 15), "answer": 3000})
    assert (len(d), d["student"].nunique(), d["teacher"].nunique()) == (3000, 60, 15)
    assert (d.groupby("student", observed=True)["teacher"].nunique() > 5).all()
    cells = pd.crosstab(d["student"], d["teacher"]).to_numpy()
    assert abs(((cells - 10 / 3) ** 2 / (10 / 3)).sum() / (60 * 15 - 1) - 1) < 4 * np.sqrt(2 / 899)


def test_every_combination_of_crossed_factors_once():
    d = laid_out("y ~ 1 + (1 | plate) + (1 | sample)", {("plate", "sample"): (24, 6)})
    assert (pd.crosstab(d["plate"], d["sample"]) == 1).all(axis=None)


def test_factors_that_cross_within_groups():
    d = laid_out(
        "y ~ 1 + (1 | site) + (1 | rater)", {"site": 4, ("rater", "case"): (3, 5), "rating": 40}, seed=2
    )
    assert (d.groupby("rater", observed=True)["site"].nunique() == 1).all()
    assert len(d) == 160
    assert d["rater"].nunique() == 12
    assert d["case"].nunique() == 20


def test_covariates_of_rows_and_of_groups():
    d = hb.simulate(
        "y ~ age + sex + kind + fee + day + mean_age + (1 | school)",
        sizes={"school": 40, "pupil": 25},
        covariates={
            "age": "normal(5, 2)",
            "sex": ["F", "M"],
            "kind": ("school", {"mixed": 3, "girls": 1}),
            "fee": ("school", "uniform(1, 2)"),
            "day": range(0, 50, 2),
            "mean_age": lambda frame: frame.groupby("school", observed=True)["age"].transform("mean"),
        },
        params={"b": 0.0, **PLAIN},
        seed=3,
    )
    assert abs(d["age"].mean() - 5) < 4 * 2 / np.sqrt(1000)
    assert abs((d["sex"] == "F").mean() - 0.5) < 4 * 0.5 / np.sqrt(1000)
    of_schools = d.groupby("school", observed=True)
    assert (of_schools[["kind", "fee", "mean_age"]].nunique() == 1).all(axis=None)
    assert 0.4 < (of_schools["kind"].first() == "mixed").mean() < 1
    assert d["fee"].between(1, 2).all()
    assert list(d["day"][:25]) == list(range(0, 50, 2))
    np.testing.assert_allclose(of_schools["age"].mean(), of_schools["mean_age"].first())
    assert list(d["sex"].cat.categories) == ["F", "M"]


def test_the_same_seed_gives_the_same_data():
    how = {"school": 5, "pupil": (3, 9)}
    one = laid_out("y ~ 1 + (1 | school)", how)
    pd.testing.assert_frame_equal(one, laid_out("y ~ 1 + (1 | school)", how))
    other = laid_out("y ~ 1 + (1 | school)", how, seed=2)
    assert len(one) != len(other) or not one["y"].equals(other["y"])


def test_attributes_survive_pandas():
    d = laid_out("y ~ 1 + (1 | school)", {"school": 5, "pupil": 4})
    half = d[d["y"] > 0]
    assert half.attrs["truth"]["params"] == {"b[Intercept]": 0.0, "sd": 1.0, "sigma": 1.0}
    assert pd.concat([d, d]).attrs == d.attrs
    assert (d.attrs["formula"], d.attrs["family"], d.attrs["link"]) == (
        "y ~ 1 + (1 | school)",
        "gaussian",
        "identity",
    )


def test_labels_of_two_outcomes():
    d = hb.simulate(
        "use ~ 1 + (1 | district)",
        family="bernoulli",
        sizes={"district": 30, "woman": 50},
        covariates={"use": ["N", "Y"]},
        params={"b[Intercept]": 2.0, "sd[district]": 0.1},
        seed=1,
    )
    assert list(d["use"].cat.categories) == ["N", "Y"]
    assert (d["use"] == "Y").mean() > 0.8
    turned = hb.simulate(
        "use[N] ~ 1 + (1 | district)",
        family="bernoulli",
        sizes={"district": 30, "woman": 50},
        covariates={"use": ["N", "Y"]},
        params={"b[Intercept]": 2.0, "sd[district]": 0.1},
        seed=1,
    )
    assert (turned["use"] == "N").mean() > 0.8


def test_logarithms_are_undone():
    d = laid_out("log(y) ~ 1 + (1 | g)", {"g": 200, "row": 5})
    assert (d["y"] > 0).all()
    assert abs(np.log(d["y"]).var() - 2) < 0.6


def test_truncated_responses_lie_within_their_bounds():
    d = hb.simulate(
        "y | trunc(lb = low, ub = 9) ~ 1 + (1 | g)",
        sizes={"g": 30, "row": 10},
        covariates={"low": [1, 2]},
        params=PLAIN,
        seed=1,
    )
    assert ((d["y"] >= d["low"]) & (d["y"] <= 9)).all()


def test_censoring_is_left_to_the_user():
    d = laid_out("y | cens(side) ~ 1 + (1 | g)", {"g": 30, "row": 10})
    assert set(d["side"]) == {"none"}
    limited = d.assign(side=np.where(d["y"] > 1, "right", "none"), y=d["y"].clip(upper=1))
    assert hb.Model("y | cens(side) ~ 1 + (1 | g)", limited).design.n == 300


def test_rows_with_missing_covariates_have_no_response():
    age = np.arange(40.0)
    age[3] = np.nan
    d = hb.simulate(
        "y ~ age + (1 | g)",
        sizes={"g": 10, "row": 4},
        covariates={"age": age},
        params={"b[age]": 0.1, **PLAIN},
        seed=1,
    )
    assert list(np.flatnonzero(d["y"].isna())) == [3]


def test_a_parameter_with_a_formula_of_its_own():
    d = hb.simulate(
        hb.formula("y ~ 1 + (1 |c| g)", sigma="~ 1 + (1 |c| g)"),
        sizes={"g": 400, "row": 40},
        params={
            **{"b[Intercept]": 0.0, "b_sigma[Intercept]": 0.5, "sd[g]": 1.0, "sd[sigma_g]": 0.4},
            "cor[c_g]": 0.7,
        },
        seed=1,
    )
    spread = np.log(d.groupby("g", observed=True)["y"].std())
    assert abs(spread.mean() - 0.5) < 0.1
    u = {name: pd.Series(terms["Intercept"]) for name, terms in d.attrs["truth"]["effects"].items()}
    assert abs(u["g"].corr(u["sigma_g"]) - 0.7) < 0.12
    assert spread.corr(u["sigma_g"].reindex(spread.index)) > 0.8


REFUSED: list[tuple[dict[str, object], type[HierbayesError], str]] = [
    (
        {"sizes": {}},
        ArgumentTypeError,
        "sizes is a mapping of groups to numbers, the last one the rows; {} is given. Write {'school': 10, "
        "'pupil': 50}.",
    ),
    (
        {"sizes": {"g": 0, "row": 5}},
        DataError,
        "The size of 'g' is 0. Allowed: 1 or more. Choose a larger number.",
    ),
    (
        {"sizes": {"g": 2.5, "row": 5}},
        ArgumentTypeError,
        "The size of 'g' is 2.5. Allowed: a whole number, (low, high), or a list with one for each group of "
        "the "
        "level before. Write {'school': 10, 'pupil': 50}, say.",
    ),
    (
        {"sizes": {"g": 3, "row": [5, 5]}},
        DataError,
        "The size of 'row' is a list of 2, but there are 3 of the level before. Give one for each of them.",
    ),
    (
        {"sizes": {"g": 3, "row": (9, 5)}},
        DataError,
        "The size of 'row' is (9, 5). Allowed: a whole number, (low, high), or a list with one for each "
        "group of "
        "the level before. Write (low, high), the lower one first.",
    ),
    (
        {"sizes": {("g", "h"): 3, "row": 9}},
        DataError,
        "The crossed factors ('g', 'h') have the sizes 3. Allowed: two factors or more, and a number for "
        "each. "
        "Write {('student', 'teacher'): (100, 30), 'row': 3000}, say.",
    ),
    (
        {"covariates": {"x": ("school", "normal(0, 1)")}},
        UnknownNameError,
        "'school' is not a known group of sizes. Known: g, row. The covariate 'x' names it.",
    ),
    (
        {"covariates": {"x": "normal(0)"}},
        PriorError,
        "The covariate 'x' cannot be drawn. normal needs sigma.\n    normal(0)\n            ^\nWrite "
        "normal(mu, "
        "sigma).",
    ),
    (
        {"covariates": {"x": np.zeros(3)}},
        DataError,
        "The covariate 'x' has 3 values, but 50 are needed. Allowed: one for each row, or in (group, "
        "values) one "
        "for each group. Give as many.",
    ),
    (
        {"covariates": {"x": range(3)}},
        DataError,
        "The covariate 'x' is range(0, 3), with 3 values, but a group has 5 rows. Allowed: a range that is "
        "long "
        "enough for every group. Make it longer.",
    ),
    (
        {"covariates": {"g": "normal(0, 1)"}},
        DataError,
        "'g' is a covariate and a group or another covariate. Allowed: each column once. Rename it.",
    ),
    (
        {"formula": "sqrt(y) ~ x + (1 | g)"},
        FormulaError,
        "The response sqrt(y) cannot be simulated.\n    sqrt(y) ~ x + (1 | g)\n    ^^^^^^^\nAllowed: a "
        "column, "
        "log() of one, or cbind(successes, trials - successes). Write a column and transform it afterwards.",
    ),
    (
        {"family": "categorical"},
        DataError,
        "The categories of the response 'y' are not stated. Give them as a list among the covariates: "
        "covariates={'y': ['a', 'b', 'c']}, the reference first.",
    ),
    (
        {"formula": "y ~ z + (1 | g)"},
        ColumnNotFoundError,
        "The data have no column 'z', named as a population term.\n    y ~ z + (1 | g)\n        ^\nColumns "
        "of the "
        "data: g, row, x, y. Correct the formula, or add the column to the data. Columns come from sizes and "
        "covariates: add it to one of them.",
    ),
]


@pytest.mark.parametrize(("change", "error", "message"), REFUSED)
def test_refusals(change, error, message):
    how: dict[str, object] = {
        "formula": "y ~ x + (1 | g)",
        "sizes": {"g": 10, "row": 5},
        "covariates": {"x": "normal(0, 1)"},
        "params": {"b[x]": 1.0, **PLAIN},
    }
    with pytest.raises(error) as caught:
        hb.simulate(**{**how, **change})
    assert str(caught.value) == message
