"""The same statistics of draws for every tool."""

import warnings
from dataclasses import dataclass

import numpy as np

from .parameters import worst

TAILS = (0.05, 0.95)
"""The quantiles whose smaller effective sample size is the tail ESS, as in R's posterior and rstan."""


@dataclass(frozen=True)
class Draws:
    """What a tool drew.

    Attributes
    ----------
    scalars : dict of str to array, shape (chain, draw)
        Under the names of ``parameters.label``.
    effects : list of array, shape (chain, draw, k)
        Group effects.
    divergences : int
        After warm-up.
    remark : str
        For the table.
    """

    scalars: dict
    effects: list
    divergences: int
    remark: str = ""


def diagnose(draws):
    """Means with their Monte Carlo errors, and the worst effective sample size and R-hat."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        table = {name: _one(values) for name, values in draws.scalars.items()}
        effects = [_many(values) for values in draws.effects]
    scalars = worst(list(table.values()))
    return {
        "parameters": table,
        "scalars": scalars,
        "all": worst([scalars, *effects]),
        "divergences": draws.divergences,
        "remark": draws.remark,
    }


def _one(values):
    statistics = _statistics(np.ascontiguousarray(values)[:, :, None])
    return {name: float(value[0]) for name, value in statistics.items()}


def _many(values):
    statistics = _statistics(values.reshape(*values.shape[:2], -1))
    names, columns = list(statistics), list(statistics.values())
    return worst([dict(zip(names, map(float, row), strict=True)) for row in zip(*columns, strict=True)])


def _statistics(values):
    """Each of shape (k,), of draws (chain, draw, k)."""
    from arviz_stats.base import array_stats

    axes = {"chain_axis": 0, "draw_axis": 1}
    return {
        "mean": values.mean(axis=(0, 1)),
        "sd": values.std(axis=(0, 1), ddof=1),
        "mcse": np.asarray(array_stats.mcse(values, method="mean", **axes)),
        "ess_bulk": np.asarray(array_stats.ess(values, method="bulk", **axes)),
        "ess_tail": np.asarray(array_stats.ess(values, method="tail", prob=TAILS, **axes)),
        "r_hat": np.asarray(array_stats.rhat(values, method="rank", **axes)),
    }
