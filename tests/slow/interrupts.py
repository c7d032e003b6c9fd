"""Ctrl-C at random moments of what is more than one fit: no file is half written, no process stays.

    python -m tests.slow.interrupts --times 12 --keep

A child of its own process group does one thing (fit_many on two workers, a report, saving, k-fold
cross-validation) and the whole group is sent SIGINT, as a terminal does it, at a moment drawn uniformly from
the time that this takes left alone. Looked at are the files, standard error and the processes that are left.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

import hierbayes as hb
from hierbayes.errors import HierbayesError
from tests.slow.kills import HEAVY
from tests.slow.results import keep

ROWS = 400
FRAME = {
    "y": np.random.default_rng(1).normal(size=ROWS),
    "x": np.random.default_rng(2).normal(size=ROWS),
    "g": np.arange(ROWS) % 20,
}
FORMULA = "y ~ x + (1 | g)"
SWALLOWED = "Exception ignored in: <function _xla_gc_callback"
"""JAX, which nutpie imports where it is installed, has Python call it at every garbage collection."""
OLDER = "<html>older</html>"


def many(fit: hb.Fit, place: Path) -> str:
    """Twenty refits, kept in a folder."""
    y = np.random.default_rng(3).normal(size=(20, ROWS))
    made = hb.fit_many(
        hb.Model(FORMULA, FRAME),
        responses=y,
        seeds=1,
        n_jobs=2,
        store=place / "runs",
        draws=200,
        progress=False,
    )
    return "partial" if made.partial else "whole"


def kfold(fit: hb.Fit, place: Path) -> str:
    """Five folds on two workers."""
    fit.kfold(5, n_jobs=2)
    return "whole"


def save(fit: hb.Fit, place: Path) -> str:
    """Ten times over the same two places."""
    for _ in range(10):
        fit.save(place / "fit.nc")
        fit.save(place / "fit.zarr")
    return "whole"


def report(fit: hb.Fit, place: Path) -> str:
    """A page over an older one."""
    fit.report(place / "page.html")
    return "whole"


TARGETS: dict[str, tuple[str, Callable[[hb.Fit, Path], str]]] = {
    "many": ("`fit_many(n_jobs=2, store=)`, 20 refits", many),
    "kfold": ("`fit.kfold(5, n_jobs=2)`", kfold),
    "save": ("`fit.save` over older fits, `.nc` and `.zarr`", save),
    "report": ("`fit.report` over an older page", report),
}


def child(tell: Connection, target: str, place: str, older: str) -> None:
    """Do one thing, alone in a process group."""
    os.setsid()
    with Path(place, "stderr.txt").open("w") as errors:
        os.dup2(errors.fileno(), 2)
    fit = hb.load(older)
    _, act = TARGETS[target]
    tell.send("begin")
    tell.send(act(fit, Path(place)))


@dataclass(frozen=True)
class Struck:
    """What came of one strike."""

    end: str
    after: float
    left: float
    wrong: tuple[str, ...]


def run(target: str, older: Path, after: float | None) -> Struck:
    """Run a child to its end, or interrupt it ``after`` seconds."""
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "page.html").write_text(OLDER)
        hb.load(older).save(place / "fit.nc")
        hb.load(older).save(place / "fit.zarr")
        process = context.Process(target=child, args=(theirs, target, folder, str(older)))
        process.start()
        theirs.close()
        ours.recv()
        begun, end = time.monotonic(), "KeyboardInterrupt"
        if not ours.poll(after):
            os.killpg(process.pid or 0, signal.SIGINT)
        struck = time.monotonic()
        with contextlib.suppress(EOFError):
            end = ours.recv()
        process.join()
        ended = time.monotonic()
        wrong = [
            *look_at_files(place, older),
            *look_at_errors(place, end),
            *look_at_processes(process.pid or 0),
        ]
        if (place / "stderr.txt").read_text().startswith(SWALLOWED):
            end = "not heard"
        return Struck(end, ended - begun if after is None else struck - begun, ended - struck, tuple(wrong))


def look_at_files(place: Path, older: Path) -> list[str]:
    """What is half written or left over."""
    wrong = []
    for path in [place / "fit.nc", place / "fit.zarr", *place.glob("runs/*.nc")]:
        try:
            hb.load(path)
        except HierbayesError as error:
            wrong.append(f"{path.name}: {error}")
    page = (place / "page.html").read_text()
    if page != OLDER and not page.rstrip().endswith("</html>"):
        wrong.append("the page is half written")
    known = ["fit.nc", "fit.zarr", "page.html", "runs", "stderr.txt"]
    left = [path.name for path in place.iterdir() if path.name not in known]
    left += [
        path.name
        for path in place.glob("runs/*")
        if path.suffix != ".nc" and path.name not in ("lock", "fits.json")
    ]
    return wrong + ([f"left over: {sorted(left)}"] if left else [])


def look_at_errors(place: Path, end: str) -> list[str]:
    """What is on standard error beside one traceback that ends with KeyboardInterrupt."""
    text = (place / "stderr.txt").read_text().strip()
    if end == "whole" and text.startswith(SWALLOWED) and text.count("Traceback") == 1:
        return []
    expected = end == "KeyboardInterrupt"
    right = text.count("Traceback") == expected
    if expected:
        right = right and text.splitlines()[-1].startswith("KeyboardInterrupt")
    return [] if right and ("Exception ignored" not in text) else [f"standard error: {text[-1500:]}"]


def look_at_processes(group: int) -> list[str]:
    """Processes of the group that live on after ten seconds."""
    deadline = time.monotonic() + 10
    while living := of_group(group):
        if time.monotonic() > deadline:
            os.killpg(group, signal.SIGKILL)
            return [f"still running: {living}"]
        time.sleep(0.2)
    return []


def of_group(group: int) -> list[str]:
    """Commands of a process group."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True)
    found = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return [command[:100] for number, state, command in found if int(number) == group and state[0] != "Z"]


