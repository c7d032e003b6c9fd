"""Processes killed and interrupted at random moments: what was drawn is there, and no file is half written.

    python -m tests.slow.kills --kills 50 --graphs 10 --interrupts 25 --keep

A child fits a model with ``store=`` and tells, every 20 ms, how many draws its chains have made. It is killed
(SIGKILL) or interrupted (SIGINT, Ctrl-C) at a moment drawn uniformly from the time that it takes. Then the
draws that come back are held to those of a run that was left alone, number by number, and to what the child
had told. At half of the places lies an older fit, which must be whole unless the new one is.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

import hierbayes as hb
from hierbayes.errors import HierbayesError
from hierbayes.fitted.unfinished import counts
from tests.slow.results import keep

FORMULA = "use ~ age + I(age^2) + urban + livch + (1 + urban | district)"
SETTINGS = {"draws": 4000, "tune": 400, "chains": 4, "cores": 2, "seed": 1, "progress": False}
HEAVY = ["nutpie", "zarr", "hierbayes.estimates", "hierbayes.routes", "hierbayes.kernels.assemble", __name__]
"""Imported once, by the process that all children are forked from: no strike falls on imports."""


def child(tell: Connection, path: str, route: str) -> None:
    """Fit a model with ``store=`` and tell how far its chains are."""
    import nutpie

    from hierbayes.sampling.progress import ChainState, NoProgress

    tell.send(("begin", time.time()))
    sample = nutpie.sample

    def update(bar: NoProgress, states: Sequence[ChainState]) -> None:
        tell.send(("made", time.time(), [max(0, s.finished - SETTINGS["tune"]) for s in states]))

    NoProgress.update = update  # type: ignore[method-assign]
    nutpie.sample = lambda *a, **k: sample(*a, **{**k, "progress_rate": 20})
    try:
        model = hb.Model(FORMULA, hb.load_data("contraception"), family="bernoulli")
        fit = model.fit(**SETTINGS, route=route, store=path)
        end = "partial" if fit.partial else "whole"
        fit.save(path.replace(".zarr", ".nc"))
    except KeyboardInterrupt:
        end = "KeyboardInterrupt"
    except Exception as error:  # noqa: BLE001 (whatever it is, the parent wants to know)
        end = f"{type(error).__name__}: {error}"
    tell.send(("end", time.time(), end))


@dataclass(frozen=True)
class Told:
    """What a child said before its end.

    Attributes
    ----------
    begun, struck : float
        When it began, and when the signal was sent; seconds.
    made : list of (float, list of int)
        Draws of each chain, warm-up left out, and when.
    end : str
        Its own last word; empty where it was killed.
    """

    begun: float
    struck: float
    made: list[tuple[float, list[int]]]
    end: str


def run_child(path: Path, route: str, sent: signal.Signals | None, after: float) -> Told:
    """Run a child to its end, or strike it ``after`` seconds."""
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=child, args=(theirs, str(path), route))
    process.start()
    theirs.close()
    said, struck = [ours.recv()], 0.0
    at = said[0][1] + after
    with contextlib.suppress(EOFError):
        while True:
            if sent is not None and not struck and time.time() >= at:
                os.kill(process.pid or 0, sent)
                struck = time.time()
            if ours.poll(0.01):
                said.append(ours.recv())
    process.join()
    made = [(line[1], line[2]) for line in said if line[0] == "made"]
    ends = [line[2] for line in said if line[0] == "end"]
    return Told(said[0][1], struck or time.time(), made, ends[0] if ends else "")


def lag(told: Told, recovered: Sequence[int]) -> float:
    """Seconds before the signal in which some draw was made that is lost; at most, since told every 20 ms."""
    late = 0.0
    for k, count in enumerate(recovered):
        later = [i for i, (_, made) in enumerate(told.made) if made[k] > count]
        if later:
            late = max(late, told.struck - told.made[max(later[0] - 1, 0)][0])
    return late


@dataclass(frozen=True)
class Outcome:
    """What came of one strike: its row of the table, and what is wrong, if anything."""

    phase: str
    route: str
    made: int
    back: int
    late: float
    wrong: str = ""


def examine(path: Path, route: str, told: Told, whole: dict[str, hb.Fit], *, older: bool) -> Outcome:
    """Look at what a child has left."""
    folder = path.with_name(f"{path.stem}.unfinished.zarr")
    reference, wrong = whole[route].posterior, []
    made = told.made[-1][1] if told.made else [0] * SETTINGS["chains"]
    there = counts(folder) if folder.exists() else []
    saved = not folder.exists() and path.exists() and any(made)
    back = [SETTINGS["draws"]] * SETTINGS["chains"] if saved else there or [0] * SETTINGS["chains"]
    if older or saved:
        loaded = hb.load(path)
        if loaded.settings["seed"] != (SETTINGS["seed"] if saved else 99):
            wrong.append("the wrong fit is at the path")
    if saved and not hb.load(path).posterior.equals(reference):
        wrong.append("the saved fit is another one")
    if any(there):
        fit = hb.resume(path)
        n = fit.posterior.sizes["draw"]
        if not older and fit.partial and path.exists():
            wrong.append("something is at the path that is not whole")
        chains = [k for k, count in enumerate(there) if count >= n]
        same = [np.array_equal(fit.posterior[v], reference[v][chains, :n]) for v in ("b", "sd_district")]
        if not all(same):
            wrong.append("draws are not those of the undisturbed run")
    else:
        wrong += nothing_there(path, folder, older=older)
    if (copy := path.with_suffix(".nc")).exists():
        hb.load(copy)
    known = (".zarr", ".nc")
    left = [p.name for p in path.parent.iterdir() if p.suffix not in known and ".saving-" not in p.name]
    wrong += [f"left behind: {left}"] if left else []
    late = lag(told, back)
    return Outcome(phase_of(made, saved), route, sum(made), sum(back), late, "; ".join(wrong))


def nothing_there(path: Path, folder: Path, *, older: bool) -> list[str]:
    """Whether it is said in words that there is nothing."""
    try:
        fit = hb.resume(path)
    except HierbayesError as error:
        known = ("nothing had been drawn yet", "There is no fit")
        return [] if any(text in str(error) for text in known) else [f"said: {error}"]
    return [] if path.exists() and not folder.exists() and not fit.partial else ["a fit without draws"]


def phase_of(made: Sequence[int], saved: bool) -> str:
    """When it was struck."""
    if saved:
        return "saved"
    if not any(made):
        return "before the first draw"
    return "all drawn" if min(made) >= SETTINGS["draws"] else "sampling"


@dataclass(frozen=True)
class Undisturbed:
    """By route, the fit of a run left alone and its seconds; and where an older fit is saved."""

    whole: dict[str, hb.Fit]
    spans: dict[str, float]
    older: Path


def strike(routes: Sequence[str], sent: signal.Signals, left_alone: Undisturbed) -> list[Outcome]:
    """Strike a child on each of some routes."""
    rng, outcomes = np.random.default_rng(int(sent)), []
    for k, route in enumerate(routes):
        with tempfile.TemporaryDirectory() as place:
            path, older = Path(place) / "fit.zarr", k % 2 == 1
            if older:
                shutil.copytree(left_alone.older, path)
            told = run_child(path, route, sent, float(rng.uniform(0, left_alone.spans[route])))
            outcome = examine(path, route, told, left_alone.whole, older=older)
            if sent == signal.SIGINT:
                outcome = check_interrupted(outcome, told)
        outcomes.append(outcome)
        print(k, f"{told.struck - told.begun:5.1f} s", outcome, flush=True)
    return outcomes


def check_interrupted(outcome: Outcome, told: Told) -> Outcome:
    """A process that hears Ctrl-C ends in one of three ways."""
    if told.end in ("partial", "whole", "KeyboardInterrupt"):
        return outcome
    return replace(outcome, wrong=f"{outcome.wrong}; ended with {told.end!r}".strip("; "))


def main() -> None:
    """Strike, tell, and keep the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--interrupts", type=int, default=25)
    parser.add_argument("--graphs", type=int, default=10)
    parser.add_argument("--keep", action="store_true")
    asked = parser.parse_args()
    multiprocessing.set_forkserver_preload(HEAVY)
    routes = ["kernel"] * asked.kills + ["graph"] * asked.graphs
    with tempfile.TemporaryDirectory() as place:
        spans: dict[str, float] = {}
        whole: dict[str, hb.Fit] = {}
        for route in dict.fromkeys(routes):
            path = Path(place) / f"{route}.zarr"
            begun = time.time()
            told = run_child(path, route, None, 0.0)
            assert told.end == "whole", told
            spans[route] = time.time() - begun
            whole[route] = hb.load(path)
        print(spans, flush=True)
        women = hb.load_data("contraception")
        older = hb.fit(FORMULA, women, family="bernoulli", draws=20, tune=50, seed=99, progress=False)
        left_alone = Undisturbed(whole, spans, older.save(Path(place) / "older.zarr"))
        kills = strike(routes, signal.SIGKILL, left_alone)
        interrupts = strike(["kernel"] * asked.interrupts, signal.SIGINT, left_alone)
    wrong = [o for o in (*kills, *interrupts) if o.wrong]
    text = report(asked, kills, interrupts, spans)
    print(text)
    if asked.keep:
        keep("Kills and interruptions", text)
    sys.exit(bool(wrong or any(o.late > 1 for o in kills)))


