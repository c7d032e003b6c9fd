"""Blocks to Markdown (GitHub's tables); labels from data cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hierbayes.report.blocks import (
    Block,
    Blocks,
    Bullets,
    Cell,
    Code,
    Details,
    Download,
    Equations,
    Figure,
    Heading,
    KeyNumbers,
    Paragraph,
    Table,
    Verdict,
    legible,
)
from hierbayes.report.equations.latex import latex

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_RULE = {"left": ":---", "right": "---:"}


def render_markdown(blocks: Blocks) -> str:
    r"""Render blocks as Markdown, a blank line between them.

    Parameters
    ----------
    blocks : tuple of Block
        What to show; pictures and downloads are named, folded blocks are shown under their summary.

    Examples
    --------
    >>> from hierbayes.report.blocks import Paragraph
    >>> render_markdown((Paragraph("sd_school < 1"),))
    'sd\\_school \\< 1'
    """
    return "\n\n".join(MARKDOWN[type(block)](block) for block in legible(blocks))


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _cell(cell: Cell) -> str:
    return _escape(f"{cell.text} ({cell.note})" if cell.note else cell.text)


def _heading(block: Heading) -> str:
    return f"{'#' * block.level} {_escape(block.text)}"


def _paragraph(block: Paragraph) -> str:
    return _escape(block.text)


def _bullets(block: Bullets) -> str:
    return "\n".join(f"- {_escape(item)}" for item in block.items)


def _table(block: Table) -> str:
    lines = [
        _row([_escape(column.name) for column in block.columns]),
        _row([_RULE[column.align] for column in block.columns]),
        *(_row([_cell(cell) for cell in row]) for row in block.rows),
    ]
    table = "\n".join(lines)
    return f"{_escape(block.caption)}\n\n{table}" if block.caption else table


def _row(entries: list[str]) -> str:
    return f"| {' | '.join(entries)} |"


def _figure(block: Figure) -> str:
    return f"*Picture: {_escape(block.alt)}* {_escape(block.caption)}"


def _verdict(block: Verdict) -> str:
    lines = [f"**{_escape(block.headline)}**"]
    if block.findings:
        lines.append("")
        lines += [
            f"- **{_escape(f.level)}:** {_escape(f'{f.text} {f.advice}'.rstrip())}" for f in block.findings
        ]
    return "\n".join(lines)


def _key_numbers(block: KeyNumbers) -> str:
    return "\n".join(
        f"- {_escape(item.label)}: **{_escape(item.value)}**{f' ({_escape(item.note)})' if item.note else ''}"
        for item in block.items
    )


def _code(block: Code) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", block.text)), default=0))
    return f"{fence}\n{block.text}\n{fence}"


def _equations(block: Equations) -> str:
    return f"$$\n{latex(block.lines)}\n$$"


def _download(block: Download) -> str:
    return f"*File: {_escape(block.filename)}*"


def _details(block: Details) -> str:
    return f"**{_escape(block.summary)}**\n\n{render_markdown(block.blocks)}"


MARKDOWN: dict[type[Block], Callable[[Any], str]] = {
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
