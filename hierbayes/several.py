"""What a model with several linear predictors says of each, between formulas, design and spec."""

from __future__ import annotations

from hierbayes.design import Design
from hierbayes.errors import UnknownNameError
from hierbayes.families import Family, Link
from hierbayes.formulas import Formula
from hierbayes.formulas.parts import Formulas, parse_parameter
from hierbayes.spec import GroupSpec, ModelSpec, PredictorSpec


def parameter_formulas(formulas: Formulas, family: Family) -> dict[str, Formula]:
    """The formulas of a family's parameters.

    Raises
    ------
    UnknownNameError
        If the family has no such parameter.
    FormulaError
        If a formula cannot be read.
    """
    for name, _ in formulas.parameters:
        if name not in family.parameters:
            advice = (
                "Leave its formula out, or choose a family that has it."
                if family.parameters
                else f"{family.name} has no parameter besides its mean: leave the formula out."
            )
            raise UnknownNameError(f"parameter of the family {family.name}", name, family.parameters, advice)
    return {name: parse_parameter(name, text) for name, text in formulas.parameters}


def bare_spec(formulas: Formulas, design: Design, distribution: tuple[Family, Link]) -> ModelSpec:
    """The spec of a design, without priors."""
    family, link = distribution
    linear = []
    for predictor in design.linear:
        groups = tuple(
            GroupSpec(g.name, g.factor, g.terms, g.n_groups, g.correlated, g.shared) for g in predictor.groups
        )
        own = dict(formulas.parameters)
        text = f"{predictor.name} {own[predictor.name]}" if predictor.name in own else formulas.main
        linear.append(
            PredictorSpec(
                predictor.name,
                " ".join(text.split()),
                parameter_link(family, predictor.name) if predictor.name else link.name,
                predictor.terms,
                groups,
                predictor.label,
            )
        )
    main, further = linear[0], tuple(linear[1:])
    return ModelSpec(
        main.formula,
        family.name,
        link.name,
        main.terms,
        main.groups,
        categories=design.response.categories if design.response.ordered else (),
        predictors=further,
        label=main.label,
    )


def parameter_link(family: Family, parameter: str) -> str:
    """The link of a parameter's own linear predictor: a category's log odds are predicted as they are."""
    if parameter not in family.parameters:
        return "identity"
    return "logit" if parameter in family.shares else "log"
