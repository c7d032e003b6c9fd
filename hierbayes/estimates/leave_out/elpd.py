"""Expected log predictive density: its record, and Pareto-smoothed importance sampling of it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.design.records import Design
from hierbayes.estimates.leave_out.identity import Data
from hierbayes.estimates.leave_out.psis import BLOCK, psis_weights
from hierbayes.fitted import registry
from hierbayes.spec.records import ModelSpec

type Floats = NDArray[np.float64]

BAD_K = 0.7
"""Vehtari et al. (2024): above it importance sampling is unreliable, however many draws there are."""

WIDTH = 100

LOO, KFOLD = "loo", "kfold"

PSIS, REFIT = "psis", "refit"
"""How the elpd of a row or group was found."""


@dataclass(frozen=True, repr=False)
class Elpd:
    """How well a model predicts what it was not fitted to.

    Attributes
    ----------
    elpd : float
        Expected log predictive density: the sum of ``pointwise["elpd"]``. Larger is better.
    se : float
        Its standard error: ``sqrt(n)`` times the sd of the pointwise values. Of which other rows or groups
        there might have been, not of the draws.
    p : float
        Effective number of parameters: by how much the log density falls when what is predicted is left out.
    mcse : float
        Standard error that comes from the finite number of draws.
    unit : str
        What is left out at a time: ``"row"``, or a grouping factor, all of whose rows are predicted together.
    pointwise : DataFrame
        A row for each unit: ``row`` (position in the data frame) or ``level`` and ``n_rows``; then ``elpd``,
        ``p``, ``mcse``, ``pareto_k`` (not finite where it does not apply), and ``method``: ``"psis"``
        or ``"refit"``; of k-fold cross-validation ``fold``.
    title, definition : str
        What was computed, in a line and in a sentence.
    data : Data
        What was predicted.
    spec, design : ModelSpec, Design
        The model, and its rows.
    kind : str
        ``"loo"`` or ``"kfold"``.
    good_k : float
        Pareto k up to which importance sampling can be trusted with this number of draws.
    notes : tuple of str
        What the reader should know.
    rmse : float
        Root mean squared error of the predicted means, k-fold only; else NaN.
    """

    elpd: float
    se: float
    p: float
    mcse: float
    unit: str
    pointwise: pd.DataFrame
    title: str
    definition: str
    data: Data
    spec: ModelSpec
    design: Design
    kind: str = LOO
    good_k: float = BAD_K
    notes: tuple[str, ...] = field(default=())
    rmse: float = float("nan")

    @property
    def n(self) -> int:
        """Number of rows or groups that were predicted."""
        return len(self.pointwise)

    @property
    def n_bad(self) -> int:
        """How many have a Pareto k above ``good_k`` and were not refitted."""
        return int((self.pointwise["pareto_k"] > self.good_k).sum())

    @property
    def table(self) -> pd.DataFrame:
        """``quantity, estimate, se``, with what the quantities are in ``attrs["definition"]``."""
        rows = [("elpd", self.elpd, self.se), ("p", self.p, _spread(self.pointwise["p"]))]
        if np.isfinite(self.rmse):
            rows.append(("rmse", self.rmse, float("nan")))
        frame = pd.DataFrame(rows, columns=["quantity", "estimate", "se"])
        frame.attrs.update(definition=self.definition, notes=self.notes)
        return frame

    def __str__(self) -> str:
        lines = [self.title, "", f"{'':6}{'estimate':>12}{'se':>9}"]
        for name, estimate, se in self.table.itertuples(index=False):
            shown = "" if np.isnan(se) else f"{se:,.1f}"
            value = f"{estimate:,.4g}" if name == "rmse" else f"{estimate:,.1f}"
            lines.append(f"{name:6}{value:>12}{shown:>9}")
        text = [line for words in (self.definition, *self.notes) for line in textwrap.wrap(words, WIDTH)]
        return "\n".join([*lines, "", *text])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return str(registry.resolve(registry.ELPD_HTML)(self))


def _spread(values: pd.Series) -> float:
    return float(np.sqrt(len(values)) * values.std(ddof=1)) if len(values) > 1 else float("nan")


def totals(pointwise: pd.DataFrame) -> tuple[float, float, float, float]:
    """``elpd, se, p, mcse`` of all units."""
    elpd = pointwise["elpd"]
    return (
        float(elpd.sum()),
        _spread(elpd),
        float(pointwise["p"].sum()),
        float(np.sqrt((pointwise["mcse"] ** 2).sum())),
    )


def good_k(n_draws: int) -> float:
    """Pareto k up to which the estimate of importance sampling can be trusted.

    References
    ----------
    Vehtari, A., Simpson, D., Gelman, A., Yao, Y. and Gabry, J. (2024). Pareto smoothed importance sampling.
    Journal of Machine Learning Research 25 (72), equation 13.
    """
    return float(min(1 - 1 / np.log10(max(n_draws, 11)), BAD_K))


def psis_elpd(log_likelihood: Floats, r_eff: float) -> pd.DataFrame:
    """Leave-one-out densities of units from draws of the posterior of all of them.

    Parameters
    ----------
    log_likelihood : float64 array, shape (units, S)
        Log likelihood of each unit under each draw.
    r_eff : float
        Effective draws per draw; at most 1.

    Returns
    -------
    DataFrame
        Columns ``elpd, p, mcse, pareto_k``. A unit that no draw allows has ``-inf``.

    References
    ----------
    Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC. Statistics and Computing 27, 1413-1432 (equation 10). Monte Carlo errors:
    Vehtari et al. (2024), as of ``good_k``, equation 6 (self-normalized).
    """
    log_weights, k = psis_weights(log_likelihood, r_eff)
    elpd, mcse, plain = (np.empty(len(k)) for _ in range(3))
    size = max(1, BLOCK // log_likelihood.shape[1])
    for start in range(0, len(k), size):
        rows = slice(start, start + size)
        elpd[rows], mcse[rows] = _weighted(log_likelihood[rows], log_weights[rows], r_eff)
        plain[rows] = lpd(log_likelihood[rows])
    k = np.where(np.isnan(k), np.inf, k)
    return pd.DataFrame({"elpd": elpd, "p": plain - elpd, "mcse": mcse, "pareto_k": k})


def _weighted(log_likelihood: Floats, log_weights: Floats, r_eff: float) -> tuple[Floats, Floats]:
    """Log of the weighted mean likelihood, and its Monte Carlo standard error, of rows by draws."""
    weights, shares = np.exp(log_weights), log_weights + log_likelihood
    most = shares.max(axis=-1, keepdims=True)
    most = np.where(np.isfinite(most), most, 0.0)
    np.exp(shares - most, out=shares)
    total = shares.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):  # of rows that no draw allows
        shares /= total
        elpd = np.log(total) + most
    return elpd[:, 0], np.sqrt(((shares - weights) ** 2).sum(axis=-1) / r_eff)


def lpd(log_likelihood: Floats) -> Floats:
    """``log mean exp`` over the last axis: the log predictive density under the draws."""
    most = log_likelihood.max(axis=-1, keepdims=True)
    most = np.where(np.isfinite(most), most, 0.0)
    with np.errstate(divide="ignore"):  # of rows that no draw allows
        return np.asarray(np.log(np.exp(log_likelihood - most).mean(axis=-1)) + most[..., 0])


def lpd_mcse(log_likelihood: Floats, r_eff: float) -> Floats:
    """Monte Carlo standard error of ``lpd``, by the delta method."""
    relative = np.exp(log_likelihood - lpd(log_likelihood)[..., None])
    return np.asarray(relative.std(axis=-1) / np.sqrt(log_likelihood.shape[-1] * r_eff))


def words_on_k(k: Floats, threshold: float, unit: str) -> str:
    """How far importance sampling can be trusted, counts in words."""
    bad, worst = int((k > threshold).sum()), float(k.max())
    if not bad:
        return (
            f"Pareto k is at most {worst:.2f}, and up to {threshold:.2f} importance sampling can be trusted."
        )
    terrible = int((k > 1).sum())
    beyond = f", {terrible:,} of them above 1" if terrible else ""
    return (
        f"Pareto k is above {threshold:.2f} for {counted(bad, unit)} of {len(k):,} "
        f"(largest {worst:.2f}{beyond})."
    )


def counted(n: int, unit: str) -> str:
    """``1 row``, ``12 rows``; ``3 levels of school``."""
    if unit == "row":
        return f"{n:,} row" if n == 1 else f"{n:,} rows"
    return f"{n:,} {'level' if n == 1 else 'levels'} of {unit}"
