"""K-fold cross-validation: the model fitted without each of several parts of the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.design.selection import take_rows
from hierbayes.errors import DataError
from hierbayes.estimates.leave_out.conditional import Draws, Rows
from hierbayes.estimates.leave_out.elpd import KFOLD, REFIT, Elpd, counted, lpd, lpd_mcse, totals
from hierbayes.estimates.leave_out.identity import data_of
from hierbayes.estimates.leave_out.loo import refits_of, relative_efficiency, row_likelihood, unit_words
from hierbayes.estimates.leave_out.marginal import MarginalLikelihood, inner_terms
from hierbayes.estimates.leave_out.units import ROW, Units, units_of
from hierbayes.fitted.record import Fit
from hierbayes.progress import working

type Floats = NDArray[np.float64]
type Positions = NDArray[np.intp]

FOLDS = 10
CELLS = 4_000_000


def kfold(
    fit: Fit,
    k: int = FOLDS,
    group: str | None = None,
    *,
    stratify: str | None = None,
    n_jobs: int = 1,
    seed: int = 0,
) -> Elpd:
    """Expected log predictive density by fitting the model ``k`` times, without a part of the data each.

    Exact but for Monte Carlo error, whatever Pareto k is; with the prior, levels and settings of the fit.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    k : int
        Number of folds; with ``group`` at most as many as there are groups.
    group : str, optional
        A grouping factor, or a column that the formula uses: whole groups are left out, and all rows of
        one are predicted together, as those of a new group, its effects integrated out as in ``loo(unit=)``.
        Without, rows are left out and predicted one by one.
    stratify : str, optional
        A grouping factor or column (the response of a binary model, for one) whose levels are spread evenly
        over the folds of rows.
    n_jobs : int
        Fits at a time, as of ``fit_many``.
    seed : int
        Of the folds and of the fits: the same seed gives the same folds for any model of these rows.

    Returns
    -------
    Elpd
        ``elpd, se, p``, ``rmse`` of the expected responses (NaN for categories and for responses known in
        part), and a row for each row or group in ``pointwise``, with its ``fold``.

    Raises
    ------
    DataError
        If there are fewer than two folds, or more than rows; if both ``group`` and ``stratify`` are given; if
        the model of a fold cannot be fitted.
    UnknownNameError
        If there is no such grouping factor or column.

    References
    ----------
    Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC. Statistics and Computing 27, 1413-1432 (section 2.3).

    Examples
    --------
    >>> import hierbayes as hb
    >>> fit = hb.fit("normexam ~ standLRT + (1 | school)", hb.load_data("exam"))  # doctest: +SKIP
    >>> print(fit.kfold(group="school", n_jobs=2))  # doctest: +SKIP
    """
    units = units_of(fit, group) if group is not None else None
    folds = _folds(fit, k, units, stratify, seed=seed)
    others = refits_of(fit, [folds != fold for fold in range(folds.max() + 1)], n_jobs, seed)
    rows = [np.flatnonzero(folds == fold) for fold in range(len(others))]
    pointwise = _of_rows(fit, others, rows) if units is None else _of_units(fit, others, folds, units)
    elpd, se, p, mcse = totals(pointwise)
    unit = ROW if units is None else units.name
    if units is None:
        words = "elpd: sum over rows of the log predictive density of each under the fit without its fold."
    else:
        words = unit_words(fit, units, inner_terms(fit, units))
    title = f"{len(others)}-fold cross-validation: {counted(len(pointwise), unit)}"
    return Elpd(
        *(elpd, se, p, mcse, unit, pointwise, title, words, data_of(fit), fit.spec, fit.design),
        kind=KFOLD,
        rmse=_rmse(fit, others, rows),
    )


def _folds(fit: Fit, k: int, units: Units | None, stratify: str | None, *, seed: int) -> Positions:
    """The fold of each row, 0 to k - 1."""
    n = fit.design.n if units is None else len(units.labels)
    what = counted(n, ROW if units is None else units.name)
    if k < 2 or (k > n and units is None):
        raise DataError(f"k cannot be {k!r}. Allowed: 2 to {n:,} folds, for {what}.")
    rng = np.random.default_rng(seed)
    if units is not None:
        if stratify is not None:
            raise DataError(
                f"Whole groups cannot be spread evenly over folds: group={units.name!r} and "
                f"stratify={stratify!r} exclude each other. Give one of them."
            )
        order, filled = rng.permutation(n), np.zeros(min(k, n))
        fold_of = np.empty(n, dtype=np.intp)
        for unit in order[np.argsort(-units.sizes[order], kind="stable")]:
            fold_of[unit] = filled.argmin()
            filled[fold_of[unit]] += units.sizes[unit]
        return fold_of[units.codes]
    shuffled = rng.permutation(n)
    if stratify is not None:
        strata = units_of(fit, stratify).codes
        shuffled = shuffled[np.argsort(strata[shuffled], kind="stable")]
    folds = np.empty(n, dtype=np.intp)
    folds[shuffled] = np.arange(n) % k
    return folds


def _of_rows(fit: Fit, others: Sequence[Fit], rows: Sequence[Positions]) -> pd.DataFrame:
    table = pd.DataFrame({"row": fit.design.rows})
    for fold, (other, left_out) in enumerate(zip(others, rows, strict=True)):
        values = row_likelihood(other, fit, left_out)
        in_full = lpd(row_likelihood(fit, fit, left_out))
        elpd = lpd(values)
        table.loc[left_out, "elpd"] = elpd
        table.loc[left_out, "p"] = in_full - elpd
        table.loc[left_out, "mcse"] = lpd_mcse(values, relative_efficiency(other))
        table.loc[left_out, "fold"] = fold
    return _finished(table)


def _of_units(fit: Fit, others: Sequence[Fit], folds: Positions, units: Units) -> pd.DataFrame:
    inner = inner_terms(fit, units)
    table = pd.DataFrame({"level": pd.Series(units.labels, dtype=object), "n_rows": units.sizes})
    here = MarginalLikelihood(fit, fit.design, units, inner)
    there = [MarginalLikelihood(other, fit.design, units, inner) for other in others]
    with working(f"left out: {units.name}", unit="groups") as work:
        for unit, rows in enumerate(work.over(units.rows)):
            fold = folds[rows[0]]
            values = there[fold].of(unit)
            elpd = float(lpd(values))
            table.loc[unit, "elpd"] = elpd
            table.loc[unit, "p"] = float(lpd(here.of(unit))) - elpd
            table.loc[unit, "mcse"] = float(lpd_mcse(values, relative_efficiency(others[fold])))
            table.loc[unit, "fold"] = fold
    return _finished(table)


def _finished(table: pd.DataFrame) -> pd.DataFrame:
    table["fold"] = table["fold"].astype(int)
    table["pareto_k"] = np.nan
    table["method"] = REFIT
    return table


def _rmse(fit: Fit, others: Sequence[Fit], rows: Sequence[Positions]) -> float:
    """Of expected responses, effects of groups without rows averaged over their population."""
    if fit.design.response.categories or {"low", "lb"} & fit.design.part.keys():
        return float("nan")
    squares = 0.0
    for other, left_out in zip(others, rows, strict=True):
        draws = Draws(other.spec, other.posterior)
        for part in np.array_split(left_out, 1 + draws.n * len(left_out) // CELLS):
            those = Rows(draws, take_rows(fit.design, part), frozenset())
            every = slice(None)
            predicted = {name: eta[:, None] for name, eta in those.fixed(every).items()}
            family, link = those.distribution
            mean = family.mean(predicted[""], link, those.parameters(predicted, every))
            expected = np.broadcast_to(mean, predicted[""].shape).mean(axis=(0, 1))
            squares += float(((those.design.y - expected) ** 2).sum())
    return float(np.sqrt(squares / fit.design.n))
