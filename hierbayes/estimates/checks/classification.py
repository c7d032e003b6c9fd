"""How well a model of binary outcomes tells them apart, in the data it was fitted to and left out ones."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.errors import DataError
from hierbayes.estimates.checks.scores import BY_THRESHOLD, OVERALL, Brier, Outcomes, counts, decomposed
from hierbayes.estimates.leave_out.pointwise import log_likelihood_blocks
from hierbayes.estimates.leave_out.psis import psis_weights
from hierbayes.estimates.predictions.prediction import epred
from hierbayes.estimates.summarize import PROB, Table, describe_interval
from hierbayes.fitted.record import Fit, once

type Floats = NDArray[np.float64]

BINARY = ("bernoulli", "binomial", "beta_binomial")
BINS = 10
BAD_K = 0.7
IN_SAMPLE, LEFT_OUT = "in-sample", "leave-one-out"
MEANINGS = {
    "accuracy": "outcomes that are predicted right",
    "recall": "of those that were {positive}, predicted to be (sensitivity)",
    "specificity": "of those that were {negative}, predicted to be",
    "positive predictive value": "of those predicted {positive}, that were (precision)",
    "negative predictive value": "of those predicted {negative}, that were",
    "AUC": "chance that one that was {positive} has a higher probability than one that was {negative}",
    "Brier score": "mean squared distance of probability and outcome; 0 is best",
}


@dataclass(frozen=True, repr=False)
class Classification:
    """Calibration and classification of a model of binary outcomes.

    Attributes
    ----------
    scores : DataFrame
        Rows ``accuracy, recall, specificity, positive predictive value, negative predictive value, AUC, Brier
        score``: ``in_sample`` and ``leave_one_out``, of the posterior mean probability of each row; ``mean,
        sd, lower, upper`` over the posterior draws of the probabilities, in-sample; ``meaning``.
    confusion : DataFrame
        Rows what is predicted, columns what was observed, with their numbers, in-sample and leave-one-out.
    calibration : DataFrame
        Bins of about equal size by probability: ``predictions`` (in-sample or leave-one-out), ``n``,
        ``predicted`` (mean probability), ``observed`` (share), ``lower, upper`` (of the share, Jeffreys).
    roc : DataFrame
        ``predictions``, ``threshold``, ``false_positive_rate``, ``true_positive_rate``.
    brier : mapping of str to Brier
        The Brier score and its parts, in-sample and leave-one-out.
    threshold : float
        Probability from which on the modelled outcome is predicted.
    positive, negative : str
        The outcomes in words.
    bad_k : int
        Rows whose Pareto k is above 0.7: their leave-one-out probabilities are rough.
    """

    scores: pd.DataFrame
    confusion: pd.DataFrame
    calibration: pd.DataFrame
    roc: pd.DataFrame
    brier: dict[str, Brier] = field(repr=False)
    threshold: float
    positive: str
    negative: str
    bad_k: int

    def __str__(self) -> str:
        shown = self.scores.drop(columns=["meaning"])
        return "\n\n".join(
            [
                f"Predicted {self.positive} where the probability is {self.threshold:g} or more",
                self.confusion.to_string(),
                str(shown),
            ]
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        said = f"Predicted {self.positive} where the probability is {self.threshold:g} or more"
        scores = Table(self.scores)
        scores.attrs = self.scores.attrs
        with pd.option_context("display.max_colwidth", None):
            return f"<p>{html.escape(said)}</p>{self.confusion.to_html()}{scores._repr_html_()}"


def classification(
    fit: Fit, threshold: float = 0.5, *, loo: bool = True, bins: int = BINS, prob: float = PROB
) -> Classification:
    """Judge probabilities and predictions of a binary outcome.

    Parameters
    ----------
    fit : Fit
        A fit of a bernoulli, binomial or beta_binomial model; of trials each one counts.
    threshold : float
        Probability from which on the modelled outcome is predicted.
    loo : bool
        Whether to give the same for rows that are left out, by Pareto-smoothed importance sampling.
    bins : int
        Number of bins of the calibration curve.
    prob : float
        Mass of the intervals.

    Returns
    -------
    Classification
        Print it for the confusion matrix and the scores.

    Raises
    ------
    DataError
        If the outcome is not binary, or ``threshold`` no probability.

    Notes
    -----
    In-sample figures flatter: each row has helped to find its own probability, through the effect of its
    group most of all. The leave-one-out probability of a row is the mean of its draws with the weights
    ``1 / p(y_i | draw)``, smoothed; its own group is known by the other rows. Recall and specificity are
    shares of what was observed, predictive values shares of what was predicted: the two are often confused.

    References
    ----------
    Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC. Statistics and Computing 27, 1413-1432.

    Examples
    --------
    >>> print(fit.classification())
    """
    if fit.spec.family not in BINARY:
        raise DataError(
            f"Classification is for binary outcomes, and this is a model of family {fit.spec.family}. "
            f"Allowed: {', '.join(BINARY)}. fit.predictive_check() compares other responses with replicated "
            "ones."
        )
    if not 0 < threshold < 1:
        raise DataError(f"threshold is a probability between 0 and 1; {threshold!r} was given.")
    draws = _probabilities(fit)
    outcomes = _outcomes(fit)
    means = {IN_SAMPLE: draws.mean(axis=(0, 1))}
    bad = 0
    if loo:
        means[LEFT_OUT], k = once(fit, "loo probabilities", lambda: left_out(fit, draws))
        bad = int((k > BAD_K).sum())
    positive, negative = _words(fit)
    scores = _scores(draws, means, outcomes, (threshold, prob), words=(positive, negative))
    if bad:
        rough = f"the leave-one-out probability of {bad} rows is rough (Pareto k above {BAD_K})"
        scores.attrs["notes"] = (f"{rough}; fit.loo() says which",)
    curves = [_roc(p, outcomes).assign(predictions=name) for name, p in means.items()]
    binned = {name: _bins(p, outcomes, bins) for name, p in means.items()}
    bars = {name: _calibration(p, outcomes, (binned[name], prob)) for name, p in means.items()}
    calibration = pd.concat([frame.assign(predictions=name) for name, frame in bars.items()])
    return Classification(
        scores,
        _confusion(means, outcomes, threshold, (positive, negative)),
        _first(calibration, "predictions"),
        _first(pd.concat(curves), "predictions"),
        {name: decomposed(p, outcomes, binned[name]) for name, p in means.items()},
        threshold,
        positive,
        negative,
        bad,
    )


def _probabilities(fit: Fit) -> Floats:
    """Draws of the probability of each row's single trial, (chain, draw, n)."""
    expected = epred(fit).to_numpy()
    return expected if fit.design.trials is None else expected / fit.design.trials


