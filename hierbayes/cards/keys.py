"""The format of a model card as tables: every key and what it holds (in words: ``models/README.md``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """One key of a card: its kind (a row of :data:`KINDS`), and its limits."""

    kind: str
    required: bool = False
    minimum: int = 0


@dataclass(frozen=True)
class Kind:
    """What a key holds: how it is recognized, how it is written, and the kind of its elements."""

    accepts: Callable[[object], bool]
    example: str
    element: str | None = None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_text_or_table(value: object) -> bool:
    return isinstance(value, str | dict)


KINDS: dict[str, Kind] = {
    "text": Kind(_is_text, '"..."'),
    "a number": Kind(_is_number, "0.5"),
    "a whole number": Kind(_is_whole_number, "1000"),
    "a table": Kind(_is_table, "[name] on a line of its own, with its keys below"),
    "a list of texts": Kind(_is_list, '["vpc", "shrinkage"]', "text"),
    "a list of tables": Kind(_is_list, "one [[model]] for each model, in double brackets", "a table"),
    "a table of texts": Kind(_is_table, '{ sd = "half_normal(1)" }', "text"),
    "text or a table of texts": Kind(_is_text_or_table, '"drop", or { age = "error" }'),
    "a table of numbers": Kind(_is_table, '{ "b[age]" = -0.0266 }', "a number"),
}

CARD = {
    "title": Key("text", required=True),
    "question": Key("text", required=True),
    "data": Key("a table", required=True),
    "settings": Key("a table"),
    "priors": Key("a table of texts"),
    "model": Key("a list of tables", required=True),
    "report": Key("a table"),
}
DATA = {
    "dataset": Key("text"),
    "file": Key("text"),
    "description": Key("text"),
    "missing": Key("text or a table of texts"),
}
SETTINGS = {
    "draws": Key("a whole number", minimum=1),
    "tune": Key("a whole number", minimum=1),
    "chains": Key("a whole number", minimum=1),
    "seed": Key("a whole number"),
    "sampler": Key("text"),
    "parameterization": Key("text"),
}
MODEL = {
    "name": Key("text", required=True),
    "formula": Key("text", required=True),
    "family": Key("text"),
    "link": Key("text"),
    "description": Key("text"),
    "parameters": Key("a table of texts"),
    "priors": Key("a table of texts"),
    "reference": Key("a table"),
}
REFERENCE = {
    "source": Key("text", required=True),
    "figures": Key("a table of numbers", required=True),
}
REPORT = {
    "show": Key("a list of texts"),
}
TABLES: dict[str, dict[str, Key]] = {
    "the card": CARD,
    "[data]": DATA,
    "[settings]": SETTINGS,
    "[[model]]": MODEL,
    "reference": REFERENCE,
    "[report]": REPORT,
}
"""Every table of a card by the name that messages give it."""

REFERENCE_PARAMETERS = ("b", "sd", "cor", "sigma", "vpc")
"""What a published figure may be about: the first part of its key."""
