"""Four ways to treat groups: against least squares, densities by hand, and what the data cannot tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit
from scipy.stats import norm
from tolerances import STANDARD_ERRORS

import hierbayes as hb
from hierbayes.approaches.designs import DUMMIES, NONE, approach, estimable, factor_of, independent
from hierbayes.approaches.heldout import Task, refusal, score
from hierbayes.design.selection import take_rows
from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError

FAST = {"draws": 250, "chains": 2}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Six groups of 3 to 40 rows, their kind, an outcome that never varies in group f, two levels of h."""
    rng = np.random.default_rng(21)
    sizes = dict(zip("abcdef", (40, 30, 25, 20, 12, 3), strict=True))
    g = np.repeat(list(sizes), list(sizes.values()))
    n = len(g)
    effect = pd.Series(g).map(dict(zip("abcdef", (0.8, -0.6, 0.3, -0.9, 0.5, 0.0), strict=True)))
    x = rng.normal(size=n)
    y = 2.0 + effect.to_numpy() + 0.5 * x + rng.normal(scale=0.7, size=n)
    won = np.where(g == "f", 0, rng.integers(0, 2, n))
    kind = np.where(np.isin(g, ["a", "c", "e"]), "old", "new")
    h = np.where(g == "d", "k1", rng.choice(["k1", "k2"], n))
    return pd.DataFrame({"y": y, "x": x, "won": won, "kind": kind, "h": h, "g": g, "size": 5})


@pytest.fixture(scope="module")
def compared(frame) -> hb.Pooling:
    priors = {"b": "normal(0, 100)", "Intercept": "normal(0, 100)"}
    return hb.pooling(hb.Model("y ~ x + (1 | g)", frame, priors=priors), folds=3, seed=4, **FAST)


