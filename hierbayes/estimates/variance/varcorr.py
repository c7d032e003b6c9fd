"""How much groups differ: standard deviations and correlations of their effects."""

from __future__ import annotations

from typing import Literal, overload

import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.estimates.predictors import PREDICTOR, owner, predictor_label
from hierbayes.estimates.summarize import PROB, describe_interval, summarize
from hierbayes.estimates.variance.covariance import correlation_pairs as correlation_pairs
from hierbayes.estimates.variance.covariance import covariance as covariance
from hierbayes.estimates.variance.fanning import slope_words
from hierbayes.fitted.record import Fit

RESIDUAL = "Residual"
RESIDUAL_KINDS = {"student": "scale"}
"""What the ``sigma`` of a family is, where it is no standard deviation."""


@overload
def varcorr(fit: Fit, prob: float = ..., *, draws: Literal[False] = ...) -> pd.DataFrame: ...
@overload
def varcorr(fit: Fit, prob: float = ..., *, draws: Literal[True]) -> xr.Dataset: ...
def varcorr(fit: Fit, prob: float = PROB, *, draws: bool = False) -> pd.DataFrame | xr.Dataset:
    """Standard deviations and correlations of the group effects, and the residual's (lme4's ``VarCorr``).

    Returns
    -------
    DataFrame or Dataset
        Columns ``group, parameter`` (``"sd"`` or ``"cor"``; ``"scale"`` of the residuals of a Student
        response), ``term, term_bis`` (empty for ``sd``), ``mean, sd, lower, upper, ess_bulk, r_hat``;
        standard deviations on the link scale, the residual's in units of the response (lognormal: of its
        logarithm). With ``draws=True`` the variables ``sd_<group>``, ``cor_<group>`` and
        ``sigma`` of the posterior. In a model with several linear predictors the first column is
        ``predictor``, as of ``fixef``; empty for correlations between several, of ``(1 |c| g)``.
        ``attrs["notes"]`` reads the covariances of slopes in words; ``slope_pattern`` has the numbers.

    Examples
    --------
    >>> fit.varcorr()[["group", "parameter", "term"]].to_numpy().tolist()[0]
    ['school', 'sd', 'Intercept']
    """
    posterior = fit.posterior
    if draws:
        of_groups = (*fit.spec.all_groups, *fit.spec.joint_groups)
        kept = [f(g.name) for g in of_groups for f in (names.sd, names.cor)] + ["sigma"]
        return posterior[[name for name in kept if name in posterior]]
    labels, pieces = [], []
    for group in (*fit.spec.all_groups, *fit.spec.joint_groups):
        for term in () if group.parts else group.terms:
            labels.append((group.name, "sd", term, ""))
            pieces.append(posterior[names.sd(group.name)].sel({names.group_term(group.name): term}))
        for first, second, draws_of_pair in correlation_pairs(fit, group):
            labels.append((group.name, "cor", first, second))
            pieces.append(draws_of_pair)
    if "sigma" in posterior:
        labels.append((RESIDUAL, RESIDUAL_KINDS.get(fit.spec.family, "sd"), "sigma", ""))
        pieces.append(posterior["sigma"])
    rows = pd.DataFrame(labels, columns=["group", "parameter", "term", "term_bis"])
    if not pieces:
        return describe_interval(rows, "link", prob)
    plain = [piece.drop_vars([c for c in piece.coords if c not in ("chain", "draw")]) for piece in pieces]
    if fit.spec.predictors:
        rows.insert(0, PREDICTOR, [label_of(fit, name) for name in rows["group"]])
    numbers = summarize(xr.concat(plain, dim="element").transpose("chain", "draw", "element"), prob)
    frame = pd.concat([rows, numbers], axis=1)
    frame.attrs["notes"] = slope_words(fit, prob)
    return describe_interval(frame, "link", prob)


def label_of(fit: Fit, group: str) -> str:
    """The linear predictor of a row of a table of variances; empty for correlations between several."""
    if group in [joint.name for joint in fit.spec.joint_groups]:
        return ""
    return predictor_label(fit, "" if group == RESIDUAL else owner(fit, group).name)
