"""The results of a fit as the paragraphs of a results section."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hierbayes import names
from hierbayes.estimates.checks.convergence import check
from hierbayes.estimates.predictions.standardized import standardized
from hierbayes.estimates.predictors import predictor_label
from hierbayes.estimates.summaries import fixef, summary
from hierbayes.estimates.summarize import PROB
from hierbayes.estimates.variance.vpc import vpc, vpc_refusal
from hierbayes.fitted.record import Fit
from hierbayes.report.numerals import count, interval, number, percent, places_for
from hierbayes.report.tables import records
from hierbayes.report.words import coefficient_notes, latent_words, listed

WIDTH = 100
FAMILIES = {
    "gaussian": "linear",
    "student": "robust linear (t-distributed residuals)",
    "lognormal": "lognormal",
    "bernoulli": "logistic",
    "binomial": "binomial",
    "beta_binomial": "beta-binomial",
    "poisson": "Poisson",
    "negbinomial": "negative binomial",
    "zero_inflated_poisson": "zero-inflated Poisson",
    "zero_inflated_negbinomial": "zero-inflated negative binomial",
    "hurdle_poisson": "hurdle Poisson",
    "cumulative": "cumulative (ordinal)",
    "categorical": "multinomial",
}
"""What a model of the family is called in a sentence; another is called by the family's name."""

LINKED = {"bernoulli": "binary ({link} link)"}
"""The same where the link is not the family's usual one."""


@dataclass(frozen=True, repr=False)
class Description:
    """Paragraphs about a fit.

    Attributes
    ----------
    paragraphs : tuple of (str, str)
        A heading and a text each: model and sample, effects, differences between groups, sampling.
    """

    paragraphs: tuple[tuple[str, str], ...]

    @property
    def markdown(self) -> str:
        """The paragraphs as Markdown, a bold heading before each."""
        return "\n\n".join(f"**{heading}.** {text}" for heading, text in self.paragraphs)

    def __str__(self) -> str:
        kept = [f"{heading}. {text}" for heading, text in self.paragraphs]
        return "\n\n".join(textwrap.fill(names.legible(text), WIDTH) for text in kept)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return self.markdown


def describe(fit: Fit, prob: float = PROB) -> Description:
    """Write the results as paragraphs, in the manner of a results section.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    prob : float
        Mass of the equal-tailed intervals.

    Returns
    -------
    Description
        Print it for text; ``describe(...).markdown`` is Markdown. Model and sample; each population effect
        with its interval, its probability of direction and its standardized value; variances and VPC with
        their definition; sampling and convergence.

    References
    ----------
    Makowski, D., Ben-Shachar, M. S., Chen, S. H. A. and Lüdecke, D. (2019). Indices of effect existence and
    significance in the Bayesian framework. Frontiers in Psychology 10, 2767 (probability of direction).

    Examples
    --------
    >>> print(fit.describe())
    """
    parts = [
        ("Model", _model(fit)),
        ("Effects", _effects(fit, prob)),
        ("Differences between groups", _groups(fit, prob)),
        ("Sampling", _sampling(fit)),
    ]
    return Description(tuple((heading, text) for heading, text in parts if text))


def _model(fit: Fit) -> str:
    spec, design = fit.spec, fit.design
    kind = FAMILIES.get(spec.family, spec.family)
    if spec.family in LINKED and spec.link != "logit":
        kind = LINKED[spec.family].format(link=spec.link)
    factors = list(dict.fromkeys((g.factor, g.n_groups) for g in design.all_groups))
    groups = listed([f"{count(n)} groups of {factor}" for factor, n in factors]) if factors else ""
    level = "multilevel " if factors else ""
    sample = f"{count(design.n)} rows" + (f" in {groups}" if groups else "")
    formulas = listed([f"`{p.formula}`" for p in spec.linear if p.formula])
    stated = [entry.key for entry in spec.priors if entry.source != "default"]
    priors = (
        f"priors were stated for {listed(stated)}; the others are weakly informative defaults"
        if stated
        else "all priors are weakly informative defaults"
    )
    outcome = design.response.outcomes
    modelled = f", modelling the probability that {design.response.name} is {outcome[1]}" if outcome else ""
    dropped = next((text for text in design.messages if "dropped" in text), "")
    return f"A Bayesian {level}{kind} model, {formulas}, was fitted to {sample}{modelled}; {priors}." + (
        f" {dropped[:1].upper()}{dropped[1:]}." if dropped else ""
    )


