"""Model matrices: which columns a term becomes, by R's rule for contrasts.

References
----------
Chambers, J. M. and Hastie, T. J. (1992), Statistical Models in S, section 2.4.1: how factors are coded;
R's ``TermCode`` in ``src/library/stats/src/model.c`` is the rule as it is computed here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.columns import Variable, expression_name
from hierbayes.design.records import Floats
from hierbayes.design.values import Columns, Factor, Numeric
from hierbayes.errors import DataError
from hierbayes.formulas.terms import Term

type Made = tuple[Floats, tuple[str, ...]]
type Pieces = list[tuple[str, Callable[[], Floats | NDArray[np.bool_]]]]

LARGEST_MATRIX = 4 * 2**30  # bytes


def full_codings(terms: Sequence[Term], factors: Collection[str]) -> list[tuple[bool, ...]]:
    """For each term and each of its factors: all indicators (True), or treatment contrasts (False).

    A factor ``f`` of a term is coded by contrasts where the term without ``f`` (its margin) is contained in
    an earlier term, or is empty. In a model without intercept the first factor gets all its indicators.

    Parameters
    ----------
    terms : sequence of Term
        In R's order.
    factors : collection of str
        The texts of the expressions that are factors; the others are numeric.

    Returns
    -------
    list of tuple of bool
        One entry per factor of each term; False for numeric ones.
    """
    sets = [frozenset(map(str, term.factors)) for term in terms]
    codings: list[tuple[bool, ...]] = []
    free = frozenset() not in sets  # no intercept: one factor takes its place
    for k, (term, parts) in enumerate(zip(terms, sets, strict=True)):
        coded: list[bool] = []
        for text in map(str, term.factors):
            margin = parts - {text}
            full = bool(margin) and not any(margin <= earlier for earlier in sets[:k])
            if text in factors and free:
                # R codes by indicators here even where the margin is a term, which repeats that term's column
                full, free = full or margin not in sets, False
            coded.append(full and text in factors)
        codings.append(tuple(coded))
    return codings


def with_intercept(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms with the intercept in front: next to cutpoints, factors are coded as if it were there."""
    return (Term(()), *(term for term in terms if not term.is_intercept))


def without_intercept(X: Floats, terms: tuple[str, ...]) -> tuple[Floats, tuple[str, ...]]:
    """Columns, shape (n, p), and their names without the first, read-only: cutpoints take its place."""
    rest = np.ascontiguousarray(X[:, 1:])
    rest.setflags(write=False)
    return rest, terms[1:]


def model_matrix(
    terms: Sequence[Term], variables: Mapping[str, Variable], n: int, *, made: Made | None = None
) -> tuple[Floats, tuple[str, ...]]:
    """The columns of all terms side by side.

    Parameters
    ----------
    terms : sequence of Term
        In R's order.
    variables : mapping of str to Numeric, Columns or Factor
        The value of each expression, by its text; length n each.
    n : int
        Number of rows.
    made : (float64 array, tuple of str), optional
        A matrix of the same variables and its names: where these are the names asked for, it is the answer,
        so that the columns of many rows are held once.

    Returns
    -------
    float64 array, shape (n, p), read-only
        On the scale of the user's columns. In an interaction the first factor varies fastest, as in R.
    tuple of str, length p
        Names: ``schgend[girls]``, ``age:ch[Y]``, ``I(age^2)``.

    Raises
    ------
    DataError
        Two columns have the same name, or the matrix would not fit in memory.
    """
    factors = {text for text, variable in variables.items() if isinstance(variable, Factor)}
    codings = full_codings(terms, factors)
    _check_size(terms, codings, variables, n)
    pieces = [
        piece for term, full in zip(terms, codings, strict=True) for piece in _columns(term, full, variables)
    ]
    labels = tuple(name for name, _ in pieces)
    repeated = next((name for name, times in Counter(labels).items() if times > 1), None)
    if repeated is not None:
        raise DataError(
            f"Two columns of the model would be called {repeated!r}. "
            "Rename the column or the level of the data from which one of them comes."
        )
    if made is not None and made[1] == labels:
        return made
    X = np.empty((n, len(pieces)), dtype=np.float64)
    for k, (_, column) in enumerate(pieces):
        X[:, k] = column()
    X.setflags(write=False)
    return X, labels


def _columns(term: Term, full: Sequence[bool], variables: Mapping[str, Variable]) -> Pieces:
    if term.is_intercept:
        return [(names.INTERCEPT, lambda: np.ones(()))]
    parts = [
        _PIECES[type(variable)](expression_name(expression), variable, whole)
        for expression, whole in zip(term.factors, full, strict=True)
        for variable in (variables[str(expression)],)
    ]
    combinations = (
        tuple(reversed(pieces)) for pieces in product(*reversed(parts))
    )  # the first varies fastest
    return [(names.interaction([name for name, _ in pieces]), _product(pieces)) for pieces in combinations]


def _product(
    pieces: Sequence[tuple[str, Callable[[], Floats | NDArray[np.bool_]]]],
) -> Callable[[], Floats]:
    def column() -> Floats:
        value = np.asarray(pieces[0][1](), dtype=np.float64)
        for _, factor in pieces[1:]:
            value = value * factor() + 0.0  # no negative zeros
        return value

    return column


def _numeric_pieces(name: str, variable: Numeric, full: bool) -> Pieces:
    return [(name, lambda: variable.values)]


def _column_pieces(name: str, variable: Columns, full: bool) -> Pieces:
    def column(k: int) -> Callable[[], Floats]:
        return lambda: variable.values[:, k]

    return [(label, column(k)) for k, label in enumerate(variable.labels)]


def _factor_pieces(name: str, variable: Factor, full: bool) -> Pieces:
    contrast = variable.contrast

    def contrasted(k: int, matrix: Floats) -> Callable[[], Floats]:
        return lambda: np.asarray(matrix[variable.codes, k])

    def indicator(k: int) -> Callable[[], NDArray[np.bool_]]:
        return lambda: variable.codes == k

    if contrast is not None and not full:
        return [
            (names.level(name, label), contrasted(k, contrast))
            for k, label in enumerate(variable.contrast_labels)
        ]
    first = 0 if full else 1
    return [
        (names.level(name, label), indicator(k))
        for k, label in enumerate(variable.levels[first:], start=first)
    ]


_PIECES: dict[type, Callable[..., Pieces]] = {
    Numeric: _numeric_pieces,
    Columns: _column_pieces,
    Factor: _factor_pieces,
}


def _width(variable: Variable, full: bool) -> int:
    return _WIDTHS[type(variable)](variable, full)


_WIDTHS: dict[type, Callable[..., int]] = {
    Numeric: lambda variable, full: 1,
    Columns: lambda variable, full: len(variable.labels),
    Factor: lambda variable, full: len(variable.levels) - (not full),
}


def _check_size(
    terms: Sequence[Term], codings: Sequence[Sequence[bool]], variables: Mapping[str, Variable], n: int
) -> None:
    widths = [
        prod(_width(variables[str(e)], whole) for e, whole in zip(term.factors, full, strict=True))
        for term, full in zip(terms, codings, strict=True)
    ]
    if n * sum(widths) * 8 > LARGEST_MATRIX:
        k = int(np.argmax(widths))
        raise DataError(
            f"The term {terms[k]} becomes {widths[k]:,} columns of {n:,} rows, "
            f"{n * sum(widths) * 8 / 2**30:,.0f} GiB with the others (at most {LARGEST_MATRIX / 2**30:.0f}). "
            "Use a factor with that many levels as a grouping factor, or merge its levels."
        )
