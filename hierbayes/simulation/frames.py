"""``hb.simulate``: multilevel data from a formula, sizes and parameter values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from hierbayes.design.frame import with_columns
from hierbayes.errors import ColumnNotFoundError
from hierbayes.estimates.predictions.simulated import in_words, simulated
from hierbayes.formulas import parse_formula
from hierbayes.formulas.parts import Formulas
from hierbayes.model import Model
from hierbayes.progress import working
from hierbayes.simulation.covariates import add_covariate
from hierbayes.simulation.response import response_column
from hierbayes.simulation.structure import build_structure


@working("hb.simulate")
def simulate(
    formula: str | Formulas,
    *,
    sizes: Mapping[Any, Any],
    params: Mapping[str, Any],
    family: str = "gaussian",
    link: str | None = None,
    covariates: Mapping[str, Any] | None = None,
    seed: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Simulate data of any model that can be fitted, from known parameters.

    Parameters
    ----------
    formula : str or Formulas
        As of ``Model``.
    sizes : mapping
        Groups and rows, from the coarsest to the finest; the last key is the row. Each value says how many
        there are within one of the key before: a number, ``(low, high)`` for a number drawn between them, or
        a list with one for each. ``{"school": 10, "pupil": 50}`` are 500 rows;
        ``{"school": 10, "class": (2, 4), "pupil": 20}`` nests classes in schools. A tuple of names are
        crossed factors: ``{("student", "teacher"): (100, 30), "answer": 3000}`` draws a student and a teacher
        for each of 3,000 answers, and ``{("plate", "sample"): (24, 6)}`` has every combination once. Labels
        are ``"1"``, ``"2"``, ..., and go on from group to group.
    params : mapping of str to float
        A value for every parameter, keyed as priors are: ``"b[Intercept]"`` (at zero of all columns;
        ``"Intercept"`` is at their mean), ``"b[x]"``, ``"sd[school]"``, ``"sd[school][x]"``,
        ``"cor[school]"``, ``"sigma"``, ``"cutpoints"`` (a list), ... See ``Model.simulate``.
    family, link : str
        As of ``Model``.
    covariates : mapping, optional
        Columns, in the order in which they are made: a distribution as text, ``"normal(5, 2)"``, in the
        grammar of priors; a list of levels, all equally likely, or a mapping of levels to probabilities; a
        number; a range, which counts the rows within their group (``range(10)``: days 0 to 9); an array, one
        value for each row; a function of the frame so far
        (``lambda d: d.groupby("school")["x"].transform("mean")``). ``("school", ...)`` with any of these but
        a range is constant within schools. Under the response's own name: its categories, a list.
    seed : int or Generator, optional
        The same seed gives the same data.

    Returns
    -------
    pandas.DataFrame
        Groups and covariates, then the response. ``attrs["truth"]`` has ``"params"``, and ``"effects"``: the
        effects of the groups that were drawn, ``pandas.DataFrame(truth["effects"]["school"])``.
        ``attrs["formula"]``, ``attrs["family"]`` and ``attrs["link"]`` say what they belong to.

    Raises
    ------
    UnknownNameError
        If a key of ``params`` names no parameter, a covariate no group, or there is no such family or link.
    DataError
        If a parameter has no value or one that it cannot have, sizes or covariates do not fit, or there is no
        distribution at some row.
    FormulaError, ColumnNotFoundError
        If the formula cannot be read, or names a column that is neither in ``sizes`` nor in ``covariates``.

    Notes
    -----
    A column of ``cens()`` that is not among the covariates says ``"none"``: nothing is censored; clip the
    response and say where: ``d.assign(side=np.where(d.y > 2, "right", "none"), y=d.y.clip(upper=2))``.

    Examples
    --------
    >>> import hierbayes as hb
    >>> pupils = hb.simulate(
    ...     "passed ~ experience + funding + (1 | school)",
    ...     family="bernoulli",
    ...     sizes={"school": 10, "pupil": 50},
    ...     covariates={"experience": "normal(5, 2)", "funding": ("school", "normal(100, 20)")},
    ...     params={"b[Intercept]": -1, "b[experience]": 0.5, "b[funding]": 0.01, "sd[school]": 1},
    ...     seed=1,
    ... )
    >>> pupils.shape, list(pupils.columns)
    ((500, 5), ['school', 'pupil', 'experience', 'funding', 'passed'])
    >>> pupils.attrs["truth"]["params"]["sd[school]"]
    1.0
    """
    rng = np.random.default_rng(seed)
    formulas = formula if isinstance(formula, Formulas) else Formulas(formula)
    parsed = parse_formula(formulas.main)
    given = dict(covariates or {})
    response = response_column(parsed, family, given, params)
    structure = build_structure(sizes, rng)
    frame = structure.frame()
    for name, value in given.items():
        if name != response.name:
            frame = add_covariate(frame, name, value, (structure, rng))
    frame = with_columns(frame, {response.name: response.placeholder(frame, parsed)})
    try:
        model = Model(replace(formulas, main=response.formula), frame, family=family, link=link)
    except ColumnNotFoundError as error:
        hint = "Columns come from sizes and covariates: add it to one of them."
        raise ColumnNotFoundError(
            error.problem, error.formula, error.span, " ".join(filter(None, [error.hint, hint]))
        ) from None
    drawn = simulated(model, params, rng)
    frame = with_columns(frame, {response.name: response.column(drawn.y, model.design, len(frame))})
    if response.sides and response.sides not in frame:
        frame = with_columns(frame, {response.sides: "none"})
    frame.attrs = {
        "truth": in_words(model.spec, drawn.truth, params),
        "formula": str(formula),
        "family": model.spec.family,
        "link": model.spec.link,
    }
    return frame
