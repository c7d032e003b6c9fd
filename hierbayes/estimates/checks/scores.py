"""Scores of probabilities against outcomes, for one vector of probabilities or many draws of them at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Outcomes:
    """What happened in the rows.

    Attributes
    ----------
    hits, misses : float64 arrays, shape (n,)
        How often each row had the modelled outcome, and the other one: 1 and 0 for a single outcome,
        successes and failures of trials.
    """

    hits: Floats
    misses: Floats

    @property
    def total(self) -> float:
        """Number of outcomes."""
        return float(self.hits.sum() + self.misses.sum())


@dataclass(frozen=True)
class Counts:
    """A confusion matrix, each an array of shape (...): predicted and observed, positive or negative."""

    true_positive: Floats
    false_positive: Floats
    true_negative: Floats
    false_negative: Floats


def counts(p: Floats, outcomes: Outcomes, threshold: float) -> Counts:
    """Outcomes by what is predicted: the modelled one where ``p >= threshold``.

    Parameters
    ----------
    p : float64 array, shape (..., n)
        Probabilities.
    outcomes : Outcomes
        Of the rows.
    threshold : float
        From which on the modelled outcome is predicted.
    """
    positive = (p >= threshold).astype(float)
    hits, misses = outcomes.hits, outcomes.misses
    return Counts(positive @ hits, positive @ misses, (1 - positive) @ misses, (1 - positive) @ hits)


def _share(part: Floats, whole: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def accuracy(c: Counts) -> Floats:
    """Share of outcomes that are predicted."""
    right = c.true_positive + c.true_negative
    return _share(right, right + c.false_positive + c.false_negative)


def recall(c: Counts) -> Floats:
    """Share of the modelled outcomes that are predicted (sensitivity, true positive rate)."""
    return _share(c.true_positive, c.true_positive + c.false_negative)


def specificity(c: Counts) -> Floats:
    """Share of the other outcomes that are predicted (true negative rate)."""
    return _share(c.true_negative, c.true_negative + c.false_positive)


def positive_predictive_value(c: Counts) -> Floats:
    """Share of predictions of the modelled outcome that are right (precision)."""
    return _share(c.true_positive, c.true_positive + c.false_positive)


def negative_predictive_value(c: Counts) -> Floats:
    """Share of predictions of the other outcome that are right."""
    return _share(c.true_negative, c.true_negative + c.false_negative)


BY_THRESHOLD: Mapping[str, Callable[[Counts], Floats]] = {
    "accuracy": accuracy,
    "recall": recall,
    "specificity": specificity,
    "positive predictive value": positive_predictive_value,
    "negative predictive value": negative_predictive_value,
}
"""Scores of a rule that predicts one of the outcomes."""


def brier(p: Floats, outcomes: Outcomes) -> Floats:
    """Mean squared distance of probabilities and outcomes, shape (...); 0 is best.

    References
    ----------
    Brier, G. W. (1950). Verification of forecasts expressed in terms of probability. Monthly Weather Review
    78, 1-3.
    """
    return np.asarray(((1 - p) ** 2 @ outcomes.hits + p**2 @ outcomes.misses) / outcomes.total)


def auc(p: Floats, outcomes: Outcomes) -> Floats:
    """Probability that a random modelled outcome has a higher ``p`` than a random other one; ties count half.

    Parameters
    ----------
    p : float64 array, shape (..., n)
        Probabilities.
    outcomes : Outcomes
        Of the rows.

    Returns
    -------
    float64 array, shape (...)
        The area under the ROC curve: the Mann-Whitney statistic divided by the number of pairs.

    References
    ----------
    Hanley, J. A. and McNeil, B. J. (1982). The meaning and use of the area under a receiver operating
    characteristic (ROC) curve. Radiology 143, 29-36.
    """
    flat = p.reshape(-1, p.shape[-1])
    found = np.empty(len(flat))
    for k, row in enumerate(flat):
        values, member = np.unique(row, return_inverse=True)
        hits = np.bincount(member, weights=outcomes.hits, minlength=len(values))
        misses = np.bincount(member, weights=outcomes.misses, minlength=len(values))
        below = np.cumsum(misses) - misses
        found[k] = (hits * (below + 0.5 * misses)).sum()
    return np.asarray(found / (outcomes.hits.sum() * outcomes.misses.sum())).reshape(p.shape[:-1])


OVERALL: Mapping[str, Callable[[Floats, Outcomes], Floats]] = {"AUC": auc, "Brier score": brier}
"""Scores of the probabilities themselves."""


@dataclass(frozen=True)
class Brier:
    """The Brier score and its parts: score = reliability - resolution + uncertainty + rest.

    ``rest`` is the variation of probabilities within the bins.

    References
    ----------
    Murphy, A. H. (1973). A new vector partition of the probability score. Journal of Applied Meteorology 12,
    595-600.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float

    @property
    def rest(self) -> float:
        """What the bins leave out."""
        return self.score - (self.reliability - self.resolution + self.uncertainty)


def decomposed(p: Floats, outcomes: Outcomes, bins: NDArray[np.int64]) -> Brier:
    """Murphy's parts of the Brier score of probabilities, shape (n,), over bins of the rows, shape (n,)."""
    size = outcomes.hits + outcomes.misses
    n = np.bincount(bins, weights=size)
    predicted = np.bincount(bins, weights=p * size) / n
    observed = np.bincount(bins, weights=outcomes.hits) / n
    rate = outcomes.hits.sum() / outcomes.total
    return Brier(
        float(brier(p, outcomes)),
        float((n * (predicted - observed) ** 2).sum() / n.sum()),
        float((n * (observed - rate) ** 2).sum() / n.sum()),
        float(rate * (1 - rate)),
    )
