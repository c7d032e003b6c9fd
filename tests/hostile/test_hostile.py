"""A few cases of each kind; ``python -m tests.hostile`` draws thousands."""

from __future__ import annotations

import os
from dataclasses import replace

import html5lib
import numpy as np
import pandas as pd
import pytest
from plugin import random_fit

import hierbayes as hb
from hierbayes.errors import HierbayesError

from . import files, fits, frames
from .outcomes import NotClearError, NotSilentError, check_message, outcome, silent
from .runs import RUNS

FEW = {"frames": 40, "formulas": 150, "cards": 150, "files": 20, "fits": 6}
SEEDS = {"frames": 7, "formulas": 7, "cards": 7, "files": 8, "fits": 7}


@pytest.mark.parametrize("kind", RUNS)
def test_hostile_cases_work_or_are_refused_in_words(kind, tmp_path):
    tally = RUNS[kind](FEW[kind], SEEDS[kind], tmp_path)
    assert not tally.bugs
    ends = tally.asked or tally.ends
    assert len(ends) > 1  # some work, some are refused: both roads are walked
    assert tally.ends["worked"] > 0


@pytest.mark.parametrize("data", frames.NOT_FRAMES, ids=range(len(frames.NOT_FRAMES)))
def test_what_is_no_frame_is_refused(data):
    for look in (lambda: hb.Model("y ~ 1 + (1 | g)", data), lambda: hb.describe_structure(data, "g")):
        assert outcome(look) != "worked"


def test_columns_that_a_formula_writes_alike_are_refused():
    frame = pd.DataFrame({1: [1.0, 2, 3, 4], "1": [0.0, 5, 1, 7], "y": [1.0, 2, 4, 3], "g": list("aabb")})
    with pytest.raises(HierbayesError, match="more than one column named '1'"):
        hb.Model("y ~ `1` + (1 | g)", frame)


@pytest.mark.slow
def test_a_million_levels():
    n = 2_000_000
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"y": rng.normal(size=n), "g": np.arange(n) // 2})
    model = hb.Model("y ~ 1 + (1 | g)", frame)
    assert model.design.groups[0].n_groups == n // 2
    np.testing.assert_array_equal(model.design.groups[0].codes, frame["g"])


def test_a_silent_wrong_design_is_seen():
    frame = pd.DataFrame({"y": [1.0, 2.0, 4.0, 3.0], "x": [0.0, 1.0, 5.0, 2.0], "g": ["a", "a", "b", "b"]})
    names = {part: part for part in frames.PARTS}
    case = frames.Case("y ~ x + (1 | g)", frame, "gaussian", names, frame, {"container": "pandas"})
    design = frames.build(case).design
    wrong = frame.assign(x=frame["x"] + [0, 0, 0, 1e-9])
    with pytest.raises(AssertionError):
        frames.check_design(frames.Case(case.formula, wrong, "gaussian", names, wrong, case.kinds), design)
    mixed = frame.assign(g=["a", "b", "b", "b"])
    with pytest.raises(AssertionError):
        frames.check_design(frames.Case(case.formula, mixed, "gaussian", names, mixed, case.kinds), design)


def a_fit():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"y": rng.normal(size=30), "x": rng.normal(size=30), "g": rng.choice(["a", "b"], 30)}
    )
    names = {part: part for part in frames.PARTS}
    case = frames.Case("y ~ x + (1 | g)", frame, "gaussian", names, frame, {"container": "pandas"})
    return case, random_fit(hb.Model(case.formula, frame), chains=1, draws=20)


def test_wrong_answers_of_a_fit_are_seen(tmp_path):
    case, fit = a_fit()
    rng = np.random.default_rng(1)
    fits.check_predictions(case, fit, rng)
    fits.check_levels(case, fit)
    fits.check_saved(case, fit, tmp_path / "fit.nc")
    moved = case.frame.assign(x=case.frame["x"] + [*([0] * 29), 1e-3])
    with pytest.raises(AssertionError):
        fits.check_predictions(replace(case, data=moved, frame=moved), fit, rng)
    renamed = case.frame.replace({"g": {"a": "c"}})
    with pytest.raises(AssertionError):
        fits.check_levels(replace(case, data=renamed, frame=renamed), fit)
    fit.posterior["b"].values[:] += 1e6
    with pytest.raises(AssertionError, match=r"lie .* sd from the response"):
        fits.check_sizes(fit)


@pytest.mark.parametrize(
    "inside",
    ["<p onclick='go()'>", "<iframe></iframe>", "<a href='javascript:go()'>x</a>", "<p title='a'b'>", "<b>"],
)
def test_pages_with_more_than_text_from_data_are_seen(inside):
    page = "<!DOCTYPE html><html><head><title>t</title></head><body>{}</body></html>"
    fits.check_page(page.format("<p>&lt;script&gt;</p>").encode())
    with pytest.raises((AssertionError, html5lib.html5parser.ParseError)):
        fits.check_page(page.format(inside).encode())


@pytest.mark.parametrize("text", ["", " ", "word " * 1000, "Traceback (most recent call last)"])
def test_messages_that_nobody_can_read_are_bugs(text):
    with pytest.raises(NotClearError):
        check_message(HierbayesError(text))


def test_what_is_printed_or_raised_where_nobody_can_catch_it_is_a_bug():
    class Loud:
        def __del__(self):
            raise ValueError("as I go")

    with silent():
        pass
    with pytest.raises(NotSilentError, match="as I go"), silent():
        Loud()
    with pytest.raises(NotSilentError, match="from below"), silent():
        os.write(2, b"from below")


def test_other_numbers_than_were_saved_are_a_bug(tmp_path):
    saved = files.saved_fits(tmp_path)
    files.same(saved, saved.file)
    changed = saved.tree.copy(deep=True)
    del changed.attrs[files.CHECKSUM]
    changed["posterior"]["sigma"].values[0, 0] += 1e-12
    changed.to_netcdf(tmp_path / "changed.nc", engine="h5netcdf")
    with pytest.raises(AssertionError):
        files.same(saved, tmp_path / "changed.nc")
    files.bring_back(saved.left, saved.left.folder)
    other = replace(saved.left, drawn=saved.left.drawn + 1e-12)
    with pytest.raises(AssertionError, match="other draws"):
        files.bring_back(other, saved.left.folder)
