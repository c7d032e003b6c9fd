"""How strongly each group is pulled to the population: no, partial and complete pooling side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from hierbayes import names
from hierbayes.design.records import GroupDesign
from hierbayes.estimates.by_group.groups import coef, coef_numbers, select_groups
from hierbayes.estimates.by_group.ordered import ordered_regression
from hierbayes.estimates.by_group.pooled import pooling_words
from hierbayes.estimates.by_group.scoring import GroupedData, information_matrices, maximum_likelihood
from hierbayes.estimates.predictions.prediction import family_parameters, linpred, thin
from hierbayes.estimates.summarize import PROB, describe_interval, label_rows
from hierbayes.estimates.variance.varcorr import covariance
from hierbayes.families import Family, Link, get_family, get_link
from hierbayes.families.cumulative import Cumulative
from hierbayes.fitted.record import Fit, once

type Floats = NDArray[np.float64]

SELECTION = ("low", "high", "lb", "ub")
"""What makes a response one that is known in part."""

LEAST_PRECISION = 22.0
"""Ratio of standard errors from which rows say no more than on which side of the limits a group is."""

OFFSET_DRAWS = 100
"""Draws over which a no-pooling estimate on a curved link is averaged."""

INFORMATION_DRAWS = 400
"""Draws over which the pooling factor is followed when a row's information depends on its mean."""

ROUNDS = 3
"""Rounds of location and family parameters of a single-level model."""

DEFINITION = (
    "pooling factor = 1 - diagonal of (I + S A)^-1 S A, with S the covariance of the group effects and "
    "A = Z'WZ the information in the group's own rows: 0 keeps the group's own estimate (no pooling), "
    "1 replaces it by the population's (complete pooling)"
)


def shrinkage(fit: Fit, group: str | None = None, *, prob: float = PROB) -> pd.DataFrame:
    """No, complete and partial pooling estimates of every group's coefficients, and the pooling factor.

    For each draw, the conditional mean of a group's effects is ``(I + S A)^-1 S A`` times what its own
    rows say, with ``S`` the covariance of the effects and ``A = Z'WZ`` the Fisher information of the
    group's rows (``Z'Z / sigma^2`` for Gaussian responses). The weight of the group's own data is the
    diagonal of that matrix; the pooling factor is one minus it. For a random intercept it is ``1 - sd^2 /
    (sd^2 + sigma^2 / n)``.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str, optional
        A group term's name; all of them by default.
    prob : float
        Mass of the equal-tailed intervals.

    Returns
    -------
    DataFrame
        One row per group and coefficient. ``group, level, term, n``; ``no_pooling, no_pooling_se``:
        maximum likelihood from the group's own rows, the rest of the model (other columns and other group
        terms) held at its posterior, averaged over it; NaN where those rows cannot tell, infinite for
        binary groups that are all 0 or all 1, for counts that are all 0, and for groups whose rows are all
        censored to one side.
        ``complete_pooling, complete_pooling_se``: the single-level
        model of the population columns, with family parameters of its own (0 for a column that only varies
        by group). ``mean, sd, lower, upper``: partial pooling, the posterior of ``coef``.
        ``pooling_factor, pooling_lower, pooling_upper``; ``ess_bulk, r_hat`` of the coefficient. Link scale.
        ``attrs["definition"]`` has the factor's definition.

    Raises
    ------
    UnknownNameError
        If the model has no such group term.

    References
    ----------
    Gelman, A. and Pardoe, I. (2006). Bayesian measures of explained variance and pooling in multilevel
    (hierarchical) models. Technometrics 48, 241-251 (for the direction of the factor).
    Raudenbush, S. W. and Bryk, A. S. (2002). Hierarchical Linear Models, 2nd ed., chapter 3 (on
    multivariate reliability).

    Examples
    --------
    >>> pulled = fit.shrinkage(group="school")
    >>> pulled.sort_values("n")[["level", "n", "no_pooling", "mean", "pooling_factor"]].head(2)
    """
    return once(fit, ("shrinkage", group, prob), lambda: _shrinkage(fit, group, prob)).copy()


