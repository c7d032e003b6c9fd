"""Outcomes that columns or groups foretell without error: the data alone set no bound to an effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.additions import TRIALS_RESPONSE
from hierbayes.design.records import Design, Floats, GroupDesign
from hierbayes.design.response import BINARY_RESPONSE
from hierbayes.design.values import quoted

MOST_COLUMNS, MOST_ROWS = 40, 5_000
"""Columns, and distinct rows with an outcome, up to which combinations of columns are looked at."""

MARGIN = 1e-5  # of columns scaled to 1; the solver's own tolerance is 1e-7
NAMED = 3  # groups that a message names of each kind


def remark(design: Design, kind: str, before: Design | None = None) -> Design:
    """The design with messages on outcomes that its columns or groups separate.

    Parameters
    ----------
    design : Design
        The arrays.
    kind : str
        What the family models; ``"binary"`` and ``"trials"`` have outcomes that can be separated.
    before : Design, optional
        Of whose response messages are to be left out.
    """
    old = () if before is None else separation_messages(before, kind)
    kept = [message for message in design.messages if message not in old]
    return replace(design, messages=tuple(dict.fromkeys((*kept, *separation_messages(design, kind)))))


def separation_messages(design: Design, kind: str) -> tuple[str, ...]:
    """What to know about outcomes that are separated, none for numbers and counts.

    Columns are looked at one by one; where none separates the outcomes, all of them at once by a linear
    program: is there a ``b`` with ``x'b >= 0`` in all rows with a success, ``x'b <= 0`` in all with a
    failure, and not 0 in all of them?

    References
    ----------
    Albert, A. and Anderson, J. A. (1984). On the existence of maximum likelihood estimates in logistic
    regression models. Biometrika 71, 1-10.
    Konis, K. (2007). Linear programming algorithms for detecting separated data in binary logistic regression
    models. DPhil thesis, University of Oxford (the linear program).
    """
    if kind not in (BINARY_RESPONSE, TRIALS_RESPONSE):
        return ()
    failures = (1.0 if design.trials is None else design.trials) - design.y
    outcomes = (design.y > 0, failures > 0)
    found: list[str] = []
    if design.has_intercept:
        found = [message for k in range(1, len(design.terms)) if (message := _alone(design, k, outcomes))]
    found = found or _together(design, outcomes)
    alike = [_alike(design, group) for group in design.groups]
    return (*found, *(message for message in alike if message))


def _words(design: Design) -> tuple[str, str]:
    """What a failure and a success are called."""
    if design.trials is not None:
        return "failures", "successes"
    reference, modelled = design.response.outcomes or ("0", "1")
    return reference, modelled


def _leans(what: str) -> str:
    return (
        f"the data alone would let {what} grow without bound, so the posterior is proper only through the "
        "priors, and leans on them"
    )


def _alone(design: Design, k: int, outcomes: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> str:
    """A message if a single column separates the outcomes, completely or in some of the rows."""
    x, term = design.X[:, k], design.terms[k]
    failed, won = x[outcomes[1]], x[outcomes[0]]
    words = _words(design)
    if won.min() < failed.max():
        failed, won, words = won, failed, words[::-1]
    if won.min() < failed.max() or x.min() == x.max():
        return ""
    above, below = x > failed.max(), x < won.min()
    parts = [
        f"all {rows.sum():,} rows where it is {side} {bound:.4g} are {word}"
        for rows, side, bound, word in (
            (above, "above", failed.max(), words[1]),
            (below, "below", won.min(), words[0]),
        )
        if rows.any()
    ]
    how = "the outcomes completely" if (above | below).all() else "a part of the outcomes"
    return f"{term} separates {how}: {' and '.join(parts)}; {_leans('its coefficient')}"


def _together(design: Design, outcomes: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> list[str]:
    """A message if a combination of columns separates the outcomes."""
    p = design.X.shape[1]
    if not design.has_intercept <= p - 1 < MOST_COLUMNS:
        return []
    scale = np.abs(design.X).max(axis=0)
    X = design.X / np.where(scale > 0, scale, 1.0)
    signed = np.unique(np.vstack([X[outcomes[0]], -X[outcomes[1]]]), axis=0)
    if len(signed) > MOST_ROWS:
        return []
    direction = _direction(signed)
    if direction is None:
        return []
    told = int((np.abs(X @ direction) > MARGIN).sum())
    rows = "all" if _is_complete(signed) else f"{told:,} of the {design.n:,}"
    involved = [term for term, b in zip(design.terms, _sparse(signed), strict=True) if abs(b) > MARGIN]
    what = f"a combination of {quoted(involved, 6)}" if len(involved) > 1 else involved[0]
    whose = "their coefficients" if len(involved) > 1 else "its coefficient"
    return [f"{what} foretells the outcomes of {rows} rows without error; {_leans(whose)}"]


def _direction(signed: Floats) -> Floats | None:
    """The ``b`` between -1 and 1 that separates most, of rows that are turned round for failures."""
    from scipy.optimize import linprog

    n, p = signed.shape
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(n), bounds=[(-1, 1)] * p)
    direction = np.zeros(p) if found.x is None else np.asarray(found.x)
    return direction if (signed @ direction).max() > MARGIN else None


def _is_complete(signed: Floats) -> bool:
    """Whether some ``b`` keeps all rows away from 0: the largest ``t`` with ``x'b >= t``."""
    from scipy.optimize import linprog

    n, p = signed.shape
    found = linprog(
        np.append(np.zeros(p), -1.0),
        A_ub=np.column_stack([-signed, np.ones(n)]),
        b_ub=np.zeros(n),
        bounds=[*[(-1, 1)] * p, (0, 1)],
    )
    return found.x is not None and float(np.asarray(found.x)[-1]) > MARGIN


def _sparse(signed: Floats) -> Floats:
    """A ``b`` that separates with as small a sum of absolute values as can be: few columns."""
    from scipy.optimize import linprog

    n, p = signed.shape
    both = np.hstack([signed, -signed])
    found = linprog(
        np.ones(2 * p),
        A_ub=-both,
        b_ub=np.zeros(n),
        A_eq=both.sum(axis=0)[None, :],
        b_eq=[1.0],
        bounds=[(0, None)] * (2 * p),
    )
    if found.status != 0:
        return np.ones(p)
    solution = np.asarray(found.x)
    return np.asarray((solution[:p] - solution[p:]) / solution.max())


def _alike(design: Design, group: GroupDesign) -> str:
    """A message if groups of several trials have one outcome only."""
    own = group.own
    trials = np.ones(design.n) if design.trials is None else design.trials
    total = np.bincount(group.codes[own], trials[own], group.n_groups)
    won = np.bincount(group.codes[own], design.y[own], group.n_groups)
    kinds = [(won == 0) & (total > 1), (won == total) & (total > 1)]
    count = int(sum(kind.sum() for kind in kinds))
    if not count:
        return ""
    parts = [
        f"{kind.sum():,} all {word} ({_some([group.levels[j] for j in np.flatnonzero(kind)])})"
        for kind, word in zip(kinds, _words(design), strict=True)
        if kind.any()
    ]
    return (
        f"{group.name}: in {count:,} of the {group.n_groups:,} groups all outcomes are alike, "
        f"{' and '.join(parts)}; their own rows set no bound to their effects, which lean on the other "
        "groups and the priors"
    )


def _some(levels: Sequence[str]) -> str:
    shown = ", ".join(levels[:NAMED])
    return shown if len(levels) <= NAMED else f"{shown} and {len(levels) - NAMED:,} more"
