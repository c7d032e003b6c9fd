"""The text of a card with the places of its keys, and the errors that point into it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hierbayes.cards import locate
from hierbayes.cards.shipped import shipped
from hierbayes.errors import CardError, nearest_match

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_SHOWN = 100  # characters of an offending line


@dataclass(frozen=True)
class Source:
    """A card's text.

    Attributes
    ----------
    path : pathlib.Path
        The card's file.
    raw : dict
        What ``tomllib`` read.
    places : Places
        Where the keys and values stand.
    """

    path: Path
    raw: dict[str, Any]
    places: locate.Places

    def key_error(self, path: locate.Path, problem: str, hint: str = "") -> CardError:
        """An error that points at the key of ``path``."""
        return self.error(self.places.key(path), problem, hint)

    def value_error(self, path: locate.Path, problem: str, hint: str = "") -> CardError:
        """An error that points at the value of ``path``."""
        return self.error(self.places.value(path), problem, hint)

    def error(self, span: tuple[int, int], problem: str, hint: str = "") -> CardError:
        """An error that points at a piece of the text."""
        return CardError(point(self.path, self.places.text, span, problem) + (f"\n{hint}" if hint else ""))

    def at(self, path: locate.Path) -> Any:
        """The value at a path."""
        value: Any = self.raw
        for part in path:
            value = value[part]
        return value

    def inside(self, path: locate.Path, span: tuple[int, int]) -> tuple[int, int]:
        """Span in the card of a piece of the string at ``path``; all of it where escapes hide the piece."""
        start, end = self.places.value(path)
        if self.places.text[start + 1 : end - 1] != self.at(path):
            return (start, end)
        return (start + 1 + span[0], start + 1 + max(span[1], span[0] + 1))


def read_source(path: Path) -> Source:
    """Read a card's file.

    Raises
    ------
    CardError
        The file is missing, unreadable, not UTF-8, or not TOML.
    """
    text = _read_text(path)
    try:
        raw = tomllib.loads(text)
        places = locate.locate(text)
    except tomllib.TOMLDecodeError as error:
        span = _syntax_span(text, str(error))
        problem = f"this is not TOML: {_POSITION.sub('', str(error))}."
        hint = "Texts stand in quotes, tables open with [name], and each model opens with [[model]]."
        raise CardError(f"{point(path, text, span, problem)}\n{hint}") from None
    except RecursionError:
        problem = "lists or tables are nested too deep here."
        hint = "A card has lists in tables in lists, no deeper."
        raise CardError(f"{point(path, text, _first(_NESTED, text), problem)}\n{hint}") from None
    except ValueError:  # Python's limit on the digits of a number
        problem = "this number has too many digits."
        hint = "Write it shorter."
        raise CardError(f"{point(path, text, _first(_DIGITS, text), problem)}\n{hint}") from None
    return Source(path, raw, places)


_NESTED = re.compile(r"(?:[\[{][^\[\]{}]*){20}")
_DIGITS = re.compile(r"[0-9_]{4000,}")


def _first(pattern: re.Pattern[str], text: str) -> tuple[int, int]:
    """Where a piece begins: one character of it."""
    found = pattern.search(text)
    start = found.start() if found else 0
    return (start, start + 1)


def point(path: Path, text: str, span: tuple[int, int], problem: str) -> str:
    """A message that names file and line and shows the line with a caret under the place."""
    start, end = span
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line = text[line_start : line_end if line_end >= 0 else len(text)].replace("\t", " ")
    left = max(0, start - line_start - _SHOWN + 20)
    shown = ("..." if left else "") + line[left : left + _SHOWN]
    offset = start - line_start - left + (3 if left else 0)
    width = max(1, min(end - start, len(shown) - offset))
    number = text.count("\n", 0, start) + 1
    return f"{path}, line {number}: {problem}\n    {shown}\n    {' ' * offset}{'^' * width}"


def choose(given: str, allowed: Iterable[str]) -> str:
    """The part of a message that says what is allowed and what is nearest."""
    names = list(allowed)
    nearest = nearest_match(given, names)
    start = f"Did you mean {nearest!r}? " if nearest is not None else ""
    return f"{start}Allowed: {', '.join(names)}."


def _read_text(path: Path) -> str:
    if path.is_dir():
        raise CardError(f"{path} is a directory; a model card is one TOML file. {_cards_in(path)}")
    if not path.exists():
        folder = path.parent if path.parent.is_dir() else Path()
        nearest = nearest_match(path.name, [Path(card).name for card in _cards(folder)])
        advice = f"Did you mean {folder / nearest}?" if nearest else _others(path, folder)
        raise CardError(f"There is no model card {path}. {advice}")
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise CardError(f"{path} cannot be read: {error.strerror}. Check who may read it.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise CardError(
            f"{path}, line {line}: byte {error.object[error.start]:#04x} is not UTF-8 text; TOML is UTF-8. "
            "Save the card as UTF-8."
        ) from None


def _others(path: Path, folder: Path) -> str:
    """The card that comes along which may have been meant, or all that there are."""
    alike = nearest_match(path.stem, shipped())
    if alike is not None:
        return f"Did you mean {alike!r}, a card that comes along?"
    there = "" if _cards(folder) == [] else f"{_cards_in(folder)} "
    return f"{there}Cards that come along: {', '.join(shipped())}."


def _cards_in(folder: Path) -> str:
    names = _cards(folder)
    return f"Cards there: {', '.join(names[:8])}." if names else "Give the path of a .toml file."


def _cards(folder: Path) -> list[str]:
    return sorted(str(p) for p in folder.glob("*.toml") if p.name != "pyproject.toml")


def _syntax_span(text: str, message: str) -> tuple[int, int]:
    found = _POSITION.search(message)
    if found is None or found.group(1) is None:
        end = len(text.rstrip())
        return (max(0, end - 1), end)
    lines = text.split("\n")
    start = sum(len(line) + 1 for line in lines[: int(found.group(1)) - 1]) + int(found.group(2)) - 1
    return (start, start + 1)
