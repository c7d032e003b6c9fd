"""Simulation-based calibration: fit data that the priors imply, and rank the truth among the draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.calibration.records import Calibration
from hierbayes.design import exchange_response
from hierbayes.design.partial import LOW
from hierbayes.errors import DataError
from hierbayes.estimates.checks.prior import prior_predictive
from hierbayes.estimates.leave_out.pointwise import log_likelihood_blocks
from hierbayes.estimates.predictions.prediction import thin
from hierbayes.fitted import Fit
from hierbayes.many import fit_many
from hierbayes.model import Model
from hierbayes.progress import working

type Floats = npt.NDArray[np.float64]

LOG_LIKELIHOOD = "log_likelihood"
"""The quantity that looks at data and parameters together."""

FEWEST = 20
"""Data sets whose ranks say something about uniformity."""

AMONG = 99
"""Posterior draws among which a truth is ranked: far enough apart to be nearly independent."""


@dataclass(frozen=True, eq=False)
class _Kept:
    """What is kept of a fit: the draws among which the truth is ranked."""

    draws: Mapping[str, Floats]
    divergences: int
    partial: bool


def sbc(
    model: Model,
    n: int = 200,
    *,
    seed: int = 0,
    n_jobs: int = 1,
    alpha: float = 0.01,
    store: str | Path | None = None,
    progress: bool = True,
    **settings: Any,
) -> Calibration:
    """Simulation-based calibration: are posteriors of simulated data as wide, and where, they should be?

    ``n`` times, parameters are drawn from the priors and a response from these parameters, for the rows,
    columns and groups of the model; the model is fitted to it; and each parameter's true value is ranked
    among draws of its posterior. If likelihood, priors, gradients and sampler agree with each other, ranks
    are uniform.

    Parameters
    ----------
    model : Model
        With proper priors. Its own response is not used, but default priors are scaled to it.
    n : int
        How many data sets.
    seed : int
        Of truths, data and chains.
    n_jobs : int
        Fits at a time; the result is the same for any number.
    alpha : float
        Probability of finding fault with a model that has none, over all parameters together.
    store : str or Path, optional
        A folder where fits are kept, as of ``fit_many``: the same call goes on where one was cut off.
    progress : bool
        Whether to show one bar.
    **settings
        Of ``Model.fit``: ``parameterization``, ``draws``, ``route``, ...

    Returns
    -------
    Calibration
        ``verdict``, ``table``, ``pit``, and ``plot()``, which draws the ranks of each parameter. Ranked are
        coefficients, standard deviations, correlations and parameters of the family, the effects of the first
        level of each group, and the log likelihood of the data.

    Raises
    ------
    PriorError
        If a prior is flat, which has no draws.
    StorageError
        If ``store`` cannot be used, as of ``fit_many``.
    DataError
        If no data set could be fitted, ``n`` is too small to say anything, or rows are censored.

    Notes
    -----
    A data set that cannot be fitted, since its response is constant or not finite, is left out and counted.
    Uniformity is tested by the pointwise order tests of Tesso et al. with Cauchy combination, as
    ``arviz_stats`` has them.

    References
    ----------
    Talts, S., Betancourt, M., Simpson, D., Vehtari, A. and Gelman, A. (2018). Validating Bayesian inference
    algorithms with simulation-based calibration. arXiv:1804.06788, section 4.1.
    Modrak, M. et al. (2023). Simulation-based calibration checking for Bayesian computation: the choice of
    test quantities shapes sensitivity. Bayesian Analysis 20, on the log likelihood as test quantity.

    Examples
    --------
    >>> exam = hb.load_data("exam")
    >>> model = hb.Model("normexam ~ standLRT + (1 | school)", exam, priors={"b": "normal(0, 1)"})
    >>> print(hb.sbc(model, 200, seed=1, n_jobs=2))  # doctest: +SKIP
    """
    if n < FEWEST:
        raise DataError(
            f"n is {n}: so few ranks say nothing about uniformity. Allowed: {FEWEST} or more; 200 is usual."
        )
    if LOW in model.design.part:
        raise DataError(
            "A model with cens() cannot be calibrated: which rows are censored depends on the response that "
            "is drawn, and the limits of the other rows are not known. Allowed: the model without cens()."
        )
    with working("drawing data sets from the prior"):
        drawn = prior_predictive(model, n, seed=seed)
    truths = drawn["prior"].to_dataset().isel(chain=0)
    responses = drawn["prior_predictive"]["y"].isel(chain=0).to_numpy()
    keep = partial(_kept, levels=_first_levels(model))
    run: dict[str, Any] = {"seeds": seed, "n_jobs": n_jobs, "store": store, "progress": progress}
    many = fit_many(model, responses=responses, keep=keep, **run, **settings)
    kept: dict[int, _Kept] = many.fits  # type: ignore[assignment]
    if many.partial and len(kept) < FEWEST:
        raise KeyboardInterrupt(f"interrupted when {len(kept)} of {n:,} data sets were done")
    if not kept:
        raise DataError(f"None of the {n} simulated data sets could be fitted. The first: {many.failures[0]}")
    ranks = _ranks(model, (truths, responses), kept, np.random.default_rng([seed, n]))
    told = {"formula": model.spec.formula, "family": model.spec.family, "n": n, "among": AMONG, "seed": seed}
    return Calibration(
        _tree(ranks), _table(ranks, alpha), alpha, len(kept), len(many.failures),
        sum(each.divergences for each in kept.values()), {**told, **settings},
        tuple(dict.fromkeys(failure.message for failure in many.failures)),
    )  # fmt: skip


def _first_levels(model: Model) -> dict[str, str]:
    """The first level of each group, by the dimension of its effects."""
    groups = zip(model.spec.all_groups, model.design.all_groups, strict=True)
    return {names.group_dim(spec.name): str(group.levels[0]) for spec, group in groups}


def _kept(fit: Fit, levels: Mapping[str, str]) -> _Kept:
    """The ranked quantities of a fit, at draws that are evenly spaced over its chains."""
    posterior = thin(fit.posterior, AMONG + 1)
    flat = {name: values.reshape(-1)[:AMONG] for name, values in _quantities(posterior, levels)}
    flat[LOG_LIKELIHOOD] = _log_likelihood(fit, AMONG + 1).reshape(-1)[:AMONG]
    return _Kept(flat, int(fit.idata["sample_stats"]["diverging"].sum()), fit.partial)


def _quantities(dataset: xr.Dataset, levels: Mapping[str, str]) -> Iterator[tuple[str, Floats]]:
    """Each ranked parameter with its draws, shape (chain, draw) or (draw,)."""
    sample = [dim for dim in ("chain", "draw") if dim in dataset.dims]
    for name, values in dataset.data_vars.items():
        dims = [dim for dim in values.dims if dim not in sample]
        for dim in dims:
            if dim in levels:
                values = values.isel({dim: [0]})
        stacked = values.transpose(*sample, *dims).to_numpy()
        for place in np.ndindex(*stacked.shape[len(sample) :]):
            labels = [str(values[dim].to_numpy()[at]) for dim, at in zip(dims, place, strict=True)]
            if str(name).startswith("cor") and place[-2] >= place[-1]:
                continue
            yield f"{name}[{', '.join(labels)}]" if labels else str(name), stacked[(..., *place)]


def _log_likelihood(fit: Fit, draws: int | None) -> Floats:
    """Of all rows together, shape (chain, draw)."""
    return np.asarray(sum(block.sum(axis=-1) for _, block in log_likelihood_blocks(fit, draws)), dtype=float)


def _ranks(
    model: Model, drawn: tuple[xr.Dataset, Floats], kept: Mapping[int, _Kept], rng: np.random.Generator
) -> pd.DataFrame:
    """Share of draws below the truth, a row for each data set; ties are broken at random."""
    truths, responses = drawn
    true = dict(_quantities(truths, _first_levels(model)))
    rows = []
    for key, each in kept.items():
        tree = xr.DataTree.from_dict({"posterior": truths.isel(draw=[key]).expand_dims(chain=[0])})
        whole = Fit(model.spec, exchange_response(model.design, responses[key]), tree, {})
        value = {name: values[key] for name, values in true.items()}
        value[LOG_LIKELIHOOD] = _log_likelihood(whole, None).item()
        rows.append({name: _rank(draws, value[name], rng) for name, draws in each.draws.items()})
    return pd.DataFrame(rows, index=list(kept))


def _rank(draws: Floats, truth: float, rng: np.random.Generator) -> float:
    below, equal = np.sum(draws < truth), np.sum(draws == truth)
    return float((below + rng.uniform() * (equal + 1)) / (len(draws) + 1))


def _tree(ranks: pd.DataFrame) -> xr.DataTree:
    variables = {name: ("sample", ranks[name].to_numpy()) for name in ranks.columns}
    return xr.DataTree.from_dict(
        {"prior_sbc": xr.Dataset(variables, coords={"sample": ranks.index.to_numpy()})}
    )


def _table(ranks: pd.DataFrame, alpha: float) -> pd.DataFrame:
    from arviz_stats.base import array_stats

    p = np.array([float(array_stats.uniformity_test(ranks[name].to_numpy())[0]) for name in ranks.columns])
    adjusted = _holm(p)
    return pd.DataFrame(
        {
            "parameter": ranks.columns,
            "p_value": p,
            "adjusted": adjusted,
            "mean": ranks.mean().to_numpy(),
            "ok": adjusted >= alpha,
        }
    )


def _holm(p: Floats) -> Floats:
    """P values adjusted for their number (Holm 1979)."""
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
