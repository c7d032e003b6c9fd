"""Ordered categories: a latent variable, cut into pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hierbayes.errors import DataError
from hierbayes.families.base import (
    CATEGORIES,
    CUTPOINTS,
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
from hierbayes.families.links import LARGEST_EXPONENT, Floats, Link, log1mexp

ROWS = 20_000  # rows, evenly spaced, from which cutpoints are estimated roughly
STEPS, LARGEST_STEP = 12, 2.0  # Newton steps of such an estimate, and their length in units of the link
POSITIONS = "Give the positions of the categories, the lowest is 0."


def log_interval(upper: ArrayLike, lower: ArrayLike, link: Link) -> tuple[Floats, Floats, Floats]:
    """``log(F(a) - F(b))`` for ``a >= b``, with ``F`` the inverse link, and what its slopes owe to each end.

    Both tails keep their digits: with ``D = log F(a) - log F(b)`` it is ``log F(a) + log(1 - exp(-D))``, and
    the same of ``1 - F`` where more than half of the distribution lies below.

    Parameters
    ----------
    upper, lower : array
        ``a`` and ``b``, link scale.
    link : Link
        A link of probabilities.

    Returns
    -------
    value, at_upper, at_lower : float64 arrays
        The logarithm, ``f(a) / (F(a) - F(b))`` and ``f(b) / (F(a) - F(b))`` with ``f`` the density of ``F``.
    """
    a, b = np.broadcast_arrays(array(upper), array(lower))
    above = link.log_inverse(b) > link.log_complement(b)
    near = np.where(above, link.log_complement(b), link.log_inverse(a))
    far = np.where(above, link.log_complement(a), link.log_inverse(b))
    gap = np.minimum(near - far, LARGEST_EXPONENT)
    hazard_a = np.where(above, link.hazard_complement(a), link.hazard_mean(a))
    hazard_b = np.where(above, link.hazard_complement(b), link.hazard_mean(b))
    kept = -np.expm1(-gap)
    with np.errstate(divide="ignore", invalid="ignore"):
        faded = np.where(gap < LARGEST_EXPONENT, np.exp(-gap) / kept, 0.0)
        at_upper = hazard_a * np.where(above, faded, 1 / kept)
        at_lower = hazard_b * np.where(above, 1 / kept, faded)
    return near + log1mexp(gap), at_upper, at_lower


@dataclass(frozen=True)
class Cumulative(Family):
    """``P(y <= k) = F(c_k - eta)`` for the categories 0 to K - 1 and cutpoints ``c_0 < ... < c_(K-2)``.

    ``F`` is the inverse link: the latent variable ``eta + e``, ``P(e <= t) = F(t)``, exceeds ``y`` of the
    cutpoints. The parametrization of brms and of ``ordinal::clmm``: a larger ``eta`` makes higher categories
    more likely. ``params["cutpoints"]`` has the cutpoints as its last axis, the others broadcast with
    ``eta``: shape (K - 1,) for one vector, (chain, draw, 1, K - 1) for posterior draws.

    References
    ----------
    McCullagh, P. (1980). Regression models for ordinal data. Journal of the Royal Statistical Society B 42,
    109-142 (equation 2.3).
    Bürkner, P.-C. and Vuorre, M. (2019). Ordinal regression models in psychology: a tutorial. Advances in
    Methods and Practices in Psychological Science 2, 77-101 (equation 4).

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("cumulative"), get_link("cumulative")
    >>> family.probabilities([0.0, 2.0], link, {"cutpoints": [-1.0, 1.0]}).round(3).tolist()
    [[0.269, 0.462, 0.269], [0.047, 0.222, 0.731]]
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are positions of categories, and differ."""
        check_finite(y, name)
        check_counts(y, name, POSITIONS)
        check_varies(y, name)

    def probabilities(self, eta: ArrayLike, link: Link, params: Parameters) -> Floats:
        """Probability of each category, shape (..., n, K)."""
        return np.exp(np.stack([value for value, *_ in self._categories(eta, link, params)], axis=-1))

    def above(self, eta: ArrayLike, link: Link, params: Parameters, cut: int) -> Floats:
        """Probability of a category above a cutpoint, in the shape of ``eta``: ``1 - F(c - eta)``."""
        return np.exp(link.log_complement(array(params[CUTPOINTS])[..., cut] - array(eta)))

    def mean(self, eta: ArrayLike, link: Link, params: Parameters = NO_PARAMETERS) -> Floats:
        """Raise DataError: categories have an order and no distances; see ``probabilities``."""
        raise DataError(_NO_MOMENTS.format("mean"))

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """Raise DataError: categories have an order and no distances; see ``probabilities``."""
        raise DataError(_NO_MOMENTS.format("variance"))

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log(F(c_y - eta) - F(c_(y-1) - eta))``, the cutpoints of the ends at infinity."""
        value, _, _ = self._of_responses(y, eta, params, link)
        return times_weights(value, params)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``-(f(a) - f(b)) / (F(a) - F(b))`` at ``a = c_y - eta`` and ``b = c_(y-1) - eta``."""
        _, at_upper, at_lower = self._of_responses(y, eta, params, link)
        return times_weights(at_lower - at_upper, params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``sum over k of (f(a_k) - f(b_k))^2 / (F(a_k) - F(b_k))``."""
        total = np.zeros(())
        for value, at_upper, at_lower in self._categories(eta, link, params):
            with np.errstate(over="ignore", invalid="ignore"):
                total = total + np.nan_to_num(np.exp(value) * (at_upper - at_lower) ** 2)
        return times_weights(array(total), params)

    def joint_score(
        self, y: Floats, eta: Floats, params: Parameters, link: Link, *, columns: Floats
    ) -> tuple[Floats, Floats]:
        """Score and expected information of the cutpoints and of coefficients, all rows together.

        Parameters
        ----------
        y, eta, params, link
            As of ``log_density``, for one vector of cutpoints.
        columns : float64 array, shape (n, p)
            What the coefficients multiply.

        Returns
        -------
        score, information : float64 arrays, shapes (K - 1 + p,) and (K - 1 + p, K - 1 + p)
        """
        n_cutpoints, weights = array(params[CUTPOINTS]).shape[-1], array(params.get(WEIGHTS, 1.0))
        size = n_cutpoints + columns.shape[1]
        score, information = np.zeros(size), np.zeros((size, size))
        for k, (value, at_upper, at_lower) in enumerate(self._categories(eta, link, params)):
            # d log p_k: at_upper to cutpoint k, -at_lower to the one below, and what is left to eta
            slopes = np.column_stack([np.zeros((len(eta), n_cutpoints)), columns])
            slopes[:, n_cutpoints:] *= (at_lower - at_upper)[:, None]
            if k < n_cutpoints:
                slopes[:, k] = at_upper
            if k > 0:
                slopes[:, k - 1] = -at_lower
            score += slopes.T @ (weights * (y == k))
            information += slopes.T @ ((weights * np.exp(value))[:, None] * slopes)
        return score, information

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Positions of categories in the broadcast shape of ``eta`` and one cutpoint."""
        cutpoints = array(params[CUTPOINTS])
        shape = np.broadcast_shapes(np.shape(eta), cutpoints.shape[:-1])
        uniform = rng.random(shape)
        counts = [uniform > link.inverse(cutpoints[..., k] - array(eta)) for k in range(cutpoints.shape[-1])]
        return np.sum(counts, axis=0, dtype=np.float64)

    def middle(self, link: Link) -> float | None:
        """``middle_probability``: where default priors center a cutpoint."""
        return middle_probability(link)

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """``probability_unit``."""
        return probability_unit(link, center)

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> Mapping[str, Any]:
        """Cutpoints, shape (K - 1,), at which the expected share of each lower part of the scale is observed.

        Each by Newton's method; half a row is added to every category. ``rows["categories"]`` is K where not
        all categories occur in ``y``.
        """
        every = -(-y.size // ROWS)
        at = np.broadcast_to(eta, y.shape)[::every]
        weights = np.broadcast_to(array(rows.get(WEIGHTS, 1.0)), y.shape)[::every]
        n_categories = int(array(rows.get(CATEGORIES, y.max() + 1)))
        counts = np.bincount(y[::every].astype(np.int64), weights, n_categories) + 0.5
        shares = (counts.cumsum() / counts.sum())[:-1]
        weights = weights / weights.sum()
        cutpoints = link.link(shares) + float((weights * at).sum())
        for _ in range(STEPS):
            t = cutpoints[:, None] - at
            missing = shares - link.inverse(t) @ weights
            slope = np.maximum(link.derivative(t) @ weights, 1e-3 * np.minimum(shares, 1 - shares))
            step = missing / (slope * link.unit)
            cutpoints = cutpoints + np.clip(step, -LARGEST_STEP, LARGEST_STEP) * link.unit
        return {CUTPOINTS: np.maximum.accumulate(cutpoints)}

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """The latent scale."""
        return latent_scales(link)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """Variance of the latent variable: ``pi^2 / 3`` (logit), 1 (probit), ``pi^2 / 6`` (cloglog).

        References
        ----------
        Grilli, L. and Rampichini, C. (2012). Multilevel models for ordinal data. In Kenett and Salini (eds.),
        Modern Analysis of Customer Surveys, chapter 19. Wiley (section 19.4.1).
        """
        self.chosen_scale(link, scale)
        return array(link.latent_sd**2)

    def _categories(
        self, eta: ArrayLike, link: Link, params: Parameters
    ) -> Iterator[tuple[Floats, Floats, Floats]]:
        """``log_interval`` of each category in turn, in the shape of ``eta``."""
        cutpoints, at = array(params[CUTPOINTS]), array(eta)
        last = cutpoints.shape[-1]
        for k in range(last + 1):
            lower = None if k == 0 else cutpoints[..., k - 1] - at
            upper = None if k == last else cutpoints[..., k] - at
            yield _interval(upper, lower, link)

    def _of_responses(
        self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link
    ) -> tuple[Floats, Floats, Floats]:
        """``log_interval`` of the category of each response."""
        cutpoints, position = array(params[CUTPOINTS]), array(y)
        shape = np.broadcast_shapes(position.shape, np.shape(eta), cutpoints.shape[:-1])
        out = np.zeros((3, *shape))
        at, position = np.broadcast_to(array(eta), shape), np.broadcast_to(position, shape)
        last = cutpoints.shape[-1]
        for k in range(last + 1):
            own = position == k
            lower = None if k == 0 else np.broadcast_to(cutpoints[..., k - 1], shape)[own] - at[own]
            upper = None if k == last else np.broadcast_to(cutpoints[..., k], shape)[own] - at[own]
            out[:, own] = np.stack(_interval(upper, lower, link))
        return out[0], out[1], out[2]


def _interval(upper: Floats | None, lower: Floats | None, link: Link) -> tuple[Floats, Floats, Floats]:
    """``log_interval``, an end of None at infinity."""
    if upper is not None and lower is not None:
        return log_interval(upper, lower, link)
    if upper is not None:
        return link.log_inverse(upper), link.hazard_mean(upper), np.zeros_like(upper)
    at = np.zeros(()) if lower is None else lower
    return link.log_complement(at), np.zeros_like(at), link.hazard_complement(at)


_NO_MOMENTS = (
    "Ordered categories have no {}: their distances are not known. "
    "Use the probabilities of the categories, which fit.epred() gives."
)

CUMULATIVE = Cumulative(
    name="cumulative",
    links=("logit", "probit", "cloglog"),
    parameters=(),
    response_kind="ordered",
    ordered=CUTPOINTS,
)
