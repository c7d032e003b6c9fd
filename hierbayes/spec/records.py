"""A model as pure data: formula, family, structure and priors, JSON both ways."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from hierbayes import names
from hierbayes.joint import sampled_terms


@dataclass(frozen=True)
class Prior:
    """A prior distribution: its name and its parameters, ``normal(0, 2.5)``."""

    distribution: str
    parameters: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.distribution}({', '.join(f'{p:.4g}' for p in self.parameters)})"


@dataclass(frozen=True)
class PriorEntry:
    """The prior in force for one scalar (or one correlation matrix) of the model.

    Attributes
    ----------
    parameter : str
        ``"Intercept"`` (at the mean of the population columns), ``"b"``, ``"sd"``, ``"cor"``,
        ``"cutpoints"`` (at that mean too), or a family parameter. ``"b"`` with coordinate ``("Intercept",)``
        is the prior of the intercept at zero of all columns; a spec with an intercept has that or
        ``"Intercept"``, never both.
    coordinates : tuple of str
        ``("age",)`` for ``b``; ``("low|medium",)`` for ``cutpoints``; ``("school", "standLRT")`` for ``sd``;
        ``("school",)`` for ``cor``; empty otherwise.
    prior : Prior
        The distribution, on the scale of the user's own columns.
    source : str
        ``"default"``, or the user's key that set it, ``"sd[school]"``.
    reason : str
        Why the default is what it is; empty for priors that the user stated.
    """

    parameter: str
    coordinates: tuple[str, ...]
    prior: Prior
    source: str = "default"
    reason: str = ""

    @property
    def key(self) -> str:
        """The most specific key that sets this prior: ``sd[school][standLRT]``."""
        return names.prior_key(self.parameter, *self.coordinates)


@dataclass(frozen=True)
class GroupSpec:
    """A group term: its name, the factor, its coefficients and how many groups there are.

    ``correlated`` is False for ``(1 + x || school)``, whose effects are independent. ``shared`` is the ID of
    ``(1 |c| school)``; the correlations of such terms are those of ``ModelSpec.sampled_groups``, where the
    terms that share an ID are one, whose ``parts`` they are.
    """

    name: str
    factor: str
    terms: tuple[str, ...]
    n_groups: int
    correlated: bool = True
    shared: str = ""
    parts: tuple[GroupSpec, ...] = ()

    @property
    def has_correlations(self) -> bool:
        """Whether the model has a correlation matrix for this group term alone."""
        return self.correlated and len(self.terms) > 1 and (not self.shared or bool(self.parts))


@dataclass(frozen=True)
class PredictorSpec:
    """A further linear predictor: of a parameter of the family, or of a category.

    Attributes
    ----------
    name : str
        The parameter, ``"sigma"``; empty for the main linear predictor.
    formula : str
        ``"sigma ~ z + (1 | school)"``.
    link : str
        What turns the parameter into the linear predictor: ``"log"``, ``"logit"``, ``"identity"``.
    terms, groups
        As of ``ModelSpec``; group terms are called ``"sigma_school"``.
    label : str
        What it is called in tables: the parameter, or the category whose log odds it is.
    """

    name: str
    formula: str
    link: str
    terms: tuple[str, ...]
    groups: tuple[GroupSpec, ...]
    label: str = ""


@dataclass(frozen=True)
class Scales:
    """What the default priors need to know of the data, as plain numbers.

    Attributes
    ----------
    center : float
        Where the linear predictor is expected, on the link scale: mean of a Gaussian response, 0.5 through
        the link for binary; less the mean of the offset.
    unit : float
        One unit of the linear predictor: the response's sd for Gaussian, the link's latent sd for binary.
    columns : mapping
        sd of each population and group column, on the user's scale (1 where a column is constant).
    offset : float
        Mean of the offset, which ``center`` leaves out; 0 where there is none.
    spread : float
        Sd of the response in its own units, in which a residual sd is stated; 0 where ``unit`` is in these.
    """

    center: float
    unit: float
    columns: dict[str, float]
    offset: float = 0.0
    spread: float = 0.0


@dataclass(frozen=True)
class ModelSpec:
    """Everything that defines a model but its data; ``formula`` as the user wrote it, white space folded.

    ``categories`` are those of an ordered response, the lowest first; empty for other responses.
    ``predictors`` are the further linear predictors, of the family's parameters or of categories; ``label``
    is the category of the main one, empty in all other models.
    """

    formula: str
    family: str
    link: str
    terms: tuple[str, ...]
    groups: tuple[GroupSpec, ...]
    priors: tuple[PriorEntry, ...] = ()
    categories: tuple[str, ...] = ()
    predictors: tuple[PredictorSpec, ...] = ()
    label: str = ""

    @property
    def cutpoints(self) -> tuple[str, ...]:
        """Labels of the cutpoints of an ordered response, ``("low|medium", "medium|high")``; else empty."""
        return tuple(names.cutpoint(*pair) for pair in pairwise(self.categories))

    @property
    def linear(self) -> tuple[PredictorSpec, ...]:
        """All linear predictors, the main one first, under the name ``""``."""
        main = PredictorSpec("", self.formula, self.link, self.terms, self.groups, self.label)
        return (main, *self.predictors)

    @property
    def all_groups(self) -> tuple[GroupSpec, ...]:
        """The group terms of all linear predictors, those of the main one first."""
        return tuple(group for predictor in self.linear for group in predictor.groups)

    @property
    def sampled_groups(self) -> tuple[GroupSpec, ...]:
        """The group terms as they are sampled: those of several linear predictors with one ID are one."""
        return tuple(
            GroupSpec(
                *(part.name, part.groups[0].factor, part.terms, part.groups[0].n_groups),
                shared=part.groups[0].shared,
                parts=part.groups,
            )
            if part.name
            else part.groups[0]
            for part in sampled_terms(self.linear)
        )

    @property
    def joint_groups(self) -> tuple[GroupSpec, ...]:
        """Those of ``sampled_groups`` that consist of terms of several linear predictors."""
        return tuple(group for group in self.sampled_groups if group.parts)

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the likelihood takes besides the main linear predictor, in its order."""
        from hierbayes.families import get_family

        own, predicted = get_family(self.family).parameters, [p.name for p in self.predictors]
        given = {*self.scalars, *predicted}
        return (*(name for name in own if name in given), *(name for name in predicted if name not in own))

    @property
    def scalars(self) -> tuple[str, ...]:
        """The family's parameters that are one number: no linear predictor, and no known standard errors."""
        from hierbayes.families import get_family

        named = {entry.parameter for entry in self.priors if not entry.coordinates}
        return tuple(name for name in get_family(self.family).parameters if name in named)

    def slices(self) -> dict[str, slice]:
        """Where the coefficients of each linear predictor stand among those of all, by its name."""
        found, at = {}, 0
        for predictor in self.linear:
            found[predictor.name] = slice(at, at + len(predictor.terms))
            at += len(predictor.terms)
        return found

    def prior(self, parameter: str, *coordinates: str) -> Prior:
        """The prior in force; raises KeyError where the model has no such parameter."""
        for entry in self.priors:
            if entry.parameter == parameter and entry.coordinates == coordinates:
                return entry.prior
        raise KeyError(names.prior_key(parameter, *coordinates))

    def sd_priors(self, group: GroupSpec) -> tuple[Prior, ...]:
        """The priors of the standard deviations of a group term's effects, in the order of its terms."""
        return tuple(
            self.prior("sd", part.name, term) for part in group.parts or (group,) for term in part.terms
        )

    def has_prior(self, parameter: str, *coordinates: str) -> bool:
        """Whether the model has such a parameter."""
        return any(e.parameter == parameter and e.coordinates == coordinates for e in self.priors)

    def to_json(self) -> str:
        """The spec as JSON text; ``from_json`` is its inverse."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> ModelSpec:
        """Read what ``to_json`` wrote."""
        raw: dict[str, Any] = json.loads(text)
        priors = tuple(
            PriorEntry(
                e["parameter"],
                tuple(e["coordinates"]),
                Prior(e["prior"]["distribution"], tuple(e["prior"]["parameters"])),
                e["source"],
                e["reason"],
            )
            for e in raw["priors"]
        )
        predictors = tuple(
            PredictorSpec(
                *(p["name"], p["formula"], p["link"], tuple(p["terms"]), _groups(p["groups"])), p["label"]
            )
            for p in raw.get("predictors", ())
        )
        main = raw["formula"], raw["family"], raw["link"], tuple(raw["terms"]), _groups(raw["groups"])
        categories = tuple(raw.get("categories", ()))
        return cls(*main, priors, categories, predictors, raw.get("label", ""))


def _groups(raw: list[dict[str, Any]]) -> tuple[GroupSpec, ...]:
    return tuple(
        GroupSpec(
            *(g["name"], g["factor"], tuple(g["terms"]), g["n_groups"], g.get("correlated", True)),
            shared=g.get("shared", ""),
        )
        for g in raw
    )
