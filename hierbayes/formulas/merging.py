"""Group terms on the same factor: those that are part of another become one with it."""

from __future__ import annotations

from collections.abc import Sequence

from hierbayes.formulas.source import Source
from hierbayes.formulas.terms import Expression, GroupTerm, Term


def merge_groups(
    source: Source, groups: Sequence[GroupTerm]
) -> tuple[tuple[GroupTerm, ...], tuple[str, ...]]:
    """Leave out the group terms that add nothing to another one on the same factor.

    In ``(1 | g) + (1 + x | g)`` only the sum of the two intercepts of a group has a meaning, and its
    covariance with the slope is free already: the model is that of ``(1 + x | g)``.

    Parameters
    ----------
    source : Source
        The text, for errors.
    groups : sequence of GroupTerm
        In order of appearance.

    Returns
    -------
    tuple of GroupTerm
        Those that are left.
    tuple of str
        A message for each one that was left out.

    Raises
    ------
    FormulaError
        An effect varies in two terms of which neither contains the other.
    """
    kept, notes = list(groups), []
    for k, group in enumerate(groups):
        others = [other for other in kept if other is not group]
        whole = next((other for other in others if _contains(other, group)), None)
        if whole is not None and any(group is other for other in kept):
            kept = others
            told = "comes twice" if whole == group else f"is part of {whole}"
            notes.append(f"{groups[k]} {told}: they are one group term, with the same model of the data")
    _check_overlap(source, kept)
    _check_shared(source, kept)
    return tuple(kept), tuple(dict.fromkeys(notes))


def _contains(whole: GroupTerm, part: GroupTerm) -> bool:
    """Whether any covariance of the sum of two terms is one that the first reaches alone."""
    if frozenset(whole.factor) != frozenset(part.factor) or part.by not in (None, whole.by):
        return False
    if part.shared not in ("", whole.shared):
        return False
    alone = not part.correlated or all(term.is_intercept for term in part.terms)
    return _effects(part) <= _effects(whole) and (whole.correlated or alone)


def _effects(group: GroupTerm) -> frozenset[frozenset[Expression]]:
    return frozenset(frozenset(term.factors) for term in group.terms)


def _check_overlap(source: Source, groups: Sequence[GroupTerm]) -> None:
    """Refuse an effect that varies twice over the same groups: only the sum of the two is identified."""
    seen: set[tuple[frozenset[Expression], frozenset[Expression]]] = set()
    for group in groups:
        for term in group.terms:
            key = (frozenset(group.factor), frozenset(term.factors))
            if key in seen:
                raise source.error(
                    f"{_effect(term)} varies over `{group.factor_name}` in two group terms.",
                    group.span,
                    "`(x | g)` has an intercept already; without correlation write `(x || g)`.",
                )
            seen.add(key)


def _check_shared(source: Source, groups: Sequence[GroupTerm]) -> None:
    """Refuse two terms of one linear predictor that are to be correlated: they are one term."""
    seen: dict[str, GroupTerm] = {}
    for group in groups:
        if group.shared in seen:
            raise source.error(
                f"The ID {group.shared} comes twice in one formula.",
                group.span,
                "Effects of one formula that correlate stand in one group term: `(1 + x | g)`.",
            )
        if group.shared:
            seen[group.shared] = group


def _effect(term: Term) -> str:
    return "The intercept" if term.is_intercept else f"The slope of `{term}`"