def least_squares(frame: pd.DataFrame, X: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(X, frame["y"].to_numpy(), rcond=None)[0]


def rows_of(compared: hb.Pooling, name: str, quantity: str = "epred") -> pd.DataFrame:
    table = compared.estimates
    return table[(table["approach"] == name) & (table["quantity"] == quantity)].set_index("level")


@pytest.mark.sampling
def test_estimates_are_those_of_least_squares(compared, frame):
    """Under flat priors; with wide ones on the dummies up to a prior weight of 1 / (25 n) in each group."""
    ones, x, at = np.ones(len(frame)), frame["x"].to_numpy(), frame["x"].mean()
    alone = least_squares(frame, np.column_stack([ones, x]))
    dummies = least_squares(frame, np.column_stack([frame["g"] == j for j in "abcdef"] + [x]).astype(float))
    for level in "abcde":
        own = frame[frame["g"] == level]
        single = least_squares(own, np.column_stack([np.ones(len(own)), own["x"]]))
        expected = {
            "complete": alone[0] + alone[1] * at,
            "dummies": dummies["abcdef".index(level)] + dummies[-1] * at,
            "none": single[0] + single[1] * at,
        }
        for name, value in expected.items():
            row = rows_of(compared, name).loc[level]
            error = row["sd"] / np.sqrt(row["ess_bulk"])
            prior = abs(value) / (25 * len(own)) if name == "dummies" else 0.0
            assert abs(row["mean"] - value) <= STANDARD_ERRORS * error + prior


@pytest.mark.sampling
def test_partial_pooling_lies_between(compared):
    complete, partial, dummies = (rows_of(compared, n)["mean"] for n in ("complete", "partial", "dummies"))
    far = (dummies - complete).abs() > 0.3
    assert far.sum() >= 4
    share = ((partial - complete) / (dummies - complete))[far]
    assert share.between(0.5, 1.05).all()


@pytest.mark.sampling
def test_what_was_left_out_was_predicted_by_those_that_can(compared, frame):
    table = compared.heldout.set_index(["left_out", "approach"])
    assert list(table.loc["groups"].index) == ["complete", "dummies", "none", "partial"]
    assert list(table.loc["groups"]["n"]) == [len(frame), 0, 0, len(frame)]
    assert list(table.loc["groups"]["not_predicted"]) == [0, len(frame), len(frame), 0]
    assert table.loc["rows"]["n"].nunique() == 1
    assert table.loc[("rows", "partial"), "rmse"] < table.loc[("rows", "complete"), "rmse"]
    assert table.loc[("rows", "partial"), "elpd_diff"] == 0
    known, new, unable = compared.verdict
    assert known.startswith(
        "Rows of known groups, compared with partial pooling (2 standard errors): worse: "
    )
    assert "complete" in known.split("worse: ")[1].split(";")[0]
    assert new.startswith("New groups, compared with partial pooling (2 standard errors): ")
    assert unable == "New groups cannot be predicted by: dummies, none."
    assert str(compared).endswith(unable)
    assert list(compared.fits["new_groups"]) == [
        "yes, as any other",
        "no",
        "no",
        "yes, with the variance between groups",
    ]


@pytest.mark.sampling
def test_the_error_of_complete_pooling_is_that_of_cross_validated_least_squares(frame):
    """Groups left out one at a time: predictions are sure up to the Monte Carlo error of their means."""
    priors = {"b": "normal(0, 100)", "Intercept": "normal(0, 100)"}
    found = hb.pooling(hb.Model("y ~ x + (1 | g)", frame, priors=priors), folds=6, seed=1, **FAST)
    X = np.column_stack([np.ones(len(frame)), frame["x"]])
    errors, slack = np.empty(len(frame)), np.empty(len(frame))
    for level in "abcdef":
        held = (frame["g"] == level).to_numpy()
        b = least_squares(frame[~held], X[~held])
        errors[held] = frame["y"][held] - X[held] @ b
        covariance = np.linalg.inv(X[~held].T @ X[~held]) * np.var(frame["y"][~held] - X[~held] @ b)
        slack[held] = np.sqrt(np.einsum("ni,ij,nj->n", X[held], covariance, X[held]) / 250)
    rmse = found.heldout.query("left_out == 'groups' and approach == 'complete'")["rmse"].item()
    assert abs(rmse - np.sqrt((errors**2).mean())) <= STANDARD_ERRORS * slack.mean()


def test_scores_are_mean_densities_by_hand(frame):
    fit = random_fit(hb.Model("y ~ x + (1 | g)", frame), draws=30)
    rows = np.array([3, 50, 129])
    mean, density = score(fit, take_rows(fit.design, rows))
    eta, sigma = fit.linpred().to_numpy()[..., rows], fit.posterior["sigma"].to_numpy()[..., None]
    np.testing.assert_allclose(mean, eta.mean(axis=(0, 1)), rtol=1e-10)
    by_hand = np.log(norm.pdf(frame["y"].to_numpy()[rows], eta, sigma).mean(axis=(0, 1)))
    np.testing.assert_allclose(density, by_hand, rtol=1e-10)


def test_dummies_take_the_place_of_what_varies_between_groups_alone(frame):
    model = hb.Model("y ~ x*kind + (1 + x | g)", frame)
    way = approach(model, factor_of(model, "g"), DUMMIES)
    assert way.dropped == ("kind[old]", "x:kind[old]")
    design = way.bare.design
    assert design.terms[:3] == ("Intercept", "g[b]", "g[c]")
    assert "g[b]:x" in design.terms
    assert np.linalg.matrix_rank(design.X) == design.X.shape[1] == 12
    full = np.column_stack([(frame["g"] == j) * c for j in "abcdef" for c in (1.0, frame["x"])])
    both = np.column_stack([design.X, full])
    assert np.linalg.matrix_rank(both) == 12
    rebuilt = way.change(take_rows(model.design, np.arange(5)))
    np.testing.assert_array_equal(rebuilt.X, design.X[:5])
    assert not way.bare.spec.groups
    assert {e.coordinates[0] for e in way.bare.spec.priors if e.parameter == "b"} == set(design.terms[1:])


def test_columns_and_rows_that_are_combinations_are_found():
    rng = np.random.default_rng(1)
    A = rng.normal(size=(30, 3))
    X = np.column_stack([A[:, 0], np.zeros(30), A[:, 1], A[:, 0] - 2 * A[:, 1], A[:, 2]])
    assert list(independent(X)) == [0, 2, 4]
    inside, outside = np.array([1.0, 2.0]) @ X[:2], np.array([0.0, 1.0, 0.0, 0.0, 0.0])
    assert list(estimable(X, np.stack([inside, outside]))) == [True, False]


@pytest.mark.sampling
def test_what_cannot_be_fitted_is_listed_with_the_reason(frame):
    model = hb.Model("won ~ x + h + (1 | g)", frame, family="bernoulli")
    found = hb.pooling(model, folds=0, profile={"h": "k2"}, **FAST)
    (row,) = found.failures.to_dict("records")
    assert row == {
        "approach": "none",
        "level": "f",
        "n": 3,
        "left_out": "nothing",
        "reason": "all responses are 0",
    }
    assert list(rows_of(found, "none").index) == ["a", "b", "c", "e"]  # no row of d has h = k2
    assert list(rows_of(found, "dummies").index) == list("abcdef")
    assert found.fits.set_index("approach").loc["none", "dropped"] == "h[k2] (1 groups)"
    assert found.heldout.empty
    text = str(found)
    assert "Expected response at x = " in text
    assert "h = k2" in text
    assert "all responses are 0" in text
    assert found._repr_html_().count("<table") == 3
    gauss = hb.pooling(hb.Model("y ~ x + h + (1 | g)", frame), folds=0, progress=False, **FAST)
    assert list(gauss.failures["reason"]) == ["no more rows than coefficients, so that sigma is unknown"]


@pytest.mark.parametrize(
    ("formula", "family", "reason"),
    [
        ("won ~ x + (1 | g)", "bernoulli", "all responses are 0"),
        ("y ~ x + (1 | g)", "gaussian", "no more rows than coefficients, so that sigma is unknown"),
        ("size ~ x + (1 | g)", "poisson", ""),
    ],
)
def test_a_single_row_is_a_model_of_its_own_only_where_it_tells_something(frame, formula, family, reason):
    model = hb.Model(formula, frame.assign(size=range(1, len(frame) + 1)), family=family)
    row = np.flatnonzero(frame["g"] == "f")[:1]
    none = approach(model, factor_of(model, "g"), NONE)
    assert refusal(Task(none, "f", row)) == reason


@pytest.mark.sampling
def test_trials_by_and_other_group_terms(frame):
    frame = frame.assign(won=np.minimum(frame["won"] * 2 + np.arange(len(frame)) % 3, 5))
    model = hb.Model("won | trials(size) ~ x + (1 | gr(g, by = kind)) + (1 | h)", frame, family="binomial")
    found = hb.pooling(model, "g", folds=0, **FAST)
    assert (rows_of(found, "partial")["mean"].between(0, 1)).all()
    assert len(rows_of(found, "dummies")) == 6
    assert found.fits["formula"].iloc[0].endswith("~ 1 + x + (1 | h)")


def test_refusals(frame):
    model = hb.Model("y ~ x + kind + (1 | g) + (1 | h)", frame)
    with pytest.raises(UnknownNameError) as unknown:
        hb.pooling(model)
    assert str(unknown.value) == (
        "'(any)' is not a known grouping factor. Known: g, h. Name the one whose groups are to be pooled."
    )
    with pytest.raises(DataError) as refused:
        hb.pooling(model, "g", profile={"kind": "old"})
    assert str(refused.value) == (
        "Column 'kind' varies between the groups of g alone, and each is shown at its own value. Columns "
        "that can be set: x, h."
    )
    with pytest.raises(UnknownNameError, match="'z' is not a known column of the formula"):
        hb.pooling(model, "g", profile={"z": 1})
    with pytest.raises(DataError) as refused:
        hb.pooling(model, "g", folds=7)
    assert str(refused.value) == (
        "folds=7 cannot be: rows and groups are left out in 2 to 6 parts, as g has 6 groups. Give 0 for no "
        "held-out error."
    )
    with pytest.raises(ArgumentTypeError, match="several sets of fits, which one folder cannot keep"):
        hb.pooling(model, "g", store="runs")
    with pytest.raises(DataError, match="This model has several linear predictors, and hb"):
        hb.pooling(hb.Model(hb.formula("y ~ x + (1 | g)", sigma="~ x"), frame))
