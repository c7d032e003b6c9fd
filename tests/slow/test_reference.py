"""Posteriors that are known from elsewhere: the published ones each time, the others as they were kept."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
from tolerances import monte_carlo

from .answers import log_answers, weigh
from .integrals import Gaussian, integrate
from .reference import RUNS, STORE, agrees, limit, run
from .reference_cases import CASES, DATA, INTEGRALS, LEFT_OUT, PUBLISHED, integrated, known, model_of, stan

KEPT = json.loads(STORE.read_text()) if STORE.exists() else {}
QUICK = [*PUBLISHED["posteriors"], "rats"]


def slow_unless(quick, cases):
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in cases]


@pytest.mark.sampling
@pytest.mark.parametrize("name", slow_unless(QUICK, RUNS))
def test_posterior_is_the_known_one(name):
    result = run(name)
    assert agrees(result), result


GAUSSIAN = [name for name, model in INTEGRALS.items() if isinstance(model, Gaussian)]


@pytest.mark.parametrize(
    "name", slow_unless([n for n in GAUSSIAN if len(INTEGRALS[n].slopes) == 1], GAUSSIAN)
)
def test_integrals_have_converged(name):
    """More nodes and wider ranges change nothing."""
    model = INTEGRALS[name]
    wider = tuple((low * 0.9, high * 1.2) for low, high in model.ranges)
    finer = integrate(replace(model, ranges=wider, nodes=model.nodes + 12), DATA[CASES[name].data]())
    for key, figures in integrated(name).items():
        for what in ("mean", "sd"):
            assert figures[what] == pytest.approx(finer[key][what], abs=1e-3 * finer[key]["sd"]), key


def test_integrals_over_persons_have_converged():
    """More nodes give the same density, other draws the same moments within their errors."""
    model, data = INTEGRALS["lsat"], DATA["lsat"]()
    x = np.random.default_rng(1).normal([2.7, 1, 0.2, 1.3, 2.1, -0.3], 0.2, (20, 6))
    patterns = np.random.default_rng(2).integers(0, 2, (9, 5)).astype(float)
    found, finer = (
        log_answers(replace(model, nodes=nodes), patterns, np.arange(9), x) for nodes in (model.nodes, 90)
    )
    np.testing.assert_allclose(found, finer, rtol=1e-6)
    for key, figures in weigh(replace(model, draws=3000), data).items():
        other = integrated("lsat")[key]
        for what in ("mean", "sd"):
            errors = figures[f"mcse_{what}"], other[f"mcse_{what}"]
            assert monte_carlo(figures[what], other[what], *errors), key


def test_published_posteriors_and_stan_agree_with_integrals():
    """Three routes to one posterior, none of them ours."""
    others = [
        (name, PUBLISHED["posteriors"][name]["parameters"])
        for name in INTEGRALS
        if name in PUBLISHED["posteriors"]
    ]
    others += [(name, stan()[name]["parameters"]) for name in INTEGRALS if name in stan()]
    assert len(others) == 4
    for name, parameters in others:
        for key in integrated(name).keys() & parameters.keys():
            own, other = integrated(name)[key], parameters[key]
            for what in ("mean", "sd"):
                error = other.get(f"mcse_{what}", other["mcse_mean"])
                assert monte_carlo(own[what], other[what], error), (name, key, what)


@pytest.mark.parametrize("name", RUNS)
def test_kept_results_are_of_this_case_and_agree(name):
    case, form = RUNS[name]
    result, spec = KEPT[name], model_of(case).spec
    assert form in ("auto", result["plan"])
    assert result["formula"] == spec.formula
    assert result["priors"] == {entry.key: str(entry.prior) for entry in spec.priors}
    assert list(result["distances"]) == list(known(case))
    assert agrees(result)


def test_every_parameter_is_compared():
    """Each coefficient, standard deviation and correlation of the model has a figure."""
    for name in CASES:
        spec = model_of(name).spec
        wanted = {f"b[{term}]" for term in spec.terms} | set(spec.scalars)
        wanted |= {f"sd[{group.name}][{term}]" for group in spec.groups for term in group.terms}
        wanted |= {f"cor[{group.name}]" for group in spec.groups if group.has_correlations}
        assert wanted <= set(known(name)), name


def test_results_that_differ_are_told():
    assert limit(KEPT["rats"]) == pytest.approx(4.4736, abs=1e-4)  # of 130 numbers
    result = copy.deepcopy(KEPT["rats"])
    result["distances"]["sigma"]["sd"] = -4.6
    assert not agrees(result)
    assert not agrees({**KEPT["rats"], "divergences": 1})
    assert not agrees({**KEPT["rats"], "r_hat": 1.011})


STAN = {
    "half_normal": "normal(0, {})",
    "half_cauchy": "cauchy(0, {})",
    "half_student_t": "student_t({}, 0, {})",
    "lkj": "lkj_corr_cholesky({})",
    "flat": "",
}


def in_stan(prior):
    text = STAN.get(prior.distribution, f"{prior.distribution}({', '.join(['{}'] * len(prior.parameters))})")
    return text.format(*(f"{value:g}" for value in prior.parameters))


def stated(rows, entry):
    """The prior of a parameter in brms's table: of the coefficient, else of the class."""
    kind, *labels = entry.key.replace("]", "").split("[")
    kind = {"cor": "L"}.get(kind, kind)
    for group, coef in (
        (labels[0] if labels else "", labels[-1] if labels else ""),
        ("", ""),
        ("", labels[-1:]),
    ):
        for row in rows:
            if (row["class"], row["group"], row["coef"]) == (kind, group if kind == "sd" else "", coef):
                return row["prior"]
    return ""


@pytest.mark.parametrize("name", [name for name in stan() if name != "contraception_rstanarm"])
def test_priors_are_those_that_brms_had(name):
    for entry in model_of(name).spec.priors:
        assert stated(stan()[name]["prior"], entry) == in_stan(entry.prior), entry


def test_models_that_are_left_out_are_no_cases():
    assert not set(LEFT_OUT) & set(CASES) - {"eight_schools"}
    assert all(of and why for of, why in LEFT_OUT.values())
