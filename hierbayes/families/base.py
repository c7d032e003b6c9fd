"""What every response distribution answers, in NumPy: a second implementation of each likelihood."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.families.links import Floats, Link

type Parameters = Mapping[str, ArrayLike]
"""Values of the family parameters by name, ``{"sigma": sigma}``, and what the rows carry, each shape (n,):

- ``"cutpoints"``: of ordered categories, the last axis; the other axes broadcast with the rows.
- ``"trials"``: how many trials a binomial response counts the successes of; 1 where it is absent.
- ``"weights"``: of a Gaussian row, by what its residual variance is divided (as in lme4); of any other row,
  by what its log density is multiplied (as in brms): how often it counts. 1 where it is absent.
- ``"low"``, ``"high"``, ``"lb"``, ``"ub"`` and ``"se"``: what is known in part; see ``partial``.
"""

TRIALS, WEIGHTS = "trials", "weights"
CUTPOINTS, CATEGORIES = "cutpoints", "categories"
NO_PARAMETERS: Parameters = {}

LATENT, LOGNORMAL, TRIGAMMA, DELTA, OBSERVATION = "latent", "lognormal", "trigamma", "delta", "observation"
RESIDUAL = "residual"


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
        Names of its own scalar parameters, besides the linear predictor.
    response_kind : str
        ``"numeric"``, ``"count"``, ``"binary"``, ``"trials"``, ``"ordered"`` or ``"categories"``: how a
        response column is read.
    scale : str
        The parameter that is a standard deviation of rows around their location, ``"sigma"``; empty for
        families that have none. Only ``is_flat`` says that the information about ``eta`` hangs on it alone.
    shares : tuple of str
        Those of ``parameters`` that lie between 0 and 1; the others are positive.
    level1_at_mean : bool
        Whether the level-1 variance depends on the mean, which then is among the parameters that
        ``level1_variance`` is given.
    ordered : str
        The parameter that is a vector in increasing order, ``"cutpoints"``, and takes the intercept's place;
        empty for families without one. Such responses are categories, whose ``probabilities`` stand where
        other families have ``mean`` and ``variance``.
    residual_weights : bool
        Whether weights divide the residual variance, as in lme4; else they multiply the log density.
    """

    name: str
    links: tuple[str, ...]
    parameters: tuple[str, ...]
    response_kind: str
    scale: str = ""
    shares: tuple[str, ...] = ()
    level1_at_mean: bool = False
    residual_weights: bool = False
    ordered: str = ""

    @property
    def all_parameters(self) -> tuple[str, ...]:
        """Names of the scalar parameters and of the ordered vector, if there is one."""
        return (*self.parameters, self.ordered) if self.ordered else self.parameters

    @abstractmethod
    def check_response(self, y: Floats, name: str, trials: Floats | None = None) -> None:
        """Refuse a response that the distribution cannot have produced, or that cannot be learned from.

        Parameters
        ----------
        y : float64 array, shape (n,)
            The response.
        name : str
            The left side of the formula, for the message.
        trials : float64 array, shape (n,), or None
            Of how many trials each response counts the successes; binomial only.

        Raises
        ------
        DataError
            If values are not finite, outside of the support, or all equal.
        """

    def domain(self, link: Link) -> tuple[float, float]:
        """The open interval of ``eta`` outside of which there is no such distribution."""
        return -np.inf, np.inf

    def is_flat(self, link: Link) -> bool:
        """Whether a row's information about ``eta`` is the same for every ``eta``: identity link, a scale."""
        return bool(self.scale) and link.name == "identity"

    def is_linear(self, link: Link) -> bool:
        """Whether the score is linear in ``eta``, so that maximum likelihood is least squares."""
        return self.is_flat(link)

    def at_mean(self, link: Link) -> bool:
        """Whether ``level1_variance`` hangs on the mean with this link; see ``level1_at_mean``."""
        return self.level1_at_mean

    def mean(self, eta: ArrayLike, link: Link, params: Parameters = NO_PARAMETERS) -> Floats:
        """Expected response, on the response scale, in the shape of ``eta``; of counts, the expected count.

        Parameters
        ----------
        eta : array
            Linear predictor, on the link scale.
        link : Link
            The link in force.
        params : mapping of str to array
            The family's own, and ``"trials"``: without trials a binomial mean is that of a single trial, a
            probability; without ``"sigma"`` a lognormal mean is its median; without a share of zeros a mean
            is that of the counts before zeros are added or taken out.

        Examples
        --------
        >>> from hierbayes.families import get_family, get_link
        >>> float(get_family("bernoulli").mean(0.0, get_link("bernoulli", "probit")))
        0.5
        """
        return link.inverse(eta)

    def is_mean(self, link: Link) -> bool:
        """Whether the expected response is the linear predictor itself, where nothing is truncated."""
        return link.name == "identity"

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
            Family parameters, trials and weights, each broadcastable with ``eta``.
        link : Link
            The link in force.

        Returns
        -------
        array, shape (..., n)
            Finite for ``|eta| <= 700`` within ``domain``, ``-inf`` outside of it.
        """

    def log_constant(self, y: ArrayLike, params: Parameters) -> Floats:
        """What ``log_density`` owes to the data alone, in the shape of ``y``: ``-log y!`` and the like."""
        return np.zeros_like(array(y))

    @abstractmethod
    def score(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Derivative of ``log_density`` with respect to ``eta``, elementwise; arguments as there."""

    @abstractmethod
    def information(self, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Expected Fisher information that one response carries about its ``eta``, in the shape of ``eta``.

        Equals the variance of the score, ``(d mu / d eta)^2 / Var(y)`` for families whose mean is ``mu``.
        """

    def step_weights(self, y: ArrayLike, eta: ArrayLike, params: Parameters, link: Link) -> Floats:
        """Curvature of each row on which a step of maximum likelihood is built; here the information.

        Another one where Fisher scoring would overshoot.
        """
        return self.information(eta, params, link)

    @abstractmethod
    def draw(self, eta: ArrayLike, params: Parameters, link: Link, rng: np.random.Generator) -> Floats:
        """One random response for each element of ``eta``; the same generator state gives the same draws."""

    def typical_mean(self, y: Floats, rows: Parameters = NO_PARAMETERS) -> float:
        """Mean of the rows as a whole, inside of the link's range: where default priors center the intercept.

        Parameters
        ----------
        y : float64 array, shape (n,)
            Responses.
        rows : mapping of str to array
            Trials and weights, where there are any.
        """
        weights = np.broadcast_to(array(rows.get(WEIGHTS, 1.0)), y.shape)
        return float((weights * y).sum() / (weights * trials_of(rows)).sum())

    def middle(self, link: Link) -> float | None:
        """The mean at which default priors center the intercept; None: at ``typical_mean``, by the data."""
        return None

    def unit(self, y: Floats, link: Link, center: float) -> float:
        """One unit of the linear predictor, in which default priors are stated: here the sd of the response.

        Parameters
        ----------
        y : float64 array, shape (n,)
            Responses.
        link : Link
            The link in force.
        center : float
            Where the linear predictor is expected, link scale.
        """
        return float(y.std())

    def first_means(self, y: Floats, base: Floats, rows: Parameters = NO_PARAMETERS) -> Floats:
        """Means from which a rough fit starts, shape (n,), inside of the link's range.

        Parameters
        ----------
        y, base : float64 arrays, shape (n,)
            Responses, and their means in a model of nothing but an intercept and the offsets.
        rows : mapping of str to array
            Trials and weights, where there are any.
        """
        return base

    def informative(
        self, y: Floats, values: Mapping[str, float]
    ) -> tuple[NDArray[np.bool_], Mapping[str, float]]:
        """The rows that say anything about ``eta``, and the parameters by which they are to be judged alone.

        Parameters
        ----------
        y : float64 array, shape (n,)
            Responses.
        values : mapping of str to float
            The family's own parameters.

        Returns
        -------
        bool array, shape (n,), and mapping of str to float
            All rows and the same values, unless zeros have a part of the likelihood to themselves.
        """
        return np.ones(y.shape, dtype=bool), values

    def probabilities(self, eta: ArrayLike, link: Link, params: Parameters) -> Floats | None:
        """Probability of each category, shape (..., n, K); None for responses that are numbers."""
        return None

    def rough_parameters(
        self, y: Floats, eta: Floats, link: Link, rows: Parameters = NO_PARAMETERS
    ) -> Mapping[str, Any]:
        """Rough estimates of ``all_parameters`` at a linear predictor, to choose coordinates with.

        Parameters
        ----------
        y, eta : float64 arrays, shape (n,)
            Responses and linear predictor (link scale).
        link : Link
            The link in force.
        rows : mapping of str to array
            Trials and weights, where there are any.
        """
        return {}

    def arrange(self, values: Mapping[str, ArrayLike]) -> Parameters:
        """Parameters by their names as the family's methods take them."""
        return values

    def separate(self, params: Parameters, names: tuple[str, ...]) -> dict[str, ArrayLike]:
        """The inverse of ``arrange``: each named parameter by itself."""
        return {name: params[name] for name in names}

    @abstractmethod
    def level1_scales(self, link: Link) -> tuple[str, ...]:
        """Names of the definitions of a level-1 variance, the default first; empty where there is none."""

    @abstractmethod
    def level1_variance(self, link: Link, params: Parameters, scale: str = "") -> Floats:
        """Residual (level-1) variance on the scale of the linear predictor, in the shape of the parameters.

        Parameters
        ----------
        link : Link
            The link in force.
        params : mapping of str to array
            Family parameters; where ``level1_at_mean``, also ``"mean"``, the mean of an average row.
        scale : str
            One of ``level1_scales(link)``, the first by default. ``"latent"``: the variance of the latent
            variable whose sign a binary response shows, or of a Gaussian response itself. For counts
            ``"lognormal"``, ``"trigamma"``, ``"delta"`` (log link) and ``"observation"`` (other links): the
            variance of a single observation, on the link scale. ``"residual"``: of a single value around its
            linear predictor, whose scale it shares.

        Raises
        ------
        UnknownNameError
            If there is no such scale.
        """

    def chosen_scale(self, link: Link, scale: str) -> str:
        """A scale of ``level1_scales``, the first where none is named; raises UnknownNameError for others."""
        allowed = self.level1_scales(link)
        if not allowed or (scale and scale not in allowed):
            advice = "" if allowed else f"The {link.name} link of {self.name} has no level-1 variance."
            raise UnknownNameError("scale of a level-1 variance", scale or "(any)", allowed, advice)
        return scale or allowed[0]


def array(x: ArrayLike) -> Floats:
    """``x`` as a float64 array."""
    return np.asarray(x, dtype=np.float64)


def trials_of(params: Parameters) -> Floats:
    """The number of trials of each row; 1 where it is not stated."""
    return array(params.get(TRIALS, 1.0))


def times_weights(values: Floats, params: Parameters) -> Floats:
    """Values of rows times their weights, if they have any."""
    return values * array(params[WEIGHTS]) if WEIGHTS in params else values


def product(count: ArrayLike, log: Floats) -> Floats:
    """``count * log``, 0 where the count is 0 even if the logarithm is ``-inf``."""
    counts = array(count)
    with np.errstate(invalid="ignore"):
        return np.where(counts == 0, 0.0, counts * log)


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


COUNTS = "whole numbers from 0 on"
RATE = (
    "For a rate, model the count and add offset(log(exposure)) to the formula; for other measurements use "
    "family='gaussian'."
)


def check_counts(y: Floats, name: str, advice: str = RATE) -> None:
    """Raise DataError if a response has negative values, or values that are not whole."""
    bad = np.flatnonzero(y < 0)
    if bad.size:
        raise DataError(
            f"The response {name!r} has {_values(bad.size)} negative, the first in used row {bad[0] + 1}: "
            f"{y[bad[0]]:g}. Allowed: {COUNTS}. Correct these values; if they are measurements that may be "
            "negative, use family='gaussian'."
        )
    bad = np.flatnonzero(y != np.floor(y))
    if bad.size:
        raise DataError(
            f"The response {name!r} has {_values(bad.size)} not whole, the first in used row {bad[0] + 1}: "
            f"{y[bad[0]]:g}. Allowed: {COUNTS}. {advice}"
        )


def _values(count: int) -> str:
    return "1 value that is" if count == 1 else f"{count} values that are"
