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

from .results import keep

DATA_SETS, SEED, MASS = 50, 20261125, 0.90
GROUPS, ROWS = 25, 12  # groups, and rows of each
LOW, HIGH = 0.80, 0.97  # coverage of 90 % intervals that is asked for
STORE = Path(__file__).with_name("recovery.json")


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

    @property
    def formula(self) -> Any:
        return f"{self.response} ~ x + (1 | g)"

    def truth(self) -> dict[str, float]:
        own = {"b[Intercept]": self.b[0], "b[x]": self.b[1], "sd[g]": self.sd}
        return {**own, **self.parameters}

    def data(self, rng: np.random.Generator) -> pd.DataFrame:
        """One data set; ``n`` is the number of trials of each row."""
        frame, eta = rows(rng)
        eta = eta(self.b, self.sd)
        trials = rng.integers(3, 15, len(frame)).astype(float)
        more = {"trials": trials} if get_family(self.family).response_kind == "trials" else {}
        link = get_link(self.family, self.link)
        y = get_family(self.family).draw(eta, {**self.parameters, **more}, link, rng)
        return frame.assign(y=y, n=trials)


@dataclass(frozen=True)
class Special:
    """A model that is written out.

    Attributes
    ----------
    family, link : str
        The response distribution.
    formula : str or Formulas
        The model.
    values : mapping of str to float
        Its truth.
    make : callable
        ``make(values, rng)``, a data set.
    """

    family: str
    link: str
    formula: Any
    values: Mapping[str, float]
    make: Callable[[Mapping[str, float], np.random.Generator], pd.DataFrame]

    def truth(self) -> dict[str, float]:
        return dict(self.values)

    def data(self, rng: np.random.Generator) -> pd.DataFrame:
        return self.make(self.values, rng)


type Predictor = Callable[[tuple[float, float], float | np.ndarray], np.ndarray]


def rows(rng: np.random.Generator) -> tuple[pd.DataFrame, Predictor]:
    """Columns ``x`` and ``g``, and linear predictors from coefficients and effects, or their sd."""
    codes = np.repeat(np.arange(GROUPS), ROWS)
    x = rng.normal(size=len(codes))

    def eta(b: tuple[float, float], u: float | np.ndarray) -> np.ndarray:
        return b[0] + b[1] * x + (rng.normal(0, u, GROUPS) if np.isscalar(u) else u)[codes]

    return pd.DataFrame({"x": x, "g": codes.astype(str)}), eta


def gaussian_rows(v: Mapping[str, float], rng: np.random.Generator) -> pd.DataFrame:
    frame, eta = rows(rng)
    mean = eta((v["b[Intercept]"], v["b[x]"]), v["sd[g]"])
    return frame.assign(y=mean + rng.normal(0, v["sigma"], len(frame)))


def censored(v: Mapping[str, float], rng: np.random.Generator) -> pd.DataFrame:
    """A quarter or so of the values is known to lie above 1.8, some below -0.5."""
    frame = gaussian_rows(v, rng)
    side = np.where(frame["y"] > 1.8, "right", np.where(frame["y"] < -0.5, "left", "none"))
    return frame.assign(y=frame["y"].clip(-0.5, 1.8), side=side)


def truncated(v: Mapping[str, float], rng: np.random.Generator) -> pd.DataFrame:
    """Rows below 0 never get into the data."""
    frame = gaussian_rows(v, rng)
    return frame[frame["y"] > 0].reset_index(drop=True)


def with_known_errors(v: Mapping[str, float], rng: np.random.Generator) -> pd.DataFrame:
    frame, eta = rows(rng)
    s = rng.uniform(0.4, 1.6, len(frame))
    mean = eta((v["b[Intercept]"], v["b[x]"]), v["sd[g]"])
    return frame.assign(y=mean + s * rng.normal(size=len(frame)), s=s)


def ordered(v: Mapping[str, float], rng: np.random.Generator) -> pd.DataFrame:
    frame, eta = rows(rng)
    cutpoints = [v[f"cutpoints[{name}]"] for name in ("1|2", "2|3", "3|4")]
    at = eta((0.0, v["b[x]"]), v["sd[g]"])
    y = get_family("cumulative").draw(at, {"cutpoints": cutpoints}, get_link("cumulative", "logit"), rng)
    return frame.assign(y=1 + y.astype(int))


