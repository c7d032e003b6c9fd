"""What is wrong, or worth knowing, about the columns of a model before it is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.columns import Variable
from hierbayes.design.frame import Table
from hierbayes.design.records import Floats, GroupDesign
from hierbayes.design.values import Factor, quoted
from hierbayes.errors import DataError

DEPENDENT = 1e-7  # of a column's length left after projection on the others; R's lm() uses the same


def check_factors(variables: Mapping[str, Variable]) -> None:
    """Refuse factors with a single level."""
    for variable in variables.values():
        if isinstance(variable, Factor) and len(variable.levels) == 1:
            raise DataError(
                f"The factor {variable.name!r} has one level ({variable.levels[0]!r}) in the rows that are "
                "used; at least two are needed to compare. Leave it out of the formula."
            )


def check_constant(X: Floats, terms: Sequence[str], where: str = "") -> None:
    """Refuse constant columns next to an intercept.

    Parameters
    ----------
    X : float64 array, shape (n, p)
        Population columns, or the columns of a group term.
    terms : sequence of str
        Names of the columns.
    where : str
        For group terms, ``" of the group term 'school'"``.

    Notes
    -----
    Columns of an interaction that are zero in every row (cells without data) are left to `dependent_columns`.
    """
    if not terms or terms[0] != names.INTERCEPT:
        return
    for k, name in enumerate(terms[1:], start=1):
        low = X[:, k].min()
        if low == X[:, k].max() and (low != 0.0 or ":" not in name):
            raise DataError(
                f"The column {name!r}{where} is {low:.6g} in all {X.shape[0]:,} rows that are used: "
                "a constant column cannot be told from the intercept. Leave it out of the formula."
            )


def rank_messages(X: Floats, terms: Sequence[str]) -> tuple[str, ...]:
    """Name the columns that are linear combinations of earlier ones.

    Their coefficients are not refused, since proper priors keep the posterior proper. Where the columns fit
    every row exactly, one message stands for all.
    """
    dependent = dependent_columns(X, terms)
    n, p = X.shape
    if len(dependent) > 1 and p - len(dependent) == n:
        return (
            f"the {p:,} columns of the population terms fit the {n:,} rows exactly, and {len(dependent):,} "
            f"of them are linear combinations of the others ({_some([name for name, _ in dependent])}): the "
            "data cannot tell their effects apart, only the priors do",
        )
    messages = [
        f"{name} is a linear combination of {_some(others)}: the data cannot tell their effects apart, "
        "only the priors do"
        for name, others in dependent
        if others
    ]
    zero = [name for name, others in dependent if not others]
    if zero:
        are, effects = ("are", "their effects") if len(zero) > 1 else ("is", "its effect")
        messages.append(
            f"{_some(zero)} {are} zero in every row: the data say nothing about {effects}, only the priors do"
        )
    return tuple(messages)


BLOCK = 100_000  # rows of a block
_NAMED = 8  # columns that a message names


def _some(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:_NAMED])
    return shown if len(columns) <= _NAMED else f"{shown} and {len(columns) - _NAMED:,} more"


def _triangular_factor(X: Floats, lengths: Floats) -> Floats:
    """``R`` of a QR decomposition of ``X / lengths``, by blocks of rows: no copy of many rows is made.

    References
    ----------
    Demmel, J., Grigori, L., Hoemmen, M. and Langou, J. (2012). Communication-optimal parallel and
    sequential QR and LU factorizations. SIAM Journal on Scientific Computing 34, A206-A239, section 3.
    """
    starts = range(0, max(len(X), 1), BLOCK)
    parts = [np.linalg.qr(X[start : start + BLOCK] / lengths, mode="r") for start in starts]
    R: Floats = parts[0] if len(parts) == 1 else np.linalg.qr(np.vstack(parts), mode="r")
    return R


def dependent_columns(X: Floats, terms: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Columns that add nothing to the columns before them, each with those that it is made of.

    Works on the triangular factor of a QR decomposition, so that the cost beyond it does not depend on n;
    columns are taken in order, as R's ``lm`` does, and one that depends on those kept is set aside.

    Parameters
    ----------
    X : float64 array, shape (n, p)
        The columns.
    terms : sequence of str
        Their names.
    """
    lengths = np.sqrt(np.einsum("ik,ik->k", X, X))
    R = _triangular_factor(X, np.where(lengths > 0.0, lengths, 1.0))
    basis = np.zeros((R.shape[0], 0))
    kept: list[int] = []
    found: list[tuple[str, tuple[str, ...]]] = []
    for k in range(R.shape[1]):
        rest = R[:, k] - basis @ (basis.T @ R[:, k])
        rest -= basis @ (basis.T @ rest)  # twice is enough: Giraud et al. (2005), Numer. Math. 101
        length = np.linalg.norm(rest)
        if length > DEPENDENT:
            basis = np.column_stack([basis, rest / length])
            kept.append(k)
        else:
            found.append((terms[k], _made_of(R, k, kept, terms)))
    return found


def _made_of(R: Floats, k: int, kept: Sequence[int], terms: Sequence[str]) -> tuple[str, ...]:
    if not kept or not np.any(R[:, k]):
        return ()
    weights: NDArray[np.float64] = np.linalg.lstsq(R[:, kept], R[:, k], rcond=None)[0]
    return tuple(terms[j] for j, weight in zip(kept, weights, strict=True) if abs(weight) > 1e-6)


def factor_messages(variables: Mapping[str, Variable], table: Table) -> tuple[str, ...]:
    """What to know about the levels of population factors: absent ones, an order by default, one per row."""
    messages: list[str] = []
    for variable in variables.values():
        if not isinstance(variable, Factor):
            continue
        column = table.columns.get(variable.name)
        absent = list(variable.absent)
        if column is not None and column.order is not None:
            absent = [level for level in dict.fromkeys(column.order) if level not in variable.levels]
        if absent:
            messages.append(f"{variable.name}: no row used has {quoted(absent)}; left out of the model")
        if column is not None and column.sorted_by_default:
            messages.append(
                f"{variable.name}: a polars Categorical has no order, so its levels are sorted "
                f"(reference {variable.levels[0]!r}); cast it to polars.Enum to state one"
            )
        if len(variable.levels) == table.n:
            messages.append(
                f"{variable.name}: every one of the {table.n:,} rows has a level of its own; "
                f"(1 | {variable.name}) would let the levels share information"
            )
    return tuple(messages)


def group_messages(groups: Sequence[GroupDesign]) -> tuple[str, ...]:
    """What to know about the groups."""
    return tuple(
        f"{group.name}: every one of the {group.n_groups:,} rows is a group of its own; "
        "its effects can be told from residual variation by the priors only"
        for group in groups
        if group.n_groups == group.own.sum()
    )
