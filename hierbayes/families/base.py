"""What every response distribution answers, in NumPy: a second implementation of each likelihood."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.families.links import Floats, Link

type Parameters = Mapping[str, ArrayLike]
"""Values of the family parameters by name, ``{"sigma": sigma}``."""

LEVEL1_SCALES = ("latent",)


@dataclass(frozen=True)
class Family(ABC):
    """A response distribution given its linear predictor.

    Every method works elementwise under NumPy's broadcasting rules. For posterior draws pass ``eta`` of shape
    (chain, draw, n) and parameters of shape (chain, draw, 1); for one parameter vector, shapes (n,) and ().

    Attributes
    ----------
    name : str
        ``"gaussian"``.
    links : tuple of str
        Names of the links that the family takes, the default first.
    parameters : tuple of str
        Names of its own parameters, besides the linear predictor.
    response_kind : str
        ``"numeric"`` or ``"binary"``: how a response column is read.
    """

    name: str
    links: tuple[str, ...]
    parameters: tuple[str, ...]
    response_kind: str

    @abstractmethod
    def check_response(self, y: Floats, name: str) -> None:
        """Refuse a response that the distribution cannot have produced, or that cannot be learned from.

        Parameters
        ----------
        y : float64 array, shape (n,)
            The response.
        name : str
            The left side of the formula, for the message.

        Raises
        ------
        DataError
            If values are not finite, outside of the support, or all equal.
        """

    def mean(self, eta: ArrayLike, link: Link) -> Floats:
        """Expected response, on the response scale, in the shape of ``eta``.

        Parameters
        ----------
        eta : array
            Linear predictor, on the link scale.
        link : Link
            The link in force.

        Examples
        --------
        >>> from hierbayes.families import get_family, get_link
        >>> float(get_family("bernoulli").mean(0.0, get_link("bernoulli", "probit")))
        0.5
        """
        return link.inverse(eta)

    @abstractmethod
    def variance(self, mu: ArrayLike, params: Parameters) -> Floats:
        """Variance of a response with mean ``mu`` (response scale), in squared units of the response."""

    @abstractmethod
    def log_density(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Log density (or log probability) of each response.

        Parameters
        ----------
        y : array, broadcastable with ``eta``
            Responses.
        eta : array, shape (..., n)
            Linear predictor, on the link scale; leading dims are draws.
        params : mapping of str to array
            Family parameters, each broadcastable with ``eta``.
        link : Link
            The link in force.

        Returns
        -------
        array, shape (..., n)
            Finite for ``|eta| <= 700``.
        """

    @abstractmethod
    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Derivative of ``log_density`` with respect to ``eta``, elementwise; arguments as there."""

    @abstractmethod
    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Expected Fisher information that one response carries about its ``eta``, in the shape of ``eta``.

        Equals the variance of the score, ``(d mu / d eta)^2 / Var(y)`` for families whose mean is ``mu``.
        """

    @abstractmethod
    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """One random response for each element of ``eta``; the same generator state gives the same draws."""

    @abstractmethod
    def level1_variance(self, link: Link, params: Parameters, scale: str = "latent") -> Floats:
        """Residual (level-1) variance on the scale of the linear predictor, in the shape of the parameters.

        Parameters
        ----------
        link : Link
            The link in force.
        params : mapping of str to array
            Family parameters.
        scale : str
            ``"latent"``: for a binary response the variance of the latent variable whose sign is observed.

        Raises
        ------
        UnknownNameError
            If there is no such scale.
        """


def check_scale(scale: str) -> None:
    """Raise UnknownNameError unless ``scale`` is one on which a level-1 variance is defined."""
    if scale not in LEVEL1_SCALES:
        raise UnknownNameError("scale of a level-1 variance", scale, LEVEL1_SCALES)


def check_finite(y: Floats, name: str) -> None:
    """Raise DataError if a response has NaN or infinite values."""
    bad = np.flatnonzero(~np.isfinite(y))
    if bad.size:
        raise DataError(
            f"The response {name!r} has {_values(bad.size)} not finite, the first in used row {bad[0] + 1}: "
            f"{y[bad[0]]:g}. Allowed: finite numbers. Correct these values or drop their rows."
        )


def check_varies(y: Floats, name: str) -> None:
    """Raise DataError if every value of a response is the same."""
    if y.size and np.ptp(y) == 0:
        raise DataError(
            f"The response {name!r} is constant: all {y.size} rows have the value {y[0]:g}. "
            "Nothing can be learned from it. Check the column and the rows that were selected."
        )


def check_values(y: Floats, name: str, allowed: tuple[float, ...]) -> None:
    """Raise DataError if a response has a value other than those allowed."""
    bad = np.flatnonzero(~np.isin(y, allowed))
    if bad.size:
        raise DataError(
            f"The response {name!r} has {_values(bad.size)} not allowed, the first in used row {bad[0] + 1}: "
            f"{y[bad[0]]:g}. Allowed: {' and '.join(f'{a:g}' for a in allowed)}. "
            "Recode the column, or choose a family that takes such values."
        )


def _values(count: int) -> str:
    return "1 value that is" if count == 1 else f"{count} values that are"
