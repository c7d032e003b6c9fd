"""Residuals at two levels: of the rows, and of the groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from hierbayes import names
from hierbayes.design.selection import take_rows
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.by_group.groups import select_groups
from hierbayes.estimates.leave_out.psis import psis_weights
from hierbayes.estimates.predictions.prediction import family_parameters, linpred, mean_response, thin
from hierbayes.estimates.predictions.recorded import recorded
from hierbayes.estimates.summarize import Table
from hierbayes.families import get_family, get_link
from hierbayes.families.below import below
from hierbayes.fitted.record import Fit, once

type Floats = NDArray[np.float64]

STANDARDIZED, QUANTILE = "standardized", "quantile"
DRAWS = 1000
BLOCK = 4_000_000
"""Numbers, rows by draws, that are held at a time."""

DEFINITIONS = {
    STANDARDIZED: "posterior mean of (response - expected response) / residual sd of the row",
    QUANTILE: "standard normal quantile of the posterior mean of P(Y < y) + v P(Y = y), v uniform between 0 "
    "and 1 (randomized quantile residual; of a continuous response P(Y <= y) itself)",
}
GROUP_DEFINITION = (
    "posterior mean of effect / sd, divided by the square root of the reliability, which is 1 - posterior "
    "variance of effect / sd"
)
LEAST_RELIABILITY = 0.05
"""Below it the posterior of an effect is its prior, and dividing by what is left is noise."""


def residuals(fit: Fit, kind: str | None = None, *, draws: int | None = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Residuals of the rows, given their own groups: standard normal where the model holds.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    kind : {"standardized", "quantile"}, optional
        ``"standardized"``: in residual sds; of gaussian responses that are fully observed, and the default
        for them. ``"quantile"``: randomized quantile residuals, of every family whose responses have an
        order, the default for the others.
    draws : int, optional
        About how many posterior draws to average over; None for all.
    seed : int
        Of the randomization.

    Returns
    -------
    DataFrame
        ``row`` (position in the data frame), ``observed`` (of trials their share; of categories their
        position), ``fitted`` (posterior mean of the expected response; of ordered categories of the linear
        predictor), ``residual`` and, of kind ``"quantile"``, ``pit``, the probability behind it.

    Raises
    ------
    UnknownNameError
        If there is no such kind, or not for this family.
    DataError
        If the response is one of unordered categories.

    Notes
    -----
    They are of the data that the model was fitted to, so they vary a little less than new data would;
    ``fit.plot.loo_pit()`` is without that. Means over draws hide what is uncertain about a row: residuals of
    a single draw would vary more. Row weights of a likelihood do not enter.

    References
    ----------
    Dunn, P. K. and Smyth, G. K. (1996). Randomized quantile residuals. Journal of Computational and
    Graphical Statistics 5, 236-244.

    Examples
    --------
    >>> fit.residuals().nlargest(5, "residual")
    """
    chosen = _kind(fit, kind)
    # Any number below 1 from the same seed goes with the same row, whatever the blocks.
    v = np.random.default_rng(seed).random(fit.design.n)
    parts: dict[str, list[Floats]] = {"fitted": [], "residual": [], "pit": []}
    for rows, part, eta, params in row_blocks(fit, draws):
        parts["fitted"].append(_fitted(part, eta, draws))
        if chosen == STANDARDIZED:
            parts["residual"].append(_standardized(part, eta, params))
        else:
            link = get_link(fit.spec.family, fit.spec.link)
            low, high = below(get_family(fit.spec.family), part.design.y, eta, params, link=link)
            least, most = low.mean(axis=(0, 1)), high.mean(axis=(0, 1))
            parts["pit"].append(least + v[rows] * (most - least))
    found = {name: np.concatenate(values) for name, values in parts.items() if values}
    if "pit" in found:
        found["residual"] = normal_quantile(found["pit"])
    trials = 1.0 if fit.design.trials is None else fit.design.trials
    frame = Table({"row": fit.design.rows, "observed": recorded(fit.design) / trials, **found})
    frame.attrs = {
        "definition": DEFINITIONS[chosen],
        "kind": chosen,
        "notes": ("given the rows' own groups, and of the data that the model was fitted to",),
    }
    return frame


def normal_quantile(probability: Floats) -> Floats:
    """Standard normal quantiles; of 0 and 1 those of the nearest number that is neither."""
    tiny = np.finfo(np.float64)
    return np.asarray(special.ndtri(np.clip(probability, tiny.tiny, 1 - tiny.epsneg)))


