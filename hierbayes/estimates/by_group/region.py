"""Where two coefficients of a new group are expected to lie together: ellipses of stated probability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.errors import DataError
from hierbayes.estimates.by_group.groups import select_groups
from hierbayes.estimates.variance.covariance import covariance
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

PROBS = (0.5, 0.9)
NEW_GROUPS = 100_000
"""New groups that settle how large an ellipse must be: its probability is then known to about 0.1 %."""

POINTS = 121

DEFINITION = (
    "ellipses of the posterior predictive distribution of a new group, with the mean and covariance that it "
    "has over the posterior (population, standard deviations and correlation are not held at an estimate), "
    "each as large as it takes to hold a new group with its probability"
)


def regions(
    fit: Fit, group: str, terms: Sequence[str], *, probs: Sequence[float] = PROBS, seed: int = 0
) -> xr.Dataset:
    """Ellipses that hold two coefficients of a new group with stated probabilities.

    For each draw a new group's coefficients are normal around the population's, with the draw's own
    covariance. Their mixture over the posterior has the mean ``E[b]`` and the covariance
    ``E[S] + Var[b]``, and longer tails than a normal distribution: the radius of an ellipse is the quantile
    of the Mahalanobis distances of new groups, not of a chi-squared distribution.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str
        A group term's name.
    terms : sequence of two str
        Two of its coefficients.
    probs : sequence of float
        Probabilities of the ellipses.
    seed : int
        Of the new groups.

    Returns
    -------
    Dataset
        On the link scale, all other columns at zero: ``center`` (term), the posterior mean of the
        population's coefficients, zero for one that it does not have; ``covariance`` (term, term_bis);
        ``radius`` (prob), in units of the Mahalanobis distance; ``boundary`` (prob, point, term), a closed
        line. ``attrs["definition"]`` says the same in words.

    Raises
    ------
    UnknownNameError
        If the model has no such group term.
    DataError
        If ``terms`` are not two coefficients of it.

    References
    ----------
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., section 5.2 (prediction for a new group).

    Examples
    --------
    >>> regions(fit, "school", ["Intercept", "standLRT"])["radius"].sizes["prob"]
    2
    """
    (spec,) = select_groups(fit, group)
    if len(set(terms)) != 2 or not set(terms) <= set(spec.terms):
        raise DataError(
            f"An ellipse is drawn for two coefficients of {group!r}, and {list(terms)!r} was given. "
            f"There are: {', '.join(spec.terms)}."
        )
    S, b = _draws(fit, group, terms)
    center = b.mean(axis=0)
    total = S.mean(axis=0) + np.cov(b.T, bias=True)
    rng = np.random.default_rng(seed)
    each = -(-NEW_GROUPS // len(b))
    z = np.einsum("spq,stq->stp", _root(S), rng.standard_normal((len(b), each, 2)))
    new = (b - center)[:, None, :] + z
    distance = np.sqrt(np.einsum("stp,pq,stq->st", new, np.linalg.inv(total), new))
    radius = np.quantile(distance, probs)
    angle = np.linspace(0, 2 * np.pi, POINTS)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    boundary = center + radius[:, None, None] * (circle @ _root(total).T)
    return xr.Dataset(
        {
            "center": ("term", center),
            "covariance": (("term", "term_bis"), total),
            "radius": ("prob", radius),
            "boundary": (("prob", "point", "term"), boundary),
        },
        coords={"term": list(terms), "term_bis": list(terms), "prob": list(probs)},
        attrs={"definition": DEFINITION, "scale": "link"},
    )


def _draws(fit: Fit, group: str, terms: Sequence[str]) -> tuple[Floats, Floats]:
    """Covariance of the effects (draws, 2, 2) and coefficients of the population (draws, 2)."""
    (spec,) = select_groups(fit, group)
    dim, bis = names.group_term(group), names.group_term_bis(group)
    S = covariance(fit, spec).sel({dim: list(terms), bis: list(terms)}).to_numpy().reshape(-1, 2, 2)
    b = np.zeros((len(S), 2))
    for k, term in enumerate(terms):
        if term in fit.design.terms:
            b[:, k] = fit.posterior[names.B].sel({names.TERM: term}).to_numpy().ravel()
    return S, b


def _root(S: Floats) -> Floats:
    """A matrix whose product with its transpose is ``S``, which may be singular."""
    values, vectors = np.linalg.eigh(S)
    root: Floats = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    return root
