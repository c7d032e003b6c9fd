"""Text to tokens, each with its span.

A name follows Unicode's identifiers, with R's dots: ``age``, ``has.children``, ``größe``. Any other column
name stands in backquotes.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from hierbayes.errors import FormulaError
from hierbayes.formulas.source import Source
from hierbayes.formulas.terms import Span, is_plain_name

START, END = "start", "end"
NAME, QUOTED_NAME, NUMBER, TEXT, LABEL = "name", "quoted name", "number", "text", "label"
REST = "."
OPERATOR, TILDE, ASSIGN, OPEN, CLOSE, COMMA = "operator", "~", "=", "(", ")", ","

SYMBOLS: dict[str, str] = {
    **dict.fromkeys(("**", "||", "&&", "==", "!=", "<=", ">="), OPERATOR),
    **dict.fromkeys("+-*/^:|&!<>", OPERATOR),
    **{symbol: symbol for symbol in (TILDE, ASSIGN, OPEN, CLOSE, COMMA)},
}
"""The kind of every fixed symbol; a longer symbol wins over a shorter one."""

ADVICE: dict[str, str] = {
    "$": "Name the column alone: the data frame is given separately.",
    "@": "Name the column alone: the data frame is given separately.",
    "]": "Brackets hold the response level to model, as in `use[Y] ~ age`.",
    "{": "Use round parentheses.",
    "}": "Use round parentheses.",
    "²": "Write a square as `I(x^2)`.",
    "³": "Write a cube as `I(x^3)`.",
    **dict.fromkeys("−–—", "Write a plain minus sign `-`."),
    **dict.fromkeys("×∗·", "Write a plain `*` or `:`."),
    **dict.fromkeys("∼˜～", "Write a plain tilde `~`."),
    **dict.fromkeys("“”„‘’´", "Write plain quotes, or backquotes around a column name."),
    **dict.fromkeys("¦∣│", "Write a plain bar `|`."),
}
"""What to write instead of a character that formulas do not have."""

_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PERCENT = re.compile(r"%[^%\s]*%")
_BARE_LABEL = re.compile(r"""\s*([^\[\]"'`\n]*[^\[\]"'`\s])\s*\]""")
_LABEL_HINT = 'A label reads `use[Y]`, or in quotes where it has other signs: `use["not using"]`.'


@dataclass(frozen=True)
class Token:
    """A piece of the formula.

    Attributes
    ----------
    kind : str
        One of the constants of this module.
    text : str
        As it stands in the formula.
    span : tuple of int
        Where it stands.
    value : str
        What it means: a name without its backquotes, a label without brackets and quotes.
    """

    kind: str
    text: str
    span: Span
    value: str = ""


def tokenize(source: Source) -> tuple[Token, ...]:
    """Split a formula into tokens; the first is ``START``, the last ``END``.

    Raises
    ------
    FormulaError
        At a character that formulas do not have, and at a quote or bracket that is not closed.
    """
    text, position = source.text, 0
    tokens = [Token(START, "", (0, 0))]
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        token = next((t for scan in _SCANNERS if (t := scan(source, position)) is not None), None)
        if token is None:
            raise _unexpected_character(source, position)
        tokens.append(token)
        position = token.span[1]
    return (*tokens, Token(END, "", (len(text), len(text))))


def _name(source: Source, start: int) -> Token | None:
    text, end = source.text, start
    if not (text[start] == "." or text[start].isidentifier()) or _NUMBER.match(text, start):
        return None
    while end < len(text) and (text[end] == "." or f"a{text[end]}".isidentifier()):
        end += 1
    name = text[start:end]
    if name == REST:
        return Token(REST, name, (start, end), name)
    if not is_plain_name(name):
        raise source.error(
            f"`{name}` is not the name of a column.",
            (start, end),
            "A single `.` stands for all columns that are not named otherwise.",
        )
    return Token(NAME, name, (start, end), name)


def _number(source: Source, start: int) -> Token | None:
    match = _NUMBER.match(source.text, start)
    if match is None:
        return None
    if math.isinf(float(match[0])):
        raise source.error(
            f"The number {source.cut(match.span())} is too large.", match.span(), "Numbers go up to 1e308."
        )
    return Token(NUMBER, match[0], match.span(), match[0])


def _quoted_name(source: Source, start: int) -> Token | None:
    if source.text[start] != "`":
        return None
    name, end = _quoted(source, start)
    if not name:
        raise source.error(
            "The backquotes are empty.", (start, end), "Put the column's name between them: `mother age`."
        )
    return Token(QUOTED_NAME, source.text[start:end], (start, end), name)


def _text(source: Source, start: int) -> Token | None:
    if source.text[start] not in "\"'":
        return None
    value, end = _quoted(source, start)
    return Token(TEXT, source.text[start:end], (start, end), value)


def _label(source: Source, start: int) -> Token | None:
    text = source.text
    if text[start] != "[":
        return None
    bare = _BARE_LABEL.match(text, start + 1)
    if bare is not None:
        return Token(LABEL, text[start : bare.end()], (start, bare.end()), bare[1])
    inner = start + 1
    while text[inner : inner + 1].isspace():
        inner += 1
    if text[inner : inner + 1] not in {'"', "'"}:
        raise source.error("This bracket does not enclose one label.", (start, start + 1), _LABEL_HINT)
    value, end = _quoted(source, inner)
    while text[end : end + 1].isspace():
        end += 1
    if text[end : end + 1] != "]":
        raise source.error("This bracket is not closed after the label.", (start, start + 1), _LABEL_HINT)
    return Token(LABEL, text[start : end + 1], (start, end + 1), value)


def _symbol(source: Source, start: int) -> Token | None:
    percent = _PERCENT.match(source.text, start)
    if percent is not None:
        return Token(OPERATOR, percent[0], percent.span(), percent[0])
    for length in (2, 1):
        symbol = source.text[start : start + length]
        if symbol in SYMBOLS:
            return Token(SYMBOLS[symbol], symbol, (start, start + len(symbol)), symbol)
    return None


_SCANNERS: tuple[Callable[[Source, int], Token | None], ...] = (
    _name,
    _number,
    _quoted_name,
    _text,
    _label,
    _symbol,
)


def _quoted(source: Source, start: int) -> tuple[str, int]:
    """The content of a quoted piece and where it ends; a backslash protects quotes and backslashes."""
    text, quote, position = source.text, source.text[start], start + 1
    content: list[str] = []
    while position < len(text):
        if text[position] == quote:
            return "".join(content), position + 1
        if text[position] == "\\" and text[position + 1 : position + 2] in {"\\", '"', "'", "`"}:
            position += 1
        content.append(text[position])
        position += 1
    kind = "backquote" if quote == "`" else "quote"
    raise source.error(
        f"This {kind} is never closed.", (start, start + 1), f"Add a closing {quote} after the name."
    )


def _unexpected_character(source: Source, position: int) -> FormulaError:
    character = source.text[position]
    printable = character.isprintable() and not unicodedata.combining(character)
    name = unicodedata.name(character, f"U+{ord(character):04X}")
    shown = f"`{character}`" if printable else name
    if printable and not character.isascii():
        shown += f" ({name})"
    return source.error(
        f"Formulas have no character {shown}.",
        (position, position + 1),
        ADVICE.get(
            character, "A column whose name has such characters stands in backquotes: `mother's age`."
        ),
    )