def report(asked: Any, kills: list[Outcome], interrupts: list[Outcome], spans: dict[str, float]) -> str:
    """The table."""
    command = f"python -m tests.slow.kills --kills {asked.kills} --graphs {asked.graphs}"
    command += f" --interrupts {asked.interrupts} --keep"
    took = ", ".join(f"{seconds:.0f} s through the {route}" for route, seconds in spans.items())
    lines = [
        f"Written by `{command}`; not edited by hand.",
        "",
        f"`{FORMULA}`: {SETTINGS['chains']} chains of",
        f"{SETTINGS['draws']:,} draws, two at a time, on two cores that many others shared. A process",
        f"was struck at a moment drawn uniformly from the time that it takes left alone ({took}). Draws that",
        "came back are those of an undisturbed run, number by number; an older fit at the same path (every",
        "second time) was whole as long as the new one was not. *Lost*: draws that the process had told of,",
        "every 20 ms, and that were not on disk; *seconds*: how long before the signal the first of them was",
        "made, at most. Wrong: anything else.",
        "",
        "| signal | struck | times | draws made | came back | lost, at most | seconds, at most | wrong |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, outcomes in (("SIGKILL", kills), ("SIGINT", interrupts)):
        for phase in ("before the first draw", "sampling", "all drawn", "saved"):
            rows = [o for o in outcomes if o.phase == phase]
            if rows:
                lost, late = max(max(o.made - o.back, 0) for o in rows), max(o.late for o in rows)
                made, back = sum(o.made for o in rows), sum(o.back for o in rows)
                wrong = sum(bool(o.wrong) for o in rows)
                drawn = f"{made:,} | {back:,} | {lost:,} | {late:.2f}"
                lines.append(f"| {name} | {phase} | {len(rows)} | {drawn} | {wrong} |")
    lines += [f"\n{o.phase}: {o.wrong}" for o in (*kills, *interrupts) if o.wrong]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
