"""Blocks to one self-contained HTML page: styles and pictures inside, no request made.

Its one script sorts and searches tables; nothing is lost without it, and no other script runs.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from hierbayes.report.blocks import (
    Block,
    Blocks,
    Bullets,
    Code,
    Details,
    Download,
    Equations,
    Figure,
    Heading,
    KeyNumbers,
    Page,
    Paragraph,
    Table,
    Verdict,
    legible,
)
from hierbayes.report.equations.mathml import mathml

if TYPE_CHECKING:
    import jinja2

LONG_LABEL = 16
"""Characters up to which a label of a row is a name or number rather than a text."""

MACROS: dict[type[Block], str] = {
    Heading: "heading",
    Paragraph: "paragraph",
    Bullets: "bullets",
    Table: "table",
    Figure: "figure",
    Verdict: "verdict",
    KeyNumbers: "key_numbers",
    Code: "code",
    Equations: "equations",
    Download: "download",
    Details: "details",
}


def render_html(page: Page) -> str:
    """Render a page as a whole HTML document.

    Parameters
    ----------
    page : Page
        What to show; every string of it is escaped.

    Returns
    -------
    str
        A document that refers to nothing outside itself.

    Examples
    --------
    >>> from hierbayes.report.blocks import Page, Paragraph
    >>> "a &lt; b" in render_html(Page("Title", "", (Paragraph("a < b"),)))
    True
    """
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    template = _environment().get_template("page.html.j2")
    return template.render(page=legible(page), script=script, script_hash=f"sha256-{digest}")


def render_fragment(blocks: Blocks) -> str:
    """Render blocks as a piece of HTML without page or style, for notebooks.

    Parameters
    ----------
    blocks : tuple of Block
        What to show; every string of it is escaped.
    """
    return _environment().get_template("fragment.html.j2").render(blocks=legible(blocks))


@cache
def _script() -> str:
    """Sorting and searching of tables: the only script that the page's policy lets run, by its hash."""
    return (resources.files("hierbayes.report") / "templates" / "tables.js").read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hierbayes.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["macro"] = _macro
    environment.filters["has_long_labels"] = _has_long_labels
    environment.filters["data_uri"] = _data_uri
    environment.filters["mathml"] = mathml
    return environment


def _macro(block: Block) -> str:
    return MACROS[type(block)]


def _has_long_labels(table: Table) -> bool:
    """Whether the labels of rows are texts, that need room on a narrow screen."""
    return any(len(row[0].text) > LONG_LABEL for row in table.rows)


def _data_uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
