"""Variance partition coefficients as rows, and what a reader of several definitions has to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.estimates.predictors import PREDICTOR
from hierbayes.estimates.summarize import label_rows, summarize
from hierbayes.estimates.variance.profiles import POINT, Profiles
from hierbayes.estimates.variance.varcorr import label_of
from hierbayes.estimates.variance.vpc_response import SIMULATION, response_methods
from hierbayes.fitted.record import Fit

METHOD = "method"
APART = 1.25
"""Definitions whose shares have a larger ratio answer different questions."""
QUESTIONS = (
    "The definitions differ by up to a factor of {ratio:.1f} ({low} {least:.3f}, {high} {most:.3f} "
    "for {group}): they answer different questions. A share of the latent variable compares groups with "
    "individuals by their propensity; a share of the response says how alike the responses of one group are, "
    "and depends on how common the outcome is. State the definition with the number."
)
QUESTIONS_OF_COUNTS = (
    "The definitions differ by up to a factor of {ratio:.1f} ({low} {least:.3f}, {high} {most:.3f} "
    "for {group}): they answer different questions. A share on the scale of the link compares ratios; a "
    "share of the response itself is governed by the groups with large values. State the definition "
    "with the number."
)


def table_of(
    fit: Fit, shares: Mapping[str, Mapping[str, xr.DataArray]], profiles: Profiles, prob: float
) -> pd.DataFrame:
    """Rows of shares, by definition and group term; shares have dims (chain, draw, ...)."""
    frames = [
        _rows(fit, (name, method), share, profiles, prob=prob)
        for method, found in shares.items()
        for name, share in found.items()
    ]
    if not frames:
        return pd.DataFrame(columns=["group", METHOD, "mean"])
    frame = pd.concat(frames, ignore_index=True)
    first = [c for c in (PREDICTOR, "group", METHOD, names.CUTPOINT, *profiles.labels()) if c in frame]
    frame = frame[[*first, *(c for c in frame if c not in first)]]
    if names.CUTPOINT in frame:
        frame = frame.assign(**{names.CUTPOINT: frame[names.CUTPOINT].fillna("")})
    return frame


def _rows(
    fit: Fit, named: tuple[str, str], share: xr.DataArray, profiles: Profiles, *, prob: float
) -> pd.DataFrame:
    labels = label_rows(share)
    if POINT in labels:
        held = profiles.labels().iloc[labels.pop(POINT)].reset_index(drop=True)
        labels = pd.concat([labels, held], axis=1)
    name, method = named
    labels.insert(0, METHOD, method)
    labels.insert(0, "group", name)
    if fit.design.response.unordered:
        labels.insert(0, PREDICTOR, label_of(fit, name))
    return pd.concat([labels, summarize(share, prob)], axis=1)


def where_of(profiles: Profiles) -> str:
    """At which values of the columns a share is."""
    if not profiles.held:
        return "at the mean of the columns"
    return f"with {_listed(list(profiles.values))} held and the other columns at their means"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def preferred(methods: Sequence[str]) -> str:
    """The definition to point to among those of the response itself; empty if there is none."""
    return SIMULATION if SIMULATION in methods else next(iter(methods), "")


def other_definitions(fit: Fit, method: str | Sequence[str] | None) -> tuple[str, ...]:
    """That there are other definitions, where none was asked for."""
    others = response_methods(fit)
    if method is not None or not others or not fit.spec.groups:
        return ()
    return (f"Of the response itself: method={preferred(others)!r}; by every definition: method='all'.",)


def apart(frame: pd.DataFrame) -> tuple[str, ...]:
    """That definitions answer different questions, where they differ by more than a quarter."""
    if frame.empty or frame[METHOD].nunique() < 2:
        return ()
    before = list(frame.columns[: list(frame.columns).index("mean")])
    keys = [c for c in before if c not in (METHOD, names.CUTPOINT)]
    groups = [rows for _, rows in frame.groupby(keys, sort=False) if rows["mean"].min() > 0]
    if not groups:
        return ()
    rows = max(groups, key=lambda found: found["mean"].max() / found["mean"].min())
    low, high = rows.iloc[rows["mean"].argmin()], rows.iloc[rows["mean"].argmax()]
    ratio = high["mean"] / low["mean"]
    if ratio <= APART:
        return ()
    text = QUESTIONS if "latent" in set(frame[METHOD]) else QUESTIONS_OF_COUNTS
    places = {"low": low[METHOD], "least": low["mean"], "high": high[METHOD], "most": high["mean"]}
    return (text.format(ratio=ratio, group=low["group"], **places),)