def correlated(
    v: Mapping[str, float], sds: tuple[str, str], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Effects of the groups on two linear predictors, correlated where the truth says so."""
    rho = v.get("cor[c_g]", 0.0)
    one, other = rng.normal(size=(2, GROUPS))
    return v[sds[0]] * one, v[sds[1]] * (rho * one + np.sqrt(1 - rho**2) * other)


def unordered(v: Mapping[str, float], rng: np.random.Generator) -> pd.DataFrame:
    """Categories by the largest of utilities with Gumbel noise, which has logit choice probabilities."""
    frame, eta = rows(rng)
    effects = correlated(v, ("sd[g]", "sd_muwalk[g]"), rng)
    utilities = [np.zeros(len(frame))]
    for name, u in zip(("", "_muwalk"), effects, strict=True):
        utilities.append(eta((v[f"b{name}[Intercept]"], v[f"b{name}[x]"]), u))
    noisy = np.column_stack(utilities) + rng.gumbel(size=(len(frame), 3))
    labels = np.array(["auto", "bus", "walk"])
    return frame.assign(y=labels[noisy.argmax(axis=1)])


def varying_sigma(v: Mapping[str, float], rng: np.random.Generator) -> pd.DataFrame:
    frame, eta = rows(rng)
    of_mean, of_sigma = correlated(v, ("sd[g]", "sd_sigma[g]"), rng)
    mean = eta((v["b[Intercept]"], v["b[x]"]), of_mean)
    log_sigma = eta((v["b_sigma[Intercept]"], v["b_sigma[x]"]), of_sigma)
    return frame.assign(y=mean + np.exp(log_sigma) * rng.normal(size=len(frame)))


MEAN = {"b[Intercept]": 1.0, "b[x]": 0.5, "sd[g]": 0.6}

CASES: dict[str, Case | Special] = {
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
    "cumulative": Special(
        "cumulative",
        "logit",
        "y ~ x + (1 | g)",
        {"cutpoints[1|2]": -1.0, "cutpoints[2|3]": 0.3, "cutpoints[3|4]": 1.6, "b[x]": 0.7, "sd[g]": 0.8},
        ordered,
    ),
    "categorical": Special(
        "categorical",
        "logit",
        "y ~ x + (1 | g)",
        {
            **{"b[Intercept]": 0.4, "b[x]": 0.6, "sd[g]": 0.8},
            **{"b_muwalk[Intercept]": -0.2, "b_muwalk[x]": -0.5, "sd_muwalk[g]": 0.6},
        },
        unordered,
    ),
    "gaussian, censored": Special(
        "gaussian", "identity", "y | cens(side) ~ x + (1 | g)", {**MEAN, "sigma": 1.2}, censored
    ),
    "gaussian, truncated": Special(
        "gaussian", "identity", "y | trunc(lb = 0) ~ x + (1 | g)", {**MEAN, "sigma": 1.2}, truncated
    ),
    "gaussian, known errors": Special(
        "gaussian", "identity", "y | se(s) ~ x + (1 | g)", MEAN, with_known_errors
    ),
    "gaussian, sigma ~ x + (1 | g)": Special(
        "gaussian",
        "identity",
        hb.formula("y ~ x + (1 | g)", sigma="~ x + (1 | g)"),
        {**MEAN, "b_sigma[Intercept]": 0.1, "b_sigma[x]": 0.3, "sd_sigma[g]": 0.4},
        varying_sigma,
    ),
    "gaussian, sigma ~ x + (1 |c| g)": Special(
        "gaussian",
        "identity",
        hb.formula("y ~ x + (1 |c| g)", sigma="~ x + (1 |c| g)"),
        {**MEAN, "b_sigma[Intercept]": 0.1, "b_sigma[x]": 0.3, "sd_sigma[g]": 0.4, "cor[c_g]": 0.6},
        varying_sigma,
    ),
    "categorical, (1 |c| g)": Special(
        "categorical",
        "logit",
        "y ~ x + (1 |c| g)",
        {
            **{"b[Intercept]": 0.4, "b[x]": 0.6, "sd[g]": 0.8},
            **{"b_muwalk[Intercept]": -0.2, "b_muwalk[x]": -0.5, "sd_muwalk[g]": 0.6, "cor[c_g]": -0.5},
        },
        unordered,
    ),
}
"""One case for each family, and for what changes a likelihood."""


def draws_of(fit: hb.Fit, name: str) -> np.ndarray:
    """All draws of a parameter of ``truth``: ``b[x]``, ``b_sigma[x]``, ``sd_sigma[g]``, ``phi``, ..."""
    variable, _, label = name.rstrip("]").partition("[")
    if variable.startswith("sd"):
        variable, label = f"{variable}_{label}", "Intercept"
    if variable == "cor":
        return fit.posterior[f"cor_{label}"].to_numpy()[..., 0, 1].ravel()
    draws = fit.posterior[variable]
    own = [dim for dim in draws.dims if dim not in ("chain", "draw")]
    return (draws.sel({own[0]: label}) if own else draws).to_numpy().ravel()


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
        "formula": str(case.formula),
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
        each, name = (text.replace("|", "\\|") for text in (each, name))
        row = f"| {name} | {result['link']} | {result['all']:.1%} | {each} | {result['divergences']} |"
        lines.append(row)
    keep("Calibration runs", "\n".join(lines))


def main(names: list[str]) -> None:
    """Run some cases, or those that have no result yet."""
    results = json.loads(STORE.read_text()) if STORE.exists() else {}
    for name in names or [name for name in CASES if name not in results]:
        results[name] = run(name)
        write({name: results[name] for name in CASES if name in results})
        print(name, f"{results[name]['all']:.1%}", results[name]["coverage"], flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
