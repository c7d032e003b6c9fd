"""The models that are calibrated: every family in every structure and form, and special ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import hierbayes as hb

SEED = 20261126

STRUCTURES: dict[str, tuple[str, Mapping[Any, Any]]] = {
    "intercepts": ("x + (1 | g)", {"g": 12, "i": 8}),
    "correlated slopes": ("x + (1 + x | g)", {"g": 12, "i": 8}),
    "nested": ("x + (1 | g/h)", {"g": 6, "h": 3, "i": 5}),
    "crossed": ("x + (1 | g) + (1 | h)", {("g", "h"): (8, 6), "rows": 96}),
}
FORMS = ("noncentered", "centered")
"""Asked for besides ``auto``: which collapses a normal response, and samples others in part."""


STRONG: dict[str, Mapping[Any, Any]] = {
    "intercepts": {"g": 12, "i": 24},
    "correlated slopes": {"g": 12, "i": 24},
    "nested": {"g": 6, "h": 3, "i": 15},
    "crossed": {("g", "h"): (8, 6), "rows": 288},
}
"""Three times the rows: what the centered form is for, with standard deviations that are not near zero."""
STRONG_SD = "gamma(8, 10)"


@dataclass(frozen=True)
class Kind:
    """What a family needs: its left side, parameters of a first data set, priors that are proper and sane."""

    params: Mapping[str, Any] = field(default_factory=dict)
    priors: Mapping[str, str] = field(default_factory=dict)
    left: str = "y"
    covariates: Mapping[str, Any] = field(default_factory=dict)


_NARROW = {"Intercept": "normal(0.5, 0.5)", "b": "normal(0, 0.3)", "sd": "half_normal(0.4)"}
_TRIALS = {"left": "y | trials(n)", "covariates": {"n": [4, 8, 12]}}
KINDS: dict[str, Kind] = {
    "gaussian": Kind({"sigma": 1.0}, {"sigma": "half_normal(1)"}),
    "student": Kind({"sigma": 1.0, "nu": 5.0}, {"sigma": "half_normal(1)", "nu": "gamma(4, 0.5)"}),
    "lognormal": Kind({"sigma": 0.5}, {"sigma": "half_normal(0.5)"}),
    "gamma": Kind({"shape": 2.0}, {"shape": "gamma(4, 1)", **_NARROW}),
    "exponential": Kind({}, _NARROW),
    "weibull": Kind({"shape": 1.5}, {"shape": "gamma(8, 5)", **_NARROW}),
    "beta": Kind({"phi": 5.0}, {"phi": "gamma(6, 1)"}),
    "bernoulli": Kind(),
    "binomial": Kind(**_TRIALS),
    "beta_binomial": Kind({"phi": 5.0}, {"phi": "gamma(4, 0.7)"}, **_TRIALS),
    "cumulative": Kind({"cutpoints": [-0.8, 0.8]}, {"cutpoints": "normal(0, 1.5)"}),
    "poisson": Kind({}, _NARROW),
    "negbinomial": Kind({"phi": 3.0}, {"phi": "gamma(4, 1)", **_NARROW}),
    "zero_inflated_poisson": Kind({"zi": 0.2}, {"zi": "beta(2, 4)", **_NARROW}),
    "zero_inflated_negbinomial": Kind(
        {"zi": 0.2, "phi": 3.0}, {"zi": "beta(2, 4)", "phi": "gamma(4, 1)", **_NARROW}
    ),
    "hurdle_poisson": Kind({"hu": 0.3}, {"hu": "beta(2, 4)", **_NARROW}),
    "categorical": Kind(
        {"b_muc[Intercept]": -0.2, "b_muc": 0.2},
        {"Intercept_muc": "normal(0, 1)", "b_muc": "normal(0, 0.7)"},
        covariates={"y": ["a", "b", "c"]},
    ),
}
_COMMON = {"Intercept": "normal(0, 1)", "b": "normal(0, 0.7)", "sd": "half_normal(0.7)"}
_FIRST = {"b[Intercept]": 0.3, "b": 0.3, "sd": 0.4, "cor": 0.2}
_SIGMA = {"b_sigma[Intercept]": 0.1, "b_sigma": 0.2, "sd[sigma_g]": 0.2}
_SIGMA_PRIORS = {
    **{"Intercept_sigma": "normal(0, 0.5)", "b_sigma": "normal(0, 0.3)"},
    **{"sd": "half_normal(0.7)", "sd[sigma_g]": "half_normal(0.3)"},
}


@dataclass(frozen=True)
class Case:
    """One model, and how it is fitted.

    Attributes
    ----------
    family : str
        A row of ``KINDS``.
    structure : str
        A row of ``STRUCTURES``, or what is special.
    form : str
        Parameterization, and route where it was asked for.
    settings : mapping
        Of ``Model.fit``.
    model : callable
        Makes the model.
    is_hopeless : bool
        Whether the form is known to fail there: calibration must find it.
    """

    family: str
    structure: str
    form: str
    settings: Mapping[str, str]
    model: Any
    is_hopeless: bool = False

    @property
    def name(self) -> str:
        """``"gaussian, intercepts, auto"``."""
        return f"{self.family}, {self.structure}, {self.form}"


def make(
    formula: Any,
    family: str,
    sizes: Mapping[Any, Any],
    kind: Kind,
    *,
    covariates: Mapping[str, Any] | None = None,
) -> hb.Model:
    """A model with the priors of its kind, on a design that ``hb.simulate`` draws."""
    formulas = formula if not isinstance(formula, str) else hb.formula(formula)
    parameters = {key: value for key, value in _FIRST.items() if key != "cor" or _correlates(formulas)}
    if family == "cumulative":
        del parameters["b[Intercept]"]
    frame = hb.simulate(
        formulas,
        sizes=sizes,
        params={**parameters, **kind.params},
        family=family,
        covariates={"x": "normal(0, 1)", **kind.covariates, **(covariates or {})},
        seed=SEED,
    )
    priors = {**_COMMON, **kind.priors}
    if family == "cumulative":
        del priors["Intercept"]
    return hb.Model(formulas, frame, family=family, priors=priors)


def _correlates(formulas: Any) -> bool:
    return "(1 + x | g)" in str(formulas) or "|c|" in str(formulas)


def build(family: str, structure: str, is_strong: bool = False) -> hb.Model:
    """The model of a family in a structure."""
    kind, (right, sizes) = KINDS[family], STRUCTURES[structure]
    if is_strong:
        kind, sizes = replace(kind, priors={**kind.priors, "sd": STRONG_SD}), STRONG[structure]
    return make(f"{kind.left} ~ {right}", family, sizes, kind)


def _case(family: str, structure: str, form: str = "auto", **settings: str) -> Case:
    asked = form if not settings else f"{form}, {', '.join(settings.values())}"
    return Case(
        family,
        structure,
        asked,
        {"parameterization": form, **settings},
        partial(build, family, structure, form == "centered"),
    )


def _special(structure: str, formula: Any, kind: Kind | None = None, family: str = "gaussian") -> Case:
    make_it = partial(make, formula, family, {"g": 12, "i": 8}, kind or KINDS[family])
    return Case(family, structure, "auto", {}, make_it)


def _specials() -> tuple[Case, ...]:
    sigma = Kind(_SIGMA, _SIGMA_PRIORS)
    known = Kind({}, {}, covariates={"s": "uniform(0.4, 1.6)"})
    return (
        _special("sigma ~ x + (1 | g)", hb.formula("y ~ x + (1 | g)", sigma="~ x + (1 | g)"), sigma),
        _special("joint with sigma", hb.formula("y ~ x + (1 |c| g)", sigma="~ x + (1 |c| g)"), sigma),
        _special("joint categories", "y ~ x + (1 |c| g)", family="categorical"),
        _special("independent slopes", "y ~ x + (1 + x || g)"),
        _special("truncated", "y | trunc(lb = 0) ~ x + (1 | g)"),
        _special("known errors", "y | se(s) ~ x + (1 | g)", known),
        _special("independent slopes", "y ~ x + (1 + x || g)", family="bernoulli"),
    )


def _listed() -> tuple[Case, ...]:
    """All cases, the most telling first: each family, each structure, each form, then what remains."""
    families = [_case(family, "intercepts") for family in KINDS]
    structures = [_case(f, s) for f in ("gaussian", "bernoulli") for s in STRUCTURES]
    forms = [_case(f, s, form) for f in ("bernoulli", "gaussian") for s in STRUCTURES for form in FORMS]
    rest = [_case(f, s) for s in ("correlated slopes", "crossed", "nested") for f in KINDS]
    graph = [
        _case("gaussian", "correlated slopes", "noncentered", route="graph"),
        _case("bernoulli", "intercepts", "noncentered", route="graph"),
        _case("poisson", "crossed", "centered", route="graph"),
    ]
    more = [_case(f, s, form) for s in STRUCTURES for f in ("poisson", *KINDS) for form in FORMS]
    weak = replace(_case("bernoulli", "intercepts", "noncentered"), form="centered, weak data")
    weak = replace(weak, settings={"parameterization": "centered"}, is_hopeless=True)
    every = (*families, *structures, *_specials(), *forms, *rest, *more, *graph, weak)
    return tuple({case.name: case for case in every}.values())


CASES: dict[str, Case] = {case.name: case for case in _listed()}
