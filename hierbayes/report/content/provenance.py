"""How to get the same numbers again: settings, seeds, versions, a fingerprint of the data, and code."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from hierbayes.report.blocks import (
    Blocks,
    Cell,
    Code,
    Column,
    Details,
    KeyNumber,
    KeyNumbers,
    Paragraph,
    Table,
)
from hierbayes.report.content.context import Shown
from hierbayes.report.tables import generic_cell
from hierbayes.spec.records import ModelSpec, Prior

VERSIONS = "versions"
ARGUMENTS = ("draws", "tune", "chains", "seed", "sampler", "parameterization", "route", "target_accept")
"""Settings that are arguments of ``Model.fit``, in its order."""

OPTIONS = ("draws", "tune", "chains", "seed", "sampler", "parameterization")
"""Those that are options of the command."""


def provenance(shown: Shown) -> Blocks:
    """Seed and fingerprint, code and command that repeat the fit, every prior, settings and versions."""
    fit = shown.fit
    settings = {key: value for key, value in fit.settings.items() if key != VERSIONS}
    text = (
        "With the same data, code, seed and versions, the same draws come out. The fingerprint stands for "
        "the arrays that the model saw: other data, other fingerprint."
    )
    versions = fit.settings.get(VERSIONS)
    known = versions if isinstance(versions, Mapping) else {}
    numbers = [("Seed", settings.get("seed")), ("Fingerprint of the data", settings.get("fingerprint"))]
    numbers.append(("Version of hierbayes", known.get("hierbayes")))
    told = tuple(KeyNumber(label, str(value)) for label, value in numbers if value is not None)
    tables = [_table("Setting", settings), *([_table("Package", known)] if known else [])]
    check = " ".join(["hierbayes reproduce PAGE.html", *([] if shown.file else ["--data FILE"])])
    priors = (Paragraph("Stated in this way, they do not depend on the data:"), Code(_prior_lines(fit.spec)))
    return (
        *([KeyNumbers(told)] if told else []),
        Paragraph(text, "note"),
        Paragraph("In Python:"),
        Code(code(shown)),
        Paragraph("Or on the command line:"),
        Code(command(shown)),
        Paragraph("To see whether the draws of this page come again, with its name in place of PAGE.html:"),
        Code(check),
        Details("Every prior, defaults too, as code", priors),
        Details("Settings and versions", tuple(tables)),
    )


def code(shown: Shown) -> str:
    """Python code that repeats the fit, with every prior that the user stated."""
    spec, settings = shown.fit.spec, shown.fit.settings
    formula = repr(spec.formula)
    further = parameter_formulas(spec)
    if further:
        named = ", ".join(f"{name}={text!r}" for name, text in further.items())
        formula = f"hb.formula({formula}, {named})"
    lines = ["import hierbayes as hb", "", shown.data_code, "model = hb.Model("]
    lines += [f"    {formula},", "    data,", f"    family={spec.family!r},", f"    link={spec.link!r},"]
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


def command(shown: Shown) -> str:
    """The command that repeats the fit."""
    spec, settings = shown.fit.spec, shown.fit.settings
    words = ["hierbayes", "fit", spec.formula, shown.source, "--family", spec.family, "--link", spec.link]
    for name, text in parameter_formulas(spec).items():
        words += ["--parameter", f"{name} {text}"]
    for key, prior in stated_priors(spec).items():
        words += ["--prior", f"{key}={prior}"]
    for key in OPTIONS:
        words += [f"--{key}", str(settings[key])] if key in settings else []
    return " ".join(map(shlex.quote, words))


def parameter_formulas(spec: ModelSpec) -> dict[str, str]:
    """Formulas of parameters of the family, ``{"sigma": "~ sex"}``; those of categories are the main one."""
    own = [predictor for predictor in spec.predictors if not spec.label]
    return {p.name: p.formula.removeprefix(p.name).strip() for p in own}


def _prior_lines(spec: ModelSpec) -> str:
    lines = (f"    {entry.key!r}: {exact(entry.prior)!r}," for entry in spec.priors)
    return "\n".join(["priors = {", *lines, "}"])


def stated_priors(spec: ModelSpec) -> dict[str, str]:
    """The priors that the user stated, by the key that set them."""
    stated = [entry for entry in spec.priors if entry.source != "default"]
    return {entry.source: exact(entry.prior) for entry in stated}


def exact(prior: Prior) -> str:
    """The prior with every digit, where tables show four."""
    return f"{prior.distribution}({', '.join(f'{value:.17g}' for value in prior.parameters)})"


def _table(first: str, values: Mapping[str, Any]) -> Table:
    rows = tuple((Cell(str(key)), _setting(value)) for key, value in values.items())
    return Table((Column(first), Column("Value")), rows)


def _setting(value: Any) -> Cell:
    return Cell(str(value)) if isinstance(value, int) and not isinstance(value, bool) else generic_cell(value)
