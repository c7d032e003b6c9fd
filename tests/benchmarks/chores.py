"""What only hierbayes does: ``python -m tests.benchmarks.chores NAME JOB.json``, a job as of ``worker``."""

import contextlib
import io
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from .worker import Job, peak_mb, versions

IMPORT = "import time; t = time.perf_counter(); import hierbayes; print(time.perf_counter() - t)"
REPEATS = 5
REFITS = 10


class NotAvailable(Exception):
    """This version of hierbayes cannot do it."""


def cli():
    """The command ``hierbayes`` of this environment."""
    found = shutil.which("hierbayes", path=str(Path(sys.executable).parent))
    return [found] if found else [sys.executable, "-c", "from hierbayes.cli import main; main()"]


def _timed(command):
    start = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - start, done.stdout


def _spread(name, seconds):
    return {name: statistics.median(seconds), f"{name}, slowest": max(seconds), f"{name}, runs": len(seconds)}


def import_(job):
    """Seconds of the import as Python sees it, and of the shortest command."""
    python, help_ = [sys.executable, "-c", IMPORT], [*cli(), "--help"]
    _timed(python), _timed(help_)
    imports = [float(_timed(python)[1]) for _ in range(REPEATS)]
    return _spread("import s", imports) | _spread("--help s", [_timed(help_)[0] for _ in range(REPEATS)])


def process(job):
    """Seconds of the whole command, its start and the reading of a CSV file included."""
    command = [*cli(), "fit", job.formula, str(Path(job.folder) / "frame.csv"), "--no-progress"]
    for name in ("draws", "tune", "chains"):
        if job.settings.get(name) is not None:
            command += [f"--{name}", str(job.settings[name])]
    _timed(command)
    return _spread("process s", [_timed([*command, "--seed", str(k)])[0] for k in range(1, 4)])


def _responses(frame, count):
    """Simulated from about what Exam m2 says."""
    import numpy as np

    rng = np.random.default_rng(2026)
    codes = frame["school"].cat.codes.to_numpy()
    x, schools = frame["standLRT"].to_numpy(), codes.max() + 1
    u, e = rng.normal(0, 0.3, (count, schools)), rng.normal(0, 0.75, (count, len(frame)))
    return 0.56 * x + u[:, codes] + e


def _model(job):
    import hierbayes

    from . import prepare

    frame = prepare.load(Path(job.folder))
    return hierbayes, hierbayes.Model(job.formula, frame), frame


def _settings(job, *names):
    chosen = {k: v for k, v in job.settings.items() if k in names and v is not None}
    return {"progress": False, **chosen}


def refit(job):
    """Seconds of each refit, after one fit in the same process."""
    _, model, frame = _model(job)
    if not hasattr(model, "refit"):
        raise NotAvailable("this version has no Model.refit")
    settings = _settings(job, "draws", "tune", "chains", "cores")
    start = time.perf_counter()
    model.fit(seed=0, **settings)
    first, seconds = time.perf_counter() - start, []
    for seed, y in enumerate(_responses(frame, REFITS), start=1):
        start = time.perf_counter()
        model.refit(y, seed=seed, **settings)
        seconds.append(time.perf_counter() - start)
    return {"first fit s": first, **_spread("refit s", seconds)}


def fit_many(job):
    """Seconds of all fits on as many workers as the other tools have cores."""
    hierbayes, model, frame = _model(job)
    if not hasattr(hierbayes, "fit_many"):
        raise NotAvailable("this version has no fit_many")
    count, workers = job.settings["fits"], job.settings["cores"]
    responses = _responses(frame, count)
    settings = _settings(job, "draws", "tune", "chains")
    start = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):
        many = hierbayes.fit_many(model, responses=responses, seeds=1, n_jobs=workers, **settings)
    seconds = time.perf_counter() - start
    failed = sum(not hasattr(outcome, "summary") for outcome in many.values())
    return {"fits": count, "workers": workers, "failed": failed, "all fits s": seconds}


CHORES = {"import": import_, "process": process, "refit": refit, "fit_many": fit_many}


def main(name, path):
    """Do the chore and write the answer."""
    job = Job(**json.loads(Path(path).read_text()))
    try:
        answer = {"numbers": CHORES[name](job), "peak_mb": peak_mb(), "versions": versions("hierbayes")}
    except NotAvailable as error:
        answer = {"status": "not available", "reason": str(error)}
    Path(job.out).write_text(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
