"""Comparison of models: the ladders of the analyses, nesting, stacking weights, and what cannot be ranked."""

from __future__ import annotations

import html
import re

import numpy as np
import pytest
import xarray as xr
from plugin import random_fit
from structures import small_frame

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.estimates.leave_out.compare import compare, stacking_weights, verdict_on
from hierbayes.estimates.leave_out.nesting import changes, is_nested, relation
from hierbayes.fitted import Fit


@pytest.fixture(scope="module")
def ladder(fit_of) -> hb.Comparison:
    names = ("m_01", "m_02", "m_03")
    return compare({name: fit_of("contraception", name) for name in names})


@pytest.mark.sampling
def test_the_contraception_ladder_reads_as_the_analysis_does(ladder):
    """ANALYSES: m_02 better than m_01; m_03 not better than m_02."""
    steps = ladder.steps
    assert steps["changed"].tolist() == ["adds I(age^2)", "adds ch; drops livch"]
    assert steps["nested"].tolist() == ["m_01 is nested in m_02", "m_03 is nested in m_02"]
    assert steps["verdict"][0].startswith("m_02 predicts better than m_01 (elpd +")
    assert steps["verdict"][1].startswith("They predict alike: the difference is below 4 (elpd ")
    assert steps["verdict"][1].endswith("; m_03 is the simpler one")
    assert ladder.table["model"].tolist() == ["m_03", "m_02", "m_01"]


@pytest.mark.sampling
def test_a_notebook_shows_a_table_and_the_same_words(ladder):
    shown = re.sub("<style>.*?</style>", "", ladder._repr_html_(), flags=re.DOTALL)
    cells = re.findall("<t[hd] [^>]*>(.*?)</t[hd]>", shown)
    columns = len(cells) // 4
    assert cells[columns : columns + 2] == ["m_03", "0.0"]
    assert cells[2 * columns] == "m_02"
    assert shown.count("<li>") == 2
    plain = html.unescape(re.sub("<[^>]+>", " ", shown))
    assert plain.split() == str(ladder).split()


def test_districts_and_their_urban_parts_are_not_nested(model_of):
    """ANALYSES: comparing m_04 and m_05 by a likelihood-ratio test is a mistake."""
    third, fourth, fifth = ((name, model_of("contraception", name)) for name in ("m_03", "m_04", "m_05"))
    assert relation(third, fourth) == ("m_03 is nested in m_04", "m_03")
    assert relation(fourth, fifth) == ("m_04 and m_05 are not nested", "")
    assert changes(third[1], fourth[1]) == "adds age:ch"
    assert changes(fourth[1], fifth[1]) == "adds (1 | urban:district); drops (1 | district)"


@pytest.mark.sampling
def test_arviz_ranks_and_weighs_alike(ladder):
    import arviz_stats
    from arviz_stats.utils import ELPDData

    data = {}
    for name, elpd in ladder.elpds.items():
        values = xr.DataArray(elpd.pointwise["elpd"].to_numpy(), dims="obs")
        data[name] = ELPDData(
            elpd=elpd.elpd,
            se=elpd.se,
            p=elpd.p,
            n_samples=4000,
            n_data_points=elpd.n,
            scale="log",
            warning=False,
            good_k=0.7,
            elpd_i=values,
            pareto_k=xr.DataArray(elpd.pointwise["pareto_k"].to_numpy(), dims="obs"),
        )
    theirs = arviz_stats.compare(data, round_to="none")
    ours = ladder.table.set_index("model").loc[theirs.index]
    np.testing.assert_allclose(ours["elpd_diff"], theirs["elpd_diff"], rtol=1e-8, atol=1e-8)
    # ArviZ divides the squares of these by n, of elpd itself by n - 1; we by n - 1 throughout.
    np.testing.assert_allclose(ours["se_diff"], theirs["dse"] * np.sqrt(1934 / 1933), rtol=1e-8, atol=1e-8)
    density = np.exp(np.column_stack([data[n].elpd_i for n in theirs.index]))
    scores = [np.log(density @ w).sum() for w in (ours["weight"].to_numpy(), theirs["weight"].to_numpy())]
    assert scores[0] >= scores[1] - 1e-6


