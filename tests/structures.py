"""Small models that cover the structures of graph and kernels: groups, slopes, links, kinds of priors."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from hierbayes.formulas.parts import formula


def small_frame() -> pd.DataFrame:
    rng = np.random.default_rng(20)
    n = 60
    x = rng.normal(3, 2, n)
    g = rng.integers(0, 7, n)
    trials = np.arange(n) % 5 + 1
    return pd.DataFrame(
        {
            "y": 1 + 0.5 * x + rng.normal(size=n),
            "won": rng.integers(0, 2, n),
            "x": x,
            "w": rng.normal(size=n) * 0.1,
            "g": g.astype(str),
            "s": np.where(g % 3 == 1, "odd", "even"),
            "h": rng.integers(0, 4, n).astype(str),
            "n": trials,
            "won_of_n": np.random.default_rng(21).binomial(trials, 0.3),
            "ticks": np.random.default_rng(22).negative_binomial(2, 0.3, n),
            "time": np.linspace(0.5, 3, n),
            "mode": np.random.default_rng(23).choice(["bus", "car", "walk", "bike"], n),
            "k": np.arange(n) % 3 + 1.0,
            "share": np.random.default_rng(24).beta(1.2, 3, n),
            "cost": np.random.default_rng(23).gamma(2, np.exp(0.2 * x)),
            "stars": np.random.default_rng(23).choice([1, 2, 4, 5], n, p=[0.1, 0.4, 0.3, 0.2]),
            "side": np.array(["none", "right", "none", "left", "interval"])[np.arange(n) % 5],
            "end": np.where(np.arange(n) % 5 == 4, 1 + 0.5 * x + 4.0 + np.arange(n) / 10, np.nan),
        }
    )


NOT_HALF_T = {"sd": "half_normal(1)", "phi": "gamma(2, 0.1)"}
"""PyMC's half-t density is off by 2e-9, a share of 1e-10 where the log density of all rows is near zero."""

