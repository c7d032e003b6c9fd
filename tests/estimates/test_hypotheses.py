"""Hypotheses against draws, odds, prior densities and a Bayes factor that is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import fit_from, random_fit
from scipy import stats
from tolerances import IDENTITY, monte_carlo

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, DataError, FormulaError, UnknownNameError
from hierbayes.estimates.hypotheses.parameters import parameters_of
from hierbayes.estimates.hypotheses.savage import density_at_zero, savage_dickey
from hierbayes.families import FAMILIES

RNG = np.random.default_rng(12)
N = 80
FRAME = pd.DataFrame(
    {
        "x": RNG.normal(0, 2, N),
        "ch": RNG.choice(["N", "Y"], N),
        "g": RNG.integers(0, 5, N).astype(str),
        "sector": "a",
        "sigma": RNG.normal(size=N),
    }
)
FRAME.loc[FRAME["g"].isin(["0", "1"]), "sector"] = "b"
FRAME["y"] = RNG.normal(size=N)
FRAME["mode"] = RNG.choice(["bus", "car", "walk"], N)
FRAME["grade"] = pd.Categorical(
    RNG.choice(["low", "medium", "high"], N), ["low", "medium", "high"], ordered=True
)
PRIORS = {"b[x]": "normal(0.5, 2)"}


def fit(formula="y ~ x*ch + I(x^2) + (1 + x | g)", family="gaussian", draws=500, **options):
    return random_fit(hb.Model(formula, FRAME, family=family, **options), draws=draws)


@pytest.fixture(scope="module")
def linear():
    return fit(priors=PRIORS)


def b_of(given, term):
    return given.posterior["b"].sel(term=term).to_numpy()


def test_the_table(linear):
    table = linear.hypothesis(["x:ch[Y] > 0", "x < ch[Y]", "x = 0.4"], rope=(-0.1, 0.2))
    assert list(table.columns) == [
        *("hypothesis", "mean", "sd", "lower", "upper", "probability", "evidence_ratio", "evidence_error"),
        *("rope", "ess_bulk", "r_hat"),
    ]
    assert table["hypothesis"].tolist() == ["x:ch[Y] > 0", "x < ch[Y]", "x = 0.4"]
    differences = [
        b_of(linear, "x:ch[Y]"),
        b_of(linear, "x") - b_of(linear, "ch[Y]"),
        b_of(linear, "x") - 0.4,
    ]
    np.testing.assert_allclose(table["mean"], [d.mean() for d in differences], rtol=IDENTITY)
    np.testing.assert_allclose(table["rope"], [((d >= -0.1) & (d <= 0.2)).mean() for d in differences])
    first, second, third = ((d > 0).mean() for d in differences)
    expected = [first, 1 - second, max(third, 1 - third)]
    np.testing.assert_allclose(table["probability"], expected, rtol=IDENTITY)
    odds = table["probability"] / (1 - table["probability"])
    np.testing.assert_allclose(table["evidence_ratio"][:2], odds[:2], rtol=IDENTITY)
    assert table.attrs["notes"] == ("rope: share of the posterior between -0.1 and 0.2",)


def test_draws_keep_their_chains(linear):
    draws = linear.hypothesis(["exp(x) > 2", "sigma"], draws=True)
    assert draws.dims == ("chain", "draw", "hypothesis")
    np.testing.assert_allclose(draws[..., 0], np.exp(b_of(linear, "x")) - 2, rtol=IDENTITY)
    np.testing.assert_allclose(draws[..., 1], linear.posterior["sigma"], rtol=IDENTITY)


@pytest.mark.parametrize("text", ["sd_g[x]", "sd(g: x)", "sd[g][x]", "sd(x)", "`sd_g[x]`"])
def test_names_of_a_standard_deviation(linear, text):
    draws = linear.hypothesis(text, draws=True)[..., 0]
    np.testing.assert_array_equal(draws, linear.posterior["sd_g"].sel(g_term="x"))


@pytest.mark.parametrize("text", ["cor_g[Intercept, x]", "cor(g: x, Intercept)", "cor( Intercept,x )"])
def test_names_of_a_correlation(linear, text):
    draws = linear.hypothesis(text, draws=True)[..., 0]
    np.testing.assert_array_equal(draws, linear.posterior["cor_g"][:, :, 0, 1])


def test_every_parameter_of_a_summary_has_a_name():
    for family, formula in (
        ("gaussian", hb.formula("y ~ x + (1 + x |c| g)", sigma="~ ch + (1 |c| g)")),
        ("cumulative", "grade ~ x + (1 | g)"),
        ("categorical", "mode ~ x + (1 | g)"),
        ("student", "y ~ x + (x || g)"),
    ):
        given = fit(formula, family, draws=20)
        parameters = parameters_of(given)
        summary = given.summary()
        assert len(parameters) == len(summary)
        means = [given.hypothesis(f"`{p.full}`", draws=True).mean().item() for p in parameters]
        np.testing.assert_allclose(sorted(means), sorted(summary["mean"]), rtol=1e-9)


def test_each_group_has_its_own_coefficients(linear):
    own = linear.hypothesis(["x > b[x]", "Intercept + 2*x = sigma"], group="g", draws=True)
    assert own.dims == ("chain", "draw", "hypothesis", "level")
    u = linear.posterior["u_g"]
    np.testing.assert_allclose(own[:, :, 0], u.sel(g_term="x"), rtol=1e-8, atol=1e-12)
    coef = linear.coef("g", draws=True)["coef_g"].to_numpy()
    expected = coef[..., 0] + 2 * coef[..., 1] - linear.posterior["sigma"].to_numpy()[..., None]
    np.testing.assert_allclose(own[:, :, 1], expected, rtol=IDENTITY)
    deviations = linear.hypothesis("x", group="g", ranef=True, draws=True)
    np.testing.assert_array_equal(deviations[:, :, 0], u.sel(g_term="x"))


def test_the_table_of_groups(linear):
    table = linear.hypothesis(["x > 0", "Intercept = 0"], group="g")
    assert list(table.columns[:2]) == ["hypothesis", "level"]
    assert table["level"].tolist() == ["0", "1", "2", "3", "4"] * 2
    coef = linear.coef("g", draws=True)["coef_g"]
    np.testing.assert_allclose(table["probability"][:5], (coef[..., 1] > 0).mean(("chain", "draw")))
    assert np.isfinite(table["evidence_ratio"]).all()


def test_odds_that_the_draws_cannot_tell(linear):
    table = linear.hypothesis(["sigma > 0", "sigma < 0"])
    assert table["evidence_ratio"].tolist() == [np.inf, 0]
    assert table.attrs["notes"] == (
        "'sigma > 0' holds in all 2,000 draws: the odds are beyond what these can tell, shown as inf",
    )


def test_the_error_of_odds_is_that_of_independent_draws(linear):
    row = linear.hypothesis("x > 0.3").iloc[0]
    p = row["probability"]
    assert row["evidence_error"] == pytest.approx(np.sqrt(p * (1 - p) / 2000) / (1 - p) ** 2, rel=0.2)


NORMALS = [(0.0, 1.0), (0.3, 0.1), (-0.5, 0.3), (2.0, 1.0)]


@pytest.mark.parametrize(("mean", "sd"), NORMALS)
def test_density_at_zero_of_normal_draws(mean, sd):
    draws = np.random.default_rng(5).normal(mean, sd, size=(4, 2000, 1))
    found = density_at_zero(draws, one_sided=False)
    assert found.method[0] == "kernel"
    exact = stats.norm(mean, sd).pdf(0)
    assert monte_carlo(found.value[0], exact, found.error[0] * exact)


def test_density_at_zero_of_skewed_and_of_one_sided_draws():
    rng = np.random.default_rng(5)
    skewed = np.exp(rng.normal(0, 1, size=(4, 2000, 1))) - 1
    found = density_at_zero(skewed, one_sided=False)
    assert monte_carlo(found.value[0], stats.norm.pdf(0), found.error[0] * found.value[0])
    half = np.abs(rng.normal(size=(4, 2000, 1)))
    found = density_at_zero(half, one_sided=True)
    assert found.method[0] == "edge"
    assert monte_carlo(found.value[0], 2 * stats.norm.pdf(0), found.error[0] * found.value[0])


def test_densities_far_out_say_so():
    draws = np.random.default_rng(5).normal(20, 1, size=(4, 1000, 1))
    far = density_at_zero(draws, one_sided=False)
    assert far.method[0] == "normal"
    assert 0 < far.value[0] < 1e-50
    assert np.isnan(far.error[0])
    assert density_at_zero(draws, one_sided=True).value[0] == 0


@pytest.mark.parametrize("mean", [0.0, 0.2, 0.5])
def test_the_bayes_factor_of_a_normal_mean(mean):
    """20 observations with known sd 1 and prior normal(0, 2): the ratio of two marginal densities."""
    n, tau = 20, 2.0
    exact = stats.norm(0, np.sqrt(1 / n)).pdf(mean) / stats.norm(0, np.sqrt(1 / n + tau**2)).pdf(mean)
    precision = n + 1 / tau**2
    rng = np.random.default_rng(3)
    posterior = rng.normal(n * mean / precision, precision**-0.5, size=(4, 2000, 1))
    found = savage_dickey(posterior, rng.normal(0, tau, size=(1, 20_000, 1)))
    assert monte_carlo(found.value[0], exact, found.error[0])


def test_the_prior_is_that_of_the_model(linear):
    row = linear.hypothesis("x = 0.4").iloc[0]
    draws = b_of(linear, "x")[..., None] - 0.4
    above = density_at_zero(draws, one_sided=False)
    exact = above.value[0] / stats.norm(0.5, 2).pdf(0.4)
    assert monte_carlo(row["evidence_ratio"], exact, row["evidence_error"])


def test_the_evidence_ratio_does_not_depend_on_how_equality_is_written(linear):
    table = linear.hypothesis(["x = 0.4", "exp(x) = exp(0.4)", "2*x - 0.8 = 0", "0.4 = x"])
    first = table.iloc[0]
    for _, row in table.iloc[1:].iterrows():
        errors = row["evidence_error"], first["evidence_error"]
        assert monte_carlo(row["evidence_ratio"], first["evidence_ratio"], *errors)


def test_a_flat_prior_has_no_evidence_ratio():
    given = fit("y ~ x + ch", priors={"b[x]": "flat()"})
    table = given.hypothesis(["x = 0", "ch[Y] = 0", "Intercept = 0"])
    assert np.isnan(table["evidence_ratio"]).tolist() == [True, False, True]
    assert table.attrs["notes"] == (
        "'x = 0' has no evidence ratio: the prior of b[x] is flat",
        "'Intercept = 0' has no evidence ratio: the prior of b[x] is flat",
    )


def test_what_is_the_same_in_all_draws_has_no_evidence_ratio(linear):
    table = linear.hypothesis("x - x = 0")
    assert np.isnan(table["evidence_ratio"][0])
    assert table.attrs["notes"] == ("'x - x = 0' has no evidence ratio: it is the same in all draws",)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_hypotheses(family):
    frame = FRAME.assign(
        y={"beta": 0.2, "von_mises": 0.1}.get(family, 1.0) * RNG.uniform(0.1, 1, N), n=RNG.integers(3, 9, N)
    )
    if family in ("bernoulli", "poisson", "negbinomial") or family.startswith(("zero_", "hurdle_")):
        frame["y"] = RNG.integers(0, 2, N)
    left = {
        "binomial": "w | trials(n)",
        "beta_binomial": "w | trials(n)",
        "cumulative": "grade",
        "categorical": "mode",
    }
    frame["w"] = RNG.binomial(frame["n"], 0.4)
    model = hb.Model(f"{left.get(family, 'y')} ~ x + ch + (1 | g)", frame, family=family)
    given = random_fit(model, draws=50)
    first = "car: x" if family == "categorical" else "x"
    table = given.hypothesis(
        [f"{first} > 0", f"{first} = 0", "sd(g: Intercept) > 0.5"][: 2 + ("cat" not in family)]
    )
    assert np.isfinite(table[["mean", "probability", "evidence_ratio"]]).all(axis=None)
    assert len(given.contrasts("ch")) == (2 if family == "categorical" else 1)


def test_rope_of_a_tenth_of_a_standard_deviation(linear):
    table = linear.hypothesis("ch[Y] > 0", rope="auto")
    half = 0.1 * FRAME["y"].std()
    share = (np.abs(b_of(linear, "ch[Y]")) <= half).mean()
    assert table["rope"][0] == pytest.approx(share, rel=IDENTITY)
    assert table.attrs["notes"][0].startswith(
        f"rope: share of the posterior between {-half:.3g} and {half:.3g}, 0.1 standard deviations of y"
    )


def test_an_ambiguous_name_is_refused():
    given = fit("y ~ sigma + (1 | g)")
    with pytest.raises(DataError) as caught:
        given.hypothesis("sigma > 0")
    assert str(caught.value) == "'sigma' is the name of 2 parameters. Write b[sigma] or family[sigma]."
    np.testing.assert_array_equal(
        given.hypothesis("family[sigma]", draws=True)[..., 0], given.posterior["sigma"]
    )


def test_group_terms_by_another_column():
    given = fit("y ~ x + (1 | gr(g, by = sector))")
    with pytest.raises(DataError) as caught:
        given.hypothesis("Intercept > 0", group="g")
    assert str(caught.value) == (
        "'g' has several group terms whose groups or coefficients are not alike: 'g:sector[a]', "
        "'g:sector[b]'. Name one of them as `group`."
    )
    assert given.hypothesis("Intercept > 0", group="g:sector[b]")["level"].tolist() == ["0", "1"]


REFUSED = [
    (
        {"hypotheses": "log(x) > 0"},
        DataError,
        "a logarithm, root or power of a negative number, a division by zero, or too large a number. Change "
        "the expression.",
    ),
    ({"hypotheses": []}, DataError, "No hypothesis is given. Write at least one, such as 'age > 0'."),
    (
        {"hypotheses": 3},
        ArgumentTypeError,
        "Hypotheses are text, 'age > 0', or a sequence of texts; 3 was given.",
    ),
    (
        {"hypotheses": "x", "ranef": True},
        DataError,
        "ranef=True asks for deviations of groups. Name the grouping factor, group='school'.",
    ),
    (
        {"hypotheses": "ch[Y] > 0", "group": "g"},
        FormulaError,
        "The hypothesis names no coefficient that varies over 'g'.\n    ch[Y] > 0\n    ^^^^^^^^^\n"
        "Name one of: Intercept, x; or leave out group=.",
    ),
    (
        {"hypotheses": "ch[Y] + x > 0", "group": "g", "ranef": True},
        FormulaError,
        "'ch[Y]' is not a parameter that can be named here.\n    ch[Y] + x > 0\n    ^^^^^\nKnown: Intercept, "
        "x, sd_g[Intercept], sd_g[x], cor_g[Intercept, x], sigma.",
    ),
    ({"hypotheses": "x", "group": "h"}, UnknownNameError, "'h' is not a known group term. Known: g."),
    ({"hypotheses": "x", "rope": (1, 0)}, DataError, "rope is a lower and an upper end, (-0.1, 0.1); (1, 0)"),
    ({"hypotheses": "x", "rope": 1}, ArgumentTypeError, "rope is two numbers, (-0.1, 0.1), or 'auto'; 1 was"),
    ({"hypotheses": "x", "rope": "a"}, UnknownNameError, "'a' is not a known value of rope."),
]


@pytest.mark.parametrize(("options", "error", "words"), REFUSED)
def test_refusals(linear, options, error, words):
    with pytest.raises(error) as caught:
        linear.hypothesis(**options)
    assert words in str(caught.value)


def test_no_usual_region_for_counts():
    given = random_fit(hb.Model("n ~ x + (1 | g)", FRAME.assign(n=RNG.integers(0, 5, N)), family="poisson"))
    with pytest.raises(DataError) as caught:
        given.hypothesis("x > 0", rope="auto")
    assert str(caught.value) == (
        "rope='auto' is 0.1 standard deviations of the response, which the poisson family with the log link "
        "does not have on the scale of its coefficients. Give two numbers, rope=(-0.1, 0.1)."
    )


def test_a_narrow_window_without_draws_is_no_evidence():
    """The same statement on two scales, 2.5 posterior sds out: estimates of one number."""
    rng = np.random.default_rng(8)
    posterior, prior = rng.normal(0.54, 0.21, (4, 1000, 1)), rng.normal(0, 5, (1, 100_000, 1))
    exact = stats.norm(0.54, 0.21).pdf(0) / stats.norm(0, 5).pdf(0)
    for scale in (lambda x: x, np.expm1):
        found = savage_dickey(scale(posterior), scale(prior))
        assert found.method[0] == "kernel"
        assert monte_carlo(found.value[0], exact, found.error[0])


@pytest.mark.parametrize(
    ("formula", "group", "text"),
    [
        ("y ~ x + (1 | gr(g, by = sector))", "g:sector[b]", "Intercept = 0"),
        (hb.formula("y ~ x + (1 |c| g)", sigma="~ x + (1 |c| g)"), "g", "Intercept = sigma_Intercept"),
        ("y ~ x + (x || g)", "g", "x = b[x]"),
    ],
)
def test_equality_in_each_group_has_a_prior(formula, group, text):
    given = fit(formula, draws=100)
    table = given.hypothesis(text, group=group)
    assert len(table) == given.spec.all_groups[-1].n_groups
    assert np.isfinite(table["evidence_ratio"]).all()


def test_groups_in_which_all_draws_agree(linear):
    shifted = linear.posterior["u_g"].copy(deep=True)
    shifted[:, :, 2] += 50
    posterior = linear.posterior.assign(u_g=shifted)
    given = fit_from(hb.Model("y ~ x*ch + I(x^2) + (1 + x | g)", FRAME, priors=PRIORS), posterior)
    table = given.hypothesis("x > 0", group="g")
    assert np.isinf(table["evidence_ratio"]).tolist() == [False, False, True, False, False]
    assert table.attrs["notes"] == (
        "'x > 0' holds in all 2,000 draws in 1 of 5 groups: the odds are beyond what these can tell, shown "
        "as inf",
    )
