"""Every run in a process of its own, with a time limit, recorded as soon as it has answered."""

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from .parameters import label, worst
from .store import ROOT, Store, commit, machine
from .tables import write_results
from .workloads import CHORES, PYTHON_TOOLS, R_TOOLS, WORKLOADS

ATTEMPTS = 3  # of a run that failed: nutpie now and then cannot start the chains of a PyMC model
PATIENCE = 120.0  # seconds after which a run that failed is not tried again
NOT_INSTALLED = 77  # what the R scripts exit with
CHORE_DATA = {"import": None, "process": "exam_m4", "refit": "exam_m2", "fit_many": "exam_m2"}
WARM_UP = {"draws": 20, "tune": 20, "chains": 2}


@dataclass(frozen=True)
class Options:
    """What to run.

    Attributes
    ----------
    names, tools : tuple of str
        Workloads and chores, and tools.
    cold, only_missing : bool
    repeat : int
    limit : float
        Seconds of one run.
    settings : dict
        draws, tune (None for a tool's own), chains, cores.
    fits : int
        For ``fit_many``.
    out : Path
        The Markdown file; results.json is written beside it.
    """

    names: tuple
    tools: tuple
    cold: bool = False
    only_missing: bool = False
    repeat: int = 1
    limit: float = 900.0
    settings: dict = field(default_factory=dict)
    fits: int = 500
    out: Path = Path(__file__).parent / "RESULTS.md"


class RunFailed(Exception):
    """A process that did not answer: its status and why."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status, self.reason = status, reason


def execute(command, limit, environment=None):
    """Run a command to its end or to the time limit, its children included."""
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(
            command, cwd=ROOT, env=surroundings(environment),
            stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True,
        )  # fmt: skip
        try:
            status = child.wait(limit)
        except subprocess.TimeoutExpired:
            raise RunFailed("time limit", f"stopped after {limit:g} s") from None
        finally:
            # Chains of a run that was stopped would slow down the next one.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        errors.seek(0)
        tail = _tail(errors.read())
    if status == NOT_INSTALLED:
        raise RunFailed("not installed", "")
    if status:
        reason = tail or f"exit status {status}"
        if status < 0:
            reason = f"ended by signal {-status}, as when memory runs out"
        raise RunFailed("failed", reason)


def surroundings(extra=None):
    """The environment of a run: Python keeps what it compiled, as it does for users."""
    own = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "PYTHONWARNINGS": "ignore", **(extra or {})}


def _tail(text):
    """The last line that says something, without paths."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    chosen = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Failure)\b", line)] or lines
    return re.sub(r"(/[\w.+\-]+){2,}", "...", chosen[-1] if chosen else "")[:200]


