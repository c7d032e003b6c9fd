"""A model as pure data: terms, family and priors, with defaults that say why they are what they are."""

from __future__ import annotations

from hierbayes.spec.defaults import fill_priors
from hierbayes.spec.priors import PRIORS, PriorKind, parse_prior
from hierbayes.spec.records import GroupSpec, ModelSpec, PredictorSpec, Prior, PriorEntry, Scales
from hierbayes.spec.table import PriorRow, prior_rows

__all__ = [
    "PRIORS",
    "GroupSpec",
    "ModelSpec",
    "PredictorSpec",
    "Prior",
    "PriorEntry",
    "PriorKind",
    "PriorRow",
    "Scales",
    "fill_priors",
    "parse_prior",
    "prior_rows",
]