def _effects(fit: Fit, prob: float) -> str:
    frame, scores = fixef(fit, prob), standardized(fit, prob)
    draws = fixef(fit, prob, draws=True)
    if not len(frame):
        return ""
    by_term = {
        (row.get("predictor", ""), row["term"]): float(row["mean"]) for row in scores.to_dict("records")
    }
    notes = coefficient_notes(fit.design)
    sentences = []
    for row in records(frame):
        predictor, term = str(row.get("predictor", "")), str(row["term"])
        values = _draws_of(fit, draws, predictor, term)
        about = f" ({notes[term]})" if term in notes and term != names.INTERCEPT else ""
        of = f" on {predictor}" if predictor else ""
        score = by_term.get((row.get("predictor", ""), term))
        said = _estimate(row) + f", {_direction(values)}"
        if score is not None and term != names.INTERCEPT:
            said += f", standardized {number(score, 2)}"
        what = "The intercept" if term == names.INTERCEPT else f"The effect of {term}{about}"
        if term.startswith(f"{names.CUTPOINTS}["):
            what = f"The cutpoint {term.removeprefix(names.CUTPOINTS)}{about}"
        sentences.append(f"{what}{of} is {said}.")
    scale = latent_words(fit.spec)
    where = scale if "scale" in scale else f"the scale of {scale}"
    return f"Posterior means on {where}, with {100 * prob:g} % intervals. " + " ".join(sentences)


def _draws_of(fit: Fit, draws: Any, predictor: str, term: str) -> Any:
    if not predictor:
        return draws.sel({names.TERM: term}).to_numpy()
    (name,) = [p.name for p in fit.spec.linear if predictor_label(fit, p.name) == predictor]
    return draws[names.of(names.B, name)].sel({names.TERM: term}).to_numpy()


def _estimate(row: dict[str, Any]) -> str:
    places = places_for(float(row["sd"]))
    ends = interval(float(row["lower"]), float(row["upper"]), places)
    return f"{number(float(row['mean']), places)} ({ends})"


def _direction(values: Any) -> str:
    above = float((np.asarray(values) > 0).mean())
    side, share = ("positive", above) if above >= 0.5 else ("negative", 1 - above)
    return f"{side} with probability {_probability(share, np.size(values))}"


def _probability(share: float, n: int) -> str:
    """A probability that is not more certain than the draws can tell."""
    if share >= 1 - 1 / n:
        return f"above {1 - 10 ** -np.floor(np.log10(n)):.4g}"
    if share >= 0.9995:  # which percent() would round to 100 %
        return "above 0.999"
    return percent(share)


def _groups(fit: Fit, prob: float) -> str:
    if not fit.spec.all_groups:
        return ""
    frame = summary(fit, prob)
    rows = records(frame[frame["section"] == "group"])
    sds = [f"{_spread_words(row)} is {_estimate(row)}" for row in rows]
    text = f"On the same scale, {listed(sds)}."
    refusal = vpc_refusal(fit) if fit.spec.groups else None
    if refusal or not fit.spec.groups:
        return text
    shares = vpc(fit, prob=prob)
    parts = [
        f"{percent(row['mean'])} ({percent(row['lower'])} to {percent(row['upper'])}) lies between groups of "
        f"{row['group']}"
        for row in records(shares)
    ]
    definition = str(shares.attrs.get("definition", ""))
    method = listed(list(dict.fromkeys(str(m) for m in shares["method"])))
    return f"{text} Of the variance ({method} definition), {listed(parts)}. Definition: {definition}."


def _spread_words(row: dict[str, Any]) -> str:
    """A standard deviation or correlation of ``summary`` in words."""
    kind, _, inside = str(row["parameter"]).rstrip(")").partition("(")
    if kind == "cor":
        return f"the correlation of {inside.replace(', ', ' and ')} over groups of {row['group']}"
    what = "intercept" if inside == names.INTERCEPT else f"effect of {inside}"
    return f"the standard deviation of the {what} between groups of {row['group']}"


def _sampling(fit: Fit) -> str:
    settings, verdict = fit.settings, check(fit)
    how = (
        f"{settings['chains']} chains of {settings['draws']} draws after {settings['tune']} of warm-up "
        f"(NUTS, {settings['sampler']}, seed {settings['seed']})"
    )
    largest = verdict.table["r_hat"].max()
    told = f"; the largest R-hat is {largest:.3f}" if pd.notna(largest) else ""
    return f"{how}{told}; {_lower(verdict.headline)}"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
