"""League tables with their uncertainty: posterior ranks of groups, and who exceeds whom."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.by_group import ranked
from hierbayes.estimates.by_group.ranked import EFFECT, RESPONSE, At, chosen_terms, group_values, reliability
from hierbayes.estimates.summarize import PROB, describe_interval, summarize
from hierbayes.fitted.record import Fit
from hierbayes.progress import working
from hierbayes.spec.records import GroupSpec

SMALL = 0.5
"""Reliability below which the other groups say more about a group than its own rows."""

MAX_PAIRS = 20_000
DEFINITION = (
    "rank of each group among the groups of its term in every draw, by {what}; rank 1 is the {first}. top, "
    "bottom: probability of being among the first, and the last, k. reliability: 1 - posterior variance of "
    "the group's deviation from the mean of the groups / posterior mean of the variance between groups; "
    "small: reliability below one half, so that the other groups say more about a group than its own rows"
)
PAIRS = "difference of the first and the second group in {what}; probability: that it is above 0"


@overload
def ranks(
    fit: Fit,
    group: str | None = ...,
    *,
    term: str | None = ...,
    by: str = ...,
    at: At = ...,
    k: float = ...,
    largest_first: bool = ...,
    prob: float = ...,
    draws: Literal[False] = ...,
) -> pd.DataFrame: ...
@overload
def ranks(
    fit: Fit,
    group: str | None = ...,
    *,
    term: str | None = ...,
    by: str = ...,
    at: At = ...,
    k: float = ...,
    largest_first: bool = ...,
    prob: float = ...,
    draws: Literal[True],
) -> xr.Dataset: ...
def ranks(
    fit: Fit,
    group: str | None = None,
    *,
    term: str | None = None,
    by: str = EFFECT,
    at: At = None,
    k: float = 0.1,
    largest_first: bool = True,
    prob: float = PROB,
    draws: bool = False,
) -> pd.DataFrame | xr.Dataset:
    """Posterior ranks of the groups of a term: a league table that says how little it knows.

    The groups are ranked in every draw, so that ranks carry the joint posterior. Ranks of posterior means
    are not given: they are too sure, and too far apart for small groups.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str, optional
        A grouping factor, for all group terms on it, or the name of one term; all of them by default.
    term : str, optional
        The coefficient to rank by, ``"standLRT"``; the intercept by default, or the first there is.
    by : str
        ``"effect"``, the group's deviation from the population; ``"coef"``, its own coefficient, which
        gives the same ranks; ``"response"``, its mean expected response over its own rows, population part
        and offsets at their mean included, so that groups also differ by who is in them.
    at : mapping of str to float, optional
        Columns of the group term and their values, ``{"standLRT": -1}``: ranks by the group's line there, in
        place of one coefficient. Further columns of the term are at their means.
    k : int or float
        How many groups are the top and the bottom: a count, or below 1 a share of the groups.
    largest_first : bool
        Whether rank 1 is the largest value.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the ranks in every draw: ``rank_<group>``, dims (chain, draw, <group>).

    Returns
    -------
    DataFrame or Dataset
        By mean rank: ``group, level, term, n`` (rows), ``small, reliability, value`` (posterior mean of what
        is ranked; link scale, of ``"response"`` the response's), then of the rank ``mean, sd, median, lower,
        upper``, the probabilities ``top`` and ``bottom``, and ``ess_bulk, r_hat``.

    Raises
    ------
    UnknownNameError
        If there is no such group term, coefficient or column of one, or ``by`` is none of the three.
    DataError
        If ``k`` is not between 0 and the number of groups, or the response has categories and ``by`` is
        ``"response"``.

    References
    ----------
    Goldstein, H. and Spiegelhalter, D. J. (1996). League tables and their limitations: statistical issues
    in comparisons of institutional performance. Journal of the Royal Statistical Society A 159, 385-443.
    Laird, N. M. and Louis, T. A. (1989). Empirical Bayes ranking methods. Journal of Educational Statistics
    14, 29-46 (mean ranks).

    Examples
    --------
    >>> league = fit.ranks("school", at={"standLRT": -1})
    >>> league[["level", "n", "mean", "lower", "upper"]].head(3)
    """
    frames, drawn, definition, notes = [], xr.Dataset(), "", []
    for spec in chosen_terms(fit, group, term, at):
        values, what = group_values(fit, spec, term=term, by=by, at=at)
        places = _places(values, largest_first)
        if draws:
            drawn[f"rank_{spec.name}"] = places
            continue
        count = _count(k, spec.n_groups)
        numbers = _of_ranks(places, count, prob)
        frame = pd.concat([_labels(fit, spec, values, what.column), numbers], axis=1)
        frames.append(frame.sort_values("mean", kind="stable", ignore_index=True))
        first = "largest" if largest_first else "smallest"
        definition = DEFINITION.format(what=what.words, first=first)
        notes.append(_note(spec, frame, (count, prob)))
    if draws:
        return drawn
    rows = pd.concat(frames, ignore_index=True)
    rows.attrs["definition"] = definition
    rows.attrs["notes"] = tuple(notes)
    return describe_interval(rows, "rank", prob)


def pairwise(
    fit: Fit,
    group: str | None = None,
    levels: Sequence[str] | None = None,
    *,
    term: str | None = None,
    by: str = EFFECT,
    at: At = None,
    prob: float = PROB,
) -> pd.DataFrame:
    """Differences between pairs of groups, and the probability that the first exceeds the second.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str, optional
        The name of a group term; it can be left out where the model has one.
    levels : sequence of str, optional
        The groups to compare, in all pairs; all groups of the term by default.
    term, by, at
        What is compared, as of ``ranks``.
    prob : float
        Mass of the equal-tailed intervals.

    Returns
    -------
    DataFrame
        ``group, level, versus, term``, then of the difference ``mean, sd, lower, upper``, ``probability``
        that it is above 0, ``ess_bulk, r_hat``; link scale, of ``"response"`` the response's.

    Raises
    ------
    UnknownNameError
        If there is no such group term, group, coefficient or column, or ``by`` is none of the three.
    DataError
        If there are fewer than two groups, or too many pairs to be read.

    Examples
    --------
    >>> fit.pairwise("school", ["53", "63"])[["level", "versus", "mean", "probability"]]
    """
    specs = chosen_terms(fit, group, term, at)
    specs = tuple(spec for spec in specs if spec.name == group) or specs
    if len(specs) > 1:
        raise UnknownNameError("group term", group or "(any)", [s.name for s in specs], "Name one of them.")
    (spec,) = specs
    known = fit.design.group(spec.name).levels
    chosen = list(known if levels is None else map(str, [levels] if isinstance(levels, str) else levels))
    for level in chosen:
        if level not in known:
            raise UnknownNameError(f"group of {spec.name}", level, known)
    _check_pairs(spec.name, len(chosen))
    values, what = group_values(fit, spec, term=term, by=by, at=at)
    pairs = list(itertools.combinations(chosen, 2))
    dim = names.group_dim(spec.name)
    arrays = {level: values.sel({dim: level}).to_numpy() for level in chosen}
    size = max(1, ranked.BLOCK // values[..., 0].size)
    parts, probabilities = [], []
    with working("differences", len(pairs), unit="pairs") as work:
        for start in range(0, len(pairs), size):
            block = np.stack([arrays[a] - arrays[b] for a, b in pairs[start : start + size]], axis=-1)
            parts.append(summarize(xr.DataArray(block, dims=("chain", "draw", "pair")), prob))
            probabilities.append((block > 0).mean(axis=(0, 1)))
            work.done = start + block.shape[-1]
    rows = pd.DataFrame(pairs, columns=["level", "versus"])
    rows.insert(0, "group", spec.name)
    rows[names.TERM] = what.column
    numbers = pd.concat(parts, ignore_index=True)
    numbers.insert(4, "probability", np.concatenate(probabilities))
    frame = pd.concat([rows, numbers], axis=1)
    frame.attrs["definition"] = PAIRS.format(what=what.words)
    return describe_interval(frame, "response" if by == RESPONSE else "link", prob)


def _count(k: float, n_groups: int) -> int:
    if isinstance(k, bool) or not 0 < k < n_groups or (k > 1 and k != int(k)):
        raise DataError(
            f"k is how many groups are the top and the bottom: a whole number from 1 to {n_groups - 1}, or a "
            f"share between 0 and 1; {k!r} was given."
        )
    return int(k) if k >= 1 else max(1, round(k * n_groups))


def _check_pairs(group: str, count: int) -> None:
    pairs = count * (count - 1) // 2
    if not 0 < pairs <= MAX_PAIRS:
        raise DataError(
            f"{count} groups of {group} make {pairs:,} pairs; from 1 to {MAX_PAIRS:,} can be compared at a "
            "time. Give the groups to compare as `levels`."
        )


def _places(values: xr.DataArray, largest_first: bool) -> xr.DataArray:
    """Rank of every group in every draw, from 1, in the shape of ``values``; some draws at a time."""
    flat = values.to_numpy().reshape(-1, values.shape[-1])
    found = np.empty(flat.shape, dtype=np.int32)
    place = np.arange(1, flat.shape[1] + 1, dtype=np.int32)
    size = max(1, ranked.BLOCK // flat.shape[1])
    for start in range(0, len(flat), size):
        block = flat[start : start + size]
        order = np.argsort(-block if largest_first else block, axis=1, kind="stable")
        np.put_along_axis(found[start : start + size], order, place[None], axis=1)
    return values.copy(data=found.reshape(values.shape))


def _labels(fit: Fit, spec: GroupSpec, values: xr.DataArray, column: str) -> pd.DataFrame:
    """What identifies the groups of a term and how well they are known, in their order."""
    design = fit.design.group(spec.name)
    known = reliability(values)
    labels: dict[str, Any] = {
        "group": spec.name,
        "level": list(design.levels),
        names.TERM: column,
        "n": design.sizes,
        "small": known < SMALL,
        "reliability": known,
        "value": values.to_numpy().mean(axis=(0, 1)),
    }
    return pd.DataFrame(labels)


def _of_ranks(places: xr.DataArray, count: int, prob: float) -> pd.DataFrame:
    """Summaries of the ranks of every group, some groups at a time."""
    n_groups = places.shape[-1]
    size = max(1, ranked.BLOCK // places[..., 0].size)
    parts = []
    with working("ranks", n_groups, unit="groups") as work:
        for start in range(0, n_groups, size):
            block = places[..., start : start + size].astype(float)
            numbers = summarize(block, prob)
            flat = block.to_numpy()
            numbers.insert(2, "median", np.median(flat, axis=(0, 1)))
            numbers.insert(5, "top", (flat <= count).mean(axis=(0, 1)))
            numbers.insert(6, "bottom", (flat > n_groups - count).mean(axis=(0, 1)))
            parts.append(numbers)
            work.done = start + flat.shape[-1]
    return pd.concat(parts, ignore_index=True)


def _note(spec: GroupSpec, frame: pd.DataFrame, how: tuple[int, float]) -> str:
    count, prob = how
    width = (frame["upper"] - frame["lower"] + 1).mean()
    small = int(frame["small"].sum())
    text = (
        f"{spec.name}: top and bottom are {count} of {spec.n_groups} places; a {100 * prob:g} % interval of "
        f"a rank covers {width:.0f} of them on average."
    )
    if small:
        them = "it than its" if small == 1 else "them than their"
        text += (
            f" {small} {'group is' if small == 1 else 'groups are'} flagged small: the other groups say more "
            f"about {them} own rows."
        )
    return text
