"""Models ranked by how well they predict, and what the differences are worth, in words."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize

from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.estimates.leave_out.elpd import KFOLD, WIDTH, Elpd, counted
from hierbayes.estimates.leave_out.identity import Data, data_of, difference
from hierbayes.estimates.leave_out.loo import REFITS, loo, units_out
from hierbayes.estimates.leave_out.nesting import changes, relation
from hierbayes.estimates.leave_out.units import ROW, Units, units_of
from hierbayes.fitted import registry
from hierbayes.fitted.record import Fit
from hierbayes.progress import working

type Floats = NDArray[np.float64]

SMALL = 4.0
"""Differences of elpd below it are small, and their standard errors unreliable (Sivula et al. 2020)."""

FEW = 100
"""Units below which standard errors of differences are unreliable (the same)."""

DEFINITION = (
    "elpd_diff: expected log predictive density less that of the best model, se_diff its standard error over "
    "{units}. weight: share of each model in the mixture of all that predicts best (stacking)."
)

STEPS = "From one model to the next:"


@dataclass(frozen=True, repr=False)
class Comparison:
    """Models in the order of how well they predict.

    Attributes
    ----------
    table : DataFrame
        A row for each model, the best first: ``model, elpd_diff, se_diff, elpd, se, p, weight, bad_k``;
        ``bad_k`` counts the rows or groups for which importance sampling cannot be trusted.
    steps : DataFrame
        A row from each model to the next, in the order given: ``first, second, changed, nested,
        elpd_diff, se_diff, verdict``; the difference is the second's less the first's.
    elpds : mapping of str to Elpd
        The results that were compared.
    unit : str
        What was left out: ``"row"``, or a grouping factor.
    notes : tuple of str
        What the reader should know.
    """

    table: pd.DataFrame
    steps: pd.DataFrame
    elpds: Mapping[str, Elpd]
    unit: str
    notes: tuple[str, ...]

    def __str__(self) -> str:
        lines = [self._title(), "", _columns(self.table).to_string(index=False), "", STEPS]
        for words in self._steps():
            lines += textwrap.wrap(words, WIDTH, initial_indent="  ", subsequent_indent="    ")
        lines.append("")
        for words in self._legend():
            lines += textwrap.wrap(words, WIDTH)
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return str(registry.resolve(registry.PARTS_HTML)(self))

    def parts(self) -> list[tuple[str, pd.DataFrame | tuple[str, ...]]]:
        """What is shown in notebooks: the table, the steps in words, and what the columns are."""
        legend = [("", (words,)) for words in self._legend()]
        return [(self._title(), _columns(self.table)), (STEPS, tuple(self._steps())), *legend]

    def plot(self, *, backend: str | None = None) -> Any:
        """Draw the difference of each model from the best one; as ``hb.plot.comparison(result)``.

        Parameters
        ----------
        backend : str, optional
            ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.

        Returns
        -------
        arviz_plots.PlotCollection

        Examples
        --------
        >>> hb.compare({"m1": fit1, "m2": fit2}).plot()  # doctest: +SKIP
        """
        return registry.resolve(registry.COMPARISON_PLOT)(self, backend=backend)

    def _title(self) -> str:
        first = next(iter(self.elpds.values()))
        return f"{len(self.elpds)} models: {first.title[0].lower()}{first.title[1:]}"

    def _steps(self) -> list[str]:
        return [
            f"{step.first} to {step.second}: {step.changed}. {step.nested}. {step.verdict}."
            for step in self.steps.itertuples()
        ]

    def _legend(self) -> tuple[str, ...]:
        return (str(self.table.attrs["definition"]), *self.notes)


@working("hb.compare")
def compare(
    models: Mapping[str, Fit | Elpd],
    unit: str | None = None,
    *,
    refits: int = REFITS,
    n_jobs: int = 1,
    seed: int = 0,
) -> Comparison:
    """Rank models of the same data by how well they predict what they were not fitted to.

    Parameters
    ----------
    models : mapping of str to Fit or Elpd
        Fits by their names, in the order in which they build on each other; or results of ``fit.loo()`` or
        ``fit.kfold()``, all of one kind.
    unit : str, optional
        What is left out, as of ``fit.loo``: rows by default, or a grouping factor that at least one of the
        models has (its groups are those of all models then).
    refits, n_jobs, seed
        As of ``fit.loo``.

    Returns
    -------
    Comparison
        ``table`` with differences, their standard errors and stacking weights; ``steps`` with what changes
        from one model to the next, whether they are nested, and what the difference is worth.

    Raises
    ------
    DataError
        If there are fewer than two models; if they predict different rows or responses, or the same response
        on different scales; if results of different kinds are mixed.
    ArgumentTypeError
        If something is neither a fit nor a result of cross-validation.
    UnknownNameError
        If no model has such a unit.

    References
    ----------
    Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC. Statistics and Computing 27, 1413-1432 (equation 24). Yao, Y., Vehtari, A.,
    Simpson, D. and Gelman, A. (2018). Using stacking to average Bayesian predictive distributions. Bayesian
    Analysis 13, 917-1007 (equation 4). Sivula, T., Magnusson, M., Matamoros, A. A. and Vehtari, A. (2020).
    Uncertainty in Bayesian leave-one-out cross-validation based model comparison. arXiv:2008.10296.

    Examples
    --------
    >>> import hierbayes as hb
    >>> exam = hb.load_data("exam")
    >>> m1 = hb.fit("normexam ~ 1 + (1 | school)", exam)  # doctest: +SKIP
    >>> m2 = hb.fit("normexam ~ standLRT + (1 | school)", exam)  # doctest: +SKIP
    >>> print(hb.compare({"m1": m1, "m2": m2}))
    """
    _check(models)
    fits = {name: model for name, model in models.items() if isinstance(model, Fit)}
    units = _units(fits, unit) if fits else None

    def validated(model: Fit | Elpd) -> Elpd:
        if isinstance(model, Elpd):
            return model
        if units is None:
            return loo(model, refits=refits, n_jobs=n_jobs, seed=seed)
        return units_out(model, units, refits=refits, n_jobs=n_jobs, seed=seed)

    elpds = {name: validated(model) for name, model in models.items()}
    _check_kinds(elpds)
    pointwise = np.column_stack([e.pointwise["elpd"] for e in elpds.values()])
    table = _table(elpds, pointwise)
    left_out = next(iter(elpds.values())).unit
    steps = _steps(elpds, pointwise)
    return Comparison(table, steps, elpds, left_out, tuple(_notes(elpds, steps)))


def stacking_weights(pointwise: Floats) -> Floats:
    """Weights of the mixture of predictive distributions that predicts best.

    Parameters
    ----------
    pointwise : float64 array, shape (units, models)
        Log predictive density of each unit under each model.

    Returns
    -------
    float64 array, shape (models,)
        At least 0, summing to 1; the maximum of ``sum_i log sum_k w_k exp(pointwise_ik)``.
    """
    density = np.exp(pointwise - pointwise.max(axis=1, keepdims=True))
    n_models = density.shape[1]

    def loss(weights: Floats) -> tuple[float, Floats]:
        mixed = np.maximum(density @ weights, 1e-300)
        return -float(np.log(mixed).mean()), -(density / mixed[:, None]).mean(axis=0)

    found = optimize.minimize(
        loss,
        np.full(n_models, 1 / n_models),
        jac=True,
        bounds=optimize.Bounds(np.zeros(n_models), np.ones(n_models)),
        constraints=optimize.LinearConstraint(np.ones((1, n_models)), 1, 1),
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 1000},
    )
    weights = np.clip(found.x, 0, 1)
    return np.asarray(weights / weights.sum())


def _check(models: Mapping[str, Fit | Elpd]) -> None:
    if not isinstance(models, Mapping):
        raise ArgumentTypeError(
            f"Models are given by name; {type(models).__name__} is given. "
            'Write hb.compare({"m1": fit1, "m2": fit2}).'
        )
    for name, model in models.items():
        if not isinstance(model, Fit | Elpd):
            raise ArgumentTypeError(
                f"{name!r} is of type {type(model).__name__}. Allowed: fits, or results of fit.loo() or "
                "fit.kfold()."
            )
    if len(models) < 2:
        raise DataError(f"There is nothing to compare: {len(models)} model is given. Give at least two.")
    data: list[tuple[str, Data]] = [
        (name, m.data if isinstance(m, Elpd) else data_of(m)) for name, m in models.items()
    ]
    for one, other in combinations(data, 2):
        problem = difference(one, other)
        if problem:
            raise DataError(f"These models cannot be ranked: {problem}")


def _check_kinds(elpds: Mapping[str, Elpd]) -> None:
    for (a, one), (b, other) in pairwise(elpds.items()):
        if (one.kind, one.unit, one.n) != (other.kind, other.unit, other.n):
            raise DataError(
                f"Results of different kinds cannot be compared: {a} is of {one.kind} by {one.unit}, {b} of "
                f"{other.kind} by {other.unit}. Give fits, or results of one kind."
            )
        if one.kind == KFOLD and not one.pointwise["fold"].equals(other.pointwise["fold"]):
            raise DataError(
                f"{a} and {b} were cross-validated in different folds, whose difference would add to that of "
                "the models. Call kfold with the same k, group, stratify and seed."
            )


def _units(fits: Mapping[str, Fit], unit: str | None) -> Units | None:
    """The units of all models: those of the first that knows them."""
    if unit in (None, ROW):
        return None
    error: UnknownNameError | None = None
    for fit in fits.values():
        try:
            return units_of(fit, str(unit))
        except UnknownNameError as unknown:
            error = error or unknown
    assert error is not None
    known = dict.fromkeys(name for fit in fits.values() for name in _known(fit))
    raise UnknownNameError("unit of one of the models", unit, known) from error


def _known(fit: Fit) -> Sequence[str]:
    return [*(g.factor for g in fit.design.all_groups), *fit.design.columns]


def _difference(pointwise: Floats, first: int, second: int) -> tuple[float, float]:
    """``elpd`` of the second less that of the first, and its standard error."""
    each = pointwise[:, second] - pointwise[:, first]
    return float(each.sum()), float(np.sqrt(len(each)) * each.std(ddof=1))


def _table(elpds: Mapping[str, Elpd], pointwise: Floats) -> pd.DataFrame:
    best = int(pointwise.sum(axis=0).argmax())
    weights = stacking_weights(pointwise)
    rows = [
        (name, *_difference(pointwise, best, k), e.elpd, e.se, e.p, float(weights[k]), e.n_bad)
        for k, (name, e) in enumerate(elpds.items())
    ]
    columns = ["model", "elpd_diff", "se_diff", "elpd", "se", "p", "weight", "bad_k"]
    table = pd.DataFrame(rows, columns=columns).sort_values("elpd", ascending=False, kind="stable")
    first = next(iter(elpds.values()))
    units = "rows" if first.unit == ROW else f"the levels of {first.unit}"
    table.attrs["definition"] = DEFINITION.format(units=units)
    return table.reset_index(drop=True)


def _steps(elpds: Mapping[str, Elpd], pointwise: Floats) -> pd.DataFrame:
    rows = []
    for k, (one, other) in enumerate(pairwise(elpds.items())):
        value, error = _difference(pointwise, k, k + 1)
        words = changes(one[1], other[1])
        nested, simpler = relation(one, other)
        verdict = verdict_on(one[0], other[0], value, error)
        if simpler and abs(value) < max(SMALL, 2 * error):
            verdict += f"; {simpler} is the simpler one"
        rows.append((one[0], other[0], words, nested, value, error, verdict))
    columns = ["first", "second", "changed", "nested", "elpd_diff", "se_diff", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def verdict_on(first: str, second: str, value: float, error: float) -> str:
    """What a difference of elpd, second less first, is worth, in words."""
    number = f"elpd {value:+.1f}, se {error:.1f}"
    if abs(value) < SMALL:
        return f"They predict alike: the difference is below {SMALL:g} ({number})"
    if abs(value) < 2 * error:
        return f"Not to be told apart: the difference is below two standard errors ({number})"
    return f"{second} predicts {'better' if value > 0 else 'worse'} than {first} ({number})"


def _notes(elpds: Mapping[str, Elpd], steps: pd.DataFrame) -> list[str]:
    notes = []
    first = next(iter(elpds.values()))
    bad = {name: e.n_bad for name, e in elpds.items() if e.n_bad}
    if bad:
        counts = ", ".join(f"{name}: {counted(n, e.unit)}" for name, n in bad.items() for e in [elpds[name]])
        notes.append(
            f"Importance sampling cannot be trusted everywhere (Pareto k; {counts}): these models may look "
            "better than they are. refits= fits them again, kfold() avoids it."
        )
    if first.n < FEW:
        notes.append(
            f"With {counted(first.n, first.unit)}, fewer than {FEW}, standard errors of differences are "
            "rough."
        )
    if steps["nested"].str.contains("not nested").any():
        notes.append(
            "Where models are not nested a likelihood-ratio test does not apply; elpd compares them all "
            "the same."
        )
    if len({e.data.continuous for e in elpds.values()}) > 1:
        notes.append(
            "Some of these models have densities and some probabilities of the response: their difference "
            "means something only if the response is in whole numbers, whose probabilities the densities "
            "approximate."
        )
    return notes


FORMATS = {"elpd_diff": "{:,.1f}", "elpd": "{:,.1f}", "p": "{:,.1f}", "weight": "{:.2f}"}
ERRORS = {"se_diff": "{:,.1f}", "se": "{:,.1f}"}


def _columns(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it is shown, every number as text."""
    shown = table.copy()
    for name, pattern in {**FORMATS, **ERRORS}.items():
        shown[name] = [pattern.format(value) for value in table[name]]
    if not table["bad_k"].any():
        shown = shown.drop(columns="bad_k")
    return shown