def _outcomes(fit: Fit) -> Outcomes:
    y = fit.design.y
    trials = np.ones(fit.design.n) if fit.design.trials is None else fit.design.trials
    return Outcomes(y, trials - y)


def _words(fit: Fit) -> tuple[str, str]:
    labels, name = fit.design.response.outcomes, fit.design.response.name
    if labels is not None:
        return labels[1], labels[0]
    if fit.design.trials is not None:
        return "success", "failure"
    return f"{name} = 1", f"{name} = 0"


def left_out(fit: Fit, draws: Floats) -> tuple[Floats, Floats]:
    """Leave-one-out means of a quantity of each row, and Pareto k.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    draws : float64 array, shape (chain, draw, n)
        The quantity.

    Returns
    -------
    float64 arrays, shape (n,)
        ``sum_s w_s q_s`` with Pareto-smoothed weights proportional to ``1 / p(y_i | draw s)``; k.
    """
    mean, k = np.empty(fit.design.n), np.empty(fit.design.n)
    for rows, block in log_likelihood_blocks(fit):
        flat = block.reshape(-1, block.shape[-1]).T
        log_weights, k[rows] = psis_weights(flat)
        values = draws[..., rows].reshape(-1, block.shape[-1]).T
        mean[rows] = (np.exp(log_weights) * values).sum(axis=-1)
    return mean, k


