"""What ``print`` says, verbatim, for a fit and a model whose every number is given here."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hierbayes.design.records import Design, GroupDesign, ResponseInfo
from hierbayes.estimates.checks.findings import Finding
from hierbayes.model import Plan
from hierbayes.report import fit_text, model_text
from hierbayes.spec.records import GroupSpec, ModelSpec, Prior, PriorEntry

FIT = """\
 Family: bernoulli, logit link
Formula: use ~ 1 + age + (1 + age | district)
   Data: 6 rows; use is Y (modelled) or N
  Draws: 4 chains of 1000 draws after 500 of warm-up, seed 7 (nutpie, noncentered)

Group-level effects

~district (3 groups)
                       Estimate  Est.Error  l-95% CI  u-95% CI   Rhat  Bulk_ESS  Tail_ESS
  sd(Intercept)          0.482      0.085     0.320     0.651   1.003     1,234     2,345
  sd(age)                0.0100     0.0070    0.0000    0.0260  1.000     1,500     2,000
  cor(Intercept, age)   -0.30       0.41     -0.91      0.55    1.000     3,001     2,999

Population-level effects
             Estimate  Est.Error  l-95% CI  u-95% CI   Rhat  Bulk_ESS  Tail_ESS
  Intercept   -1.69       0.15     -1.98     -1.40    1.001     4,001     3,002
  age         -0.0266     0.0079   -0.0420   -0.0113  1.000    12,000     3,100

Estimate and Est.Error are the posterior mean and standard deviation, on the logit scale; CI is the
95 % equal-tailed interval. Rhat compares the chains (1 at convergence); Bulk_ESS and Tail_ESS are
effective sample sizes.
Convergence: The chains agree and the draws can be used.
- 2 of 8 rows dropped: missing values in age (2)"""

MODEL = """\
 Family: bernoulli, logit link
Formula: use ~ 1 + age + (1 + age | district)
   Data: 6 rows; use is Y (modelled) or N

Groups
            groups  smallest  median  largest  varying coefficients
  district       3         1       2        3  Intercept, age

Priors
  parameter      prior              source
  Intercept      normal(0, 2.5)     default
  b[age]         normal(-0.5, 0.1)  stated as b[age]
  cor[district]  lkj(2)             default

Sampling
  noncentered: group effects are standardized

