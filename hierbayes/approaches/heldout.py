"""How well each approach predicts rows, and groups, that were left out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp

from hierbayes.approaches.designs import COMPLETE, NONE, PARTIAL, Approach, Factor, estimable, of_group
from hierbayes.design.records import Design
from hierbayes.design.selection import take_rows
from hierbayes.errors import DataError
from hierbayes.estimates.predictions.prediction import family_parameters, linpred
from hierbayes.families import get_family, get_link
from hierbayes.fitted import Fit
from hierbayes.many import FitFailure, fit_many
from hierbayes.progress import working
from hierbayes.refitting import model_of_rows

type Floats = NDArray[np.float64]
type Rows = NDArray[np.intp]

NOTHING, ROWS, GROUPS = "nothing", "rows", "groups"


@dataclass(frozen=True)
class Task:
    """One fit: of an approach, for all groups (level "") or one, to some rows."""

    approach: Approach
    level: str
    rows: Rows


@dataclass(frozen=True)
class Failure:
    """What could not be fitted, and why; columns of ``Pooling.failures``."""

    approach: str
    level: str
    n: int
    left_out: str
    reason: str


@dataclass
class Work:
    """What all fits of a comparison have in common, and what failed so far."""

    factor: Factor
    approaches: Mapping[str, Approach]
    settings: Mapping[str, Any]
    seeds: np.random.SeedSequence
    failures: list[Failure] = field(default_factory=list)

    def run(self, tasks: list[Task], left_out: str, **settings: Any) -> list[tuple[Task, Fit]]:
        """Fit all of them; those that fail are noted."""
        models: dict[Hashable, Any] = {}
        for k, task in enumerate(tasks):
            reason = refusal(task)
            try:
                models[k] = None if reason else model_of_rows(task.approach.bare, task.rows)
            except DataError as error:
                reason = str(error)
            if reason:
                models.pop(k, None)
                self._failed(task, left_out, reason)
        if not models:
            return []
        seed = int(self.seeds.spawn(1)[0].generate_state(1)[0])
        found = fit_many(models, seeds=seed, keep="fit", **{**settings, **self.settings})
        if found.partial:
            raise KeyboardInterrupt(f"interrupted when {len(found):,} of {len(models):,} fits were done")
        done = []
        for position, outcome in found.items():
            task = tasks[int(str(position))]
            if isinstance(outcome, Fit):
                done.append((task, outcome))
            elif isinstance(outcome, FitFailure):
                self._failed(task, left_out, f"{outcome.error}: {outcome.message}")
        return done

    def _failed(self, task: Task, left_out: str, reason: str) -> None:
        name = task.approach.name
        self.failures.append(Failure(name, task.level, len(task.rows), left_out, reason))

    def tasks(self, train: NDArray[np.bool_], names: tuple[str, ...]) -> list[Task]:
        """The fits of some approaches to the rows of a mask."""
        rows = np.flatnonzero(train)
        found = [Task(self.approaches[name], "", rows) for name in names if name != NONE]
        if NONE in names:
            shared = self.approaches[NONE]
            codes = self.factor.codes(self.approaches[PARTIAL].bare.design)
            for j, level in enumerate(self.factor.levels):
                own = np.flatnonzero(train & (codes == j))
                found.append(Task(of_group(shared, own) if len(own) else shared, level, own))
        return found


def refusal(task: Task) -> str:
    """Why rows of one group cannot have a model of their own; empty where they can."""
    if not task.level:
        return ""
    design, rows = task.approach.bare.design, task.rows
    y, count = design.y[rows], len(design.terms)
    shares = y if design.trials is None else y / design.trials[rows]
    labels = design.response.outcomes
    family = get_family(task.approach.bare.spec.family)
    if len(rows) and np.ptp(shares) == 0 and (len(rows) > 1 or family.response_kind == "binary"):
        value = labels[int(y[0])] if labels else f"{shares[0]:g}"
        return f"all responses are {value}"
    if len(rows) <= count and family.scale:
        return f"no more rows than coefficients, so that {family.scale} is unknown"
    return "no rows" if not len(rows) else ""


def held_out(work: Work, left_out: str, folds: int, rng: np.random.Generator) -> pd.DataFrame:
    """Scores of every approach for rows, or groups, that were left out in turn."""
    design = work.approaches[PARTIAL].bare.design
    codes = work.factor.codes(design)
    names = tuple(work.approaches) if left_out == ROWS else (COMPLETE, PARTIAL)
    fold = _folds(codes, len(work.factor.levels), (left_out, folds), rng)
    means = {name: np.full(design.n, np.nan) for name in work.approaches}
    densities = {name: np.full(design.n, np.nan) for name in work.approaches}
    with working(f"{left_out} left out", unit="parts") as shown:
        for k in shown.over(range(folds)):
            held = fold == k
            for task, fit in work.run(work.tasks(~held, names), left_out, chains=2):
                name, rows = task.approach.name, np.flatnonzero(held)
                if task.level:
                    rows = rows[codes[rows] == work.factor.levels.index(task.level)]
                    X = work.approaches[NONE].bare.design.X
                    rows = rows[estimable(X[task.rows], X[rows])]
                if len(rows):
                    there = task.approach.change(take_rows(design, rows))
                    means[name][rows], densities[name][rows] = score(fit, there)
    groups = codes if left_out == GROUPS else np.arange(design.n)
    return _table(design, (means, densities), groups, left_out)


def score(fit: Fit, design: Design) -> tuple[Floats, Floats]:
    """Expected response and log predictive density of other rows, shapes (n,)."""
    there = replace(fit, design=design)
    family, link = get_family(fit.spec.family), get_link(fit.spec.family, fit.spec.link)
    eta, parameters = linpred(there).to_numpy(), family_parameters(there, fit.posterior)
    mean = np.broadcast_to(family.mean(eta, link, parameters), eta.shape).mean(axis=(0, 1))
    density = family.log_density(design.y, eta, parameters, link)
    return mean, logsumexp(density, axis=(0, 1)) - np.log(eta.shape[0] * eta.shape[1])


def _folds(
    codes: NDArray[np.int64], n_groups: int, how: tuple[str, int], rng: np.random.Generator
) -> NDArray[np.int64]:
    """The fold of each row: spread evenly over the rows of each group, or whole groups in one."""
    left_out, folds = how
    if left_out == GROUPS:
        own = rng.permutation(np.arange(n_groups) % folds)
        return np.where(codes >= 0, own[codes], -1)
    fold = np.empty(len(codes), dtype=np.int64)
    start = 0
    for j in range(-1, n_groups):
        rows = rng.permutation(np.flatnonzero(codes == j))
        fold[rows] = (start + np.arange(len(rows))) % folds
        start += len(rows)
    return fold


def _table(
    design: Design,
    scores: tuple[dict[str, Floats], dict[str, Floats]],
    groups: NDArray[np.int64],
    left_out: str,
) -> pd.DataFrame:
    means, densities = scores
    able = [name for name in means if np.isfinite(means[name]).any()]
    scored = np.all([np.isfinite(means[name]) for name in able], axis=0)
    in_part = not design.part.keys().isdisjoint({"low", "high", "lb", "ub"})
    rows = []
    for name, mean in means.items():
        row: dict[str, Any] = {"left_out": left_out, "approach": name, "n": int(scored.sum())}
        missing = int(np.isnan(mean).sum())
        if name not in able or not scored.any():
            blank = dict.fromkeys(("rmse", "elpd", "elpd_diff", "diff_se"), np.nan)
            rows.append({**row, "n": 0, **blank, "not_predicted": missing})
            continue
        error, density = (design.y - mean)[scored], densities[name][scored]
        difference = density - densities[PARTIAL][scored]
        sums = pd.Series(difference - difference.mean()).groupby(groups[scored]).sum()
        row["rmse"] = np.nan if in_part else float(np.sqrt((error**2).mean()))
        row |= {"elpd": density.mean(), "elpd_diff": difference.mean()}
        row |= {"diff_se": float(np.sqrt((sums**2).sum())) / len(difference), "not_predicted": missing}
        rows.append(row)
    return pd.DataFrame(rows)
