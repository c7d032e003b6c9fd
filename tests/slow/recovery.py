"""Known parameters from simulated data, family by family: ``python -m tests.slow.recovery [case ...]``.

Each case draws 50 data sets from one truth (groups anew each time), fits them with default priors and counts
how often the 90 % equal-tailed intervals contain the truth. Results are kept in ``recovery.json``
and ``RESULTS.md`` beside this file; a test holds them to the families that exist.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import hierbayes as hb
from hierbayes.families import get_family, get_link

DATA_SETS, SEED, MASS = 50, 20261125, 0.90
GROUPS, ROWS = 25, 12  # groups, and rows of each
LOW, HIGH = 0.80, 0.97  # coverage of 90 % intervals that is asked for
STORE, REPORT = Path(__file__).with_name("recovery.json"), Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True)
class Case:
    """One model and its truth.

    Attributes
    ----------
    family, link : str
        The response distribution.
    b : tuple of float
        Intercept and slope of ``x``, which is standard normal.
    sd : float
        Of the intercepts of the groups.
    parameters : mapping of str to float
        The family's own.
    response : str
        The left side of the formula.
    """

    family: str
    link: str
    b: tuple[float, float]
    sd: float
    parameters: Mapping[str, float] = field(default_factory=dict)
    response: str = "y"
    shape: Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame] = lambda data, rng: data

    @property
    def formula(self) -> str:
        return f"{self.response} ~ x + (1 | g)"

    def truth(self) -> dict[str, float]:
        own = {"b[Intercept]": self.b[0], "b[x]": self.b[1], "sd[g]": self.sd}
        return {**own, **self.parameters}

    def data(self, rng: np.random.Generator) -> pd.DataFrame:
        """One data set; ``n`` is the number of trials of each row."""
        n_rows = GROUPS * ROWS
        codes = np.repeat(np.arange(GROUPS), ROWS)
        x = rng.normal(size=n_rows)
        eta = self.b[0] + self.b[1] * x + rng.normal(0, self.sd, GROUPS)[codes]
        trials = rng.integers(3, 15, n_rows).astype(float)
        rows = {"trials": trials} if get_family(self.family).response_kind == "trials" else {}
        link = get_link(self.family, self.link)
        y = get_family(self.family).draw(eta, {**self.parameters, **rows}, link, rng)
        return self.shape(pd.DataFrame({"y": y, "x": x, "g": codes.astype(str), "n": trials}), rng)


CASES: dict[str, Case] = {
    "gaussian": Case("gaussian", "identity", (1.0, 0.5), 0.6, {"sigma": 1.2}),
    "gaussian, log": Case("gaussian", "log", (1.0, 0.3), 0.3, {"sigma": 1.0}),
    "student": Case("student", "identity", (1.0, 0.5), 0.6, {"sigma": 1.0, "nu": 4.0}),
    "lognormal": Case("lognormal", "identity", (1.0, 0.4), 0.5, {"sigma": 0.8}),
    "gamma": Case("gamma", "log", (1.0, 0.4), 0.5, {"shape": 3.0}),
    "exponential": Case("exponential", "log", (1.0, 0.4), 0.5),
    "weibull": Case("weibull", "log", (1.0, 0.4), 0.5, {"shape": 1.6}),
    "beta": Case("beta", "logit", (-0.4, 0.5), 0.6, {"phi": 8.0}),
    "bernoulli": Case("bernoulli", "logit", (-0.4, 0.8), 0.9),
    "binomial": Case("binomial", "logit", (-0.5, 0.4), 0.7, response="y | trials(n)"),
    "beta_binomial": Case("beta_binomial", "logit", (-0.5, 0.5), 0.7, {"phi": 5.0}, "y | trials(n)"),
    "poisson": Case("poisson", "log", (0.7, 0.4), 0.5),
    "negbinomial": Case("negbinomial", "log", (1.0, 0.4), 0.5, {"phi": 2.5}),
    "zero_inflated_poisson": Case("zero_inflated_poisson", "log", (1.0, 0.4), 0.5, {"zi": 0.3}),
    "zero_inflated_negbinomial": Case(
        "zero_inflated_negbinomial", "log", (1.5, 0.4), 0.5, {"phi": 3.0, "zi": 0.25}
    ),
    "hurdle_poisson": Case("hurdle_poisson", "log", (1.0, 0.4), 0.5, {"hu": 0.35}),
}
"""One case for each family, and for what changes a likelihood."""


def draws_of(fit: hb.Fit, name: str) -> np.ndarray:
    """All draws of a parameter of ``Case.truth``."""
    if name.startswith("b["):
        return fit.posterior["b"].sel(term=name[2:-1]).to_numpy().ravel()
    if name == "sd[g]":
        return fit.posterior["sd_g"].to_numpy().ravel()
    return fit.posterior[name].to_numpy().ravel()


def run(name: str, n_jobs: int = 2) -> dict[str, Any]:
    """Coverage of one case: of every parameter, and of all together."""
    case = CASES[name]
    place = list(CASES).index(name)
    streams = np.random.SeedSequence([SEED, place]).spawn(DATA_SETS)
    frames = [case.data(np.random.default_rng(stream)) for stream in streams]
    models = [hb.Model(case.formula, frame, family=case.family, link=case.link) for frame in frames]
    many = hb.fit_many(models, seeds=SEED + place, n_jobs=n_jobs, keep="fit", draws=500, progress=False)
    if many.failures:
        raise RuntimeError(f"{name}: {[str(failure) for failure in many.failures.values()][:3]}")
    tails = np.array([(1 - MASS) / 2, (1 + MASS) / 2])
    covered: dict[str, float] = {}
    bias: dict[str, float] = {}
    for parameter, value in case.truth().items():
        draws = np.stack([draws_of(fit, parameter) for fit in many.values()])
        low, high = np.quantile(draws, tails, axis=1)
        covered[parameter] = float(((low <= value) & (value <= high)).mean())
        bias[parameter] = float((draws.mean(axis=1) - value).mean() / draws.std(axis=1).mean())
    divergences = sum(int(fit.idata["sample_stats"]["diverging"].sum()) for fit in many.values())
    return {
        "family": case.family,
        "link": case.link,
        "formula": case.formula,
        "truth": case.truth(),
        "coverage": covered,
        "bias": bias,
        "all": float(np.mean(list(covered.values()))),
        "divergences": divergences,
    }


def write(results: Mapping[str, Any]) -> None:
    """Keep results as data and as a table."""
    STORE.write_text(json.dumps(results, indent=1) + "\n")
    lines = [
        "# Calibration runs",
        "",
        "Written by `python -m tests.slow.recovery`; not edited by hand.",
        "",
        f"{DATA_SETS} data sets of {GROUPS} groups of {ROWS} rows from one truth for each case, default",
        f"priors, 500 draws of 4 chains. Coverage is the share of the {MASS:.0%} equal-tailed intervals that",
        "contain the truth; bias is the mean distance of the posterior mean from the truth in posterior sds.",
        f"Asked for: coverage of all parameters together between {LOW:.0%} and {HIGH:.0%}.",
        "",
        "| case | link | coverage | of each parameter (bias) | divergences |",
        "|---|---|---|---|---|",
    ]
    for name, result in results.items():
        each = ", ".join(
            f"{parameter} {share:.0%} ({result['bias'][parameter]:+.2f})"
            for parameter, share in result["coverage"].items()
        )
        row = f"| {name} | {result['link']} | {result['all']:.1%} | {each} | {result['divergences']} |"
        lines.append(row)
    REPORT.write_text("\n".join(lines) + "\n")


def main(names: list[str]) -> None:
    """Run some cases, or those that have no result yet."""
    results = json.loads(STORE.read_text()) if STORE.exists() else {}
    for name in names or [name for name in CASES if name not in results]:
        results[name] = run(name)
        write({name: results[name] for name in CASES if name in results})
        print(name, f"{results[name]['all']:.1%}", results[name]["coverage"], flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
