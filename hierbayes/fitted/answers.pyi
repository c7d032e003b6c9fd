# Copied from the sources by docs/stubs.py; not edited by hand.

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, overload

import bambi
import numpy as np
import pandas as pd
import xarray as xr
from arviz_plots import PlotCollection

from hierbayes.estimates.by_group.ranked import At as RankedAt
from hierbayes.estimates.checks.classification import Classification
from hierbayes.estimates.checks.convergence import Verdict
from hierbayes.estimates.checks.predictive import Statistic
from hierbayes.estimates.leave_out.elpd import Elpd
from hierbayes.estimates.variance.profiles import At
from hierbayes.estimates.variance.vpc import Methods
from hierbayes.report.describe import Description
from hierbayes.report.equations import ModelEquations
from hierbayes.report.publication import PublicationTable

class FitAnswers:
    """What a fit answers."""
    def summary(self, prob: float = 0.95) -> pd.DataFrame:
        """Every parameter but the group effects, in brms's sections."""
    @overload
    def fixef(self, prob: float = 0.95, *, draws: Literal[False] = False) -> pd.DataFrame:
        """Population coefficients (lme4's "fixed effects"), on the link scale, for the user's columns."""
    @overload
    def fixef(self, prob: float = 0.95, *, draws: Literal[True]) -> xr.DataArray | xr.Dataset: ...
    @overload
    def standardized(self, prob: float = 0.95, *, draws: Literal[False] = False) -> pd.DataFrame:
        """Population coefficients as they would be for standardized data."""
    @overload
    def standardized(self, prob: float = 0.95, *, draws: Literal[True]) -> xr.Dataset: ...
    @overload
    def ranef(
        self, group: str | None = None, *, prob: float = 0.95, draws: Literal[False] = False
    ) -> pd.DataFrame:
        """Group effects: how each group's coefficients deviate from the population's (lme4's ``ranef``)."""
    @overload
    def ranef(self, group: str | None = None, *, prob: float = 0.95, draws: Literal[True]) -> xr.Dataset: ...
    @overload
    def coef(
        self, group: str | None = None, *, prob: float = 0.95, draws: Literal[False] = False
    ) -> pd.DataFrame:
        """Each group's own intercept and slopes: population coefficient + group effect (lme4's ``coef``)."""
    @overload
    def coef(self, group: str | None = None, *, prob: float = 0.95, draws: Literal[True]) -> xr.Dataset: ...
    @overload
    def varcorr(self, prob: float = 0.95, *, draws: Literal[False] = False) -> pd.DataFrame:
        """Standard deviations and correlations of the group effects, and the residual's (lme4's ``VarCorr``)."""
    @overload
    def varcorr(self, prob: float = 0.95, *, draws: Literal[True]) -> xr.Dataset: ...
    @overload
    def vpc(
        self, at: At = None, *, method: Methods = None, prob: float = 0.95, draws: Literal[False] = False
    ) -> pd.DataFrame:
        """Variance partition coefficient of each group term: the share of variance that lies between its groups."""
    @overload
    def vpc(
        self, at: At = None, *, method: Methods = None, prob: float = 0.95, draws: Literal[True]
    ) -> xr.Dataset: ...
    @overload
    def median_odds_ratio(
        self, at: At = None, *, prob: float = 0.95, draws: Literal[False] = False
    ) -> pd.DataFrame:
        """Median odds ratio of each group term: the variance between groups on the scale of odds ratios."""
    @overload
    def median_odds_ratio(self, at: At = None, *, prob: float = 0.95, draws: Literal[True]) -> xr.Dataset: ...
    @overload
    def median_rate_ratio(
        self, at: At = None, *, prob: float = 0.95, draws: Literal[False] = False
    ) -> pd.DataFrame:
        """Median rate ratio of each group term, for counts with the log link; see ``median_odds_ratio``."""
    @overload
    def median_rate_ratio(self, at: At = None, *, prob: float = 0.95, draws: Literal[True]) -> xr.Dataset: ...
    @overload
    def interval_odds_ratio(
        self, column: str, *, mass: float = 0.8, prob: float = 0.95, draws: Literal[False] = False
    ) -> pd.DataFrame:
        """Interval odds ratio of a column that is a property of the groups, and the share of opposed odds ratios."""
    @overload
    def interval_odds_ratio(
        self, column: str, *, mass: float = 0.8, prob: float = 0.95, draws: Literal[True]
    ) -> xr.Dataset: ...
    @overload
    def r2(self, method: str = ..., *, prob: float = 0.95, draws: Literal[False] = False) -> pd.DataFrame:
        """Share of variance that columns, and columns and groups, account for."""
    @overload
    def r2(self, method: str = ..., *, prob: float = 0.95, draws: Literal[True]) -> xr.Dataset: ...
    def group_evidence(self, *, refit: bool = False, prob: float = 0.95, seed: int = 0) -> pd.DataFrame:
        """Evidence that the standard deviation of each group-level coefficient is not zero."""
    @overload
    def design_effect(
        self, of: str = ..., *, prob: float = 0.95, draws: Literal[False] = False
    ) -> pd.DataFrame:
        """Design effect and effective sample size for each group term."""
    @overload
    def design_effect(self, of: str = ..., *, prob: float = 0.95, draws: Literal[True]) -> xr.Dataset: ...
    def shrinkage(self, group: str | None = None, *, prob: float = 0.95) -> pd.DataFrame:
        """No, complete and partial pooling estimates of every group's coefficients, and the pooling factor."""
    @overload
    def ranks(
        self,
        group: str | None = None,
        *,
        term: str | None = None,
        by: str = ...,
        at: RankedAt = None,
        k: float = 0.1,
        largest_first: bool = True,
        prob: float = 0.95,
        draws: Literal[False] = False,
    ) -> pd.DataFrame:
        """Posterior ranks of the groups of a term: a league table that says how little it knows."""
    @overload
    def ranks(
        self,
        group: str | None = None,
        *,
        term: str | None = None,
        by: str = ...,
        at: RankedAt = None,
        k: float = 0.1,
        largest_first: bool = True,
        prob: float = 0.95,
        draws: Literal[True],
    ) -> xr.Dataset: ...
    @overload
    def slope_pattern(
        self, group: str | None = None, *, prob: float = 0.95, draws: Literal[False] = False
    ) -> pd.DataFrame:
        """How the lines of groups lie: fanning out or in, where they are nearest, how many slope the other way."""
    @overload
    def slope_pattern(
        self, group: str | None = None, *, prob: float = 0.95, draws: Literal[True]
    ) -> xr.Dataset: ...
    def pooling_factor(self, group: str | None = None) -> pd.DataFrame:
        """Pooling factor of every batch of effects: of each group term and coefficient, and of the residuals."""
    def pairwise(
        self,
        group: str | None = None,
        levels: Sequence[str] | None = None,
        *,
        term: str | None = None,
        by: str = ...,
        at: RankedAt = None,
        prob: float = 0.95,
    ) -> pd.DataFrame:
        """Differences between pairs of groups, and the probability that the first exceeds the second."""
    def check(self) -> Verdict:
        """Judge convergence of all parameters and group effects, and say what the results lean on."""
    def linpred(
        self,
        data: Any = None,
        draws: int | None = None,
        *,
        predictor: str = "",
        groups: str | None = None,
        new_groups: str = ...,
        seed: int = 0,
    ) -> xr.DataArray:
        """Linear predictor of each row (brms's ``posterior_linpred``)."""
    def epred(
        self,
        data: Any = None,
        draws: int | None = None,
        *,
        groups: str | None = None,
        new_groups: str = ...,
        seed: int = 0,
    ) -> xr.DataArray:
        """Expected response of each row (brms's ``posterior_epred``)."""
    def prior_predictive(self, draws: int = 500, *, seed: int = 0) -> xr.DataTree:
        """Data sets that the priors imply for the rows of a model, before any response is seen."""
    def simulate(
        self, params: Mapping[str, Any], *, seed: int | np.random.Generator | None = None
    ) -> pd.Series:
        """Draw new responses for the rows of a model from parameters that are given."""
    def classification(
        self, threshold: float = 0.5, *, loo: bool = True, bins: int = 10, prob: float = 0.95
    ) -> Classification:
        """Judge probabilities and predictions of a binary outcome."""
    def predictive_check(
        self,
        statistic: str | Statistic = "mean",
        by: str | Sequence[str] = (),
        *,
        draws: int | None = 1000,
        prob: float = 0.95,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Compare a statistic of the data with what it is in data that the fitted model replicates."""
    @overload
    def predict(
        self,
        data: Any = None,
        kind: str = ...,
        *,
        groups: str | None = None,
        new_groups: str = ...,
        prob: float = 0.95,
        draws: Literal[False] = False,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Predict rows: the observed ones, or others."""
    @overload
    def predict(
        self,
        data: Any = None,
        kind: str = ...,
        *,
        groups: str | None = None,
        new_groups: str = ...,
        prob: float = 0.95,
        draws: Literal[True],
        seed: int = 0,
    ) -> xr.DataArray: ...
    @overload
    def effects(
        self,
        columns: str | Sequence[str],
        *,
        at: Mapping[str, Any] | None = None,
        scale: str = ...,
        groups: str | None = None,
        points: int = 100,
        prob: float = 0.95,
        draws: Literal[False] = False,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Expected response along a column, for the levels of others (brms's ``conditional_effects``)."""
    @overload
    def effects(
        self,
        columns: str | Sequence[str],
        *,
        at: Mapping[str, Any] | None = None,
        scale: str = ...,
        groups: str | None = None,
        points: int = 100,
        prob: float = 0.95,
        draws: Literal[True],
        seed: int = 0,
    ) -> xr.DataArray: ...
    @overload
    def comparisons(
        self,
        columns: str | Mapping[str, Any],
        *,
        compare: str = ...,
        by: str | Sequence[str] = (),
        over: str = ...,
        at: Mapping[str, Any] | None = None,
        scale: str = ...,
        groups: str | None = None,
        prob: float = 0.95,
        draws: Literal[False] = False,
        seed: int = 0,
    ) -> pd.DataFrame:
        """What changes when a column goes from one value to another, everything else as it is."""
    @overload
    def comparisons(
        self,
        columns: str | Mapping[str, Any],
        *,
        compare: str = ...,
        by: str | Sequence[str] = (),
        over: str = ...,
        at: Mapping[str, Any] | None = None,
        scale: str = ...,
        groups: str | None = None,
        prob: float = 0.95,
        draws: Literal[True],
        seed: int = 0,
    ) -> xr.Dataset: ...
    @overload
    def slopes(
        self,
        column: str,
        *,
        by: str | Sequence[str] = (),
        over: str = ...,
        at: Mapping[str, Any] | None = None,
        scale: str = ...,
        groups: str | None = None,
        prob: float = 0.95,
        draws: Literal[False] = False,
        seed: int = 0,
    ) -> pd.DataFrame:
        """How steeply the expected response rises with a column of numbers: its derivative."""
    @overload
    def slopes(
        self,
        column: str,
        *,
        by: str | Sequence[str] = (),
        over: str = ...,
        at: Mapping[str, Any] | None = None,
        scale: str = ...,
        groups: str | None = None,
        prob: float = 0.95,
        draws: Literal[True],
        seed: int = 0,
    ) -> xr.Dataset: ...
    @overload
    def hypothesis(
        self,
        hypotheses: str | Sequence[str],
        *,
        group: str | None = None,
        ranef: bool = False,
        rope: tuple[float, float] | str | None = None,
        prob: float = 0.95,
        draws: Literal[False] = False,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Statements about parameters: ``"age:ch[Y] > 0"``, ``"exp(ch[Y]) = 2"``, ``"sigma < 0.8"``."""
    @overload
    def hypothesis(
        self,
        hypotheses: str | Sequence[str],
        *,
        group: str | None = None,
        ranef: bool = False,
        rope: tuple[float, float] | str | None = None,
        prob: float = 0.95,
        draws: Literal[True],
        seed: int = 0,
    ) -> xr.DataArray: ...
    @overload
    def contrasts(
        self,
        column: str,
        *,
        by: str | Sequence[str] = (),
        at: Mapping[str, Any] | None = None,
        rope: tuple[float, float] | str | None = None,
        prob: float = 0.95,
        draws: Literal[False] = False,
    ) -> pd.DataFrame:
        """Every pair of a factor's levels, compared on the link scale; ``comparisons`` has the response scale."""
    @overload
    def contrasts(
        self,
        column: str,
        *,
        by: str | Sequence[str] = (),
        at: Mapping[str, Any] | None = None,
        rope: tuple[float, float] | str | None = None,
        prob: float = 0.95,
        draws: Literal[True],
    ) -> xr.Dataset: ...
    def posterior_predictive(
        self,
        data: Any = None,
        draws: int | None = 200,
        seed: int = 0,
        *,
        groups: str | None = None,
        new_groups: str = ...,
    ) -> xr.DataArray:
        """Replicated responses of rows."""
    def log_likelihood(self, draws: int | None = None) -> xr.DataArray:
        """Log density (or log probability) of each observed response, given its own groups."""
    def loo(self, unit: str | None = None, *, refits: int = 10, n_jobs: int = 1, seed: int = 0) -> Elpd:
        """Expected log predictive density of rows, or of whole groups, that are left out one at a time."""
    def describe(self, prob: float = 0.95) -> Description:
        """Write the results as paragraphs, in the manner of a results section."""
    def equation(self) -> ModelEquations:
        """A model as equations: response, linear predictors, group effects and priors."""
    def kfold(
        self,
        k: int = 10,
        group: str | None = None,
        *,
        stratify: str | None = None,
        n_jobs: int = 1,
        seed: int = 0,
    ) -> Elpd:
        """Expected log predictive density by fitting the model ``k`` times, without a part of the data each."""
    def residuals(self, kind: str | None = None, *, draws: int | None = 1000, seed: int = 0) -> pd.DataFrame:
        """Residuals of the rows, given their own groups: standard normal where the model holds."""
    def group_residuals(self, group: str | None = None) -> pd.DataFrame:
        """Residuals of the groups: posterior means of their effects, standardized by their diagnostic sd."""
    def table(self, *, elpd: bool = True, prob: float = 0.95, title: str = "") -> PublicationTable:
        """Set models side by side for a paper."""
    def sensitivity(
        self,
        priors: str | Sequence[str] | None = None,
        *,
        draws: int | None = None,
        alphas: tuple[float, float] = (0.99, 1.01),
    ) -> pd.DataFrame:
        """Would the posterior be another one if the priors, or the data, counted a little more or less?"""
    def report(self, path: str | Path, title: str | None = None, *, data: str | Path | None = None) -> Path:
        """Write a fit as one self-contained HTML page."""

class PlotAccessor:
    """``fit.plot``: pictures of a fit."""
    def __init__(self, _fit: FitAnswers) -> None: ...
    def shrinkage(
        self,
        group: str | None = None,
        term: str | Sequence[str] | None = None,
        *,
        sort: str = "n",
        backend: str | None = None,
    ) -> PlotCollection:
        """Draw each group's no-pooling estimate, its partial-pooling estimate, and the arrow between them."""
    def shrinkage_plane(
        self, group: str | None = None, terms: Sequence[str] | None = None, *, backend: str | None = None
    ) -> PlotCollection:
        """Draw the groups in the plane of two coefficients, with arrows from no pooling to partial pooling."""
    def caterpillar(
        self,
        group: str | None = None,
        term: str | Sequence[str] | None = None,
        *,
        kind: str = "ranef",
        small: int = 10,
        backend: str | None = None,
    ) -> PlotCollection:
        """Draw the sorted estimates of the groups with 50 % and 95 % intervals."""
    def group_lines(
        self,
        group: str | None = None,
        x: str | None = None,
        *,
        facet: bool = False,
        levels: str | Sequence[str] | None = None,
        facets: int = 20,
        backend: str | None = None,
    ) -> PlotCollection:
        """Draw the expected response of each group along one column; S-curves for binary outcomes."""
    def vpc(
        self,
        at: Mapping[str, Any] | None = None,
        *,
        method: str | Sequence[str] | None = None,
        backend: str | None = None,
    ) -> PlotCollection:
        """Draw the posterior density of each variance partition coefficient, with its definition."""
    def variance(self, x: str | None = None, *, backend: str | None = None) -> PlotCollection:
        """Draw the variance between groups, of each group term, and within groups along a column."""
    def trace(self, parameters: Sequence[str] | None = None, *, backend: str | None = None) -> PlotCollection:
        """Draw marginal densities and traces, one row per parameter, one colour per chain."""
    def rank(self, parameters: Sequence[str] | None = None, *, backend: str | None = None) -> PlotCollection:
        """Draw rank plots, one panel per parameter, one line per chain: flat lines when the chains agree."""
    def energy(self, *, backend: str | None = None) -> PlotCollection:
        """Draw the energy of the draws against its change from one to the next, chain by chain."""
    def pairs(self, group: str | None = None, *, backend: str | None = None) -> PlotCollection:
        """Draw each sd of group effects, on the log scale, against the group effect that depends on it most."""
    def ppc(
        self,
        kind: str | None = None,
        group: str | None = None,
        *,
        statistic: str | Statistic = "sd",
        seed: int = 0,
        backend: str | None = None,
    ) -> PlotCollection:
        """Draw a posterior predictive check."""
    def loo_pit(self, *, seed: int = 0, backend: str | None = None) -> PlotCollection:
        """Draw by how much the distribution of leave-one-out PIT values differs from the uniform one."""
    def pareto_k(self, unit: str | None = None, *, backend: str | None = None) -> PlotCollection:
        """Draw Pareto k of each row, or group, that is left out: how far importance sampling can be trusted."""
    def effects(
        self,
        columns: str | Sequence[str],
        *,
        at: Mapping[str, Any] | None = None,
        scale: str = ...,
        groups: str | None = None,
        points: int = 100,
        prob: float = 0.95,
        data: bool = True,
        backend: str | None = None,
    ) -> PlotCollection:
        """Draw the expected response along a column, with intervals and the observed responses behind."""
    def ranks(self, group: str | None = None, *, backend: str | None = None, **wanted: Any) -> PlotCollection:
        """Draw the posterior rank of each group: its mean and its interval, rank 1 at the top."""
    def forest(
        self, terms: Sequence[str] | None = None, *, prob: float = 0.95, backend: str | None = None
    ) -> PlotCollection:
        """Draw the parameters of several models beside each other, a panel for each and a row for each model."""
    def residuals(
        self, group: str | None = None, *, kind: str | None = None, seed: int = 0, backend: str | None = None
    ) -> PlotCollection:
        """Draw residuals of the rows and of the groups, each against what they should not depend on, and QQ."""
    def varcorr(self, *, backend: str | None = None) -> PlotCollection:
        """Draw the posteriors of the standard deviations and correlations of group effects on their priors."""
    def prior_posterior(self, *, backend: str | None = None) -> PlotCollection:
        """Draw the posteriors of population coefficients and the family's parameters on their priors."""
    def prior_predictive(
        self, *, draws: int = 200, seed: int = 0, backend: str | None = None
    ) -> PlotCollection:
        """Draw data that the priors imply against the observed ones."""

class ModelAnswers:
    """What a model answers before it is fitted."""
    def prior_predictive(self, draws: int = 500, *, seed: int = 0) -> xr.DataTree:
        """Data sets that the priors imply for the rows of a model, before any response is seen."""
    def simulate(
        self, params: Mapping[str, Any], *, seed: int | np.random.Generator | None = None
    ) -> pd.Series:
        """Draw new responses for the rows of a model from parameters that are given."""
    def equation(self) -> ModelEquations:
        """A model as equations: response, linear predictors, group effects and priors."""
    def to_bambi(self) -> bambi.Model:
        """The equal model of bambi, unbuilt: the same likelihood and the same priors of the same data."""
