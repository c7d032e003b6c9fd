"""Simulation-based calibration has a kept result for every case, and none of them finds fault."""

import json

import pytest

from .calibration import DATA_SETS, STORE, cases, run

KEPT = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}


def test_kept_results_are_of_cases_that_exist():
    assert KEPT
    assert set(KEPT) <= set(cases())


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_result_finds_no_fault(name):
    result = KEPT[name]
    assert result["ok"]
    assert result["done"] + result["failed"] == DATA_SETS
    assert result["failed"] <= DATA_SETS / 10


@pytest.mark.slow
@pytest.mark.parametrize("name", cases())
def test_calibration(name):
    assert run(name)["ok"]
