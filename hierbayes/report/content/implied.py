"""What the priors of a model imply for its data, in a sentence and a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierbayes.errors import HierbayesError
from hierbayes.estimates.checks.prior import implied
from hierbayes.estimates.predictions.recorded import recorded
from hierbayes.report.blocks import Blocks, Paragraph
from hierbayes.report.content.context import Shown, picture
from hierbayes.report.numerals import number, percent, places_for
from hierbayes.report.words import listed

type Floats = NDArray[np.float64]

ENDS = (0.025, 0.975)
CONTRADICTED = (
    " The data lie outside of what was expected: priors and data contradict each other, and the priors are "
    "to be thought over."
)


def prior_predictive(shown: Shown) -> Blocks:
    """A sentence with the numbers, and the picture; why there is none where a prior is flat."""
    try:
        responses = implied(shown.fit)
    except HierbayesError as refusal:
        return (Paragraph(str(refusal), "note"),)
    name = shown.fit.design.response.name
    drawing = picture(
        shown.fit,
        "prior_predictive",
        f"The observed distribution of {name} and distributions that the priors imply before any data.",
        "The priors and the data. Priors that are wide beside the data leave the answer to the data.",
    )
    return (Paragraph(expectation(shown, responses)), drawing)


def expectation(shown: Shown, responses: Floats) -> str:
    """What the priors expect of the responses, with the same of the data.

    Parameters
    ----------
    shown : Shown
        The model.
    responses : float64 array, shape (draws, n)
        Responses that its priors imply.
    """
    shares = _shares(shown, responses)
    if shares is None:
        return _values(shown, responses)
    of = "the trials" if shown.fit.design.trials is not None else "the rows"
    told, outside = [], False
    for what, draws, observed in shares:
        low, high = np.quantile(draws, ENDS)
        told.append(f"{what} in {percent(low)} to {percent(high)} of {of} (in the data: {percent(observed)})")
        outside |= not low <= observed <= high
    text = (
        f"Of the data sets that its priors imply before any is seen, the model has in 95 %: {listed(told)}."
    )
    return text + (CONTRADICTED if outside else "")


def _values(shown: Shown, responses: Floats) -> str:
    observed = recorded(shown.fit.design)
    finite = responses[np.isfinite(responses)]
    low, high = np.quantile(finite, ENDS)
    least, most = np.quantile(observed, ENDS)
    places = places_for(float(observed.std()))
    text = (
        f"Before it sees the data, the model expects 95 % of the values of {shown.fit.design.response.name} "
        f"between {number(low, places)} and {number(high, places)}; in the data, 95 % lie between "
        f"{number(least, places)} and {number(most, places)}."
    )
    return text + (CONTRADICTED if not low <= np.median(observed) <= high else "")


def _shares(shown: Shown, responses: Floats) -> list[tuple[str, Floats, float]] | None:
    """Shares of rows (or of trials) with each outcome, of each data set and of the data; None for numbers."""
    design = shown.fit.design
    name, y = design.response.name, design.y
    if design.response.categories:
        return [
            (f"{name} {label}", (responses == k).mean(axis=1), float((y == k).mean()))
            for k, label in enumerate(design.response.categories)
        ]
    if design.trials is not None:
        n = design.trials.sum()
        return [(f"success in {name}", responses.sum(axis=1) / n, float(y.sum() / n))]
    if shown.fit.spec.family in ("bernoulli", "binomial"):
        event = design.response.outcomes[1] if design.response.outcomes else "1"
        return [(f"{name} {event}", responses.mean(axis=1), float(y.mean()))]
    return None
