"""The equal model of bambi, where bambi has one: formula, data, family, link and priors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hierbayes.design.records import Design
from hierbayes.formulas.functions import ELEMENTWISE
from hierbayes.spec.records import ModelSpec
from hierbayes.to_bambi.formula import TRIALS, WEIGHTS, no_equivalent, translate
from hierbayes.to_bambi.priors import priors

if TYPE_CHECKING:
    import bambi

    from hierbayes.model import Model

FAMILIES: dict[str, tuple[str, Mapping[str, str]]] = {
    "gaussian": ("gaussian", {"sigma": "sigma"}),
    "student": ("t", {"sigma": "sigma", "nu": "nu"}),
    "lognormal": ("lognormal", {"sigma": "sigma"}),
    "gamma": ("gamma", {"shape": "alpha"}),
    "exponential": ("exponential", {}),
    "weibull": ("weibull", {"shape": "alpha"}),
    "beta": ("beta", {"phi": "kappa"}),
    "bernoulli": ("bernoulli", {}),
    "binomial": ("binomial", {}),
    "beta_binomial": ("beta_binomial", {"phi": "kappa"}),
    "poisson": ("poisson", {}),
    "negbinomial": ("negativebinomial", {"phi": "alpha"}),
    "zero_inflated_poisson": ("zero_inflated_poisson", {"zi": "psi"}),
    "zero_inflated_negbinomial": ("zero_inflated_negativebinomial", {"phi": "alpha", "zi": "psi"}),
    "hurdle_poisson": ("hurdle_poisson", {"hu": "psi"}),
}
"""Family -> bambi's name of it, and bambi's names of its parameters."""


def to_bambi(model: Model) -> bambi.Model:
    """The equal model of bambi, unbuilt: the same likelihood and the same priors of the same data.

    Parameters
    ----------
    model : Model
        With one linear predictor, of a family and link that bambi has.

    Returns
    -------
    bambi.Model
        Its formula is in formulae's language, its data are the rows that ``model`` uses, its priors are those
        of ``model.priors``. Factors keep the order of their levels; the cells of ``(1 | a:b)`` and the labels
        of ``factor(x)`` are columns of their own, called as in ``model``. A probability of zeros, ``zi`` or
        ``hu``, is bambi's ``1 - psi``.

    Raises
    ------
    DataError
        If bambi has no equal model: correlated group effects, several linear predictors, a function, family,
        link or prior that it lacks, ``cens()``, ``trunc()``, ``se()``, ``gr(by = )``, or columns that it
        would code otherwise.

    Notes
    -----
    bambi centers its population columns as hierbayes does, so that the prior of ``Intercept`` means the same;
    it is told not to where the prior of ``b[Intercept]`` was stated. Every column, every group and the offset
    of the bambi model are compared with those of ``model``: what is returned has the same design. bambi keeps
    a dense column of indicators for each group, n values each.

    Examples
    --------
    >>> import hierbayes as hb
    >>> model = hb.Model("normexam ~ standLRT + I(standLRT^2) + (1 | school)", hb.load_data("exam"))
    >>> model.to_bambi().formula.main
    'normexam ~ 1 + standLRT + I(standLRT ** 2) + (1 | school)'
    """
    spec, design = model.spec, model.design
    _refuse(spec, design)
    with warnings.catch_warnings():
        # What bambi's own imports deprecate is not the user's to mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        import bambi
    family, parameters = FAMILIES[spec.family]
    text, frame = translate(design)
    _check_names(family, list(frame.columns))
    made = bambi.Model(
        text,
        frame,
        family=family,
        link=_link(spec, family),
        auto_scale=False,
        center_predictors=not spec.has_prior("b", "Intercept"),
        extra_namespace={name: getattr(np, name) for name in ELEMENTWISE},
    )
    made.set_priors(priors=priors(spec, design, (made, parameters), bambi.Prior))
    return made


def _refuse(spec: ModelSpec, design: Design) -> None:
    """What can be seen before bambi is imported."""
    formula = design.recipe.formula
    if spec.family not in FAMILIES:
        why = {
            "cumulative": "its thresholds have priors of another form",
            "categorical": "its coefficients have one prior for all categories",
        }[spec.family]
        raise no_equivalent(f"the family {spec.family!r}", why, f"Allowed: {', '.join(FAMILIES)}.")
    if spec.predictors:
        given = ", ".join(repr(predictor.name) for predictor in spec.predictors)
        raise no_equivalent(
            f"this model with a formula for {given}",
            "only the main linear predictor is translated",
            "Leave the formula out.",
        )
    for term in formula.groups:
        if term.by is not None:
            raise no_equivalent(f"`{term}`", "its groups all have one standard deviation", "Leave `by` out.")
    for group in spec.groups:
        if group.shared or group.has_correlations:
            raise no_equivalent(
                f"the correlated effects ({' and '.join(group.terms)}) of {group.factor!r}",
                "its group effects are independent",
                "Write `||` for `|` in the group term, which is another model.",
            )
    others = [call.function for call in formula.response.additions if call.function not in (TRIALS, WEIGHTS)]
    if others:
        raise no_equivalent(
            f"`{others[0]}()` behind the response", "it is not translated", "Allowed: trials(), weights()."
        )
    if design.weights is not None and (spec.family == "gaussian" or design.trials is not None):
        why = "its weights multiply log densities" if spec.family == "gaussian" else "it takes either"
        raise no_equivalent(
            f"weights with {'trials' if design.trials is not None else 'the family ' + repr(spec.family)}",
            why,
            "Leave weights() out.",
        )


def _check_names(family: str, columns: list[str]) -> None:
    from bambi.defaults.families import BUILTIN_FAMILIES

    for name in BUILTIN_FAMILIES[family]["likelihood"]["params"]:
        if name in columns:
            raise no_equivalent(
                f"a model with a column {name!r}", "that is its name of a parameter", "Rename the column."
            )


def _link(spec: ModelSpec, family: str) -> str:
    from bambi.defaults.families import BUILTIN_FAMILIES

    row = BUILTIN_FAMILIES[family]
    parent = row["likelihood"]["parent"]
    known = row["family"].SUPPORTED_LINKS[parent]
    if spec.link not in known:
        raise no_equivalent(
            f"the link {spec.link!r} of the family {spec.family!r}",
            "it has no such link",
            f"Allowed: {', '.join(known)}.",
        )
    return spec.link
