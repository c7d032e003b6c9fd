"""From a card to the fits of its models."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from hierbayes.cards.frames import card_frame
from hierbayes.cards.reader import load_card
from hierbayes.cards.records import Card, CardModel
from hierbayes.cards.source import Source, read_source
from hierbayes.errors import CardError, FormulaError, HierbayesError
from hierbayes.formulas.parts import formula, place_in_parameter

if TYPE_CHECKING:
    from hierbayes.fitted import Fit
    from hierbayes.model import Model

type OnFit = Callable[[CardModel, Fit], None]
"""What is told of each fit as soon as it is there."""


def build_models(card: Card) -> dict[str, Model]:
    """Build every model of a card without sampling.

    Returns
    -------
    dict of str to Model
        By the card's names, in the card's order.

    Raises
    ------
    DataError
        The data cannot be read.
    CardError
        A model does not fit the data; the message names the card's line.
    """
    from hierbayes.model import Model

    frame = card_frame(card.data)
    models = {}
    for index, entry in enumerate(card.models):
        try:
            models[entry.name] = Model(
                formula(entry.formula, **entry.parameters),
                frame,
                family=entry.family,
                link=entry.link,
                priors=dict(entry.priors),
                missing=card.data.missing,
            )
        except HierbayesError as error:
            raise _in_card(read_source(card.path), (index, entry), error) from None
    return models


def fit_card(
    card: Card | str | os.PathLike[str], *, progress: bool = True, on_fit: OnFit | None = None
) -> dict[str, Fit]:
    """Fit the models of a card one after the other.

    Parameters
    ----------
    card : Card or path
        The card, its file, or the name of one that comes along.
    progress : bool
        Whether to show one line per chain.
    on_fit : callable, optional
        Called with each :class:`CardModel` and its fit as soon as it is there.

    Returns
    -------
    dict of str to Fit
        By the card's names, in the card's order. After Ctrl-C the last one is partial and those after it are
        missing.

    Raises
    ------
    CardError
        The card is malformed, or one of its models does not fit the data. All models are built before the
        first is sampled.
    DataError
        The data cannot be read.

    Examples
    --------
    >>> import hierbayes as hb
    >>> fits = hb.fit_card("exam")  # doctest: +SKIP
    >>> fits["m4"].varcorr()  # doctest: +SKIP
    """
    card = card if isinstance(card, Card) else load_card(card)
    models = build_models(card)
    fits: dict[str, Fit] = {}
    for entry in card.models:
        try:
            fit = models[entry.name].fit(**asdict(card.settings), progress=progress, title=entry.name)
        except KeyboardInterrupt:
            if not fits:
                raise
            break
        fits[entry.name] = fit
        if on_fit is not None:
            on_fit(entry, fit)
        if fit.partial:
            break
    return fits


def _in_card(source: Source, where: tuple[int, CardModel], error: HierbayesError) -> CardError:
    index, entry = where
    place = ("model", index, "formula")
    if isinstance(error, FormulaError):
        if error.formula == source.at(place):
            return source.error(source.inside(place, error.span), error.problem, error.hint)
        for name, text in entry.parameters.items():
            if error.formula.startswith(f"{name} ~"):
                span = source.inside(
                    ("model", index, "parameters", name), place_in_parameter(name, text, error)
                )
                return source.error(span, error.problem, error.hint)
    return source.key_error(
        ("model", index), f"model {source.at(('model', index, 'name'))!r} cannot be built.", str(error)
    )
