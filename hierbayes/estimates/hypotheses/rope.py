"""Regions of practical equivalence: differences that are as good as none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.errors import ArgumentTypeError, DataError, UnknownNameError
from hierbayes.families import get_link
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

AUTO = "auto"
SHARE = 0.1
"""Half of a small standardized difference (Kruschke 2018)."""

LATENT = {"logit": np.pi / np.sqrt(3), "probit": 1.0}
"""Standard deviation of the latent variable, by link."""


@dataclass(frozen=True)
class Rope:
    """A region of practical equivalence and what to say of it."""

    low: float
    high: float
    words: str


def rope_of(fit: Fit, given: Any) -> Rope | None:
    """Check a region, or choose one.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    given : (float, float), "auto" or None
        The region in units of what is asked; ``"auto"``: 0.1 standard deviations of the response, or of the
        latent variable behind a binary or ordered one, to both sides of 0.

    Raises
    ------
    UnknownNameError, ArgumentTypeError
        If it is neither.
    DataError
        If its ends are in the wrong order, or the family has no scale for ``"auto"``.

    References
    ----------
    Kruschke, J. K. (2018). Rejecting or accepting parameter values in Bayesian estimation. Advances in
    Methods and Practices in Psychological Science 1, 270-280.
    """
    if given is None:
        return None
    if isinstance(given, str):
        if given != AUTO:
            raise UnknownNameError("value of rope", given, (AUTO,), "Or give two numbers, rope=(-0.1, 0.1).")
        return _usual(fit)
    try:
        low, high = (float(end) for end in given)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"rope is two numbers, (-0.1, 0.1), or 'auto'; {given!r} was given."
        ) from error
    if not low < high:
        raise DataError(f"rope is a lower and an upper end, (-0.1, 0.1); {given!r} was given.")
    return Rope(low, high, f"rope: share of the posterior between {low:g} and {high:g}")


def share_within(values: Floats, rope: Rope) -> Floats:
    """Share of draws in the region, of each column of (chain, draw, k)."""
    return np.asarray(((values >= rope.low) & (values <= rope.high)).mean(axis=(0, 1)))


def _usual(fit: Fit) -> Rope:
    link = get_link(fit.spec.family, fit.spec.link).name
    response = fit.design.response
    if fit.spec.family in ("gaussian", "student") and link == "identity":
        unit, of = float(np.std(fit.design.y, ddof=1)), f"of {response.name}"
    elif link in LATENT and (response.ordered or fit.spec.family in ("bernoulli", "binomial")):
        unit, of = LATENT[link], f"on the latent scale ({link} link)"
    else:
        raise DataError(
            f"rope='auto' is 0.1 standard deviations of the response, which the {fit.spec.family} family "
            f"with the {link} link does not have on the scale of its coefficients. Give two numbers, "
            "rope=(-0.1, 0.1)."
        )
    half = SHARE * unit
    return Rope(
        -half,
        half,
        f"rope: share of the posterior between {-half:.3g} and {half:.3g}, 0.1 standard deviations {of} "
        "(Kruschke 2018); it is meant for differences between groups or per standard deviation of a column",
    )
