"""Reading priors: text, records, and the objects of bambi and PreliZ."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hierbayes.errors import PriorError
from hierbayes.spec import PRIORS, Prior, parse_prior
from hierbayes.spec.foreign import FOREIGN

SIGNATURES = (
    "normal(mu, sigma), student_t(nu, mu, sigma), cauchy(mu, sigma), half_normal(sigma), "
    "half_student_t(nu, sigma), half_cauchy(sigma), exponential(rate), gamma(alpha, beta), "
    "uniform(lower, upper), beta(alpha, beta), flat(), lkj(eta)"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("normal(0, 2.5)", Prior("normal", (0.0, 2.5))),
        ("student_t(3, 0, 2.5)", Prior("student_t", (3.0, 0.0, 2.5))),
        ("cauchy(-1, 2)", Prior("cauchy", (-1.0, 2.0))),
        ("half_normal(1)", Prior("half_normal", (1.0,))),
        ("half_student_t(3, 2.5)", Prior("half_student_t", (3.0, 2.5))),
        ("half_cauchy(1)", Prior("half_cauchy", (1.0,))),
        ("exponential(1)", Prior("exponential", (1.0,))),
        ("gamma(2, 0.1)", Prior("gamma", (2.0, 0.1))),
        ("uniform(0, 10)", Prior("uniform", (0.0, 10.0))),
        ("flat()", Prior("flat", ())),
        ("lkj(2)", Prior("lkj", (2.0,))),
        ("  Normal( mu = -1e-3 ,sigma=2 ) ", Prior("normal", (-0.001, 2.0))),
        ("normal(sigma=2, mu=1)", Prior("normal", (1.0, 2.0))),
        ("normal(1, sigma=+.5)", Prior("normal", (1.0, 0.5))),
        ("HalfStudentT(nu=3, sigma=1.)", Prior("half_student_t", (3.0, 1.0))),
        ("STUDENT_T(4,0,1E2)", Prior("student_t", (4.0, 0.0, 100.0))),
    ],
)
def test_text_is_read(text: str, expected: Prior) -> None:
    assert parse_prior(text) == expected


numbers = st.floats(min_value=1e-6, max_value=1e6)


@given(st.sampled_from([name for name in PRIORS if name != "uniform"]), st.data())
def test_what_is_written_by_hand_is_read_back(name: str, data: st.DataObject) -> None:
    values = tuple(data.draw(numbers) for _ in PRIORS[name].parameters)
    text = f"{name}({', '.join(map(repr, values))})"
    named = ", ".join(
        f"{p}={v!r}" for p, v in reversed(list(zip(PRIORS[name].parameters, values, strict=True)))
    )
    assert parse_prior(text) == parse_prior(f"{name.upper()}({named})") == Prior(name, values)
    assert parse_prior(Prior(name, values)) == Prior(name, values)


@given(st.text(alphabet="normal_uif( ),=0.1e-", max_size=25))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        prior = parse_prior(text)
    except PriorError as error:
        assert "\n" in str(error)
    else:
        assert prior.distribution in PRIORS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "nromal(0, 1)",
            "'nromal' is not a known prior.\n    nromal(0, 1)\n    ^^^^^^\n"
            f"Did you mean 'normal'? Allowed: {SIGNATURES}.",
        ),
        (
            "wishart(3)",
            f"'wishart' is not a known prior.\n    wishart(3)\n    ^^^^^^^\nAllowed: {SIGNATURES}.",
        ),
        (
            "(0, 1)",
            f"A prior starts with the name of a distribution.\n    (0, 1)\n    ^\nAllowed: {SIGNATURES}.",
        ),
        (
            "",
            f"A prior starts with the name of a distribution.\n    \n    ^\nAllowed: {SIGNATURES}.",
        ),
        ("normal", "'(' is missing.\n    normal\n          ^\nWrite normal(mu, sigma)."),
        ("normal(0, 1", "')' is missing.\n    normal(0, 1\n               ^\nWrite normal(mu, sigma)."),
        (
            "normal(0, 1) + 2",
            "There is text after the prior.\n    normal(0, 1) + 2\n                ^^^^\n"
            "Write normal(mu, sigma), no more.",
        ),
        ("normal(0)", "normal needs sigma.\n    normal(0)\n            ^\nWrite normal(mu, sigma)."),
        ("normal()", "normal needs mu and sigma.\n    normal()\n           ^\nWrite normal(mu, sigma)."),
        (
            "half_normal(0, 1)",
            "half_normal takes 1 parameter.\n    half_normal(0, 1)\n                   ^\n"
            "Write half_normal(sigma).",
        ),
        ("flat(1)", "flat takes no parameters.\n    flat(1)\n         ^\nWrite flat()."),
        (
            "normal(0, sgima=1)",
            "normal has no parameter 'sgima'.\n    normal(0, sgima=1)\n              ^^^^^\n"
            "Did you mean 'sigma'? Write normal(mu, sigma).",
        ),
        (
            "normal(0, mu=1)",
            "mu is given twice.\n    normal(0, mu=1)\n              ^^\nWrite normal(mu, sigma).",
        ),
        (
            "normal(mu=0, 1)",
            "A value without a name follows a named one.\n    normal(mu=0, 1)\n                 ^\n"
            "Write normal(mu, sigma).",
        ),
        (
            "normal(0, inf)",
            "'inf' is not a finite number.\n    normal(0, inf)\n              ^^^\n"
            "Write normal(mu, sigma) with plain numbers, such as 2.5 or 1e-3.",
        ),
        (
            "normal(0, )",
            "A number is missing.\n    normal(0, )\n              ^\n"
            "Write normal(mu, sigma) with plain numbers, such as 2.5 or 1e-3.",
        ),
        (
            "normal(0, 1e999)",
            "'1e999' is too large.\n    normal(0, 1e999)\n              ^^^^^\n"
            "Write normal(mu, sigma) with finite numbers.",
        ),
        (
            "normal(0, -1)",
            "In normal, sigma must be greater than 0, not -1.\n    normal(0, -1)\n              ^^\n"
            "Write normal(mu, sigma) with other values.",
        ),
        (
            "uniform(2, 1)",
            "In uniform, lower must be less than upper, not 2 and 1.\n    uniform(2, 1)\n            ^\n"
            "Write uniform(lower, upper) with other values.",
        ),
        (
            "lkj(0)",
            "In lkj, eta must be greater than 0, not 0.\n    lkj(0)\n        ^\n"
            "Write lkj(eta) with other values.",
        ),
    ],
)
def test_bad_text_is_answered_with_a_caret(text: str, message: str) -> None:
    with pytest.raises(PriorError) as caught:
        parse_prior(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        (
            Prior("nromal", (0.0, 1.0)),
            f"'nromal' is not a known prior, in nromal(0, 1). Did you mean 'normal'? Allowed: {SIGNATURES}.",
        ),
        (Prior("normal", (0.0,)), "normal(0) has 1 parameters. Write normal(mu, sigma)."),
        (
            Prior("normal", (0.0, float("nan"))),
            "sigma must be finite, not nan, in normal(0, nan). Write normal(mu, sigma) with other values.",
        ),
    ],
)
def test_bad_records_are_refused(prior: Prior, message: str) -> None:
    with pytest.raises(PriorError) as caught:
        parse_prior(prior)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", [3.0, None, ("normal", 0, 1)])
def test_other_types_are_refused(value: Any) -> None:
    with pytest.raises(PriorError) as caught:
        parse_prior(value)
    assert str(caught.value) == (
        f"A prior cannot be read from {value!r} of type {type(value).__name__!r}. Allowed: a string such as "
        "'normal(0, 2.5)', a hierbayes Prior, a bambi.Prior or a PreliZ distribution. Write it as a string."
    )


@pytest.fixture(scope="module")
def bmb() -> Any:
    with warnings.catch_warnings():
        # bambi's own imports (formulae, pymc) warn of what they deprecate; not ours to mend.
        warnings.simplefilter("ignore")
        return pytest.importorskip("bambi")


@pytest.fixture(scope="module")
def pz() -> Any:
    with warnings.catch_warnings():
        # PreliZ's own imports warn of what they deprecate; not ours to mend.
        warnings.simplefilter("ignore")
        return pytest.importorskip("preliz")


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("Normal", {"mu": 0, "sigma": 2.5}, Prior("normal", (0.0, 2.5))),
        ("Normal", {"tau": 4.0, "mu": 1}, Prior("normal", (1.0, 0.5))),
        ("StudentT", {"nu": 3, "mu": 0, "sigma": 2}, Prior("student_t", (3.0, 0.0, 2.0))),
        ("StudentT", {"nu": 3, "mu": 0, "lam": 0.25}, Prior("student_t", (3.0, 0.0, 2.0))),
        ("Cauchy", {"alpha": 1, "beta": 2}, Prior("cauchy", (1.0, 2.0))),
        ("HalfNormal", {"sigma": 2}, Prior("half_normal", (2.0,))),
        ("HalfNormal", {"tau": 0.25}, Prior("half_normal", (2.0,))),
        ("HalfStudentT", {"sigma": 2, "nu": 3}, Prior("half_student_t", (3.0, 2.0))),
        ("HalfStudentT", {"lam": 0.25, "nu": 3}, Prior("half_student_t", (3.0, 2.0))),
        ("HalfCauchy", {"beta": 2}, Prior("half_cauchy", (2.0,))),
        ("Exponential", {"lam": 2}, Prior("exponential", (2.0,))),
        ("Exponential", {"scale": 2}, Prior("exponential", (0.5,))),
        ("Gamma", {"alpha": 2, "beta": 0.1}, Prior("gamma", (2.0, 0.1))),
        ("Gamma", {"mu": 2.0, "sigma": 1.0}, Prior("gamma", (4.0, 2.0))),
        ("Uniform", {"lower": 0, "upper": 1}, Prior("uniform", (0.0, 1.0))),
        ("Flat", {}, Prior("flat", ())),
        ("HalfFlat", {}, Prior("flat", ())),
        ("LKJCorr", {"eta": 2}, Prior("lkj", (2.0,))),
    ],
)
def test_bambi_priors_are_read(bmb: Any, name: str, arguments: dict[str, float], expected: Prior) -> None:
    assert parse_prior(bmb.Prior(name, **arguments)) == expected


def test_every_foreign_distribution_leads_to_the_table() -> None:
    assert {ours for ours, _ in FOREIGN.values()} == set(PRIORS)


def test_gamma_by_its_moments_has_these_moments() -> None:
    alpha, beta = parse_prior_of("Gamma", mu=3.0, sigma=0.7).parameters
    assert stats.gamma(alpha, scale=1 / beta).mean() == pytest.approx(3.0, rel=1e-12)
    assert stats.gamma(alpha, scale=1 / beta).std() == pytest.approx(0.7, rel=1e-12)


class Duck:
    """What hierbayes looks at in a bambi.Prior."""

    def __init__(self, name: str, args: dict[str, Any], dist: Any = None) -> None:
        self.name, self.args, self.dist = name, args, dist


def parse_prior_of(name: str, **arguments: Any) -> Prior:
    return parse_prior(Duck(name, arguments))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            Duck("Laplace", {"mu": 0, "b": 1}),
            "The distribution 'Laplace' cannot be used as a prior. Allowed: Normal, StudentT, Cauchy, "
            "HalfNormal, HalfStudentT, HalfCauchy, Exponential, Gamma, Beta, Uniform, Flat, HalfFlat, "
            "LKJCorr.",
        ),
        (
            Duck("Normal", {"mu": 0}),
            "The prior 'Normal' was given the parameters (mu). Allowed: (mu, sigma) or (mu, tau). "
            "State each of them as a number.",
        ),
        (
            Duck("Exponential", {"scale": 0.0}),
            "The prior Exponential(scale=0) has a scale that is not positive. Use a scale greater than 0.",
        ),
        (
            Duck("Normal", {"mu": 0, "tau": -1.0}),
            "The prior Normal(mu=0, tau=-1) has a scale that is not positive. Use a scale greater than 0.",
        ),
        (
            Duck("Normal", {"mu": 0, "sigma": 1}, dist=print),
            "The bambi prior 'Normal' carries its own 'dist', which hierbayes cannot translate. "
            "Use one of the named distributions without 'dist'.",
        ),
    ],
)
def test_foreign_priors_that_cannot_be_used(value: Duck, message: str) -> None:
    with pytest.raises(PriorError) as caught:
        parse_prior(value)
    assert str(caught.value) == message


def test_bambi_hyperpriors_and_arrays_are_refused(bmb: Any) -> None:
    nested = bmb.Prior("Normal", mu=0, sigma=bmb.Prior("HalfNormal", sigma=1))
    with pytest.raises(PriorError) as caught:
        parse_prior(nested)
    assert str(caught.value) == (
        "The parameter 'sigma' of the prior 'Normal' is not a single number but HalfNormal(sigma: 1.0). "
        "Allowed: one number each, no hyperprior and no array. "
        "For different priors use keys such as 'b[age]'."
    )
    with pytest.raises(PriorError, match="The parameter 'mu' of the prior 'Normal' is not a single number"):
        parse_prior(bmb.Prior("Normal", mu=[0, 1], sigma=1))


def test_bambi_values_are_checked(bmb: Any) -> None:
    with pytest.raises(PriorError, match="sigma must be greater than 0, not -1"):
        parse_prior(bmb.Prior("HalfNormal", sigma=-1))


def test_preliz_distributions_are_read(pz: Any) -> None:
    read = {
        parse_prior(pz.Normal(0, 2)): Prior("normal", (0.0, 2.0)),
        parse_prior(pz.StudentT(3, 0, 2)): Prior("student_t", (3.0, 0.0, 2.0)),
        parse_prior(pz.Cauchy(1, 2)): Prior("cauchy", (1.0, 2.0)),
        parse_prior(pz.HalfNormal(2)): Prior("half_normal", (2.0,)),
        parse_prior(pz.HalfStudentT(3, 2)): Prior("half_student_t", (3.0, 2.0)),
        parse_prior(pz.HalfCauchy(2)): Prior("half_cauchy", (2.0,)),
        parse_prior(pz.Exponential(scale=4)): Prior("exponential", (0.25,)),
        parse_prior(pz.Exponential(4)): Prior("exponential", (4.0,)),
        parse_prior(pz.Gamma(2, 0.5)): Prior("gamma", (2.0, 0.5)),
        parse_prior(pz.Gamma(mu=2, sigma=1)): Prior("gamma", (4.0, 2.0)),
        parse_prior(pz.Uniform(0, 3)): Prior("uniform", (0.0, 3.0)),
    }
    assert list(read) == list(read.values())


def test_preliz_precision_becomes_a_scale(pz: Any) -> None:
    # PreliZ keeps tau = 4 as 3.9999999999999964.
    assert parse_prior(pz.Normal(mu=1, tau=4)).parameters == pytest.approx((1.0, 0.5), rel=1e-12)


def test_preliz_without_values_is_refused(pz: Any) -> None:
    with pytest.raises(PriorError) as caught:
        parse_prior(pz.Normal())
    assert str(caught.value) == (
        "The PreliZ distribution 'Normal' has no values for (mu, sigma). "
        "State them, or elicit them first, for example with preliz.maxent."
    )
    with pytest.raises(PriorError, match="The distribution 'Truncated' cannot be used as a prior"):
        parse_prior(pz.Truncated(pz.Normal(0, 1), 0, 5))


def test_neither_package_is_imported() -> None:
    code = (
        "import sys, hierbayes.spec; print(sorted({'bambi', 'preliz', 'pymc', 'numpy'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