class Runner:
    """One invocation of the benchmark."""

    def __init__(self, options):
        self.options = options
        self.store = Store(options.out.with_name("results.json"))
        self.commit = commit()
        self._folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
        self._modules = {}
        self._prepared = {}

    def run(self):
        """All that was asked for; what is done stays done when this is interrupted."""
        try:
            for name in self.options.names:
                if name in CHORES:
                    self._chore(name)
                else:
                    for tool in self.options.tools:
                        self._tool(name, tool)
                shutil.rmtree(self._folder / name, ignore_errors=True)
                self._prepared.pop(name, None)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
            write_results(self.store.records, self.options.out, machine())

    def _tool(self, name, tool):
        caches = ["warm", "cold"] if self.options.cold and tool == "hierbayes" else ["warm"]
        runs = [(cache, k) for cache in caches for k in range(self.options.repeat)]
        wanted = [self._blank(name, tool, cache, k) for cache, k in runs]
        if self.options.only_missing:
            wanted = [record for record in wanted if not self.store.has(record)]
        for record in wanted:
            self._record(record, lambda record=record: self._one(record))

    def _chore(self, name):
        if "hierbayes" not in self.options.tools:
            return
        record = self._blank(name, "hierbayes", "warm", 0)
        if name == "fit_many":
            record["settings"]["fits"] = self.options.fits
        if not (self.options.only_missing and self.store.has(record)):
            self._record(record, lambda: self._do_chore(record))

    def _blank(self, name, tool, cache, repeat):
        return {
            "workload": name, "tool": tool, "cache": cache, "repeat": repeat,
            "settings": dict(self.options.settings),
        }  # fmt: skip

    def _record(self, record, run):
        say(f"{record['workload']:20} {record['tool']:10} {record['cache']:5} ...", end="")
        clock = time.perf_counter()
        for attempt in range(1, ATTEMPTS + 1):
            started = {"date": now(), "load": round(os.getloadavg()[0], 2)}
            try:
                answer = {"status": "ok", **run()}
            except RunFailed as failure:
                answer = {"status": failure.status, "reason": failure.reason}
            answer["attempts"] = attempt
            if answer["status"] != "failed" or time.perf_counter() - clock > PATIENCE:
                break
        answer.pop("modules", None)
        self.store.put({**record, **started, "commit": self.commit, **answer})
        write_results(self.store.records, self.options.out, machine())
        reason = answer.get("reason", "")
        say(f" {answer['status']}{': ' if reason else ''}{reason} ({time.perf_counter() - clock:.0f} s)")

    def _one(self, record):
        name, tool = record["workload"], record["tool"]
        if tool in WORKLOADS[name].skip:
            raise RunFailed("not run", WORKLOADS[name].skip[tool])
        if tool in R_TOOLS and shutil.which("Rscript") is None:
            raise RunFailed("not installed", "R is not installed")
        self._prepare(name)
        settings = {**record["settings"], "seed": 1 + record["repeat"]}
        if tool in PYTHON_TOOLS:
            modules = self._warm(name, tool, settings)
            environment = self._empty_caches() if record["cache"] == "cold" else None
            return self._python(name, tool, (settings, modules), environment)
        return self._r(name, tool, settings)

    def _prepare(self, name):
        """Data and priors, once per workload; a failure is remembered and answers for every tool."""
        if name not in self._prepared:
            (self._folder / name).mkdir()
            try:
                command = ["-m", "tests.benchmarks.prepare", name, str(self._folder / name)]
                execute([sys.executable, *command], self.options.limit)
                self._prepared[name] = None
            except RunFailed as failure:
                known = "UnknownNameError" in failure.reason
                self._prepared[name] = RunFailed("not available" if known else "failed", failure.reason)
        if self._prepared[name] is not None:
            raise self._prepared[name]

    def _warm(self, name, tool, settings):
        """A few draws that are not measured fill the caches, and tell what will be imported."""
        key = (name, tool)
        if key not in self._modules:
            try:
                self._modules[key] = self._python(name, tool, ({**settings, **WARM_UP}, []), None)["modules"]
            except RunFailed as failure:
                failure = RunFailed(failure.status, f"{failure.reason} (while warming up)")
                if failure.status == "failed":  # it may do better the next time
                    raise failure from None
                self._modules[key] = failure
        if isinstance(self._modules[key], RunFailed):
            raise self._modules[key]
        return self._modules[key]

    def _empty_caches(self):
        """Of numba, PyTensor, Matplotlib and hierbayes; Python's own compiled files stay."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        return {
            "NUMBA_CACHE_DIR": str(folder / "numba"),
            "PYTENSOR_FLAGS": f"base_compiledir={folder / 'pytensor'}",
            "XDG_CACHE_HOME": str(folder),
            "MPLCONFIGDIR": str(folder / "matplotlib"),
        }

    def _python(self, name, tool, run, environment):
        workload, (settings, modules) = WORKLOADS[name], run
        formula = workload.formulas.get(tool, workload.formula)
        about = {"tool": tool, "workload": name, "family": workload.family, "formula": formula}
        module = [sys.executable, "-m", "tests.benchmarks.worker"]
        return self._ask(module, {**about, "settings": settings, "modules": modules}, name, environment)

    def _ask(self, command, about, name, environment=None):
        """Hand a job to a process and read what it answers."""
        job, out = self._folder / "job.json", self._folder / "answer.json"
        out.unlink(missing_ok=True)
        about |= {"folder": str(self._folder / name), "started": time.time(), "out": str(out)}
        job.write_text(json.dumps(about))
        execute([*command, str(job)], self.options.limit, environment)
        if not out.exists():
            raise RunFailed("failed", "the process ended without an answer")
        return json.loads(out.read_text())

    def _do_chore(self, record):
        name = record["workload"]
        data = CHORE_DATA[name]
        if data is not None:
            self._prepare(data)
        formula = WORKLOADS[data].formula if data else ""
        about = {
            "tool": "hierbayes",
            "workload": name,
            "family": "gaussian",
            "formula": formula,
            "modules": [],
        }
        command = [sys.executable, "-m", "tests.benchmarks.chores", name]
        return self._ask(command, {**about, "settings": record["settings"]}, data or "")

    def _r(self, name, tool, settings):
        workload, out = WORKLOADS[name], self._folder / "answer"
        for path in self._folder.glob("answer.*.csv"):
            path.unlink()
        values = [
            settings[k] if settings.get(k) is not None else "NA" for k in ("draws", "tune", "chains", "cores")
        ]
        formula = workload.formulas.get(tool, workload.formula)
        arguments = [
            self._folder / name,
            formula,
            workload.family,
            *values,
            settings["seed"],
            time.time(),
            out,
        ]
        script = Path(__file__).parent / "r" / f"{tool}.R"
        execute(["Rscript", "--vanilla", str(script), *map(str, arguments)], self.options.limit)
        return read_r(out)


def read_r(out):
    """The answer of an R script, as ``worker`` would have given it."""
    with Path(f"{out}.stages.csv").open() as file:
        stages = {row["key"]: row["value"] for row in csv.DictReader(file)}
    with Path(f"{out}.parameters.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = ("mean", "sd", "mcse", "ess_bulk", "ess_tail", "r_hat")
    parameters, everything = {}, []
    for row in rows:
        numbers = {k: None if row[k] in ("NA", "NaN", "Inf") else float(row[k]) for k in names}
        everything.append(numbers)
        if row["kind"] != "effect":
            parameters[label(row["kind"], *[row[k] for k in "abc" if row[k]])] = numbers
    return {
        "stages": {k: float(stages[k]) for k in ("import", "compile", "fit") if k in stages},
        "process": float(stages["process"]),
        "peak_mb": float(stages["peak_mb"]),
        "versions": dict(zip(stages["names"].split(), stages["versions"].split(), strict=True)),
        "parameters": parameters,
        "scalars": worst(list(parameters.values())),
        "all": worst(everything),
        "divergences": int(stages["divergences"]) if "divergences" in stages else None,
        "remark": stages.get("remark", "point estimate"),
    }


def now():
    """Minutes will do."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M")


def say(text, end="\n"):
    """On standard error, at once."""
    print(text, end=end, file=sys.stderr, flush=True)