@pytest.mark.slow
@pytest.mark.sampling
def test_a_slope_that_varies_improves_the_exam_model(fit_of):
    """ANALYSES: m4 better than m3, chi2(2) = 43.6."""
    by_row = compare({"m3": fit_of("exam", "m3"), "m4": fit_of("exam", "m4")})
    (step,) = by_row.steps.itertuples()
    assert step.verdict.startswith("m4 predicts better than m3 (elpd +")
    assert by_row.table["weight"][0] > 0.9


@pytest.mark.sampling
def test_schools_are_predicted_better_with_a_slope_that_varies(fit_of):
    by_school = compare({"m2": fit_of("exam", "m2"), "m4": fit_of("exam", "m4")}, unit="school")
    (step,) = by_school.steps.itertuples()
    assert step.changed == "(1 | school) becomes (1 + standLRT | school); adds schgend"
    assert step.nested == "m2 is nested in m4"
    assert by_school.unit == "school"
    assert by_school.table["model"].tolist() == ["m4", "m2"]
    text = str(by_school)
    assert text.startswith(
        "2 models: leave-one-out cross-validation: 65 levels of school, 4,000 draws\n\nmodel "
    )
    assert max(map(len, text.splitlines())) <= 100
    assert "With 65 levels of school, fewer than 100" in text
    assert "likelihood-ratio" not in text


def made(formula: str, **arguments: object) -> Fit:
    return random_fit(hb.Model(formula, small_frame(), **arguments), draws=50)


NESTED = [
    ("y ~ x", "y ~ x + (1 | g)"),
    ("y ~ x + (1 | g)", "y ~ x * w + (1 + x | g)"),
    ("y ~ x + (1 + x || g)", "y ~ x + (1 + x | g)"),
    ("y ~ x + (0 + x | g)", "y ~ x + (1 + x || g)"),
    ("y ~ x + (1 | g)", "y ~ x + (1 | g) + (1 | g:h)"),
    ("y ~ I(2 * x - 1) + (1 | g)", "y ~ poly(x, 2) + (1 | g)"),
    ("y ~ x + (1 | g)", hb.formula("y ~ x + (1 | g)", sigma="~ w")),
]
APART = [
    ("y ~ x + (1 | g)", "y ~ x + (1 | h)"),
    ("y ~ x + (1 | g)", "y ~ w + (1 | g)"),
    ("y ~ x + offset(w) + (1 | g)", "y ~ x + (1 | g)"),
    ("y ~ x + (1 | g)", hb.formula("y ~ x + (1 | g)", sigma="~ 0 + x")),
    ("y | weights(k) ~ x + (1 | g)", "y ~ x + w + (1 | g)"),
    ("y ~ x + (1 | g)", "y ~ x + (1 | g:h)"),
]


@pytest.mark.parametrize("pair", NESTED)
def test_special_cases_are_nested(pair):
    small, large = (made(formula) for formula in pair)
    assert is_nested(small, large)
    assert not is_nested(large, small)
    assert relation(("a", large), ("b", small)) == ("b is nested in a", "b")


@pytest.mark.parametrize("pair", APART)
def test_other_models_are_not(pair):
    one, other = (made(formula) for formula in pair)
    assert relation(("a", one), ("b", other)) == ("a and b are not nested", "")


def test_the_same_model_in_other_words():
    one, other = made("y ~ x + (1 | g)"), made("y ~ I(3 * x) + (1 | g)")
    assert relation(("a", one), ("b", other)) == ("a and b have the same likelihood", "")


def test_changes_are_told_in_words():
    first = made("won ~ x + (1 | g)", family="bernoulli", priors={"b": "normal(0, 1)"})
    second = made(
        "won ~ x + w + (1 + x | g)", family="bernoulli", link="probit", priors={"b": "normal(0, 2)"}
    )
    assert changes(first, second) == (
        "link logit becomes probit; (1 | g) becomes (1 + x | g); adds w; prior of b[x] normal(0, 1) becomes "
        "normal(0, 2)"
    )
    assert changes(first, first) == "nothing changes"


