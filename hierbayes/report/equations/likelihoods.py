"""How the response of a row scatters, for each family: the first lines of a model."""

from __future__ import annotations

from collections.abc import Callable

from hierbayes.design.partial import LOW, LOWER_BOUND, STANDARD_ERROR, bounds_words, censored_words
from hierbayes.report.equations.nodes import (
    Apply,
    Digits,
    Equation,
    Fenced,
    Fraction,
    Name,
    Node,
    Root,
    Row,
    Script,
    Sign,
    Symbol,
    times,
)
from hierbayes.report.equations.notation import C, I, K, Notation, of_row, squared

ONE = Digits("1")
TRIALS = of_row(Symbol("n"))
ETA = of_row(Symbol("η"))

LINKS: dict[str, Callable[[Node], Node]] = {
    "identity": lambda mean: mean,
    "inverse": lambda mean: Fraction(ONE, mean),
    "sqrt": Root,
    **{
        name: (lambda mean, name=name: Apply(Name(name), (mean,)))  # type: ignore[misc]
        for name in ("log", "logit", "probit", "cloglog", "cauchit")
    },
}
"""How a link is written."""


def first_lines(of: Notation) -> tuple[Equation, ...]:
    """The distribution of the response of a row, with what was known of it only in part."""
    main, *more = LIKELIHOODS[of.spec.family](of)
    words = "; ".join(filter(None, (main.words, *_remarks(of))))
    return (Equation(main.left, main.relation, main.right, words), *more)


def link_of(link: str, mean: Node) -> Node:
    """A mean through its link; one that has no form of its own as a function of that name."""
    return LINKS[link](mean)


def _remarks(of: Notation) -> list[str]:
    part, found = of.design.part, []
    if STANDARD_ERROR in part:
        found.append("the standard error of a row is known")
    if LOW in part:
        found.append(f"of some rows only the side of a limit is known ({censored_words(part)})")
    if LOWER_BOUND in part:
        found.append(f"only values {bounds_words(part)} can be observed")
    if of.design.weights is not None:
        if of.spec.family == "gaussian":
            found.append("the weight of a row divides its variance")
        else:
            found.append("a row counts as often as its weight says")
    return found


def _drawn(of: Notation, name: str, *arguments: Node, words: str = "") -> tuple[Equation, ...]:
    return (Equation(of.response, "∼", (Apply(Name(name), arguments),), words),)


def _variance(of: Notation) -> Node:
    known = squared(of_row(Name("se")))
    if STANDARD_ERROR in of.design.part:
        return Row((known, Sign("+"), squared(Symbol("σ")))) if of.spec.scalars else known
    variance = squared(of.parameter("sigma"))
    return Fraction(variance, of_row(Name("weight"))) if of.design.weights is not None else variance


def _gaussian(of: Notation) -> tuple[Equation, ...]:
    return _drawn(of, "Normal", of.mean, _variance(of))


def _student(of: Notation) -> tuple[Equation, ...]:
    words = "degrees of freedom, middle and scale"
    return _drawn(of, "StudentT", of.parameter("nu"), of.mean, of.parameter("sigma"), words=words)


def _lognormal(of: Notation) -> tuple[Equation, ...]:
    left = Apply(Name("log"), (of.response,))
    normal = Apply(Name("Normal"), (of.mean, squared(of.parameter("sigma"))))
    return (Equation(left, "∼", (normal,)),)


def _gamma(of: Notation) -> tuple[Equation, ...]:
    shape = of.parameter("shape")
    return _drawn(of, "Gamma", shape, Fraction(shape, of.mean), words="shape and rate, so that the mean is μ")


def _exponential(of: Notation) -> tuple[Equation, ...]:
    return _drawn(of, "Exponential", Fraction(ONE, of.mean), words="rate, so that the mean is μ")


def _weibull(of: Notation) -> tuple[Equation, ...]:
    shape = of.parameter("shape")
    factorial = Apply(Symbol("Γ"), (Row((ONE, Sign("+"), Fraction(ONE, shape))),))
    words = "shape and scale, so that the mean is μ"
    return _drawn(of, "Weibull", shape, Fraction(of.mean, factorial), words=words)


def _shapes(of: Notation) -> tuple[Node, Node]:
    """The two shapes of a beta distribution with the model's mean."""
    phi = of.parameter("phi")
    rest = Fenced(Row((ONE, Sign("−"), of.mean)))
    return times(of.mean, phi), times(rest, phi)


