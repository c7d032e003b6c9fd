"""The model's arrays for each approach: without its groups, with dummies for them, or group by group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design, GroupDesign
from hierbayes.families import get_link
from hierbayes.fitted import Fit
from hierbayes.formulas import parse_formula
from hierbayes.geometry import scales
from hierbayes.model import Model
from hierbayes.spec.records import ModelSpec, Prior, PriorEntry

type Floats = NDArray[np.float64]
type Change = Callable[[Design], Design]

COMPLETE, DUMMIES, NONE, PARTIAL = "complete", "dummies", "none", "partial"
APPROACHES = (COMPLETE, DUMMIES, NONE, PARTIAL)
WIDE = 5.0
"""Prior sd of a dummy, in units of the linear predictor (``Scales.unit``)."""

DEPENDENT = 1e-8
"""Relative distance from the span of others below which a column, or a row, is a combination of them."""


@dataclass(frozen=True)
class Factor:
    """The groups that are pooled or not.

    Attributes
    ----------
    name : str
        The grouping factor.
    levels : tuple of str
        Its groups.
    terms : tuple of str
        Names of the group terms on it.
    """

    name: str
    levels: tuple[str, ...]
    terms: tuple[str, ...]

    def codes(self, design: Design) -> NDArray[np.int64]:
        """The group of each row of a design; -1 for groups that are not known."""
        position = {level: k for k, level in enumerate(self.levels)}
        found = np.full(design.n, -1)
        for group in self.of(design):
            own = np.array([position[level] for level in group.levels])
            found = np.where(group.own, own[group.codes], found)
        return found

    def of(self, design: Design) -> tuple[GroupDesign, ...]:
        """The group terms on the factor."""
        return tuple(group for group in design.groups if group.name in self.terms)


@dataclass(frozen=True)
class Approach:
    """A model of the same rows, as spec and design, and how designs of other rows are made alike.

    ``dropped`` are population columns that cannot be told from the others.
    """

    name: str
    bare: Fit
    change: Change
    dropped: tuple[str, ...] = ()


def factor_of(model: Model, name: str) -> Factor:
    """The grouping factor of that name."""
    groups = [group for group in model.design.groups if group.factor == name]
    levels = tuple(dict.fromkeys(level for group in groups for level in group.levels))
    return Factor(name, levels, tuple(group.name for group in groups))


def approach(model: Model, factor: Factor, name: str) -> Approach:
    """The model as it is with one way to treat the groups of a factor; ``none`` is that of all groups yet."""
    if name == PARTIAL:
        return Approach(name, _bare(model.spec, model.design), lambda design: design)
    if name == DUMMIES:
        return _dummies(model, factor)
    change = _without(factor)
    spec = _spec_without(model.spec, factor)
    return Approach(name, _bare(spec, change(model.design)), change)


def of_group(shared: Approach, rows: NDArray[np.intp]) -> Approach:
    """The model of one group's rows alone, with the columns that they can tell apart."""
    design, spec = shared.bare.design, shared.bare.spec
    kept = independent(design.X[rows])

    def change(other: Design) -> Design:
        some = shared.change(other)
        return replace(some, X=some.X[:, kept], terms=tuple(spec.terms[k] for k in kept))

    terms = tuple(spec.terms[k] for k in kept)
    dropped = tuple(term for term in spec.terms if term not in terms)
    priors = tuple(e for e in spec.priors if e.parameter != names.B or e.coordinates[0] in terms)
    own = replace(design, X=design.X[:, kept], terms=terms)
    return Approach(NONE, _bare(replace(spec, terms=terms, priors=priors), own), change, dropped)


def _bare(spec: ModelSpec, design: Design) -> Fit:
    """A fit without draws: what ``refitting`` makes models of."""
    return Fit(spec, design, xr.DataTree(), {})


def _without(factor: Factor) -> Change:
    return lambda design: replace(
        design, groups=tuple(group for group in design.groups if group.name not in factor.terms)
    )


