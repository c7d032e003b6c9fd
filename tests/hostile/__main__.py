"""Draw many hostile cases, print how they ended, and keep the table: see the package's docstring."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from tests.slow.results import keep

from .runs import RUNS, Tally

ROWS = Path(__file__).parents[1] / "slow" / "hostile.json"
"""The rows of the kept table, by kind and seed: runs of one kind each can share the work."""

INTRODUCTION = """Written by `python -m tests.hostile --KIND N --seed S --keep`, a row for each
kind and seed; not edited by hand.

What users may hand over by mistake or in bad faith (`tests/hostile`), drawn at random. Each case works,
without a warning, or is refused by one `HierbayesError` whose message fits a screen; where a design is
built, it is held to pandas. Fits are of frames for which there is a model: it is really sampled, with few
draws, printed, summarized, drawn, saved and loaded, some reported, and asked for predictions of its own rows
in any order, of groups that were never seen, and of another hostile frame; what it answers must agree with
itself. Anything else counts as a bug. Seconds are of two cores that others shared."""

HEAD = "| what | seed | cases | worked | refused in words | bugs | slowest case, s | seconds |"


def row(kind: str, seed: int, tally: Tally, seconds: float) -> str:
    """A line of a Markdown table: how the cases of a kind ended."""
    bugs = sum(count for end, count in tally.ends.items() if end.startswith("BUG"))
    worked, n = tally.ends["worked"], sum(tally.ends.values())
    counts = (f"{n:,}", f"{worked:,}", f"{n - worked - bugs:,}", f"{bugs:,}")
    return f"| {' | '.join((kind, str(seed), *counts, f'{tally.slowest:.1f}', f'{seconds:,.0f}'))} |"


def table(rows: dict[str, str]) -> str:
    """A Markdown table of rows."""
    return "\n".join([HEAD, "|---" * 8 + "|", *(rows[key] for key in sorted(rows))])


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    for kind in RUNS:
        parser.add_argument(f"--{kind}", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="write the table into tests/slow/RESULTS.md")
    options = parser.parse_args()
    rows: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, run in RUNS.items():
            n = getattr(options, kind)
            if n:
                started = time.perf_counter()
                tally = run(n, options.seed, Path(folder))
                seconds = time.perf_counter() - started
                rows[f"{kind} {options.seed:04}"] = row(kind, options.seed, tally, seconds)
                for end, count in tally.ends.most_common():
                    print(f"{kind}: {count:,} {end}", flush=True)
                for end, count in sorted(tally.asked.items()):
                    print(f"    {count:,} {end}")
                for end, shown in tally.bugs.items():
                    print(f"{end}\n    {shown}")
    print(table(rows))
    if options.keep:
        kept = json.loads(ROWS.read_text()) if ROWS.exists() else {}
        ROWS.write_text(json.dumps(kept | rows, indent=1) + "\n")
        keep("Hostile data", f"{INTRODUCTION}\n\n{table(kept | rows)}")


if __name__ == "__main__":
    main()
