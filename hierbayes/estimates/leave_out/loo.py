"""Leave-one-out cross-validation, of rows or of whole groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.design.selection import take_rows
from hierbayes.errors import DataError
from hierbayes.estimates.leave_out.elpd import (
    PSIS,
    REFIT,
    Elpd,
    counted,
    good_k,
    lpd,
    lpd_mcse,
    psis_elpd,
    totals,
    words_on_k,
)
from hierbayes.estimates.leave_out.identity import data_of
from hierbayes.estimates.leave_out.marginal import InnerTerm, MarginalLikelihood, inner_terms
from hierbayes.estimates.leave_out.pointwise import log_likelihood_blocks
from hierbayes.estimates.leave_out.units import ROW, Units, units_of
from hierbayes.estimates.summaries import summary
from hierbayes.fitted.record import Fit, once
from hierbayes.progress import working

type Floats = NDArray[np.float64]
type Likelihood = Callable[[Fit, int], Floats]
"""Log likelihood of one unit under each draw of a fit, shape (S,)."""

REFITS = 10
"""Units with a bad Pareto k up to which each is predicted by a model that is fitted without it."""


def loo(
    fit: Fit,
    unit: str | None = None,
    *,
    refits: int = REFITS,
    n_jobs: int = 1,
    seed: int = 0,
) -> Elpd:
    """Expected log predictive density of rows, or of whole groups, that are left out one at a time.

    By Pareto-smoothed importance sampling (PSIS) from the draws that there are. Where Pareto k says that this
    cannot be trusted, the model is fitted without the row or group, if that concerns ``refits`` at most.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    unit : str, optional
        A grouping factor, or a column that the formula uses: all rows of a group are left out and predicted
        together, as those of a new group. The effects of groups that lie within it are integrated out; those
        of groups that reach over several units are averaged over like coefficients. Rows by default, each
        predicted by the effects of its own groups.
    refits : int
        How many units with a bad Pareto k are predicted by exact refits; if there are more, none is, and a
        note says so.
    n_jobs : int
        Refits at a time, as of ``fit_many``.
    seed : int
        Of the refits.

    Returns
    -------
    Elpd
        ``elpd, se, p``, a row for each unit in ``pointwise``, and what to think of Pareto k in words.

    Raises
    ------
    UnknownNameError
        If there is no such grouping factor or column.
    DataError
        If a unit is all there is; if responses that are not normal share too many group effects; if a refit
        fails.

    Notes
    -----
    For normal responses with the identity link the likelihood of a group is exact (a multivariate normal
    density, by Woodbury's identity). For others it is integrated around each draw's own mode: over one
    or two effects by adaptive Gauss-Hermite quadrature, over more by importance sampling.

    References
    ----------
    Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC. Statistics and Computing 27, 1413-1432. Merkle, E. C., Furr, D. and
    Rabe-Hesketh, S. (2019). Bayesian comparison of latent variable models: conditional versus marginal
    likelihoods. Psychometrika 84, 802-829.

    Examples
    --------
    >>> import hierbayes as hb
    >>> fit = hb.fit("normexam ~ standLRT + (1 | school)", hb.load_data("exam"))  # doctest: +SKIP
    >>> print(fit.loo())
    >>> print(fit.loo(unit="school"))
    """
    how = {"refits": refits, "n_jobs": n_jobs, "seed": seed}
    key = ("loo", unit, refits, seed)
    if unit in (None, ROW):
        return once(fit, key, lambda: _rows_out(fit, how))
    return once(fit, key, lambda: units_out(fit, units_of(fit, str(unit)), **how))


def _rows_out(fit: Fit, how: dict[str, int]) -> Elpd:
    """``loo`` of rows."""
    r_eff = relative_efficiency(fit)
    frames = []
    with working("leave-one-out", fit.design.n, unit="rows") as work:
        for rows, block in log_likelihood_blocks(fit):
            frame = psis_elpd(block.reshape(-1, block.shape[-1]).T, r_eff)
            frame.insert(0, "row", fit.design.rows[rows])
            frames.append(frame)
            work.done = rows.stop
    pointwise = pd.concat(frames, ignore_index=True)

    def likelihood(other: Fit, row: int) -> Floats:
        values: Floats = row_likelihood(other, fit, np.array([row]))[0]
        return values

    left_out = [np.array([row]) for row in range(fit.design.n)]
    return _finish(fit, ROW, pointwise, (left_out, likelihood), how=how, words=_ROWS)


def row_likelihood(other: Fit, fit: Fit, rows: NDArray[np.intp]) -> Floats:
    """Log likelihood of some rows of a fit under the draws of a refit, shape (rows, S)."""
    there = replace(other, design=take_rows(fit.design, rows))
    blocks = [block.reshape(-1, block.shape[-1]).T for _, block in log_likelihood_blocks(there)]
    return np.concatenate(blocks)


def units_out(fit: Fit, units: Units, *, refits: int = REFITS, n_jobs: int = 1, seed: int = 0) -> Elpd:
    """``loo`` of given units; arguments as there."""
    inner = inner_terms(fit, units)
    r_eff = relative_efficiency(fit)
    whole = MarginalLikelihood(fit, fit.design, units, inner)
    with working(f"leave-one-out: {units.name}", unit="groups") as work:
        frames = [psis_elpd(whole.of(unit)[None], r_eff) for unit in work.over(range(len(units.labels)))]
    pointwise = pd.concat(frames, ignore_index=True)
    pointwise.insert(0, "level", pd.Series(units.labels, dtype=object))
    pointwise.insert(1, "n_rows", units.sizes)

    def likelihood(other: Fit, unit: int) -> Floats:
        return MarginalLikelihood(other, fit.design, units, inner).of(unit)

    how = {"refits": refits, "n_jobs": n_jobs, "seed": seed}
    words = unit_words(fit, units, inner)
    return _finish(fit, units.name, pointwise, (units.rows, likelihood), how=how, words=words)


_ROWS = "elpd: sum over rows of the log predictive density of each, given all others and the groups' effects."


def unit_words(fit: Fit, units: Units, inner: Sequence[InnerTerm]) -> str:
    """What was predicted of a unit, and what was integrated out, in a sentence."""
    within = [name for term in inner for _, name in term.parts]
    outer = [g.name for g in fit.design.all_groups if g.name not in within]
    text = (
        f"elpd: sum over {units.name} of the log predictive density of all rows of one together, given the "
        "others"
    )
    if within:
        text += f"; effects integrated out: {', '.join(within)}"
    if outer:
        text += f"; effects that reach over several and are kept: {', '.join(outer)}"
    return text + "."


def relative_efficiency(fit: Fit) -> float:
    """Effective draws of the parameters per draw, on average; at most 1."""
    total = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    effective = float(summary(fit)["ess_bulk"].mean())
    return min(effective / total, 1.0) if np.isfinite(effective) else 1.0


def _finish(
    fit: Fit,
    unit: str,
    pointwise: pd.DataFrame,
    refitted: tuple[Sequence[NDArray[np.intp]], Likelihood],
    *,
    how: dict[str, int],
    words: str,
) -> Elpd:
    """Refit where it is needed, and say what was done."""
    total = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    threshold = good_k(total)
    pointwise["method"] = PSIS
    k = pointwise["pareto_k"].to_numpy().copy()
    notes = [words_on_k(k, threshold, unit)]
    bad = np.flatnonzero(k > threshold)
    if 0 < len(bad) <= how["refits"]:
        _refit(fit, pointwise, bad, refitted, how=how)
        notes.append(
            f"For {counted(len(bad), unit)} the model was fitted again without: exact, and no longer bad."
        )
    elif len(bad):
        where = "kfold()" if unit == ROW else f"kfold(group={unit!r})"
        notes.append(
            f"The total may be too optimistic. loo(refits={len(bad)}) fits the model again without each of "
            f"them; {where} needs few fits whatever k is."
        )
    elpd, se, p, mcse = totals(pointwise)
    title = f"Leave-one-out cross-validation: {counted(len(pointwise), unit)}, {total:,} draws"
    return Elpd(
        *(elpd, se, p, mcse, unit, pointwise, title, words, data_of(fit), fit.spec, fit.design),
        good_k=threshold,
        notes=tuple(notes),
    )


def _refit(
    fit: Fit,
    pointwise: pd.DataFrame,
    bad: NDArray[np.intp],
    refitted: tuple[Sequence[NDArray[np.intp]], Likelihood],
    *,
    how: dict[str, int],
) -> None:
    """Put exact values in the place of those of importance sampling."""
    left_out, likelihood = refitted
    kept = []
    for unit in bad:
        rows = np.ones(fit.design.n, dtype=bool)
        rows[left_out[unit]] = False
        kept.append(rows)
    in_full = pointwise["elpd"] + pointwise["p"]
    for unit, other in zip(bad, refits_of(fit, kept, how["n_jobs"], how["seed"]), strict=True):
        values = likelihood(other, int(unit))
        pointwise.loc[unit, "elpd"] = elpd = float(lpd(values))
        pointwise.loc[unit, "p"] = in_full[unit] - elpd
        pointwise.loc[unit, "mcse"] = float(lpd_mcse(values, relative_efficiency(other)))
        pointwise.loc[unit, "pareto_k"] = np.nan
        pointwise.loc[unit, "method"] = REFIT


def refits_of(fit: Fit, kept: Sequence[NDArray[np.bool_]], n_jobs: int, seed: int) -> list[Fit]:
    """The model fitted to each of several choices of its rows; the same for any number of workers.

    Raises
    ------
    DataError
        If one of the fits fails.
    KeyboardInterrupt
        If Ctrl-C came before all were done.
    """
    from hierbayes.many import FitFailure, fit_many
    from hierbayes.refitting import model_of_rows, settings_of

    models = [model_of_rows(fit, rows) for rows in kept]
    settings: dict[str, Any] = settings_of(fit)
    many = fit_many(models, seeds=seed, n_jobs=n_jobs, keep="fit", **settings)
    if many.partial:
        raise KeyboardInterrupt(f"interrupted when {len(many):,} of {len(models):,} refits were done")
    found = []
    for k in range(len(models)):
        outcome = many[k]
        if isinstance(outcome, FitFailure):
            raise DataError(
                f"The model cannot be fitted without {fit.design.n - int(kept[k].sum()):,} of its rows: "
                f"{outcome.error}: {outcome.message}"
            )
        assert isinstance(outcome, Fit)
        found.append(outcome)
    return found
