"""Expected responses of many rows, averaged within parts of them, draw by draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.design.newrows import grouping_columns
from hierbayes.errors import UnknownNameError
from hierbayes.estimates.predictions.predict import blocks, some_rows
from hierbayes.estimates.predictions.prediction import expected, linear_predictors
from hierbayes.estimates.predictions.rows import AVERAGE, ESTIMANDS, OWN, TYPICAL, Rows, rows_of
from hierbayes.families import get_link
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

RESPONSE, LINK = "response", "link"
PART = "(part)"  # no column of a formula is called so
SCALES = {
    RESPONSE: "the scale of the response",
    LINK: "the scale of the linear predictor",
}


@dataclass(frozen=True)
class Setting:
    """What is averaged.

    Attributes
    ----------
    fit : Fit
        The fitted model.
    scale : str
        ``"response"`` (of trials: of a single one) or ``"link"``.
    groups : str or None
        Whose effects, as of ``predict``; None: their own for the factors that the rows name, the average for
        the others.
    notes : tuple of str
        What was decided for the reader.
    seed : int
        Of new groups.
    """

    fit: Fit
    scale: str
    groups: str | None
    notes: tuple[str, ...]
    seed: int

    @property
    def estimand(self) -> str:
        """What is predicted, in words."""
        if not self.fit.spec.sampled_groups:
            return "the population: the model has no group effects"
        if self.groups is None:
            return f"{ESTIMANDS[OWN]}; effects of other factors integrated out"
        return ESTIMANDS[self.groups]


def setting_of(
    fit: Fit, scale: str, groups: str | None, *, named: Sequence[str] = (), whole: bool = False, seed: int = 0
) -> Setting:
    """Check a scale and a choice of groups, or choose.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    scale : str
        ``"response"`` or ``"link"``.
    groups : str or None
        As of ``predict``. None: ``"own"`` for the grouping columns in ``named`` if there are any, else
        ``"average"``, with a note where that is not the same as a typical group.
    named : sequence of str
        Columns that the call names.
    whole : bool
        Whether the rows have all grouping columns, and not only those that are named.
    seed : int
        Of new groups.

    Raises
    ------
    UnknownNameError
        If there is no such scale or value of ``groups``.
    """
    if scale not in SCALES:
        raise UnknownNameError("scale", scale, SCALES)
    if groups is not None and groups not in ESTIMANDS:
        raise UnknownNameError("value of groups", groups, ESTIMANDS)
    if groups is not None or not fit.spec.sampled_groups:
        return Setting(fit, scale, groups or TYPICAL, (), seed)
    grouping = set(grouping_columns(fit.design.recipe))
    if grouping & set(named):
        return Setting(fit, scale, OWN if whole or grouping <= set(named) else None, (), seed)
    link = get_link(fit.spec.family, fit.spec.link).name
    if scale == LINK or (link == "identity" and not fit.spec.categories and not fit.spec.predictors):
        return Setting(fit, scale, AVERAGE, (), seed)
    if link == "inverse":
        note = "group effects are zero (groups='typical'): the inverse link has no average over groups"
        return Setting(fit, scale, TYPICAL, (note,), seed)
    note = (
        "the call does not say whose effects: group effects are integrated out (groups='average'); a typical "
        "group (groups='typical') has other numbers on this scale"
    )
    return Setting(fit, scale, AVERAGE, (note,), seed)


def averages(setting: Setting, data: pd.DataFrame, parts: NDArray[np.int64], n_parts: int) -> Floats:
    """Mean of the rows' expected responses, or linear predictors, within each part of the rows.

    Parameters
    ----------
    setting : Setting
        Scale and groups.
    data : DataFrame
        Rows, n of them; all of them complete.
    parts : int64 array, shape (n,)
        The part of each row.
    n_parts : int
        Number of parts.

    Returns
    -------
    float64 array, shape (chain, draw, n_parts), or (chain, draw, n_parts, categories)
    """
    data, parts, counts = _distinct(_without_groups(setting, data), parts)
    rows = rows_to_average(setting, data)
    posterior = setting.fit.posterior
    totals: Floats | None = None
    for some in blocks(rows, posterior):
        # New groups are the same in every call, so that differences are within them.
        values = _values(setting, some_rows(rows, some))
        if totals is None:
            totals = np.zeros((*values.shape[:2], n_parts, *values.shape[3:]))
        inside, weights = parts[some], counts[some]
        for k in np.unique(inside):
            own = inside == k
            totals[:, :, k] += np.tensordot(values[:, :, own], weights[own], axes=(2, 0))
    assert totals is not None
    sizes = np.bincount(parts, weights=counts, minlength=n_parts)
    return np.asarray(totals / sizes.reshape(n_parts, *([1] * (totals.ndim - 3))))


def _distinct(data: pd.DataFrame, parts: NDArray[np.int64]) -> tuple[pd.DataFrame, NDArray[np.int64], Floats]:
    """Rows that differ, their parts, and how often each comes."""
    together = data.assign(**{PART: parts})
    number = together.groupby(list(together.columns), sort=False, observed=True).ngroup().to_numpy()
    _, first = np.unique(number, return_index=True)
    counts = np.bincount(number).astype(float)
    return data.iloc[first].reset_index(drop=True), parts[first], counts


def _without_groups(setting: Setting, data: pd.DataFrame) -> pd.DataFrame:
    """The rows without their groups, where it is not these that are asked for: more of them are alike."""
    if setting.groups in (OWN, None):
        return data
    groups = [name for name in grouping_columns(setting.fit.design.recipe) if name in data.columns]
    return data.drop(columns=groups)


def rows_to_average(setting: Setting, data: pd.DataFrame) -> Rows:
    """The rows, each as one trial."""
    rows = rows_of(setting.fit, _without_groups(setting, data), setting.groups)
    return replace(rows, fit=replace(rows.fit, design=replace(rows.design, trials=None, weights=None)))


def _values(setting: Setting, rows: Rows) -> Floats:
    rng = np.random.default_rng(setting.seed)
    if setting.scale == RESPONSE:
        return expected(rows, setting.fit.posterior, rng).to_numpy()
    etas = linear_predictors(rows, setting.fit.posterior, rng)
    if setting.fit.design.response.unordered:
        return np.stack([etas[p.name] for p in rows.design.linear], axis=-1)
    return etas[""]


def outcomes(setting: Setting) -> tuple[str, ...]:
    """What the last axis of ``averages`` stands for: categories, or nothing."""
    response = setting.fit.design.response
    if setting.scale == RESPONSE:
        return response.categories
    return response.categories[1:] if response.unordered else ()


def observed(fit: Fit) -> pd.DataFrame:
    """The rows that were fitted, in the columns of the data."""
    return pd.DataFrame(dict(fit.design.columns))


def unit_of(setting: Setting) -> str:
    """The scale in words, for tables and axes."""
    fit, link = setting.fit, get_link(setting.fit.spec.family, setting.fit.spec.link).name
    if setting.scale == LINK:
        return "link" if link == "identity" else f"link ({link})"
    name: Any = fit.design.response.name
    outcome = fit.design.response.outcomes
    kind = fit.spec.family
    if fit.design.response.categories:
        return f"probability of each category of {name}"
    if outcome:
        return f"probability of {name} = {outcome[1]}"
    if kind in ("bernoulli", "binomial", "beta_binomial"):
        return f"probability of {name}"
    return f"mean of {name}"
