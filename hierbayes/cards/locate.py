r"""Where the keys and values of a TOML text stand; ``tomllib`` reads the values but forgets their places.

The scanner presupposes a text that ``tomllib`` has accepted, with ``\n`` line ends; it recognizes no errors.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field

type Path = tuple[str | int, ...]
"""Keys and array indices from the root: ``("model", 0, "priors", "sd")``."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}\n#]*")
# A closing delimiter of a multi-line string may be preceded by one or two quotes that belong to the string.
_STRINGS = {
    '"""': re.compile(r'"""(?:\\[\s\S]|[^\\])*?"{3,5}(?!")'),
    "'''": re.compile(r"'''[\s\S]*?'{3,5}(?!')"),
    '"': re.compile(r'"(?:\\.|[^"\\\n])*"'),
    "'": re.compile(r"'[^'\n]*'"),
}


@dataclass(frozen=True)
class Places:
    """Places of a TOML document's keys and values.

    Attributes
    ----------
    text : str
        The document.
    keys, values : dict
        Start and end (exclusive) in ``text`` of the key that introduces a path (the last part of a dotted
        key, the header of a table) and of its value (absent for tables that have a header).
    """

    text: str
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def key(self, path: Path) -> tuple[int, int]:
        """Span of the key of ``path``; of the nearest ancestor where the document has no such key."""
        for depth in range(len(path), 0, -1):
            if path[:depth] in self.keys:
                return self.keys[path[:depth]]
            if path[:depth] in self.values:
                return self.values[path[:depth]]
        return (0, 0)

    def value(self, path: Path) -> tuple[int, int]:
        """Span of the value of ``path``; of its key where the value is a table with a header of its own."""
        return self.values.get(path) or self.key(path)

    def line(self, offset: int) -> int:
        """Line number, from 1, of a place in the text."""
        return self.text.count("\n", 0, offset) + 1


def locate(text: str) -> Places:
    r"""Find the place of every key and value of a TOML document.

    Parameters
    ----------
    text : str
        A valid TOML document with ``\n`` line ends.

    Examples
    --------
    >>> places = locate("title = 'x'\n[[model]]\nname = 'm1'\n")
    >>> places.line(places.key(("model", 0, "name"))[0])
    3
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.places


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.places = Places(text)
        self.lengths: dict[Path, int] = {}  # arrays of tables, by path

    def skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found is not None, f"not TOML at {self.at}"
        self.at = found.end()
        return found.group()

    def next_is(self, piece: str) -> bool:
        return self.text.startswith(piece, self.at)

    def document(self) -> None:
        table: Path = ()
        while self.skip(_BLANK) is not None and self.at < len(self.text):
            if self.next_is("["):
                table = self.header()
            else:
                self.pair(table)

    def header(self) -> Path:
        start, many = self.at, self.next_is("[[")
        self.at += 2 if many else 1
        parts = [part for part, _ in self.key()]
        self.at = self.text.index("]", self.at) + (2 if many else 1)
        path: Path = ()
        for depth, part in enumerate(parts, 1):
            path = (*path, part)
            self.places.keys.setdefault(path, (start, self.at))
            if many and depth == len(parts):
                self.lengths[path] = self.lengths.get(path, 0) + 1
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
                self.places.keys.setdefault(path, (start, self.at))
        return path

    def key(self) -> list[tuple[str, tuple[int, int]]]:
        parts = []
        while True:
            self.skip(_SPACE)
            start = self.at
            quote = self.text[start]
            raw = self.skip(_STRINGS[quote] if quote in "\"'" else _BARE_KEY)
            name = tomllib.loads(f"k = {raw}")["k"] if quote in "\"'" else raw
            parts.append((name, (start, self.at)))
            self.skip(_SPACE)
            if not self.next_is("."):
                return parts
            self.at += 1

    def pair(self, table: Path) -> None:
        path = table
        for part, span in self.key():
            path = (*path, part)
            self.places.keys.setdefault(path, span)
        self.at += 1  # the equals sign
        self.skip(_SPACE)
        self.value(path)

    def value(self, path: Path) -> None:
        start = self.at
        if self.next_is("["):
            self.items("]", path)
        elif self.next_is("{"):
            self.items("}", path)
        else:
            delimiter = next((d for d in _STRINGS if self.next_is(d)), None)
            self.skip(_STRINGS[delimiter] if delimiter else _SCALAR)
        end = start + len(self.text[start : self.at].rstrip())
        self.places.values[path] = (start, end)

    def items(self, close: str, path: Path) -> None:
        self.at += 1
        index = 0
        while self.skip(_BLANK) is not None and not self.next_is(close):
            if close == "}":
                self.pair(path)
            else:
                self.value((*path, index))
            index += 1
            self.skip(_BLANK)
            if self.next_is(","):
                self.at += 1
        self.at += 1
