"""What has been measured so far, in results.json: complete after every single run."""

import json
import os
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Store:
    """Records of runs, each under its key, in the order in which they were first made."""

    def __init__(self, path):
        self.path = path
        self.records = json.loads(path.read_text())["records"] if path.exists() else []

    @staticmethod
    def key(record):
        """What makes two records the same run."""
        parts = ("workload", "tool", "cache", "repeat", "settings")
        return json.dumps([record[part] for part in parts], sort_keys=True)

    def put(self, record):
        """Add or replace a record, and write the file."""
        key = self.key(record)
        places = [k for k, other in enumerate(self.records) if self.key(other) == key]
        if places:
            self.records[places[0]] = record
        else:
            self.records.append(record)
        text = json.dumps({"records": self.records}, indent=1, allow_nan=True)
        temporary = self.path.with_suffix(".json.new")
        temporary.write_text(text + "\n")
        temporary.replace(self.path)

    def has(self, record):
        """Whether that run was made; one that failed has to be made again."""
        return any(self.key(r) == self.key(record) and r["status"] != "failed" for r in self.records)


def machine():
    """Cores, CPU and memory, nothing that tells whose machine it is."""
    model = "unknown CPU"
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text().splitlines()
        model = next(
            (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cores} cores, {model}, {memory:.0f} GB of memory, {platform.system()}"


def commit():
    """The state of the source."""

    def git(*arguments):
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    changed = "+changes" if git("status", "--porcelain", "--", "hierbayes") else ""
    return (git("rev-parse", "--short=10", "HEAD") or "unknown") + changed
