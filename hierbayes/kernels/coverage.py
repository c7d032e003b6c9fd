"""Which models the kernels over rows cover; nothing is compiled to find out."""

from __future__ import annotations

from collections.abc import Collection

from hierbayes.spec.records import ModelSpec

LARGEST_REMAINDER = 250
"""Dimension up to which what is left after the largest grouping factor is factored densely in every step."""

LIKELIHOODS = (
    ("gaussian", "identity"),
    ("bernoulli", "logit"),
    ("bernoulli", "probit"),
    ("bernoulli", "cloglog"),
    ("bernoulli", "log"),
    ("bernoulli", "cauchit"),
    ("binomial", "logit"),
    ("binomial", "probit"),
    ("binomial", "cloglog"),
    ("binomial", "log"),
    ("binomial", "cauchit"),
    ("beta_binomial", "logit"),
    ("beta_binomial", "probit"),
    ("beta_binomial", "cloglog"),
    ("beta_binomial", "log"),
    ("beta_binomial", "cauchit"),
    ("poisson", "log"),
    ("poisson", "identity"),
    ("poisson", "sqrt"),
    ("negbinomial", "log"),
    ("negbinomial", "identity"),
    ("negbinomial", "sqrt"),
    ("student", "identity"),
    ("lognormal", "identity"),
    ("gaussian", "log"),
    ("gaussian", "inverse"),
    *(("gamma", link) for link in ("log", "inverse", "identity")),
    *(("exponential", link) for link in ("log", "inverse", "identity")),
    ("weibull", "log"),
    *(("beta", link) for link in ("logit", "probit", "cloglog", "log", "cauchit")),
    ("zero_inflated_poisson", "log"),
    ("zero_inflated_negbinomial", "log"),
    ("hurdle_poisson", "log"),
    *(("cumulative", link) for link in ("logit", "probit", "cloglog")),
)
"""Families and links that have a kernel."""

WITHOUT_PARAMETERS = ("bernoulli", "binomial", "cumulative", "poisson", "exponential")

SEVERAL = (
    *(pair for pair in LIKELIHOODS if pair[0] not in WITHOUT_PARAMETERS),
    ("categorical", "logit"),
)
"""Those that have one for several linear predictors."""

PART_LIKELIHOODS = (("gaussian", "identity"), ("lognormal", "identity"))
"""Those that have one for rows that are known in part: censored, truncated, or with known standard errors."""

LINKS = ("identity", "logit", "probit", "cloglog", "log", "cauchit", "sqrt", "inverse")
"""Links by their number, for families whose links share a function."""

PRIORS = (
    "flat",
    "normal",
    "student_t",
    "cauchy",
    "half_normal",
    "half_student_t",
    "half_cauchy",
    "exponential",
    "gamma",
    "uniform",
    "beta",
)
"""Priors that kernels know, besides ``lkj``; their positions are what kernels call them."""


def rows_refusal(spec: ModelSpec, part: Collection[str] = ()) -> str | None:
    """Why no kernel over rows covers a model, in words; None where one does.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    part : collection of str
        What is known in part: the names in ``Design.part``.
    """
    if (spec.family, spec.link) not in (SEVERAL if spec.predictors else LIKELIHOODS):
        several = " with several linear predictors" if (spec.family, spec.link) in LIKELIHOODS else ""
        return f"there is no kernel for {spec.family} with the {spec.link} link{several}"
    if part and spec.predictors:
        return "there is no kernel for several linear predictors of responses that are known in part"
    if part and (spec.family, spec.link) not in PART_LIKELIHOODS:
        return f"there is no kernel for {spec.family} responses that are known in part"
    unknown = [e.prior.distribution for e in spec.priors if e.prior.distribution not in (*PRIORS, "lkj")]
    return f"there is no kernel for the prior {unknown[0]}" if unknown else None


def collapsed_refusal(spec: ModelSpec, part: Collection[str] = ()) -> str | None:
    """Why a model cannot be collapsed, or should not be, in words; None where it can.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    part : collection of str
        What is known in part: the names in ``Design.part``.
    """
    if (spec.family, spec.link) != ("gaussian", "identity"):
        return "only Gaussian responses with the identity link can be integrated out exactly"
    if spec.predictors:
        named = ", ".join(predictor.label for predictor in spec.predictors)
        return (
            f"{named} has a formula of its own, and once the residual variance differs between rows, nothing "
            "but the rows themselves is sufficient"
        )
    for name, reason in _IN_PART.items():
        if name in part:
            return reason
    if "se" in part and spec.scalars:
        return (
            "a residual sd beside known standard errors makes variances whose ratios depend on it, so that "
            "no sufficient statistics serve"
        )
    if "se" in part and not spec.groups:
        return "with known standard errors and no groups, no variance is left to sample"
    for entry in spec.priors:
        if entry.parameter in ("Intercept", "b") and entry.prior.distribution not in ("normal", "flat"):
            return f"the prior {entry.prior} of a coefficient is neither normal nor flat"
    size = remainder(spec)
    if size > LARGEST_REMAINDER:
        return (
            f"besides the largest grouping factor there are {size:,} effects and coefficients, more than the "
            f"{LARGEST_REMAINDER} that are worth factoring densely in every step"
        )
    return rows_refusal(spec)


_IN_PART = {
    "low": "effects cannot be integrated over the probability of a censored response, which is not Gaussian",
    "lb": "effects cannot be integrated over what truncated responses are divided by, which is not Gaussian",
}


def remainder(spec: ModelSpec) -> int:
    """Number of effects and coefficients besides those of the factor with most groups."""
    effects: dict[tuple[str, int], int] = {}
    for group in spec.groups:
        factor = group.factor, group.n_groups
        effects[factor] = effects.get(factor, 0) + group.n_groups * len(group.terms)
    largest = max(effects, key=lambda factor: factor[1], default=None)
    return len(spec.terms) + sum(count for factor, count in effects.items() if factor != largest)
