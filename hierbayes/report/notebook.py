"""What a notebook shows for a fit or a model: pieces of HTML with no style beyond alignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hierbayes.report.blocks import Blocks, Code, Paragraph
from hierbayes.report.content.context import Shown
from hierbayes.report.content.results import summary
from hierbayes.report.protocols import ModelLike
from hierbayes.report.render_html import render_fragment
from hierbayes.report.text import model_text

if TYPE_CHECKING:
    from hierbayes.fitted import Fit


def fit_html(fit: Fit) -> str:
    """The summary of a fit as HTML: formula, coefficient tables and the verdict in a sentence."""
    return render_fragment(fit_blocks(fit))


def fit_blocks(fit: Fit) -> Blocks:
    """The summary of a fit as blocks, for any renderer."""
    headline = Code(f"{fit.spec.formula}\nfamily: {fit.spec.family}, link: {fit.spec.link}")
    return (headline, *summary(Shown(fit)), Paragraph(fit.check().headline))


def model_html(model: ModelLike) -> str:
    """A model before it is fitted as HTML: what ``print`` says, in fixed width."""
    return render_fragment((Code(model_text(model)),))
