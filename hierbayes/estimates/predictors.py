"""What the linear predictors of a model with several of them are called in tables."""

from __future__ import annotations

from hierbayes.fitted.record import Fit
from hierbayes.spec.records import PredictorSpec

PREDICTOR = "predictor"
"""The column that tells the linear predictors of such a model apart."""

MEAN = "mu"
"""The main linear predictor, in models in which it is not the only one (brms's word)."""


def predictor_label(fit: Fit, name: str) -> str:
    """A linear predictor: the parameter that it predicts, ``"mu"`` for the main one, or the category."""
    if not name:
        return fit.spec.label or MEAN
    return {p.name: p.label for p in fit.spec.predictors}[name]


def owner(fit: Fit, group: str) -> PredictorSpec:
    """The linear predictor that a group term belongs to."""
    return next(p for p in fit.spec.linear if group in [g.name for g in p.groups])


def predictor_term(fit: Fit, name: str, term: str) -> str:
    """A coefficient of a summary: ``age``, ``sigma_age``; ``walk: age`` where predictors are categories."""
    if fit.spec.label:
        return f"{predictor_label(fit, name)}: {term}"
    return f"{name}_{term}" if name else term
