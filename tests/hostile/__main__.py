"""Draw many hostile cases, print how they ended, and keep the table: see the package's docstring."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.slow.results import keep

from .runs import RUNS, Tally

INTRODUCTION = """Written by `{command}`; not edited by hand.

What users may hand over by mistake or in bad faith (`tests/hostile`), drawn at random. Each case works,
without a warning, or is refused by one `HierbayesError` whose message fits a screen; where a design is
built, it is held to pandas. Anything else counts as a bug. Seconds are of two cores that others shared."""


def table(tallies: dict[str, tuple[int, float, Tally]]) -> str:
    """A Markdown table of how the cases of each kind ended."""
    lines = [
        "| what | cases | worked | refused in words | bugs | slowest case, s | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, (n, seconds, tally) in tallies.items():
        bugs = sum(count for end, count in tally.ends.items() if end.startswith("BUG"))
        worked = tally.ends["worked"]
        refused = sum(tally.ends.values()) - worked - bugs
        cells = (
            kind,
            f"{n:,}",
            f"{worked:,}",
            f"{refused:,}",
            bugs,
            f"{tally.slowest:.1f}",
            f"{seconds:,.0f}",
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    for kind in RUNS:
        parser.add_argument(f"--{kind}", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="write the table into tests/slow/RESULTS.md")
    options = parser.parse_args()
    tallies: dict[str, tuple[int, float, Tally]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, run in RUNS.items():
            n = getattr(options, kind)
            if n:
                started = time.perf_counter()
                tally = run(n, options.seed, Path(folder))
                tallies[kind] = (sum(tally.ends.values()), time.perf_counter() - started, tally)
                for end, count in tally.ends.most_common():
                    print(f"{kind}: {count:,} {end}", flush=True)
                for end, shown in tally.bugs.items():
                    print(f"{end}\n    {shown}")
    print(table(tallies))
    if options.keep:
        asked = " ".join(f"--{kind} {getattr(options, kind)}" for kind in tallies)
        command = f"python -m tests.hostile {asked} --seed {options.seed} --keep"
        keep("Hostile data", f"{INTRODUCTION.format(command=command)}\n\n{table(tallies)}")


if __name__ == "__main__":
    main()
