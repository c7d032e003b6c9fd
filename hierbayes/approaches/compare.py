"""``hb.pooling``: four ways to treat groups, fitted alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes.approaches import heldout as held
from hierbayes.approaches.designs import (
    APPROACHES,
    COMPLETE,
    DUMMIES,
    NONE,
    PARTIAL,
    Approach,
    Factor,
    approach,
    estimable,
    factor_of,
)
from hierbayes.approaches.profiles import profile as profile_frame
from hierbayes.approaches.profiles import rows_at, shared_values, slopes
from hierbayes.approaches.records import Pooling
from hierbayes.design.frame import with_columns
from hierbayes.design.records import Design
from hierbayes.design.selection import take_rows
from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.estimates.predictions.prediction import epred, linpred
from hierbayes.estimates.summarize import PROB, describe_interval, summarize
from hierbayes.fitted import Fit
from hierbayes.model import Model
from hierbayes.progress import working

type Quantities = dict[str, xr.DataArray]

MAX_DUMMIES, MAX_MODELS = 400, 1000
NEW_GROUPS = {
    COMPLETE: "yes, as any other",
    DUMMIES: "no",
    NONE: "no",
    PARTIAL: "yes, with the variance between groups",
}
DRAWS, CHAINS = 500, 4
SHORT = 250
DEFINITION = (
    "linear predictor and expected response of each group at one profile of the columns, and slopes per unit"
)


@working("hb.pooling")
def pooling(
    model: Model,
    group: str | None = None,
    *,
    profile: Mapping[str, Any] | None = None,
    folds: int = 5,
    prob: float = PROB,
    seed: int = 0,
    **settings: Any,
) -> Pooling:
    """Complete pooling, dummies, one model per group, and partial pooling, side by side on one scale.

    All four have the likelihood, the columns and the priors of the model. ``complete`` leaves the groups out.
    ``dummies`` has a population coefficient with a wide prior for each group (and each of its slopes), and
    loses columns that vary between groups alone. ``none`` fits every group's rows by themselves.
    ``partial`` is the model. Other group terms stay in all of them.

    Parameters
    ----------
    model : Model
        With group effects.
    group : str, optional
        The grouping factor; it can be left out where the model has one.
    profile : mapping, optional
        Values of columns at which groups are compared, ``{"standLRT": 1}``; by default the mean, or the most
        frequent value of a factor. Columns that vary between groups alone are at each group's own value.
    folds : int
        In how many parts rows, and then groups, are left out in turn; 0 for no held-out error. Rows of every
        group are spread over all parts.
    prob : float
        Mass of the equal-tailed intervals.
    seed : int
        Of parts and chains.
    **settings
        Of ``fit_many``: ``n_jobs``, ``draws`` (500) and ``chains`` (4), or 250 and 2 where something
        is left out, ...

    Returns
    -------
    Pooling
        Tables ``estimates``, ``heldout``, ``fits`` and ``failures``: what could not be fitted, and why.

    Raises
    ------
    UnknownNameError
        If the model has no such grouping factor, or several and none is named; if ``profile`` names a column
        that the formula has not.
    DataError
        If the response has categories or the model several linear predictors; if a column of ``profile``
        varies between groups alone; if there are not at least two folds, or more than groups.
    ArgumentTypeError
        If ``store`` is given.

    References
    ----------
    Gelman, A. and Hill, J. (2007). Data Analysis Using Regression and Multilevel/Hierarchical Models,
    chapter 12. Efron, B. and Morris, C. (1977). Stein's paradox in statistics. Scientific American 236(5),
    119-127.

    Examples
    --------
    >>> import hierbayes as hb
    >>> model = hb.Model("normexam ~ standLRT + (1 | school)", hb.load_data("exam"))
    >>> print(hb.pooling(model))  # doctest: +SKIP
    """
    factor = _factor(model, group)
    _check(model, factor, folds)
    if "store" in settings:
        raise ArgumentTypeError(
            "hb.pooling makes several sets of fits, which one folder cannot keep. Leave store= out."
        )
    frame = profile_frame(model.design, factor, profile or {})
    shared = shared_values(frame, model.design, factor)
    for name in profile or {}:
        if name not in shared:
            raise DataError(
                f"Column {name!r} varies between the groups of {factor.name} alone, and each is shown at "
                f"its own value. Columns that can be set: {', '.join(shared) or 'none'}."
            )
    root = np.random.SeedSequence(seed)
    names, refused = _possible(factor, model.design.n)
    work = held.Work(factor, {name: approach(model, factor, name) for name in names}, settings, root, refused)
    everything = np.ones(model.design.n, dtype=bool)
    done = work.run(work.tasks(everything, names), held.NOTHING, draws=DRAWS, chains=CHAINS)
    points = _points(model.design, factor, frame)
    estimates = _estimates(work, done, points, prob)
    scores = [
        held.held_out(_short(work), left_out, folds, np.random.default_rng(root.spawn(1)[0]))
        for left_out in ((held.ROWS, held.GROUPS) if folds else ())
    ]
    return Pooling(
        group=factor.name,
        formula=model.spec.formula,
        profile=shared,
        estimates=estimates,
        heldout=pd.concat(scores, ignore_index=True) if scores else pd.DataFrame(),
        fits=_fits(work, done, estimates),
        failures=pd.DataFrame(
            [asdict(f) for f in work.failures], columns=["approach", "level", "n", "left_out", "reason"]
        ),
    )


def _short(work: held.Work) -> held.Work:
    """The same work with fewer draws unless the user asked for some; failures are noted in one list."""
    return replace(work, settings={"draws": SHORT, **work.settings, "chains": work.settings.get("chains", 2)})


def _factor(model: Model, group: str | None) -> Factor:
    known = tuple(dict.fromkeys(g.factor for g in model.design.groups))
    if group is None and len(known) != 1:
        advice = (
            "Name the one whose groups are to be pooled." if known else "This model has no group effects."
        )
        raise UnknownNameError("grouping factor", "(any)", known, advice)
    if group is not None and group not in known:
        raise UnknownNameError("grouping factor", group, known)
    return factor_of(model, group or known[0])


def _check(model: Model, factor: Factor, folds: int) -> None:
    if model.design.response.categories or model.design.predictors:
        what = "a response of categories" if model.design.response.categories else "several linear predictors"
        raise DataError(
            f"This model has {what}, and hb.pooling compares approaches by one expected response for each "
            "row. Give a model with a single linear predictor and a numeric or binary response."
        )
    most = len(factor.levels)
    if folds != 0 and not 2 <= folds <= most:
        raise DataError(
            f"folds={folds!r} cannot be: rows and groups are left out in 2 to {most} parts, as {factor.name} "
            f"has {most} groups. Give 0 for no held-out error."
        )


def _possible(factor: Factor, n: int) -> tuple[tuple[str, ...], list[held.Failure]]:
    limits = {DUMMIES: MAX_DUMMIES, NONE: MAX_MODELS}
    count = len(factor.levels)
    failures = [
        held.Failure(name, "", n, held.NOTHING, f"{count:,} groups are more than the {most:,} that are tried")
        for name, most in limits.items()
        if count > most
    ]
    refused = {failure.approach for failure in failures}
    return tuple(name for name in APPROACHES if name not in refused), failures


def _points(design: Design, factor: Factor, frame: pd.DataFrame) -> dict[str, tuple[Design, ...]]:
    """Profiles: where the level is given, and two of each slope, half a unit to both sides."""
    points: dict[str, tuple[Design, ...]] = {"": (rows_at(design, frame),)}
    for name in slopes(design, factor):
        sides = (with_columns(frame, {name: frame[name].astype(float) + step}) for step in (-0.5, 0.5))
        points[name] = tuple(rows_at(design, side) for side in sides)
    return points


def _quantities(fit: Fit, way: Approach, points: dict[str, tuple[Design, ...]]) -> Quantities:
    found: Quantities = {}
    for name, designs in points.items():
        there = [replace(fit, design=way.change(design)) for design in designs]
        if name:
            low, high = (linpred(one) for one in there)
            found[f"slope[{name}]"] = high - low
        else:
            found["linpred"], found["epred"] = linpred(there[0]), epred(there[0])
    return found


def _estimates(
    work: held.Work,
    done: list[tuple[held.Task, Fit]],
    points: dict[str, tuple[Design, ...]],
    prob: float,
) -> pd.DataFrame:
    levels, codes = work.factor.levels, work.factor.codes(work.approaches[PARTIAL].bare.design)
    sizes = np.bincount(codes[codes >= 0], minlength=len(levels))
    labels, pieces = [], []
    for task, fit in done:
        rows = np.arange(len(levels)) if not task.level else np.array([levels.index(task.level)])
        for name, designs in points.items():
            own = {name: tuple(take_rows(design, rows) for design in designs)}
            if task.level and not _can_tell(work, task, own[name]):
                continue
            for quantity, values in _quantities(fit, task.approach, own).items():
                labels += [(task.approach.name, levels[j], int(sizes[j]), quantity) for j in rows]
                pieces.append(values.to_numpy())
    frame = pd.DataFrame(labels, columns=["approach", "level", "n", "quantity"])
    numbers = summarize(xr.DataArray(np.concatenate(pieces, axis=-1), dims=("chain", "draw", "row")), prob)
    found = describe_interval(pd.concat([frame, numbers], axis=1), "link; epred: response", prob)
    found.attrs["definition"] = DEFINITION
    return found


def _can_tell(work: held.Work, task: held.Task, designs: tuple[Design, ...]) -> bool:
    X = work.approaches[NONE].bare.design.X[task.rows]
    return all(bool(estimable(X, design.X).all()) for design in designs)


def _fits(work: held.Work, done: list[tuple[held.Task, Fit]], estimates: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name in APPROACHES:
        own = [task for task, _ in done if task.approach.name == name]
        failed = [f for f in work.failures if f.approach == name and f.left_out == held.NOTHING]
        dropped = Counter(term for task in own for term in task.approach.dropped)
        texts = [f"{term} ({count} groups)" if name == NONE else term for term, count in dropped.items()]
        spec = work.approaches[name].bare.spec if name in work.approaches else None
        largest = estimates.loc[estimates["approach"] == name, "r_hat"].max()
        rows.append(
            {
                "approach": name,
                "formula": "" if spec is None else spec.formula,
                "fits": len(own),
                "failed": len(failed),
                "dropped": ", ".join(texts),
                "new_groups": NEW_GROUPS[name],
                "max_r_hat": largest,
            }
        )
    return pd.DataFrame(rows)
