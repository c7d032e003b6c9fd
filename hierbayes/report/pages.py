"""Whole pages: one fit, or the models of a card; and writing them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hierbayes.errors import StorageError, UnknownNameError
from hierbayes.progress import working
from hierbayes.report.blocks import Block, Blocks, Code, Heading, Page, Paragraph
from hierbayes.report.content.comparison import answer, comparison
from hierbayes.report.content.context import Shown
from hierbayes.report.content.data import shared_data
from hierbayes.report.content.overview import overview
from hierbayes.report.content.sections import SECTIONS
from hierbayes.report.protocols import CardLike
from hierbayes.report.record import page_record
from hierbayes.report.render_html import render_html

if TYPE_CHECKING:
    from hierbayes.fitted import Fit

SUBTITLE = (
    "A Bayesian multilevel analysis. Every estimate comes with an interval: given the data and the model, "
    "the value lies inside it with the probability that the table states."
)


def report_fit(
    fit: Fit, path: str | Path, title: str | None = None, *, data: str | Path | None = None
) -> Path:
    """Write a fit as one self-contained HTML page.

    Parameters
    ----------
    fit : Fit
        What to report.
    path : str or Path
        The file to write; an existing one is replaced, as a whole or not at all.
    title : str, optional
        Heading of the page; the formula where absent.
    data : str or Path, optional
        Where the data are, for the page to say: a file, or ``"dataset:exam"``. Of an absolute path the page
        tells the name alone.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    StorageError
        If the file cannot be written.

    Examples
    --------
    >>> fit.report("exam.html", data="dataset:exam")
    """
    return write_page(fit_page(fit, title, data), Path(path))


def report_card(card: CardLike, fits: Mapping[str, Fit], path: str | Path) -> Path:
    """Write the models of a card as one self-contained HTML page.

    Parameters
    ----------
    card : Card
        Title, question, data and models; its ``report.show`` chooses the sections.
    fits : mapping of str to Fit
        The fits by model name; models without a fit are named as such.
    path : str or Path
        The file to write; an existing one is replaced, as a whole or not at all.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    StorageError
        If the file cannot be written.
    UnknownNameError
        If none of the fits belongs to a model of the card.

    Examples
    --------
    >>> card = hb.load_card("models/exam.toml")
    >>> hb.report_card(card, hb.fit_card(card), "exam.html")  # doctest: +SKIP
    """
    with working(f"page {Path(path).name}"):
        return write_page(card_page(card, fits), Path(path))


def fit_page(fit: Fit, title: str | None = None, data: str | Path | None = None) -> Page:
    """The page of one fit, all sections."""
    file = None if data is None else str(Path(data).name if Path(data).is_absolute() else data)
    shown = Shown(fit, file=file)
    blocks = model_blocks(shown, tuple(SECTIONS), 2, "")
    return Page(fit.spec.formula if title is None else title, SUBTITLE, blocks, page_record([shown]))


def card_page(card: CardLike, fits: Mapping[str, Fit]) -> Page:
    """The page of a card: question, answer, data, the models side by side and one by one, and compared."""
    names = [model.name for model in card.models]
    strangers = [name for name in fits if name not in names]
    if strangers or not fits:
        raise UnknownNameError("model of the card", strangers[0] if strangers else "", names)
    shown = [_shown(card, index, fits) for index, name in enumerate(names) if name in fits]
    blocks: list[Block] = [
        Heading(2, "The question and the answer", "question"),
        Paragraph(card.question, "lead"),
    ]
    if "short" in card.report.show:
        blocks += answer(shown)
    if "data" in card.report.show:
        blocks.append(Heading(2, "The data", "data"))
        if card.data.description:
            blocks.append(Paragraph(card.data.description))
        blocks += shared_data([item.fit for item in shown])
    blocks += [Heading(2, "The models side by side", "models"), *overview(shown)]
    missing = [name for name in names if name not in fits]
    if missing:
        blocks.append(Paragraph(f"Not fitted: {', '.join(missing)}.", "note"))
    left_out = ("data",) if len(shown) > 1 else ("data", "short")
    sections = tuple(name for name in SECTIONS if name in card.report.show and name not in left_out)
    for index, item in enumerate(shown, 1):
        blocks.append(Heading(2, f"Model {item.name}", f"model-{index}"))
        blocks += model_blocks(item, sections, 3, f"model-{index}-")
    found = comparison(shown)
    if found:
        blocks += [Heading(2, "Which model predicts best?", "comparison"), *found]
    blocks += _rerun(card)
    return Page(card.title, SUBTITLE, tuple(blocks), page_record(shown))


def model_blocks(shown: Shown, sections: Sequence[str], level: int, prefix: str) -> Blocks:
    """The sections of one model, each under its heading; those that have nothing to say are left out.

    Parameters
    ----------
    shown : Shown
        The model.
    sections : sequence of str
        Names out of ``SECTIONS``.
    level : int
        Level of the sections' headings.
    prefix : str
        Put before the anchors, so that they stay unique within a page.
    """
    blocks: list[Block] = []
    with working(shown.name or "page") as work:
        for name in work.over(sections):
            section = SECTIONS[name]
            if section.needs_groups and not shown.fit.spec.groups:
                continue
            work.note = section.title
            content = section.build(shown)
            if content:
                blocks += [Heading(level, section.title, f"{prefix}{name}"), *content]
    return tuple(blocks)


def write_page(page: Page, path: Path) -> Path:
    """Write a page beside its destination, then move it there in one step.

    Raises
    ------
    StorageError
        If the directory is missing, the path is a directory, or the place cannot be written.
    """
    if not path.parent.is_dir():
        raise StorageError(f"There is no directory {path.parent} to write {path.name} into. Create it first.")
    if path.is_dir():
        raise StorageError(
            f"{path} is a directory. Give the name of a file to write, such as {path.name}.html."
        )
    text = render_html(page)
    try:
        handle, half = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(half).chmod(0o666 & ~_umask())
            Path(half).replace(path)
        except BaseException:
            Path(half).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageError(
            f"The report could not be written to {path}: {error.strerror or error}."
        ) from error
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _shown(card: CardLike, index: int, fits: Mapping[str, Fit]) -> Shown:
    model = card.models[index]
    return Shown(fits[model.name], model.name, model.description, model.reference, card.data.source)


def _rerun(card: CardLike) -> list[Block]:
    text = (
        "This page was made from a model card, a file that names data, models and priors. To make it again:"
    )
    command = Code(f"hierbayes report {card.path.name}")
    return [Heading(2, "How to make this page again", "again"), Paragraph(text), command]
