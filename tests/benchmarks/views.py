"""Records of runs, brought together: medians over repeats, and whether tools agree."""

import statistics
from dataclasses import dataclass

from .workloads import R_TOOLS

MONTE_CARLO = 4.0
"""Differences of posterior means, in standard errors of that difference, that chance explains."""

OTHER_PRIORS = 0.5
"""Differences of posterior means, in posterior sds, that other default priors explain."""

CONVERGED = 1.05
"""Above this R-hat, Monte Carlo errors say nothing."""

POINT = ("lme4",)


@dataclass(frozen=True)
class View:
    """What one tool did with one workload: medians over its repeats, or why there are none.

    Attributes
    ----------
    records : list of dict
        Those of one cache state that ended well, else the last that did not.
    """

    records: list

    @property
    def ok(self):
        """Whether there are numbers."""
        return bool(self.records) and self.records[0]["status"] == "ok"

    @property
    def first(self):
        """Of the repeats."""
        return self.records[0]

    def median(self, *path):
        """Median of a number that records keep under a path of keys; None where none has it."""
        found = []
        for record in self.records:
            value = record
            for key in path:
                value = value.get(key) if isinstance(value, dict) else None
            if value is not None:
                found.append(value)
        return statistics.median(found) if found else None

    def total(self, *, imports=False):
        """Seconds from the first line that a user writes to the finished fit, imports apart."""
        sums = [
            sum(s for stage, s in r["stages"].items() if imports or stage != "import") for r in self.records
        ]
        return statistics.median(sums)

    def speed(self, stage=None):
        """Smallest bulk ESS over all parameters, group effects included, per second; None without draws."""
        if not self.ok or self.median("all", "ess_bulk") is None:
            return None
        speeds = []
        for r in self.records:
            whole = sum(s for name, s in r["stages"].items() if name != "import")
            seconds = whole if stage is None else r["stages"].get(stage)
            if seconds:
                speeds.append(r["all"]["ess_bulk"] / seconds)
        return statistics.median(speeds) if speeds else None


def view(records, workload, tool, cache="warm"):
    """The runs of a tool on a workload that have the settings of the latest one."""
    found = [r for r in records if (r["workload"], r["tool"], r["cache"]) == (workload, tool, cache)]
    if found:
        latest = max(found, key=lambda r: r["date"])["settings"]
        found = [r for r in found if r["settings"] == latest]
    return View([r for r in found if r["status"] == "ok"] or found[-1:])


@dataclass(frozen=True)
class Agreement:
    """Whether a tool has hierbayes' posterior: in words, and whether its speed may be compared."""

    text: str
    comparable: bool


def agreement(reference, other, tool):
    """Compare posterior means of scalar parameters.

    Parameters
    ----------
    reference, other : View
        hierbayes, and the tool.
    tool : str
        R tools keep their own priors, and are allowed half a posterior sd.
    """
    if tool == "hierbayes":
        return Agreement("reference", True)
    if not (reference.ok and other.ok):
        return Agreement("not checked: hierbayes has no run" if other.ok else "", False)
    if tool in POINT:
        return Agreement(_furthest(reference, other), True)
    r_hat = max(view.median("scalars", "r_hat") or float("nan") for view in (reference, other))
    if not r_hat <= CONVERGED:
        return Agreement(f"**did not converge** (R-hat {r_hat:.2f})", False)
    ours, theirs = reference.first["parameters"], other.first["parameters"]
    unmatched = sorted(set(ours) ^ set(theirs))
    if unmatched:
        return Agreement(
            f"**another model**: only one of the two has {', '.join(map(shown, unmatched))}", False
        )
    return _distance(ours, theirs, own_priors=tool in R_TOOLS)


def _distance(ours, theirs, *, own_priors):
    scores = {}
    for name, here in ours.items():
        there = theirs[name]
        error = (here["mcse"] ** 2 + there["mcse"] ** 2) ** 0.5
        allowed = MONTE_CARLO * error + (OTHER_PRIORS * here["sd"] if own_priors else 0.0)
        difference = abs(here["mean"] - there["mean"])
        scores[name] = (difference / allowed, difference / error, difference / here["sd"])
    worst = max(scores, key=lambda name: scores[name][0])
    share, errors, sds = scores[worst]
    size = f"{sds:.2f} posterior sds" if own_priors else f"{errors:.1f} Monte Carlo errors"
    if share > 1:
        return Agreement(f"**disagrees**: {shown(worst)} by {size}", False)
    return Agreement(f"agrees: {len(scores)} means, {shown(worst)} by {size} at most", True)


def _furthest(reference, other):
    """Of a point estimate: how far from the posterior mean, for information."""
    ours, theirs = reference.first["parameters"], other.first["parameters"]
    away = {k: abs(v["mean"] - theirs[k]["mean"]) / v["sd"] for k, v in ours.items() if k in theirs}
    if not away:
        return "point estimate"
    name = max(away, key=away.get)
    return f"point estimate, {shown(name)} {away[name]:.2f} posterior sds from the mean at most"


def shown(name):
    """``sd|school|Intercept`` as a reader writes it: ``sd[school][Intercept]``."""
    kind, *parts = name.split("|")
    return parts[0] if kind == "family" else kind + "".join(f"[{part}]" for part in parts)
