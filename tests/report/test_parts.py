"""Results that are not of one fit: a notebook shows the words that print shows, all of them, escaped."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierbayes as hb

LONG = "use ~ age * livch + I(age^2) + urban + a_column_with_quite_a_long_name + (1 + age | urban:district)"


def structure() -> Any:
    data = {
        "school": ["<b>a</b>"] * 4 + ["b"] * 5,
        "class": ["1", "1", "2", "2", "3", "3", "4", "4", "4"],
        "funds": [10.0] * 4 + [12.0] * 5,
        "score": [1.0, 3.0, 2.0, None, 5.0, 4.0, 6.0, 2.0, 1.5],
        "<i>sex": list("fmfmfmfmf"),
    }
    return hb.describe_structure(data, ["school", "class"])


def pooling() -> Any:
    levels = ["<b>1</b>", *"2345678"]
    quantities = pd.DataFrame(
        {
            "approach": ["partial"] * 8,
            "level": levels,
            "n": range(8),
            "quantity": ["epred"] * 8,
            "mean": 0.5,
            "lower": -0.25,
            "upper": 0.75,
        }
    )
    quantities.attrs["interval"] = "95 %"
    heldout = pd.DataFrame(
        {
            "left_out": ["rows"] * 2,
            "approach": ["partial", "none"],
            "n": 8,
            "rmse": [0.4, 0.5],
            "elpd": [-0.6, -0.7],
            "elpd_diff": [0.0, -0.1],
            "diff_se": [0.0, 0.02],
            "not_predicted": 0,
        }
    )
    fits = pd.DataFrame(
        {"approach": ["partial"], "formula": [LONG], "fits": [1], "failed": [0], "max_r_hat": [1.001]}
    )
    return hb.Pooling("district", LONG, {"age": 1.5}, quantities, heldout, fits, pd.DataFrame())


def comparison() -> Any:
    table = pd.DataFrame(
        {
            "model": ["<b>m2</b>", "m1"],
            "elpd_diff": [0.0, -3.25],
            "se_diff": [0.0, 2.5],
            "elpd": [-100.0, -103.25],
            "se": [5.0, 5.5],
            "p": [3.0, 2.0],
            "weight": [0.9, 0.1],
            "bad_k": [0, 0],
        }
    )
    table.attrs["definition"] = "elpd_diff: the difference."
    steps = pd.DataFrame(
        {
            "first": ["m1"],
            "second": ["m2"],
            "changed": [f"adds {LONG}"],
            "nested": ["The first is nested"],
            "verdict": ["Small"],
        }
    )
    elpds = {"m2": SimpleNamespace(title="Leave-one-out"), "m1": SimpleNamespace(title="Leave-one-out")}
    return hb.Comparison(table, steps, elpds, "row", ("A note.", "Another."))


def calibration() -> Any:
    table = pd.DataFrame(
        {
            "parameter": ["b[x]", "sd[<g>]"],
            "p_value": [0.5, 0.0004],
            "adjusted": [0.5, 0.0008],
            "mean": [0.5, 0.61],
            "ok": [True, False],
        }
    )
    settings = {"formula": LONG, "family": "gaussian", "among": 99}
    return hb.Calibration(xr.DataTree(), table, 0.01, 200, 1, 3, settings)


RESULTS = {f.__name__: f for f in (structure, pooling, comparison, calibration)}


def words(text: str) -> list[str]:
    return re.sub(r"(?m)^ *- ", "", text).split()


@pytest.mark.parametrize("name", RESULTS)
def test_a_notebook_shows_what_print_shows(name: str) -> None:
    result = RESULTS[name]()
    shown = result._repr_html_()
    tags = re.sub(r"<style>.*?</style>", "", shown, flags=re.DOTALL)
    assert words(html.unescape(re.sub(r"<[^>]*>", " ", tags))) == words(str(result))
    assert "<b>" not in shown
    assert "<i>" not in shown


@pytest.mark.parametrize("name", RESULTS)
def test_tables_have_the_cells_of_the_parts(name: str) -> None:
    result = RESULTS[name]()
    shown = result._repr_html_()
    tables = [what for _, what in result.parts() if isinstance(what, pd.DataFrame)]
    assert shown.count("<table") == len(tables)
    for table in tables:
        assert all(f">{html.escape(str(cell))}</t" in shown for cell in np.ravel(table.to_numpy()))


def test_numbers_are_aligned_to_the_right_and_words_to_the_left() -> None:
    shown = pooling()._repr_html_()
    for column, side in {"max_r_hat": "right", "elpd_diff": "right", "partial": "right"}.items():
        assert f'class="{side}">{column}<' in shown
    assert 'class="left">formula<' in shown


def test_a_comparison_is_drawn() -> None:
    shown, other = comparison().plot(backend="none"), hb.plot.comparison(comparison(), backend="none")
    assert str(shown.viz.to_dict()) == str(other.viz.to_dict())
