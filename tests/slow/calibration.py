"""Simulation-based calibration, case by case: ``python -m tests.slow.calibration``.

``n`` data sets of a small design, with parameters from proper priors, for each family, structure and
parameterization (``calibration_cases``); see ``hierbayes.sbc``. A case whose ranks depart from uniformity is
run once more, with another seed and more data sets, and that run decides. Results are kept case by case in
``calibration.json``, ranks in ``calibrated/ranks.npz`` with a picture for each family, a table in
``RESULTS.md``; a test holds them to the cases. Cases that are kept are not run again, unless their model is
another now, or their names, or beginnings of them, are given. ``--list`` names the cases, ``--report`` writes
table and pictures of what is kept.
"""

from __future__ import annotations

import argparse
import json
import textwrap
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hierbayes as hb

from .calibration_cases import CASES, SEED, Case
from .calibration_pictures import draw_families
from .results import keep

DATA_SETS, MORE_DATA_SETS, ALPHA = 200, 500, 0.01
SAMPLED = {"chains": 1, "draws": 400}
"""One chain: ranks say as much as with four, which take four times as long."""

HERE = Path(__file__).parent
STORE, FOLDER = HERE / "calibration.json", HERE / "calibrated"
RANKS = FOLDER / "ranks.npz"

type Ranks = dict[str, NDArray[np.uint8]]


def seed_of(name: str, run: int = 0) -> int:
    """A seed for each case and run: cases with the same truths would err together."""
    return SEED + zlib.crc32(f"{name}, {run}".encode())


def identity(case: Case, model: hb.Model) -> dict[str, Any]:
    """What a kept result belongs to; where it is another, the case is run again."""
    form = case.settings.get("parameterization", "auto")
    priors = f"{zlib.crc32(str(model.priors).encode()):08x}"
    return {"formula": model.spec.formula, "plan": str(model.plan(form)), "priors": priors, **SAMPLED}


def run(name: str, n_jobs: int = 2) -> tuple[dict[str, Any], Ranks]:
    """Calibrate one case, and once more where the first run finds fault."""
    case = CASES[name]
    model = case.model()
    result, ranks = _once(case, model, (DATA_SETS, seed_of(name)), n_jobs)
    kept = {name: ranks}
    if not result["ok"]:
        again, kept[f"{name}, again"] = _once(case, model, (MORE_DATA_SETS, seed_of(name, 1)), n_jobs)
        result |= {"again": again, "ok": again["ok"]}
    return {**identity(case, model), **result}, kept


def _once(
    case: Case, model: hb.Model, how: tuple[int, int], n_jobs: int
) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    start = time.perf_counter()
    n, seed = how
    found = hb.sbc(
        model, n, seed=seed, n_jobs=n_jobs, alpha=ALPHA, progress=False, **SAMPLED, **case.settings
    )
    worst = found.table.sort_values("adjusted").iloc[0]
    pit = found.pit["prior_sbc"].to_dataset()
    ranks = np.array([np.floor(pit[name] * (found.settings["among"] + 1)) for name in pit.data_vars])
    result = {
        "done": found.done,
        "failed": found.failed,
        "divergences": found.divergences,
        "parameters": len(found.table),
        "worst": {"parameter": worst["parameter"], "adjusted": float(worst["adjusted"])},
        "ok": found.ok,
        "p": {row.parameter: round(row.p_value, 5) for row in found.table.itertuples()},
        "mean": {row.parameter: round(row.mean, 4) for row in found.table.itertuples()},
        "seed": seed,
        "seconds": round(time.perf_counter() - start, 1),
    }
    return result, ranks.astype(np.uint8)


def kept_results() -> dict[str, Any]:
    """Results by case."""
    return json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}


def kept_ranks() -> Ranks:
    """Ranks by case, 0 to 99, shape (parameters, data sets); parameters as in ``mean`` of the result."""
    if not RANKS.exists():
        return {}
    with np.load(RANKS) as stored:
        return {name: stored[name] for name in stored.files}


def write(results: Mapping[str, Any], ranks: Ranks) -> None:
    """Keep results as data and as a table."""
    FOLDER.mkdir(exist_ok=True)
    np.savez_compressed(RANKS, **dict(sorted(ranks.items())))  # type: ignore[arg-type]
    STORE.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    keep("Simulation-based calibration", table(results))


