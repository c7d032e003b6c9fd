"""The data: how many rows, which groups, how large they are, and what was done to read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hierbayes.report.blocks import (
    Block,
    Blocks,
    Bullets,
    Cell,
    Column,
    KeyNumber,
    KeyNumbers,
    Paragraph,
    Table,
)
from hierbayes.report.content.context import Shown
from hierbayes.report.content.varies import varies
from hierbayes.report.numerals import count, number, percent, places_for

if TYPE_CHECKING:
    from hierbayes.fitted import Fit


def data(shown: Shown) -> Blocks:
    """The data of one fit."""
    return shared_data([shown.fit])


def shared_data(fits: Sequence[Fit]) -> Blocks:
    """The data of several fits: rows, outcome, every grouping factor once, and all messages once."""
    first = fits[0].design
    rows = sorted({fit.design.n for fit in fits})
    numbers = [
        KeyNumber("Rows used", " to ".join(map(count, rows[:: max(1, len(rows) - 1)]))),
        _outcome(fits[0]),
    ]
    sizes = {group.label: group.sizes for fit in fits for group in fit.design.groups}
    numbers += [KeyNumber(f"Groups: {factor}", count(len(size))) for factor, size in sizes.items()]
    blocks: list[Block] = [KeyNumbers(tuple(numbers))]
    if sizes:
        blocks.append(_sizes_table(sizes, first.response.name))
        blocks += varies(fits)
    messages = dict.fromkeys(m for fit in fits for m in (*fit.design.messages, *fit.messages))
    if messages:
        blocks += [Paragraph("What happened while the data were read:"), Bullets(tuple(messages))]
    return (*blocks, *_merged(fits))


def _merged(fits: Sequence[Fit]) -> tuple[Paragraph, ...]:
    """How many distinct rows were sampled, where identical ones were merged."""
    distinct = {fit.settings.get("rows", 0) for fit in fits if 0 < fit.settings.get("rows", 0) < fit.design.n}
    if not distinct:
        return ()
    became = " or ".join(count(rows) for rows in sorted(distinct))
    which = ", by the columns of the model" if len(distinct) > 1 else ""
    text = (
        f"For sampling, identical rows were merged: {count(fits[0].design.n)} rows became {became}{which}. "
        "The likelihood is the same, and takes less time."
    )
    return (Paragraph(text, "note"),)


def _outcome(fit: Fit) -> KeyNumber:
    design = fit.design
    name, labels = design.response.name, design.response.outcomes
    if design.response.ordered:
        categories = design.response.categories
        common = int(np.bincount(design.y.astype(np.int64), minlength=len(categories)).argmax())
        share = percent(float((design.y == common).mean()))
        order = " < ".join(categories)
        note = f"{order}; {share} {categories[common]}"
        return KeyNumber(f"Outcome: {name}", f"{len(categories)} categories", note)
    if design.response.categories:
        shares = np.bincount(design.y.astype(np.int64), minlength=len(design.response.categories)) / design.n
        most = int(shares.argmax())
        label = f"Outcome: {name} is {design.response.categories[most]}"
        return KeyNumber(label, percent(float(shares[most])), "the most frequent category")
    if labels is not None:
        return KeyNumber(
            f"Outcome: {name} is {labels[1]}", percent(float(design.y.mean())), f"the rest is {labels[0]}"
        )
    if design.trials is not None:
        share = percent(float(design.y.sum() / design.trials.sum()))
        return KeyNumber(f"Outcome: {name}", share, f"successes among {count(design.trials.sum())} trials")
    if fit.spec.family in ("bernoulli", "binomial"):
        return KeyNumber(f"Outcome: {name} is 1", percent(float(design.y.mean())), "the rest is 0")
    mean, spread = float(design.y.mean()), float(design.y.std(ddof=1))
    return KeyNumber(f"Outcome: {name}", number(mean, places_for(spread)), f"mean; sd {number(spread)}")


def _sizes_table(sizes: dict[str, np.ndarray], response: str) -> Table:
    columns = (
        Column("Grouping factor"),
        *(Column(name, "right") for name in ("Groups", "Smallest", "Median", "Largest", "Mean")),
    )
    rows = tuple(
        (
            Cell(factor),
            Cell(count(len(size)), float(len(size))),
            *(Cell(count(v), float(v)) for v in (size.min(), np.median(size), size.max())),
            Cell(number(float(size.mean())), float(size.mean())),
        )
        for factor, size in sizes.items()
    )
    return Table(
        columns, rows, "Rows per group: small groups know little about themselves, large ones a lot."
    )
