"""Defaults to the last digit, and which of the user's keys wins."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hierbayes.errors import ArgumentTypeError, PriorError
from hierbayes.families import FAMILIES, LINKS
from hierbayes.spec import GroupSpec, ModelSpec, Prior, PriorEntry, Scales, fill_priors, prior_rows
from hierbayes.spec.defaults import FAMILY_PARAMETERS, MULTIPLIERS
from hierbayes.spec.overrides import ROLES

# Exam: mean and sd of normexam, sds of standLRT and of the indicators of schgend.
EXAM_SCALES = Scales(
    -0.000114,
    0.99882,
    {"Intercept": 1.0, "standLRT": 0.9932, "schgend[boys]": 0.3359, "schgend[girls]": 0.4639},
)
EXAM_M4 = ModelSpec(
    "normexam ~ 1 + standLRT + schgend + (1 + standLRT | school)",
    "gaussian",
    "identity",
    ("Intercept", "standLRT", "schgend[boys]", "schgend[girls]"),
    (GroupSpec("school", "school", ("Intercept", "standLRT"), 65),),
)
USE = ModelSpec(
    "use ~ 1 + age + (1 | district)",
    "bernoulli",
    "logit",
    ("Intercept", "age"),
    (GroupSpec("district", "district", ("Intercept",), 60),),
)
TWO_TERMS = ModelSpec(
    "y ~ 0 + a + (1 | school) + (0 + x + z | school) + (1 | region)",
    "gaussian",
    "identity",
    ("a[one]", "a[two]"),
    (
        GroupSpec("school", "school", ("Intercept",), 5),
        GroupSpec("school.1", "school", ("x", "z"), 5),
        GroupSpec("region", "region", ("Intercept",), 3),
    ),
)
TWO_SCALES = Scales(30.0, 40.0, {"a[one]": 0.5, "a[two]": 0.5, "x": 2.0, "z": 8.0})


def priors(spec: ModelSpec) -> dict[str, tuple[str, tuple[float, ...]]]:
    return {entry.key: (entry.prior.distribution, entry.prior.parameters) for entry in spec.priors}


def sources(spec: ModelSpec) -> dict[str, str]:
    return {entry.key: entry.source for entry in spec.priors}


def test_defaults_of_exam_m4() -> None:
    filled = fill_priors(EXAM_M4, EXAM_SCALES)
    assert priors(filled) == {
        "Intercept": ("normal", (-0.000114, 2.49705)),
        "b[standLRT]": ("normal", (0.0, pytest.approx(2.5141461, rel=1e-7))),
        "b[schgend[boys]]": ("normal", (0.0, pytest.approx(7.4339089, rel=1e-7))),
        "b[schgend[girls]]": ("normal", (0.0, pytest.approx(5.3827333, rel=1e-7))),
        "sd[school][Intercept]": ("half_student_t", (3.0, 0.99882)),
        "sd[school][standLRT]": ("half_student_t", (3.0, pytest.approx(1.0056585, rel=1e-7))),
        "cor[school]": ("lkj", (2.0,)),
        "sigma": ("half_student_t", (3.0, 0.99882)),
    }
    assert set(sources(filled).values()) == {"default"}
    assert {entry.key: entry.reason for entry in filled.priors} == {
        "Intercept": "the mean of the response, give or take 2.5 times the sd of the response (0.9988)",
        "b[standLRT]": "2.5 times the sd of the response (0.9988) per sd of the column (0.9932)",
        "b[schgend[boys]]": "2.5 times the sd of the response (0.9988) per sd of the column (0.3359)",
        "b[schgend[girls]]": "2.5 times the sd of the response (0.9988) per sd of the column (0.4639)",
        "sd[school][Intercept]": "groups differ by about the sd of the response (0.9988) at most",
        "sd[school][standLRT]": (
            "groups differ by about the sd of the response (0.9988) at most, per sd of the column (0.9932)"
        ),
        "cor[school]": "keeps off correlations of -1 and 1, and is otherwise nearly flat",
        "sigma": "the residual sd is at most about the sd of the response, 0.9988",
    }


@pytest.mark.parametrize(("link", "unit"), [("logit", 1.8137994), ("probit", 1.0), ("cloglog", 1.2825498)])
def test_defaults_of_a_binary_model(link: str, unit: float) -> None:
    center = float(LINKS[link].link(0.5))
    scales = Scales(center, LINKS[link].latent_sd, {"Intercept": 1.0, "age": 9.0})
    assert priors(fill_priors(USE, scales, None, ())) == {
        "Intercept": ("normal", (center, pytest.approx(unit, rel=1e-7))),
        "b[age]": ("normal", (0.0, pytest.approx(unit / 6, rel=1e-7))),
        "sd[district][Intercept]": ("half_student_t", (3.0, pytest.approx(unit, rel=1e-7))),
    }


def test_without_an_intercept_coefficients_reach_the_center() -> None:
    filled = fill_priors(TWO_TERMS, TWO_SCALES)
    # sqrt(30^2 + 40^2) = 50, times 2.5, over 0.5.
    assert priors(filled) == {
        "b[a[one]]": ("normal", (0.0, 250.0)),
        "b[a[two]]": ("normal", (0.0, 250.0)),
        "sd[school][Intercept]": ("half_student_t", (3.0, 40.0)),
        "sd[school.1][x]": ("half_student_t", (3.0, 20.0)),
        "sd[school.1][z]": ("half_student_t", (3.0, 5.0)),
        "cor[school.1]": ("lkj", (2.0,)),
        "sd[region][Intercept]": ("half_student_t", (3.0, 40.0)),
        "sigma": ("half_student_t", (3.0, 40.0)),
    }
    assert filled.priors[0].reason == (
        "2.5 times the root mean square of the linear predictor, as there is no intercept (50) "
        "per sd of the column (0.5)"
    )


@given(
    st.floats(-1e3, 1e3),
    st.floats(1e-3, 1e3),
    st.floats(1e-3, 1e3),
    st.floats(1e-2, 1e2),
    st.floats(1e-2, 1e2),
)
def test_defaults_follow_the_units(
    center: float, unit: float, spread: float, y_by: float, x_by: float
) -> None:
    """In other units of response and column, the same model: every scale changes with its unit."""
    spec = ModelSpec(
        "y ~ 1 + x", "gaussian", "identity", ("Intercept", "x"), (GroupSpec("g", "g", ("x",), 3),)
    )
    one = fill_priors(spec, Scales(center, unit, {"x": spread}))
    other = fill_priors(spec, Scales(center * y_by, unit * y_by, {"x": spread * x_by}))
    factors = {"Intercept": y_by, "b[x]": y_by / x_by, "sd[g][x]": y_by / x_by, "sigma": y_by}
    for before, after in zip(one.priors, other.priors, strict=True):
        expected = before.prior.parameters[-1] * factors[before.key]
        assert after.prior.parameters[-1] == pytest.approx(expected, rel=1e-10)


def test_every_family_has_default_priors() -> None:
    assert set(MULTIPLIERS) == {(name, link) for name, family in FAMILIES.items() for link in family.links}
    own = {(family.name, name) for family in FAMILIES.values() for name in family.parameters}
    assert own == set(FAMILY_PARAMETERS)
    assert {name for _, name in own} <= set(ROLES)


LADDERS = {
    "sd[school][Intercept]": ["sd", "sd[school]", "sd[school][Intercept]"],
    "sd[school.1][x]": ["sd", "sd[school]", "sd[school.1]", "sd[school][x]", "sd[school.1][x]"],
    "sd[school.1][z]": ["sd", "sd[school]", "sd[school.1]", "sd[school][z]", "sd[school.1][z]"],
    "sd[region][Intercept]": ["sd", "sd[region]", "sd[region][Intercept]"],
    "cor[school.1]": ["cor", "cor[school]", "cor[school.1]"],
    "b[a[one]]": ["b", "b[a[one]]"],
    "b[a[two]]": ["b", "b[a[two]]"],
    "sigma": ["sigma"],
}
KEYS = sorted(set(itertools.chain.from_iterable(LADDERS.values())))


@given(st.lists(st.sampled_from(KEYS), unique=True).flatmap(st.permutations))
def test_the_most_specific_key_wins_in_any_order(stated: list[str]) -> None:
    user = {
        key: f"lkj({k + 10})" if key.startswith("cor") else f"half_normal({k + 10})"
        for k, key in enumerate(stated)
    }
    filled = fill_priors(TWO_TERMS, TWO_SCALES, user)
    defaults = fill_priors(TWO_TERMS, TWO_SCALES)
    for entry, default in zip(filled.priors, defaults.priors, strict=True):
        winner = [key for key in LADDERS[entry.key] if key in user]
        if winner:
            assert str(entry.prior) == user[winner[-1]]
            assert (entry.source, entry.reason) == (winner[-1], "")
        else:
            assert entry == default


def test_keys_with_brackets_in_their_labels_and_nested_groups() -> None:
    spec = ModelSpec(
        "use ~ 1 + (1 | urban:district)",
        "bernoulli",
        "logit",
        ("Intercept", "age:ch[Y]"),
        (GroupSpec("urban:district", "urban:district", ("Intercept", "ch[Y]"), 102),),
    )
    scales = Scales(0.0, 1.0, {"Intercept": 1.0, "age:ch[Y]": 1.0, "ch[Y]": 1.0})
    user = {"b[age:ch[Y]]": "flat()", "sd[urban:district][ch[Y]]": "flat()", "cor[urban:district]": "lkj(1)"}
    stated = {
        key: source
        for key, source in sources(fill_priors(spec, scales, user, ())).items()
        if source != "default"
    }
    assert stated == {key: key for key in user}


def test_b_leaves_the_intercept_alone() -> None:
    filled = fill_priors(EXAM_M4, EXAM_SCALES, {"b": "normal(0, 2)"})
    assert sources(filled)["Intercept"] == "default"
    assert filled.prior("b", "standLRT") == Prior("normal", (0.0, 2.0))


def test_the_intercept_at_zero_takes_the_place_of_the_one_at_the_mean() -> None:
    filled = fill_priors(EXAM_M4, EXAM_SCALES, {"b[Intercept]": "normal(1, 2)", "b": "flat()"})
    assert not filled.has_prior("Intercept")
    assert filled.priors[0] == PriorEntry("b", ("Intercept",), Prior("normal", (1.0, 2.0)), "b[Intercept]")
    at_mean = fill_priors(EXAM_M4, EXAM_SCALES, {"Intercept": "student_t(3, 1, 2)"})
    assert at_mean.prior("Intercept") == Prior("student_t", (3.0, 1.0, 2.0))
    assert not at_mean.has_prior("b", "Intercept")


def test_flat_means_the_parameters_own_support() -> None:
    user = {"b": "flat()", "Intercept": "flat()", "sd": "flat()", "sigma": "flat()"}
    assert {entry.prior.distribution for entry in fill_priors(EXAM_M4, EXAM_SCALES, user).priors} == {
        "flat",
        "lkj",
    }


EXAM_KEYS = (
    "Intercept, b[Intercept], b, b[standLRT], b[schgend[boys]], b[schgend[girls]], sd, sd[school], "
    "sd[school][Intercept], sd[school][standLRT], cor, cor[school], sigma"
)


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("sd[shcool]", " Did you mean 'sd[school]'?"),
        ("b[standlrt]", " Did you mean 'b[standLRT]'?"),
        ("qqqq", ""),
        (7, ""),
    ],
)
def test_unknown_keys(key: Any, suggestion: str) -> None:
    with pytest.raises(PriorError) as caught:
        fill_priors(EXAM_M4, EXAM_SCALES, {key: "normal(0, 1)"})
    assert str(caught.value) == (
        f"{key!r} is not a prior key of this model.{suggestion} Keys: {EXAM_KEYS}. "
        "Correct the key or leave it out."
    )


@pytest.mark.parametrize("key", ["Intercept", "b[Intercept]"])
def test_intercept_keys_of_a_model_without_one(key: str) -> None:
    with pytest.raises(PriorError) as caught:
        fill_priors(TWO_TERMS, TWO_SCALES, {key: "normal(0, 1)"})
    assert str(caught.value).startswith(
        f"{key!r} is not a prior key of this model. It has no intercept. Keys: b, "
    )


def test_an_uncorrelated_term_has_no_correlation_prior() -> None:
    group = GroupSpec("g", "g", ("Intercept", "x"), 5, correlated=False)
    spec = ModelSpec("y ~ x + (x || g)", "gaussian", "identity", ("Intercept", "x"), (group,))
    filled = fill_priors(spec, Scales(0.0, 1.0, {"x": 1.0}))
    assert [entry.key for entry in filled.priors if entry.coordinates[:1] == ("g",)] == [
        "sd[g][Intercept]",
        "sd[g][x]",
    ]
    with pytest.raises(PriorError, match=r"or with `\|\|`, has no correlation"):
        fill_priors(spec, Scales(0.0, 1.0, {"x": 1.0}), {"cor[g]": "lkj(2)"})


@pytest.mark.parametrize("key", ["cor", "cor[district]"])
def test_correlation_keys_of_a_model_without_one(key: str) -> None:
    scales = Scales(0.0, 1.0, {"age": 9.0})
    with pytest.raises(PriorError) as caught:
        fill_priors(USE, scales, {key: "lkj(2)"}, ())
    assert str(caught.value) == (
        f"{key!r} is not a prior key of this model. "
        "A group term with one coefficient, or with `||`, has no correlation. "
        "Keys: Intercept, b[Intercept], b, b[age], sd, sd[district], sd[district][Intercept]. "
        "Correct the key or leave it out."
    )


def test_two_priors_of_the_intercept() -> None:
    with pytest.raises(PriorError) as caught:
        fill_priors(EXAM_M4, EXAM_SCALES, {"Intercept": "flat()", "b[Intercept]": "flat()"})
    assert str(caught.value) == (
        "Two priors are stated for one intercept, 'Intercept' and 'b[Intercept]'. 'Intercept' is at the mean "
        "of the population columns, 'b[Intercept]' at zero of all of them. Keep one."
    )


POSITIVE = (
    "half_normal(sigma), half_student_t(nu, sigma), half_cauchy(sigma), exponential(rate), "
    "gamma(alpha, beta), uniform(lower, upper), flat()"
)


@pytest.mark.parametrize(
    ("key", "prior", "message"),
    [
        (
            "sd",
            "normal(0, 1)",
            "The prior of 'sd' cannot be normal(0, 1): it belongs to a standard deviation, which is "
            "positive. "
            f"Allowed: {POSITIVE}. Use half_normal(sigma) instead.",
        ),
        (
            "sigma",
            "student_t(3, 0, 1)",
            "The prior of 'sigma' cannot be student_t(3, 0, 1): it belongs to a standard deviation, which is "
            f"positive. Allowed: {POSITIVE}. Use half_student_t(nu, sigma) instead.",
        ),
        (
            "sd[school]",
            "lkj(2)",
            "The prior of 'sd[school]' cannot be lkj(2): it belongs to a standard deviation, which is "
            "positive. "
            f"Allowed: {POSITIVE}.",
        ),
        (
            "sd",
            "uniform(-1, 4)",
            "The prior of 'sd' cannot be uniform(-1, 4): it belongs to a standard deviation, which is "
            "positive. "
            "Allowed: an interval that starts at 0 or above. Use uniform(0, 4).",
        ),
        (
            "b",
            "lkj(2)",
            "The prior of 'b' cannot be lkj(2): it belongs to a coefficient. Allowed: normal(mu, sigma), "
            f"student_t(nu, mu, sigma), cauchy(mu, sigma), {POSITIVE}.",
        ),
        (
            "cor[school]",
            "normal(0, 1)",
            "The prior of 'cor[school]' cannot be normal(0, 1): it belongs to a correlation matrix. "
            "Allowed: lkj(eta).",
        ),
        (
            "cor",
            "flat()",
            "The prior of 'cor' cannot be flat(): it belongs to a correlation matrix. Allowed: lkj(eta).",
        ),
        (
            "sd",
            "half_normal(-1)",
            "The prior of 'sd' cannot be used. In half_normal, sigma must be greater than 0, not -1.\n"
            "    half_normal(-1)\n                ^^\nWrite half_normal(sigma) with other values.",
        ),
    ],
)
def test_priors_that_do_not_fit(key: str, prior: str, message: str) -> None:
    with pytest.raises(PriorError) as caught:
        fill_priors(EXAM_M4, EXAM_SCALES, {key: prior})
    assert str(caught.value) == message


def test_a_prior_that_does_not_fit_is_refused_even_where_another_wins() -> None:
    user = {"sd": "normal(0, 1)", "sd[school]": "half_normal(1)"}
    with pytest.raises(PriorError, match="The prior of 'sd' cannot be normal"):
        fill_priors(EXAM_M4, EXAM_SCALES, user)


def test_priors_must_be_a_mapping() -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        fill_priors(EXAM_M4, EXAM_SCALES, ["normal(0, 1)"])  # type: ignore[arg-type]
    assert str(caught.value) == (
        "Priors cannot be read from ['normal(0, 1)'] of type 'list'. Allowed: a dictionary from prior "
        "keys to priors. Write for example {'b': 'normal(0, 2.5)', 'sd': 'half_normal(1)'}."
    )


def test_prior_rows() -> None:
    spec = fill_priors(USE, Scales(0.0, math.pi / math.sqrt(3), {"age": 9.0}), {"sd": "exponential(1)"}, ())
    assert [(row.parameter, row.prior, row.source, row.reason) for row in prior_rows(spec)] == [
        (
            "Intercept",
            "normal(0, 1.814)",
            "default",
            "a probability of one half, give or take the latent sd of the link (1.814)",
        ),
        (
            "b[age]",
            "normal(0, 0.3023)",
            "default",
            "1.5 times the latent sd of the link (1.814) per sd of the column (9)",
        ),
        ("sd[district][Intercept]", "exponential(1)", "sd", ""),
    ]
