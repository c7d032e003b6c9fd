"""What the design stage hands on: arrays, and what is needed to build them again for other data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.joint import Joint, sampled_terms

if TYPE_CHECKING:
    from hierbayes.design.recipe import Recipe

type Floats = NDArray[np.float64]
type Codes = NDArray[np.int32]


def _restore(record: object, state: dict[str, Any]) -> None:
    """Fill in a record that comes from another process, its arrays read-only again."""
    record.__dict__.update(state)
    for value in state.values():
        for array in value.values() if isinstance(value, dict) else (value,):
            if isinstance(array, np.ndarray):
                array.setflags(write=False)


@dataclass(frozen=True)
class GroupDesign:
    """One group term as codes and a narrow matrix; never as indicator columns.

    Attributes
    ----------
    name : str
        The grouping factor's name, ``"urban:district"``; unique within a design (a second term on the same
        factor is called ``"school.1"``, as lme4 does).
    factor : str
        The grouping factor itself, ``"school"`` for both ``"school"`` and ``"school.1"``, and for
        ``"school:sector[Public]"`` and ``"school:sector[Private]"`` of ``gr(school, by = sector)``.
    codes : int32 array, shape (n,)
        The group of each row, an index into ``levels``; -1 for a row that belongs to no group of this term
        (its level of ``by`` in ``gr(school, by = sector)`` is another one; its row of ``Z`` is zero), and for
        a group unknown to the model (new data only).
    Z : float64 array, shape (n, q)
        The columns whose coefficients vary over the groups, on the scale of the user's columns.
    levels : tuple of str, length n_groups
        Observed groups only, in level order.
    terms : tuple of str, length q
        Names of the columns of ``Z``: ``("Intercept", "standLRT")``.
    correlated : bool
        Whether the effects of a group may correlate; False for ``(1 + x || school)``.
    shared : str
        The ID of ``(1 |c| school)``, where terms of other linear predictors have the same; else empty.
    """

    name: str
    factor: str
    codes: Codes
    Z: Floats
    levels: tuple[str, ...]
    terms: tuple[str, ...]
    correlated: bool = True
    shared: str = ""

    __setstate__ = _restore

    @property
    def n_groups(self) -> int:
        """Number of observed groups."""
        return len(self.levels)

    @property
    def own(self) -> NDArray[np.bool_]:
        """The rows that belong to a group of this term, shape (n,)."""
        return self.codes >= 0

    @property
    def label(self) -> str:
        """What its groups are called: the factor, or the term where it has a part of the factor's groups."""
        return self.factor if self.own.all() else self.name

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Rows per group, shape (n_groups,)."""
        return np.bincount(self.codes[self.codes >= 0], minlength=self.n_groups)


def _together(joint: Joint[GroupDesign]) -> GroupDesign:
    first = joint.groups[0]
    Z = np.hstack([group.Z for group in joint.groups])
    return replace(first, name=joint.name, Z=Z, terms=joint.terms)


@dataclass(frozen=True)
class ResponseInfo:
    """How the response column was read.

    Attributes
    ----------
    name : str
        The left side as text, ``"use"``.
    labels : tuple of str or None
        For a response of two labels or booleans: (reference, modelled); ``y`` is 1 for the modelled one. For
        one of several categories all of them, the lowest or the reference first; ``y`` is the position among
        them.
    ordered, unordered : bool
        Whether the response is one of ordered, or of unordered, categories.
    """

    name: str
    labels: tuple[str, ...] | None = None
    ordered: bool = False
    unordered: bool = False

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of a response that has several, the lowest or the reference first; else empty."""
        return (self.labels or ()) if self.ordered or self.unordered else ()

    @property
    def outcomes(self) -> tuple[str, ...] | None:
        """(reference, modelled) of a response of two outcomes that have labels; None for others."""
        return None if self.categories else self.labels


@dataclass(frozen=True)
class PredictorDesign:
    """The columns of a further linear predictor: of a family's parameter, or of a category.

    Attributes
    ----------
    name : str
        The parameter, ``"sigma"``; empty for the main linear predictor.
    X : float64 array, shape (n, p)
        Its population columns on the user's scale.
    terms : tuple of str, length p
        Their names.
    groups : tuple of GroupDesign
        Its group terms, called ``"sigma_school"`` after the predictor and the factor.
    offset : float64 array, shape (n,), or None
        Added to it.
    label : str
        What it is called in tables: the parameter, or the category whose log odds it is.
    """

    name: str
    X: Floats
    terms: tuple[str, ...]
    groups: tuple[GroupDesign, ...]
    offset: Floats | None = None
    label: str = ""

    __setstate__ = _restore