def _beta(of: Notation) -> tuple[Equation, ...]:
    return _drawn(of, "Beta", *_shapes(of), words="mean μ, and the closer to it the larger φ is")


def _event(of: Notation) -> str:
    labels = of.design.response.outcomes
    return f"π is the probability that {of.design.response.name} is {labels[1] if labels else 1}"


def _bernoulli(of: Notation) -> tuple[Equation, ...]:
    return _drawn(of, "Bernoulli", of.mean, words=_event(of))


def _binomial(of: Notation) -> tuple[Equation, ...]:
    return _drawn(of, "Binomial", TRIALS, of.mean, words=_trials(of))


def _beta_binomial(of: Notation) -> tuple[Equation, ...]:
    return _drawn(of, "BetaBinomial", TRIALS, *_shapes(of), words=_trials(of))


def _trials(of: Notation) -> str:
    if of.design.trials is None:
        return _event(of)
    return "n is the number of trials, π the probability of a success"


def _poisson(of: Notation) -> tuple[Equation, ...]:
    return _drawn(of, "Poisson", of.mean)


def _negbinomial(of: Notation) -> tuple[Equation, ...]:
    return _drawn(of, "NegBinomial", of.mean, of.parameter("phi"), words="variance μ + μ² / φ")


def _mixed(of: Notation, share: str, counts: Node, words: str) -> tuple[Equation, ...]:
    """Zeros with a probability of their own, and counts."""
    zeros = of.parameter(share)
    rest = Fenced(Row((ONE, Sign("−"), zeros)))
    pieces = (Row((zeros, Sign("⋅"), Name("Zero"))), Row((Sign("+"), rest, Sign("⋅"), counts)))
    return (Equation(of.response, "∼", pieces, words),)


def _zero_inflated_poisson(of: Notation) -> tuple[Equation, ...]:
    counts = Apply(Name("Poisson"), (of.mean,))
    return _mixed(of, "zi", counts, "zi is the probability of a zero besides those of the counts")


def _zero_inflated_negbinomial(of: Notation) -> tuple[Equation, ...]:
    counts = Apply(Name("NegBinomial"), (of.mean, of.parameter("phi")))
    return _mixed(of, "zi", counts, "zi is the probability of a zero besides those of the counts")


def _hurdle_poisson(of: Notation) -> tuple[Equation, ...]:
    counts = Script(Name("Poisson"), sup=Sign("+"))
    words = "hu is the probability of a zero; Poisson⁺ is a Poisson distribution without its zeros"
    return _mixed(of, "hu", Apply(counts, (of.mean,)), words)


def _cumulative(of: Notation) -> tuple[Equation, ...]:
    below = Apply(Symbol("P"), (Row((of.response, Sign("≤"), K)),))
    difference = (Script(Symbol("c"), K), Row((Sign("−"), ETA)))
    words = f"for each cutpoint k between categories of {' < '.join(of.spec.categories)}"
    return (Equation(link_of(of.spec.link, below), "=", difference, words),)


def _categorical(of: Notation) -> tuple[Equation, ...]:
    reference, *others = of.design.response.categories
    odds = Apply(Symbol("P"), (Row((of.response, Sign("="), C)),))
    against = Apply(Symbol("P"), (Row((of.response, Sign("="), Name(reference))),))
    left = Apply(Name("log"), (Fraction(odds, against),))
    eta = Script(Symbol("η"), Row((C, I)))
    return (Equation(left, "=", (eta,), f"for each category c of {', '.join(others)}"),)


LIKELIHOODS: dict[str, Callable[[Notation], tuple[Equation, ...]]] = {
    "gaussian": _gaussian,
    "student": _student,
    "lognormal": _lognormal,
    "gamma": _gamma,
    "exponential": _exponential,
    "weibull": _weibull,
    "beta": _beta,
    "bernoulli": _bernoulli,
    "binomial": _binomial,
    "beta_binomial": _beta_binomial,
    "poisson": _poisson,
    "negbinomial": _negbinomial,
    "zero_inflated_poisson": _zero_inflated_poisson,
    "zero_inflated_negbinomial": _zero_inflated_negbinomial,
    "hurdle_poisson": _hurdle_poisson,
    "cumulative": _cumulative,
    "categorical": _categorical,
}
"""Each family's lines."""
