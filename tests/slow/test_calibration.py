"""Simulation-based calibration: what is kept is of cases that exist, finds no fault, and is what is shown."""

import numpy as np
import pytest

from hierbayes.families import FAMILIES

from .calibration import ALPHA, DATA_SETS, MORE_DATA_SETS, identity, kept_ranks, kept_results, run, table
from .calibration_cases import CASES, KINDS, STRUCTURES
from .results import REPORT

KEPT, RANKS = kept_results(), kept_ranks()


def test_cases_are_every_family_in_every_structure():
    assert set(KINDS) == set(FAMILIES)
    assert {(case.family, case.structure) for case in CASES.values()} >= {
        (family, structure) for family in FAMILIES for structure in STRUCTURES
    }


def test_kept_results_are_of_cases_that_exist():
    assert KEPT
    assert set(KEPT) <= set(CASES)
    assert table(KEPT) in REPORT.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_result_finds_no_fault(name):
    result = KEPT[name]
    runs = {name: (result, DATA_SETS)}
    assert ("again" in result) == (result["worst"]["adjusted"] < ALPHA)
    if "again" in result:
        runs[f"{name}, again"] = (result["again"], MORE_DATA_SETS)
        assert (result["again"]["worst"]["adjusted"] < ALPHA) == CASES[name].is_hopeless
    for key, (each, n) in runs.items():
        assert each["done"] + each["failed"] == n
        assert each["failed"] <= n / 10
        shares = (RANKS[key] + 0.5).mean(axis=1) / 100
        np.testing.assert_allclose(shares, list(each["mean"].values()), atol=0.002)


@pytest.mark.parametrize("name", list(KEPT)[::6])
def test_a_kept_result_is_of_the_model_that_the_case_makes(name):
    assert identity(CASES[name], CASES[name].model()).items() <= KEPT[name].items()


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_calibration(name):
    assert run(name)[0]["ok"] != CASES[name].is_hopeless
