"""The command line: ``uv run --group bench python -m tests.benchmarks``."""

import argparse
import sys
from pathlib import Path

from .runner import Options, Runner, say
from .workloads import NAMES, PYTHON_TOOLS, R_TOOLS, TOOLS


def chosen(text, known, what):
    """Names from a comma-separated list, in the order in which they are known."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(names - set(known))
    if unknown:
        raise SystemExit(f"There is no {what} {', '.join(unknown)}. Known: {', '.join(known)}.")
    return tuple(name for name in known if name in names)


def options(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    add = parser.add_argument
    add("--workloads", default=",".join(NAMES), help="comma-separated; default: all of %(default)s")
    add("--tools", help=f"comma-separated, of {','.join(TOOLS)}; default: {','.join(PYTHON_TOOLS)}")
    add("--r", action="store_true", help=f"add R's tools, where they are installed: {','.join(R_TOOLS)}")
    add("--cold", action="store_true", help="run hierbayes with empty caches too")
    add("--repeat", type=int, default=1, help="runs of each tool, with different seeds (default: 1)")
    add("--time-limit", type=float, default=900, help="seconds that one run may take (default: 900)")
    add(
        "--only-missing",
        action="store_true",
        help="skip what results.json has; runs that failed are made again",
    )
    add("--out", type=Path, help="default: RESULTS.md beside this file; results.json is written beside it")
    add("--draws", type=int, default=1000, help="kept draws of each chain (default: 1000)")
    add("--tune", type=int, help="warm-up draws of each chain; default: each tool's own")
    add("--chains", type=int, default=4)
    add("--cores", type=int, default=2)
    add("--fits", type=int, default=500, help="for fit_many (default: 500)")
    given = parser.parse_args(arguments)
    tools = chosen(given.tools, TOOLS, "tool") if given.tools else PYTHON_TOOLS
    if given.r:
        tools = tuple(tool for tool in TOOLS if tool in tools or tool in R_TOOLS)
    settings = {name: getattr(given, name) for name in ("draws", "tune", "chains", "cores")}
    return Options(
        chosen(given.workloads, NAMES, "workload"), tools, given.cold, given.only_missing, given.repeat,
        given.time_limit, settings, given.fits, *([given.out.resolve()] if given.out else []),
    )  # fmt: skip


def main(arguments=None):
    """Run what was asked for and say where the results are."""
    asked = options(arguments)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        Runner(asked).run()
    except KeyboardInterrupt:
        say("\ninterrupted; what was done is kept, --only-missing continues")
        return 130
    print(asked.out.read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
