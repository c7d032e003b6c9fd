"""Does the model produce data like these? Statistics of replicated data against those of the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.predictions.grids import columns_of
from hierbayes.estimates.predictions.prediction import posterior_predictive
from hierbayes.estimates.predictions.recorded import as_recorded, recorded
from hierbayes.estimates.summarize import PROB, apart, describe_interval
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]
type Statistic = Callable[[Floats], Floats]
"""From values of shape (..., rows) to shape (...)."""


def _spread(values: Floats) -> Floats:
    if values.shape[-1] < 2:
        return np.full(values.shape[:-1], np.nan)
    return np.asarray(values.std(axis=-1, ddof=1))


STATISTICS: dict[str, Statistic] = {
    "mean": lambda values: values.mean(axis=-1),
    "sd": _spread,
    "min": lambda values: values.min(axis=-1),
    "max": lambda values: values.max(axis=-1),
    "median": lambda values: np.median(values, axis=-1),
    "zeros": lambda values: (values == 0).mean(axis=-1),
}
"""Test statistics by name."""

DRAWS = 1000


def predictive_check(
    fit: Fit,
    statistic: str | Statistic = "mean",
    by: str | Sequence[str] = (),
    *,
    draws: int | None = DRAWS,
    prob: float = PROB,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare a statistic of the data with what it is in data that the fitted model replicates.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    statistic : str or callable
        ``"mean"``, ``"sd"``, ``"min"``, ``"max"``, ``"median"``, ``"zeros"`` (the share of zeros), or a
        function of an array (..., rows) that answers with (...). Of successes out of trials it is of their
        share, of categories of their positions from 0 on.
    by : str or sequence of str
        Columns, or grouping factors such as ``"urban:district"``, within whose values it is computed; the
        whole data by default.
    draws : int, optional
        About how many replicated data sets; None for one per posterior draw.
    prob : float
        Mass of the interval of the replicated statistic.
    seed : int
        Of the replications.

    Returns
    -------
    DataFrame
        The columns of ``by``, ``n`` (rows), ``observed``, then ``mean, sd, lower, upper`` of the replicated
        statistic, ``p_value``, the posterior predictive probability of a statistic above the observed one
        (ties count half: near 0 or 1 the model does not produce it), and ``outside``, whether the observed
        statistic lies outside of the interval. A note says how many do, and how many one would expect.

    Raises
    ------
    UnknownNameError
        If there is no such statistic or column.
    DataError
        If the function does not reduce the last axis.

    Notes
    -----
    Data are replicated for the same groups, so that statistics of groups are checked against what the model
    says of each. Posterior predictive p-values are conservative: the data are used twice (Meng 1994).

    References
    ----------
    Gelman, A., Meng, X.-L. and Stern, H. (1996). Posterior predictive assessment of model fitness via
    realized discrepancies. Statistica Sinica 6, 733-807, section 2.
    Meng, X.-L. (1994). Posterior predictive p-values. Annals of Statistics 22, 1142-1160.

    Examples
    --------
    >>> fit.predictive_check("sd", by="school")
    """
    compute, called = _statistic(statistic)
    observed, replicated = _values(fit, draws, seed)
    parts, labels = _parts(fit, by)
    rows = []
    for k in range(len(labels)):
        own = parts == k
        given = float(_reduced(compute, observed[own]))
        drawn = np.asarray(_reduced(compute, replicated[:, own]), dtype=float)
        lower, upper = np.quantile(drawn, [(1 - prob) / 2, (1 + prob) / 2])
        rows.append(
            {
                "n": int(own.sum()),
                "observed": given,
                "mean": drawn.mean(),
                "sd": drawn.std(ddof=min(1, len(drawn) - 1)),
                "lower": lower,
                "upper": upper,
                "p_value": float((drawn > given).mean() + 0.5 * (drawn == given).mean()),
                "outside": bool(given < lower or given > upper),
            }
        )
    numbers = pd.DataFrame(rows)
    frame = pd.concat([apart(labels, *numbers), numbers], axis=1)
    frame.attrs["definition"] = (
        f"{called} of the data, and of data that the model replicates for the same groups"
    )
    frame.attrs["notes"] = _counted(frame, prob) if len(labels) > 1 else ()
    return describe_interval(frame, "response", prob)


def _statistic(given: str | Statistic) -> tuple[Statistic, str]:
    if callable(given):
        return given, getattr(given, "__name__", "the statistic").replace("_", " ")
    if given not in STATISTICS:
        raise UnknownNameError("statistic", given, STATISTICS, "Or give a function of an array.")
    return STATISTICS[given], "share of zeros" if given == "zeros" else given


def _reduced(compute: Statistic, values: Floats) -> Any:
    found = np.asarray(compute(values))
    if found.shape != values.shape[:-1]:
        raise DataError(
            f"The statistic makes an array of shape {found.shape} of one of shape {values.shape}. It must "
            "reduce the last axis: lambda y: y.mean(axis=-1)."
        )
    return found


def _values(fit: Fit, draws: int | None, seed: int) -> tuple[Floats, Floats]:
    """The data (n,), and replicated data (draws, n), as recorded; shares of trials."""
    design = fit.design
    drawn = posterior_predictive(fit, draws=draws, seed=seed).to_numpy().reshape(-1, design.n)
    observed, drawn = recorded(design), as_recorded(design, drawn)
    return (observed, drawn) if design.trials is None else (observed / design.trials, drawn / design.trials)


def _parts(fit: Fit, by: str | Sequence[str]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """The part of each row, and the labels of the parts."""
    wanted = [by] if isinstance(by, str) else list(by)
    columns: dict[str, Any] = {}
    for name in wanted:
        factors = {group.factor: group for group in fit.design.all_groups if group.own.all()}
        if name in fit.design.columns:
            columns[name] = fit.design.columns[name]
        elif name in factors:
            columns[name] = np.asarray(factors[name].levels, dtype=object)[factors[name].codes]
        else:
            raise UnknownNameError("column of the model", name, [*columns_of(fit), *factors])
    if not columns:
        return np.zeros(fit.design.n, dtype=np.int64), pd.DataFrame(index=[0])
    frame = pd.DataFrame(columns)
    grouped = frame.groupby(list(columns), sort=True)
    labels = grouped.size().reset_index()[list(columns)]
    return grouped.ngroup().to_numpy().astype(np.int64), labels


def _counted(frame: pd.DataFrame, prob: float) -> tuple[str, ...]:
    judged = frame["observed"].notna()
    outside, total = int(frame.loc[judged, "outside"].sum()), int(judged.sum())
    expected = (1 - prob) * total
    return (
        f"{outside} of {total} lie outside of their {100 * prob:g} % interval; about {expected:.1f} would if "
        "the model held, fewer where the statistic itself informs the model",
    )
