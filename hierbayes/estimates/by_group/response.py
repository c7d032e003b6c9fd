"""Each group's expected response, over its own rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.design.selection import take_rows
from hierbayes.errors import DataError
from hierbayes.estimates.predictions.prediction import epred
from hierbayes.fitted.record import Fit

BLOCK = 8_000_000
"""Numbers, rows by draws, that are held at a time."""


def expected_response(fit: Fit, group: str) -> xr.DataArray:
    """Mean expected response of the rows of each group, offsets at their mean.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str
        The name of a group term.

    Returns
    -------
    DataArray, dims (chain, draw, <group>)
        On the response scale; of a binomial response the share of successes in the trials of its rows.

    Raises
    ------
    DataError
        If the response has categories, which have several probabilities and no mean.
    """
    categories = fit.design.response.categories
    if categories:
        raise DataError(
            f"The response has {len(categories)} categories ({', '.join(categories[:6])}), and a group one "
            "probability for each, not one expected response. Rank by='effect' or by='coef'."
        )
    term = fit.design.group(group)
    weights = np.ones(fit.design.n) if fit.design.trials is None else fit.design.trials
    order = np.argsort(term.codes, kind="stable")
    order = order[term.codes[order] >= 0]
    posterior = fit.posterior
    shape = (posterior.sizes["chain"], posterior.sizes["draw"])
    sums = np.zeros((*shape, term.n_groups))
    size = max(1, BLOCK // (shape[0] * shape[1]))
    level = _at_mean_offset(fit.design)
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        values = epred(replace(fit, design=take_rows(level, rows))).to_numpy()
        codes = term.codes[rows]
        begins = np.flatnonzero(np.r_[True, np.diff(codes) > 0])
        sums[..., codes[begins]] += np.add.reduceat(values, begins, axis=-1)
    total = np.bincount(term.codes[order], weights[order], minlength=term.n_groups)
    dim = names.group_dim(group)
    coords = {"chain": posterior["chain"], "draw": posterior["draw"], dim: list(term.levels)}
    return xr.DataArray(sums / total, dims=("chain", "draw", dim), coords=coords)


def _at_mean_offset(design: Design) -> Design:
    """The design with every offset of the main linear predictor at the mean: exposure makes no difference."""
    if design.offset is None:
        return design
    return replace(design, offset=np.full(design.n, design.offset.mean()))
