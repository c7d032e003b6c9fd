"""The normal distribution with constant variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hierbayes.families import partial
from hierbayes.families.base import (
    DELTA,
    LATENT,
    NO_PARAMETERS,
    WEIGHTS,
    Parameters,
    array,
    check_finite,
    check_varies,
)
from hierbayes.families.binomial import inside
from hierbayes.families.links import Floats, Link
from hierbayes.families.positive import inner, positive_domain, relative_unit

LARGEST = 1e150  # of means and slopes, whose squares must be finite

LEAST_RESIDUAL = 0.01  # share of the scatter that a rough estimate of sigma^2 keeps beside known errors


def _row_sigma(params: Parameters) -> Floats:
    """The residual sd of each row: ``sigma / sqrt(weight)``, or ``sqrt(se^2 + sigma^2)``."""
    sigma = array(params.get("sigma", 0.0))
    if partial.STANDARD_ERROR in params:
        return np.hypot(array(params[partial.STANDARD_ERROR]), sigma)
    return sigma / np.sqrt(array(params[WEIGHTS])) if WEIGHTS in params else sigma


def typical_variance(errors: Floats) -> float:
    """The variance of a typical row among those with known standard errors, shape (n,).

    ``(n - 1) sum w / ((sum w)^2 - sum w^2)`` with ``w = 1 / se^2``: with it, the share of variance between
    studies is the I^2 of meta-analysis.

    References
    ----------
    Higgins, J. P. T. and Thompson, S. G. (2002). Quantifying heterogeneity in a meta-analysis. Statistics in
    Medicine 21, 1539-1558, equation 9.
    """
    weights = errors**-2
    total, squares = float(weights.sum()), float((weights**2).sum())
    return (errors.size - 1) * total / (total**2 - squares)


@dataclass(frozen=True)
class Gaussian(partial.Censorable):
    """``y ~ Normal(mu, sigma)``; ``sigma`` is the residual sd, in units of the response.

    With the log and inverse links the mean is positive: effects multiply, or add up in ``1 / mu``, while
    values scatter by the same amount everywhere.

    Weights are residual weights: the residual sd of a row is ``sigma / sqrt(weight)``, as in lme4. A known
    standard error ``se`` makes it ``sqrt(se^2 + sigma^2)``, and ``se`` alone where there is no ``sigma``.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("gaussian"), get_link("gaussian")
    >>> float(family.log_density(1.0, 1.0, {"sigma": 1.0}, link).round(4))
    -0.9189
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are finite and not all equal."""
        check_finite(y, name)
        check_varies(y, name)

    def domain(self, link: Link) -> tuple[float, float]:
        """``eta > 0`` with the inverse link."""
        return positive_domain(link) if link.name == "inverse" else (-np.inf, np.inf)

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``sigma^2 / weight`` for every mean."""
        return _row_sigma(params) ** 2 * np.ones_like(array(mu))

    @partial.mean
    def mean(self, eta: ArrayLike, link: Link, params: Parameters = NO_PARAMETERS) -> Floats:
        """``mu``; of truncated responses the mean between the bounds."""
        return link.inverse(eta)

    @partial.log_density
    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Log density of the normal distribution at ``y``."""
        sigma = _row_sigma(params)
        z = (array(y) - self._mean(eta, link)) / sigma
        scale = sigma if partial.STANDARD_ERROR in params else array(params["sigma"])
        value = -0.5 * z**2 - np.log(scale) + self.log_constant(y, params)
        return inside(value, eta, self.domain(link))

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """``(log(weight) - log(2 pi)) / 2``; 0 for a censored row."""
        weights = array(params.get(WEIGHTS, 1.0))
        value = 0.5 * (np.log(weights) - math.log(2 * math.pi)) * np.ones_like(array(y))
        return array(value * partial.exactly_known(params))

    @partial.score
    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(y - mu) mu' / sd^2``, ``sd`` that of the row."""
        return (array(y) - self._mean(eta, link)) * self._slope(eta, link) / _row_sigma(params) ** 2

    @partial.information
    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``mu'^2 / sd^2``, ``sd`` that of the row."""
        return (self._slope(eta, link) / _row_sigma(params)) ** 2

    @partial.draw
    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Normal draws in the broadcast shape of ``eta`` and ``sigma``."""
        mu, sigma = np.broadcast_arrays(self._mean(eta, link), _row_sigma(params))
        return mu + sigma * rng.standard_normal(mu.shape)

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """The sd of the response, through the link; ``relative_unit``."""
        return relative_unit(y, link, center)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """Halfway between the base mean and the responses; of those far below, a tenth of the base mean."""
        return np.maximum((y + base) / 2, base / 10)

    def log_cdf(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log Phi((y - mu) / sd)``."""
        return array(special.log_ndtr((array(y) - link.inverse(eta)) / _row_sigma(params)))

    def log_ccdf(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log Phi((mu - y) / sd)``."""
        return array(special.log_ndtr((link.inverse(eta) - array(y)) / _row_sigma(params)))

    def log_cdf_slope(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """The log density: ``mu`` moves the whole distribution."""
        sigma = _row_sigma(params)
        z = (array(y) - link.inverse(eta)) / sigma
        return -0.5 * z**2 - np.log(sigma) - 0.5 * math.log(2 * math.pi)

    def quantile(
        self, tails: tuple[Floats, Floats], eta: ArrayLike, params: Parameters, link: Link
    ) -> Floats:
        """``mu + sd Phi^-1(P(Y <= y))``."""
        below, above = tails
        z = np.where(below < above, special.ndtri_exp(below), -special.ndtri_exp(above))
        return link.inverse(eta) + _row_sigma(params) * z

    def truncated_mean(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``mu + sd^2 (f(lb) - f(ub)) / P(lb < Y < ub)``.

        References
        ----------
        Johnson, N. L., Kotz, S. and Balakrishnan, N. (1994). Continuous Univariate Distributions, vol. 1,
        2nd ed., equation 13.134.
        """
        bounds = params[partial.LOWER_BOUND], params[partial.UPPER_BOUND]
        total = partial.log_between(self, bounds, eta, params, link=link)
        low, high = (self.log_cdf_slope(bound, eta, params, link) for bound in bounds)
        shift = _row_sigma(params) ** 2 * (np.exp(low - total) - np.exp(high - total))
        return array(np.clip(link.inverse(eta) + shift, *bounds))

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> dict[str, float]:
        """The root mean square of the weighted residuals, censored ones left out; less known errors."""
        squares = (y - link.inverse(eta)) ** 2 * array(rows.get(WEIGHTS, 1.0))
        known = np.broadcast_to(partial.exactly_known(rows), y.shape)
        total = float(np.mean(squares[known] if known.any() else squares))
        errors = float(np.mean(array(rows.get(partial.STANDARD_ERROR, 0.0)) ** 2))
        return {"sigma": math.sqrt(max(total - errors, LEAST_RESIDUAL * total)) or 1.0}

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """With the identity link the response is its own latent variable; else by the delta method."""
        return (LATENT,) if link.name == "identity" else (DELTA,)

    def at_mean(self, link: Link) -> bool:
        """But for the identity link."""
        return link.name != "identity"

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """``sigma^2 / mu'^2``: that of a row of weight 1, at ``params["mean"]`` for curved links.

        With known standard errors, ``typical_variance`` more. The response is taken as if nothing of it were
        censored or truncated.
        """
        self.chosen_scale(link, scale)
        variance = array(params.get("sigma", 0.0)) ** 2
        if partial.STANDARD_ERROR in params:
            variance = variance + typical_variance(array(params[partial.STANDARD_ERROR]))
        if link.name == "identity":
            return variance
        return variance / self._slope(link.link(array(params["mean"])), link) ** 2

    def _mean(self, eta: ArrayLike, link: Link) -> Floats:
        return np.minimum(link.inverse(self._inner(eta, link)), LARGEST)

    def _slope(self, eta: ArrayLike, link: Link) -> Floats:
        return np.clip(link.derivative(self._inner(eta, link)), -LARGEST, LARGEST)

    def _inner(self, eta: ArrayLike, link: Link) -> Floats:
        return inner(array(eta), self.domain(link))


GAUSSIAN = Gaussian(
    name="gaussian",
    links=("identity", "log", "inverse"),
    parameters=("sigma",),
    response_kind="numeric",
    scale="sigma",
    residual_weights=True,
)