def _shrinkage(fit: Fit, group: str | None, prob: float) -> pd.DataFrame:
    frames = []
    complete = _complete_pooling(fit)
    for spec in select_groups(fit, group):
        design = fit.design.group(spec.name)
        estimate, error = _no_pooling(fit, design)
        factor = pooling_factors(fit, spec.name)
        partial = coef(fit, spec.name, draws=True)[names.coef(spec.name)]
        rows = label_rows(partial)
        rows.columns = pd.Index(["level", "term"])
        rows.insert(0, "group", spec.name)
        rows["n"] = np.repeat(design.sizes, len(spec.terms))
        rows["no_pooling"], rows["no_pooling_se"] = estimate.ravel(), error.ravel()
        rows["complete_pooling"] = np.tile(
            [complete.get(term, (0.0, 0.0))[0] for term in spec.terms], design.n_groups
        )
        rows["complete_pooling_se"] = np.tile(
            [complete.get(t, (0.0, 0.0))[1] for t in spec.terms], design.n_groups
        )
        numbers = coef_numbers(fit, spec.name, partial, prob)
        rows = pd.concat([rows, numbers[["mean", "sd", "lower", "upper"]]], axis=1)
        tails = [(1 - prob) / 2, (1 + prob) / 2]
        rows["pooling_factor"] = factor.mean(("chain", "draw")).to_numpy().ravel()
        rows["pooling_lower"], rows["pooling_upper"] = (
            factor.quantile(tails, ("chain", "draw")).to_numpy().reshape(2, -1)
        )
        frames.append(pd.concat([rows, numbers[["ess_bulk", "r_hat"]]], axis=1))
    frame = pd.concat(frames, ignore_index=True)
    frame.attrs["definition"] = DEFINITION
    frame.attrs["notes"] = tuple(t for g in select_groups(fit, group) for t in pooling_words(fit, g.name))
    return describe_interval(frame, "link", prob)


def pooling_factors(fit: Fit, group: str) -> xr.DataArray:
    """Draws of the pooling factor of every group and coefficient of one group term.

    Returns
    -------
    DataArray, dims (chain, draw, <group>, <group>_term)
        Between 0 (no pooling) and 1 (complete pooling). For families whose information depends on the
        linear predictor, about 400 evenly spaced draws are followed.
    """
    (spec,) = select_groups(fit, group)
    design = fit.design.group(group)
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    constant = _is_flat(fit, family, link)
    posterior = fit.posterior if constant else thin(fit.posterior, INFORMATION_DRAWS)
    S = covariance(fit, spec).sel(chain=posterior["chain"], draw=posterior["draw"]).to_numpy()
    A = _group_information(fit, design, posterior)
    # (I + SA)^-1 SA with S = LL', in a form that is never singular, however sharp the rows are.
    values, vectors = np.linalg.eigh(S)
    L = (vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :])[..., None, :, :]
    inner = L.swapaxes(-1, -2) @ A
    told, axes = np.linalg.eigh(inner @ L)
    own = L @ (axes / (1 + np.maximum(told, 0.0))[..., None, :]) @ axes.swapaxes(-1, -2) @ inner
    dim, term = names.group_dim(group), names.group_term(group)
    return xr.DataArray(
        1 - np.diagonal(own, axis1=-2, axis2=-1),
        dims=("chain", "draw", dim, term),
        coords={
            "chain": posterior["chain"],
            "draw": posterior["draw"],
            dim: list(design.levels),
            term: list(spec.terms),
        },
    )


