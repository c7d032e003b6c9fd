"""A distribution fitted to all rows alike: where responses lie of which some are known in part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierbayes.families.base import Family, Parameters
from hierbayes.families.links import Link

type Floats = NDArray[np.float64]

MOST = 10.0  # what is not observed may be so many times as far away as the observed values scatter


def fit_alone(family: Family, link: Link, y: Floats, rows: Parameters) -> tuple[float, float]:
    """Maximum likelihood of a model of nothing but an intercept, kept near what was observed.

    Parameters
    ----------
    family : Family
        One with a ``scale``.
    link : Link
        The link in force.
    y : float64 array, shape (n,)
        Responses.
    rows : mapping of str to array
        What the rows carry: limits, bounds, weights.

    Returns
    -------
    center, unit : float
        The linear predictor without offsets (link scale), and the parameter ``family.scale``.
    """
    from scipy.optimize import minimize

    center = float(link.link(np.array(family.typical_mean(y, rows))))
    unit = family.unit(y, link, center)
    at = np.full(y.size, center)
    others = {name: np.array(v) for name, v in family.rough_parameters(y, at, link, rows).items()}
    if not np.isfinite(unit) or unit <= 0:
        return center, unit

    def loss(x: Floats) -> float:
        params = {**rows, **others, family.scale: unit * np.exp(x[1])}
        with np.errstate(all="ignore"):
            value = family.log_density(y, np.full(y.size, center + unit * x[0]), params, link)
        return -float(value.sum()) / y.size

    bounds = [(-MOST, MOST), (-np.log(MOST), np.log(MOST))]
    found = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=bounds)
    if not np.isfinite(found.fun):
        return center, unit
    return center + unit * float(found.x[0]), unit * float(np.exp(found.x[1]))
