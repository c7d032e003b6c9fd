"""From a formula and a frame to arrays, and to the recipe that builds them again for other data."""

from __future__ import annotations

from hierbayes.design.build import build_design
from hierbayes.design.exchange import exchange_response
from hierbayes.design.missing import POLICIES, Missing
from hierbayes.design.recipe import AppliedDesign, Recipe
from hierbayes.design.records import Design, GroupDesign, PredictorDesign, ResponseInfo
from hierbayes.design.separation import remark as remark_separation

__all__ = [
    "POLICIES",
    "AppliedDesign",
    "Design",
    "GroupDesign",
    "Missing",
    "PredictorDesign",
    "Recipe",
    "ResponseInfo",
    "build_design",
    "exchange_response",
    "remark_separation",
]
