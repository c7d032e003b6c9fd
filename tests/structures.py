"""Small models that cover the structures of graph and kernels: groups, slopes, links, kinds of priors."""

from __future__ import annotations

import numpy as np
import pandas as pd


def small_frame() -> pd.DataFrame:
    rng = np.random.default_rng(20)
    n = 60
    x = rng.normal(3, 2, n)
    g = rng.integers(0, 7, n)
    return pd.DataFrame(
        {
            "y": 1 + 0.5 * x + rng.normal(size=n),
            "won": rng.integers(0, 2, n),
            "x": x,
            "w": rng.normal(size=n) * 0.1,
            "g": g.astype(str),
            "s": np.where(g % 3 == 1, "odd", "even"),
            "h": rng.integers(0, 4, n).astype(str),
        }
    )


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
}
