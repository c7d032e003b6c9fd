"""A model in words: what it says about the outcome, in sentences that need no formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from typing import Any

from hierbayes import names
from hierbayes.design.partial import LOW, LOWER_BOUND, STANDARD_ERROR, bounds_words, censored_words
from hierbayes.design.records import Design
from hierbayes.formulas import parse_formula
from hierbayes.formulas.terms import Call, Expression, Formula, GroupTerm, Name, Number, Operation, Rest, Term
from hierbayes.report.numerals import count
from hierbayes.spec.records import ModelSpec, PredictorSpec

LINK_SCALES: dict[str, str] = {
    "identity": "the mean",
    "logit": "the log-odds",
    "probit": "the probit of the probability",
    "cloglog": "the complementary log-log of the probability",
    "log": "the logarithm of the mean",
    "inverse": "the inverse of the mean",
    "cauchit": "the cauchit of the probability",
    "sqrt": "the square root of the mean",
}
"""What the linear predictor is, for each link; another link is called by its name."""

PREDICTORS: dict[tuple[str, str], str] = {
    ("lognormal", "identity"): "the mean of the logarithm of {response}",
    ("beta", "logit"): "the log-odds of the mean of {response}",
    **{
        ("beta", link): f"the {link} of the mean of {{response}}" for link in ("probit", "cloglog", "cauchit")
    },
}
"""What the linear predictor is where it is no link of the mean."""

SCATTER: dict[str, str] = {
    "gaussian": "Single values scatter around that mean: a normal distribution with sd sigma.",
    "bernoulli": "Each row is one yes-or-no outcome that has this probability.",
    "binomial": "Each row counts the successes among its trials, which all have this probability.",
    "beta_binomial": (
        "Each row counts the successes among its trials, whose probability is the row's own: around this one "
        "with variance mu (1 - mu) / (1 + phi)."
    ),
    "categorical": "Each row is one of the categories, drawn with these probabilities.",
    "poisson": "Single counts scatter around that mean by chance: a Poisson distribution, with variance mu.",
    "cumulative": (
        "Behind the categories stands a latent scale without bounds: each row lies somewhere around its "
        "expected place on it, and the category tells between which cutpoints."
    ),
    "negbinomial": "Single counts scatter more than by chance: around mean mu with variance mu + mu^2 / phi.",
    "student": (
        "Single values scatter around that mean with heavy tails: a t distribution with scale sigma and nu "
        "degrees of freedom, which lets outliers pull less."
    ),
    "gamma": "Single values scatter in proportion to that mean: a gamma distribution, sd mu / sqrt(shape).",
    "exponential": "Single values scatter as waiting times at a constant rate do: their sd is the mean.",
    "weibull": "Single values scatter as times until an event do: a Weibull distribution with that mean.",
    "beta": "Single shares scatter around that mean: a beta distribution, variance mu (1 - mu) / (1 + phi).",
    "lognormal": "Logarithms of single values scatter around that mean: a normal distribution with sd sigma.",
    "zero_inflated_poisson": (
        "With probability zi a row is 0 whatever that mean; else its count scatters around it by chance: a "
        "Poisson distribution. The expected response is (1 - zi) mu."
    ),
    "zero_inflated_negbinomial": (
        "With probability zi a row is 0 whatever that mean; else its count scatters around it with variance "
        "mu + mu^2 / phi. The expected response is (1 - zi) mu."
    ),
    "hurdle_poisson": (
        "With probability hu a row is 0; else its count is a Poisson one with that mean, of those that are "
        "not 0. The expected response is (1 - hu) mu / (1 - exp(-mu))."
    ),
}
"""How single values vary around what the model expects, for each family."""


PARTS: dict[str, str] = {
    "zero_inflated_poisson": "the counts that are not zeros in excess",
    "zero_inflated_negbinomial": "the counts that are not zeros in excess",
    "hurdle_poisson": "the counts above 0",
}
"""Families of which the linear predictor describes a part of the response."""

PARAMETERS: dict[tuple[str, str], str] = {
    ("gaussian", "sigma"): "how far single values scatter within groups",
    ("student", "sigma"): "how far single values scatter within groups, outliers aside",
    ("student", "nu"): "below about 4 there are outliers, above 30 the scatter is nearly normal",
    ("gamma", "shape"): "the larger, the less single values scatter: around mean mu with sd mu / sqrt(shape)",
    ("weibull", "shape"): "above 1 the hazard of the event rises with time, below 1 it falls",
    ("beta", "phi"): "the larger, the less single shares scatter: with variance mu (1 - mu) / (1 + phi)",
    ("lognormal", "sigma"): "how far the logarithms of single values scatter within groups",
    ("negbinomial", "phi"): (
        "the smaller, the more single counts scatter beyond chance (variance mu + mu^2 / phi)"
    ),
    ("beta_binomial", "phi"): (
        "the smaller, the more alike are the trials of a row: they correlate by 1 / (1 + phi)"
    ),
    ("zero_inflated_poisson", "zi"): "share of rows that are 0 besides the zeros that the counts have",
    ("zero_inflated_negbinomial", "zi"): "share of rows that are 0 besides the zeros that the counts have",
    ("zero_inflated_negbinomial", "phi"): (
        "the smaller, the more single counts scatter beyond chance (variance mu + mu^2 / phi)"
    ),
    ("hurdle_poisson", "hu"): "share of rows that are 0",
}
"""What the parameters of a family say."""


def model_words(spec: ModelSpec, design: Design) -> tuple[str, ...]:
    """The model as sentences.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    design : Design
        Its data, for the labels of the outcome and the levels of factors.

    Returns
    -------
    tuple of str
        What is modelled and on which scale, what it depends on, what differs between groups, and how single
        values scatter.
    """
    formula = parse_formula(spec.formula)
    terms = [term_words(term, design) for term in formula.population if not term.is_intercept]
    outcome = f"The model describes {_outcome(spec, design)}."
    if terms:
        depends = f"It depends on {listed(terms)}{_offset_words(formula)}."
    else:
        depends = (
            f"It depends on no explanatory variable: there is one overall average{_offset_words(formula)}."
        )
    groups = [_group_words(term, k, design) for k, term in enumerate(formula.groups)]
    further = [_parameter_words(p, design) for p in spec.predictors if p.link != "identity"]
    if not groups:
        groups = ["Rows are treated as unrelated to each other: the model knows no groups."]
    scatter = SCATTER.get(spec.family)
    if STANDARD_ERROR in design.part:
        scatter = f"Single values scatter around that mean by {errors_words(spec)}."
    told = (*([scatter] if scatter else []), *_selection_words(design))
    return (outcome, depends, *groups, *told, *further)


def _parameter_words(predictor: PredictorSpec, design: Design) -> str:
    """What a parameter with a formula of its own depends on."""
    formula = parse_formula(predictor.formula)
    terms = [term_words(term, design) for term in formula.population if not term.is_intercept]
    groups = {group.factor: group.n_groups for group in predictor.groups}
    words = [f"depends on {listed(terms)}"] if terms else []
    words += [f"differs between {group_words(factor, [factor], n)}" for factor, n in groups.items()]
    said = " and ".join(words) or "is the same in all rows"
    return f"{predictor.label} has a formula of its own: its {_SCALE_OF[predictor.link]} {said}."


_SCALE_OF = {"log": "logarithm", "logit": "log-odds"}


def errors_words(spec: ModelSpec) -> str:
    """How far single rows scatter that have known standard errors."""
    extra = ", and by the same sd sigma besides" if spec.scalars else ""
    return f"the known standard errors of the rows{extra}"


def _selection_words(design: Design) -> tuple[str, ...]:
    """What was not observed, in sentences."""
    name, words = design.response.name, []
    if LOW in design.part:
        words.append(
            f"Of some rows it is only known on which side of a limit, or in which interval, {name} lies "
            f"({censored_words(design.part)}): they count with the probability of that. All results are "
            f"about {name} itself, not about what was recorded."
        )
    if LOWER_BOUND in design.part:
        words.append(
            f"Only values of {name} {bounds_words(design.part)} could get into the data. The coefficients "
            f"are about {name} itself, as it would be without these bounds."
        )
    return tuple(words)


def _offset_words(formula: Formula) -> str:
    if not formula.offsets:
        return ""
    offsets = listed([str(call.arguments[0]) for call in formula.offsets])
    return f"; {offsets} is added as it is, without a coefficient"


def latent_words(spec: ModelSpec) -> str:
    """What the coefficients of a model are measured on: ``"the log-odds"``, ``"the latent scale"``."""
    return f"the latent scale ({spec.link})" if spec.categories else scale_words(spec.link, spec.family)


def scale_words(link: str, family: str = "") -> str:
    """What the coefficients are measured on: ``"the log-odds"``."""
    if (family, link) in PREDICTORS:
        return PREDICTORS[family, link].format(response="the response")
    return LINK_SCALES.get(link, f"the {link} of the mean")


def group_words(factor: str, parts: Sequence[str], n_groups: int) -> str:
    """The groups of a factor, counted: ``"the 65 groups of school"``."""
    if len(parts) > 1:
        return f"the {count(n_groups)} combinations of {listed(parts)}"
    return f"the {count(n_groups)} groups of {factor}"


def term_words(term: Term, design: Design) -> str:
    """A population term in words: ``"the square of age"``."""
    if len(term.factors) == 1:
        return _expression(term.factors[0], design)
    parts = [_short(factor) for factor in term.factors]
    return f"the interaction of {listed(parts)} (the effect of one depends on the other)"


def coefficient_notes(design: Design) -> dict[str, str]:
    """What each coefficient compares, where its name does not say so.

    Returns
    -------
    dict
        From term name to words: ``{"schgend[girls]": "girls rather than mixed"}``; also for the intercept and
        the cutpoints.
    """
    notes: dict[str, str] = {}
    for column, values in design.columns.items():
        labels = _labels(values)
        for written in (column, f"factor({column})"):
            keys = {names.level(written, label): label for label in labels}
            absent = [label for key, label in keys.items() if key not in design.terms]
            if len(absent) == 1:
                notes |= {
                    key: f"{label} rather than {absent[0]}"
                    for key, label in keys.items()
                    if label != absent[0]
                }
    for below, above in pairwise(design.response.categories if design.response.ordered else ()):
        key = names.level(names.CUTPOINTS, names.cutpoint(below, above))
        notes[key] = f"where the latent scale passes from {below} to {above}, every column at 0"
    if design.has_intercept:
        notes[names.INTERCEPT] = (
            "where every other column is 0" if len(design.terms) > 1 else "the overall level"
        )
    return notes


def parameter_notes(spec: ModelSpec) -> dict[tuple[str, str], str]:
    """What each standard deviation and correlation says, by group and parameter as in ``fit.summary()``."""
    notes = {("", name): words for (family, name), words in PARAMETERS.items() if family == spec.family}
    for group in spec.all_groups:
        for term in group.terms:
            about = "in their overall level" if term == names.INTERCEPT else f"in the effect of {term}"
            owner = next(p for p in spec.linear if group in p.groups)
            what = f" of {owner.label}" if owner.label else ""
            notes[group.name, f"sd({term})"] = f"how far groups lie apart {about}{what}"
        if group.has_correlations and len(group.terms) == 2 and group.terms[0] == names.INTERCEPT:
            slope = group.terms[1]
            words = f"above 0: where the overall level is high, the effect of {slope} is high too"
            notes[group.name, f"cor({', '.join(group.terms)})"] = words
    for joint in spec.joint_groups:
        for first, second in combinations(joint.terms, 2):
            words = f"above 0: groups that are high in {first} are high in {second} too"
            notes[joint.name, f"cor({first}, {second})"] = words
    return notes


def listed(items: Sequence[str]) -> str:
    """Join items as a sentence does: ``"a, b and c"``."""
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last


def _outcome(spec: ModelSpec, design: Design) -> str:
    name, labels = design.response.name, design.response.outcomes
    if design.response.unordered:
        reference, *others = design.response.categories
        return (
            f"how likely {name} is {listed(others)}, each through its log-odds against {reference}, with "
            "coefficients and group effects of its own"
        )
    scales = {
        "logit": "its log-odds",
        "probit": "its probit (a normal scale that has no bounds)",
        "cloglog": "its complementary log-log",
        "log": "its logarithm",
    }
    categories = design.response.categories
    if categories:
        return (
            f"which category of {name} a row is in ({' < '.join(categories)}): the {spec.link} of the "
            "probability to be at or below a category is its cutpoint less what the row is expected to have"
        )
    if design.trials is not None:
        return f"the probability of a success in {name}, through {scales.get(spec.link, f'its {spec.link}')}"
    if spec.family in PARTS:
        return f"{PARTS[spec.family]} of {name} through {scale_words(spec.link)}"
    if spec.family not in ("bernoulli", "binomial"):
        if (spec.family, spec.link) in PREDICTORS:
            return PREDICTORS[spec.family, spec.link].format(response=name)
        return (
            f"{scale_words(spec.link)} of {name}"
            if spec.link == "identity"
            else f"{name} through {scale_words(spec.link)}"
        )
    event = f"{name} is {labels[1]} rather than {labels[0]}" if labels else f"{name} is 1 rather than 0"
    return f"the probability that {event}, through {scales.get(spec.link, f'its {spec.link}')}"


def _group_words(term: GroupTerm, position: int, design: Design) -> str:
    n_groups = sum(len(part.cells) for part in design.recipe.groups if part.position == position)
    groups = group_words(term.factor_name, [str(part) for part in term.factor], n_groups)
    varying = [f"the effect of {_short_term(t)}" for t in term.terms if not t.is_intercept]
    if any(t.is_intercept for t in term.terms):
        varying = ["the overall level (the intercept)", *varying]
    verb = "differs" if len(varying) == 1 else "differ"
    sentence = f"{listed(varying)} {verb} between {groups}"
    sentence = sentence[0].upper() + sentence[1:]
    if len(varying) > 1:
        told = "may be correlated" if term.correlated else "are taken as independent"
        sentence = f"{sentence}, and these differences {told}"
    if term.by is not None:
        sentence += f"; how much they differ is estimated for each {_short(term.by)} by itself"
    return f"{sentence}."


def _expression(expression: Expression, design: Design) -> str:
    return _EXPRESSIONS[type(expression)](expression, design)


def _name(expression: Name, design: Design) -> str:
    values = design.columns.get(expression.name)
    labels = [] if values is None else _labels(values)
    if not labels:
        return expression.name
    absent = [label for label in labels if names.level(expression.name, label) not in design.terms]
    if len(absent) != 1:
        return expression.name
    others = [label for label in labels if label != absent[0]]
    others.sort(key=lambda label: design.terms.index(names.level(expression.name, label)))
    shown = others if len(others) <= 6 else [*others[:5], f"{len(others) - 5} more levels"]
    return f"{expression.name} ({listed(shown)}, compared with {absent[0]})"


def _call(expression: Call, design: Design) -> str:
    if expression.function == "I" and len(expression.arguments) == 1:
        return _expression(expression.arguments[0], design)
    if expression.function == "factor" and len(expression.arguments) == 1:
        return f"{expression.arguments[0]} as categories"
    return str(expression)


def _operation(expression: Operation, design: Design) -> str:
    powers = {2.0: "square", 3.0: "cube"}
    operands = expression.operands
    if expression.operator == "^" and isinstance(operands[1], Number) and operands[1].value in powers:
        return f"the {powers[operands[1].value]} of {operands[0]}"
    return str(expression)


def _number(expression: Number, design: Design) -> str:
    return str(expression)


def _rest(expression: Rest, design: Design) -> str:
    without = f" but {listed([name.name for name in expression.without])}" if expression.without else ""
    return f"all other columns of the data{without}"


_EXPRESSIONS: dict[type[Any], Callable[[Any, Design], str]] = {
    Name: _name,
    Call: _call,
    Operation: _operation,
    Number: _number,
    Rest: _rest,
}


def _short(expression: Expression) -> str:
    return expression.name if isinstance(expression, Name) else str(expression)


def _short_term(term: Term) -> str:
    return ":".join(_short(factor) for factor in term.factors)


def _labels(values: Any) -> list[str]:
    """The labels of a column of text, in order of appearance; empty for numbers."""
    if values.dtype.kind in "fiub":
        return []
    return list(dict.fromkeys(map(str, values)))
