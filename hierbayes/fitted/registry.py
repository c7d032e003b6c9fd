"""The one table of what a ``Fit`` can do, and where each is implemented; imported on first use."""

from __future__ import annotations

import functools
import importlib
import types
from collections.abc import Callable, Mapping
from typing import Any

from hierbayes.progress import working

ESTIMATES: dict[str, str] = {
    "summary": "hierbayes.estimates.summaries:summary",
    "fixef": "hierbayes.estimates.summaries:fixef",
    "standardized": "hierbayes.estimates.predictions.standardized:standardized",
    "ranef": "hierbayes.estimates.by_group.groups:ranef",
    "coef": "hierbayes.estimates.by_group.groups:coef",
    "varcorr": "hierbayes.estimates.variance.varcorr:varcorr",
    "vpc": "hierbayes.estimates.variance.vpc:vpc",
    "median_odds_ratio": "hierbayes.estimates.variance.odds:median_odds_ratio",
    "median_rate_ratio": "hierbayes.estimates.variance.odds:median_rate_ratio",
    "interval_odds_ratio": "hierbayes.estimates.variance.odds:interval_odds_ratio",
    "r2": "hierbayes.estimates.variance.r2:r2",
    "group_evidence": "hierbayes.estimates.variance.evidence:group_evidence",
    "design_effect": "hierbayes.estimates.variance.design_effects:design_effect",
    "shrinkage": "hierbayes.estimates.by_group.shrinkage:shrinkage",
    "ranks": "hierbayes.estimates.by_group.ranking:ranks",
    "slope_pattern": "hierbayes.estimates.variance.fanning:slope_pattern",
    "pooling_factor": "hierbayes.estimates.by_group.pooled:pooling_factor",
    "pairwise": "hierbayes.estimates.by_group.ranking:pairwise",
    "check": "hierbayes.estimates.checks.convergence:check",
    "linpred": "hierbayes.estimates.predictions.prediction:linpred",
    "epred": "hierbayes.estimates.predictions.prediction:epred",
    "prior_predictive": "hierbayes.estimates.checks.prior:prior_predictive",
    "simulate": "hierbayes.estimates.predictions.simulated:simulate",
    "classification": "hierbayes.estimates.checks.classification:classification",
    "predictive_check": "hierbayes.estimates.checks.predictive:predictive_check",
    "predict": "hierbayes.estimates.predictions.predict:predict",
    "effects": "hierbayes.estimates.predictions.effects:effects",
    "comparisons": "hierbayes.estimates.predictions.comparisons:comparisons",
    "slopes": "hierbayes.estimates.predictions.comparisons:slopes",
    "hypothesis": "hierbayes.estimates.hypotheses.hypotheses:hypothesis",
    "contrasts": "hierbayes.estimates.predictions.contrasts:contrasts",
    "posterior_predictive": "hierbayes.estimates.predictions.prediction:posterior_predictive",
    "log_likelihood": "hierbayes.estimates.leave_out.pointwise:log_likelihood",
    "loo": "hierbayes.estimates.leave_out.loo:loo",
    "describe": "hierbayes.report.describe:describe",
    "equation": "hierbayes.report.equations:equation",
    "kfold": "hierbayes.estimates.leave_out.kfold:kfold",
    "residuals": "hierbayes.estimates.checks.residuals:residuals",
    "group_residuals": "hierbayes.estimates.checks.residuals:group_residuals",
    "table": "hierbayes.report.publication:table",
    "sensitivity": "hierbayes.estimates.checks.sensitivity:sensitivity",
    "report": "hierbayes.report:report_fit",
}

PLOTS: dict[str, str] = {
    "shrinkage": "hierbayes.plots.shrinkage:shrinkage",
    "shrinkage_plane": "hierbayes.plots.plane:shrinkage_plane",
    "caterpillar": "hierbayes.plots.caterpillar:caterpillar",
    "group_lines": "hierbayes.plots.group_lines:group_lines",
    "vpc": "hierbayes.plots.vpc:vpc",
    "variance": "hierbayes.plots.along:variance",
    "trace": "hierbayes.plots.chains:trace",
    "rank": "hierbayes.plots.chains:rank",
    "energy": "hierbayes.plots.sampler:energy",
    "pairs": "hierbayes.plots.sampler:pairs",
    "ppc": "hierbayes.plots.ppc:ppc",
    "loo_pit": "hierbayes.plots.leave_out:loo_pit",
    "pareto_k": "hierbayes.plots.leave_out:pareto_k",
    "effects": "hierbayes.plots.effects:effects",
    "ranks": "hierbayes.plots.ranks:ranks",
    "forest": "hierbayes.plots.forest:forest",
    "residuals": "hierbayes.plots.residuals:residuals",
    "varcorr": "hierbayes.plots.densities:varcorr",
    "prior_posterior": "hierbayes.plots.densities:prior_posterior",
    "prior_predictive": "hierbayes.plots.prior_predictive:prior_predictive",
}

OF_MODELS: dict[str, str] = {
    **{name: ESTIMATES[name] for name in ("prior_predictive", "simulate", "equation")},
    "to_bambi": "hierbayes.to_bambi.build:to_bambi",
}
"""What a ``Model`` answers before it is fitted."""

SAVE = "hierbayes.fitted.store:save"
TEXT = "hierbayes.report.text:fit_text"
HTML = "hierbayes.report.notebook:fit_html"
VERDICT_HTML = "hierbayes.report.notebook:verdict_html"
ELPD_HTML = "hierbayes.report.notebook:elpd_html"
COMPARISON_PLOT = "hierbayes.plots.comparison:comparison"
PARTS_HTML = "hierbayes.report.notebook:parts_html"
SBC_PLOT = "hierbayes.plots.calibration:sbc"


def resolve(target: str) -> Callable[..., Any]:
    """The function behind ``module:function``."""
    module, _, function = target.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def bind(table: Mapping[str, str], name: str, fit: object, called: str = "") -> Callable[..., Any]:
    """The function called ``name`` as a method of the fit, with its docstring and its other arguments.

    While it runs, terminals show that it does; ``called`` is what the user wrote before the name: ``"fit."``.

    Raises
    ------
    AttributeError
        If the table has no such name; the message lists those that exist.
    """
    if name not in table:
        raise AttributeError(f"no {name!r} here; there are: {', '.join(table)}")
    return types.MethodType(working(called + name)(up_to_infinity(resolve(table[name]))), fit)


def up_to_infinity(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, without NumPy's warnings of numbers beyond double precision: ``Table`` explains them."""

    @functools.wraps(function)
    def quiet(*args: Any, **named: Any) -> Any:
        import numpy as np

        with np.errstate(over="ignore", invalid="ignore"):
            return function(*args, **named)

    return quiet
