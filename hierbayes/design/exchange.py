"""The same rows with another response."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.frame import RESPONSE, column_uses, uses_of, uses_of_all
from hierbayes.design.partial import LOW, check_bounds
from hierbayes.design.records import Design, Floats
from hierbayes.errors import DataError
from hierbayes.formulas.terms import Name


def exchange_response(design: Design, y: Any) -> Design:
    """A design with another response; its other arrays are shared, not copied.

    Parameters
    ----------
    design : Design
        Of ``n`` rows.
    y : array, shape (n,)
        The response of each row that is used, in their order, as the model sees it: what ``log(y)`` gave
        for a formula that begins with ``log(y)``, 0 and 1 for two labels, positions from 0 on for
        categories. Copied.

    Returns
    -------
    Design
        Raw columns that served the old response alone are replaced, or left out where it was computed from
        them.

    Raises
    ------
    DataError
        If ``y`` has another length or shape, or holds no numbers; if rows are censored, or ``y`` is outside
        of the bounds of ``trunc()``. Whether the values are possible, the family knows.
    """
    name = design.response.name
    _check_not_censored(design)
    values = _numbers(y, design)
    if values.ndim != 1:
        raise DataError(
            f"The new response {name!r} has the shape {values.shape}. Allowed: one dimension, ({design.n},). "
            "Give one column or row of it."
        )
    if len(values) != design.n:
        raise DataError(_wrong_length(len(values), design))
    _check_positions(values, design)
    check_bounds(name, values, design.part, lambda where: f"used row {where[0] + 1}")
    values.setflags(write=False)
    message = f"{name}: the response was replaced in a refit; priors and columns are those of the first data"
    return replace(
        design,
        y=values,
        columns=_raw_columns(design, values),
        messages=tuple(dict.fromkeys((*design.messages, message))),
    )


def _check_positions(y: Floats, design: Design) -> None:
    """Refuse values that are no positions of the model's categories."""
    categories = design.response.categories
    odd = (
        np.flatnonzero(~np.isin(y, np.arange(len(categories)))) if categories else np.zeros(0, dtype=np.int64)
    )
    if odd.size:
        known = ", ".join(f"{k} for {label!r}" for k, label in enumerate(categories))
        raise DataError(
            f"The new response {design.response.name!r} is {y[odd[0]]:g} in used row {odd[0] + 1:,}, which "
            f"is no position of a category. Allowed: {known}. Fit a model to data that have other categories."
        )


def _check_not_censored(design: Design) -> None:
    if LOW in design.part:
        raise DataError(
            f"The response {design.response.name!r} cannot be replaced: cens() says of each of its values "
            "whether it was observed. Allowed: a new response of a model without cens(). "
            "Give a frame with both columns to model.with_data()."
        )


def _numbers(y: Any, design: Design) -> Floats:
    """A copy of ``y`` in double precision; what is masked or None becomes NaN."""
    plain: Any = np.ma.filled(y.astype(object), np.nan) if isinstance(y, np.ma.MaskedArray) else y
    try:
        array = np.asarray(plain)
        text = array.dtype.kind == "O" and any(isinstance(value, str) for value in array.flat)
        if array.dtype.kind not in "biufO" or text:
            raise TypeError
        return np.array(array, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        labels = design.response.labels
        what = "numbers"
        if labels is not None:
            what = " and ".join(f"{k} for {label!r}" for k, label in reversed(list(enumerate(labels))))
        shown = ", ".join(repr(value) for value in list(np.asarray(plain, dtype=object).flat)[:3])
        raise DataError(
            f"The new response {design.response.name!r} does not hold numbers ({shown}, ...). "
            f"Allowed: {what}. Turn it into numbers first."
        ) from None


def _wrong_length(given: int, design: Design) -> str:
    advice = (
        "Leave out or add the values of the other rows; model.design.rows are the positions of those used."
    )
    if design.rows.size and given > design.rows[-1]:
        advice = "For the response of every row of the frame, give y[model.design.rows]."
    return (
        f"The new response {design.response.name!r} has {given:,} value{'s' if given != 1 else ''}. "
        f"Allowed: {design.n:,}, one for each row that the model uses, in their order. {advice}"
    )


def _raw_columns(design: Design, y: Floats) -> dict[str, NDArray[Any]]:
    formula = design.recipe.formula
    others = design.recipe.formulas[1:]
    elsewhere = {use.name for use in uses_of_all(formula, others, response=False)}
    elsewhere |= {use.name for use in uses_of(formula.response.additions, RESPONSE)}
    columns = dict(design.columns)
    for name in {use.name for use in column_uses(formula)} - elsewhere:
        columns.pop(name, None)
    expression, labels = formula.response.expression, design.response.labels
    if isinstance(expression, Name) and expression.name not in elsewhere:
        kept: NDArray[Any] = y
        if labels is not None:
            known = np.isin(y, np.arange(len(labels)))  # the family refuses the others
            kept = np.asarray(labels)[np.where(known, y, 0.0).astype(np.int64)]
        columns = {name: kept if name == expression.name else columns[name] for name in design.columns}
    return columns
