"""RESULTS.md from results.json."""

from .targets import targets
from .views import agreement, view
from .workloads import CHORES, NAMES, TOOLS, WORKLOADS

STAGES = ("import", "build", "compile", "sample", "recover")
HEAD = (
    "tool", "cache", "runs", *(f"{stage} s" for stage in STAGES), "end to end s", "process s",
    "min bulk ESS", "min tail ESS", "ESS/s end to end", "ESS/s sampling", "R-hat", "divergences",
    "peak MB", "load", "agreement",
)  # fmt: skip
PREAMBLE = """\
# Results of the benchmark

Written by `uv run --group bench python -m tests.benchmarks`; not edited by hand.

"""
NOTES = """\
## How to read the tables

- Every run is a process of its own; numbers are medians over `runs` repeats with different seeds. `load` is
  the machine's load average over one minute when the run began: a number well above 0 means that something
  else was running or had just run.
- `import` counts every module that is imported before the fit is finished, also those that a tool imports
  late. `compile` is compiling a model, or loading what was compiled before; what numba loads later counts
  where it happens. `recover` is everything after the last draw. Tools that do not say what they spend their
  time on have only `end to end`, which is everything but `import`. `process` runs from the start of the
  process to the finished fit, and so has the import and the reading of data.
- Warm: the same model was fitted before with a few draws, in another process. Cold: numba's, PyTensor's,
  Matplotlib's and hierbayes' caches are empty; Python's own compiled files stay.
- ESS and R-hat as in Vehtari et al. (2021), over the scalar parameters / over all parameters, group effects
  included. ESS per second is the smaller one's bulk ESS, over all parameters.
- `peak MB` is the peak resident memory of the main process, libraries included, without the processes that
  it starts.
- Agreement: posterior means of all scalar parameters against hierbayes', within 4 standard errors of their
  difference. bambi and the plain PyMC model are given hierbayes' default priors; rstanarm and brms keep
  their own defaults, and are allowed half a posterior sd more. A tool that disagrees, did not converge
  (R-hat above 1.05) or fits another model is marked, and its speed is not compared. lme4's point estimate
  has no priors; how far it lies from the posterior mean is for information.
- The plain PyMC model is written as its users would: centered columns, non-centered effects,
  `LKJCholeskyCov`, and the defaults of `pm.sample`. All tools: 4 chains × 1000 draws on 2 cores unless a
  table says otherwise, and their own defaults of warm-up.
"""


def write_results(records, path, machine):
    """Write the Markdown file."""
    parts = [PREAMBLE, _about(records, machine), _targets(records)]
    parts += [_workload(records, name) for name in NAMES if any(r["workload"] == name for r in records)]
    path.write_text("\n".join([*parts, NOTES]))


def _about(records, machine):
    dates = sorted(r["date"] for r in records)
    when = f"{dates[0]} to {dates[-1]} UTC" if dates else "nothing measured yet"
    versions = {}
    for record in records:
        for name, number in record.get("versions", {}).items():
            versions.setdefault(name, []).append(number)
    listed = [f"{name} {', '.join(dict.fromkeys(found))}" for name, found in versions.items()]
    commits = dict.fromkeys(r["commit"] for r in records)
    lines = [f"- Measured: {when}", f"- Machine: {machine}", f"- Versions: {', '.join(listed)}"]
    return "\n".join([*lines, f"- Source of hierbayes: {', '.join(commits)}", ""])


def _targets(records):
    rows = []
    for target in targets(records):
        verdict = {True: "met", False: "**missed**", None: ""}[target.met]
        ratio = "" if target.ratio is None else f"{target.ratio:.2f}"
        rows.append((target.workload, target.asked, target.measured, ratio, verdict))
    text = (
        "## Targets\n\nWarm cache unless said otherwise. Ratio: how many times better than asked for; below "
        "1 the target is missed by that factor.\n\n"
    )
    return text + _table(("workload", "target", "measured", "ratio", ""), rows)


def _workload(records, name):
    if name in CHORES:
        title = f"## {name}\n\n{CHORES[name]}.\n\n"
        return title + _chore(view(records, name, "hierbayes"))
    workload = WORKLOADS[name]
    text = f"## {name}\n\n`{workload.formula}`, {workload.family}. {workload.note}".rstrip() + "\n\n"
    rows, remarks = [], []
    reference = view(records, name, "hierbayes")
    for tool in TOOLS:
        for cache in ("warm", "cold"):
            run = view(records, name, tool, cache)
            if not run.records:
                continue
            rows.append(_row(run, tool, cache, reference))
            if run.ok and cache == "warm":
                remarks.append(f"- {tool}: {_remark(run)}")
    return text + _table(HEAD, rows) + ("\n" + "\n".join(remarks) + "\n" if remarks else "")


def _remark(run):
    settings = run.first["settings"]
    chains = f"{settings['chains']} chains on {settings['cores']} cores"
    remark = run.first.get("remark", "")
    text = remark if remark == "point estimate" else f"{remark}, {chains}"
    if run.first.get("attempts", 1) > 1:
        text += f"; answered at attempt {run.first['attempts']}"
    if run.median("data_mb") is not None:
        text += (
            f"; data {run.median('data_mb'):.3g} MB, {run.median('start_mb'):,.0f} MB in use before the fit"
        )
    return text


def _row(run, tool, cache, reference):
    if not run.ok:
        reason = f"{run.first['status']}: {run.first['reason']}".rstrip(": ")
        empty = [""] * (len(HEAD) - 5)
        return (tool, cache, 0, *empty, run.first["load"], reason)
    same = agreement(reference, run, tool)
    stages = [_seconds(run.median("stages", stage)) for stage in STAGES]
    speeds = [_speed(run, stage, same) for stage in (None, "sample")]
    return (
        tool, cache, len(run.records), *stages, _seconds(run.total()), _seconds(run.median("process")),
        _pair(run, "ess_bulk"), _pair(run, "ess_tail"), *speeds, _pair(run, "r_hat", ".3f"),
        _number(run.median("divergences")), _number(run.median("peak_mb")), run.first["load"], same.text,
    )  # fmt: skip


def _speed(run, stage, same):
    if run.speed(stage) is None:
        return ""
    return f"{run.speed(stage):,.3g}" if same.comparable else "not compared"


def _pair(run, name, pattern=",.0f"):
    values = [run.median(which, name) for which in ("scalars", "all")]
    return "" if None in values else " / ".join(format(value, pattern) for value in values)


def _seconds(value):
    return "" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _number(value):
    return "" if value is None else f"{value:,.0f}"


def _chore(run):
    if not run.ok:
        return f"{run.first['status']}: {run.first['reason']}\n"
    rows = [(name, f"{value:.3g}") for name, value in run.first["numbers"].items()]
    return _table(("what", "value"), [*rows, ("load when it began", run.first["load"])])


def _table(head, rows):
    def line(cells):
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"

    return line(head) + "|" + "---|" * len(head) + "\n" + "".join(map(line, rows))
