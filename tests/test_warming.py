"""Kernels compiled ahead of time: through the command line, into a cache of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hierbayes as hb
from hierbayes import warming
from hierbayes.errors import ArgumentTypeError, UnknownNameError
from hierbayes.kernels.entries import ENTRIES
from hierbayes.kernels.several import SEVERAL

RUN = "from hierbayes.cli import main; main(['warmup', 'bernoulli logit'])"
FIT = """
import hierbayes as hb
from hierbayes.warming import _compiled
before = _compiled()
frame = {"won": [0, 1] * 30, "x": [0.5, 1.0, 2.0] * 20, "g": [1, 2, 3, 4, 5] * 12}
hb.fit("won ~ x + (1 | g)", frame, family="bernoulli", draws=5, tune=5, chains=1, progress=False)
print(before, _compiled())
"""


def run(code: str, cache: Path) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.sampling
def test_after_a_warm_up_nothing_is_compiled(tmp_path):
    first = run(RUN, tmp_path)
    assert re.fullmatch(r"bernoulli logit +compiled in \d+\.\d s\nIt is in the cache\.\n", first)
    assert run(RUN, tmp_path) == "bernoulli logit     ready\nIt is in the cache.\n"
    before, after = map(int, run(FIT, tmp_path).split())
    assert before == after >= 3


def test_every_kernel_is_in_the_table():
    several = {name for name in warming.KERNELS if name.endswith(warming.SEVERAL_PREDICTORS)}
    for names, entries in ((set(warming.KERNELS) - several, ENTRIES), (several, SEVERAL)):
        kernels = [warming.KERNELS[name] for name in names]
        assert {(family, link) for family, link, form in kernels if form == "partial"} == set(entries)
    assert ("gaussian", "identity", "collapsed") in warming.KERNELS.values()


def test_all_are_warmed_and_told(monkeypatch):
    made = []
    monkeypatch.setattr(hb.Model, "fit", lambda model, **settings: made.append((model, settings)))
    told = []
    ready = hb.warmup(on_ready=told.append)
    assert [kernel.name for kernel in ready] == list(warming.KERNELS)
    assert tuple(told) == ready
    for (model, settings), (family, link, form) in zip(made, warming.KERNELS.values(), strict=True):
        assert (model.spec.family, model.spec.link) == (family, link)
        plan = model.plan(settings["parameterization"], route=settings["route"])
        assert plan.route == "kernel"
        assert plan.collapsed == (form == "collapsed")
    factors = [len(model.spec.groups) for model, _ in made]
    collapsed = [
        n for n, (*_, form) in zip(factors, warming.KERNELS.values(), strict=True) if form == "collapsed"
    ]
    assert collapsed == [1, 2]


def test_kernels_that_do_not_exist():
    with pytest.raises(UnknownNameError, match="Did you mean 'bernoulli logit'"):
        hb.warmup(["bernoulli logitt"])
    with pytest.raises(ArgumentTypeError, match=r"Give a list of kernels, such as \['bernoulli logit'\]"):
        hb.warmup("bernoulli logit")
