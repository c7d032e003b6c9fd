"""Shares of the variance of responses: by quadrature, by closed form, by lme4, and in every family."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plugin import fit_at_lme4, fit_from, posterior_at, random_fit
from scipy import stats
from tolerances import IDENTITY, OTHER_SOFTWARE, monte_carlo

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.variance.response_scale import Trial, integrated_shares
from hierbayes.families import FAMILIES, get_link

pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
"""R-hat of draws that are all the same."""

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "vpc.json").read_text())
RURAL = {"age": 0, "ch": "N", "urban": ["N", "Y"]}
BINARY = ["latent", "linearised", "simulation", "linear"]


def first(values) -> np.ndarray:
    return np.asarray(values.isel(chain=0, draw=0))


@cache
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 240
    y = rng.gamma(2, 1.5, n)
    return pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "g": np.repeat(list("abcdefghijkl"), n // 12),
            "h": rng.choice(list("pqrs"), n),
            "c": [f"c{k // 5}" for k in range(n)],
            "real": rng.normal(size=n),
            "positive": y,
            "share": rng.beta(2, 3, n),
            "won": rng.integers(0, 2, n),
            "hits": rng.integers(0, 6, n),
            "count": rng.poisson(y),
            "grade": pd.Categorical(rng.choice(["low", "mid", "top"], n), ordered=True),
            "mode": rng.choice(["bus", "car", "walk"], n),
        }
    )


RESPONSES = {
    **dict.fromkeys(("gaussian", "student"), "real"),
    **dict.fromkeys(("lognormal", "gamma", "exponential", "weibull"), "positive"),
    "beta": "share",
    "bernoulli": "won",
    **dict.fromkeys(("binomial", "beta_binomial"), "hits | trials(5)"),
    "cumulative": "grade",
    "categorical": "mode",
}
PARAMETERS = {"sigma": 0.7, "nu": 6.0, "shape": 2.5, "phi": 3.0, "zi": 0.2, "hu": 0.3}


def fit_of_family(family: str, right: str = "x + (1 | g)", link: str | None = None) -> hb.Fit:
    model = hb.Model(f"{RESPONSES.get(family, 'count')} ~ {right}", frame(), family=family, link=link)
    values = {name: PARAMETERS[name] for name in model.spec.scalars}
    for predictor in model.spec.linear:
        values["b" + (f"_{predictor.name}" if predictor.name else "")] = np.linspace(
            0.3, 0.6, len(predictor.terms)
        )
    if model.spec.cutpoints:
        values["cutpoints"] = np.array([-0.4, 1.1])
    for k, group in enumerate(model.design.all_groups):
        values[f"sd_{group.name}"] = np.full(len(group.terms), 0.5 + 0.2 * k)
        values[f"u_{group.name}"] = np.zeros((group.n_groups, len(group.terms)))
        if len(group.terms) > 1:
            values[f"cor_{group.name}"] = np.eye(len(group.terms))
    cutpoints = values.pop("cutpoints", None)
    posterior = posterior_at(model, values)
    if cutpoints is not None:
        dims = ("chain", "draw", "cutpoint")
        every = np.broadcast_to(cutpoints, (2, 5, len(cutpoints))).copy()
        posterior = posterior.assign(cutpoints=(dims, every)).assign_coords(
            cutpoint=list(model.spec.cutpoints)
        )
    return fit_from(model, posterior)


def test_published_shares_of_m_05(model_of):
    fit = fit_at_lme4(model_of("contraception", "m_05"), "contraception", "m_05")
    table = fit.vpc(at=RURAL, method="all")
    assert list(table["method"].unique()) == ["latent", "linearised", "simulation"]
    got = table.pivot(index="urban", columns="method", values="mean").round(4).T.to_dict()
    assert got["N"] == {"latent": 0.0894, "linearised": 0.0504, "simulation": 0.0521}
    assert got["Y"] == {"latent": 0.0894, "linearised": 0.0696, "simulation": 0.0665}
    assert list(table.columns[:5]) == ["group", "method", "age", "ch", "urban"]


def test_posteriors_contain_the_published_shares(fit_of):
    table = fit_of("contraception", "m_05").vpc(at=RURAL, method=["linearised", "simulation"])
    published = [0.0504, 0.0696, 0.0521, 0.0665]
    assert ((table["lower"] < published) & (published < table["upper"])).all()
    assert (table["ess_bulk"] > 400).all()


def test_published_shares_of_antenatal_care():
    """Variance 1.464 around a log odds of 0.148."""
    moments, eta, variance = Trial(get_link("bernoulli")), np.array([0.148]), np.array([1.464])
    fit = fit_of_family("bernoulli", "1 + (1 | g)")
    fit.posterior["b"].values[:] = 0.148
    fit.posterior["sd_g"].values[:] = np.sqrt(1.464)
    shares = {m: first(fit.vpc(method=m, draws=True)["g"]).item() for m in BINARY}
    assert {m: round(v, 3) for m, v in shares.items()} == {
        "latent": 0.308,
        "linearised": 0.267,
        "simulation": 0.225,
        "linear": 0.225,
    }
    found = integrated_shares(moments, eta, {"g": variance}, {"g": ()})["g"]
    assert found == pytest.approx(shares["simulation"], rel=IDENTITY)


def test_quadrature_is_adaptive_integration_by_r():
    points = pd.DataFrame(REFERENCE["integrated"])
    eta, variance = points["eta"].to_numpy(), points["variance"].to_numpy()
    got = integrated_shares(Trial(get_link("bernoulli")), eta, {"g": variance}, {"g": ()})["g"]
    np.testing.assert_allclose(got, points["share"], rtol=OTHER_SOFTWARE)


def test_linear_definition_is_near_the_linear_model_of_lme4(model_of):
    """lmer's own fit of the 0/1 responses differs by its estimation error, a third of which is allowed."""
    fit = fit_at_lme4(model_of("contraception", "m_05"), "contraception", "m_05")
    got = first(fit.vpc(method="linear", draws=True)["urban:district"]).item()
    assert abs(got - REFERENCE["linear"]["m_05"]) < 0.0172 / 3


