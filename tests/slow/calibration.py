"""Simulation-based calibration, case by case: ``python -m tests.slow.calibration``.

``n`` data sets of a small design, with parameters from proper priors, for each family, structure and
parameterization; see ``hierbayes.sbc``. Results are kept in ``calibration.json`` and in ``RESULTS.md``, and
a test holds them to the cases. ``--list`` names the cases; names, or beginnings of names, choose some.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hierbayes as hb

from .results import keep

DATA_SETS, SEED, ALPHA = 200, 20261126, 0.01
STORE = Path(__file__).with_name("calibration.json")

STRUCTURES: dict[str, tuple[str, Mapping[Any, Any]]] = {
    "intercepts": ("x + (1 | g)", {"g": 12, "i": 8}),
    "correlated slopes": ("x + (1 + x | g)", {"g": 12, "i": 8}),
    "nested": ("x + (1 | g/h)", {"g": 6, "h": 3, "i": 5}),
    "crossed": ("x + (1 | g) + (1 | h)", {("g", "h"): (8, 6), "rows": 96}),
}
FORMS = ("auto", "noncentered", "centered")


@dataclass(frozen=True)
class Kind:
    """What a family needs: its left side, parameters of a first data set, priors that are proper and sane."""

    params: Mapping[str, float] = field(default_factory=dict)
    priors: Mapping[str, str] = field(default_factory=dict)
    left: str = "y"
    covariates: Mapping[str, Any] = field(default_factory=dict)


_NARROW = {"Intercept": "normal(0.5, 0.5)", "b": "normal(0, 0.3)", "sd": "half_normal(0.4)"}
_TRIALS = {"left": "y | trials(n)", "covariates": {"n": [4, 8, 12]}}
KINDS: dict[str, Kind] = {
    "gaussian": Kind({"sigma": 1.0}, {"sigma": "half_normal(1)"}),
    "student": Kind({"sigma": 1.0, "nu": 5.0}, {"sigma": "half_normal(1)", "nu": "gamma(4, 0.5)"}),
    "lognormal": Kind({"sigma": 0.5}, {"sigma": "half_normal(0.5)"}),
    "gamma": Kind({"shape": 2.0}, {"shape": "gamma(4, 1)", **_NARROW}),
    "exponential": Kind({}, _NARROW),
    "weibull": Kind({"shape": 1.5}, {"shape": "gamma(8, 5)", **_NARROW}),
    "beta": Kind({"phi": 5.0}, {"phi": "gamma(6, 1)"}),
    "bernoulli": Kind(),
    "binomial": Kind(**_TRIALS),
    "beta_binomial": Kind({"phi": 5.0}, {"phi": "gamma(4, 0.7)"}, **_TRIALS),
    "poisson": Kind({}, _NARROW),
    "negbinomial": Kind({"phi": 3.0}, {"phi": "gamma(4, 1)", **_NARROW}),
    "zero_inflated_poisson": Kind({"zi": 0.2}, {"zi": "beta(2, 4)", **_NARROW}),
    "zero_inflated_negbinomial": Kind(
        {"zi": 0.2, "phi": 3.0}, {"zi": "beta(2, 4)", "phi": "gamma(4, 1)", **_NARROW}
    ),
    "hurdle_poisson": Kind({"hu": 0.3}, {"hu": "beta(2, 4)", **_NARROW}),
}
"""Families whose data ``hb.simulate`` gives from the parameters of one linear predictor."""

_COMMON = {"Intercept": "normal(0, 1)", "b": "normal(0, 0.7)", "sd": "half_normal(0.7)"}


def build(family: str, structure: str) -> hb.Model:
    """The model of a case, on a design that ``hb.simulate`` draws."""
    kind, (right, sizes) = KINDS[family], STRUCTURES[structure]
    formula = f"{kind.left} ~ {right}"
    params: dict[str, float] = {"b[Intercept]": 0.3, "b[x]": 0.3, **kind.params}
    for group in {
        "intercepts": ("g",),
        "correlated slopes": ("g",),
        "nested": ("g", "g:h"),
        "crossed": ("g", "h"),
    }[structure]:
        params[f"sd[{group}]"] = 0.5
    if structure == "correlated slopes":
        params |= {"sd[g][x]": 0.3, "cor[g]": 0.2}
    frame = hb.simulate(
        formula,
        sizes=sizes,
        params=params,
        family=family,
        covariates={"x": "normal(0, 1)", **kind.covariates},
        seed=SEED,
    )
    return hb.Model(formula, frame, family=family, priors={**_COMMON, **kind.priors})


def cases() -> dict[str, tuple[str, str, str]]:
    """Every family with intercepts and slopes; every structure and form for normal and 0/1 responses."""
    found = {
        f"{family}, {structure}, auto": (family, structure, "auto")
        for family in KINDS
        for structure in ("intercepts", "correlated slopes")
    }
    return found | {
        f"{family}, {structure}, {form}": (family, structure, form)
        for family in ("gaussian", "bernoulli")
        for structure in STRUCTURES
        for form in FORMS
    }


def run(name: str, n_jobs: int = 2, n: int = DATA_SETS) -> dict[str, Any]:
    """Calibrate one case."""
    family, structure, form = cases()[name]
    model = build(family, structure)
    seed = SEED + list(cases()).index(name)  # cases with the same truths would err together
    start = time.perf_counter()
    found = hb.sbc(
        model, n, seed=seed, n_jobs=n_jobs, alpha=ALPHA, draws=250, parameterization=form, progress=False
    )
    worst = found.table.sort_values("adjusted").iloc[0]
    return {
        "formula": model.spec.formula,
        "plan": str(model.plan(form)),
        "done": found.done,
        "failed": found.failed,
        "divergences": found.divergences,
        "parameters": len(found.table),
        "worst": {"parameter": worst["parameter"], "adjusted": float(worst["adjusted"])},
        "ok": found.ok,
        "mean": {row.parameter: round(row.mean, 4) for row in found.table.itertuples()},
        "seconds": round(time.perf_counter() - start, 1),
    }


def write(results: Mapping[str, Any]) -> None:
    """Keep results as data and as a table."""
    STORE.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    lines = [
        "Written by `python -m tests.slow.calibration`; not edited by hand.",
        "",
        f"{DATA_SETS} data sets for each case (`hb.sbc`), ranks among 99 draws of each posterior. Ranked",
        "are all parameters, the effects of one group and the log likelihood; not ok: a p value of",
        f"uniformity, adjusted for their number (Holm), below {ALPHA:g}. Failed: data sets that no model can",
        "be fitted to, such as one value in all rows; the data alone tell which.",
        "",
        "| case | parameters | smallest adjusted p | of | fits | failed | divergences | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, result in results.items():
        of, p = result["worst"]["parameter"], result["worst"]["adjusted"]
        lines.append(
            f"| {name} | {result['parameters']} | {p:.2f} | `{of}` | {result['done']} | {result['failed']} | "
            f"{result['divergences']} | {'ok' if result['ok'] else '**not ok**'} |"
        )
    keep("Simulation-based calibration", "\n".join(lines))


def main() -> None:
    """Run the cases that are named, or those without a result."""
    parser = argparse.ArgumentParser(prog="python -m tests.slow.calibration", description=__doc__)
    parser.add_argument("names", nargs="*", help="cases, or beginnings of their names")
    parser.add_argument("--list", action="store_true", help="name the cases")
    parser.add_argument("--jobs", type=int, default=2, help="fits at a time")
    asked = parser.parse_args()
    known = cases()
    if asked.list:
        print("\n".join(known))
        return
    results = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}
    chosen = (
        [n for n in known if n.startswith(tuple(asked.names))]
        if asked.names
        else [n for n in known if n not in results]
    )
    for name in chosen:
        results[name] = run(name, asked.jobs)
        write({name: results[name] for name in known if name in results})
        print(name, results[name]["ok"], results[name]["worst"], f"{results[name]['seconds']} s", flush=True)


if __name__ == "__main__":
    main()
