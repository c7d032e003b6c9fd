"""Posteriors that are known from elsewhere: ``python -m tests.slow.reference [--keep] [CASE ...]``.

Each model of ``reference_cases`` is sampled with the same priors, and means and standard deviations of all
its parameters are held to the known ones. ``--keep`` writes ``reference.json`` and the section of
``RESULTS.md``; ``--csv FOLDER`` writes the data for ``tests/reference/posteriors.R`` and does no more.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from arviz_stats.base import array_stats
from scipy import stats

import hierbayes as hb
from hierbayes import names
from tests.tolerances import ESS, R_HAT

from .reference_cases import CASES, DATA, LEFT_OUT, known, model_of
from .results import keep

STORE = Path(__file__).with_name("reference.json")
SEED, DRAWS = 20261126, 2500
FORMS = ("noncentered", "centered", "partial")
RUNS = {name: (name, "auto") for name in CASES} | {
    f"{name}, {form}": (name, form) for name in ("radon_variable_intercept", "rats") for form in FORMS
}
"""Each case as it is sampled by default, and two of them in every other parameterization."""

_LABEL = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]")


def draws_of(fit: hb.Fit, key: str) -> np.ndarray:
    """Draws (chain, draw) of a parameter; of a group effect, ``u[g][level][x]``; of ``coef``, b with it."""
    name, labels = key.partition("[")[0], _LABEL.findall(key)
    posterior = fit.posterior
    if name in ("u", "coef"):
        group, level, term = labels
        at = {names.group_dim(group): level, names.group_term(group): term}
        effect = posterior[names.u(group)].sel(at).to_numpy()
        return effect if name == "u" else effect + draws_of(fit, f"b[{term}]")
    if name == "sd":
        group, term = labels
        return posterior[names.sd(group)].sel({names.group_term(group): term}).to_numpy()
    if name == "cor":
        return posterior[names.cor(labels[0])].to_numpy()[..., 0, 1]
    return (posterior[name].sel(term=labels[0]) if labels else posterior[name]).to_numpy()


def distances(draws: np.ndarray, figures: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """How far mean and sd of draws are from the known ones, in standard errors of the difference.

    Whoever states no error of a standard deviation has the one of the mean of as many independent draws,
    which is larger: that of the standard deviation of normal draws is smaller by a factor of sqrt(2).
    """
    for what, found in (("mean", draws.mean()), ("sd", draws.std(ddof=1))):
        if what in figures:
            own = float(array_stats.mcse(draws, chain_axis=0, draw_axis=1, method=what))
            other = figures.get(f"mcse_{what}", figures["mcse_mean"])
            yield what, float((found - figures[what]) / math.hypot(own, other))


def run(name: str) -> dict[str, Any]:
    """The comparison of one row of ``RUNS``."""
    case, form = RUNS[name]
    fit = model_of(case).fit(seed=SEED, draws=DRAWS, parameterization=form, progress=False)
    found: dict[str, Any] = {}
    r_hat, ess = 1.0, math.inf
    for key, figures in known(case).items():
        draws = draws_of(fit, key)
        found[key] = {what: round(value, 3) for what, value in distances(draws, figures)}
        r_hat = max(r_hat, float(array_stats.rhat(draws, chain_axis=0, draw_axis=1)))
        ess = min(ess, float(array_stats.ess(draws, chain_axis=0, draw_axis=1)))
    return {
        "formula": fit.spec.formula,
        "priors": {entry.key: str(entry.prior) for entry in fit.spec.priors},
        "plan": fit.settings["plan"],
        "distances": found,
        "r_hat": r_hat,
        "ess": ess,
        "divergences": int(fit.idata["sample_stats"]["diverging"].sum()),
    }


def largest(result: Mapping[str, Any], what: str) -> tuple[float, str]:
    """The largest distance of means or standard deviations, and whose it is."""
    found = {key: abs(own[what]) for key, own in result["distances"].items() if what in own}
    return max(((value, key) for key, value in found.items()), default=(math.nan, ""))


def limit(result: Mapping[str, Any]) -> float:
    """What the largest of as many standard normal numbers exceeds once in a thousand times (Bonferroni)."""
    n = sum(len(own) for own in result["distances"].values())
    return float(stats.norm.isf(0.0005 / n))


def agrees(result: Mapping[str, Any]) -> bool:
    """Whether a posterior is the known one up to Monte Carlo error, of chains that converged."""
    far = max(abs(value) for own in result["distances"].values() for value in own.values())
    converged = result["r_hat"] <= R_HAT and result["ess"] >= ESS and not result["divergences"]
    return bool(far <= limit(result) and converged)


def table(results: Mapping[str, Any]) -> str:
    """The section of ``RESULTS.md``."""
    lines = [
        "Written by `python -m tests.slow.reference --keep`; not edited by hand.",
        "",
        f"Models whose posterior is known, sampled with the same priors (4 chains of {DRAWS:,} draws, the",
        "rest by default, but for the parameterization that some rows name). Means and standard deviations",
        "of all parameters, and of the group effects where they are known, are compared: the largest",
        "difference, in standard errors of both sides together, and whose it is. Asked for: no larger than",
        "what the largest of as many normal numbers exceeds once in a thousand times (4.2 of 40, 4.5 of",
        f"170), R-hat at most {R_HAT}, effective sample size at least {ESS:.0f}, no divergence. Published:",
        "others keep the figures",
        "(`tests/reference/published_posteriors.json`). Integrated: the model is theirs, its posterior a",
        "numerical integral without a sampler's error (`tests/slow/integrals.py`). By Stan: the model is",
        "theirs, or the priors are a package's defaults, and brms or rstanarm sampled it",
        "(`tests/reference/posteriors.R`). Eight schools and the dyestuff data are held to integrals too",
        "(`tests/test_known_in_part.py`, `tests/test_exact_posteriors.py`).",
        "",
        "| model | of | formula | sampled | numbers | mean off | sd off | R-hat | ESS | divergences | |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(name, results[name]) for name in RUNS if name in results]
    lines += ["", "Not compared:", "", "| model | of | why |", "|---|---|---|"]
    lines += [_cells(name, of, why) for name, (of, why) in LEFT_OUT.items()]
    return "\n".join(lines)


def _row(name: str, result: Mapping[str, Any]) -> str:
    source = CASES[RUNS[name][0]].source
    off = []
    for what in ("mean", "sd"):
        value, key = largest(result, what)
        off.append("not known" if math.isnan(value) else f"{value:.1f} `{key}`")
    cells = [
        *(name, source, f"`{result['formula']}`", result["plan"], f"{len(result['distances'])}", *off),
        *(f"{result['r_hat']:.4f}", f"{result['ess']:,.0f}", f"{result['divergences']}"),
        "agrees" if agrees(result) else "**differs**",
    ]
    return _cells(*cells)


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.slow.reference", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--keep", action="store_true", help="write reference.json and RESULTS.md")
    parser.add_argument("--csv", type=Path, metavar="FOLDER", help="write the data of all cases, do no more")
    given = parser.parse_args()
    if given.csv:
        given.csv.mkdir(parents=True, exist_ok=True)
        for name, data in DATA.items():
            data().to_csv(given.csv / f"{name}.csv", index=False)
        return
    results = json.loads(STORE.read_text()) if STORE.exists() else {}
    for name in given.cases or RUNS:
        results[name] = run(name)
        print(_row(name, results[name]), flush=True)
        if given.keep:
            kept = [f"{json.dumps(key)}: {json.dumps(results[key])}" for key in RUNS if key in results]
            STORE.write_text("{\n" + ",\n".join(kept) + "\n}\n")
            keep("Posteriors that are known from elsewhere", table(results))
    sys.exit(not all(agrees(results[name]) for name in given.cases or RUNS))


if __name__ == "__main__":
    main()
