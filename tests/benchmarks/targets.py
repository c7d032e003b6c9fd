"""The targets that hierbayes set itself, and what was measured."""

from dataclasses import dataclass

from .views import agreement, view

SAME = 1.25
"""Two times per draw count as the same up to this ratio: timings on a shared machine move by as much."""

R_HAT, ESS = 1.01, 400


@dataclass(frozen=True)
class Target:
    """One row: what was asked for, what was measured, and how far that is from it.

    Attributes
    ----------
    workload, asked, measured : str
    ratio : float or None
        Above 1 is better than asked for: measured speed over the target's, or the target's time over the
        measured one. None where nothing can be compared.
    met : bool or None
    """

    workload: str
    asked: str
    measured: str
    ratio: float | None = None
    met: bool | None = None


def targets(records):
    """All of them, in order, whatever has been measured."""
    return [
        *_exam(records), *_contraception(records), _first_fit(records), *_insteval(records),
        *_rows(records), *_refits(records), *_imports(records),
    ]  # fmt: skip


def _at_most(workload, asked, value, limit, unit=" s"):
    if value is None:
        return Target(workload, asked, "not measured")
    return Target(workload, asked, f"{value:.3g}{unit}", limit / value if value else None, value < limit)


def _faster(records, workload, peer, factor, peer_workload=None):
    """``factor`` times the peer's smallest ESS per second; on a model that both have, if this is not one."""
    asked = f"at least {factor:,} × {peer}'s minimum ESS per second, end to end"
    ours, theirs = view(records, workload, "hierbayes"), view(records, workload, peer)
    same = agreement(ours, theirs, peer)
    remark = ""
    if not same.comparable and peer_workload is not None:
        ours, theirs = view(records, peer_workload, "hierbayes"), view(records, peer_workload, peer)
        remark = f", on {peer_workload}: for {workload} {peer} {same.text or 'has no run'}"
        same = agreement(ours, theirs, peer)
    if ours.speed() is None or theirs.speed() is None:
        return Target(workload, asked, "not measured" + _why(theirs, peer))
    speeds = f"{ours.speed():,.0f} against {theirs.speed():,.3g} per second{remark}"
    if not same.comparable:
        return Target(workload, asked, f"{speeds}; not compared, {peer} {same.text}")
    ratio = ours.speed() / theirs.speed()
    return Target(workload, asked, f"{ratio:,.0f} × ({speeds})", ratio / factor, ratio >= factor)


def _why(run, tool):
    if not run.records or run.ok:
        return ""
    return f": {tool}: {run.first['status']}"


def _seconds(records, workload, tool="hierbayes", cache="warm"):
    run = view(records, workload, tool, cache)
    return run.total() if run.ok else None


def _number(records, chore, name):
    run = view(records, chore, "hierbayes")
    return run.median("numbers", name) if run.ok else None


def _exam(records):
    ours, lme4 = _seconds(records, "exam_m4"), _seconds(records, "exam_m4", "lme4")
    asked = "`Model(...).fit()` under 10 × lme4's time for its point estimate"
    row = Target("exam_m4", asked, "not measured" + _why(view(records, "exam_m4", "lme4"), "lme4"))
    if ours is not None and lme4 is not None:
        text = f"{ours / lme4:.1f} × ({ours:.2f} s against {lme4:.2f} s)"
        row = Target("exam_m4", asked, text, 10 * lme4 / ours, ours < 10 * lme4)
    return [
        _faster(records, "exam_m4", "bambi", 300, "exam_m4_independent"),
        _faster(records, "exam_m4", "rstanarm", 1000),
        row,
        _at_most(
            "exam_m4", "whole process `hierbayes fit` under 4 s", _number(records, "process", "process s"), 4
        ),
    ]


def _converged(records, workload, asked, least=0):
    run = view(records, workload, "hierbayes")
    if not run.ok:
        return Target(workload, asked, "not measured" + _why(run, "hierbayes"))
    r_hat, ess = run.median("all", "r_hat"), run.median("all", "ess_bulk")
    worst = max(r["all"]["r_hat"] for r in run.records)
    divergences = sum(r["divergences"] for r in run.records)
    text = f"R-hat {r_hat:.3f}, minimum ESS {ess:,.0f}, {divergences} divergences"
    return Target(workload, asked, text, None, worst <= R_HAT and ess >= least and not divergences)


