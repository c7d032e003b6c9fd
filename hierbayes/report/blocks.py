"""What a report shows, as plain records; HTML, Markdown and text are rendered from the same blocks.

Every string is plain text: a renderer escapes it, and no block carries markup.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal

from hierbayes import names
from hierbayes.report.equations.nodes import Equation

type Align = Literal["left", "right"]


@dataclass(frozen=True)
class Cell:
    """One entry of a table.

    Attributes
    ----------
    text : str
        What is shown.
    value : float or None
        The number behind the text, unrounded; None for words.
    note : str
        A smaller remark under the text.
    """

    text: str
    value: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table: its header and how its entries are aligned."""

    name: str
    align: Align = "left"


@dataclass(frozen=True)
class Heading:
    """A heading; ``anchor`` is unique within a page and is what the table of contents points to."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text: the first of a page (``lead``), running text, or a remark."""

    text: str
    kind: Literal["lead", "body", "note"] = "body"


@dataclass(frozen=True)
class Bullets:
    """A list of short texts."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table; the first column names the row."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture with the text that stands in for it.

    Attributes
    ----------
    png : bytes
        The picture, ``width`` times ``height`` pixels.
    alt : str
        What the picture shows, for those who cannot see it.
    caption : str
        How to read it.
    """

    png: bytes
    alt: str
    caption: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Remark:
    """One finding of a verdict: how serious it is, what was seen and what to do."""

    level: str
    text: str
    advice: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether something holds, in words, with the findings behind it."""

    ok: bool
    headline: str
    findings: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class KeyNumber:
    """A number that the reader should take away: what it is, its value, and which one it is."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class KeyNumbers:
    """A row of key numbers."""

    items: tuple[KeyNumber, ...]


@dataclass(frozen=True)
class Code:
    """Text to be read or copied as it stands."""

    text: str


@dataclass(frozen=True)
class Equations:
    """Lines of mathematics, each with what it says besides."""

    lines: tuple[Equation, ...]


@dataclass(frozen=True)
class Download:
    """A file inside the page."""

    label: str
    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Details:
    """Blocks that are folded away until asked for (always open in text and in print)."""

    summary: str
    blocks: tuple[Block, ...]


type Block = (
    Heading
    | Paragraph
    | Bullets
    | Table
    | Figure
    | Verdict
    | KeyNumbers
    | Code
    | Equations
    | Download
    | Details
)
type Blocks = tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """A whole document: its title, a line under it, its blocks, and what it says to programs as JSON."""

    title: str
    subtitle: str
    blocks: Blocks
    record: str = ""

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The headings of the page in order, for a table of contents."""
        return tuple(block for block in self.blocks if isinstance(block, Heading))


def legible(shown: Any) -> Any:
    """Blocks with names of data as `names.legible` shows them; code, equations and files stay as they are."""
    if isinstance(shown, str):
        return names.legible(shown)
    if isinstance(shown, tuple):
        return tuple(legible(one) for one in shown)
    block: Any = shown
    if not is_dataclass(shown) or isinstance(shown, Code | Equations | Download):
        return shown
    texts = {f.name: getattr(block, f.name) for f in fields(block) if f.name not in ("anchor", "record")}
    changed = {name: legible(value) for name, value in texts.items() if isinstance(value, str | tuple)}
    return replace(block, **changed)
