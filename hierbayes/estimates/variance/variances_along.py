"""The variance of each level as a function of a column."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import xarray as xr

from hierbayes.errors import DataError
from hierbayes.estimates.summarize import PROB, describe_interval, summarize
from hierbayes.estimates.variance.level1 import level1_variance
from hierbayes.estimates.variance.profiles import POINT, profiles_of
from hierbayes.estimates.variance.vpc import between_variance, vpc_refusal
from hierbayes.families import get_family, get_link
from hierbayes.fitted.record import Fit

ROWS = "rows"
DEFINITION = (
    "between groups: z' S z with S the covariance of a term's effects and z its columns, the named one held "
    "and the others at their means; within groups: {within}"
)


def variances_along(fit: Fit, column: str, values: Sequence[float], prob: float = PROB) -> pd.DataFrame:
    """Variance between the groups of each term, and of the rows within, where a column has given values.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    column : str
        A column of the model.
    values : sequence of float
        Where it is held.
    prob : float
        Mass of the equal-tailed intervals.

    Returns
    -------
    DataFrame
        ``group`` (``"rows"`` within groups, where the model has such a variance on the link scale), the
        column, ``mean, sd, lower, upper, ess_bulk, r_hat``; squared units of the linear predictor.

    Raises
    ------
    UnknownNameError
        If the model has no such column.
    DataError
        If the model has no group terms.

    References
    ----------
    Snijders, T. A. B. and Bosker, R. J. (2012). Multilevel Analysis, 2nd ed., section 5.1 (the variance of
    lines as a function of x).
    """
    if not fit.spec.all_groups:
        raise DataError(
            f"Variances by level need groups, and the model has none: {fit.spec.formula}. Add a group term "
            "to the formula, such as '(1 | school)'."
        )
    profiles = profiles_of(fit, {column: list(values)})
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    scales = () if vpc_refusal(fit) else family.level1_scales(link)
    found: dict[str, xr.DataArray] = {}
    for predictor, arrays in zip(fit.spec.linear, fit.design.linear, strict=True):
        if predictor.name in family.parameters:
            continue
        for group, own in zip(predictor.groups, arrays.groups, strict=True):
            found[group.name] = between_variance(fit, group, own.own, profiles)
    if scales and found:
        total = sum(found.values(), start=xr.DataArray(0.0))
        within = level1_variance(fit, scales[0], total, (fit.design.groups[0].own, profiles))
        shape = next(iter(found.values()))
        found[ROWS] = (xr.zeros_like(shape) + within).transpose("chain", "draw", POINT)
    labels = {name: profiles.labels() for name in found}
    for name, rows in labels.items():
        rows.insert(0, "group", name)
    frames = [pd.concat([labels[name], summarize(draws, prob)], axis=1) for name, draws in found.items()]
    frame = pd.concat(frames, ignore_index=True)
    kind = "residual" if fit.spec.family == "gaussian" else next(iter(scales), "")
    words = f"{kind} variance of a row" if scales else "not defined on this scale"
    frame.attrs["definition"] = DEFINITION.format(within=words)
    return describe_interval(frame, "link, squared", prob)