def _group_information(fit: Fit, design: GroupDesign, posterior: xr.Dataset) -> Floats:
    """``Z_j'WZ_j`` of each draw and group, shape (chain, draw, J, q, q)."""
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    own = design.own
    parameters = _of_rows(family_parameters(fit, posterior), own)
    Z, codes = design.Z[own], design.codes[own]
    if _is_flat(fit, family, link):
        per_row = family.information(np.zeros(1), parameters, link)
        moments = information_matrices(Z, np.ones(len(Z)), codes, design.n_groups)
        return np.asarray(per_row[..., None, None] * moments)
    weights = family.information(linpred(fit, draws=INFORMATION_DRAWS).to_numpy()[..., own], parameters, link)
    return information_matrices(Z, weights, codes, design.n_groups)


def _is_flat(fit: Fit, family: Family, link: Link) -> bool:
    """Whether all rows are equally informative about their linear predictors, wherever those are."""
    return family.is_flat(link) and not fit.design.row_data and not fit.spec.predictors


def _of_rows(parameters: dict[str, Any], own: NDArray[np.bool_]) -> dict[str, Any]:
    """Parameters of some rows; those that are the same for all rows have one entry for them."""
    return {
        name: values[..., own] if np.shape(values)[-1:] == own.shape else values
        for name, values in parameters.items()
    }


def _no_pooling(fit: Fit, design: GroupDesign) -> tuple[Floats, Floats]:
    """Estimates and standard errors of each group's coefficients from its own rows, shapes (J, q)."""
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    telling, centers = family.informative(fit.design.y, _centers(fit, family))
    own = design.own & telling
    rows = {name: row[own] for name, row in fit.design.row_data.items()}
    data = GroupedData(fit.design.y[own], design.Z[own], design.codes[own], design.n_groups, rows)
    offset = _rest_of_model(fit, design)[:, own]
    if family.is_linear(link) and not _of_selection(fit):
        # Linear in the offset: the estimate at the mean offset is the mean of the estimates.
        offset = offset.mean(axis=0, keepdims=True)
    values: dict[str, Any] = _of_rows(dict(centers), own)
    if family.ordered:  # of the same draws as the offset, with which cutpoints move
        cutpoints = thin(fit.posterior, OFFSET_DRAWS)[family.ordered].transpose("chain", "draw", ...)
        values[family.ordered] = cutpoints.to_numpy().reshape(len(offset), 1, -1)
    estimates, errors = maximum_likelihood(data, offset, (family, link), values)
    if _of_selection(fit):
        bare = replace(data, rows={k: v for k, v in rows.items() if k not in SELECTION})
        _, whole = maximum_likelihood(bare, offset, (family, link), values)
        unknown = errors > LEAST_PRECISION * whole
        estimates = np.where(unknown, np.copysign(np.inf, estimates), estimates)
        errors = np.where(unknown, np.inf, errors)
    finite = np.isfinite(estimates)
    count = finite.sum(axis=0)
    mean = np.where(finite, estimates, 0.0).sum(axis=0) / np.maximum(count, 1)
    mean = np.where(count * 2 > len(estimates), mean, estimates[0])
    return mean, np.median(errors, axis=0)


def _of_selection(fit: Fit) -> bool:
    """Whether responses are censored or truncated."""
    return not fit.design.part.keys().isdisjoint(SELECTION)


def _centers(fit: Fit, family: Family) -> dict[str, Any]:
    """A middle of the posterior of each parameter, row by row where it varies; of a scale the rms."""
    if fit.spec.predictors:
        drawn = family_parameters(fit, thin(fit.posterior, INFORMATION_DRAWS))
        own = {name: np.asarray(v) for name, v in drawn.items() if name not in fit.design.row_data}
        middles: dict[str, Any] = {name: np.median(v, axis=(-3, -2)) for name, v in own.items()}
        if family.scale in own:
            middles[family.scale] = np.sqrt((own[family.scale] ** 2).mean(axis=(-3, -2)))
        return middles
    centers = {name: float(fit.posterior[name].median()) for name in fit.spec.scalars}
    if family.scale in centers:
        centers[family.scale] = float(np.sqrt((fit.posterior[family.scale] ** 2).mean()))
    return centers