def table(results: Mapping[str, Any]) -> str:
    """The section of ``RESULTS.md``."""
    again = sum("again" in result for result in results.values())
    text = (
        f"{DATA_SETS} data sets for each case (`hb.sbc`), {SAMPLED['chains']} chain of {SAMPLED['draws']} "
        "draws each, default warm-up; ranks among 99 of them. Ranked are all parameters, the effects of one "
        "group and the log likelihood. p: the smallest p value of uniformity in a case, adjusted for the "
        f"number of its parameters (Holm). If nothing is wrong, {ALPHA * len(results):.1f} of {len(results)} "
        f"cases are expected below {ALPHA:g}. Such a case is run once more, with another seed and "
        f"{MORE_DATA_SETS} data sets: that run decides, and both p are given. Cases run again: {again}. "
        "Failed: data sets that were not fitted. Centered forms have three "
        "times the rows, and sds away from zero, which they are for; "
        "the case of weak data shows that they fail elsewhere, as is known, and that calibration finds it "
        "(auto does not choose them). Cases without a result yet: "
        f"{len(CASES) - len(results)} of {len(CASES)}."
    )
    families = sorted({CASES[name].family for name in results})
    pictures = ", ".join(f"[{family}]({FOLDER.name}/{family}.png)" for family in families)
    lines = [
        "Written by `python -m tests.slow.calibration`; not edited by hand.",
        "",
        *textwrap.wrap(text, 105),
        "",
        f"Pictures of all ranks: {pictures}.",
        "",
        "| case | sampled | parameters | smallest adjusted p | of | fits | failed | divergences | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, result in results.items():
        bad = "fails, as known" if CASES[name].is_hopeless else "**not ok**"
        verdict = "ok" if result["ok"] else bad
        if "again" in result:
            lines.append(_row(name, result["plan"], result, "run again"))
            lines.append(_row(f"{name}: again", result["plan"], result["again"], verdict))
        else:
            lines.append(_row(name, result["plan"], result, verdict))
    return "\n".join(lines)


def _row(name: str, plan: str, result: Mapping[str, Any], verdict: str) -> str:
    of, p = result["worst"]["parameter"], result["worst"]["adjusted"]
    shown = f"{p:.2f}" if p >= ALPHA else f"{p:.1g}"
    return (
        f"| {name.replace('|', chr(92) + '|')} | {plan} | {result['parameters']} | {shown} | `{of}` | "
        f"{result['done']} | {result['failed']} | {result['divergences']} | {verdict} |"
    )


def main() -> None:
    """Run the cases that are named, or those without a result."""
    parser = argparse.ArgumentParser(prog="python -m tests.slow.calibration", description=__doc__)
    parser.add_argument("names", nargs="*", help="cases, or beginnings of their names")
    parser.add_argument("--list", action="store_true", help="name the cases")
    parser.add_argument("--jobs", type=int, default=2, help="fits at a time")
    parser.add_argument("--report", action="store_true", help="write table and pictures of what is kept")
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(CASES))
        return
    if not asked.report:
        _run_all(asked.names, asked.jobs)
    write(kept_results(), kept_ranks())
    draw_families(kept_results(), kept_ranks(), FOLDER)


def _run_all(names: list[str], n_jobs: int) -> None:
    for name, case in CASES.items():
        results, ranks = kept_results(), kept_ranks()
        if names:
            chosen = name.startswith(tuple(names))
        else:
            chosen = not identity(case, case.model()).items() <= results.get(name, {}).items()
        if not chosen:
            continue
        try:
            results[name], found = run(name, n_jobs)
        except hb.HierbayesError as error:  # the others are calibrated all the same
            print(name, "FAILED:", error, flush=True)
            continue
        ranks = {key: value for key, value in ranks.items() if key not in (name, f"{name}, again")} | found
        write({case: results[case] for case in CASES if case in results}, ranks)
        print(name, results[name]["ok"], results[name]["worst"], f"{results[name]['seconds']} s", flush=True)


if __name__ == "__main__":
    main()