def test_stacking_weights_maximize_the_score():
    rng = np.random.default_rng(1)
    pointwise = rng.normal(-2000, 1, size=(300, 3)) + np.array([0.3, 0, -0.5])
    weights = stacking_weights(pointwise)
    assert weights.sum() == pytest.approx(1)

    def score(w: np.ndarray) -> float:
        return float(np.log(np.exp(pointwise + 2000) @ w).sum())

    for _ in range(200):
        assert score(weights) >= score(rng.dirichlet(np.ones(3))) - 1e-6
    np.testing.assert_allclose(stacking_weights(np.repeat(pointwise[:, :1], 2, axis=1)), 0.5)
    np.testing.assert_allclose(stacking_weights(pointwise[:, :1] + np.array([0.0, 50.0])), [0, 1], atol=1e-8)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (3.9, 1.0, "They predict alike: the difference is below 4 (elpd +3.9, se 1.0)"),
        (-9.0, 5.0, "Not to be told apart: the difference is below two standard errors (elpd -9.0, se 5.0)"),
        (-9.0, 4.0, "b predicts worse than a (elpd -9.0, se 4.0)"),
        (19.6, 6.4, "b predicts better than a (elpd +19.6, se 6.4)"),
    ],
)
def test_differences_in_words(value, error, words):
    assert verdict_on("a", "b", value, error) == words


CANNOT = {
    "rows": (
        lambda: made("y ~ x + (1 | g)"),
        lambda: random_fit(hb.Model("y ~ x + (1 | g)", small_frame()[:50]), draws=50),
        "a uses 60 rows and b 50: sums of log densities over different rows",
    ),
    "scale": (
        lambda: made("cost ~ x + (1 | g)"),
        lambda: made("log(cost) ~ x + (1 | g)"),
        "a predicts cost and b log(cost). A density of a transformed response is per unit of that scale",
    ),
    "values": (
        lambda: made("y ~ x + (1 | g)"),
        lambda: random_fit(
            hb.Model("y ~ x + (1 | g)", small_frame().assign(y=lambda d: d["y"] + 1)), draws=50
        ),
        "a and b have different values of y. Fit both to the same data.",
    ),
    "places": (
        lambda: random_fit(hb.Model("y ~ x + (1 | g)", small_frame()[:40]), draws=50),
        lambda: random_fit(hb.Model("y ~ w2 + (1 | g)", _missing()), draws=50),
        "a and b use different rows of their data, 40 each.",
    ),
    "weights": (
        lambda: made("won ~ x + (1 | g)", family="bernoulli"),
        lambda: made("won | weights(k) ~ x + (1 | g)", family="bernoulli"),
        "a and b have different trials, weights, or limits of won, so that their rows do not count alike.",
    ),
}


def _missing() -> object:
    frame = small_frame()
    return frame.assign(w2=np.where(np.arange(60) < 20, np.nan, frame["w"]))


@pytest.mark.parametrize("case", CANNOT)
def test_models_of_different_data_are_refused(case):
    one, other, message = CANNOT[case]
    with pytest.raises(DataError) as caught:
        compare({"a": one(), "b": other()})
    assert str(caught.value).startswith(f"These models cannot be ranked: {message}")


def test_other_calls_that_make_no_sense_are_refused():
    fit = made("y ~ x + (1 | g)")
    with pytest.raises(
        ArgumentTypeError, match=r"^Models are given by name; list is given\. Write hb\.compare"
    ):
        compare([fit, fit])
    with pytest.raises(
        ArgumentTypeError, match=r"^'b' is of type int\. Allowed: fits, or results of fit\.loo"
    ):
        compare({"a": fit, "b": 3})
    with pytest.raises(
        DataError, match=r"^There is nothing to compare: 1 model is given\. Give at least two\."
    ):
        compare({"a": fit})
    with pytest.raises(UnknownNameError, match=r"^'hh' is not a known unit of one of the models\."):
        compare({"a": fit, "b": fit}, unit="hh")
    mixed = {"a": fit.loo(refits=0), "b": fit.loo(unit="g", refits=0)}
    with pytest.raises(
        DataError, match=r"^Results of different kinds cannot be compared: a is of loo by row, b"
    ):
        compare(mixed)


def test_a_model_without_the_unit_takes_it_from_another():
    """A single-level model beside one with groups, by group: rows add up within each."""
    flat, grouped = made("y ~ x"), made("y ~ x + (1 | g)")
    result = compare({"flat": flat, "grouped": grouped}, unit="g", refits=0)
    table = result.elpds["flat"].pointwise
    assert table["level"].tolist() == result.elpds["grouped"].pointwise["level"].tolist()
    assert any("Importance sampling cannot be trusted everywhere" in note for note in result.notes)
    assert "bad_k" in str(result)
