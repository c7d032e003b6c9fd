"""A single yes or no."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hierbayes.families.base import (
    NO_PARAMETERS,
    Family,
    Parameters,
    array,
    check_finite,
    check_values,
    check_varies,
    times_weights,
)
from hierbayes.families.binomial import (
    BINARY_LINKS,
    inside,
    latent_scales,
    middle_probability,
    probability_unit,
)
from hierbayes.families.links import Floats, Link


@dataclass(frozen=True)
class Bernoulli(Family):
    """``y`` is 1 with probability ``mu``, else 0.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("bernoulli"), get_link("bernoulli")
    >>> float(family.log_density(1.0, -700.0, {}, link))
    -700.0
    """

    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Raise DataError unless the values are 0 and 1, both present."""
        check_finite(y, name)
        check_values(y, name, (0.0, 1.0))
        check_varies(y, name)

    def domain(self, link: Link) -> tuple[float, float]:
        """``eta < 0`` with the log link."""
        return (-np.inf, 0.0) if link.name == "log" else (-np.inf, np.inf)

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``mu (1 - mu)``."""
        probability = array(mu)
        return probability * (1 - probability)

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``log mu`` where ``y`` is 1 and ``log(1 - mu)`` where it is 0."""
        value = np.where(array(y) == 1, link.log_inverse(eta), link.log_complement(eta))
        return inside(times_weights(value, params), eta, self.domain(link))

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``mu' / mu`` where ``y`` is 1 and ``-mu' / (1 - mu)`` where it is 0."""
        slope = np.where(array(y) == 1, link.hazard_mean(eta), -link.hazard_complement(eta))
        return times_weights(slope, params)

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``mu'^2 / (mu (1 - mu))``, as the product of the two hazards."""
        return times_weights(link.hazard_mean(eta) * link.hazard_complement(eta), params)

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Zeros and ones in the shape of ``eta``."""
        mu = link.inverse(eta)
        return (rng.random(mu.shape) < mu).astype(np.float64)

    def middle(self, link: Link) -> float | None:
        """``middle_probability``."""
        return middle_probability(link)

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """``probability_unit``."""
        return probability_unit(link, center)

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """Halfway between the base rate and the outcomes."""
        return (y + base) / 2

    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """The latent scale; none for the log and cauchit links."""
        return latent_scales(link)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """Variance of the latent variable: ``pi^2 / 3`` (logit), 1 (probit), ``pi^2 / 6`` (cloglog).

        References
        ----------
        Nakagawa, S., Johnson, P. C. D. and Schielzeth, H. (2017). The coefficient of determination R2 and
        intra-class correlation coefficient from generalized linear mixed-effects models revisited and
        expanded. Journal of the Royal Society Interface 14, 20170213 (on distribution-specific
        variances).
        """
        self.chosen_scale(link, scale)
        return array(link.latent_sd**2)


BERNOULLI = Bernoulli(name="bernoulli", links=BINARY_LINKS, parameters=(), response_kind="binary")