def _contraception(records):
    name = "contraception_m_05"
    asked = f"converges by default (R-hat <= {R_HAT}, no divergences)"
    return [
        _converged(records, name, asked),
        _faster(records, name, "rstanarm", 30),
        _at_most(name, "under 2 s", _seconds(records, name), 2),
    ]


def _first_fit(records):
    asked = "with empty caches under 10 s more than with full ones, the worst of all models that were run"
    extra = {}
    for name in dict.fromkeys(r["workload"] for r in records if r["cache"] == "cold"):
        cold, warm = view(records, name, "hierbayes", "cold"), view(records, name, "hierbayes")
        if cold.ok and warm.ok:
            extra[name] = cold.total(imports=True) - warm.total(imports=True)
    if not extra:
        return Target("first fit", asked, "not measured")
    worst = max(extra, key=extra.get)
    seconds = extra[worst]
    met = seconds < 10
    return Target("first fit", asked, f"{seconds:.1f} s more ({worst})", 10 / max(seconds, 0.01), met)


def _insteval(records):
    asked = f"R-hat <= {R_HAT}, minimum ESS >= {ESS}, no divergences"
    seconds = _at_most("insteval", "within 90 s", _seconds(records, "insteval"), 90)
    return [_converged(records, "insteval", asked, ESS), seconds]


def _rows(records):
    large, small = view(records, "slopes_1e7", "hierbayes"), view(records, "slopes_1e5", "hierbayes")
    rows = [_at_most("slopes_1e7", "under 30 s", _seconds(records, "slopes_1e7"), 30)]
    asked = "peak memory of the process under 3 × the memory of the data"
    row = Target("slopes_1e7", asked, "not measured")
    if large.ok:
        peak, data, start = (large.median(k) for k in ("peak_mb", "data_mb", "start_mb"))
        text = (
            f"{peak / data:.1f} × ({peak:,.0f} MB for {data:,.0f} MB of data; {start:,.0f} MB before the fit)"
        )
        row = Target("slopes_1e7", asked, text, 3 * data / peak, peak < 3 * data)
    asked = f"time per draw the same as with 10^5 rows (up to {SAME} ×)"
    draw = Target("slopes_1e7", asked, "not measured")
    times = [v.median("stages", "sample") if v.ok else None for v in (large, small)]
    if all(times):
        share = times[0] / times[1]
        text = f"{share:.2f} × (sampling {times[0]:.2f} s against {times[1]:.2f} s)"
        draw = Target("slopes_1e7", asked, text, SAME / share, share <= SAME)
    return [*rows, row, draw]


def _refits(records):
    run = view(records, "fit_many", "hierbayes")
    asked, many = "500 refits through `fit_many` under 2 minutes", Target("fit_many", "", "not measured")
    if run.ok:
        count, failed = run.median("numbers", "fits"), run.median("numbers", "failed")
        seconds = run.median("numbers", "all fits s")
        text = f"{count:.0f} in {seconds:.0f} s, {failed:.0f} failed"
        met = seconds < 120 and not failed if count >= 500 else None
        many = Target("fit_many", asked, text, 120 / seconds * count / 500, met)
    else:
        many = Target("fit_many", asked, "not measured" + _why(run, "hierbayes"))
    slowest = _number(records, "refit", "refit s, slowest")
    row = _at_most("refit", "under 0.3 s each", _number(records, "refit", "refit s"), 0.3)
    if slowest is not None:
        measured = f"{row.measured} (median; slowest {slowest:.3g} s)"
        row = Target(row.workload, row.asked, measured, row.ratio, slowest < 0.3)
    return [row, many]


def _imports(records):
    return [
        _at_most("import", "`import hierbayes` under 0.5 s", _number(records, "import", "import s"), 0.5),
        _at_most("import", "`hierbayes --help` under 0.5 s", _number(records, "import", "--help s"), 0.5),
    ]