def row_blocks(fit: Fit, draws: int | None) -> Iterator[tuple[slice, Fit, Floats, dict[str, Any]]]:
    """Some rows at a time: where they are, the fit with them, their linear predictor, their parameters."""
    posterior = thin(fit.posterior, draws)
    size = max(1, BLOCK // (posterior.sizes["chain"] * posterior.sizes["draw"]))
    for start in range(0, fit.design.n, size):
        rows = slice(start, min(start + size, fit.design.n))
        part = replace(fit, design=take_rows(fit.design, rows))
        eta = linpred(part, draws=draws).to_numpy()
        yield rows, part, eta, family_parameters(part, posterior)


def _kind(fit: Fit, kind: str | None) -> str:
    refuse_unordered(fit, "Residuals")
    part = {"low", "lb"} & set(fit.design.part)
    allowed = [QUANTILE] if fit.spec.family != "gaussian" or part else [STANDARDIZED, QUANTILE]
    if kind is not None and kind not in allowed:
        what = f"kind of residual of {fit.spec.family} responses"
        raise UnknownNameError(what + (" that are known in part" if part else ""), kind, allowed)
    return kind or allowed[0]


def refuse_unordered(fit: Fit, what: str) -> None:
    """Raise DataError for a response of unordered categories."""
    if fit.design.response.unordered:
        raise DataError(
            f"{what} need responses with an order, and the categories of {fit.design.response.name!r} have "
            "none. Check their shares with fit.plot.ppc(kind='bars'), or one category against the others in "
            "a bernoulli model."
        )


def _fitted(part: Fit, eta: Floats, draws: int | None) -> Floats:
    if part.spec.categories:
        return np.asarray(eta.mean(axis=(0, 1)))
    posterior = thin(part.posterior, draws)
    etas = {"": eta}
    for predictor in part.spec.predictors:
        etas[predictor.name] = linpred(part, draws=draws, predictor=predictor.name).to_numpy()
    mean = mean_response(part, posterior, etas).mean(axis=(0, 1))
    return np.asarray(mean if part.design.trials is None else mean / part.design.trials)


def _standardized(part: Fit, eta: Floats, params: dict[str, Any]) -> Floats:
    mu = get_link(part.spec.family, part.spec.link).inverse(eta)
    sd = np.asarray(params.get("sigma", 0.0))
    if "se" in params:
        sd = np.hypot(params["se"], sd)
    elif "weights" in params:
        sd = sd / np.sqrt(params["weights"])
    return np.asarray(((part.design.y - mu) / sd).mean(axis=(0, 1)))


def group_residuals(fit: Fit, group: str | None = None) -> pd.DataFrame:
    """Residuals of the groups: posterior means of their effects, standardized by their diagnostic sd.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str, optional
        A grouping factor, for all group terms on it, or the name of one term; all by default.

    Returns
    -------
    DataFrame
        A row for each group and coefficient: ``group`` (the term), ``level``, ``term``, ``n`` (rows),
        ``mean`` (posterior mean of the effect, link scale), ``reliability`` (0: known by the population
        alone; 1: by its own rows), ``residual``, standard normal where the effects are normal; NaN where the
        reliability is below 0.05.

    Raises
    ------
    UnknownNameError
        If the model has no such group term.

    Notes
    -----
    Under the model ``z = effect / sd`` is standard normal, and its posterior mean has the variance
    ``1 - E Var(z | y)``: smaller than 1, and smallest for groups with few rows. That is the diagnostic
    variance, by which posterior means are to be judged; ``Var(z | y)`` is the comparative one. Where the
    reliability is low they look normal whatever the effects are.

    References
    ----------
    Goldstein, H. (2011). Multilevel Statistical Models, 4th ed., section 2.9 (diagnostic and comparative
    variances). Skrondal, A. and Rabe-Hesketh, S. (2009). Prediction in multilevel generalized linear models.
    Journal of the Royal Statistical Society A 172, 659-687.

    Examples
    --------
    >>> fit.group_residuals("school").nsmallest(3, "residual")
    """
    chosen = select_groups(fit, group, factors=True, further=True)
    frames = [_of_groups(fit, spec.name) for spec in chosen]
    frame = Table(pd.concat(frames, ignore_index=True))
    frame.attrs = {"definition": GROUP_DEFINITION, "scale": "mean: link; residual: standard normal"}
    return frame


def _of_groups(fit: Fit, name: str) -> pd.DataFrame:
    design = fit.design.group(name)
    dim, term = names.group_dim(name), names.group_term(name)
    u = fit.posterior[names.u(name)].transpose("chain", "draw", dim, term)
    z = u / fit.posterior[names.sd(name)]
    reliability = np.clip(1 - z.var(("chain", "draw"), ddof=1).to_numpy(), 0.0, 1.0)
    known = np.where(reliability < LEAST_RELIABILITY, np.nan, reliability)
    standardized = z.mean(("chain", "draw")).to_numpy() / np.sqrt(known)
    q = len(design.terms)
    return pd.DataFrame(
        {
            "group": name,
            "level": np.repeat(np.asarray(design.levels, dtype=object), q),
            "term": np.tile(np.asarray(design.terms, dtype=object), design.n_groups),
            "n": np.repeat(design.sizes, q),
            "mean": u.mean(("chain", "draw")).to_numpy().ravel(),
            "reliability": reliability.ravel(),
            "residual": standardized.ravel(),
        }
    )


def envelope(n: int, prob: float = 0.95) -> tuple[Floats, Floats]:
    """Limits between which all of ``n`` sorted uniform numbers lie at once with a probability.

    Parameters
    ----------
    n : int
        How many numbers.
    prob : float
        The probability.

    Returns
    -------
    tuple of float64 array, shape (n,)
        Lower and upper limits of the smallest, the second smallest, ...: beta quantiles of the same two tails
        everywhere, found by simulation with a fixed seed.

    References
    ----------
    Aldor-Noiman, S., Brown, L. D., Buja, A., Rolke, W. and Stine, R. A. (2013). The power to see: a new
    graphical test of normality. The American Statistician 67, 249-260.
    """
    order = np.arange(1, n + 1)
    looked = np.unique(np.geomspace(1, (n + 1) / 2, 60).round().astype(int))
    looked = np.unique(np.concatenate([looked, n + 1 - looked, np.linspace(1, n, 60).round().astype(int)]))
    rng, tails = np.random.default_rng(20130249), []
    for _ in range(SIMULATIONS // SOME):
        uniform = np.sort(rng.random((SOME, n)), axis=1)[:, looked - 1]
        p = special.betainc(looked, n + 1 - looked, uniform)
        tails.append(np.minimum(p, 1 - p).min(axis=1))
    tail = float(np.quantile(np.concatenate(tails), 1 - prob))
    low, high = (special.betaincinv(order, n + 1 - order, side) for side in (tail, 1 - tail))
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)


SIMULATIONS, SOME = 1000, 100


def leave_one_out_pit(fit: Fit, *, seed: int = 0) -> pd.DataFrame:
    """PIT of each row when it is left out: uniform where the model predicts as well as it says.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    seed : int
        Of the randomization of discrete responses.

    Returns
    -------
    DataFrame
        ``row`` (position in the data frame), ``pit``: ``P(Y < y) + v P(Y = y)`` given all other rows, with
        ``v`` uniform, by Pareto-smoothed importance sampling of about 1,000 draws; ``pareto_k``.
        ``attrs["randomized"]`` says whether ``v`` matters: for discrete and censored responses.

    Raises
    ------
    DataError
        If the response is one of unordered categories.

    References
    ----------
    Czado, C., Gneiting, T. and Held, L. (2009). Predictive model assessment for count data. Biometrics 65,
    1254-1261 (on PIT of discrete responses). Vehtari, A., Gelman, A. and Gabry, J. (2017), as of ``loo``.
    """
    refuse_unordered(fit, "PIT values")
    return once(fit, ("leave_one_out_pit", seed), lambda: _left_out(fit, seed)).copy()


def _left_out(fit: Fit, seed: int) -> pd.DataFrame:
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    v = np.random.default_rng(seed).random(fit.design.n)
    pit, k = np.empty(fit.design.n), np.empty(fit.design.n)
    for rows, part, eta, params in row_blocks(fit, DRAWS):
        log = family.log_density(part.design.y, eta, params, link)
        n = eta.shape[-1]
        log_weights, k[rows] = psis_weights(log.reshape(-1, n).T)
        weights = np.exp(log_weights)
        low, high = below(family, part.design.y, eta, params, link=link)
        least, most = (np.einsum("ns,sn->n", weights, side.reshape(-1, n)) for side in (low, high))
        pit[rows] = least + v[rows] * (most - least)
    frame = pd.DataFrame({"row": fit.design.rows, "pit": np.clip(pit, 0.0, 1.0), "pareto_k": k})
    frame.attrs["randomized"] = family.response_kind != "numeric" or "low" in fit.design.part
    return frame
