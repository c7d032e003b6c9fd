"""What `describe_structure` says: messages, and the tables as text."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.design.structure_parts import (
    CONSTANT,
    FEW,
    FULL,
    NESTED,
    PARTIAL,
    ROWS,
    SAME,
    UNUSABLE,
    Described,
    Grouping,
    Relation,
    Variation,
    as_numbers,
)
from hierbayes.design.values import quoted

if TYPE_CHECKING:
    from hierbayes.design.structure import Structure

SHOWN = 60  # variables in the text
_SOME = 5  # groups of which one may be an exception


def group_messages(grouping: Grouping) -> tuple[str, ...]:
    """What to know about one factor: one level, one row per group, groups of one row."""
    name, n = grouping.name, len(grouping.labels)
    n_single = int((grouping.sizes == 1).sum())
    if n == 1:
        return (f"{name}: one level only ({grouping.labels[0]!r}); a grouping factor needs at least two",)
    if grouping.is_rows:
        most = (
            "every row is" if n_single == n else f"{n_single:,} of the {grouping.sizes.sum():,} rows are each"
        )
        return (
            f"{name}: {most} a group of its own, so {name} is the level of the rows; as a grouping factor "
            "its effects can be told from residual variation by the priors only",
        )
    if n_single:
        return (
            f"{name}: {n_single:,} of the {n:,} groups have one row; they say nothing about variation within "
            "groups and are pulled strongly towards the mean",
        )
    return ()


def relation_messages(relation: Relation) -> tuple[str, ...]:
    """What to decide about two factors: labels that start again, and nesting with a few exceptions."""
    found = [_starts_again(relation), *(_nearly_nested(relation, k) for k in (0, 1))]
    return tuple(text for text in found if text is not None)


def _sides(relation: Relation, k: int) -> tuple[Grouping, Grouping, NDArray[np.int64], NDArray[np.int64]]:
    """Child, parent and their codes in the cells, with the first (0) or second (1) factor as the child."""
    pair = (relation.factor, relation.other)
    return pair[k], pair[1 - k], relation.cells[:, k], relation.cells[:, 1 - k]


def _starts_again(relation: Relation) -> str | None:
    if relation.relation in (NESTED, SAME):
        return None
    order = sorted((0, 1), key=lambda k: len(_sides(relation, k)[0].labels))
    told = (_counted(relation, k) for k in order)
    within = (_told_within(relation, k) for k in reversed(order))
    return next((text for text in (*told, *within) if text is not None), None)


def _counted(relation: Relation, k: int) -> str | None:
    """Whether the child's labels are 1..k (or 0..k) in each level of the parent."""
    child, parent, codes, parents = _sides(relation, k)
    numbers = as_numbers(child.labels)
    if numbers is None or len(parent.labels) < 2 or len(child.labels) < 2:
        return None
    order = np.lexsort((numbers[codes], parents))
    values, starts = numbers[codes][order], np.flatnonzero(np.diff(parents[order], prepend=-1))
    sizes = np.diff(np.append(starts, len(parents)))
    low = values[0]
    if low not in (0.0, 1.0) or np.any(values != np.arange(len(values)) - np.repeat(starts, sizes) + low):
        return None
    last = sizes + int(low) - 1
    labels = f"{low:.0f}..{last[0]}" if last.min() == last.max() else f"{low:.0f}..k"
    ks = "" if last.min() == last.max() else f" (k from {last.min()} to {last.max()})"
    return (
        f"{child.name} has the levels {labels} in every {parent.name}{ks}, so it looks crossed with "
        f"{parent.name}. If {child.name} {values[0]:.0f} of one {parent.name} and {child.name} "
        f"{values[0]:.0f} of the next are different, write {parent.name}:{child.name}, as in "
        f"(1 | {parent.name}) + (1 | {parent.name}:{child.name}); if they are the same (an item, an "
        "occasion), leave it as it is"
    )


