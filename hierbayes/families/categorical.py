"""Unordered categories: log odds against the first one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hierbayes.errors import DataError
from hierbayes.families.base import (
    NO_PARAMETERS,
    WEIGHTS,
    Family,
    Parameters,
    array,
    check_counts,
    check_finite,
    check_varies,
    times_weights,
)
from hierbayes.families.binomial import latent_scales, middle_probability, probability_unit
from hierbayes.families.links import Floats, Link

LOG_ODDS = "log_odds"
POSITIONS = "Give the positions of the categories; the reference is 0."
_NO_MOMENTS = (
    "Unordered categories have no {}: they are no numbers. Use the probabilities of the categories, which "
    "fit.epred() gives."
)


@dataclass(frozen=True)
class Categorical(Family):
    """``P(y = k) = exp(eta_k) / sum_j exp(eta_j)`` for the categories 0 to K - 1, with ``eta_0 = 0``.

    ``eta`` is the log odds of category 1 against the reference, category 0; ``params["log_odds"]`` has those
    of the categories 2 to K - 1 along its first axis, which broadcast with ``eta``: shape (K - 2, n), or
    (K - 2, chain, draw, n) for posterior draws. The parametrization of ``nnet::multinom`` and brms.

    References
    ----------
    McFadden, D. (1974). Conditional logit analysis of qualitative choice behavior. In Zarembka (ed.),
    Frontiers in Econometrics, 105-142. Academic Press.
    Agresti, A. (2013). Categorical Data Analysis, 3rd ed. Wiley (equations 8.1 and 8.2).

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("categorical"), get_link("categorical")
    >>> family.probabilities([0.0, 1.0], link, {"log_odds": [[0.0, -1.0]]}).round(3).tolist()
    [[0.333, 0.333, 0.333], [0.245, 0.665, 0.09]]
    """

    def arrange(self, values: Mapping[str, ArrayLike]) -> Parameters:
        """The log odds of the categories after the second one, in their order, along a first axis."""
        return {LOG_ODDS: np.stack(np.broadcast_arrays(*map(array, values.values())))}

    def separate(self, params: Parameters, names: tuple[str, ...]) -> dict[str, ArrayLike]:
        """The log odds of each category by the name of its linear predictor."""
        return dict(zip(names, array(params[LOG_ODDS]), strict=True))

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are positions of categories, and differ."""
        check_finite(y, name)
        check_counts(y, name, POSITIONS)
        check_varies(y, name)

    def probabilities(self, eta: ArrayLike, link: Link, params: Parameters) -> Floats:
        """Probability of each category, shape (..., n, K)."""
        return np.exp(_log_probabilities(eta, params))

    def mean(self, eta: ArrayLike, link: Link, params: Parameters = NO_PARAMETERS) -> Floats:
        """Raise DataError: see ``probabilities``."""
        raise DataError(_NO_MOMENTS.format("mean"))

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """Raise DataError: see ``probabilities``."""
        raise DataError(_NO_MOMENTS.format("variance"))

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``eta_y - log sum_j exp(eta_j)``."""
        logs = _log_probabilities(eta, params)
        position = np.broadcast_to(array(y).astype(np.int64), logs.shape[:-1])
        return times_weights(np.take_along_axis(logs, position[..., None], axis=-1)[..., 0], params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``1[y = 1] - P(y = 1)``: with respect to the log odds of category 1."""
        return times_weights((array(y) == 1) - np.exp(_log_probabilities(eta, params)[..., 1]), params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``P(y = 1) (1 - P(y = 1))``: about the log odds of category 1."""
        p = np.exp(_log_probabilities(eta, params)[..., 1])
        return times_weights(p * (1 - p), params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Positions of categories in the broadcast shape of ``eta`` and the other log odds."""
        below = self.probabilities(eta, link, params).cumsum(axis=-1)[..., :-1]
        uniform = rng.random(below.shape[:-1])
        return (uniform[..., None] > below).sum(axis=-1).astype(np.float64)

    def typical_mean(self, y: Floats, rows: Parameters = NO_PARAMETERS) -> float:
        """Share of category 1 among the rows of categories 0 and 1, one half of a row added to each."""
        counts = _counts(y, rows)
        return float(counts[1] / (counts[0] + counts[1]))

    def middle(self, link: Link) -> float | None:
        """One half: a category that is as likely as the reference."""
        return middle_probability(link)

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """The latent sd of the logit link."""
        return probability_unit(link, center)

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, Any]:
        """Log odds of the categories after the second one, shape (K - 2, 1), in all rows together."""
        counts = _counts(y, rows)
        return {LOG_ODDS: np.log(counts[2:] / counts[0])[:, None]}

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """The latent scale of a category against the reference."""
        return latent_scales(link)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """``pi^2 / 3``: of the latent variable whose sign tells a category from the reference.

        References
        ----------
        Skrondal, A. and Rabe-Hesketh, S. (2003). Multilevel logistic regression for polytomous data and
        rankings. Psychometrika 68, 267-287 (utilities with Gumbel residuals; the difference of two is
        logistic).
        """
        self.chosen_scale(link, scale)
        return array(link.latent_sd**2)


def _counts(y: Floats, rows: Parameters) -> Floats:
    """Rows of each category, each as often as its weight says, and half a row more."""
    weights = np.broadcast_to(array(rows.get(WEIGHTS, 1.0)), y.shape)
    return np.bincount(y.astype(np.int64), weights, minlength=3) + 0.5


def _log_probabilities(eta: ArrayLike, params: Parameters) -> Floats:
    """Log probability of each category, shape (..., n, K)."""
    at = np.stack(np.broadcast_arrays(0.0, array(eta), *array(params[LOG_ODDS])), axis=-1)
    at = at - at.max(axis=-1, keepdims=True)
    return np.asarray(at - np.log(np.exp(at).sum(axis=-1, keepdims=True)))


CATEGORICAL = Categorical(name="categorical", links=("logit",), parameters=(), response_kind="categories")
