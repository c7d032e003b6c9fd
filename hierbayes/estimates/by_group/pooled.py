"""How much a whole batch of group effects is pooled: the factor of Gelman and Pardoe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.selection import take_rows
from hierbayes.estimates.by_group.groups import select_groups
from hierbayes.estimates.predictions.prediction import linpred
from hierbayes.estimates.predictors import PREDICTOR, owner, predictor_label
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

RESIDUAL = "Residual"
BATCHES = 20
BLOCK = 8_000_000
"""Numbers, rows by draws, that are held at a time."""

DEFINITION = (
    "pooling = 1 - variance over the units of their posterior mean effects / posterior mean of the variance "
    "over the units of their effects (Gelman and Pardoe 2006): near 0 every unit is known by its own data, "
    "near 1 all are pulled to the average; above 0.5 the population says more about a unit than its own "
    "data. It belongs to the posterior as a whole, so it has a Monte Carlo error (mcse) and no interval"
)
NO_RESIDUALS = (
    "The rows have no pooling factor: residuals on the scale of the linear predictor exist for gaussian "
    "responses with the identity link, student and lognormal ones, fully observed."
)


def pooling_factor(fit: Fit, group: str | None = None) -> pd.DataFrame:
    """Pooling factor of every batch of effects: of each group term and coefficient, and of the residuals.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str, optional
        A grouping factor, for all group terms on it, or the name of one term; by default all of them and,
        for responses that have residuals on the scale of the linear predictor, the rows.

    Returns
    -------
    DataFrame
        ``group`` (``"Residual"`` for the rows), ``term, n`` (units: groups, or rows), ``pooling``, ``mcse``
        (its Monte Carlo standard error, by a jackknife of batches of draws). The first column is
        ``predictor`` in a model with several linear predictors. ``fit.shrinkage()`` has the factor of each
        single group.

    Raises
    ------
    UnknownNameError
        If the model has no such group term.

    References
    ----------
    Gelman, A. and Pardoe, I. (2006). Bayesian measures of explained variance and pooling in multilevel
    (hierarchical) models. Technometrics 48, 241-251.

    Examples
    --------
    >>> fit.pooling_factor()[["group", "term", "pooling"]].round(1).to_numpy().tolist()[:2]
    [['school', 'Intercept', 0.2], ['school', 'standLRT', 0.4]]
    """
    rows = []
    every = group is None and not fit.spec.all_groups
    for spec in () if every else select_groups(fit, group, factors=True, further=True):
        dims = ("chain", "draw", names.group_dim(spec.name), names.group_term(spec.name))
        u = fit.posterior[names.u(spec.name)].transpose(*dims).to_numpy()
        label = predictor_label(fit, owner(fit, spec.name).name)
        for k, term in enumerate(spec.terms):
            rows.append((label, spec.name, term, spec.n_groups, *_of_effects(u[..., k])))
    notes: tuple[str, ...] = ()
    if group is None:
        if _has_residuals(fit):
            label = predictor_label(fit, "")
            rows.append((label, RESIDUAL, "sigma", fit.design.n, *_of_residuals(fit)))
        else:
            notes = (NO_RESIDUALS,)
    frame = pd.DataFrame(rows, columns=[PREDICTOR, "group", "term", "n", "pooling", "mcse"])
    frame = frame if fit.spec.predictors else frame.drop(columns=PREDICTOR)
    frame.attrs.update(definition=DEFINITION, notes=notes, scale="share")
    return frame


def pooling_words(fit: Fit, group: str) -> tuple[str, ...]:
    """One sentence for each coefficient of a group term."""
    rows = pooling_factor(fit, group)
    return tuple(
        f"{row.group}, {row.term}: the pooling factor of all {row.n} groups together is {row.pooling:.2f} "
        "(Gelman and Pardoe 2006; fit.pooling_factor())."
        for row in rows.itertuples()
    )


def _of_effects(effects: Floats) -> tuple[float, float]:
    """Factor and Monte Carlo error for draws of shape (chain, draw, units)."""
    if effects.shape[-1] < 2:
        return np.nan, np.nan
    parts = _batches(effects.shape[0], effects.shape[1])
    means = np.stack([effects[c, rows].mean(axis=0) for c, rows in parts])
    variances = np.array([effects[c, rows].var(axis=-1, ddof=1).mean() for c, rows in parts])
    return _with_error(means, variances)


def _batches(chains: int, draws: int) -> list[tuple[int, slice]]:
    """Equal batches of consecutive draws: chain and draws of each."""
    per_chain = max(1, min(BATCHES // chains, draws))
    size = draws // per_chain
    return [(c, slice(k * size, (k + 1) * size)) for c in range(chains) for k in range(per_chain)]


def _with_error(means: Floats, variances: Floats) -> tuple[float, float]:
    """Factor and jackknife error from batches: means of the units, shape (B, units), and mean variances."""

    def factor(mean: Floats, variance: float) -> float:
        return float(1 - mean.var(ddof=1) / variance) if variance > 0 else np.nan

    count = len(means)
    value = factor(means.mean(axis=0), float(variances.mean()))
    if count < 2:
        return value, np.nan
    left = [
        factor(
            (means.sum(axis=0) - means[b]) / (count - 1), float(variances.sum() - variances[b]) / (count - 1)
        )
        for b in range(count)
    ]
    return value, float(np.sqrt((count - 1) * np.var(left)))


def _has_residuals(fit: Fit) -> bool:
    spec, part = fit.spec, fit.design.part
    alike = (spec.family, spec.link) in {
        ("gaussian", "identity"),
        ("student", "identity"),
        ("lognormal", "identity"),
    }
    return alike and part.keys().isdisjoint({"low", "high", "lb", "ub"})


def _of_residuals(fit: Fit) -> tuple[float, float]:
    """The factor of the rows, some rows at a time; of Gaussian rows with weights times their root."""
    n, sizes = fit.design.n, fit.posterior.sizes
    chains, draws = sizes["chain"], sizes["draw"]
    parts = _batches(chains, draws)
    means = np.empty((len(parts), n))
    total, squares = np.zeros((chains, draws)), np.zeros((chains, draws))
    size = max(1, BLOCK // (chains * draws))
    for start in range(0, n, size):
        rows = slice(start, min(start + size, n))
        some = replace(fit, design=take_rows(fit.design, rows))
        y = np.log(some.design.y) if fit.spec.family == "lognormal" else some.design.y
        residual = y - linpred(some).to_numpy()
        if some.design.weights is not None and fit.spec.family == "gaussian":
            residual = residual * np.sqrt(some.design.weights)
        total += residual.sum(axis=-1)
        squares += (residual**2).sum(axis=-1)
        means[:, rows] = np.stack([residual[c, kept].mean(axis=0) for c, kept in parts])
    variance = (squares - total**2 / n) / (n - 1)
    return _with_error(means, np.array([variance[c, kept].mean() for c, kept in parts]))
