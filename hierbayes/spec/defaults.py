"""Which prior each parameter has: the user's where one is stated, else a weakly informative default.

The defaults know the order of magnitude of a quantity and nothing else. They are stated in *units*. One
unit of the linear predictor, ``u = Scales.unit``, is the sd of a Gaussian response, or the sd of the
latent variable of a binary one (1.814 logit, 1 probit, 1.283 cloglog). A coefficient is an amount of the
linear predictor per amount of a column, and one sd of the column is the amount that the data show; hence
``u / sd(x)``.

=============  ============================  ============================  =================================
parameter      gaussian                      bernoulli                     reasoning
=============  ============================  ============================  =================================
``Intercept``  normal(mean(y), 2.5 u)        normal(link(0.5), u)          at the mean of the columns, hence
                                                                           near the average response; logit:
                                                                           about uniform as a probability
``b[x]``       normal(0, 2.5 u / sd(x))      normal(0, 1.5 u / sd(x))      one sd of x rarely moves the
                                                                           predictor by more than that
``sd[g][z]``   half_student_t(3, u / sd(z))  half_student_t(3, u / sd(z))  groups rarely differ by more than
                                                                           responses; its tail is heavy
``cor[g]``     lkj(2)                        lkj(2)                        keeps off -1 and 1, little else
``sigma``      half_student_t(3, u)                                        about sd(y) at most
=============  ============================  ============================  =================================

Counts (``poisson``, ``negbinomial``) take the priors of the Gaussian column around ``link(mean(y))`` less
what the offset amounts to, with 1.5 instead of 2.5 for ``b``; with the log link 1.5 for the intercept, 1 for
``b`` and 1/2 for ``sd``: a factor of e per sd of a column is a large effect, and what is wide on the log
scale explodes through ``exp``. (With 2.5, 1.5 and 1 the 95 % point of ticks per chick in ``grouseticks``, 27
in the data, is 99,000 a priori; with these 2,200.) Their unit is the sd of ``log(y + 1/2)`` for the log link,
at least 1, a factor of e; the sd of ``sqrt(y)`` for the square root, at least 1/2, what Poisson counts
scatter by themselves; and ``sd(y)`` for the identity link. ``binomial`` has the priors of ``bernoulli``.
With the log and cauchit links of a probability one half is no middle: the intercept is at ``link(mean)`` with
one unit around it, and the unit is 1 (log), or ``sqrt(1.65^2 + link(mean)^2)`` (cauchit: 1.65 is the sd of
the logistic distribution that has the Cauchy distribution's quartiles, and the mean may lie far out in its
heavy tails).

``phi`` of ``negbinomial`` is half_student_t(3, 30), whatever the data: the coefficient of variation of the
rate is ``1 / sqrt(phi)``, so that phi = 1 is a scatter as large as the mean, 10 one of a third, 30 of less
than a fifth, and far above that counts are Poisson ones. The density is flat from there to 0, which strong
overdispersion needs (gamma(2, 0.1) falls to 0 there, and leaves little to large counts with phi near 60),
and its tail gives counts without overdispersion a posterior with a mean. (Of the gamma(0.01, 0.01) that is
a default elsewhere, three quarters lie below 1e-10.)

Measurements take the priors of the Gaussian column in their own units. ``student``: around the median, the
unit 1.4826 median absolute deviations, so that outliers widen no prior; ``nu`` is gamma(2, 0.1), which leaves
1 % below 1.5 and 20 % above 30 (Juárez and Steel 2010, and brms's default). ``lognormal``: all of log(y).
``gamma``, ``exponential`` and ``weibull``, and ``gaussian`` with a log or inverse link, are around
``link(mean(y))`` with 1.5 instead of 2.5 for ``b``. Their unit is the sd of the response through the link:
for the log link ``sqrt(log(1 + sd(y)^2 / mean(y)^2))``, which is the sd of log(y) of lognormal values and
which neither values near zero nor a mean near zero make large. ``beta``: around ``link(mean(y))`` with 1.5
for both; the unit is ``sd(y) / mu'`` there, at most that of ``bernoulli``.

``shape`` of ``gamma`` and ``phi`` of ``beta`` are half_student_t(3, 100), ``shape`` of ``weibull``
half_student_t(3, 10): flat from the strongest scatter to a coefficient of variation (an sd of shares) of
about a tenth (a twentieth), with a tail for less. The gamma(0.01, 0.01) that is a default elsewhere has three
quarters of its mass below 1e-10.
``phi`` of ``beta_binomial`` has the same prior: two trials of a row correlate by ``1 / (1 + phi)``. ``zi`` of
zero-inflated counts and ``hu`` of hurdle counts are beta(1, 1), as in brms. The other priors of these three
families are those of counts, at the mean of the Poisson distribution whose positive counts have the data's
mean, and in the sd of ``log(y + 1/2)`` of the counts above 0: a share of zeros says nothing about either.

``sd(z)`` is 1 for the intercept, and ``sd(x)`` for a constant column. Coefficients have normal priors so
that Gaussian models can be integrated over them exactly.

*Models without an intercept.* There the coefficients, usually those of the indicators of a factor, carry
the level of the response too. A prior around 0 must reach ``Scales.center``, so the unit of ``b`` is the
root mean square ``sqrt(u^2 + center^2)`` instead of ``u``. (Around 0 and not around ``center``: a slope
has nothing to do with the level, and names do not say which column is an indicator.)

*Ordered categories* (``cumulative``) have the priors of ``bernoulli`` for ``b`` and ``sd``, and cutpoints in
the place of the intercept: each student_t(3, link(0.5), u), at the mean of the columns, restricted to their
order. Were it the link's own latent distribution in place of the t, the cumulative shares of an average row
would be ordered uniform numbers and its category probabilities Dirichlet(1, ..., 1): flat, whatever their
number. The t has about that middle and heavier tails, which give way to categories that are rare, or that
large differences between groups push apart.

*Parameters with formulas of their own*: ``spec.predicted``.

References
----------
Gelman, A., Jakulin, A., Pittau, M. G. and Su, Y.-S. (2008). A weakly informative default prior
distribution for logistic and other regression models. Annals of Applied Statistics 2, 1360-1383 (on
scaled columns).
Gelman, A. (2006). Prior distributions for variance parameters in hierarchical models. Bayesian Analysis
1, 515-534 (on the half-t family).
Juárez, M. A. and Steel, M. F. J. (2010). Model-based clustering of non-Gaussian panel data based on skew-t
distributions. Journal of Business and Economic Statistics 28, 52-66 (on the prior of ``nu``).
Gabry, J. and Goodrich, B. (2020). Prior distributions for rstanarm models. Vignette of the R package
rstanarm (the multiplier 2.5, and the intercept at the mean of the columns).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hierbayes import names
from hierbayes.errors import ArgumentTypeError
from hierbayes.spec.overrides import apply_overrides
from hierbayes.spec.predicted import KEEPS_OFF, predicted_entries
from hierbayes.spec.records import GroupSpec, ModelSpec, PredictorSpec, Prior, PriorEntry, Scales


@dataclass(frozen=True)
class Multipliers:
    """How many units the default priors of a family span.

    Attributes
    ----------
    intercept, coefficient : float
        Sd of the normal priors of ``Intercept`` and of ``b`` (per sd of the column).
    group_sd : float
        Scale of the half-t prior of ``sd`` (per sd of the column).
    unit, center : str
        What ``Scales.unit`` and ``Scales.center`` are, in words.
    offset : str
        What ``Scales.offset`` is, in words.
    """

    intercept: float
    coefficient: float
    group_sd: float
    unit: str
    center: str
    offset: str = "the mean of the offset"


_BASE = "the offset at the mean response"
_LATENT = Multipliers(1.0, 1.5, 1.0, "latent sd of the link", "a probability of one half")
_RATES = Multipliers(1.0, 1.5, 1.0, "unit of the link", "the mean of the response on the link scale", _BASE)
_COUNTS = "the mean of the response on the link scale"
_LOG_COUNTS = Multipliers(1.5, 1.0, 0.5, "sd of log(y + 1/2), at least 1", _COUNTS, _BASE)
_ROOT_COUNTS = Multipliers(2.5, 1.5, 1.0, "sd of sqrt(y), at least 1/2", _COUNTS, _BASE)
_PLAIN_COUNTS = Multipliers(2.5, 1.5, 1.0, "sd of the response", "the mean of the response", _BASE)
_LOG_MEANS = Multipliers(2.5, 1.5, 1.0, "sd of the response as a factor", _COUNTS, _BASE)
_INVERSE_MEANS = Multipliers(2.5, 1.5, 1.0, "sd of the response through the link", _COUNTS, _BASE)
_SHARES = Multipliers(1.5, 1.5, 1.0, "sd of the response through the link", _COUNTS, _BASE)
_BULK = "sd of the bulk of the response, 1.4826 median absolute deviations"

_POSITIVE_COUNTS = Multipliers(
    1.5,
    1.0,
    0.5,
    "sd of log(y + 1/2) of the counts above 0, at least 1",
    "the mean of the count part, as the counts above 0 have it, on the link scale",
    "the offset at that mean",
)

MULTIPLIERS: dict[tuple[str, str], Multipliers] = {
    ("gaussian", "identity"): Multipliers(2.5, 2.5, 1.0, "sd of the response", "the mean of the response"),
    **{
        (family, link): _LATENT
        for family in ("bernoulli", "binomial", "beta_binomial")
        for link in ("logit", "probit", "cloglog")
    },
    **{("cumulative", link): _LATENT for link in ("logit", "probit", "cloglog")},
    ("categorical", "logit"): _LATENT,
    **{
        (family, link): _RATES
        for family in ("bernoulli", "binomial", "beta_binomial")
        for link in ("log", "cauchit")
    },
    **{(family, "log"): _LOG_COUNTS for family in ("poisson", "negbinomial")},
    **{(family, "sqrt"): _ROOT_COUNTS for family in ("poisson", "negbinomial")},
    **{(family, "identity"): _PLAIN_COUNTS for family in ("poisson", "negbinomial")},
    ("student", "identity"): Multipliers(2.5, 2.5, 1.0, _BULK, "the median of the response"),
    ("lognormal", "identity"): Multipliers(2.5, 2.5, 1.0, "sd of log(y)", "the mean of log(y)"),
    **{(family, "log"): _LOG_MEANS for family in ("gaussian", "gamma", "exponential", "weibull")},
    **{(family, "inverse"): _INVERSE_MEANS for family in ("gaussian", "gamma", "exponential")},
    **{(family, "identity"): _PLAIN_COUNTS for family in ("gamma", "exponential")},
    **{("beta", link): _SHARES for link in ("logit", "probit", "cloglog", "log", "cauchit")},
    **{
        (family, "log"): _POSITIVE_COUNTS
        for family in ("zero_inflated_poisson", "zero_inflated_negbinomial", "hurdle_poisson")
    },
}


def _residual_sd(scales: Scales) -> tuple[Prior, str]:
    spread = scales.spread or scales.unit
    reason = f"the residual sd is at most about the sd of the response, {spread:.4g}"
    return Prior("half_student_t", (3.0, spread)), reason


def _overdispersion(scales: Scales) -> tuple[Prior, str]:
    reason = (
        "the variance of a count with mean mu is mu + mu^2 / phi: 1 is a scatter of the rate by as much "
        "as its mean, 10 by a third, 30 by less than a fifth, and far above that counts are Poisson ones"
    )
    return Prior("half_student_t", (3.0, 30.0)), reason


def _scatter_of_bulk(scales: Scales) -> tuple[Prior, str]:
    reason = f"the scale of the residuals is at most about the sd of the bulk, {scales.unit:.4g}"
    return Prior("half_student_t", (3.0, scales.unit)), reason


def _degrees_of_freedom(scales: Scales) -> tuple[Prior, str]:
    reason = "below 4 the tails are heavy, above 30 nearly those of a normal distribution; brms's default"
    return Prior("gamma", (2.0, 0.1)), reason


def _scatter_of_logarithms(scales: Scales) -> tuple[Prior, str]:
    reason = f"the residual sd of log(y) is at most about the sd of log(y), {scales.unit:.4g}"
    return Prior("half_student_t", (3.0, scales.unit)), reason


def _shape_of_gamma(scales: Scales) -> tuple[Prior, str]:
    reason = (
        "the coefficient of variation of a value is 1 / sqrt(shape): 1 is a scatter as large as the mean, "
        "100 one of a tenth; nearly flat up to there"
    )
    return Prior("half_student_t", (3.0, 100.0)), reason


def _shape_of_weibull(scales: Scales) -> tuple[Prior, str]:
    reason = (
        "1 is a constant hazard, less one that falls, more one that rises; the coefficient of variation of a "
        "value is about 1.2 / shape, a tenth at 12; nearly flat up to there"
    )
    return Prior("half_student_t", (3.0, 10.0)), reason


def _precision(scales: Scales) -> tuple[Prior, str]:
    reason = (
        "the sd of a share around one half is 0.5 / sqrt(1 + phi): 0.29 at 2, where all shares are alike, "
        "0.05 at 100; nearly flat up to there"
    )
    return Prior("half_student_t", (3.0, 100.0)), reason


def _correlation_of_trials(scales: Scales) -> tuple[Prior, str]:
    reason = (
        "two trials of a row correlate by 1 / (1 + phi): 1 is half, 10 a tenth, 30 little, and far above "
        "that trials are independent ones"
    )
    return Prior("half_student_t", (3.0, 30.0)), reason


def _excess_zeros(scales: Scales) -> tuple[Prior, str]:
    return Prior("beta", (1.0, 1.0)), "any share of zeros in excess of the counts' own"


def _all_zeros(scales: Scales) -> tuple[Prior, str]:
    return Prior("beta", (1.0, 1.0)), "any share of zeros"


FAMILY_PARAMETERS: dict[tuple[str, str], Callable[[Scales], tuple[Prior, str]]] = {
    ("gaussian", "sigma"): _residual_sd,
    ("beta_binomial", "phi"): _correlation_of_trials,
    ("negbinomial", "phi"): _overdispersion,
    ("student", "sigma"): _scatter_of_bulk,
    ("student", "nu"): _degrees_of_freedom,
    ("lognormal", "sigma"): _scatter_of_logarithms,
    ("gamma", "shape"): _shape_of_gamma,
    ("weibull", "shape"): _shape_of_weibull,
    ("beta", "phi"): _precision,
    ("zero_inflated_poisson", "zi"): _excess_zeros,
    ("zero_inflated_negbinomial", "phi"): _overdispersion,
    ("zero_inflated_negbinomial", "zi"): _excess_zeros,
    ("hurdle_poisson", "hu"): _all_zeros,
}
"""The default prior of each parameter of a family."""


def fill_priors(
    spec: ModelSpec,
    scales: Scales,
    user: Mapping[str, object] | None = None,
    family_parameters: tuple[str, ...] = ("sigma",),
) -> ModelSpec:
    """Give every parameter of a model its prior.

    Parameters
    ----------
    spec : ModelSpec
        Terms, groups and family; its priors are ignored.
    scales : Scales
        Orders of magnitude of the data, on the scale of the user's columns.
    user : mapping of str to prior, or None
        Keys are ``"Intercept"``, ``"b"``, ``"b[age]"``, ``"b[Intercept]"``, ``"sd"``, ``"sd[school]"``,
        ``"sd[school][age]"``, ``"cor"``, ``"cor[school]"``, ``"cutpoints"``, ``"cutpoints[low|medium]"``
        and the family's parameters; the most specific one wins, in whatever order they come. ``"sd[school]"``
        also speaks for a second term on the factor ``school``. Values are whatever ``parse_prior`` reads, on
        the scale of the user's columns.
    family_parameters : tuple of str
        The family's own parameters.

    Returns
    -------
    ModelSpec
        The same model with one ``PriorEntry`` for each scalar and each correlation matrix.

    Raises
    ------
    PriorError
        If a key names nothing in this model, a prior cannot be read, or it cannot belong to its parameter.
    ArgumentTypeError
        If ``user`` is not a mapping.

    Examples
    --------
    >>> spec = ModelSpec("y ~ x", "gaussian", "identity", ("Intercept", "x"), ())
    >>> filled = fill_priors(spec, Scales(10.0, 2.0, {"x": 4.0}), {"sigma": "exponential(1)"})
    >>> print(filled.prior("Intercept"), filled.prior("b", "x"), filled.prior("sigma"))
    normal(10, 5) normal(0, 1.25) exponential(1)
    """
    if user is not None and not isinstance(user, Mapping):
        raise ArgumentTypeError(
            f"Priors cannot be read from {user!r} of type {type(user).__name__!r}. Allowed: a dictionary "
            "from prior keys to priors. Write for example {'b': 'normal(0, 2.5)', 'sd': 'half_normal(1)'}."
        )
    defaults = default_entries(spec, scales, family_parameters)
    return replace(spec, priors=apply_overrides(defaults, spec, user or {}))


def default_entries(
    spec: ModelSpec, scales: Scales, family_parameters: tuple[str, ...]
) -> tuple[PriorEntry, ...]:
    """The default prior of every parameter of a model, in the order in which they are shown."""
    entries = [_cutpoint(spec, scales, label) for label in spec.cutpoints]
    entries += _predictor_entries(spec, spec.linear[0], scales)
    predicted = {predictor.name for predictor in spec.predictors}
    for name in family_parameters:
        if name not in predicted:
            prior, reason = FAMILY_PARAMETERS[spec.family, name](scales)
            entries.append(PriorEntry(name, (), prior, reason=reason))
    for predictor in spec.predictors:
        if predictor.name in family_parameters:
            constant, _ = FAMILY_PARAMETERS[spec.family, predictor.name](scales)
            entries += predicted_entries(predictor, scales, constant)
        else:
            entries += _predictor_entries(spec, predictor, scales)
    for group in spec.sampled_groups:
        if group.parts:
            entries.append(PriorEntry("cor", (group.name,), Prior("lkj", (2.0,)), reason=KEEPS_OFF))
    return tuple(entries)


def _predictor_entries(spec: ModelSpec, predictor: PredictorSpec, scales: Scales) -> list[PriorEntry]:
    """Priors of the main linear predictor, or of one on the same scale."""
    entries = [_coefficient(spec, scales, (predictor, term)) for term in predictor.terms]
    for group in predictor.groups:
        entries += [_group_sd(spec, scales, (group, term)) for term in group.terms]
        if group.has_correlations:
            entries.append(PriorEntry("cor", (group.name,), Prior("lkj", (2.0,)), reason=KEEPS_OFF))
    return entries


def _coefficient(spec: ModelSpec, scales: Scales, where: tuple[PredictorSpec, str]) -> PriorEntry:
    predictor, term = where
    rule = MULTIPLIERS[spec.family, spec.link]
    if term == names.INTERCEPT:
        prior = Prior("normal", (scales.center, rule.intercept * scales.unit))
        less = f" less {rule.offset} ({scales.offset:.4g})" if scales.offset else ""
        reason = f"{rule.center}{less}, give or take {_times(rule.intercept, rule.unit)}"
        parameter = names.of(names.INTERCEPT, predictor.name)
        return PriorEntry(parameter, (), prior, reason=f"{reason} ({scales.unit:.4g})")
    unit, what = scales.unit, rule.unit
    if names.INTERCEPT not in predictor.terms and not spec.categories:
        unit = math.hypot(scales.unit, scales.center)
        what = "the root mean square of the linear predictor, as there is no intercept"
    spread = scales.columns[term]
    prior = Prior("normal", (0.0, rule.coefficient * unit / spread))
    reason = f"{_times(rule.coefficient, what)} ({unit:.4g}) per sd of the column ({spread:.4g})"
    return PriorEntry(names.of(names.B, predictor.name), (term,), prior, reason=reason)


def _cutpoint(spec: ModelSpec, scales: Scales, label: str) -> PriorEntry:
    """The offset is on the other side of the equation, while ``Scales.center`` leaves it out."""
    rule = MULTIPLIERS[spec.family, spec.link]
    center = scales.center + 2 * scales.offset
    prior = Prior("student_t", (3.0, center, rule.intercept * scales.unit))
    more = f" and {rule.offset} ({scales.offset:.4g})" if scales.offset else ""
    reason = (
        f"{rule.center}{more}, give or take {_times(rule.intercept, rule.unit)} ({scales.unit:.4g}): at the "
        "mean of the columns the probabilities of the categories are about uniformly distributed"
    )
    return PriorEntry(names.CUTPOINTS, (label,), prior, reason=reason)


def _group_sd(spec: ModelSpec, scales: Scales, where: tuple[GroupSpec, str]) -> PriorEntry:
    group, term = where
    rule = MULTIPLIERS[spec.family, spec.link]
    spread = 1.0 if term == names.INTERCEPT else scales.columns[term]
    prior = Prior("half_student_t", (3.0, rule.group_sd * scales.unit / spread))
    reason = f"groups differ by about {_times(rule.group_sd, rule.unit)} ({scales.unit:.4g}) at most"
    if term != names.INTERCEPT:
        reason += f", per sd of the column ({spread:.4g})"
    return PriorEntry("sd", (group.name, term), prior, reason=reason)


def _times(multiplier: float, what: str) -> str:
    article = "" if what.startswith("the ") else "the "
    return f"{article}{what}" if multiplier == 1 else f"{multiplier:g} times {article}{what}"