CASES = {
    "single-level": ("y ~ x + w", "gaussian", None, None),
    "intercepts": ("y ~ x + (1 | g)", "gaussian", None, None),
    "correlated": ("y ~ x + w + (1 + x + w | g)", "gaussian", None, None),
    "uncorrelated": ("y ~ x + w + (1 + x + w || g) + (0 + h || g)", "gaussian", None, None),
    "offset": ("won ~ x + offset(w * 20) + (1 | g)", "bernoulli", None, None),
    "crossed": ("y ~ x + (1 + x | g) + (1 | h)", "gaussian", None, None),
    "by-level": ("y ~ x + (1 + x | gr(g, by = s)) + (1 | h)", "gaussian", None, None),
    "nested": ("won ~ x + (1 | s/g)", "bernoulli", None, None),
    "nested-slopes": ("won ~ x + (1 + x | h) + (1 + x | h:g) + (0 + w | g)", "bernoulli", None, None),
    "no-intercept": ("y ~ 0 + x + (0 + x | g)", "gaussian", None, None),
    "only-groups": ("y ~ 0 + (1 | g)", "gaussian", None, None),
    "logit": ("won ~ x + (1 + x | g)", "bernoulli", "logit", None),
    "probit": ("won ~ x + (1 | g)", "bernoulli", "probit", None),
    "cloglog": ("won ~ x + (1 | g)", "bernoulli", "cloglog", None),
    "prior-at-zero": ("y ~ x + (1 | g)", "gaussian", None, {"b[Intercept]": "normal(0, 3)"}),
    "mixed-kinds": (
        "y ~ x + w + (1 + x | g)",
        "gaussian",
        None,
        {
            "b[x]": "student_t(4, 0, 2)",
            "b[w]": "exponential(1)",
            "sd[g][x]": "exponential(2)",
            "sigma": "half_cauchy(2)",
        },
    ),
    "bounded": (
        "y ~ x + w + (1 + x | g)",
        "gaussian",
        None,
        {
            "b[x]": "uniform(-2, 3)",
            "b[w]": "gamma(2, 1)",
            "sd[g][Intercept]": "uniform(0, 4)",
            "sd[g][x]": "half_cauchy(1)",
            "sigma": "half_normal(2)",
        },
    ),
    "flat": (
        "y ~ x + (1 | g)",
        "gaussian",
        None,
        {"b": "flat()", "Intercept": "cauchy(0, 5)", "sd": "gamma(2, 0.5)"},
    ),
    "log": ("won ~ h + (1 | g)", "bernoulli", "log", None),
    "cauchit": ("won ~ x + (1 | g)", "bernoulli", "cauchit", None),
    **{
        f"binomial-{link}": ("won_of_n | trials(n) ~ x + (1 | g)", "binomial", link, None)
        for link in ("logit", "probit", "cloglog", "log", "cauchit")
    },
    **{
        f"beta_binomial-{link}": ("won_of_n | trials(n) ~ x + (1 | g)", "beta_binomial", link, None)
        for link in ("probit", "cloglog", "log", "cauchit")
    },
    "beta_binomial": ("won_of_n | trials(n) + weights(k) ~ s + (1 | h)", "beta_binomial", None, None),
    "cbind": ("cbind(won_of_n, n - won_of_n) ~ h + (1 | s)", "binomial", None, None),
    **{
        f"poisson-{link}": ("ticks ~ x + (1 | g)", "poisson", link, None)
        for link in ("log", "identity", "sqrt")
    },
    "exposure": ("ticks ~ x + offset(log(time)) + (1 + x | g) + (1 | h)", "poisson", "log", None),
    "merged-counts": ("ticks ~ s + (1 | h)", "poisson", "log", None),
    **{
        f"negbinomial-{link}": ("ticks ~ x + (1 | g)", "negbinomial", link, None)
        for link in ("log", "identity", "sqrt")
    },
    "merged-copies": ("ticks ~ (1 | s)", "negbinomial", "log", None),
    "zero_inflated_poisson": ("ticks ~ x + offset(w) + (1 + x | g)", "zero_inflated_poisson", None, None),
    "zero_inflated_negbinomial": (
        "ticks | weights(k) ~ s + (1 | h)",
        "zero_inflated_negbinomial",
        None,
        None,
    ),
    "hurdle_poisson": ("ticks ~ x + (1 | g)", "hurdle_poisson", None, {"hu": "uniform(0.01, 0.9)"}),
    **{
        f"cumulative-{link}": ("stars ~ x + (1 | g)", "cumulative", link, None)
        for link in ("logit", "probit", "cloglog")
    },
    "cumulative-slopes": (
        "stars ~ 0 + x + w + offset(w * 9) + (1 + x | g) + (1 | h)",
        "cumulative",
        None,
        {"cutpoints[1|2]": "normal(-1, 2)", "b[w]": "student_t(4, 0, 2)"},
    ),
    "two-categories": ("won ~ (1 | g)", "cumulative", None, {"cutpoints": "flat()"}),
    "only-cutpoints": ("stars ~ 1", "cumulative", None, None),
    "weighted-gaussian": ("y | weights(k) ~ x + (1 | g)", "gaussian", None, None),
    "weighted-bernoulli": ("won | weights(k) ~ s + (1 | h)", "bernoulli", None, None),
    "weighted-binomial": ("won_of_n | trials(n) + weights(k) ~ x + (1 | g)", "binomial", None, None),
    "weighted-poisson": ("ticks | weights(k) ~ x + (1 | g)", "poisson", None, None),
    "sigma": (formula("y ~ x + (1 + x | g)", sigma="~ w + (1 + w | h)"), "gaussian", None, None),
    "sigma-shared-factor": (
        formula("y | weights(k) ~ x + (1 | g)", sigma="~ 0 + s + offset(w) + (1 | g) + (1 | h)"),
        "gaussian",
        None,
        {"b_sigma": "student_t(4, 0, 2)", "sd[sigma_g]": "exponential(2)"},
    ),
    "shared": (formula("y ~ x + (1 + x |c| g) + (1 | h)", sigma="~ w + (1 |c| g)"), "gaussian", None, None),
    "shared-zeros": (
        formula("ticks ~ x + (1 |1| g) + (0 + x |2| h)", zi="~ (1 |1| g) + (1 |2| h)"),
        "zero_inflated_poisson",
        None,
        {"cor[1_g]": "lkj(4)", "sd[zi_h]": "exponential(2)"},
    ),
    "shared-categories": ("mode ~ x + (1 |c| g)", "categorical", None, None),
    "phi": (formula("ticks ~ x + (1 | g)", phi="~ w + (1 | g)"), "negbinomial", None, None),
    "categories": ("mode ~ x + (1 + x | g)", "categorical", None, None),
    "merged-categories": (
        "mode | weights(k) ~ s + offset(w) + (1 | h)",
        "categorical",
        None,
        {"b": "normal(0, 1)", "b_muwalk[s[odd]]": "student_t(3, 0, 1)", "sd": "half_normal(1)"},
    ),
    "zi-and-phi": (
        formula("ticks ~ x + (1 | g)", zi="~ w + (1 | g)", phi="~ 1"),
        "zero_inflated_negbinomial",
        None,
        None,
    ),
    "sigma-of-student": (formula("y ~ x", sigma="~ (1 | g)"), "student", None, None),
    "phi-copies": (formula("ticks ~ (1 | s)", phi="~ s"), "negbinomial", None, None),
    "weighted-cumulative": ("stars | weights(k) ~ s + (1 | h)", "cumulative", None, None),
    "weighted-negbinomial": ("ticks | weights(k) ~ s + (1 | h)", "negbinomial", None, None),
    "student": ("y ~ x + (1 + x | g)", "student", None, None),
    "weighted-student": ("y | weights(k) ~ x + (1 | g)", "student", None, None),
    "lognormal": ("cost ~ x + offset(w) + (1 | g)", "lognormal", None, None),
    **{f"gaussian-{link}": ("cost ~ w + (1 | g)", "gaussian", link, None) for link in ("log", "inverse")},
    "gamma-log": ("cost ~ x + offset(w) + (1 + x | g)", "gamma", "log", None),
    **{f"gamma-{link}": ("cost ~ w + (1 | g)", "gamma", link, None) for link in ("inverse", "identity")},
    "weighted-gamma": ("cost | weights(k) ~ x + (1 | g)", "gamma", None, None),
    **{
        f"exponential-{link}": ("cost ~ w + (1 | g)", "exponential", link, None)
        for link in ("log", "inverse", "identity")
    },
    "weibull": ("cost ~ x + (1 | g) + (1 | h)", "weibull", None, None),
    **{
        f"beta-{link}": ("share ~ w + (1 | g)", "beta", link, NOT_HALF_T)
        for link in ("logit", "probit", "cloglog", "log", "cauchit")
    },
    "weighted-lognormal": ("cost | weights(k) ~ x + (1 | g)", "lognormal", None, None),
    "censored": ("y | cens(side, end) + weights(k) ~ x + (1 + x | g)", "gaussian", None, None),
    "truncated": ("y | trunc(lb = -4, ub = I(30 + x)) ~ x + (1 | g)", "gaussian", None, None),
    "censored-truncated": (
        "y | cens(side, end) + trunc(lb = -6) + se(time, sigma = TRUE) ~ x + (1 | h)",
        "gaussian",
        None,
        None,
    ),
    "censored-lognormal": (
        "cost | cens(side, I(cost + 1)) + trunc(ub = 1000) + weights(k) ~ x + (1 | g)",
        "lognormal",
        None,
        None,
    ),
    "known-errors": ("y | se(time) ~ x + (1 | g)", "gaussian", None, None),
}

ONE_INTERCEPT = re.compile(r"[^+]*(\+ w |\+ offset\(w\) )?\+ \(1 \| [gsh]\)")


def is_worth_a_minute(case: str, form: str) -> bool:
    """Whether a combination is tested every time, not by the slow tests alone.

    What a row contributes and how effects are sampled are separate code: cases of a likelihood, with one term
    of random intercepts, are tried in the form that fits have.
    """
    text = CASES[case][0]
    plain = isinstance(text, str) and ONE_INTERCEPT.fullmatch(text) is not None
    return form == "partial" or not plain or case in ("intercepts", "logit", "offset")
