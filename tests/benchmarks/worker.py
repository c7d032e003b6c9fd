"""One run of one Python tool in a process of its own: ``python -m tests.benchmarks.worker JOB.json``.

Nothing but the standard library is imported before the clock of the import starts.
"""

import contextlib
import importlib
import json
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1024  # ru_maxrss is in KiB on Linux


@dataclass(frozen=True)
class Job:
    """What to run.

    Attributes
    ----------
    tool, workload, family, formula : str
    folder : str
        Where ``prepare`` wrote data and priors.
    settings : dict
        ``draws``, ``tune`` (None for the tool's own default), ``chains``, ``cores``, ``seed``.
    started : float
        ``time.time()`` of the process that asked.
    modules : list of str
        What an earlier run of the same job had imported in the end, so that imports which a tool defers until
        it fits are counted as imports here as for the tools that make them at once.
    out : str
        The file to answer in.
    """

    tool: str
    workload: str
    family: str
    formula: str
    folder: str
    settings: dict
    started: float
    modules: list
    out: str


class Clock:
    """Seconds of the stages import, build, compile, sample, recover."""

    def __init__(self):
        self.stages = {}

    @contextlib.contextmanager
    def __call__(self, stage):
        """Count what happens inside."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - start)

    def add(self, stage, seconds):
        """Count seconds that were measured elsewhere."""
        self.stages[stage] = self.stages.get(stage, 0.0) + seconds


def preload(tool, modules):
    """Import the tool and whatever it will import while it fits."""
    importlib.import_module(tool)
    if tool == "hierbayes":
        with contextlib.suppress(ImportError, AttributeError):
            importlib.import_module("hierbayes.sampling.nutpie")._nutpie()
    for name in modules:
        # A module that only some state of the library can import is not missed here.
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def peak_mb(who=resource.RUSAGE_SELF):
    """Peak resident memory so far."""
    return resource.getrusage(who).ru_maxrss / MEGABYTE


def main(path):
    """Run the job and write the answer."""
    job = Job(**json.loads(Path(path).read_text()))
    clock, before = Clock(), set(sys.modules)
    with clock("import"):
        preload(job.tool, job.modules)
    from . import diagnostics, prepare, tools

    folder = Path(job.folder)
    frame = prepare.load(folder)
    at_start = peak_mb()
    draws = tools.TOOLS[job.tool](job, frame, clock)
    answer = {
        "process": time.time() - job.started,
        "peak_mb": peak_mb(),
        "children_mb": peak_mb(resource.RUSAGE_CHILDREN),
        "start_mb": at_start,
        "data_mb": float(frame.memory_usage(deep=True).sum()) / 2**20,
        "stages": clock.stages,
        "modules": [m for m in sys.modules if m not in before and not m.startswith(("tests", "__"))],
        "versions": versions(job.tool),
        **diagnostics.diagnose(draws),
    }
    Path(job.out).write_text(json.dumps(answer))


def versions(tool):
    """Of the tool and of what draws for it."""
    from importlib.metadata import version

    found = {"python": sys.version.split()[0]}
    for name in dict.fromkeys((tool, "pymc", "pytensor", "nutpie", "numba", "numpy")):
        with contextlib.suppress(ImportError):
            found[name] = version(name)
    return found


if __name__ == "__main__":
    main(sys.argv[1])
