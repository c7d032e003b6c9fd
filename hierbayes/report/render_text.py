"""Blocks to plain text for terminals: aligned tables, wrapped paragraphs, ASCII minus signs."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

from hierbayes import names
from hierbayes.report.blocks import (
    Block,
    Blocks,
    Bullets,
    Cell,
    Code,
    Column,
    Details,
    Download,
    Equations,
    Figure,
    Heading,
    KeyNumbers,
    Paragraph,
    Table,
    Verdict,
)
from hierbayes.report.equations.plain import plain
from hierbayes.report.numerals import MINUS, MISSING

WIDTH = 100
_RULES = {1: "=", 2: "-"}
_PLAIN = str.maketrans({MINUS: "-", MISSING: "-", "\u00a0": " ", "\n": " ", "\r": " ", "\t": " "})


def render_text(blocks: Blocks) -> str:
    """Render blocks as plain text, a blank line between them.

    Parameters
    ----------
    blocks : tuple of Block
        What to show; pictures and downloads are named, folded blocks are shown.

    Examples
    --------
    >>> from hierbayes.report.blocks import Heading, Paragraph
    >>> print(render_text((Heading(2, "Data", "data"), Paragraph("65 schools."))))
    Data
    ----
    <BLANKLINE>
    65 schools.
    """
    return "\n\n".join(TEXT[type(block)](block) for block in blocks)


def table_lines(columns: tuple[Column, ...], rows: tuple[tuple[Cell, ...], ...]) -> list[str]:
    """Lines of an aligned table without rules; right-aligned columns line up at the decimal point.

    Parameters
    ----------
    columns : tuple of Column
        Headers and alignments, length k.
    rows : tuple of tuple of Cell
        Entries, each row of length k.
    """
    lines: list[list[str]] = [[] for _ in range(len(rows) + 1)]
    for index, column in enumerate(columns):
        entries = [names.legible(row[index].text).translate(_PLAIN) for row in rows]
        if column.align == "right":
            entries = _on_the_point(entries)
        width = max(map(len, [column.name, *entries]))
        pad = str.rjust if column.align == "right" else str.ljust
        for line, entry in zip(lines, [column.name, *entries], strict=True):
            line.append(pad(entry, width))
    return ["  ".join(line).rstrip() for line in lines]


def _on_the_point(entries: list[str]) -> list[str]:
    if any(" " in entry for entry in entries):
        return entries
    tails = [len(entry) - entry.index(".") if "." in entry else 0 for entry in entries]
    longest = max(tails, default=0)
    return [entry + " " * (longest - tail) for entry, tail in zip(entries, tails, strict=True)]


def _heading(block: Heading) -> str:
    rule = _RULES.get(block.level)
    return block.text if rule is None else f"{block.text}\n{rule * len(block.text)}"


def wrapped(text: str, first: str = "", rest: str = "") -> str:
    """Text filled to the width of a page, with indents for the first and the other lines."""
    return textwrap.fill(
        names.legible(text).translate(_PLAIN),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _paragraph(block: Paragraph) -> str:
    return wrapped(block.text)


def _bullets(block: Bullets) -> str:
    return "\n".join(wrapped(item, "- ", "  ") for item in block.items)


def _table(block: Table) -> str:
    lines = table_lines(block.columns, block.rows)
    return "\n".join([wrapped(block.caption), *lines] if block.caption else lines)


def _figure(block: Figure) -> str:
    return wrapped(f"[Picture: {block.alt}] {block.caption}")


def _verdict(block: Verdict) -> str:
    lines = [wrapped(block.headline)]
    lines += [wrapped(f"{f.level}: {f.text} {f.advice}".rstrip(), "- ", "  ") for f in block.findings]
    return "\n".join(lines)


def _key_numbers(block: KeyNumbers) -> str:
    width = max((len(item.label) for item in block.items), default=0)
    return "\n".join(
        f"{item.label.ljust(width)}  {item.value}{f' ({item.note})' if item.note else ''}".translate(_PLAIN)
        for item in block.items
    )


def _code(block: Code) -> str:
    return textwrap.indent(block.text, "    ")


def _equations(block: Equations) -> str:
    return textwrap.indent(plain(block.lines, WIDTH - 4), "    ")


def _download(block: Download) -> str:
    return f"[File: {block.filename}]"


def _details(block: Details) -> str:
    return f"{block.summary}\n\n{render_text(block.blocks)}"


TEXT: dict[type[Block], Callable[[Any], str]] = {
    Heading: _heading,
    Paragraph: _paragraph,
    Bullets: _bullets,
    Table: _table,
    Figure: _figure,
    Verdict: _verdict,
    KeyNumbers: _key_numbers,
    Code: _code,
    Equations: _equations,
    Download: _download,
    Details: _details,
}
