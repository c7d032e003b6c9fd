"""The memory that draws will take, before any is made, and what there is of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hierbayes.errors import ResourceError
from hierbayes.plan import GRAPH, Plan
from hierbayes.sampling.settings import SamplerSettings
from hierbayes.sampling.stored import MANY
from hierbayes.spec import ModelSpec

NUMBER = 8
"""Bytes of a draw of one number."""

GIGABYTE = 1_000_000_000
TOLD = GIGABYTE
"""Bytes from which the forecast is shown."""

FACTOR = 1.5
"""By how much a forecast may be too high: what exceeds the free memory by more cannot fit."""

COMPILER = 120_000_000
"""Bytes that the compilation of a PyMC graph takes."""

VECTORS = 400
"""Vectors of the unknowns that remain in use besides the draws where each draw is written to its place."""

MEMINFO = Path("/proc/meminfo")
CONTAINER = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)
"""Limit and use of the memory of a container, and what the use consists of, of control groups 2 and 1."""

FILES = ("active_file", "inactive_file")
"""Parts of the use of a container that are copies of files: the system takes them back where it needs to."""


def unknowns(spec: ModelSpec) -> tuple[int, int]:
    """How many numbers a draw of the posterior has: of all parameters, and of those but effects and ``b``."""
    groups = spec.sampled_groups
    effects = sum(group.n_groups * len(group.terms) for group in groups)
    scales = sum(len(g.terms) + len(g.terms) * (len(g.terms) - 1) // 2 for g in groups)
    rest = scales + len(spec.scalars) + len(spec.cutpoints)
    return effects + sum(len(predictor.terms) for predictor in spec.linear) + rest, rest


def forecast(spec: ModelSpec, plan: Plan, settings: SamplerSettings) -> int:
    """Bytes that sampling will take at its peak, besides what is in use now.

    Below ``stored.MANY`` values nutpie keeps all draws, warm-up included, and they are copied once; above,
    each draw has one place. Where coefficients and effects are integrated out, they are drawn afterwards.
    """
    every, few = unknowns(spec)
    draws = NUMBER * settings.chains * settings.draws
    if plan.collapsed:
        return round(1.3 * draws * every) + NUMBER * settings.chains * (settings.draws + settings.tune) * few
    kept = draws * every
    trace = NUMBER * settings.chains * (settings.draws + settings.tune) * every
    if plan.route == GRAPH:
        return trace + 2 * kept + COMPILER
    if settings.chains * settings.draws * every <= MANY:
        return trace + kept
    return round(1.15 * kept) + VECTORS * NUMBER * every


def available() -> int | None:
    """Bytes that this process may still take: of the machine, or of its container; None where unknown."""
    found = [
        free for free in (_of_machine(), *(_of_container(*pair) for pair in CONTAINER)) if free is not None
    ]
    return min(found, default=None)


def _of_machine() -> int | None:
    try:
        lines = MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    values = {name: value for name, _, value in (line.partition(":") for line in lines)}
    words = values.get("MemAvailable", "").split()
    return 1024 * int(words[0]) if words else None


def _of_container(limit: str, used: str, parts: str) -> int | None:
    try:
        most, use, stat = (Path(place).read_text(encoding="ascii") for place in (limit, used, parts))
        sizes = dict(line.split() for line in stat.splitlines())
        return max(0, int(most) - int(use) + sum(int(sizes.get(name, 0)) for name in FILES))
    except (OSError, ValueError):  # no such file, or no limit: "max"
        return None


def check_memory(spec: ModelSpec, plan: Plan, settings: SamplerSettings) -> str:
    """Refuse what cannot fit into memory.

    Returns
    -------
    str
        What to tell of large forecasts; empty for others.

    Raises
    ------
    ResourceError
        If the forecast is more than ``FACTOR`` times the memory that is free.
    """
    needed, free = forecast(spec, plan, settings), available()
    every, _ = unknowns(spec)
    what = f"{settings.chains} chains of {settings.draws:,} draws of {every:,} numbers"
    if free is not None and needed > FACTOR * free:
        fewer = settings.draws
        while fewer > 1 and forecast(spec, plan, replace(settings, draws=fewer)) > free:
            fewer = fewer * 4 // 5
        raise ResourceError(
            f"The draws do not fit into memory: {what} take about {_words(needed)}, and {_words(free)} are "
            f"free. Ask for fewer, such as draws={fewer:,}, or take a machine "
            "with more memory."
        )
    if needed < TOLD:
        return ""
    near = f", of {_words(free)} that are free: it may not fit" if free is not None and needed > free else ""
    return f"{what} will take about {_words(needed)} of memory{near}"


def _words(size: int) -> str:
    return f"{size / GIGABYTE:,.1f} GB" if size >= GIGABYTE / 10 else f"{size / 1e6:,.1f} MB"