Notes
- 2 of 8 rows dropped: missing values in age (2)"""

MESSAGES = ("2 of 8 rows dropped: missing values in age (2)",)


def spec() -> ModelSpec:
    priors = (
        PriorEntry("Intercept", (), Prior("normal", (0, 2.5)), reason="because"),
        PriorEntry("b", ("age",), Prior("normal", (-0.5, 0.1)), "b[age]"),
        PriorEntry("cor", ("district",), Prior("lkj", (2,))),
    )
    terms = ("Intercept", "age")
    groups = (GroupSpec("district", "district", terms, 3),)
    return ModelSpec("use ~ 1 + age + (1 + age | district)", "bernoulli", "logit", terms, groups, priors)


def design() -> Design:
    codes = np.array([0, 1, 1, 2, 2, 2], dtype=np.int32)
    X = np.column_stack([np.ones(6), np.arange(6.0)])
    group = GroupDesign("district", "district", codes, X, ("1", "2", "3"), ("Intercept", "age"))
    y = np.array([0.0, 1, 0, 1, 1, 0])
    recipe: Any = None
    return Design(
        y, X, ("Intercept", "age"), (group,), ResponseInfo("use", ("N", "Y")), recipe, messages=MESSAGES
    )


def frame() -> pd.DataFrame:
    columns = [
        "section",
        "group",
        "parameter",
        "mean",
        "sd",
        "lower",
        "upper",
        "r_hat",
        "ess_bulk",
        "ess_tail",
    ]
    rows = [
        ("group", "district", "sd(Intercept)", 0.4821, 0.0851, 0.32, 0.651, 1.0031, 1234, 2345),
        ("group", "district", "sd(age)", 0.01, 0.007, 0.00001, 0.026, 0.9999, 1500.2, 2000),
        ("group", "district", "cor(Intercept, age)", -0.301, 0.41, -0.91, 0.55, 1.0, 3001, 2999),
        ("population", "", "Intercept", -1.689, 0.147, -1.98, -1.4, 1.001, 4001, 3002),
        ("population", "", "age", -0.0266, 0.0079, -0.042, -0.0113, 1.0, 12000, 3100),
    ]
    found = pd.DataFrame(rows, columns=columns)
    found.attrs["interval"] = "95 % equal-tailed"
    return found


def fake_fit(**changes: Any) -> Any:
    verdict = SimpleNamespace(ok=True, headline="The chains agree and the draws can be used.", findings=())
    settings = {
        "chains": 4,
        "draws": 1000,
        "tune": 500,
        "seed": 7,
        "sampler": "nutpie",
        "parameterization": "auto",
        "plan": "noncentered",
        "seconds": 12.3,
    }
    given = {
        "spec": spec(),
        "design": design(),
        "settings": settings,
        "messages": MESSAGES,
        "partial": False,
        "summary": frame,
        "check": lambda: verdict,
    }
    return SimpleNamespace(**(given | changes))


def fake_model() -> Any:
    plan = Plan({"school": "noncentered"}, "graph", "group effects are standardized")
    return SimpleNamespace(spec=spec(), design=design(), messages=MESSAGES, plan=lambda: plan)


def test_a_fit_prints_as_brms_users_expect() -> None:
    assert fit_text(fake_fit()) == FIT


def test_a_model_prints_its_priors_and_its_plan() -> None:
    assert model_text(fake_model()) == MODEL


def test_terms_of_a_double_bar_are_said_to_be_uncorrelated() -> None:
    group = replace(design().groups[0], correlated=False)
    alone = replace(group, name="region", terms=("Intercept",), Z=group.Z[:, :1])
    model = SimpleNamespace(**vars(fake_model()) | {"design": replace(design(), groups=(group, alone))})
    assert [
        line.rstrip() for line in model_text(model).splitlines() if line.startswith(("  dist", "  reg"))
    ] == [
        "  district       3         1       2        3  Intercept, age (uncorrelated)",
        "  region         3         1       2        3  Intercept",
    ]
    bare = replace(spec(), groups=(replace(spec().groups[0], correlated=False),))
    assert "\n~district (3 groups; uncorrelated)\n" in fit_text(fake_fit(spec=bare))


def test_an_interrupted_fit_says_so() -> None:
    text = fit_text(fake_fit(partial=True))
    assert "The sampling was interrupted" in text


def test_a_fit_that_failed_its_checks_says_what_to_do() -> None:
    finding = Finding("problem", "12 of 4,000 draws diverged.", 12, "Raise target_accept.")
    fine, skipped = Finding("ok", "Chains agree.", 1.0), Finding("skipped", "Rows are many.", float("nan"))
    verdict = SimpleNamespace(
        ok=False, headline="Do not use these draws yet: 1 check fails.", findings=(finding, fine, skipped)
    )
    text = fit_text(fake_fit(check=lambda: verdict))
    headline = "Convergence: Do not use these draws yet: 1 check fails."
    assert f"{headline}\n- 12 of 4,000 draws diverged. Raise target_accept." in text
    assert "Chains agree" not in text and "Rows are many" not in text


def test_lines_fit_a_terminal() -> None:
    assert max(map(len, fit_text(fake_fit()).splitlines())) <= 100
    assert max(map(len, model_text(fake_model()).splitlines())) <= 100


@pytest.mark.parametrize("kind", ["gaussian", "bernoulli", "single_level"])
def test_every_kind_of_fit_prints(kind: str, request: pytest.FixtureRequest) -> None:
    fit = request.getfixturevalue(kind)
    text = str(fit)
    assert text == fit_text(fit)
    for parameter in fit.summary()["parameter"]:
        assert f"\n  {parameter}  " in text
    assert "Group-level" in text or not fit.spec.groups
