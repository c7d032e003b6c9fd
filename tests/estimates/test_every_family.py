"""Every question that can be asked of a fit is answered for every family, or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from plugin import random_fit
from structures import CASES, small_frame

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.families import FAMILIES
from hierbayes.fitted.registry import ESTIMATES

WITH_GROUPS = {CASES[case][1]: case for case in CASES if "(1" in str(CASES[case][0])}
FRAME = small_frame()
ELSEWHERE = {"report", "prior_predictive", "kfold", "hypothesis", "contrasts", "sensitivity", "simulate"}
"""Tried elsewhere: they write a page, need a posterior, sample anew, or take an expression or parameters."""

REFUSED: dict[str, tuple[str, ...]] = {
    "classification": tuple(f for f in FAMILIES if f not in ("bernoulli", "binomial", "beta_binomial")),
    "median_odds_ratio": tuple(
        f
        for f in FAMILIES
        if f not in ("bernoulli", "binomial", "beta_binomial", "cumulative", "categorical")
    ),
    "design_effect": ("cumulative", "categorical"),
    "r2": ("categorical",),
    "vpc": ("hurdle_poisson",),
    "residuals": ("categorical",),
}
"""Questions that have no answer for a family."""


def fit_of(family: str) -> hb.Fit:
    text, _, link, priors = CASES[WITH_GROUPS[family]]
    return random_fit(hb.Model(text, FRAME, family=family, link=link, priors=priors), draws=30)


def questions(fit: hb.Fit) -> dict[str, Callable[[], object]]:
    group = fit.design.groups[0].name
    column = next(name for name in ("x", "w", "s", "h", "cost") if name in fit.design.columns)
    numeric = fit.design.columns[column].dtype.kind == "f"
    special: dict[str, Callable[[], object]] = {
        "predict": lambda: fit.predict(FRAME, kind="mean", groups="average"),
        "effects": lambda: fit.effects(column),
        "comparisons": lambda: fit.comparisons(column, by=fit.design.groups[0].factor),
        "slopes": lambda: fit.slopes(column) if numeric else None,
        "predictive_check": lambda: fit.predictive_check("mean", by=fit.design.groups[0].factor),
        "pairwise": lambda: fit.pairwise(group),
        "interval_odds_ratio": lambda: None,  # of columns that are constant within groups
        "median_rate_ratio": lambda: None,  # the median odds ratio of counts
        "slope_pattern": lambda: None,  # of slopes that vary
        "loo": lambda: fit.loo(refits=0),
        "table": lambda: str(fit.table(elpd=False)),
        "describe": lambda: str(fit.describe()),
    }
    plain = {name: getattr(fit, name) for name in ESTIMATES if name not in ELSEWHERE}
    return {**plain, **special}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_question_is_answered_or_refused(family):
    fit = fit_of(family)
    for name, ask in questions(fit).items():
        if family in REFUSED.get(name, ()):
            with pytest.raises((DataError, UnknownNameError)) as caught:
                ask()
            assert len(str(caught.value)) > 40, name
        else:
            answer = ask()
            assert not (isinstance(answer, pd.DataFrame) and answer.empty), name


def test_names_of_the_refusals_exist():
    assert set(REFUSED) <= set(ESTIMATES)