def _told_within(relation: Relation, k: int) -> str | None:
    """Whether numbers of the child identify rows, but only together with the parent."""
    child, parent, codes, _ = _sides(relation, k)
    n = int(((child.codes >= 0) & (parent.codes >= 0)).sum())
    sparse = len(codes) < relation.n_possible / 2 and len(child.labels) < n / 2
    if not sparse or len(codes) < (1 - FEW) * n or as_numbers(child.labels) is None:
        return None
    return (
        f"{child.name} has {len(child.labels):,} labels, and {parent.name}:{child.name} tells {len(codes):,} "
        f"of {n:,} rows apart. If the numbers are given within each {parent.name}, so that {child.name} "
        f"{child.labels[codes[0]]} of two of them is not the same, write {parent.name}:{child.name}"
    )


def _nearly_nested(relation: Relation, k: int) -> str | None:
    child, parent, codes, parents = _sides(relation, k)
    several = (relation.several, relation.other_several)[k]
    if not 0 < several.size <= FEW * len(child.labels):
        return None
    lies = [parent.labels[j] for j in parents[codes == several[0]]]
    return (
        f"{child.name}: all but {several.size:,} of the {len(child.labels):,} levels lie within one "
        f"{parent.name}; {child.name} {child.labels[several[0]]!r} lies in {quoted(lies, 4)}. Check whether "
        "that is a mistake in the labels"
    )


def variable_messages(variable: Described) -> tuple[str, ...]:
    """What to know about a variable: values that cannot be used, numbers as text, exceptions to a level."""
    found = [variable.problem, _LOOKS[variable.looks](variable) if variable.looks else None]
    if variable.n_values == 0 and variable.problem is None:
        found.append(f"{variable.name}: no row has a value; leave it out")
    if variable.of == CONSTANT:
        found.append(f"{variable.name}: the same value in every row, so no model can use it")
    if variable.of == ROWS:
        exceptions = (nearly_constant(variable.name, v) for v in variable.variation)
        found.append(next((text for text in exceptions if text is not None), None))
    return tuple(text for text in found if text is not None)


def nearly_constant(name: str, v: Variation) -> str | None:
    """What to say about a variable that is constant in nearly all groups, but not in all."""
    if not 0 < v.n_varying <= max(FEW * v.n_groups, v.n_groups >= _SOME):
        return None
    more = " and others" if v.n_varying > len(v.exceptions) else ""
    return (
        f"{name}: constant in all but {v.n_varying:,} of the {v.n_groups:,} groups of {v.group} "
        f"(it varies in {quoted(v.exceptions)}{more}). If it describes the {v.group}, correct those rows"
    )


_AS = {"text": "text", "category": "categories"}

_LOOKS: dict[str, Callable[[Described], str]] = {
    "identifier": lambda v: f"{v.name}: a different value in every row, so it identifies rows",
    "numbers": lambda v: (
        f"{v.name}: the {v.n_values:,} labels are all numbers, but held as {_AS[v.kind]}; as a predictor it "
        f"would be a factor with {v.n_values - 1:,} columns. Convert it if it measures something"
    ),
    "codes": lambda v: (
        f"{v.name}: {v.n_values} different whole numbers. If they are codes of categories, "
        f"write factor({v.name})"
    ),
}


_SENTENCES = {
    NESTED: "{a} is nested in {b}: each {a} lies within one {b}. (1 | {b}) + (1 | {a})",
    SAME: "{a} and {b} split the rows into the same groups: use one of them.",
    FULL: "{a} and {b} are fully crossed: {share}. (1 | {a}) + (1 | {b})",
    PARTIAL: "{a} and {b} are partially crossed: {share}. (1 | {a}) + (1 | {b})",
}


type Part = tuple[str, pd.DataFrame | tuple[str, ...]]
"""A heading, and what stands under it: a table of texts, or sentences."""