def _rest_of_model(fit: Fit, design: GroupDesign) -> Floats:
    """Linear predictor of all that this group term does not estimate itself, shape (S, n)."""
    posterior = thin(fit.posterior, OFFSET_DRAWS)
    own = _own_part(fit, design, posterior)
    return linpred(fit, draws=OFFSET_DRAWS).to_numpy().reshape(-1, fit.design.n) - own


def _own_part(fit: Fit, design: GroupDesign, posterior: xr.Dataset) -> Floats:
    (spec,) = [g for g in fit.spec.groups if g.name == design.name]
    thinned = coef(fit, design.name, draws=True)[names.coef(design.name)].sel(
        chain=posterior["chain"], draw=posterior["draw"]
    )
    values = thinned.to_numpy().reshape(-1, design.n_groups, len(spec.terms))
    return np.asarray(np.einsum("snq,nq->sn", values[:, design.codes], design.Z))


def _complete_pooling(fit: Fit) -> dict[str, tuple[float, float]]:
    """Estimate and standard error of each population column without any groups."""
    design = fit.design
    if not design.terms:
        return {}
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    if isinstance(family, Cumulative):
        single = ordered_regression(design, family, link)
        return dict(zip(design.terms, zip(single.b.tolist(), single.b_se.tolist(), strict=True), strict=True))
    telling, centers = family.informative(design.y, _centers(fit, family))
    values: dict[str, Any] = dict(centers)
    rows = {name: row[telling] for name, row in design.row_data.items()}
    y, X, n = design.y[telling], design.X[telling], int(telling.sum())
    data = GroupedData(y, X, np.zeros(n, dtype=np.int32), 1, rows)
    offset = np.zeros((1, n)) if design.offset is None else design.offset[None, telling]
    values = _of_rows(dict(values), telling)
    if family.scale in values and design.part:
        values = _with_own_scale(fit, data, offset, values)
        estimates, errors = maximum_likelihood(data, offset, (family, link), values)
        return _by_term(design.terms, estimates, errors)
    # A location that hangs on the family's parameters settles with them in a few rounds.
    settles = bool(values) and not fit.spec.predictors
    for _ in range(1 if family.is_linear(link) else ROUNDS):
        estimates, errors = maximum_likelihood(data, offset, (family, link), values)
        if not settles or n < design.n:
            break
        eta = offset[0] + X @ np.nan_to_num(estimates[0, 0])
        values = dict(family.rough_parameters(y, eta, link, rows))
        if family.scale in values:
            freedom = max(n - len(design.terms), 1)
            values[family.scale] *= np.sqrt(n / freedom)
    if settles:
        estimates, errors = maximum_likelihood(data, offset, (family, link), values)
    return _by_term(design.terms, estimates, errors)


def _by_term(terms: tuple[str, ...], estimates: Floats, errors: Floats) -> dict[str, tuple[float, float]]:
    return {term: (float(estimates[0, 0, k]), float(errors[0, 0, k])) for k, term in enumerate(terms)}


def _with_own_scale(
    fit: Fit, data: GroupedData, offset: Floats, values: Mapping[str, float]
) -> dict[str, float]:
    """The family's parameters, with the scale that is most likely without any groups."""
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)

    def loss(log_scale: float) -> float:
        at = {**values, family.scale: float(np.exp(log_scale))}
        found = maximum_likelihood(data, offset, (family, link), at)[0][0, 0]
        eta = offset[0] + data.Z @ np.nan_to_num(found)
        return -float(family.log_density(data.y, eta, {**at, **data.rows}, link).sum())

    start = np.log(values[family.scale])
    best = minimize_scalar(loss, bounds=(start - 3, start + 3), method="bounded", options={"xatol": 1e-3})
    return {**values, family.scale: float(np.exp(best.x))}
