"""Seconds and peak memory of the design of a large model: 2 million rows, 30,000 groups, a random slope.

Run with:  python tests/benchmarks/design_scale.py [rows] [groups] [percent missing]
Prints one line for the data and one for the design; the target is 10 s and 2 GB on two cores.
"""

import resource
import sys
import time

import numpy as np
import pandas as pd

from hierbayes.design import build_design
from hierbayes.formulas import parse_formula

FORMULA = "score ~ intake * sex + I(intake^2) + kind + (1 + intake | school)"


def peak_gb():
    """Peak resident memory of this process in GB; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def make_frame(rows, groups, percent=0):
    """Pupils in schools: text labels for sex and kind, whole numbers for schools; some intake is missing."""
    rng = np.random.default_rng(2026)
    school = rng.integers(0, groups, rows)
    intake = rng.normal(size=rows)
    score = 0.5 * intake + rng.normal(size=groups)[school] + rng.normal(size=rows)
    return pd.DataFrame(
        {
            "school": school,
            "intake": np.where(100 * rng.random(rows) < percent, np.nan, intake),
            "sex": np.array(["F", "M"])[rng.integers(0, 2, rows)],
            "kind": np.array(["mixed", "boys", "girls"])[school % 3],
            "score": score,
        }
    )


def main(rows=2_000_000, groups=30_000, percent=0):
    """Build the data, then the design, and print what each took."""
    frame = make_frame(rows, groups, percent)
    held = peak_gb()
    print(f"data:   {rows:,} rows, {groups:,} groups, {percent} % missing; peak {held:.2f} GB")
    start = time.perf_counter()
    design = build_design(parse_formula(FORMULA), frame)
    seconds = time.perf_counter() - start
    group = design.groups[0]
    print(
        f"design: X {design.X.shape}, Z {group.Z.shape}, {group.n_groups:,} groups, "
        f"codes {group.codes.dtype}; {seconds:.1f} s, peak {peak_gb():.2f} GB"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
