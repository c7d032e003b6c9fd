"""Checks by looking: does the model produce data like these, and how did the chains run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hierbayes.estimates.predictions.prediction import middle_cut
from hierbayes.estimates.predictions.recorded import as_recorded, recorded
from hierbayes.report.blocks import Blocks, Cell, Column, Paragraph, Table
from hierbayes.report.content.context import Shown, picture
from hierbayes.report.numerals import interval, percent, places_for
from hierbayes.report.tables import number_cell

DRAWS = 200  # data sets simulated for the table of statistics
SEED = 1
COUNTS = (
    "poisson",
    "negbinomial",
    "binomial",
    "beta_binomial",
    "zero_inflated_poisson",
    "zero_inflated_negbinomial",
    "hurdle_poisson",
)

type Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def ppc(shown: Shown) -> Blocks:
    """Data simulated from the fitted model against the data: a picture and a few statistics."""
    text = (
        "If the model is a fair description, data simulated from it look like the data that were observed. "
        "Where the observed value lies far outside the simulated ones, the model misses something."
    )
    drawing = picture(
        shown.fit,
        "ppc",
        (
            f"The observed distribution of {shown.fit.design.response.name} and distributions simulated from "
            "the fitted model."
        ),
        "Observed data against data simulated from the posterior. The closer they are, the better.",
    )
    return (Paragraph(text), drawing, _statistics(shown))


def trace(shown: Shown) -> Blocks:
    """How the chains ran."""
    text = "Chains that mix well look alike: no chain stays away from the others, and none drifts."
    drawing = picture(
        shown.fit,
        "trace",
        "The draws of each parameter, chain by chain, and how their ranks are spread over the chains.",
        "Each colour is a chain. Flat and overlapping is good.",
    )
    return (Paragraph(text), drawing)


def _statistics(shown: Shown) -> Table:
    design = shown.fit.design
    simulated = shown.fit.posterior_predictive(draws=DRAWS, seed=SEED)
    draws = np.asarray(simulated.stack(sample=("chain", "draw")).transpose("sample", "obs"), dtype=np.float64)
    draws, responses = as_recorded(design, draws), recorded(design)
    rows = []
    for label, statistic in _chosen(shown).items():
        observed = float(statistic(responses[None, :])[0])
        values = statistic(draws)
        lower, upper = np.quantile(values, (0.025, 0.975))
        places = places_for(float(values.std()))
        above = float(np.mean(values >= observed))
        rows.append(
            (
                Cell(label),
                number_cell(observed, places),
                number_cell(float(values.mean()), places),
                Cell(interval(float(lower), float(upper), places)),
                Cell(percent(above), above),
            )
        )
    columns = (
        Column("Statistic"),
        Column("Observed", "right"),
        Column("Simulated", "right"),
        Column("95 % of simulations", "right"),
        Column("Simulated at or above", "right"),
    )
    caption = f"Statistics of the data and of {len(draws)} data sets that were simulated from the posterior"
    return Table(columns, tuple(rows), caption)


def _chosen(shown: Shown) -> dict[str, Statistic]:
    """Statistics to compare; each takes data sets of shape (s, n) to s values."""
    name = shown.fit.design.response.name
    binary = shown.fit.spec.family in ("bernoulli", "binomial") and shown.fit.design.trials is None
    labels = shown.fit.design.response.outcomes or ("0", "1")
    categories = shown.fit.design.response.categories
    chosen: dict[str, Statistic] = {}
    if categories:
        for k, label in enumerate(categories):
            chosen[f"Share of rows where {name} is {label}"] = _share_of(k)
    if shown.fit.spec.categories:
        cut = middle_cut(shown.fit)
        for group in shown.fit.design.groups:
            between = _between(group.codes, group.sizes)
            label = f"Standard deviation of the shares above {categories[cut]} of {group.label}"
            chosen[label] = _above(between, cut)
    if categories:
        return chosen
    if binary:
        chosen[f"Share of rows where {name} is {labels[1]}"] = lambda y: y.mean(axis=1)
    else:
        if shown.fit.spec.family in COUNTS:
            chosen[f"Share of rows where {name} is 0"] = lambda y: (y == 0).mean(axis=1)
        chosen[f"Mean of {name}"] = lambda y: y.mean(axis=1)
        chosen[f"Standard deviation of {name}"] = lambda y: y.std(axis=1, ddof=1)
        chosen[f"Smallest {name}"] = lambda y: y.min(axis=1)
        chosen[f"Largest {name}"] = lambda y: y.max(axis=1)
    for group in shown.fit.design.groups:
        label = f"Standard deviation of the {'shares' if binary else 'means'} of {group.label}"
        chosen[label] = _between(group.codes, group.sizes)
    return chosen


def _share_of(position: int) -> Statistic:
    return lambda y: np.asarray((y == position).mean(axis=1))


def _above(statistic: Statistic, cut: int) -> Statistic:
    return lambda y: statistic((y > cut).astype(np.float64))


def _between(codes: NDArray[np.int32], sizes: NDArray[np.int64]) -> Statistic:
    def statistic(y: NDArray[np.float64]) -> NDArray[np.float64]:
        own = codes >= 0
        means = np.stack([np.bincount(codes[own], row[own], sizes.size) for row in y]) / sizes
        deviations: NDArray[np.float64] = means.std(axis=1, ddof=1)
        return deviations

    return statistic
