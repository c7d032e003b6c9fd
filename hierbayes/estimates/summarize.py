"""From draws to rows: the only place where ``chain`` and ``draw`` are reduced."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes.errors import DataError

PROB = 0.95


def summarize(draws: xr.DataArray, prob: float = PROB, *, tail: bool = False) -> pd.DataFrame:
    """Posterior mean, sd, equal-tailed interval and diagnostics of every element of ``draws``.

    Parameters
    ----------
    draws : DataArray, dims (chain, draw, ...)
        The other dims, in their order, give the rows; the last one runs fastest.
    prob : float
        Mass of the interval.
    tail : bool
        Whether to add ``ess_tail``.

    Returns
    -------
    DataFrame
        Columns ``mean, sd, lower, upper, ess_bulk`` (and ``ess_tail``), ``r_hat``; in the units of ``draws``.
        R-hat and effective sample sizes are the rank-normalized ones.

    Raises
    ------
    DataError
        If ``prob`` is not between 0 and 1.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021). Rank-normalization,
    folding, and localization: an improved R-hat. Bayesian Analysis 16, 667-718.
    """
    from arviz_base import rcParams
    from arviz_stats.base import array_stats

    if not 0 < prob < 1:
        raise DataError(f"prob is the mass of the interval, between 0 and 1; {prob!r} was given.")
    values = draws.transpose("chain", "draw", ...)
    flat = values.to_numpy().reshape(values.sizes["chain"], values.sizes["draw"], -1)
    # The array interface: with labelled arrays arviz-stats goes through xarray, which loads numba.
    axes = {"chain_axis": 0, "draw_axis": 1}
    lower, upper = np.quantile(flat, [(1 - prob) / 2, (1 + prob) / 2], axis=(0, 1))
    columns = {
        "mean": flat.mean(axis=(0, 1)),
        "sd": flat.std(axis=(0, 1), ddof=1) if flat.shape[0] * flat.shape[1] > 1 else np.zeros(flat.shape[2]),
        "lower": lower,
        "upper": upper,
        "ess_bulk": array_stats.ess(flat, method="bulk", **axes),
    }
    if tail:
        columns["ess_tail"] = array_stats.ess(flat, method="tail", prob=rcParams["stats.ci_prob"], **axes)
    single = flat.shape[0] < 2
    with np.errstate(divide="ignore", invalid="ignore"):  # of draws that are all the same
        columns["r_hat"] = np.full(flat.shape[2], np.nan) if single else array_stats.rhat(flat, **axes)
    return pd.DataFrame(columns)


def label_rows(draws: xr.DataArray) -> pd.DataFrame:
    """The labels of every element of ``draws``, one column per dim, in the row order of ``summarize``."""
    dims = [str(dim) for dim in draws.dims if dim not in ("chain", "draw")]
    labels = [list(draws[dim].to_numpy()) for dim in dims]
    return pd.DataFrame(list(itertools.product(*labels)), columns=dims)


def describe_interval(frame: pd.DataFrame, scale: str, prob: float = PROB) -> pd.DataFrame:
    """Say in ``frame.attrs`` which interval and which scale the columns are in."""
    frame.attrs.update(interval=f"{100 * prob:g} % equal-tailed", scale=scale)
    return frame
