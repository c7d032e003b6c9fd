"""Two runs of one model: whether their posteriors differ by more than chance."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd
from scipy.stats import norm

from hierbayes.estimates.summaries import parameter_draws
from hierbayes.fitted.record import Fit

LABELS = ["section", "group", "parameter"]
CHANCE = 0.001
"""Probability of calling two runs of one model different, over all their figures together (Bonferroni)."""


def figures(fit: Fit) -> pd.DataFrame:
    """Mean and standard deviation of every parameter but the group effects, with their Monte Carlo errors.

    Returns
    -------
    DataFrame
        Columns ``section, group, parameter``, ``mean, sd`` (link scale) and ``mcse_mean, mcse_sd``.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021). Rank-normalization,
    folding, and localization: an improved R-hat. Bayesian Analysis 16, 667-718 (section 4).
    """
    from arviz_stats.base import array_stats

    labels, draws = parameter_draws(fit)
    values = draws.transpose("chain", "draw", ...).to_numpy()
    axes = {"chain_axis": 0, "draw_axis": 1}
    with np.errstate(divide="ignore", invalid="ignore"):  # of draws that are all the same
        return labels.assign(
            mean=values.mean(axis=(0, 1)),
            sd=values.std(axis=(0, 1)),
            mcse_mean=array_stats.mcse(values, method="mean", **axes),
            mcse_sd=array_stats.mcse(values, method="sd", **axes),
        )


def compare_figures(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The figures of two runs side by side.

    Parameters
    ----------
    one, other : DataFrame
        As of ``figures``.

    Returns
    -------
    DataFrame
        A row for each parameter: ``section, group, parameter``, ``mean`` and ``sd`` of the first,
        ``mean_again`` and ``sd_again`` of the second, and by how many Monte Carlo standard errors of the
        difference they differ, ``mean_z`` and ``sd_z``: 0 where both are the same number, infinite where only
        one run has the parameter, or has no finite error.
    """
    both = one.merge(other, how="outer", on=LABELS, suffixes=("", "_again"), sort=False)
    for what in ("mean", "sd"):
        first, second = (both[f"{what}{end}"].to_numpy(dtype=float) for end in ("", "_again"))
        errors = (both[f"mcse_{what}{end}"].to_numpy(dtype=float) for end in ("", "_again"))
        difference, error = np.abs(first - second), np.hypot(*errors)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(difference == 0, 0.0, difference / error)
        both[f"{what}_z"] = np.where(np.isnan(z), np.inf, z)
    return both[[*LABELS, "mean", "mean_again", "mean_z", "sd", "sd_again", "sd_z"]]


def largest_by_chance(n: int) -> float:
    """Standard errors that the largest of ``n`` differences stays under with probability ``1 - CHANCE``."""
    return float(norm.isf(CHANCE / (2 * max(n, 1))))


def furthest(compared: pd.DataFrame) -> tuple[float, float, dict[Hashable, object]]:
    """The largest difference of means, that of sds, and the row of the larger of the two."""
    means, sds = compared["mean_z"].max(), compared["sd_z"].max()
    worst = int(compared[["mean_z", "sd_z"]].to_numpy().max(axis=1).argmax())
    return float(means), float(sds), compared.to_dict("records")[worst]