def _scores(
    draws: Floats,
    means: dict[str, Floats],
    outcomes: Outcomes,
    how: tuple[float, float],
    *,
    words: tuple[str, str],
) -> pd.DataFrame:
    threshold, prob = how
    flat = draws.reshape(-1, draws.shape[-1])
    over = counts(flat, outcomes, threshold)
    of_rule = {name: counts(p, outcomes, threshold) for name, p in means.items()}
    rows = []
    for name, score in BY_THRESHOLD.items():
        values = {kind: float(score(c)) for kind, c in of_rule.items()}
        rows.append(_row(name, values, score(over), prob))
    for name, overall in OVERALL.items():
        values = {kind: float(overall(p, outcomes)) for kind, p in means.items()}
        rows.append(_row(name, values, overall(flat, outcomes), prob))
    frame = pd.DataFrame(rows)
    positive, negative = words
    named = {"positive": positive, "negative": negative}
    frame["meaning"] = [MEANINGS[name].format(**named) for name in frame["score"]]
    frame.attrs["definition"] = (
        "in_sample and leave_one_out: of the posterior mean probability of each row, with and without the "
        "row's own outcome; mean to upper: over the posterior of the probabilities, in-sample, which flatters"
    )
    return describe_interval(frame, "share", prob)


def _row(name: str, values: dict[str, float], over: Floats, prob: float) -> dict[str, Any]:
    kept = over[~np.isnan(over)]
    lower, upper = np.quantile(kept, [(1 - prob) / 2, (1 + prob) / 2]) if kept.size else (np.nan, np.nan)
    row: dict[str, Any] = {"score": name, "in_sample": values[IN_SAMPLE]}
    if LEFT_OUT in values:
        row["leave_one_out"] = values[LEFT_OUT]
    mean = float(kept.mean()) if kept.size else np.nan
    spread = float(kept.std(ddof=1)) if kept.size > 1 else np.nan
    return {**row, "mean": mean, "sd": spread, "lower": lower, "upper": upper}


def _confusion(
    means: dict[str, Floats], outcomes: Outcomes, threshold: float, words: tuple[str, str]
) -> pd.DataFrame:
    positive, negative = words
    frames = {}
    for name, p in means.items():
        c = counts(p, outcomes, threshold)
        cells = [[c.true_negative, c.false_negative], [c.false_positive, c.true_positive]]
        frames[name] = pd.DataFrame(
            np.array(cells).astype(int),
            index=[f"predicted {negative}", f"predicted {positive}"],
            columns=[f"observed {negative}", f"observed {positive}"],
        )
    return pd.concat(frames, axis=1)


def _roc(p: Floats, outcomes: Outcomes) -> pd.DataFrame:
    """Every threshold that changes a prediction, the highest first."""
    values, member = np.unique(p, return_inverse=True)
    hits = np.bincount(member, weights=outcomes.hits)[::-1].cumsum() / outcomes.hits.sum()
    misses = np.bincount(member, weights=outcomes.misses)[::-1].cumsum() / outcomes.misses.sum()
    return pd.DataFrame(
        {
            "threshold": np.r_[np.inf, values[::-1]],
            "false_positive_rate": np.r_[0.0, misses],
            "true_positive_rate": np.r_[0.0, hits],
        }
    )


def _bins(p: Floats, outcomes: Outcomes, bins: int) -> NDArray[np.int64]:
    """Bins of about equally many outcomes by probability; equal probabilities share a bin."""
    _, member = np.unique(p, return_inverse=True)
    size = np.bincount(member, weights=outcomes.hits + outcomes.misses)
    middle = (np.cumsum(size) - size / 2) / size.sum()
    number = np.minimum((middle * bins).astype(np.int64), bins - 1)
    return np.asarray(np.unique(number, return_inverse=True)[1])[member]


def _calibration(p: Floats, outcomes: Outcomes, how: tuple[NDArray[np.int64], float]) -> pd.DataFrame:
    from scipy.stats import beta

    bins, prob = how
    size = outcomes.hits + outcomes.misses
    n, hits = np.bincount(bins, weights=size), np.bincount(bins, weights=outcomes.hits)
    lower, upper = (beta.ppf(q, hits + 0.5, n - hits + 0.5) for q in ((1 - prob) / 2, (1 + prob) / 2))
    return pd.DataFrame(
        {
            "bin": np.arange(1, len(n) + 1),
            "n": n.astype(int),
            "predicted": np.bincount(bins, weights=p * size) / n,
            "observed": hits / n,
            "lower": lower,
            "upper": upper,
        }
    )


def _first(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    others = [name for name in frame.columns if name != column]
    return frame[[column, *others]].reset_index(drop=True)
