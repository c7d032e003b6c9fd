"""Shared by all tests: tolerances, and posteriors that are sampled once per session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import tolerances
from hypothesis import HealthCheck, settings

import hierbayes as hb

# The machines that run these tests are shared: time says nothing about an example.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

MODELS = Path(__file__).parent.parent / "models"

SINGLE_LEVEL = {
    ("contraception", "m_00"): "use ~ age + urban + livch",
    ("contraception", "m_02"): "use ~ 1 + age + I(age^2) + urban + livch + (1 | district)",
    ("contraception", "m_04"): "use ~ age*ch + I(age^2) + urban + (1 | district)",
    ("exam", "mlr"): "normexam ~ standLRT + sex",
}
"""Models of the analyses that the cards leave out: they are taught, but not part of the reports."""

FAMILY = {"exam": "gaussian", "contraception": "bernoulli"}


@pytest.fixture(scope="session")
def identity_rtol() -> float:
    """Two formulas for one number: relative difference of rounding alone (STYLE.md, habit 14)."""
    return tolerances.IDENTITY


@cache
def analysis_model(card: str, name: str) -> hb.Model:
    """A model of the analyses, from its card where it has one; default priors."""
    formula = SINGLE_LEVEL.get((card, name))
    if formula is None:
        formula = {m.name: m.formula for m in hb.load_card(MODELS / f"{card}.toml").models}[name]
    return hb.Model(formula, hb.load_data(card), family=FAMILY[card])


@cache
def sampled(card: str, name: str) -> hb.Fit:
    """Its posterior with default settings, sampled once per session."""
    return analysis_model(card, name).fit(seed=2026, progress=False)


@pytest.fixture(scope="session")
def model_of() -> Callable[[str, str], hb.Model]:
    """``model_of("exam", "m4")``: an analysis's model, not sampled."""
    return analysis_model


@pytest.fixture(scope="session")
def fit_of() -> Callable[[str, str], hb.Fit]:
    """``fit_of("exam", "m4")``: an analysis's posterior with default settings."""
    return sampled
