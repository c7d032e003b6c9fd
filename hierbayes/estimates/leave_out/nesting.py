"""Whether one model is a special case of another, and what changes between them, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design, GroupDesign, PredictorDesign
from hierbayes.spec.records import ModelSpec

type Floats = NDArray[np.float64]

TOLERANCE = 1e-8
"""Relative: rounding of a projection; a column that is no combination of others is far above it."""


class Modelled(Protocol):
    """A model and its rows: a fit, or the result of its cross-validation."""

    @property
    def spec(self) -> ModelSpec:
        """The model."""

    @property
    def design(self) -> Design:
        """Its rows."""


def is_nested(small: Modelled, large: Modelled) -> bool:
    """Whether every likelihood of one model is one of the other, for the rows that they share.

    By columns, not by names: ``ch`` is nested in ``livch``, of which it merges levels. Priors are left aside.

    Parameters
    ----------
    small, large : Fit or Elpd
        Models of the same rows.
    """
    if (small.spec.family, small.spec.link) != (large.spec.family, large.spec.link):
        return False
    if small.spec.categories != large.spec.categories:
        return False
    one, other = small.design.row_data, large.design.row_data
    if not all(_equal(one.get(name), other.get(name)) for name in one.keys() | other.keys()):
        return False
    wide = {p.name: p for p in large.design.linear}
    for predictor in small.design.linear:
        if predictor.name not in wide:
            return False
        if not _part_of(predictor, wide[predictor.name], ordered=bool(small.spec.categories)):
            return False
    mains = {p.name for p in small.design.linear}
    return all(p.name in mains or _has_constant(p) for p in large.design.linear)


def _equal(one: Floats | None, other: Floats | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.array_equal(one, other))


def _has_constant(predictor: PredictorDesign) -> bool:
    """Whether a parameter with a linear predictor may be one number."""
    return predictor.offset is None and _spanned(np.ones((len(predictor.X), 1)), predictor.X)


def _part_of(small: PredictorDesign, large: PredictorDesign, *, ordered: bool) -> bool:
    if not _equal(small.offset, large.offset):
        return False
    X = large.X
    if ordered and not small.name:
        X = np.column_stack([np.ones(len(X)), X])
    if not _spanned(small.X, X):
        return False
    return all(any(_within(group, other) for other in large.groups) for group in small.groups)


def _within(small: GroupDesign, large: GroupDesign) -> bool:
    """Whether effects of one group term are a special case of another's."""
    if not _same_groups(small, large) or (small.shared and small.shared != large.shared):
        return False
    if large.correlated or large.Z.shape[1] == 1:
        return _spanned(small.Z, large.Z)
    alone = not small.correlated or small.Z.shape[1] == 1
    return alone and all(
        any(_spanned(small.Z[:, [k]], large.Z[:, [j]]) for j in range(large.Z.shape[1]))
        for k in range(small.Z.shape[1])
    )


def _same_groups(one: GroupDesign, other: GroupDesign) -> bool:
    pairs = np.unique(np.stack([one.codes, other.codes]), axis=1)
    return all(len(np.unique(codes)) == pairs.shape[1] for codes in pairs) and bool(
        np.array_equal(one.own, other.own)
    )


def _spanned(columns: Floats, by: Floats) -> bool:
    if not columns.shape[1]:
        return True
    if not by.shape[1]:
        return False
    scale = np.sqrt((by**2).sum(axis=0))
    scaled = by / np.where(scale > 0, scale, 1.0)
    left = columns - scaled @ np.linalg.lstsq(scaled, columns)[0]
    size = np.sqrt((columns**2).sum(axis=0))
    return bool((np.sqrt((left**2).sum(axis=0)) <= TOLERANCE * np.maximum(size, 1e-300)).all())


def relation(one: tuple[str, Modelled], other: tuple[str, Modelled]) -> tuple[str, str]:
    """Whether one of two models is nested in the other, in words, and the name of the one that is."""
    (a, first), (b, second) = one, other
    up, down = is_nested(first, second), is_nested(second, first)
    if up and down:
        return f"{a} and {b} have the same likelihood", ""
    if up:
        return f"{a} is nested in {b}", a
    return (f"{b} is nested in {a}", b) if down else (f"{a} and {b} are not nested", "")


def changes(first: Modelled, second: Modelled) -> str:
    """What changes from one model to the next, in words."""
    found = []
    for what in ("family", "link"):
        one, other = getattr(first.spec, what), getattr(second.spec, what)
        if one != other and not (what == "link" and first.spec.family != second.spec.family):
            found.append(f"{what} {one} becomes {other}")
    before, after = _terms(first), _terms(second)
    added = [text for text in after if text not in before]
    dropped = [text for text in before if text not in after]
    for old, new in _pairs(first, second):
        added.remove(new)
        dropped.remove(old)
        found.append(f"{old} becomes {new}")
    if added:
        found.append(f"adds {', '.join(added)}")
    if dropped:
        found.append(f"drops {', '.join(dropped)}")
    return "; ".join(found + _priors(first.spec, second.spec)) or "nothing changes"


def _groups(model: Modelled) -> dict[str, str]:
    groups = model.design.recipe.formula.groups
    names = [group.factor_name for group in groups]
    return {g.factor_name: str(g) for g in groups if names.count(g.factor_name) == 1}


def _pairs(first: Modelled, second: Modelled) -> list[tuple[str, str]]:
    """Group terms of one factor that have changed."""
    one, other = _groups(first), _groups(second)
    return [(one[f], other[f]) for f in one if f in other and one[f] != other[f]]


def _terms(model: Modelled) -> list[str]:
    formula = model.design.recipe.formula
    parts: Sequence[object] = (*formula.population, *formula.offsets, *formula.groups)
    return [*map(str, parts), *(p.formula for p in model.spec.predictors if not model.spec.label)]


def _priors(first: ModelSpec, second: ModelSpec) -> list[str]:
    """Priors of parameters of both that differ, where one of them was stated."""
    old = {entry.key: entry for entry in first.priors}
    return [
        f"prior of {entry.key} {old[entry.key].prior} becomes {entry.prior}"
        for entry in second.priors
        if entry.key in old
        and entry.prior != old[entry.key].prior
        and {entry.source, old[entry.key].source} != {"default"}
    ]