def test_linear_definition_is_the_covariance_within_groups():
    """Responses of pairs of rows that share a group, rows drawn as observed."""
    fit = fit_of_family("bernoulli")
    rng = np.random.default_rng(5)
    pairs = 400_000
    rows = fit.design.X[rng.integers(0, fit.design.n, (pairs, 2))] @ np.array([0.3, 0.6])
    mean = np.zeros(fit.design.n)
    nodes = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    for node in nodes:
        mean += 1 / (1 + np.exp(-(fit.design.X @ np.array([0.3, 0.6]) + 0.5 * node))) / len(nodes)
    p = 1 / (1 + np.exp(-(rows + 0.5 * rng.normal(size=(pairs, 1)))))
    marginal = np.interp(rows, *(v[np.argsort(mean)] for v in (fit.design.X @ np.array([0.3, 0.6]), mean)))
    products = (p - marginal).prod(axis=1) / (mean * (1 - mean)).mean()
    got = first(fit.vpc(method="linear", draws=True)["g"]).item()
    assert monte_carlo(products.mean(), got, products.std() / np.sqrt(pairs))


@pytest.mark.parametrize(
    ("family", "level1"),
    [
        ("poisson", lambda m, e: m),
        ("negbinomial", lambda m, e: m + m**2 * e / 3),
        ("zero_inflated_poisson", lambda m, e: 0.8 * m + 0.16 * m**2 * e),
        ("zero_inflated_negbinomial", lambda m, e: 0.8 * (m + m**2 * e * (0.2 + 1 / 3))),
    ],
)
def test_exact_shares_of_counts_are_the_closed_forms(family, level1):
    """Leckie et al. (2020): lambda^2 (exp(variance) - 1) between groups; the outer term first, if nested."""
    fit = fit_of_family(family, "x + (1 | g) + (1 | c)")
    at = fit.vpc(at={"x": [-1.0, 0.5]}, method="exact", draws=True)
    v_g, v_c, zeros = 0.25, 0.49, 0.8 if "zero" in family else 1.0
    m, e = np.exp(0.3 + 0.6 * np.array([-1.0, 0.5]) + (v_g + v_c) / 2), np.exp(v_g + v_c)
    outer = zeros**2 * m**2 * np.expm1(v_g)
    inner = zeros**2 * m**2 * np.exp(v_g) * np.expm1(v_c)
    total = outer + inner + level1(m, e)
    np.testing.assert_allclose(first(at["g"]), outer / total, rtol=1e-8)
    np.testing.assert_allclose(first(at["c"]), inner / total, rtol=1e-8)


