"""65 fits of Exam m2, each without one school: what leave-one-group-out must agree with.

Run as ``python -m tests.slow.schools``; writes ``schools.json``.
"""

from __future__ import annotations

import json
from pathlib import Path

import hierbayes as hb
from hierbayes.estimates.leave_out.elpd import Elpd

STORE = Path(__file__).parent / "schools.json"
FORMULA = "normexam ~ standLRT + (1 | school)"


def run() -> Elpd:
    """As many folds as there are schools: 4,000 draws from the posterior without each."""
    fit = hb.fit(FORMULA, hb.load_data("exam"), seed=1, progress=False)
    return fit.kfold(65, group="school", seed=65)


def main() -> None:
    """Store the log predictive density of each school and its Monte Carlo error."""
    result = run()
    columns = result.pointwise[["level", "n_rows", "elpd", "mcse"]].to_dict("list")
    STORE.write_text(json.dumps({"formula": FORMULA, "draws": 4000, **columns}, indent=1) + "\n")


if __name__ == "__main__":
    main()