def structure_parts(structure: Structure) -> list[Part]:
    """What is shown of a structure, whatever it is shown in: a part for each table, then what to know."""
    counts = (structure.n_rows, "row"), (len(structure.groups), "grouping factor")
    head = [_count(*count) for count in (*counts, (len(structure.variables), "other column"))]
    parts: list[Part] = [(", ".join(head), ()), ("Groups (sizes in rows)", _groups(structure))]
    if related := _related(structure):
        parts.append(("How the factors are related", related))
    if not structure.variables.empty:
        title = "Where the variables vary (ICC: intraclass correlation, analysis-of-variance estimate)"
        parts.append((title, _variables(structure)))
        more = len(structure.variables) - SHOWN
        if more > 0:
            parts.append(("", (f"... and {more:,} more in .variables",)))
    if structure.missing.empty:
        parts.append(("Missing values: none", ()))
    else:
        parts.append(("Missing values", _missing(structure)))
    if structure.messages:
        parts.append(("What to know", tuple(f"{text.rstrip('.')}." for text in structure.messages)))
    return parts


def structure_text(structure: Structure) -> str:
    """The structure as text: a heading for each part."""
    text = ""
    for title, what in structure_parts(structure):
        mark = "- " if title == "What to know" else ""
        lines = _aligned(what) if isinstance(what, pd.DataFrame) else [f"{mark}{line}" for line in what]
        text += f"\n\n{title}" if title else ""
        text += "".join(f"\n  {line}" for line in lines)
    return text.strip("\n")


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], frame.to_dict("records"))


def _groups(structure: Structure) -> pd.DataFrame:
    formats = {
        "group": "{group}",
        "level": "{level}",
        "groups": "{n_groups:,}",
        "min": "{min:,}",
        "median": "{median:,.1f}",
        "mean": "{mean:,.1f}",
        "max": "{max:,}",
        "of one row": "{n_single:,}",
    }
    return _formatted(structure.groups, formats)


def _formatted(frame: pd.DataFrame, formats: dict[str, str]) -> pd.DataFrame:
    rows = [[text.format_map(row) for text in formats.values()] for row in _records(frame)]
    return pd.DataFrame(rows, columns=list(formats))


def _related(structure: Structure) -> tuple[str, ...]:
    rows_of_their_own = set(structure.groups.loc[structure.groups["level"] == 1, "group"])
    lines = []
    for r in _records(structure.relations):
        if not {r["factor"], r["other"]} & rows_of_their_own:
            share = f"{r['n_cells']:,} of {r['n_possible']:,} combinations occur ({100 * r['share']:.3g} %)"
            lines.append(_SENTENCES[r["relation"]].format(a=r["factor"], b=r["other"], share=share))
    return tuple(lines)


def _variables(structure: Structure) -> pd.DataFrame:
    """One row per variable; the intraclass correlation with each factor where the variable is a number."""
    factors = list(structure.groups["group"])
    icc = {(v["variable"], v["group"]): v["icc"] for v in _records(structure.variation)}
    rows = []
    for v in _records(structure.variables)[:SHOWN]:
        where = _WHERE.get(v["of"], "level {level}: constant within {of}").format_map(v)
        shares = [icc[v["variable"], factor] for factor in factors]
        cells = ["" if isnan(share) else f"{round(share, 3) + 0.0:.3f}" for share in shares]
        rows.append([v["variable"], v["kind"], where, f"{v['n_values']:,}", *cells])
    header = ["variable", "kind", "varies at", "values", *(f"ICC {factor}" for factor in factors)]
    return pd.DataFrame(rows, columns=header)


_WHERE = {ROWS: "level 1: the rows", CONSTANT: "nowhere: constant", UNUSABLE: "-"}
_WORDS = {"group", "variable", "kind", "varies at", "column"}
"""Columns of words; those of numbers are aligned to the right."""


def _missing(structure: Structure) -> pd.DataFrame:
    formats = {"column": "{column}", "rows": "{n_missing:,}", "share": "{share:.3%}"}
    return _formatted(structure.missing, formats)


def _aligned(frame: pd.DataFrame) -> list[str]:
    columns = [
        [cell.ljust(width) if name in _WORDS else cell.rjust(width) for cell in cells]
        for name in frame
        for cells in [[str(name), *frame[name]]]
        for width in [max(map(len, cells))]
    ]
    return ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]
