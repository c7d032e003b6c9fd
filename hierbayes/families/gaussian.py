"""The normal distribution with constant variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hierbayes.families.base import Family, Parameters, check_finite, check_scale, check_varies
from hierbayes.families.links import Floats, Link


def _array(x: ArrayLike) -> Floats:
    return np.asarray(x, dtype=np.float64)


@dataclass(frozen=True)
class Gaussian(Family):
    """``y ~ Normal(mu, sigma)``; ``sigma`` is the residual sd, in units of the response.

    Examples
    --------
    >>> from hierbayes.families import get_family, get_link
    >>> family, link = get_family("gaussian"), get_link("gaussian")
    >>> float(family.log_density(1.0, 1.0, {"sigma": 1.0}, link).round(4))
    -0.9189
    """

    def check_response(self, y: Floats, name: str) -> None:
        """Raise DataError unless the values are finite and not all equal."""
        check_finite(y, name)
        check_varies(y, name)

    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """``sigma^2`` for every mean."""
        return _array(params["sigma"]) ** 2 * np.ones_like(_array(mu))

    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Log density of the normal distribution at ``y``."""
        sigma = _array(params["sigma"])
        z = (_array(y) - link.inverse(eta)) / sigma
        return -0.5 * z**2 - np.log(sigma) - 0.5 * math.log(2 * math.pi)

    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``(y - mu) mu' / sigma^2``."""
        return (_array(y) - link.inverse(eta)) * link.derivative(eta) / _array(params["sigma"]) ** 2

    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """``mu'^2 / sigma^2``."""
        return (link.derivative(eta) / _array(params["sigma"])) ** 2

    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """Normal draws in the broadcast shape of ``eta`` and ``sigma``."""
        mu, sigma = np.broadcast_arrays(link.inverse(eta), _array(params["sigma"]))
        return mu + sigma * rng.standard_normal(mu.shape)

    def level1_variance(self, link: Link, params: Parameters, scale: str = "latent") -> Floats:
        """``sigma^2``: with the identity link the response is its own latent variable."""
        check_scale(scale)
        return _array(params["sigma"]) ** 2


GAUSSIAN = Gaussian(name="gaussian", links=("identity",), parameters=("sigma",), response_kind="numeric")
