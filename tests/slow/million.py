"""A grouping factor of a million levels: seconds and peak memory of each thing that a user does with it.

``python -m tests.slow.million --keep`` measures each kind of levels in a process of its own and writes the
table into ``tests/slow/RESULTS.md``. The test suite has the same with its bounds (``test_million.py``, slow).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import hierbayes as hb
from hierbayes.errors import ResourceError

from .results import keep

LEVELS = 1_000_000
KINDS = {"integers": 2, "integers, one row each": 1, "strings": 2, "strings, shuffled": 2}
"""Rows of each level, by what the levels are."""

FEW = {"draws": 5, "tune": 5, "chains": 1, "seed": 1, "progress": False}

INTRODUCTION = f"""Written by `python -m tests.slow.million --keep`; not edited by hand.

`y ~ x + (1 | g)`, Gaussian, where `g` has {LEVELS:,} levels of one or two rows each; every kind
in a process of its own. Seconds of two cores that others shared, and the largest resident memory so far.
`fit()` as it is, 4 chains of 1,000 draws, is refused by a `ResourceError` where they do not fit into memory,
as on this machine of 24 GB; the fit that is measured has {FEW["draws"]} draws after {FEW["tune"]} of warm-up.
`predict` is of ten rows, half of them of levels that the model has not seen."""

HEAD = ("levels", "step", "seconds", "peak, MB")


def frame_of(kind: str, levels: int = LEVELS) -> pd.DataFrame:
    """The data: each level ``KINDS[kind]`` times, side by side or in any order."""
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(levels), KINDS[kind])
    if kind.endswith("shuffled"):
        g = rng.permutation(g)
    effect = rng.normal(size=levels)
    x = rng.normal(size=len(g))
    y = 1 + 0.5 * x + effect[g] + rng.normal(size=len(g))
    names = np.char.add("person ", g.astype(str)).astype(object) if kind.startswith("strings") else g
    return pd.DataFrame({"y": y, "x": x, "g": names})


def measure(kind: str, levels: int = LEVELS) -> list[dict[str, Any]]:
    """Every step with its seconds and the peak memory so far, in this process."""
    found: list[dict[str, Any]] = []

    def step(name: str, do: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        done = do()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        seconds = time.perf_counter() - started
        found.append({"kind": kind, "step": name, "seconds": seconds, "peak": peak})
        return done

    frame = step("the data", lambda: frame_of(kind, levels))
    model = step("`hb.Model(...)`", lambda: hb.Model("y ~ x + (1 | g)", frame))
    assert model.design.groups[0].n_groups == levels
    text = step("`print(model)`", lambda: str(model))
    assert len(text) < 5_000
    step("`model.plan()`", model.plan)
    refused = step("`model.fit()`", lambda: refusal(model))
    found[-1]["step"] += ", refused" if refused else ", not asked: there is room"
    fit = step(f"`model.fit(draws={FEW['draws']}, ...)`", lambda: model.fit(**FEW))
    assert len(step("`print(fit)`", lambda: str(fit))) < 5_000
    assert len(step("`print(fit.ranef())`", lambda: str(fit.ranef()))) < 5_000
    new = frame.head(10).assign(g=[*frame["g"].head(5), *(["nobody"] * 5)])
    assert len(step("`fit.predict(new)`", lambda: fit.predict(new))) == len(new)
    return found


def refusal(model: hb.Model) -> str:
    """What ``fit()`` says where its draws cannot fit into memory; empty where they can."""
    from hierbayes.memory import check_memory
    from hierbayes.sampling import SamplerSettings

    plan = model.plan()
    try:
        check_memory(model.spec, plan, SamplerSettings(1000, plan.tune, 4, 1, None, 0.9, False))
    except ResourceError as error:
        return str(error)
    return ""


def measured_apart(kind: str, levels: int = LEVELS) -> list[dict[str, Any]]:
    """``measure`` in a process of its own, whose peak is its own."""
    command = [sys.executable, "-m", "tests.slow.million", "--kind", kind, "--levels", str(levels)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table of steps."""
    lines = [" | ".join(HEAD), "---|" * len(HEAD)]
    lines += [f"{r['kind']} | {r['step']} | {r['seconds']:.1f} | {r['peak']:,.0f}" for r in rows]
    return "\n".join(f"| {line} |" if not line.startswith("-") else f"|{line}" for line in lines)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.slow.million", description=__doc__)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--levels", type=int, default=LEVELS)
    parser.add_argument("--keep", action="store_true", help="write the table into tests/slow/RESULTS.md")
    options = parser.parse_args()
    if options.kind:
        print(json.dumps(measure(options.kind, options.levels)))
        return
    rows = [row for kind in KINDS for row in measured_apart(kind, options.levels)]
    print(table(rows))
    if options.keep:
        keep("A million levels", f"{INTRODUCTION}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