def test_exact_share_of_hurdle_counts_by_monte_carlo():
    fit, rng, n = fit_of_family("hurdle_poisson", "1 + (1 | g)"), np.random.default_rng(8), 400_000
    rate = np.exp(0.3 + 0.5 * rng.normal(size=n))
    y = np.empty((2, n))
    for k in range(2):  # two rows of each group
        positive = stats.poisson.ppf(rng.uniform(np.exp(-rate), 1), rate)
        y[k] = np.where(rng.random(n) < 0.3, 0.0, positive)
    got = first(fit.vpc(method="exact", draws=True)["g"]).item()
    r = np.corrcoef(y)[0, 1]
    kurtosis = ((y[0] - y.mean()) * (y[1] - y.mean()) / y.var()).std()
    assert monte_carlo(r, got, kurtosis / np.sqrt(n))


def test_crossed_terms_share_what_pairs_of_rows_have_in_common():
    fit, rng, n = fit_of_family("bernoulli", "1 + (1 | g) + (1 | h)"), np.random.default_rng(9), 1_000_000
    effects = [0.5 * rng.normal(size=n), 0.7 * rng.normal(size=(2, n))]
    p = 1 / (1 + np.exp(-(0.3 + effects[0] + effects[1])))
    m = p.mean()
    products = (p[0] - m) * (p[1] - m) / (m * (1 - m))
    got = first(fit.vpc(method="simulation", draws=True)["g"]).item()
    assert monte_carlo(products.mean(), got, products.std() / np.sqrt(n))


def test_ordered_categories_have_shares_at_each_cutpoint():
    fit = fit_of_family("cumulative")
    table = fit.vpc(method="all", at=None)
    assert list(table["method"]) == ["latent", *np.repeat(BINARY[1:], 2)]
    assert list(table["cutpoint"]) == ["", *["low|mid", "mid|top"] * 3]
    center = float(fit.design.X.mean(axis=0) @ [0.3])
    for cut, label in ((-0.4, "low|mid"), (1.1, "mid|top")):
        p = 1 / (1 + np.exp(cut - center))
        spread = p**2 * (1 - p) ** 2 * 0.25
        row = table[(table["method"] == "linearised") & (table["cutpoint"] == label)]
        assert row["mean"].item() == pytest.approx(spread / (spread + p * (1 - p)), rel=IDENTITY)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_its_definitions(family):
    fit = fit_of_family(family)
    table = fit.vpc(method="all", at={"x": [0.0, 1.0]})
    assert table["mean"].between(0, 1).all()
    assert set(table["x"]) == {0.0, 1.0}
    assert "exact" in set(table["method"]) or family in (
        *("gaussian", "student", "bernoulli", "binomial", "beta_binomial", "cumulative", "categorical"),
    )
    assert set(table.attrs["definitions"]) == set(table["method"])
    draws = fit.vpc(method="all", draws=True)
    assert (draws.sizes["chain"], draws.sizes["draw"]) == (2, 5)


def test_definitions_far_apart_are_said_to_answer_different_questions(model_of):
    fit = fit_at_lme4(model_of("contraception", "m_05"), "contraception", "m_05")
    (note,) = fit.vpc(at=RURAL, method="all").attrs["notes"]
    assert note.startswith(
        "The definitions differ by up to a factor of 1.8 (linearised 0.050, latent 0.089 for "
        "urban:district): they answer different questions."
    )
    assert note in " ".join(repr(fit.vpc(at=RURAL, method="all")).split())
    assert fit.vpc(method=["linearised", "simulation"]).attrs["notes"] == ()
    assert fit.vpc().attrs["notes"] == (
        "Of the response itself: method='simulation'; by every definition: method='all'.",
    )