def main() -> None:
    """Strike, tell, and keep the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=12)
    parser.add_argument("--only", choices=TARGETS)
    parser.add_argument("--keep", action="store_true")
    asked = parser.parse_args()
    multiprocessing.set_forkserver_preload([*HEAVY, "hierbayes.report", "hierbayes.many", __name__])
    rng, outcomes, spans = np.random.default_rng(5), {}, {}
    with tempfile.TemporaryDirectory() as folder:
        fit = hb.fit(FORMULA, FRAME, draws=200, seed=1, progress=False)
        older = fit.save(Path(folder) / "older.nc")
        for target in [asked.only] if asked.only else TARGETS:
            alone = run(target, older, None)
            spans[target] = alone.after
            print(target, alone, flush=True)
            assert not alone.wrong
            outcomes[target] = []
            for _ in range(asked.times):
                outcomes[target].append(run(target, older, float(rng.uniform(0, alone.after))))
                print(target, outcomes[target][-1], flush=True)
    text = table(asked, outcomes, spans)
    print(text)
    if asked.keep:
        keep("Ctrl-C beside single fits", text)
    sys.exit(any(struck.wrong for each in outcomes.values() for struck in each))


def table(asked: Any, outcomes: dict[str, list[Struck]], spans: dict[str, float]) -> str:
    """What came of all strikes."""
    lines = [
        f"Written by `python -m tests.slow.interrupts --times {asked.times} --keep`; not edited by hand.",
        "",
        "A process group was sent SIGINT at a moment drawn uniformly from the time that each took left",
        "alone, on two cores that many others shared. Wrong would be: a fit or page that is half written, a",
        "file left over, a traceback other than the one that ends with KeyboardInterrupt, a process that",
        "lives on. Not heard: Python drops an interruption that comes while it collects garbage and JAX,",
        "where it is installed, has asked to be called then; what was done went on.",
        "",
        "| what | seconds left alone | times | ended with | seconds until the end, at most | wrong |",
        "|---|---|---|---|---|---|",
    ]
    for target, each in outcomes.items():
        ends = ", ".join(f"{end} {count}" for end, count in sorted(Counter(s.end for s in each).items()))
        slowest, wrong = max(s.left for s in each), sum(bool(s.wrong) for s in each)
        what = TARGETS[target][0]
        lines.append(f"| {what} | {spans[target]:.1f} | {len(each)} | {ends} | {slowest:.1f} | {wrong} |")
    lines += [f"\n{target}: {s.wrong}" for target, each in outcomes.items() for s in each if s.wrong]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