@dataclass(frozen=True)
class Design:
    """The arrays of a model.

    Attributes
    ----------
    y : float64 array, shape (n,)
        Response; 0 and 1 for binary outcomes, successes where there are trials, positions of categories from
        0 on.
    X : float64 array, shape (n, p)
        Population columns on the user's scale, the intercept (ones) first where there is one; an ordered
        response has cutpoints in its place.
    terms : tuple of str, length p
        Names of the columns of ``X``: ``("Intercept", "age", "I(age^2)", "age:ch[Y]")``.
    groups : tuple of GroupDesign
        One entry per group term.
    response : ResponseInfo
        How ``y`` was read.
    recipe : Recipe
        Rebuilds ``X`` and the groups for new data; serializable.
    offset, weights : float64 array, shape (n,), or None
        Added to the linear predictor; by what residual variances are divided (Gaussian) or log densities
        multiplied (other families).
    trials : float64 array, shape (n,), or None
        Of how many trials ``y`` counts the successes.
    part : mapping of str to float64 array, shape (n,)
        What else is stated of the rows; see ``row_data``.
    rows : int64 array, shape (n,)
        Positions in the user's frame of the rows that are used.
    messages : tuple of str
        What the user should know: dropped rows, the modelled level, ...
    columns : mapping of str to array, shape (n,)
        The raw columns that the formula names (numbers as float64, the rest as str), for pictures.
    predictors : tuple of PredictorDesign
        Further linear predictors, of the family's parameters or of categories.
    """

    y: Floats
    X: Floats
    terms: tuple[str, ...]
    groups: tuple[GroupDesign, ...]
    response: ResponseInfo
    recipe: Recipe
    offset: Floats | None = None
    weights: Floats | None = None
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    messages: tuple[str, ...] = ()
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    trials: Floats | None = None
    predictors: tuple[PredictorDesign, ...] = ()
    part: dict[str, Floats] = field(default_factory=dict)

    __setstate__ = _restore

    @property
    def n(self) -> int:
        """Number of rows used."""
        return int(self.y.shape[0])

    @property
    def row_data(self) -> dict[str, Floats]:
        """What the rows carry besides their response, each shape (n,), where the formula states it.

        ``"trials"`` and ``"weights"``; of ``cens()`` the ends ``"low"`` and ``"high"`` of the interval in
        which the response lies, infinite where it is open, both ``y`` where the response was observed; of
        ``trunc()`` the bounds ``"lb"`` and ``"ub"``, infinite where there is none; of ``se()`` the standard
        error ``"se"``.
        """
        given = {"trials": self.trials, "weights": self.weights, **self.part}
        return {name: values for name, values in given.items() if values is not None}

    @property
    def has_intercept(self) -> bool:
        """Whether the first population column is the intercept."""
        return bool(self.terms) and self.terms[0] == "Intercept"

    @property
    def linear(self) -> tuple[PredictorDesign, ...]:
        """All linear predictors, the main one first, under the name ``""``."""
        label = self.response.categories[1] if self.response.unordered else ""
        main = PredictorDesign("", self.X, self.terms, self.groups, self.offset, label)
        return (main, *self.predictors)

    @property
    def all_groups(self) -> tuple[GroupDesign, ...]:
        """The group terms of all linear predictors, those of the main one first."""
        return tuple(group for predictor in self.linear for group in predictor.groups)

    @property
    def sampled_groups(self) -> tuple[GroupDesign, ...]:
        """The group terms as they are sampled: those that share an ID are one, as of ``joint``."""
        return tuple(
            part.groups[0] if not part.name else _together(part) for part in sampled_terms(self.linear)
        )

    def of(self, predictor: PredictorDesign) -> Design:
        """The same rows with one linear predictor, as if it were the main one."""
        if not predictor.name and not self.predictors:
            return self
        return replace(
            self,
            X=predictor.X,
            terms=predictor.terms,
            groups=predictor.groups,
            offset=predictor.offset,
            predictors=(),
        )

    def group(self, name: str) -> GroupDesign:
        """The group term of that name, of any linear predictor; raises KeyError if there is none."""
        return {g.name: g for g in self.all_groups}[name]
