"""Every question that can be asked of a fit is answered for every family, or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit
from structures import CASES, small_frame

import hierbayes as hb
from hierbayes.errors import DataError, HierbayesError, UnknownNameError
from hierbayes.families import FAMILIES
from hierbayes.fitted.registry import ESTIMATES

WITH_GROUPS = {CASES[case][1]: case for case in CASES if "(1" in str(CASES[case][0])}
FRAME = small_frame()
RNG = np.random.default_rng(7)
OF_A_COLUMN = ("comparisons", "slopes", "effects", "interval_odds_ratio")
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


SPARSE = (
    "y ~ 1",
    "y ~ x",
    "y ~ 0 + x",
    "y ~ 0 + (1 | g)",
    "y ~ 1 + (0 + x | g)",
    "y ~ 0 + f + (1 | g) + (1 | k)",
)
RESPONSES = {
    "gaussian": RNG.normal(size=48),
    "bernoulli": RNG.integers(0, 2, 48),
    "poisson": RNG.poisson(2, 48),
    "cumulative": RNG.integers(1, 4, 48),
    "categorical": RNG.choice(list("uvw"), 48),
}


@pytest.mark.parametrize("formula", SPARSE)
@pytest.mark.parametrize("family", RESPONSES)
def test_models_that_lack_columns_or_groups_are_asked_everything(family, formula):
    frame = {
        "y": RESPONSES[family],
        "x": RNG.normal(size=48),
        "f": RNG.choice(list("ab"), 48),
        "g": RNG.choice(list("klmn"), 48),
        "k": RNG.choice(list("pq"), 48),
    }
    fit = random_fit(hb.Model(formula, frame, family=family), draws=10)
    methods = ("latent", "linearised", "simulation", "linear")
    asked: dict[str, Callable[[], object]] = {
        **{name: getattr(fit, name) for name in ESTIMATES if name not in (*ELSEWHERE, *OF_A_COLUMN)},
        **{name: partial(getattr(fit, name), "x") for name in OF_A_COLUMN},
        **{f"vpc {method}": partial(fit.vpc, method=method) for method in methods},
        **{
            f"draws of {name}": partial(getattr(fit, name), draws=True) for name in ("fixef", "ranef", "coef")
        },
        "loo": partial(fit.loo, refits=0),
        "report": lambda: fit._repr_html_(),
    }
    for name, ask in asked.items():
        try:
            assert len(str(ask())) > 20, name
        except HierbayesError as error:
            assert len(str(error)) > 40, name


def test_names_of_the_refusals_exist():
    assert set(REFUSED) <= set(ESTIMATES)
