"""Every family has a calibration run whose result is kept, and within the limits."""

import json

import pytest

from hierbayes.families import FAMILIES

from .recovery import CASES, HIGH, LOW, STORE, run

KEPT = json.loads(STORE.read_text()) if STORE.exists() else {}


def test_every_family_has_a_case_and_a_result():
    assert {case.family for case in CASES.values()} == set(FAMILIES)
    assert set(KEPT) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_kept_results_are_of_this_truth_and_within_the_limits(name):
    result, case = KEPT[name], CASES[name]
    assert result["truth"] == case.truth()
    assert result["formula"] == str(case.formula)
    assert LOW <= result["all"] <= HIGH
    # Of 50 intervals with a coverage of 90 %, fewer than 37 or more than 50 are a matter of 1 in 1,000.
    assert min(result["coverage"].values()) >= 37 / 50


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_recovery(name):
    result = run(name)
    assert LOW <= result["all"] <= HIGH
