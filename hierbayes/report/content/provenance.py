"""How to get the same numbers again: settings, seeds, versions, a fingerprint of the data, and code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hierbayes.report.blocks import Blocks, Cell, Code, Column, Details, Paragraph, Table
from hierbayes.report.content.context import Shown
from hierbayes.report.tables import generic_cell
from hierbayes.spec.records import ModelSpec, Prior

VERSIONS = "versions"
ARGUMENTS = ("draws", "tune", "chains", "seed", "sampler", "parameterization", "target_accept")
"""Settings that are arguments of ``Model.fit``, in its order."""


def provenance(shown: Shown) -> Blocks:
    """Settings, versions, the fingerprint of the data, and Python code that repeats the fit."""
    fit = shown.fit
    settings = {key: value for key, value in fit.settings.items() if key != VERSIONS}
    text = (
        "With the same data, code, seed and versions, the same draws come out. The fingerprint among the "
        "settings stands for the arrays that the model saw: other data, other fingerprint."
    )
    tables = [_table("Setting", settings)]
    versions = fit.settings.get(VERSIONS)
    if isinstance(versions, Mapping) and versions:
        tables.append(_table("Package", versions))
    details = Details("Settings and versions", tuple(tables))
    return (Code(code(shown)), Paragraph(text, "note"), details)


def code(shown: Shown) -> str:
    """Python code that repeats the fit, with every prior that the user stated."""
    spec, settings = shown.fit.spec, shown.fit.settings
    lines = ["import hierbayes as hb", "", shown.data_code, "model = hb.Model("]
    lines += [
        f"    {spec.formula!r},",
        "    data,",
        f"    family={spec.family!r},",
        f"    link={spec.link!r},",
    ]
    priors = stated_priors(spec)
    if priors:
        lines += [
            "    priors={",
            *(f"        {key!r}: {value!r}," for key, value in priors.items()),
            "    },",
        ]
    lines.append(")")
    arguments = ", ".join(f"{key}={settings[key]!r}" for key in ARGUMENTS if key in settings)
    lines += [f"fit = model.fit({arguments})", "print(fit)"]
    return "\n".join(lines)


def stated_priors(spec: ModelSpec) -> dict[str, str]:
    """The priors that the user stated, by the key that set them."""
    stated = [entry for entry in spec.priors if entry.source != "default"]
    return {entry.source: _exact(entry.prior) for entry in stated}


def _exact(prior: Prior) -> str:
    """The prior with every digit, where tables show four."""
    return f"{prior.distribution}({', '.join(f'{value:.17g}' for value in prior.parameters)})"


def _table(first: str, values: Mapping[str, Any]) -> Table:
    rows = tuple((Cell(str(key)), _setting(value)) for key, value in values.items())
    return Table((Column(first), Column("Value")), rows)


def _setting(value: Any) -> Cell:
    return Cell(str(value)) if isinstance(value, int) and not isinstance(value, bool) else generic_cell(value)