def _spec_without(spec: ModelSpec, factor: Factor, more: str = "") -> ModelSpec:
    formula = parse_formula(spec.formula)
    text = str(replace(formula, groups=tuple(g for g in formula.groups if g.factor_name != factor.name)))
    return replace(
        spec,
        formula=text + more,
        groups=tuple(group for group in spec.groups if group.name not in factor.terms),
        priors=tuple(
            e for e in spec.priors if e.parameter not in ("sd", "cor") or e.coordinates[0] not in factor.terms
        ),
    )


def _dummies(model: Model, factor: Factor) -> Approach:
    design, spec = model.design, model.spec
    columns, labels = _indicators(design, factor, spec.terms)
    first = 1 if names.INTERCEPT in spec.terms else 0
    every = np.column_stack([design.X[:, :first], columns, design.X[:, first:]])
    kept = independent(every) - len(labels)
    rest = [k for k in kept if k >= first]

    def change(other: Design) -> Design:
        own, _ = _indicators(other, factor, spec.terms)
        X = np.column_stack([other.X[:, :first], own, other.X[:, rest]])
        return replace(_without(factor)(other), X=X, terms=terms)

    terms = (*spec.terms[:first], *labels, *(spec.terms[k] for k in rest))
    dropped = tuple(term for k, term in enumerate(spec.terms) if k >= first and k not in rest)
    unit = scales(design, spec.family, get_link(spec.family, spec.link)).unit
    wide = tuple(PriorEntry(names.B, (label,), Prior("normal", (0.0, WIDE * unit))) for label in labels)
    written = dict.fromkeys(term for group in factor.of(design) for term in group.terms)
    more = "".join(f" + {factor.name if t == names.INTERCEPT else f'{factor.name}:{t}'}" for t in written)
    own = _spec_without(spec, factor, more if all(t in spec.terms for t in written) else "")
    priors = tuple(e for e in own.priors if e.parameter != names.B or e.coordinates[0] in terms)
    own = replace(own, terms=terms, priors=(*priors, *wide))
    return Approach(DUMMIES, _bare(own, change(design)), change, dropped)


def _indicators(
    design: Design, factor: Factor, population: tuple[str, ...]
) -> tuple[Floats, tuple[str, ...]]:
    """A column for every group and coefficient; all groups but the first where the population has it too."""
    codes = factor.codes(design)
    columns, labels = [], []
    values: dict[str, Floats] = {}
    for group in factor.of(design):
        for k, term in enumerate(group.terms):
            values[term] = values.get(term, np.zeros(design.n)) + group.Z[:, k]
    for term, column in values.items():
        for j, level in enumerate(factor.levels):
            if j == 0 and term in population:
                continue
            columns.append(np.where(codes == j, column, 0.0))
            label = names.level(factor.name, level)
            labels.append(label if term == names.INTERCEPT else names.interaction([label, term]))
    return np.column_stack(columns), tuple(labels)


def independent(X: Floats) -> NDArray[np.intp]:
    """Positions of the columns that are no combination of those before them."""
    found: list[int] = []
    basis = np.zeros((X.shape[0], 0))
    for k, column in enumerate(X.T):
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        size = float(np.linalg.norm(rest))
        if size > DEPENDENT * max(float(np.linalg.norm(column)), 1e-300):
            found.append(k)
            basis = np.column_stack([basis, rest / size])
    return np.array(found, dtype=np.intp)


def estimable(X: Floats, new: Floats) -> NDArray[np.bool_]:
    """Which new rows are combinations of rows of ``X``, so that their linear predictor can be estimated."""
    largest = np.abs(X).max(axis=0)
    scale = np.where(largest > 0, largest, 1.0)
    known, wanted = X / scale, new / scale
    _, sizes, directions = np.linalg.svd(known, full_matrices=False)
    directions = directions[sizes > DEPENDENT * sizes.max(initial=0.0)]
    rest = wanted - (wanted @ directions.T) @ directions
    return np.asarray(np.linalg.norm(rest, axis=1) <= 1e-6 * np.linalg.norm(wanted, axis=1))
