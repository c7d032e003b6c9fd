"""Bases of functions of one variable, in NumPy: polynomials and splines, with what they must remember."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hierbayes.design.records import Floats

type State = Mapping[str, Any]
"""What a transform learned from the data, as JSON can hold it."""

CUBIC = 3


def learn_poly(x: Floats, degree: int) -> dict[str, Any]:
    """The recurrence of the polynomials that are orthogonal over ``x`` (R's ``attr(poly(x, k), "coefs")``).

    Parameters
    ----------
    x : float64 array, shape (n,)
        More than ``degree`` different values.
    degree : int
        The largest degree.

    References
    ----------
    Kennedy, W. J. and Gentle, J. E. (1980). Statistical Computing, pp. 343-344 (Forsythe's recurrence).
    """
    before, now = np.zeros_like(x), np.ones_like(x)
    alpha, norm2 = [], [1.0, float(x.size)]
    for _ in range(degree):
        alpha.append(float((x * now**2).sum() / norm2[-1]))
        ratio = norm2[-1] / norm2[-2] if len(alpha) > 1 else 0.0
        before, now = now, (x - alpha[-1]) * now - ratio * before
        norm2.append(float((now**2).sum()))
    return {"alpha": alpha, "norm2": norm2}


def apply_poly(x: Floats, state: State) -> Floats:
    """Orthogonal polynomials of degrees 1 to k, shape (n, k); orthonormal over the data of `learn_poly`."""
    alpha, norm2 = state["alpha"], state["norm2"]
    columns = [np.ones_like(x)]
    for k, center in enumerate(alpha):
        previous = norm2[k + 1] / norm2[k] * columns[k - 1] if k > 0 else 0.0
        columns.append((x - center) * columns[k] - previous)
    return np.column_stack([column / np.sqrt(n) for column, n in zip(columns[1:], norm2[2:], strict=True)])


def learn_knots(x: Floats, n_inner: int, bounds: tuple[float, float] | None = None) -> dict[str, Any]:
    """Inner knots at equally spaced quantiles of ``x`` between the bounds, by default its range."""
    low, high = (float(x.min()), float(x.max())) if bounds is None else bounds
    inner = np.quantile(x[(x >= low) & (x <= high)], np.linspace(0.0, 1.0, n_inner + 2)[1:-1])
    return {"inner": inner.tolist(), "bounds": [low, high]}


def apply_bs(x: Floats, state: State, degree: int) -> Floats:
    """B-splines without the first one, as R's ``bs()``; beyond the bounds the outer pieces continue."""
    return bspline_basis(x, _all_knots(state, degree), degree)[:, 1:]


def apply_ns(x: Floats, state: State) -> Floats:
    """Natural cubic splines as R's ``ns()``: second derivatives are zero at the bounds, straight beyond them.

    References
    ----------
    R's ``splines::ns``: the B-spline basis projected on the null space of its second derivatives.
    """
    knots, (low, high) = _all_knots(state, CUBIC), state["bounds"]
    inside = np.clip(x, low, high)
    basis = bspline_basis(inside, knots, CUBIC)
    slopes = bspline_basis(np.array([low, high]), knots, CUBIC, derivative=1)
    basis = (
        basis + np.minimum(x - low, 0.0)[:, None] * slopes[0] + np.maximum(x - high, 0.0)[:, None] * slopes[1]
    )
    bends = bspline_basis(np.array([low, high]), knots, CUBIC, derivative=2)[:, 1:]
    Q, _ = np.linalg.qr(bends.T, mode="complete")
    return np.asarray(basis[:, 1:] @ Q[:, 2:])


def _all_knots(state: State, degree: int) -> Floats:
    low, high = state["bounds"]
    return np.array([low] * (degree + 1) + list(state["inner"]) + [high] * (degree + 1))


def bspline_basis(x: Floats, knots: Floats, degree: int, derivative: int = 0) -> Floats:
    """Values or derivatives of all B-splines over a knot sequence.

    Parameters
    ----------
    x : float64 array, shape (n,)
        Where; beyond the knots the outer polynomial pieces continue.
    knots : float64 array, shape (m,)
        In increasing order, the bounds ``degree + 1`` times each.
    degree, derivative : int
        Of the splines.

    Returns
    -------
    float64 array, shape (n, m - degree - 1)

    References
    ----------
    de Boor, C. (2001). A Practical Guide to Splines, chapter X, equations (4) to (8) and (15).
    """
    n_splines = len(knots) - degree - 1
    if derivative > 0:
        lower = bspline_basis(x, knots, degree - 1, derivative - 1)
        widths = knots[degree : degree + n_splines + 1] - knots[: n_splines + 1]
        slopes = degree * lower / np.where(widths > 0.0, widths, np.inf)
        return slopes[:, :-1] - slopes[:, 1:]
    distinct = np.flatnonzero(np.diff(knots) > 0.0)
    piece = np.searchsorted(knots[distinct + 1], x, side="right")
    start = distinct[np.minimum(piece, len(distinct) - 1)]
    basis = np.zeros((len(x), len(knots) - 1))
    rows = np.arange(len(x))
    basis[rows, start] = 1.0
    for k in range(1, degree + 1):
        widths = knots[k:] - knots[:-k]
        safe = np.where(widths > 0.0, widths, np.inf)
        rising = (x[:, None] - knots[:-k]) / safe
        basis = rising[:, :-1] * basis[:, :-1] + (1.0 - rising[:, 1:]) * basis[:, 1:]
    return basis


def learn_cr(x: Floats, df: int) -> dict[str, Any]:
    """Knots and centering constraint of a cubic regression spline with ``df`` columns."""
    state: dict[str, Any] = {}
    _cubic_spline(x, state, df)
    return {key: np.asarray(value).tolist() for key, value in state.items()}


def apply_cr(x: Floats, state: State) -> Floats:
    """Natural cubic regression splines whose columns have mean zero over the data (mgcv's ``cr``)."""
    known = {**state, "constraints": np.asarray(state["constraints"])}
    return _cubic_spline(x, known, None)


def _cubic_spline(x: Floats, state: dict[str, Any], df: int | None) -> Floats:
    from formulaic.transforms.cubic_spline import natural_cubic_spline

    values = natural_cubic_spline(x, df=df, constraints="center", _state=state)
    return np.column_stack([values[field] for field in sorted(values)])
