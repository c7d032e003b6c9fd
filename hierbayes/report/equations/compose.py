"""A model as equations: the response, its linear predictors, the groups, and the priors."""

from __future__ import annotations

from collections.abc import Iterator

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.formulas.terms import Formula
from hierbayes.report.equations.likelihoods import ETA, first_lines, link_of
from hierbayes.report.equations.nodes import (
    Apply,
    Digits,
    Equation,
    Fenced,
    Matrix,
    Name,
    Node,
    Row,
    Script,
    Sign,
    Symbol,
    between,
    row,
    times,
)
from hierbayes.report.equations.notation import (
    BELL,
    PARAMETERS,
    C,
    I,
    J,
    Notation,
    expression_node,
    of_row,
    squared,
)
from hierbayes.report.numerals import count
from hierbayes.spec.records import GroupSpec, ModelSpec, PredictorSpec, Prior, PriorEntry

ZERO = Digits("0")
AT_MEAN = "the intercept where every column is at its mean"


def model_equations(spec: ModelSpec, design: Design) -> tuple[Equation, ...]:
    """The model as equations, from the response down to the group effects.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    design : Design
        Its data, for the levels of factors and what is known of rows.

    Returns
    -------
    tuple of Equation
        The distribution of the response, each linear predictor, and the distribution of each group's effects.
    """
    of = Notation(spec, design)
    lines = [*first_lines(of), _main(of)]
    if not of.generic:
        lines += [_further(of, predictor) for predictor in spec.predictors]
    return (*lines, *_groups(of))


def prior_equations(spec: ModelSpec, design: Design) -> tuple[Equation, ...]:
    """The priors as equations, in the letters of the model; what has the same prior shares a line."""
    of = Notation(spec, design)
    owners: dict[tuple[Node, Prior, str], list[str]] = {}
    for entry in spec.priors:
        symbol, words, category = _symbol(of, entry)
        owners.setdefault((symbol, entry.prior, words), []).append(category)
    shared: dict[tuple[Prior, str], list[Node]] = {}
    for (symbol, prior, words), categories in owners.items():
        if of.generic and 0 < len(categories) < len(spec.linear) and all(categories):
            words = "; ".join(filter(None, (words, f"of category {', '.join(categories)}")))
        shared.setdefault((prior, words), []).append(symbol)
    return tuple(
        Equation(between(",", tuple(nodes)), "∼", (prior_node(prior),), words)
        for (prior, words), nodes in shared.items()
    )


def _main(of: Notation) -> Equation:
    spec = of.spec
    pieces = _predictor(of, spec.linear[0])
    if spec.categories:
        return Equation(ETA, "=", pieces)
    if of.generic:
        return Equation(Script(Symbol("η"), Row((C, I))), "=", pieces)
    return Equation(link_of(spec.link, of.mean), "=", pieces)


def _further(of: Notation, predictor: PredictorSpec) -> Equation:
    left = link_of(predictor.link, of.parameter(predictor.name))
    return Equation(left, "=", _predictor(of, predictor))


def _predictor(of: Notation, predictor: PredictorSpec) -> tuple[Node, ...]:
    """The summands of a linear predictor: population, what is added as it is, groups."""
    columns = of.columns(predictor)

    def product(coefficient: Node, term: str) -> Node:
        if term == names.INTERCEPT:
            return coefficient
        return times(coefficient, columns.get(term, of_row(Name(term))))

    summands = [product(of.coefficient(predictor.name, term), term) for term in predictor.terms]
    summands += _offsets(of.formula(predictor))
    for group in predictor.groups:
        for term in group.terms:
            summands.append(product(of.effect(group, term, of.unit(group)), term))
    first, *others = summands or [ZERO]
    return (first, *(row(Sign("+"), other) for other in others))


def _offsets(formula: Formula) -> list[Node]:
    return [expression_node(call.arguments[0]) for call in formula.offsets]


def _groups(of: Notation) -> Iterator[Equation]:
    groups = of.spec.groups if of.generic else of.spec.sampled_groups
    for group in groups:
        if of.generic and group.shared:
            yield _over_categories(of, group)
        elif group.has_correlations:
            yield from _correlated(of, group)
        else:
            yield from _independent(of, group)


def _counted(of: Notation, group: GroupSpec) -> str:
    parts = group.parts or (group,)
    whole = all(of.design.group(part.name).own.all() for part in parts)
    if whole:
        return f"for each j of the {count(group.n_groups)} groups of {group.factor}"
    return f"for each j of the {count(group.n_groups)} groups of {parts[0].name}; 0 in rows of others"


