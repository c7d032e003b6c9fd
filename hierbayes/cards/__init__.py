"""Model cards: a TOML file names data, models, priors and what the report shows (``models/README.md``)."""

from hierbayes.cards.fitting import build_models, fit_card
from hierbayes.cards.frames import card_frame, read_frame
from hierbayes.cards.listing import list_cards
from hierbayes.cards.reader import load_card
from hierbayes.cards.records import SECTIONS, Card, CardData, CardModel, CardReport, CardSettings, Reference

__all__ = [
    "Card",
    "CardData",
    "CardModel",
    "CardReport",
    "CardSettings",
    "Reference",
    "SECTIONS",
    "build_models",
    "card_frame",
    "fit_card",
    "list_cards",
    "load_card",
    "read_frame",
]
