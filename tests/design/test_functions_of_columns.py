"""Functions of columns: what they remember, offsets, within and between, `.`, and what they refuse."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.optimize import minimize_scalar

import hierbayes as hb
from hierbayes.design import Recipe, build_design
from hierbayes.errors import ColumnNotFoundError, DataError, FormulaError
from hierbayes.formulas import parse_formula


def build(formula, data, **options):
    return build_design(parse_formula(formula), data, **options)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(7)
    n = 60
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.uniform(1, 9, n),
            "n": rng.integers(1, 9, n),
            "f": rng.choice(list("abc"), n),
            "g": rng.integers(0, 6, n),
            "won": rng.choice(["no", "yes"], n),
        }
    )


def test_within_and_between_are_deviations_from_group_means_and_the_means(frame):
    design = build("y ~ wb(x, g) + (1 | g)", frame)
    means = frame.groupby("g")["x"].transform("mean")
    assert design.terms == ("Intercept", "wb(x, g)[within]", "wb(x, g)[between]")
    np.testing.assert_allclose(design.X[:, 1], frame["x"] - means, rtol=0, atol=1e-13)
    np.testing.assert_allclose(design.X[:, 2], means, rtol=1e-13)


def test_group_means_are_remembered_and_those_of_new_groups_are_of_their_own_rows(frame):
    recipe = Recipe.from_json(build("y ~ wb(x, g) + (1 | g)", frame).recipe.to_json())
    mean = frame.loc[frame["g"] == 2, "x"].mean()
    new = recipe.apply({"x": [5.0, 1.0, 4.0], "g": [2, 77, 77]}, new_levels="allow")
    np.testing.assert_allclose(new.X[:, 2], [mean, 2.5, 2.5], rtol=1e-13)
    np.testing.assert_allclose(new.X[:, 1], [5.0 - mean, -1.5, 1.5], rtol=1e-13)


def test_mundlak_figures_of_the_exam_data():
    """Maximum likelihood with a random intercept, by generalized least squares at the best variance ratio."""
    exam = hb.load_data("exam")
    design = build("normexam ~ wb(standLRT, school) + (1 | school)", exam)
    codes, n_groups = design.groups[0].codes, design.groups[0].n_groups
    sizes = design.groups[0].sizes

    def estimates(log_ratio):
        ratio = np.exp(log_ratio)
        # V^-1/2 of I + ratio 1 1' takes away this share of the group mean; |V| is 1 + n_j ratio per group
        share = 1 - 1 / np.sqrt(1 + sizes * ratio)
        columns = np.column_stack([design.X, design.y])
        sums = np.column_stack([np.bincount(codes, column, n_groups) for column in columns.T])
        turned = columns - (share / sizes)[codes, None] * sums[codes]
        b, *_ = np.linalg.lstsq(turned[:, :-1], turned[:, -1], rcond=None)
        residual = turned[:, -1] - turned[:, :-1] @ b
        deviance = len(codes) * np.log(residual @ residual) + np.log1p(sizes * ratio).sum()
        return deviance, b

    best = minimize_scalar(lambda t: estimates(t)[0], bounds=(-6, 2), method="bounded")
    _, (_, within, between) = estimates(best.x)
    assert [round(v, 4) for v in (within, between - within, between)] == [0.5595, 0.3583, 0.9178]


def test_offsets_are_added_and_are_no_columns(frame):
    design = build("y ~ x + offset(log(n)) + offset(I(2 * x))", frame)
    assert design.terms == ("Intercept", "x")
    np.testing.assert_allclose(design.offset, np.log(frame["n"]) + 2 * frame["x"], rtol=1e-14)
    new = Recipe.from_json(design.recipe.to_json()).apply({"x": [1.0], "n": [3]})
    np.testing.assert_allclose(new.offset, [np.log(3) + 2], rtol=1e-14)
    assert build("y ~ x", frame).offset is None


def test_an_offset_shifts_the_default_prior_of_the_intercept(frame):
    plain = hb.Model("y ~ x", frame.assign(y=frame["y"] - 7))
    shifted = hb.Model("y ~ x + offset(z)", frame.assign(z=7.0))
    assert shifted.spec.prior("Intercept").parameters == pytest.approx(
        plain.spec.prior("Intercept").parameters
    )
    reason = next(entry.reason for entry in shifted.spec.priors if entry.parameter == "Intercept")
    assert reason.startswith("the mean of the response less the mean of the offset (7), give or take")


def test_the_rest_is_every_column_that_is_not_named(frame):
    design = build("y ~ . - won + (1 | g)", frame)
    assert design.terms == ("Intercept", "x", "n", "f[b]", "f[c]")
    again = Recipe.from_json(design.recipe.to_json())
    assert again == design.recipe
    new = again.apply({"x": [1.0], "n": [2], "f": ["c"], "g": [1]})
    assert new.X.tolist() == [[1, 1, 2, 0, 1]]
    named = build("y ~ log(x):f + . - won - g", frame)
    assert named.terms == ("Intercept", "n", "log(x):f[a]", "log(x):f[b]", "log(x):f[c]")
    for other in (pl.DataFrame(frame), dict(frame)):
        assert build("y ~ . - won + (1 | g)", other).terms == design.terms


def test_rows_are_not_dropped_for_columns_taken_from_the_rest(frame):
    holes = frame.assign(won=None)
    assert build("y ~ . - won", holes).n == len(frame)


def test_what_the_rest_cannot_be(frame):
    with pytest.raises(ColumnNotFoundError) as caught:
        build("y ~ . - wno", frame)
    assert "Did you mean 'won'?" in str(caught.value)
    with pytest.raises(FormulaError, match=r"`\.` stands for no column"):
        build("y ~ x + .", frame[["x", "y"]])
    wide = {"y": frame["y"], **{f"x{k}": frame["x"] for k in range(1001)}}
    with pytest.raises(FormulaError, match=r"`\.` stands for 1,001 columns here"):
        build("y ~ .", wide)


def test_the_memory_is_plain_json(frame):
    design = build("y ~ scale(x) + poly(n, 2) + bs(x, df = 4) + cr(n, df = 3) + wb(x, f)", frame)
    state = json.loads(design.recipe.to_json(), parse_constant=pytest.fail)["state"]
    assert set(state) == {"scale(x)", "poly(n, 2)", "bs(x, df = 4)", "cr(n, df = 3)", "wb(x, f)"}
    assert state["scale(x)"] == {"center": frame["x"].mean(), "scale": pytest.approx(frame["x"].std())}


def test_cubic_regression_splines_are_centered_and_natural(frame):
    design = build("y ~ cr(x, df = 4)", frame)
    assert design.X.shape == (60, 5)
    np.testing.assert_allclose(design.X[:, 1:].mean(axis=0), 0.0, atol=1e-13)
    ns = build("y ~ ns(x, df = 4)", frame)
    hats = [X @ np.linalg.pinv(X) for X in (design.X, ns.X)]
    assert np.linalg.matrix_rank(design.X) == 5
    grid = {"x": np.linspace(20, 30, 5)}
    beyond = design.recipe.apply(grid).X
    np.testing.assert_allclose(np.diff(beyond, n=2, axis=0), 0.0, atol=1e-9)
    assert np.trace(hats[0] @ hats[1]) > 4  # nearly the same functions: only the knots differ


def test_standardize_is_scale_and_center_takes_the_mean_away(frame):
    design = build("y ~ standardize(x) + center(n) + scale(I(x^2))", frame)
    x, n = frame["x"], frame["n"]
    np.testing.assert_allclose(design.X[:, 1], (x - x.mean()) / x.std(), rtol=1e-12)
    np.testing.assert_allclose(design.X[:, 2], n - n.mean(), atol=1e-13)
    np.testing.assert_allclose(design.X[:, 3], (x**2 - (x**2).mean()) / (x**2).std(), rtol=1e-11, atol=1e-13)


def test_functions_inside_functions_share_the_memory(frame):
    design = build("y ~ I(scale(x)^2) + poly(center(x), 2)", frame)
    np.testing.assert_allclose(design.X[:, 1], ((frame["x"] - frame["x"].mean()) / frame["x"].std()) ** 2)
    part = design.recipe.apply(frame.iloc[:3])
    np.testing.assert_array_equal(part.X, design.X[:3])


def test_functions_vary_over_groups(frame):
    design = build("y ~ (poly(x, 2) | g) + (f:log(x) || won)", frame)
    first, second = design.groups
    assert (first.terms, first.correlated) == (("Intercept", "poly(x, 2)1", "poly(x, 2)2"), True)
    assert second.terms == ("Intercept", "f[a]:log(x)", "f[b]:log(x)", "f[c]:log(x)")
    assert not second.correlated
    new = design.recipe.apply(frame.iloc[5:9])
    np.testing.assert_array_equal(new.groups[0].Z, first.Z[5:9])
    assert not new.groups[1].correlated


def test_nested_and_converted_grouping_factors(frame):
    design = build("y ~ (1 | f/g) + (1 | factor(n))", frame)
    assert [group.name for group in design.groups] == ["f", "f:g", "factor(n)"]
    assert design.groups[1].n_groups == len(frame[["f", "g"]].drop_duplicates())
    assert design.groups[2].n_groups == frame["n"].nunique()


@pytest.mark.parametrize(
    ("formula", "terms"),
    [
        ('y ~ factor(f, ref = "b")', ('factor(f, ref = "b")[a]', 'factor(f, ref = "b")[c]')),
        (
            'y ~ C(f, treatment(ref = "b"))',
            ('C(f, treatment(ref = "b"))[a]', 'C(f, treatment(ref = "b"))[c]'),
        ),
        ('y ~ C(f, ref = "c")', ('C(f, ref = "c")[a]', 'C(f, ref = "c")[b]')),
    ],
)
def test_reference_levels(frame, formula, terms):
    design = build(formula, frame)
    assert design.terms[1:] == terms
    for k, term in enumerate(terms, start=1):
        np.testing.assert_array_equal(design.X[:, k], frame["f"] == term[-2])
    np.testing.assert_array_equal(design.recipe.apply(frame.iloc[[4]]).X, design.X[[4]])


def test_comparisons_are_zero_or_one(frame):
    design = build('y ~ I(x > 5) + I((n <= 3) * (f == "b")) + I(f != "a")', frame)
    np.testing.assert_array_equal(design.X[:, 1], frame["x"] > 5)
    np.testing.assert_array_equal(design.X[:, 2], (frame["n"] <= 3) & (frame["f"] == "b"))
    np.testing.assert_array_equal(design.X[:, 3], frame["f"] != "a")
    assert design.recipe.apply({"x": [1], "n": [1], "f": ["a"]}).X.tolist() == [[1, 0, 0, 0]]


def test_numbers_outside_of_all_intervals_are_missing_values(frame):
    x = frame["x"].round(1)
    formula, outside = "y ~ cut(x, c(2, 4, 7))", (x <= 2) | (x > 7)
    design = build(formula, frame.assign(x=x))
    n = int(outside.sum())
    assert 0 < n < len(frame)
    assert design.rows.tolist() == np.flatnonzero(~outside).tolist()
    assert design.terms == ("Intercept", "cut(x, c(2, 4, 7))[(4,7]]")
    np.testing.assert_array_equal(design.X[:, 1], x[~outside] > 4)
    cover = "`-Inf` and `Inf` as the outer bounds cover every number"
    assert design.messages == (
        f"{n} of 60 rows dropped: outside of all intervals of cut(x, c(2, 4, 7)) ({n}); {cover}",
    )
    new = Recipe.from_json(design.recipe.to_json()).apply({"x": [3.0, 9.0, 7.0]})
    assert (new.rows.tolist(), new.X.tolist()) == ([0, 2], [[1, 0], [1, 1]])
    assert new.messages[0].startswith(
        "1 of 3 rows dropped: outside of all intervals of cut(x, c(2, 4, 7)) (1)"
    )
    reported = build(formula, frame.assign(x=x), missing={"x": "report"}).messages[0]
    assert f"cut(x, c(2, 4, 7)) ({n}: rows {np.flatnonzero(outside)[0] + 1}, " in reported
    with pytest.raises(DataError, match="Values are outside of all intervals of cut"):
        build(formula, frame.assign(x=x), missing="error")
    assert build(formula, frame.assign(x=x), missing={"y": "error"}).n == 60 - n


def test_intervals_are_remembered_and_group(frame):
    design = build("y ~ cut(x, 3) + (1 | cut(n, c(0, 2, 5, 9)))", frame)
    breaks = design.recipe.state["cut(x, 3)"]["breaks"]
    low, high = frame["x"].min(), frame["x"].max()
    np.testing.assert_allclose(breaks[1:3], [low + (high - low) / 3, high - (high - low) / 3], rtol=1e-12)
    assert design.groups[0].levels == ("(0,2]", "(2,5]", "(5,9]")
    assert design.groups[0].sizes.tolist() == [
        ((frame["n"] > a) & (frame["n"] <= b)).sum() for a, b in ((0, 2), (2, 5), (5, 9))
    ]
    recipe = Recipe.from_json(design.recipe.to_json())
    assert recipe == design.recipe
    part = recipe.apply(frame.iloc[:5])
    np.testing.assert_array_equal(part.X, design.X[:5])
    np.testing.assert_array_equal(part.groups[0].codes, design.groups[0].codes[:5])
    gap = build("y ~ cut(x, c(-5, 0, 4, 20))", frame)
    assert gap.messages == ("cut(x, c(-5, 0, 4, 20)): no row used has '(-5,0]'; left out of the model",)


def test_only_ordered_makes_polynomial_contrasts(frame):
    ordered = frame.assign(f=pd.Categorical(frame["f"], ["c", "a", "b"], ordered=True))
    assert build("y ~ f", ordered).terms == ("Intercept", "f[a]", "f[b]")
    design = build("y ~ ordered(f)", ordered)
    assert design.terms == ("Intercept", "ordered(f)[.L]", "ordered(f)[.Q]")
    linear = ordered["f"].map({"c": -1, "a": 0, "b": 1}).astype(float) / np.sqrt(2)
    np.testing.assert_allclose(design.X[:, 1], linear, atol=1e-15)
    stated = build('y ~ ordered(f, levels = c("c", "a", "b"))', frame)
    np.testing.assert_array_equal(stated.X, design.X)
    more = build('y ~ factor(f, levels = c("d", "c", "a", "b"), ref = "a")', frame)
    name = 'factor(f, levels = c("d", "c", "a", "b"), ref = "a")'
    assert more.terms == ("Intercept", f"{name}[c]", f"{name}[b]")
    assert more.messages == (f"{name}: no row used has 'd'; left out of the model",)
    np.testing.assert_array_equal(more.recipe.apply(frame.iloc[7:9]).X, more.X[7:9])


def test_arguments_by_keyword_are_the_same(frame):
    for one, other in (
        ("log(x = x)", "log(x)"),
        ("factor(f = f)", "factor(f)"),
        ("I(log(x = x) > 1)", "I(log(x) > 1)"),
    ):
        np.testing.assert_array_equal(build(f"y ~ {one}", frame).X, build(f"y ~ {other}", frame).X)


def test_transforms_of_the_response(frame):
    design = build("log(x) ~ n", frame)
    np.testing.assert_allclose(design.y, np.log(frame["x"]), rtol=1e-15)
    assert design.response.name == "log(x)"
    scaled = build("scale(x) ~ n", frame)
    assert (scaled.y.mean(), scaled.y.std(ddof=1)) == (pytest.approx(0, abs=1e-13), pytest.approx(1))
    new = Recipe.from_json(scaled.recipe.to_json()).apply(frame.iloc[:4], response=True)
    np.testing.assert_allclose(new.y, scaled.y[:4], rtol=1e-14)
    binary = build("I(x > 5) ~ n", frame, response_kind="binary")
    np.testing.assert_array_equal(binary.y, frame["x"] > 5)


@pytest.mark.parametrize(
    ("formula", "problem", "caret"),
    [
        (
            "cbind(n, x) ~ f",
            "cbind() is for successes out of trials, but this family models numbers.",
            "cbind(n, x)",
        ),
        (
            "n | trials(10) ~ f",
            "trials() is for successes out of trials, but this family models numbers.",
            "trials(10)",
        ),
        (
            "y | weights(n) + se(x) ~ f",
            "se() and weights() both say how much single rows scatter.",
            "weights(n)",
        ),
    ],
)
def test_additions_that_no_family_uses_are_refused(frame, formula, problem, caret):
    with pytest.raises(FormulaError) as caught:
        build(formula, frame)
    error = caught.value
    assert error.problem == problem
    assert formula[slice(*error.span)] == caret
    assert error.hint


ZERO = (
    "log(z) is not a finite number in row 3 (the first is row 1), where z = 0. log() takes numbers above 0. "
)
ADVICE = "Change the expression, or mark the value as missing to drop the row."


@pytest.mark.parametrize(
    "formula", ["y ~ log(z)", "y ~ I(log(z)^2)", "log(z) ~ x", "y ~ poly(log(z), 2)", "y ~ f*log(z)"]
)
def test_logarithm_of_a_number_that_has_none(frame, formula):
    z = np.where(np.arange(60) == 2, 0.0, frame["n"])
    with pytest.raises(DataError) as caught:
        build(formula, frame.assign(z=z))
    assert str(caught.value) == ZERO + ADVICE


REFUSED = [
    (
        "y ~ scale(one)",
        DataError,
        "scale(one) divides by a standard deviation of 0: the values are 1 in all 60 rows",
    ),
    ("y ~ poly(two, 2)", DataError, "poly(two, 2) needs 3 different values; the rows that are used have 2."),
    ("y ~ bs(x, df = 2)", DataError, "bs(x, df = 2) has fewer columns (2) than its degree (3). Write df = 3"),
    ("y ~ ns(skew, df = 4)", DataError, "ns(skew, df = 4) would have two knots at one value"),
    ("y ~ exp(big)", DataError, "exp(big) is too large in rows 1, 2, 3"),
    ("y ~ sqrt(y)", DataError, "sqrt() takes numbers from 0."),
    ("y ~ log(f)", FormulaError, "Arithmetic needs numbers, but 'f' holds text ('a', 'b', 'c')."),
    ('y ~ factor(f, ref = "z")', FormulaError, "The factor 'f' has no level 'z'."),
    ('y ~ C(f, sum, ref = "a")', FormulaError, "sum contrasts have no reference level."),
    ('y ~ I(won == "Yes")', FormulaError, "No row used of 'won' has the label 'Yes'."),
    ('y ~ I((x + 1) == "Yes")', FormulaError, "compares a label with something that is not a column"),
]


@pytest.mark.parametrize(("formula", "kind", "problem"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(frame, formula, kind, problem):
    skew = np.concatenate([np.zeros(55), np.arange(1, 6)])
    data = frame.assign(one=1.0, two=frame["n"] % 2, big=1e9, skew=skew)
    with pytest.raises(kind) as caught:
        build(formula, data)
    assert problem in str(caught.value)