def _independent(of: Notation, group: GroupSpec) -> Iterator[Equation]:
    for part, term in of.members(group):
        normal = Apply(Name(BELL), (ZERO, squared(of.sd(part, term))))
        yield Equation(of.effect(part, term, J), "∼", (normal,), _counted(of, group))


def _over_categories(of: Notation, group: GroupSpec) -> Equation:
    effects = Fenced(row(of.effect(group, group.terms[0], J), Sign(","), Sign("…")))
    normal = Apply(Name("MultivariateNormal"), (ZERO, of.covariance("Σ", group)))
    return Equation(effects, "∼", (normal,), f"over all categories c, {_counted(of, group)}")


def _correlated(of: Notation, group: GroupSpec) -> Iterator[Equation]:
    members = of.members(group)
    effects = Matrix(tuple((of.effect(part, term, J),) for part, term in members))
    sigma = of.covariance("Σ", group)
    yield Equation(effects, "∼", (Apply(Name("MultivariateNormal"), (ZERO, sigma)),), _counted(of, group))
    sds = [of.sd(part, term) for part, term in members]
    if len(members) == 2:
        both = times(of.covariance("ρ", group), *sds)
        matrix = Matrix(((squared(sds[0]), both), (both, squared(sds[1]))))
        yield Equation(sigma, "=", (matrix,), "ρ is their correlation")
        return
    scale, correlations = of.covariance("D", group), of.covariance("R", group)
    words = "R holds the correlations of the effects"
    yield Equation(sigma, "=", (times(scale, correlations, scale),), words)
    yield Equation(scale, "=", (Apply(Name("diag"), tuple(sds)),), "the standard deviations of the effects")


def _symbol(of: Notation, entry: PriorEntry) -> tuple[Node, str, str]:
    """The letter that a prior is about, what else is to be said, and the category that it belongs to."""
    spec, coordinates = of.spec, entry.coordinates
    for predictor in spec.linear:
        if entry.parameter == names.of(names.B, predictor.name):
            return of.coefficient(predictor.name, coordinates[0]), "", predictor.label
        if entry.parameter == names.of(names.INTERCEPT, predictor.name):
            words = AT_MEAN if len(predictor.terms) > 1 else ""
            return of.coefficient(predictor.name, names.INTERCEPT), words, predictor.label
    if entry.parameter == names.CUTPOINTS:
        return (
            Script(Symbol("c"), Name(coordinates[0])),
            "in increasing order, at the mean of the columns",
            "",
        )
    if entry.parameter == "sd":
        owner, group = next((p, g) for p in spec.linear for g in p.groups if g.name == coordinates[0])
        return of.sd(group, coordinates[1]), "", owner.label
    if entry.parameter == "cor":
        group = next(g for g in spec.sampled_groups if g.name == coordinates[0])
        is_single = len(group.terms) == 2 and not of.generic
        words = "the correlation" if is_single else "the matrix of correlations"
        return of.covariance("ρ" if is_single else "R", group), words, ""
    return PARAMETERS[entry.parameter], "", ""


PRIORS: dict[str, tuple[str, bool]] = {
    "normal": ("Normal", False),
    "student_t": ("StudentT", False),
    "cauchy": ("Cauchy", False),
    "half_normal": ("Normal", True),
    "half_student_t": ("StudentT", True),
    "half_cauchy": ("Cauchy", True),
    "exponential": ("Exponential", False),
    "gamma": ("Gamma", False),
    "uniform": ("Uniform", False),
    "beta": ("Beta", False),
    "flat": ("Flat", False),
    "lkj": ("LKJ", False),
}
"""How a prior is called, and whether it is the positive half of that distribution."""

HALVES: dict[str, int] = {"half_normal": 0, "half_student_t": 1, "half_cauchy": 0}
"""Before which parameter of a half distribution the middle, 0, stands."""


def prior_node(prior: Prior) -> Node:
    """A prior as it is written: ``Normal(0, 2.5²)``, with a plus for the positive half."""
    name, half = PRIORS[prior.distribution]
    numbers: list[Node] = [Digits(f"{value:.4g}".replace("-", "−")) for value in prior.parameters]
    if half:
        numbers.insert(HALVES[prior.distribution], ZERO)
    if name == BELL:
        numbers[-1] = squared(numbers[-1])
    function: Node = Script(Name(name), sup=Sign("+")) if half else Name(name)
    return Apply(function, tuple(numbers)) if numbers else function
