"""The model of a fit on some of its rows: what cross-validation is made of."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hierbayes.design.records import Design
from hierbayes.design.selection import take_rows
from hierbayes.errors import ArgumentTypeError, DataError
from hierbayes.fitted import Fit
from hierbayes.formulas import parse_formula
from hierbayes.model import Model
from hierbayes.reuse import CompiledGraphs

SETTINGS = ("draws", "tune", "chains", "sampler", "parameterization", "route", "target_accept")
"""What a refit takes over from the settings of the fit."""


def model_of_rows(fit: Fit, rows: ArrayLike) -> Model:
    """The model of a fit with some of its rows: formula, levels and priors stay as they are.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    rows : array of bool, shape (n,), or of int
        Which of the ``n`` rows that the model uses: a mask, or positions among them.

    Returns
    -------
    Model
        Can be fitted, and goes to ``fit_many`` like any other. Priors are not rescaled; that of the intercept
        stays at the mean of the population columns, which are those of the remaining rows. Groups without
        rows keep their place, and their effects are drawn from the population of groups.

    Raises
    ------
    ArgumentTypeError, DataError
        If rows are neither a mask nor positions, none is left, or one does not exist; if all that are left
        have the same outcome, or one of several unordered categories is in none of them.
    """
    chosen = _positions(rows, fit.design.n)
    design = take_rows(fit.design, chosen)
    _check_outcomes(design)
    model = Model.__new__(Model)
    model.formula = parse_formula(fit.spec.formula)
    model.design = design
    model.spec = fit.spec
    model._graphs = CompiledGraphs(fit.spec, design)
    model._rebuild = partial(_no_other_data)
    return model


def model_without(fit: Fit, group: str) -> Model:
    """The model of a fit without one of its group terms: all other priors and columns stay as they are.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str
        The name of a group term of the main linear predictor.

    Returns
    -------
    Model
        Can be fitted; it knows the rows and nothing of how to read other data.

    Raises
    ------
    DataError
        If the term belongs to another linear predictor, or is correlated with one.
    """
    own = {g.name: g for g in fit.spec.groups}
    if group not in own or own[group].shared:
        raise DataError(
            f"A model can be fitted without a group term of its main linear predictor; {group!r} belongs to "
            "another one, or is correlated with it. Write the formula without it and fit it yourself."
        )
    formula = parse_formula(fit.spec.formula)
    kept = tuple(k for k, g in enumerate(fit.spec.groups) if g.name != group)
    spec = replace(
        fit.spec,
        formula=f"{fit.spec.formula}, without {group}",
        groups=tuple(fit.spec.groups[k] for k in kept),
        priors=tuple(
            e for e in fit.spec.priors if not (e.parameter in ("sd", "cor") and e.coordinates[:1] == (group,))
        ),
    )
    design = replace(fit.design, groups=tuple(fit.design.groups[k] for k in kept))
    model = Model.__new__(Model)
    model.formula = formula
    model.design, model.spec = design, spec
    model._graphs = CompiledGraphs(spec, design)
    model._rebuild = partial(_no_other_data)
    return model


def settings_of(fit: Fit) -> dict[str, Any]:
    """Settings of ``Model.fit`` with which a fit was made, without the seed.

    ``"centered"`` becomes ``"auto"``, with the same posterior: effects of groups without rows have a funnel
    in centered coordinates, where NUTS diverges.
    """
    kept = {name: fit.settings[name] for name in SETTINGS if name in fit.settings}
    return {**kept, "parameterization": "auto"} if kept.get("parameterization") == "centered" else kept


def _positions(rows: ArrayLike, n: int) -> NDArray[np.intp]:
    chosen = np.asarray(rows)
    if chosen.ndim != 1 or not (chosen.dtype == bool or np.issubdtype(chosen.dtype, np.integer)):
        raise ArgumentTypeError(
            f"rows cannot be an array of {chosen.dtype} with shape {chosen.shape}. Allowed: a mask of shape "
            f"({n},), or positions among the {n:,} rows that the model uses."
        )
    if chosen.dtype == bool:
        if len(chosen) != n:
            raise DataError(
                f"The mask has {len(chosen):,} values, and the model uses {n:,} rows. Give one for each row "
                "of fit.design (fit.design.rows are their positions in the frame)."
            )
        chosen = np.flatnonzero(chosen)
    if not len(chosen):
        raise DataError("No row is left to fit the model to. Give at least one.")
    if chosen.min() < 0 or chosen.max() >= n:
        raise DataError(
            f"There is no row {chosen.max() if chosen.max() >= n else chosen.min()}. "
            f"Allowed: positions 0 to {n - 1} among the rows that the model uses."
        )
    return chosen.astype(np.intp)


def _check_outcomes(design: Design) -> None:
    """Refuse rows from which the coordinates of sampling cannot be chosen."""
    shares = design.y if design.trials is None else design.y / design.trials
    if np.ptp(shares) == 0 and design.n > 1:
        value = f"{shares[0]:g}" if design.trials is None else f"a share of {shares[0]:g}"
        raise DataError(
            f"All {design.n:,} rows that are left have the same response {design.response.name!r}, {value}: "
            "the model cannot be fitted to them. Leave out fewer or other rows, such as folds that are "
            "stratified by the response."
        )
    if design.response.unordered:
        found = set(design.y.astype(int))
        missing = [c for k, c in enumerate(design.response.categories) if k not in found]
        if missing:
            raise DataError(
                f"No row that is left has the category {missing[0]!r} of {design.response.name!r}: its log "
                "odds cannot be fitted. Leave out fewer or other rows, such as folds that are stratified by "
                "the response."
            )


def _no_other_data(data: Any) -> Model:
    raise DataError(
        "This model is that of a fit on some of its rows and has no other data. Build it with Model(...)."
    )
