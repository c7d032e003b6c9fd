"""Log likelihood of each row under each draw: computed on demand, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.selection import take_rows
from hierbayes.estimates.predictions.prediction import family_parameters, linpred, thin
from hierbayes.families import get_family, get_link
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

BLOCK = 500_000
"""Numbers of one block of rows by draws, 4 MB: what a few of them need stays in the cache of a processor."""


def log_likelihood(fit: Fit, draws: int | None = None) -> xr.DataArray:
    """Log density (or log probability) of each observed response, given its own groups.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    draws : int, optional
        About how many posterior draws to use, evenly spaced; all by default.

    Returns
    -------
    DataArray, dims (chain, draw, obs)
        What ``arviz.loo`` takes as ``log_likelihood``. For more rows than fit into memory at once,
        ``log_likelihood_blocks`` gives them block by block.

    Examples
    --------
    >>> import hierbayes as hb
    >>> fit = hb.fit("y ~ x + (1 | g)", data)  # doctest: +SKIP
    >>> fit.log_likelihood(draws=400).sum("obs").mean()
    """
    posterior = thin(fit.posterior, draws)
    values = np.empty((posterior.sizes["chain"], posterior.sizes["draw"], fit.design.n))
    for rows, block in log_likelihood_blocks(fit, draws):
        values[..., rows] = block
    coords = {"chain": posterior["chain"], "draw": posterior["draw"], names.OBS: np.asarray(fit.design.rows)}
    dims = ("chain", "draw", names.OBS)
    return xr.DataArray(values, dims=dims, coords=coords, name="log_likelihood")


def log_likelihood_blocks(
    fit: Fit, draws: int | None = None, *, block: int = BLOCK
) -> Iterator[tuple[slice, Floats]]:
    """``log_likelihood``, some rows at a time: memory that does not grow with the rows.

    Parameters
    ----------
    fit, draws
        As of ``log_likelihood``.
    block : int
        About how many numbers, rows by draws, to compute at a time.

    Yields
    ------
    slice, float64 array, shape (chain, draw, rows of the block)
        Positions among the rows that the model uses, and their log likelihood.
    """
    posterior = thin(fit.posterior, draws)
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    size = max(1, block // (posterior.sizes["chain"] * posterior.sizes["draw"]))
    for start in range(0, fit.design.n, size):
        rows = slice(start, min(start + size, fit.design.n))
        part = replace(fit, design=take_rows(fit.design, rows))
        eta = linpred(part, draws=draws).to_numpy()
        yield rows, family.log_density(part.design.y, eta, family_parameters(part, posterior), link)
