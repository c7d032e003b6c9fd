"""Kernel density estimates of draws, also of draws that are all the same."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

type Floats = NDArray[np.float64]


FINE = 10_000
"""Steps of double precision between draws up to which they count as all the same: no bins fit between."""


def all_the_same(values: Floats) -> bool:
    """Whether values are too close to each other, for their size, for a density to be estimated."""
    return bool(np.ptp(values) <= FINE * np.spacing(np.abs(values).max()))


def density(values: ArrayLike, points: int = 512, *, bounded: bool = False) -> tuple[Floats, Floats]:
    """Where a density is estimated, and how high it is there.

    Parameters
    ----------
    values : array
        Draws in any shape; those that are not finite are left out.
    points : int
        Length of the two arrays that are returned.
    bounded : bool
        Whether to correct for bounds, which parameters may lie near.

    Returns
    -------
    tuple of float64 arrays, shape (points,)
        Draws that are all the same, which have no density, give a spike of height 1; no draws, NaN.
    """
    import arviz_plots  # noqa: F401  (registers the accessor azstats)

    flat = np.asarray(values, dtype=float).ravel()
    flat = flat[np.isfinite(flat)]
    if not flat.size or all_the_same(flat):
        at = flat[0] if flat.size else np.nan
        height = np.where(np.arange(points) == points // 2, 1.0, 0.0)
        return np.full(points, at), height if flat.size else np.full(points, np.nan)
    found = xr.DataArray(flat, dims="draw").azstats.kde(dim="draw", bound_correction=bounded, grid_len=points)
    return found.sel(plot_axis="x").to_numpy(), found.sel(plot_axis="y").to_numpy()