def test_profiles_carry_transforms_interactions_and_slopes(fit_of):
    fit = fit_of("exam", "m4")
    by_column = fit.vpc(at={"standLRT": [-2, 0, 2]}, draws=True)["school"]
    sd, cor, sigma = (fit.posterior[name] for name in ("sd_school", "cor_school", "sigma"))
    for x in (-2.0, 0.0, 2.0):
        between = sd[..., 0] ** 2 + x**2 * sd[..., 1] ** 2 + 2 * x * sd[..., 0] * sd[..., 1] * cor[..., 0, 1]
        expected = between / (between + sigma**2)
        np.testing.assert_allclose(by_column.sel(standLRT=x), expected, rtol=1e-10)
    both = fit.vpc(at={"standLRT": [-2, 2], "schgend": ["boys", "girls", "mixed"]}, draws=True)["school"]
    assert dict(both.sizes) == {"chain": 4, "draw": 1000, "standLRT": 2, "schgend": 3}
    assert fit.vpc(at={"standLRT": 1, "schgend": ["boys"]}, draws=True)["school"].dims[2:] == ("schgend",)


def test_what_cannot_be_asked_is_refused(model_of):
    fit = fit_at_lme4(model_of("contraception", "m_05"), "contraception", "m_05")
    with pytest.raises(UnknownNameError) as caught:
        fit.vpc(at={"urban": "M"})
    assert str(caught.value) == "'M' is not a known value of 'urban'. Known: N, Y."
    with pytest.raises(DataError) as refused:
        fit.vpc(at={"age": "old"})
    assert str(refused.value) == "The column 'age' holds numbers; `at` gives it 'old'. Give a number."
    with pytest.raises(DataError, match="'age' is given no value in `at`"):
        fit.vpc(at={"age": []})
    with pytest.raises(DataError) as refused:
        fit.vpc(at={"age": 0}, method="linear")
    assert str(refused.value) == (
        "The VPC of method 'linear' is of all rows together, and `at` holds columns at values. "
        "Ask for 'latent' or 'linearised' or 'simulation'."
    )
    slopes = fit_of_family("bernoulli", "x + (1 + x | g)")
    with pytest.raises(DataError) as refused:
        slopes.vpc(method="linear")
    assert str(refused.value) == (
        "The VPC of method 'linear' has one variance, between the intercepts of one factor, and the model is "
        "won ~ x + (1 + x | g). Ask for 'latent' or 'linearised' or 'simulation'."
    )
    with pytest.raises(UnknownNameError, match="'exact' is not a known method of a VPC of bernoulli models"):
        fit.vpc(method="exact")


def test_links_without_a_latent_variance_have_shares_of_the_response():
    cauchit = fit_of_family("bernoulli", link="cauchit")
    with pytest.raises(DataError, match=r"the cauchit link is not defined.*method='simulation'\."):
        cauchit.vpc(method="latent")
    assert list(cauchit.vpc(method="all")["method"]) == ["linearised", "simulation", "linear"]


def test_parameters_with_formulas_are_those_at_the_values_of_columns():
    model = hb.Model(hb.formula("count ~ x + (1 | g)", phi="~ x"), frame(), family="negbinomial")
    values = {"b": [0.3, 0.6], "b_phi": [0.5, 0.4], "sd_g": [0.5], "u_g": np.zeros((12, 1))}
    fit = fit_from(model, posterior_at(model, {k: np.asarray(v) for k, v in values.items()}))
    got = first(fit.vpc(at={"x": 2.0}, method="exact", draws=True)["g"]).item()
    m, e, phi = np.exp(0.3 + 1.2 + 0.125), np.exp(0.25), np.exp(0.5 + 0.8)
    between = m**2 * (e - 1)
    assert got == pytest.approx(between / (between + m + m**2 * e / phi), rel=1e-8)


def test_linear_definition_without_columns_is_the_simulation():
    """Of ordered categories a model without columns has no coefficient at all, and all rows are alike."""
    rng = np.random.default_rng(8)
    data = {"y": rng.integers(0, 3, 40), "g": rng.choice(list("klm"), 40)}
    fit = random_fit(hb.Model("y ~ 1 + (1 | g)", data, family="cumulative"), chains=2, draws=20)
    linear, simulated = (fit.vpc(method=m, draws=True)["g"] for m in ("linear", "simulation"))
    np.testing.assert_allclose(linear, simulated, rtol=1e-4)
